"""TFL211 rnn-int8-ptq."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint.forecast import forecast
from tflint_rules.conversion.layer_walk import KERAS, named_layer


class RnnInt8Ptq(Rule):
    """Quantization to integers kills the converter at a recurrent layer of Keras 3.

    ## What it does

    Where `expect.precision` is `int8` or `int16x8`, looks for recurrent layers of Keras 3 that are not unrolled and
    have a fixed batch: those that become a WHILE loop.

    ## Why it is bad

    The calibration of the representative dataset runs the loop, and the process ends with a segmentation fault: no
    traceback, no model, and whatever else the process had is lost.

    ## Example

    ```text
    error TFL211 rnn-int8-ptq: layer 'lstm', layers/lstm, 'lstm'
      LSTM 'lstm' becomes a WHILE loop, at which the quantization to int8 ends the converter's process
      with a segmentation fault.
      help: Unroll it (unroll=True), or quantize the weights alone: no representative dataset.
    ```

    ## Fix

    Make the model with `unroll=True` in the layer, load the weights into it, and convert that; short sequences only.
    Or leave the representative dataset out, which quantizes the weights of the loop and computes in float. A model of
    tf_keras 2 converts its LSTM to one op, which int8 takes.

    ## References

    - Tried with TensorFlow 2.21.0 and Keras 3.15.1: LSTM, GRU, SimpleRNN, RNN, Bidirectional
    - https://github.com/tensorflow/tensorflow/issues/59626
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL211", "rnn-int8-ptq", Severity.ERROR, formats=KERAS, needs=frozenset({Need.EXPECT})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        if ctx.expectations.precision not in ("int8", "int16x8"):
            return
        found = ctx.once(forecast, ctx.model)
        ops = [each.op for each in found.ops if each.int8 == "crashes"] if found is not None else []
        if not ops:
            return
        one = len(ops) == 1
        names = named_layer(ops[0]) if one else f"{count(len(ops), 'layer')} ({listed(map(named_layer, ops))})"
        yield self.finding(
            ops[0],
            f"{names} {'becomes a WHILE loop' if one else 'become WHILE loops'}, at which the quantization to "
            f"{ctx.expectations.precision} ends the converter's process with a segmentation fault.",
            help=f"Unroll {'it' if one else 'them'} (unroll=True), or quantize the weights alone: no representative "
            "dataset.",
            related=ops[1:],
            evidence={"layers": len(ops)},
        )
