"""TFL101 invalid-flatbuffer."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Problem, ProblemKind, Rule, RuleMeta, Severity

_KINDS = (
    ProblemKind.TRUNCATED,
    ProblemKind.BAD_OFFSET,
    ProblemKind.OVERSIZED,
    ProblemKind.NO_GRAPH,
    ProblemKind.TRAILING_BYTES,
)


class InvalidFlatbuffer(Rule):
    """A part of the file is damaged: it is cut off, or refers to places outside of itself.

    ## What it does

    Follows every reference in the file and reports those that lead outside of it, and tables and lists that are longer
    than what is left of it. Damage of one kind is one finding. Bytes that follow the model and that nothing in it
    refers to are a warning, unless they are padding or an archive of associated files.

    Where nothing at all could be read there is one finding of TFL001, and none of this rule.

    ## Why it is bad

    LiteRT verifies a file before it loads it and answers "The model is not a valid Flatbuffer buffer"; the interpreter
    in TensorFlow 2.21 does not, and crashes. Graphs with a damaged part are not judged by the other rules. Bytes after
    the model are ignored by runtimes; they show that something else wrote to the file.

    ## Example

    ```text
    error TFL101 invalid-flatbuffer
      Buffer 1 cannot be read: it refers to 4,096 bytes at byte 1,048,576, and the file ends at byte
      464.
      help: Fetch or copy the file again: most likely it was cut off.
    ```

    ## Fix

    Fetch or copy the file again and compare its size and checksum with the original's; if the original has the same
    fault, convert the model again.

    ## References

    - LiteRT f67457790, tflite/converter/core/model_builder_base.h, VerifyAndBuildFromAllocation
    - flatbuffers, "FlatBuffer Internals"
    - run with ai-edge-litert 2.3.0 and TensorFlow 2.21: a file cut in half, and one with bytes after the model
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL101", "invalid-flatbuffer", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        if any(problem.fatal for problem in ctx.model.problems):
            return
        for kind in _KINDS:
            found = [problem for problem in ctx.model.problems if problem.kind is kind]
            if found:
                yield self._finding(kind, found)

    def _finding(self, kind: ProblemKind, found: list[Problem]) -> Finding:
        first, *others = found
        more = " Other parts of the file are damaged in the same way." if others else ""
        return self.finding(
            first.location,
            first.message + more,
            help=first.help,
            related=[problem.location for problem in others if problem.location.address],
            severity=Severity.WARNING if kind is ProblemKind.TRAILING_BYTES else Severity.ERROR,
            evidence={"problem": kind.value, "places": [problem.message for problem in found]},
        )
