"""The model that the converter would make of a Keras model: a graph as that of a `.tflite`, without the weights.

Its ops are those of the runtime, and each knows the layer that it comes from and where that stands. Constants have a
type and a shape, and values only where those are sizes or axes. A layer of which nothing is known is one op of the
kind `KERAS_…`, with the shapes that it reads and gives: no target is asked about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tflint.forecast.layers.trace import HOLE, Layers, Node, Trace, Value
from tflint.forecast.versions import versioned
from tflint.model import DType, Format, Graph, Model, Op, QuantParams, Tensor

__all__ = ["deployed"]

_SCALE = 1 / 64
_INTEGERS = {"int8": DType.INT8, "int16x8": DType.INT16}
_FIXED = {"LOGISTIC": (1 / 256, -128), "SOFTMAX": (1 / 256, -128), "TANH": (1 / 128, 0), "LOG_SOFTMAX": (16 / 256, 127)}
"""Scale and zero point that an int8 output always has. Source: LiteRT f67457790, quantization_spec.md."""
_KEEPING = frozenset("EXPAND_DIMS GATHER MAX_POOL_2D RESHAPE SLICE SQUEEZE STRIDED_SLICE TILE TRANSPOSE UNPACK".split())
"""Ops that give the scale and zero point that they are given."""
_WEIGHTS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
"""Op with weights -> the dimension that they are quantized along."""


def deployed(
    model: Model, layers: Layers, precision: str = "float32", stays: Callable[[Node], bool] = lambda _node: False
) -> Model:
    """The converted model.

    Args:
        model: the source.
        layers: what its layers become.
        precision: `float32`, `int8` or `int16x8`; the scales of the integers are made up, and the same everywhere.
        stays: tells which ops stay in float.
    """
    graphs = versioned(_Building(model.path, trace, precision, stays).graph() for trace in layers.main.graphs)
    return Model(model.path, Format.TFLITE, model.byte_size, graphs, schema_version=3, producer=model.producer)


class _Building:
    """A graph under way."""

    def __init__(self, path: str, trace: Trace, precision: str, stays: Callable[[Node], bool]) -> None:
        self.path, self.trace, self.stays = path, trace, stays
        self.integer = _INTEGERS.get(precision)
        self.tensors: list[Tensor] = []
        self.made: dict[Value, Tensor] = {}
        self.names: dict[Value, str] = {}
        self.places: dict[Value, str] = {}
        self.fixed: dict[Value, tuple[float, int]] = {}
        self.weights: dict[Value, tuple[str, int | None]] = {}
        self.real: set[Value] = set()
        """Constants that stay in float."""
        self.ops: list[Op] = []
        self.read: set[Value] = set(trace.outputs)
        """What is read as integers."""
        self.floats: dict[Value, Tensor] = {}
        """The float twins of values that are integers elsewhere."""

    def graph(self) -> Graph:
        self._look()
        inputs = tuple(self.tensor(value) for value in self.trace.inputs)
        for node in self.trace.nodes:
            self._add(node)
        outputs = tuple(self.tensor(value) for value in self.trace.outputs)
        return Graph(
            self.path, self.trace.number, self.trace.name, tuple(self.tensors), tuple(self.ops), inputs, outputs
        )

    def _look(self) -> None:
        """Learn of each value what its op says of it: a name, a fixed scale, whether it stays in float."""
        self.names.update((value, value.name) for value in self.trace.inputs if value.name)
        for node in self.trace.nodes:
            if not self._is_float(node):
                self.read.update(value for value in node.inputs if value is not None)
            name = node.layer.layer or node.layer.name
            for value in node.outputs:
                self.names[value] = name
                self.places[value] = node.layer.address
                if node.kind in _FIXED:
                    self.fixed[value] = _FIXED[node.kind]
                elif node.kind in _KEEPING and node.inputs[0] in self.fixed:
                    self.fixed[value] = self.fixed[node.inputs[0]]
            for place, given in enumerate(node.inputs):
                if given is not None and (given.is_constant or given.is_variable):
                    self.names.setdefault(given, f"{name}/{_part(node, place) if given.is_constant else 'state'}")
                    self.places.setdefault(given, node.layer.address)
                    self._weigh(node, place, given)

    def _weigh(self, node: Node, place: int, constant: Value) -> None:
        """Learn whether a constant is the weights or the bias of an op, and whether it stays in float."""
        if node.kind in _WEIGHTS and place == 1:
            self.weights[constant] = ("weights", _WEIGHTS[node.kind])
        elif node.kind in _WEIGHTS and place == (3 if node.kind == "TRANSPOSE_CONV" else 2):
            self.weights[constant] = ("bias", 0)
        if self._is_float(node) and constant.is_constant:
            self.real.add(constant)

    def _is_float(self, node: Node) -> bool:
        if self.integer is None or HOLE in node.options:
            return False
        return node.is_custom or self.stays(node)

    def tensor(self, value: Value) -> Tensor:
        """The tensor of a value."""
        if value not in self.made:
            self.made[value] = self._tensor(value, as_float=False)
        return self.made[value]

    def _tensor(self, value: Value, *, as_float: bool) -> Tensor:
        shape = value.shape if value.shape is not None else ()
        sizes = tuple(1 if size is None else size for size in shape)
        dtype, quant = (value.dtype, None) if as_float else self._quantized(value, sizes)
        made = Tensor(
                self.path, self.trace.number, len(self.tensors), self.names.get(value, ""), dtype, shape, sizes, quant,
                _content(value), has_rank=value.shape is not None,
                is_variable=value.is_variable,
                external=value.is_constant and value.data is None, address=self.places.get(value, ""),
            )  # fmt: skip
        self.tensors.append(made)
        return made

    def _quantized(self, value: Value, sizes: tuple[int, ...]) -> tuple[DType, QuantParams | None]:
        if self.integer is None or value.dtype is not DType.FLOAT32 or value in self.real:
            return value.dtype, None
        role, axis = self.weights.get(value, ("", None))
        if role == "bias":
            wide = DType.INT32 if self.integer is DType.INT8 else DType.INT64
            return wide, _params(_SCALE * _SCALE, 0, sizes[0] if sizes else 1, 0)
        if role == "weights" and axis is not None and len(sizes) > axis:
            return DType.INT8, _params(_SCALE, 0, sizes[axis], axis)
        if self.integer is DType.INT16:
            return DType.INT16, _params(1 / 4096, 0, 1, None)
        scale, point = self.fixed.get(value, (_SCALE, 0))
        return DType.INT8, _params(scale, point, 1, None)

    def _add(self, node: Node) -> None:
        """Add an op, and between integers and float values the ops that turn one into the other."""
        if not self._is_float(node):
            self._op(
                node,
                [None if value is None else self.tensor(value) for value in node.inputs],
                [self.tensor(value) for value in node.outputs],
            )
            return
        inputs = [None if value is None else self._as_float(node, value) for value in node.inputs]
        outputs = [
            self._tensor(value, as_float=True) if self._has_twin(value) else self.tensor(value)
            for value in node.outputs
        ]
        self._op(node, inputs, outputs)
        for value, tensor in zip(node.outputs, outputs, strict=True):
            if self._has_twin(value):
                self.floats[value] = tensor
            if self._has_twin(value) and value in self.read:
                self._op(Node("QUANTIZE", [], [], {}, node.layer), [tensor], [self.tensor(value)])

    def _has_twin(self, value: Value) -> bool:
        return value.dtype is DType.FLOAT32 and not value.is_constant

    def _as_float(self, node: Node, value: Value) -> Tensor:
        """The float tensor of a value that may be of integers."""
        if not self._has_twin(value):
            return self.tensor(value)
        if value not in self.floats:
            self.floats[value] = self._tensor(value, as_float=True)
            self._op(Node("DEQUANTIZE", [], [], {}, node.layer), [self.tensor(value)], [self.floats[value]])
        return self.floats[value]

    def _op(self, node: Node, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor]) -> None:
        options = dict(node.options)
        layer = node.layer
        self.ops.append(Op(
            self.path, self.trace.number, len(self.ops), node.kind, tuple(inputs), tuple(outputs),
            is_custom=node.is_custom, is_unknown=HOLE in options, decode=_options(options), name=layer.name,
            address=layer.address,
            layer=layer.layer or layer.name, source=layer.source,
        ))  # fmt: skip


def _content(value: Value) -> memoryview | None:
    """What a constant holds; of one whose values are not looked at, too few bytes to be any."""
    if value.data is not None:
        return memoryview(value.data)
    return memoryview(b"\0") if value.is_constant else None


def _options(options: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    return lambda: options


def _part(node: Node, place: int) -> str:
    """What a constant is to its op."""
    if node.kind in _WEIGHTS:
        return "weights" if place == 1 else "bias" if place == 2 else "constant"
    return "constant"


def _params(scale: float, point: int, count: int, axis: int | None) -> QuantParams:
    import numpy as np

    size = count if axis is not None else 1
    if size > _MOST_CHANNELS:
        size, axis = 1, None
    return QuantParams(
        np.full(size, scale, np.float32), np.full(size, point, np.int64), axis if size > 1 else None, axis or 0
    )


_MOST_CHANNELS = 1 << 16
"""A layer may declare more channels than there is memory for."""
