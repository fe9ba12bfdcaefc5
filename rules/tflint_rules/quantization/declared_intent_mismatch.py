"""TFL301 declared-intent-mismatch."""

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.flow import entry_graphs
from tflint.analysis.phrases import count, listed, named, typed
from tflint.analysis.precision import mac_share, profile
from tflint.analysis.quantizable import INT8_KINDS, INT16_GAPS
from tflint_rules.quantization.claims import Claim, claims
from tflint_rules.quantization.cures import cure
from tflint_rules.quantization.left_in_float import judged_islands
from tflint_rules.quantization.promises import breach

_IO_TYPES = frozenset({DType.FLOAT32, DType.INT8, DType.UINT8, DType.INT16})


class DeclaredIntentMismatch(Rule):
    """What the file or the configuration says of the model's precision, types or shapes is not so.

    ## What it does

    Takes the precision from `precision` in `[tool.tflint.expect]`, else from what the converter wrote into the file,
    and from words of the file's name that exporters write (`full_integer_quant`, `float16`, `int8`, …). Compares it
    with the ops: a model that is to be full integer or 16x8 may have no op on float values, other than QUANTIZE and
    DEQUANTIZE; float16 needs float16 weights, and dynamic range integer ones; `int8` in a name is kept by any integer
    weight. Names every op that breaks the promise; TFL302 says of those in the middle of the model what they cost.
    Also compares `io` with the types of inputs and outputs, and `static = true` with the shapes.

    The converter writes "full integer" also where it was told to fall back to float. A model with float inputs or
    outputs may be such a one: it gets a warning instead of an error. So does a broken promise of a name.

    ## Why it is bad

    With integer ops only asked for, and integer inputs and outputs, the converter still leaves ops in float that it
    cannot quantize, and says nothing. An integer-only chip refuses such a model, or leaves the rest to a CPU.

    ## Example

    ```text
    error TFL301 declared-intent-mismatch: op 2 NEG, 'norm_0/neg'
      2 of 8 ops (0 % of the multiply-accumulates) work on float values: NEG (2); the file says that
      it was converted to full integer (PTQ_FULL_INTEGER).
      help: Rewrite the layers that these ops come from; TFL302 tells the cause and the cure at each
            place.
      also: op 5 NEG, 'norm_1/neg'
    ```

    ## Fix

    See TFL302 for the layers that leave float ops behind, and what to write instead. Where the float ops are wanted,
    say so: `precision` in `[tool.tflint.expect]` counts before what the converter wrote and before the name.

    ## References

    - LiteRT f67457790, tflite/converter/schema/conversion_metadata.fbs
    - TensorFlow v2.21.0, tensorflow/lite/python/lite.py: QuantizationMode, _set_conversion_metadata
    - https://github.com/tensorflow/tensorflow/issues/48074
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL301", "declared-intent-mismatch", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        for claim in claims(ctx):
            found = self._precision(ctx, claim)
            if found is not None:
                yield found
                break
        if ctx.expectations.io is not None:
            yield from self._io(ctx, ctx.expectations.io)
        if ctx.expectations.static:
            yield from self._static(ctx)

    def _precision(self, ctx: Context, claim: Claim) -> Finding | None:
        known = ctx.once(profile, ctx.model)
        broken = breach(claim.precision, known)
        if broken is None:
            return None
        ops = [place for place in broken.places if isinstance(place, Op)]
        return self.finding(
            broken.places[0],
            f"{broken.fact}; {claim.by}.",
            help=f"{broken.help or _cured(ctx, ops)}{claim.also}",
            related=broken.places[1:],
            severity=claim.severity,
            evidence={
                "declared": claim.precision,
                "ops": len(ops),
                "of": known.total,
                "kinds": dict(Counter(op.kind for op in ops)),
                "macs_share": mac_share(ops, known.all_ops),
            },
        )

    def _io(self, ctx: Context, wanted: str) -> Iterator[Finding]:
        ends = [("input", tensor) for graph in entry_graphs(ctx.model) for tensor in graph.inputs]
        ends += [("output", tensor) for graph in entry_graphs(ctx.model) for tensor in graph.outputs]
        wrong = [(end, tensor) for end, tensor in ends if tensor.dtype in _IO_TYPES - {DType[wanted.upper()]}]
        if not wrong:
            return
        names = listed(f"{end} {named(tensor)} {typed(tensor)}" for end, tensor in wrong)
        yield self.finding(
            wrong[0][1],
            f"{count(len(wrong), 'input or output is', 'inputs and outputs are')} not {wanted}: {names}; the "
            f"configuration expects {wanted}.",
            help=f"Convert again with inference_input_type = inference_output_type = tf.{wanted}.",
            related=[tensor for _, tensor in wrong[1:]],
            evidence={"expected": wanted, "tensors": len(wrong)},
        )

    def _static(self, ctx: Context) -> Iterator[Finding]:
        dynamic = [tensor for graph in ctx.graphs for tensor in graph.tensors if tensor.is_dynamic]
        if not dynamic:
            return
        inputs = {tensor for graph in entry_graphs(ctx.model) for tensor in graph.inputs}
        ends = [tensor for tensor in dynamic if tensor in inputs]
        first = ends[0] if ends else dynamic[0]
        total = sum(len(graph.tensors) for graph in ctx.graphs)
        where = f"beginning with the input {named(first)}" if ends else f"the first is {named(first)}"
        yield self.finding(
            first,
            f"{len(dynamic):,} of {count(total, 'tensor')} {'has' if len(dynamic) == 1 else 'have'} a dynamic "
            f"dimension, {where} {typed(first)}; the configuration expects static shapes.",
            help="Fix the shape of the inputs, batch included, and convert again: keras.Input(shape, batch_size=1).",
            related=ends[1:],
            evidence={"dynamic": len(dynamic), "of": total},
        )


def _cured(ctx: Context, ops: list[Op]) -> str:
    """What to do about ops that were left in float."""
    inside = {op for island in judged_islands(ctx) for op in island.ops}
    outside = [op for op in ops if op not in inside]
    if not outside:
        return "Rewrite the layers that these ops come from; TFL302 tells the cause and the cure at each place."
    known = cure(op.kind for op in outside)
    if not known and all(op.kind in INT8_KINDS - INT16_GAPS for op in outside):
        return "Convert again with ranges for all of these ops, and none of them on the list of ops not to quantize."
    return known or "Rewrite the layers that these ops come from so that the converter can quantize them."
