"""TFL209 rnn-dynamic-batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint.forecast import forecast
from tflint_rules.conversion.layer_walk import KERAS, named_layer, recurrent

if TYPE_CHECKING:  # start-up is a feature
    from tflint.forecast import OpForecast


class RnnDynamicBatch(Rule):
    """A recurrent layer gets an open batch, so that its loop does not convert to builtin ops.

    ## What it does

    Looks for recurrent layers of Keras 3 (LSTM, GRU, SimpleRNN, RNN, ConvLSTM, Bidirectional ones of them) that are not
    unrolled and read values with an open batch. They need the Select TF ops then: an error, and nothing where
    `expect.ops` says that these are wanted.

    ## Why it is bad

    The converter stops with *tf.TensorListReserve op requires element_shape to be static during TF Lite transformation
    pass*. With `SELECT_TF_OPS` the list of outputs stays an op of TensorFlow, for which an app needs TensorFlow's own
    kernels, and no microcontroller has them.

    ## Example

    ```text
    error TFL209 rnn-dynamic-batch: layer 'lstm', layers/lstm, 'lstm'
      LSTM 'lstm' reads values with an open batch, so that its loop needs FlexTensorListReserve; it
      does not convert to builtin ops.
      help: Fix the batch, keras.Input(shape, batch_size=1), and convert again.
    ```

    ## Fix

    Make the same model with `keras.Input(shape, batch_size=1)`, load the weights into it, and convert that. With
    `model.export()` the batch is open again: convert with `TFLiteConverter.from_keras_model`.

    ## References

    - Keras 3.15.1, src/backend/tensorflow/rnn.py; tried with TensorFlow 2.21.0
    - LiteRT f67457790, tflite/converter/transforms/lower_static_tensor_list.cc
    - https://github.com/tensorflow/tensorflow/issues/64515
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL209", "rnn-dynamic-batch", Severity.ERROR, formats=KERAS)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = ctx.once(forecast, ctx.model)
        if found is None or ctx.expectations.ops in ("select", "any"):
            return
        ops = [each.op for each in found.ops if is_open_loop(each)]
        if not ops:
            return
        one = len(ops) == 1
        names = named_layer(ops[0]) if one else f"{count(len(ops), 'layer')} ({listed(map(named_layer, ops))})"
        yield self.finding(
            ops[0],
            f"{names} {'reads' if one else 'read'} values with an open batch, so that "
            f"{'its loop needs' if one else 'their loops need'} FlexTensorListReserve; "
            f"{'it does' if one else 'they do'} not convert to builtin ops.",
            help="Fix the batch, keras.Input(shape, batch_size=1), and convert again.",
            related=ops[1:],
            evidence={"layers": len(ops)},
        )


def is_open_loop(each: OpForecast) -> bool:
    """Whether a layer needs Flex for its open batch alone."""
    op: Op = each.op
    return each.status == "flex" and recurrent(op) is not None and "FlexTensorListReserve" in each.reason
