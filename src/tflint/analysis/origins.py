"""The weights of a Keras or SavedModel source, in the layouts and with the factors that a conversion may give them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any

from tflint.analysis.affine import Affine, after, before, constant_of_source
from tflint.analysis.sites import LEAST, Site, places
from tflint.model import Graph, Model, Op, Tensor
from tflint.tensor import give_back

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["Origin", "origins"]

_PRODUCTS = frozenset({
    "Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropInputV2", "MatMul",
    "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "_FusedConv2D", "_FusedMatMul",
})  # fmt: skip
"""Nodes of TensorFlow that multiply with a kernel."""
_RECURRENT = re.compile(r"lstm|gru|rnn|recurrent|forward_layer|backward_layer|cell", re.IGNORECASE)
_KERNELS = frozenset({"kernel", "pointwise_kernel", "depthwise_kernel"})
_MOST_STATES = 4


@dataclass(frozen=True)
class _View:
    """A way to lay out a weight: a part of its last dimension, then an order of dimensions, then merged sizes.

    `axis` is the dimension of `form` that is its output channels, None where there are none.
    """

    order: tuple[int, ...]
    form: tuple[int, ...]
    axis: int | None
    part: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Origin(Site):
    """A weight of a source, laid out as a conversion may have it, its channels multiplied as one may fold them."""

    view: _View = _View((), (), None)
    factor: NDArray[numpy.float64] | None = None
    """By channel, or one for all; None where it is 1."""
    added: Tensor | None = None
    """What is added to the channels of the products, None where that is not known."""
    own: Tensor | None = None
    """The part of `added` that the bias of the layer itself is."""
    is_certain: bool = True
    """False where whether it is folded so depends on what is not looked at here."""
    variants: list[Origin] = field(default_factory=list)
    """The same weight in the same layout with all factors that it may have, this one too."""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.view.form

    @property
    def bias(self) -> Tensor | None:
        return self.added

    def in_order(self) -> NDArray[Any] | None:
        values = self.tensor.array()
        if values is None:
            return None
        if self.view.part is not None:
            values = values[..., slice(*self.view.part)]
        laid = values.transpose(self.view.order).reshape(self.view.form)
        return laid if self.factor is None else laid * self._factors()

    def some(self) -> NDArray[numpy.float64]:
        """The values at the places where those of a converted constant are looked at."""
        import numpy as np

        at = places(prod(self.view.form))
        values = self.tensor.array()
        assert values is not None, "origins are of weights that can be read"
        if self.view.part is not None:
            values = values[..., slice(*self.view.part)]
        sizes = [values.shape[axis] for axis in self.view.order]
        index: list[Any] = [None] * values.ndim
        for axis, one in zip(self.view.order, np.unravel_index(at, sizes), strict=True):
            index[axis] = one
        with np.errstate(all="ignore"):
            found: NDArray[numpy.float64] = values[tuple(index)].astype(np.float64)
            if self.factor is not None:
                spread = np.broadcast_to(self._factors(), self.view.form)
                found *= spread[np.unravel_index(at, self.view.form)]
        give_back(self.tensor, 0, values.nbytes)
        found[~np.isfinite(found)] = 0
        return found

    def _factors(self) -> NDArray[numpy.float64]:
        """The factors in a shape that multiplies `form`."""
        assert self.factor is not None
        if self.factor.size == 1 or self.view.axis is None:
            return self.factor
        return self.factor.reshape([-1 if axis == self.view.axis else 1 for axis in range(len(self.view.form))])


@dataclass(frozen=True, eq=False)
class _State:
    """A factor and an addend that the channels of a kernel may have in a conversion."""

    factor: NDArray[numpy.float64] | None = None
    added: Tensor | None = None
    own: Tensor | None = None
    is_certain: bool = True


def origins(source: Model, forms: Collection[tuple[int, ...]]) -> Iterator[Origin]:
    """The weights of a source in all layouts of these forms: sizes without those that are 1, outputs first."""
    wanted = frozenset(forms)
    seen: set[tuple[str, str, tuple[int, ...]]] = set()
    for graph in source.graphs:
        for tensor, op in _weights(graph):
            key = (tensor.address or tensor.name, "" if op is None else op.kind, tensor.default_shape)
            if key in seen or not _is_readable(tensor):
                continue
            seen.add(key)
            for view in _views(tensor, op):
                if view.form in wanted:
                    yield from _in_view(graph, tensor, op, view)


def _is_readable(tensor: Tensor) -> bool:
    if not tensor.dtype.is_float or tensor.elements < LEAST or tensor.data is None:
        return False
    return tensor.nbytes is not None and len(tensor.data) >= tensor.nbytes and tensor.dtype.numpy_name is not None


def _weights(graph: Graph) -> Iterator[tuple[Tensor, Op | None]]:
    """The weights of a graph, each with the op that it belongs to: first those whose use is known."""
    known: set[Tensor] = set()
    for op in graph.ops:
        for weight in op.weights:
            if weight not in known:
                known.add(weight)
                yield weight, op
        if op.kind in _PRODUCTS:
            for slot in range(min(2, len(op.inputs))):
                kernel = constant_of_source(graph, op.input(slot))
                if kernel is not None and len(kernel.default_shape) > 1:
                    known.add(kernel)
                    yield kernel, op
    for tensor in graph.tensors:
        if tensor.data is not None and tensor not in known:
            yield tensor, None


def _views(tensor: Tensor, op: Op | None) -> Iterator[_View]:
    """The layouts that a weight can have in a conversion."""
    yield from _different(_layouts(tensor, op), tensor.default_shape)


def _different(views: Iterable[_View], shape: tuple[int, ...]) -> Iterator[_View]:
    """The views without those that put the values in the same places, the ones whose channels are known first."""
    seen: set[tuple[object, ...]] = set()
    for view in sorted(views, key=lambda view: view.axis is None):
        key = (view.part, view.form, tuple(axis for axis in view.order if shape[axis] != 1))
        if key not in seen:
            seen.add(key)
            yield view


def _layouts(tensor: Tensor, op: Op | None) -> Iterator[_View]:
    shape = tensor.default_shape
    yield from _whole(shape, None)
    if len(shape) == 2 and _RECURRENT.search(f"{tensor.name} {tensor.address} {'' if op is None else op.kind}"):
        for gates in (4, 3):
            if shape[1] % gates == 0:
                size = shape[1] // gates
                for gate in range(gates):
                    yield from _whole((shape[0], size), (gate * size, (gate + 1) * size))


def _whole(shape: tuple[int, ...], part: tuple[int, int] | None) -> Iterator[_View]:
    rank = len(shape)
    plain = tuple(range(rank))
    yield _view(plain, shape, rank - 1, part)
    if rank == 2:
        yield _view((1, 0), (shape[1], shape[0]), 0, part)
    for split in range(1, rank) if rank == 3 else ():
        sides = prod(shape[:split]), prod(shape[split:])
        yield _view(plain, sides, 1, part)
        yield _view((*plain[split:], *plain[:split]), (sides[1], sides[0]), 0, part)
    if rank in {3, 4}:
        yield _view((rank - 1, *plain[:-1]), (shape[-1], *shape[:-1]), 0, part)  # kernels of convolutions
        yield _view((rank - 2, *plain[:-2], rank - 1), (shape[-2], *shape[:-2], shape[-1]), 0, part)  # transposed ones
    if rank == 4:
        yield _view(plain, (*shape[:2], shape[2] * shape[3]), 2, part)  # one filter for each channel


def _view(order: tuple[int, ...], sizes: tuple[int, ...], axis: int, part: tuple[int, int] | None) -> _View:
    form = tuple(size for size in sizes if size != 1)
    return _View(order, form, sum(size != 1 for size in sizes[:axis]) if sizes[axis] != 1 else None, part)


def _in_view(graph: Graph, tensor: Tensor, op: Op | None, view: _View) -> Iterator[Origin]:
    order = tuple(range(len(view.form)))
    maker = op if op is not None else Op(graph.path, graph.index, 0, "", (), ())
    plain = Origin(graph, tensor, tensor, maker, 1, order, view)
    channels = 1 if view.axis is None else view.form[view.axis]
    states = [] if op is None or view.part is not None else list(_states(graph, op, tensor, channels))
    for state in states[-_MOST_STATES:] or [_State()]:
        plain.variants.append(
            replace(plain, factor=state.factor, added=state.added, own=state.own, is_certain=state.is_certain)
        )
    yield from plain.variants


def _states(graph: Graph, op: Op, kernel: Tensor, channels: int) -> Iterator[_State]:
    """What may become of the channels of a kernel, the most that can be folded last."""
    import numpy as np

    scale = before(graph, op, _data_slot(op))
    bias = _own_bias(op, kernel, channels)
    done = Affine(np.ones(1), np.zeros(1) if bias is None else _flat(bias))
    steps = [done]
    if not op.weights or kernel.name in _KERNELS:
        steps += [done.then(affine) for _, affine in after(graph, op, channels)]
    if bias is None and not op.weights:  # the bias of a node is what is added first
        first = next((step for step in steps[1:] if not step.is_batch_norm and _is_one(step.factor)), None)
        own = None if first is None else first.addend
    else:
        own = None if bias is None else done.addend
    last: list[_State] = []
    for step in steps:
        state = _State(
            None if _is_one(step.factor) else step.factor,
            _synthetic(op, step.addend, channels, bias),
            None if own is None else _synthetic(op, own * step.factor, channels, bias),
        )
        if last and _same(last[-1].factor, state.factor):
            last.pop()
        last.append(state)
    if scale is not None and scale != 1:
        yield from (
            _State((np.ones(1) if state.factor is None else state.factor) * scale, None, None, is_certain=False)
            for state in last
        )
    yield from last


def _data_slot(op: Op) -> int:
    return 2 if op.kind.endswith(("BackpropInput", "BackpropInputV2")) else 0


def _own_bias(op: Op, kernel: Tensor, channels: int) -> Tensor | None:
    """The bias that a layer adds to the products with a kernel of it."""
    prefix, _, name = kernel.name.rpartition("/")
    if name not in _KERNELS or (name == "depthwise_kernel" and op.kind.startswith("Separable")):
        return None
    if any(each.name.endswith("recurrent_kernel") for each in op.weights):
        return None  # it is added to the sum of two products
    wanted = f"{prefix}/bias" if prefix else "bias"
    return next((each for each in op.weights if each.name == wanted and each.elements == channels), None)


def _flat(tensor: Tensor) -> NDArray[numpy.float64]:
    import numpy as np

    values = tensor.array()
    return np.zeros(1) if values is None else values.reshape(-1).astype(np.float64)


def _synthetic(op: Op, values: NDArray[numpy.float64], channels: int, bias: Tensor | None) -> Tensor | None:
    """Values of channels as a constant, under the name of the bias that they are made of."""
    import numpy as np

    if not values.any():
        return None
    data = np.ascontiguousarray(np.broadcast_to(values, (channels,)), "<f8").tobytes()
    from tflint.model import DType

    name = f"{op.name}/{bias.name}" if bias is not None else op.name
    return Tensor(op.path, 0, -1, name, DType.FLOAT64, (channels,), (channels,), data=memoryview(data))


def _is_one(factor: NDArray[numpy.float64]) -> bool:
    return bool((factor == 1).all())


def _same(left: NDArray[numpy.float64] | None, right: NDArray[numpy.float64] | None) -> bool:
    import numpy as np

    if left is None or right is None:
        return left is right
    return bool(np.array_equal(left, right))
