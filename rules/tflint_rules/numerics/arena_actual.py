"""TFL913 arena-actual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Need, Rule, RuleMeta, Severity, option
from tflint.analysis.phrases import size
from tflint.analysis.tflm_memory import tflm_arena

__all__ = ["ArenaActual"]


@dataclass(frozen=True)
class ArenaActual(Rule):
    """TFLite Micro takes more of its arena than the device has, or another amount than was planned.

    ## What it does

    Where the `tflite-micro` package is installed, and the model is meant for TFLite Micro (`--target tflm`, or
    `arena_kib` in `[tool.tflint.expect]`), the model is loaded into it, and what it takes of the arena is read. That is
    reported where it is more than the device has and the plan (TFL505) did not say so, and, as a note, where the two
    are far apart.

    ## Why it is bad

    `AllocateTensors()` fails on the device where the arena is too small. The plan knows the reference kernels; others
    take other scratch memory.

    ## Example

    ```text
    ```

    ## Fix

    Give the arena what was measured, and some room: the package is built for 64-bit pointers, a device with 32-bit ones
    needs less for tables. Where the measure and the plan are far apart, trust the measure.

    ## References

    - tflite-micro 90b983c2, tensorflow/lite/micro/recording_micro_allocator.cc, PrintAllocations
    - tflite-micro 90b983c2, python/tflite_micro/runtime.py
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL913", "arena-actual", Severity.ERROR, needs=frozenset({Need.RUN}))
    max_apart: float = option(0.1, "How far the measure may be from the plan, relative to it, before a note says so.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        ran = None if ctx.comparison is None else ctx.comparison.run("tflm")
        if ran is None or ran.arena is None or not ctx.graphs:
            return
        planned = ctx.once(tflm_arena, ctx.model)
        limit = ctx.expectations.arena_kib
        told = f"{ran.runtime} takes {size(ran.arena)} of its arena"
        foreseen = "" if planned is None else f", where {size(planned.arena_bytes)} were planned"
        evidence = {"bytes": ran.arena, "planned": None if planned is None else planned.arena_bytes}
        if limit is not None and ran.arena > limit * 1024:
            if planned is None or planned.head_bytes <= limit * 1024:
                yield self.finding(
                    ctx.graphs[0],
                    f"{told}{foreseen}; the device has {limit:,.10g} KiB.",
                    help="Make the values smaller that are alive together (tflint inspect), or raise arena_kib.",
                    evidence=evidence,
                )
            return
        if planned is not None and abs(ran.arena - planned.arena_bytes) > self.max_apart * planned.arena_bytes:
            yield self.finding(
                ctx.graphs[0],
                f"{told}{foreseen}.",
                help="Size the arena by what was measured.",
                severity=Severity.NOTE,
                evidence=evidence,
            )
