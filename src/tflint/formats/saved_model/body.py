"""The nodes of a graph or a function, with their references resolved and in an order that they can run in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from tflint.analysis.phrases import cut
from tflint.formats.saved_model.ops import Output, op_def
from tflint.formats.saved_model.protos import Unreadable
from tflint.formats.saved_model.values import Constant, dtype_of
from tflint.formats.tflite.problems import Problems
from tflint.model import DType, Location, ProblemKind

__all__ = ["ARGUMENT", "MISSING", "Body", "Library", "Ref", "called"]

ARGUMENT = -1
"""In place of a node: an argument of the function."""
_NOWHERE = -2
_LONGEST_NAME = 1024
"""No name of a node is longer; it stands in the names of what is called by it, so that a longer one would multiply."""
_MOST_OUTPUTS = 10_000
_MOST = 2_000_000
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_LOOP = frozenset({"NextIteration", "RefNextIteration"})


class Ref(NamedTuple):
    """An output of a node, or an argument."""

    node: int
    output: int


MISSING = Ref(_NOWHERE, 0)


class Library:
    """The functions of a file, by their names."""

    def __init__(self, functions: Iterable[Any], problems: Problems) -> None:
        self.problems = problems
        self.functions: dict[str, Any] = {}
        self._bodies: dict[str, Body] = {}
        self._left = _MOST
        for function in functions:
            self.spend(1)
            name = function.signature.name
            if name in self.functions:
                problems.add(ProblemKind.DAMAGED, f"There are two functions '{cut(name)}'; the first counts.")
            self.functions.setdefault(name, function)

    def __contains__(self, name: str | None) -> bool:
        return name in self.functions

    def spend(self, count: int) -> None:
        """Count what is read.

        Raises:
            Unreadable: it is more than any model has.
        """
        self._left -= count
        if self._left < 0:
            message = f"It has more than {_MOST:,} nodes and references in its graphs, more than any that is in use"
            raise Unreadable(ProblemKind.OVERSIZED, message)

    def body(self, name: str) -> Body:
        """The function of that name, which must be there."""
        if name not in self._bodies:
            self._bodies[name] = Body(self.functions[name].node_def, self, self.functions[name])
        return self._bodies[name]

    def types(self, node: Any, kind: str) -> Sequence[DType] | None:
        """The element types of a node's outputs; None where tflint does not know the op."""
        function = self.functions.get(kind)
        if function is not None:
            return [dtype_of(arg.type) for arg in function.signature.output_arg]
        known = op_def(kind)
        if known is None:
            return None
        found: list[DType] = []
        for output in known.outputs:
            found += _types(node, output, known.defaults)
        return found

    def first(self, node: Any, kind: str, name: str) -> int:
        """The number of the first of the outputs of that name."""
        function = self.functions.get(kind)
        if function is not None:
            names = [arg.name for arg in function.signature.output_arg]
            return names.index(name) if name in names else 0
        known = op_def(kind)
        before = 0
        for output in known.outputs if known is not None else ():
            if output.name == name:
                return before
            before += len(_types(node, output, known.defaults)) if known is not None else 0
        return 0


def _types(node: Any, output: Output, defaults: Mapping[str, Any]) -> Sequence[DType]:
    """The element types of one output of an op: several where it is a list."""
    attrs = node.attr
    if output.is_list:
        numbers = attrs[output.type_attr].list.type if output.type_attr in attrs else ()
        return [dtype_of(number) for number in numbers[:_MOST_OUTPUTS]]
    dtype: DType | None = output.dtype
    if dtype is None and output.type_attr in attrs:
        dtype = dtype_of(attrs[output.type_attr].type)
    if dtype is None:
        found = defaults.get(output.type_attr)
        dtype = found if isinstance(found, DType) else DType.UNKNOWN
    assert dtype is not None
    if not output.number_attr:
        return (dtype,)
    count = attrs[output.number_attr].i if output.number_attr in attrs else defaults.get(output.number_attr, 0)
    return (dtype,) * min(max(int(count), 0), _MOST_OUTPUTS)


def called(node: Any, library: Library) -> str | None:
    """The function that a node stands for; None where it is an op of its own."""
    if node.op in _CALLS:
        name = node.attr["f"].func.name if "f" in node.attr else ""
        return name or None
    return node.op if node.op in library else None


def _has_effect(kind: str) -> bool:
    """True where TensorFlow runs the node though nothing needs it.

    Source: TensorFlow v2.21.0, tensorflow/core/common_runtime/function_utils.cc, PruneFunctionGraph.
    """
    known = op_def(kind)
    return kind not in {"ReadVariableOp", "VarHandleOp"} and (known is None or known.is_stateful)


