"""What the converter's errors mean, and where in the model they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tflint import Format, Location, Model, Op
from tflint.analysis.phrases import cut, listed

if TYPE_CHECKING:  # start-up is a feature
    from tflint import Blamed, ConversionResult, Recipe

__all__ = ["Cause", "asked", "cause", "kinds", "places"]

_CALLS = frozenset({"StatefulPartitionedCall", "PartitionedCall"})
_NUMBERED = re.compile(r"(.+)_\d+")


class Cause(NamedTuple):
    """What lies behind an error: how it is recognised, what to do, and the rule that tells more, where there is one."""

    words: str
    cure: str
    rule: str = ""


_CAUSES = (
    Cause(
        r"TensorListReserve|element_shape to be static|tensor list ops is failed",
        "Fix the batch of the recurrent layer, keras.Input(shape, batch_size=1).",
        "TFL209",
    ),
    Cause(r"'tf\.FusedBatchNormV3' op is neither", "Call batch normalization with training=False.", "TFL212"),
    Cause(r"(?s)op is neither.*x(f64|complex)", "Make the model of float32 values."),
    Cause(r"PyFunc", "Write the Python function with TensorFlow's own ops, or call it outside of the model.", "TFL805"),
    Cause(r"Quantization to 16x8-bit not yet supported", "Quantize to int8, or write the layer with other ops."),
    Cause(
        r"Lambda.*(safe_mode|unsafe_deserialization)|unsafe_deserialization",
        "Write a registered Layer class in its place, or pass --allow-code where you trust the file.",
        "TFL801",
    ),
    Cause(
        r"Could not locate (class|function)|Unknown (layer|object)|register_keras_serializable|NameError: name",
        "Convert the model in Python where its classes and functions are, and check the .tflite file.",
    ),
    Cause(
        r"Unrecognized keyword arguments|Keras 2|tf_keras|weight_names",
        "Save the model again with Keras 3, or install tf_keras, which loads what Keras 2 saved.",
    ),
    Cause(r"NULL SignatureDef inputs", "Leave signatures without inputs out of a model that is to be quantized."),
    Cause(r"symbolic `tf\.Tensor` as a Python `bool`", "Fix the sizes of the layer's input."),
)
"""Errors of TensorFlow 2.21.0 and Keras 3.15.1, and what makes them go away: each one was met in a conversion."""
_LOOPS = re.compile(r"LSTM|GRU|RNN|Bidirectional|While")
_LOOP = Cause(
    "",
    "Give the recurrent layers unroll=True, or leave the model in float: TensorFlow 2.21 does not quantize loops.",
    "TFL211",
)
"""What the converter's process dies of when it quantizes."""
_SELECT = 'Write the layers with ops that have a builtin kernel, or allow TensorFlow\'s own: expect.ops = "select".'
_CUSTOM = 'Write the layers with other ops: no runtime has these; expect.ops = "any" keeps them as custom ops.'
_READ = "Read what the converter says, and convert the model in Python to see all of it."


def cause(result: ConversionResult, model: Model) -> Cause:
    """What lies behind an error, as far as is known."""
    if _suspects(result, model):
        return _LOOP
    text = f"{result.words}\n{result.detail}"
    for each in _CAUSES:
        if re.search(each.words, text):
            return each
    needs = {each.need for each in result.blamed}
    cures = [cure for need, cure in (("custom", _CUSTOM), ("flex", _SELECT)) if need in needs]
    return Cause("", cures[0], "TFL215") if cures else Cause("", _READ)


def asked(recipe: Recipe) -> str:
    """What was asked of the converter: `int8 with builtin ops`, and what the ends are where that is not plain."""
    ops = {"builtin": "builtin ops", "select": "builtin and Select TensorFlow ops", "any": "ops of every kind"}
    is_told = recipe.is_calibrated and recipe.io is not None and not recipe.precision.startswith(recipe.io)
    io = f" and {recipe.io} inputs and outputs" if is_told else ""
    return f"{recipe.precision} with {ops[recipe.ops]}{io}"


def kinds(blamed: tuple[Blamed, ...], need: str) -> str:
    """The kinds of the ops that need that: `MatMul (3), BiasAdd and Relu`."""
    found = Counter(each.kind for each in blamed if each.need == need)
    return listed((f"{cut(kind)} ({number})" if number > 1 else cut(kind) for kind, number in found.items()), 4)


def places(result: ConversionResult, model: Model) -> list[Location]:
    """Where the blamed ops are in the source, each place once: its nodes, or the layers that their names tell of.

    Of a crash in quantization the loops, which TensorFlow dies of.
    """
    found = _layers(result, model) if model.format in {Format.KERAS, Format.KERAS_H5} else _nodes(result, model)
    return list(dict.fromkeys(op.location for op in (*found, *_suspects(result, model))))


def _suspects(result: ConversionResult, model: Model) -> list[Op]:
    """The loops of a model whose quantization crashed."""
    if result.outcome != "crashed" or not result.recipe.is_calibrated:
        return []
    loops = (op for graph in model.graphs for op in graph.ops if _LOOPS.search(op.kind))
    return [op for op in loops if op.options.get("unroll") is not True]


def _nodes(result: ConversionResult, model: Model) -> Iterator[Op]:
    named: dict[str, Op] = {}
    for graph in model.graphs:
        for op in graph.ops:
            named.setdefault(_plain(op.name), op)
    return (named[name] for each in result.blamed if (name := _plain(each.node)) in named)


def _plain(name: str) -> str:
    """The name of a node without the calls of functions that it stands in."""
    parts = name.split("/")
    while len(parts) > 1 and parts[0] in _CALLS:
        del parts[0]
    return "/".join(parts)


def _layers(result: ConversionResult, model: Model) -> Iterator[Op]:
    """Keras 3 appends a number to the names of all layers: `dense_1` is `dense`, and `dense_1_1` is `dense_1`."""
    is_numbered = not result.keras.startswith("2")
    named = {op.name: op for graph in model.graphs for op in graph.ops if op.name}
    for each in result.blamed:
        for part in reversed(each.node.split("/")[1:]):
            numbered = _NUMBERED.fullmatch(part)
            name = numbered[1] if is_numbered and numbered is not None else part
            if name in named:
                yield named[name]
                break
