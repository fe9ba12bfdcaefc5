"""TFL207 control-flow."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.calls import call_graph, called
from tflint.analysis.cost import macs
from tflint.analysis.phrases import count

_KINDS = {"WHILE": ("loop", "loops"), "IF": ("branch", "branches")}
_CURES = {
    "WHILE": "Unroll a short recurrent layer (unroll=True), or build an LSTM with tf_keras, which converts to one op; "
    "write other loops of a fixed length as Python loops.",
    "IF": "Compute both results and choose with tf.where instead of tf.cond.",
}


class ControlFlow(Rule):
    """Loops and branches are left in the model: accelerators cannot take it as a whole.

    ## What it does

    Counts the WHILE and IF ops and the ops inside them, in one finding a model. It is a warning where
    multiply-accumulates are inside, as in a recurrent layer that became a loop, and a note where only a little
    arithmetic is. CALL_ONCE, which sets variables and tables up once, is normal and not counted.

    ## Why it is bad

    XNNPACK, the GPU delegates, the Edge TPU and Ethos-U do not take WHILE and IF. The model is cut there: what flows in
    and out is copied, what is inside runs on the CPU one step after the other, and compilers that take only one piece
    of a model stop there.

    ## Example

    ```text
    warning TFL207 control-flow: op 0 WHILE, 'lstm/while_0'
      1 loop (WHILE) cuts the model, with 2 ops and 64 multiply-accumulates a pass inside; neither
      XNNPACK nor GPU, Edge TPU or Ethos-U take this op.
      help: Unroll a short recurrent layer (unroll=True), or build an LSTM with tf_keras, which
            converts to one op; write other loops of a fixed length as Python loops.
    ```

    ## Fix

    Keras 3 converts LSTM, GRU and RNN layers to a loop. With few steps set `unroll=True`; or build the LSTM with
    tf_keras, where it becomes one UNIDIRECTIONAL_SEQUENCE_LSTM. Replace `tf.cond` by both results and `tf.where`, and a
    loop over a fixed number of steps by a Python loop.

    ## References

    - LiteRT f67457790, tflite/tools/versioning/gpu_compatibility.cc, tflite/delegates/xnnpack/xnnpack_delegate.cc
    - seen: Vela 5.2.0 and LiteRT 2.3's GPU and OpenVINO back ends refuse both ops
    - https://github.com/tensorflow/tensorflow/issues/62867
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL207", "control-flow", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = [op for graph in ctx.graphs for op in graph.ops if op.kind in _KINDS]
        if not found:
            return
        inside = _inside(ctx, found)
        work = sum(macs(op) or 0 for op in inside)
        parts = [
            f"{count(number, *_KINDS[kind])} ({kind})"
            for kind in _KINDS
            if (number := sum(op.kind == kind for op in found))
        ]
        weight = f" and {work:,} multiply-accumulates a pass" if work else ""
        several = len(found) > 1
        yield self.finding(
            found[0],
            f"{' and '.join(parts)} {'cut' if several else 'cuts'} the model, with {count(len(inside), 'op')}{weight} "
            f"inside; neither XNNPACK nor GPU, Edge TPU or Ethos-U take {'these ops' if several else 'this op'}.",
            help=" ".join(_CURES[kind] for kind in _KINDS if any(op.kind == kind for op in found)),
            related=found[1:],
            severity=None if work else Severity.NOTE,
            evidence={"control_ops": len(found), "ops_inside": len(inside), "macs_inside": work},
        )


def _inside(ctx: Context, control: list[Op]) -> list[Op]:
    """The ops of all graphs that some control-flow ops run, directly or through others."""
    import networkx

    graphs = ctx.model.graphs
    bodies = {number for op in control for _, number in called(op) if 0 <= number < len(graphs)}
    calls = ctx.once(call_graph, ctx.model)
    reached = bodies | {to for _, to, *_ in networkx.edge_bfs(calls, bodies)}
    return [op for number in sorted(reached) if graphs[number].intact for op in graphs[number].ops]
