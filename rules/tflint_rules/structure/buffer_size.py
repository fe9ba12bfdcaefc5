"""TFL103 buffer-size."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, listed, named, typed


class BufferSize(Rule):
    """A constant holds fewer or more bytes than its element type and shape need.

    ## What it does

    Compares the bytes stored for each constant with the product of its dimensions and the width of its elements;
    4-bit and 2-bit integers are packed. Too few bytes are an error, too many a warning. Constants that are off by the
    same number of bits an element, as where float32 is declared over int8 values, are one finding.

    Sparse tensors, strings, resources, constants in another file and element types that tflint does not know are left
    out: their size does not follow from the shape. So are scalars that hold too many bytes: many old files leave the
    shape of a constant out.

    ## Why it is bad

    LiteRT does not load a model whose constant is too short ("required_bytes <= bytes was not true"); TFLite Micro does
    not compare and reads what follows. A constant that is too long loads, and only its first bytes are used: if the
    element type or the shape is the wrong one of the two, the model computes with scrambled weights.

    ## Example

    ```text
    error TFL103 buffer-size: tensor 1, 'dense/kernel'
      The constant 'dense/kernel' FLOAT32[4, 12] holds 48 bytes, 8 bits an element; its element type
      and shape need 192 bytes.
      help: Convert the model again, or write data, element type and shape of the tensor together.
    ```

    ## Fix

    Convert the model again. Where a script replaced the weights or edited a tensor, write data, element type and
    shape together.

    ## References

    - LiteRT f67457790, tflite/core/subgraph.cc, SetTensorParametersReadOnly; tflite/util.cc, BytesRequired
    - LiteRT f67457790, tflite/core/tools/verifier.cc, VerifyNumericTensorBuffer (wants the exact size)
    - tflite-micro 90b983c2, tensorflow/lite/micro/micro_allocator.cc, GetFlatbufferTensorBuffer
    - run with ai-edge-litert 2.3.0: too short, too long
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL103", "buffer-size", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        groups: dict[tuple[object, ...], list[Tensor]] = {}
        for graph in ctx.graphs:
            for tensor in graph.tensors:
                difference = _difference(tensor)
                if difference:
                    key = (difference > 0, tensor.dtype, _stored_bits(tensor) or tensor)
                    groups.setdefault(key, []).append(tensor)
        for found in groups.values():
            yield self._finding(found)

    def _finding(self, found: list[Tensor]) -> Finding:
        tensor = found[0]
        stored, needed = len(tensor.data or b""), tensor.nbytes or 0
        bits = _stored_bits(tensor)
        width = f", {bits} bits an element" if bits else ""
        others = f" The same holds for {listed(map(named, found[1:]))}." if found[1:] else ""
        return self.finding(
            tensor,
            f"The constant {named(tensor)} {typed(tensor)} holds {count(stored, 'byte')}{width}; "
            f"its element type and shape need {count(needed, 'byte')}.{others}",
            help="Convert the model again, or write data, element type and shape of the tensor together.",
            related=found[1:],
            severity=Severity.ERROR if stored < needed else Severity.WARNING,
            evidence={"stored_bytes": stored, "needed_bytes": needed, "tensors": len(found)},
        )


def _difference(tensor: Tensor) -> int:
    """How many bytes too many a constant holds, below 0 too few; 0 where that cannot be told."""
    if tensor.data is None or tensor.sparsity is not None or tensor.external or tensor.is_variable:
        return 0
    if tensor.nbytes is None:
        return 0
    difference = len(tensor.data) - tensor.nbytes
    return difference if tensor.default_shape or difference < 0 else 0


def _stored_bits(tensor: Tensor) -> int | None:
    """The width that the elements have by the bytes that are there; None where it is not that of any type."""
    elements, stored = tensor.elements, 8 * len(tensor.data or b"")
    bits = stored // elements if elements and stored % elements == 0 else 0
    return bits if bits in {2, 4, 8, 16, 32, 64, 128} else None
