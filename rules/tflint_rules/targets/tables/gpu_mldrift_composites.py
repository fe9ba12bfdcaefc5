"""The composite and custom ops that LiteRT's GPU accelerator knows by name.

Source: LiteRT f67457790, ml_drift_delegate/tflite/model_builder.cc (the norm, attention and embedding parsers) and
ml_drift_delegate/delegate/composite/*_parser.cc.
"""

from __future__ import annotations

from collections.abc import Mapping

from tflint import Graph, Op, Support, Tensor, Unknown
from tflint_rules.targets.tables.gpu_compat import CUSTOM as MEDIAPIPE
from tflint_rules.targets.tables.gpu_conditions import runtime_inputs, shape
from tflint_rules.targets.tables.gpu_flexbuffer import Value, attributes
from tflint_rules.targets.tables.gpu_mldrift_reads import as_float, bhwc, input_fault, output_faults, reads

__all__ = ["CUSTOM", "composite"]

_AXES = "_TENSOR_V1_reduction_axes"


def composite(op: Op, graph: Graph) -> str:
    """What the accelerator asks of the composite that the op's options name."""
    what = str(op.options.get("name", ""))
    check = _COMPOSITES.get(what)
    if check is None:
        return f"it does not know the composite '{what}'"
    return check(op, graph) or Unknown("its check takes the composite, at which ai-edge-litert 2.3.0 crashes on WebGPU")


def _attributes(op: Op) -> Mapping[str, Value]:
    raw = op.options.get("composite_attributes")
    return attributes(raw if isinstance(raw, memoryview | bytes) else None) or {}


def _group_norm(op: Op, graph: Graph) -> str:
    """A group or a layer normalization: `sub_type` says which; where it is missing, the reduction axes do."""
    found = _attributes(op)
    sub_type, axes = found.get("sub_type"), found.get(_AXES)
    groups = axes is not None if sub_type is None else sub_type == 0
    source = op.input(0)
    if source is None:
        return "it has no input"
    rank = len(source.default_shape)
    if rank > 4:
        return f"its input has {rank} dimensions; up to 4 are supported"
    for slot, role in ((1, "scale"), (2, "bias")):
        sizes = shape(op.input(slot))
        if len(op.inputs) > slot and (len(sizes) != 1 or sizes != source.default_shape[-1:]):
            return f"its {role} has shape {list(sizes)} for an input of {list(source.default_shape)}"
    last = rank - 1
    wanted = tuple(range(1, rank)) if groups and sub_type is not None else (last,)
    if axes is not None and _tensor(axes) != wanted:
        return f"it reduces over the axes {list(_tensor(axes))}; {list(wanted)} are supported"
    if groups and found.get("channel_axis", last) not in (None, last):
        return f"its channel axis is {found['channel_axis']}; {last} is supported"
    missing = [name for name in (("num_groups", "epsilon") if groups else ("epsilon",)) if found.get(name) is None]
    return f"it has no {missing[0]}" if missing else ""


def _tensor(value: Value) -> tuple[int | float, ...]:
    data = value.get("TENSOR_DATA") if isinstance(value, Mapping) else None
    return data if isinstance(data, tuple) else ()


def _norm(*slots: int) -> Support:
    return Support(conditions=(reads(0), lambda op, graph: _channels(op, slots)))


def _channels(op: Op, slots: tuple[int, ...]) -> str:
    """The constants in these slots, where they are there, have an element for each channel."""
    wanted = bhwc(op.input(0))[3]
    for slot, role in zip(slots, ("scale", "bias"), strict=False):
        if slot >= len(op.inputs):
            continue
        if fault := as_float(op.input(slot), "linear", role):
            return fault
        if (found := shape(op.input(slot))[-1]) != wanted and not (slot == 2 and found == 0):
            return f"its {role} has {found} elements and its input {wanted} channels"
    return ""


def _rms_norm(op: Op, graph: Graph) -> str:
    return input_fault(op, 0, "input") or output_faults(op, graph) or _channels(op, (1,))


def _numbers(op: Op) -> str:
    """Two inputs and one output, or three and two."""
    found = (len(op.inputs), len(op.outputs))
    if found in ((2, 1), (3, 2)):
        return ""
    return f"it has {found[0]} inputs and {found[1]} outputs; 2 and 1, or 3 and 2, are supported"


def _values(op: Op, graph: Graph, number_of: int) -> str:
    faults = (input_fault(op, slot, "input") for slot in range(number_of))
    return next(filter(None, faults), "") or output_faults(op, graph)


def _rotary(op: Op, graph: Graph) -> str:
    """Source and positions have one width."""
    return _numbers(op) or _widths(op.input(0), op.input(len(op.inputs) - 1)) or _values(op, graph, len(op.inputs))


def _widths(source: Tensor | None, positions: Tensor | None) -> str:
    a, b = bhwc(source)[2], bhwc(positions)[2]
    return "" if a == b else f"its input has width {a} and its positions {b}; equal ones are supported"


