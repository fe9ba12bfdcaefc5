"""Qualcomm NPUs (Hexagon Tensor Processor), through LiteRT's QNN compiler plugin.

The plugin builds QNN ops out of an op, and refuses it where it can build none; it then asks the QNN library whether
the chip runs them, which depends on the chip and on the library's release.

Source: LiteRT f67457790, litert/vendors/qualcomm/compiler/qnn_compose_graph.cc and qnn_compiler_plugin.cc,
litert/vendors/qualcomm/core/builders/*.cc.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import DType, Graph, Kind, Model, Op, Source, Target, Tensor, Verdict, type_code
from tflint_rules.targets.conditions import attribute, input_types, rank
from tflint_rules.targets.tables.npu_plugin import (
    COMPOSITE,
    composites,
    entry_graphs,
    fixed,
    is_blockwise,
    listed,
    single,
    unloadable,
)

__all__ = ["TARGET"]

_DECIDES = "the QNN library of the chip"

_NO_TYPE = frozenset(
    {
        *(DType.STRING, DType.RESOURCE, DType.COMPLEX64, DType.BFLOAT16, DType.UINT4),
        *(DType.FLOAT8_E4M3FN, DType.FLOAT8_E5M2),
    }
)
"""Element types that LiteRT reads and the plugin cannot say to QNN."""

_FEW_BITS = "qi8 qu8 qi16 qu16"
_PLAIN = "i32 u32 f32"
"""What the plugin can fill a constant of its own with, beside those."""


def _untyped(model: Model) -> str:
    """One tensor that the plugin cannot say to QNN makes it give up on the whole model."""
    for graph in entry_graphs(model):
        for op in graph.ops:
            for tensor in (*op.inputs, *op.outputs):
                if tensor is not None and (fault := _fault(tensor)):
                    return f"'{tensor.name}' {fault}, which the plugin cannot tell QNN: it gives up on the whole model"
    return ""


def _fault(tensor: Tensor) -> str:
    if tensor.dtype in _NO_TYPE:
        return f"is {tensor.dtype.value}"
    return "is quantized in blocks" if is_blockwise(tensor) else ""


def _one_type(op: Op, graph: Graph) -> str:
    """The two values of ONE_HOT and what it makes have one element type, which QNN takes as a parameter."""
    found = sorted({type_code(tensor) for tensor in (*op.inputs[2:4], *op.outputs[:1])})
    if len(found) > 1:
        return f"its values and its output have different element types: {', '.join(found)}"
    return (
        ""
        if found[0] in ("qi8", "qu8", "qu16", "f32")
        else f"its values are {found[0]}; qi8, qu8, qu16 or f32 is supported"
    )


def _pad_value(op: Op, graph: Graph) -> str:
    """A value to pad with is a constant: of the input's type where that is quantized to 8 bits, else FLOAT32."""
    source, value = op.input(0), op.input(2)
    if source is None or value is None:
        per_axis = source is not None and source.quant is not None and source.quant.is_per_axis
        return "input has a scale for each channel; one scale is supported" if per_axis else ""
    if not value.is_constant:
        return "value to pad with is not constant"
    if source.dtype in (DType.INT16, DType.UINT16):
        return f"input is {source.dtype.value} and it has a value to pad with; for such an input there must be none"
    wanted = DType.FLOAT32 if source.dtype.is_float else source.dtype
    return "" if value.dtype is wanted else f"value to pad with is {value.dtype.value}; {wanted.value} is supported"


def _update(op: Op, graph: Graph) -> str:
    """The operand of DYNAMIC_UPDATE_SLICE has two dimensions or more, and the update as many."""
    operand, update, start = op.input(0), op.input(1), op.input(2)
    if operand is None or update is None or start is None:
        return "it has fewer than 3 inputs"
    dimensions, updated = len(operand.default_shape), len(update.default_shape)
    if dimensions < 2 or dimensions != updated:
        return f"operand has {dimensions} dimensions, update {updated}; equal numbers from 2 on are supported"
    return "" if start.dtype is DType.INT32 else f"start is {start.dtype.value}; INT32 is supported"


