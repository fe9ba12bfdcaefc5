"""What the name of a file promises of the model in it."""

import re
from pathlib import PurePath

__all__ = ["promise"]

_PROMISES = {
    "full integer quant with int16 act": "int16x8",
    "integer quant with int16 act": "some int16",
    "full integer": "int8",
    "full int8": "int8",
    "integer quant": "integer values",
    "int16x8": "some int16",
    "w8a16": "some int16",
    "a16w8": "some int16",
    "wi8 ai16": "some int16",
    "w8a8": "some int8",
    "a8w8": "some int8",
    "wi8 ai8": "integer values",
    "dynamic range": "dynamic",
    "wi8 afp32": "dynamic",
    "wi4 afp32": "dynamic",
    "int8": "some int8",
    "uint8": "some int8",
    "float16": "float16",
    "fp16": "float16",
    "float32": "float32",
    "fp32": "float32",
}
"""Words of a name -> what they promise, as `promises.breach` calls it; longer ones count before those in them.

`int8` alone promises no more than integers somewhere: exporters write it also for integer weights under float values.
None of them promises the type of inputs and outputs: TensorFlow calls a model full integer with float ends, too.
`quant` and `dynamic` alone, and `float`, are left out: vectors are quantized and shapes are dynamic, too.

Source: onnx2tf 1.26.5, onnx2tf/onnx2tf.py; Ultralytics a88c76396, ultralytics/engine/exporter.py and utils/export;
ai-edge-quantizer, ai_edge_quantizer/recipe.py; TensorFlow's guide to post-training quantization.
"""
_UNSURE = "(?:no|not|non|pre|before|from|to) "
"""Words that turn the meaning of the next one."""
_WORDS = re.compile(rf"\b({_UNSURE})?({'|'.join(_PROMISES)})\b")
_INTEGERS = frozenset({"int8", "integer values", "dynamic"})


def promise(path: str) -> tuple[str, str] | None:
    """What the name of a file promises, and the words that do; None where they promise nothing, or two things."""
    words = " ".join(re.split(r"[^a-z0-9]+", PurePath(path.replace("\\", "/")).name.lower()))
    found = {}
    for unsure, text in _WORDS.findall(words):
        if unsure:
            return None
        found[_PROMISES[text]] = text
    if not _INTEGERS.isdisjoint(found):
        found.pop("some int8", None)
    return next(iter(found.items())) if len(found) == 1 else None
