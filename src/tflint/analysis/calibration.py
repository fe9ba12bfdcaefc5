"""What the ranges of a quantized graph tell of the data that it was calibrated on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import erfc, exp, log10, prod, sqrt
from statistics import median
from typing import TYPE_CHECKING, Any

from tflint.analysis.forward import real_bias
from tflint.analysis.replay import MEDIAN, Response, clip_of, ends, fed, replayed, samples_within
from tflint.model import Graph, Op, Tensor

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = [
    "INPUT_MATTERS",
    "Noise",
    "biases",
    "byte_width",
    "clipped",
    "constant_input",
    "first_layer",
    "logits",
    "moved",
    "noise",
    "relu6_tops",
    "winning_chance",
]

INPUT_MATTERS = 0.1
"""Inputs all over their range move a first layer by more than this share of its results."""
_NO_RANGE = 1.9e-6, 2.1e-6
"""The converter gives values that were all 0, to within 1e-6, a range from -1e-6 to 1e-6.

Source: LiteRT f67457790, tflite/converter/quantization/common/quantization_lib/quantization_utils.h.
"""
_UNIFORM = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-128.0, 127.0))
"""What `random.rand`, `random.uniform` and `random.randint` are called with."""
_NORMAL = (2.2, 6.5)
"""Where the largest of tens to billions of standard normal values lie."""
_LOPSIDED = 1.35
"""The ends of normal noise differ by less than this factor."""
_FEATURES = 8
"""A model of fewer inputs may well be meant for values all over their range."""
_WIDE = 64
"""Fewer standardised columns of a table, and bytes, can't be told from noise by the ranges that they lead to."""
_PRECISION = 1.2e-7
"""Of a float: a range that misses its bound by less is exactly there, as bytes and scaled columns are, noise hardly."""
_OWN_TOLERANCE = (1.2, 2.5, 1.7)
"""How far, in powers of ten, the number of samples that the input's range tells may lie below and above the layers'.

It stands on a single maximum, which comes 300 times as close to a bound as expected in one of 300 cases, and 15 times
less close in none of thousands. The last one is for a range that is exactly at its bound.
"""
_TOLERANCE = 1.3
"""How far, in powers of ten, an estimate of the number of samples may lie from the others.

The logarithm of the number of chances that a maximum of noise came from has a standard deviation of 0.56 (of a Gumbel
distribution); the rest is for tails that are only nearly normal.
"""
_LEAST_SAMPLES, _LEAST_NORMAL, _LEAST_ALONE, _MOST_SAMPLES = 0.3, 0.85, 0.7, 3.7
"""The numbers of samples, as powers of ten, that are taken for a calibration's: from 2 to 5,000.

Few samples of normal noise, 7, are too much like real data with thin tails, and so are 5 where the input does not tell.
"""
_LEAST_ENDS = 3
_LEAST_ENDS_ALONE, _TOLERANCE_ALONE = 5, 1.0
"""So many ends of ranges have to tell of noise; more and closer ones where the input's own range does not."""
_LEAST_VALUES = 60
"""Fewer made-up values tell too little of a channel's tail."""
_SMALL = 1 << 12
"""Inputs of so few elements are tried with more samples where the usual number tells too little, up to:"""
_MORE_SAMPLES, _MORE_VALUES, _MORE_WORK = 192, 1 << 20, 40_000_000
_MANY = 200
"""So many ops of a graph are looked at for what takes their options."""


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise that explains the ranges: `samples` is how many of them it took, `ends` how many ends of ranges agree."""

    kind: str
    samples: float
    ends: int
    of: int
    spread: float
    """The largest factor between the estimates that agree."""
    ops: tuple[Op, ...]


def noise(graph: Graph) -> Noise | None:
    """The noise that the graph was calibrated on, where all ranges of its first layers are those of noise."""
    start = fed(graph)
    bounds = ends(start) if start is not None else None
    if start is None or bounds is None or start.elements < _FEATURES:
        return None
    for guess in _guesses(start.elements, *bounds):
        found = _found(graph, start, guess)
        if found is not None and _found(graph, start, replace(guess, make=guess.again)) is not None:
            return found
    return None


def _found(graph: Graph, start: Tensor, guess: _Guess) -> Noise | None:
    """The noise, where one draw of it explains the ranges."""
    seen = _evidence(guess, replayed(graph, guess.make))
    if len(seen.exact) < 4 and start.elements <= _SMALL and seen.is_open:
        samples = min(samples_within(graph, _MORE_WORK), _MORE_VALUES // start.elements, _MORE_SAMPLES)
        seen = _evidence(guess, replayed(graph, guess.make, samples)) if samples >= _LEAST_VALUES else seen
    return _agreed(guess, seen)


@dataclass(frozen=True, eq=False)
class _Guess:
    """A kind of noise, and how many samples of it the range of the input tells: `samples` as powers of ten."""

    kind: str
    make: Callable[[tuple[int, ...]], NDArray[Any]]
    again: Callable[[tuple[int, ...]], NDArray[Any]]
    """Another draw of the same noise: what fits one by chance does not fit both."""
    samples: float | None = None
    is_bound: bool = False
    """True where it took at least so many samples."""
    least_samples: float = _LEAST_SAMPLES


def _guesses(elements: int, low: float, high: float) -> list[_Guess]:
    """The kinds of noise that the range of the input may be of."""
    found = []
    for least, most in _UNIFORM:
        width = most - least
        if abs(low - least) > 0.02 * width or abs(high - most) > 0.02 * width or (width > 2 and elements < _WIDE):
            continue
        gap = 1 - (high - low) / width
        kind = f"uniform noise from {least:g} to {most:g}"
        make, again = (_uniform(least, most, seed) for seed in (0, 1))
        if width > 2:
            found.append(_Guess(kind, make, again))
        elif gap > -_PRECISION:
            ends_missed = 1 if least == 0 else 2
            told = log10(MEDIAN * ends_missed / (max(gap, _PRECISION) * elements))
            found.append(_Guess(kind, make, again, told, gap < _PRECISION))
    sides = -low, high
    if _NORMAL[0] < min(sides) and max(sides) < min(_NORMAL[1], _LOPSIDED * min(sides)) and elements >= _WIDE:
        told = sum(log10(MEDIAN / (0.5 * erfc(each / sqrt(2)) * elements)) for each in sides) / 2
        make, again = _normal(0), _normal(1)
        found.append(_Guess("normally distributed noise", make, again, told, least_samples=_LEAST_NORMAL))
    return found


def _uniform(low: float, high: float, seed: int = 0) -> Callable[[tuple[int, ...]], NDArray[Any]]:
    def make(shape: tuple[int, ...]) -> NDArray[Any]:
        import numpy as np

        return np.asarray(low + (high - low) * _scattered(prod(shape), seed).reshape(shape))

    return make


def _normal(seed: int) -> Callable[[tuple[int, ...]], NDArray[Any]]:
    """Source: G. E. P. Box and M. E. Muller, A Note on the Generation of Random Normal Deviates, 1958."""

    def make(shape: tuple[int, ...]) -> NDArray[Any]:
        import numpy as np

        radius, angle = _scattered(2 * prod(shape), seed).reshape(2, *shape)
        return np.asarray(np.sqrt(-2 * np.log(1 - radius)) * np.cos(2 * np.pi * angle))

    return make


def _scattered(count: int, seed: int) -> NDArray[numpy.float64]:
    """So many numbers from 0 to below 1, always the same: numpy.random takes longer to import than to use.

    Source: SplitMix64, in G. L. Steele, D. Lea and C. H. Flood, Fast Splittable Pseudorandom Number Generators, 2014.
    """
    import numpy as np

    mixed = np.arange(1 + (seed << 32), 1 + (seed << 32) + count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53)


@dataclass(frozen=True, eq=False)
class _Evidence:
    """Estimates, as powers of ten, of the number of samples: what the ends of ranges tell exactly, and bounds."""

    exact: tuple[float, ...]
    least: tuple[float, ...]
    """Where a RELU6 clips: it takes at least so many samples to get there."""
    most: tuple[float, ...]
    """Where a range ends at 0, as it does if nothing lies beyond: so many samples would have passed it."""
    ops: tuple[Op, ...]
    is_hopeless: bool = False
    """True where the first two ends rule the noise out, so that the others were not looked at."""

    @property
    def is_open(self) -> bool:
        """False where one estimate alone is not that of noise."""
        least, most = _LEAST_SAMPLES - _TOLERANCE, _MOST_SAMPLES + _TOLERANCE
        return not self.is_hopeless and all(least <= each <= most for each in self.exact)


def _evidence(guess: _Guess, responses: Iterable[Response]) -> _Evidence:
    exact: list[float] = []
    least: list[float] = []
    most: list[float] = []
    ops: list[Op] = []
    for response in responses:
        if len(exact) > 1 and not _may_agree(guess, exact[:2]):
            return _Evidence(tuple(exact), tuple(least), tuple(most), tuple(dict.fromkeys(ops)), is_hopeless=True)
        bounds = ends(response.tensor)
        if bounds is None or len(response.values) < _LEAST_VALUES:
            continue
        step = (bounds[1] - bounds[0]) / 255
        for sign, end, edge in zip((-1, 1), bounds, clip_of(response.op), strict=True):
            if edge == 0:
                continue
            estimate = log10(response.samples_for(end, sign))
            if edge is not None and abs(end - edge) < 1.5 * step:
                least.append(estimate)
            elif end == 0:
                most += [estimate] if (sign * response.values > 0).any() else []
            else:
                exact.append(estimate)
                ops.append(response.op)
    return _Evidence(tuple(exact), tuple(least), tuple(most), tuple(dict.fromkeys(ops)))


def _may_agree(guess: _Guess, early: Sequence[float]) -> bool:
    """False where no middle that all ends may have leaves the first two near enough to it: see `_agreed`."""
    is_alone = guess.samples is None or guess.is_bound
    low, high = _LEAST_ALONE if is_alone else guess.least_samples, _MOST_SAMPLES
    if guess.samples is not None:
        low = max(low, guess.samples - _OWN_TOLERANCE[1 + guess.is_bound])
        high = high if guess.is_bound else min(high, guess.samples + _OWN_TOLERANCE[0])
    spread = max(early) - min(early)
    return spread <= 2 * _TOLERANCE and low - _TOLERANCE <= min(early) and max(early) <= high + _TOLERANCE


def _agreed(guess: _Guess, seen: _Evidence) -> Noise | None:
    """The noise, where nearly all estimates agree on one number of samples.

    The first two have to: next to the input noise is foretold best, and real data differ most.
    """
    if seen.is_hopeless:
        return None
    total = len(seen.exact)
    is_alone = guess.samples is None or guess.is_bound
    if total < (_LEAST_ENDS_ALONE if is_alone else _LEAST_ENDS):
        return None
    middle = median(seen.exact)
    if not (_LEAST_ALONE if is_alone else guess.least_samples) <= middle <= _MOST_SAMPLES:
        return None
    if guess.samples is not None:
        beyond = guess.samples - middle
        if beyond > _OWN_TOLERANCE[1 + guess.is_bound] or (beyond < -_OWN_TOLERANCE[0] and not guess.is_bound):
            return None
        if guess.samples < guess.least_samples:
            return None
    tolerance = _TOLERANCE_ALONE if is_alone else _TOLERANCE if total > _LEAST_ENDS else 0.5 * _TOLERANCE
    early = seen.exact[:2]
    if max(abs(each - middle) for each in early) > tolerance or (is_alone and min(early) < 0):
        return None
    near = [each for each in seen.exact if abs(each - middle) <= tolerance]
    against = sum(each > middle + tolerance for each in seen.least)
    against += sum(each < middle - tolerance for each in seen.most)
    tolerated = 0 if is_alone else total // 8 + (len(near) == total)
    if total - len(near) > (0 if is_alone else total // 4) or against > tolerated:
        return None
    return Noise(guess.kind, 10**middle, len(near), total, 10 ** (max(near) - min(near)), seen.ops)


def constant_input(graph: Graph) -> tuple[Tensor, float] | None:
    """The input and the one value that all of its elements had in the calibration."""
    start = fed(graph)
    bounds = ends(start) if start is not None else None
    if start is None or bounds is None:
        return None
    width = bounds[1] - bounds[0]
    if _NO_RANGE[0] < width < _NO_RANGE[1]:
        return start, 0.0
    values = [each for each in bounds if abs(each) > 0.9 * width]
    if start.elements < _FEATURES or not values:
        return None
    exact = [_exact_ends(response) for response in replayed(graph, _full(values[0]), 1)]
    numbers = [each for each in exact if each is not None]
    if len(numbers) < len(exact) or sum(numbers) < 4 or not numbers[0]:
        return None
    first = first_layer(graph)  # where inputs make no difference, they may have been anything
    return (start, values[0]) if first is not None and (moved(first) or 0) > INPUT_MATTERS else None


def _full(value: float) -> Callable[[tuple[int, ...]], NDArray[Any]]:
    def make(shape: tuple[int, ...]) -> NDArray[Any]:
        import numpy as np

        return np.full(shape, value)

    return make


def _exact_ends(response: Response) -> int | None:
    """How many ends of a range are what the values of one answer need; None where one is not.

    What is at the bound of an activation function tells nothing.
    """
    import numpy as np

    bounds, clip = ends(response.tensor), clip_of(response.op)
    if bounds is None or not np.isfinite(response.values).all():
        return None
    values = response.values if clip == (None, None) else np.clip(response.values, *clip)
    needed = min(0.0, float(values.min())), max(0.0, float(values.max()))
    near = 0.02 * (bounds[1] - bounds[0])
    if any(abs(end - need) > near for end, need in zip(bounds, needed, strict=True)):
        return None
    return sum(abs(end) > near and abs(end - (edge or 0)) > near for end, edge in zip(bounds, clip, strict=True))


def first_layer(graph: Graph) -> Response | None:
    """How the first layer with weights responds to inputs all over the input's range."""
    start = fed(graph)
    bounds = ends(start) if start is not None else None
    if start is None or bounds is None or start.elements < _FEATURES:
        return None
    return next(replayed(graph, _uniform(*bounds), layers=1), None)


