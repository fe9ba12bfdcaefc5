"""TFLite Metadata in two builds."""

from __future__ import annotations

from typing import Any

from described import classifier, labels, metadata, packed
from tflint.analysis.descriptions import description_changes
from tflint.changes import Grade
from tflint.testing import model


def built(*outputs: Any, raw: bytes | None = None, files: dict[str, bytes] | None = None) -> bytes:
    g = classifier()
    if outputs or raw is not None:
        g.metadata("TFLITE_METADATA", metadata(outputs=outputs) if raw is None else raw)
    return packed(g, files or {})


def told(old: bytes, new: bytes) -> list[tuple[str, Grade]]:
    return [(each.what, each.grade) for each in description_changes(model(old, "old.tflite"), model(new, "new.tflite"))]


def test_metadata_that_came_is_a_minor_change() -> None:
    assert told(built(), built(labels())) == [("metadata-new", Grade.MINOR)]
    assert told(built(), built()) == []
    assert told(built(), built(raw=b"none")) == []


def test_metadata_that_cannot_be_read_any_more_breaks() -> None:
    both = model(built(labels()), "old.tflite"), model(built(raw=b"none"), "new.tflite")
    [change] = description_changes(*both)
    assert change.message == (
        "The TFLite Metadata cannot be read any more: it lacks the identifier M001; lost with it 'labels.txt'."
    )


def test_files_that_came_or_have_other_names_are_told() -> None:
    old = built(labels("a.txt"), files={"a.txt": b"x\ny\n"})
    assert told(old, built(labels("b.txt"), files={"b.txt": b"x\ny\n"})) == [
        ("associated-file-gone", Grade.BREAKING),
        ("associated-file-new", Grade.MINOR),
    ]


def test_outputs_that_are_described_otherwise_are_told() -> None:
    assert told(built(labels()), built({"name": "other"})) == [("metadata-name", Grade.MINOR)]
    assert told(built(labels()), built(labels(), {"name": "b"})) == [("metadata-outputs", Grade.MINOR)]
    assert told(built(labels(), {"name": "b"}), built(labels())) == [("metadata-outputs", Grade.BREAKING)]


def test_labels_in_another_order_break() -> None:
    old = built(labels("a.txt"), files={"a.txt": b"x\ny\n"})
    assert told(old, built(labels("a.txt"), files={"a.txt": b"x\ny\n"})) == []
    assert told(old, built(labels("a.txt"), files={"a.txt": b"y\nx\n"})) == [("associated-file-lines", Grade.BREAKING)]
    assert told(old, built(labels("a.txt"), files={"a.txt": b"x\n"})) == [("associated-file-lines", Grade.BREAKING)]


def test_what_is_no_list_has_another_content() -> None:
    old, new = (built(labels("a", "DESCRIPTIONS"), files={"a": content}) for content in (b"x", b"y"))
    assert told(old, new) == [("associated-file-content", Grade.MINOR)]
