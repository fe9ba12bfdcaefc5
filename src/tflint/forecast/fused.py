"""Ops that become one op of the runtime together, where each by itself would not."""

from __future__ import annotations

from collections.abc import Mapping

from tflint.forecast.control import LOOPS
from tflint.forecast.known import Known
from tflint.model import DType, Graph, Op, Tensor

__all__ = ["fused"]

_ROOT_HALF = 0.70710678
_LARGEST = 200
"""The body of an LSTM's loop has fewer ops."""
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def fused(graph: Graph, known: Known, functions: Mapping[str, Graph]) -> Mapping[Op, str]:
    """The ops that are fused, and the op of the runtime that they become."""
    found = {op: "GELU" for op in graph.ops if op.kind in {"Erf", "Erfc"} and _is_gelu(op, known)}
    calls = {_parent(op) for op in graph.ops if op.kind in LOOPS and _is_lstm(op, functions)}
    if calls:
        found |= {op: "UNIDIRECTIONAL_SEQUENCE_LSTM" for op in graph.ops if _parent(op) in calls}
    return found


# ------------------------------------------------------------------------------------------------ GELU


def _is_gelu(op: Op, known: Known) -> bool:
    """True in 0.5 x (1 + erf(x / √2)) and 0.5 x erfc(-x / √2).

    Source: LiteRT f67457790, tflite/converter/transforms/optimize_patterns.td, MatchGelu and MatchGeluWithErfc.
    """
    scaled = _factor(_producer(op.input(0), known), _ROOT_HALF, known)
    if scaled is None or scaled.dtype is not DType.FLOAT32:
        return False
    x: Tensor | None = scaled
    end: Op | None = op
    if op.kind == "Erfc":
        negative = _producer(scaled, known)
        if negative is None or negative.kind != "Neg":
            return False
        x = negative.input(0)
    else:
        end = _only_reader(op, known)
        if end is None or end.kind not in {"Add", "AddV2"} or not any(_is(each, 1.0, known) for each in end.inputs):
            return False
    product = _only_reader(end, known)
    if product is None or product.kind != "Mul":
        return False
    half = _factor(_producer(product.input(0), known), 0.5, known)
    return half is not None and half is _through(x, known)


def _through(tensor: Tensor | None, known: Known) -> Tensor | None:
    """The tensor that ops which only hand it on took."""
    for _ in range(8):
        op = None if tensor is None else known.graph.producer(tensor)
        if op is None or op.kind not in {"Identity", "StopGradient"} or op.input(0) is None:
            break
        tensor = op.input(0)
    return tensor


def _producer(tensor: Tensor | None, known: Known) -> Op | None:
    tensor = _through(tensor, known)
    return None if tensor is None else known.graph.producer(tensor)


def _only_reader(op: Op | None, known: Known) -> Op | None:
    """The op that takes what an op makes, where nothing else does."""
    if op is None or not op.outputs or op.outputs[0] in known.graph.outputs:
        return None
    readers = known.graph.consumers(op.outputs[0])
    return readers[0] if len(readers) == 1 else None


def _is(tensor: Tensor | None, value: float, known: Known) -> bool:
    numbers = known.numbers(_through(tensor, known))
    return numbers is not None and len(numbers) == 1 and abs(numbers[0] - value) < 1e-6


def _factor(op: Op | None, value: float, known: Known) -> Tensor | None:
    """What an op multiplies by a constant; None where it does not."""
    if op is None or op.kind != "Mul" or len(op.inputs) != 2:
        return None
    for slot in (0, 1):
        if _is(op.inputs[slot], value, known):
            return _through(op.inputs[1 - slot], known)
    return None


# ------------------------------------------------------------------------------------------------ LSTM


def _is_lstm(loop: Op, functions: Mapping[str, Graph]) -> bool:
    """True for the loop of a tf_keras LSTM layer, which stands in a function of its own that the converter knows.

    Source: LiteRT f67457790, tflite/converter/transforms/prepare_composite_functions_tf.cc,
    ConvertTFImplements and IsRNNBlockFunction (lstm_ functions); the function is told by its loop, which splits four
    gates.
    """
    body = functions.get(str(loop.options.get("body")))
    if body is None or len(body.ops) > _LARGEST or not _parent(loop).rpartition("/")[2].startswith(_CALLS):
        return False
    kinds = [op.kind for op in body.ops]
    gates = any(op.kind == "Split" and op.options.get("num_split") == 4 for op in body.ops)
    return gates and kinds.count("Sigmoid") == 3 and kinds.count("Tanh") == 2


def _parent(op: Op) -> str:
    """The call that an op comes from."""
    return op.name.rpartition("/")[0]
