"""Google Tensor TPUs (Pixel phones), through LiteRT's compiler plugin.

The plugin keeps a list of what the compiler does not take, and offers it everything else; the compiler is closed.

Source: LiteRT f67457790, litert/vendors/google_tensor/compiler/compiler_plugin.cc; the schema's ops.
"""

from __future__ import annotations

from tflint import Kind, Source, Target
from tflint_rules.targets.tables.npu_plugin import COMPOSITE, composites, listed, unloadable

__all__ = ["TARGET"]

_OFFERED = """
    ABS ADD ADD_N ARG_MAX ARG_MIN ATAN2 AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BIDIRECTIONAL_SEQUENCE_RNN BITCAST
    BITWISE_XOR BROADCAST_TO CALL CAST CEIL CONCATENATION CONCAT_EMBEDDINGS CONV_2D CONV_3D COS CUMSUM DELEGATE
    DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DILATE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP
    EMBEDDING_LOOKUP_SPARSE EQUAL EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GELU
    GREATER GREATER_EQUAL HARD_SWISH HASHTABLE_LOOKUP IF L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG
    LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX LSH_PROJECTION LSTM MATMUL MAXIMUM MAX_POOL_2D MEAN MINIMUM
    MIRROR_PAD MUL NEG NOT_EQUAL ONE_HOT PACK PAD PADV2 POW PRELU QUANTIZE RANGE REDUCE_ALL REDUCE_ANY REDUCE_MAX
    REDUCE_MIN REDUCE_WINDOW RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR
    REVERSE_V2 RIGHT_SHIFT RNN ROUND RSQRT SCATTER_ND SELECT SELECT_V2 SIGN SIN SKIP_GRAM SLICE SOFTMAX
    SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE STABLEHLO_COMPOSITE
    STRIDED_SLICE SUB SUM TANH TILE TOPK_V2 TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK WHILE
    ZEROS_LIKE
"""

TARGET = Target(
    name="google-tensor",
    summary="Google Tensor TPUs, through LiteRT's compiler plugin",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, litert/vendors/google_tensor/compiler/compiler_plugin.cc",
        "2026-08-21",
        "The ops that the plugin keeps from the compiler. All else is unknown: the compiler is closed, and decides.",
    ),
    ops=listed(
        _OFFERED,
        "the compiler of the Tensor chips",
        more={COMPOSITE: (composites({"odml.rms_norm", "odml.group_norm", "odml.scaled_dot_product_attention"}),)},
    ),
    refuses=(unloadable,),
)
