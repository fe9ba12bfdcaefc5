"""TFL408: ops that XNNPACK takes and cannot prepare."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.targets.xnnpack_load_failure import XnnpackLoadFailure

RULE = XnnpackLoadFailure()
SAME: dict[str, Any] = {"scale": 0.1}
NEAR: dict[str, Any] = {"scale": 0.1000001}
OTHER: dict[str, Any] = {"scale": 0.2, "zero_point": 7}
RANK_7 = [1, 1, 1, 1, 1, 2, 4]


def integers(g: GraphBuilder, values: Any, dtype: Any = np.int32) -> int:
    return g.constant(f"c{len(g.graph['tensors'])}", np.array(values, dtype))


def one_op(
    kind: str,
    read: Sequence[int],
    made: Sequence[int],
    constants: Sequence[Any] = (),
    options: dict[str, Any] | None = None,
    types: tuple[str, str] = ("FLOAT32", "FLOAT32"),
    quant: tuple[dict[str, Any], dict[str, Any]] = ({}, {}),
    outputs: int = 1,
) -> GraphBuilder:
    """An op of one input, and integer constants behind it; a SPLIT has its axis in front."""
    g = GraphBuilder()
    x = g.input("x", read, types[0], **quant[0])
    inputs = [x, *(integers(g, each) for each in constants)]
    results = [g.tensor(f"{kind.lower()}{number or ''}", made, types[1], **quant[1]) for number in range(outputs)]
    g.op(kind, inputs[::-1] if kind == "SPLIT" else inputs, results, options, version=1 if kind == "RESHAPE" else 2)
    g.output(*results)
    return g


POOL = {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2}
COPIES: dict[str, tuple[list[int], list[int], list[Any], dict[str, Any] | None]] = {
    "DEPTH_TO_SPACE": ([1, 4, 4, 4], [1, 8, 8, 1], [], {"block_size": 2}),
    "MAX_POOL_2D": ([1, 4, 4, 4], [1, 2, 2, 4], [], POOL),
    "PAD": ([1, 4, 4, 4], [1, 6, 6, 4], [[[0, 0], [1, 1], [1, 1], [0, 0]]], None),
    "RESIZE_BILINEAR": ([1, 4, 4, 4], [1, 8, 8, 4], [[8, 8]], {}),
    "SLICE": ([1, 4, 4, 4], [1, 2, 2, 4], [[0, 0, 0, 0], [1, 2, 2, 4]], None),
    "SPACE_TO_DEPTH": ([1, 4, 4, 4], [1, 2, 2, 16], [], {"block_size": 2}),
    "STRIDED_SLICE": ([1, 4, 4, 4], [1, 2, 2, 4], [[0, 0, 0, 0], [1, 2, 2, 4], [1, 1, 1, 1]], {}),
    "TRANSPOSE": ([1, 4, 4, 2], [1, 2, 4, 4], [[0, 3, 1, 2]], None),
}


def copy(kind: str, after: dict[str, Any], before: dict[str, Any] = SAME, dtype: str = "INT8") -> GraphBuilder:
    read, made, constants, options = COPIES[kind]
    return one_op(kind, read, made, constants, options, (dtype, dtype), (before, after))


def split(after: dict[str, Any], types: tuple[str, str] = ("INT8", "INT8")) -> GraphBuilder:
    return one_op("SPLIT", [1, 4], [1, 2], [1], {"num_splits": 2}, types, (SAME, after), outputs=2)


def reduction(kind: str, shape: Sequence[int] = RANK_7) -> GraphBuilder:
    return one_op(kind, shape, shape[:-1], [[len(shape) - 1]], {})


def softmax(shape: Sequence[int], types: tuple[str, str] = ("FLOAT32", "FLOAT32")) -> GraphBuilder:
    return one_op("SOFTMAX", shape, shape, [], {"beta": 1.0}, types)


def heavy(
    kind: str = "CONV_2D",
    kernel: dict[str, Any] | None = None,
    bias: dict[str, Any] | None = None,
    output: dict[str, Any] = SAME,
    **more: Any,
) -> GraphBuilder:
    """An INT8 convolution of 4 channels or fully connected layer; `kernel` and `bias` are their scales."""
    g = GraphBuilder()
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    shapes = {"DEPTHWISE_CONV_2D": (1, 3, 3, 4), "FULLY_CONNECTED": (4, 4)}
    read, made = [1, 8, 8, more.get("channels", 4)], [1, 8, 8, 4]
    if kind == "FULLY_CONNECTED":
        read, made = [1, 4], [1, 4]
    x = g.input("x", read, "INT8", **SAME)
    weights = np.ones(shapes.get(kind, (4, 3, 3, 4)), np.int8)
    w = g.constant("w", weights, **{"axis": axis, **(SAME if kernel is None else kernel)})
    b = g.constant("b", np.zeros(4, np.int32), **({"scale": 0.01} if bias is None else bias))
    y = g.tensor("y", made, "INT8", **output)
    options: dict[str, Any] = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    if kind != "TRANSPOSE_CONV":
        options |= {"dilation_w_factor": 1, "dilation_h_factor": 1}
    if kind == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = more.get("multiplier", 1)
    inputs = [integers(g, made), w, x, b] if kind == "TRANSPOSE_CONV" else [x, w, b]
    g.op(kind, inputs, y, {} if kind == "FULLY_CONNECTED" else options, version=3)
    g.output(y)
    return g


def product(output_scale: float, constant: bool = True, made: str = "INT8") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [2, 3, 4], "INT8", **SAME)
    right = (
        g.constant("w", np.ones((2, 4, 5), np.int8), **SAME) if constant else g.input("w", [2, 4, 5], "INT8", **SAME)
    )
    g.output(g.op("BATCH_MATMUL", [x, right], g.tensor("y", [2, 3, 5], made, scale=output_scale), {}))
    return g


def dynamic_range() -> GraphBuilder:
    """FLOAT32 in and out, INT8 weights."""
    g = GraphBuilder()
    w = g.constant("w", np.ones((4, 4), np.int8), **SAME)
    g.output(g.op("FULLY_CONNECTED", [g.input("x", [1, 4]), w, -1], g.tensor("y", [1, 4]), {}, version=3))
    return g


def permuted(*order: int) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [2] * len(order))
    g.output(g.op("TRANSPOSE", [x, integers(g, order, np.int64)], g.tensor("y", [2] * len(order))))
    return g


def variable(after: dict[str, Any]) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", **SAME)
    handle = g.op("VAR_HANDLE", [], g.tensor("v", [], "RESOURCE"), {"shared_name": "v", "container": ""})
    g.op("ASSIGN_VARIABLE", [handle, x], [])
    g.output(g.op("READ_VARIABLE", [handle], g.tensor("y", [1, 4], "INT8", **after)))
    return g


def prelu(slope: str = "FLOAT32") -> GraphBuilder:
    g = GraphBuilder()
    alpha = g.constant("a", np.ones(4, np.float16 if slope == "FLOAT16" else np.float32))
    g.output(g.op("PRELU", [g.input("x", [1, 4]), alpha], g.tensor("y", [1, 4])))
    return g


CHANNELS: dict[str, Any] = {"scale": [0.1, 0.2, 0.1, 0.1]}
OF_BIAS: dict[str, Any] = {"scale": [0.01, 0.02, 0.01, 0.01]}
CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")

FAULTY = {
    **{f"{kind} to another scale": copy(kind, NEAR) for kind in COPIES},
    "UINT8 to another scale": copy("PAD", NEAR, dtype="UINT8"),
    "TRANSPOSE to no scale": copy("TRANSPOSE", {}),
    "SPLIT to another scale": split(NEAR),
    "SPLIT to another type": split({}, ("INT8", "FLOAT32")),
    **{f"{kind} of 7 dimensions": reduction(kind) for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")},
    "SOFTMAX of 7 dimensions": softmax(RANK_7),
    "SOFTMAX to another type": softmax([1, 4], ("FLOAT32", "FLOAT16")),
    **{
        f"{kind} with a fine output": heavy(kind, CHANNELS, OF_BIAS, {"scale": 1e-6})
        for kind in (*CONVOLUTIONS, "FULLY_CONNECTED")
    },
    "a wrong depth multiplier": heavy("DEPTHWISE_CONV_2D", channels=2),
    "an INT64 permutation": permuted(0, 3, 1, 2),
    "a variable read with another scale": variable(OTHER),
    "BATCH_MATMUL to another type": product(0.1, made="UINT8"),
    "PRELU with another type": prelu("FLOAT16"),
}
SOUND = {
    **{f"{kind} to the same scale": copy(kind, SAME) for kind in COPIES},
    "RESHAPE to another scale is left to the CPU": one_op(
        "RESHAPE", [1, 4], [4], [[4]], {}, ("INT8", "INT8"), (SAME, OTHER)
    ),
    "no scales": copy("PAD", {}, {}),
    "floats": copy("PAD", {}, {}, "FLOAT32"),
    "SPLIT": split(SAME),
    "MEAN of 6 dimensions": reduction("MEAN", RANK_7[1:]),
    "LOGISTIC of 7 dimensions is left to the CPU": one_op("LOGISTIC", RANK_7, RANK_7),
    **{f"{kind} by channel": heavy(kind, CHANNELS, OF_BIAS) for kind in (*CONVOLUTIONS, "FULLY_CONNECTED")},
    **{f"{kind} by tensor": heavy(kind) for kind in (*CONVOLUTIONS, "FULLY_CONNECTED")},
    "FULLY_CONNECTED with one bias scale": heavy("FULLY_CONNECTED", CHANNELS),
    "an output just coarse enough": heavy("CONV_2D", output={"scale": 4e-5}),
    "the right depth multiplier": heavy("DEPTHWISE_CONV_2D", channels=2, multiplier=2),
    "an INT64 permutation that reads alike": permuted(1, 0),
    "a variable with one scale": variable(SAME),
    "BATCH_MATMUL of inputs": product(1e-6, constant=False),
    "BATCH_MATMUL": product(0.1),
    "PRELU": prelu(),
    "INT8 weights alone": dynamic_range(),
}


def bad() -> GraphBuilder:
    return FAULTY["PAD to another scale"]


def good() -> GraphBuilder:
    return SOUND["PAD to the same scale"]


@pytest.mark.parametrize("what", FAULTY)
def test_what_xnnpack_takes_and_cannot_prepare_is_an_error(what: str) -> None:
    [found] = findings(RULE, FAULTY[what])
    assert found.severity is Severity.ERROR
    assert "{" not in found.help


@pytest.mark.parametrize("what", SOUND)
def test_what_it_prepares_or_leaves_to_the_cpu_is_fine(what: str) -> None:
    assert findings(RULE, SOUND[what]) == []


@pytest.mark.parametrize("what", [*FAULTY, *SOUND])
def test_the_interpreter_says_the_same(what: str) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    content = {**FAULTY, **SOUND}[what].to_bytes()
    plain = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    if what != "BATCH_MATMUL to another type":  # the built-in kernel does not like it either
        litert.Interpreter(model_content=content, experimental_op_resolver_type=plain).allocate_tensors()
    interpreter = litert.Interpreter(model_content=content)
    if what in SOUND:
        interpreter.allocate_tensors()
        return
    with pytest.raises(RuntimeError, match=r"TfLiteXNNPackDelegate\) failed to prepare"):
        interpreter.allocate_tensors()


def test_a_constant_product_with_a_fine_output_is_an_error_too() -> None:
    [found] = findings(RULE, product(1e-6))  # the interpreter does not survive it
    assert found.message.endswith(
        "input scale times filter scale is 10,000 times the output scale (1e-06); XNNPACK takes less than 256."
    )


def test_the_numbers_are_told_with_what_to_do() -> None:
    [found] = findings(RULE, bad())
    assert found.location.address == "0/0:PAD"
    assert found.message == (
        "XNNPACK, which runs models on a CPU by default, takes PAD but cannot prepare it, so the interpreter does not "
        "load the model: its input has scale 0.1 and zero point 0, its output scale 0.1000001 and zero point 0; "
        "XNNPACK moves the bytes as they are."
    )
    [found] = findings(RULE, FAULTY["SOFTMAX of 7 dimensions"])
    assert found.help.endswith("with OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES.")


def test_zero_points_and_scales_of_a_bias_are_for_bias_params() -> None:
    assert findings(RULE, heavy(bias=OF_BIAS)) == []
    assert findings(RULE, heavy("DEPTHWISE_CONV_2D", SAME | {"zero_point": 3})) == []


@pytest.mark.parametrize("kind", COPIES)
def test_values_that_change_by_more_than_rounding_are_for_same_scale_violation(kind: str) -> None:
    assert findings(RULE, copy(kind, OTHER)) == []
    assert findings(RULE, copy(kind, {"scale": 0.1, "zero_point": 7}, dtype="UINT8")) == []


def test_ops_with_one_cause_are_one_finding() -> None:
    g = bad()
    x = g.input("a", [1, 4, 4, 4], "INT8", **SAME)
    y = g.tensor("b", [1, 8, 8, 1], "INT8", **NEAR)
    g.output(g.op("DEPTH_TO_SPACE", [x], y, {"block_size": 2}))
    [found] = findings(RULE, g)
    assert "takes 2 ops (PAD and DEPTH_TO_SPACE) but cannot prepare them" in found.message
    assert "load the model: PAD: its input has" in found.message
    assert [place.address for place in found.related] == ["0/1:DEPTH_TO_SPACE"]
    assert found.evidence["cause"] == "requantized"


def inside(caller: str, name: str = "body") -> GraphBuilder:
    """A faulty graph behind an op."""
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", **SAME)
    inner = g.subgraph(name)
    a = inner.input("a", [1, 4], "INT8", **SAME)
    b = inner.op("TRANSPOSE", [a, integers(inner, [0, 1])], inner.tensor("b", [1, 4], "INT8", **NEAR))
    inner.output(b)
    options: dict[str, Any] = {"cond_subgraph_index": 9, "body_subgraph_index": 1}
    if caller == "STABLEHLO_COMPOSITE":
        options = {"name": "mine", "decomposition_subgraph_index": 1}
    g.output(g.op(caller, [x], g.tensor("y", [1, 4], "INT8", **SAME), None if caller == "ABS" else options))
    return g


def test_graphs_that_ops_run_are_loaded_too() -> None:
    [found] = findings(RULE, inside("WHILE"))
    assert found.location.address == "1/0:TRANSPOSE"
    assert findings(RULE, inside("ABS")) == []
    assert findings(RULE, inside("STABLEHLO_COMPOSITE")) == []
    assert findings(RULE, inside("WHILE", "VALIDATION:body")) == []


def test_ops_that_miss_their_tensors_do_no_harm() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", **SAME)
    for kind in (*COPIES, *CONVOLUTIONS, "SPLIT", "BATCH_MATMUL", "FULLY_CONNECTED", "PRELU", "SOFTMAX", "MEAN"):
        for inputs in ([], [-1, -1, -1, -1], [x], [x, -1, x, x], [x, x, x, x]):
            g.op(kind, inputs, [])
    g.op("READ_VARIABLE", [x], [])
    g.op("ASSIGN_VARIABLE", [x], [])
    handle = g.op("VAR_HANDLE", [], g.tensor("v", [], "RESOURCE"))
    g.op("ASSIGN_VARIABLE", [handle], [])
    g.op("READ_VARIABLE", [handle], g.tensor("y", [1, 4], "INT8", **SAME))
    g.op("ADD_N", [handle], g.tensor("z", [1, 4]))
    g.op("my op", [x], g.tensor("w", [1, 4]))
    assert findings(RULE, g) == []
