"""A graph of TensorFlow, op by op, as the ops that the converter makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tflint.forecast.control import BRANCHING
from tflint.forecast.fused import fused
from tflint.forecast.graph import VANISH, forecast_op, unfolded
from tflint.forecast.known import Known
from tflint.forecast.layers.fusing import fuse
from tflint.forecast.layers.trace import HOLE, Cannot, Layers, Node, Trace, Value
from tflint.forecast.status import Status
from tflint.forecast.tf.branching import branched
from tflint.forecast.tf.call import Lowering, TfCall, constant, merged
from tflint.forecast.tf.elementwise import ELEMENTWISE
from tflint.forecast.tf.matrices import MATRICES
from tflint.forecast.tf.order import in_order
from tflint.forecast.tf.others import OTHERS
from tflint.forecast.tf.recurrent import Recurrences
from tflint.forecast.tf.rewriting import rewrite
from tflint.forecast.tf.shaping import SHAPING
from tflint.forecast.tf.windows import WINDOWS
from tflint.forecast.tf_conditions import vanishes
from tflint.model import Graph, Op, Shape, Tensor

__all__ = ["lower"]

_LOWERINGS: Mapping[str, Lowering] = {**ELEMENTWISE, **MATRICES, **OTHERS, **SHAPING, **WINDOWS}
_NOTHING: Mapping[Tensor, Any] = MappingProxyType({})
_KEPT = frozenset({"Pack", "Pad", "PadV2"})
"""Ops of which something is left even where they give what they are given: a dimension, or an open batch."""
_NO_OPS = frozenset({"NoOp", "Assert", "Placeholder", "PlaceholderWithDefault", "Const"})
_ERRORS = (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError, AttributeError, OverflowError)


def lower(graph: Graph, functions: Mapping[str, Graph]) -> Layers:
    """What the converter makes of a graph. `functions` are the graphs that its loops and branches name."""
    for _ in range(_MOST_TIMES):
        trace = Trace()
        found = Layers(trace)
        walk = _Walk(trace, graph, functions, found)
        walk.run()
        weaker = walk.weaker()
        if not weaker:
            break
        graph = _with_shapes(graph, weaker)
    for each in trace.graphs:
        rewrite(each)
        fuse(each, rows=False)
    found.collect()
    return found


_MOST_TIMES = 3
"""Where the converter knows less of a shape than the graph tells, less is folded: it is gone through again."""


def _with_shapes(graph: Graph, shapes: Mapping[Tensor, Shape]) -> Graph:
    """The graph with other shapes of some of its tensors."""
    made = {tensor: replace(tensor, shape=shape) for tensor, shape in shapes.items()}

    def of(tensors: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(made.get(tensor, tensor) for tensor in tensors)

    ops = tuple(replace(op, inputs=of(op.inputs), outputs=of(op.outputs)) for op in graph.ops)
    return replace(graph, tensors=of(graph.tensors), ops=ops, outputs=of(graph.outputs))


class _Walk:
    """A pass over a graph, which writes down what each op becomes."""

    def __init__(
        self,
        trace: Trace,
        graph: Graph,
        functions: Mapping[str, Graph],
        found: Layers,
        fixed: Mapping[Tensor, Any] = _NOTHING,
    ) -> None:
        self.trace, self.graph, self.functions, self.found = trace, in_order(graph), functions, found
        self.known = Known(self.graph, (), functions)
        self.known.hold(fixed)
        self.values: dict[Tensor, Value] = {}
        self.measured: dict[Value, Value] = {}
        self.weak: set[Value] = set()
        self.layers = Recurrences((), {}, self.known)

    def run(self) -> None:
        graph, trace = self.graph, self.trace
        for tensor in graph.inputs:
            self.values[tensor] = Value(tensor.shape if tensor.has_rank else None, tensor.dtype, name=tensor.name)
        trace.inputs = [self.values[tensor] for tensor in graph.inputs]
        left = unfolded(graph, self.known)
        whole = fused(graph, self.known, self.functions)
        self.layers = Recurrences(left, whole, self.known)
        for op in left:
            outputs = self._outputs(op, whole.get(op))
            self.values.update(zip(op.outputs, outputs, strict=False))
        trace.outputs = [self._output(tensor) for tensor in graph.outputs]

    def weaker(self) -> Mapping[Tensor, Shape]:
        """The tensors of which the converter knows less than the graph tells, and what it knows."""
        return {
            tensor: value.shape
            for tensor, value in self.values.items()
            if value in self.weak and value.shape is not None and value.shape != tensor.shape
        }

    def _output(self, tensor: Tensor) -> Value:
        """What the graph gives; a constant whose size is not known has no shape."""
        try:
            return self._value(tensor)
        except Cannot:
            return Value(None, tensor.dtype)

    def _value(self, tensor: Tensor) -> Value:
        if tensor not in self.values:
            if self.known.is_constant(tensor):
                self.values[tensor] = constant(tensor, self.known)
            else:
                self.values[tensor] = Value(tensor.shape if tensor.has_rank else None, tensor.dtype)
        return self.values[tensor]

    def _outputs(self, op: Op, whole: str | None) -> Sequence[Value]:
        """The values that an op gives."""
        trace, found = self.trace, self.found
        trace.layer = op
        before, graphs = len(trace.nodes), len(trace.graphs)
        inputs: tuple[Value | None, ...] = ()
        try:
            inputs = tuple(None if tensor is None else self._value(tensor) for tensor in op.inputs)
            made = self._lowered(op, inputs, whole)
            outputs = [made] if isinstance(made, Value) else list(made)
            self._complete(op, outputs, trace.nodes[before:])
            found.said.setdefault(op, (Status.BUILTIN, ""))
        except Cannot as reason:
            status, why = reason.status, reason.reason
        except _ERRORS:  # attributes that TensorFlow would not take
            status, why = Status.UNKNOWN, "its attributes do not fit what it reads"
        else:
            return outputs
        del trace.nodes[before:], trace.graphs[graphs:]
        found.said[op] = (status, f"{op.kind} '{op.name}': {why}")
        return self._hole(op, inputs)

    def _complete(self, op: Op, outputs: Sequence[Value], nodes: Sequence[Node]) -> None:
        """Give the outputs the shapes that the graph tells.

        Raises:
            Cannot: a shape of what it becomes is not known.
        """
        own = {value for node in nodes for value in node.outputs}
        weak = any(value in self.weak for node in nodes for value in (*node.inputs, *node.outputs))
        for tensor, value in zip(op.outputs, outputs, strict=False):
            if value not in own or not tensor.has_rank:
                continue
            if not weak or value.shape is None:
                value.shape = merged(tensor.shape, value.shape)
            elif value.shape != tensor.shape and len(value.shape) == len(tensor.shape):
                self.weak.add(value)
        if any(value.shape is None for node in nodes for value in node.outputs):
            raise Cannot(Status.UNKNOWN, "the shape of what it makes is not known")

    def _lowered(self, op: Op, inputs: tuple[Value | None, ...], whole: str | None) -> Value | Sequence[Value]:
        """What an op becomes.

        Raises:
            Cannot: it is not known.
        """
        call = TfCall(op, inputs, self.known, self._value, self.measured, self.weak)
        if op in self.layers.call:
            return self.layers.outputs(self.trace, call)
        if op.kind in _NO_OPS and not op.inputs:
            return [self._value(tensor) for tensor in op.outputs]
        if op.kind in VANISH or (op.kind not in _KEPT and vanishes(op, self.known)):
            return list(call.values[: len(op.outputs)])
        if whole is not None:
            raise Cannot(Status.BUILTIN, f"it becomes part of {whole}")
        if op.kind in BRANCHING:
            return branched(self.trace, call, self.functions, self._inner)
        told = forecast_op(op, self.known)
        if told.status is Status.FLEX:
            self.found.said[op] = (Status.FLEX, told.reason)
            outputs = [Value(call.shape(None, slot), call.dtype(slot)) for slot in range(len(op.outputs))]
            return self.trace.several(f"Flex{op.kind}", call.values, outputs, custom=True)
        lowering = _LOWERINGS.get(op.kind)
        if told.status is not Status.BUILTIN or lowering is None:
            raise Cannot(told.status, told.reason or "which ops it becomes is not known")
        return lowering(self.trace, call)

    def _inner(self, trace: Trace, graph: Graph, fixed: Mapping[Tensor, Any]) -> None:
        """Write down what a function becomes that an op runs."""
        _Walk(trace, graph, self.functions, self.found, fixed).run()

    def _hole(self, op: Op, inputs: tuple[Value | None, ...]) -> Sequence[Value]:
        """An op of which nothing is known but what it reads and gives."""
        outputs = [Value(tensor.shape if tensor.has_rank else None, tensor.dtype) for tensor in op.outputs]
        kind = f"TENSORFLOW_{op.kind.upper()}"
        self.trace.nodes.append(Node(kind, list(inputs), outputs, {HOLE: op.kind}, op, is_custom=True))
        return outputs
