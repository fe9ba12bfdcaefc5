"""Loads a model and converts it with TensorFlow, in a process of its own: nothing else imports TensorFlow.

Run as a script, with a folder that holds `request.json`. It writes `result.json` there, with what is being done while
it is done, and `model.tflite`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["NO_LIBRARY", "main"]

NO_LIBRARY = 70
"""The exit status that says that TensorFlow cannot be imported."""
_LONGEST = 200_000
_NO_SIGNATURE = re.compile(r'Invalid signature_key provided(?:: "([^"]*)")?')
"""TensorFlow 2.18 does not say which."""
_MOST_ERRORS = 1_000
_SAMPLES = 8
_SEED = 20_240_501
_SIZE = 32
"""What a dimension is that the model leaves open, the batch apart."""


def _sample(values: Any, dtype: str, shape: list[int | None]) -> Any:
    """Values for an input: floats as a normalised input has them, integers that are valid as any index."""
    import numpy

    size = [1 if place == 0 else _SIZE if each is None else each for place, each in enumerate(shape)]
    if dtype in {"string", "object"}:
        return numpy.full(size, b"text", object)
    if dtype == "bool":
        return values.integers(0, 2, size).astype(bool)
    if numpy.issubdtype(numpy.dtype(dtype), numpy.integer):
        return values.integers(0, 2, size).astype(dtype)
    return numpy.asarray(values.standard_normal(size)).astype(dtype)


def _samples(signatures: list[Mapping[str, Any]]) -> Callable[[], Iterator[Any]]:
    """A representative dataset of random values: for one signature as a mapping, for several with their keys."""

    def made() -> Iterator[Any]:
        import numpy

        values = numpy.random.default_rng(_SEED)
        for _ in range(_SAMPLES):
            for signature in signatures:
                inputs = {name: _sample(values, *spec) for name, spec in signature["inputs"].items()}
                yield inputs if len(signatures) == 1 else (signature["key"], inputs)

    return made


def _dataset_of(model: Any) -> Callable[[], Iterator[Any]]:
    """A representative dataset for a Keras model."""
    inputs = {each.name.partition(":")[0]: each for each in model.inputs}
    specs = {name: [getattr(each.dtype, "name", str(each.dtype)), list(each.shape)] for name, each in inputs.items()}
    samples = _samples([{"key": "", "inputs": specs}])

    def made() -> Iterator[Any]:
        for sample in samples():
            yield list(sample.values()) if len(sample) == 1 else sample

    return made


def _loaded(
    tf: Any, request: Mapping[str, Any], tell: Callable[..., None]
) -> tuple[Any, Callable[[], Iterator[Any]], Any]:
    """A converter of the model, a representative dataset, and the model where Keras loaded it."""
    if request["format"] == "saved-model":
        return tf.lite.TFLiteConverter.from_saved_model(request["path"]), _samples(request["signatures"]), None
    if request["is_legacy"]:
        import tf_keras as keras
    else:
        import keras
    tell(keras=keras.__version__)
    model = keras.models.load_model(request["path"], compile=False, safe_mode=not request["allow_code"])
    return tf.lite.TFLiteConverter.from_keras_model(model), _dataset_of(model), model


def _set(tf: Any, converter: Any, request: Mapping[str, Any], dataset: Callable[[], Iterator[Any]]) -> None:
    """Ask the converter for what is wanted."""
    sets = tf.lite.OpsSet
    precision = request["precision"]
    supported = {
        "int8": sets.TFLITE_BUILTINS_INT8,
        "int16x8": sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
    }
    converter.target_spec.supported_ops = [supported.get(precision, sets.TFLITE_BUILTINS)]
    if request["ops"] in {"select", "any"}:
        converter.target_spec.supported_ops += [sets.SELECT_TF_OPS]
    converter.allow_custom_ops = request["ops"] == "any"
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision in supported:
        converter.representative_dataset = dataset
        if request["io"] is not None:
            converter.inference_input_type = converter.inference_output_type = getattr(tf, request["io"])


def _converted(converter: Any, signatures: list[Mapping[str, Any]]) -> bytes:
    """The converted model. Of signatures that are one function, as Keras exports them, the converter keeps only one."""
    while True:
        try:
            return bytes(converter.convert())
        except ValueError as reason:
            unknown = _NO_SIGNATURE.search(str(reason))
            gone = unknown and (unknown[1] or signatures[-1]["key"])
            kept = [each for each in signatures if each["key"] != gone]
            if not 0 < len(kept) < len(signatures):
                raise
            signatures[:] = kept  # the dataset reads them


def _first(reason: Exception, model: Any, folder: Path) -> Exception:
    """Why a Keras 3 model cannot be exported, where that is why it cannot be converted: the converter keeps it quiet.

    Source: TensorFlow v2.21.0, tensorflow/lite/python/lite.py, _convert_keras_to_saved_model.
    """
    if hasattr(model, "export") and type(reason).__name__ != "ConverterError":
        try:
            model.export(str(folder / "exported"))
        except Exception as first:  # libraries fail in every way there is
            return first
    return reason


def _errors(reason: BaseException) -> list[dict[str, Any]]:
    """What the converter says of each op that it cannot convert."""
    found = []
    for each in list(getattr(reason, "errors", []))[:_MOST_ERRORS]:
        calls = [[call.name, call.source.filename, call.source.line] for call in each.location.call]
        codes = type(each).ErrorCode
        found.append({"op": each.operator.name, "code": codes.Name(each.error_code), "calls": calls[:50]})
    return found


def main(folder: Path) -> int:
    """Convert what the request asks for, and return the exit status."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    told: dict[str, Any] = {"stage": "import"}

    def tell(**more: Any) -> None:
        told.update(more)
        (folder / "result.json").write_text(json.dumps(told), encoding="utf-8")

    tell()
    try:
        import tensorflow as tf
    except ImportError as reason:
        tell(error={"type": type(reason).__name__, "text": str(reason)[:_LONGEST]})
        return NO_LIBRARY
    model = None
    try:
        tell(stage="load", tensorflow=tf.__version__)
        converter, dataset, model = _loaded(tf, request, tell)
        _set(tf, converter, request, dataset)
        tell(stage="convert")
        content = _converted(converter, request["signatures"])
        (folder / "model.tflite").write_bytes(content)
        tell(stage="done")
    except Exception as last:  # libraries fail in every way there is
        first = _first(last, model, folder)
        tell(error={"type": type(first).__name__, "text": str(first)[:_LONGEST], "errors": _errors(first)})
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
