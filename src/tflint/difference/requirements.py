"""What a model asks of the program and the runtime that load it."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.phrases import cut, listed
from tflint.analysis.runtimes import LITERT, first_runtime, needed_runtime, parsed, short
from tflint.changes import Change, Grade, Part
from tflint.difference.grouped import places
from tflint.model import Format, Model, Op

__all__ = ["requirement_changes"]

_COMMON = LITERT["1.0"]
"""Where nobody says which runtime has to load the model, what the first LiteRT loads breaks nothing."""

_FORGOTTEN = (2,)
"""Nor is it worth a word what older runtimes than this load."""


def requirement_changes(old: Model, new: Model, runtime: str | None = None) -> Iterator[Change]:
    """Ops that the runtime does not have built in, and the oldest runtime that has the others."""
    if new.format is not Format.TFLITE:
        yield from _conversion(old, new)
        return
    before, after = _custom(old), _custom(new)
    for is_flex, what in ((True, "flex-op"), (False, "custom-op")):
        came = [kind for kind in after if kind not in before and kind.startswith("Flex") == is_flex]
        went = [kind for kind in before if kind not in after and kind.startswith("Flex") == is_flex]
        name = "TensorFlow" if is_flex else "custom"
        if came:
            ops = [op for kind in came for op in after[kind]]
            message = f"The model has {name} ops that it did not have: {listed(map(cut, came), 6)}."
            effect = (
                "A program without the Flex delegate (SELECT_TF_OPS) cannot run it."
                if is_flex
                else "A program that does not register them cannot run it."
            )
            yield Change(Grade.BREAKING, Part.REQUIREMENTS, f"{what}-new", message, effect, None, came, places(ops))
        if went:
            ops = [op for kind in went for op in before[kind]]
            message = f"The model does without the {name} ops {listed(map(cut, went), 6)}."
            yield Change(Grade.MINOR, Part.REQUIREMENTS, f"{what}-gone", message, "", went, None, places(ops))
    yield from _runtime(old, new, runtime)


def _custom(model: Model) -> dict[str, list[Op]]:
    found: dict[str, list[Op]] = {}
    for graph in model.graphs:
        for op in graph.ops:
            if op.is_custom:
                found.setdefault(op.kind, []).append(op)
    return found


def _runtime(old: Model, new: Model, oldest: str | None) -> Iterator[Change]:
    """Another oldest runtime; no harm is done where the new one is still old enough."""
    before, after = needed_runtime(old), needed_runtime(new)
    was, now = parsed(before), parsed(after)
    if before is None or after is None or was is None or now is None or was == now:
        return
    newer = [op for graph in new.graphs for op in graph.ops if (parsed(first_runtime(op)) or ()) > was]
    if now < was:
        message = f"Runtimes from {short(after)} on load the model; before, from {short(before)} on."
        yield Change(Grade.MINOR, Part.REQUIREMENTS, "runtime-older", message, "", before, after)
        return
    causes = listed((f"{op.kind} in version {op.version}" for op in newer), 3)
    limit = parsed(oldest)
    if limit is None and now < _FORGOTTEN:
        return
    is_fine = now <= (limit or parsed(_COMMON) or ())
    message = (
        f"The model needs runtime {short(after)} or newer; before, {short(before)} was enough. It has {causes} now."
    )
    effect = "" if is_fine and oldest else "An older TFLite or LiteRT does not load it."
    effect += "" if oldest else " Name the oldest one that has to with --runtime."
    grade = Grade.MINOR if is_fine else Grade.BREAKING
    yield Change(grade, Part.REQUIREMENTS, "runtime-newer", message, effect, before, after, places(newer))


def _conversion(old: Model, new: Model) -> Iterator[Change]:
    """What the converter will make of a source."""
    from tflint.forecast import forecast

    before, after = forecast(old), forecast(new)
    if before is None or after is None:
        return
    was, now = before.verdict.value, after.verdict.value
    if was == now:
        return
    reasons = f": {listed(after.reasons, 2)}" if after.reasons else ""
    words = {
        "builtin": "converts with the runtime's own ops",
        "flex": "converts only with TensorFlow ops (SELECT_TF_OPS)",
        "custom": "converts only with custom ops",
        "fails": "does not convert to TFLite",
        "unknown": "may or may not convert",
    }
    is_worse = now in ("fails", "flex", "custom") and was != "fails" and (was, now) != ("custom", "flex")
    grade = Grade.BREAKING if is_worse else Grade.MINOR
    message = f"By the forecast, the model {words[now]} now{reasons}; the old build {words[was]}."
    effect = "What is deployed from it cannot be built as before." if is_worse else ""
    yield Change(grade, Part.REQUIREMENTS, "conversion", message, effect, was, now)
