"""What an op costs: multiply-accumulates, and the bytes that it reads and writes.

Sizes are the default ones: a dynamic dimension counts as what the file allocates before anybody resizes an input.
"""

from __future__ import annotations

from math import prod

from tflint.model import Op, Tensor

__all__ = ["macs"]

_CONTROL = frozenset({"IF", "WHILE", "CALL", "CALL_ONCE", "STABLEHLO_WHILE", "STABLEHLO_CASE", "STABLEHLO_COMPOSITE"})
_UNKNOWN = frozenset({"STABLEHLO_CONVOLUTION", "STABLEHLO_DOT_GENERAL", "STABLEHLO_CUSTOM_CALL", "DELEGATE", "UNKNOWN"})
_RECURRENT = frozenset(
    {"LSTM", "RNN", "SVDF"}
    | {"UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"}
    | {"UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"}
)


def macs(op: Op) -> int | None:
    """The multiply-accumulates of an op; None where they cannot be told: custom, unknown and control-flow ops.

    Only products that are summed count: convolutions, matrix products, recurrent cells. All else costs 0.

    Source: the layouts of the weights are those of LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,
    transpose_conv,fully_connected,batch_matmul,conv3d,conv3d_transpose,lstm}.cc.
    """
    if op.is_custom or op.kind in _CONTROL or op.kind in _UNKNOWN or op.kind.startswith("BUILTIN_"):
        return None
    if op.kind in _RECURRENT:
        return _recurrent(op)
    if op.kind not in _PRODUCTS:
        return 0
    slot, rank = _PRODUCTS[op.kind]
    weights = op.input(slot)
    result = op.outputs[0] if op.outputs else None
    if weights is None or result is None or not weights.has_rank or not result.has_rank:
        return None
    if rank is not None and len(weights.default_shape) != rank:
        return None
    return _product(op, weights, result)


_PRODUCTS: dict[str, tuple[int, int | None]] = {
    "CONV_2D": (1, 4),
    "DEPTHWISE_CONV_2D": (1, 4),
    "TRANSPOSE_CONV": (1, 4),
    "CONV_3D": (1, 5),
    "CONV_3D_TRANSPOSE": (1, 5),
    "FULLY_CONNECTED": (1, 2),
    "BATCH_MATMUL": (0, None),
}
"""Op -> the slot of its weights (of the left side), and their rank."""


def _product(op: Op, weights: Tensor, result: Tensor) -> int | None:
    shape = weights.default_shape
    if op.kind == "DEPTHWISE_CONV_2D":  # [1, height, width, out]
        return result.elements * shape[1] * shape[2]
    if op.kind == "CONV_2D":  # [out, height, width, in a group]
        return result.elements * prod(shape[1:])
    if op.kind == "FULLY_CONNECTED":  # [out, in]
        return result.elements * shape[1]
    if op.kind == "CONV_3D":  # [depth, height, width, in, out]
        return result.elements * prod(shape[:4])
    if op.kind == "BATCH_MATMUL":
        if len(shape) < 2:
            return None
        return result.elements * shape[-2 if op.options.get("adj_x") else -1]
    values = op.input(2)
    if values is None:
        return None
    # each input element meets every output channel at every place of the kernel
    taps = prod(shape[:3]) if op.kind == "TRANSPOSE_CONV" else prod(shape[:4])
    return values.elements * taps


def _recurrent(op: Op) -> int | None:
    """Every weight meets every step once. The state between steps, of rank 2 too, is a variable."""
    values = op.input(0)
    if values is None or not values.default_shape:
        return None
    inputs = op.inputs[2:3] if op.options.get("kernel_type") == "BASIC" else op.inputs[1:]  # there the state is none
    weights = [each for each in inputs if each is not None and not each.is_variable and len(each.default_shape) == 2]
    steps = prod(values.default_shape[:-1])
    return steps * sum(each.elements for each in weights)
