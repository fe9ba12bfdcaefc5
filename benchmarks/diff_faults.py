"""How many faults in conversions `tflint check --diff` finds, and whether it blames the op that has them.

python benchmarks/diff_faults.py [--folder DIR] [--only NAME …] [--faults N] [--check]

Makes small networks with Keras, trains each for a moment on made-up patterns, and converts it to float32, float16,
dynamic range and int8: those are true pairs, on which nothing is to be reported of a run. Then one thing in a
conversion is broken, and it is compared with its source again. A fault counts as found where an error is reported, by
what the file shows or by running it, and as rightly blamed where an error names the op that was changed. Takes
tensorflow and ai-edge-litert; networks that are in --folder already are not made again. With --check the exit code is 1
where a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

import calibration

Array = NDArray[Any]
PRECISIONS = ("float32", "float16", "dynamic", "int8")
BAR_BLAMED = 0.9
LEAST = {"float32": 0.01, "float16": 0.02, "dynamic": 0.1, "int8": 0.1}
"""What changes the outputs by less than this, relative to them, is no more than the rounding of the precision."""
OF_RUNS = "TFL9"
_WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
_FIXED = frozenset({"SOFTMAX", "LOGISTIC", "TANH"})
_SAME = frozenset({"RESHAPE", "MAX_POOL_2D", "PAD"})
_OUTPUT_DIMENSION = {"DEPTHWISE_CONV_2D": 3}


# --- networks


def two_heads(k: Any, batch: int | None) -> Any:
    x = k.Input((24, 24, 3), batch_size=batch)
    y = k.layers.Conv2D(12, 3, strides=2, padding="same", activation="relu", name="stem")(x)
    y = k.layers.Conv2D(24, 3, strides=2, padding="same", activation="relu", name="body")(y)
    y = k.layers.GlobalAveragePooling2D()(y)
    first = k.layers.Dense(4, name="first")(y)
    second = k.layers.Dense(4, activation="tanh", name="second")(y)
    return k.Model(x, [first, second])


def normalised(k: Any, batch: int | None) -> Any:
    x = k.Input((32, 32, 1), batch_size=batch)
    y = x
    for filters, stride in ((8, 2), (16, 2), (32, 1)):
        y = k.layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(y)
        y = k.layers.BatchNormalization()(y)
        y = k.layers.LeakyReLU(negative_slope=0.1)(y)
    y = k.layers.Flatten()(k.layers.MaxPooling2D()(y))
    return k.Model(x, k.layers.Dense(10, activation="softmax")(y))


def recurrent(k: Any, batch: int | None) -> Any:
    x = k.Input((16, 12), batch_size=batch or 1)
    y = k.layers.Conv1D(16, 3, activation="relu")(x)
    y = k.layers.LSTM(12, unroll=True)(y)
    return k.Model(x, k.layers.Dense(5, activation="softmax")(y))


BUILDERS: dict[str, Callable[[Any, int | None], Any]] = {
    **{name: calibration.NETWORKS[name].build for name in (
        "mobilenet", "mobilenet_v2", "resnet", "digits", "texture", "keywords", "autoencoder", "waves", "faces",
        "motion", "unet", "angles",
    )},
    "two_heads": two_heads,
    "normalised": normalised,
    "recurrent": recurrent,
}  # fmt: skip


def patterns(shape: tuple[int, ...], classes: int, random: np.random.Generator, number: int) -> tuple[Array, Array]:
    """Samples around a smooth pattern for each class, between 0 and 1."""
    coarse = [max(2, size // 4) if place < len(shape) - 1 or len(shape) == 1 else size
              for place, size in enumerate(shape)]  # fmt: skip
    kinds = random.uniform(0, 1, (classes, *coarse))
    labels = random.integers(0, classes, number)
    picked = kinds[labels] * random.uniform(0.6, 1.0, (number, *[1] * len(shape)))
    for place, (size, small) in enumerate(zip(shape, coarse, strict=True), 1):
        picked = np.repeat(picked, -(-size // small), axis=place).take(range(size), axis=place)
    noisy = picked + random.normal(0, 0.05, picked.shape)
    return np.clip(noisy, 0, 1).astype(np.float32), labels


def make(folder: Path, name: str) -> None:
    """Train a network and convert it, where that is not done yet."""
    out = folder / name
    if (out / "done").exists():
        return
    import keras
    import tensorflow as tf

    print(f"making {name} …", flush=True)
    keras.utils.set_random_seed(7)
    random = np.random.default_rng(7)
    out.mkdir(parents=True, exist_ok=True)
    network = BUILDERS[name](keras, None if name != "recurrent" else 1)
    shape = tuple(network.inputs[0].shape[1:])
    outputs = network.outputs
    classes = int(outputs[0].shape[-1]) if len(outputs[0].shape) == 2 else 4
    x, labels = patterns(shape, min(classes, 10), random, 480)
    targets = [_target(each, labels, x, place) for place, each in enumerate(outputs)]
    network.compile(keras.optimizers.Adam(2e-3), "mse")
    size = 1 if name == "recurrent" else 32
    network.fit(x[: 480 if size > 1 else 200], [each[: 480 if size > 1 else 200] for each in targets],
                batch_size=size, epochs=4 if size > 1 else 1, verbose=0)  # fmt: skip
    fixed = BUILDERS[name](keras, 1)
    fixed.set_weights(network.get_weights())
    fixed.save(out / "source.keras")
    for precision in PRECISIONS:
        converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.representative_dataset = lambda: ([each[None]] for each in x[:100])
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        (out / f"{precision}.tflite").write_bytes(converter.convert())
    network.fit(x[:64], [each[:64] for each in targets], batch_size=size, epochs=6, verbose=0)
    later = BUILDERS[name](keras, 1)
    later.set_weights(network.get_weights())
    (out / "later").mkdir(exist_ok=True)
    later.save(out / "later" / "source.keras")
    (out / "done").touch()


def _target(output: Any, labels: Array, x: Array, place: int) -> Array:
    shape = tuple(output.shape[1:])
    if len(shape) == 1:
        return np.eye(max(shape[0], int(labels.max()) + 1), dtype=np.float32)[(labels + place) % shape[0], : shape[0]]
    return np.broadcast_to(x.mean(axis=-1, keepdims=True), (len(x), *x.shape[1:-1], shape[-1])).astype(np.float32)


# --- faults


@dataclass
class Broken:
    """A conversion to be broken: the tables of its file, and what is at hand of them."""

    tables: Any
    random: np.random.Generator

    @property
    def graph(self) -> Any:
        return self.tables.subgraphs[0]

    def kind(self, op: Any) -> str:
        from tflint.formats.tflite.schema import OPERATORS

        code = self.tables.operatorCodes[op.opcodeIndex]
        return OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def address(self, place: int) -> str:
        return f"0/{place}:{self.kind(self.graph.operators[place])}"

    def ops(self, kinds: frozenset[str]) -> list[int]:
        return [place for place, op in enumerate(self.graph.operators) if self.kind(op) in kinds]

    def values(self, tensor: int) -> tuple[Array, Callable[[Array], None]] | None:
        """The constant that a tensor holds, behind a DEQUANTIZE where there is one, and what writes it back."""
        table = self.graph.tensors[tensor]
        for op in self.graph.operators:
            if self.kind(op) == "DEQUANTIZE" and op.outputs[0] == tensor:
                table = self.graph.tensors[op.inputs[0]]
        dtype = {0: "<f4", 1: "<f2", 2: "<i4", 9: "|i1", 4: "<i8"}.get(table.type)
        buffer = self.tables.buffers[table.buffer]
        if dtype is None or buffer.data is None or not len(buffer.data):
            return None
        held = np.frombuffer(np.asarray(buffer.data, np.uint8).tobytes(), dtype).reshape(table.shape).copy()

        def write(changed: Array) -> None:
            buffer.data = np.frombuffer(np.ascontiguousarray(changed.astype(dtype)).tobytes(), np.uint8)

        return held, write

    def readers(self, tensor: int) -> set[int]:
        """The ops that read a constant, or what it is widened to."""
        tensors = {tensor}
        for op in self.graph.operators:
            if self.kind(op) == "DEQUANTIZE" and op.inputs[0] == tensor:
                tensors.add(op.outputs[0])
        return {place for place, op in enumerate(self.graph.operators) if tensors & set(op.inputs)}

    def weighted(self) -> tuple[int, Any, Array, Callable[[Array], None]] | None:
        """A random op with weights, those and what writes them back."""
        found = []
        for place in self.ops(_WEIGHTED):
            op = self.graph.operators[place]
            held = self.values(op.inputs[1])
            if held is not None and held[0].size >= 16:
                found.append((place, op, *held))
        return found[self.random.integers(len(found))] if found else None


Fault = Callable[[Broken], "set[int] | None"]


def weights_scaled(b: Broken) -> set[int] | None:
    chosen = b.weighted()
    if chosen is None:
        return None
    place, op, values, write = chosen
    if values.dtype.kind == "f":
        write(values * 1.5)
        return {place}
    for slot in (1, 2):  # the bias has the scale of the products
        if slot < len(op.inputs) and op.inputs[slot] >= 0:
            quant = b.graph.tensors[op.inputs[slot]].quantization
            if quant is not None and quant.scale is not None:
                quant.scale = np.asarray(quant.scale, np.float32) * np.float32(1.5)
    return {place}


def channel_gains(b: Broken) -> set[int] | None:
    """As where batch normalization was folded with the statistics of a batch."""
    chosen = b.weighted()
    if chosen is None or chosen[2].dtype.kind != "f":
        return None
    place, op, values, write = chosen
    axis = _OUTPUT_DIMENSION.get(b.kind(op), 0)
    gains = np.exp(b.random.normal(0, 0.5, values.shape[axis]))
    write(values * gains.reshape([-1 if each == axis else 1 for each in range(values.ndim)]))
    return {place}


def bias_dropped(b: Broken) -> set[int] | None:
    found = []
    for place in b.ops(_WEIGHTED):
        op = b.graph.operators[place]
        held = b.values(op.inputs[2]) if len(op.inputs) > 2 and op.inputs[2] >= 0 else None
        if held is not None and np.any(held[0]):
            found.append((place, *held, _weight_of_bias(b, op, held[0])))
    found = [each for each in found if each[3] > 0.1]
    if not found:
        return None
    place, values, write, _ = found[b.random.integers(len(found))]
    write(np.zeros_like(values))
    return {place}


def _weight_of_bias(b: Broken, op: Any, bias: Array) -> float:
    """How large a bias is beside the weights of its op: one that is almost nothing is no fault to find."""
    held = b.values(op.inputs[1])
    if held is None:
        return 0.0
    scales = [1.0, 1.0]
    for place, slot in enumerate((1, 2)):
        quant = b.graph.tensors[op.inputs[slot]].quantization
        if held[0].dtype.kind == "i" and quant is not None and quant.scale is not None and len(quant.scale):
            scales[place] = float(np.mean(quant.scale))
    return float(np.sqrt(np.mean(np.square(bias * scales[1], dtype=float)))
                 / np.sqrt(np.mean(np.square(held[0] * scales[0], dtype=float))))  # fmt: skip


def channels_permuted(b: Broken) -> set[int] | None:
    chosen = b.weighted()
    if chosen is None:
        return None
    place, op, values, write = chosen
    axis = _OUTPUT_DIMENSION.get(b.kind(op), 0)
    if values.shape[axis] < 2:
        return None
    write(np.roll(values, 1, axis))
    return {place}


def kernel_flipped(b: Broken) -> set[int] | None:
    chosen = b.weighted()
    if chosen is None or chosen[2].ndim != 4 or max(chosen[2].shape[1:3]) < 2:
        return None
    place, _, values, write = chosen
    write(values[:, ::-1, ::-1])
    return {place}


def not_a_number(b: Broken) -> set[int] | None:
    chosen = b.weighted()
    if chosen is None or chosen[2].dtype.kind != "f":
        return None
    place, _, values, write = chosen
    values.flat[b.random.integers(values.size)] = np.nan
    write(values)
    return {place}


def activation_lost(b: Broken) -> set[int] | None:
    found = [place for place in b.ops(_WEIGHTED)
             if getattr(b.graph.operators[place].builtinOptions, "fusedActivationFunction", 0) in (1, 3)]  # fmt: skip
    if not found:
        return None
    place = found[b.random.integers(len(found))]
    op = b.graph.operators[place]
    if b.graph.tensors[op.outputs[0]].type == 9:
        return None  # the range of an int8 output does the same
    op.builtinOptions.fusedActivationFunction = 0
    return {place}


def outputs_swapped(b: Broken) -> set[int] | None:
    if len(b.graph.outputs) != 2:
        return None
    outputs = b.tables.signatureDefs[0].outputs
    outputs[0].tensorIndex, outputs[1].tensorIndex = outputs[1].tensorIndex, outputs[0].tensorIndex
    return set()


def output_scale_doubled(b: Broken) -> set[int] | None:
    return _requantized(b, scale=2.0)


def zero_point_shifted(b: Broken) -> set[int] | None:
    return _requantized(b, shift=30)


def _requantized(b: Broken, scale: float = 1.0, shift: int = 0) -> set[int] | None:
    """Change how a value is read whose kernel does not heed that."""
    found = [place for place in b.ops(_FIXED | _SAME) if b.graph.tensors[b.graph.operators[place].outputs[0]].type == 9]
    if not found:
        return None
    place = found[b.random.integers(len(found))]
    tensor = b.graph.operators[place].outputs[0]
    quant = b.graph.tensors[tensor].quantization
    quant.scale = np.asarray(quant.scale, np.float32) * np.float32(scale)
    quant.zeroPoint = np.asarray(quant.zeroPoint, np.int64) + (shift if quant.zeroPoint[0] < 60 else -shift)
    return {place, *(other for other, op in enumerate(b.graph.operators) if tensor in op.inputs)}


FAULTS: tuple[Fault, ...] = (
    weights_scaled, bias_dropped, channels_permuted, output_scale_doubled, zero_point_shifted, channel_gains,
    kernel_flipped, activation_lost, outputs_swapped, not_a_number,
)  # fmt: skip


def effect(sound: bytes, harmed: bytes, seed: int) -> float:
    """How much a fault changes what a conversion gives, relative to that; infinite where it does not run any more."""
    from ai_edge_litert.interpreter import Interpreter

    random = np.random.default_rng(seed)
    fed: Array | None = None
    given: list[Array] = []
    for content in (sound, harmed):
        interpreter = Interpreter(model_content=content, num_threads=1)
        try:
            interpreter.allocate_tensors()
        except RuntimeError:
            return float("inf")
        [inner] = interpreter.get_input_details()
        if fed is None:
            fed = random.uniform(0, 1, inner["shape"])
        scale, zero_point = inner["quantization"]
        held = fed if not scale else np.clip(np.round(fed / scale) + zero_point, -128, 127)
        interpreter.set_tensor(inner["index"], held.astype(inner["dtype"]))
        interpreter.invoke()
        values = []
        for each in sorted(interpreter.get_output_details(), key=lambda detail: str(detail["name"])):
            scale, zero_point = each["quantization"]
            value = interpreter.get_tensor(each["index"]).astype(float)
            values.append(((value - zero_point) * scale if scale else value).ravel())
        given.append(np.concatenate(values))
    change = float(np.linalg.norm(given[1] - given[0]) / np.linalg.norm(given[0]))
    return change if np.isfinite(change) else float("inf")


def broken(content: bytes, fault: Fault, seed: int) -> tuple[bytes, set[str]] | None:
    """A conversion with a fault, and the addresses of what has it; None where there is no place for it."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    tables = schema.ModelT.InitFromPackedBuf(bytearray(content))
    harmed = Broken(tables, np.random.default_rng(seed))
    places = fault(harmed)
    if places is None:
        return None
    addresses = set()
    for place in places:
        op = harmed.graph.operators[place]
        for tensor in op.inputs[1:3]:
            addresses |= {f"0/t{tensor}"} | {
                f"0/t{each.inputs[0]}" for each in harmed.graph.operators if tensor in each.outputs
            }
            if harmed.values(tensor) is not None:
                addresses |= {
                    f"0/{other}:{harmed.kind(harmed.graph.operators[other])}" for other in harmed.readers(tensor)
                }
        addresses.add(f"0/{place}:{harmed.kind(op)}")
    builder = flatbuffers.Builder(len(content))
    builder.Finish(tables.Pack(builder), b"TFL3")
    return bytes(builder.Output()), addresses


