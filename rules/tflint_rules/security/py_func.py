"""TFL805 py-func."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Op, Rule, RuleMeta, Severity
from tflint.analysis.file_ops import PYTHON_OPS, bare, python_ops, unreached
from tflint.analysis.phrases import count, cut, listed


class PyFunc(Rule):
    """The model calls a Python function, which is in no file.

    ## What it does

    Looks for the ops of `tf.py_function` and `tf.numpy_function` in all graphs of a SavedModel, and of a `.tflite` that
    kept them. Ops of a SavedModel that TensorFlow does not have are a note: their code comes from a library.

    ## Why it is bad

    The op holds a key, under which the process that built the model keeps a Python function. In any other process there
    is no such function, and the model stops with "Could not find callback with key=pyfunc_0 in the registry"; or there
    is another one under that key, and it runs instead, with the rights of the user. No runtime of TFLite has Python.

    ## Example

    ```text
    error TFL805 py-func: serving_default/EagerPyFunc_0, 'EagerPyFunc_0'
      EagerPyFunc calls a Python function that only the process that built the model has; in any other
      one the model stops, or calls another function.
      help: Write the function with TensorFlow's own ops, or call it outside of the model.
    ```

    ## Fix

    Write the function with TensorFlow's own ops, or call it outside of the model, on its inputs or its outputs.

    ## References

    - TensorFlow v2.21.0, tensorflow/python/ops/script_ops.py and tensorflow/python/lib/core/py_func.cc
    - https://www.tensorflow.org/api_docs/python/tf/py_function: the function is not serialized
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL805", "py-func", Severity.ERROR, formats=frozenset({Format.SAVED_MODEL, Format.TFLITE})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        yield from self._called(ctx)
        if ctx.model.format is Format.SAVED_MODEL:
            yield from self._foreign(ctx)
        hidden = [kind for kind in ctx.once(unreached, ctx.model) if kind in PYTHON_OPS]
        if hidden:
            yield self.finding(
                ctx.model,
                f"The file holds {listed(hidden)} where no signature or function needs it; TensorFlow does not run it.",
                help="Save the model again without it.",
                severity=Severity.WARNING,
                evidence={"ops": hidden},
            )

    def _called(self, ctx: Context) -> Iterator[Finding]:
        found = ctx.once(python_ops, ctx.model)
        if found:
            one = len(found) == 1
            kinds = listed(bare(op) for op in found)
            subject = (
                f"{kinds} calls a Python function"
                if one
                else f"{count(len(found), 'op')} ({kinds}) call Python functions"
            )
            yield self.finding(
                found[0],
                f"{subject} that only the process that built the model has; in any other one the model stops, or calls "
                f"another function.",
                help="Write the function with TensorFlow's own ops, or call it outside of the model.",
                related=found[1:20],
                evidence={"ops": len(found), "tokens": _tokens(found)},
            )

    def _foreign(self, ctx: Context) -> Iterator[Finding]:
        """The ops whose code is in no TensorFlow."""
        foreign = [op for graph in ctx.model.graphs for op in graph.ops if op.is_custom]
        if foreign:
            kinds = list(dict.fromkeys(f"'{cut(op.kind)}'" for op in foreign))
            yield self.finding(
                foreign[0],
                f"TensorFlow has no op {listed(kinds)}; the model runs where a library with code for "
                f"{'it' if len(kinds) == 1 else 'them'} is loaded first.",
                help="Know where that library comes from.",
                related=foreign[1:20],
                severity=Severity.NOTE,
                evidence={"ops": len(foreign), "kinds": sorted({op.kind[:200] for op in foreign})[:20]},
            )


def _tokens(found: tuple[Op, ...]) -> list[str]:
    """What the ops call their functions."""
    return [token for op in found[:20] if isinstance(token := op.options.get("token"), str)]
