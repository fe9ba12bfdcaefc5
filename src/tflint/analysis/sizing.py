"""Where LiteRT keeps each value of a graph, and at which ops it has to run the model to learn how large the next are.

Source: LiteRT f67457790, Subgraph::PrepareOpsStartingAt in tflite/core/subgraph.cc, and what the Prepare functions of
tflite/kernels/*.cc do with their outputs: SetTensorToDynamic, SetTensorToPersistentRo, allocation_type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from tflint.analysis.calls import called
from tflint.analysis.shapes import Shapes, Size
from tflint.model import DType, Graph, Model, Op, Tensor

__all__ = ["Held", "Sizing", "held_at_first", "sizing"]


class Held(Enum):
    """Who has the memory of a value."""

    FILE = auto()
    ARENA = auto()
    STATE = auto()
    """An arena of its own that lasts from run to run: variables and their handles."""
    EARLY = auto()
    """The heap, filled before the model runs, since all that it depends on is known."""
    HEAP = auto()
    """The heap, at a size that is learnt when the model runs."""
    CALLER = auto()
    """The graph that runs this one."""


_HANDLES = frozenset({DType.RESOURCE, DType.VARIANT})
_UNSIZED = _HANDLES | {DType.STRING}
_DEEPEST = 32
"""Graphs in graphs beyond this are not followed."""
_MOST_STEPS = 1_000_000
"""Nor are they where one is run with ever other shapes: so many ops are gone through."""

_NEEDED: Mapping[str, tuple[int, ...]] = {
    "ARG_MAX": (1,), "ARG_MIN": (1,), "BATCH_TO_SPACE_ND": (1, 2), "BROADCAST_TO": (1,), "CONV_3D_TRANSPOSE": (0,),
    "EXPAND_DIMS": (1,), "FILL": (0,), "MEAN": (1,), "MIRROR_PAD": (1,), "MULTINOMIAL": (0, 1),
    "NON_MAX_SUPPRESSION_V4": (2,), "NON_MAX_SUPPRESSION_V5": (2,), "ONE_HOT": (1,), "PAD": (1,), "PADV2": (1,),
    "RANDOM_STANDARD_NORMAL": (0,), "RANDOM_UNIFORM": (0,), "RANGE": (0, 1, 2), "REDUCE_ALL": (1,), "REDUCE_ANY": (1,),
    "REDUCE_MAX": (1,), "REDUCE_MIN": (1,), "REDUCE_PROD": (1,), "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,), "RFFT2D": (1,), "SCATTER_ND": (2,), "SEGMENT_SUM": (0, 1), "SLICE": (1, 2),
    "SPACE_TO_BATCH_ND": (1, 2), "SPARSE_TO_DENSE": (1,), "SPLIT": (0,), "SPLIT_V": (1, 2), "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,), "TILE": (1,), "TOPK_V2": (1,), "TRANSPOSE": (1,), "UNSORTED_SEGMENT_MAX": (1, 2),
    "UNSORTED_SEGMENT_MIN": (1, 2), "UNSORTED_SEGMENT_PROD": (1, 2), "UNSORTED_SEGMENT_SUM": (1, 2), "WHERE": (0,),
}  # fmt: skip
"""Op -> the inputs whose contents make the size of its outputs."""
_NEEDED_IN_FILE: Mapping[str, tuple[int, ...]] = {"DILATE": (1,), "TRANSPOSE_CONV": (0,)}
"""The same, of ops that take constants of the file alone."""
_EARLY = frozenset(
    {"BROADCAST_ARGS", "CONCATENATION", "GATHER", "MUL", "RANGE", "REDUCE_PROD", "RESHAPE", "STRIDED_SLICE", "TILE"}
)
"""Ops that are worked out before the model runs where all that they read is known."""
_LARGEST_EARLY_PRODUCT = 8
_BASIC_STATES = (1, 4)
"""The inputs of a basic LSTM that last from run to run."""
_LATE_OUTPUTS: Mapping[str, int] = {"NON_MAX_SUPPRESSION_V4": 1, "NON_MAX_SUPPRESSION_V5": 2, "UNIQUE": 1}
"""How many of an op's first outputs are the ones whose size is learnt at run time, where that is not all of them."""


@dataclass(eq=False)
class Sizing:
    """A graph as LiteRT prepares it."""

    shapes: Shapes
    held: dict[Tensor, Held] = field(default_factory=dict)
    """Where values are once their op is prepared; those that are missing are where they are at first."""
    waits: list[bool] = field(default_factory=list)
    """For each op, whether those after it are prepared only when it has run."""
    undecided: set[Tensor] = field(default_factory=set)
    """Outputs of RESHAPE that leave the arena where they cannot take the place of the input."""
    unused: dict[Op, frozenset[Tensor]] = field(default_factory=dict)
    """Outputs of WHILE that nobody reads and the body only hands on: they get no memory."""
    is_dynamic: bool = False
    """Whether a value has a size that is learnt at run time, as the ops that run this graph ask."""

    def place(self, tensor: Tensor) -> Held:
        """Where a value is, once its op is prepared."""
        return self.held.get(tensor) or held_at_first(tensor)

    def is_known(self, tensor: Tensor | None) -> bool:
        """Whether the contents are known before the model runs."""
        return tensor is None or self.place(tensor) in (Held.FILE, Held.EARLY)


