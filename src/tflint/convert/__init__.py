"""`--convert`: TensorFlow's own converter, run on a source in a worker process. TensorFlow is imported there only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tflint.convert.run import SOURCES, Conversions, convert, is_installed
from tflint.finding import Finding
from tflint.formats.tflite import reader
from tflint.gate import GUARDS
from tflint.model import Location
from tflint.rule import Context

__all__ = ["GUARDS", "SOURCES", "Conversions", "convert", "converted", "is_installed", "without_bytes"]


def converted(ctx: Context, settings: Conversions) -> tuple[Context, Context | None, memoryview | None]:
    """The context with what came of converting its model; a context of the converted model, and its bytes.

    That one's path is the path of the source with a word behind it: there is no such file.

    Raises:
        RunError: as `convert`.
    """
    result, content = convert(ctx, settings)
    ctx = replace(ctx, converted=result)
    if result is None or content is None:
        return ctx, None, None
    made = Context(
        reader.read(f"{ctx.model.path} (converted)", content),
        expectations=ctx.expectations,
        runtime=ctx.runtime,
        targets=ctx.targets,
        source=ctx.model,
        has_ranges=not result.is_made_up,
    )
    return ctx, made, content


def without_bytes(findings: Iterable[Finding], path: str) -> tuple[Finding, ...]:
    """The findings without places in the file of the model at `path`, which is not there to look into."""

    def plain(at: Location) -> Location:
        return replace(at, byte_offset=None, byte_length=None) if at.path == path else at

    return tuple(
        replace(each, location=plain(each.location), related=tuple(map(plain, each.related))) for each in findings
    )
