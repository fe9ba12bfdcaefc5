"""The float islands that are worth a word."""

from collections.abc import Iterable

from tflint import Context, Op
from tflint.analysis.islands import Island, islands
from tflint.analysis.layers import layer_of, naming
from tflint.analysis.precision import Precision, profile

__all__ = ["is_to_be_integer", "judged_islands", "layers_of"]


def is_to_be_integer(ctx: Context) -> bool:
    """True where the configuration, or else what the converter wrote, promises a model of integers."""
    if ctx.expectations.precision is not None:
        return ctx.expectations.precision in {"int8", "int16x8"}
    modes = ctx.model.conversion.modes if ctx.model.conversion is not None else ()
    return not {"PTQ_FULL_INTEGER", "PTQ_INT16"}.isdisjoint(modes)


def judged_islands(ctx: Context) -> tuple[Island, ...]:
    """The judged islands of a model, worked out once for all rules that ask."""
    return ctx.once(_judged, ctx)


def _judged(ctx: Context) -> tuple[Island, ...]:
    """The float islands of a model that is to compute in integers, or does so for the most part.

    One that promises nothing and has more float ops than integer ones is mixed on purpose.
    """
    known = ctx.once(profile, ctx.model)
    ops = known.ops
    integer = len(ops[Precision.INT8]) + len(ops[Precision.INT16])
    real = len(ops[Precision.FLOAT]) + len(ops[Precision.HYBRID])
    if not real or not integer or (real > integer and not is_to_be_integer(ctx)):
        return ()
    return tuple(island for graph in ctx.graphs for island in islands(graph, known.of_graph[graph]))


def layers_of(ctx: Context, ops: Iterable[Op]) -> tuple[str, ...]:
    """The Keras layers that ops come from, in quotes, each once; those that the names do not tell are left out."""
    named = ctx.once(naming, ctx.model)
    if named is None:
        return ()
    found = (layer_of(op, ctx.model.graphs[op.graph_index], named) for op in ops)
    return tuple(dict.fromkeys(f"'{layer}'" for layer in found if layer is not None))
