"""Keeps what a run measured in a file, so that it can be judged again without running anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tflint.analysis.phrases import cut
from tflint.compare.arrays import opened
from tflint.compare.session import Session
from tflint.comparison import Comparison
from tflint.errors import RunError

__all__ = ["SCHEMA", "read_run", "write_run"]

SCHEMA = "tflint-run/1"
_LARGEST = 256 << 20


def write_run(path: Path, session: Session) -> None:
    """Write what came of each model.

    Raises:
        RunError: the file cannot be written.
    """
    import numpy as np

    models = {name: {"digest": digest, **asdict(found)} for name, (digest, found) in session.done.items()}
    document = json.dumps({"schema": SCHEMA, "models": models})
    try:
        with open(path, "wb") as file:
            np.savez_compressed(file, tflint=np.frombuffer(document.encode(), np.uint8))
    except OSError as reason:
        raise RunError(f"The run '{path}' cannot be written: {reason.strerror}.") from reason


def read_run(path: Path) -> Mapping[str, tuple[str, Comparison]]:
    """What came of each model, by its path, with the digest of its file.

    Raises:
        RunError: there is no such file, or it is no saved run.
    """
    try:
        document = _document(path)
        found = document["schema"]
        models = document["models"].items() if found == SCHEMA else ()
        runs = {str(name): (str(each.pop("digest")), _made(Comparison, each)) for name, each in models}
    except OSError as reason:
        raise RunError(f"The saved run '{path}' cannot be read: {reason.strerror or reason}.") from reason
    except Exception as reason:  # archives and numbers can be broken in every way
        raise RunError(f"'{path}' is no run that --save-run wrote.") from reason
    if found != SCHEMA:
        raise RunError(f"'{path}' is a saved run of another version: '{cut(str(found))}'.")
    return runs


def _document(path: Path) -> Any:
    """What the file holds."""
    import zipfile

    with zipfile.ZipFile(path) as held:
        if sum(each.file_size for each in held.infolist()) > _LARGEST:
            raise OSError(None, "it is larger than a run can be")
    return json.loads(opened(path)["tflint"].values.tobytes())


def _made(kind: Any, value: Any) -> Any:
    """A value of a type of its JSON form.

    Raises:
        TypeError, ValueError: it is none.
    """
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        [inner] = [each for each in get_args(kind) if each is not type(None)]
        return _made(inner, value)
    if origin is tuple:
        items = list(value)
        kinds = get_args(kind)
        inner = [kinds[0]] * len(items) if kinds[-1] is Ellipsis else list(kinds)
        return tuple(_made(each, item) for each, item in zip(inner, items, strict=True))
    if origin is not None:  # a mapping of texts
        return {str(key): str(item) for key, item in value.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        known = {each.name for each in fields(kind)}
        if set(value) - known:
            raise ValueError(f"{kind.__name__} has no {sorted(set(value) - known)}")
        return kind(**{name: _made(hints[name], item) for name, item in value.items()})
    if kind is float and type(value) in (int, float):
        return float(value)
    if type(value) is not (str if issubclass(kind, str) else kind):
        raise TypeError(f"{cut(repr(value))} is no {kind.__name__}")
    return kind(value)
