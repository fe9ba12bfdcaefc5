"""What LiteRT's GPU delegates make of a whole graph, and of a whole model.

Source: LiteRT f67457790: tflite/delegates/utils.cc, FP16GraphPartitionHelper; tflite/core/subgraph.cc,
ModifyGraphWithDelegate; tflite/kernels, the calls of SetTensorToDynamic and SetTensorToPersistentRo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tflint import DType, Graph, Model, Op, Tensor, Verdict

__all__ = ["is_half_constant", "reviser", "sizes", "unsized"]

_ON_CPU = "DEQUANTIZE: it widens a FLOAT16 constant, which stays on the CPU where another op of the graph does"

_AXIS = "ARG_MAX ARG_MIN EXPAND_DIMS MEAN REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD SUM TRANSPOSE"
_SIZES = {
    **dict.fromkeys(_AXIS.split(), (1,)),
    **dict.fromkeys("BATCH_TO_SPACE_ND SLICE SPACE_TO_BATCH_ND SPLIT_V".split(), (1, 2)),
    **dict.fromkeys("BROADCAST_TO MIRROR_PAD ONE_HOT PAD PADV2 RESHAPE RFFT2D TILE TOPK_V2".split(), (1,)),
    **dict.fromkeys("RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPARSE_TO_DENSE".split(), (1,)),
    **dict.fromkeys("CONV_3D_TRANSPOSE FILL RANDOM_STANDARD_NORMAL RANDOM_UNIFORM SPLIT TRANSPOSE_CONV".split(), (0,)),
    **dict.fromkeys("MULTINOMIAL SEGMENT_SUM".split(), (0, 1)),
    **{f"UNSORTED_SEGMENT_{name}": (1, 2) for name in ("MAX", "MIN", "PROD", "SUM")},
    **dict.fromkeys(("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"), (2,)),
    "DILATE": (1,),
    "RANGE": (0, 1, 2),
    "SCATTER_ND": (2,),
    "STRIDED_SLICE": (1, 2, 3),
    "WHERE": (0,),
}
"""Op -> the inputs that the runtime needs to know before it runs, or the output has no size."""
_FOLDED = frozenset("BROADCAST_ARGS CONCATENATION GATHER MUL RANGE REDUCE_PROD RESHAPE STRIDED_SLICE TILE".split())
"""Ops that the runtime works out beforehand where it knows all their inputs."""
_HANDLES = frozenset({DType.STRING, DType.RESOURCE, DType.VARIANT})


def _unsized(op: Op, known: set[Tensor]) -> bool:
    if op.is_unknown:
        return False  # nobody knows what it becomes
    if op.kind == "UNIQUE" or (op.kind == "READ_VARIABLE" and any(not tensor.default_shape for tensor in op.outputs)):
        return True
    if op.kind != "VAR_HANDLE" and any(tensor.dtype in _HANDLES for tensor in op.outputs):
        return True
    needed = [op.input(slot) for slot in _SIZES.get(op.kind, ())]
    return not all(each is None or each.is_constant or each in known for each in needed)


def unsized(graph: Graph) -> Op | None:
    """The first op with a tensor whose size is known only when the model runs."""
    known: set[Tensor] = set()
    for op in graph.ops:
        if _unsized(op, known):
            return op
        inputs = [tensor for tensor in op.inputs if tensor is not None]
        if op.kind in ("SHAPE", "RANK") or (
            op.kind in _FOLDED and inputs and all(each.is_constant or each in known for each in inputs)
        ):
            known.update(op.outputs)
    return None


def sizes(effect: str) -> Callable[[Model], str]:
    """A question to a model: is there a tensor whose size is not known beforehand; `effect` says what comes of it."""

    def refuse(model: Model) -> str:
        for graph in model.graphs:
            if (op := unsized(graph)) is not None:
                where = f"{op.kind} (op {op.index} of graph {graph.index})"
                return f"{where} has a tensor whose size is known only when the model runs, and so {effect}"
        return ""

    return refuse


def is_half_constant(op: Op) -> bool:
    """True where the op only widens a constant of FLOAT16: a delegate reads the constant, and drops the op."""
    source = op.input(0)
    return op.kind == "DEQUANTIZE" and source is not None and source.dtype is DType.FLOAT16 and source.is_constant


def _halves(graph: Graph) -> dict[Tensor, Tensor]:
    """The tensors that are widened constants of FLOAT16, with the constants."""
    found = {op.outputs[0]: op.input(0) for op in graph.ops if op.outputs and is_half_constant(op)}
    return {made: constant for made, constant in found.items() if constant is not None}


def reviser(
    verdict: Callable[[Op, Graph], Verdict], *, variables: bool = False
) -> Callable[[Graph, tuple[Verdict, ...]], tuple[Verdict, ...]]:
    """Judge ops that read a widened FLOAT16 constant as if they read the constant.

    Where the delegate takes all others, it takes the ops that widen constants too; else they stay on the CPU. A graph
    that the delegate does not look at keeps the verdicts on its ops by themselves; `variables` says that it looks at
    one with variables.
    """

    def revise(graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        widened = _halves(graph)
        if not widened or unsized(graph) is not None:
            return verdicts
        if not variables and any(tensor.is_variable for tensor in graph.tensors):
            return verdicts
        found = list(verdicts)
        for index, op in enumerate(graph.ops):
            if any(tensor in widened for tensor in op.inputs if tensor is not None):
                inputs = tuple(tensor and widened.get(tensor, tensor) for tensor in op.inputs)
                found[index] = verdict(replace(op, inputs=inputs), graph)
        widening = [bool(op.outputs) and op.outputs[0] in widened for op in graph.ops]
        if all(each.supported for each, half in zip(found, widening, strict=True) if not half):
            return tuple(found)
        return tuple(Verdict(False, _ON_CPU) if half else each for each, half in zip(found, widening, strict=True))

    return revise
