"""Intel NPUs, through LiteRT's OpenVINO compiler plugin.

Source: LiteRT f67457790, litert/vendors/intel_openvino/compiler/openvino_compiler_plugin.cc; the plugin of
ai-edge-litert 2.3.0 takes the same ops.
"""

from __future__ import annotations

from tflint import Graph, Kind, Model, Op, Source, Target, Unknown
from tflint_rules.targets.conditions import constant, required
from tflint_rules.targets.tables.npu_plugin import COMPOSITE, composites, entry_graphs, is_blockwise, listed, unloadable

__all__ = ["TARGET"]

_MOST_DIMENSIONS = 5

_OPS = listed(
    """
    ABS ADD ARG_MAX AVERAGE_POOL_2D BATCH_MATMUL BROADCAST_TO CAST CONCATENATION CONV_2D CONV_3D COS CUMSUM
    DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FLOOR_DIV FLOOR_MOD
    FULLY_CONNECTED GATHER GATHER_ND GELU GREATER GREATER_EQUAL HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS LESS_EQUAL
    LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NOT_EQUAL ONE_HOT
    PACK PAD PADV2 POW PRELU QUANTIZE RANGE REDUCE_ALL REDUCE_MAX RELU RELU_0_TO_1 RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR REVERSE_V2 RSQRT SELECT SELECT_V2 SIGN SIN SLICE SOFTMAX SPLIT SQRT SQUARE
    SQUARED_DIFFERENCE STABLEHLO_COMPOSITE STRIDED_SLICE SUB SUM TANH TILE TOPK_V2 TRANSPOSE TRANSPOSE_CONV UNPACK
    """,
    more={
        COMPOSITE: (composites({"odml.rms_norm"}),),
        "TOPK_V2": (required(1, "number of values"), constant(1, "number of values")),
    },
)


def _large_input(model: Model) -> str:
    """The plugin gives up on a model with an input of six dimensions or more."""
    for graph in entry_graphs(model):
        for tensor in graph.inputs:
            dimensions = len(tensor.default_shape)
            if dimensions > _MOST_DIMENSIONS:
                return f"input '{tensor.name}' has {dimensions} dimensions; up to {_MOST_DIMENSIONS} are supported"
    return ""


def _blockwise(op: Op, graph: Graph) -> str:
    """The plugin takes such an op, and stops when it hands it to OpenVINO: graph_iterator.cc."""
    for tensor in op.inputs:
        if tensor is not None and is_blockwise(tensor):
            return Unknown(
                f"'{tensor.name}' is quantized in blocks, which the plugin takes and OpenVINO does not compile"
            )
    return ""


TARGET = Target(
    name="intel-openvino",
    summary="Intel NPUs, through LiteRT's OpenVINO compiler plugin",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, litert/vendors/intel_openvino/compiler/openvino_compiler_plugin.cc",
        "2026-08-21",
        "Which ops the plugin takes, and which models it reads. Not checked: whether OpenVINO then compiles them for a "
        "device, and how ops that it takes are cut into pieces.",
    ),
    ops=_OPS,
    types=(_blockwise,),
    refuses=(unloadable, _large_input),
)
