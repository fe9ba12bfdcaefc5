"""Which tensors hold sizes that a graph computes for itself while it runs."""

from tflint import Graph, Op, Tensor

__all__ = ["computed_sizes", "size_operands"]

_SIZES = {
    "RESHAPE": (1,), "FILL": (0,), "BROADCAST_TO": (1,), "TRANSPOSE_CONV": (0,), "CONV_3D_TRANSPOSE": (0,),
    "TILE": (1,), "SLICE": (1, 2), "STRIDED_SLICE": (1, 2, 3), "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,), "PAD": (1,), "PADV2": (1,), "MIRROR_PAD": (1,), "RANDOM_UNIFORM": (0,),
    "RANDOM_STANDARD_NORMAL": (0,), "MULTINOMIAL": (1,), "SCATTER_ND": (2,), "SPARSE_TO_DENSE": (1,), "ONE_HOT": (1,),
    "TOPK_V2": (1,), "RANGE": (0, 1, 2), "SPLIT_V": (1,), "BATCH_TO_SPACE_ND": (1, 2), "SPACE_TO_BATCH_ND": (1, 2),
    "UNSORTED_SEGMENT_MAX": (2,), "UNSORTED_SEGMENT_MIN": (2,), "UNSORTED_SEGMENT_PROD": (2,),
    "UNSORTED_SEGMENT_SUM": (2,),
}  # fmt: skip
"""Op -> the inputs that say how large its result is. Source: LiteRT f67457790, tflite/kernels."""

_ARITHMETIC = frozenset(
    """
    ADD CAST CONCATENATION DIV EXPAND_DIMS FLOOR_DIV FLOOR_MOD GATHER MAXIMUM MINIMUM MUL NEG PACK REDUCE_MAX REDUCE_MIN
    REDUCE_PROD RESHAPE SLICE SQUEEZE STRIDED_SLICE SUB SUM UNPACK
    """.split()
)
"""Ops that compute one size from others."""

_BY_VALUES = frozenset(
    """
    CALL HASHTABLE_FIND HASHTABLE_SIZE IF NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 READ_VARIABLE SEGMENT_SUM UNIQUE
    WHERE WHILE
    """.split()
)
"""Ops whose results may be as large as values, variables or other graphs say."""


def size_operands(op: Op) -> list[Tensor]:
    """The inputs of an op that say how large its result is."""
    tensors = [op.input(slot) for slot in _SIZES.get(op.kind, ())]
    return [tensor for tensor in tensors if tensor is not None]


def computed_sizes(graph: Graph) -> set[Tensor]:
    """The tensors whose values a SHAPE op computes, and the batch size and constants alone decide."""
    is_open = any(tensor.is_dynamic for tensor in graph.inputs)
    sizes: set[Tensor] = set()
    fixed = {tensor for tensor in graph.tensors if tensor.is_constant}
    uncertain = {tensor for tensor in graph.inputs if tensor.is_dynamic and not _only_batch_open(tensor)}
    for op in graph.ops:
        inputs = [tensor for tensor in op.inputs if tensor is not None]
        if op.kind == "SHAPE":
            if inputs and inputs[0] not in uncertain and (not inputs[0].is_dynamic or _only_batch_open(inputs[0])):
                (sizes if inputs[0].is_dynamic or not is_open else fixed).update(op.outputs)
        elif op.kind in _ARITHMETIC and inputs and all(each in sizes or each in fixed for each in inputs):
            (sizes if any(each in sizes for each in inputs) else fixed).update(op.outputs)
        elif (
            any(each in uncertain for each in inputs)
            or op.is_custom
            or op.kind in _BY_VALUES
            or op.kind.startswith("STABLEHLO_")
            or any(size not in sizes and size not in fixed for size in size_operands(op))
        ):
            uncertain.update(op.outputs)
        elif not any(each.is_dynamic or each in sizes for each in inputs):
            uncertain.update(tensor for tensor in op.outputs if tensor.is_dynamic)
    return sizes


def _only_batch_open(tensor: Tensor) -> bool:
    return tensor.has_rank and len(tensor.shape) > 1 and tensor.shape[0] is None and None not in tensor.shape[1:]
