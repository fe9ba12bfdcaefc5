"""The table of xnnpack beside the delegate itself: one-op models by the hundred, asked of the LiteRT interpreter."""

import base64
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
import pytest

from tflint.analysis.placement import place
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.xnnpack import TARGET

pytestmark = pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="asks ai-edge-litert")

WORKER = """
import base64, sys
from ai_edge_litert.interpreter import Interpreter
for line in sys.stdin:
    try:
        interpreter = Interpreter(model_content=base64.b64decode(line), num_threads=1)
    except Exception:
        print("unreadable", flush=True)
        continue
    before = interpreter._interpreter.NumNodes()
    try:
        interpreter.allocate_tensors()
    except Exception:
        pass  # the delegate has chosen by then
    print(interpreter._interpreter.NumNodes() - before, flush=True)
"""
"""Says how many pieces the delegate takes of each model. Some models of refused ops kill the interpreter."""


class Delegate:
    """The real one, in a process that is started again when a model kills it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def pieces(self, content: bytes) -> str:
        """A number, `unreadable`, or nothing where the interpreter died."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER],
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(base64.b64encode(content).decode() + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            self.close()
        return answer

    def close(self) -> None:
        if self.process is not None:
            for stream in (self.process.stdin, self.process.stdout):
                assert stream is not None
                stream.close()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
def delegate() -> Iterator[Delegate]:
    real = Delegate()
    yield real
    real.close()


def compare(delegate: Delegate, cases: Mapping[str, GraphBuilder]) -> None:
    """Every case that the interpreter survives has the number of pieces that the table says."""
    differ, answered, taken = [], 0, 0
    for label, built in cases.items():
        content = built.to_bytes()
        answer = delegate.pieces(content)
        if not answer.isdecimal():
            continue
        answered += 1
        taken += answer != "0"
        found = place(TARGET, model(content).graphs[0])
        if found.partitions != int(answer):
            differ.append(f"{label}: the delegate takes {answer}, the table {found.partitions}: {found.verdicts}")
    assert differ == []
    assert answered > 0.8 * len(cases)
    assert taken > 0


NAMES = {
    "f32": "FLOAT32", "f16": "FLOAT16", "bf16": "BFLOAT16", "f64": "FLOAT64", "i8": "INT8", "u8": "UINT8",
    "i16": "INT16", "i32": "INT32", "i64": "INT64", "bool": "BOOL", "i4": "INT4", "i2": "INT2",
}  # fmt: skip
CODES = "f32 f16 bf16 f64 qi8 qi8c qi8! qu8 qi16 i8 u8 i16 i32 qi32 i64 bool qi4".split()


def kind_of(code: str, shape: Sequence[int], axis: int | None = None) -> dict[str, Any]:
    """The fields of a tensor of a type code; `c` is per channel, `!` has its one scale on the last dimension."""
    fields: dict[str, Any] = {"dtype": NAMES[code.lstrip("q").rstrip("c!")]}
    last = len(shape) - 1 if axis is None else axis
    if code.startswith("q"):
        spread = code[-1] in "c!" and shape
        fields["scale"] = [0.1] * shape[last] if code.endswith("c") and shape else 0.1
        fields |= {"zero_point": 128 if code == "qu8" else 0, "axis": last if spread else 0}
    return fields


class Single(GraphBuilder):
    """A model of one op; tensors are told by their type code."""

    def x(self, code: str, shape: Sequence[int], **more: Any) -> int:
        return self.input(f"x{len(self.graph['tensors'])}", shape, **(kind_of(code, shape) | more))

    def c(self, code: str, shape: Sequence[int], axis: int | None = None) -> int:
        data = np.zeros(int(np.prod(shape, dtype=int)) * 8 + 8, np.uint8)
        return self.constant(f"c{len(self.graph['tensors'])}", data, shape=tuple(shape), **kind_of(code, shape, axis))

    def ints(self, *values: int, dtype: str = "int32", shape: tuple[int, ...] | None = None) -> int:
        array = np.array(values, dtype)
        return self.constant(f"s{len(self.graph['tensors'])}", array if shape is None else array.reshape(shape))

    def y(self, code: str, shape: Sequence[int], **more: Any) -> int:
        made = self.tensor(f"y{len(self.graph['tensors'])}", shape, **(kind_of(code, shape) | more))
        self.output(made)
        return made


Make = Callable[..., tuple[list[int], int | list[int], dict[str, Any] | None]]
"""From a builder and what a case is about: the inputs, the outputs, the options."""


def run(kind: str, make: Make, *about: Any) -> GraphBuilder:
    """A model of one op."""
    g = Single()
    inputs, outputs, options = make(g, *about)
    g.op(kind, inputs, outputs, options)
    return g


UNARY = """ABS CEIL COS EXP FLOOR GELU HARD_SWISH LOG NEG RELU RELU6 RELU_N1_TO_1 ROUND RSQRT SIN SQRT SQUARE ELU
LOGISTIC TANH LEAKY_RELU QUANTIZE DEQUANTIZE SOFTMAX""".split()


@pytest.mark.parametrize("kind", UNARY)
def test_ops_of_one_input(delegate: Delegate, kind: str) -> None:
    options = {"LEAKY_RELU": {"alpha": 0.5}, "SOFTMAX": {"beta": 1.0}}.get(kind)
    made = CODES if kind in ("QUANTIZE", "DEQUANTIZE", "LOGISTIC") else ("", "f32", "qi8")

    def typed(g: Single, code: str, out: str) -> Any:
        return [g.x(code, [1, 2, 4])], g.y(out or code, [1, 2, 4]), options

    def ranked(g: Single, rank: int) -> Any:
        return [g.x("qi8" if kind == "DEQUANTIZE" else "f32", [1] * rank)], g.y("f32", [1] * rank), options

    cases = {f"{code} > {out}": run(kind, typed, code, out) for code, out in product(CODES, made)}
    compare(delegate, cases | {f"rank {rank}": run(kind, ranked, rank) for rank in range(9)})


@pytest.mark.parametrize("kind", "SIGN EXPAND_DIMS SQUEEZE LOG_SOFTMAX POW PADV2 MIRROR_PAD CAST GATHER".split())
def test_ops_that_are_never_taken(delegate: Delegate, kind: str) -> None:
    g = Single()
    g.op(kind, [g.x("f32", [1, 4])], g.y("f32", [1, 4]))
    g.op("ABS", [g.x("f32", [1, 4])], g.y("f32", [1, 4]))
    compare(delegate, {kind: g})


KILLERS = ("qi8c", "i8", "u8", "i16")
"""Types of ADD, SUB and SQUARED_DIFFERENCE that the interpreter does not survive on the CPU."""


@pytest.mark.parametrize("kind", "ADD SUB MUL DIV MAXIMUM MINIMUM SQUARED_DIFFERENCE PRELU".split())
def test_ops_of_two_inputs(delegate: Delegate, kind: str) -> None:
    options: dict[str, Any] | None = {} if kind in ("ADD", "SUB", "MUL", "DIV") else None
    fragile = kind in ("ADD", "SUB", "SQUARED_DIFFERENCE")

    def typed(g: Single, first: str, second: str, out: str) -> Any:
        other = g.c(second, [1, 4]) if kind == "PRELU" else g.x(second, [1, 4])
        return [g.x(first, [1, 4]), other], g.y(out, [1, 4]), options

    def ranked(g: Single, rank: int) -> Any:
        return [g.x("f32", [1] * rank), g.c("f32", [1])], g.y("f32", [1] * rank), options

    cases = {code: run(kind, typed, code, code, code) for code in CODES if not fragile or code not in KILLERS}
    for types in product(("f32", "f16", "qi8", "qu8"), repeat=3):
        if not fragile or types[0] != types[1] or types[0] in ("f32", "f16"):
            cases[" ".join(types)] = run(kind, typed, *types)
    compare(delegate, cases | {f"rank {rank}": run(kind, ranked, rank) for rank in range(1, 7)})


def test_the_slope_of_prelu_is_a_constant(delegate: Delegate) -> None:
    def make(g: Single, constant: bool) -> Any:
        return [g.x("f32", [1, 4]), g.c("f32", [4]) if constant else g.x("f32", [4])], g.y("f32", [1, 4]), None

    compare(delegate, {str(constant): run("PRELU", make, constant) for constant in (True, False)})


FACTORS = (1.0, *(2.0**power for power in (7, 8, -7, -8, -9, -10, -11, -16, -17)), 2**7 + 1, 2**8 - 1, 300.0)


@pytest.mark.parametrize("kind", "ADD SUB MUL LEAKY_RELU QUANTIZE".split())
def test_the_limits_of_scales(delegate: Delegate, kind: str) -> None:
    def scaled(g: Single, code: str, factor: float) -> Any:
        inputs = [g.x(code, [4], scale=0.5 * factor)]
        if kind in ("ADD", "SUB", "MUL"):
            inputs.append(g.x(code, [4], scale=0.5))
        options = {"LEAKY_RELU": {"alpha": 0.25}, "QUANTIZE": None}.get(kind, {})
        return inputs, g.y(code, [4], scale=0.25 if kind == "MUL" else 0.5), options

    compare(
        delegate, {f"{code} {factor}": run(kind, scaled, code, factor) for code in ("qi8", "qu8") for factor in FACTORS}
    )


def test_the_slope_of_leaky_relu(delegate: Delegate) -> None:
    def make(g: Single, code: str, alpha: float) -> Any:
        return [g.x(code, [4])], g.y(code, [4]), {"alpha": alpha}

    slopes = (0.0, 1e-40, 1.0, -1.0, 127.0, -127.9, -128.0, 129.0, 2.0**-9, float("inf"), float("nan"))
    compare(delegate, {f"{code} {a}": run("LEAKY_RELU", make, code, a) for code in ("f32", "qi8") for a in slopes})


WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


def weighted(kind: str, source: str, kernel: str, bias: str, out: str, axis: int) -> GraphBuilder:
    """An op with weights of some types; of a bias, `-` leaves it out and nothing its slot too."""
    g = Single()
    flat, deep = kind == "FULLY_CONNECTED", kind == "DEPTHWISE_CONV_2D"
    shape = [4, 8] if flat else [1, 3, 3, 8] if deep else [4, 3, 3, 8]
    channels = 8 if deep else 4
    inputs = [g.x(source, [1, 8] if flat else [1, 4, 4, 8]), g.c(kernel, shape, min(axis, len(shape) - 1))]
    if kind == "TRANSPOSE_CONV":
        inputs = [g.ints(1, 4, 4, 4), *inputs[::-1]]
    if bias:
        inputs.append(-1 if bias == "-" else g.c(bias, [channels]))
    options: dict[str, Any] = {"fused_activation_function": "RELU"}
    if not flat:
        options |= {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    if deep:
        options["depth_multiplier"] = 1
    g.op(kind, inputs, g.y(out, [1, channels] if flat else [1, 4, 4, channels]), options, version=3)
    return g


@pytest.mark.parametrize("kind", WEIGHTED)
def test_the_types_of_weights(delegate: Delegate, kind: str) -> None:
    kernels = "f32 f16 qi8 qi8c qu8 i8 qi16 qi4 qi4c qi2 qi2c bf16".split()
    cases = {}
    for source, kernel, bias, axis in product("f32 f16 qi8 qu8 qi16".split(), kernels, ("f32", "qi32", ""), (0, 3)):
        cases[f"{source} {kernel} {bias} {axis}"] = weighted(kind, source, kernel, bias, source, axis)
    for bias in ("f32", "f16", "qi32", "qi32c", "qi32!", "i32", "qi8", "i64", "-"):
        for source, kernel in (("f32", "f32"), ("f32", "f16"), ("f16", "f16"), ("qi8", "qi8c"), ("f32", "qi8")):
            cases[f"bias {source} {kernel} {bias}"] = weighted(kind, source, kernel, bias, source, 0)
    for source, out in product(("f32", "qi8", "qu8"), CODES):
        cases[f"out {source} {out}"] = weighted(kind, source, "qi8" if source == "qi8" else "f32", "qi32", out, 0)
    compare(delegate, cases)


def test_the_types_of_matrices(delegate: Delegate) -> None:
    def make(g: Single, left: str, right: str, out: str, turned: bool) -> Any:
        other = g.c(right, [2, 5, 4] if turned else [2, 4, 5])
        return [g.x(left, [2, 3, 4]), other], g.y(out, [2, 3, 5]), {"adj_y": turned}

    def pointed(g: Single, point: int) -> Any:
        return [g.x("qi8", [3, 4]), g.x("qi8", [4, 5], zero_point=point)], g.y("qi8", [3, 5]), {}

    rights = ("f32", "f16", "qi8", "qi8c", "qu8", "qi16")
    cases = {
        " ".join(map(str, about)): run("BATCH_MATMUL", make, *about)
        for about in product(CODES, rights, ("f32", "qi8"), (False, True))
    }
    compare(delegate, cases | {f"zero point {point}": run("BATCH_MATMUL", pointed, point) for point in (0, 1)})


POOLED = {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2}
LAYOUT: dict[str, Make] = {
    "AVERAGE_POOL_2D": lambda g, a, b: ([g.x(a, [1, 4, 4, 2])], g.y(b, [1, 2, 2, 2]), POOLED),
    "MAX_POOL_2D": lambda g, a, b: ([g.x(a, [1, 4, 4, 2])], g.y(b, [1, 2, 2, 2]), POOLED),
    "CONCATENATION": lambda g, a, b: ([g.x(a, [1, 2]), g.x(a, [1, 2])], g.y(b, [1, 4]), {"axis": 1}),
    "DEPTH_TO_SPACE": lambda g, a, b: ([g.x(a, [1, 2, 2, 4])], g.y(b, [1, 4, 4, 1]), {"block_size": 2}),
    "SPACE_TO_DEPTH": lambda g, a, b: ([g.x(a, [1, 4, 4, 1])], g.y(b, [1, 2, 2, 4]), {"block_size": 2}),
    "MEAN": lambda g, a, b: ([g.x(a, [1, 4, 2]), g.ints(1)], g.y(b, [1, 2]), {}),
    "SUM": lambda g, a, b: ([g.x(a, [1, 4, 2]), g.ints(1)], g.y(b, [1, 2]), {}),
    "REDUCE_MAX": lambda g, a, b: ([g.x(a, [1, 4, 2]), g.ints(1)], g.y(b, [1, 2]), {}),
    "REDUCE_MIN": lambda g, a, b: ([g.x(a, [1, 4, 2]), g.ints(1)], g.y(b, [1, 2]), {}),
    "PAD": lambda g, a, b: ([g.x(a, [1, 4]), g.ints(0, 0, 1, 1, shape=(2, 2))], g.y(b, [1, 6]), None),
    "RESHAPE": lambda g, a, b: ([g.x(a, [2, 2]), g.ints(4)], g.y(b, [4]), {"new_shape": [4]}),
    "RESIZE_BILINEAR": lambda g, a, b: ([g.x(a, [1, 2, 2, 1]), g.ints(4, 4)], g.y(b, [1, 4, 4, 1]), {}),
    "SLICE": lambda g, a, b: ([g.x(a, [4]), g.ints(1), g.ints(2)], g.y(b, [2]), None),
    "STRIDED_SLICE": lambda g, a, b: ([g.x(a, [4]), g.ints(1), g.ints(3), g.ints(1)], g.y(b, [2]), {}),
    "SPLIT": lambda g, a, b: ([g.ints(0, shape=()), g.x(a, [4])], [g.y(b, [2]), g.y(a, [2])], {"num_splits": 2}),
    "TRANSPOSE": lambda g, a, b: ([g.x(a, [2, 4]), g.ints(1, 0)], g.y(b, [4, 2]), {}),
}


@pytest.mark.parametrize("kind", LAYOUT)
def test_ops_that_move_values(delegate: Delegate, kind: str) -> None:
    made = ("", "f32", "qi8", "qi8c", "qu8", "qi16") if kind != "SPLIT" else ("",)
    compare(delegate, {f"{a} > {b}": run(kind, LAYOUT[kind], a, b or a) for a, b in product(CODES, made)})


LISTS: list[tuple[str, str, Make]] = [
    ("SLICE", "all", lambda g: ([g.x("f32", [4]), g.ints(1), g.ints(-1)], g.y("f32", [3]), None)),
    ("SLICE", "from -1", lambda g: ([g.x("f32", [4]), g.ints(-1), g.ints(1)], g.y("f32", [3]), None)),
    (
        "SLICE",
        "from where the model says",
        lambda g: ([g.x("f32", [4]), g.x("i32", [1]), g.ints(1)], g.y("f32", [1]), None),
    ),
    (
        *("SLICE", "of 64 bits"),
        lambda g: ([g.x("f32", [4]), g.ints(1, dtype="int64"), g.ints(1, dtype="int64")], g.y("f32", [1]), None),
    ),
    ("MEAN", "over nothing", lambda g: ([g.x("f32", [4]), g.ints()], g.y("f32", [4]), {})),
    ("MEAN", "of a scalar", lambda g: ([g.x("f32", []), g.ints(0)], g.y("f32", []), {})),
    ("MEAN", "over an input", lambda g: ([g.x("f32", [4]), g.x("i32", [1])], g.y("f32", []), {})),
    ("MEAN", "over a matrix", lambda g: ([g.x("f32", [4]), g.ints(0, shape=(1, 1))], g.y("f32", []), {})),
    ("PAD", "by -1", lambda g: ([g.x("f32", [4]), g.ints(0, -1, shape=(1, 2))], g.y("f32", [3]), None)),
    (
        "PAD",
        "of 64 bits",
        lambda g: ([g.x("f32", [4]), g.ints(0, 0, shape=(1, 2), dtype="int64")], g.y("f32", [4]), None),
    ),
    ("RESHAPE", "to an input", lambda g: ([g.x("f32", [4]), g.x("i32", [1])], g.y("f32", [4]), {})),
    ("RESHAPE", "by options", lambda g: ([g.x("f32", [4])], g.y("f32", [2, 2]), {"new_shape": [2, 2]})),
    ("RESHAPE", "as of old", lambda g: ([g.x("f32", [])], g.y("f32", []), {"new_shape": [0]})),
    ("RESHAPE", "to -1", lambda g: ([g.x("f32", [2, 2]), g.ints(-1)], g.y("f32", [4]), {})),
    (
        *("STRIDED_SLICE", "by 2"),
        lambda g: ([g.x("f32", [4]), g.ints(0), g.ints(4), g.ints(2)], g.y("f32", [2]), {}),
    ),
    ("RESIZE_BILINEAR", "one", lambda g: ([g.x("f32", [1, 2, 2, 1]), g.ints(4)], g.y("f32", [1, 4, 4, 1]), {})),
    ("RESIZE_BILINEAR", "0", lambda g: ([g.x("f32", [1, 2, 2, 1]), g.ints(0, 4)], g.y("f32", [1, 4, 4, 1]), {})),
    ("TRANSPOSE", "by 7", lambda g: ([g.x("f32", [4, 2]), g.ints(*range(7))], g.y("f32", [4, 2]), {})),
]


def test_lists_that_say_where_to_and_how_much(delegate: Delegate) -> None:
    def masked(g: Single, mask: str) -> Any:
        return [g.x("f32", [4]), g.ints(0), g.ints(4), g.ints(1)], g.y("f32", [4]), {mask: 1}

    cases = {f"{kind} {what}": run(kind, make) for kind, what, make in LISTS}
    for mask in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"):
        cases[mask] = run("STRIDED_SLICE", masked, mask)
    compare(delegate, cases)


def test_how_many_are_joined_and_split(delegate: Delegate) -> None:
    def joined(g: Single, count: int) -> Any:
        return [g.x("f32", [2]) for _ in range(count)], g.y("f32", [2 * count]), {"axis": 0}

    def parted(g: Single, count: int) -> Any:
        return [g.ints(0), g.x("f32", [count])], [g.y("f32", [1]) for _ in range(count)], {"num_splits": count}

    cases = {f"{count} joined": run("CONCATENATION", joined, count) for count in range(1, 8)}
    compare(delegate, cases | {f"{count} parts": run("SPLIT", parted, count) for count in range(1, 8)})


def test_windows(delegate: Delegate) -> None:
    def pooled(g: Single, stride: int, size: int) -> Any:
        window = {"padding": "SAME", "stride_w": stride, "stride_h": 1, "filter_width": size, "filter_height": 2}
        return [g.x("f32", [1, 6, 6, 1])], g.y("f32", [1, 6, 6, 1]), window

    def turned(g: Single, stride: int, size: int, high: int, padding: str) -> Any:
        inputs = [g.ints(1, high, high, 1), g.c("f32", [1, size, size, 1]), g.x("f32", [1, 4, 4, 1])]
        return inputs, g.y("f32", [1, high, high, 1]), {"padding": padding, "stride_w": stride, "stride_h": stride}

    def blocked(g: Single, block: int, high: int) -> Any:
        return [g.x("f32", [1, high, 4, 1])], g.y("f32", [1, 2, 2, 4]), {"block_size": block}

    sizes = list(product((1, 2, 3), repeat=2))
    cases = {f"{kind} {at}": run(kind, pooled, *at) for kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D") for at in sizes}
    for at in product((1, 2, 3), (1, 2, 3), (4, 8, 9), ("SAME", "VALID")):
        cases[f"TRANSPOSE_CONV {at}"] = run("TRANSPOSE_CONV", turned, *at)
    compare(delegate, cases | {f"block {at}": run("SPACE_TO_DEPTH", blocked, *at) for at in product((1, 2, 3), (4, 6))})


def test_activations_and_the_sharpness_of_softmax(delegate: Delegate) -> None:
    def active(g: Single, name: str) -> Any:
        return [g.x("f32", [4]), g.x("f32", [4])], g.y("f32", [4]), {"fused_activation_function": name}

    def sharp(g: Single, beta: float) -> Any:
        return [g.x("f32", [4])], g.y("f32", [4]), {"beta": beta}

    names = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1", "TANH", "SIGN_BIT")
    cases = {f"{kind} {name}": run(kind, active, name) for kind in ("ADD", "DIV") for name in names}
    compare(delegate, cases | {f"beta {beta}": run("SOFTMAX", sharp, beta) for beta in (1.0, 0.5)})


def test_constants_that_are_unpacked_for_their_readers(delegate: Delegate) -> None:
    cases = {}
    biases = ("f32", "f16", "dequantized")
    for code, bias, readers in product(("f16", "qi8", "qi8c", "i8", "qu8", "f32"), biases, range(4)):
        g = Single()
        f, b = g.tensor("f", [4, 4]), g.c("f32" if bias == "f32" else "f16", [4])
        g.op("DEQUANTIZE", [g.c(code, [4, 4])], f)
        if bias == "dequantized":
            b = g.op("DEQUANTIZE", [b], g.tensor("b", [4]))
        y = g.op("FULLY_CONNECTED", [g.x("f32", [1, 4]), f, b], g.y("f32", [1, 4]), {})
        if readers & 1:
            g.op("FLOOR_MOD", [y, f], g.y("f32", [4, 4]))
        if readers & 2:
            g.op("ADD", [y, f], g.y("f32", [4, 4]), {})
        cases[f"{code} {bias} {readers}"] = g
    compare(delegate, cases)


def test_variables(delegate: Delegate) -> None:
    cases = {}
    for first, second, sizes in product(("f32", "f16", "qi8"), ("f32", "qi8", "i64"), ([4], [2, 2], [])):
        g = Single()
        held = g.op("VAR_HANDLE", [], g.tensor("v", [], "RESOURCE"), {"container": "", "shared_name": "v"})
        g.op("READ_VARIABLE", [held], g.y(first, [4]))
        g.op("READ_VARIABLE", [held], g.y(second, sizes))
        cases[f"{first} {second} {sizes}"] = g
    compare(delegate, cases)
