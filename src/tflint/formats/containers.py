"""What a file is that is no TFLite flatbuffer: told by its content, whatever its name.

Sources of the signatures: the `magic` database of file(1), and for LiteRT-LM google-ai-edge/LiteRT-LM 9c176ada,
schema/core/litertlm_read.cc.
"""

from __future__ import annotations

import re
from struct import unpack_from
from typing import TYPE_CHECKING, NamedTuple

from tflint.model import Format, ProblemKind

if TYPE_CHECKING:  # imported only where it is used: start-up is a feature
    import zipfile

__all__ = ["HEAD", "NAMED", "Other", "identify"]

HEAD = 512
"""So many bytes of a file tell what it is."""
NAMED = {
    Format.KERAS: "a Keras v3 archive",
    Format.KERAS_H5: "an HDF5 file, as Keras models are saved in",
    Format.SAVED_MODEL: "a SavedModel, or a graph of TensorFlow",
}


class Other(NamedTuple):
    """What a file is that holds no model tflint could read, and what to do about it."""

    kind: ProblemKind
    message: str
    help: str
    bundle: bool = False
    """True where it holds models inside, so that only its name says whether it is where a model should be."""


_UNPACK = "Unpack it, and check the model inside."
_CONVERT = "Convert the model to TFLite, and check the .tflite file."
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "compressed with gzip", "Unpack it: gunzip FILE"),
    (b"BZh", "compressed with bzip2", "Unpack it: bunzip2 FILE"),
    (b"\xfd7zXZ\x00", "compressed with xz", "Unpack it: unxz FILE"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it: unzstd FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"PK\x05\x06", "an empty zip archive", "Save or fetch the file again."),
    (b"\x93NUMPY", "a numpy array", "Name a model file."),
    (b"GGUF", "a GGUF model, which llama.cpp reads and TFLite does not", "Name a .tflite file."),
    (b"\x89PNG\r\n", "a PNG image", "Name a model file."),
    (b"\xff\xd8\xff", "a JPEG image", "Name a model file."),
    (b"GIF8", "a GIF image", "Name a model file."),
    (b"%PDF-", "a PDF document", "Name a model file."),
    (b"\x7fELF", "a program or a library", "Name the model file that it was built with."),
)
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_LFS = b"version https://git-lfs.github.com/spec/"
_ANNEX = b"/annex/objects/"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_C_SOURCE = re.compile(rb"0x54,\s*0x46,\s*0x4c,\s*0x33", re.IGNORECASE)
"""The identifier TFL3 in an array as `xxd -i` writes it."""
_GRAPH_DEF = re.compile(rb"\n([\x80-\xff]{0,4}[\0-\x7f])\n([\x01-\x7f])", re.DOTALL)
"""A TensorFlow GraphDef: a field 1, its first node, that begins with a name (1) of so many bytes."""
_OP_NAME = re.compile(rb"\x12([\x01-\x7f])([A-Z_][A-Za-z0-9_>]*)", re.DOTALL)
"""What follows the name of a node: its op (2)."""
_ONNX = re.compile(rb"\x08[\x03-\x1f](\x12.[\x20-\x7e]{2}|:.|B.)", re.DOTALL)
"""An ONNX model's version (1), and then its producer (2), or its graph (7) or opset (8)."""


def identify(path: str, size: int, head: bytes) -> Format | Other:
    """The format of a file by its first bytes, or what else it is."""
    if not head:
        return Other(ProblemKind.EMPTY, "The file is empty.", "Convert or fetch the model again.")
    if head.startswith(_HDF5):
        return Format.KERAS_H5
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if head.startswith(b"\x08\x01\x12") or _is_graph_def(head):
        return Format.SAVED_MODEL
    if known := _signature(head):
        return known
    if _is_text(head):
        return _text(head)
    return _identifier(head) or _model(size, head) or _nothing(head)


def _is_graph_def(head: bytes) -> bool:
    """True for a graph of TensorFlow on its own, as frozen models are saved in."""
    start = _GRAPH_DEF.match(head)
    op = _OP_NAME.match(head, start.end() + start[2][0]) if start is not None else None
    return op is not None and len(op[2]) >= op[1][0]


