"""What the layers of Keras call their variables, in the order that files have them.

Source: Keras 3.15.1, src/layers (the add_weight calls of each build); for Keras 2, tf_keras 2.21.0, src/layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["variable_names"]

_KERNEL = ("kernel", "bias?use_bias")
_RECURRENT = ("kernel", "recurrent_kernel", "bias?use_bias")
_SCALED = ("gamma?scale", "beta?center")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "Dense": _KERNEL,
    **{f"Conv{rank}D{end}": _KERNEL for rank in (1, 2, 3) for end in ("", "Transpose")},
    **{f"DepthwiseConv{rank}D": _KERNEL for rank in (1, 2)},
    **{f"SeparableConv{rank}D": ("depthwise_kernel", "pointwise_kernel", "bias?use_bias") for rank in (1, 2)},
    **{f"{kind}Cell": _RECURRENT for kind in ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")},
    "BatchNormalization": (*_SCALED, "moving_mean", "moving_variance"),
    "SyncBatchNormalization": (*_SCALED, "moving_mean", "moving_variance"),
    "LayerNormalization": _SCALED,
    "GroupNormalization": _SCALED,
    "RMSNormalization": ("scale",),
    "Embedding": ("embeddings",),
    "PReLU": ("alpha",),
    "Normalization": ("mean", "variance", "count"),
    "Attention": ("scale?use_scale",),
    "AdditiveAttention": ("scale?use_scale",),
    "SeedGenerator": ("seed_generator_state",),
}
"""Each variable of a class, and the setting that leaves it out where it is false."""


def variable_names(kind: str, config: Mapping[str, Any], shapes: Sequence[tuple[int, ...]], major: int) -> list[str]:
    """The names of a layer's own variables: their numbers where its class is not known, or has others than usual."""
    count = len(shapes)
    if kind == "EinsumDense":
        names = ["kernel", "bias"] if config.get("bias_axes") is not None else ["kernel"]
        names = names[:count] if config.get("bias_axes") == "" else names
    else:
        named = [name.partition("?") for name in _NAMES.get(kind, ())]
        names = [name for name, _, setting in named if not setting or config.get(setting, True)]
    if kind.startswith("DepthwiseConv") and major < 3:
        names[0] = "depthwise_kernel"
    if count == len(names) + 1 and config.get("quantization_config") and names[:1] == ["kernel"]:
        names.append("kernel_scale")
    return names if len(names) == count else [str(number) for number in range(count)]
