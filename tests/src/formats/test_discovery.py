"""Which files are models, and what is said of those that are not."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import socket
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tflint import ReadError
from tflint import formats as module
from tflint.formats import discover, read
from tflint.model import Format, Problem, ProblemKind
from tflint.testing import GraphBuilder

MODEL = GraphBuilder().to_bytes()
HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(600)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 4440\n"


def archive(**parts: bytes) -> bytes:
    """A zip archive; two underscores in a name stand for a dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in parts.items():
            written.writestr(name.replace("__", "."), data)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as written:
        written.addfile(tarfile.TarInfo("model.tflite"))
    return file.getvalue()


def numpy_file() -> bytes:
    file = io.BytesIO()
    np.save(file, np.ones(3))
    return file.getvalue()


KERAS = archive(config__json=b"{}", metadata__json=b"{}", model__weights__h5=HDF5)
TASK = archive(detector__tflite=MODEL, landmarks__tflite=MODEL, labels__txt=b"cat")

NO_MODELS: dict[str, tuple[bytes, ProblemKind, str, str]] = {
    "empty": (b"", ProblemKind.EMPTY, "The file is empty.", "again"),
    "one byte": (b"a", ProblemKind.TRUNCATED, "The file has 1 byte; no model is so short.", "Fetch"),
    "short": (b"\0\1\2\3\0", ProblemKind.TRUNCATED, "The file has 5 bytes", "Fetch"),
    "lfs": (LFS, ProblemKind.LFS_POINTER, "the model itself of 4,440 bytes was not fetched", "git lfs pull"),
    "lfs without a size": (LFS[:60], ProblemKind.LFS_POINTER, "the model itself was not fetched", "git lfs pull"),
    "annex": (b"/annex/objects/SHA256E-s4440--01.tflite\n", ProblemKind.LFS_POINTER, "git-annex", "git annex get"),
    "html": (b"\n<!DOCTYPE html><html>", ProblemKind.NOT_A_MODEL, "a web page", "download the file itself"),
    "xhtml": (b"<?xml version='1.0'?><html></html>", ProblemKind.NOT_A_MODEL, "a web page", "download"),
    "xml": (b"<?xml version='1.0'?><net></net>", ProblemKind.NOT_A_MODEL, "XML, and no model", "name a model"),
    "storage error": (
        b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        ProblemKind.NOT_A_MODEL,
        "XML: most likely the error message of a download",
        "Fetch",
    ),
    "plain xml": (b"<svg><g></g></svg>", ProblemKind.NOT_A_MODEL, "XML, and no model", "name a model"),
    "json": (b'{"error": "Entry not found"}', ProblemKind.NOT_A_MODEL, "JSON, and no model", "error message"),
    "text": (b"\xef\xbb\xbfNot Found: no such \xc3\xa4\n", ProblemKind.NOT_A_MODEL,
             "it begins with 'Not Found: no such \u00e4'.", "error message"),
    "latin text": (b"Gr\xf6\xdfe: 3 bytes of text", ProblemKind.NOT_A_MODEL, "The file is text", "error message"),
    "c source": (b"const unsigned char m[] = {0x1c, 0, 0, 0, 0x54, 0x46, 0x4C, 0x33,",
                 ProblemKind.NOT_A_MODEL, "a model as C source", "was made from"),
    "gzip": (gzip.compress(MODEL), ProblemKind.NOT_A_MODEL, "compressed with gzip", "gunzip"),
    "tar": (tarred(), ProblemKind.NOT_A_MODEL, "a tar archive", "tar xf"),
    "bzip2": (b"BZh91AY&SY" + bytes(20), ProblemKind.NOT_A_MODEL, "compressed with bzip2", "bunzip2"),
    "pickle": (pickle.dumps({"weights": [1, 2]}), ProblemKind.NOT_A_MODEL, "a Python pickle", "Convert"),
    "numpy": (numpy_file(), ProblemKind.NOT_A_MODEL, "a numpy array", "Name a model file"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ProblemKind.NOT_A_MODEL, "a PNG image", "Name a model file"),
    "program": (b"\x7fELF\2\1\1" + bytes(40), ProblemKind.NOT_A_MODEL, "a program or a library", "built with"),
    "zeros": (bytes(4000), ProblemKind.NOT_A_MODEL, "first 512 bytes of the file are zero", "again"),
    "noise": (bytes(range(200, 240)), ProblemKind.NOT_A_MODEL, "begins with c8 c9 ca cb cc cd ce cf", ".tflite"),
    "identifier": (MODEL[:4] + b"TFL2" + MODEL[8:], ProblemKind.IDENTIFIER, "identifier is 'TFL2'", "Convert"),
    "size in front": (len(MODEL).to_bytes(4, "little") + MODEL, ProblemKind.IDENTIFIER, "at byte 8", "without a size"),
    "onnx": (b"\x08\x07\x12\x07pytorch\x1a\x032.1:", ProblemKind.NOT_A_MODEL, "an ONNX model", "Convert"),
    "safetensors": ((40).to_bytes(8, "little") + b'{"w":{"dtype":"F32"}}' + bytes(60),
                    ProblemKind.NOT_A_MODEL, "safetensors", "Convert"),
    "gguf": (b"GGUF\3\0\0\0" + bytes(30), ProblemKind.NOT_A_MODEL, "a GGUF model", "Name a .tflite"),
    "litertlm": (b"LITERTLM\1\0\0\0" + bytes(40), ProblemKind.UNSUPPORTED, "a LiteRT-LM bundle", "Take the models out"),
    "task": (TASK, ProblemKind.UNSUPPORTED, "holds 'detector.tflite', 'landmarks.tflite'.", "unzip"),
    "keras without config": (archive(metadata__json=b"{}", model__weights__h5=HDF5),
                             ProblemKind.NOT_A_MODEL, "without its config.json", "model.save"),
    "pytorch": (archive(**{"archive/data__pkl": b"\x80\x02"}), ProblemKind.NOT_A_MODEL, "a PyTorch model", "Convert"),
    "zipped": (archive(**{"m/saved_model__pb": b"\x08"}), ProblemKind.NOT_A_MODEL, "archive of a SavedModel", "unzip"),
    "npz": (archive(a__npy=b"", b__npy=b""), ProblemKind.NOT_A_MODEL, "numpy arrays", "Name a model file"),
    "zip": (archive(a=b"", b=b"", c=b"", d=b""), ProblemKind.NOT_A_MODEL, "holds 'a', 'b', 'c' and 1 more", "Unpack"),
    "empty zip": (archive(), ProblemKind.NOT_A_MODEL, "an empty zip archive", "again"),
    "zip cut off": (KERAS[:-30], ProblemKind.TRUNCATED, "was cut off or damaged", "again"),
}  # fmt: skip


