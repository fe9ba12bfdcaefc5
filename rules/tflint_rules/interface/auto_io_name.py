"""TFL602 auto-io-name."""

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import cut, listed, typed
from tflint_rules.interface.alike import alike

_COUNTED = re.compile(r"(keras_tensor|input_layer|input)(?:_(\d{1,9}))?")
_FIRST = {"keras_tensor": 0, "input_layer": 0, "input": 1}
"""What Keras makes names of where none is given -> the number that the first one has; 0 is not written.

Source: Keras 3.15.1, keras/src/utils/naming.py; Keras 2.13, keras/engine/input_layer.py.
"""


class AutoIoName(Rule):
    """Inputs that only their names tell apart have names from a counter, which the next build counts on.

    ## What it does

    Looks for inputs of one element type and shape whose names Keras made up: `keras_tensor_12`, `input_layer_5`,
    `input_7`. Reports them where the numbers are higher than a program that makes nothing but this model would give, so
    that they depend on what was made before. In a file it reads the names of the signatures, and without one those of
    the tensors. Where type or shape tells the inputs apart it is silent.

    ## Why it is bad

    The next build of the same model, in a notebook that runs on or behind one layer more, has other names: a call by
    name fails. The order of the inputs in the file follows from the names by a hash, and changes with them: a call by
    number then swaps the inputs without a word.

    ## Example

    ```text
    warning TFL602 auto-io-name: tensor 0, 'serving_default_keras_tensor_10:0'
      2 inputs of the signature 'serving_default' are FLOAT32[1, 4], and only names that Keras counted
      up tell them apart: 'keras_tensor_10' and 'keras_tensor_11'; the next build gives other names,
      and may swap them.
      help: Name the inputs, keras.Input(shape, name="left"), and convert again.
      also: tensor 1, 'serving_default_keras_tensor_11:0'
    ```

    ## Fix

    Give each input a name, `keras.Input(shape, name="left")`, convert again, and call the model by these names.

    ## References

    - seen: TensorFlow 2.21 with Keras 3.15 builds and converts one model of two inputs seven times in a process: names
      `keras_tensor_5` to `keras_tensor_31`, and the two inputs in either order
    - https://github.com/tensorflow/tensorflow/issues/62674
    - https://github.com/tensorflow/tensorflow/issues/58732
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL602", "auto-io-name", Severity.WARNING,
        formats=frozenset({Format.TFLITE, Format.KERAS, Format.KERAS_H5}),
    )  # fmt: skip

    def check(self, ctx: Context) -> Iterator[Finding]:
        graphs = {graph.index: graph for graph in ctx.graphs}
        told: set[str] = set()
        for signature in ctx.model.signatures:
            if signature.graph_index in graphs:
                yield from self._judge(signature.inputs.items(), f"the signature '{cut(signature.key)}'", told)
        if not ctx.model.signatures and 0 in graphs:
            inputs = [(_plain(tensor.name), tensor) for tensor in graphs[0].inputs]
            yield from self._judge(inputs, "the model", told)

    def _judge(self, inputs: Iterable[tuple[str, Tensor]], of: str, told: set[str]) -> Iterator[Finding]:
        """Yield a finding for each kind of input, where its names are not among those that were told of."""
        inputs = list(inputs)
        for group in alike(inputs):
            made = [(name, tensor) for name, tensor in group if _COUNTED.fullmatch(name)]
            names = [name for name, _ in made]
            if len(made) < 2 or told.issuperset(names) or not any(_is_late(name, len(inputs)) for name in names):
                continue
            told.update(names)
            yield self.finding(
                made[0][1],
                f"{len(made)} inputs of {of} are {typed(made[0][1])}, and only names that Keras counted up tell them "
                f"apart: {listed(map(repr, names))}; the next build gives other names, and may swap them.",
                help='Name the inputs, keras.Input(shape, name="left"), and convert again.',
                related=[tensor for _, tensor in made[1:]],
                evidence={"names": names},
            )


def _plain(name: str) -> str:
    """The name of an input as it was before TensorFlow put its own around it."""
    return name.removeprefix("serving_default_").removesuffix(":0")


def _is_late(name: str, inputs: int) -> bool:
    """Whether a counter had counted other things before it gave one of so many inputs this name."""
    found = _COUNTED.fullmatch(name)
    return found is not None and int(found[2] or 0) - _FIRST[found[1]] >= inputs
