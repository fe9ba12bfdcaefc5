"""TFL333 lstm-quant-incomplete."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint_rules.quantization.lstm_parts import Effect, Fault, faults


class LstmQuantIncomplete(Rule):
    """A quantized LSTM lacks tensors, types or scales that its integer kernel computes with.

    ## What it does

    Looks at LSTM and UNIDIRECTIONAL_SEQUENCE_LSTM with INT8 inputs and weights for all that the kernel reads: 20 or 24
    inputs; five intermediate tensors, the last with a scale; weights of all gates, or none of the input gate; INT32
    biases; peephole weights and those of layer normalization for all gates or none, as INT16; states that are
    variables; a scale of every tensor; a cell state of INT16 whose scale is a power of two from 2^-15 to 2^-9; one
    scale and zero point for the output, the output state and, without projection, the fifth intermediate tensor.

    ## Why it is bad

    The kernel refuses the model where tensors are missing. It does not look whether it could make sense of the scales:
    with a cell state whose scale is no power of two, or weights without one, it loads the model and computes values
    that have nothing to do with it. Without a bias of the input gate, or in LSTM with a scale missing, the process
    ends.

    ## Example

    ```text
    error TFL333 lstm-quant-incomplete: op 0 UNIDIRECTIONAL_SEQUENCE_LSTM, 'y'
      UNIDIRECTIONAL_SEQUENCE_LSTM on INT8 lacks what its kernel needs: its cell state 'cell' has
      scale 0.000634766, which is not a power of two from 2^-15 to 2^-9; the kernel computes wrong
      values without a word.
      help: Convert the model again from a Keras LSTM, with a representative dataset.
    ```

    ## Fix

    Convert the model again from a Keras LSTM with a representative dataset: the converter's calibration writes all of
    it. A tool of your own has to round the scale of the cell state up to a power of two, and to write the scale of the
    output three times.

    ## References

    - LiteRT f67457790, tflite/kernels/lstm.cc, unidirectional_sequence_lstm.cc and lstm_eval.cc
    - LiteRT f67457790, tflite/converter/tools/optimize/operator_property.cc
    - each case run with ai-edge-litert 2.3.0
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL333", "lstm-quant-incomplete", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, ...], dict[Op, list[Fault]]] = {}
        for graph in ctx.graphs:
            for op in graph.ops:
                known = faults(op, graph)
                if known:
                    found.setdefault((op.kind, *(fault.what for fault in known)), {})[op] = known
        for ops in found.values():
            op, known = next(iter(ops.items()))
            effects = {fault.effect for fault in known}
            effect = next(each for each in Effect if each in effects)
            more = f" The same is wrong with {count(len(ops) - 1, f'more {op.kind}')}." if len(ops) > 1 else ""
            yield self.finding(
                op,
                f"{op.kind} on INT8 lacks what its kernel needs: {listed(fault.text for fault in known)}; "
                f"{effect.value}.{more}",
                help="Convert the model again from a Keras LSTM, with a representative dataset.",
                related=list(ops)[1:],
                evidence={
                    "faults": sorted({fault.what for fault in known}),
                    "effect": effect.name.lower(),
                    "ops": len(ops),
                },
            )
