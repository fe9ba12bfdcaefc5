"""TFL804 file-io-op."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.analysis.file_ops import PYTHON_OPS, Access, Knows, accesses, bare, unreached
from tflint.analysis.phrases import count, cut, listed


class FileIoOp(Rule):
    """The model reads or writes files when it runs.

    ## What it does

    Looks for ops that touch files in all graphs: of the signatures, of functions that no signature calls, and of what
    runs when the model is loaded. An error where the path stands in the model, a warning where the caller gives it or
    the model works it out. The ops that every SavedModel is saved and loaded with are left alone, as are vocabularies
    of lookup tables; so are checkpoints that a signature saves or restores at its caller's path, as models that train
    on a device do. A file operation that TensorFlow does not reach, in a function that does not need it, is told too.

    ## Why it is bad

    A model computes outputs from inputs; nobody expects it to read `/etc/passwd` into an output or to write a file into
    somebody's home. TensorFlow runs such ops with the rights of the user, without asking. Where it is an honest
    leftover, as a debug print into a file or a training pipeline, the path is there on one machine only. None of these
    ops has a TFLite counterpart.

    ## Example

    ```text
    error TFL804 file-io-op: serving_default/ReadFile_0, 'ReadFile_0'
      ReadFile reads a file whose path stands in the model: '/etc/passwd'; TensorFlow does so without
      asking.
      help: Do not run the model where you did not build it; else do this outside of the model.
    ```

    ## Fix

    Read files outside of the model and hand it the content: a signature with a string of bytes in place of a path.
    Where you did not build the model, do not run it.

    ## References

    - TensorFlow v2.21.0, tensorflow/core/ops/io_ops.cc, dataset_ops.cc, logging_ops.cc and debug_ops.cc
    - TensorFlow v2.21.0, SECURITY.md: models are programs
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL804", "file-io-op", Severity.ERROR, formats=frozenset({Format.SAVED_MODEL, Format.TFLITE})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        found: dict[tuple[str, bool], list[Access]] = {}
        for access in ctx.once(accesses, ctx.model):
            found.setdefault((access.verb, access.knows is Knows.FILE), []).append(access)
        for (verb, is_fixed), group in found.items():
            yield self._told(verb, group, is_fixed=is_fixed)
        hidden = [kind for kind in ctx.once(unreached, ctx.model) if kind not in PYTHON_OPS]
        if hidden:
            yield self.finding(
                ctx.model,
                f"The file holds {listed(hidden)} where no signature or function needs it; TensorFlow does not run it.",
                help="Look what it is for, and save the model again without it.",
                severity=Severity.WARNING,
                evidence={"ops": hidden},
            )

    def _told(self, verb: str, found: list[Access], *, is_fixed: bool) -> Finding:
        first = found[0]
        kinds = listed(bare(access.op) for access in found)
        paths = list(dict.fromkeys(access.path for access in found if access.path))
        one = len(found) == 1
        subject = f"{kinds} {verb}s a file" if one else f"{count(len(found), 'op')} ({kinds}) {verb} files"
        if is_fixed:
            quoted = [f"'{cut(path)}'" for path in paths]
            which = f": {listed(quoted)}" if paths else ""
            fact = f"whose path{'' if one else 's'} {'stands' if one else 'stand'} in the model{which}"
        elif first.knows is Knows.CALLER:
            fact = "at a path that the caller gives"
        else:
            fact = "at a path that the model works out as it runs"
        end = "TensorFlow does so without asking" if is_fixed else "that can be any file of the user"
        return self.finding(
            first.op,
            f"{subject} {fact}; {end}.",
            help="Do not run the model where you did not build it; else do this outside of the model.",
            related=[access.op for access in found[1:20]],
            severity=Severity.ERROR if is_fixed else Severity.WARNING,
            evidence={"ops": len(found), "paths": [path[:200] for path in paths[:10]]},
        )
