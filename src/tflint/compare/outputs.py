"""The outputs of a model beside those of its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tflint.compare.matching import End, Matched
from tflint.compare.metrics import figures, is_scores
from tflint.compare.values import step_of
from tflint.comparison import OutputDifference
from tflint.model import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Values", "differences"]

Values = list["NDArray[Any]"]
_AGREES = 20.0
"""The ratio in dB from which two outputs agree."""
_FAR_BETTER = 10.0


def differences(
    own: Sequence[End],
    theirs: Sequence[End],
    matched: Matched,
    mine: Sequence[Values],
    reference: Sequence[Values],
    counted: Sequence[int],
) -> tuple[tuple[OutputDifference, ...], list[str]]:
    """What each output is apart from that of the source, and sentences on those that could not be compared.

    Args:
        own: the outputs of the model.
        theirs: those of the source.
        matched: which is which.
        mine: for each input the real values of the model's outputs.
        reference: for each input those of the source's.
        counted: the inputs that count.
    """
    found: list[OutputDifference] = []
    left_out: list[str] = []
    for place, end in enumerate(own):
        number = matched.places[place]
        name = end.alias or end.tensor.name
        if number is None:
            left_out.append(f"Output '{name}' has none of its shape in the source.")
            continue
        here = [each[place] for each in mine]
        difference = _difference(end.tensor, here, [each[number] for each in reference], counted)
        if difference is None:
            left_out.append(f"Output '{name}' has another size than that of the source, or is no number.")
            continue
        found.append(
            replace(
                difference,
                place=place,
                name=name,
                reference_place=number,
                reference_name=theirs[number].alias or theirs[number].plain,
                matched_by=matched.by[place],
                fits_better=_rival(end.tensor, here, number, reference, counted, difference),
            )
        )
    return tuple(found), left_out


def _difference(tensor: Tensor, mine: Values, reference: Values, counted: Sequence[int]) -> OutputDifference | None:
    """The figures of one output; None where there are no numbers to compare."""
    import numpy as np

    pairs = list(zip(mine, reference, strict=True))
    if any(a.size != b.size or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub" for a, b in pairs):
        return None
    pairs = [(a.reshape(b.shape), b) for a, b in pairs]
    step = step_of(tensor)
    scores = is_scores(reference) and is_scores(mine)
    by_feed = [figures([a], [b], step=step, scores=scores) for a, b in pairs]
    chosen = [pairs[place] for place in counted]
    ranked = [place for place in counted if by_feed[place].snr_db is not None or not by_feed[place].finite]
    held = np.concatenate([np.asarray(b, np.float64).ravel() for _, b in chosen] or [np.zeros(1)])
    held = held[np.isfinite(held)]
    return OutputDifference(
        place=0,
        name="",
        reference_place=0,
        reference_name="",
        matched_by="",
        dtype=tensor.dtype.value,
        figures=figures([a for a, _ in chosen], [b for _, b in chosen], step=step, scores=scores),
        by_feed=tuple(by_feed),
        worst=min(ranked, key=lambda place: (by_feed[place].finite, by_feed[place].snr_db or 0.0), default=None),
        span=(float(held.min()), float(held.max())) if held.size else (0.0, 0.0),
    )


def _rival(
    tensor: Tensor,
    mine: Values,
    number: int,
    reference: Sequence[Values],
    counted: Sequence[int],
    found: OutputDifference,
) -> int | None:
    """Another output of the source that an output agrees with far better than with its own."""
    own = found.figures.snr_db
    best: tuple[float, int] | None = None
    for other in range(len(reference[0]) if reference else 0):
        tried = None
        if other != number:
            tried = _difference(tensor, mine, [each[other] for each in reference], counted)
        ratio = None if tried is None else tried.figures.snr_db
        if ratio is not None and ratio >= _AGREES and (own is None or ratio > own + _FAR_BETTER):
            best = max(best or (ratio, other), (ratio, other))
    return None if best is None else best[1]
