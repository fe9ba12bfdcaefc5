"""Which input or output of one build is which of another, and what is different about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tflint.analysis.alignment import Alignment, origin
from tflint.analysis.labels import CARRYING
from tflint.changes import Grade
from tflint.model import DType, Format, Graph, QuantParams, Tensor

__all__ = ["EITHER_WAY", "Ends", "Moved", "differences", "ends", "shown", "shown_quant"]

EITHER_WAY = frozenset(
    {"ADD", "MUL", "MAXIMUM", "MINIMUM", "EQUAL", "NOT_EQUAL", "LOGICAL_AND", "LOGICAL_OR", "SQUARED_DIFFERENCE"}
    | {"ADD_N", "AddV2", "Add", "Mul", "Multiply", "Maximum", "Minimum"}
)
"""Ops that take their inputs in any order."""
_SHAPING = CARRYING | {"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "Identity", "Reshape", "Squeeze"}
_MEANINGS = frozenset(
    {"SOFTMAX", "LOGISTIC", "LOG_SOFTMAX", "ARG_MAX", "ARG_MIN", "TOPK_V2", "TANH", "L2_NORMALIZATION"}
    | {"TFLite_Detection_PostProcess", "Softmax", "LogSoftmax", "Sigmoid", "ArgMax", "ArgMin", "TopKV2", "Tanh"}
)
"""What decides what the numbers of an output are."""
_OPAQUE = frozenset(
    {"IF", "WHILE", "CALL", "STABLEHLO_COMPOSITE", "STABLEHLO_WHILE", "STABLEHLO_CASE", "DELEGATE", "UNKNOWN"}
    | {"Lambda", "TFSMLayer", "If", "While", "StatelessIf", "StatelessWhile", "PyFunc", "EagerPyFunc"}
)
"""What may do anything."""
_ACTIVATIONS = frozenset({"softmax", "sigmoid", "log_softmax", "tanh"})
_MOST_STEPS = 16
_MOST_SIZES = 10
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Ends:
    """The inputs or the outputs of a graph in both builds, paired by their positions.

    `is_sure` holds the old positions whose partner the ops around it tell, not only name or position.
    """

    side: str
    """`input` or `output`."""
    old: tuple[Tensor, ...]
    new: tuple[Tensor, ...]
    partner: Mapping[int, int]
    is_sure: frozenset[int]

    @property
    def gone(self) -> tuple[Tensor, ...]:
        """Those that only the old build has."""
        return tuple(tensor for place, tensor in enumerate(self.old) if place not in self.partner)

    @property
    def added(self) -> tuple[Tensor, ...]:
        """Those that only the new build has."""
        taken = set(self.partner.values())
        return tuple(tensor for place, tensor in enumerate(self.new) if place not in taken)

    @property
    def moved(self) -> tuple[int, ...]:
        """The old positions of those that stand elsewhere now, and not only because others came or went before them."""
        kept = sorted(self.partner)
        order = sorted(kept, key=lambda place: self.partner[place])
        return tuple(place for place, other in zip(kept, order, strict=True) if place != other)

    @property
    def pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Both of each pair, in the old order."""
        return ((self.old[here], self.new[there]) for here, there in sorted(self.partner.items()))


@dataclass(frozen=True)
class Moved:
    """One difference between an end of the old build and its partner."""

    what: str
    grade: Grade
    old: str
    new: str
    detail: str = ""
    """What else belongs to the message, or how far off values are."""


def ends(old: Graph, new: Graph, found: Alignment | None) -> tuple[Ends, Ends]:
    """The inputs and the outputs of a graph in both builds; `found` is None where its ops could not be paired."""
    told_in = {} if found is None else _unique(old.inputs, new.inputs, _inputs_told(old, new, found))
    told_out = {} if found is None else _unique(old.outputs, new.outputs, _outputs_told(old, new, found))
    return (
        Ends("input", old.inputs, new.inputs, _completed(old.inputs, new.inputs, told_in), frozenset(told_in)),
        Ends("output", old.outputs, new.outputs, _completed(old.outputs, new.outputs, told_out), frozenset(told_out)),
    )


