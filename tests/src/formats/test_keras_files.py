"""Keras files that are damaged, hostile, or of another kind: a sentence for each, and never an exception."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from keras_files import (
    SMALL,
    Here,
    archive,
    hdf5_file,
    keras_file,
    layer,
    save,
    sequential,
    small,
    stay_here,
    values,
    whole_h5,
)
from tflint import formats
from tflint.formats import read
from tflint.formats.keras import hdf5, reader, worker
from tflint.formats.keras.config import Unreadable, parse
from tflint.formats.keras.hdf5 import Look, Window
from tflint.inspection import inspect
from tflint.model import Format, Model, Problem, ProblemKind

H5 = hdf5_file(SMALL)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    stay_here(monkeypatch)


def of(tmp_path: Path, data: bytes, name: str = "m.keras") -> Model:
    return read(save(tmp_path / name, data))


def only(model: Model) -> Problem:
    (problem,) = model.problems
    return problem


def rezipped(data: bytes, change: Any) -> bytes:
    """An archive whose members a function changes: it takes the ZipInfo and the content."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            change(info)
            new.writestr(info, content)
    return out.getvalue()


# -- the JSON


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b"3", "it is no JSON object"),
        (b'{"a":', "it is no JSON"),
        (b"\xff\xff{}", "it is no"),
        (b'{"a": "\xff"}', "it is no text: byte 7 is no utf-8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it is no JSON"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "it nests deeper than 200 levels"),
        (b'{"a":' + b"[" * 100_000, "it nests deeper than 200 levels"),
    ],
    ids=lambda text: str(text[:12]),
)
def test_json_that_is_none_is_told(text: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        parse(text)


@pytest.mark.usefixtures("here")
def test_a_configuration_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    model = of(tmp_path, keras_file(b"{"))
    problem = only(model)
    assert (model.graphs, problem.kind, problem.fatal) == ((), ProblemKind.DAMAGED, True)
    assert problem.message.startswith(
        "The description of the model's layers, config.json, cannot be read: it is no JSON"
    )
    model = of(tmp_path, whole_h5("{", {}), "m.h5")
    assert only(model).message.startswith("The description of the model's layers, the attribute model_config, cannot")
    assert only(model).fatal


@pytest.mark.usefixtures("here")
def test_a_long_configuration_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LONGEST_CONFIG", 100)
    assert "it has " in only(of(tmp_path, keras_file(small()))).message
    assert "characters, and tflint reads at most 100" in only(of(tmp_path, whole_h5(small(), {}), "m.h5")).message


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("metadata", [b"{", b"[]", b'{"keras_version": 3}', b"{}"])
def test_metadata_that_says_nothing_is_no_problem(metadata: bytes, tmp_path: Path) -> None:
    parts = {"metadata.json": metadata, "config.json": json.dumps(small()).encode(), "model.weights.h5": H5}
    model = of(tmp_path, archive(parts))
    assert (model.producer, model.problems) == ("", ())


# -- the archive


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "\\x", "c:\\x", "a/../../b", "a\\..\\..\\b"])
def test_a_member_that_leads_out_of_its_folder_is_told(name: str, tmp_path: Path) -> None:
    model = of(tmp_path, keras_file(small(), **{name: b"x"}))
    assert "which leads out of the folder" in only(model).message
    assert len(model.graphs[0].ops) == 2


@pytest.mark.usefixtures("here")
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_hide_each_other_are_told(tmp_path: Path) -> None:
    path = Path(save(tmp_path / "m.keras", keras_file(small())))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("config.json", json.dumps(sequential([layer("Dense", "other" * 30)])))
        file.writestr("a" * 100, b"")
        file.writestr("a" * 100, b"")
    messages = [problem.message for problem in read(path).problems]
    assert "The archive has 2 members of the name 'config.json'" in messages[0]
    assert "…'" in messages[1]


