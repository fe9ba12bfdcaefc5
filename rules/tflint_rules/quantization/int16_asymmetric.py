"""TFL321 int16-asymmetric."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count, listed, named, typed
from tflint.analysis.quantized import parameters
from tflint_rules.quantization.same_scale import Handling, pairs

_REFUSING = frozenset(
    "ABS ADD BATCH_MATMUL BATCH_TO_SPACE_ND CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEQUANTIZE EXP EXPAND_DIMS FILL "
    "FULLY_CONNECTED LEAKY_RELU LOG LOGISTIC MEAN MIRROR_PAD MUL QUANTIZE REDUCE_MAX REDUCE_MIN REDUCE_PROD RELU RELU6 "
    "RSQRT SOFTMAX SPACE_TO_BATCH_ND SQRT SUB SUM TANH TRANSPOSE_CONV".split()
)
_BOTH = frozenset({"FULLY_CONNECTED", "QUANTIZE"})
"""These take a zero point where only one side is INT16."""
_LSTM = frozenset({"LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM"})
"""These leave the zero points of peepholes and layer normalization out, as GELU does its output's."""


class Int16Asymmetric(Rule):
    """An INT16 tensor has a zero point that is not 0.

    ## What it does

    Looks for quantized INT16 tensors with another zero point than 0, and at the ops that read and write them.

    ## Why it is bad

    Quantization with 16-bit activations is symmetric. The kernels of ADD, MUL, CONCATENATION, CONV_2D,
    FULLY_CONNECTED, MEAN, RELU, SOFTMAX, DEQUANTIZE and 20 more refuse the model; GELU and the peepholes of an LSTM
    leave the zero point out, and so do ops that move integers to a tensor with another one: then the values are
    shifted. Where neither is near, as between QUANTIZE and RESHAPE, LiteRT computes the right thing and the finding is
    a warning: other runtimes and delegates have no 16-bit kernel with a zero point.

    ## Example

    ```text
    error TFL321 int16-asymmetric: tensor 1, 'y'
      The zero point of 'y' INT16[1, 8] is 300; 16-bit quantization is symmetric, with zero point 0:
      RELU, which writes it, refuses the model.
      help: Convert again with 16-bit activations, or write INT16 tensors with zero point 0.
      also: op 0 RELU, 'y'
    ```

    ## Fix

    Convert the model again with the 16x8 option (EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8). A tool
    of your own has to write the scale as the largest absolute value divided by 32767, and zero point 0.

    ## References

    - LiteRT f67457790, tflite/kernels: add.cc, concatenation.cc, conv.cc, reduce.cc, activations.cc, elementwise.cc, …
    - LiteRT f67457790, tflite/g3doc/performance/post_training_integer_quant_16x8.ipynb
    - each op run with ai-edge-litert 2.3.0, with and without XNNPACK
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL321", "int16-asymmetric", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        known = ctx.once(parameters, ctx.model)
        if not known.zero_points.any():
            return
        least, most = DType.INT16.integer_range or (0, 0)
        suspects = {tensor for tensor in known.tensors if tensor.dtype is DType.INT16 and _point(tensor)}
        suspects = {tensor for tensor in suspects if least <= _point(tensor) <= most}
        if not suspects:
            return
        judged: dict[Tensor, tuple[Severity, Op]] = {}
        for graph in ctx.graphs:
            _judge(graph, suspects, judged)
        for severity in (Severity.ERROR, Severity.WARNING):
            found = {tensor: op for tensor, (how, op) in judged.items() if how is severity}
            if found:
                yield self._finding(severity, found)

    def _finding(self, severity: Severity, found: dict[Tensor, Op]) -> Finding:
        first, op = next(iter(found.items()))
        effect = "LiteRT gets along with it here, other runtimes do not"
        if severity is Severity.ERROR:
            effect = f"{op.kind}, which {'writes' if first in op.outputs else 'reads'} it, {_effect(op)}"
        more = ""
        if len(found) > 1:
            kinds = listed(each.kind for each in list(found.values())[1:])
            more = f" The same is wrong with {count(len(found) - 1, 'more tensor')}, of {kinds}."
        return self.finding(
            first,
            f"The zero point of {named(first)} {typed(first)} is {_point(first)}; 16-bit quantization is symmetric, "
            f"with zero point 0: {effect}.{more}",
            help="Convert again with 16-bit activations, or write INT16 tensors with zero point 0.",
            related=[*list(found)[1:], op],
            severity=severity,
            evidence={"zero_point": _point(first), "tensors": len(found)},
        )


def _judge(graph: Graph, suspects: set[Tensor], judged: dict[Tensor, tuple[Severity, Op]]) -> None:
    """Add the suspects that ops of a graph use: the severity, and the first op that makes for it."""
    suspects = suspects.difference(*(op.outputs for op in graph.ops if _is_widening(op)))
    for op in graph.ops:
        if suspects.isdisjoint(op.inputs) and suspects.isdisjoint(op.outputs):
            continue
        severity = Severity.ERROR if _effect(op) else Severity.WARNING
        for tensor in (*op.inputs, *op.outputs):
            if tensor in suspects and judged.get(tensor, (Severity.NOTE, op))[0] < severity:
                judged[tensor] = severity, op


def _effect(op: Op) -> str:
    """What an op with a zero point does; nothing where it computes with it."""
    if _refuses(op):
        return "refuses the model"
    moved = [pair.handling for pair in pairs(op) if pair.before[1] != pair.after[1]]
    if moved:
        return "refuses the model" if Handling.REFUSES in moved else "hands its integers on with another"
    unread: list[Tensor] = list(op.outputs) if op.kind == "GELU" else []
    if op.kind in _LSTM:
        unread = [tensor for tensor in op.inputs if tensor is not None and tensor.is_constant and _is_16_bit(tensor)]
    return "leaves it out" if any(map(_point, unread)) and not op.is_custom else ""


def _refuses(op: Op) -> bool:
    """True where the kernel checks for zero points."""
    if op.is_custom or op.kind not in _REFUSING:
        return False
    return op.kind not in _BOTH or (_is_16_bit(op.input(0)) and any(map(_is_16_bit, op.outputs)))


def _is_widening(op: Op) -> bool:
    """True for a SOFTMAX of 8 bits that writes 16: TensorFlow Lite Micro has it with zero point -32768 alone."""
    return op.kind == "SOFTMAX" and not _is_16_bit(op.input(0))


def _is_16_bit(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.dtype is DType.INT16


def _point(tensor: Tensor) -> int:
    """A zero point of a tensor that is not 0; 0 where there is none."""
    if tensor.quant is None:
        return 0
    places = tensor.quant.zero_point.nonzero()[0]
    return int(tensor.quant.zero_point[places[0]]) if places.size else 0
