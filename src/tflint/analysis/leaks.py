"""Paths of the machine that a model was made on, in its names and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tflint.analysis.bytecode import strings
from tflint.analysis.code_risks import Configured
from tflint.analysis.keras_config import clean, texts
from tflint.analysis.phrases import cut
from tflint.model import DType, Graph, Model

__all__ = ["Leak", "leaks"]

_PATH = re.compile(
    r"(?<![\w./\\-])(?:"
    r"/(?P<home>home|Users)/(?P<user>[^/\s'\":;,]{1,64})/[^\s'\":;,]+"
    r"|[A-Za-z]:[\\/]{1,2}Users[\\/]{1,2}(?P<windows>[^\\/\s'\":;,]{1,64})[\\/][^\s'\":;,]+"
    r"|(?P<store>(?:gs|s3|s3a|hdfs|abfss?|wasbs?|az|file|smb|nfs|dbfs)://[^\s'\":;,]+)"
    r"|/(?:root|mnt|Volumes|scratch|nfs|cns|nas|workspace)/[^\s'\":;,]+/[^\s'\":;,]+"
    r")"
)
_NEUTRAL = frozenset(
    "build builder circleci codespace docker jenkins jovyan kbuilder runner runneradmin travis ubuntu user vsts work "
    "Public Shared".split()
)
"""Users that machines call themselves: of CI services, notebooks and containers."""
_PUBLIC = re.compile(r"gs://(download\.tensorflow\.org|tfhub-[\w-]+|keras-[\w-]+|tfds-data|cloud-tpu-checkpoints)")
_MARKS = (
    "/home/",
    "Users",
    "://",
    "/root/",
    "/mnt/",
    "/Volumes/",
    "/scratch/",
    "/nfs/",
    "/cns/",
    "/nas/",
    "/workspace/",
)
"""One of these stands in each path that is told: texts without any need no search."""
_LIBRARY = re.compile(r"[\\/](site|dist)-packages[\\/]")
_LONGEST = 1 << 20


class Leak(NamedTuple):
    """A path, the name of the user in it where there is one, and where it stands."""

    path: str
    user: str
    where: str


def leaks(held: Configured) -> tuple[Leak, ...]:
    """The paths in a model that tell of the machine or the storage that it was made with, each once."""
    found: dict[str, Leak] = {}
    for where, text in _texts(held.model, held):
        for match in _PATH.finditer(text) if any(mark in text for mark in _MARKS) else ():
            path = match[0]
            user = match["user"] or match["windows"] or ""
            if user not in _NEUTRAL and not _PUBLIC.match(path) and not _LIBRARY.search(path):
                found.setdefault(path, Leak(path, user, where))
    return tuple(found.values())


def _texts(model: Model, held: Configured) -> Iterator[tuple[str, str]]:
    """Yield the texts of a model with where they stand. Those of a kind are joined: one search goes over all."""
    yield "its description", model.description
    for name, data in model.metadata.items():
        yield f"its metadata '{cut(name)}'", bytes(data[:_LONGEST]).decode("latin-1")
    yield "its configuration", clean("\n".join(text for text in texts(held.parts) if "/" in text or "\\" in text))
    stored = [text for text in strings(held.code) if b"/" in text or b"\\" in text]
    yield "its bytecode", b"\n".join(stored).decode("latin-1")
    for graph in model.graphs:
        yield "the names of its ops and tensors", "\n".join(dict.fromkeys(_names(graph)))
        files = dict.fromkeys(op.source[0] for op in graph.ops if op.source is not None)
        yield "its debug information", "\n".join(files)
        for tensor in graph.tensors:
            if tensor.dtype is DType.STRING and tensor.data is not None:
                yield "its constants", bytes(tensor.data[:_LONGEST]).decode("latin-1")


def _names(graph: Graph) -> Iterator[str]:
    for tensor in graph.tensors:
        yield tensor.name
    for op in graph.ops:
        yield op.name