@pytest.mark.usefixtures("here")
def test_a_symbolic_link_is_told(tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        if info.filename == "metadata.json":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert "is a symbolic link" in only(of(tmp_path, rezipped(keras_file(small()), link))).message


@pytest.mark.usefixtures("here")
def test_bytes_before_and_after_the_archive_are_told(tmp_path: Path) -> None:
    data = b"PK\3\4" + bytes(300) + keras_file(small()) + b"x" * 20
    messages = [problem.message for problem in of(tmp_path, data).problems]
    assert messages == [
        "The file has 304 bytes before the archive, which Keras does not write.",
        "The file has 20 bytes after the archive, which Keras does not write.",
    ]
    assert len(of(tmp_path, data).graphs[0].ops[0].weights) == 2


def encrypted(data: bytes, name: bytes) -> bytes:
    """The archive with the flag of encryption at one of its members."""
    marked = bytearray(data)
    place = marked.rindex(name) - 46
    assert marked[place : place + 4] == b"PK\1\2"
    marked[place + 8] |= 1
    marked[marked.index(name) - 30 + 6] |= 1
    return bytes(marked)


@pytest.mark.usefixtures("here")
def test_encrypted_members_are_told(tmp_path: Path) -> None:
    data = keras_file(small())
    assert (
        "config.json, cannot be read: it is encrypted." in only(of(tmp_path, encrypted(data, b"config.json"))).message
    )
    model = of(tmp_path, encrypted(data, b"model.weights.h5"))
    assert only(model).message == "The weights, model.weights.h5, cannot be read: it is encrypted."
    assert len(model.graphs[0].ops) == 2


@pytest.mark.usefixtures("here")
def test_an_archive_without_weights_has_its_layers(tmp_path: Path) -> None:
    model = of(tmp_path, archive({"metadata.json": b"{}", "config.json": json.dumps(small()).encode()}))
    assert only(model).message == "The archive has no model.weights.h5: the values of the weights are not in it."
    assert len(model.graphs[0].ops) == 2


@pytest.mark.usefixtures("here")
def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    begin = time.process_time()
    data = keras_file(b" " * (31 << 20) + b"{}", compression=zipfile.ZIP_DEFLATED)
    assert "would be unpacked from" in only(of(tmp_path, data)).message
    data = keras_file(small(), bytes(64 << 20), compression=zipfile.ZIP_DEFLATED)
    assert "would be unpacked from" in only(of(tmp_path, data)).message
    data = keras_file(b" " * (33 << 20), compression=zipfile.ZIP_DEFLATED)
    assert "it has 34,603,008 bytes, and tflint reads at most 33,554,432" in only(of(tmp_path, data)).message
    assert time.process_time() - begin < 5


def declared(data: bytes, name: bytes, size: int) -> bytes:
    """The archive with another size for a member in the list at its end."""
    changed = bytearray(data)
    place = changed.rindex(name) - 46
    changed[place + 24 : place + 28] = size.to_bytes(4, "little")
    return bytes(changed)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("size", [1, 900_000])
def test_a_member_that_is_not_as_large_as_it_says_is_damaged(size: int, tmp_path: Path) -> None:
    data = keras_file(small(), compression=zipfile.ZIP_DEFLATED)
    assert "config.json, cannot be read:" in only(of(tmp_path, declared(data, b"config.json", size))).message
    assert (
        of(tmp_path, declared(data, b"model.weights.h5", size)).problems[0].message.startswith("The weights, model.we")
    )
    stored = keras_file(small())
    assert len(of(tmp_path, declared(stored, b"model.weights.h5", size)).problems) == 1


def test_a_member_that_goes_on_after_its_end_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = keras_file(small(), compression=zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *_: b"x" * (1 << 20))
    assert "it unpacks to more than the " in only(of(tmp_path, data)).message


@pytest.mark.usefixtures("here")
def test_an_archive_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "m.keras", keras_file(small())[:-30])
    problem = only(reader.read(path, Format.KERAS))
    assert (problem.kind, problem.fatal) == (ProblemKind.TRUNCATED, True)
    assert problem.message == "The archive cannot be read: File is not a zip file."


@pytest.mark.usefixtures("here")
def test_a_place_that_lies_outside_of_the_file_is_not_used(tmp_path: Path) -> None:
    data = bytearray(keras_file(small()))
    place = data.rindex(b"model.weights.h5") - 46
    data[place + 42 : place + 46] = (len(data) - 10).to_bytes(4, "little")
    assert "The weights, model.weights.h5, cannot be read" in of(tmp_path, bytes(data)).problems[0].message


# -- HDF5


