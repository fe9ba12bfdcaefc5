"""The constants that ops hold in both builds, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.analysis.alignment import Alignment
from tflint.analysis.labels import CARRYING
from tflint.analysis.sites import BIASES, constant_of
from tflint.model import DType, Op, Tensor

__all__ = ["Held", "held", "is_setting"]

_NUMBERS = frozenset({DType.INT32, DType.INT64, DType.UINT32, DType.UINT64, DType.UINT16, DType.BOOL, DType.INT16})


@dataclass(frozen=True, eq=False)
class Held:
    """A constant that an op reads in both builds. `slot` is the number of the input, or of the layer's weight."""

    here: Op
    there: Op
    slot: int
    old: Tensor
    new: Tensor
    is_bias: bool

    @property
    def is_setting(self) -> bool:
        """Whether it says what the op does (sizes, axes, paddings), and was not learned."""
        return not self.is_bias and is_setting(self.old) and is_setting(self.new)


def is_setting(tensor: Tensor) -> bool:
    """Whether a constant is of plain integers or truth values."""
    return tensor.quant is None and tensor.dtype in _NUMBERS


def held(found: Alignment) -> Iterator[Held]:
    """The constants of ops that are paired, where both have one in the same place."""
    for mine, theirs in found.graphs:
        for there in theirs.ops:
            here = found.old_of.get(there)
            if here is None or here.kind in CARRYING:
                continue
            biases = BIASES.get(here.kind, ())
            for slot in range(min(len(here.inputs), len(there.inputs))):
                old, new = constant_of(mine, here, slot), constant_of(theirs, there, slot)
                if old is not None and new is not None:
                    yield Held(here, there, slot, old, new, slot in biases)
            yield from _weights(here, there)


def _weights(here: Op, there: Op) -> Iterator[Held]:
    """The weights of a layer: by their names, or in order where there are none."""
    if not here.weights and not there.weights:
        return
    names = {weight.name: weight for weight in there.weights}
    by_name = len(names) == len(there.weights) and all(weight.name in names for weight in here.weights)
    others = [names[weight.name] for weight in here.weights] if by_name else there.weights
    for slot, (old, new) in enumerate(zip(here.weights, others, strict=False)):
        yield Held(here, there, slot, old, new, old.name.rpartition("/")[2].startswith("bias"))
