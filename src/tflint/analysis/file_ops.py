"""The ops of a TensorFlow graph that read or write files, or call back into Python; and the paths that they take."""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping
from enum import Enum
from itertools import pairwise
from pathlib import Path
from struct import error, unpack_from
from typing import NamedTuple

from tflint.model import DType, Format, Graph, Model, Op, Tensor

__all__ = ["FILE_OPS", "PYTHON_OPS", "Access", "Knows", "accesses", "bare", "python_ops", "unreached"]

PYTHON_OPS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc", "NumpyFunction"})
"""Ops that call a Python function, which stands in no file.

Source: TensorFlow v2.21.0, tensorflow/core/ops/script_ops.cc.
"""


class Knows(Enum):
    """Who decides on the path of a file."""

    FILE = "file"
    """The model: the path stands in it."""
    CALLER = "caller"
    """Whoever runs the model, or its loader."""
    RUN = "run"
    """The model works it out as it runs."""


class Access(NamedTuple):
    """An op that touches a file. `path` is what the model says of it; empty where it does not."""

    op: Op
    verb: str
    knows: Knows
    path: str


_READS: Mapping[str, int | str] = {
    "ReadFile": 0, "MatchingFiles": 0, "MatchingFilesDataset": 0, "ExperimentalMatchingFilesDataset": 0,
    "TextLineDataset": 0, "TFRecordDataset": 0, "TFRecordDatasetV2": 0, "FixedLengthRecordDataset": 0,
    "FixedLengthRecordDatasetV2": 0, "CSVDataset": 0, "CSVDatasetV2": 0, "ExperimentalCSVDataset": 0,
    "SqlDataset": 1, "ExperimentalSqlDataset": 1, "LMDBDataset": 0, "ExperimentalLMDBDataset": 0, "LoadDataset": 0,
    "LoadAndRemapMatrix": 0, "ImmutableConst": "memory_region_name", "SnapshotDataset": 1, "SnapshotDatasetV2": 1,
    "TextLineReader": "", "TextLineReaderV2": "", "FixedLengthRecordReader": "", "FixedLengthRecordReaderV2": "",
    "TFRecordReader": "", "TFRecordReaderV2": "", "WholeFileReader": "", "WholeFileReaderV2": "", "LMDBReader": "",
    "Restore": 0, "RestoreSlice": 0, "RestoreV2": 0,
}  # fmt: skip
_WRITES: Mapping[str, int | str] = {
    "WriteFile": 0, "SaveDataset": 1, "SaveDatasetV2": 1, "DatasetToTFRecord": 1, "ExperimentalDatasetToTFRecord": 1,
    "CacheDataset": 1, "CacheDatasetV2": 1, "CreateSummaryFileWriter": 1, "CreateSummaryDbWriter": 1,
    "PrintV2": "output_stream", "DebugIdentity": "debug_urls", "DebugIdentityV2": "debug_urls",
    "DebugIdentityV3": "debug_urls", "DebugNanCount": "debug_urls", "DebugNumericSummary": "debug_urls",
    "DebugNumericSummaryV2": "debug_urls", "Save": 0, "SaveSlices": 0, "SaveV2": 0, "MergeV2Checkpoints": 1,
}  # fmt: skip
"""Op -> the slot, or the attribute, that says which file; an empty text where a queue feeds it.

Source: TensorFlow v2.21.0, tensorflow/core/ops/{io_ops,dataset_ops,experimental_dataset_ops,summary_ops,logging_ops,
debug_ops,array_ops,checkpoint_ops}.cc.
"""
FILE_OPS = frozenset(_READS) | frozenset(_WRITES)
_CHECKPOINTS = frozenset({"Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints"})
"""What a model is saved and loaded with: each SavedModel holds these, and its loader says which file they take."""
_NOT_ALWAYS = frozenset({"CacheDataset", "CacheDatasetV2", "PrintV2", "SnapshotDataset", "ImmutableConst"}) | {
    kind for kind in _WRITES if kind.startswith("Debug")
}
"""Ops that touch a file only where they name one."""
_FIRST = frozenset(
    {"ConcatV2", "ExpandDims", "Identity", "Pack", "Reshape", "ShardedFilename", "Squeeze", "StringJoin"}
)
"""Ops whose first input begins the path."""
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\\\\|[A-Za-z0-9+]+://")
_LONGEST_CHAIN = 32
_MOST_TEXTS = 1000
_SEARCHED = (b"ReadFile", b"WriteFile", b"EagerPyFunc", b"PyFuncStateless", b"PyFunc")


