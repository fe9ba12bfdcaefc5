"""How the feeds of single ops are drawn: sizes, axes, and ops of one or two inputs of any shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

__all__ = ["C", "Drawn", "P", "Recipe", "W", "axes", "axis", "binary", "dims", "unary"]


@dataclass
class Drawn:
    """What a recipe drew: the inputs by name (`P` or `C`, or a list of them), and attributes."""

    args: dict[str, Any]
    attrs: dict[str, Any] = field(default_factory=dict)


def P(*shape: int | None) -> tuple[str, Any]:  # noqa: N802
    """A placeholder."""
    return "P", shape


def C(value: Any) -> tuple[str, Any]:  # noqa: N802
    """A constant."""
    return "C", value


def W(*shape: int) -> tuple[str, Any]:  # noqa: N802
    """A constant of drawn values."""
    return "W", shape


Recipe = Callable[[Random], Drawn]


def dims(rng: Random, low: int = 0, high: int = 5, largest: int = 5) -> list[int]:
    return [rng.randint(1, largest) for _ in range(rng.randint(low, high))]


def axes(rng: Random, rank: int, low: int = 0) -> list[int]:
    found = rng.sample(range(rank), rng.randint(min(low, rank), rank))
    return [each - rank if rng.random() < 0.3 else each for each in found]


def axis(rng: Random, rank: int) -> int:
    return rng.randint(-rank, rank - 1)


def unary(rng: Random, name: str = "x") -> Drawn:
    return Drawn({name: P(*dims(rng, 0, 6))})


def binary(rng: Random, left: str = "x", right: str = "y") -> Drawn:
    shape = dims(rng, 0, 5)
    kind = rng.choice(["same", "same", "scalar", "tail", "ones", "constant", "constant-scalar", "long"])
    if kind == "long":
        shape = dims(rng, 5, 6, 3)
        kind = rng.choice(["same", "tail", "ones"])
    other: Any = {
        "same": P(*shape), "scalar": P(), "tail": P(*shape[rng.randint(0, len(shape)) :]),
        "ones": P(*[1 if rng.random() < 0.5 else each for each in shape]),
        "constant": W(*shape), "constant-scalar": W(),
    }[kind]  # fmt: skip
    pair = {left: P(*shape), right: other}
    if rng.random() < 0.3:
        pair = {left: other, right: P(*shape)}
    return Drawn(pair)
