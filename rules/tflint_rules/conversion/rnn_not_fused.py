"""TFL208 rnn-not-fused."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Need, Op, Rule, RuleMeta, Severity
from tflint.analysis.calls import called
from tflint.analysis.compared import compared
from tflint.analysis.layering import layering
from tflint.analysis.phrases import count, listed

_KERAS = frozenset({Format.KERAS, Format.KERAS_H5})
_FUSED = frozenset({"UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "LSTM"})
_WRAPPERS = frozenset({"Bidirectional", "TimeDistributed"})


class RnnNotFused(Rule):
    """An LSTM layer became a loop, where one op computes it.

    ## What it does

    Looks for the LSTM layers of a Keras source in its conversion. Reports those that are a WHILE loop over the steps,
    with a graph of its own, and not one UNIDIRECTIONAL_SEQUENCE_LSTM. Layers with `unroll=True` are left out: they
    were meant to be many ops. So are GRU and other recurrent layers, for which there is no such op.

    ## Why it is bad

    The one op is what microcontrollers, NPUs and the int8 quantizer know of an LSTM. A loop costs a call of a graph
    for each step, and is refused by every delegate. Keras 3 no longer marks its layers so that the converter could
    fuse them; tf_keras (Keras 2) does.

    ## Example

    ```text
    warning TFL208 rnn-not-fused: op 0 WHILE, 'f_1/lstm_1/while'
      The LSTM layer 'lstm' became 1 loop (WHILE) over 1 op, where one UNIDIRECTIONAL_SEQUENCE_LSTM
      computes it.
      help: Build the layer with tf_keras and a batch of 1 and convert from there, or set unroll=True.
    ```

    ## Fix

    Build the layer with tf_keras, copy the weights, fix the batch to 1 and convert from there; or set `unroll=True`
    where there are few steps.

    ## References

    - tf_keras 2.21.0, src/layers/rnn/lstm.py: `api_implements`; Keras 3.15.1, src/layers/rnn/lstm.py has none
    - LiteRT f67457790, tflite/converter/transforms/prepare_composite_functions_tf.cc
    - https://github.com/tensorflow/tensorflow/issues/97941
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL208", "rnn-not-fused", Severity.WARNING, needs=frozenset({Need.SOURCE}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        source = ctx.source
        if source is None or source.format not in _KERAS:
            return
        wanted = {op.layer or op.name for graph in source.graphs for op in graph.ops if _is_lstm(op)}
        loops = [op for graph in ctx.graphs for op in graph.ops if op.kind == "WHILE"] if wanted else []
        if not loops or any(op.kind in _FUSED for graph in ctx.graphs for op in graph.ops):
            return
        layers = layering(ctx.model, source, ctx.once(compared, ctx.model, source))
        known = {op: layers.layer(op, ctx.model.graphs[op.graph_index]) if layers is not None else None for op in loops}
        found = [op for op in loops if known[op] in wanted]
        if not found:
            return
        names = sorted({f"'{known[op]}'" for op in found})
        steps = [number for op in found for _, number in called(op) if 0 <= number < len(ctx.model.graphs)]
        inside = sum(len(ctx.model.graphs[number].ops) for number in steps)
        one = len(names) == 1
        yield self.finding(
            found[0],
            f"The LSTM {'layer' if one else 'layers'} {listed(names)} became {count(len(found), 'loop')} (WHILE) over "
            f"{count(inside, 'op')}, where one UNIDIRECTIONAL_SEQUENCE_LSTM {'computes it' if one else 'each would do'}"
            ".",
            help="Build the layer with tf_keras and a batch of 1 and convert from there, or set unroll=True.",
            related=found[1:],
            evidence={"layers": len(names), "loops": len(found), "ops_inside": inside},
        )


def _is_lstm(op: Op) -> bool:
    """Whether a layer is an LSTM that is not unrolled, or wraps one."""
    if op.kind == "LSTM":
        return not op.options.get("unroll")
    if op.kind not in _WRAPPERS:
        return False
    inner = op.options.get("layer")
    config = inner.get("config") if isinstance(inner, dict) else None
    return (
        isinstance(inner, dict)
        and inner.get("class_name") == "LSTM"
        and not (isinstance(config, dict) and config.get("unroll"))
    )
