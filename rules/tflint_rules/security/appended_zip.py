"""TFL807 appended-zip."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Rule, RuleMeta, Severity
from tflint.analysis.archives import Contents, Member, archive
from tflint.analysis.phrases import count, cut, listed, size

_KERAS_OWN = ("config.json", "metadata.json")


class AppendedZip(Rule):
    """The archive in the file holds what no model needs: programs, pickles, paths that lead away.

    ## What it does

    A `.tflite` file may end with a zip archive: the files that its TFLite Metadata names, as labels and vocabularies. A
    `.keras` file is one. Reads the list of members, and the first bytes of each; nothing is unpacked. Members that lead
    out of the folder, links, encrypted ones, bombs, programs, scripts and pickles are errors. Bytes between the members
    of a `.tflite` that belong to none are a warning, and members that its metadata does not name a note.

    ## Why it is bad

    Apps and tools unpack the associated files, some to a folder: a name as `../../.bashrc` then writes over a file of
    the user. A program or a pickle has no use in there other than to be brought past a scanner that looks at the model
    alone.

    ## Example

    ```text
    error TFL807 appended-zip
      '../../.bashrc', a member of the archive in the file, is a script; no model needs that.
      help: Do not unpack it, and ask where the file comes from.
    ```

    ## Fix

    Write the model again without the archive, and pack the files that it needs with the metadata writer of TFLite
    Support. Do not unpack it, and ask where the file comes from.

    ## References

    - tflite-support v0.4.4, tensorflow_lite_support/metadata/metadata_schema.fbs: files are appended as a zip archive
    - Keras 3.15.1, src/saving/saving_lib.py: what a `.keras` archive holds
    """

    meta: ClassVar[RuleMeta] = RuleMeta(
        "TFL807", "appended-zip", Severity.ERROR, formats=frozenset({Format.TFLITE, Format.KERAS})
    )

    def check(self, ctx: Context) -> Iterator[Finding]:
        found = ctx.once(archive, ctx.model.path)
        if found is None:
            return
        is_tflite = ctx.model.format is Format.TFLITE
        bad = [(member, what) for member in found.members if (what := _fault(member, is_tflite=is_tflite))]
        if bad:
            yield self._bad(ctx, bad)
        if is_tflite:
            yield from self._rest(ctx, found)

    def _bad(self, ctx: Context, bad: list[tuple[Member, str]]) -> Finding:
        member, what = bad[0]
        more = f", and {count(len(bad) - 1, 'other member is', 'others are')} unfit too" if len(bad) > 1 else ""
        return self.finding(
            ctx.model,
            f"'{cut(member.name)}', a member of the archive in the file, {what}{more}; no model needs that.",
            help="Do not unpack it, and ask where the file comes from.",
            evidence={"members": [{"name": each.name[:200], "fault": fault} for each, fault in bad[:20]]},
        )

    def _rest(self, ctx: Context, found: Contents) -> Iterator[Finding]:
        """What is odd, and does no harm by itself, in an archive at the end of a model."""
        if found.refused:
            yield self.finding(
                ctx.model,
                f"An archive follows the model, and cannot be read: {found.refused}.",
                help="Write the associated files into the model again, or write it without them.",
                severity=Severity.WARNING,
            )
        if found.between >= 64:
            yield self.finding(
                ctx.model,
                f"{size(found.between)} between the members of the archive belong to none of them.",
                help="Write the associated files into the model again.",
                severity=Severity.WARNING,
                evidence={"bytes": found.between},
            )
        declared = bytes(ctx.model.metadata.get("TFLITE_METADATA", b""))
        names = [each.name for each in found.members if each.name.encode() not in declared]
        if names:
            named = [f"'{cut(name)}'" for name in names]
            why = "its metadata does not name" if declared else "it has no metadata to name"
            yield self.finding(
                ctx.model,
                f"An archive follows the model, with {listed(named)}, which {why}.",
                help="Write the files into the model with the metadata writer of TFLite Support.",
                severity=Severity.NOTE,
                evidence={"members": [name[:200] for name in names[:20]]},
            )


def _fault(member: Member, *, is_tflite: bool) -> str:
    """What is wrong with a member; the reader of `.keras` files tells of names and links itself."""
    if member.runs and member.name not in _KERAS_OWN:
        return f"is {member.runs}"
    faults = member.faults if is_tflite else ()
    return faults[0] if faults else ""
