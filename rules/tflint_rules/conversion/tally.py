"""How messages count ops by their kind."""

from collections import Counter
from collections.abc import Iterable

from tflint import Op
from tflint.analysis.phrases import cut, listed

__all__ = ["tallied", "tally"]


def tally(ops: Iterable[Op]) -> dict[str, int]:
    """Kind -> how many, the most frequent first."""
    return dict(Counter(op.kind for op in ops).most_common())


def tallied(ops: Iterable[Op], at_most: int = 4) -> str:
    """`FlexMul (7), FlexSub (2), FlexErf and 3 more`: the kinds of some ops."""
    kinds = tally(ops).items()
    return listed((f"{cut(kind)} ({number})" if number > 1 else cut(kind) for kind, number in kinds), at_most)
