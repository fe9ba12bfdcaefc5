"""TFL505 arena-budget."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Graph, Need, Op, Rule, RuleMeta, Severity
from tflint.analysis.arena import litert_arena, peak, tflm_arena
from tflint.analysis.flow import entry_graphs
from tflint.analysis.phrases import size
from tflint_rules.memory.alive import activations, cure, largest, makers

_COMPILED = "ethos-u"
"""The custom op that Vela makes."""


class ArenaBudget(Rule):
    """The model needs a larger arena than the device has.

    ## What it does

    Plans the arena as the runtime does, and compares it with `arena_kib` of `[tool.tflint.expect]`, in units of 1024
    bytes. Says nothing where that is not set, or where a size is known only when the model runs.

    Where no target was named, or TFLite Micro is one (`tflm`, `ethos-u55`, …), that is the plan of TFLite Micro, as an
    error; and where only the tables beside it are too much, a warning. The tables are an estimate: from half of what
    they take with 64-bit pointers to all of it. A model for an Ethos-U is judged once Vela has compiled it. Otherwise
    it is the plan of LiteRT.

    ## Why it is bad

    The arena has to be as large when the firmware is built. On a microcontroller `AllocateTensors` fails otherwise, or
    the linker does.

    ## Example

    ```text
    error TFL505 arena-budget: op 1 RELU, 'active'
      TFLite Micro needs an arena of 144.0 KiB for values and scratch memory, and 584 bytes to 1.1 KiB
      for tables and for what kernels keep; the device has 96 KiB. Most is alive at op 1 RELU: 'wide'
      (72.0 KiB) and 'active' (72.0 KiB).
      help: Make the input smaller, the widest layers narrower, or what skips over layers
            shorter-lived, or raise arena_kib.
      also: op 0 DEPTHWISE_CONV_2D, 'wide'
    ```

    ## Fix

    Look at what is alive at the op that the message names: a smaller input, or a narrower layer there, brings most.
    `tflint inspect` shows the plan. Or give the arena more memory and raise `arena_kib`.

    ## References

    - tflite-micro 90b983c2, tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc
    - LiteRT f67457790, tflite/arena_planner.cc
    - https://github.com/tensorflow/tflite-micro/issues/1249
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL505", "arena-budget", Severity.ERROR, needs=frozenset({Need.EXPECT}), of_deployed=True
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        limit = ctx.expectations.arena_kib
        if limit is None or not ctx.graphs:
            return
        names = {target.name for target in ctx.targets}
        npus = {name for name in names if name.startswith("ethos-u")}
        compiled = next((op for graph in ctx.graphs for op in graph.ops if op.kind == _COMPILED), None)
        if not names or "tflm" in names or (npus and compiled is not None):
            yield from self._micro(ctx, limit, compiled)
        elif names > npus:
            yield from self._litert(ctx, limit)

    def _micro(self, ctx: Context, limit: float, compiled: Op | None) -> Iterator[Finding]:
        arena = ctx.once(tflm_arena, ctx.model)
        if arena is None:
            return
        rest = arena.least_bytes - arena.head_bytes
        if arena.head_bytes + rest // 2 <= limit * 1024:
            return
        needs = f"TFLite Micro needs an arena of {size(arena.head_bytes)} for values and scratch memory, and "
        needs += f"{size(rest // 2)} to {size(rest)} for tables and for what kernels keep"
        severity = Severity.ERROR if arena.head_bytes > limit * 1024 else Severity.WARNING
        if compiled is None:
            yield self._finding(ctx.model.graphs[0], ctx, needs, arena.least_bytes, severity)
            return
        yield self.finding(
            compiled,
            f"{needs}; the device has {limit:,.10g} KiB.",
            help="Compile with `vela --optimise Size`, make the input smaller, or raise arena_kib.",
            severity=severity,
            evidence={"bytes": arena.least_bytes, "max_bytes": int(limit * 1024)},
        )

    def _litert(self, ctx: Context, limit: float) -> Iterator[Finding]:
        arenas = [(ctx.once(litert_arena, ctx.model, graph) or 0, graph) for graph in entry_graphs(ctx.model)]
        needed, graph = max(arenas, key=lambda each: each[0], default=(0, None))
        if graph is not None and needed > limit * 1024:
            needs = f"LiteRT plans an arena of {size(needed)} for values and scratch memory"
            yield self._finding(graph, ctx, needs, needed, Severity.ERROR)

    def _finding(self, graph: Graph, ctx: Context, needs: str, needed: int, severity: Severity) -> Finding:
        limit = ctx.expectations.arena_kib or 0
        most = ctx.once(peak, graph)
        alive = [] if most is None else activations(graph, most)
        at = f" Most is alive at op {most.op.index} {most.op.kind}: {largest(most, alive)}." if most and alive else ""
        return self.finding(
            graph if most is None else most.op,
            f"{needs}; the device has {limit:,.10g} KiB.{at}",
            help=f"{cure(alive)}, or raise arena_kib.",
            related=[] if most is None else makers(graph, most, alive),
            severity=severity,
            evidence={"bytes": needed, "max_bytes": int(limit * 1024)},
        )
