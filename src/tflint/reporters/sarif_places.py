"""The places of a SARIF report: URIs, artifacts, logical and physical locations."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from tflint.analysis.phrases import cut
from tflint.model import Format, Location
from tflint.reporters.text import escape, place

if TYPE_CHECKING:
    from tflint.report import Checked

__all__ = ["BASE", "Places", "uri", "working_tree"]

BASE = "SRCROOT"
"""The name of the folder that URIs are relative to."""

_LARGEST = 2**31 - 1
"""Microsoft's SARIF SDK reads sizes and offsets into 32 bits, and gives up the whole file where one does not fit."""
_MIME_TYPES = {
    Format.TFLITE: "application/vnd.tflite",
    Format.KERAS: "application/zip",
    Format.KERAS_H5: "application/x-hdf5",
    Format.SAVED_MODEL: "application/x-protobuf",
}
_CONVERTED = " (converted)"
_START = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
"""The empty region before the first character: consumers want a line of every file, and a model has none."""


def working_tree(start: Path) -> Path:
    """The folder at or above `start` that holds `.git`; `start` where there is none."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), start)


def uri(path: str, root: Path) -> str:
    """A path as a URI reference relative to the root; links are followed where they do not lead out of it."""
    try:
        named, real = os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100 - keeps what a link is called
        os.fsencode(real)
    except ValueError:  # no file can be called that
        named = real = os.path.abspath(escape(path))  # noqa: PTH100
    if Path(named).is_relative_to(root) and not Path(real).is_relative_to(root):
        real = named
    try:
        relative = os.path.relpath(real, root)
    except ValueError:  # another drive of Windows
        return Path(real).as_uri()
    return quote(os.fsencode(PurePath(relative).as_posix()), safe="/!$&'()*+,;=@~")


@dataclass(frozen=True)
class Places:
    """Writes locations, and collects the tables of artifacts and logical locations that they point into."""

    root: Path
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    logical: list[dict[str, Any]] = field(default_factory=list)
    _indices: dict[tuple[str, str], int] = field(default_factory=dict)
    _converted: dict[str, str] = field(default_factory=dict)
    """The path of a model that was made to be checked -> that of its source, which stands for it."""

    def add_models(self, models: Iterable[Checked]) -> None:
        """List the models that were checked as artifacts."""
        for model in models:
            if model.converted_from:
                self._converted[model.path] = model.converted_from
                continue
            is_folder = model.format is Format.SAVED_MODEL
            more: dict[str, Any] = {"roles": ["analysisTarget"]}
            if model.format in _MIME_TYPES:
                more["mimeType"] = _MIME_TYPES[model.format]
            if 0 < model.byte_size <= _LARGEST and not is_folder:
                more["length"] = model.byte_size
            if model.sha256:
                more["hashes"] = {"sha-256": model.sha256}
            self._artifact(model.path, more, file=_file_of_folder(model.path) if is_folder else model.path)

    def whole(self, path: str) -> dict[str, Any]:
        """A model as a whole."""
        return {"physicalLocation": {"artifactLocation": self._artifact(path)}}

    def primary(self, at: Location) -> dict[str, Any]:
        """Where a finding is shown: at its Python line where that is known, else at the start of the model."""
        physical: dict[str, Any]
        if at.source is not None:
            path, line = at.source
            python = self._artifact(path, {"mimeType": "text/x-python", "sourceLanguage": "python"})
            physical = {"artifactLocation": python, "region": {"startLine": max(line, 1)}}
        else:
            words = place(at)
            snippet = {"snippet": {"text": words}} if words else {}
            physical = {"artifactLocation": self._artifact(at.path), "region": {**_START, **snippet}}
        return {"physicalLocation": physical, "logicalLocations": [self._logical(at)]}

    def related(self, at: Location, number: int) -> dict[str, Any]:
        """A further place with the number that messages link to: its bytes in the model where they are known."""
        logical = self._logical(at)
        physical: dict[str, Any] = {"artifactLocation": self._artifact(at.path), "region": _START}
        if has_bytes(at):
            physical["region"] = {"byteOffset": at.byte_offset, "byteLength": at.byte_length}
            physical["address"] = {
                "absoluteAddress": at.byte_offset,
                "length": at.byte_length,
                "kind": "data" if logical["kind"] == "variable" else "table",
                "name": logical["name"],
                "fullyQualifiedName": logical["fullyQualifiedName"],
            }
        words = place(at) or "the model"
        return {
            "id": number,
            "message": {"text": f"{words[0].upper()}{words[1:]}."},
            "physicalLocation": physical,
            "logicalLocations": [logical],
        }

    def _artifact(self, path: str, more: dict[str, Any] | None = None, file: str = "") -> dict[str, Any]:
        """The location of a file, which joins the artifacts with `more` when it is first met.

        `file` stands for the path where that is a folder: consumers show files only.
        """
        path = self._converted.get(path, path)
        if ("path", path) not in self._indices:
            reference = uri(file or path, self.root)
            index = self._indices.setdefault(("uri", reference), len(self.artifacts))
            self._indices["path", path] = index
            if index == len(self.artifacts):
                location: dict[str, Any] = {"uri": reference, "index": index}
                if not reference.startswith("file:"):
                    location["uriBaseId"] = BASE
                self.artifacts.append({"location": location, **(more or {})})
        found: dict[str, Any] = self.artifacts[self._indices["path", path]]["location"]
        return found

    def _logical(self, at: Location) -> dict[str, Any]:
        """The op, tensor, graph or model at a location; what it stands in comes before it in the table."""
        file = escape(unquote(self._artifact(at.path)["uri"]))
        if at.path in self._converted:
            file += _CONVERTED
        found = self._entry("module", file.rpartition("/")[2], file, None, "")
        if not at.address:
            return found
        graph, _, rest = at.address.partition("/")
        if not graph.isdecimal():
            return self._entry("member", escape(cut(at.address)), at.address, found, at.name)
        found = self._entry("function", f"graph {graph}", graph, found, "" if rest else at.name)
        number, _, kind = rest.partition(":")
        if rest.startswith("t"):
            return self._entry("variable", f"tensor {number[1:]}", number, found, at.name)
        if rest:
            words = f"{number}:{escape(cut(kind))}"
            return self._entry("operator", words, words, found, at.name)
        return found

    def _entry(self, kind: str, name: str, part: str, parent: dict[str, Any] | None, decorated: str) -> dict[str, Any]:
        """The entry of the table with this name below its parent, added where there is none."""
        whole = part if parent is None else f"{parent['fullyQualifiedName']}/{escape(part)}"
        index = self._indices.setdefault(("logical", whole), len(self.logical))
        if index == len(self.logical):
            entry: dict[str, Any] = {"name": name, "fullyQualifiedName": whole, "kind": kind, "index": index}
            if decorated:
                entry["decoratedName"] = escape(cut(decorated))
            if parent is not None:
                entry["parentIndex"] = parent["index"]
            self.logical.append(entry)
        return self.logical[index]


def has_bytes(at: Location) -> bool:
    """Whether a location names bytes of its file that SARIF consumers can read."""
    return bool(at.byte_offset and at.byte_length and at.byte_offset + at.byte_length <= _LARGEST)


def _file_of_folder(path: str) -> str:
    """The file that stands for a SavedModel."""
    binary, text = (os.path.join(path, f"saved_model.{suffix}") for suffix in ("pb", "pbtxt"))  # noqa: PTH118
    return text if os.path.isfile(text) and not os.path.isfile(binary) else binary  # noqa: PTH113