def _unique(old: Sequence[Tensor], new: Sequence[Tensor], told: Mapping[Tensor, Tensor]) -> dict[int, int]:
    """The pairs that ops tell, where exactly one end fits on either side."""
    places = {tensor: place for place, tensor in enumerate(new)}
    once_old, once_new = Counter(old), Counter(new)
    wanted = Counter(told.values())
    return {
        here: places[told[tensor]]
        for here, tensor in enumerate(old)
        if tensor in told and once_old[tensor] == 1 and once_new[told[tensor]] == 1 and wanted[told[tensor]] == 1
    }


def _completed(old: Sequence[Tensor], new: Sequence[Tensor], told: Mapping[int, int]) -> dict[int, int]:
    """All pairs: those that are told, then by names, then by positions, then what is left in order."""
    found = dict(told)
    taken = set(found.values())
    names = {tensor.name: place for place, tensor in enumerate(new) if tensor.name}
    for here, tensor in enumerate(old):
        for there in (names.get(tensor.name), here):
            if here not in found and there is not None and there < len(new) and there not in taken:
                found[here] = there
                taken.add(there)
    left_old = [place for place in range(len(old)) if place not in found]
    left_new = [place for place in range(len(new)) if place not in taken]
    found.update(zip(left_old, left_new, strict=False))
    return found


def _inputs_told(old: Graph, new: Graph, found: Alignment) -> Mapping[Tensor, Tensor]:
    """For inputs the value of the new graph that the partner of their first reader reads in its place."""
    told: dict[Tensor, Tensor] = {}
    ends = frozenset(old.inputs)
    for op in old.ops:
        partner = found.new_of.get(op)
        if partner is None or op.kind in EITHER_WAY or op.kind in CARRYING:
            continue
        for tensor, read in zip(op.inputs, partner.inputs, strict=False):
            if tensor is None or read is None or tensor.is_constant:
                continue
            value = tensor if tensor in ends else origin(old, tensor)
            if value in ends and value not in told:
                told[value] = origin(new, read)
    return told


def _outputs_told(old: Graph, new: Graph, found: Alignment) -> Mapping[Tensor, Tensor]:
    """For outputs the output of the new graph that the partner of their maker makes."""
    origins: dict[Tensor, list[Tensor]] = {}
    for tensor in new.outputs:
        origins.setdefault(origin(new, tensor), []).append(tensor)
    made: dict[Tensor, Tensor] = {}
    for here, there in found.pairs:
        made.update(zip(here.outputs, there.outputs, strict=False))
    told = {}
    for tensor in old.outputs:
        value = made.get(origin(old, tensor))
        fitting = origins.get(value, []) if value is not None else []
        if len(fitting) == 1:
            told[tensor] = fitting[0]
    return told


def differences(
    old: Tensor, new: Tensor, side: str, graphs: tuple[Graph, Graph], format: Format = Format.TFLITE
) -> Iterator[Moved]:
    """What is different between an end and its partner."""
    if old.dtype is not new.dtype and DType.UNKNOWN not in (old.dtype, new.dtype):
        yield Moved("dtype", Grade.BREAKING, _typed(old), _typed(new))
    elif old.dtype.is_integer:
        yield from _quantization(old, new)
    if (
        (old.shape, old.has_rank) != (new.shape, new.has_rank)
        and old.dtype is not DType.UNKNOWN
        and new.dtype is not DType.UNKNOWN
    ):
        resized = "resized" if side == "input" and _is_fixed(old, new) else ""
        yield Moved("shape", _shape_grade(old, new, side, format), shown(old), shown(new), resized)
    if side == "output":
        meanings = tuple(_meaning(graph, tensor) for graph, tensor in zip(graphs, (old, new), strict=True))
        if None not in meanings and _normal(meanings[0]) != _normal(meanings[1]):
            yield Moved("meaning", Grade.BREAKING, meanings[0] or "", meanings[1] or "")


def shown(tensor: Tensor) -> str:
    """The shape of a tensor; a `?` for a size that is not fixed."""
    if not tensor.has_rank:
        return "[unknown rank]"
    sizes = ["?" if size is None else str(size) for size in tensor.shape[:_MOST_SIZES]]
    if len(tensor.shape) > _MOST_SIZES:
        sizes.append(f"… of {len(tensor.shape):,}")
    return f"[{', '.join(sizes)}]"


