"""What other rules say of a tensor's own parameters, so that nobody says it again of the ops around it."""

from __future__ import annotations

from tflint import Context, Tensor
from tflint.analysis.quantized import parameters, scale_reads

__all__ = ["told"]


def told(ctx: Context) -> frozenset[Tensor]:
    """The tensors that scale-degenerate or zero-point-range reports."""
    known = ctx.once(parameters, ctx.model)
    bad = frozenset(known.degenerate)
    if bad:
        bad &= {read.tensor for graph in ctx.graphs for read in ctx.once(scale_reads, graph)}
    return bad | frozenset(known.out_of_range)
