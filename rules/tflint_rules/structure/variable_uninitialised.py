"""TFL116 variable-uninitialised."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Model, Op, Rule, RuleMeta, Severity
from tflint.analysis.calls import call_graph

_Key = tuple[str, str]
"""What a variable is known by: its container and its shared name."""


class VariableUninitialised(Rule):
    """Variables are read that nothing in the file ever writes: the weights are lost.

    ## What it does

    Follows each READ_VARIABLE back to the VAR_HANDLE that names the variable, and looks for an ASSIGN_VARIABLE of the
    same name in every graph of the file. Where there is none the finding is an error. Where only another signature
    writes the variable, which nothing runs by itself, it is a warning.

    ## Why it is bad

    The file converts, loads and runs, and holds no weights. The default interpreter computes with uninitialised
    memory and returns NaN or numbers like 1e+30; without XNNPACK it stops with "variable != nullptr was not true".

    ## Example

    ```text
    error TFL116 variable-uninitialised: op 1 READ_VARIABLE, 'dense/kernel'
      A variable is read and never written: 'dense/kernel'; the file holds no value for it, so the
      model computes with uninitialised memory.
      help: Convert again with tf.lite.TFLiteConverter.from_keras_model(model), or save with
            model.export(path) instead of tf.saved_model.save.
    ```

    ## Fix

    A Keras 3 model that was saved with `tf.saved_model.save(model, path)` converts to such a file. Convert with
    `tf.lite.TFLiteConverter.from_keras_model(model)`, or save with `model.export(path)` and use
    `from_saved_model(path)`.

    ## References

    - LiteRT f67457790, tflite/kernels/read_variable.cc and tflite/experimental/resource/resource_variable.cc
    - https://github.com/tensorflow/tensorflow/issues/98964
    - seen with TensorFlow 2.18.1 and 2.21.0, Keras 3.5.0 to 3.15.1
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL116", "variable-uninitialised", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        if not all(graph.intact for graph in ctx.model.graphs):
            return  # a write may stand in the part that is broken
        reads = [(graph, op) for graph in ctx.graphs for op in graph.ops if op.kind == "READ_VARIABLE"]
        writes = [(graph, op) for graph in ctx.graphs for op in graph.ops if op.kind == "ASSIGN_VARIABLE"]
        written: dict[_Key, set[int]] = {}
        for graph, op in writes:
            key = _variable(graph, op)
            if key is None:
                return  # a write of who knows which variable
            written.setdefault(key, set()).add(graph.index)
        named = [(graph, op, key) for graph, op in reads if (key := _variable(graph, op)) is not None]
        yield from self._never_written([(op, key) for _, op, key in named if key not in written])
        if written:
            yield from self._written_elsewhere(ctx.model, named, written)

    def _never_written(self, lost: list[tuple[Op, _Key]]) -> Iterator[Finding]:
        if not lost:
            return
        names = list(dict.fromkeys(name for _, (_, name) in lost))
        listed = ", ".join(f"'{name}'" for name in names[:3]) + (", …" if len(names) > 3 else "")
        count, whose = (
            (f"{len(names)} variables are", "values for them") if len(names) > 1 else ("A variable is", "value for it")
        )
        yield self.finding(
            lost[0][0],
            f"{count} read and never written: {listed}; the file holds no {whose}, so the model computes with "
            f"uninitialised memory.",
            help="Convert again with tf.lite.TFLiteConverter.from_keras_model(model), or save with model.export(path) "
            "instead of tf.saved_model.save.",
            related=[op for op, _ in lost[1:]],
            evidence={"variables": names},
        )

    def _written_elsewhere(
        self, model: Model, reads: list[tuple[Graph, Op, _Key]], written: dict[_Key, set[int]]
    ) -> Iterator[Finding]:
        import networkx

        calls = call_graph(model)
        apart: dict[int, list[tuple[Op, _Key]]] = {}
        for graph, op, key in reads:
            if key not in written:
                continue
            roots = {graph.index} | networkx.ancestors(calls, graph.index)
            within = roots.union(*(networkx.descendants(calls, root) for root in roots))
            if not within & written[key]:
                apart.setdefault(min(written[key]), []).append((op, key))
        for writer, found in apart.items():
            by = next((f"the signature '{each.key}'" for each in model.signatures if each.graph_index == writer), None)
            names = sorted({name for _, (_, name) in found})
            by = by or f"graph {writer}"
            more = f" and {len(names) - 1} more are" if len(names) > 1 else " is"
            yield self.finding(
                found[0][0],
                f"The variable '{names[0]}'{more} written only by {by}, which this graph does not run.",
                help=f"Run {by} before this one, in the same interpreter.",
                related=[op for op, _ in found[1:]],
                severity=Severity.WARNING,
                evidence={"variables": names},
            )


def _variable(graph: Graph, op: Op) -> _Key | None:
    """The variable that an op reads or writes; None where its handle comes from outside the graph."""
    handle = op.input(0)
    maker = graph.producer(handle) if handle is not None else None
    if maker is None or maker.kind != "VAR_HANDLE":
        return None
    return str(maker.options.get("container", "")), str(maker.options.get("shared_name", ""))
