"""The JSON of a Keras file, read within bounds, and looked at without believing it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tflint.model import DType, Shape

__all__ = ["Unreadable", "dtype_of", "entries", "is_number", "mapping", "name_of", "parse", "shape_of", "text", "walk"]

DEEPEST = 200
"""No configuration of Keras nests so deep: a model within a model takes six levels."""
_LONGEST = 256
"""No name is longer; it stands in the address of each part of a layer, so that a longer one would multiply."""
_DTYPES = {dtype.value.lower(): dtype for dtype in DType if dtype is not DType.UNKNOWN}
_HIGHEST_RANK = 64
_NOTHING: Mapping[str, Any] = {}


class Unreadable(Exception):  # noqa: N818 - it is one, and no error of ours
    """JSON that cannot be read; the message says why, to follow `because`."""


def parse(raw: str | bytes) -> Mapping[str, Any]:
    """The object that a JSON text holds.

    Raises:
        Unreadable: it is no JSON, too deep, or no object.
    """
    try:
        found = json.loads(raw)
    except RecursionError:
        raise Unreadable(f"it nests deeper than {DEEPEST} levels") from None
    except UnicodeDecodeError as reason:
        raise Unreadable(f"it is no text: byte {reason.start:,} is no {reason.encoding}") from None
    except ValueError as reason:
        raise Unreadable(f"it is no JSON: {reason}") from None
    if not isinstance(found, dict):
        raise Unreadable("it is no JSON object")
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [
            child for each in level for child in (each.values() if isinstance(each, dict) else each) if _is_nest(child)
        ]
        if not level:
            return found
    raise Unreadable(f"it nests deeper than {DEEPEST} levels")


def _is_nest(value: Any) -> bool:
    return isinstance(value, dict | list)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def entries(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value where it is a text, as UTF-8 can have it; else an empty one."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def name_of(value: Any) -> str:
    """The value where it is a text, cut where no name is so long; else an empty one."""
    return text(value[:_LONGEST]) if isinstance(value, str) else ""


def is_number(value: Any) -> bool:
    """True for an integer that is no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def shape_of(value: Any) -> Shape | None:
    """A shape: a list of sizes, None where one is not known; None where it is something else."""
    value = mapping(value).get("items", value)  # Keras 3 may write a tuple as an object
    if not isinstance(value, list) or len(value) > _HIGHEST_RANK:
        return None
    if not all(size is None or (is_number(size) and 0 <= size < 1 << 63) for size in value):
        return None
    return tuple(value)


def dtype_of(value: Any) -> DType:
    """The type that Keras calls so, by its name or as a policy object; UNKNOWN where it is something else."""
    name = value if isinstance(value, str) else mapping(mapping(value).get("config")).get("name")
    return _DTYPES.get(name, DType.UNKNOWN) if isinstance(name, str) else DType.UNKNOWN


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and all that is nested in it, in the order that they are written."""
    left = [value]
    while left:
        each = left.pop()
        yield each
        if isinstance(each, dict):
            left.extend(reversed(each.values()))
        elif isinstance(each, list):
            left.extend(reversed(each))
