"""Samsung NPUs (Exynos), through LiteRT's AI LiteCore compiler plugin.

The plugin takes every op of a model, and makes none of it where it cannot build one of them.

Source: LiteRT f67457790, litert/vendors/samsung/compiler/compiler_plugin.cc, create_model.cc and builders/*.cc.
"""

from __future__ import annotations

from tflint import Condition, DType, Graph, Kind, Op, Source, Target, Tensor
from tflint_rules.targets.conditions import attribute, rank
from tflint_rules.targets.tables.npu_plugin import (
    COMPOSITE,
    composites,
    fixed,
    is_blockwise,
    listed,
    single,
    tensors,
    unloadable,
)

__all__ = ["TARGET"]

_TYPED = frozenset(
    {
        *(DType.BOOL, DType.INT4, DType.INT8, DType.UINT8, DType.INT16, DType.UINT16, DType.INT32, DType.INT64),
        *(DType.FLOAT16, DType.FLOAT32),
    }
)
_NUMBERS = "BOOL INT8 UINT8 INT16 UINT16 INT32 UINT32 INT64 FLOAT32 FLOAT64"
"""Constants that the plugin can read."""


def _fault(tensor: Tensor) -> str:
    if tensor.dtype not in _TYPED:
        return str(tensor.dtype.value)
    return f"{tensor.dtype.value} quantized in blocks" if is_blockwise(tensor) else ""


def _read(slot: int, role: str) -> Condition:
    return fixed(slot, role, _NUMBERS)


def _as_long(op: Op, graph: Graph) -> str:
    """Begin and end of STRIDED_SLICE have one length."""
    begin, end = op.input(1), op.input(2)
    if begin is None or end is None or begin.elements == end.elements:
        return ""
    return f"begin has {begin.elements} elements, end {end.elements}; equal numbers are supported"


def _zero_point(op: Op, graph: Graph) -> str:
    """PAD without a value pads with the zero point, so there must be one; with a value, that is a constant."""
    source, value = op.input(0), op.input(2)
    if value is not None:
        return _read(2, "value to pad with")(op, graph)
    per_axis = source is not None and source.quant is not None and source.quant.is_per_axis
    return "input has a scale for each channel; one scale is supported" if per_axis else ""


def _new_shape(op: Op, graph: Graph) -> str:
    """The shape that RESHAPE makes is a constant; an empty one makes a single number."""
    shape = op.input(1)
    return (
        "" if shape is not None and shape.dtype is DType.INT32 and not shape.elements else fixed(1, "shape")(op, graph)
    )


_PADDED = fixed(1, "padding", "INT32 INT64")

TARGET = Target(
    name="samsung",
    summary="Samsung Exynos NPUs, through LiteRT's AI LiteCore compiler plugin",
    kind=Kind.RUNTIME,
    source=Source(
        "LiteRT f67457790, litert/vendors/samsung/compiler: compiler_plugin.cc, create_model.cc and builders",
        "2026-08-21",
        "Which ops and element types the plugin builds. All else is unknown: Samsung's compiler decides for each chip.",
    ),
    ops=listed(
        """
        ABS ADD ARG_MAX AVERAGE_POOL_2D BATCH_MATMUL BROADCAST_TO CAST CEIL CONCATENATION CONV_2D CONV_3D COS CUMSUM
        DEPTHWISE_CONV_2D DEQUANTIZE DIV EMBEDDING_LOOKUP EQUAL EXP FLOOR FLOOR_DIV FULLY_CONNECTED GATHER GATHER_ND
        GELU GREATER GREATER_EQUAL HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS LOG LOGICAL_AND LOGISTIC MAXIMUM
        MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NOT_EQUAL PAD PADV2 POW QUANTIZE REDUCE_MAX REDUCE_MIN RELU RELU6
        RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 RSQRT SELECT SELECT_V2 SIN
        SLICE SOFTMAX SPACE_TO_DEPTH SPLIT SQRT SQUARED_DIFFERENCE STABLEHLO_COMPOSITE STRIDED_SLICE SUB SUM TANH
        TRANSPOSE TRANSPOSE_CONV
        """,
        "Samsung's compiler",
        more={
            COMPOSITE: (composites({"odml.rms_norm"}, inlined=False),),
            "ARG_MAX": (_read(1, "axis"), single(1, "axis")),
            "BROADCAST_TO": (_read(1, "shape"),),
            "FULLY_CONNECTED": (rank(1, 2, 2, "filter"),),
            **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), (_read(1, "axis"),)),
            "MIRROR_PAD": (_PADDED,),
            **dict.fromkeys(("PAD", "PADV2"), (_PADDED, _zero_point)),
            "RESHAPE": (_new_shape,),
            "SLICE": (_read(1, "begin"), _read(2, "size")),
            "SPLIT": (_read(0, "axis"), single(0, "axis")),
            "STRIDED_SLICE": (
                *(attribute("offset", (False,), False), _read(1, "begin"), _read(2, "end"), _read(3, "stride")),
                _as_long,
            ),
            "TRANSPOSE": (_read(1, "permutation"),),
        },
    ),
    types=(tensors(_fault),),
    refuses=(unloadable,),
)