def problem(path: Path) -> Problem:
    """What is said of a file that cannot be read."""
    found = read(path)
    assert found.graphs == ()
    assert [each.fatal for each in found.problems] == [True]
    assert found.problems[0].location.path == str(path)
    return found.problems[0]


@pytest.mark.parametrize("name", NO_MODELS)
def test_each_kind_of_file_that_is_no_model_has_its_own_sentence(name: str, tmp_path: Path) -> None:
    data, kind, message, cure = NO_MODELS[name]
    path = tmp_path / "download.bin"
    path.write_bytes(data)
    found = problem(path)
    assert found.kind is kind
    assert message in found.message
    assert found.message.endswith(".")
    assert cure in found.help


@pytest.mark.parametrize("name", NO_MODELS)
def test_a_file_named_as_tflite_that_holds_something_else_is_never_only_unsupported(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(NO_MODELS[name][0])
    assert problem(path).kind is not ProblemKind.UNSUPPORTED


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (KERAS, Format.KERAS),
        (HDF5, Format.KERAS_H5),
        (b"\x08\1\x12\x05" + bytes(20), Format.SAVED_MODEL),
        (b"\n\x15\n\x05input\x12\x0bPlaceholder*\x0b", Format.SAVED_MODEL),
    ],
)
@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model", "model.TFLITE"])
def test_other_formats_are_known_by_their_content_whatever_their_name(
    data: bytes, format: Format, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    if name == "model.TFLITE":
        found = problem(path)
        assert found.kind is ProblemKind.NOT_A_MODEL
        assert "under the name of a TFLite file" in found.message
    else:
        assert read(path).format is format


@pytest.mark.parametrize("reason", [RuntimeError("encrypted"), NotImplementedError("compression"), OSError("gone")])
def test_an_archive_that_cannot_be_opened_is_damaged(
    reason: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise reason

    path = tmp_path / "model.zip"
    path.write_bytes(TASK)
    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    assert "in which tflint knows no model" in problem(path).message
    monkeypatch.setattr(zipfile.ZipFile, "namelist", fail)
    assert problem(path).kind is ProblemKind.TRUNCATED
    assert str(reason) in problem(path).message


def test_an_archive_may_be_cut_off_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    for size in range(0, len(KERAS), 3):
        path.write_bytes(KERAS[:size])
        assert problem(path).kind in {ProblemKind.TRUNCATED, ProblemKind.EMPTY}


@pytest.mark.parametrize("tail", [archive(labels__txt=b"cat\ndog"), bytes(1000)], ids=["associated files", "padding"])
def test_a_model_may_have_associated_files_or_padding_behind_it(tail: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(GraphBuilder().to_bytes() + tail)
    assert read(path).problems == ()


def test_other_bytes_behind_a_model_are_told(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL + b"\7" * 100)
    (found,) = read(path).problems
    assert found.kind is ProblemKind.TRAILING_BYTES
    assert (found.location.byte_offset, found.location.byte_length) == (len(MODEL), 100)
    assert not found.fatal


def test_an_upper_case_identifier_in_a_text_makes_no_model(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"The TFL3 identifier stands at byte 4.")
    assert problem(path).kind is not ProblemKind.UNSUPPORTED


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)  # the name of a socket has to be short
        server.bind(path.name)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
@pytest.mark.parametrize(("make", "what"), [(pipe, "a pipe"), (listening, "a socket")])
def test_what_is_no_regular_file_is_not_opened(
    make: Callable[[Path], None], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.tflite"
    make(path)
    make(tmp_path / "unnamed")
    assert problem(path).message == f"This is {what}, and no file."
    assert list(discover(path)) == [path]
    assert list(discover(tmp_path)) == [path]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs devices")
def test_a_device_is_no_model() -> None:
    assert problem(Path("/dev/null")).message == "This is a device, and no file."


def test_a_path_that_is_not_there_is_an_error_of_the_user(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "none" / "model.tflite", tmp_path / ("n" * 300), Path("nul\0byte")):
        with pytest.raises(ReadError) as read_error:
            read(path)
        with pytest.raises(ReadError) as discover_error:
            list(discover(path))
        assert str(read_error.value).endswith(".")
        assert str(path) in str(discover_error.value)


def test_a_file_as_a_folder_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(MODEL)
    with pytest.raises(ReadError, match="There is no file or folder"):
        read(tmp_path / "file" / "model.tflite")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be read by this user")
def test_what_may_not_be_read_is_an_error_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    path.chmod(0)
    with pytest.raises(ReadError, match="cannot be read: Permission denied"):
        read(path)
    tmp_path.chmod(0)
    try:
        with pytest.raises(ReadError, match="Permission denied"):
            list(discover(tmp_path))
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("opener", ["open", "mmap"])
def test_whatever_the_system_says_is_passed_on(opener: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "unnamed"
    path.write_bytes(MODEL)
    if opener == "open":
        monkeypatch.setattr("builtins.open", refuse)
    else:
        monkeypatch.setattr(module, "MAP_FROM", 0)
        monkeypatch.setattr("mmap.mmap", refuse)
    with pytest.raises(ReadError, match=r"unnamed' cannot be read: Permission denied\.$"):
        read(path)
    if opener == "open":
        assert list(discover(tmp_path)) == []  # nothing is known of it


def test_a_folder_that_cannot_be_listed_is_an_error_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ReadError, match="Permission denied"):
        list(discover(tmp_path))


def test_a_small_file_may_be_mapped_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    g = GraphBuilder()
    g.constant("c", np.arange(5000, dtype=np.float32))
    path = g.save(tmp_path / "model.tflite")
    monkeypatch.setattr(module, "MAP_FROM", 0)
    tensor = read(path).graphs[0].tensors[0]
    assert sum(float(piece.sum()) for piece in tensor.chunks(4096)) == sum(range(5000))


def test_a_link_that_leads_nowhere_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "gone.tflite").symlink_to("nowhere/model.tflite")
    (tmp_path / "loop.tflite").symlink_to("loop.tflite")
    (tmp_path / "annexed.tflite").symlink_to(".git/annex/objects/x1/SHA256E-s9--01.tflite")
    (tmp_path / "good.tflite").write_bytes(MODEL)
    found = {path.name: path for path in discover(tmp_path)}
    assert sorted(found) == ["annexed.tflite", "gone.tflite", "good.tflite", "loop.tflite"]
    assert problem(found["gone.tflite"]).message == (
        "This is a symbolic link to 'nowhere/model.tflite', which leads to no file."
    )
    assert problem(found["loop.tflite"]).kind is ProblemKind.NOT_A_MODEL
    assert problem(found["annexed.tflite"]).kind is ProblemKind.LFS_POINTER


def test_a_folder_gives_its_models_sorted_by_content_or_name(tmp_path: Path) -> None:
    for name in ("b.tflite", "a.keras", "sub/c.LITE", "sub/deep/d.h5", ".git/e.tflite", ".hidden.tflite", "f.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"text")
    (tmp_path / "model_without_suffix").write_bytes(MODEL)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "saved" / "variables").mkdir(parents=True)
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"\x08\1")
    (tmp_path / "saved" / "variables" / "x.h5").write_bytes(b"")
    found = [path.relative_to(tmp_path).as_posix() for path in discover(tmp_path)]
    assert found == ["a.keras", "b.tflite", "model_without_suffix", "saved", "sub/c.LITE", "sub/deep/d.h5"]
    assert list(discover(tmp_path / ".hidden.tflite")) == [tmp_path / ".hidden.tflite"]


@pytest.mark.parametrize("name", ["saved_model.pb", "saved_model.pbtxt"])
def test_a_saved_model_is_its_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / name).write_bytes(b"\x08\1\x12\0")
    assert list(discover(folder / name)) == [folder]
    assert list(discover(folder)) == [folder]
    found = read(folder)
    assert (found.format, found.byte_size) == (Format.SAVED_MODEL, 4)
    assert found.problems[0].kind is (ProblemKind.NO_GRAPH if name.endswith(".pb") else ProblemKind.DAMAGED)


def test_another_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="is a folder, and no SavedModel"):
        read(tmp_path)
    assert list(discover(tmp_path)) == []


@pytest.mark.skipif(os.name == "nt", reason="needs a file system that takes any bytes")
def test_a_name_that_is_no_utf8_is_a_name(tmp_path: Path) -> None:
    try:
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/m\xff\xfe.tflite"))
        path.write_bytes(MODEL)
    except OSError:
        pytest.skip("the file system takes no such name")
    assert list(discover(tmp_path)) == [path]
    assert read(path).problems == ()
    path.write_bytes(b"")
    assert problem(path).kind is ProblemKind.EMPTY
