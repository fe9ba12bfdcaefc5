"""The Python line that made a place in a model: as the model records it, or the only call with the layer's name."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from tflint.finding import Finding
from tflint.model import Location

__all__ = ["SourceLines"]

_SKIPPED = frozenset({"node_modules", "site-packages", "dist-packages", "venv", "env", "__pycache__", "build", "dist"})
_MOST_FILES = 5_000
_MOST_FOLDERS = 5_000
_LARGEST = 1 << 20
_MOST_BYTES = 32 << 20
_AUTOMATIC = re.compile(
    r"(input|conv\dd|conv\dd_transpose|depthwise_conv\dd|separable_conv\dd|dense|embedding|batch_normalization|flatten|"
    r"layer_normalization|re_lu|leaky_re_lu|p_re_lu|elu|softmax|activation|dropout|spatial_dropout\dd|reshape|permute|"
    r"(global_)?(max|average)_pooling\dd|add|subtract|multiply|average|maximum|minimum|concatenate|dot|zero_padding\dd|"
    r"up_sampling\dd|cropping\dd|rescaling|resizing|normalization|lstm|gru|simple_rnn|bidirectional|time_distributed|"
    r"multi_head_attention|lambda|sequential|functional|model)(_layer)?(_\d+)?"
)
"""The names that Keras gives to layers: nobody wrote them."""
_FOUND = " Its line is a guess: the only call with name='{}'."


class SourceLines:
    """Looks for lines below a folder, which is read when the first is asked for, and at most in part."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._trees: dict[Path, ast.Module | None] = {}

    def placed(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings with the lines that are known; one that is guessed says so."""
        held = list(findings)
        wanted = {at.layer for each in held if (at := each.location).source is None and _is_written(at.layer)}
        calls = self._calls(frozenset(name for name in wanted if name is not None)) if wanted else {}
        for finding in held:
            at = finding.location
            if at.source is not None:
                yield replace(finding, location=replace(at, source=self._recorded(at)))
            elif at.layer is not None and at.layer in calls:
                message = finding.message + _FOUND.format(at.layer)
                yield replace(finding, message=message, location=replace(at, source=calls[at.layer]))
            else:
                yield finding

    def _recorded(self, at: Location) -> tuple[str, int] | None:
        """The line that a model records, where the file is here and something is called on the line still."""
        assert at.source is not None
        path, line = at.source
        parts = Path(path).parts
        candidates = [Path(path)] if Path(path).is_absolute() else []
        candidates += [self._root.joinpath(*parts[start:]) for start in range(1, len(parts))]
        for candidate in candidates:
            if not candidate.is_file():
                continue
            if not candidate.resolve().is_relative_to(self._root.resolve()):
                continue
            tree = self._tree(candidate)
            return (str(candidate), line) if tree is not None and _has_call(tree, line) else None
        return None

    def _calls(self, names: frozenset[str]) -> Mapping[str, tuple[str, int]]:
        """The place of the only call with each of the names; those that are called several times are left out."""
        found: dict[str, list[tuple[str, int]]] = {}
        for path, text in self._texts:
            held = {name for name in names if name in text}
            tree = self._tree(path, text) if held else None
            for name, line in () if tree is None else _named_calls(tree):
                if name in held:
                    found.setdefault(name, []).append((str(path), line))
        return {name: places[0] for name, places in found.items() if len(places) == 1}

    @cached_property
    def _texts(self) -> list[tuple[Path, str]]:
        """The Python files of the folder that name something."""
        found = []
        left = _MOST_BYTES
        for path in _python_files(self._root):
            text = _text(path)
            if text is None or "name" not in text:
                continue
            left -= len(text)
            if left < 0:
                break
            found.append((path, text))
        return found

    def _tree(self, path: Path, text: str | None = None) -> ast.Module | None:
        """A file, parsed; None where it is no Python, or too large."""
        if path not in self._trees:
            text = _text(path) if text is None else text
            try:
                self._trees[path] = None if text is None else ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[path] = None
        return self._trees[path]


def _is_written(layer: str | None) -> bool:
    """Whether somebody chose the name of a layer."""
    return bool(layer) and layer is not None and _AUTOMATIC.fullmatch(layer) is None


def _python_files(root: Path) -> Iterator[Path]:
    """The Python files below a folder, those of environments and hidden folders left out."""
    folders = [os.fspath(root)]
    seen = count = 0
    while folders and seen < _MOST_FOLDERS:
        seen += 1
        try:
            entries = sorted(os.scandir(folders.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED or entry.is_symlink():
                continue
            if entry.is_dir():
                if not os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):  # noqa: PTH110, PTH118
                    folders.append(entry.path)
            elif entry.name.endswith(".py") and entry.is_file():
                count += 1
                if count > _MOST_FILES:
                    return
                yield Path(entry.path)


def _text(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _named_calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The calls that are given a name, each with its line."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg == "name" and isinstance(value, str):
                yield value, node.lineno


def _has_call(tree: ast.Module, line: int) -> bool:
    """Whether something is called, or computed, on a line of a function."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if function.lineno < line <= (function.end_lineno or 0):
            return any(
                node.lineno <= line <= (node.end_lineno or 0)
                for node in ast.walk(function)
                if isinstance(node, ast.Call | ast.BinOp | ast.UnaryOp | ast.Compare | ast.Subscript)
            )
    return False
