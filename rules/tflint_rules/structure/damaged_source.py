"""TFL122 damaged-source."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Problem, ProblemKind, Rule, RuleMeta, Severity

_MILD = {
    ProblemKind.UNSUPPORTED: Severity.NOTE,
    ProblemKind.LFS_POINTER: Severity.NOTE,
    ProblemKind.TRAILING_BYTES: Severity.WARNING,
}
"""What does not keep a model from being loaded, or says nothing of it; everything else does."""


class DamagedSource(Rule):
    """A part of a Keras model or SavedModel is damaged, missing, or could not be checked.

    ## What it does

    Reports each kind of damage that was met while a `.keras`, `.h5` or SavedModel was read: files that are cut off or
    not there, weights that cannot be read, layers or nodes that refer to others which do not exist, names in an archive
    that lead out of its folder, more nested parts than a file of its size can mean. What is legitimate and cannot be
    checked, as the layers of a model that only Python code connects, is a note.

    Where nothing at all could be read there is one finding of TFL001, and none of this rule.

    ## Why it is bad

    TensorFlow and Keras refuse to load such a model, or load it without the values that are missing. What cannot be
    read is not judged by the other rules: a report without findings would say nothing about it.

    ## Example

    ```text
    error TFL122 damaged-source
      The archive has no model.weights.h5: the values of the weights are not in it.
      help: Save it again.
    ```

    ## Fix

    Fetch or copy the model again, all of its files, and with git-LFS where it is used; if the original has the same
    fault, save it again.

    ## References

    - Keras 3.15.1, src/saving/saving_lib.py
    - TensorFlow v2.21.0, tensorflow/cc/saved_model/loader.cc and tensorflow/core/util/tensor_bundle/tensor_bundle.cc
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL122",
        "damaged-source",
        Severity.ERROR,
        formats=frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL}),
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        if any(problem.fatal for problem in ctx.model.problems):
            return
        found: dict[ProblemKind, list[Problem]] = {}
        for problem in ctx.model.problems:
            found.setdefault(problem.kind, []).append(problem)
        for kind, problems in found.items():
            first, *others = problems
            more = f" {len(others):,} more of its parts are like that." if len(others) > 1 else ""
            more = " One more of its parts is like that." if len(others) == 1 else more
            yield self.finding(
                first.location,
                first.message + more,
                help=first.help,
                related=[problem.location for problem in others if problem.location.address],
                severity=_MILD.get(kind, self.meta.severity),
                evidence={"problem": kind.value, "places": [problem.message for problem in problems]},
            )
