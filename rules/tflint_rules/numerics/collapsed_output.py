"""TFL905 collapsed-output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Graph, Need, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import listed, named
from tflint_rules.numerics.judged import judged, ran
from tflint_rules.numerics.words import inputs

if TYPE_CHECKING:  # imported where something is run: start-up is a feature
    from tflint.comparison import Comparison

_CHOICES = frozenset(
    "ARG_MAX ARG_MIN TOPK_V2 NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 WHERE UNIQUE GREATER GREATER_EQUAL LESS "
    "LESS_EQUAL EQUAL NOT_EQUAL SHAPE RANK ROUND SIGN FLOOR CEIL".split()
)
"""Ops that give the same for many inputs: nothing follows from it."""


class CollapsedOutput(Rule):
    """An output is the same for all inputs that were tried.

    ## What it does

    With `--diff` compares what an output gives for each of four or more random or given inputs. It is an error where
    the source's output changes with them, by more than a few steps of quantization or one percent of its largest value.
    Nothing is said where the source's stays the same.

    Without a source it is a warning, for inputs of yours (`--inputs`), of outputs that are real numbers and computed
    from the inputs, and not by choosing, comparing or counting. To made-up inputs many sound models give one answer.

    ## Why it is bad

    The model does not look at its input any more. A range that is far too wide rounds all values to one; weights that
    are lost, or a state that is never written, do the same.

    ## Example

    ```text
    error TFL905 collapsed-output: tensor 4, 'probs'
      Output 'probs' is the same for all of 4 random inputs; in the source 'model.keras' it changes
      with them.
      help: Look for the first value inside that does not change, and at its scale and the weights
            before it.
    ```

    ## Fix

    Look for the first value inside that does not change: its scale, and the weights before it. Calibrate with real
    inputs that are prepared as in training, and convert again.

    ## References

    - LiteRT f67457790, tflite/g3doc/performance/quantization_spec.md
    - https://github.com/tensorflow/tensorflow/issues/61319
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL905", "collapsed-output", Severity.ERROR, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison, graph = ctx.comparison, ran(ctx)
        if comparison is None or graph is None:
            return
        sure = [each.tensor for each in judged(ctx) if each.is_collapsed]
        found = sure or ([] if comparison.outputs else _unsure(comparison, graph))
        if not found:
            return
        places = [place for place, each in enumerate(comparison.feeds) if each.kind in {"random", "given"}]
        what = (
            f"Output {named(found[0])} is"
            if len(found) == 1
            else f"{len(found):,} outputs ({listed(map(named, found))}) are"
        )
        theirs = f"; in the source '{comparison.reference}' it changes with them" if sure else ""
        where = _first_flat(comparison, graph, found[0])
        inside = "" if where is None else f" Before it, {where.kind} (op {where.index}) gives one number everywhere."
        yield self.finding(
            found[0],
            f"{what} the same for all of {inputs(comparison, places)}{theirs}.{inside}",
            help="Look for the first value inside that does not change, and at its scale and the weights before it.",
            related=[*found[1:], *([where.outputs[0]] if where is not None else [])],
            severity=None if sure else Severity.WARNING,
            evidence={"outputs": [each.index for each in found], "inputs": len(places)},
        )


def _unsure(comparison: Comparison, graph: Graph) -> list[Tensor]:
    """The outputs that are the same for all inputs, of a model without a source, and should hardly be."""
    frozen = {each.address for each in comparison.inside if each.kind == "unchanging"}
    if all(each.kind != "given" for each in comparison.feeds):
        return []
    moved = _moved(graph)
    return [
        tensor
        for tensor in dict.fromkeys(graph.outputs)
        if tensor.location.address in frozen and tensor in moved and (tensor.dtype.is_float or tensor.quant is not None)
    ]


def _moved(graph: Graph) -> frozenset[Tensor]:
    """The tensors that are computed from the inputs, and not by choosing."""
    found = set(graph.inputs)
    chosen: set[Tensor] = set()
    for op in graph.ops:
        inputs = [each for each in op.inputs if each is not None]
        if op.kind in _CHOICES or not chosen.isdisjoint(inputs):
            chosen.update(op.outputs)
        elif not found.isdisjoint(inputs):
            found.update(op.outputs)
    return frozenset(found)


def _first_flat(comparison: Comparison, graph: Graph, output: Tensor) -> Op | None:
    """The first op on the way to an output that gives one number everywhere, for each input."""
    flat = {each.address for each in comparison.inside if each.kind == "constant"}
    moved = _moved(graph)
    waiting, seen = [output], set[Op]()
    while waiting:
        op = graph.producer(waiting.pop())
        if op is None or op in seen:
            continue
        seen.add(op)
        waiting += [each for each in op.inputs if each is not None and each in moved]
    return min(
        (op for op in seen for each in op.outputs if each.location.address in flat and each is not output),
        key=lambda op: op.index,
        default=None,
    )
