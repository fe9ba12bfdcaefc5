"""TFL613 stale-conversion."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, Finding, Format, Need, Rule, RuleMeta, Severity
from tflint.analysis.compared import compared
from tflint.analysis.phrases import count, listed, named
from tflint.analysis.staleness import Drift, Drifted, drift

_MOST = 20
"""So many tensors stand in the evidence."""
_HELP = "Convert the source again, or name the source that the file was converted from."


class StaleConversion(Rule):
    """The weights are not those of the source: the file was converted from another model, or before more training.

    ## What it does

    Finds for each weight of a file the one of its Keras or SavedModel source by value, in every layout that a
    converter gives them, with batch normalization folded in as the source's own numbers say. Then asks whether each
    stored number is what the source's rounds to. A conversion copies floats and rounds the others to the nearest, so
    one step of training shows.

    It is an error where weights are near those of the source and not theirs, and where none is the source's. It is a
    warning where some weights have nothing to do with the source's and the others are exactly its own.

    Left out are constants of which no twin is found for certain, channels times a factor that something else was
    folded with, and the roundings of sources that were trained to be quantized.

    ## Why it is bad

    The model in the repository and the file beside it are two models. Whoever evaluates the one and ships the other
    ships what nobody tested.

    ## Example

    ```text
    error TFL613 stale-conversion: tensor 4, 'dense_1/kernel'
      3 of 3 weight tensors are near those of the source 'model.keras', and not what a conversion
      makes of them: 'dense_1/kernel' differs by 1.3 % of its values' size. The source was trained
      after the conversion, or the file comes from another state of it.
      help: Convert the source again, or name the source that the file was converted from.
      also: tensor 7, 'dense_2/kernel'; tensor 1, 'dense_0/kernel'
    ```

    ## Fix

    Convert again as the last step of training, and commit both files together.

    ## References

    - LiteRT f67457790, tflite/tools/optimize/quantization_utils.cc, SymmetricPerChannelQuantization
    - Keras 3.15.1, src/layers/normalization/batch_normalization.py, call
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL613", "stale-conversion", Severity.ERROR, needs=frozenset({Need.SOURCE}))

    def check(self, ctx: Context) -> Iterator[Finding]:
        source = ctx.source
        if source is None or source.format is Format.TFLITE:
            return
        found = ctx.once(drift, ctx.model, ctx.once(compared, ctx.model, source), source)
        if found.is_foreign:
            yield self.finding(
                ctx.model,
                f"No weight of the file has the sizes of one in the source '{source.path}'; the file was converted "
                f"from another model.",
                help=_HELP,
            )
        elif found.near:
            yield self._near(found, source.path)
        elif found.other:
            yield self._other(found, source.path)

    def _near(self, found: Drift, path: str) -> Finding:
        near = sorted(found.near, key=lambda each: -each.relative)
        total = len(near) + len(found.other) + found.same
        off = len(near) + len(found.other)
        tensors = [each.twin.converted.tensor for each in near] + [twin.converted.tensor for twin in found.other]
        return self.finding(
            tensors[0],
            f"{off:,} of {count(total, 'weight tensor')} {'is' if off == 1 else 'are'} near those of the source "
            f"'{path}', and not what a conversion makes of them: {_worst(near[0])}. The source was trained after the "
            f"conversion, or the file comes from another state of it.",
            help=_HELP,
            related=tensors[1:],
            evidence={
                "different": off,
                "same": found.same,
                "tensors": [
                    {"name": each.twin.converted.tensor.name, "relative": float(f"{each.relative:.3g}")}
                    for each in near[:_MOST]
                ],
            },
        )

    def _other(self, found: Drift, path: str) -> Finding:
        tensors = [twin.converted.tensor for twin in found.other]
        total = len(tensors) + found.same
        what = "None" if not found.same else f"{found.same:,}"
        return self.finding(
            tensors[0],
            f"{what} of {count(total, 'weight tensor')} {'is' if found.same < 2 else 'are'} what the source '{path}' "
            f"has; {listed(map(named, tensors))} {'has' if len(tensors) == 1 else 'have'} nothing in common with "
            f"weights of the same sizes. The file was converted from another model, or from another training of it.",
            help=_HELP,
            related=tensors[1:],
            severity=Severity.WARNING if found.same else None,
            evidence={"different": len(tensors), "same": found.same},
        )


def _worst(each: Drifted) -> str:
    return f"{named(each.twin.converted.tensor)} differs by {_percent(each.relative)} of its values' size"


def _percent(relative: float) -> str:
    return f"{100 * relative:.2g} %"
