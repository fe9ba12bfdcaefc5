"""TFL204 min-runtime-metadata."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import count
from tflint.analysis.runtimes import first_runtime, parsed, short


@dataclass(frozen=True)
class MinRuntimeMetadata(Rule):
    """The file claims that an older runtime loads it than its ops allow.

    ## What it does

    Works out the runtime that the versions of the builtin ops need, and compares it with the `min_runtime_version` that
    the converter wrote. Only a claim that is too low is reported. A file without the metadata is fine, as is a claim
    that is higher than needed.

    Older converters wrote the number before they quantized, so that many files say 1.5.0 and need 1.14.0. Nobody ships
    runtimes that old: all below `oldest` count as one.

    ## Why it is bad

    Whoever picks a model or a runtime by this number loads a file that the runtime then refuses: "Didn't find op for
    builtin opcode".

    ## Example

    ```text
    warning TFL204 min-runtime-metadata
      The metadata says that runtime 2.3.0 is enough; FULLY_CONNECTED version 12 (2 ops) needs 2.17.
      help: Convert again with a current converter, and until then choose the runtime by the ops.
      also: op 1 FULLY_CONNECTED, 'dense/1'; op 2 FULLY_CONNECTED, 'dense/2'
    ```

    ## Fix

    Convert again with a current converter, which writes the number anew, and do not edit op versions by hand. Until
    then trust what the ops say, not the metadata.

    ## References

    - LiteRT f67457790, tflite/converter/tools/versioning/runtime_version.cc, UpdateMinimumRuntimeVersionForModel
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL204", "min-runtime-metadata", Severity.WARNING)
    oldest: str = option("2.0", "Runtime versions below this one count as this one: a difference among them is silent.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        claim = ctx.model.min_runtime
        claimed = parsed(claim)
        if not claim or claimed is None:
            return
        runtimes: dict[tuple[str, int], str | None] = {}
        newest: tuple[int, ...] = max(claimed, parsed(self.oldest) or ())
        above: list[Op] = []
        needed = ""
        for op in (op for graph in ctx.graphs for op in graph.ops):
            key = (op.kind, op.version)
            if key not in runtimes:
                runtimes[key] = first_runtime(op)
            version = parsed(runtimes[key]) or ()
            if version > newest:
                newest, needed, above = version, runtimes[key] or "", []
            if needed and version == newest:
                above.append(op)
        if not above:
            return
        yield self.finding(
            ctx.model,
            f"The metadata says that runtime {claim} is enough; {above[0].kind} version {above[0].version} "
            f"({count(len(above), 'op')}) needs {short(needed)}.",
            help="Convert again with a current converter, and until then choose the runtime by the ops.",
            related=above,
            evidence={"claimed": claim, "needed": needed},
        )
