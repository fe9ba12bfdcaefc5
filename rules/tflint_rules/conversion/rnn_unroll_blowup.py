"""TFL210 rnn-unroll-blowup."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count
from tflint_rules.conversion.layer_walk import KERAS, layers, named_layer, recurrent

_OPS = {"LSTM": 14, "GRU": 18, "SimpleRNN": 4, "RNN": 4, "ConvLSTM1D": 30, "ConvLSTM2D": 22, "ConvLSTM3D": 30}
"""So many ops a step becomes. Source: tried with TensorFlow 2.21.0 and Keras 3.15.1; of an RNN, its smallest cell."""


@dataclass(frozen=True)
class RnnUnrollBlowup(Rule):
    """An unrolled recurrent layer becomes more ops than `max_ops`.

    ## What it does

    Multiplies the steps of a recurrent layer with `unroll=True` by the ops that a step of it becomes: 14 for an LSTM,
    18 for a GRU, 4 for a SimpleRNN, twice as many in a Bidirectional. Reports more than `max_ops`.

    ## Why it is bad

    Each step has ops of its own, each with tensors and buffers: a file of 300 KB becomes one of many megabytes, the
    conversion takes minutes, and each inference goes through thousands of small ops.

    ## Example

    ```text
    warning TFL210 rnn-unroll-blowup: layer 'lstm', layers/lstm, 'lstm'
      LSTM 'lstm' is unrolled over 200 steps, which makes some 2,800 ops; at most 1,000 were expected
      of one layer.
      help: Leave unroll=True out, or shorten the sequence.
    ```

    ## Fix

    Leave `unroll=True` out: with a fixed batch the loop converts to WHILE. For int8, which takes no loop of Keras 3,
    shorten the sequence, or put convolutions in the place of the recurrent layer.

    ## References

    - Keras 3.15.1, src/backend/tensorflow/rnn.py
    - https://github.com/tensorflow/tensorflow/issues/37023
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL210", "rnn-unroll-blowup", Severity.WARNING, formats=KERAS)
    max_ops: int = option(1000, "Most ops that one unrolled layer may become.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        for op in layers(ctx):
            config = recurrent(op)
            steps = _steps(op)
            if config is None or config.get("unroll") is not True or steps is None:
                continue
            twice = 2 if op.kind == "Bidirectional" else 1
            made = steps * twice * _OPS.get(_kind(op), 4)
            if made > self.max_ops:
                yield self.finding(
                    op,
                    f"{named_layer(op)} is unrolled over {count(steps, 'step')}, which makes some {made:,} ops; at "
                    f"most {self.max_ops:,} {'was' if self.max_ops == 1 else 'were'} expected of one layer.",
                    help="Leave unroll=True out, or shorten the sequence.",
                    evidence={"steps": steps, "ops": made, "max_ops": self.max_ops},
                )


def _steps(op: Op) -> int | None:
    """The steps of the sequence that a layer reads; None where they are not known."""
    x = op.input(0)
    return x.shape[1] if x is not None and x.has_rank and len(x.shape) > 1 else None


def _kind(op: Op) -> str:
    held = op.options.get("layer")
    return str(held.get("class_name")) if op.kind == "Bidirectional" and isinstance(held, dict) else op.kind