def _absolute(op: Op, graph: Graph) -> str:
    if (len(op.inputs), len(op.outputs)) != (2, 1):
        return f"it has {len(op.inputs)} inputs and {len(op.outputs)} outputs; 2 and 1 are supported"
    return _widths(op.input(0), op.input(1)) or _values(op, graph, 2)


def _rope(op: Op, graph: Graph) -> str:
    return _numbers(op) or _values(op, graph, len(op.inputs))


def _attention(op: Op, graph: Graph) -> str:
    """Keys and values have one shape, the queries their channels; a mask has a channel for each key."""
    if not 3 <= len(op.inputs) <= 4:
        return f"it has {len(op.inputs)} inputs; 3 or 4 are supported"
    query, key, value = (bhwc(op.input(slot)) for slot in range(3))
    if not query[3] == key[3] == value[3]:
        return (
            f"its queries, keys and values have {query[3]}, {key[3]} and {value[3]} channels; equal ones are supported"
        )
    if key != value:
        return f"its keys have shape {list(key)} and its values {list(value)}; equal ones are supported"
    if len(op.inputs) == 4 and (mask := bhwc(op.input(3)))[3] != key[1]:
        return f"its mask has {mask[3]} channels and its keys height {key[1]}; equal ones are supported"
    return ""


def _transposed_attention(op: Op, graph: Graph) -> str:
    moving = runtime_inputs(op)
    if not 3 <= moving <= 5:
        return f"{moving} of its inputs are not constant; 3 to 5 are supported"
    return _values(op, graph, moving)


def _cache_update(op: Op, graph: Graph) -> str:
    if runtime_inputs(op) not in (3, 7):
        return f"{runtime_inputs(op)} of its inputs are not constant; 3 or 7 are supported"
    if fault := _values(op, graph, 3):
        return fault
    if len(op.outputs) != 2:
        return f"it has {len(op.outputs)} outputs; 2 are supported"
    if op.is_custom:
        return ""
    return _missing(op, "kv_cache_batch_size", "cache_size", "head_size")


def _missing(op: Op, *names: str) -> str:
    found = _attributes(op)
    return next((f"it has no {name}" for name in names if found.get(name) is None), "")


def _runtime_matmul(op: Op, graph: Graph) -> str:
    """Equal channels, and seven parameters."""
    if runtime_inputs(op) != 3:
        return f"{runtime_inputs(op)} of its inputs are not constant; 3 are supported"
    if fault := _values(op, graph, 3):
        return fault
    left, right = bhwc(op.input(0))[3], bhwc(op.input(1))[3]
    if left != right:
        return f"its inputs have {left} and {right} channels; equal ones are supported"
    if bhwc(op.input(2)) != (1, 1, 1, 7):
        return f"its parameters have shape {list(shape(op.input(2)))}; [1, 1, 1, 7] is supported"
    return "it has no options" if op.is_custom else _missing(op, "is_global", "is_src")


def _experts(op: Op, graph: Graph) -> str:
    return Unknown("what it takes of experts and their weights is not in the table")


_FACTORY = {
    "odml.cache_update": _cache_update,
    "odml.runtime_bmm": _runtime_matmul,
    "odml.sdpa_transposed": _transposed_attention,
    "odml.rope": _rope,
    "moe": _experts,
}
_COMPOSITES = {
    "odml.group_norm": _group_norm,
    "odml.rms_norm": _rms_norm,
    "custom_call.rotary_positional_embedding": _rotary,
    "odml.scaled_dot_product_attention": _attention,
    **_FACTORY,
}
CUSTOM = {
    **{kind: Support(conditions=(*MEDIAPIPE[kind].conditions, reads(0))) for kind in MEDIAPIPE},
    **{name: Support(conditions=(check,)) for name, check in _FACTORY.items()},
    "Resampler": Support(conditions=(*MEDIAPIPE["Resampler"].conditions, reads(0, 1))),
    "MaxUnpooling2D": Support(conditions=(*MEDIAPIPE["MaxUnpooling2D"].conditions, reads(0, 1))),
    "Convolution2DTransposeBias": Support(
        conditions=(
            *MEDIAPIPE["Convolution2DTransposeBias"].conditions,
            reads(0),
            lambda op, graph: as_float(op.input(1), "OHWI", "filter"),
        )
    ),
    "custom_call.GroupNorm": _norm(1, 2),
    "custom_call.LayerNorm": _norm(1, 2),
    "custom_call.RmsNorm": _norm(1),
    "custom_call.PixelShuffle": Support(conditions=(reads(0),)),
    "custom_call.absolute_positional_embedding": Support(conditions=(_absolute,)),
    "custom_call.rotary_positional_embedding": Support(conditions=(_rotary,)),
}
"""Custom ops by their code."""
