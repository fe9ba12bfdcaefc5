"""The float islands that are worth a word."""

from tflint import Context
from tflint.analysis.islands import Island, islands
from tflint.analysis.precision import Precision, profile

__all__ = ["is_to_be_integer", "judged_islands"]


def is_to_be_integer(ctx: Context) -> bool:
    """True where the configuration, or else what the converter wrote, promises a model of integers."""
    if ctx.expectations.precision is not None:
        return ctx.expectations.precision in {"int8", "int16x8"}
    modes = ctx.model.conversion.modes if ctx.model.conversion is not None else ()
    return not {"PTQ_FULL_INTEGER", "PTQ_INT16"}.isdisjoint(modes)


def judged_islands(ctx: Context) -> tuple[Island, ...]:
    """The float islands of a model that is to compute in integers, or does so for the most part.

    One that promises nothing and has more float ops than integer ones is mixed on purpose.
    """
    ops = ctx.once(profile, ctx.model).ops
    integer = len(ops[Precision.INT8]) + len(ops[Precision.INT16])
    real = len(ops[Precision.FLOAT]) + len(ops[Precision.HYBRID])
    if not real or not integer or (real > integer and not is_to_be_integer(ctx)):
        return ()
    return tuple(island for graph in ctx.graphs for island in ctx.once(islands, graph))