def shown_quant(quant: QuantParams | None) -> str:
    """Scale and zero point in words."""
    if quant is None or not quant.scale.size:
        return "none"
    if quant.scale.size > 1:
        return f"{quant.scale.size} scales along dimension {quant.stored_axis}"
    point = int(quant.zero_point[0]) if quant.zero_point.size else 0
    return f"scale {float(quant.scale[0]):.6g}, zero point {point}"


def _typed(tensor: Tensor) -> str:
    quant = f" ({shown_quant(tensor.quant)})" if tensor.quant is not None and tensor.dtype.is_integer else ""
    return f"{tensor.dtype.value}{quant}"


def _shape_grade(old: Tensor, new: Tensor, side: str, format: Format) -> Grade:
    """Minor where a program that used the old shape gets along with the new one."""
    if new.has_rank != old.has_rank:
        return Grade.MINOR if old.default_shape == new.default_shape else Grade.BREAKING
    if len(old.shape) != len(new.shape):
        return Grade.BREAKING
    for place, (before, after) in enumerate(zip(old.shape, new.shape, strict=True)):
        if before == after:
            continue
        if before is None:  # whoever resized it, or read what came, was free to
            if side == "input":
                return Grade.BREAKING
            continue
        if after is not None:
            return Grade.BREAKING
        if format is Format.TFLITE and place < len(new.default_shape) and new.default_shape[place] != before:
            return Grade.BREAKING
    return Grade.MINOR


def _steps(off: float) -> str:
    """How far off a value is, in words."""
    if off >= 1e6:
        return "more than a million steps"
    text = f"{off:,.0f}" if off >= 99.5 else f"{off:.2g}"
    return f"{text} step{'s' if text != '1' else ''}"


def _is_fixed(old: Tensor, new: Tensor) -> bool:
    """Whether all that is different is that sizes are fixed now which callers chose."""
    if not old.has_rank or not new.has_rank or len(old.shape) != len(new.shape):
        return False
    pairs = zip(old.shape, new.shape, strict=True)
    return all(before is None for before, after in pairs if before != after)


def _quantization(old: Tensor, new: Tensor) -> Iterator[Moved]:
    """What is different about the scale and zero point of an integer end."""
    texts = shown_quant(old.quant), shown_quant(new.quant)
    if texts[0] == texts[1]:
        return
    off = _steps_off(old, new)
    if off is None:
        yield Moved("quantization", Grade.BREAKING, *texts)
    elif off < _HALF:
        yield Moved("quantization", Grade.WEIGHTS, *texts)
    else:
        yield Moved("quantization", Grade.BREAKING, *texts, _steps(off))


def _steps_off(old: Tensor, new: Tensor) -> float | None:
    """By how many steps of the old scale the same number means something else, at most; None where that is not said."""
    both = (old.quant, new.quant)
    span = old.dtype.integer_range
    if span is None or any(quant is None or quant.scale.size != 1 for quant in both):
        return None
    (s0, z0), (s1, z1) = (
        (float(quant.scale[0]), int(quant.zero_point[0]) if quant.zero_point.size else 0)
        for quant in both
        if quant is not None
    )
    off = max(abs(s1 * (code - z1) - s0 * (code - z0)) for code in span) / abs(s0) if s0 else None
    return off if off is not None and off == off else None  # noqa: PLR0124 - NaN


def _normal(meaning: str | None) -> str:
    return (meaning or "").replace("_", "").lower()


def _meaning(graph: Graph, tensor: Tensor) -> str | None:
    """What an output's numbers are made by, empty where that is an op like others; None where nobody can tell."""
    for _ in range(_MOST_STEPS):
        maker = graph.producer(tensor)
        if maker is None or (maker.is_custom and maker.kind not in _MEANINGS) or maker.kind in _OPAQUE:
            return None
        if maker.kind in _MEANINGS:
            return maker.kind
        activation = maker.options.get("activation")
        if isinstance(activation, str) and activation in _ACTIVATIONS:
            return activation
        source = maker.input(0)
        if maker.kind not in _SHAPING or source is None:
            return ""
        tensor = source
    return ""
