"""Which outputs are further from the source's than the precision of the model explains: several rules judge by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tflint import Context, DType, Graph, Op, Tensor
from tflint.analysis.calls import called
from tflint_rules.numerics.blamed import credible, is_clear

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Comparison, Figures, OutputDifference

__all__ = [
    "EDGES",
    "HALF",
    "MAX_STEPS",
    "SNR_DB",
    "Judged",
    "as_far",
    "fits_badly",
    "is_given",
    "is_of_kernels",
    "is_repeatable",
    "is_telling",
    "judged",
    "makers",
    "ran",
]

SNR_DB: Mapping[str, float] = {"float32": 60.0, "float16": 40.0, "dynamic": 20.0, "int16x8": 20.0, "int8": 10.0}
"""Precision -> the lowest signal-to-noise ratio of an output that passes."""
MAX_STEPS = 3.0
"""An output whose largest error is at most so many steps of its scale passes, whatever its ratio says."""
EDGES = frozenset({"zeros", "low", "high", "middle"})
"""The kinds of inputs that are one number everywhere."""

_NEGLIGIBLE = 1e-6
"""An error of no more than this share of the span of a float output is none."""
_OF_NOTHING = 1e-3
"""Where the source gives zeros only, there is nothing to relate a float error to: so much is none."""
_OF_WHOLE_NUMBERS = 20.0
HALF = 0.5
"""The least share of rows with the same class that passes where inputs are made up."""
_AS_LARGE = 20.0
"""In dB: what two kernels differ by may explain ten times as large an error behind them."""
_PASSES_ON = frozenset("DEQUANTIZE RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE QUANTIZE CAST".split())
_NATURAL_STEPS = {"LOGISTIC": 1 / 256, "SOFTMAX": 1 / 256, "TANH": 1 / 128}
"""Op -> the step that its output has in eight bits: what nobody misses in a model that computes in them."""
_CHOOSING = frozenset("ARG_MAX ARG_MIN TOPK_V2 NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 WHERE UNIQUE".split())
"""What these give depends on which of two numbers is the larger one: rounding changes it at will."""


class Judged(NamedTuple):
    """An output and what is wrong with it. `edges` are the edge cases on which alone it is off."""

    output: OutputDifference
    tensor: Tensor
    step: float | None
    """The step of what it holds, where that is quantized at its end."""
    limit: float
    """The lowest signal-to-noise ratio that passes, in dB."""
    is_off: bool = False
    is_collapsed: bool = False
    """The source's changes with the inputs, and this one does not."""
    edges: tuple[int, ...] = ()


def judged(ctx: Context, limits: Mapping[str, float] = SNR_DB, max_steps: float = MAX_STEPS) -> tuple[Judged, ...]:
    """The outputs that can be judged: those that are numbers on both sides, and the same in each run."""
    comparison = ctx.comparison
    graph = ran(ctx)
    if comparison is None or graph is None or not is_repeatable(comparison) or _is_hidden(comparison, graph):
        return ()
    frozen = {each.address for each in comparison.inside if each.kind == "unchanging"}
    chosen = ctx.once(_chosen, graph)
    found: list[Judged] = []
    for output in comparison.outputs:
        if not 0 <= output.place < len(graph.outputs) or not output.figures.finite:
            continue
        tensor = graph.outputs[output.place]
        limit = _limit(tensor, comparison.precision, tensor in chosen, limits)
        if limit is None:
            continue
        step = _step(graph, tensor, comparison.precision)
        is_collapsed = tensor.location.address in frozen and _varies(comparison, output, step, max_steps)
        found.append(_judge(ctx, comparison, Judged(output, tensor, step, limit, is_collapsed=is_collapsed), max_steps))
    return tuple(found)


def ran(ctx: Context) -> Graph | None:
    """The graph that was run: the first one of the file."""
    first = ctx.model.graphs[:1]
    return first[0] if first and first[0].intact else None


def _judge(ctx: Context, comparison: Comparison, each: Judged, max_steps: float) -> Judged:
    output = each.output

    def is_off(figures: Figures) -> bool:
        return fits_badly(figures, output.span, each.step, each.limit, max_steps)

    counted = _counted(comparison, output)
    edges = [place for place in counted if comparison.feeds[place].kind in EDGES]
    plain = [place for place in counted if place not in edges]
    by_plain = any(is_off(output.by_feed[place]) for place in plain) or not plain
    bad_edges = tuple(place for place in edges if is_off(output.by_feed[place]))
    return each._replace(
        is_off=is_off(output.figures) and by_plain and not each.is_collapsed and is_telling(ctx, output.figures),
        edges=() if by_plain else bad_edges,
    )


