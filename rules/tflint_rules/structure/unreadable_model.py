"""TFL001 unreadable-model."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, ProblemKind, Rule, RuleMeta, Severity

_NOT_CHECKED = frozenset({ProblemKind.LFS_POINTER, ProblemKind.UNSUPPORTED})
"""Nothing is known to be wrong with these: their content was not there to check, or is not read yet."""


class UnreadableModel(Rule):
    """Nothing of the file can be read as a model.

    ## What it does

    Reports a file that is empty, cut off, not what its name says (a web page, an archive, an HDF5 file), of another
    identifier than `TFL3`, without any graph, or damaged so that not even its first table can be followed. A git-LFS
    pointer whose model was not fetched, and a model of a format that tflint does not read yet, are notes.

    A file of which some part can be read is checked as far as that goes; what is damaged in it is TFL101.

    ## Why it is bad

    No runtime loads such a file, and none of the other rules has seen it: a report without findings would say
    nothing about the model.

    ## Example

    ```text
    error TFL001 unreadable-model
      The file cannot be read: it refers to byte 2,147,483,632, and the file ends at byte 64.
      help: Fetch the file again, or convert the model again.
    ```

    ## Fix

    Fetch, copy or convert the file again, as the finding says. For a git-LFS pointer run `git lfs pull`, in CI check
    out with LFS (`actions/checkout` has `lfs: true`).

    ## References

    - LiteRT f67457790, tflite/converter/core/model_builder_base.h (the identifier and the tables are verified first)
      and tflite/core/interpreter_builder.cc ("No subgraph in the model.")
    - https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL001", "unreadable-model", Severity.ERROR, formats=frozenset(Format))

    def check(self, ctx: Context) -> Iterator[Finding]:
        for problem in ctx.model.problems:
            if problem.fatal:
                yield self.finding(
                    problem.location,
                    problem.message,
                    help=problem.help,
                    severity=Severity.NOTE if problem.kind in _NOT_CHECKED else Severity.ERROR,
                    evidence={"problem": problem.kind.value},
                )
