"""What the targets behind LiteRT's compiler plugins share: NPUs for which a vendor brings the compiler.

LiteRT reads the model, asks the plugin which ops it takes, and hands pieces of those to the vendor's compiler. A
composite op that a plugin does not take is replaced by the ops of its decomposition, which are then judged themselves.

Source: LiteRT f67457790, litert/core/model/model_load.cc and flatbuffer_to_litert.cc; PartitionModel in
litert/compiler/plugin/compiler_plugin.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from tflint import Condition, DType, Graph, Model, Op, Support, Tensor, Unknown
from tflint_rules.targets.tables.delegates import either

__all__ = ["COMPOSITE", "composites", "entry_graphs", "fixed", "is_blockwise", "listed", "tensors", "unloadable"]

COMPOSITE = "STABLEHLO_COMPOSITE"

_UNREAD = frozenset({DType.COMPLEX128, DType.VARIANT})


def unloadable(model: Model) -> str:
    """What LiteRT's reader of models stops at before any plugin sees the model."""
    for graph in model.graphs:
        for tensor in graph.tensors:
            if tensor.is_variable:
                return f"'{tensor.name}' is a variable, and the compiler plugins of LiteRT read no model that has one"
            if tensor.dtype in _UNREAD:
                return f"'{tensor.name}' is {tensor.dtype.value}, and the compiler plugins of LiteRT read no such model"
        for op in graph.ops:
            if op.intermediates:
                return f"{op.kind} has intermediate tensors, and the compiler plugins of LiteRT read no such model"
    return ""


def listed(kinds: str, by: str = "", more: Mapping[str, tuple[Condition, ...]] | None = None) -> dict[str, Support]:
    """The ops that a plugin takes; where `by` says who decides on them, whether they run is not known here.

    `more` are the conditions that the plugin itself asks of an op.
    """
    conditions = more or {}
    text = f"the op is offered to {by}, which decides" if by else ""
    plain = Support(decided_elsewhere=text)
    return {
        kind: Support(conditions=conditions[kind], decided_elsewhere=text) if kind in conditions else plain
        for kind in kinds.split()
    }


def composites(known: Collection[str], *, inlined: bool = True) -> Condition:
    """A composite op is one of those that a plugin takes by their name; where not, it may be `inlined`."""

    def check(op: Op, graph: Graph) -> str:
        name = str(op.options.get("name") or "")
        if name in known:
            return ""
        if name == "odml.cpu_call":
            return "odml.cpu_call asks for the CPU"
        if name == "odml.npu_call":
            return Unknown("odml.npu_call is compiled as a whole; the compiler decides")
        if not inlined:
            return f"composite '{name}' is not among those that are supported"
        return Unknown(
            f"composite '{name}' is replaced by the ops of its decomposition, which are judged by themselves"
        )

    check.__doc__ = f"composite is {either(sorted(known))}"
    return check


def entry_graphs(model: Model) -> Iterator[Graph]:
    """The graphs that a plugin is asked about: all but the decompositions of composite ops."""
    bodies = {
        op.options.get("decomposition_subgraph_index")
        for graph in model.graphs
        for op in graph.ops
        if op.kind == COMPOSITE
    }
    return (graph for graph in model.graphs if graph.index not in bodies)


def is_blockwise(tensor: Tensor) -> bool:
    """True for a tensor with a scale for each block of its elements."""
    return tensor.quant is not None and tensor.quant.details is not None and "Blockwise" in tensor.quant.details[0]


def tensors(fault: Callable[[Tensor], str]) -> Condition:
    """No input or output of an op is what `fault` says, as `STRING` or `INT8 without a scale`."""

    def check(op: Op, graph: Graph) -> str:
        for what, many in (("input", op.inputs), ("output", op.outputs)):
            for slot, tensor in enumerate(many):
                if tensor is not None and (text := fault(tensor)):
                    return f"{what} {slot} is {text}; the plugin has no type for that"
        return ""

    check.__doc__ = "inputs and outputs have element types that the plugin knows"
    return check


def fixed(slot: int, role: str, types: str = "INT32") -> Condition:
    """An input is a constant of one of these element types: the plugin works it into the op."""
    allowed = types.split()

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None:
            return f"it has no {role}"
        if not tensor.is_constant:
            return f"{role} is not constant"
        return (
            "" if tensor.dtype.value in allowed else f"{role} is {tensor.dtype.value}; {either(allowed)} is supported"
        )

    check.__doc__ = f"{role} is constant, {either(allowed)}"
    return check


def single(slot: int, role: str) -> Condition:
    """An input has one element, where it is there."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        if tensor is None or tensor.elements == 1:
            return ""
        return f"{role} has {tensor.elements} elements; 1 is supported"

    check.__doc__ = f"{role} has one element"
    return check
