"""How long `tflint check --diff` takes beside a straight script that runs the same models on the same inputs.

python benchmarks/diff.py [--folder DIR] [--repeat N] [--check]

Makes a MobileNetV2 of Keras with its conversion to float32 and to int8, then measures the whole command, and a script
that imports the same runtimes, loads the same files and runs as many inputs once. Both are processes of their own, one
after the other; the smallest of some runs counts. Takes tensorflow and ai-edge-litert. With --check the exit code is 1
where the bar is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR = 1.5
STRAIGHT = """
import sys, numpy
source, converted, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
random = numpy.random.default_rng(0)
inputs = [random.uniform(-1, 1, (1, 224, 224, 3)).astype("float32") for _ in range(count)]
import keras
model = keras.models.load_model(source, compile=False)
expected = [numpy.asarray(model(each, training=False)) for each in inputs]
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(converted)
interpreter.allocate_tensors()
[inner], [outer] = interpreter.get_input_details(), interpreter.get_output_details()
for each, wanted in zip(inputs, expected):
    scale, zero_point = inner["quantization"]
    fed = numpy.clip(numpy.round(each / scale) + zero_point, -128, 127) if scale else each
    interpreter.set_tensor(inner["index"], fed.astype(inner["dtype"]))
    interpreter.invoke()
    got = interpreter.get_tensor(outer["index"]).astype("float32")
    scale, zero_point = outer["quantization"]
    got = (got - zero_point) * scale if scale else got
    print(float(numpy.abs(got - wanted).max()))
"""


def make(folder: Path) -> None:
    """The model and its conversions, where they are not there yet."""
    if (folder / "int8.tflite").exists():
        return
    import keras
    import numpy as np
    import tensorflow as tf

    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(1)
    model = keras.applications.MobileNetV2(weights=None)
    random = np.random.default_rng(1)
    samples = [random.uniform(-1, 1, (1, 224, 224, 3)).astype("float32") for _ in range(20)]
    for layer in model.layers:
        layer.momentum = 0.0
    model(np.concatenate(samples), training=True)  # statistics of what it sees, so that values do not fade
    model.save(folder / "source.keras")
    for name in ("float32", "int8"):
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if name == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([each] for each in samples)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        (folder / f"{name}.tflite").write_bytes(converter.convert())


def seconds(command: list[str], repeat: int) -> tuple[float, str]:
    """The least time that a command takes, and what it printed last."""
    best, printed = float("inf"), ""
    for _ in range(repeat):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        best = min(best, time.perf_counter() - start)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr)
        printed = done.stdout
    return best, printed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tflint-diff-speed")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="Exit with 1 where the bar is missed.")
    arguments = parser.parse_args()
    make(arguments.folder)
    source = str(arguments.folder / "source.keras")
    worst = 0.0
    for name in ("float32", "int8"):
        converted = str(arguments.folder / f"{name}.tflite")
        whole, printed = seconds(
            [sys.executable, "-m", "tflint", "check", converted, "--source", source, "--diff", "--isolated"],
            arguments.repeat,
        )
        count = len(_inputs(converted, source))
        straight, _ = seconds([sys.executable, "-c", STRAIGHT, source, converted, str(count)], arguments.repeat)
        worst = max(worst, whole / straight)
        print(f"{name}: {count} inputs; tflint {whole:.2f} s, straight script {straight:.2f} s: {whole / straight:.2f}")
        print("".join(f"    {line}\n" for line in printed.splitlines() if line.startswith("diff ")))
    print(f"bar: {BAR}")
    return 0 if worst <= BAR or not arguments.check else 1


def _inputs(converted: str, source: str) -> tuple[object, ...]:
    """The inputs that are made up for the model."""
    from tflint.compare.feeds import made_up
    from tflint.formats import read

    return made_up(read(converted), read(source), {})[0]


if __name__ == "__main__":
    sys.exit(main())
