"""`tflint targets converter`: what TensorFlow's converter does with each op."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tflint.cli.targets import first_line
from tflint.forecast.table import Entry, entry, kinds

__all__ = ["document", "page"]


def document() -> dict[str, Any]:
    """The table as JSON has it."""
    from tflint.forecast.tf_ops import VERSION

    return {"schema": "tflint-converter/1", "tensorflow": VERSION, "ops": {row.kind: _row(row) for row in _rows()}}


def page() -> Iterator[str]:
    """The table as lines of text."""
    from tflint.forecast.tf_ops import VERSION

    rows = list(_rows())
    yield f"converter  what the converter of TensorFlow {VERSION} does with each op of a graph"
    yield f"    {len(rows)} ops; in a conversion to float; what folds or vanishes counts as builtin"
    yield "    source: single ops in many configurations, converted; LiteRT f67457790, allowlisted_flex_ops.cc"
    yield ""
    width = max(len(row.kind) for row in rows)
    for row in rows:
        first, *more = [*_words(row), ""]
        yield f"    {row.kind:{width}}  {row.best:8}{first}".rstrip()
        yield from (f"    {'':{width}}  {'':8}{each}" for each in more if each)


def _rows() -> Iterator[Entry]:
    return (row for kind in kinds() if (row := entry(kind)) is not None)


def _words(row: Entry) -> list[str]:
    """What is to be said of an op, a line each."""
    said = [f"becomes {' '.join(row.becomes)}"] if row.becomes else []
    if not row.is_probed:
        said.append("not tried: the list of Flex ops has it")
    for attr, statuses in row.types.items():
        names = [name for name, status in statuses.items() if status is row.best]
        said.append(f"{attr}: {' '.join(names)}")
    said += [f"where {each}" for each in _conditions(row.kind)]
    if row.otherwise is not row.best:
        said.append(f"otherwise {row.otherwise}")
    return said


def _conditions(kind: str) -> list[str]:
    from tflint.forecast.tf_conditions import CONDITIONS

    return [_lower(first_line(each)) for each in CONDITIONS.get(kind, ())]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _row(row: Entry) -> dict[str, Any]:
    return {
        "status": row.best,
        "otherwise": row.otherwise,
        "becomes": list(row.becomes),
        "types": {attr: dict(statuses) for attr, statuses in row.types.items()},
        "conditions": _conditions(row.kind),
        "probed": row.is_probed,
    }
