"""Ops that the runtime has, in shapes and with attributes that it does not take, and in those that it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tf_graphs import TensorFlowGraph as G
from tflint.forecast import Status
from tflint.model import DType, Shape

IMAGE = (1, 4, 4, 8)
Build = Callable[[G], Any]


def op(kind: str, *shapes: Shape | None, dtype: str = "FLOAT32", outputs: int = 1, **options: Any) -> Build:
    """An op on inputs of these shapes."""
    return lambda g: g.op(kind, [g.input(shape, dtype) for shape in shapes], outputs, **options)


def with_constants(kind: str, shape: Shape | None, *values: Any, dtype: str = "FLOAT32", **options: Any) -> Build:
    """An op on an input and constants."""
    return lambda g: g.op(kind, [g.input(shape, dtype), *(g.constant(each, "int32") for each in values)], **options)


def norm(*, uses: int) -> Build:
    def build(g: G) -> Any:
        made = [g.tensor() for _ in range(6)]
        g.op("FusedBatchNormV3", [g.input(IMAGE)] * 5, made, T="FLOAT32", U="FLOAT32", data_format="NHWC")
        if uses:
            g.output(made[uses])
        return made[0]

    return build


def stitched(shape: Shape, *, constant: bool = True) -> Build:
    def build(g: G) -> Any:
        rows = g.constant([0], "int32") if constant else g.input((1,), "INT32")
        return g.op("DynamicStitch", [rows, g.input(shape)], T="FLOAT32")

    return build


REFUSED: list[tuple[str, Build, Status, str]] = [
    ("BiasAdd", op("BiasAdd", (2, 3, 4), (3,), T="FLOAT32", data_format="NCHW"), Status.FAILS, "has 3 dimensions, not 4"),
    ("Conv3D", op("Conv3D", (1, 2, 4, 4, 4), (1, 1, 1, 2, 2), T="FLOAT32", data_format="NCDHW"), Status.FLEX,
     "data_format is NCDHW"),
    ("DepthToSpace", op("DepthToSpace", IMAGE, T="FLOAT32", data_format="NCHW"), Status.FLEX, "data_format is NCHW"),
    ("dilated", op("Conv2DBackpropInput", (4,), (1, 1, 8, 8), IMAGE, T="FLOAT32", dilations=(1, 2, 2, 1)), Status.FLEX,
     "dilations is (1, 2, 2, 1)"),
    ("statistics", norm(uses=1), Status.FLEX, "output 1 is used, which only training makes"),
    ("DynamicStitch", stitched((1, 2), constant=False), Status.FLEX, "no constant which rows go where"),
    ("DynamicStitch of open size", stitched((None, 2)), Status.FLEX, "a size of its inputs is not known"),
    ("FakeQuant", op("FakeQuantWithMinMaxVars", (2,), (), ()), Status.FLEX, "the smallest value is no constant"),
    ("GatherV2", op("GatherV2", (2, 3), (1,), (), Tparams="FLOAT32"), Status.FLEX, "the axis is no constant"),
    ("Atan2", op("Atan2", (2, 3), (3,), T="FLOAT32"), Status.FAILS, "its inputs differ in shape"),
    ("InvertPermutation", op("InvertPermutation", (None,), dtype="INT32", T="INT32"), Status.FLEX, "a size of its input"),
    ("MatrixDiag", with_constants("MatrixDiagV3", (3,), 1, -1, -1, 0, T="FLOAT32"), Status.FLEX, "is number 1, not the main"),
    ("which diagonal", op("MatrixDiagV3", (3,), (), T="FLOAT32"), Status.FLEX, "which diagonal is no constant"),
    ("ApproxTopK", op("ApproxTopK", (2, 3), T="FLOAT32", is_max_k=True, reduction_dimension=0), Status.FAILS,
     "dimension 0 is reduced"),
    ("DivNoNan", op("DivNoNan", (None, 1, 1, 1, 1, 2), (2,), T="FLOAT32"), Status.FAILS, "cannot broadcast 6 dimensions"),
    ("SelectV2", op("SelectV2", (None, 1, 1, 1, 1, 2), (2,), (), T="FLOAT32"), Status.FAILS, "cannot broadcast 6 dimensions"),
    ("OnesLike", op("OnesLike", (None, 2), dtype="UINT16", T="UINT16"), Status.FLEX, "BROADCAST_TO takes no UINT16"),
    ("SpaceToBatchND", with_constants("SpaceToBatchND", (4, 4), [2], [[0, 0]], T="FLOAT32"), Status.FLEX,
     "2 dimensions, not 3 to 4"),
    ("Equal", op("Equal", (1, 1, 1, 1, 2), (2,), dtype="STRING", T="STRING"), Status.FLEX, "strings of 5 dimensions"),
    ("Gather", op("Gather", (2, 3), (1,), dtype="STRING", Tparams="STRING"), Status.FLEX, "strings from 2 dimensions"),
    ("QuantizeAndDequantizeV4", op("QuantizeAndDequantizeV4", (2,), (), (), T="FLOAT32"), Status.FAILS,
     "the smallest value is no constant"),
    (
        "Transpose",
        with_constants("Transpose", (2, 3, 2, 3, 2, 3, 2), [6, 5, 4, 3, 2, 1, 0], T="FLOAT32"),
        Status.FLEX,
        "7 runs of dimensions change places",
    ),
    ("Roll", op("Roll", (2, 3), (), (), T="FLOAT32"), Status.FLEX, "the shift is no constant"),
]  # fmt: skip

TAKEN: list[tuple[str, Build]] = [
    ("BiasAdd", op("BiasAdd", (2, 3, 4, 4), (3,), T="FLOAT32", data_format="NCHW")),
    ("Conv2DBackpropInput", op("Conv2DBackpropInput", (4,), (1, 1, 8, 8), IMAGE, T="FLOAT32", data_format="NCHW")),
    ("Conv3D", op("Conv3D", (1, 4, 4, 4, 2), (1, 1, 1, 2, 2), T="FLOAT32", data_format="NDHWC")),
    ("statistics that nothing takes", norm(uses=0)),
    ("DynamicStitch", stitched((1, 2))),
    ("Atan2", op("Atan2", (2, 3), (2, 3), T="FLOAT32")),
    ("Atan2 of unknown ranks", op("Atan2", None, None, T="FLOAT32")),
    ("InvertPermutation", op("InvertPermutation", (3,), dtype="INT32", T="INT32")),
    ("MatrixDiag", with_constants("MatrixDiagV3", (3,), 0, -1, -1, 0, T="FLOAT32")),
    ("MatrixDiag of open size", with_constants("MatrixDiagV3", (None,), 1, -1, -1, 0, T="FLOAT32")),
    ("MatrixSetDiag", lambda g: g.op(
        "MatrixSetDiagV3", [g.input((3, 3)), g.input((3,)), g.constant(0, "int32")], T="FLOAT32")),
    ("ApproxTopK", op("ApproxTopK", (2, 3), T="FLOAT32", is_max_k=True, reduction_dimension=1)),
    ("DivNoNan", op("DivNoNan", (None, 2), (2,), T="FLOAT32")),
    ("DivNoNan by a constant", lambda g: g.op(
        "DivNoNan", [g.input((None, 1, 1, 1, 1, 2)), g.constant([2.0])], T="FLOAT32")),
    ("SelectV2", op("SelectV2", (2, 1, 1, 1, 1, 2), (2,), (), T="FLOAT32")),
    ("OnesLike", op("OnesLike", (None, 2), T="FLOAT32")),
    ("SpaceToBatchND", with_constants("SpaceToBatchND", (1, 4, 4, 1), [2, 2], [[0, 0], [0, 0]], T="FLOAT32")),
    ("Transpose", with_constants("Transpose", (2, 3, 2, 3, 2, 3, 1), [2, 3, 6, 4, 5, 0, 1], T="FLOAT32")),
    ("Transpose by what is not known", op("Transpose", (2, 3), (2,), T="FLOAT32")),
    ("MatMul", op("MatMul", (2, 3), (3, 2), T="FLOAT32")),
    ("Roll", with_constants("Roll", (2, 3), 1, 0, T="FLOAT32")),
]  # fmt: skip

GONE: list[tuple[str, Build]] = [
    ("AddN of one", op("AddN", (2, 3), dtype="FLOAT64", T="FLOAT64")),
    ("BroadcastTo the same shape", with_constants("BroadcastTo", (2, 3), [2, 3], dtype="FLOAT64", T="FLOAT64")),
    ("ConcatV2 of one", with_constants("ConcatV2", (2, 3), 0, dtype="FLOAT64", T="FLOAT64")),
    ("Pad by nothing", with_constants("Pad", (2, 3), [[0, 0], [0, 0]], dtype="FLOAT64", T="FLOAT64")),
    ("Transpose in order", with_constants("Transpose", (2, 3), [0, 1], dtype="FLOAT64", T="FLOAT64")),
    ("Tile once", with_constants("Tile", (2, 3), [1, 1], dtype="FLOAT64", T="FLOAT64")),
    (
        "Cast to the same type",
        lambda g: g.op("Cast", [g.input((2,), "FLOAT64")], SrcT=DType.FLOAT64, DstT=DType.FLOAT64),
    ),
]


def built(build: Build) -> G:
    g = G()
    return g.output(build(g))


@pytest.mark.parametrize(
    ("build", "status", "reason"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_what_the_runtime_does_not_take_is_told_with_its_reason(build: Build, status: Status, reason: str) -> None:
    found = built(build).forecast()
    assert found.verdict is status, found.reasons
    assert reason in found.reasons[0]


@pytest.mark.parametrize("build", [each[1] for each in TAKEN], ids=[each[0] for each in TAKEN])
def test_what_it_takes_is_builtin(build: Build) -> None:
    assert built(build).forecast().verdict is Status.BUILTIN


@pytest.mark.parametrize("build", [each[1] for each in GONE], ids=[each[0] for each in GONE])
def test_nothing_is_left_of_an_op_that_changes_nothing_whatever_its_type(build: Build) -> None:
    found = built(build).forecast()
    assert (found.verdict, found.ops[0].becomes) == (Status.BUILTIN, ())
