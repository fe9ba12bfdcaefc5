"""What becomes of a whole TensorFlow graph: what is dead, what folds, and the ops that are left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tflint.forecast.control import BRANCHING, LOOPS, branches, hands_on_floats, inner_constants
from tflint.forecast.flex_ops import EXTENSION_OPS
from tflint.forecast.folding import evaluate
from tflint.forecast.fused import fused
from tflint.forecast.int8 import of_op as int8_of_op
from tflint.forecast.int8 import worst_int8
from tflint.forecast.known import Known
from tflint.forecast.lists import TENSOR_LISTS, tensor_list
from tflint.forecast.resources import RESOURCES, resource
from tflint.forecast.status import Forecast, Int8, OpForecast, Refusal, Status, worst
from tflint.forecast.table import Entry, entry
from tflint.forecast.tf_conditions import CONDITIONS, vanishes
from tflint.model import Graph, Op, Tensor

__all__ = ["VANISH", "forecast_graph", "forecast_op", "unfolded"]

_DEEPEST = 32
"""Loops in loops are followed so deep."""
_FREE = frozenset({"Assert", "VarHandleOp", "NoOp", "Placeholder", "CheckNumerics"})
"""Ops with state that are dropped where nothing takes what they make."""
VANISH = frozenset(
    """
    Assert CheckNumerics Const EnsureShape Identity IdentityN NoOp PreventGradient Snapshot StopGradient
    """.split()
)
"""Ops of which nothing is left."""


def forecast_graph(graph: Graph, functions: Mapping[str, Graph] | None = None) -> Forecast:
    """What becomes of a graph. `functions` are the graphs that loops and branches name."""
    found = tuple(_Walk(functions or {}).ops(graph))
    verdict = worst(each.status for each in found)
    reasons = dict.fromkeys(each.reason for each in found if each.status is verdict and verdict is not Status.BUILTIN)
    return Forecast(graph, verdict, tuple(reasons), found, worst_int8(each.int8 for each in found))


def forecast_op(op: Op, known: Known) -> OpForecast:
    """What becomes of one op that is neither dead nor folded."""
    if op.kind in VANISH or vanishes(op, known):
        return OpForecast(op, Status.BUILTIN, "nothing is left of it")
    if op.kind in TENSOR_LISTS:
        return tensor_list(op, known)
    if op.kind in RESOURCES:
        return resource(op, known)
    row = entry(op.kind)
    if row is None:
        if op.kind in EXTENSION_OPS:
            reason = (
                f"{op.kind} needs SELECT_TF_OPS where TensorFlow Text is loaded, and does not convert where it is not"
            )
            return OpForecast(op, Status.UNKNOWN, reason)
        if op.is_custom:
            return OpForecast(op, Status.FAILS, f"{op.kind} is no op of TensorFlow")
        return OpForecast(op, Status.FAILS, f"{op.kind} is neither converted to builtin ops nor among the Flex ops")
    return _judged(op, row, known)


def _judged(op: Op, row: Entry, known: Known) -> OpForecast:
    refusal = row.refusal(op)
    status = row.best if refusal is None else refusal.status or row.otherwise
    if status is Status.BUILTIN:
        for condition in CONDITIONS.get(op.kind, ()):
            refusal = condition(op, known)
            if refusal is not None:
                status = refusal.status or row.otherwise
                break
    if status is Status.BUILTIN:
        return OpForecast(op, status, "", row.becomes)
    return OpForecast(op, status, _sentence(op, status, refusal))


def _sentence(op: Op, status: Status, refusal: Refusal | None) -> str:
    what = {
        Status.FLEX: f"{op.kind} needs SELECT_TF_OPS",
        Status.FAILS: f"{op.kind} does not convert",
        Status.CUSTOM: f"{op.kind} becomes a custom op",
        Status.UNKNOWN: f"{op.kind} may convert or not",
    }[status]
    return what if refusal is None else f"{what}: {refusal.reason}"


class _Walk:
    """A pass over a graph and what its loops and branches name, each function once for what it is given."""

    def __init__(self, functions: Mapping[str, Graph]) -> None:
        self.functions = functions
        self.seen: set[tuple[str, frozenset[int]]] = set()

    def ops(self, graph: Graph, constant: Sequence[Tensor] = (), depth: int = 0) -> Iterator[OpForecast]:
        known = Known(graph, constant, self.functions)
        left = unfolded(graph, known)
        whole = fused(graph, known, self.functions)
        for op in left:
            if op in whole:
                each = OpForecast(op, Status.BUILTIN, f"it becomes part of {whole[op]}", (whole[op],))
            elif op.kind in BRANCHING:
                yield from self.inside(op, known, depth)
                continue
            else:
                each = forecast_op(op, known)
            yield replace(each, int8=int8_of_op(each))

    def inside(self, op: Op, known: Known, depth: int) -> Iterator[OpForecast]:
        """What becomes of a loop or a branch, and of what is in it."""
        own, names = branches(op, known)
        looped = self.functions.get(str(op.options.get("body"))) if op.kind in LOOPS else None
        crashes = looped is not None and hands_on_floats(op, looped, known)
        yield replace(own, int8=Int8.CRASHES if crashes else int8_of_op(own))
        if own.status is Status.FAILS:
            return
        for name in names:
            body = self.functions.get(name)
            if body is None or depth >= _DEEPEST:
                why = "which the model does not hold" if body is None else "deeper than is looked"
                yield OpForecast(op, Status.UNKNOWN, f"{op.kind} calls '{name}', {why}", (), Int8.UNKNOWN)
                continue
            constant = inner_constants(op, body, known, self.functions)
            key = (name, frozenset(tensor.index for tensor in constant))
            if key not in self.seen:
                self.seen.add(key)
                yield from self.ops(body, constant, depth + 1)


def unfolded(graph: Graph, known: Known) -> list[Op]:
    """The ops that are needed and not folded; what folds is told to `known`."""
    live = _live(graph)
    left: list[Op] = []
    for op in graph.ops:
        if op not in live:
            continue
        values = evaluate(op, known)
        if values is None:
            left.append(op)
        else:
            known.fold(op, values)
    return left


def _live(graph: Graph) -> set[Op]:
    """The ops that an output needs, and those with an effect and what they need."""
    needed: set[Tensor] = set(graph.outputs)
    live: set[Op] = set()
    for op in reversed(graph.ops):
        if any(output in needed for output in op.outputs) or _has_effect(op):
            live.add(op)
            needed.update(tensor for tensor in op.inputs if tensor is not None)
    return live


def _has_effect(op: Op) -> bool:
    if op.kind in _FREE or op.kind.startswith("Stateless"):
        return False
    row = entry(op.kind)
    return op.kind in RESOURCES or op.kind in LOOPS or (row is not None and row.has_state)
