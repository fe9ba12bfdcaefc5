"""The words that messages share: names, lists, sizes, counts."""

from __future__ import annotations

from collections.abc import Iterable

from tflint.model import Tensor

__all__ = ["count", "listed", "named", "share", "size", "typed"]

_LONGEST_NAME = 60
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def named(tensor: Tensor) -> str:
    """How a message names a tensor: its name in quotes, cut in the middle where it is long, else its index."""
    if not tensor.name:
        return f"tensor {tensor.index}"
    return f"'{cut(tensor.name)}'"


def typed(tensor: Tensor) -> str:
    """The element type and shape of a tensor: `INT8[1, 96, 96, 1]`, a `?` for a dynamic dimension."""
    if not tensor.has_rank:
        return f"{tensor.dtype.value}[unknown rank]"
    return f"{tensor.dtype.value}[{', '.join('?' if size is None else str(size) for size in tensor.shape)}]"


def cut(text: str) -> str:
    """A text, the middle of a long one left out."""
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{text[:28]}…{text[-31:]}"


def listed(items: Iterable[str], at_most: int = 3) -> str:
    """`a, b, c and 4 more`: the first items, each once, and how many were left out."""
    unique = list(dict.fromkeys(items))
    more = len(unique) - at_most
    if more > 0:
        return f"{', '.join(unique[:at_most])} and {more} more"
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def count(number: int, what: str, many: str = "") -> str:
    """`1 op`, `2 ops`, `1,204 ops`; `many` where the plural is not the word with an s."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def size(number: int) -> str:
    """A number of bytes as people read it: `312 bytes`, `41.5 KiB`, `3.2 MiB`."""
    if number < 1024:
        return count(number, "byte")
    in_unit, unit = number / 1024, _UNITS[0]
    for larger in _UNITS[1:]:
        if in_unit < 1023.95:
            break
        in_unit, unit = in_unit / 1024, larger
    return f"{in_unit:,.1f} {unit}"


def share(part: float, whole: float) -> str:
    """A part of a whole as percent: `0 %`, `< 0.1 %`, `0.4 %`, `37 %`."""
    percent = 100 * part / whole if whole else 0.0
    if percent == 0 or percent >= 9.95:
        return f"{percent:.0f} %"
    return "< 0.1 %" if percent < 0.05 else f"{percent:.1f} %"
