"""The XNNPACK delegate: what the TFLite and LiteRT interpreters run on a CPU unless they are told otherwise.

Source: LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc, VisitNode and PrepareOpsToDelegate, with the
flags of the Python wheels: 8-bit and dynamic-range kernels on, FULLY_CONNECTED with weights that are not constant off.
Where that source writes a fault to its log and goes on (a negative begin of SLICE, a size of RESIZE_BILINEAR that is
not two numbers, weights of FULLY_CONNECTED without a scale, MediaPipe's pooling with an activation), the table refuses
the op, as the delegate of ai-edge-litert 2.3.0 does.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import Condition, Graph, Kind, Op, Source, Support, Target, Tensor, Verdict
from tflint_rules.targets.conditions import arity, attribute, required
from tflint_rules.targets.tables import xnnpack_ops as ask
from tflint_rules.targets.tables import xnnpack_weights as heavy
from tflint_rules.targets.tables.xnnpack_conditions import (
    EIGHT_BIT,
    FLOAT,
    FLOAT32,
    FLOAT32_OR_8BIT,
    FLOAT_OR_8BIT,
    FLOAT_OR_INT8,
    MOST_DIMENSIONS,
    Take,
    activation,
    bias,
    filter_and_bias_types,
    input_is,
    inputs_are,
    output_is,
    outputs_are,
    padding,
    positive,
    shaped,
    static,
    unpacks,
    weights,
)

__all__ = ["TARGET"]


def _input(slot: int) -> Take:
    return lambda op: op.input(slot)


def _output(op: Op) -> Tensor | None:
    return op.outputs[0] if op.outputs else None


def _up_to_6(slot: int, lowest: int = 0, role: str = "input") -> Condition:
    return shaped(_input(slot), lowest, MOST_DIMENSIONS, role)


def _one(types: tuple[str, ...], made: tuple[str, ...] = (), *more: Condition) -> Support:
    """An op of one input and one output."""
    return Support(None, (input_is(0, types), output_is(made or types)), (arity((1, 1), (1, 1)), *more))


def _unary(types: tuple[str, ...], *more: Condition) -> Support:
    return _one(types, types, _up_to_6(0), *more)


def _binary(types: tuple[str, ...], *more: Condition) -> Support:
    same = (ask.one_type,) if types is FLOAT_OR_8BIT else ()
    typed = (input_is(0, types, "input 0"), input_is(1, types, "input 1"), output_is(types), *same)
    return Support(None, typed, (arity((2, 2), (1, 1)), _up_to_6(0), _up_to_6(1), *more))


def _pool(source: tuple[str, ...], made: tuple[str, ...]) -> Support:
    sizes = positive("stride_w", "stride_h", "filter_width", "filter_height")
    return _one(source, made, sizes, ask.pool, padding, activation)


def _convolution(axis: int, strides: Condition, *more: Condition) -> Support:
    typed = (input_is(0, FLOAT_OR_8BIT), weights(1, lambda op: axis), bias(2), output_is(FLOAT_OR_8BIT))
    constants = (static(1, "filter", unpacked=True), static(2, "bias", unpacked=True))
    shapes = (
        *(shaped(_input(0), 4, 4, "input"), shaped(_input(1), 4, 4, "filter")),
        *(shaped(_input(2), 1, 1, "bias"), shaped(_output, 4, 4, "output")),
    )
    return Support(
        None,
        (*typed, filter_and_bias_types),
        (arity((3, 3), (1, 1)), required(2, "bias"), strides, *constants, *shapes, *more, padding, activation),
    )


_STRIDES = positive("stride_w", "stride_h", "dilation_w_factor", "dilation_h_factor")

_FULLY_CONNECTED = Support(
    None,
    (
        input_is(0, FLOAT_OR_8BIT),
        heavy.fully_connected_filter,
        bias(2),
        filter_and_bias_types,
        output_is(FLOAT_OR_8BIT),
    ),
    (
        heavy.sparse_version,
        attribute("weights_format", ("DEFAULT",), "DEFAULT"),
        arity((2, 3), (1, 1)),
        shaped(_input(1), 2, 2, "filter"),
        static(1, "filter", unpacked=True),
        static(2, "bias", unpacked=True),
        heavy.fully_connected,
        activation,
    ),
)

_BATCH_MATMUL = Support(
    None,
    (
        input_is(0, FLOAT_OR_8BIT, "left input"),
        weights(1, heavy.right_axis, "right input"),
        output_is(FLOAT_OR_8BIT),
    ),
    (heavy.batch_matmul,),
)

_TRANSPOSE_CONV = Support(
    None,
    (
        ask.integers(0, "output shape"),
        input_is(2, FLOAT32_OR_8BIT),
        weights(1, lambda op: 0),
        bias(3),
        output_is(FLOAT32_OR_8BIT),
    ),
    (
        arity((3, 4), (1, 1)),
        required(0, "output shape"),
        static(0, "output shape"),
        static(1, "filter", unpacked=True),
        static(3, "bias", unpacked=True),
        *(shaped(_input(1), 4, 4, "filter"), shaped(_input(2), 4, 4, "input")),
        *(shaped(_input(3), 1, 1, "bias"), shaped(_output, 4, 4, "output")),
        heavy.transpose_conv,
        activation,
    ),
)

_REDUCTION = Support(
    None,
    (input_is(0, FLOAT_OR_8BIT), ask.integers(1, "axis"), output_is(FLOAT_OR_8BIT)),
    (arity((2, 2), (1, 1)), required(1, "axis"), static(1, "axis"), ask.reduction_axes),
)

_ATTENTION = Support(
    None,
    (
        ask.known_composite,
        *(input_is(slot, FLOAT32, role) for slot, role in enumerate(("query", "key", "value"))),
        ask.mask_type,
        output_is(FLOAT32),
    ),
    (ask.attention,),
)

_OPS = {
    **dict.fromkeys(
        "ABS CEIL COS EXP FLOOR GELU HARD_SWISH LOG NEG RELU RELU6 RELU_N1_TO_1 ROUND RSQRT SIN SQRT SQUARE".split(),
        _unary(FLOAT),
    ),
    "ELU": _unary(FLOAT_OR_INT8),
    "LOGISTIC": _unary(FLOAT_OR_8BIT),
    "TANH": _unary(FLOAT_OR_8BIT),
    "LEAKY_RELU": _unary(FLOAT_OR_8BIT, ask.leaky_relu),
    "QUANTIZE": _unary(FLOAT_OR_8BIT, ask.quantize),
    "DEQUANTIZE": Support(
        None,
        (ask.unless_unpacked(input_is(0, EIGHT_BIT)), ask.unless_unpacked(output_is(FLOAT))),
        (arity((1, 1), (1, 1)), ask.unless_unpacked(_up_to_6(0))),
    ),
    "DENSIFY": Support(None, (), (ask.densify,)),
    **dict.fromkeys(("DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"), _binary(FLOAT, activation)),
    "ADD": _binary(FLOAT_OR_8BIT, ask.scales_of_sum, activation),
    "SUB": _binary(FLOAT_OR_8BIT, ask.scales_of_sum, activation),
    "MUL": _binary(FLOAT_OR_8BIT, ask.scales_of_product, activation),
    "PRELU": _binary(FLOAT, static(1, "slope", unpacked=True)),
    "VAR_HANDLE": Support(),
    "ASSIGN_VARIABLE": Support(None, (input_is(1, FLOAT_OR_8BIT, "value"),), (required(0, "variable"),)),
    "READ_VARIABLE": Support(None, (output_is(FLOAT_OR_8BIT),), (required(0, "variable"), ask.variable_value)),
    "AVERAGE_POOL_2D": _pool(FLOAT, FLOAT),
    "MAX_POOL_2D": _pool(FLOAT32_OR_8BIT, FLOAT_OR_8BIT),
    "BATCH_MATMUL": _BATCH_MATMUL,
    "CONCATENATION": Support(
        None, (inputs_are(FLOAT_OR_8BIT), output_is(FLOAT_OR_8BIT)), (arity((2, 5), (1, 1)), ask.concatenation)
    ),
    "CONV_2D": _convolution(0, _STRIDES, heavy.convolution),
    "DEPTHWISE_CONV_2D": _convolution(3, _STRIDES, heavy.depthwise),
    "TRANSPOSE_CONV": _TRANSPOSE_CONV,
    "FULLY_CONNECTED": _FULLY_CONNECTED,
    "DEPTH_TO_SPACE": _one(FLOAT_OR_8BIT, FLOAT_OR_8BIT, ask.block_size),
    "SPACE_TO_DEPTH": _one(FLOAT32_OR_8BIT, FLOAT_OR_8BIT, ask.block_size, ask.space_to_depth),
    **dict.fromkeys(("REDUCE_MIN", "REDUCE_MAX", "SUM", "MEAN"), _REDUCTION),
    "PAD": Support(
        None,
        (input_is(0, FLOAT_OR_8BIT), ask.integers(1, "amounts"), output_is(FLOAT_OR_8BIT)),
        (
            *(arity((2, 2), (1, 1)), required(1, "amounts"), static(1, "amounts"), _up_to_6(0, 1)),
            *(shaped(_output, 1, MOST_DIMENSIONS, "output"), ask.paddings),
        ),
    ),
    "RESHAPE": Support(
        None,
        (input_is(0, FLOAT_OR_8BIT), ask.integers(1, "shape"), output_is(FLOAT_OR_8BIT)),
        (
            *(arity((1, 2), (1, 1)), static(1, "shape"), _up_to_6(0)),
            *(shaped(_output, 0, MOST_DIMENSIONS, "output"), ask.reshape),
        ),
    ),
    "RESIZE_BILINEAR": Support(
        None,
        (input_is(0, FLOAT32_OR_8BIT), ask.integers(1, "size"), output_is(FLOAT_OR_8BIT)),
        (
            *(arity((2, 2), (1, 1)), required(1, "size"), static(1, "size"), shaped(_input(0), 4, 4, "input")),
            *(shaped(_output, 4, 4, "output"), ask.resize),
        ),
    ),
    "SLICE": Support(
        None,
        (
            *(input_is(0, FLOAT_OR_8BIT), ask.integers(1, "begin", long=True), ask.integers(2, "size", long=True)),
            output_is(FLOAT_OR_8BIT),
        ),
        (required(1, "begin"), required(2, "size"), static(1, "begin"), static(2, "size"), ask.slice_sizes),
    ),
    "STRIDED_SLICE": Support(
        None,
        (
            input_is(0, FLOAT_OR_8BIT),
            *(ask.integers(slot, role) for slot, role in enumerate(("begin", "end", "strides"), 1)),
            output_is(FLOAT_OR_8BIT),
        ),
        (
            *(required(1, "begin"), required(2, "end"), required(3, "strides")),
            *(static(1, "begin"), static(2, "end"), static(3, "strides"), ask.strided_slice),
        ),
    ),
    "SOFTMAX": _one(FLOAT, FLOAT, ask.softmax),
    "SPLIT": Support(
        None,
        (ask.integers(0, "axis"), input_is(1, FLOAT_OR_8BIT), outputs_are(FLOAT_OR_8BIT)),
        (arity((2, 2), (2, 4)), required(0, "axis"), static(0, "axis"), ask.split),
    ),
    "TRANSPOSE": Support(
        None,
        (input_is(0, FLOAT_OR_8BIT),),
        (arity((2, 2), (1, 1)), required(1, "permutation"), static(1, "permutation"), _up_to_6(0, 1), ask.permutation),
    ),
    "STABLEHLO_COMPOSITE": _ATTENTION,
    "odml.scaled_dot_product_attention": _ATTENTION,
    "Convolution2DTransposeBias": Support(
        None,
        (input_is(0, FLOAT32), input_is(1, FLOAT32, "filter"), input_is(2, FLOAT32, "bias"), output_is(FLOAT32)),
        (
            *(arity((3, 3), (1, 1)), static(1, "filter", unpacked=True), static(2, "bias", unpacked=True)),
            *(shaped(_input(0), 4, 4, "input"), shaped(_input(1), 4, 4, "filter"), shaped(_input(2), 1, 1, "bias")),
            *(shaped(_output, 4, 4, "output"), heavy.transposed_bias),
        ),
    ),
    "MaxPoolingWithArgmax2D": Support(
        None,
        (input_is(0, FLOAT32), output_is(FLOAT32)),
        (
            *(arity((1, 1), (2, 2)), shaped(_input(0), 4, 4, "input"), shaped(_output, 4, 4, "output")),
            *(shaped(lambda op: op.outputs[1], 4, 4, "output 1"), heavy.max_pool),
        ),
    ),
    "MaxUnpooling2D": Support(
        None,
        (input_is(0, FLOAT32), output_is(FLOAT32)),
        (
            *(arity((2, 2), (1, 1)), shaped(_input(0), 4, 4, "input"), shaped(_input(1), 4, 4, "input 1")),
            *(shaped(_output, 4, 4, "output"), heavy.max_unpool),
        ),
    ),
    "moe": Support(decided_elsewhere="moe: its options are a flexbuffer, which tflint does not read"),
}


def _revise(graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """What depends on the other ops of a graph: variables, and constants that are unpacked for their readers."""
    if graph.name.startswith("VALIDATION:"):  # Source: tflite/util.cc, IsValidationSubgraph
        why = "the runtime keeps delegates off graphs whose name begins with VALIDATION:"
        return tuple(replace(each, supported=False, reason=why) if each.supported else each for each in verdicts)
    found = dict(zip(graph.ops, verdicts, strict=True))
    _variables(graph, found)
    for op in graph.ops:
        if found[op].supported and unpacks(op, graph):
            found[op] = _with_readers(op, graph, found)
    return tuple(found.values())


def _with_readers(op: Op, graph: Graph, found: dict[Op, Verdict]) -> Verdict:
    """The verdict on an op that unpacks a constant: it stays where one of its readers does."""
    readers = [each for each in graph.consumers(op.outputs[0]) if each.kind != "moe" and not unpacks(each, graph)]
    for reader in readers:
        if found[reader].supported is False:
            return Verdict(False, f"{op.kind}: its output is read by {reader.kind}, which stays on the CPU")
    doubt = next((each for each in readers if found[each].supported is None), None)
    return (
        found[op]
        if doubt is None
        else Verdict(None, f"{op.kind}: its output is read by {doubt.kind}, which is unknown")
    )


def _variables(graph: Graph, found: dict[Op, Verdict]) -> None:
    """A variable is taken with the first read or write that can be; others must have its type and shape."""
    held: dict[Tensor, Tensor | None] = {}
    for op in graph.ops:
        if op.kind == "VAR_HANDLE" and op.outputs:
            held[op.outputs[0]] = None
        if op.kind not in ("READ_VARIABLE", "ASSIGN_VARIABLE") or found[op].supported is not True:
            continue
        variable, value = op.input(0), op.outputs[0] if op.kind == "READ_VARIABLE" else op.input(1)
        if variable is None or value is None or variable not in held:
            found[op] = Verdict(False, f"{op.kind}: its variable is not made in this graph")
            continue
        first = held[variable] or value
        held[variable] = first
        if first.dtype is not value.dtype or first.default_shape != value.default_shape:
            found[op] = Verdict(False, f"{op.kind}: its variable is used with another type or shape before")
    for op in graph.ops:
        if op.kind == "VAR_HANDLE" and not (op.outputs and held[op.outputs[0]]):
            found[op] = Verdict(False, "VAR_HANDLE: no read or write of its variable is supported")


TARGET = Target(
    name="xnnpack",
    summary="XNNPACK, the delegate that TFLite and LiteRT interpreters use on a CPU by default",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, tflite/delegates/xnnpack/xnnpack_delegate.cc; compared with ai-edge-litert 2.3.0",
        "2026-08-21",
        "All that the delegate checks when it chooses ops. Not checked: what only fails once its kernels are made, "
        "the options of the custom op moe, and delegates that are applied before it.",
    ),
    ops=_OPS,
    revise=_revise,
)
