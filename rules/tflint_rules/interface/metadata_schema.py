"""TFL609 metadata-schema."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Rule, RuleMeta, Severity
from tflint.analysis.phrases import count, listed

_HELP = "Write the metadata again, after the last change of the model."


class MetadataSchema(Rule):
    """The TFLite Metadata does not fit the model: unreadable, of other inputs or outputs, or without its files.

    ## What it does

    Reads the metadata of the model. Reports metadata that cannot be read, that describes another number of inputs or
    outputs than the model has, and that names files which are not packed into the model.

    ## Why it is bad

    Task Library and MediaPipe refuse the model, or take the description of one output for another's. The files stand
    in an archive at the end of the model, which tools that rewrite the model drop.

    ## Example

    ```text
    warning TFL609 metadata-schema
      The TFLite Metadata names 1 file that is not packed into the model ('labels.txt').
      help: Pack the files again, after the last tool that rewrites the model.
    ```

    ## Fix

    Write the metadata with the metadata writer as the last step, and pack the files that it names.

    ## References

    - tflite-support dd3362ea6, tensorflow_lite_support/metadata/cc/metadata_extractor.cc
    - https://github.com/tensorflow/tensorflow/issues/62620
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL609", "metadata-schema", Severity.WARNING)

    def check(self, ctx: Context) -> Iterator[Finding]:
        described = ctx.model.described
        graphs = [graph for graph in ctx.graphs if graph.index == 0]
        if described is None:
            return
        if described.fault:
            yield self.finding(ctx.model, f"The TFLite Metadata cannot be read: {described.fault}.", help=_HELP)
        if not graphs:
            return
        for side, told, own in (
            ("input", described.inputs, graphs[0].inputs),
            ("output", described.outputs, graphs[0].outputs),
        ):
            if told and len(told) != len(own):
                yield self.finding(
                    graphs[0],
                    f"The TFLite Metadata describes {count(len(told), side)}; the model has {len(own):,}.",
                    help=_HELP,
                    evidence={"side": side, "described": len(told), "own": len(own)},
                )
        missing = {
            file.name: None
            for each in (*described.inputs, *described.outputs)
            for file in each.files
            if not file.is_packed
        }
        if missing:
            yield self.finding(
                ctx.model,
                f"The TFLite Metadata names {count(len(missing), 'file')} that {'is' if len(missing) == 1 else 'are'} "
                f"not packed into the model ({listed(map(repr, missing))}).",
                help="Pack the files again, after the last tool that rewrites the model.",
                evidence={"files": list(missing)},
            )