@pytest.mark.usefixtures("here")
def test_an_h5_file_without_layers_is_told_from_a_model(tmp_path: Path) -> None:
    cases = {
        "the weights of a Keras model and not its layers, as save_weights() writes them: 3 arrays": H5,
        "save_weights() writes them: 1 arrays": hdf5_file({"a/a/k": values(2)}, {"": {"layer_names": [b"a"]}}),
        "writes them: 0 arrays": hdf5_file({}, {"model_weights": {}}),
        "is HDF5 and no Keras model: it holds 'a', 'b', 'c' and 1 more, and no model_config": hdf5_file(
            dict.fromkeys("abcd", values(1))
        ),
        "it holds nothing, and no model_config. Nothing in it was checked.": hdf5_file({}),
    }
    for said, data in cases.items():
        model = of(tmp_path, data, "m.h5")
        problem = only(model)
        assert (problem.kind, problem.fatal, model.graphs) == (ProblemKind.UNSUPPORTED, True, ())
        assert said in problem.message


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("version", ["1.2.2", "0.3.3", None, "x", "99999.0", np.float32(2)])
def test_files_of_keras_1_are_told(version: Any, tmp_path: Path) -> None:
    model = of(tmp_path, whole_h5(small(), {}, version), "m.h5")
    assert only(model).kind is ProblemKind.UNSUPPORTED
    assert "saved by Keras 1" in only(model).message
    assert model.config == small()
    assert of(tmp_path, whole_h5("{", {}, version), "m.h5").config == {}


@pytest.mark.usefixtures("here")
def test_a_class_without_layers_in_an_h5_file_is_told(tmp_path: Path) -> None:
    model = of(tmp_path, whole_h5({"class_name": "Net", "config": {}}, {"fc": {"k": values(2)}}), "m.h5")
    assert "of the class 'Net'" in only(model).message
    assert [tensor.name for tensor in model.graphs[0].tensors] == ["fc/k"]


def test_damaged_hdf5_leaves_the_layers(tmp_path: Path) -> None:
    model = of(tmp_path, keras_file(small(), bytes(5000)))
    assert [op.address for op in model.graphs[0].ops] == ["layers/a", "layers/b"]
    assert only(model).message == "The HDF5 file of the weights is damaged: file signature not found."
    model = of(tmp_path, keras_file(small(), H5[:-500]))
    assert only(model).kind is ProblemKind.TRUNCATED
    assert f"cut off: it has {len(H5) - 500:,} of its {len(H5):,} bytes" in only(model).message


@pytest.mark.usefixtures("here")
def test_hdf5_of_another_shape_leaves_the_layers(tmp_path: Path) -> None:
    assert only(of(tmp_path, keras_file(small(), bytes(5000)))).message.endswith("file signature not found.")
    model = of(tmp_path, keras_file(small(), hdf5_file({"layers": values(2)}, {"": {"units": 3}})))
    assert model.problems == ()
    assert [tensor.address for tensor in model.graphs[0].tensors if tensor.data is not None] == ["layers"]
    assert (
        "config.json, cannot be read: it is not in the archive."
        in only(reader.read(save(tmp_path / "m.keras", archive({"model.weights.h5": H5})), Format.KERAS)).message
    )


def test_damaged_hdf5_alone_leaves_nothing(tmp_path: Path) -> None:
    problem = only(of(tmp_path, H5[:8] + bytes(5000), "m.h5"))
    assert problem.fatal
    assert problem.message.startswith("The HDF5 file is damaged: ")


@pytest.mark.usefixtures("here")
def test_what_leads_out_of_the_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"do not read me, never" * 100)
    other = save(tmp_path / "other.h5", hdf5_file({"a": values(2)}))
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["layers/dense/vars/1"] = values(3)
        group = file["layers/dense/vars"]
        group.create_dataset("0", (4, 3), "<f4", external=[(str(secret), 0, 48)])
        group["2"] = h5py.ExternalLink(other, "/a")
        group["3"] = h5py.SoftLink("/layers/dense/vars/1")
        layout = h5py.VirtualLayout((2,), "<f4")
        layout[:] = h5py.VirtualSource(other, "a", (2,))
        group.create_virtual_dataset("4", layout)
        file["layers/dense/again"] = file["layers"]
    model = of(tmp_path, keras_file(small(), out.getvalue()))
    told = sorted(problem.message for problem in model.problems)
    assert [message.partition("'layers")[2] for message in told] == [
        "/dense/vars/0' has its values in another file, and they were not read.",
        "/dense/vars/2' is a link to another place or another file, and was not followed.",
        "/dense/vars/3' is a link to another place or another file, and was not followed.",
        "/dense/vars/4' has its values in another file, and they were not read.",
    ]
    assert [weight.data is None for weight in model.graphs[0].ops[0].weights] == [True, False, True]


