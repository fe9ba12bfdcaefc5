"""What TensorFlow says of its ops: their outputs, whether they have state, the defaults of their attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from tflint.model import DType

__all__ = ["OpDef", "Output", "op_def"]


class Output(NamedTuple):
    """An output of an op. `dtype` is its type where it is always the same, else None, and `type_attr` names it."""

    name: str
    dtype: DType | None
    type_attr: str = ""
    number_attr: str = ""
    """The attribute that says how many there are; empty where it is one."""
    is_list: bool = False
    """True where `type_attr` is a list of types, one for each."""


class OpDef(NamedTuple):
    """What TensorFlow says of an op."""

    outputs: tuple[Output, ...]
    is_stateful: bool
    defaults: Mapping[str, Any]
    functions: tuple[str, ...]
    """The attributes that name functions."""


@lru_cache(4096)
def op_def(kind: str) -> OpDef | None:
    """What TensorFlow says of an op; None where it has no such op: a custom one, or the name of a function."""
    row = _rows().get(kind) if kind else None
    if row is None:
        return None
    outputs, stateful, defaults, *functions = row
    return OpDef(
        tuple(_output(text) for text in outputs.split()),
        bool(stateful),
        MappingProxyType({name: _default(value) for name, value in defaults.items() if value is not None}),
        tuple(functions[0]) if functions else (),
    )


@cache
def _rows() -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(Path(__file__).with_name("ops.json").read_bytes())
    return rows


def _output(text: str) -> Output:
    name, _, kind = text.partition(":")
    if kind.startswith("["):
        return Output(name, None, kind.strip("[]"), is_list=True)
    kind, _, number = kind.partition("*")
    if kind.startswith("="):
        return Output(name, DType[kind[1:]] if kind[1:] in DType.__members__ else DType.UNKNOWN, "", number)
    return Output(name, None, kind, number)


def _default(value: Any) -> Any:
    """A default of an attribute, in the form that attributes have."""
    if isinstance(value, list):
        return tuple(_default(item) for item in value)
    if isinstance(value, dict):
        if "t" in value:
            return DType[value["t"]] if value["t"] in DType.__members__ else DType.UNKNOWN
        return None if value["h"] is None else tuple(value["h"])
    return value
