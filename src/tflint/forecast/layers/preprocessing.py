"""What layers become that prepare numbers, words and images for a model.

Source: tried with TensorFlow 2.21.0 and Keras 3.15.1, keras/src/layers/preprocessing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tflint.forecast.layers.convolution import shape_of
from tflint.forecast.layers.shapes import output_shapes
from tflint.forecast.layers.space import resize
from tflint.forecast.layers.trace import Call, Cannot, Trace, Value
from tflint.forecast.status import Status
from tflint.model import DType

__all__ = ["PREPROCESSING"]


def as_float(trace: Trace, x: Value) -> Value:
    return x if x.dtype is DType.FLOAT32 else trace.unary("CAST", x, DType.FLOAT32)


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and value == 0


def _rescaling(trace: Trace, call: Call) -> Value:
    x = as_float(trace, call.first)
    if call.config.get("scale", 1.0) != 1.0:
        x = trace.binary("MUL", x, trace.scalar())
    return x if _is_zero(call.config.get("offset", 0.0)) else trace.binary("ADD", x, trace.scalar())


def _normalization(trace: Trace, call: Call) -> Value:
    x = as_float(trace, call.first)
    axis = call.config.get("axis", -1)
    size = x.sizes[-1] if axis in (-1, [-1]) else 1
    first, second = ("MUL", "ADD") if call.config.get("invert") else ("SUB", "MUL")
    return trace.binary(second, trace.binary(first, x, trace.constant(size)), trace.constant(size))


def _discretization(trace: Trace, call: Call) -> Value:
    x = call.first
    found = trace.emit("BUCKETIZE", [as_float(trace, x)], x.shape, DType.INT32)
    return found if call.config.get("output_mode", "int") == "int" else _encoded(trace, call, found)


def _encoded(trace: Trace, call: Call, x: Value) -> Value:
    """Numbers as places in a row of zeros and ones, or as counts."""
    shape = shape_of(call)
    mode = call.config.get("output_mode", "multi_hot")
    if mode != "one_hot":
        return trace.flex("DenseBincount", [x], shape, f"output_mode '{mode}' needs FlexDenseBincount")
    hot = trace.emit(
        "ONE_HOT", [x, trace.scalar(DType.INT32), trace.scalar(), trace.scalar()], (*x.sizes, shape[-1]), axis=-1
    )
    if None not in shape:
        return trace.reshape(hot, shape)
    return trace.emit("RESHAPE", [hot, trace.ints([-1, shape[-1] or 0])], shape)


def _category(trace: Trace, call: Call) -> Value:
    return _encoded(trace, call, call.first)


def _hashing(trace: Trace, call: Call) -> Value:
    x = call.first
    shape = x.shape
    if x.dtype is not DType.STRING:
        x = trace.flex("AsString", [x], shape, "hashing needs FlexAsString", DType.STRING)
    return trace.flex(
        "StringToHashBucketFast", [x], shape_of(call), "hashing needs FlexStringToHashBucketFast", DType.INT64
    )


def _crossing(_trace: Trace, _call: Call) -> Value:
    raise Cannot(Status.FLEX, "crossing needs FlexSparseCrossHashed")


def _lookup(trace: Trace, call: Call) -> Value:
    shapes = output_shapes(call)
    mode = call.config.get("output_mode", "int")
    if call.kind == "IntegerLookup":
        raise Cannot(Status.FLEX, "a table of integers needs FlexHashTableV2 and FlexLookupTableFindV2")
    if call.config.get("invert"):
        raise Cannot(Status.UNKNOWN, "it turns numbers into words")
    table = trace.emit("HASHTABLE", [], (1,), DType.RESOURCE, table_id=0, key_dtype="STRING", value_dtype="INT64")
    found = trace.emit("HASHTABLE_FIND", [table, call.first, trace.scalar(DType.INT64)], call.first.shape, DType.INT64)
    if call.number("num_oov_indices", 1) > 1:
        raise Cannot(Status.FLEX, "several places for unknown words need FlexStringToHashBucketFast")
    if mode == "int":
        return found
    if not shapes:
        raise Cannot(Status.UNKNOWN, "the size of its vocabulary is not known")
    return _encoded(trace, call, found)


def _text(_trace: Trace, _call: Call) -> Value:
    raise Cannot(Status.FLEX, "it cuts texts into words with FlexStringSplitV2 and FlexStaticRegexReplace")


def _resizing(trace: Trace, call: Call) -> Value:
    how = str(call.config.get("interpolation", "bilinear"))
    x = as_float(trace, call.first)
    if how.startswith("lanczos") or how in ("area", "gaussian", "mitchellcubic"):
        raise Cannot(Status.FAILS, f"the converter has nothing for interpolation '{how}'")
    if call.config.get("crop_to_aspect_ratio") or call.config.get("pad_to_aspect_ratio"):
        status = Status.FLEX if how == "bicubic" else Status.BUILTIN
        raise Cannot(status if x.is_static else Status.UNKNOWN, "it keeps the aspect ratio")
    return resize(trace, x, call, how)


def _center_crop(trace: Trace, call: Call) -> Value:
    x = as_float(trace, call.first)
    shape = shape_of(call)
    first = 2 if call.channels_first else 1
    if x.rank != 4:
        raise Cannot(Status.UNKNOWN, "it reads a single image")
    given = x.sizes[first : first + 2]
    wanted = shape[first : first + 2]
    if None in given:
        raise Cannot(Status.UNKNOWN, "the size of the image is open")
    if given == wanted:
        return x
    if all((size or 0) >= (new or 0) for size, new in zip(given, wanted, strict=True)):
        begin, end = [0] * 4, [0] * 4
        for place in (first, first + 1):
            begin[place] = ((x.sizes[place] or 0) - (shape[place] or 0)) // 2
            end[place] = begin[place] + (shape[place] or 0)
        return trace.strided(x, shape, begin=begin, end=end)
    return resize(trace, x, call, "bilinear")


def _random(_trace: Trace, _call: Call) -> Value:
    raise Cannot(Status.BUILTIN, "the state of its random numbers stays in the model, as a variable")


def _color(name: str) -> Callable[[Trace, Call], Value]:
    def lowering(_trace: Trace, _call: Call) -> Value:
        raise Cannot(Status.BUILTIN, f"{name} becomes arithmetic on the image")

    return lowering


STATEFUL = frozenset(
    """
    MixUp RandomColorDegeneration RandomGrayscale RandomHue RandomPosterization RandomSaturation RandomSharpness
    """.split()
)
"""Layers that vanish, but for what they count."""
PREPROCESSING: Mapping[str, Callable[[Trace, Call], Value]] = {
    "CategoryEncoding": _category,
    "CenterCrop": _center_crop,
    "Discretization": _discretization,
    "HashedCrossing": _crossing,
    "Hashing": _hashing,
    "IntegerLookup": _lookup,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    "Resizing": _resizing,
    "StringLookup": _lookup,
    "TextVectorization": _text,
    **dict.fromkeys(STATEFUL, _random),
    "MelSpectrogram": _color("MelSpectrogram"),
    **{name: _color(name) for name in ("AutoContrast", "Solarization")},
}
"""Class of a layer -> what it becomes."""
