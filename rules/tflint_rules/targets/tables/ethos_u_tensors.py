"""How Vela sees the tensors of an op: the roles of inputs, shapes, and the values of constants.

Source: ethos-u-vela 5.2.0, ethosu/regor/tflite: roles in tflite_mapping.cpp, shapes in tflite_reader.cpp, ParseTensor
and LoadGraphs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tflint import Graph, Op, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "by_role",
    "feature_maps",
    "first_input",
    "map_sizes",
    "role",
    "shape",
    "sizes_of",
    "values",
]

Role = str
"""What an input is to Vela: `i` a feature map, `w` weights, `s` a bias, `p` a parameter, `t` a state."""


_ROLES = {
    "ARG_MAX": "ip", "ARG_MIN": "ip", "ASSIGN_VARIABLE": "pi", "BATCH_TO_SPACE_ND": "ipp", "CONV_2D": "iws",
    "DEPTHWISE_CONV_2D": "iws", "FULLY_CONNECTED": "iws", "MEAN": "ip", "MIRROR_PAD": "ip", "PAD": "ip",
    "PADV2": "ipp", "PRELU": "ip", "READ_VARIABLE": "p", "REDUCE_ALL": "ip", "REDUCE_ANY": "ip", "REDUCE_MAX": "ip",
    "REDUCE_MIN": "ip", "RESHAPE": "ip", "RESIZE_BILINEAR": "ip", "RESIZE_NEAREST_NEIGHBOR": "ip",
    "REVERSE_V2": "ip", "SCATTER_ND": "iip", "SLICE": "ipp", "SPACE_TO_BATCH_ND": "ipp", "SPLIT": "pi",
    "SPLIT_V": "ipp", "STRIDED_SLICE": "ippp", "SUM": "ip", "TILE": "ip", "TRANSPOSE": "ip",
    "TRANSPOSE_CONV": "pwis", "UNIDIRECTIONAL_SEQUENCE_LSTM": "i" + 11 * "w" + 4 * "s" + "wstt" + 4 * "s",
}  # fmt: skip


def role(op: Op, slot: int) -> Role:
    """What the input in a slot is to Vela; what its map does not name is a feature map."""
    known = _ROLES.get(op.kind, "")
    return known[slot] if slot < len(known) else "i"


def by_role(op: Op, wanted: Role) -> list[Tensor]:
    """The inputs of one role, in their order; left-out ones are not among them."""
    return [each for slot, each in enumerate(op.inputs) if each is not None and role(op, slot) == wanted]


def feature_maps(op: Op) -> Iterator[tuple[str, Tensor]]:
    """The feature maps of an op, inputs first, with a name for each."""
    maps = by_role(op, "i")
    for number, tensor in enumerate(maps):
        yield ("input" if len(maps) == 1 else f"input {number}"), tensor
    for number, tensor in enumerate(op.outputs):
        yield ("output" if len(op.outputs) == 1 else f"output {number}"), tensor


def first_input(op: Op) -> Tensor | None:
    maps = by_role(op, "i")
    return maps[0] if maps else None


def shape(tensor: Tensor, graph: Graph) -> tuple[int, ...]:
    """The sizes that Vela compiles for: a dynamic first dimension is 1, other dynamic ones are -1.

    Empty where it knows none: for scalars and tensors of unknown rank that are not constant.
    """
    sizes = tensor.shape
    if sizes:
        return tuple([(-1 if at else 1) if size is None else size for at, size in enumerate(sizes)])
    if _stored(tensor):
        assert tensor.data is not None
        bits = tensor.dtype.bits or 8
        return (8 * len(tensor.data) // max(bits, 1),)
    return _inferred(graph).get(tensor, ())


_ONE_MAP = frozenset("ABS ELU GELU LEAKY_RELU LOGICAL_NOT NEG QUANTIZE".split())
_TWO_MAPS = frozenset(
    "ADD DIV EQUAL GREATER GREATER_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM MINIMUM MUL NOT_EQUAL SUB".split()
)


@lru_cache(maxsize=4)
def _inferred(graph: Graph) -> dict[Tensor, tuple[int, ...]]:
    """Shapes of elementwise outputs for which the file has none, from their inputs."""
    found: dict[Tensor, tuple[int, ...]] = {}

    def known(tensor: Tensor) -> tuple[int, ...]:
        if tensor.shape or _stored(tensor):
            return shape(tensor, graph)
        return found.get(tensor, ())

    for op in graph.ops:
        if (op.kind not in _ONE_MAP and op.kind not in _TWO_MAPS) or not op.outputs or op.outputs[0].shape:
            continue
        sizes = [known(each) for each in by_role(op, "i")[:2]]
        if op.kind in _ONE_MAP and sizes and sizes[0]:
            found[op.outputs[0]] = sizes[0]
        elif op.kind in _TWO_MAPS and len(sizes) == 2 and all(sizes):
            longest = max(map(len, sizes))
            first, second = ((0,) * (longest - len(each)) + each for each in sizes)
            found[op.outputs[0]] = tuple(map(max, first, second))
    return found


def _stored(tensor: Tensor) -> bool:
    return bool(tensor.data) and not tensor.is_variable


def sizes_of(tensor: Tensor | None, graph: Graph, rank: int = 0) -> tuple[int, ...]:
    """A shape, with leading dimensions added up to a rank."""
    sizes = () if tensor is None else shape(tensor, graph)
    return (1,) * (rank - len(sizes)) + sizes


def map_sizes(op: Op, graph: Graph) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of input and output, of at least four dimensions."""
    return sizes_of(first_input(op), graph, 4), sizes_of(op.outputs[0] if op.outputs else None, graph, 4)


@lru_cache(maxsize=256)
def values(tensor: Tensor) -> NDArray[Any] | None:
    """A constant's elements, flat; None where there are none that can be read."""
    found = tensor.array()
    return None if found is None else found.reshape(-1)