def _text(head: bytes) -> Other:
    """What a text is: most are the answer of a server, or stand for a file that was not fetched."""
    if head.startswith(_LFS):
        size = next((line[5:] for line in head.split(b"\n") if line.startswith(b"size ")), b"")
        what = f" of {int(size):,} bytes" if size.isdigit() and len(size) < 20 else ""
        return Other(
            ProblemKind.LFS_POINTER,
            f"The file is a git-LFS pointer; the model itself{what} was not fetched, and nothing of it was checked.",
            "Run: git lfs pull",
        )
    if head.startswith(_ANNEX):
        return annexed()
    content = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    text = content.lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")) or (text.startswith(b"<?xml") and b"<html" in text):
        return Other(
            ProblemKind.NOT_A_MODEL,
            "The file is a web page: most likely the answer of a download that failed.",
            "Open the address in a browser, and download the file itself.",
        )
    if text.startswith(b"<?xml") or (text.startswith(b"<") and b"</" in text):
        what = ": most likely the error message of a download" if b"<error" in text else ", and no model"
        return Other(ProblemKind.NOT_A_MODEL, f"The file is XML{what}.", "Fetch the file again, or name a model file.")
    if _C_SOURCE.search(head):
        return Other(
            ProblemKind.NOT_A_MODEL,
            "The file is a model as C source, as xxd writes it; tflint reads the binary file.",
            "Name the .tflite file that it was made from.",
        )
    if len(head) < 8:
        return _short(head)
    line = str(content.partition(b"\n")[0].strip()[:60], "utf-8", "replace")
    what = "JSON" if text.startswith((b"{", b"[")) else "text"
    return Other(
        ProblemKind.NOT_A_MODEL,
        f"The file is {what}, and no model; it begins with '{line}'.",
        "Name a model file; where this was downloaded, look whether it is an error message.",
    )


def annexed() -> Other:
    """What a file is whose content git-annex keeps elsewhere."""
    return Other(
        ProblemKind.LFS_POINTER,
        "The file is a git-annex pointer; the model itself was not fetched, and nothing of it was checked.",
        "Run: git annex get FILE",
    )


def _short(head: bytes) -> Other:
    count = "1 byte" if len(head) == 1 else f"{len(head)} bytes"
    return Other(ProblemKind.TRUNCATED, f"The file has {count}; no model is so short.", "Fetch the file again.")


def _identifier(head: bytes) -> Other | None:
    """What a flatbuffer is that TFLite does not read."""
    if len(head) < 8:
        return _short(head)
    if head[8:12] == b"TFL3":
        return Other(
            ProblemKind.IDENTIFIER,
            "The identifier 'TFL3' stands at byte 8; TFLite and LiteRT look for it at byte 4.",
            "Write the model without a size in front of it (flatbuffers' FinishSizePrefixed writes one).",
        )
    if head[4:7] == b"TFL" and head[7:8].isalnum():
        return Other(
            ProblemKind.IDENTIFIER,
            f"The file's identifier is '{head[4:8].decode('ascii')}'; TFLite and LiteRT read 'TFL3' only.",
            "Convert the model again with a released converter.",
        )
    return None


def _signature(head: bytes) -> Other | None:
    """What a file is that its first bytes, or the mark of a tar archive, tell."""
    if head[257:262] == b"ustar":
        return Other(ProblemKind.NOT_A_MODEL, "The file is a tar archive.", "Unpack it: tar xf FILE")
    if head[:2] in _PICKLES:
        return Other(
            ProblemKind.NOT_A_MODEL,
            "The file is a Python pickle, as pickle.dump, joblib and older torch.save write; opening one runs whatever "
            "code it holds, so tflint did not.",
            _CONVERT,
        )
    for start, what, cure in _SIGNATURES:
        if head.startswith(start):
            return Other(ProblemKind.NOT_A_MODEL, f"The file is {what}.", cure)
    return None


