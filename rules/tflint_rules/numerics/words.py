"""How messages tell of errors, inputs and engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from tflint import Context, Location
from tflint.analysis.phrases import count, cut, listed

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Comparison, Figures

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "by_itself",
    "decibels",
    "error",
    "evidence",
    "feed",
    "inputs",
    "number",
    "percent",
    "place",
]

ENGINES: Mapping[str, str] = {
    "xnnpack": "XNNPACK",
    "builtin": "the builtin kernels",
    "reference": "the reference kernels",
    "source": "the source",
}
PRECISIONS: Mapping[str, str] = {
    "float32": "a float32 model",
    "float16": "a float16 model",
    "dynamic": "a model with integer weights and float values",
    "int8": "an int8 model",
    "int16x8": "an int16x8 model",
}
_MADE_UP = ("random", "random input", "random inputs")
_GIVEN = ("given", "given input", "given inputs")


def number(value: float) -> str:
    """A number as people read it: `0.0421`, `17`, `1.2e+08`."""
    return f"{value:.0f}" if abs(value) >= 1000 and abs(value) < 1e6 else f"{value:.3g}"


def relative(figures: Figures) -> float | None:
    """The error as a share of the signal, by root mean squares; None where the reference is all zeros."""
    return None if figures.snr_db is None else float(10 ** (-figures.snr_db / 20))


def percent(part: float) -> str:
    """A share as a message has it: `0.04 %`, `31 %`, `420 %`, `42 times`."""
    if part >= 10:
        return f"{number(part)} times"
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.0f} %"


def error(figures: Figures, step: float | None = None) -> str:
    """How large an error is: `the error is 31 % of the signal (SNR 10.2 dB) and 0.42 at most, 17 steps`."""
    part = relative(figures)
    if part is None:
        text = f"the source gives zeros only, and it up to {number(figures.max_abs)}"
    else:
        text = f"the error is {percent(part)} {'of ' if part < 10 else ''}the signal (SNR {decibels(figures)})"
        text += f" and {number(figures.max_abs)} at most"
    steps = figures.steps if figures.steps is not None else figures.max_abs / step if step else None
    return text if steps is None else f"{text}, {number(steps)} {'step' if steps == 1 else 'steps'} of its scale"


def by_itself(figures: Figures) -> str:
    """The error of an op alone: `off by 35 %`."""
    if not figures.finite:
        return "not finite"
    part = relative(figures)
    if part is None:
        return f"off by {number(figures.max_abs)} where there should be zeros"
    return f"off by {percent(part)}{' its size' if part >= 10 else ''}"


def inputs(comparison: Comparison, places: Iterable[int]) -> str:
    """Which inputs: `8 random inputs and 3 edge cases`."""
    kinds = Counter(comparison.feeds[place].kind for place in places if 0 <= place < len(comparison.feeds))
    edges = sum(kinds.values()) - kinds["random"] - kinds["given"]
    told = [count(kinds[kind], one, many) for kind, one, many in (_GIVEN, _MADE_UP) if kinds[kind]]
    return listed([*told, *([count(edges, "edge case")] if edges else [])]) or "no inputs"


def feed(comparison: Comparison, place: int | None) -> str:
    """The name of an input, in quotes; empty where there is none."""
    if place is None or not 0 <= place < len(comparison.feeds):
        return ""
    return f"'{cut(comparison.feeds[place].label)}'"


def place(ctx: Context, address: str) -> Location | None:
    """Where a message points: an op or tensor of the model; None where the address is of nothing."""
    found = ctx.model.find(address) if address else None
    return None if found is None else found.location


def evidence(figures: Figures) -> dict[str, Any]:
    """Figures as JSON has them: infinite ones left out."""
    held = {
        "snr_db": figures.snr_db,
        "max_abs": figures.max_abs,
        "rmse": figures.rmse,
        "steps": figures.steps,
        "cosine": figures.cosine,
        "top1": figures.top1,
    }
    return {name: float(f"{value:.4g}") for name, value in held.items() if value is not None and isfinite(value)}


def decibels(figures: Figures) -> str:
    """The signal-to-noise ratio: `10.2 dB`."""
    value = figures.snr_db or 0.0
    return "infinite" if not isfinite(value) else f"{value:.1f} dB"
