"""What a run measured, kept in a file and read again."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comparisons import BLAME, compared, figures, output
from tflint.compare import record as module
from tflint.compare.comparing import Settings
from tflint.compare.record import SCHEMA, read_run, write_run
from tflint.compare.session import Session
from tflint.comparison import Comparison, Disagreement, Ended, EngineRun, Inside
from tflint.errors import RunError

FULL = compared(
    output(30.0, figures=figures(30.0, steps=2.5, top1=0.5)),
    output(inf, place=1, fits_better=0, worst=None),
    blame=replace(BLAME, inherited=figures(3.0), ops=("0/1:A", "0/2:B"), others=2),
    inside=(Inside("0/t1", "constant", 1.0), Inside("0/t2", "saturated", 0.25, 3)),
    disagreement=Disagreement(("xnnpack", "builtin"), "0/1:A", "0/t1", figures(None), "xnnpack"),
    facts={"repeat": "", "batch": "invoke: no"},
    left_out=("It is late.",),
    runs=(
        EngineRun("xnnpack", Ended.DONE, "LiteRT 2.3.0", seconds=1.5, delegated=3),
        EngineRun("builtin", Ended.CRASHED, "LiteRT 2.3.0", "invoke", 2, "its process ended", "detail"),
    ),
)


def session(**done: Comparison) -> Session:
    made = Session(Settings(), 60.0, 1)
    made.done = {f"{name}.tflite": (f"digest of {name}", found) for name, found in done.items()}
    return made


def written(folder: Path, document: Any, **arrays: Any) -> Path:
    """A file whose document is this, as text or to be written as JSON."""
    text = document if isinstance(document, str) else json.dumps(document)
    path = folder / "run.npz"
    with path.open("wb") as file:
        np.savez(file, **{"tflint": np.frombuffer(text.encode(), np.uint8), **arrays})
    return path


def plain() -> dict[str, Any]:
    """The document of a run of one model."""
    path = io.BytesIO()
    found = session(a=FULL)
    with pytest.MonkeyPatch.context() as patch:
        kept: list[Any] = []
        patch.setattr(np, "savez_compressed", lambda _, **held: kept.append(held["tflint"]))
        patch.setattr(module, "open", lambda *_: path, raising=False)
        write_run(Path("x"), found)
    document: dict[str, Any] = json.loads(kept[0].tobytes())
    return document


DOCUMENT = plain()


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    write_run(path, session(a=FULL, b=Comparison()))
    assert read_run(path) == {
        "a.tflite": ("digest of a", FULL),
        "b.tflite": ("digest of b", Comparison()),
    }
    write_run(path, session())
    assert read_run(path) == {}


def test_numbers_that_json_does_not_know_come_back(tmp_path: Path) -> None:
    write_run(tmp_path / "run.npz", session(a=compared(output(inf, span=(-inf, nan)))))
    [(_, found)] = read_run(tmp_path / "run.npz").values()
    assert found.outputs[0].figures.snr_db == inf
    assert np.isnan(found.outputs[0].span[1])


def test_any_name_may_be_written_to(tmp_path: Path) -> None:
    write_run(tmp_path / "a run", session(a=FULL))
    assert (tmp_path / "a run").is_file()
    assert read_run(tmp_path / "a run")


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"^The run '.*none/run.npz' cannot be written: No such file or directory\.$"):
        write_run(tmp_path / "none" / "run.npz", session())


def refused(path: Path) -> str:
    with pytest.raises(RunError) as raised:
        read_run(path)
    text = str(raised.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def _changed(change: Callable[[dict[str, Any]], Any]) -> Any:
    document = json.loads(json.dumps(DOCUMENT))
    held = document["models"]["a.tflite"]
    return change(held) or document


BROKEN: dict[str, Any] = {
    "no object": [1],
    "no text": 5,
    "no schema": {"models": {}},
    "no models": {"schema": SCHEMA},
    "a list of models": {"schema": SCHEMA, "models": [1]},
    "a model that is none": {"schema": SCHEMA, "models": {"a": 5}},
    "no digest": _changed(lambda held: held.pop("digest") and None),
    "an unknown field": _changed(lambda held: held.update(more=1)),
    "a field of another type": _changed(lambda held: held.update(feeds=5)),
    "a number for a text": _changed(lambda held: held["outputs"][0].update(name=5) or held.update(outputs=[5])),
    "a truth value for a number": _changed(lambda held: held["outputs"][0].update(place=True)),
    "a fraction for a place": _changed(lambda held: held["outputs"][0].update(place=1.5)),
    "a number for a truth value": _changed(lambda held: held["outputs"][0]["figures"].update(finite=1)),
    "a span of three": _changed(lambda held: held["outputs"][0].update(span=[1, 2, 3])),
    "an end that there is not": _changed(lambda held: held["runs"][0].update(ended="well")),
    "figures missing": _changed(lambda held: held["outputs"][0].pop("figures") and None),
    "nothing where something must be": _changed(lambda held: held["outputs"][0].update(figures=None)),
    "facts that are none": _changed(lambda held: held.update(facts=["x"])),
    "deep nesting": "[" * 100_000,
    "deep nesting in a field": json.dumps(DOCUMENT).replace('"constant"', "[" * 100_000),
    "no json": "{",
}


@pytest.mark.parametrize("name", BROKEN)
def test_documents_that_make_no_sense_are_one_sentence(name: str, tmp_path: Path) -> None:
    assert refused(written(tmp_path, BROKEN[name])).endswith("run.npz' is no run that --save-run wrote.")


def test_another_version_is_said_so(tmp_path: Path) -> None:
    text = refused(written(tmp_path, {"schema": "tflint-run/9", "models": {}}))
    assert text.endswith("run.npz' is a saved run of another version: 'tflint-run/9'.")


def test_a_whole_number_is_one_that_may_have_a_fraction(tmp_path: Path) -> None:
    document = _changed(lambda held: held["outputs"][0]["figures"].update(max_abs=3))
    [(_, found)] = read_run(written(tmp_path, document)).values()
    assert found.outputs[0].figures.max_abs == 3.0


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    assert refused(path).endswith("is no run that --save-run wrote.")


def test_what_is_not_there_or_is_a_folder_is_one_sentence(tmp_path: Path) -> None:
    assert refused(tmp_path / "none").endswith("cannot be read: No such file or directory.")
    assert refused(tmp_path).endswith("cannot be read: Is a directory.")


def test_archives_of_something_else_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    np.savez(path, other=np.ones(2))
    assert refused(path).endswith("is no run that --save-run wrote.")
    with zipfile.ZipFile(path, "w") as held:
        held.writestr("tflint.npy", b"no array")
    assert refused(path).endswith("is no run that --save-run wrote.")
    with zipfile.ZipFile(path, "w") as held:
        held.writestr("tflint", b"{}")
    assert refused(path).endswith("is no run that --save-run wrote.")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.write_text, (tmp_path / "was here", "x"))

    path = tmp_path / "run.npz"
    np.savez(path, tflint=np.array([Evil()], object))
    assert refused(path).endswith("is no run that --save-run wrote.")
    with zipfile.ZipFile(path, "w") as held:
        held.writestr("tflint.npy", pickle.dumps(Evil()))
    refused(path)
    assert not (tmp_path / "was here").exists()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as held, held.open("tflint.npy", "w") as member:
        for _ in range(257):
            member.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    assert refused(path).endswith("cannot be read: it is larger than a run can be.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all values inside a document."""
    found = [at] if at else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += _places(each, (*at, key))
    return found


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.sampled_from(_places(DOCUMENT)), value=JSON)
def test_whatever_stands_in_the_document_it_is_a_run_or_one_sentence(
    at: tuple[Any, ...], value: Any, tmp_path: Path
) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    inner = document
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    path = written(tmp_path, document)
    try:
        found = read_run(path)
    except RunError as reason:
        assert "\n" not in str(reason).replace(str(path), "")  # noqa: PT017
    else:
        assert all(isinstance(each, Comparison) for _, each in found.values())


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_are_changed_it_is_a_run_or_one_sentence(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    if not path.exists():
        write_run(path, session(a=FULL))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "changed.npz").write_bytes(content[: data.draw(st.sampled_from([None, len(content) // 2]))])
    try:
        read_run(tmp_path / "changed.npz")
    except RunError as reason:
        assert str(reason)  # noqa: PT017


def _stored(header: dict[str, Any], content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue() + content


@pytest.mark.parametrize("length", [1 << 44, 1 << 80])
def test_an_array_that_declares_more_than_is_there_is_one_sentence(length: int, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with zipfile.ZipFile(path, "w") as held:
        held.writestr("tflint.npy", _stored({"descr": "|u1", "fortran_order": False, "shape": (length,)}))
    assert refused(path).endswith("is no run that --save-run wrote.")


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (10, 99)])
def test_encrypted_and_unknown_methods_are_one_sentence(offset: int, value: int, tmp_path: Path) -> None:
    path = written(tmp_path, DOCUMENT)
    content = bytearray(path.read_bytes())
    for mark, back in ((b"PK\x01\x02", 0), (b"PK\x03\x04", 2)):
        content[content.find(mark) + offset - back] = value
    path.write_bytes(content)
    assert refused(path).endswith("is no run that --save-run wrote.")


def test_a_number_beyond_all_floats_is_one_sentence(tmp_path: Path) -> None:
    document = _changed(lambda held: held["outputs"][0]["figures"].update(max_abs=10**400))
    assert refused(written(tmp_path, document)).endswith("is no run that --save-run wrote.")
