"""TFL219 unsupported-io-dtype."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Format, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, listed, named, typed
from tflint_rules.conversion.layer_walk import SOURCES
from tflint_rules.conversion.select_tf_op import is_flex

_STRANGE = frozenset({DType.FLOAT64, DType.COMPLEX64, DType.COMPLEX128, DType.UINT32, DType.UINT64})
"""Types that LiteRT's Java API does not know, of those that TensorFlow programs have by accident.

Source: LiteRT f67457790, tflite/java/src/main/java/org/tensorflow/lite/DataTypeUtils.java, fromC.
"""
_HANDLES = frozenset({DType.RESOURCE, DType.VARIANT})


class UnsupportedIoDtype(Rule):
    """Inputs or outputs are of a type that apps cannot pass: float64, complex, unsigned 32 or 64 bits, or a handle.

    ## What it does

    Looks at the inputs and outputs of a model and of its signatures. In a source they are judged too: the converter
    keeps their types. Strings are fine, as text models have them, and so are half floats and small integers, which
    nobody chooses by accident. A tensor that only custom ops of an app's own read or write is left alone.

    ## Why it is bad

    The Java API, which Kotlin apps use as well, stops with "DataType 11 is not recognized in Java" as soon as it is
    asked for such a tensor; the one for Swift knows float64 of these and no other. Python passes them, so that nobody
    notices before the app. A float64 input is most often a numpy array that nobody converted. A resource or variant is
    a handle inside of the runtime: no API makes one.

    ## Example

    ```text
    warning TFL219 unsupported-io-dtype: tensor 0, 'reading'
      Input 'reading' FLOAT64[1, 4] is of type FLOAT64; LiteRT's Interpreter for Java and Kotlin
      cannot pass it.
      help: Make it float32 or int32 where the model is defined, cast inside of the model, and convert
            again.
    ```

    ## Fix

    Declare the input as float32 or int32, `keras.Input(shape, dtype="float32")` or
    `tf.TensorSpec(shape, tf.float32)`, and cast inside of the model where it computes with another type. Give complex
    results as two outputs, `tf.math.real(y)` and `tf.math.imag(y)`.

    ## References

    - LiteRT f67457790, tflite/java/src/main/java/org/tensorflow/lite/DataTypeUtils.java
    - LiteRT f67457790, tflite/swift/Sources/Tensor.swift
    - tried with TensorFlow 2.21.0: a signature's types in the converted file
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL219", "unsupported-io-dtype", Severity.WARNING, formats=SOURCES | {Format.TFLITE}
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = _ends(ctx)
        strange = {tensor: end for tensor, end in found.items() if tensor.dtype in _STRANGE}
        handles = {tensor: end for tensor, end in found.items() if tensor.dtype in _HANDLES}
        if strange:
            yield self._told(
                strange,
                "LiteRT's Interpreter for Java and Kotlin cannot pass {it}",
                "Make {it} float32 or int32 where the model is defined, cast inside of the model, and convert again.",
            )
        if handles:
            yield self._told(
                handles,
                "{it} can neither be made nor read outside of the runtime",
                "Keep the variable or list inside of the model, and give its value instead.",
            )

    def _told(self, found: dict[Tensor, str], effect: str, help: str) -> Finding:
        texts = [f"{end} {named(tensor)} {typed(tensor)}" for tensor, end in found.items()]
        kinds = sorted({tensor.dtype.value for tensor in found})
        if len(found) == 1:
            subject = f"{texts[0][0].upper()}{texts[0][1:]} is of type {kinds[0]}"
        else:
            subject = f"{count(len(found), 'input or output', 'inputs and outputs')} are of type {listed(kinds)} ("
            subject += f"{listed(texts)})"
        first, *others = found
        return self.finding(
            first,
            f"{subject}; {effect.format(it='it' if len(found) == 1 else 'them')}.",
            help=help.format(it="it" if len(found) == 1 else "them"),
            related=others,
            evidence={"tensors": texts[:50]},
        )


def _ends(ctx: Context) -> dict[Tensor, str]:
    """The tensors that a caller passes, each with what it is."""
    graphs = {graph.index: graph for graph in ctx.graphs}
    found: dict[Tensor, str] = {}
    first = graphs.get(0)
    if first is not None and ctx.model.format is not Format.SAVED_MODEL:
        found |= dict.fromkeys(first.inputs, "input") | dict.fromkeys(first.outputs, "output")
    for signature in ctx.model.signatures:
        if signature.graph_index in graphs:
            found |= dict.fromkeys(signature.inputs.values(), "input")
            found |= dict.fromkeys(signature.outputs.values(), "output")
    return {tensor: end for tensor, end in found.items() if not _is_of_the_app(ctx, tensor)}


def _is_of_the_app(ctx: Context, tensor: Tensor) -> bool:
    """True where only custom ops that are not TensorFlow's touch a tensor of a converted model."""
    if ctx.model.format is not Format.TFLITE or tensor.dtype not in _STRANGE | _HANDLES:
        return False
    graph = ctx.model.graphs[tensor.graph_index]
    maker = graph.producer(tensor)
    users = [*graph.consumers(tensor), *([] if maker is None else [maker])]
    return bool(users) and all(op.is_custom and not is_flex(op) for op in users)
