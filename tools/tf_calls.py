"""One op of TensorFlow with all that stands around it, called, and saved as a SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["FEEDABLE", "Case", "Feed", "accepts", "inferred", "save"]

FEEDABLE = frozenset(
    "float32 float64 float16 bfloat16 int32 int64 int16 int8 uint8 uint16 uint32 uint64 bool string "
    "complex64 complex128".split()
)


@dataclass(frozen=True)
class Feed:
    """What feeds one input: a placeholder of a shape, or a constant with a value."""

    shape: tuple[int | None, ...]
    dtype: str
    value: Any = None

    @property
    def constant(self) -> bool:
        return self.value is not None


@dataclass(frozen=True)
class Case:
    """An op with all that stands around it. `types` is what was chosen for its type attributes."""

    op: str
    args: dict[str, Any]
    attrs: dict[str, Any]
    types: dict[str, Any]
    first_only: bool = False
    origin: str = "tried"

    @property
    def key(self) -> str:
        return repr((self.op, self.args, self.attrs, self.first_only))


def inferred(definition: Any) -> set[str]:
    return {each for arg in definition.input_arg for each in (arg.type_attr, arg.type_list_attr, arg.number_attr)}


def _function(case: Case) -> tuple[Callable[..., Any], list[Any]]:
    """The function that calls the op, and what it is called with."""
    import tensorflow as tf
    from tensorflow.python.framework import op_def_library

    specs: list[Any] = []

    def plan(feed: Feed) -> Any:
        if feed.constant:
            return feed
        specs.append(tf.TensorSpec(feed.shape, feed.dtype, name=f"x{len(specs)}"))
        return len(specs) - 1

    attrs = _defaults(case) | case.attrs
    plans = {
        key: [plan(each) for each in feed] if isinstance(feed, list) else plan(feed) for key, feed in case.args.items()
    }

    def call(*fed: Any) -> dict[str, Any]:
        def one(planned: Any) -> Any:
            if isinstance(planned, int):
                return fed[planned]
            if planned.dtype.startswith("complex"):
                return tf.constant(np.asarray(planned.value, "complex128"), planned.dtype)
            return tf.constant(planned.value, planned.dtype, planned.shape)

        args = {key: [one(each) for each in planned] if isinstance(planned, list) else one(planned)
                for key, planned in plans.items()}  # fmt: skip
        op = op_def_library._apply_op_helper(case.op, **args, **attrs)[2]  # noqa: SLF001
        results = [each for each in op.outputs if each.dtype.name in FEEDABLE]
        if case.first_only:
            results = results[:1]
        if not results and op.outputs:
            raise ValueError("nothing that a signature can return")
        return {f"y{number}": each for number, each in enumerate(results)} or {"y": tf.constant(0.0)}

    return call, specs


def _defaults(case: Case) -> dict[str, Any]:
    """The attributes that the case leaves to their defaults."""
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(case.op)
    found = {}
    for attr in definition.attr:
        if attr.name in inferred(definition) or not attr.HasField("default_value"):
            continue
        kind = attr.default_value.WhichOneof("value")
        value = getattr(attr.default_value, kind)
        if kind == "list":
            value = next((list(each) for _, each in value.ListFields()), [])
        found[attr.name] = value
    return found


def concrete(case: Case) -> Any:
    """The concrete function of a case."""
    import tensorflow as tf

    call, specs = _function(case)
    return tf.function(call, input_signature=specs, autograph=False).get_concrete_function()


def accepts(case: Case, run: bool) -> bool:
    """True where TensorFlow can build the op, and run it if `run` is asked for."""
    import tensorflow as tf

    try:
        function = concrete(case)
        if not run:
            return True
        fed = [_sample(spec.shape, spec.dtype) for spec in function.structured_input_signature[0]]
        function(*fed)
    except (tf.errors.OpError, ValueError, TypeError, OverflowError):
        return False
    return True


def _sample(shape: Any, dtype: Any) -> Any:
    import tensorflow as tf

    sizes = [2 if each is None else each for each in shape.as_list()]
    if dtype == tf.string:
        return tf.fill(sizes, "1")
    if dtype == tf.bool:
        return tf.ones(sizes, tf.bool)
    if dtype.is_floating or dtype.is_complex:
        return tf.cast(tf.fill(sizes, 0.5), dtype)
    return tf.cast(tf.ones(sizes, tf.int32), dtype)


def save(case: Case, folder: str) -> None:
    """Write the case as a SavedModel with one signature."""
    import tensorflow as tf

    module = tf.Module()
    call, specs = _function(case)
    module.call = tf.function(call, input_signature=specs, autograph=False)
    tf.saved_model.save(module, folder, signatures=module.call.get_concrete_function())
