"""TFL401 refused-op."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tflint import Context, Finding, Need, Op, Rule, RuleMeta, Severity
from tflint.analysis.layers import layer_of, naming
from tflint.analysis.phrases import count, cut, listed

if TYPE_CHECKING:  # imported where a target is asked: start-up is a feature
    from tflint import Target


class RefusedOp(Rule):
    """A target does not run an op of the model.

    ## What it does

    Asks each target that was named about each op: is it on the target's list, in this version; do its element types
    fit; do shapes, attributes and constants. A runtime without the op cannot run the model: an error. A delegate or a
    compiler leaves it to the CPU: a warning. What cannot be told from the file is not reported. Ops that are refused
    for one reason are one finding, and so are the ops of one layer that three or more reasons are about.

    ## Why it is bad

    On a microcontroller the interpreter stops when it is set up. On a phone or an NPU the op runs on the CPU, and each
    change between the two copies tensors and waits: one op in the middle can cost more than all the others.

    ## Example

    ```text
    warning TFL401 refused-op: op 1 HARD_SWISH, 'hard_swish1'
      xnnpack refuses 2 ops (HARD_SWISH), so they run on the CPU instead: input is INT8 with one
      scale; FLOAT32 or FLOAT16 is supported.
      help: Replace what makes the op; `tflint inspect --target` shows what each change would bring.
      also: op 3 HARD_SWISH, 'hard_swish2'
    ```

    ## Fix

    The reason says what would be taken. Replace the layer that makes the op, or change its configuration; `tflint
    inspect --target NAME model.tflite` shows where every op runs, and which change would bring the most.

    ## References

    - `tflint targets NAME` names the source of the target's table
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL401", "refused-op", Severity.ERROR, needs=frozenset({Need.TARGET}), of_deployed=True
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        for target in ctx.targets:
            if ctx.refusal(target):
                continue  # refused-model says so
            refused: dict[str, list[Op]] = {}
            for graph in ctx.graphs:
                for op, verdict in zip(graph.ops, ctx.placement(target, graph).verdicts, strict=True):
                    if verdict.supported is False:
                        refused.setdefault(verdict.reason.removeprefix(f"{op.kind}: "), []).append(op)
            of_layers = _of_layers(ctx, refused)
            told = {reason for reasons in of_layers.values() for reason in reasons}
            for layer, reasons in of_layers.items():
                yield self._layer(target, layer, {reason: refused[reason] for reason in reasons})
            for group in _alike({reason: ops for reason, ops in refused.items() if reason not in told}):
                yield self._finding(target, group)

    def _finding(self, target: Target, reasons: Mapping[str, list[Op]]) -> Finding:
        """Of ops that are refused for one reason, or for several that differ in numbers and names only."""
        ops = [op for group in reasons.values() for op in group]
        reason = next(iter(reasons))
        kinds = "" if ops[0].kind in reason else f" ({listed(op.kind for op in ops)})"
        others = f"; {len(reasons) - 1:,} more reasons differ in numbers or names only" if len(reasons) > 1 else ""
        return self._refused(target, ops, kinds, f"{reason}{others}", {"reason": reason}, _HELP)

    def _layer(self, target: Target, layer: str, reasons: Mapping[str, list[Op]]) -> Finding:
        """Of a layer whose ops are refused for reasons of their own."""
        ops = [op for group in reasons.values() for op in group]
        alien: list[str] = []
        unfit: dict[str, list[str]] = {}
        for reason, group in reasons.items():
            kind = group[0].kind
            if reason.startswith(f"{kind} is not "):
                alien.append(kind)
            else:
                unfit.setdefault(reason.removeprefix(f"{kind} "), []).extend(op.kind for op in group)
        why = listed((f"{listed(kinds)} ({reason})" for reason, kinds in unfit.items()), 2)
        if alien:
            are = "is" if len(alien) == 1 else "are"
            why = f"{listed(alien)} {are} not among its ops{', and it refuses ' if unfit else ''}{why}"
        evidence = {"layer": layer, "reasons": {reason: len(group) for reason, group in reasons.items()}}
        return self._refused(target, ops, f" of the layer '{cut(layer)}'", why, evidence, _LAYER_HELP)

    def _refused(
        self, target: Target, ops: list[Op], of: str, why: str, evidence: Mapping[str, Any], help: str
    ) -> Finding:
        stops = target.is_runtime
        they = "it runs" if len(ops) == 1 else "they run"
        effect = "the model does not run there" if stops else f"{they} on the CPU instead"
        return self.finding(
            ops[0],
            f"{target.name} refuses {count(len(ops), 'op')}{of}, so {effect}: {why}.",
            help=help,
            related=ops[1:],
            severity=Severity.ERROR if stops else Severity.WARNING,
            evidence={"target": target.name, "ops": len(ops), **evidence},
        )


_HELP = "Replace what makes the op; `tflint inspect --target` shows what each change would bring."
_LAYER_HELP = "Replace the layer, or make it otherwise; `tflint inspect --target` shows the reason for each op."
_SEVERAL = 3
"""So many reasons are one finding, where they are all of one layer, or differ in numbers and names only."""
_PARTICULARS = re.compile(r"'[^']*'|\d[\d.,e+-]*")


def _of_layers(ctx: Context, refused: Mapping[str, list[Op]]) -> dict[str, list[str]]:
    """Layers whose ops are refused for several reasons that no other layer has, and those reasons."""
    named = ctx.once(naming, ctx.model) if len(refused) >= _SEVERAL else None
    graphs = {graph.index: graph for graph in ctx.graphs}
    found: dict[str, list[str]] = {}
    for reason, ops in refused.items():
        layers = {op.layer if named is None else layer_of(op, graphs[op.graph_index], named) for op in ops}
        layer = layers.pop()
        if layer and not layers:
            found.setdefault(layer, []).append(reason)
    return {layer: reasons for layer, reasons in found.items() if len(reasons) >= _SEVERAL}


def _alike(refused: Mapping[str, list[Op]]) -> Iterator[Mapping[str, list[Op]]]:
    """Yield the reasons one by one; together where several differ in numbers and names only."""
    groups: dict[str, list[str]] = {}
    for reason, ops in refused.items():
        is_listed = reason.startswith(ops[0].kind)
        groups.setdefault(reason if is_listed else _PARTICULARS.sub("#", reason), []).append(reason)
    for reasons in groups.values():
        if len(reasons) >= _SEVERAL:
            yield {reason: refused[reason] for reason in reasons}
        else:
            yield from ({reason: refused[reason]} for reason in reasons)
