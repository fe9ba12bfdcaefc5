"""The check that LiteRT's GPU delegates share, op by op: what its model analyzer once printed as GPU compatibility.

It looks at no ranks, few element types and no partitions: a delegate refuses more (the targets `gpu`, `gpu-mldrift`).

Source: LiteRT f67457790, tflite/tools/versioning/gpu_compatibility.cc, CheckGpuDelegateCompatibility with
GpuCompatibilityFlags::kEnhancedBroadcast, as for a model file.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import Condition, DType, Graph, Kind, Op, Source, Support, Target, Tensor, Unknown
from tflint_rules.targets.tables import gpu_compat_ops as ask
from tflint_rules.targets.tables.gpu_conditions import (
    FLOATS,
    activation,
    at_least,
    axes,
    dtypes,
    inputs,
    number,
    operands,
    pair,
    rank,
    shape,
)

__all__ = ["TARGET", "shared"]

_INT32 = DType.INT32

_ONE = Support(conditions=(operands(1),))
"""One input that is not constant, however many are, and one output."""
_ANY = Support()
_UNARY = Support(conditions=(operands(1, 0),))
_BINARY = Support(conditions=(pair,))
_FUSED_BINARY = Support(conditions=(pair, activation))
_REDUCTION = Support(conditions=(operands(1, 1), axes))
_BLOCKS = Support(conditions=(operands(1), ask.block_size))


def _beta(op: Op, graph: Graph) -> str:
    found = number(op, "beta")
    return "" if found == 1 else f"its beta is {found:g}; 1 is supported"


def _corners(op: Op, graph: Graph) -> str:
    both = number(op, "align_corners") and number(op, "half_pixel_centers")
    return "it has both align_corners and half_pixel_centers" if both else ""


def _reflects(op: Op, graph: Graph) -> str:
    mode = op.options.get("mode", "not set")
    return "" if mode == "REFLECT" else f"its mode is {mode}; REFLECT is supported"


def _paddings(op: Op, graph: Graph) -> str:
    if len(op.inputs) < 2:
        return "it has no paddings"
    found = shape(op.input(1))
    if found in ((3, 2), (4, 2)):
        return ""
    return f"its paddings have shape {list(found)}; [3, 2] or [4, 2] is supported"


def _dequantize(op: Op, graph: Graph) -> str:
    tensor = op.input(0)
    return "its input is INT16; other types are supported" if tensor is not None and tensor.dtype is DType.INT16 else ""


def _cast(op: Op, graph: Graph) -> str:
    source, made = op.input(0), op.outputs[0] if op.outputs else None
    if source is None or made is None:
        return f"it has no {'input' if source is None else 'output'}"
    before, after = source.dtype, made.dtype
    if DType.UNKNOWN in (before, after):
        return Unknown("an element type is newer than tflint")
    if (before is DType.BOOL and after in FLOATS) or (before in FLOATS and after is DType.BOOL):
        return ""
    plain = (DType.FLOAT32, DType.INT32)
    if before in plain and after in plain:
        return ""
    return (
        f"it casts {before.value} to {after.value}; "
        "BOOL to or from FLOAT16 or FLOAT32, and between FLOAT32 and INT32 is supported"
    )


def _same_made(op: Op, graph: Graph) -> str:
    source, made = op.input(0), op.outputs[0] if op.outputs else None
    if source is None or made is None or source.dtype is made.dtype:
        return ""
    return f"its input is {source.dtype.value} and its output {made.dtype.value}; equal types are supported"


def _same_inputs(*slots: int) -> Condition:
    def check(op: Op, graph: Graph) -> str:
        found = sorted({"left out" if tensor is None else str(tensor.dtype.value) for tensor in map(op.input, slots)})
        return "" if len(found) == 1 else f"the element types of its inputs differ: {', '.join(found)}"

    return check


_POOL = Support(conditions=(operands(1), ask.pool))
_PAD = Support(conditions=(operands(1), _paddings))
_SELECT = Support(
    types=(dtypes(0, DType.BOOL, *FLOATS, role="condition"),), conditions=(inputs(3, outputs=1), ask.select)
)
_RESIZE = Support(conditions=(operands(1), _corners))


def shared(*, enhanced: bool) -> dict[str, Support]:
    """What the check asks of each kind of op; `enhanced` is for a delegate that broadcasts between ranks."""
    broadcast = ask.broadcast(enhanced=enhanced)
    table = {
        "ADD": Support(conditions=(inputs(2), broadcast)),
        "ADD_N": Support(conditions=(inputs(2),)),
        "AVERAGE_POOL_2D": _POOL,
        "BATCH_MATMUL": Support(conditions=(inputs(2, outputs=1),)),
        "BITCAST": Support(conditions=(operands(1), ask.bitcast)),
        "CAST": Support(types=(_cast,), conditions=(operands(1),)),
        "CONCATENATION": _ANY,
        "CONV_2D": Support(conditions=(ask.convolution, ask.positive(dilation=True), activation)),
        "CUMSUM": Support(
            types=(dtypes(0, *FLOATS), _same_made, dtypes(1, _INT32, role="axis")),
            conditions=(inputs(2, outputs=1), ask.cumsum),
        ),
        "DENSIFY": Support(conditions=(operands(0),)),
        "DEPTHWISE_CONV_2D": Support(
            conditions=(ask.convolution, ask.positive(dilation=True), activation, ask.depthwise)
        ),
        "DEPTH_TO_SPACE": _BLOCKS,
        "DEQUANTIZE": Support(types=(_dequantize,), conditions=(inputs(1, outputs=1),)),
        "DYNAMIC_UPDATE_SLICE": Support(
            types=(_same_inputs(0, 1), dtypes(2, _INT32, role="start index")),
            conditions=(inputs(3), ask.update_slice),
        ),
        "EMBEDDING_LOOKUP": Support(
            types=(dtypes(1, DType.INT8, DType.INT4, DType.INT2, DType.FLOAT32, role="table"),),
            conditions=(inputs(2, outputs=1), ask.embedding),
        ),
        "FULLY_CONNECTED": Support(conditions=(ask.some_input, ask.fully_connected)),
        "GATHER": Support(types=(dtypes(1, _INT32, role="index"),), conditions=(pair, ask.gather_indices)),
        "HARD_SWISH": _ONE,
        "LSTM": Support(conditions=(ask.lstm,)),
        "MAX_POOL_2D": _POOL,
        "MIRROR_PAD": Support(conditions=(_reflects, *_PAD.conditions)),
        "MUL": Support(conditions=(inputs(2), broadcast, activation)),
        "ONE_HOT": Support(
            types=(
                *(dtypes(0, _INT32, role="index"), dtypes(2, DType.FLOAT32, role="on value")),
                dtypes(3, DType.FLOAT32, role="off value"),
            ),
            conditions=(inputs(4, outputs=1), ask.one_hot, ask.one_hot_values),
        ),
        "PAD": _PAD,
        "PADV2": _PAD,
        "RESIZE_BILINEAR": _RESIZE,
        "RESIZE_NEAREST_NEIGHBOR": _ONE,
        "SELECT": _SELECT,
        "SELECT_V2": _SELECT,
        "SLICE": Support(conditions=(at_least(3), rank(0, 3, 4))),
        "SOFTMAX": Support(conditions=(_beta,)),
        "SPACE_TO_DEPTH": _BLOCKS,
        "STABLEHLO_BROADCAST_IN_DIM": Support(
            types=(dtypes(1, _INT32, role="axis"),), conditions=(operands(1, 1), ask.broadcast_axes)
        ),
        "STABLEHLO_CBRT": Support(types=(dtypes(0, *FLOATS, DType.BFLOAT16), _same_made), conditions=(operands(1, 0),)),
        "STABLEHLO_CLAMP": Support(types=(_same_inputs(0, 1, 2),), conditions=(operands(3, 0), ask.bounds)),
        "STRIDED_SLICE": Support(conditions=(ask.strided_slice, rank(0, 3, 4))),
        "TOPK_V2": Support(conditions=(operands(1, outputs=2),)),
        "TRANSPOSE_CONV": Support(conditions=(ask.convolution, ask.positive())),
        **CUSTOM,
    }
    for names, support in _FAMILIES:
        table.update(dict.fromkeys(names.split(), support))
    return table


_TWO_OPERANDS = (
    "ATAN2 EQUAL FLOOR_DIV FLOOR_MOD GREATER GREATER_EQUAL LOGICAL_AND LOGICAL_OR LESS LESS_EQUAL MAXIMUM MINIMUM "
    "NOT_EQUAL POW RIGHT_SHIFT STABLEHLO_REMAINDER STABLEHLO_SHIFT_LEFT SQUARED_DIFFERENCE"
)
_FAMILIES = (
    ("PACK PRELU RELU RELU6 RELU_N1_TO_1 LEAKY_RELU SPLIT SPLIT_V", _ANY),
    ("QUANTIZE RESHAPE TILE TRANSPOSE", _ONE),
    ("MEAN SUM REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD REVERSE_V2", _REDUCTION),
    (
        "ABS CEIL COS ELU EXP FLOOR GELU LOG LOGICAL_NOT LOGISTIC NEG ROUND RSQRT SIGN SIN SQRT SQUARE TANH",
        _UNARY,
    ),
    (_TWO_OPERANDS, _BINARY),
    ("DIV SUB", _FUSED_BINARY),
)

CUSTOM: dict[str, Support] = {
    "Convolution2DTransposeBias": Support(conditions=(at_least(2), ask.packed_strides)),
    "MaxPoolingWithArgmax2D": Support(conditions=(ask.packed, operands(1, outputs=2), ask.packed_pool)),
    "MaxUnpooling2D": Support(conditions=(operands(2), ask.packed, ask.packed_pool)),
    "Resampler": Support(conditions=(operands(2), ask.resampler)),
}
"""MediaPipe's custom ops, which the delegates know by name."""

