"""TFL503 oversized-tensor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Graph, Op, Rule, RuleMeta, Severity, Tensor, option
from tflint.analysis.phrases import count, listed, named, size, typed


@dataclass(frozen=True)
class _Activation:
    tensor: Tensor
    maker: Op | None
    nbytes: int


@dataclass(frozen=True)
class OversizedTensor(Rule):
    """A single activation takes more memory than `max_bytes`.

    ## What it does

    Works out the bytes of each tensor that an op makes or that the graph takes as input, at the sizes that the
    runtime allocates before anybody resizes an input. Constants do not count, nor does what is computed from
    constants alone. A graph with activations over `max_bytes` has one finding, at the largest.

    64 MiB is three times the largest activation of a segmentation net at 513 by 513 in float32 (21 classes: 21 MiB)
    and that of a full-size U-Net at 512 by 512: what is larger does not run on most phones beside anything else. For
    a smaller device set the option to what it has.

    ## Why it is bad

    The runtime allocates it in one piece, and what an op reads and what it makes are there at once: a tensor of
    200 MiB means a peak of more. On a phone the system ends the app, on smaller devices the allocation fails.

    ## Example

    ```text
    warning TFL503 oversized-tensor: op 0 CONV_2D, 'features'
      'features' FLOAT32[1, 1024, 1024, 32], which op 0 CONV_2D makes, takes 128.0 MiB; at most 64.0
      MiB were expected of one activation.
      help: Make the input smaller, compute it in blocks, or quantize the activations to int8.
    ```

    ## Fix

    Look at the op that makes it. Most often an input is larger than the model needs, a mask or a score is as large as
    the product of two lengths (attention: compute it in blocks), or a BROADCAST_TO or TILE makes whole what the op
    behind it could broadcast. A static int8 model takes a quarter of a float one.

    ## References

    - LiteRT f67457790, tflite/arena_planner.cc and tflite/core/subgraph.cc, Subgraph::AllocateTensors
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL503", "oversized-tensor", Severity.WARNING, of_deployed=True)
    max_bytes: int = option(64 << 20, "Largest activation, in bytes, that passes.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        for graph in ctx.graphs:
            found = [each for each in _activations(graph) if each.nbytes > self.max_bytes]
            if not found:
                continue
            found.sort(key=lambda each: -each.nbytes)
            first, *others = found
            by = f"op {first.maker.index} {first.maker.kind} makes" if first.maker is not None else "the graph takes in"
            takes, limit = size(first.nbytes), size(self.max_bytes)
            if takes == limit:
                takes, limit = count(first.nbytes, "byte"), count(self.max_bytes, "byte")
            more = (
                f" {count(len(others), 'more activation')} {'is' if len(others) == 1 else 'are'} over it: "
                f"{listed(f'{named(each.tensor)} ({size(each.nbytes)})' for each in others)}."
                if others
                else ""
            )
            yield self.finding(
                first.maker or first.tensor,
                f"{named(first.tensor)} {typed(first.tensor)}, which {by}, takes {takes}; at most {limit} "
                f"{'was' if self.max_bytes == 1 else 'were'} expected of one activation.{more}",
                help="Make the input smaller, compute it in blocks, or quantize the activations to int8.",
                related=[each.maker or each.tensor for each in others],
                evidence={"bytes": first.nbytes, "max_bytes": self.max_bytes, "activations": len(found)},
            )


def _activations(graph: Graph) -> Iterator[_Activation]:
    """What the graph takes in and its ops make, each once, with its size in bytes."""
    seen: set[Tensor] = set()
    for tensor in graph.inputs:
        if (nbytes := _size(tensor)) is not None and tensor not in seen and not tensor.is_constant:
            seen.add(tensor)
            yield _Activation(tensor, None, nbytes)
    for op in graph.ops:
        if op.inputs and all(tensor is None or tensor.is_constant for tensor in op.inputs):
            continue
        for tensor in op.outputs:
            if (nbytes := _size(tensor)) is not None and tensor not in seen:
                seen.add(tensor)
                yield _Activation(tensor, op, nbytes)


def _size(tensor: Tensor) -> int | None:
    """The bytes of a tensor; None where they cannot be told."""
    return tensor.nbytes if tensor.has_rank else None
