"""The LSTM layers of tf_keras, whose loop and all around it becomes one op.

Source: LiteRT f67457790, tflite/converter/utils/lstm_utils.cc, ConvertKerasLSTMLayer; tried with TensorFlow 2.21.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tflint.forecast.known import Known
from tflint.forecast.layers.recurrent import fused_lstm
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.forecast.tf.call import TfCall
from tflint.model import Op, Tensor

__all__ = ["LSTM", "Recurrences"]

LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_LOOPS = ("StatelessWhile", "While")


class Recurrences:
    """The calls of a graph that are LSTM layers, by the ops in them."""

    def __init__(self, ops: Sequence[Op], whole: Mapping[Op, str], known: Known) -> None:
        self.known, self.live = known, set(ops)
        calls = tuple({f"{op.name.rpartition('/')[0]}/" for op, kind in whole.items() if kind == LSTM})
        self.groups: dict[str, list[Op]] = {call: [] for call in calls}
        self.call: dict[Op, str] = {}
        for op in ops if calls else ():
            found = next((call for call in calls if op.name.startswith(call)), None)
            if found is not None:
                self.call[op] = found
                self.groups[found].append(op)
        self._made: dict[str, dict[Tensor, Value]] = {}

    def outputs(self, trace: Trace, call: TfCall) -> Sequence[Value]:
        """The values of an op of such a call; the first one that is asked for makes the op for the whole.

        Raises:
            Cannot: the layer does something that the op does not.
        """
        name = self.call[call.op]
        members = set(self.groups[name])
        if name not in self._made:
            x = self._input(members)
            if x is None:
                raise Cannot(Status.BUILTIN, f"it becomes part of {LSTM}")
            self._made[name] = self._whole(trace, call.value(x), members)
        made = self._made[name]
        return [made.get(tensor) or Value(tensor.shape, tensor.dtype) for tensor in call.op.outputs]

    def _input(self, members: set[Op]) -> Tensor | None:
        """The only value that the call takes beside constants."""
        inside = {tensor for op in members for tensor in op.outputs}
        given = {
            tensor: op
            for op in members
            for tensor in op.inputs
            if tensor is not None and tensor not in inside and not self.known.is_constant(tensor)
        }
        if len(given) != 1:
            return None
        [(tensor, reader)] = given.items()
        turned = reader.kind == "Transpose" and self.known.numbers(reader.input(1)) == [1, 0, 2]
        return tensor if turned and not any(op.kind.startswith("Reverse") for op in members) else None

    def _whole(self, trace: Trace, x: Value, members: set[Op]) -> dict[Tensor, Value]:
        loop = next(op for op in members if op.kind in _LOOPS)
        weights = [tensor.shape for tensor in loop.inputs if tensor is not None and self._is_weight(tensor)]
        units, depth = weights[-1][0] // 4 if weights and weights[-1][0] else 0, x.sizes[-1]
        if weights != [(depth, 4 * units), (units, 4 * units), (4 * units,)] or not units:
            raise Cannot(Status.BUILTIN, f"it becomes part of {LSTM}")
        sequence = (*x.sizes[:2], units)
        found: dict[Tensor, Value] = {}
        for tensor in self._read_outside(members):
            if tensor.shape not in (sequence, (sequence[0], units)) or found:
                raise Cannot(Status.BUILTIN, f"it becomes part of {LSTM}")
            config = {"units": units, "return_sequences": len(tensor.shape) == len(sequence)}
            found[tensor] = fused_lstm(trace, Call("LSTM", config, (x,)), x)
        return found

    def _is_weight(self, tensor: Tensor) -> bool:
        """Whether it is of the gates, and no state, which is computed."""
        maker = self.known.graph.producer(tensor)
        stored = maker is None or maker.kind == "Identity"
        return stored and self.known.is_constant(tensor) and bool(tensor.shape) and not (tensor.shape[-1] or 1) % 4

    def _read_outside(self, members: set[Op]) -> list[Tensor]:
        graph = self.known.graph
        return [
            tensor
            for op in graph.ops
            if op in members
            for tensor in op.outputs
            if tensor in graph.outputs
            or any(reader in self.live and reader not in members for reader in graph.consumers(tensor))
        ]
