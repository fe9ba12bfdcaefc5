"""MediaTek NPUs, through LiteRT's Neuron compiler plugin.

Ops that the plugin cannot put into Neuron's terms it marks as unknown; on the others Neuron's compiler decides.

Source: LiteRT f67457790, litert/vendors/mediatek/compiler/compiler_plugin.cc, create_model.cc and
legalizations/{neuron_utils,common_op_legalization}.cc.
"""

from __future__ import annotations

from tflint import DType, Kind, Source, Target, Tensor
from tflint_rules.targets.tables.npu_plugin import COMPOSITE, composites, is_blockwise, listed, tensors, unloadable

__all__ = ["TARGET"]

_PLAIN = frozenset({DType.FLOAT32, DType.FLOAT16, DType.BOOL, DType.UINT8})
_ONE_SCALE = frozenset({DType.INT16, DType.UINT16})
_SCALED = frozenset({DType.INT8, DType.INT4})


def _fault(tensor: Tensor) -> str:
    """What keeps a tensor from having a Neuron type."""
    dtype, quant = tensor.dtype, tensor.quant
    name = str(dtype.value)
    if dtype in _PLAIN:
        return ""
    if dtype is DType.INT32:
        lopsided = quant is not None and quant.is_per_axis and any(map(int, quant.zero_point))
        return "INT32 with zero points that are not 0" if lopsided else ""
    if dtype is DType.INT64:
        if not tensor.is_constant:
            return "INT64 and not constant"
        return "INT64 quantized in blocks" if is_blockwise(tensor) else ""
    if dtype in _ONE_SCALE:
        fits = quant is not None and not quant.is_per_axis and not is_blockwise(tensor)
        return "" if fits else f"{name} without one scale"
    if dtype in _SCALED:
        return "" if quant is not None and not is_blockwise(tensor) else f"{name} without a scale"
    return name


TARGET = Target(
    name="mediatek",
    summary="MediaTek NPUs, through LiteRT's Neuron compiler plugin",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, litert/vendors/mediatek/compiler: compiler_plugin.cc, create_model.cc and legalizations",
        "2026-08-21",
        "Which ops and element types the plugin puts into Neuron's terms. All else is unknown: Neuron's compiler "
        "decides for each chip.",
    ),
    ops=listed(
        """
        ABS ADD AVERAGE_POOL_2D BATCH_MATMUL CAST CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEQUANTIZE DIV FULLY_CONNECTED
        GELU GREATER HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PAD PADV2
        PRELU QUANTIZE REDUCE_MAX RELU RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SOFTMAX SPLIT SQRT
        SQUARED_DIFFERENCE STABLEHLO_COMPOSITE STRIDED_SLICE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV
        """,
        "Neuron's compiler",
        more={COMPOSITE: (composites({"odml.rms_norm", "odml.l2_norm"}),)},
    ),
    types=(tensors(_fault),),
    refuses=(unloadable,),
)