# --- judging


@dataclass(frozen=True)
class Result:
    """What is reported on a pair, with the ops that are broken in it."""

    pair: str
    fault: str
    findings: tuple[Any, ...]
    expected: set[str]
    comparison: Any
    seconds: float
    known: frozenset[tuple[str, str]] = frozenset()
    """The codes and places of what is reported on the unharmed pair."""

    @property
    def errors(self) -> list[Any]:
        """The errors that are not reported on the unharmed pair."""
        return [each for each in self.findings if each.severity.label == "error" and _key(each) not in self.known]

    @property
    def is_blamed(self) -> bool:
        """Whether an error names an op with the fault or a constant of it, or says which outputs are swapped.

        Where nothing is known of the values between some ops, they are blamed in one piece: then one of them has it.
        """
        if self.fault == "outputs_swapped":
            return bool(self.errors) and any(each.fits_better is not None for each in self.comparison.outputs)
        named = {at.address for each in self.errors for at in (each.location, *each.related)}
        if named and self.comparison.blame is not None:
            named |= set(self.comparison.blame.ops)
        return bool(named & self.expected)


def _key(finding: Any) -> tuple[str, str]:
    return finding.code, finding.location.address


def judge(path: Path, source: Path, pair: str, fault: str, expected: set[str]) -> Result:
    """What is reported on a conversion beside its source."""
    from tflint.compare import Session, Settings
    from tflint.engine import Settings as Checks
    from tflint.engine import check
    from tflint.gate import GUARDS
    from tflint_rules import PACK

    rules = tuple(rule() for rule in PACK.rules)
    guards = tuple(rule for rule in rules if rule.meta.code.startswith(GUARDS))
    start = time.perf_counter()
    session = Session(Settings(guards), 120, 1)
    report = check([str(path)], Checks(rules, source=str(source), comparing=session), jobs=1)
    for crash in report.crashes:
        print(crash.message, crash.traceback)
    return Result(pair, fault, report.findings, expected, report.models[0].comparison, time.perf_counter() - start)


