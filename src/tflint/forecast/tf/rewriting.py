"""What the converter rewrites in a graph before it joins ops: patterns of ops, one after the other, until none is left.

Source: LiteRT f67457790, tflite/converter/transforms/optimize_patterns.td and optimize_pass.cc.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tflint.forecast.layers.fusing import key_of
from tflint.forecast.layers.trace import HOLE, Cannot, Node, Trace, Value
from tflint.forecast.tf.call import floats
from tflint.model import DType, Shape

__all__ = ["Pattern", "View", "rewrite"]

_MOST_PASSES = 12
_NEAR = 1e-6
_WITH_EFFECT = frozenset({"WHILE", "ASSIGN_VARIABLE"})


class View:
    """A graph under way, as patterns see it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.maker: dict[Value, Node] = {}
        self.uses: Counter[Value] = Counter()
        self.kept: list[Node] = []
        self._replaced: dict[Value, Value] = {}
        self._seen: dict[tuple[object, ...], Node] = {}

    def made(self, value: Value | None, kind: str) -> Node | None:
        """The op of that kind that makes a value; None where another does."""
        node = None if value is None else self.maker.get(value)
        return node if node is not None and node.kind == kind else None

    def only(self, value: Value | None, kind: str) -> Node | None:
        """The same where the value is read once."""
        return self.made(value, kind) if value is not None and self.uses[value] == 1 else None

    def emit(
        self, kind: str, inputs: Sequence[Value | None], shape: Shape | None, dtype: DType, like: Node, **options: Any
    ) -> Value:
        """A new op; it stands where the op `like` does."""
        value = Value(shape, dtype)
        node = Node(kind, list(inputs), [value], options, like.layer)
        self.kept.append(node)
        self.maker[value] = node
        self.uses.update(each for each in node.inputs if each is not None)
        return value

    def resolved(self, value: Value) -> Value:
        while value in self._replaced:
            value = self._replaced[value]
        return value

    def run(self, patterns: Mapping[str, Sequence[Pattern]]) -> bool:
        """One pass over the graph; True where something changed."""
        self.maker = {value: node for node in self.trace.nodes for value in node.outputs}
        self.uses = Counter(value for node in self.trace.nodes for value in node.inputs if value is not None)
        self.uses.update(self.trace.outputs)
        self.kept, self._seen, changed = [], {}, False
        for node in self.trace.nodes:
            node.inputs = [None if value is None else self.resolved(value) for value in node.inputs]
            new = self._same_as(node) or self._rewritten(node, patterns.get(node.kind, ()))
            if new is None:
                self.kept.append(node)
                continue
            changed = True
            self.uses[new] += self.uses[node.outputs[0]]
            self._replaced[node.outputs[0]] = new
            self.uses[node.outputs[0]] = 0
            self._drop(node)
        self.trace.outputs = [self.resolved(value) for value in self.trace.outputs]
        self.trace.nodes = self._alive()
        return changed

    def _same_as(self, node: Node) -> Value | None:
        """The output of an op before it that computes the same."""
        if len(node.outputs) != 1 or node.kind in _WITH_EFFECT or HOLE in node.options:
            return None
        first = self._seen.setdefault(key_of(node), node)
        return None if first is node else first.outputs[0]

    def _rewritten(self, node: Node, patterns: Sequence[Pattern]) -> Value | None:
        for pattern in patterns:
            before = len(self.kept)
            try:
                new = pattern(self, node)
            except (Cannot, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                new = None
            if new is not None:
                return new
            del self.kept[before:]
        return None

    def _drop(self, node: Node) -> None:
        """Forget what an op read, and the ops that nothing reads then."""
        left = [node]
        while left:
            for value in left.pop().inputs:
                if value is None:
                    continue
                self.uses[value] -= 1
                before = self.maker.get(value)
                if before is not None and not any(self.uses[each] > 0 for each in before.outputs):
                    left.append(before)

    def _alive(self) -> list[Node]:
        wanted = set(self.trace.outputs)
        found = []
        for node in reversed(self.kept):
            if any(value in wanted for value in node.outputs) or node.kind in _WITH_EFFECT:
                wanted.update(value for value in node.inputs if value is not None)
                found.append(node)
        return found[::-1]


Pattern = Callable[[View, Node], Value | None]
"""What takes the place of an op's output; None where the pattern does not fit."""


def rewrite(trace: Trace) -> None:
    """Rewrite what can be rewritten, in place."""
    from tflint.forecast.tf.moves import MOVES
    from tflint.forecast.tf.patterns import PATTERNS

    patterns = {kind: (*PATTERNS.get(kind, ()), *MOVES.get(kind, ())) for kind in {*PATTERNS, *MOVES}}
    for _ in range(_MOST_PASSES):
        if not View(trace).run(patterns):
            return


def equals(value: Value | None, number: float, *, scalar: bool = False) -> bool:
    """Whether a value is a constant that is that number throughout."""
    found = floats(value)
    if not found or value is None or (scalar and value.shape):
        return False
    return all(abs(each - number) <= _NEAR * abs(number) for each in found)