_UNREAD = ("Convolution2DTransposeBias", "MaxPoolingWithArgmax2D", "MaxUnpooling2D")


def _unread(op: Op, graph: Graph) -> str:
    return "the check does not read a custom op's options from a file"


def _from_file(support: Support) -> Support:
    """The same questions, asked of what the file's own buffers hold."""
    return Support(None, tuple(map(_of_file, support.types)), tuple(map(_of_file, support.conditions)))


def _of_file(condition: Condition) -> Condition:
    def check(op: Op, graph: Graph) -> str:
        if all(tensor is None or tensor.is_constant is _is_held(tensor) for tensor in op.inputs):
            return condition(op, graph)
        return condition(replace(op, inputs=tuple(map(_held, op.inputs))), graph)

    return check


def _is_held(tensor: Tensor) -> bool:
    """True where a buffer has bytes: one that has none is no constant here, and a variable may be one."""
    return tensor.data is not None and len(tensor.data) > 0


def _held(tensor: Tensor | None) -> Tensor | None:
    if tensor is None or tensor.is_constant is _is_held(tensor):
        return tensor
    data = tensor.data if _is_held(tensor) else None
    return replace(tensor, data=data, external=False, is_variable=False)


TARGET = Target(
    name="gpu-compat",
    summary="the op check that LiteRT's GPU delegates share, as for a model file",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, tflite/tools/versioning/gpu_compatibility.cc and op_signature.cc",
        "2026-08-21",
        "all of its rules; a delegate also asks for element types, ranks and op versions, and takes one partition",
    ),
    ops={kind: _from_file(support) for kind, support in shared(enhanced=True).items()}
    | dict.fromkeys(_UNREAD, Support(conditions=(_unread,))),
)
