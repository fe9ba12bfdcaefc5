"""What precision the ops of a graph compute in, whatever the file says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tflint.analysis.cost import macs
from tflint.model import DType, Graph, Model, Op, Tensor

__all__ = ["Precision", "Profile", "floats", "mac_share", "of_ops", "profile"]


class Precision(StrEnum):
    """The kind of numbers that an op works with."""

    FLOAT = "float"
    """It reads or writes floating point values; float16 weights are widened before they get here."""
    HYBRID = "hybrid"
    """Float values meet integer weights."""
    INT8 = "int8"
    """Quantized values of 8 bits or less, signed or unsigned."""
    INT16 = "int16x8"
    """Quantized values of 16 bits."""
    CONVERSION = "conversion"
    """QUANTIZE and DEQUANTIZE: from one precision to another."""
    PLAIN = "plain"
    """Nothing but shapes, indices, text, truth values, handles."""


_FLOATS = frozenset(dtype for dtype in DType if dtype.is_float)
_BYTES = frozenset({DType.INT8, DType.UINT8, DType.INT4, DType.UINT4, DType.INT2})
_QUANTIZED = _BYTES | {DType.INT16}
_SHAPE_ONLY = frozenset({"SHAPE", "RANK"})
"""Ops that read how large a value is, and not the value."""
_WEIGHTS = {
    "CONV_2D": (1,),
    "DEPTHWISE_CONV_2D": (1,),
    "TRANSPOSE_CONV": (1,),
    "FULLY_CONNECTED": (1,),
    "BATCH_MATMUL": (0, 1),
    "EMBEDDING_LOOKUP": (1,),
    "SVDF": (1, 2),
    "RNN": (1, 2),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (1, 2),
    "BIDIRECTIONAL_SEQUENCE_RNN": (1, 2, 5, 6),
    "LSTM": tuple(range(1, 9)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(1, 9)),
    "BIDIRECTIONAL_SEQUENCE_LSTM": (*range(1, 9), *range(18, 26)),
}
"""Op -> the slots of the weights that its float kernel also takes as integers.

Source: LiteRT f67457790, tflite/kernels/{conv,depthwise_conv,transpose_conv,fully_connected,batch_matmul,
embedding_lookup,svdf,basic_rnn,unidirectional_sequence_rnn,bidirectional_sequence_rnn,lstm,
unidirectional_sequence_lstm,bidirectional_sequence_lstm}.cc.
"""


@dataclass(frozen=True, eq=False)
class Profile:
    """What the intact graphs of a model compute in, and what their weights are stored in."""

    ops: Mapping[Precision, tuple[Op, ...]]
    """The ops of all graphs by their precision, in the order of the file."""
    float_weights: tuple[Tensor, ...]
    """Constant float32 weights of products and recurrent cells."""
    integer_weights: tuple[Tensor, ...]
    """Quantized constants of 8 bits or less."""
    float16: tuple[Tensor, ...]
    """Constants of 16-bit floats."""
    is_whole: bool
    """False where a graph is left out because it is damaged."""
    of_graph: Mapping[Graph, Mapping[Precision, tuple[Op, ...]]]
    """The ops of each intact graph by their precision, each group in execution order."""

    @property
    def total(self) -> int:
        """The number of ops."""
        return sum(len(ops) for ops in self.ops.values())

    @property
    def all_ops(self) -> tuple[Op, ...]:
        return tuple(op for ops in self.ops.values() for op in ops)


def profile(model: Model) -> Profile:
    """The profile of a model."""
    graphs = [graph for graph in model.graphs if graph.intact]
    groups = [of_ops(graph) for graph in graphs]
    ops = {each: tuple(op for group in groups for op in group[each]) for each in Precision}
    weights = dict.fromkeys(
        tensor
        for op in ops[Precision.FLOAT]
        for slot in _WEIGHTS.get(op.kind, ())
        if (tensor := op.input(slot)) is not None and tensor.is_constant and tensor.dtype is DType.FLOAT32
    )
    constants = [tensor for graph in graphs for tensor in graph.tensors if tensor.is_constant]
    return Profile(
        ops,
        tuple(weights),
        tuple(tensor for tensor in constants if tensor.dtype in _BYTES and tensor.quant is not None),
        tuple(tensor for tensor in constants if tensor.dtype in {DType.FLOAT16, DType.BFLOAT16}),
        len(graphs) == len(model.graphs),
        dict(zip(graphs, groups, strict=True)),
    )


def of_ops(graph: Graph) -> Mapping[Precision, tuple[Op, ...]]:
    """The ops of a graph by their precision, each group in execution order."""
    real = floats(graph)
    quantized = {tensor for tensor in graph.tensors if tensor.quant is not None and tensor.dtype in _QUANTIZED}
    found: dict[Precision, list[Op]] = {each: [] for each in Precision}
    for op in graph.ops:
        found[_of_op(op, real, quantized)].append(op)
    return {each: tuple(ops) for each, ops in found.items()}


def floats(graph: Graph) -> frozenset[Tensor]:
    """The tensors of a graph that hold floating point values, of any width."""
    return frozenset(tensor for tensor in graph.tensors if tensor.dtype in _FLOATS)


def mac_share(part: Sequence[Op], whole: Sequence[Op]) -> float | None:
    """The share that ops have of the multiply-accumulates of all; None where there are none, or some can't be told."""
    costs = [macs(op) for op in whole]
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs) or not sum(known):
        return None
    return sum(macs(op) or 0 for op in part) / sum(known)


def _of_op(op: Op, real: frozenset[Tensor], quantized: set[Tensor]) -> Precision:
    if op.kind in {"QUANTIZE", "DEQUANTIZE"}:
        return Precision.CONVERSION
    if op.kind in _SHAPE_ONLY:
        return Precision.PLAIN
    if not real.isdisjoint(op.inputs) or not real.isdisjoint(op.outputs):
        slots = _WEIGHTS.get(op.kind, ())
        weights = (op.input(slot) for slot in slots)
        is_hybrid = any(each is not None and each.dtype in _BYTES for each in weights)
        return Precision.HYBRID if is_hybrid else Precision.FLOAT
    for tensor in (*op.outputs, *op.inputs):
        if tensor is not None and tensor in quantized:
            return Precision.INT16 if tensor.dtype is DType.INT16 else Precision.INT8
    return Precision.PLAIN
