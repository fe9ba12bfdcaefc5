"""TFL601 output-order."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from tflint import Context, Finding, Format, Graph, Model, Need, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.compared import compared
from tflint.analysis.layering import Layering, layering
from tflint.analysis.phrases import named

_KERAS = frozenset({Format.KERAS, Format.KERAS_H5})
_CARRYING = frozenset({"QUANTIZE", "DEQUANTIZE"})


class OutputOrder(Rule):
    """The outputs stand in another order than those of the Keras model.

    ## What it does

    Finds for each output of a file the output of its Keras source, by the signature (`output_0`, `output_1`, or names)
    and where there is none by the layer that writes it. Reports where the order of the file's outputs is another. It
    is a warning where a signature tells the outputs apart, and an error where a caller has nothing but the order.

    ## Why it is bad

    `get_output_details()[0]` is not what the model gives first. Where two outputs have the same shape nobody notices:
    boxes are read as scores. The converter orders outputs by names of its own, and may do so otherwise next time.

    ## Example

    ```text
    warning TFL601 output-order: tensor 2, 'y0'
      The outputs stand in another order than in the source 'model.keras': output 0 of the file is
      'right', output 1 of the source; output 1 of the file is 'left', output 0 of the source.
      help: Take the outputs by the names of the signature, not by their number.
      also: tensor 4, 'y1'
    ```

    ## Fix

    Run the model by its signature (`get_signature_runner()`) and take the outputs by their names, or look the order up
    in the file that is shipped. Where outputs have to be taken by number, return them concatenated.

    ## References

    - LiteRT f67457790, tflite/core/signature_runner.h
    - https://github.com/tensorflow/tensorflow/issues/33303
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL601", "output-order", Severity.WARNING, needs=frozenset({Need.SOURCE}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        source = ctx.source
        if source is None or source.format not in _KERAS or not ctx.model.graphs or not source.graphs:
            return
        mine, theirs = ctx.model.graphs[0], source.graphs[0]
        if not mine.intact or not theirs.intact or len(mine.outputs) != len(theirs.outputs) or len(mine.outputs) < 2:
            return
        found = _by_signature(ctx.model, theirs)
        is_signed = bool(found)
        if not found:
            found = _by_layer(mine, theirs, layering(ctx.model, source, ctx.once(compared, ctx.model, source)))
        order = [found.get(tensor) for tensor in mine.outputs]
        known = [number for number in order if number is not None]
        if len(known) < len(order) or len(set(known)) < len(order) or known == sorted(known):
            return
        told = "; ".join(
            f"output {number} of the file is {named(theirs.outputs[of])}, output {of} of the source"
            for number, of in enumerate(known)
            if number != of
        )
        yield self.finding(
            mine.outputs[next(number for number, of in enumerate(known) if number != of)],
            f"The outputs stand in another order than in the source '{source.path}': {told}.",
            help="Take the outputs by the names of the signature, not by their number."
            if is_signed
            else "Convert the model with a signature, and take the outputs by its names.",
            related=[mine.outputs[number] for number, of in enumerate(known) if number != of][1:],
            severity=None if is_signed else Severity.ERROR,
            evidence={"order": known},
        )


def _by_signature(model: Model, theirs: Graph) -> Mapping[Tensor, int]:
    """For outputs the number of the source's output, as the first signature names them."""
    names = {tensor.name: number for number, tensor in enumerate(theirs.outputs)}
    for signature in model.signatures[:1]:
        found: dict[Tensor, int] = {}
        for key, tensor in signature.outputs.items():
            number = key.removeprefix("output_")
            if number != key and number.isdecimal():
                found[tensor] = int(number)
            elif key in names:
                found[tensor] = names[key]
        return found if all(number < len(theirs.outputs) for number in found.values()) else {}
    return {}


def _by_layer(mine: Graph, theirs: Graph, layers: Layering | None) -> Mapping[Tensor, int]:
    """For outputs the number of the source's output that the same layer writes."""
    makers = [theirs.producer(tensor) for tensor in theirs.outputs]
    numbers = {maker.layer: number for number, maker in enumerate(makers) if maker is not None}
    found: dict[Tensor, int] = {}
    for tensor in mine.outputs if layers is not None and len(numbers) == len(makers) else ():
        op = mine.producer(tensor)
        while op is not None and op.kind in _CARRYING:
            data = op.input(0)
            op = mine.producer(data) if data is not None else None
        layer = None if op is None or layers is None else layers.layer(op, mine)
        if layer in numbers:
            found[tensor] = numbers[layer]
    return found
