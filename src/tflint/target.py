"""What a deployment target takes of a model: its op table, and the verdict on an op.

A target is data with a pinned source. Its verdict has three layers, asked in this order: is the op listed, in this
version; are the element types those that its kernel reads; do shapes, attributes and constants fit. It has three
values: the target runs the op, refuses it for a reason, or nobody can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from tflint.model import DType, Graph, Model, Op, Tensor

__all__ = [
    "Condition",
    "Kind",
    "Layer",
    "Limits",
    "Source",
    "Support",
    "Target",
    "Unknown",
    "Verdict",
    "type_code",
]


class Kind(Enum):
    """What becomes of a model with an op that the target refuses."""

    RUNTIME = "runtime"
    """It does not run."""
    DELEGATE = "delegate"
    """The op, and what cannot be joined around it, runs on the CPU."""


class Layer(Enum):
    """Which question a verdict rests on."""

    LISTED = "listed"
    TYPED = "typed"
    SHAPED = "shaped"


class Unknown(str):
    """A reason why a condition cannot be decided from the file."""

    __slots__ = ()


Condition = Callable[[Op, Graph], str]
"""Returns nothing where the op fits, the reason where it does not, an `Unknown` where that cannot be told."""


@dataclass(frozen=True)
class Verdict:
    """What a target says of one op. `supported` is None where that cannot be told; `reason` is empty where it is."""

    supported: bool | None
    reason: str = ""
    layer: Layer = Layer.SHAPED


@dataclass(frozen=True)
class Source:
    """Where the facts of a target come from."""

    text: str
    """Repository or product, its commit or release, and the files."""
    date: str
    """The day of that commit or release, as 2026-08-21."""
    coverage: str
    """How much of what the target checks is checked here, and what is not."""


@dataclass(frozen=True)
class Support:
    """What a target takes of one kind of op.

    `versions` is the first and the last op version. `types` are conditions on element types, `conditions` those on
    all else; they are asked in order. Where `decided_elsewhere` is set, an op that fits is still unknown: the
    text says who decides.
    """

    versions: tuple[int, int] | None = None
    types: tuple[Condition, ...] = ()
    conditions: tuple[Condition, ...] = ()
    decided_elsewhere: str = ""


@dataclass(frozen=True)
class Limits:
    """What a delegate makes of the ops that it could take.

    `max_partitions` keeps so many of the largest partitions, None all; a partition of fewer than `min_ops` ops is
    left to the CPU; `prefix` keeps the first partition only.
    """

    max_partitions: int | None = None
    min_ops: int = 1
    prefix: bool = False


@dataclass(frozen=True, eq=False)
class Target:
    """A place to deploy a model to.

    `ops` maps the kind of an op (of a custom op, its custom code) to its support. `types` and `conditions` hold for
    every op, before those of its own. `unlisted` is what an op that is not in `ops` gets: False, or None where the
    list is known to be incomplete. `refuses` are questions to the whole model: nothing, or why it takes none of it.
    `revise` may change the verdicts on a graph once all are known, as where an op is taken only with its consumers.
    """

    name: str
    summary: str
    kind: Kind
    source: Source
    ops: Mapping[str, Support]
    types: tuple[Condition, ...] = ()
    conditions: tuple[Condition, ...] = ()
    unlisted: bool | None = False
    limits: Limits = field(default_factory=Limits)
    refuses: tuple[Callable[[Model], str], ...] = ()
    revise: Callable[[Graph, tuple[Verdict, ...]], tuple[Verdict, ...]] | None = None
    takes_integers: bool = False
    """True where it runs quantized models alone: a source is judged by what int8 quantization makes of it."""
    deprecated: str = ""
    """Why nobody should start with this target; empty where that is not so."""

    @property
    def is_runtime(self) -> bool:
        """Whether an op that it refuses stops the model."""
        return self.kind is Kind.RUNTIME

    def verdict(self, op: Op, graph: Graph) -> Verdict:
        """What the target says of one op by itself."""
        if op.is_unknown:
            return Verdict(None, f"what becomes of the layer '{op.layer}' is not known", Layer.LISTED)
        support = self.ops.get(op.kind)
        if support is None:
            return Verdict(self.unlisted, f"{op.kind} is not among the ops of {self.name}", Layer.LISTED)
        if support.versions is not None and not op.is_custom:
            first, last = support.versions
            if not first <= op.version <= last:
                known = f"version {last}" if first == last else f"versions {first} to {last}"
                return Verdict(False, f"{op.kind} has version {op.version}; {self.name} knows {known}", Layer.LISTED)
        doubt: Verdict | None = None
        for layer, conditions in (
            (Layer.TYPED, (*self.types, *support.types)),
            (Layer.SHAPED, (*self.conditions, *support.conditions)),
        ):
            for condition in conditions:
                reason = condition(op, graph)
                if not reason:
                    continue
                if not isinstance(reason, Unknown):
                    return Verdict(False, f"{op.kind}: {reason}", layer)
                doubt = doubt or Verdict(None, f"{op.kind}: {reason}", layer)
        if doubt is None and support.decided_elsewhere:
            return Verdict(None, support.decided_elsewhere, Layer.SHAPED)
        return doubt or Verdict(True)

    def refusal(self, model: Model) -> str:
        """Why the target takes nothing of a model; empty where it looks at the ops one by one."""
        return next((reason for question in self.refuses if (reason := question(model))), "")


_SHORT = {
    DType.FLOAT32: "f32", DType.FLOAT16: "f16", DType.FLOAT64: "f64", DType.BFLOAT16: "bf16",
    DType.INT2: "i2", DType.INT4: "i4", DType.INT8: "i8", DType.INT16: "i16", DType.INT32: "i32", DType.INT64: "i64",
    DType.UINT4: "u4", DType.UINT8: "u8", DType.UINT16: "u16", DType.UINT32: "u32", DType.UINT64: "u64",
    DType.BOOL: "bool", DType.STRING: "str", DType.RESOURCE: "res", DType.VARIANT: "variant",
    DType.COMPLEX64: "c64", DType.COMPLEX128: "c128", DType.FLOAT8_E4M3FN: "f8", DType.FLOAT8_E5M2: "f8",
}  # fmt: skip


def type_code(tensor: Tensor | None) -> str:
    """The element type of a tensor with its quantization, short: `f32`, `i32`, `qi8`, `qi8c`.

    A `q` says that it has a scale, a `c` at the end that it has one for each channel; `-` is a left-out tensor, `?` an
    element type that is newer than this program.
    """
    if tensor is None:
        return "-"
    short = _SHORT.get(tensor.dtype, "?")
    if tensor.quant is None or not tensor.dtype.is_integer:
        return short
    return f"q{short}c" if tensor.quant.is_per_axis else f"q{short}"
