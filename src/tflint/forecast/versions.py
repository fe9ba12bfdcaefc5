"""The versions that the converter gives the ops of a model.

An op's own version follows from its element types, ranks and options; the converter then writes one version for each
kind of op, the highest that any op of that kind needs in the whole model. In models with 16-bit activations it is the
version that the op had in float, or that of a table, whichever is higher.

Source: LiteRT f67457790, tflite/converter/tools/versioning/op_version.cc and op_signature.cc;
litert/compiler/mlir/flatbuffer_export.cc, GetOpcodeIndex, and BuildTensor: each tensor has a table of quantization,
empty or not. For 16 bits tflite/converter/tools/optimize/model_utils.cc, SetOperatorCodeVersion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tflint.analysis.runtime_table import RUNTIMES
from tflint.analysis.runtimes import parsed
from tflint.forecast.version_rules import needed
from tflint.forecast.version_table import OF_16_BITS
from tflint.model import DType, Graph, Op, Tensor

__all__ = ["has_16_bits", "version", "versioned"]

_CONVERTER = (2, 21)
"""The TensorFlow release whose converter is foretold; the sources are newer and have versions that it cannot write."""
_NEWER = (DType.UNKNOWN, DType.UINT4, DType.FLOAT8_E4M3FN, DType.FLOAT8_E5M2)
"""Types of which it does not know that they need a version."""
_MOVED_TO_16_BITS = {"DEQUANTIZE": 2, "QUANTIZE": 1}
"""Ops that stand between 16 bits and float. Source: model_utils.cc, MakeDequantizeOperator, MakeQuantizeOperator."""


def version(op: Op, *, of_16_bits: bool = False) -> int | None:
    """The version that an op needs by itself; None where that cannot be told.

    Args:
        op: the op.
        of_16_bits: whether it is of a model with 16-bit activations.
    """
    if op.is_custom:
        return 1
    if op.is_unknown or any(tensor.dtype in _NEWER for tensor in _tensors(op)):
        return None
    if not of_16_bits:
        return _known(op, needed(op))
    if op.kind in _MOVED_TO_16_BITS:
        return _MOVED_TO_16_BITS[op.kind]
    as_float = _known(op, needed(_float(op)))
    return None if as_float is None else max(as_float, OF_16_BITS.get(op.kind, 1))


def has_16_bits(graphs: Iterable[Graph]) -> bool:
    """Whether a model has activations of 16-bit integers."""
    return any(tensor.dtype is DType.INT16 and tensor.quant is not None for graph in graphs for tensor in graph.tensors)


def versioned(graphs: Iterable[Graph]) -> tuple[Graph, ...]:
    """The graphs of a model with the versions that the converter writes; ops of which nothing is known keep theirs."""
    graphs = tuple(graphs)
    wide = has_16_bits(graphs)
    highest: dict[str, int] = {}
    for op in (op for graph in graphs for op in graph.ops):
        highest[op.kind] = max(highest.get(op.kind, 1), version(op, of_16_bits=wide) or 1)

    def written(op: Op) -> Op:
        return op if op.is_custom or highest[op.kind] == op.version else replace(op, version=highest[op.kind])

    return tuple(replace(graph, ops=tuple(written(op) for op in graph.ops)) for graph in graphs)


def _tensors(op: Op) -> list[Tensor]:
    return [tensor for tensor in (*op.inputs, *op.outputs) if tensor is not None]


def _known(op: Op, number: int | None) -> int | None:
    """A version, where the converter knows it."""
    runtimes = RUNTIMES.get(op.kind, "").split()
    if number is None or number > len(runtimes):
        return number
    return None if (parsed(runtimes[number - 1]) or ()) > _CONVERTER else number


def _float(op: Op) -> Op:
    """The op before it was quantized."""

    def other(tensor: Tensor) -> Tensor:
        is_quantized = tensor.dtype.is_integer and tensor.quant is not None
        return replace(tensor, dtype=DType.FLOAT32, quant=None) if is_quantized else tensor

    return replace(
        op,
        inputs=tuple(None if tensor is None else other(tensor) for tensor in op.inputs),
        outputs=tuple(other(tensor) for tensor in op.outputs),
    )
