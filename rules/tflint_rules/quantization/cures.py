"""Ops that the converter leaves in float, what they come from, and what to write instead."""

from collections.abc import Iterable

__all__ = ["CURES", "INT8_KINDS", "INT16_GAPS", "cure"]

CURES = {
    "NEG": "Write 0.0 - x or -1.0 * x instead of -x; instead of LayerNormalization or GroupNormalization use a layer "
    "that computes (x - mean) * rsqrt(variance + epsilon) * gamma + beta, or BatchNormalization.",
    "SQUARE": "Write x * x instead of tf.square(x); use tf.math.l2_normalize instead of UnitNormalization, and layers "
    "of your own, written with x * x, instead of RMSNormalization and GroupNormalization.",
    "ELU": "Use activation='celu', which computes the same, or 'relu', 'gelu' or 'leaky_relu', instead of 'elu'.",
    "POW": "Write the power as a product, x * x * x, instead of tf.pow.",
    "CUMSUM": "Multiply by a constant triangular matrix with tf.matmul instead of tf.cumsum.",
    "ADD_N": "Write a + b + c instead of tf.add_n.",
    "CAST": "Write tf.where(x > 0, 1.0, 0.0) instead of a cast to float, and keep casts out of the quantized part.",
    "READ_VARIABLE": "Convert with converter._experimental_variable_quantization = True, which keeps the variables in "
    "integers.",
    "LOCAL_RESPONSE_NORMALIZATION": "Use BatchNormalization instead of local response normalization.",
    "RFFT2D": "Compute the spectrum outside the model, before its integer input.",
    "WHILE": "Convert with the loop unrolled (unroll=True in a Keras RNN): loops carry float values.",
    "IF": "Use tf.where instead of tf.cond: branches carry float values.",
    "CONV_3D": "Use 2-D convolutions over the frames: no kernel of CONV_3D computes in integers.",
}
"""Op -> what to do about it. Tried with TensorFlow 2.21.0 and Keras 3.15: the converter quantizes what is proposed."""

INT8_KINDS = frozenset(
    """
    ABS ADD ARG_MAX ARG_MIN AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_TO CONCATENATION CONV_2D
    DEPTHWISE_CONV_2D DEPTH_TO_SPACE DIV DYNAMIC_UPDATE_SLICE EQUAL EXP EXPAND_DIMS FILL FULLY_CONNECTED GATHER
    GATHER_ND GELU GREATER GREATER_EQUAL HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS LESS_EQUAL LOG LOGISTIC
    LOG_SOFTMAX LSTM MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NOT_EQUAL ONE_HOT PACK PAD PADV2 PRELU QUANTIZE
    REDUCE_MAX REDUCE_MIN REDUCE_PROD RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR
    RESIZE_NEAREST_NEIGHBOR REVERSE_SEQUENCE REVERSE_V2 RSQRT SCATTER_ND SELECT SELECT_V2 SLICE SOFTMAX
    SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH
    TILE TOPK_V2 TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK
    """.split()
)
"""The ops that the converter quantizes to int8.

Source: LiteRT f67457790, tflite/converter/ir/tfl_ops.td (QI8 results) and
tflite/converter/tools/optimize/operator_property.cc; most of them tried with TensorFlow 2.21.0.
"""

INT16_GAPS = frozenset(
    """
    ARG_MAX ARG_MIN DEPTH_TO_SPACE EQUAL GREATER GREATER_EQUAL HARD_SWISH L2_NORMALIZATION LESS LESS_EQUAL LOG_SOFTMAX
    LSTM NOT_EQUAL PRELU RELU_N1_TO_1 SPACE_TO_DEPTH SVDF UNIDIRECTIONAL_SEQUENCE_LSTM
    """.split()
)
"""Those of them that it does not quantize to int16.

Source: LiteRT f67457790, tflite/converter/tools/optimize/operator_property.cc, quantizable_int16.
"""


def cure(kinds: Iterable[str]) -> str:
    """What to do about ops of these kinds, empty where nothing is known: at most two proposals."""
    known = [CURES[kind] for kind in dict.fromkeys(kinds) if kind in CURES]
    return " ".join(known[:2])