@pytest.mark.usefixtures("here")
def test_arrays_that_are_larger_than_what_is_stored_are_not_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("layers/dense/vars/0", (1 << 20, 1 << 20), "<f4", chunks=(64, 64), compression="gzip")
        file.create_dataset("layers/dense/vars/1", (40,), "<f4")
        file.create_dataset("layers/dense/vars/2", dtype="<f4", shape=None)
    model = of(tmp_path, keras_file(small(), out.getvalue()))
    assert "is 4,398,046,511,104 bytes large by its shape, and 0 are stored; it was not read" in only(model).message
    huge, unwritten, nothing = model.graphs[0].ops[0].weights
    assert (huge.shape, huge.data) == ((1 << 20, 1 << 20), None)
    assert np.array_equal(unwritten.array(), np.zeros(40))
    assert nothing.data is None


@pytest.mark.usefixtures("here")
def test_copies_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_LARGEST_VALUES", 100)
    data = keras_file(
        small(), hdf5_file({"layers/dense/vars/0": values(4, 3), "layers/dense/vars/1": values(40)}, chunks=True)
    )
    model = of(tmp_path, data)
    assert "too large to copy: 160 bytes" in only(model).message
    assert [weight.data is None for weight in model.graphs[0].ops[0].weights] == [False, True]


@pytest.mark.usefixtures("here")
def test_filters_that_the_library_does_not_have_are_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((2,))
        plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
        h5py.h5d.create(
            file.create_group("layers/dense/vars").id, b"0", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((2,)), plan
        )
    assert (
        "is stored with a filter that h5py does not have"
        in only(of(tmp_path, keras_file(small(), out.getvalue()))).message
    )


@pytest.mark.usefixtures("here")
def test_bounds_on_objects_names_attributes_and_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["layers/dense/vars/0"] = values(2)
        file["layers/" + "n" * 5000] = values(2)
        file["/".join("d" * 100) + "/x"] = values(2)
        file["named"] = np.dtype("<f4")
        file.attrs["name"] = np.zeros((2, 2))
        file.attrs["backend"] = h5py.Empty("S4")
        file["layers"].attrs["name"] = "long" * 20
    monkeypatch.setattr(worker, "_LONGEST_ATTRIBUTE", 60)
    model = of(tmp_path, keras_file(small(), out.getvalue()))
    told = sorted(problem.message[-60:] for problem in model.problems)
    assert len(told) == 1
    assert told[0].endswith("has too long a name, and was not read.")
    assert not any("x" in tensor.name for tensor in model.graphs[0].tensors[4:])
    monkeypatch.setattr(worker, "_MOST_OBJECTS", 3)
    assert "is one of more than 3 objects" in of(tmp_path, keras_file(small())).problems[0].message


@pytest.mark.usefixtures("here")
def test_long_attributes_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_LONGEST_ATTRIBUTE", 60)
    data = hdf5_file(SMALL, {"layers/dense/vars": {"name": np.bytes_(b"a" * 70)}})
    assert "has an attribute 'name' that is too long" in only(of(tmp_path, keras_file(small(), data))).message


@pytest.mark.usefixtures("here")
def test_faults_of_the_library_stay_with_their_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    data = keras_file(small(), hdf5_file(SMALL, {"layers/dense/vars": {"name": "a"}}))
    monkeypatch.setattr(worker, "_plain", fail)
    assert (
        "has an attribute 'name' that cannot be read: it asks for too much memory" in only(of(tmp_path, data)).message
    )
    monkeypatch.setattr(worker._Look, "_dataset", fail)
    assert (
        len([problem for problem in of(tmp_path, data).problems if "/vars/0' cannot be read" in problem.message]) == 2
    )
    monkeypatch.setattr(worker._Look, "_attributes", fail)
    said = "'layers/dense/vars' cannot be read: it asks for too much memory."
    assert any(problem.message.endswith(said) for problem in of(tmp_path, data).problems)


