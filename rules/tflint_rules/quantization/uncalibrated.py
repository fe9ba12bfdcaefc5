"""TFL326 uncalibrated."""

from collections.abc import Iterator
from typing import Any, ClassVar

from tflint import Context, DType, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.calibration import (
    Noise,
    byte_width,
    constant_input,
    logits,
    noise,
    relu6_tops,
    winning_chance,
)
from tflint.analysis.phrases import count, named, share

_REACH = 0.9
"""A RELU6 whose output ends below this share of 6 was never at its limit."""
_MOST_RELU6 = 0.6
_LEAST_RELU6 = 4
_GREY = 0.85
"""Several photographs use more of the grey levels than this."""
_CLASSES = 1000
_ANSWERS = 4096
"""A detector with more answers may well give none for most of its places."""


class Uncalibrated(Rule):
    """The activation ranges are those of random, constant or far too few samples, not of real data.

    ## What it does

    Works on the weights and ranges of an INT8 model alone. **Random data**: takes noise of the input's range (uniform
    on 0 to 1, -1 to 1, 0 to 255, or standard normal) through the first layers, and asks of every recorded end of a
    range how many samples of noise would get there. Real data are correlated, and the answers differ by many powers of
    ten; where nearly all agree on one number, and the input's own range on the same, the data were noise. **Constant
    data**: the input's range is the one that the converter makes of zeros, or all ranges are those of one value.
    **Too little**: most RELU6 outputs end well below 6, a final LOGISTIC only ever saw one sign, no class of a final
    SOFTMAX can win, or images use few of the 256 grey levels. One of these signs alone is a note.

    Not told from real data: normal noise on tables of less than 64 columns, which standardised columns are like, and
    most calibrations on a few real samples.

    ## Why it is bad

    Ranges are what post-training quantization takes from the representative data. Those of noise are too narrow for
    what real data do to deep layers, which clips, or too wide, which loses levels: accuracy drops, to chance at worst,
    and neither converter nor runtime says a word.

    ## Example

    ```text
    warning TFL326 uncalibrated: tensor 0, 'image'
      The ranges are those of uniform noise from 0 to 1, about 15 samples of it: 6 of the 6 ends of
      ranges in the first layers are where it takes them; real data were expected.
      help: Convert again with samples of real data.
      also: op 0 CONV_2D, 'conv0'; op 1 CONV_2D, 'conv1'; op 2 CONV_2D, 'conv2'; op 3 MEAN, 'mean';
            and 1 more
    ```

    ## Fix

    Give the converter 100 to 500 samples of the training or validation data, with every class among them, through
    exactly the preprocessing that the model gets in use:

    `converter.representative_dataset = lambda: ([preprocess(image)[None]] for image in samples)`

    ## References

    - TensorFlow 2.21, tf.lite.RepresentativeDataset: a generator of samples that the ranges are estimated from
    - LiteRT f67457790, tflite/converter/quantization/common/quantization_lib/quantization_utils.h, on ranges of zeros
    - https://github.com/tensorflow/tensorflow/issues/58206, https://github.com/tensorflow/tensorflow/issues/88361
    - benchmarks/calibration.py: 17 networks, each converted with good and bad data
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL326", "uncalibrated", Severity.WARNING, of_ranges=True)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in (each for each in ctx.graphs if each.index == 0):
            constant = ctx.once(constant_input, graph)
            if constant is not None:
                yield self._constant(*constant)
                continue
            found = ctx.once(noise, graph)
            if found is not None:
                yield self._noise(graph, found)
                continue
            yield from self._too_little(graph)

    def _constant(self, tensor: Tensor, value: float) -> Finding:
        if value == 0:
            message = (
                f"Every value of {named(tensor)} was 0, to within 1e-06, in all of the representative data; "
                "whatever else it is given is clipped."
            )
        else:
            message = f"The ranges are those of an input that is {value:g} throughout; real data were expected."
        return self.finding(
            tensor,
            message,
            help="Convert again with samples of real data.",
            severity=Severity.ERROR if value == 0 else None,
            evidence={"value": value},
        )

    def _noise(self, graph: Graph, found: Noise) -> Finding:
        samples = f"{found.samples:,.0f}" if found.samples < 100 else f"{round(found.samples, -1):,.0f}"
        return self.finding(
            graph.inputs[0],
            f"The ranges are those of {found.kind}, about {samples} samples of it: {found.ends} of the {found.of} ends "
            "of ranges in the first layers are where it takes them; real data were expected.",
            help="Convert again with samples of real data.",
            related=found.ops,
            evidence={
                "noise": found.kind,
                "samples": round(found.samples, 1),
                "agreeing_ends": found.ends,
                "ends": found.of,
                "factor_between_them": round(found.spread, 1),
            },
        )

    def _too_little(self, graph: Graph) -> Iterator[Finding]:
        signs: list[str] = []
        places: list[Op | Tensor] = []
        evidence: dict[str, Any] = {}
        for told in (_relu6(graph), _one_sided(graph), _undecided(graph), _grey(graph)):
            if told is not None:
                sentence, place, figures = told
                signs.append(sentence)
                places.append(place)
                evidence |= figures
        if not signs:
            return
        yield self.finding(
            places[0],
            f"The ranges are those of too few samples, or not of real ones: {', '.join(signs)}.",
            help="Convert again with 100 samples or more, of every kind that the model has to deal with.",
            severity=Severity.NOTE if len(signs) == 1 else None,
            related=places[1:],
            evidence=evidence,
        )


_Sign = tuple[str, Op | Tensor, dict[str, Any]]


def _relu6(graph: Graph) -> _Sign | None:
    """Batch normalisation keeps results near 1 in size: over many samples and places, some are beyond 6."""
    tops = relu6_tops(graph)
    low = [op for op, top in tops if top < _REACH * 6]
    if len(tops) < _LEAST_RELU6 or len(low) < _MOST_RELU6 * len(tops):
        return None
    figures = {"relu6": len(tops), "relu6_below": len(low)}
    return f"{len(low)} of {len(tops)} RELU6 outputs never came near 6", low[0], figures


def _one_sided(graph: Graph) -> _Sign | None:
    """The answer of a yes-or-no model is 0.5 where its LOGISTIC reads 0."""
    for op, given, low, high in logits(graph):
        if op.kind == "LOGISTIC" and given.dtype is DType.INT8 and given.elements <= _ANSWERS and 0 in {low, high}:
            side = "below" if high == 0 else "above"
            return (
                f"{named(given)} was never {'above' if high == 0 else 'below'} 0, so all answers were {side} 0.5",
                given,
                {"logits": [low, high]},
            )
    return None


def _undecided(graph: Graph) -> _Sign | None:
    """A model that has learnt anything gives some class more than all others together, at least once."""
    for op, given, low, high in logits(graph):
        classes = given.default_shape[-1] if given.default_shape else 0
        if op.kind != "SOFTMAX" or not 2 < classes <= _CLASSES or len(given.default_shape) != 2:
            continue
        chance = winning_chance(classes, high - low)
        if chance < 0.5:
            sentence = f"no class of the SOFTMAX ever got more than {share(chance, 1)}"
            return sentence, given, {"logits": [low, high], "classes": classes}
    return None


def _grey(graph: Graph) -> _Sign | None:
    found = byte_width(graph)
    if found is None or found[1] > _GREY * 255:
        return None
    tensor, levels = found
    return f"the images use {count(levels, 'grey level')} of 256", tensor, {"grey_levels": levels}
