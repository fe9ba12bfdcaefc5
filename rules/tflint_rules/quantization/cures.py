"""Ops that the converter leaves in float, what they come from, and what to write instead."""

from collections.abc import Iterable

__all__ = ["CURES", "cure"]

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


def cure(kinds: Iterable[str]) -> str:
    """What to do about ops of these kinds, empty where nothing is known: at most two proposals."""
    known = [CURES[kind] for kind in dict.fromkeys(kinds) if kind in CURES]
    return " ".join(known[:2])