def test_only_some_faults_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = worker._Look([])
    for number in range(50):
        found.fault(f"a{number}", KeyError("no\nsuch"))
    assert len(found.faults) == 20
    assert found.faults[0] == "'a0' no"
    assert worker._said(KeyError()) == "KeyError"
    assert worker._said(OSError("Unable to open (it is gone).")) == "it is gone"


def test_a_window_is_a_file_of_its_own(tmp_path: Path) -> None:
    with open(save(tmp_path / "f", b"0123456789"), "rb", buffering=0) as file:
        window = worker._Window(file, 2, 5)
        assert window.read() == b"23456"
        assert (window.seek(1), window.read(2), window.tell()) == (1, b"34", 3)
        assert window.seek(-1, os.SEEK_CUR) == 2
        assert window.seek(-1, os.SEEK_END) == 4
        with pytest.raises(OSError, match="it refers to byte 6, and ends at byte 5"):
            window.read(2)
        with pytest.raises(OSError, match="became shorter"):
            worker._Window(file, 2, 50).read(20)


# -- the process


def look(data: bytes, tmp_path: Path) -> hdf5.Stored:
    path = save(tmp_path / "w.h5", data)
    with open(path, "rb") as file, Look(file, [Window(memoryview(data), 0, len(data))]) as found:
        return found.result()


def test_a_process_of_its_own_reads_hdf5(tmp_path: Path) -> None:
    stored = look(H5, tmp_path)
    assert (stored.error, set(stored.datasets)) == ("", set(SMALL))


@pytest.mark.skipif(os.name == "nt", reason="has no signals")
def test_the_end_of_the_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "worker.py"
    monkeypatch.setattr(hdf5, "_WORKER", str(script))
    cases = {
        "import os; os.kill(os.getpid(), 11)": "reading it ended the process with SIGSEGV",
        "import os; os.kill(os.getpid(), __import__('signal').SIGXCPU)": "reading it ended the process with SIGXCPU: it took too long",
        "import os; os._exit(3)": "reading it ended the process with status 3",
        "import os; os._exit(200)": "reading it ended the process with status 200",
        f"import sys; sys.exit({worker.NO_LIBRARY})": "h5py cannot be imported",
        "print('nonsense' * 9)": "what was read of it makes no sense",
        "": "what was read of it makes no sense",
    }
    for text, said in cases.items():
        script.write_text(text)
        assert look(H5, tmp_path).error == said
    script.write_text("import time; time.sleep(99)")
    monkeypatch.setattr(hdf5, "_SECONDS", 0.2)
    assert "it took more than" in look(H5, tmp_path).error


def test_a_process_that_cannot_be_started_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    model = of(tmp_path, keras_file(small()))
    message = "The HDF5 file of the weights was not read: the process that reads HDF5 cannot be started: No such file or directory."
    assert (only(model).kind, only(model).message) == (ProblemKind.UNSUPPORTED, message)
    assert len(model.graphs[0].ops) == 2


def test_a_document_that_points_out_of_the_file_is_not_believed() -> None:
    window = Window(memoryview(bytes(10)), 0, 10)
    for offset in (-1, 9, 1 << 70):
        assert hdf5._dataset(window, "f4", (1,), offset, None).data is None
    assert hdf5._dataset(window, "f4", (1,), 2, None).byte_offset == 2
    assert hdf5._dataset(window, "f4", (2,), None, memoryview(b"abcd")).data is None


def test_the_script_limits_itself_and_knows_when_h5py_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-P", hdf5._WORKER]
    (tmp_path / "h5py.py").write_text("raise ImportError")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert (
        subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL).returncode == worker.NO_LIBRARY
    )
    (tmp_path / "h5py.py").write_text("held = bytearray(3 << 30)")
    done = subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    if sys.platform == "linux":
        assert b"MemoryError" in done.stderr


