"""TFL504 peak-activations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Graph, Rule, RuleMeta, Severity, option
from tflint.analysis.arena import Peak, peak
from tflint.analysis.phrases import count, size
from tflint_rules.memory.alive import activations, cure, largest, makers


@dataclass(frozen=True)
class PeakActivations(Rule):
    """Together, the activations that are alive at one op take more memory than `max_bytes`.

    ## What it does

    Adds up, op by op, the bytes of what has been made and is still needed, at the sizes that the runtime allocates
    before anybody resizes an input. That is the least that any plan needs. Reports a graph whose peak is over
    `max_bytes`, with the op and the largest values. Constants and what is made of them alone do not count.

    128 MiB is what a layer of a full-size U-Net takes at 512 by 512 in float32 (64 channels in and out, 64 MiB each),
    and five times the peak of DeepLab at 513 by 513 (23 MiB). For a smaller device set the option to what it has.

    ## Why it is bad

    The runtime needs it in one piece, beside the weights. On a phone the system ends the app, on smaller devices the
    allocation fails. A value that skips over many layers takes its memory all that time.

    ## Example

    ```text
    warning TFL504 peak-activations: op 2 CONV_2D, 'decoded'
      150.0 MiB of activations are alive at op 2 CONV_2D; at most 128.0 MiB were expected. The largest
      are 'encoded' (50.0 MiB), 'middle' (50.0 MiB) and 'decoded' (50.0 MiB); 50.0 MiB of it only
      waits for later ops.
      help: Quantize the activations to int8 (a quarter of float32), or make the input smaller.
      also: op 0 CONV_2D, 'encoded'; op 1 CONV_2D, 'middle'
    ```

    ## Fix

    Look at the op and at what is alive there. A smaller input helps most: half the width and height take a quarter.
    What waits for later ops is a skip connection or an early output: end it sooner. A static int8 model takes a quarter
    of a float one.

    ## References

    - LiteRT f67457790, tflite/arena_planner.cc, CalculateAllocations
    - https://github.com/tensorflow/tflite-micro/issues/1249
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL504", "peak-activations", Severity.WARNING, of_deployed=True)
    max_bytes: int = option(128 << 20, "Most bytes of activations, alive at one op, that pass.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            most = ctx.once(peak, graph)
            if most is not None and most.byte_size > self.max_bytes:
                yield from self._judge(graph, most)

    def _judge(self, graph: Graph, most: Peak) -> Iterator[Finding]:
        alive = activations(graph, most)
        total = sum(tensor.nbytes or 0 for tensor in alive)
        if total <= self.max_bytes or (alive[0].nbytes or 0) > self.max_bytes:
            return  # one that is too large alone is for oversized-tensor
        takes, limit = size(total), size(self.max_bytes)
        if takes == limit:
            takes, limit = count(total, "byte"), count(self.max_bytes, "byte")
        yield self.finding(
            most.op,
            f"{takes} of activations are alive at op {most.op.index} {most.op.kind}; at most {limit} "
            f"{'was' if self.max_bytes == 1 else 'were'} expected. The largest are {largest(most, alive)}.",
            help=f"{cure(alive)}.",
            related=makers(graph, most, alive),
            evidence={"bytes": total, "max_bytes": self.max_bytes, "values": len(alive)},
        )
