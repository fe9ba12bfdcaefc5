"""Patterns of TensorFlow's ops that the converter knows, and those that only look like them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tf_graphs import TensorFlowGraph, model
from tflint.forecast import predicted
from tflint.model import Shape, Tensor


class Maker(TensorFlowGraph):
    """Ops by their names, on values and numbers."""

    def __call__(self, kind: str, *inputs: Tensor | float | Sequence[Any], shape: Shape = (), **options: Any) -> Tensor:
        given = [
            each if isinstance(each, Tensor) else self.constant(each, options.pop("const", "float32"))
            for each in inputs
        ]
        first = next((each for each in given if not each.is_constant), given[0])
        outputs = [self.tensor(shape or first.shape, options.pop("made", first.dtype.name))]
        return self.op(kind, given, outputs, **options)


def kinds(draw: Callable[[Maker, Tensor], Tensor], shape: Shape = (None, 4, 4, 3)) -> list[str]:
    """What is left of an expression of one value."""
    g = Maker()
    g.output(draw(g, g.input(shape)))
    found = predicted(model(g))
    assert found is not None
    return [op.kind for op in found.graphs[0].ops]


def _relu6(g: Maker, x: Tensor) -> Tensor:
    return g("Relu6", g("AddV2", x, 3.0))


def _tanh_gelu(g: Maker, x: Tensor) -> Tensor:
    cubed = g("Mul", g("Pow", x, 3.0), 0.044715)
    return g("AddV2", g("Tanh", g("Mul", g("AddV2", x, cubed), 0.7978845608)), 1.0)


def _softmax(g: Maker, x: Tensor) -> Tensor:
    raised = g("Exp", x)
    axis = g.constant([-1], "int32")
    return g("RealDiv", raised, g("Sum", raised, axis, shape=(*x.shape[:-1], 1), keep_dims=True))


def _length(g: Maker, x: Tensor) -> Tensor:
    return g("Sum", g("Square", x), g.constant([-1], "int32"), shape=(*x.shape[:-1], 1), keep_dims=True)


KNOWN: dict[str, tuple[Callable[[Maker, Tensor], Tensor], list[str]]] = {
    "hard swish by a product": (lambda g, x: g("Mul", g("Mul", x, _relu6(g, x)), 1 / 6), ["HARD_SWISH"]),
    "hard swish by a division": (lambda g, x: g("RealDiv", g("Mul", x, _relu6(g, x)), 6.0), ["HARD_SWISH"]),
    "hard swish, scaled first": (lambda g, x: g("Mul", x, g("Mul", _relu6(g, x), 1 / 6)), ["HARD_SWISH"]),
    "hard sigmoid": (lambda g, x: g("RealDiv", _relu6(g, x), 6.0), ["ADD", "MUL"]),
    "hard swish of another slope": (
        lambda g, x: g("RealDiv", g("Mul", x, _relu6(g, x)), 5.0), ["ADD", "MUL", "MUL"]
    ),
    "GELU": (
        lambda g, x: g("Mul", g("Mul", x, 0.5), g("AddV2", g("Erf", g("Mul", x, 0.70710678)), 1.0)), ["GELU"]
    ),
    "GELU by erfc": (
        lambda g, x: g("Mul", g("Mul", x, 0.5), g("Erfc", g("Mul", g("Neg", x), 0.70710678))), ["GELU"]
    ),
    "GELU by tanh": (lambda g, x: g("Mul", g("Mul", x, 0.5), _tanh_gelu(g, x)), ["GELU"]),
    "GELU by tanh, halved last": (lambda g, x: g("Mul", x, g("Mul", _tanh_gelu(g, x), 0.5)), ["GELU"]),
    "leaky": (lambda g, x: g("Maximum", g("Mul", x, 0.1), x), ["LEAKY_RELU"]),
    "leaky the other way around": (lambda g, x: g("Maximum", x, g("Mul", x, 0.1)), ["MUL", "MAXIMUM"]),
    "PReLU": (
        lambda g, x: g("AddV2", g("Relu", x), g("Mul", g("Relu", g("Neg", x)), np.full((1, 1, 3), -0.2))), ["PRELU"]
    ),
    "at least zero": (lambda g, x: g("Maximum", x, 0.0), ["RELU"]),
    "at least nearly zero": (lambda g, x: g("Maximum", x, 1e-12), ["MAXIMUM"]),
    "zero to six": (lambda g, x: g("Minimum", g("Relu", x), 6.0), ["RELU6"]),
    "six, then at least zero": (lambda g, x: g("Relu", g("Minimum", x, 6.0)), ["RELU6"]),
    "minus one to one": (lambda g, x: g("Minimum", g("Maximum", x, -1.0), 1.0), ["RELU_N1_TO_1"]),
    "one, then at least minus one": (lambda g, x: g("Maximum", g("Minimum", x, 1.0), -1.0), ["RELU_N1_TO_1"]),
    "zero to one": (lambda g, x: g("Minimum", g("Maximum", x, 0.0), 1.0), ["RELU", "MINIMUM"]),
    "twice at least zero": (lambda g, x: g("Relu", g("Relu", x)), ["RELU"]),
    "sigmoid": (lambda g, x: g("RealDiv", 1.0, g("AddV2", g("Exp", g("Neg", x)), 1.0)), ["LOGISTIC"]),
    "one over a root": (lambda g, x: g("RealDiv", 1.0, g("Sqrt", x)), ["RSQRT"]),
    "softmax": (_softmax, ["SOFTMAX"]),
    "softmax of what is less than its most": (
        lambda g, x: g("Softmax", g("Sub", x, g("Max", x, g.constant([-1], "int32"), shape=(*x.shape[:-1], 1),
                                                keep_dims=True))), ["SOFTMAX"]
    ),
    "arg max of a softmax": (
        lambda g, x: g("ArgMax", g("Softmax", x), g.constant(-1, "int32"), shape=x.shape[:-1], made="INT64"),
        ["ARG_MAX"],
    ),
    "over its length": (lambda g, x: g("Mul", x, g("Rsqrt", g("Maximum", _length(g, x), 1e-12))), ["L2_NORMALIZATION"]),
    "divided by its length": (lambda g, x: g("RealDiv", x, g("Sqrt", _length(g, x))), ["L2_NORMALIZATION"]),
    "times one": (lambda g, x: g("Mul", x, 1.0), []),
    "and nothing": (lambda g, x: g("Sub", g("AddV2", 0.0, x), 0.0), []),
    "divided by a number": (lambda g, x: g("RealDiv", x, 4.0), ["MUL"]),
    "two sums": (lambda g, x: g("AddV2", g("AddV2", x, 1.0), [1.0, 2.0, 3.0]), ["ADD"]),
    "two products": (lambda g, x: g("Mul", g("Mul", x, 2.0), 3.0), ["MUL", "MUL"]),
    "to the power of two": (lambda g, x: g("Pow", x, 2.0), ["MUL"]),
    "to the power of one": (lambda g, x: g("Pow", x, 1.0), []),
    "a root": (lambda g, x: g("Pow", x, 0.5), ["SQRT"]),
    "one over a root, as a power": (lambda g, x: g("Pow", x, -0.5), ["RSQRT"]),
    "not less": (
        lambda g, x: g("LogicalNot", g("Less", x, 2.0, made="BOOL"), made="BOOL"), ["GREATER_EQUAL"]
    ),
    "chosen where not": (
        lambda g, x: g("SelectV2", g("LogicalNot", g("LogicalAnd", g("Greater", x, 1.0, made="BOOL"),
                                                     g("Less", x, 2.0, made="BOOL"), made="BOOL"), made="BOOL"), x, 0.0),
        ["GREATER", "LESS", "LOGICAL_AND", "SELECT_V2"],
    ),
    "a value twice computed": (lambda g, x: g("Mul", g("Exp", x), g("Exp", x)), ["EXP", "MUL"]),
}  # fmt: skip


@pytest.mark.parametrize(("draw", "expected"), KNOWN.values(), ids=KNOWN)
def test_a_pattern_becomes_what_the_converter_makes_of_it(
    draw: Callable[[Maker, Tensor], Tensor], expected: list[str]
) -> None:
    assert kinds(draw) == expected


def _reshaped(g: Maker, x: Tensor, *sizes: int) -> Tensor:
    return g("Reshape", x, g.constant(sizes, "int32"), shape=tuple(sizes))


def _turned(g: Maker, x: Tensor, *order: int) -> Tensor:
    return g("Transpose", x, g.constant(order, "int32"), shape=tuple(x.shape[place] for place in order))


MOVED: dict[str, tuple[Callable[[Maker, Tensor], Tensor], list[str]]] = {
    "a value comes before a move": (lambda g, x: g("Relu", _reshaped(g, x, 16, 3)), ["RELU", "RESHAPE"]),
    "one reshape is enough": (lambda g, x: _reshaped(g, _reshaped(g, x, 16, 3), 3, 16), ["RESHAPE"]),
    "there and back is nothing": (lambda g, x: _reshaped(g, _reshaped(g, x, 16, 3), 1, 4, 4, 3), []),
    "turned twice is turned once": (lambda g, x: _turned(g, _turned(g, x, 0, 3, 1, 2), 0, 2, 1, 3), ["TRANSPOSE"]),
    "turned there and back is nothing": (
        lambda g, x: _turned(g, g("Exp", _turned(g, x, 0, 3, 1, 2)), 0, 2, 3, 1), ["EXP"]
    ),
    "a constant comes before a reshape": (lambda g, x: g("Mul", _reshaped(g, x, 16, 3), 2.0), ["MUL", "RESHAPE"]),
    "two reshapes come after": (
        lambda g, x: g("AddV2", _reshaped(g, g("Exp", x), 16, 3), _reshaped(g, g("Tanh", x), 16, 3)),
        ["EXP", "TANH", "ADD", "RESHAPE"],
    ),
    "a reduction keeps its dimensions": (
        lambda g, x: _reshaped(g, g("Mean", x, g.constant([1, 2], "int32"), shape=(1, 3)), 1, 1, 1, 3), ["MEAN"]
    ),
    "what only adds dimensions goes": (
        lambda g, x: g("Mul", x, _reshaped(g, g("Mean", x, g.constant([0, 1, 2], "int32"), shape=(3,)), 1, 3)),
        ["MEAN", "MUL"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("draw", "expected"), MOVED.values(), ids=MOVED)
def test_moves_are_put_behind_or_left_out(draw: Callable[[Maker, Tensor], Tensor], expected: list[str]) -> None:
    assert kinds(draw, (1, 4, 4, 3)) == expected


def test_a_product_turns_its_values_itself() -> None:
    g = Maker()
    x, y = g.input((2, 3, 8)), g.input((2, 5, 8))
    g.output(g("BatchMatMulV2", x, _turned(g, y, 0, 2, 1), shape=(2, 3, 5)))
    found = predicted(model(g))
    assert found is not None
    [op] = found.graphs[0].ops
    assert (op.kind, op.options["adj_y"]) == ("BATCH_MATMUL", True)


def test_an_einsum_is_a_product_of_matrices() -> None:
    g = Maker()
    x, y = g.input((2, 3, 4, 5)), g.input((2, 6, 4, 5))
    g.output(g("Einsum", x, y, shape=(2, 4, 3, 6), equation="bqhd,bkhd->bhqk"))
    found = predicted(model(g))
    assert found is not None
    assert [op.kind for op in found.graphs[0].ops] == ["TRANSPOSE", "TRANSPOSE", "BATCH_MATMUL"]
    assert found.graphs[0].ops[-1].outputs[0].shape == (2, 4, 3, 6)


def test_an_einsum_of_one_value_is_unknown() -> None:
    assert kinds(lambda g, x: g("Einsum", x, shape=(4, 4), equation="aab->b"), (4, 4, 3)) == ["TENSORFLOW_EINSUM"]


def _dense(g: Maker, x: Tensor) -> Tensor:
    y = g("MatMul", x, np.ones((x.shape[-1] or 1, 5)), shape=(x.shape[0], 5))
    return g("BiasAdd", y, [1.0, 2.0, 3.0, 4.0, 5.0])


def _read_twice(g: Maker, x: Tensor) -> Tensor:
    y = _dense(g, x)
    return g("Mul", g("Relu", y), g("Tanh", y))


DENSE: dict[str, tuple[Callable[[Maker, Tensor], Tensor], list[str]]] = {
    "one that others read too is there twice": (
        _read_twice,
        ["FULLY_CONNECTED", "TANH", "FULLY_CONNECTED", "MUL"],
    ),
    "a factor goes into the weights": (lambda g, x: _dense(g, g("Mul", x, 2.0)), ["FULLY_CONNECTED"]),
    "a number goes into the bias": (lambda g, x: _dense(g, g("Sub", x, 2.0)), ["FULLY_CONNECTED"]),
    "several numbers do not": (lambda g, x: _dense(g, g("Mul", x, np.arange(8))), ["MUL", "FULLY_CONNECTED"]),
    "rows of one are cut off": (
        lambda g, x: _dense(g, _reshaped(g, _reshaped(g, g("Exp", x), 1, 1, 4, 8), 4, 8)), ["EXP", "FULLY_CONNECTED"]
    ),
    "a constant first is turned to be second": (
        lambda g, x: g("MatMul", np.ones((3, 4)), x, shape=(3, 8)), ["TRANSPOSE", "FULLY_CONNECTED", "TRANSPOSE"]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("draw", "expected"), DENSE.values(), ids=DENSE)
def test_what_stands_around_a_product_with_weights(
    draw: Callable[[Maker, Tensor], Tensor], expected: list[str]
) -> None:
    assert sorted(kinds(draw, (4, 8))) == sorted(expected)


@pytest.mark.parametrize(("shape", "expected"), [
    ((4,), ["EMBEDDING_LOOKUP"]),
    ((2, 2), ["RESHAPE", "EMBEDDING_LOOKUP", "RESHAPE"]),
])  # fmt: skip
def test_a_product_with_one_hot_rows_looks_them_up(shape: Shape, expected: list[str]) -> None:
    g = Maker()
    hot = g.op("OneHot", [g.input(shape, "INT32"), g.constant(6, "int32"), g.constant(1.0), g.constant(0.0)],
               [g.tensor((*shape, 6))], axis=-1)  # fmt: skip
    g.output(g("BatchMatMulV2", hot, np.ones((6, 3)), shape=(*shape, 3)))
    found = predicted(model(g))
    assert found is not None
    assert [op.kind for op in found.graphs[0].ops] == expected


def test_a_dilated_convolution_of_a_sequence_is_one_of_an_image() -> None:
    g = Maker()
    x = g.input((1, 8, 3))
    two, pads, crops = (g.constant(each, "int32") for each in ([2], [[2, 2]], [[0, 0]]))
    blocks = g.op("SpaceToBatchND", [x, two, pads], [g.tensor((2, 6, 3))])
    wide = g("ExpandDims", blocks, g.constant(1, "int32"), shape=(2, 1, 6, 3))
    y = g("Conv2D", wide, np.ones((1, 3, 3, 4)), shape=(2, 1, 4, 4), strides=(1, 1, 1, 1), padding="VALID",
          dilations=(1, 1, 1, 1))  # fmt: skip
    flat = g("Squeeze", y, shape=(2, 4, 4), squeeze_dims=(1,))
    g.output(g.op("BatchToSpaceND", [flat, two, crops], [g.tensor((1, 8, 4))]))
    found = predicted(model(g))
    assert found is not None
    _, conv, _ = found.graphs[0].ops
    assert (conv.options["dilation_h_factor"], conv.options["dilation_w_factor"]) == (1, 2)
    assert conv.options["padding"] == "SAME"


def test_a_size_that_only_python_knew_is_open_and_what_measures_it_stays() -> None:
    g = Maker()
    x = g.input((None, 6, 3))
    sizes = g.op("Shape", [x], [g.tensor((3,), "INT32")])
    ends = [g.constant([each], "int32") for each in (0, 2, 1)]
    first = g.op("StridedSlice", [sizes, *ends], [g.tensor((2,), "INT32")])
    target = g.op("ConcatV2", [first, g.constant([1, 3], "int32"), g.constant(0, "int32")], [g.tensor((4,), "INT32")])
    y = g.op("Reshape", [x, target], [g.tensor((None, 6, 1, 3))])
    measured = g.op("Shape", [g("Exp", y)], [g.tensor((4,), "INT32")])
    ends = [g.constant([each], "int32") for each in (1, 2, 1)]
    part = g.op("StridedSlice", [measured, *ends], [g.tensor((), "INT32")], shrink_axis_mask=1)
    g.output(part)
    found = predicted(model(g))
    assert found is not None
    assert found.graphs[0].ops[-1].kind == "STRIDED_SLICE"
    assert next(op for op in found.graphs[0].ops if op.kind == "RESHAPE").outputs[0].shape == (None, None, 1, 3)
