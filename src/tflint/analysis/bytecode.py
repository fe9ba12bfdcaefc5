"""Python bytecode in the configuration of Keras models. Nothing here decodes it: it is measured, and read as text."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tflint.analysis.keras_config import Part

__all__ = ["DANGEROUS", "Code", "bytecode", "strings", "words"]

_LONGEST = 1 << 20
"""So many characters of a function are decoded; no function of a model is longer."""
_MOST_SEARCHED = 1 << 19
_STRING = re.compile(rb"[zZaA\xfa\xda\xe1\xc1]")
"""How marshal begins a short text: its type, with or without the bit for later reference; a byte, its length, follows.

Source: CPython v3.13.0, Python/marshal.c.
"""
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
DANGEROUS = frozenset(
    "__builtins__ __import__ __subclasses__ base64 builtins check_output codecs compile ctypes environ eval exec "
    "exec_module execv fork getattr import_module importlib kill load_library loads marshal open os pickle popen "
    "Popen posix pty py_function numpy_function read_file remove requests rmtree run_command shutil socket spawn "
    "subprocess sys system threading unlink urllib urlopen webbrowser write_file".split()
)
"""Names in a function that reach out of the model: processes, files, the network, other code."""


class Code(NamedTuple):
    """A function that is stored as bytecode. `size` counts its bytes."""

    part: Part
    text: str
    size: int


def bytecode(parts: Sequence[Part]) -> tuple[Code, ...]:
    """The functions that the objects of a configuration hold as bytecode, each once."""
    found: dict[tuple[str, str], Code] = {}
    for part in parts:
        for text in _codes(part):
            found.setdefault((part.layer, text), Code(part, text, len(_decoded(text))))
    return tuple(found.values())


def _codes(part: Part) -> list[str]:
    """The code in a part, as it is written.

    Source: Keras 3.15.1, src/layers/core/lambda_layer.py and src/saving/serialization_lib.py; Keras 2, tf_keras 2.21.0,
    src/layers/core/lambda_layer.py.
    """
    value = part.value
    if value.get("class_name") == "__lambda__":
        config = value.get("config")
        held = [config.get("code"), config.get("value")] if isinstance(config, dict) else [config]
    else:
        names = [key[:-5] for key, kind in value.items() if kind == "lambda" and key.endswith("_type")]
        if part.above is not None and part.key == "config" and part.above.kind == "Lambda":
            names += [name for name in ("function", "output_shape", "mask") if _is_dump(value.get(name))]
        held = [value.get(name) for name in dict.fromkeys(names)]
    return [text for each in held if (text := _code(each))]


def _is_dump(value: Any) -> bool:
    """True for [code, defaults, closure]."""
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)


def _code(value: Any) -> str:
    """The code of a function as Keras dumps it: alone, or first of three."""
    if isinstance(value, Mapping):
        value = value.get("items")
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def _decoded(text: str) -> bytes:
    part = text[:_LONGEST]
    try:
        return binascii.a2b_base64(part.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return part.encode("raw_unicode_escape", "replace")


def strings(codes: Sequence[Code]) -> Iterator[bytes]:
    """Yield what stands in bytecode as short texts, some of it by chance; of very much bytecode, in the first of it."""
    left = _MOST_SEARCHED
    for code in codes:
        if left <= 0:
            return
        raw = _decoded(code.text)[:left]
        left -= len(raw)
        for start in _STRING.finditer(raw):
            length, at = raw[start.end() : start.end() + 1], start.end() + 1
            yield raw[at : at + int.from_bytes(length, "little")]


def words(codes: Sequence[Code]) -> tuple[str, ...]:
    """The names in bytecode that reach out of the model; found without decoding it."""
    found: set[str] = set()
    for name in strings(codes):
        if _IDENTIFIER.fullmatch(name):
            found.update(name.decode("ascii").split("."))
    return tuple(sorted(found & DANGEROUS))
