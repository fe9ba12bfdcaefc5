"""Models of one op for the tests of target tables: `says(TARGET, "ADD", [t("qi8", 4), k("qi8", 4)], t("qi8", 4))`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflint.analysis.placement import place
from tflint.model import DType
from tflint.target import Target, Verdict
from tflint.testing import GraphBuilder, model

__all__ = ["One", "ints", "k", "said", "says", "t", "verdict"]

_NAMES = {
    "f16": "FLOAT16", "f32": "FLOAT32", "f64": "FLOAT64", "bf16": "BFLOAT16", "bool": "BOOL", "str": "STRING",
    "c64": "COMPLEX64", "res": "RESOURCE", "variant": "VARIANT", "i2": "INT2", "i4": "INT4", "i8": "INT8",
    "i16": "INT16", "i32": "INT32", "i64": "INT64", "u4": "UINT4", "u8": "UINT8", "u16": "UINT16", "u32": "UINT32",
    "u64": "UINT64",
}  # fmt: skip


@dataclass(frozen=True)
class One:
    """A tensor of the model, by the code of its type as `type_code` gives it."""

    code: str
    shape: tuple[int | None, ...]
    constant: bool = False
    data: bytes | None = None
    scale: float = 0.1
    zero: int = 0
    more: tuple[tuple[str, Any], ...] = ()

    def add(self, g: GraphBuilder, *, made: bool = False) -> int:
        name = f"t{len(g.graph['tensors'])}"
        plain = self.code.removeprefix("q").removesuffix("c") if self.code.startswith("q") else self.code
        dtype = _NAMES[plain]
        more: dict[str, Any] = dict(self.more)
        if self.code.startswith("q"):
            channels = max(self.shape[0] or 1, 2) if self.shape else 2
            more |= {
                "scale": [self.scale] * channels if self.code.endswith("c") else self.scale,
                "zero_point": self.zero,
            }
        if self.constant:
            size = int(np.prod([each or 1 for each in self.shape], dtype=int))
            blank = bytes((size * (DType(dtype).bits or 8) + 7) // 8)  # type: ignore[call-arg]
            more["buffer"] = g.buffer(self.data if self.data is not None else blank)
            return g.tensor(name, self.shape, dtype, **more)
        return g.tensor(name, self.shape, dtype, **more) if made else g.input(name, self.shape, dtype, **more)


def t(code: str, *shape: int | None, **more: Any) -> One:
    """A value that is computed; `scale` and `zero` of its quantization, other fields of the schema."""
    known = {key: more.pop(key) for key in ("scale", "zero") if key in more}
    return One(code, shape, **known, more=tuple(more.items()))


def k(code: str, *shape: int, **more: Any) -> One:
    """A constant of zeros."""
    known = {key: more.pop(key) for key in ("scale", "zero", "data") if key in more}
    return One(code, shape, constant=True, **known, more=tuple(more.items()))


def ints(*values: int, code: str = "i32", shape: tuple[int, ...] | None = None) -> One:
    """A constant of these integers."""
    array = np.array(values, _NAMES[code].lower())
    return One(code, array.shape if shape is None else shape, constant=True, data=array.tobytes())


def build(
    g: GraphBuilder,
    kind: str,
    inputs: Sequence[One | int | None],
    outputs: One | Sequence[One],
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> list[int]:
    """Add an op and all that it reads and makes; returns what it makes."""
    found = [-1 if each is None else each if isinstance(each, int) else each.add(g) for each in inputs]
    made = [each.add(g, made=True) for each in ([outputs] if isinstance(outputs, One) else outputs)]
    g.op(kind, found, made, options, **more)
    g.output(*made)
    return made


def verdict(
    target: Target,
    kind: str,
    inputs: Sequence[One | int | None],
    outputs: One | Sequence[One],
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Verdict:
    """What a target says of the op of a model with nothing else."""
    g = GraphBuilder()
    build(g, kind, inputs, outputs, options, **more)
    return place(target, model(g).graphs[0]).verdicts[0]


def said(found: Verdict, kind: str) -> str:
    """A verdict as text: nothing where the op is taken, `? ` before the reason where that cannot be told."""
    assert (found.supported is True) == (found.reason == "")
    return ("? " if found.supported is None else "") + found.reason.removeprefix(f"{kind}: ")


def says(
    target: Target,
    kind: str,
    inputs: Sequence[One | int | None],
    outputs: One | Sequence[One],
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> str:
    """What a target says of the op of a model with nothing else, as text."""
    return said(verdict(target, kind, inputs, outputs, options, **more), kind)
