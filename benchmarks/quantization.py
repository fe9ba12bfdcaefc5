"""How much longer the rules on quantization take than reading a model and looking at each of its weights once.

python benchmarks/quantization.py [--check] [--runs N] [--folder DIR] [--profile]

Checks a valid INT8 model of 5,000 ops and 100 MB (CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, ADD and RELU of several
sizes, a scale for each channel) in one process, turn by turn: (a) reading it, and the smallest and the largest value of
each constant with numpy; (b) reading it, and all rules of the family TFL3 that need nothing else. The file is in the
system's cache, and processor time counts. With --check the exit code is 1 where (b) takes more than twice as long as
(a). A rule that has something to say about the model stops the benchmark. It is made once and kept in --folder.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

OPS, MEGABYTES, BAR = 5_000, 100, 2.0
_SIZE, _CHANNELS = 32, (32, 64, 96, 150)
"""Height and width of the image, and the channels of the stages: of a quarter of the ops each."""
_DILATION = {"dilation_w_factor": 1, "dilation_h_factor": 1}
_VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 5}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="Exit with 1 where a bar is missed.")
    parser.add_argument("--runs", type=int, default=9, help="How often both are measured; the median counts.")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tflint-quantization")
    parser.add_argument("--profile", action="store_true", help="Print what each rule takes.")
    arguments = parser.parse_args()
    path = _made(arguments.folder)
    print(f"{path}: {OPS:,} ops, {path.stat().st_size / 1e6:.0f} MB")
    assert [each.code for each in checked(path)] == [], "the model is valid, and every rule should say so"
    looked_at(path)
    times: dict[Callable[[Path], Any], list[float]] = {looked_at: [], checked: []}
    for _ in range(arguments.runs):  # turn by turn, so that what else the machine does meets both alike
        for function, seconds in times.items():
            gc.collect()
            start = time.process_time()
            function(path)
            seconds.append(time.process_time() - start)
    base, rules = (median(seconds) for seconds in times.values())
    ratio = median(b / a for a, b in zip(*times.values(), strict=True))
    print(f"(a) read it, and min and max of each constant: {base:7.3f} s")
    print(f"(b) read it, and all rules on quantization:    {rules:7.3f} s")
    print(f"(b) / (a): {ratio:.2f}, at most {BAR}: {'met' if ratio <= BAR else 'MISSED'}")
    if arguments.profile:
        for code, took in sorted(profiled(path), key=lambda each: -each[1]):
            print(f"  {code} {1000 * took:8.1f} ms")
    return int(arguments.check and ratio > BAR)


def looked_at(path: Path) -> int:
    """Read a model and each of its constants, once where tensors share one; return the number of them."""
    from tflint.formats import read

    seen = 0
    for graph in read(str(path)).graphs:
        for tensor in graph.tensors:
            values = tensor.array() if tensor.is_constant else None
            if values is not None and values.size:
                values.min()
                values.max()
                seen += 1
    return seen


def checked(path: Path) -> list[Any]:
    """Read a model; the findings of all rules on quantization."""
    from tflint.engine import Settings, check

    report = check([str(path)], Settings(tuple(rule() for rule in _rules())), jobs=1)
    assert not report.crashes, report.crashes
    return list(report.findings)


def profiled(path: Path) -> Iterator[tuple[str, float]]:
    """Yield each rule and its seconds; what several rules share counts for the first."""
    from tflint.formats import read
    from tflint.rule import Context

    ctx = Context(read(str(path)))
    for rule in _rules():
        start = time.process_time()
        list(rule().check(ctx))
        yield rule.meta.code, time.process_time() - start


def _rules() -> list[Any]:
    from tflint.packs import all_rules, load_packs

    found = [rule for rule in all_rules(load_packs()) if rule.meta.code.startswith("TFL3") and not rule.meta.needs]
    assert found, "there are rules on quantization"
    return found


def _made(folder: Path) -> Path:
    """The model, made by a process of its own where it is not there yet: its memory is not ours."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"int8_{OPS}_{MEGABYTES}.tflite"
    if not path.exists():
        print(f"making {path} …", flush=True)
        partial = path.with_suffix(".part")
        process = get_context("spawn").Process(target=make, args=(partial,))
        process.start()
        process.join()
        assert process.exitcode == 0, f"{path} could not be made"
        partial.rename(path)
    return path


def make(path: Path) -> None:
    """Stages of blocks, each with half the resolution of the one before: CONV_2D, RELU, DEPTHWISE_CONV_2D,
    FULLY_CONNECTED of the last dimension, and an ADD of what came out of the RELU.
    """
    import numpy as np

    from tflint.testing import GraphBuilder

    random = np.random.default_rng(0)
    g = GraphBuilder()
    size, read = _SIZE, _CHANNELS[0]
    first = x = g.input("image", [1, size, size, read], "INT8", scale=0.03, zero_point=-1)
    step = 0.03

    def made(name: str, channels: int, zero_point: int | None = None) -> int:
        nonlocal step
        step, point = float(random.uniform(0.02, 0.05)), int(random.integers(-20, 20))
        point = point if zero_point is None else zero_point
        return g.tensor(name, [1, size, size, channels], "INT8", scale=step, zero_point=point)

    def product(kind: str, name: str, values: int, shape: tuple[int, ...], options: dict[str, Any]) -> int:
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        weights = random.integers(-127, 128, shape, np.int8)
        rows = np.moveaxis(weights, axis, 0).reshape(shape[axis], -1).copy()
        rows[np.arange(len(rows)), random.integers(0, rows.shape[1], len(rows))] = 127  # a scale is that of its channel
        weights = np.moveaxis(rows.reshape(shape[axis], *shape[:axis], *shape[axis + 1 :]), 0, axis)
        reach = 1 / 73 / np.sqrt(weights.size / shape[axis])  # so that the results are as large as the inputs
        scales = (random.uniform(0.5, 1, shape[axis]) * reach).astype(np.float32)
        kernel = g.constant(f"{name}/kernel", weights, scale=scales, axis=axis)
        biases = np.round(random.normal(0, 0.1, shape[axis]) / (scales * step)).astype(np.int32)
        bias = g.constant(f"{name}/bias", biases, scale=scales * np.float32(step))
        inputs = [values, kernel, bias]
        return g.op(kind, inputs, made(name, shape[axis]), options, version=_VERSIONS[kind])

    for number in range(OPS // 5):
        name, channels = f"block_{number}", _CHANNELS[number * len(_CHANNELS) // (OPS // 5)]
        stride = 1 if channels == read else 2
        size //= stride
        options = {"padding": "SAME", **dict.fromkeys(("stride_w", "stride_h"), stride), **_DILATION}
        x = product("CONV_2D", f"{name}/conv", x, (channels, 3, 3, read), options)
        x = short = g.op("RELU", [x], made(f"{name}/relu", channels, -128), version=2)
        options |= {"stride_w": 1, "stride_h": 1, "depth_multiplier": 1}
        x = product("DEPTHWISE_CONV_2D", f"{name}/depthwise", x, (1, 3, 3, channels), options)
        x = product("FULLY_CONNECTED", f"{name}/dense", x, (channels, channels), {"keep_num_dims": True})
        x = g.op("ADD", [short, x], made(f"{name}/add", channels), {}, version=2)
        read = channels
    g.output(x)
    g.signature("serving_default", {"image": first}, {"result": x})
    g.metadata("min_runtime_version", b"2.5.0")
    g.converted("PTQ_FULL_INTEGER")
    g.save(path)


if __name__ == "__main__":
    sys.exit(main())
