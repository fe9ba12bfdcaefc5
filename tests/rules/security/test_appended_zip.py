"""TFL807: what stands in the archive of a model's file."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from plain_sources import PATH
from tflint import Format, Model, Severity
from tflint.analysis import archives
from tflint.testing import GraphBuilder, findings
from tflint_rules.security.appended_zip import AppendedZip

RULE = AppendedZip()
FOLDERS = []


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], packed: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def model(tail: bytes, *declared: str) -> Path:
    """A TFLite file with a tail; its metadata names some files."""
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1])], g.tensor("y", [1])))
    if declared:
        g.metadata("TFLITE_METADATA", "\0".join(declared).encode())
    made = tempfile.TemporaryDirectory()
    FOLDERS.append(made)  # it is there as long as the tests run
    path = Path(made.name) / PATH
    path.write_bytes(g.to_bytes() + tail)
    return path


def bad() -> Path:
    return model(zipped(("labels.txt", b"a\nb\n"), ("../../.bashrc", b"#!/bin/sh\n")), "labels.txt", "../../.bashrc")


def good() -> Path:
    return model(zipped(("labels.txt", b"a\nb\n")), "labels.txt")


def test_labels_that_the_metadata_names_are_fine() -> None:
    assert findings(RULE, good()) == []
    assert findings(RULE, model(b"")) == []
    assert findings(RULE, model(zipped(("codes.txt", b"MZ\nNA\n")), "codes.txt")) == []


def test_a_member_that_leads_away_is_an_error() -> None:
    for name in ("../../.bashrc", "/etc/passwd", "C:\\x", "a/../../b"):
        [found] = findings(RULE, model(zipped((name, b"a")), name))
        assert found.severity is Severity.ERROR
        assert "leads out of the folder" in found.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pkl", b"x"),
        ("a.so", b"x"),
        ("run.sh", b"x"),
        ("a", b"\x7fELF"),
        ("a", b"MZ\x90\x00"),
        ("labels.txt", b"\x80\x04\x95"),
        ("a", b"#!/bin/sh"),
    ],
)
def test_programs_scripts_and_pickles_are_errors_by_name_or_content(name: str, content: bytes) -> None:
    [found] = findings(RULE, model(zipped((name, content)), name))
    assert found.severity is Severity.ERROR


def test_all_unfit_members_are_one_finding() -> None:
    [found] = findings(RULE, model(zipped(("a.py", b""), ("b.py", b""), ("c.py", b"")), "a.py b.py c.py"))
    assert "and 2 others are unfit too" in found.message
    assert len(found.evidence["members"]) == 3


def test_links_encrypted_members_and_bombs_are_errors() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    [found] = findings(RULE, model(zipped((link, b"/etc")), "link"))
    assert "is a symbolic link" in found.message
    locked = bytearray(zipped(("a.txt", b"abc")))
    for place, mark in ((6, b"PK\3\4"), (8, b"PK\1\2")):
        locked[locked.index(mark) + place] |= 1
    [found] = findings(RULE, model(bytes(locked), "a.txt"))
    assert "is encrypted" in found.message
    [found] = findings(RULE, model(zipped(("zeros", bytes(4 << 20)), packed=True), "zeros"))
    assert "would be unpacked from" in found.message


def test_a_member_that_the_metadata_does_not_name_is_a_note() -> None:
    [found] = findings(RULE, model(zipped(("labels.txt", b"a"))))
    assert found.severity is Severity.NOTE
    assert "it has no metadata to name" in found.message
    [found] = findings(RULE, model(zipped(("labels.txt", b"a"), ("folder/", b"")), "other.txt"))
    assert "its metadata does not name" in found.message


def test_bytes_between_members_are_a_warning() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", b"a")
        assert archive.fp is not None
        archive.fp.write(bytes(100))
        archive.start_dir = archive.fp.tell()
        archive.writestr("b.txt", b"b")
    [found] = findings(RULE, model(file.getvalue(), "a.txt b.txt"))
    assert found.severity is Severity.WARNING
    assert "100 bytes between the members" in found.message


def damaged(change: Callable[[bytearray, int], None]) -> Path:
    whole = bytearray(zipped(("a.txt", b"a")))
    change(whole, whole.index(b"PK\5\6"))
    return model(bytes(whole), "a.txt")


def test_an_archive_that_cannot_be_read_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def many(whole: bytearray, end: int) -> None:
        whole[end + 8 : end + 12] = b"\xff\xff\xff\xff"

    def elsewhere(whole: bytearray, end: int) -> None:
        whole[end + 12 : end + 16] = b"\xff\xff\x0f\0"

    for change in (many, elsewhere):
        [found] = findings(RULE, damaged(change))
        assert found.severity is Severity.WARNING
        assert "cannot be read" in found.message
    monkeypatch.setattr(archives, "_MOST_MEMBERS", 1)

    def one(whole: bytearray, end: int) -> None:
        whole[end + 8 : end + 12] = b"\1\0\1\0"

    whole = bytearray(zipped(("a.txt", b"a"), ("b.txt", b"b")))
    one(whole, whole.index(b"PK\5\6"))
    [found] = findings(RULE, model(bytes(whole), "a.txt b.txt"))
    assert "it has 2 members" in found.message


def test_a_member_whose_head_lies_or_is_damaged_is_listed() -> None:
    whole = bytearray(zipped(("a.txt", b"abc" * 50), packed=True))
    whole[whole.index(b"a.txt") + 5 : whole.index(b"a.txt") + 8] = b"\xff\xff\xff"
    assert findings(RULE, model(bytes(whole), "a.txt")) == []


def test_a_keras_archive_is_looked_at_for_programs_only(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(zipped(("config.json", b"{}"), ("metadata.json", b"{}"), ("../x", b"")))
    assert findings(RULE, Model(str(path), Format.KERAS, 1)) == []
    path.write_bytes(zipped(("config.json", b"{}"), ("assets/a.pkl", b"")))
    [found] = findings(RULE, Model(str(path), Format.KERAS, 1))
    assert "'assets/a.pkl', a member of the archive in the file, is a pkl file" in found.message


def test_a_file_that_is_gone_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(RULE, Model(PATH + ".gone", Format.KERAS, 1)) == []
    path = good()

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("builtins.open", refuse)
    assert archives.archive(str(path)) is None
