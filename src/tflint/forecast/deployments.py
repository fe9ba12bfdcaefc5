"""What a source will be where it is deployed, for the rules that judge that."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tflint.forecast import predicted
from tflint.model import Format
from tflint.rule import Context, Need, RuleMeta

if TYPE_CHECKING:  # imported where a target is asked: start-up is a feature
    from tflint.target import Target

__all__ = ["Deployments"]

_FORECAST = frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL})
"""The sources of which is told what they become."""


class Deployments:
    """What a source will become, as rules see it; each is worked out when the first rule asks."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def contexts(self, meta: RuleMeta) -> tuple[Context, ...]:
        """What a rule judges of a source: what it will be on each of the targets, or on the first of them."""
        if not meta.of_deployed or self._ctx.model.format not in _FORECAST:
            return ()
        if Need.TARGET in meta.needs:
            return tuple(each for each in self._all if each.targets)
        return tuple(each for each in self._all if each.targets)[:1] or self._all[:1]

    @cached_property
    def _all(self) -> tuple[Context, ...]:
        ctx = self._ctx
        expected = ctx.expectations.precision
        usual = expected if expected in ("int8", "int16x8") else "float32"
        groups: dict[str, list[Target]] = {usual: []}
        for target in ctx.targets:
            precision = "int8" if target.takes_integers and usual == "float32" else usual
            groups.setdefault(precision, []).append(target)
        made = [(predicted(ctx.model, precision), targets) for precision, targets in groups.items()]
        return tuple(
            Context(model, ctx.expectations, ctx.runtime, tuple(targets))
            for model, targets in made
            if model is not None
        )