def is_telling(ctx: Context, figures: Figures) -> bool:
    """Whether the error of an output tells anything: of a quantized model's scores on made-up inputs it hardly does.

    What belongs to no class lies between them, and the last op makes a large difference of a small one. It tells where
    most rows have another class, or an op is wrong by itself.
    """
    comparison = ctx.comparison
    if comparison is None or figures.top1 is None or comparison.precision.startswith("float") or is_given(comparison):
        return True
    return (figures.top1_clear is not None and figures.top1_clear < HALF) or is_clear(credible(ctx))


def is_given(comparison: Comparison) -> bool:
    """Whether inputs count that are no made-up ones."""
    return any(each.kind == "given" for each in comparison.feeds)


def is_of_kernels(comparison: Comparison, off: Sequence[Judged]) -> bool:
    """Whether outputs are off because the engines disagree: by about as much, and no op is wrong by itself."""
    if comparison.disagreement is None or comparison.blame is not None or not off:
        return False
    between = comparison.disagreement.figures
    worst = min((each.output.figures.snr_db for each in off if each.output.figures.snr_db is not None), default=None)
    if not between.finite or between.snr_db is None or worst is None:
        return True
    return between.snr_db < worst + _AS_LARGE


def fits_badly(figures: Figures, span: tuple[float, float], step: float | None, limit: float, max_steps: float) -> bool:
    """Whether an output is further from the source's than a limit, in decibels, and by more than so many steps."""
    steps = as_far(figures, step)
    if steps is not None and steps <= max_steps:
        return False
    if figures.snr_db is None:
        return steps is not None or figures.max_abs > _OF_NOTHING
    return figures.snr_db < limit and figures.max_abs > _NEGLIGIBLE * (span[1] - span[0])


def as_far(figures: Figures, step: float | None) -> float | None:
    """The largest error in steps; None where there are none."""
    if figures.steps is not None:
        return figures.steps
    return figures.max_abs / step if step else None


def is_repeatable(comparison: Comparison) -> bool:
    """Whether the model and its source give the same for the same input."""
    return not (comparison.facts.get("repeat") or comparison.facts.get("source-repeat"))


def makers(graph: Graph, tensor: Tensor) -> Iterator[Op]:
    """The op that makes a tensor, and those before it as long as they only pass on what they get."""
    op = graph.producer(tensor)
    for _ in range(8):
        if op is None:
            return
        yield op
        before = op.input(0)
        if op.kind not in _PASSES_ON or before is None:
            return
        op = graph.producer(before)


def _is_hidden(comparison: Comparison, graph: Graph) -> bool:
    """Whether made-up inputs may leave calibrated ranges unseen: those inside the graphs that ops run."""
    if not comparison.precision.startswith("int") or is_given(comparison):
        return False
    return any(True for op in graph.ops for _ in called(op))


def _counted(comparison: Comparison, output: OutputDifference) -> list[int]:
    most = min(len(comparison.feeds), len(output.by_feed))
    return [place for place in comparison.counted if 0 <= place < most]


def _varies(comparison: Comparison, output: OutputDifference, step: float | None, max_steps: float) -> bool:
    """Whether the source's output changes by more than rounding, where the model's does not: the error changes then."""
    held = [output.by_feed[place] for place in _counted(comparison, output)
            if comparison.feeds[place].kind not in EDGES]  # fmt: skip
    if len({(each.max_abs, each.rmse) for each in held}) < 2:
        return False
    error = max(each.max_abs for each in held)
    largest = max(map(abs, output.span))
    return error > max_steps * step if step else error > 0.01 * largest


def _limit(tensor: Tensor, precision: str, is_chosen: bool, limits: Mapping[str, float]) -> float | None:
    """The lowest ratio that passes, None where the output cannot be judged by one."""
    limit = limits.get(precision)
    if limit is None or (is_chosen and not precision.startswith("float")):
        return None
    if (tensor.dtype.is_integer and tensor.quant is None) or tensor.dtype is DType.BOOL:
        return _OF_WHOLE_NUMBERS if precision == "float32" else None
    return limit


def _step(graph: Graph, tensor: Tensor, precision: str) -> float | None:
    """The step of an output: its own, or of what it is the real value of; of scores, that of eight bits."""
    for op in (None, *makers(graph, tensor)):
        held = tensor if op is None else op.input(0) if op.kind in _PASSES_ON else None
        if held is not None and held.dtype.is_integer and held.quant is not None and held.quant.scale.size == 1:
            return float(held.quant.scale[0])
        if op is not None and op.kind in _NATURAL_STEPS and not precision.startswith("float"):
            return _NATURAL_STEPS[op.kind]
    return None


def _chosen(graph: Graph) -> frozenset[Tensor]:
    """The tensors that depend on which of several numbers is the largest."""
    found: set[Tensor] = set()
    for op in graph.ops:
        if op.kind in _CHOOSING or any(each in found for each in op.inputs if each is not None):
            found.update(op.outputs)
    return frozenset(found)
