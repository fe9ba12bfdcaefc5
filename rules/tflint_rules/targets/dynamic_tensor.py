"""TFL405 dynamic-tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, DType, Finding, Graph, Need, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.calls import called
from tflint.analysis.phrases import count, listed, named, typed
from tflint_rules.targets.late_sizes import LateSizes, Root, late_sizes

if TYPE_CHECKING:  # imported where a target is asked: start-up is a feature
    from tflint import Target

_MODEL_REASON = "known only when the model runs"
_OP_REASON = "has a dynamic dimension"
"""The words by which the tables of targets tell of sizes that are not known."""
_COUNTING = frozenset({"NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "SEGMENT_SUM", "UNIQUE", "WHERE"})
"""Ops that make as many values as their inputs say."""
_HANDLES = frozenset({DType.RESOURCE, DType.STRING, DType.VARIANT})


class DynamicTensor(Rule):
    """A value has no size before the model runs, and a target refuses it for that.

    ## What it does

    Where a target that was named refuses the model, or ops of it, for sizes that are known only at run time, follows
    these sizes back to what decides them: an op whose result is as large as the values say (WHERE, UNIQUE), an operand
    that is computed (of RESHAPE, RANGE, TOPK_V2, …) or an input that was left open. Each of those is one finding, with
    the values that inherit it. Sizes that only the open batch makes unknown are for dynamic-shape-chain.

    ## Why it is bad

    TFLite says *Attempting to use a delegate that only supports static-sized tensors with a graph that has
    dynamic-sized tensors*, with a number of a tensor or none, and runs everything on the CPU. Compilers for NPUs stop,
    or leave the ops out. Viewers show the sizes that the file was saved with, so nothing looks dynamic there.

    ## Example

    ```text
    warning TFL405 dynamic-tensor: op 1 WHERE, 'where'
      WHERE makes 'where' INT64[?, 1], which has no size before the model runs, nor has 1 value behind
      it: it depends on the values that it reads; gpu takes nothing of such a model.
      help: Keep a fixed number of values and mask those that are not wanted, or do it outside of the
            model.
    ```

    ## Fix

    Fix the dimensions of the inputs before the conversion. What depends on values is done outside of the model, or with
    a mask over values of a fixed number.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, ModifyGraphWithDelegateImpl; tflite/kernels/*.cc, SetTensorToDynamic
    - https://github.com/tensorflow/tensorflow/issues/57905
    - https://github.com/tensorflow/tensorflow/issues/38036
    - `tflint targets NAME` names the source of the target's table
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL405", "dynamic-tensor", Severity.WARNING, needs=frozenset({Need.TARGET}), of_deployed=True
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        whole = [target.name for target in ctx.targets if _MODEL_REASON in target.refusal(ctx.model)]
        single = [target for target in ctx.targets if not target.refusal(ctx.model) and _refuses_ops(ctx, target)]
        if not whole and not single:
            return
        known = {graph: ctx.once(late_sizes, ctx.model, graph) for graph in ctx.graphs}
        waiting = {graph.index for graph, found in known.items() if any(found.late.values())}
        handles: list[Op] = []
        for graph, found in known.items():
            of_ops = {target.name: set(_roots(ctx, target, graph, found)) for target in single}
            behind = found.behind()
            for root, ops in found.late.items():
                part = [name for name, roots in of_ops.items() if root in roots]
                if isinstance(root, Op) and any(number in waiting for _, number in called(root)):
                    continue  # the graphs that it runs have findings of their own
                if isinstance(root, Op) and _late(root, found).dtype in _HANDLES:
                    handles.append(root)
                elif (whole and ops) or part:
                    yield self._finding(found, root, behind.get(root, 0), whole if ops else [], part)
        if handles and whole:
            yield self._of_handles(handles, whole)

    def _finding(self, found: LateSizes, root: Root, behind: int, whole: list[str], part: list[str]) -> Finding:
        ops = found.late[root]
        chain: tuple[Op, ...] = ()
        if isinstance(root, Tensor):
            fact, why, cure, more = _of_input(root, ops), "", _FIX_INPUT, behind - 1
        else:
            (fact, why, cure), chain = _of_op(root, found), found.source(root).ops
            more = behind - sum(found.root.get(each) is root for each in root.outputs)
        inherit = f", nor {'has' if more == 1 else 'have'} {count(more, 'value')} behind it" if more > 0 else ""
        return self.finding(
            root,
            f"{fact}{inherit}{why}; {_effect(whole, part)}.",
            help=cure,
            related=[*chain, *(op for op in ops if op is not root)],
            evidence={"targets": [*whole, *part], "values": behind, "ops": len(ops)},
        )

    def _of_handles(self, ops: list[Op], targets: list[str]) -> Finding:
        types = listed(sorted({tensor.dtype.value for op in ops for tensor in op.outputs if tensor.dtype in _HANDLES}))
        makers = f"{count(len(ops), 'op')} ({listed(op.kind for op in ops)}) {'makes' if len(ops) == 1 else 'make'}"
        return self.finding(
            ops[0],
            f"{makers} {types} values, which have no size before the model runs; {_effect(targets, [])}.",
            help="Do what needs strings or tables outside of the model, and give it numbers.",
            related=ops[1:],
            evidence={"targets": targets, "ops": len(ops)},
        )


_FIX_INPUT = "Fix these dimensions and convert again: keras.Input or tf.TensorSpec with all sizes."
_FIX_OPERAND = "Give the layer that makes it fixed sizes, so that they become constants."
_FIX_VALUES = "Keep a fixed number of values and mask those that are not wanted, or do it outside of the model."


def _refuses_ops(ctx: Context, target: Target) -> bool:
    return any(_OP_REASON in each.reason for graph in ctx.graphs for each in ctx.placement(target, graph).verdicts)


def _roots(ctx: Context, target: Target, graph: Graph, found: LateSizes) -> Iterator[Root]:
    """What the sizes go back to for which a target refuses ops."""
    for op, verdict in zip(graph.ops, ctx.placement(target, graph).verdicts, strict=True):
        if _OP_REASON in verdict.reason:
            tensors = (tensor for tensor in (*op.inputs, *op.outputs) if tensor is not None)
            yield from (found.root[tensor] for tensor in tensors if tensor in found.root)


def _effect(whole: list[str], part: list[str]) -> str:
    effects = [f"{listed(whole, 5)} {'takes' if len(whole) == 1 else 'take'} nothing of such a model"] if whole else []
    if part:
        effects.append(f"{listed(part, 5)} {'takes' if len(part) == 1 else 'take'} no op that reads or makes them")
    return ", and ".join(effects)


def _of_input(tensor: Tensor, ops: list[Op]) -> str:
    """What an open input comes to."""
    open_ones = [str(place) for place, size in enumerate(tensor.shape) if size is None]
    where = f"dimension{'' if len(open_ones) == 1 else 's'} {listed(open_ones, 5)}" if open_ones else "all dimensions"
    makers = f"{count(len(ops), 'op')} ({listed(op.kind for op in ops)}) make" if len(ops) > 1 else ""
    what = f"what {makers or f'{ops[0].kind} makes'}" if ops else "it"
    return f"Input {named(tensor)} {typed(tensor)} is open in {where}, so {what} has no size before the model runs"


def _late(op: Op, found: LateSizes) -> Tensor:
    """The output whose size the op decides."""
    return next((tensor for tensor in op.outputs if found.root.get(tensor) is op), op.outputs[0])


def _of_op(op: Op, found: LateSizes) -> tuple[str, str, str]:
    """What an op comes to whose result has no size, why, and what to do."""
    fact = f"{op.kind} makes {named(late := _late(op, found))} {typed(late)}, which has no size before the model runs"
    values = found.source(op).values
    if values:
        origins = listed(_origin(each, found.graph) for each in values)
        return fact, f": it is computed from {origins}", _FIX_OPERAND
    why = "it depends on the values that it reads" if op.kind in _COUNTING else "LiteRT works it out only then"
    return fact, f": {why}", _FIX_VALUES


def _origin(tensor: Tensor, graph: Graph) -> str:
    maker = graph.producer(tensor)
    return f"{named(tensor)} ({'an input of the graph' if maker is None else f'of {maker.kind}'})"