harmless: Counter[str] = Counter()


def results(arguments: argparse.Namespace, scratch: Path) -> Iterator[Result]:
    for number, name in enumerate(arguments.only):
        folder = arguments.folder / name
        for step, precision in enumerate(PRECISIONS):
            path, source, pair = folder / f"{precision}.tflite", folder / "source.keras", f"{name}/{precision}"
            unharmed = judge(path, source, pair, "", set())
            known = frozenset(map(_key, unharmed.findings))
            yield unharmed
            tried = 0
            for turn in range(len(FAULTS)):
                fault = FAULTS[(number * 3 + step * 5 + turn) % len(FAULTS)]
                made = broken(path.read_bytes(), fault, seed=number * 10 + step)
                if made is None or tried >= arguments.faults:
                    continue
                if fault is not outputs_swapped and effect(path.read_bytes(), made[0], number) < LEAST[precision]:
                    harmless[fault.__name__] += 1
                    continue
                tried += 1
                bad = scratch / f"{name}_{precision}_{fault.__name__}.tflite"
                bad.write_bytes(made[0])
                yield replace(judge(bad, source, pair, fault.__name__, made[1]), known=known)
            if step == number % len(PRECISIONS):
                yield judge(path, folder / "later" / "source.keras", pair, "stale_conversion", _weighted_ops(path))


