"""What small values hold, where that follows from shapes and constants: the arithmetic that sizes are made of.

Source: LiteRT f67457790, tflite/kernels/*.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tflint.analysis.shape_rules import Size, View, strided
from tflint.model import DType, Op

if TYPE_CHECKING:
    import numpy

__all__ = ["contents", "is_worked_out"]

_LIMIT = 256
"""Shapes have few dimensions: what holds more elements is left alone."""
_PLAIN = frozenset({DType.INT32, DType.INT64, DType.BOOL, DType.FLOAT32})


def is_worked_out(op: Op) -> bool:
    """Whether the contents of the op's outputs can follow from those of its inputs."""
    return (
        op.kind in _RULES
        and op.options.get("fused_activation_function", "NONE") == "NONE"
        and all(made.dtype in _PLAIN and made.quant is None for made in op.outputs)
    )


def contents(view: View, made: list[Size]) -> list[numpy.ndarray] | None:
    """What the op's outputs of these shapes hold; None where that is unknown, or much."""
    import numpy as np

    if any(np.prod(shape, dtype=float) > _LIMIT for shape in made):
        return None
    with np.errstate(all="ignore"):
        found = _RULES[view.op.kind](view, made[0])
    parts = found if isinstance(found, list) else [found]
    pairs = zip(parts, view.op.outputs, made, strict=True)
    return [np.asarray(part).astype(output.dtype.numpy_name).reshape(shape) for part, output, shape in pairs]


def _elementwise(name: str) -> Callable[[View, Size], Any]:
    def rule(view: View, _made: Size) -> Any:
        import numpy as np

        return getattr(np, name)(*(view.content(slot) for slot in range(len(view.shapes))))

    return rule


def _reduced(name: str) -> Callable[[View, Size], Any]:
    def rule(view: View, _made: Size) -> Any:
        import numpy as np

        return getattr(np, name)(view.content(0), axis=tuple(sorted(set(view.numbers(1)))))

    return rule


def _divided(view: View, _made: Size) -> Any:
    import numpy as np

    quotient = np.true_divide(view.content(0), view.content(1))
    return quotient if view.op.outputs[0].dtype.is_float else np.trunc(quotient)


def _concatenated(view: View, _made: Size) -> Any:
    import numpy as np

    parts = [np.atleast_1d(view.content(slot)) for slot in range(len(view.shapes))]
    return np.concatenate(parts, axis=view.option("axis"))


def _packed(view: View, _made: Size) -> Any:
    import numpy as np

    return np.stack([view.content(slot) for slot in range(len(view.shapes))], axis=view.option("axis"))


def _unpacked(view: View, _made: Size) -> Any:
    import numpy as np

    return list(np.moveaxis(view.content(0), view.option("axis"), 0))


def _sliced(view: View, made: Size) -> Any:
    begins = view.numbers(1)
    return view.content(0)[tuple(slice(begin, begin + size) for begin, size in zip(begins, made, strict=True))]


def _gathered(view: View, _made: Size) -> Any:
    import numpy as np

    return np.take(view.content(0), view.content(1), axis=view.option("axis"))


def _selected(view: View, _made: Size) -> Any:
    import numpy as np

    return np.where(view.content(0), view.content(1), view.content(2))


def _filled(view: View, made: Size) -> Any:
    import numpy as np

    return np.full(made, view.content(1).reshape(-1)[0])


def _counted(view: View, made: Size) -> Any:
    import numpy as np

    start, delta = (view.content(slot).reshape(-1)[0] for slot in (0, 2))
    return start + np.arange(made[0]) * delta


def _spread(view: View, made: Size) -> Any:
    import numpy as np

    return np.broadcast_to(view.content(0), made)


def _tiled(view: View, _made: Size) -> Any:
    import numpy as np

    return np.tile(view.content(0), view.numbers(1))


def _common_shape(view: View, _made: Size) -> Any:
    import numpy as np

    return np.broadcast_shapes(view.numbers(0), view.numbers(1))


def _places(view: View, _made: Size) -> Any:
    import numpy as np

    return np.argwhere(view.content(0))


def _as_it_is(view: View, _made: Size) -> Any:
    return view.content(0)


def _rank(view: View, _made: Size) -> Any:
    return len(view.shape(0))


def _shape(view: View, _made: Size) -> Any:
    return view.shape(0)


def _strided(view: View, _made: Size) -> Any:
    return view.content(0)[strided(view)]


_NUMPY = {
    "ABS": "abs", "ADD": "add", "CEIL": "ceil", "EQUAL": "equal", "FLOOR": "floor", "FLOOR_DIV": "floor_divide",
    "FLOOR_MOD": "mod", "GREATER": "greater", "GREATER_EQUAL": "greater_equal", "LESS": "less",
    "LESS_EQUAL": "less_equal", "LOGICAL_AND": "logical_and", "LOGICAL_NOT": "logical_not", "LOGICAL_OR": "logical_or",
    "MAXIMUM": "maximum", "MINIMUM": "minimum", "MUL": "multiply", "NEG": "negative", "NOT_EQUAL": "not_equal",
    "ROUND": "round", "SUB": "subtract",
}  # fmt: skip
_REDUCED = {"REDUCE_ALL": "all", "REDUCE_ANY": "any", "REDUCE_MAX": "max", "REDUCE_MIN": "min", "REDUCE_PROD": "prod"}

_RULES: Mapping[str, Callable[[View, Size], Any]] = {
    **{kind: _elementwise(name) for kind, name in _NUMPY.items()},
    **{kind: _reduced(name) for kind, name in {**_REDUCED, "SUM": "sum"}.items()},
    "BROADCAST_ARGS": _common_shape, "BROADCAST_TO": _spread, "CAST": _as_it_is, "CONCATENATION": _concatenated,
    "DIV": _divided, "EXPAND_DIMS": _as_it_is, "FILL": _filled, "GATHER": _gathered, "PACK": _packed,
    "RANGE": _counted, "RANK": _rank, "RESHAPE": _as_it_is, "SELECT": _selected,
    "SELECT_V2": _selected, "SHAPE": _shape, "SLICE": _sliced, "SQUEEZE": _as_it_is,
    "STRIDED_SLICE": _strided, "TILE": _tiled, "UNPACK": _unpacked,
    "WHERE": _places,
}  # fmt: skip