def _model(size: int, head: bytes) -> Other | None:
    """What a file is that holds a model of another kind."""
    if head.startswith(b"LITERTLM"):
        return Other(
            ProblemKind.UNSUPPORTED,
            "This is a LiteRT-LM bundle: models, tokenizer and settings in one file. tflint does not look inside, and "
            "checked nothing in it.",
            "Take the models out of it, and name those.",
            bundle=True,
        )
    if head[8:9] == b"{" and 2 <= unpack_from("<Q", head)[0] <= size - 8:
        return Other(ProblemKind.NOT_A_MODEL, "The file is weights in the safetensors format.", _CONVERT)
    if _ONNX.match(head):
        return Other(ProblemKind.NOT_A_MODEL, "The file is an ONNX model.", _CONVERT)
    return None


def _nothing(head: bytes) -> Other:
    if not head.strip(b"\0"):
        return Other(
            ProblemKind.NOT_A_MODEL,
            f"The first {len(head)} bytes of the file are zero: most likely a download or a copy was interrupted.",
            "Fetch or copy the file again.",
        )
    return Other(
        ProblemKind.NOT_A_MODEL,
        f"The file is no model that tflint knows: it begins with {head[:8].hex(' ')}; a TFLite file has 'TFL3' at "
        f"byte 4.",
        "Name a .tflite, .keras or .h5 file, or a SavedModel folder.",
    )


def _is_text(head: bytes) -> bool:
    """True where there are no control characters, and little that is not UTF-8 (the end of `head` may be cut)."""
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return False
    return 10 * str(head, "utf-8", "replace").count("\ufffd") <= len(head)


def _zip(path: str) -> Format | Other:
    import zipfile
    import zlib
    from struct import error

    try:
        with zipfile.ZipFile(path) as archive:
            return _inside(archive)
    except zipfile.BadZipFile:
        what = "that was cut off or damaged: the list of its parts, which stands at its end, cannot be read"
    except (OSError, ValueError, RuntimeError, EOFError, error, zlib.error) as reason:
        what = f"that cannot be opened: {reason}"
    return Other(
        ProblemKind.TRUNCATED,
        f"The file is a zip archive (a .keras file is one) {what}.",
        "Save or fetch the file again.",
    )


def _inside(archive: zipfile.ZipFile) -> Format | Other:
    """What an archive is by what it holds."""
    names = archive.namelist()
    if {"metadata.json", "model.weights.h5"} & set(names):
        if "config.json" in names:
            return Format.KERAS
        return Other(
            ProblemKind.NOT_A_MODEL,
            "The file is a Keras v3 archive without its config.json, which describes the layers.",
            "Save the model again: model.save('model.keras')",
        )
    models = [info.filename for info in archive.infolist()[:64] if _is_tflite(archive, info)]
    if models:
        return Other(
            ProblemKind.UNSUPPORTED,
            f"This is a zip archive, as task bundles are, that holds {_listed(models)}. tflint does not look inside, "
            f"and checked nothing in it.",
            "Unpack it, and check the models: unzip FILE",
            bundle=True,
        )
    if any(name.endswith("/data.pkl") for name in names):
        return Other(ProblemKind.NOT_A_MODEL, "The file is a PyTorch model or checkpoint.", _CONVERT)
    if any(name.endswith("saved_model.pb") for name in names):
        return Other(ProblemKind.NOT_A_MODEL, "The file is a zip archive of a SavedModel.", "Unpack it: unzip FILE")
    if names and all(name.endswith(".npy") for name in names):
        return Other(ProblemKind.NOT_A_MODEL, "The file is an archive of numpy arrays (.npz).", "Name a model file.")
    return Other(
        ProblemKind.NOT_A_MODEL,
        f"The file is a zip archive in which tflint knows no model; it holds {_listed(names) or 'nothing'}.",
        _UNPACK,
    )


def _is_tflite(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    from zipfile import BadZipFile
    from zlib import error

    try:
        with archive.open(info) as part:
            return part.read(8)[4:] == b"TFL3"
    except (BadZipFile, OSError, RuntimeError, EOFError, error):
        return False  # encrypted or damaged


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name[:80]}'" for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