def moved(response: Response) -> float | None:
    """How far the inputs move the results of a layer's middle channel, as a share of the size that they have anyway.

    Of a channel that is the middle half of its results, by the result in the middle. None where nothing moves.
    """
    import numpy as np

    if not np.isfinite(response.values).all():
        return None
    ordered = np.sort(response.values, axis=0)  # np.quantile and np.median import numpy.ma, which takes longer
    low, middle, high = (ordered[len(ordered) * quarter // 4] for quarter in (1, 2, 3))
    alive = high > low
    shares = (high - low)[alive] / np.maximum(abs(middle[alive]), 1e-12)
    return float(np.sort(shares)[shares.size // 2]) if shares.size else None


def clipped(response: Response) -> float | None:
    """The share of the results of a layer that its RELU6 clips; None where it has none."""
    if clip_of(response.op) != (0.0, 6.0):
        return None
    return float(((response.values <= 0) | (response.values >= 6)).mean())


def logits(graph: Graph) -> list[tuple[Op, Tensor, float, float]]:
    """The SOFTMAX and LOGISTIC ops that give an output of the graph, with what they read and its range."""
    outputs = set(graph.outputs)
    found = []
    for op in graph.ops:
        if op.kind not in {"SOFTMAX", "LOGISTIC"} or not op.outputs or op.is_custom:
            continue
        given = op.input(0)
        bounds = ends(given) if given is not None else None
        if given is None or bounds is None or not _leads_to(graph, op.outputs[0], outputs):
            continue
        found.append((op, given, *bounds))
    return found


def _leads_to(graph: Graph, tensor: Tensor, outputs: set[Tensor]) -> bool:
    for _ in range(4):
        if tensor in outputs:
            return True
        readers = graph.consumers(tensor)
        if len(readers) != 1 or readers[0].kind not in {"DEQUANTIZE", "QUANTIZE", "RESHAPE"} or not readers[0].outputs:
            return False
        tensor = readers[0].outputs[0]
    return False


def winning_chance(classes: int, width: float) -> float:
    """The largest probability that a SOFTMAX over so many classes can give, for logits in a range of this width."""
    return 1 / (1 + (classes - 1) * exp(-min(width, 700.0)))


def relu6_tops(graph: Graph) -> list[tuple[Op, float]]:
    """The ops with a fused RELU6, each with the highest value that its output has a code for."""
    found = []
    for op in graph.ops[:_MANY]:
        if op.kind not in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD"} or not op.outputs:
            continue
        bounds = ends(op.outputs[0]) if clip_of(op) == (0.0, 6.0) else None
        if bounds is not None:
            found.append((op, bounds[1]))
    return found


def biases(graph: Graph) -> list[tuple[Op, float]]:
    """The first layers, each with its largest bias as a share of the largest value of its output.

    Layers whose biases are all 0, or not known, are left out.
    """
    import numpy as np

    found: list[tuple[Op, float]] = []
    for op in graph.ops[:_MANY]:
        if op.kind not in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"} or not op.outputs or len(found) >= 24:
            continue
        bounds = ends(op.outputs[0])
        bias = real_bias(op) if bounds is not None else None
        if bounds is None or bias is None or not bias.any() or not np.isfinite(bias).all():
            continue
        found.append((op, float(abs(bias).max()) / max(abs(each) for each in bounds)))
    return found


def byte_width(graph: Graph) -> tuple[Tensor, int] | None:
    """An image input, and over how many of the 256 grey levels of a byte its range goes.

    None where the range is not that of bytes, as they are or divided by 255 or 127.5: then its width is a whole number
    of these, to the precision of a float.
    """
    start = fed(graph)
    bounds = ends(start) if start is not None else None
    if start is None or bounds is None or len(start.default_shape) != 4:
        return None
    _, rows, columns, channels = start.default_shape
    if min(rows, columns) < 8 or channels not in {1, 3, 4}:
        return None
    width = bounds[1] - bounds[0]
    for unit, least in ((1 / 255, 0.0), (1 / 127.5, -1.0), (1.0, 0.0)):
        levels = width / unit
        inside = bounds[0] > least - unit and bounds[1] < least + 256 * unit
        if inside and levels > 8 and abs(levels - round(levels)) < 2e-6 * levels:
            return start, round(levels)
    return None
