"""TFL205 op-without-runtime."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint.analysis.runtimes import known_versions
from tflint_rules.conversion.tally import tallied, tally

_NEWEST = "LiteRT 2.2"
_CURE = "Convert again with a released converter, or check with a newer tflint."
_LSTM = "Quantize the LSTM to 8-bit activations: with 16-bit ones the converter writes a version that does not exist."
_TOO_NEW_LSTM = (("LSTM", 5), ("UNIDIRECTIONAL_SEQUENCE_LSTM", 5))
"""Source: LiteRT f67457790, tflite/converter/tools/versioning/op_version.cc."""


class OpWithoutRuntime(Rule):
    """No released runtime has a kernel for an op, or none for its version.

    ## What it does

    Looks each builtin op up in the list that LiteRT registers its kernels from: most `STABLEHLO_…` ops and a few of the
    oldest have an entry in the schema and no kernel. It also reports versions that no runtime registers, such as
    BROADCAST_TO 1, or LSTM 5, which the converter writes for 16-bit activations. Ops that the schema itself does not
    know are not judged here.

    ## Why it is bad

    The runtime refuses the whole file: "Didn't find op for builtin opcode". The converter does not notice.

    ## Example

    ```text
    error TFL205 op-without-runtime: op 0 STABLEHLO_ABS, 'y0'
      No runtime has a kernel for 3 ops: STABLEHLO_ABS (2) and STABLEHLO_EXPONENTIAL; the model cannot
      be loaded.
      help: Convert to TFLite's own ops, or run the file through the compiler that it was made for.
      also: op 1 STABLEHLO_ABS, 'y1'; op 2 STABLEHLO_EXPONENTIAL, 'y2'
    error TFL205 op-without-runtime: op 3 LSTM, 'y3'
      1 op is of a version that no runtime has: LSTM version 5 (1 to 4 exist); the newest runtime
      known here, LiteRT 2.2, refuses the model.
      help: Quantize the LSTM to 8-bit activations: with 16-bit ones the converter writes a version
            that does not exist.
    ```

    ## Fix

    Convert without `OpsSet.EXPERIMENTAL_STABLEHLO_OPS`, which leaves StableHLO ops in the file for a compiler to pick
    up; a file meant for such a compiler has to go through it first. For a version that is too new, convert with a
    released converter, or check again with a newer tflint.

    ## References

    - LiteRT f67457790, tflite/core/kernels/register.cc and tflite/core/api/op_resolver.cc; the comments of
      tflite/converter/schema/schema.fbs also mark STABLEHLO_AND and STABLEHLO_COMPOSITE, which are registered
    - LiteRT f67457790, tflite/converter/tools/versioning/op_version.cc
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL205", "op-without-runtime", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        versions: dict[str, tuple[int, ...]] = {}
        missing: list[Op] = []
        unheard: list[Op] = []
        for op in (op for graph in ctx.graphs for op in graph.ops):
            if op.is_custom or op.kind == "UNKNOWN" or op.kind.startswith("BUILTIN_"):
                continue
            if op.kind not in versions:
                versions[op.kind] = known_versions(op.kind)
            if not versions[op.kind]:
                missing.append(op)
            elif op.version not in versions[op.kind]:
                unheard.append(op)
        if missing:
            yield self.finding(
                missing[0],
                f"No runtime has a kernel for {count(len(missing), 'op')}: {tallied(missing)}; the model cannot be "
                f"loaded.",
                help="Convert to TFLite's own ops, or run the file through the compiler that it was made for.",
                related=missing[1:],
                evidence={"ops": tally(missing)},
            )
        if unheard:
            pairs = dict.fromkeys((op.kind, op.version) for op in unheard)
            parts = (f"{kind} version {number} ({_span(versions[kind])})" for kind, number in pairs)
            yield self.finding(
                unheard[0],
                f"{count(len(unheard), 'op')} {'is' if len(unheard) == 1 else 'are'} of a version that no runtime has: "
                f"{listed(parts)}; the newest runtime known here, {_NEWEST}, refuses the model.",
                help=_LSTM if any(pair in pairs for pair in _TOO_NEW_LSTM) else _CURE,
                related=unheard[1:],
                evidence={"ops": [{"kind": kind, "version": number} for kind, number in pairs]},
            )


def _span(versions: tuple[int, ...]) -> str:
    if len(versions) == 1:
        return f"{versions[0]} exists"
    return f"{versions[0]} to {versions[-1]} exist"