def held_at_first(tensor: Tensor) -> Held:
    """Where a value is before any op is prepared."""
    if tensor.is_constant:
        return Held.FILE
    if tensor.dtype in _UNSIZED:
        return Held.HEAP
    return Held.STATE if tensor.is_variable else Held.ARENA


def sizing(model: Model, graph: Graph) -> Sizing:
    """How LiteRT prepares a graph, at the default sizes of its inputs."""
    return _Preparation(model).run(graph, None, 0)


class _Preparation:
    """Prepares graphs, and those that they run, each once for the same shapes of its inputs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._done: dict[tuple[int, tuple[Size | None, ...]], Sizing | None] = {}
        self._steps = 0

    def run(self, graph: Graph, inputs: tuple[Size | None, ...] | None, depth: int) -> Sizing:
        found = Sizing(Shapes(graph, inputs))
        if inputs is not None:
            found.held.update((tensor, Held.CALLER) for tensor in graph.inputs if tensor.dtype not in _HANDLES)
        found.is_dynamic = any(found.place(tensor) is Held.HEAP for tensor in graph.outputs)
        for op in graph.ops:
            found.shapes.run(op)
            if (prepare := _CALLERS.get(op.kind)) is not None and not op.is_custom:
                prepare(self, found, graph, op, depth)
            else:
                _prepare(found, op)
            waits = any(found.place(tensor) is Held.HEAP for tensor in op.outputs)
            found.waits.append(waits or not found.undecided.isdisjoint(op.outputs))
        found.is_dynamic |= any(found.waits)
        return found

    def _inner(self, number: int, inputs: Sequence[Size | None], depth: int) -> tuple[Graph, Sizing] | None:
        """A graph that an op runs, prepared; None where there is none, or it runs itself."""
        if not 0 <= number < len(self._model.graphs) or depth >= _DEEPEST:
            return None
        graph = self._model.graphs[number]
        key = (number, tuple(inputs))
        if key not in self._done and self._steps > _MOST_STEPS:
            return None
        if key not in self._done:
            self._steps += len(graph.ops)
            self._done[key] = None
            self._done[key] = self.run(graph, key[1], depth + 1)
        found = self._done[key]
        return None if found is None else (graph, found)

    def loop(self, found: Sizing, graph: Graph, op: Op, depth: int) -> None:
        """WHILE: what goes in once more has to be of the same shape."""
        inputs = [_shape(found, tensor) for tensor in op.inputs]
        inner = self._inner(op.options.get("body_subgraph_index", 0), inputs, depth)
        if inner is None or not len(op.inputs) == len(op.outputs) == len(inner[0].inputs) == len(inner[0].outputs):
            _give(found, op, Held.HEAP, [None] * len(op.outputs))
            return
        body, prepared = inner
        made = [prepared.shapes.shape(tensor) for tensor in body.outputs]
        found.unused[op] = frozenset(
            output
            for output, entering, leaving in zip(op.outputs, body.inputs, body.outputs, strict=True)
            if entering is leaving and entering.dtype not in _UNSIZED and not _is_read(graph, output)
        )
        differ = any(not _is_alike(entering, leaving) for entering, leaving in zip(inputs, made, strict=True))
        same = [leaving if leaving == entering else None for entering, leaving in zip(inputs, made, strict=True)]
        if prepared.is_dynamic or differ:
            _give(found, op, Held.HEAP, same)
        else:
            _give(found, op, Held.ARENA, made)
        for tensor in found.unused[op]:  # as the file has them
            found.held.pop(tensor, None)
            found.shapes.set(tensor, tensor.default_shape)

    def branch(self, found: Sizing, _graph: Graph, op: Op, depth: int) -> None:
        """IF and STABLEHLO_CASE: what comes out has to be of one shape whichever graph is run."""
        self._run_one_of(found, op, [number for _, number in called(op)], op.inputs[1:], depth)

    def composite(self, found: Sizing, _graph: Graph, op: Op, depth: int) -> None:
        """STABLEHLO_COMPOSITE: what its only graph makes."""
        self._run_one_of(found, op, [op.options.get("decomposition_subgraph_index", 0)], op.inputs, depth)

    def _run_one_of(
        self, found: Sizing, op: Op, numbers: list[int], given: Sequence[Tensor | None], depth: int
    ) -> None:
        inputs = [_shape(found, tensor) for tensor in given]
        inner = [self._inner(number, inputs, depth) for number in numbers]
        made = [
            [prepared.shapes.shape(tensor) for tensor in graph.outputs]
            for graph, prepared in (each for each in inner if each is not None)
        ]
        if not made or len(made) != len(inner) or any(len(shapes) != len(op.outputs) for shapes in made):
            _give(found, op, Held.HEAP, [None] * len(op.outputs))
            return
        same = [each[0] if len(set(each)) == 1 else None for each in zip(*made, strict=True)]
        is_dynamic = None in same or any(each is not None and each[1].is_dynamic for each in inner)
        _give(found, op, Held.HEAP if is_dynamic else Held.ARENA, same)


_CALLERS: Mapping[str, Callable[[_Preparation, Sizing, Graph, Op, int], None]] = {
    "IF": _Preparation.branch,
    "STABLEHLO_CASE": _Preparation.branch,
    "STABLEHLO_COMPOSITE": _Preparation.composite,
    "WHILE": _Preparation.loop,
}


def _shape(found: Sizing, tensor: Tensor | None) -> Size | None:
    return None if tensor is None else found.shapes.shape(tensor)


def _is_read(graph: Graph, tensor: Tensor) -> bool:
    return bool(graph.consumers(tensor)) or tensor in graph.outputs


def _is_alike(entering: Size | None, leaving: Size | None) -> bool:
    """Whether a loop takes the two for the same shape: it does not tell a number from a list of one."""
    if entering is None or leaving is None:
        return entering is leaving  # what is unknown is known to be dynamic already
    return entering == leaving or sum(shape[0] for shape in (entering, leaving) if shape) == 1


def _give(found: Sizing, op: Op, held: Held, shapes: Sequence[Size | None]) -> None:
    """Say where the outputs of an op are, and how large."""
    for tensor, shape in zip(op.outputs, shapes, strict=True):
        found.held[tensor] = Held.HEAP if tensor.dtype in _UNSIZED else held
        found.shapes.set(tensor, shape)


def _prepare(found: Sizing, op: Op) -> None:
    """Where the outputs of an op that runs no graph are."""
    if op.kind == "LSTM" and op.options.get("kernel_type") == "BASIC":
        states = [tensor for tensor in map(op.input, _BASIC_STATES) if tensor is not None]
        found.held.update(dict.fromkeys(states, Held.STATE))
    elif op.kind in ("VAR_HANDLE", "DENSIFY") or _is_unpacked(op):
        found.held.update(dict.fromkeys(op.outputs, Held.STATE))
    elif op.kind in ("SHAPE", "RANK") or (op.kind in _EARLY and _is_early(found, op)):
        found.held.update(dict.fromkeys(op.outputs, Held.EARLY))
    elif op.kind == "RESHAPE" and not found.is_known(op.input(1)):
        found.undecided.update(tensor for tensor in op.outputs if found.place(tensor) is Held.ARENA)
    elif _is_late(found, op):
        late = op.outputs[: _LATE_OUTPUTS.get(op.kind)]
        found.held.update(dict.fromkeys(late, Held.HEAP))


def _is_unpacked(op: Op) -> bool:
    """Whether the op turns a constant into floats: that is done once."""
    x = op.input(0)
    return op.kind == "DEQUANTIZE" and x is not None and x.is_constant


def _is_early(found: Sizing, op: Op) -> bool:
    """Whether all is known that the op reads, and its output small enough to be worked out before the model runs."""
    if not op.outputs or not all(found.is_known(tensor) for tensor in op.inputs):
        return False
    output = op.outputs[0]
    if op.kind == "REDUCE_PROD":
        shape = found.shapes.shape(output)
        return shape is not None and _elements(shape) <= _LARGEST_EARLY_PRODUCT
    return output.dtype not in _UNSIZED


def _elements(shape: Size) -> int:
    elements = 1
    for size in shape:
        elements *= size
    return elements


def _is_late(found: Sizing, op: Op) -> bool:
    """Whether the size of the op's outputs is learnt when it runs."""
    kind, x, output = op.kind, op.input(0), op.outputs[0] if op.outputs else None
    if op.is_custom:
        return any(tensor.is_dynamic for tensor in op.outputs)
    if kind in ("UNIQUE", "EMBEDDING_LOOKUP_SPARSE"):
        return True
    if kind == "READ_VARIABLE":
        return output is not None and not output.default_shape
    if kind in _NEEDED_IN_FILE:
        return not all(tensor is None or tensor.is_constant for tensor in map(op.input, _NEEDED_IN_FILE[kind]))
    if kind not in _NEEDED or x is None or output is None:
        return False
    if kind == "SLICE" and output.default_shape and not output.is_dynamic:
        return False
    if kind in ("SLICE", "TOPK_V2") and x.is_dynamic and not x.is_constant:
        return True
    if kind in ("PAD", "PADV2") and found.shapes.shape(x) == ():
        return True
    if kind.startswith("UNSORTED_SEGMENT") and found.place(x) is Held.HEAP:
        return True
    needed = (3,) if kind == "STRIDED_SLICE" and op.options.get("offset", False) else _NEEDED[kind]
    return not all(found.is_known(op.input(slot)) for slot in needed)
