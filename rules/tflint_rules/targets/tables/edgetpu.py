"""The Edge TPU (Coral), with compiler 16 and runtime 14, the last that there are.

The compiler is closed. Its table of operations is published, what it reports in words is known, and there are models
with their compiled counterparts; where these leave a question open, it stays open.

Source: the table of supported operations at coral.ai/docs/edgetpu/models-intro; google-coral/test_data 104342d2; for
the reasons of whole models google-coral/edgetpu issues 168, 631 and 829 and google-coral/libedgetpu issue 71; for
resizes google-coral/edgetpu issue 31.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import Condition, Kind, Limits, Source, Support, Target
from tflint_rules.targets.conditions import activation, arity, attribute
from tflint_rules.targets.tables import edgetpu_conditions as ask
from tflint_rules.targets.tables.delegates import computed_sizes

__all__ = ["TARGET"]

_TRANSPOSED = "the compiler maps some transposes and leaves others, for reasons that are not published"
_TILED = "it is not among the published operations, but a published model has one mapped"


def _op(known: int, *conditions: Condition, outputs: tuple[int, ...] = (0,), inputs: tuple[int, ...] = (0,)) -> Support:
    """An op of quantized inputs and outputs; `known` is the newest version that 8 bits need."""
    return Support(
        types=(ask.quantized(inputs, outputs),), conditions=(ask.version(known), ask.dimensions, *conditions)
    )


_UNARY = _op(2, arity((1, 1), (1, 1)))
_BINARY = _op(2, arity((2, 2), (1, 1)), inputs=(0, 1))
_POOL = _op(2, arity((1, 1), (1, 1)), activation())
_WEIGHTS = (ask.constant(1, "filter"), ask.constant(2, "bias"))
_DILATION = (*_WEIGHTS, ask.equal_dilation)
_REDUCTION = _op(2, ask.constant(1, "axis"), ask.no_batch_axis)

_OPS = {
    **dict.fromkeys(("ADD", "MAXIMUM", "MINIMUM", "MUL", "SQUARED_DIFFERENCE", "SUB"), _BINARY),
    **dict.fromkeys(
        (
            "L2_NORMALIZATION",
            "LOGISTIC",
            "QUANTIZE",
            "RELU",
            "RELU6",
            "RELU_N1_TO_1",
            "RSQRT",
            "SPACE_TO_DEPTH",
            "TANH",
        ),
        _UNARY,
    ),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _POOL),
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN", "SUM"), _REDUCTION),
    "RESIZE_BILINEAR": _op(3, ask.constant(1, "size"), ask.small_resize),
    "RESIZE_NEAREST_NEIGHBOR": replace(_op(3, ask.constant(1, "size")), decided_elsewhere=ask.RESIZED),
    "CONCATENATION": Support(
        types=(ask.all_quantized,), conditions=(ask.version(2), ask.dimensions, activation(), ask.padding_with_zeros)
    ),
    "CONV_2D": Support(types=(ask.weighted,), conditions=(ask.version(3), ask.dimensions, *_DILATION)),
    "DEPTHWISE_CONV_2D": Support(types=(ask.weighted,), conditions=(ask.version(3), ask.dimensions, *_DILATION)),
    "EXPAND_DIMS": _op(1, ask.constant(1, "axis")),
    "FULLY_CONNECTED": Support(
        types=(ask.weighted,),
        conditions=(
            *(ask.version(4), attribute("weights_format", ("DEFAULT",), "DEFAULT"), ask.one_row),
            *(ask.constant(1, "filter"), ask.constant(2, "bias")),
        ),
    ),
    "MEAN": _op(2, ask.constant(1, "axis"), ask.no_batch_axis, ask.channels_by_four),
    "PACK": Support(
        types=(ask.all_quantized,), conditions=(ask.version(2), ask.dimensions, ask.batch_option("axis", "packs"))
    ),
    "PAD": _op(2, ask.constant(1, "padding"), ask.no_batch_padding),
    "PRELU": _op(1, ask.constant(1, "alpha"), ask.flat_alpha, inputs=(0, 1)),
    "RESHAPE": _op(1, ask.constant(1, "shape"), ask.small_reshape),
    "SLICE": _op(2, ask.constant(1, "begin"), ask.constant(2, "size")),
    "SOFTMAX": _op(2, ask.one_row, ask.short_row),
    "SPLIT": Support(
        types=(ask.split_types,),
        conditions=(ask.version(2), ask.dimensions, ask.constant(0, "axis"), ask.no_batch_split),
    ),
    "SQUEEZE": _op(1),
    "STRIDED_SLICE": _op(
        2,
        *(ask.constant(1, "begin"), ask.constant(2, "end"), ask.constant(3, "stride"), ask.unit_strides),
        *(attribute("ellipsis_mask", (0,), 0), attribute("new_axis_mask", (0,), 0)),
    ),
    "TILE": Support(types=(ask.quantized((0,), (0,)),), conditions=(ask.dimensions,), decided_elsewhere=_TILED),
    "TRANSPOSE": Support(
        types=(ask.quantized((0,), (0,)),),
        conditions=(ask.dimensions, ask.constant(1, "permutation")),
        decided_elsewhere=_TRANSPOSED,
    ),
    "TRANSPOSE_CONV": Support(
        types=(ask.transposed_weights,),
        conditions=(ask.version(3), ask.dimensions, ask.constant(0, "output shape"), ask.constant(1, "filter")),
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Support(
        types=(ask.quantized((0,), (0,)),), conditions=(ask.version(1), ask.dimensions, ask.lstm_weights)
    ),
}

TARGET = Target(
    name="edgetpu",
    takes_integers=True,
    summary="Coral Edge TPU, with compiler 16 and runtime 14",
    kind=Kind.DELEGATE,
    source=Source(
        "coral.ai/docs/edgetpu/models-intro (table of supported operations), google-coral/test_data 104342d2",
        "2021-07-26",
        "The published limits of operations, element types and whole models. Not checked: limits that the compiler "
        "reports as unspecified, as those of size; what it maps with the option -a; older runtimes.",
    ),
    ops=_OPS,
    limits=Limits(prefix=True),
    refuses=(ask.not_quantized, ask.too_new, computed_sizes),
)