class Body:
    """The nodes of the main graph (no `function`), or of a function.

    `faults` are the nodes that something is wrong with; `broken` says that it is what the function returns.
    """

    def __init__(self, nodes: Sequence[Any], library: Library, function: Any = None) -> None:
        self.library = library
        self.problems = library.problems
        self.function = function
        self.name: str = function.signature.name if function is not None else ""
        self.broken = False
        self.faults: set[int] = set()
        self._circular: set[int] = set()
        self.nodes = nodes
        self.args: dict[str, int] = {}
        if function is not None:
            self.args = {arg.name: index for index, arg in enumerate(function.signature.input_arg)}
        self.names: list[str] = []
        self.kinds: list[str] = []
        self.index: dict[str, int] = {}
        self.weight = len(nodes) + len(self.args)
        """What it costs to put the nodes in place of a call."""
        self.constants: dict[int, Constant] = {}
        self.options: dict[int, Mapping[str, Any]] = {}
        """What was decoded once, and is the same wherever the nodes stand."""
        for number, node in enumerate(nodes):
            library.spend(1 + len(node.input))
            self.weight += len(node.input)
            name = node.name
            self.names.append(name[:_LONGEST_NAME])
            self.kinds.append(node.op)
            if len(name) > _LONGEST_NAME:
                self._tell(ProblemKind.OVERSIZED, f"The name '{name[:20]}…' has {len(name):,} characters.", number)
                name = name[:_LONGEST_NAME]
            if self.index.setdefault(name, number) != number:
                self._tell(ProblemKind.DAMAGED, f"There are two nodes '{cut(name)}'{self._where}.", self.index[name])
        self.refs: list[list[Ref]] = []
        self.controls: list[list[int]] = []
        for number, node in enumerate(nodes):
            self._resolve(number, node)

    @property
    def _where(self) -> str:
        return f" in function '{cut(self.name)}'" if self.name else ""

    def _tell(self, kind: ProblemKind, message: str, node: int | None) -> None:
        """Keep a problem of a node, or of what the function returns."""
        self.broken = self.broken or node is None
        if node is not None:
            self.faults.add(node)
        name = self.name if node is None else self.names[node]
        self.problems.add(kind, message, Location(self.problems.path, "", None, name), hint="Save the model again.")

    def _resolve(self, number: int, node: Any) -> None:
        refs: list[Ref] = []
        controls: list[int] = []
        for text in node.input:
            if text.startswith("^"):
                source = self.index.get(text[1:])
                if source is not None:
                    controls.append(source)
                elif text[1:] not in self.args:
                    self._lost(number, text)
                continue
            ref = self.ref(text)
            if ref is MISSING:
                self._lost(number, text)
            refs.append(ref)
        self.refs.append(refs)
        self.controls.append(controls)

    def _lost(self, node: int, text: str) -> None:
        message = f"Node '{cut(self.names[node])}'{self._where} takes '{cut(text)}', and there is no such node."
        self._tell(ProblemKind.BAD_REFERENCE, message, node)

    def ref(self, text: str) -> Ref:
        """What `node`, `node:1`, and in a function `argument` and `node:output:1` refer to; `MISSING` where nothing."""
        if self.function is None:
            name, _, number = text.rpartition(":")
            if not name or not number.isdecimal() or len(number) > 9:
                name, number = text, "0"
            found = self.index.get(name)
            return MISSING if found is None else Ref(found, int(number))
        parts = text.split(":")
        argument = self.args.get(parts[0])
        if argument is not None and len(parts) < 3:
            return Ref(ARGUMENT, argument)
        found = self.index.get(parts[0])
        number = parts[-1] if len(parts) > 1 else "0"
        if found is None or not number.isdecimal() or len(number) > 9:
            return MISSING
        if len(parts) < 3:
            return Ref(found, int(number))
        kind = self.kinds[found]
        known = op_def(kind)
        if known is not None and known.outputs and known.outputs[0].name == parts[1]:
            return Ref(found, int(number))
        return Ref(found, self.library.first(self.nodes[found], kind, parts[1]) + int(number))

    @cached_property
    def returns(self) -> list[tuple[str, Ref]]:
        """The outputs of the function, in the order of its signature."""
        found: list[tuple[str, Ref]] = []
        for arg in self.function.signature.output_arg:
            text = self.function.ret.get(arg.name, "")
            ref = self.ref(text) if text else MISSING
            if ref is MISSING:
                message = f"Function '{cut(self.name)}' returns '{cut(text)}', and there is no such node."
                self._tell(ProblemKind.BAD_REFERENCE, message, None)
            found.append((arg.name, ref))
        return found

    @cached_property
    def order(self) -> list[int]:
        """The nodes of the function that have an effect: what it returns needs them, or they have state."""
        roots = [ref.node for _, ref in self.returns]
        roots += [self.index.get(name, _NOWHERE) for name in self.function.control_ret.values()]
        roots += [number for number, kind in enumerate(self.kinds) if _has_effect(kind)]
        return self.ordered(self.needed(roots))

    def needed(self, roots: Iterable[int], cuts: frozenset[Ref] = frozenset()) -> set[int]:
        """The nodes that `roots` need, themselves included; what is behind `cuts` is fed and not needed."""
        found: set[int] = set()
        waiting = [root for root in roots if root >= 0]
        while waiting:
            node = waiting.pop()
            if node in found:
                continue
            found.add(node)
            waiting += self.controls[node]
            waiting += [ref.node for ref in self.refs[node] if ref.node >= 0 and ref not in cuts]
        return found

    def ordered(self, nodes: set[int]) -> list[int]:
        """Nodes so that each stands after what it takes; else as in the file. A loop of TensorFlow 1 is cut open."""
        order: list[int] = []
        done: dict[int, bool] = {}
        for start in sorted(nodes):
            if start in done:
                continue
            stack = [(start, iter(self._before(start)))]
            done[start] = False
            while stack:
                node, sources = stack[-1]
                source = next((each for each in sources if each in nodes and done.get(each) is not True), None)
                if source is None:
                    done[node] = True
                    order.append(node)
                    stack.pop()
                elif source not in done:
                    done[source] = False
                    stack.append((source, iter(self._before(source))))
                elif node not in self._circular:
                    self._circular.add(node)
                    message = f"Node '{cut(self.names[node])}'{self._where} needs its own result."
                    self._tell(ProblemKind.DAMAGED, message, node)
        return order

    def _before(self, node: int) -> list[int]:
        """The nodes that run before it; what comes around in a loop does not."""
        sources = [ref.node for ref in self.refs[node] if ref.node >= 0]
        if self.kinds[node] in {"Merge", "RefMerge"}:
            sources = [source for source in sources if self.kinds[source] not in _LOOP]
        return sources + self.controls[node]
