"""Which ops the converter computes itself, and the values of the small ones that conditions ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tflint.forecast.known import Known, rank, static
from tflint.forecast.table import entry
from tflint.model import DType, Op, Tensor

__all__ = ["NOT_FOLDED", "evaluate"]

_UNFOLDED = frozenset({DType.RESOURCE, DType.VARIANT})
NOT_FOLDED = frozenset(
    """
    Empty StatelessMultinomial StatelessParameterizedTruncatedNormal StatelessRandomBinomial StatelessRandomGammaV2
    StatelessRandomGammaV3 StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg
    StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomPoisson StatelessRandomUniform
    StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2 StatelessRandomUniformInt StatelessRandomUniformIntV2
    StatelessRandomUniformV2 StatelessTruncatedNormal StatelessTruncatedNormalV2
    """.split()
)
"""Ops that are lowered before anything folds, and random numbers."""
_SMALL = 1024
"""Values of so many elements together are computed with."""


def evaluate(op: Op, known: Known) -> Sequence[Any] | None:
    """The values of an op's outputs where the converter folds it, None in place of one; None where it does not.

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/constant_fold.cc; folders of the ops in
    tensorflow/compiler/mlir/tensorflow/ir/tf_ops_n_z.cc.
    """
    if op.kind == "DeviceIndex":
        return _device(op)
    shaped = _of_shape(op) or _part_of_shape(op, known)
    if shaped is not None:
        return shaped
    if not _foldable(op):
        return None
    if op.outputs and all(_is_empty(output) for output in op.outputs):
        return [None] * len(op.outputs)
    if not known.folds(op):
        return None
    compute = _COMPUTE.get(op.kind)
    values = [value for tensor in op.inputs if (value := known.value(tensor)) is not None]
    if compute is None or len(values) < len(op.inputs) or sum(value.size for value in values) > _SMALL:
        return [None] * len(op.outputs)
    try:
        return _bounded(compute(op, values))
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return [None] * len(op.outputs)


def _device(op: Op) -> Sequence[Any]:
    """The converter chooses the CPU's place in the list of devices.

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/transforms/device_index_selector.cc.
    """
    import numpy as np

    names = op.options.get("device_names")
    listed = list(names) if isinstance(names, tuple) else []
    return [np.asarray(listed.index("CPU") if "CPU" in listed else len(listed), "<i4")]


def _foldable(op: Op) -> bool:
    row = entry(op.kind)
    if row is None or row.has_state or op.kind in NOT_FOLDED:
        return False
    return not any(tensor.dtype in _UNFOLDED for tensor in (*op.outputs, *op.inputs) if tensor is not None)


def _is_empty(tensor: Tensor) -> bool:
    """True for a number tensor that has no elements, whatever it is made of."""
    return 0 in (static(tensor) or ()) and (tensor.dtype.is_float or tensor.dtype.is_integer)


def _of_shape(op: Op) -> Sequence[Any] | None:
    """What the shape of an input alone decides."""
    if op.kind not in {"Shape", "Size", "Rank"} or not op.inputs or not op.outputs:
        return None
    import numpy as np

    kind = op.outputs[0].dtype.numpy_name or "<i4"
    if op.kind == "Rank":
        dimensions = rank(op.input(0))
        return None if dimensions is None else [np.asarray(dimensions, kind)]
    sizes = static(op.input(0))
    if sizes is None:
        return None
    try:
        return [np.asarray(sizes if op.kind == "Shape" else int(np.prod(sizes)), kind)]
    except OverflowError:
        return [None]


def _part_of_shape(op: Op, known: Known) -> Sequence[Any] | None:
    """The sizes that are taken out of a shape, where these are known, whatever the others are.

    Source: TensorFlow v2.21.0, tensorflow/compiler/mlir/tensorflow/ir/tf_ops_n_z.cc, StridedSliceOp::fold.
    """
    given = op.input(0)
    maker = known.graph.producer(given) if op.kind == "StridedSlice" and given is not None else None
    if maker is None or maker.kind != "Shape" or given is None or known.is_constant(given):
        return None
    sizes = maker.input(0)
    ends = [known.value(tensor) for tensor in op.inputs[1:]]
    if sizes is None or not sizes.has_rank or len(ends) != 3 or any(end is None for end in ends):
        return None
    import numpy as np

    open_size = -1
    whole = np.asarray([open_size if size is None else size for size in sizes.shape], given.dtype.numpy_name or "<i4")
    try:
        made = np.asarray(_slice(op, [whole, *ends])[0])
    except (IndexError, ValueError):
        return None
    return None if made.dtype.kind != "i" or (made == open_size).any() else [made]


def _numpy(name: str) -> Callable[[Op, Sequence[Any]], Sequence[Any]]:
    def compute(op: Op, values: Sequence[Any]) -> Sequence[Any]:  # noqa: ARG001
        import numpy as np

        function = getattr(np, name)
        if len(values) != function.nin:
            return [None]
        with np.errstate(all="ignore"):
            return [function(*values)]

    return compute


def _bounded(values: Sequence[Any]) -> Sequence[Any]:
    return [value if value is not None and value.size <= _SMALL else None for value in values]


def _pack(op: Op, values: Sequence[Any]) -> Sequence[Any]:
    import numpy as np

    return [np.stack(values, int(op.options.get("axis", 0)))]


def _concat(_op: Op, values: Sequence[Any]) -> Sequence[Any]:
    import numpy as np

    return [np.concatenate(values[:-1], int(values[-1]))]


def _reshape(_op: Op, values: Sequence[Any]) -> Sequence[Any]:
    return [values[0].reshape([int(each) for each in values[1].reshape(-1)])]


def _cast(op: Op, values: Sequence[Any]) -> Sequence[Any]:
    return [values[0].astype(op.outputs[0].dtype.numpy_name)]


def _range(_op: Op, values: Sequence[Any]) -> Sequence[Any]:
    import numpy as np

    start, limit, delta = (value.item() for value in values)
    if delta == 0 or abs((limit - start) / delta) > _SMALL:
        return [None]
    return [np.arange(start, limit, delta).astype(values[0].dtype)]


def _slice(op: Op, values: Sequence[Any]) -> Sequence[Any]:
    """A StridedSlice of a vector or scalar index, as graphs take sizes out of shapes."""
    options = op.options
    value, begin, end, strides = values
    if value.ndim != 1 or begin.size != 1 or options.get("ellipsis_mask") or options.get("new_axis_mask"):
        return [None]
    first, step = int(begin[0]), int(strides[0])
    if options.get("shrink_axis_mask"):
        return [value[first].reshape(())]
    low = None if options.get("begin_mask") else first
    high = None if options.get("end_mask") else int(end[0])
    return [value[low:high:step]]


def _same(_op: Op, values: Sequence[Any]) -> Sequence[Any]:
    return values


def _reduced(name: str) -> Callable[[Op, Sequence[Any]], Sequence[Any]]:
    def compute(op: Op, values: Sequence[Any]) -> Sequence[Any]:
        import numpy as np

        axes = tuple(int(each) for each in values[1].reshape(-1))
        found = getattr(np, name)(values[0], axis=axes, keepdims=bool(op.options.get("keep_dims")))
        return [np.asarray(found).astype(values[0].dtype)]

    return compute


def _expanded(_op: Op, values: Sequence[Any]) -> Sequence[Any]:
    import numpy as np

    return [np.expand_dims(values[0], int(values[1]))]


def _fill(_op: Op, values: Sequence[Any]) -> Sequence[Any]:
    import numpy as np

    sizes = [int(size) for size in values[0].reshape(-1)]
    small = all(size >= 0 for size in sizes) and np.prod(sizes, dtype=float) <= _SMALL
    return [np.full(sizes, values[1]) if small else None]


def _rsqrt(_op: Op, values: Sequence[Any]) -> Sequence[Any]:
    import numpy as np

    with np.errstate(all="ignore"):
        return [np.asarray(1 / np.sqrt(values[0]), values[0].dtype)]


_COMPUTE: dict[str, Callable[[Op, Sequence[Any]], Sequence[Any]]] = {
    **dict.fromkeys("Identity IdentityN StopGradient".split(), _same),
    "Add": _numpy("add"), "AddV2": _numpy("add"), "Sub": _numpy("subtract"), "Mul": _numpy("multiply"),
    "Maximum": _numpy("maximum"), "Minimum": _numpy("minimum"), "FloorDiv": _numpy("floor_divide"),
    "Neg": _numpy("negative"), "Sqrt": _numpy("sqrt"), "Square": _numpy("square"), "Abs": _numpy("abs"),
    "Log": _numpy("log"), "Exp": _numpy("exp"), "Log1p": _numpy("log1p"), "Pow": _numpy("power"),
    "Fill": _fill, "RealDiv": _numpy("divide"), "Rsqrt": _rsqrt,
    "Less": _numpy("less"), "Greater": _numpy("greater"), "Equal": _numpy("equal"),
    "Pack": _pack, "ConcatV2": _concat, "Reshape": _reshape, "Cast": _cast, "Range": _range, "StridedSlice": _slice,
    "Prod": _reduced("prod"), "Sum": _reduced("sum"), "Max": _reduced("max"), "Min": _reduced("min"),
    "ExpandDims": _expanded, "Squeeze": lambda _op, values: [values[0].squeeze()],
}  # fmt: skip
