"""How the table of TensorFlow's ops is read: what becomes of an op by its kind and its element types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from tflint.forecast.status import Refusal, Status
from tflint.model import DType, Op

__all__ = ["Entry", "entry", "kinds", "type_name"]


@dataclass(frozen=True)
class Entry:
    """What becomes of a kind of op.

    `best` is what an op gets that fits, `otherwise` what one gets that does not. `becomes` are the ops of the runtime
    that were seen, none where nothing is left of it. `types` tells by type attribute and element type, in TensorFlow's
    names, what is the best that was seen. `is_probed` is False where the list of Flex ops alone decides.
    """

    kind: str
    best: Status
    otherwise: Status
    becomes: tuple[str, ...] = ()
    types: Mapping[str, Mapping[str, Status]] = field(default_factory=dict)
    has_state: bool = False
    is_probed: bool = True

    def refusal(self, op: Op) -> Refusal | None:
        """What the element types of an op cost it; None where they are those of the best."""
        found: Refusal | None = None
        for attr, statuses in self.types.items():
            dtype = op.options.get(attr)
            if not isinstance(dtype, DType):
                continue
            name = type_name(dtype)
            status = statuses.get(name, self.otherwise if self.best is Status.BUILTIN else self.best)
            if status.rank > self.best.rank and (found is None or status.rank > (found.status or status).rank):
                found = Refusal(f"of {name} values ({attr}) no op of the runtime computes it", status)
        return found


_NAMES = {DType.FLOAT16: "float16", DType.FLOAT32: "float32", DType.FLOAT64: "float64", DType.BFLOAT16: "bfloat16"}


def type_name(dtype: DType) -> str:
    """TensorFlow's name of an element type."""
    return _NAMES.get(dtype) or dtype.value.lower()


@cache
def entry(kind: str) -> Entry | None:
    """What the table says of a kind of op; None where it is neither probed nor among the Flex ops."""
    from tflint.forecast.flex_ops import FLEX_OPS
    from tflint.forecast.tf_ops import TF_OPS

    row = TF_OPS.get(kind)
    if row is not None:
        return _read(kind, row)
    if kind in FLEX_OPS:
        return Entry(kind, Status.FLEX, Status.FLEX, is_probed=False)
    return None


def kinds() -> Iterator[str]:
    """All ops of the table, sorted."""
    from tflint.forecast.flex_ops import FLEX_OPS
    from tflint.forecast.tf_ops import TF_OPS

    return iter(sorted({*TF_OPS, *FLEX_OPS}))


def _read(kind: str, row: str) -> Entry:
    """The entry of a row such as `builtin flex; > ABS; T builtin float32 int32 | flex float64; state`."""
    head, *parts = row.split("; ")
    best, otherwise = head.split()
    becomes: tuple[str, ...] = ()
    types: dict[str, Mapping[str, Status]] = {}
    for part in parts:
        attr, _, rest = part.partition(" ")
        if attr == ">":
            becomes = tuple(rest.split())
        elif rest:
            groups = [group.split() for group in rest.split(" | ")]
            types[attr] = {name: Status(status) for status, *names in groups for name in names}
    return Entry(kind, Status(best), Status(otherwise), becomes, types, "state" in parts)
