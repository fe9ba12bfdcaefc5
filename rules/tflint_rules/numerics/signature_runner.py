"""TFL911 signature-runner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Need, Rule, RuleMeta, Severity, Signature
from tflint.analysis.phrases import count, listed, named
from tflint_rules.numerics.judged import is_repeatable, ran


class SignatureRunner(Rule):
    """Called through its signature, the model gives other values than called by position.

    ## What it does

    With `--diff` the first input is given once by position (`set_tensor`, `invoke`, `get_tensor`) and once by name
    (`get_signature_runner`), on the same kernels. The values at the same output tensor have to be the same to the last
    bit. Models that give something else in each run are left out, and signatures that broken-signature reports.

    ## Why it is bad

    Which result users get depends on the interface that they call. Tests on one say nothing of the other.

    ## Example

    ```text
    error TFL911 signature-runner: tensor 4, 'h'
      Called through its signature 'serving_default', the model gives other values at 2 outputs ('h'
      and 'y') than called by position, for the same input.
      help: Compare the names in the signature with the inputs and outputs of the graph, and convert
            again.
      also: tensor 2, 'y'
    ```

    ## Fix

    Compare the signature with the inputs and outputs of its graph, above all where a tensor stands in it twice. Convert
    again with a current converter, or call the model the way that is right.

    ## References

    - LiteRT f67457790, tflite/core/signature_runner.cc
    - https://github.com/tensorflow/tensorflow/issues/51858
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL911", "signature-runner", Severity.ERROR, needs=frozenset({Need.RUN}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        comparison, graph = ctx.comparison, ran(ctx)
        if comparison is None or graph is None or not is_repeatable(comparison):
            return
        signature = next((each for each in ctx.model.signatures if each.graph_index == graph.index), None)
        if signature is None or not _is_sound(signature, graph):
            return
        run = comparison.run("xnnpack")
        words = comparison.facts.get("signature", "").partition("failed: ")[2]
        if run is not None and run.stage == "signature" and run.ended == "crashed":
            words = run.words
        if words:
            yield self.finding(
                ctx.model,
                f"Called through its signature '{signature.key}', the model fails, and called by position it runs: "
                f"{words}.",
                help="Compare the names in the signature with the inputs and outputs of the graph, and convert again.",
                evidence={"signature": signature.key, "text": words},
            )
            return
        places = [int(each) for each in comparison.facts.get("signature", "").split(",") if each.isdecimal()]
        found = [graph.outputs[place] for place in dict.fromkeys(places) if place < len(graph.outputs)]
        if not found:
            return
        yield self.finding(
            found[0],
            f"Called through its signature '{signature.key}', the model gives other values at "
            f"{count(len(found), 'output')} ({listed(map(named, found))}) than called by position, for the same input.",
            help="Compare the names in the signature with the inputs and outputs of the graph, and convert again.",
            related=found[1:],
            evidence={"outputs": [each.index for each in found], "signature": signature.key},
        )


def _is_sound(signature: Signature, graph: Graph) -> bool:
    """Whether its tensors are inputs and outputs of the graph."""
    return set(signature.inputs.values()) <= set(graph.inputs) and set(signature.outputs.values()) <= set(graph.outputs)
