"""Quantization parameters, all at once and op by op."""

import numpy as np
import pytest

from tflint.analysis.quantized import bad_channels, parameters, scale_reads
from tflint.testing import GraphBuilder, model


def test_parameters_are_those_of_all_intact_graphs() -> None:
    g = GraphBuilder()
    g.tensor("one", [4], "INT8", scale=0.5, zero_point=3)
    g.tensor("none", [4], "INT8")
    h = g.subgraph("other")
    h.tensor("two", [2], "INT8", scale=[0.25, 0.125], zero_point=[1, 2])
    known = parameters(model(g))
    assert [tensor.name for tensor in known.tensors] == ["one", "two"]
    assert known.scales.tolist() == [0.5, 0.25, 0.125]
    assert known.zero_points.tolist() == [3, 1, 2]
    h.graph["outputs"].append(99)
    assert [tensor.name for tensor in parameters(model(g)).tensors] == ["one"]


def test_newer_schemes_have_no_affine_parameters() -> None:
    g = GraphBuilder()
    details = ("BlockwiseQuantization", {"scales": 1, "zero_points": -1, "block_size": 32})
    g.tensor("blocks", [4], "INT4", quantization={"details": details})
    known = parameters(model(g))
    assert known.tensors == ()
    assert known.degenerate == known.out_of_range == known.smaller_than(1.0) == ()


def test_offenders_are_found_by_their_tensor() -> None:
    g = GraphBuilder()
    g.tensor("fine", [4], "INT8", scale=0.5)
    g.tensor("zero", [2], "INT8", scale=[0.5, 0.0], zero_point=[0, 200])
    g.tensor("small", [4], "UINT8", scale=1e-20, zero_point=200)
    known = parameters(model(g))
    assert [tensor.name for tensor in known.degenerate] == ["zero"]
    assert [tensor.name for tensor in known.smaller_than(1e-9)] == ["small"]
    assert [tensor.name for tensor in known.out_of_range] == ["zero"]


def test_zero_points_may_be_fewer_than_scales() -> None:
    g = GraphBuilder()
    quantization = {"scale": np.full(3, 0.1, np.float32), "zero_point": np.zeros(1, np.int64)}
    g.tensor("few", [3], "INT8", quantization=quantization)
    g.tensor("far", [3], "INT8", scale=0.1, zero_point=200)
    assert [tensor.name for tensor in parameters(model(g)).out_of_range] == ["far"]


@pytest.mark.parametrize(
    ("scale", "axis", "values", "bad"),
    [
        ([0.1, 0.0], 0, [[1, 1], [1, 1]], (1,)),
        ([0.1, 0.0], 0, [[1, 1], [0, 0]], ()),
        ([0.1, 0.0], 1, [[1, 0], [1, 0]], ()),
        ([0.1, -0.1], 0, [[1, 1], [0, 0]], (1,)),
        ([0.1, float("nan")], 0, [[1, 1], [0, 0]], (1,)),
        ([0.0, 0.0, 0.1], 0, [[0, 0], [0, 0]], (0, 1)),
        ([0.1, 0.0], 5, [[0, 0], [0, 0]], (1,)),
        (0.0, 0, [[0, 0], [0, 0]], ()),
        (0.0, 0, [[0, 1], [0, 0]], (0,)),
    ],
)
def test_bad_channels_are_those_that_scale_anything(
    scale: float | list[float], axis: int, values: list[list[int]], bad: tuple[int, ...]
) -> None:
    g = GraphBuilder()
    g.constant("w", np.asarray(values, np.int8), scale=scale, axis=axis)
    assert bad_channels(model(g).graphs[0].tensors[0]) == bad


def test_what_an_activation_scales_is_not_known() -> None:
    g = GraphBuilder()
    g.tensor("x", [4], "INT8", scale=0.0)
    assert bad_channels(model(g).graphs[0].tensors[0]) == (0,)


def reads(kind: str, ins: list[str], outs: list[str]) -> list[tuple[str, int | None]]:
    """The scales that an op reads: `i0`, `i1`, `o0` and their axis."""
    g = GraphBuilder()
    inputs = [-1 if name == "-" else g.tensor(f"i{number}", [4], name) for number, name in enumerate(ins)]
    outputs = [g.tensor(f"o{number}", [4], name) for number, name in enumerate(outs)]
    g.op(kind, inputs, outputs)
    return [(tensor.name, axis) for _, tensor, axis in scale_reads(model(g).graphs[0])]


@pytest.mark.parametrize(
    ("kind", "ins", "outs", "expected"),
    [
        ("CONV_2D", ["INT8", "INT8", "INT32"], ["INT8"], [("i1", 0), ("i0", None), ("o0", None)]),
        ("DEPTHWISE_CONV_2D", ["FLOAT32", "INT8", "FLOAT32"], ["FLOAT32"], [("i1", 3)]),
        ("TRANSPOSE_CONV", ["INT32", "INT4", "INT16"], ["INT16"], [("i1", 0), ("i2", None), ("o0", None)]),
        ("FULLY_CONNECTED", ["FLOAT32", "FLOAT32"], ["FLOAT32"], []),
        ("FULLY_CONNECTED", ["INT8"], [], [("i0", None)]),
        ("FULLY_CONNECTED", ["INT8", "-"], ["INT8"], [("i0", None), ("o0", None)]),
        ("EMBEDDING_LOOKUP", ["INT32", "INT8"], ["FLOAT32"], [("i1", 0)]),
        ("EMBEDDING_LOOKUP", ["INT32", "INT8"], ["INT8"], []),
        ("BATCH_MATMUL", ["INT8", "INT8"], ["INT8"], [("i0", None), ("i1", None), ("o0", None)]),
        ("BATCH_MATMUL", ["INT8", "INT8"], ["INT32"], []),
        ("LESS", ["INT8", "INT8"], ["BOOL"], [("i0", None), ("i1", None)]),
        ("L2_NORMALIZATION", ["INT8"], ["INT8"], [("o0", None)]),
        ("DEQUANTIZE", ["UINT8"], ["FLOAT32"], [("i0", None)]),
        ("ADD", ["INT16", "INT16"], ["INT16"], []),
        ("RESHAPE", ["INT8"], ["INT8"], []),
        ("my_op", ["INT8"], ["INT8"], []),
    ],
)
def test_a_kernel_reads_the_scales_that_it_computes_with(
    kind: str, ins: list[str], outs: list[str], expected: list[tuple[str, int | None]]
) -> None:
    assert reads(kind, ins, outs) == expected
