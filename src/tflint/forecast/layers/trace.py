"""The ops of the runtime that layers become, as they are written down one after the other."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tflint.forecast.status import Status
from tflint.model import DType, Op, Shape

__all__ = ["HOLE", "Call", "Cannot", "Layers", "Node", "Trace", "Value", "broadcast", "product"]

HOLE = "layer"
"""The option of an op that stands for a layer, or a node, of which is not known what it becomes."""


@dataclass(eq=False)
class Value:
    """A tensor to be: `shape` is None where not even its rank is known, `data` what a small constant holds.

    `is_masked` says that Keras sends a mask along with it, `is_splat` that a constant has one value throughout.
    """

    shape: Shape | None
    dtype: DType = DType.FLOAT32
    is_constant: bool = False
    data: bytes | None = None
    is_masked: bool = False
    is_splat: bool = False
    is_variable: bool = False
    name: str = ""

    @property
    def sizes(self) -> Shape:
        """The shape.

        Raises:
            Cannot: it is not known.
        """
        if self.shape is None:
            raise Cannot(Status.UNKNOWN, "the shape of what it reads is not known")
        return self.shape

    @property
    def rank(self) -> int:
        return len(self.sizes)

    @property
    def is_static(self) -> bool:
        return self.shape is not None and None not in self.shape


class Cannot(Exception):  # noqa: N818 - it is an answer
    """Why nothing can be said of what a layer becomes, or that it becomes nothing: `status` says which."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Call:
    """A call of a layer: its class, its configuration, and what it is given."""

    kind: str
    config: Mapping[str, Any]
    inputs: tuple[Value, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    built: Shape | None = None
    """The shape that the layer was built for, where the file tells."""

    @property
    def first(self) -> Value:
        if not self.inputs:
            raise Cannot(Status.UNKNOWN, "it has no input")
        return self.inputs[0]

    @property
    def channels_first(self) -> bool:
        return self.config.get("data_format") == "channels_first"

    def number(self, key: str, default: int) -> int:
        """A setting that is a whole number.

        Raises:
            Cannot: it is something else.
        """
        value = self.config.get(key, default)
        value = default if value is None else value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or abs(value) > 1 << 40:
            raise Cannot(Status.UNKNOWN, f"its {key} is {str(value)[:40]!r}")
        return int(value)

    def numbers(self, key: str, count: int, default: Any = 1) -> tuple[int, ...]:
        """A setting that is a whole number, or so many of them.

        Raises:
            Cannot: it is something else.
        """
        value = self.config.get(key, default)
        value = default if value is None else value
        values = [value] * count if isinstance(value, int) else value
        if not isinstance(values, list | tuple) or len(values) != count or not all(_is_size(each) for each in values):
            raise Cannot(Status.UNKNOWN, f"its {key} is {str(value)[:40]!r}")
        return tuple(int(each) for each in values)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and abs(value) <= 1 << 40


@dataclass(eq=False)
class Node:
    """An op to be."""

    kind: str
    inputs: list[Value | None]
    outputs: list[Value]
    options: dict[str, Any]
    layer: Op
    is_custom: bool = False


_MOST_OPS = 200_000
"""A wrapper in a wrapper in a wrapper, each over many steps, would have no end."""


class Trace:
    """The ops of one graph, in order, and of the graphs that its loops run."""

    def __init__(self, graphs: list[Trace] | None = None, name: str = "main") -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.graphs: list[Trace] = [] if graphs is None else graphs
        self.number = len(self.graphs)
        self.graphs.append(self)
        self.work = 0
        """So many ops were written down, in this graph and those that it runs."""
        self.layer: Op | None = None
        self.major = 3
        """The version of Keras that wrote the model."""
        self.told: dict[Op, list[tuple[Status, str]]] = {}

    def subgraph(self, name: str) -> Trace:
        """A graph that an op of this one runs."""
        made = Trace(self.graphs, name)
        made.layer, made.told, made.major = self.layer, self.told, self.major
        return made

    # ------------------------------------------------------------------------------------------------ values

    def constant(self, *shape: int | None, dtype: DType = DType.FLOAT32, splat: bool = False) -> Value:
        """A constant whose values are not looked at."""
        if any(size is None or size < 0 for size in shape):
            raise Cannot(Status.UNKNOWN, "the size of its weights is not known")
        return Value(tuple(shape), dtype, is_constant=True, is_splat=splat)

    def scalar(self, dtype: DType = DType.FLOAT32, value: int | None = None) -> Value:
        """A constant without dimensions; of a whole number where it is told."""
        made = self.constant(dtype=dtype, splat=True)
        if value is not None and dtype in (DType.INT32, DType.FLOAT32):
            made.data = struct.pack("<i" if dtype is DType.INT32 else "<f", value)
        return made

    def ints(self, values: Sequence[int]) -> Value:
        """A constant of whole numbers."""
        data = struct.pack(f"<{len(values)}i", *(max(-(1 << 31), min(each, (1 << 31) - 1)) for each in values))
        return Value((len(values),), DType.INT32, is_constant=True, data=data)

    # --------------------------------------------------------------------------------------------------- ops

    def emit(
        self,
        kind: str,
        inputs: Iterable[Value | None],
        shape: Shape | None,
        dtype: DType = DType.FLOAT32,
        *,
        custom: bool = False,
        **options: Any,
    ) -> Value:
        """Add an op with one output."""
        return self.several(kind, inputs, [Value(shape, dtype)], custom=custom, **options)[0]

    def several(
        self, kind: str, inputs: Iterable[Value | None], outputs: list[Value], *, custom: bool = False, **options: Any
    ) -> list[Value]:
        """Add an op."""
        assert self.layer is not None
        if any(size is not None and size < 0 for value in outputs for size in value.shape or ()):
            raise Cannot(Status.UNKNOWN, "what it makes would have a negative size")
        self.graphs[0].work += 1
        if self.graphs[0].work > _MOST_OPS:
            raise Cannot(Status.UNKNOWN, f"the model would have more than {_MOST_OPS:,} ops")
        self.nodes.append(Node(kind, list(inputs), outputs, options, self.layer, custom))
        return outputs

    def flex(
        self, name: str, inputs: Iterable[Value], shape: Shape | None, why: str, dtype: DType = DType.FLOAT32
    ) -> Value:
        """Add an op that TensorFlow's own kernel has to run."""
        self.tell(Status.FLEX, why)
        return self.emit(f"Flex{name}", inputs, shape, dtype, custom=True)

    def tell(self, status: Status, reason: str) -> None:
        """Remember something of the layer that is worse than builtin."""
        assert self.layer is not None
        self.told.setdefault(self.layer, []).append((status, reason))

    def unary(self, kind: str, x: Value, dtype: DType | None = None, **options: Any) -> Value:
        return self.emit(kind, [x], x.shape, dtype or x.dtype, **options)

    def binary(self, kind: str, x: Value, y: Value, dtype: DType | None = None) -> Value:
        """Add an op on two values that are broadcast."""
        options: dict[str, Any] = {"fused_activation_function": "NONE"} if kind in _FUSING else {}
        return self.emit(kind, [x, y], broadcast(x.shape, y.shape), dtype or x.dtype, **options)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """SELECT where all shapes are the same and known, else SELECT_V2."""
        shape = broadcast(broadcast(condition.shape, x.shape), y.shape)
        alike = condition.is_static and condition.shape == x.shape == y.shape
        dtype = y.dtype if x.is_constant else x.dtype
        return self.emit("SELECT" if alike else "SELECT_V2", [condition, x, y], shape, dtype)

    def reshape(self, x: Value, shape: Shape) -> Value:
        """A RESHAPE to a shape that is known, or has one open size which the runtime can tell."""
        if x.shape == shape and sum(size is None for size in shape) < 2:
            return x
        new = self.ints([-1 if size is None else size for size in shape])
        return self.emit("RESHAPE", [x, new], shape, x.dtype)

    def batched(self, x: Value, shape: Shape) -> Value:
        """A reshape as Keras writes it: the batch, where it is open, is measured first."""
        if x.shape == shape:
            return x
        if x.shape and x.shape[0] is not None and None not in shape:
            return self.reshape(x, shape)
        return self.emit("RESHAPE", [x, self.measured(x, shape)], shape, x.dtype)

    def measured(self, x: Value, shape: Shape) -> Value:
        """A shape whose first size is that of a value."""
        sizes = self.emit("SHAPE", [x], (x.rank,), DType.INT32, out_type="INT32")
        batch = self.strided(sizes, (), shrink=1)
        rest = [self.scalar(DType.INT32, size) for size in shape[1:]]
        return self.emit("PACK", [batch, *rest], (len(shape),), DType.INT32, values_count=len(shape), axis=0)

    def strided(
        self,
        x: Value,
        shape: Shape,
        *,
        shrink: int = 0,
        begin: Sequence[int] | None = None,
        end: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        begin_mask: int = 0,
        end_mask: int = 0,
    ) -> Value:
        """A STRIDED_SLICE; without `begin` the first element of the first dimension."""
        rank = x.rank
        first = self.ints(begin if begin is not None else [0] * rank)
        last = self.ints(end if end is not None else [1] * rank)
        steps = self.ints(strides if strides is not None else [1] * rank)
        return self.emit(
            "STRIDED_SLICE", [x, first, last, steps], shape, x.dtype,
            begin_mask=begin_mask, end_mask=end_mask, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=shrink,
            offset=False,
        )  # fmt: skip

    def expand(self, x: Value, axis: int) -> Value:
        """A new dimension of size 1."""
        shape = (*x.sizes[:axis], 1, *x.sizes[axis:])
        if x.is_static:
            return self.reshape(x, shape)
        return self.emit("EXPAND_DIMS", [x, self.scalar(DType.INT32, axis)], shape, x.dtype)

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        """A transposition; where it only moves dimensions of size 1, a RESHAPE."""
        if list(order) == list(range(x.rank)):
            return x
        moved = [place for place in order if x.sizes[place] != 1]
        if x.is_static and moved == sorted(moved):
            return self.reshape(x, tuple(x.sizes[place] for place in order))
        return self.emit("TRANSPOSE", [x, self.ints(order)], tuple(x.sizes[place] for place in order), x.dtype)

    def reduce(self, kind: str, x: Value, axes: Sequence[int], *, keep: bool) -> Value:
        """A reduction over some dimensions."""
        chosen = {axis % x.rank for axis in axes}
        kept = [(1 if place in chosen else size) for place, size in enumerate(x.sizes) if keep or place not in chosen]
        return self.emit(kind, [x, self.ints(sorted(chosen))], tuple(kept), x.dtype, keep_dims=keep)

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        sizes = list(values[0].sizes)
        sizes[axis] = total([value.sizes[axis] for value in values])
        return self.emit(
            "CONCATENATION", values, tuple(sizes), values[0].dtype, axis=axis, fused_activation_function="NONE"
        )

    def split(self, x: Value, count: int, axis: int) -> list[Value]:
        sizes = list(x.sizes)
        size = sizes[axis]
        sizes[axis] = None if size is None else size // count
        outputs = [Value(tuple(sizes), x.dtype) for _ in range(count)]
        return self.several(
            "SPLIT", [Value((), DType.INT32, True, struct.pack("<i", axis)), x], outputs, num_splits=count
        )


@dataclass(eq=False)
class Layers:
    """What becomes of each layer, or node: the worst, and why; and all ops, by the graphs that they are in."""

    main: Trace
    said: dict[Op, tuple[Status, str]] = field(default_factory=dict)
    made: dict[Op, list[str]] = field(default_factory=dict)
    """The kinds of op that a layer becomes, once all that can be joined is joined."""
    nodes: dict[Op, list[Node]] = field(default_factory=dict)

    def collect(self) -> None:
        """Learn which ops of the graphs come from which layer."""
        for each in self.main.graphs:
            for node in each.nodes:
                self.made.setdefault(node.layer, []).append(node.kind)
                self.nodes.setdefault(node.layer, []).append(node)


_FUSING = frozenset({"ADD", "SUB", "MUL", "DIV"})


def total(sizes: Iterable[int | None]) -> int | None:
    """The sum, None where a part of it is not known."""
    found = 0
    for size in sizes:
        if size is None:
            return None
        found += size
    return found


def product(sizes: Iterable[int | None]) -> int | None:
    """The product, None where a factor of it is not known."""
    found = 1
    for size in sizes:
        if size is None:
            return None
        found *= size
    return found


def broadcast(one: Shape | None, other: Shape | None) -> Shape | None:
    """The shape of what two shapes are broadcast to; None where one of them is not known."""
    if one is None or other is None:
        return None
    rank = max(len(one), len(other))
    pairs = zip((1,) * (rank - len(one)) + tuple(one), (1,) * (rank - len(other)) + tuple(other), strict=True)
    return tuple(b if a == 1 else a if b == 1 or b is None else b for a, b in pairs)
