"""TFL203 op-version-too-new."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Need, Op, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed
from tflint.analysis.runtimes import first_runtime, litert_hint, parsed, short


class OpVersionTooNew(Rule):
    """Ops are of a newer version than the oldest runtime that has to load the model knows.

    ## What it does

    Compares the version of each builtin op with the runtime that `--runtime` or the configuration names. The numbers
    are TensorFlow Lite's, which the converter writes as `min_runtime_version`. LiteRT counts from 1.0 again; by the ops
    that they have LiteRT 1.0 is 2.16 here, 1.1 to 1.4 are 2.19, 2.0 and 2.1 are 2.20, and 2.2 is 2.23.
    Of a source it judges the ops that TensorFlow 2.21 will make of it.

    ## Why it is bad

    The older runtime refuses the whole file: "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'". The
    converter raises an op's version only where the model uses what that version brought.

    ## Example

    ```text
    error TFL203 op-version-too-new: op 1 FULLY_CONNECTED, 'dense/1'
      3 ops are newer than runtime 2.14: FULLY_CONNECTED version 12 (2, since 2.17) and LOG version 2
      (1, since 2.15); the model needs runtime 2.17 or newer.
      help: Ship runtime 2.17 or newer, or convert so that the newer features are not used. For
            FULLY_CONNECTED 12, set
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True.
      also: op 2 FULLY_CONNECTED, 'dense/2'; op 0 LOG, 'dense/0'
    ```

    ## Fix

    Raise the runtime, or convert so that the newer feature is not used. FULLY_CONNECTED 12 comes from dynamic-range
    quantization with a scale for each channel, since TensorFlow 2.17: set
    `converter._experimental_disable_per_channel_quantization_for_dense_layers = True` to get version 9.

    ## References

    - LiteRT f67457790, tflite/converter/tools/versioning/runtime_version.cc and tflite/core/kernels/register.cc
    - seen: tflite-runtime 2.14.0 loads all that the table dates to 2.14 or before, and refuses all that is newer
    - https://github.com/tensorflow/tensorflow/issues/80736
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL203", "op-version-too-new", Severity.ERROR, needs=frozenset({Need.RUNTIME}), of_deployed=True
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        oldest = parsed(ctx.runtime)
        if not oldest or ctx.runtime is None:
            return
        late: dict[tuple[str, int], list[Op]] = {}
        since: dict[tuple[str, int], str | None] = {}
        for op in (op for graph in ctx.graphs for op in graph.ops):
            key = (op.kind, op.version)
            if key not in since:
                first = first_runtime(op)
                since[key] = first if (parsed(first) or ()) > oldest else None
            if since[key] is not None:
                late.setdefault(key, []).append(op)
        if not late:
            return
        kinds = sorted(late, key=lambda key: parsed(since[key]) or (), reverse=True)
        needed = since[kinds[0]] or ""
        parts = (
            f"{kind} version {version} ({len(late[kind, version])}, since {short(since[kind, version] or '')})"
            for kind, version in kinds
        )
        ops = [op for key in kinds for op in late[key]]
        verb, made = _tense(ops)
        yield self.finding(
            ops[0],
            f"{count(len(ops), 'op')} {verb} newer than runtime {ctx.runtime}: "
            f"{listed(parts)}; {made}the model needs runtime {short(needed)} or newer.",
            help=" ".join([_CURE.format(short(needed)), *_per_channel(kinds), *litert_hint(ctx.runtime)]),
            related=ops[1:],
            evidence={
                "runtime": ctx.runtime,
                "needed": needed,
                "ops": [
                    {"kind": kind, "version": version, "since": since[kind, version], "count": len(late[kind, version])}
                    for kind, version in kinds
                ],
            },
        )


def _tense(ops: list[Op]) -> tuple[str, str]:
    """The verb, and how the model comes about where the ops are those of a source that is yet to be converted."""
    if ops[0].address:
        return "will be", "converted with TensorFlow 2.21, "
    return ("is" if len(ops) == 1 else "are"), ""


_CURE = "Ship runtime {} or newer, or convert so that the newer features are not used."


def _per_channel(kinds: list[tuple[str, int]]) -> Iterator[str]:
    """Yield the converter's switch for dynamic-range FULLY_CONNECTED.

    Source: TensorFlow 2.21, whose converter writes version 12 without the switch and version 9 with it.
    """
    if ("FULLY_CONNECTED", 12) in kinds:
        yield (
            "For FULLY_CONNECTED 12, set converter._experimental_disable_per_channel_quantization_for_dense_layers "
            "= True."
        )