def test_the_limits_are_those_that_the_system_has(monkeypatch: pytest.MonkeyPatch) -> None:
    set_: list[tuple[str, tuple[int, int]]] = []
    fake = SimpleNamespace(
        RLIMIT_CORE="core", RLIMIT_CPU="cpu", RLIMIT_AS="as", setrlimit=lambda *each: set_.append(each)
    )
    monkeypatch.setitem(sys.modules, "resource", fake)
    worker._limit(3 << 20)
    assert set_ == [("core", (0, 0)), ("cpu", (11, 11)), ("as", (2 << 30, 2 << 30))]
    worker._limit(3 << 40)
    assert set_[4] == ("cpu", (60, 60))


def test_limits_that_the_system_does_not_have_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    worker._limit(1)


def test_the_script_is_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    path = save(tmp_path / "w.h5", H5)
    out = tmp_path / "out"
    monkeypatch.setitem(sys.modules, "resource", None)  # this process has no limits
    monkeypatch.setattr(sys, "argv", ["worker.py", "0", str(len(H5))])
    kept = os.dup(0)
    try:
        with open(path, "rb") as file, open(out, "w") as written:
            os.dup2(file.fileno(), 0)
            monkeypatch.setattr(sys, "stdout", written)
            runpy.run_path(hdf5._WORKER, run_name="__main__")
    finally:
        os.dup2(kept, 0)
        os.close(kept)
    assert b"layers/dense/vars/0" in out.read_bytes()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(hdf5._WORKER, run_name="__main__")
    assert ended.value.code == worker.NO_LIBRARY


def test_many_problems_of_one_kind_are_counted(tmp_path: Path) -> None:
    members = {f"../{number}": b"" for number in range(30)}
    model = of(tmp_path, keras_file(small(), **members))
    assert len(model.problems) == 21
    assert model.problems[-1].message == "10 more parts of the file have a fault of this kind."


def test_another_name_does_not_hide_a_keras_file(tmp_path: Path) -> None:
    assert of(tmp_path, H5, "m.keras").format is Format.KERAS_H5
    assert of(tmp_path, keras_file(small()), "m.h5").format is Format.KERAS
    assert formats.read(save(tmp_path / "m.tflite", keras_file(small()))).problems[0].kind is ProblemKind.NOT_A_MODEL
    assert issubclass(Here, Look)


def test_a_check_of_a_keras_file_says_what_it_did_and_imports_neither_keras_nor_h5py(tmp_path: Path) -> None:
    path = save(tmp_path / "m.keras", keras_file(small()))
    text = "import sys; from tflint.__main__ import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", text, "check", path], check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert "unsupported" not in done.stdout
    assert "rules ran" in done.stdout
    assert not {"h5py", "keras", "tensorflow", "ai_edge_litert", "tflite"} & set(done.stderr.split())


@pytest.mark.usefixtures("here")
def test_an_inspection_of_a_keras_file_is_json(tmp_path: Path) -> None:
    document = inspect([of(tmp_path, keras_file(small()))], tensors=True)
    told = json.loads(json.dumps(document))["models"][0]
    assert told["format"] == "keras"
    assert [op["kind"] for op in told["graphs"][0]["ops"]] == ["Dense", "Dense"]
    assert [op["conversion"]["status"] for op in told["graphs"][0]["ops"]] == ["builtin", "builtin"]
    assert told["graphs"][0]["memory"] is None


def test_keras_goes_by_the_name_and_one_that_does_not_fit_is_told(tmp_path: Path) -> None:
    [problem] = read(save(tmp_path / "m.keras", whole_h5(small(), {}))).problems
    assert (problem.kind, problem.fatal) == (ProblemKind.IDENTIFIER, False)
    assert "HDF5 under the name of a .keras archive" in problem.message
    [problem] = read(save(tmp_path / "m.h5", keras_file(small()))).problems
    assert "a .keras archive under the name of an HDF5 file" in problem.message


def test_a_scope_that_tensorflow_numbered_is_the_layers(tmp_path: Path) -> None:
    arrays = {"a": {"a_1/kernel:0": values(4, 3), "a_1/bias:0": values(3)}, "b": {"b_out/kernel:0": values(3, 2)}}
    model = read(save(tmp_path / "m.h5", whole_h5(small(), arrays)))
    names = [[weight.name for weight in op.weights] for op in model.graphs[0].ops]
    assert names == [["kernel", "bias"], ["b_out/kernel"]]
