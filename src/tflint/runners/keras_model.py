"""Runs a Keras model, and listens to what its layers give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tflint.runners.run import MOST_CALLS, Feeds, Run, Values, is_too_much, names, plain

__all__ = ["run_model", "version"]


def version() -> str:
    """The runtime, whose version is told with the model. Raises ImportError where TensorFlow is not installed."""
    import tensorflow  # noqa: F401

    return "Keras"


def run_model(run: Run, feeds: Feeds) -> None:
    """Run a Keras model."""
    if run.request["is_legacy"]:
        import tf_keras as keras

        operations = [keras.layers.Layer]
    else:
        import keras
        from keras.src.ops.operation import Operation

        operations = [Operation, keras.layers.Layer]
    run.tell(runtime=f"Keras {keras.__version__}")
    run.stage("load")
    model = keras.models.load_model(run.path, compile=False, safe_mode=not run.request["allow_code"])
    capture = _Capture()
    for operation in operations if run.inside else ():
        capture.watch(operation)

    def work(number: int) -> None:
        capture.calls = [] if number in run.inside else None
        found = model(_structured(model, feeds[number]), training=False)
        flat = [plain(each) for each in _flat(found)]
        values: Values = {f"out_{place}": each for place, each in enumerate(flat)}
        if capture.calls is not None:
            values |= capture.values()
        run.save(str(number), values)

    run.each(work)


def _structured(model: Any, values: Sequence[Any]) -> Any:
    """The inputs as a model takes them: one alone, or in the structure that it was built with."""
    import tensorflow as tf

    tensors = getattr(model, "inputs", None) or []
    fed = [
        tf.constant(value, dtype=getattr(tensors[place], "dtype", None) if place < len(tensors) else None)
        for place, value in enumerate(values)
    ]
    structure = getattr(model, "_inputs_struct", None)
    if structure is None:
        structure = getattr(model, "_nested_inputs", None)
    if isinstance(structure, dict) and len(structure) == len(fed):
        names = [getattr(each, "name", "").partition(":")[0] for each in tensors]
        keys = {getattr(each, "name", "").partition(":")[0]: key for key, each in structure.items()}
        return {keys.get(name, name): value for name, value in zip(names, fed, strict=False)}
    return fed[0] if len(fed) == 1 and not isinstance(structure, list) else fed


def _flat(found: Any) -> Iterator[Any]:
    """The tensors of a structure, those of a dictionary in the order of its keys."""
    if isinstance(found, Mapping):
        for key in sorted(found):
            yield from _flat(found[key])
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _flat(each)
    else:
        yield found


class _Capture:
    """What the layers of a model give, in the order of the calls that end."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] | None = None

    def watch(self, kind: Any) -> None:
        """Listen to what a class's `__call__` returns."""
        inner = kind.__call__

        def call(layer: Any, *arguments: Any, **options: Any) -> Any:
            found = inner(layer, *arguments, **options)
            if self.calls is not None and len(self.calls) < MOST_CALLS:
                self.calls.append((str(layer.name), found))
            return found

        kind.__call__ = call

    def values(self) -> Values:
        called: list[str] = []
        values: Values = {}
        total = 0
        last: Any = None
        for name, found in self.calls or ():
            for each in _flat(found):
                if each is last or not hasattr(each, "shape") or not hasattr(each, "numpy"):
                    continue  # a layer that is an operation, too, is heard twice
                value = plain(each)
                total += value.nbytes
                if is_too_much(total) or value.dtype.kind not in "fiub":
                    continue
                values[f"node_{len(called)}"] = value
                called.append(name)
                last = each
        return values | {"names": names(called)}
