"""TFL327 input-range-suspect."""

from collections.abc import Iterator
from math import exp
from typing import ClassVar

from tflint import Context, Finding, Graph, Rule, RuleMeta, Severity
from tflint.analysis.calibration import INPUT_MATTERS, biases, clipped, constant_input, first_layer, logits, moved
from tflint.analysis.phrases import named, share
from tflint.analysis.replay import Response, ends, fed

_STEP = 1.0
"""One step of a logit multiplies the odds by e to this: beyond, an answer between 27 % and 73 % has no code."""
_MOST_CLIPPED = 0.9
_LEAST_BIAS = 0.001
_LATER_BIAS = 0.002
_LAYERS = 3


class InputRangeSuspect(Rule):
    """The range of the input does not fit the weights: data of another scale than those of the training.

    ## What it does

    Asks of an INT8 model whether inputs all over the recorded range do to the weights what they should. **Too
    large**: the logits of a final SOFTMAX or LOGISTIC span more than 255, so that one step multiplies the odds by more
    than e; or the first layer's RELU6 clips nearly all that it gets; or, as a note, the biases of all layers are less
    than a thousandth of their outputs. **Too small**: inputs all over the range move the first layer's results by
    less than a tenth, the rest is its bias.

    ## Why it is bad

    The usual cause is a representative dataset without the preprocessing of the training: bytes from 0 to 255 for a
    model that learnt on 0 to 1, or the other way round. All ranges are then too wide or too narrow by that factor, and
    the model is useless on data of the right scale: they use one or two codes, or are clipped.

    ## Example

    ```text
    warning TFL327 input-range-suspect: tensor 14, 'logits'
      'logits', which SOFTMAX reads, goes from -189.3 to 1,535, so that one of its 255 steps
      multiplies the odds by 864; the data of 'image', from 0 to 255, are likely of another scale than
      in training.
      help: Normalise the representative data as in training, and convert again.
      also: tensor 0, 'image'
    ```

    ## Fix

    Call the same preprocessing function in the representative dataset as in training, and check one sample: its
    smallest and largest values are the ends of the input's range. A model that starts with a Rescaling layer takes
    bytes.

    ## References

    - https://github.com/tensorflow/tflite-support/issues/911, https://github.com/tensorflow/models/issues/9413
    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md
    - benchmarks/calibration.py: 17 networks, each converted with data of the right and the wrong scale
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL327", "input-range-suspect", Severity.WARNING, of_ranges=True)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in (each for each in ctx.graphs if each.index == 0):
            if ctx.once(constant_input, graph) is not None:
                continue
            first = ctx.once(first_layer, graph)
            found = self._logits(graph)
            if found is None and first is not None:
                found = self._clipped(graph, first) or self._no_matter(graph, first)
            found = found or self._biases(graph)
            if found is not None:
                yield found

    def _logits(self, graph: Graph) -> Finding | None:
        for op, given, low, high in logits(graph):
            step = (high - low) / 255
            if step <= _STEP:
                continue
            factor = f"{exp(step):,.3g}" if step < 10 else f"more than {exp(10):,.0f}"
            return self.finding(
                given,
                f"{named(given)}, which {op.kind} reads, goes from {low:,.4g} to {high:,.4g}, so that one of its 255 "
                f"steps multiplies the odds by {factor}; {_origin(graph)} are likely of another scale than in "
                "training.",
                help="Normalise the representative data as in training, and convert again.",
                related=graph.inputs,
                evidence={"low": low, "high": high, "step": step},
            )
        return None

    def _clipped(self, graph: Graph, first: Response) -> Finding | None:
        share_clipped = clipped(first)
        if share_clipped is None or share_clipped < _MOST_CLIPPED:
            return None
        return self.finding(
            first.op,
            f"The RELU6 of the first {first.op.kind} clips {share(share_clipped, 1)} of what inputs all over their "
            f"range give; {_origin(graph)} are likely of a larger scale than in training.",
            help="Normalise the representative data as in training, and convert again.",
            related=graph.inputs,
            evidence={"clipped": share_clipped},
        )

    def _no_matter(self, graph: Graph, first: Response) -> Finding | None:
        part = moved(first)
        if part is None or part > INPUT_MATTERS:
            return None
        return self.finding(
            first.op,
            f"Inputs all over their range move the results of the first {first.op.kind} by {share(part, 1)} of their "
            f"size; {_origin(graph)} are likely of a smaller scale than in training.",
            help="Scale the representative data as in training, and convert again.",
            related=graph.inputs,
            evidence={"moved": part},
        )

    def _biases(self, graph: Graph) -> Finding | None:
        found = biases(graph)
        if len(found) < _LAYERS or found[0][1] > _LEAST_BIAS or max(each for _, each in found) > _LATER_BIAS:
            return None
        largest = max(each for _, each in found)
        return self.finding(
            found[0][0],
            f"The largest bias of {len(found)} layers is {share(largest, 1)} of their outputs, as good as none; "
            f"{_origin(graph)} are of a larger scale than in training, or the model was trained on such values.",
            help="Compare the range of the input with the data of the training.",
            severity=Severity.NOTE,
            related=graph.inputs,
            evidence={"layers": len(found), "largest_share": largest},
        )


def _origin(graph: Graph) -> str:
    """The data of the input, with their range, as a subject."""
    given = fed(graph)
    bounds = ends(given) if given is not None else None
    if given is None or bounds is None:
        return "the representative data"
    return f"the data of {named(graph.inputs[0])}, from {bounds[0]:,.4g} to {bounds[1]:,.4g},"
