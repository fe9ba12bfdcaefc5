"""The report on a difference for programs: the schema `tflint-diff/1`, described in docs/json.md."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tflint import __version__
from tflint.changes import Change, Difference
from tflint.model import Location, Model
from tflint.reporters import Style
from tflint.reporters.json import plain

__all__ = ["SCHEMA", "document", "render"]

SCHEMA = "tflint-diff/1"


def render(found: Difference, style: Style) -> str:  # noqa: ARG001 - what a style says is for people
    """The report as a JSON document."""
    return json.dumps(plain(document(found)), indent=1, allow_nan=False) + "\n"


def document(found: Difference) -> dict[str, Any]:
    """The report as lists and dictionaries of the schema."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "old": _model(found.old),
        "new": _model(found.new),
        "verdict": None if found.verdict is None else found.verdict.label,
        "same": None if found.same is None else found.same.value,
        "changes": [_change(change, found) for change in found.changes],
        "figures": {each.name: {"old": each.old, "new": each.new, "unit": each.unit or None} for each in found.figures},
        "unknown": list(found.unknown),
        "numbers": None if found.numbers is None else asdict(found.numbers),
    }


def _model(model: Model) -> dict[str, Any]:
    return {
        "path": model.path,
        "format": model.format.value,
        "bytes": model.byte_size,
        "sha256": model.sha256 or None,
        "problems": len(model.problems),
    }


def _change(change: Change, found: Difference) -> dict[str, Any]:
    return {
        "grade": change.grade.label,
        "part": change.part.value,
        "what": change.what,
        "message": change.message,
        "effect": change.effect or None,
        "old": change.old,
        "new": change.new,
        "places": [_place(place, found) for place in change.places],
    }


def _place(place: Location, found: Difference) -> dict[str, Any]:
    build = "new" if place.path == found.new.path else "old"
    return {"build": build, "address": place.address, "tensor": place.name or None, "layer": place.layer}
