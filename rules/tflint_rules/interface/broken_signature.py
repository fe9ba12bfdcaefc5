"""TFL604 broken-signature."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity, Signature, Tensor
from tflint.analysis.phrases import cut, listed, named


class BrokenSignature(Rule):
    """A signature names tensors that are no inputs or outputs of its graph, or leaves inputs out.

    ## What it does

    Compares each signature with the graph that it calls. Reports inputs and outputs of the signature that are none of
    the graph, and inputs of the graph that no name of the signature means. Outputs may be left out, and one tensor may
    have two names.

    ## Why it is bad

    The runtime keeps the values of a graph's own outputs until the caller has read them; the memory of any other
    tensor is used again while the model runs, so that a caller reads what some later op wrote. A graph's input that
    the signature leaves out cannot be set by its name: the model computes with what lies in memory.

    ## Example

    ```text
    error TFL604 broken-signature: tensor 2, 'middle'
      The signature 'serving_default' names a tensor that is no input or output of its graph (output
      'to', 'middle'); their values are not what the caller gives or gets.
      help: Convert again, or write the signature anew with the graph's own inputs and outputs.
    ```

    ## Fix

    Convert again; where a tool added or removed inputs, outputs or ops, let it write the signature anew, or remove it.

    ## References

    - LiteRT f67457790, tflite/core/signature_runner.cc; tflite/arena_planner.cc, ArenaPlanner::PlanAllocations
    - https://github.com/tensorflow/tensorflow/issues/47927
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL604", "broken-signature", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        graphs = {graph.index: graph for graph in ctx.graphs}
        for signature in ctx.model.signatures:
            graph = graphs.get(signature.graph_index)
            if graph is None:
                continue
            alien = [
                *_alien(signature.inputs, graph.inputs, "input"),
                *_alien(signature.outputs, graph.outputs, "output"),
            ]
            given = set(signature.inputs.values())
            missing = [tensor for tensor in graph.inputs if tensor not in given and not tensor.is_variable]
            if alien:
                yield self._alien(signature, alien)
            if missing:
                yield self._missing(signature, missing)

    def _alien(self, signature: Signature, alien: list[tuple[str, str, Tensor]]) -> Finding:
        told = listed(f"{side} '{cut(name)}', {named(tensor)}" for side, name, tensor in alien)
        several = len(alien) > 1
        return self.finding(
            alien[0][2],
            f"The signature '{cut(signature.key)}' names {'tensors that are' if several else 'a tensor that is'} no "
            f"input or output of its graph ({told}); their values are not what the caller gives or gets.",
            help="Convert again, or write the signature anew with the graph's own inputs and outputs.",
            related=[tensor for _, _, tensor in alien[1:]],
            evidence={"signature": signature.key, "names": [name for _, name, _ in alien]},
        )

    def _missing(self, signature: Signature, missing: list[Tensor]) -> Finding:
        several = len(missing) > 1
        return self.finding(
            missing[0],
            f"The signature '{cut(signature.key)}' leaves out {'inputs' if several else 'an input'} of its graph "
            f"({listed(map(named, missing))}); a caller cannot set {'them' if several else 'it'} by name.",
            help="Convert again, or write the signature anew with all inputs of the graph.",
            related=missing[1:],
            evidence={"signature": signature.key, "inputs": [tensor.name for tensor in missing]},
        )


def _alien(names: Mapping[str, Tensor], own: tuple[Tensor, ...], side: str) -> Iterator[tuple[str, str, Tensor]]:
    """The entries of one side of a signature whose tensors are not the graph's."""
    for name, tensor in names.items():
        if tensor not in own:
            yield side, name, tensor