def _weighted_ops(path: Path) -> set[str]:
    """The addresses of all ops with weights, and of these: those of a stale conversion are all wrong."""
    from tflint.formats import read

    ops = [op for op in read(path).graphs[0].ops if op.kind in _WEIGHTED]
    constants = {each.location.address for op in ops for each in op.inputs[1:] if each is not None}
    return {op.location.address for op in ops} | constants


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tflint-diff")
    parser.add_argument("--only", nargs="+", default=list(BUILDERS), choices=list(BUILDERS))
    parser.add_argument("--faults", type=int, default=3, help="Faults for each pair.")
    parser.add_argument("--make", action="store_true", help="Only make the models.")
    parser.add_argument("--verbose", action="store_true", help="Print what is missed.")
    parser.add_argument("--check", action="store_true", help="Exit with 1 where a bar is missed.")
    arguments = parser.parse_args()
    for name in arguments.only:
        make(arguments.folder, name)
    if arguments.make:
        return 0
    unharmed = alarms = 0
    found: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        for each in results(arguments, Path(scratch)):
            of_run = [finding for finding in each.findings if finding.code.startswith(OF_RUNS)]
            loud = [finding for finding in of_run if finding.severity.label != "note"]
            if not each.fault:
                unharmed += 1
                alarms += bool(loud)
                missed = bool(loud)
            else:
                by_run = any(finding.code.startswith(OF_RUNS) for finding in each.errors)
                found[each.fault].append((bool(each.errors), by_run, each.is_blamed))
                missed = not each.is_blamed
            state = "ok" if not missed else "MISSED"
            print(f"{state:7} {each.pair:24} {each.fault or 'unharmed':22} {each.seconds:5.1f} s  "
                  + ", ".join(sorted({f'{finding.code}@{finding.location.address}' for finding in each.findings})),
                  flush=True)  # fmt: skip
            if missed and arguments.verbose:
                print("      expected", sorted(each.expected)[:5], "blame", each.comparison and each.comparison.blame)
                for output in each.comparison.outputs if each.comparison else ():
                    print("      ", output.name, output.figures, "counted", each.comparison.counted)
                for finding in each.findings:
                    print("      ", finding.code, finding.message)
    print(f"\n{'fault':24} cases  found  by running  blamed")
    total = [case for cases in found.values() for case in cases]
    for name, cases in [*sorted(found.items()), ("all", total)]:
        told, by_run, blamed = (sum(column) for column in zip(*cases, strict=True))
        print(f"{name:24} {len(cases):5}  {told:5}  {by_run:10}  {blamed:6}")
    print(f"faults that change no more than rounding does, and were left out: {dict(harmless)}")
    print(f"unharmed pairs: {unharmed}, with a finding: {alarms}")
    met = not alarms and all(case[0] for case in total) and sum(case[2] for case in total) >= BAR_BLAMED * len(total)
    return 0 if met or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