_VALUES = "INT8 UINT8 UINT16 INT32 INT64 BOOL FLOAT16 FLOAT32"
_AXES = (fixed(1, "axis"), rank(1, 0, 1, "axis"))
_PAD = (
    fixed(1, "padding", "INT32 INT64"),
    input_types(0, f"{_FEW_BITS} qi8c qu8c qi16c qu16c f16 f32", "input"),
    _pad_value,
)
_BLOCKS = (fixed(1, "block shape", "INT32 INT64"), fixed(2, "crop or padding", "INT32 INT64"))

_OPS = listed(
    """
    ABS ADD ARG_MAX ARG_MIN AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_TO CAST CEIL CONCATENATION CONV_2D
    CONV_3D COS CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL
    EXP FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GELU GREATER GREATER_EQUAL HARD_SWISH
    L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX
    MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL ONE_HOT PACK PAD PADV2 POW PRELU QUANTIZE REDUCE_ALL
    REDUCE_ANY REDUCE_MAX REDUCE_MIN RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT SCATTER_ND SELECT SELECT_V2 SIGN SIN SLICE SOFTMAX SPACE_TO_BATCH_ND
    SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE STABLEHLO_COMPOSITE STRIDED_SLICE SUB SUM TANH TILE
    TOPK_V2 TRANSPOSE TRANSPOSE_CONV UNPACK
    """,
    _DECIDES,
    more={
        COMPOSITE: (composites({"odml.rms_norm", "odml.group_norm", "odml.l2_norm"}),),
        "ARG_MAX": (fixed(1, "axis", "INT32 INT64"),),
        "ARG_MIN": (fixed(1, "axis", "INT32 INT64"),),
        **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), _AXES),
        **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _PAD),
        **dict.fromkeys(("BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND"), _BLOCKS),
        "BROADCAST_TO": (input_types(0, f"{_FEW_BITS} bool f32 i32 qi32", "input"),),
        "CUMSUM": (fixed(1, "axis"),),
        "DYNAMIC_UPDATE_SLICE": (_update,),
        "GATHER": (attribute("batch_dims", (0,), 0),),
        "LEAKY_RELU": (input_types(0, f"{_FEW_BITS} {_PLAIN}", "input"),),
        "ONE_HOT": (
            fixed(1, "depth", "INT32 UINT32"),
            *(fixed(2, "on value", _VALUES), fixed(3, "off value", _VALUES), _one_type),
            *(single(1, "depth"), single(2, "on value"), single(3, "off value")),
        ),
        "REVERSE_V2": (fixed(1, "axis"), rank(1, 0, 1, "axis"), single(1, "axis")),
        "SCATTER_ND": (input_types(1, f"{_FEW_BITS} {_PLAIN} qi32 qu32", "update"), fixed(2, "shape")),
        "SLICE": (fixed(1, "begin"), fixed(2, "size")),
        "SPLIT": (fixed(0, "axis"),),
        "SPLIT_V": (fixed(1, "size", "INT32 INT64"), fixed(2, "axis")),
        "STRIDED_SLICE": (
            attribute("ellipsis_mask", (0,), 0),
            *(fixed(1, "begin"), fixed(2, "end"), fixed(3, "stride")),
        ),
        "TILE": (fixed(1, "multiple", "INT32 INT64"),),
        "TOPK_V2": (fixed(1, "number of values", "INT32 UINT32"), single(1, "number of values")),
        "TRANSPOSE": (fixed(1, "permutation", "INT32 INT64"),),
    },
)


def _custom(graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """A custom op runs where its QNN op package is registered, which the model does not tell."""
    return tuple(
        replace(verdict, supported=None, reason=f"{op.kind} runs where a QNN op package for it is registered")
        if op.is_custom and verdict.supported is False
        else verdict
        for op, verdict in zip(graph.ops, verdicts, strict=True)
    )


TARGET = Target(
    name="qualcomm",
    summary="Qualcomm NPUs, through LiteRT's QNN compiler plugin",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, litert/vendors/qualcomm: compiler/qnn_compose_graph.cc, core/builders",
        "2026-08-21",
        "Which ops the plugin builds, and what it refuses to build. All else is unknown: the QNN library decides for "
        "each chip.",
    ),
    ops=_OPS,
    refuses=(unloadable, _untyped),
    revise=_custom,
)