def bare(op: Op) -> str:
    """The TensorFlow op that an op is, in a converted model too, where `Flex` stands before its name."""
    return op.kind.removeprefix("Flex") if op.is_custom else op.kind


def python_ops(model: Model) -> tuple[Op, ...]:
    """The ops that call a Python function, in all graphs."""
    return tuple(op for graph in model.graphs for op in graph.ops if bare(op) in PYTHON_OPS)


def accesses(model: Model) -> tuple[Access, ...]:
    """The ops that read or write files, in all graphs, other than those that save and load the model itself."""
    found = []
    for graph in model.graphs:
        for op in graph.ops:
            kind = bare(op)
            verb = "read" if kind in _READS else "write" if kind in _WRITES else ""
            if verb and (access := _access(graph, op, kind, verb)) is not None:
                found.append(access)
    return tuple(found)


def _access(graph: Graph, op: Op, kind: str, verb: str) -> Access | None:
    where = (_READS if verb == "read" else _WRITES)[kind]
    if isinstance(where, str):
        knows, path = (Knows.FILE, _attribute(op, where)) if where else (Knows.RUN, "")
    else:
        knows, path = _path(graph, op.input(where), by_default=kind not in _CHECKPOINTS)
    if kind in _CHECKPOINTS and not (knows is Knows.FILE and _ABSOLUTE.match(path)):
        return None
    if kind in _NOT_ALWAYS and not path:
        return None
    if kind == "PrintV2" and not path.startswith("file://"):
        return None
    return Access(op, verb, knows, path)


def _attribute(op: Op, name: str) -> str:
    value = op.options.get(name)
    if isinstance(value, tuple):
        value = next(iter(value), "")
    return value if isinstance(value, str) else ""


def _path(graph: Graph, tensor: Tensor | None, *, by_default: bool) -> tuple[Knows, str]:
    """Who decides on a path, and how it begins where the model does. A placeholder may have one `by_default`."""
    for _ in range(_LONGEST_CHAIN):
        if tensor is None:
            break
        if tensor.is_constant:
            return Knows.FILE, _first_text(tensor)
        maker = graph.producer(tensor)
        if maker is None or maker.kind in {"Placeholder", "PlaceholderV2"}:
            return Knows.CALLER, ""
        if maker.kind == "PlaceholderWithDefault" and not by_default:
            return Knows.CALLER, ""
        if maker.kind not in _FIRST and maker.kind != "PlaceholderWithDefault":
            break
        tensor = maker.input(0)
    return Knows.RUN, ""


def _first_text(tensor: Tensor) -> str:
    """The first text of a constant that is not empty; empty where it is not at hand.

    Source: LiteRT f67457790, tflite/string_util.h: the number of texts, where each begins, where the last ends.
    """
    data = tensor.data
    if data is None or tensor.dtype is not DType.STRING:
        return ""
    try:
        count = min(unpack_from("<i", data)[0], _MOST_TEXTS)
        places = unpack_from(f"<{max(count, 0) + 1}i", data, 4)
    except error:
        return ""
    for start, end in pairwise(places):
        if 0 <= start < end:
            return bytes(data[start : min(end, start + 4096)]).decode("utf-8", "replace")
    return ""


def unreached(model: Model) -> tuple[str, ...]:
    """The ops on files and Python that a SavedModel holds where TensorFlow runs nothing: what a function does not need.

    Such ops stand in no graph. They are found in the bytes of the file: an op's name after the tag of its field.
    """
    if model.format is not Format.SAVED_MODEL:
        return ()
    seen = {bare(op) for graph in model.graphs for op in graph.ops}
    folder = Path(model.path)
    path = folder if folder.is_file() else folder / "saved_model.pb"
    is_text = not path.is_file()
    path = folder / "saved_model.pbtxt" if is_text else path
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return tuple(
                name.decode()
                for name in _SEARCHED
                if name.decode() not in seen and content.find(_marked(name, is_text=is_text)) >= 0
            )
    except (OSError, ValueError):
        return ()


def _marked(name: bytes, *, is_text: bool) -> bytes:
    """How an op stands in a node: field 2 of NodeDef."""
    return b'op: "' + name + b'"' if is_text else b"\x12" + bytes([len(name)]) + name
