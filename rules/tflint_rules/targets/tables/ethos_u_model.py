"""Models that Vela refuses as a whole: it stops with an error, or dies.

Source: ethos-u-vela 5.2.0, ethosu/regor: tflite/tflite_model_semantics.cpp; tflite/tflite_reader.cpp, ParseTensor;
compiler/graphir_optimiser.cpp, ConvertBool8Tensors.
"""

from __future__ import annotations

from collections.abc import Mapping

from tflint import Condition, DType, Model, Op, ProblemKind, Support
from tflint_rules.targets.tables.ethos_u_conditions import wants_activation
from tflint_rules.targets.tables.ethos_u_graph import alive, boolean_edge, fits
from tflint_rules.targets.tables.ethos_u_semantics import fault

__all__ = ["QUESTIONS", "boolean_edges", "compiles"]

_UNKNOWN_TYPES = (DType.UNKNOWN, DType.INT2, DType.UINT4, DType.FLOAT8_E4M3FN, DType.FLOAT8_E5M2)
_NO_BYTES = (DType.INT4, DType.STRING, DType.RESOURCE, DType.VARIANT)
"""Element types narrower than a byte to Vela: it divides by their size in bytes."""
_ACTIVATED = frozenset(
    "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DIV FULLY_CONNECTED L2_NORMALIZATION L2_POOL_2D "
    "MAX_POOL_2D MUL SUB SVDF TRANSPOSE_CONV".split()
)
_BROKEN = (ProblemKind.BAD_REFERENCE, ProblemKind.UNKNOWN_OP, ProblemKind.NO_GRAPH)


def broken(model: Model) -> str:
    """The file can be read, and its graphs are whole."""
    if not model.graphs:
        return "the file has no graph that can be read"
    if not all(graph.intact for graph in model.graphs):
        return "the file refers to what is not in it"
    return next((each.message.rstrip(".") for each in model.problems if each.kind in _BROKEN), "")


def empty_constants(model: Model) -> str:
    """What an op reads and nothing makes has data."""
    made: set[int] = set()  # by number, across graphs, as Vela counts
    for graph in model.graphs:
        made.update(tensor.index for tensor in graph.inputs)
        made.update(tensor.index for op in graph.ops for tensor in op.outputs)
        for op in graph.ops:
            for tensor in op.inputs:
                if tensor is None or tensor.index in made or not tensor.buffer or tensor.is_variable:
                    continue
                if not tensor.data:
                    return f"Vela stops at the constant '{tensor.name}': it has no data"
    return ""


def tensors(model: Model) -> str:
    """Scales are numbers, element types are known to Vela, and constants are of whole bytes."""
    from math import isfinite

    for graph in model.graphs:
        for tensor in graph.tensors:
            if tensor.dtype in _UNKNOWN_TYPES:
                return f"Vela stops at '{tensor.name}': it does not know its element type {tensor.dtype.value}"
            if tensor.dtype in _NO_BYTES and tensor.data:
                return f"Vela dies at the constant '{tensor.name}': its element type is {tensor.dtype.value}"
            if tensor.quant is not None and not all(map(isfinite, tensor.quant.scale.tolist())):
                return f"Vela stops at '{tensor.name}': its scale is not a number"
    return ""


def invalid_ops(model: Model) -> str:
    """No op is invalid to Vela, whether it would run on the NPU or not."""
    for graph in model.graphs:
        for op in graph.ops:
            if reason := fault(op):
                return f"Vela stops at {_named(op)}: {reason}"
    return ""


def _named(op: Op) -> str:
    return f"{op.kind} '{op.outputs[0].name}'" if op.outputs else op.kind


def boolean_edges(model: Model) -> str:
    """No graph has a BOOL input or output: Ethos-U55 and U65 have no op that converts it."""
    for graph in model.graphs:
        tensor = boolean_edge(graph, alive(graph, ()))
        if tensor is not None:
            return f"Vela stops at '{tensor.name}': it is BOOL, and an input or output of a graph"
    return ""


def compiles(ops: Mapping[str, Support], limits: Mapping[str, tuple[Condition, ...]], model: Model) -> str:
    """What it takes for the NPU it can also compile."""
    for graph in model.graphs:
        kept: set[Op] | None = None
        for op in graph.ops:
            reason = next((why for check in limits.get(op.kind, ()) if (why := check(op, graph))), "")
            if not reason or not fits(ops[op.kind], op, graph):
                continue
            kept = alive(graph, ()) if kept is None else kept
            if op in kept:
                return f"Vela stops at {_named(op)}: {reason}"
    return ""


def sign_bit(model: Model) -> str:
    """No op has a fused SIGN_BIT: Vela has no word for it."""
    for graph in model.graphs:
        for op in graph.ops:
            if wants_activation(op) == "SIGN_BIT" and op.kind in _ACTIVATED:
                return f"Vela stops at {_named(op)}: its fused activation is SIGN_BIT"
    return ""


QUESTIONS = (broken, empty_constants, tensors, invalid_ops, sign_bit)
