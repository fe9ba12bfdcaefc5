"""Where the nodes of a SavedModel come from: their Keras layers, and the Python lines that made them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Layers", "Lines", "keras_names", "keras_settings"]

_MODELS = frozenset({"_tf_keras_model", "_tf_keras_network", "_tf_keras_sequential"})
_NUMBERED = re.compile(r"(_\d+)+$")
_OTHERS = re.compile(r"(^|[/\\])(site-packages|dist-packages|tensorflow|keras|tf_keras)[/\\]|^<")
"""Files that are not the author's own: libraries, and what was typed into a prompt."""


class Layers:
    """The Keras layer of a node, by the scopes in its name.

    A tf_keras model says the names of its layers, and they stand in the names of its nodes. A Keras 3 model does not;
    there a node that reads a variable `dense/kernel` tells what scope, as `functional_1/dense_2`, belongs to `dense`.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._scopes: dict[str, str] = {}
        self._models: Counter[str] = Counter()
        self._found: dict[str, str | None] = {}

    def learn(self, node: str, variable: str) -> None:
        """Take in that a node reads a variable."""
        if self.names:
            return
        scopes, path = node.split("/")[:-1], variable.split("/")[:-1]
        if not scopes or not path:
            return
        if len(path) > 1 and _plain(path[0]) == _plain(scopes[0]):
            path = path[1:]
        for number in (1, 0):
            if number < len(scopes) and _plain(scopes[number]) == _plain(path[0]):
                self._scopes.setdefault("/".join(scopes[: number + 1]), path[0])
                if number:
                    self._models[scopes[0]] += 1
                return

    def of(self, node: str, name: str) -> str | None:
        """The layer of a node; `name` is the whole name, `node` that in its function."""
        if self.names:
            return next((part for part in reversed(name.split("/")[:-1]) if part in self.names), None)
        scope = node.rpartition("/")[0]
        if scope not in self._found:
            self._found[scope] = self._by_scope(scope.split("/"))
        return self._found[scope]

    def _by_scope(self, scopes: list[str]) -> str | None:
        for number in (2, 1):
            known = self._scopes.get("/".join(scopes[:number]))
            if known is not None:
                return known
        if len(scopes) < 2 or scopes[0] not in self._models:
            return None
        layer = scopes[1]
        return re.sub(r"_\d+$", "", layer) if _NUMBERED.search(scopes[0]) else layer


def _plain(scope: str) -> str:
    return _NUMBERED.sub("", scope)


def keras_names(nodes: Iterable[Any]) -> frozenset[str]:
    """The names of the layers that the objects of a tf_keras model, or its keras_metadata.pb, tell."""
    found: set[str] = set()
    for node in nodes:
        if not node.identifier.startswith("_tf_keras_") or "metric" in node.identifier or not node.metadata:
            continue
        try:
            name = json.loads(node.metadata).get("name")
        except (ValueError, AttributeError, RecursionError):
            continue
        if isinstance(name, str) and name and node.identifier not in _MODELS:
            found.add(name[:256])
    return frozenset(found)


def keras_settings(metadata: Iterable[str]) -> Mapping[str, Any]:
    """What Keras 2 needs to make its layers again, as JSON has it: an object for each, below `keras_metadata`."""
    found: list[Any] = []
    for text in dict.fromkeys(metadata):
        try:
            settings = json.loads(text) if text else None
        except (ValueError, RecursionError):
            continue
        if isinstance(settings, dict):
            found.append(settings)
    return {"keras_metadata": found} if found else {}


class Lines:
    """The Python file and line of each node, as the debug information of a SavedModel has them."""

    def __init__(self, info: Any) -> None:
        self._info = info
        self._found: dict[str, tuple[str, int] | None] = {}
        self._traces: dict[int, tuple[str, int] | None] = {}

    def of(self, node: str, function: str) -> tuple[str, int] | None:
        """The innermost line of the author's own that made the node; None where it is not known."""
        key = f"{node}@{function}"
        if key not in self._found:
            self._found[key] = self._line_of(key)
        return self._found[key]

    def _line_of(self, key: str) -> tuple[str, int] | None:
        number = self._info.name_to_trace_id.get(key)
        if number is None:
            return self._line(self._info.traces[key]) if key in self._info.traces else None
        if number not in self._traces:
            by_id = self._info.traces_by_id
            self._traces[number] = self._line(by_id[number]) if number in by_id else None
        return self._traces[number]

    def _line(self, trace: Any) -> tuple[str, int] | None:
        frames = list(trace.file_line_cols)
        by_id = self._info.frames_by_id
        frames += [by_id[number] for number in trace.frame_id if number in by_id]
        for frame in reversed(frames):
            if 0 <= frame.file_index < len(self._info.files) and frame.line > 0:
                path = self._info.files[frame.file_index]
                if not _OTHERS.search(path):
                    return path, frame.line
        return None
