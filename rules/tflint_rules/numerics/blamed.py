"""The words for the op that broke it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from tflint import Context, Op
from tflint.analysis.phrases import count, cut, listed
from tflint_rules.numerics.words import by_itself, evidence, percent

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Blame

__all__ = ["credible", "cure", "evidence_of", "is_clear", "is_everywhere", "told"]

_MOST_LAYERS = 2
_CLEARLY = 2.0
"""What rounding explains is an estimate: an op is clearly wrong that is off by so many times as much."""
_SEVERAL = 3
_PART = 0.4
"""The share of the ops with weights from which on it is no single op that is wrong."""


def told(ctx: Context, blame: Blame) -> str:
    """What is known of the op, in sentences."""
    op = ctx.model.find(blame.op)
    what = f"op {op.index} {op.kind}" if isinstance(op, Op) else f"op {blame.op}"
    kinds = [each.rpartition(":")[2] for each in blame.ops]
    piece = f", run in one piece with what stands before it ({listed(kinds, at_most=5)})," if kinds else ""
    text = (
        f"Fed with the source's values, {what}{piece} is by itself {by_itself(blame.figures)} from the source's "
        f"'{cut(blame.reference)}', where rounding explains {percent(blame.allowed)}."
    )
    if not blame.others:
        return text
    text += f" So {'is' if blame.others == 1 else 'are'} {count(blame.others, 'further op')}"
    if not is_everywhere(ctx, blame):
        return f"{text}."
    return f"{text}: most layers differ, so it is no conversion of this source, or one of other weights (TFL613)."


def credible(ctx: Context) -> Blame | None:
    """The blamed op, None where it tells nothing.

    That is where it alone gives what is not finite, and does not in the model: it was fed with other values. And where
    the piece that was run has many layers: its error is that of the output, whatever each of them does.
    """
    comparison = ctx.comparison
    blame = None if comparison is None else comparison.blame
    if comparison is None or blame is None:
        return None
    ops = [op for each in blame.ops if isinstance(op := ctx.model.find(each), Op)]
    if sum(_is_layer(op) for op in ops) > _MOST_LAYERS:
        return None
    if blame.figures.finite or any(
        each.kind == "not-finite" and each.address == blame.tensor for each in comparison.inside
    ):
        return blame
    return None


def is_clear(blame: Blame | None) -> bool:
    """Whether an op is wrong by itself by more than what rounding explains could be misjudged."""
    if blame is None:
        return False
    part = 10 ** (-blame.figures.snr_db / 20) if blame.figures.snr_db is not None else inf
    pieces = max(1, len(blame.ops)) ** 0.5  # what each op of a piece leaves adds up
    return not blame.figures.finite or part > _CLEARLY * pieces * blame.allowed


def cure(ctx: Context, blame: Blame) -> str:
    """What to do about it."""
    if is_everywhere(ctx, blame):
        return (
            "Convert this source again, or name the one that the file was converted from; "
            "'tflint explain TFL613' tells more."
        )
    return "Compare the op and its weights with what the source has there, and convert again."


def is_everywhere(ctx: Context, blame: Blame) -> bool:
    """Whether so many ops are wrong by themselves that it is none of them."""
    if blame.others + 1 < _SEVERAL or not ctx.model.graphs:
        return False
    weighty = sum(
        any(
            each is not None and each.is_constant and each.dtype.is_float | (each.quant is not None)
            for each in op.inputs
        )
        for op in ctx.model.graphs[0].ops
    )
    return blame.others + 1 >= _PART * max(weighty, 1)


def evidence_of(blame: Blame) -> dict[str, Any]:
    """The blamed op, its error and what rounding allows, as JSON has them."""
    return {
        "blame": {
            "op": blame.op,
            "reference": blame.reference,
            "allowed": float(f"{blame.allowed:.4g}"),
            "others": blame.others,
            **evidence(blame.figures),
        }
    }


def _is_layer(op: Op) -> bool:
    """Whether an op has a matrix or filters of its own."""
    weights = op.input(1)
    return weights is not None and weights.is_constant and len(weights.default_shape) > 1 and weights.elements > 1
