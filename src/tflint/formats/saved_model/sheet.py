"""Makes one graph of a SavedModel: the ops that a signature or a function runs, with the calls in it put in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from tflint.analysis.phrases import cut
from tflint.formats.saved_model.body import ARGUMENT, Body, Library, Ref, called
from tflint.formats.saved_model.ops import op_def
from tflint.formats.saved_model.origin import Layers, Lines
from tflint.formats.saved_model.values import Constant, attribute, constant, dtype_of, shape_of
from tflint.formats.saved_model.variables import BRANCHES, VARIABLES, Variable, Variables, Writes, functions_of
from tflint.formats.saved_model.wire import Slim
from tflint.formats.tflite.problems import Problems
from tflint.model import DType, Graph, Location, Op, ProblemKind, Shape, Tensor

__all__ = ["Frame", "Shared", "Sheet"]

_DEEPEST = 64
_LONGEST_PATH = 2048
"""Calls are put in place so deep, and as long as the names of their nodes stay so short."""
_MOST = 1_500_000
_SHAPED = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
"""Ops whose attribute `shape` is that of their output."""


@dataclass
class Shared:
    """What the graphs of one file share. `left` counts down the nodes that calls may still be replaced by."""

    path: str
    problems: Problems
    library: Library
    variables: Variables
    writes: Writes
    layers: Layers
    lines: Lines | None
    slim: Slim
    left: int
    inlined: set[str] = field(default_factory=set)
    branches: dict[str, list[Variable | None]] = field(default_factory=dict)
    """The functions that ops refer to, and the variables that they are called with."""
    queue: list[str] = field(default_factory=list)
    """These functions in the order that they are met."""
    made: int = 0
    """The tensors and ops that were made."""
    told: set[str] = field(default_factory=set)


@dataclass
class Frame:
    """One call of a function, or the main graph. `fed` are the outputs that a signature's inputs take the place of."""

    body: Body
    prefix: str
    args: list[Tensor | None]
    fed: Mapping[Ref, Tensor] = field(default_factory=dict)
    values: dict[int, dict[int, Tensor | None]] = field(default_factory=dict)
    stack: tuple[str, ...] = ()


@dataclass
class _Record:
    frame: Frame
    node: int
    inputs: tuple[Tensor | None, ...]


class Sheet:
    """A graph in the making. Where not `inline`, calls stay ops that name their function."""

    def __init__(self, shared: Shared, index: int, name: str, *, inline: bool) -> None:
        self.shared = shared
        self.index = index
        self.name = name
        self.inline = inline
        self.intact = True
        self.tensors: list[Tensor] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self._records: list[_Record] = []
        self._variables: dict[tuple[int, bool], Tensor] = {}
        self._held: dict[Tensor, Variable] = {}
        """The variables by the tensors that stand for them, of those that nothing changes."""

    def tensor(self, name: str, dtype: DType, shape: Shape | None, value: Constant | None = None) -> Tensor:
        """A new tensor of the graph; `shape` is None where its rank is not known."""
        if value is None:
            return self._tensor(name, dtype, shape, None, None, False, False)
        return self._tensor(name, dtype, shape, value.data, value.offset, value.data is None, False)

    def _tensor(
        self, name: str, dtype: DType, shape: Shape | None, data: memoryview | None, offset: int | None,
        external: bool, is_variable: bool,
    ) -> Tensor:  # fmt: skip
        self.shared.made += 1
        sizes = shape or ()
        least: tuple[Any, ...] = tuple([1 if size is None else size for size in sizes]) if None in sizes else sizes
        made = Tensor(
            self.shared.path, self.index, len(self.tensors), name, dtype, sizes, least, None, data, 0, offset,
            is_variable, None, shape is not None, external,
        )  # fmt: skip
        self.tensors.append(made)
        return made

    def variable(self, variable: Variable, *, changes: bool = False) -> Tensor:
        """The tensor of a variable, the same each time. It is a constant where nothing changes it."""
        changes = changes or variable.changes
        known = self._variables.get((variable.node, changes))
        if known is not None:
            return known
        made = self._tensor(
            variable.name, variable.dtype, variable.shape, variable.data, variable.offset,
            variable.is_stored and variable.data is None, changes,
        )  # fmt: skip
        self._variables[variable.node, changes] = made
        if variable.is_stored and not changes:
            self._held[made] = variable
        return made

    def arguments(self, body: Body, bound: Iterable[Variable | None] = ()) -> list[Tensor | None]:
        """The inputs of a function's graph. An argument that is bound to a variable is no input."""
        held = list(bound)
        found: list[Tensor | None] = []
        attrs = body.function.arg_attr
        for number, arg in enumerate(body.function.signature.input_arg):
            variable = held[number] if number < len(held) else None
            if variable is not None:
                changes = number in self.shared.writes.arguments(body.name)
                found.append(self.variable(variable, changes=changes))
                continue
            shapes = attrs[number].attr["_output_shapes"].list.shape if number in attrs else ()
            shape = next((shape_of(each) for each in shapes), None)
            made = self.tensor(arg.name, dtype_of(arg.type), shape)
            found.append(made)
            self.inputs.append(made)
        return found

    def run(self, frame: Frame, order: Sequence[int]) -> None:
        """Put the nodes of a frame into the graph."""
        self.intact = self.intact and not frame.body.broken and frame.body.faults.isdisjoint(order)
        for node in order:
            if self.shared.made > _MOST:
                message = f"The graphs have more than {_MOST:,} ops and tensors; the rest of them was not read."
                self._tell_once("made", ProblemKind.OVERSIZED, message)
                self.intact = False
                return
            self._put(frame, node)

    def value(self, frame: Frame, ref: Ref) -> Tensor | None:
        """The tensor that a reference of a frame means; None where there is none."""
        if ref.node == ARGUMENT:
            return frame.args[ref.output] if ref.output < len(frame.args) else None
        if ref.node < 0:
            return None
        fed = frame.fed.get(ref)
        if fed is not None:
            return fed
        outputs = frame.values.get(ref.node)
        if outputs is None:  # what comes around in a loop
            outputs = frame.values[ref.node] = self._outputs(frame, ref.node)
        if ref.output not in outputs:
            outputs[ref.output] = self._beyond(frame, ref)
        return outputs[ref.output]

    def _beyond(self, frame: Frame, ref: Ref) -> Tensor | None:
        """An output that the op is not known to have: that of a custom op, or a broken reference."""
        body, node = frame.body, ref.node
        if body.library.types(body.nodes[node], body.kinds[node]) is None:
            return self.tensor(f"{frame.prefix}{body.names[node]}:{ref.output}", DType.UNKNOWN, None)
        said = f"'{cut(body.names[node])}' ({cut(body.kinds[node])})"
        message = f"Node {said} has no output {ref.output}, which another node takes."
        self._tell(ProblemKind.BAD_REFERENCE, message, frame.prefix + body.names[node])
        return None

    def _tell(self, kind: ProblemKind, message: str, name: str) -> None:
        self.intact = False
        at = Location(self.shared.path, f"{self.name}/{name}" if name else "", None, name)
        self.shared.problems.add(kind, message, at, hint="Save the model again.")

    def _tell_once(self, key: str, kind: ProblemKind, message: str, name: str = "") -> None:
        if key not in self.shared.told:
            self.shared.told.add(key)
            self._tell(kind, message, name)

    def _put(self, frame: Frame, node: int) -> None:
        body, kind = frame.body, frame.body.kinds[node]
        if kind == "Const":
            frame.values[node] = {0: self._constant(frame, node)}
            return
        if kind in VARIABLES and body.function is None:
            made = self.variable(self.shared.variables.at(node))
            frame.values[node] = {0: made}
            if made in self._held and self._held[made].is_restored:
                return
        elif kind == "ReadVariableOp" and body.refs[node]:
            source = self.value(frame, body.refs[node][0])
            if source is not None and source in self._held:
                frame.values[node] = {0: source}
                self.shared.layers.learn(body.names[node], source.name)
                return
        else:
            function = called(body.nodes[node], body.library)
            if function is not None and self._replaced(frame, node, function):
                return
        self._record(frame, node)

    def _record(self, frame: Frame, node: int) -> None:
        body = frame.body
        if node not in frame.values:
            frame.values[node] = self._outputs(frame, node)
        inputs = tuple([self.value(frame, ref) for ref in body.refs[node]])
        self._records.append(_Record(frame, node, inputs))
        self.shared.made += 1
        known = op_def(body.kinds[node])
        if self.inline and (known is None or known.functions):
            skipped = BRANCHES.get(body.kinds[node])
            held = [] if skipped is None else [None if t is None else self._held.get(t) for t in inputs[skipped:]]
            for name in functions_of(body.nodes[node]):
                if name in body.library:
                    self._called_with(name, held)

    def _called_with(self, name: str, held: list[Variable | None]) -> None:
        """Keep what a function is called with; where its callers do not agree an argument is open."""
        before = self.shared.branches.get(name)
        if before is None:
            self.shared.queue.append(name)
        else:
            held = [a if a == b else None for a, b in zip(before, held, strict=False)]
        self.shared.branches[name] = held

    def _outputs(self, frame: Frame, node: int) -> dict[int, Tensor | None]:
        """New tensors for the outputs of an op."""
        body = frame.body
        proto, kind = body.nodes[node], body.kinds[node]
        attrs = proto.attr
        shapes = attrs["_output_shapes"].list.shape if "_output_shapes" in attrs else ()
        stated = len(shapes)
        name = frame.prefix + body.names[node]
        found: dict[int, Tensor | None] = {}
        for number, dtype in enumerate(body.library.types(proto, kind) or ()):
            shape = shape_of(shapes[number]) if number < stated else None
            if shape is None and kind in _SHAPED and "shape" in attrs:
                shape = shape_of(attrs["shape"].shape)
            found[number] = self.tensor(f"{name}:{number}", dtype, shape)
        return found

    def _constant(self, frame: Frame, node: int) -> Tensor:
        body = frame.body
        name = f"{frame.prefix}{body.names[node]}:0"
        attrs = body.nodes[node].attr
        if "value" not in attrs:
            self._tell(ProblemKind.DAMAGED, f"Constant '{cut(name)}' has no value.", frame.prefix + body.names[node])
            return self.tensor(name, DType.UNKNOWN, None)
        found = body.constants.get(node)
        if found is None:
            found = body.constants[node] = constant(attrs["value"].tensor, self.shared.slim)
        return self.tensor(name, found.dtype, found.shape, found)

    def _replaced(self, frame: Frame, node: int, function: str) -> bool:
        """Put the nodes of a function in place of its call; False where the call has to stay."""
        body, shared = frame.body, self.shared
        name = frame.prefix + body.names[node]
        if function not in body.library:
            message = f"Node '{cut(body.names[node])}' calls function '{cut(function)}', which the file does not hold."
            self._tell(ProblemKind.BAD_REFERENCE, message, name)
            return False
        if not self.inline:
            return False
        if function in frame.stack:
            message = f"Function '{cut(function)}' calls itself, without an end."
            self._tell_once(f"itself {function}", ProblemKind.DAMAGED, message, name)
            return False
        inner = body.library.body(function)
        if len(frame.stack) >= _DEEPEST or len(name) > _LONGEST_PATH or shared.left < inner.weight:
            message = "Functions call one another so deep, or so often, that not all of the calls were followed."
            self._tell_once("calls", ProblemKind.OVERSIZED, message, name)
            return False
        shared.left -= inner.weight + 1
        shared.inlined.add(function)
        args = [self.value(frame, ref) for ref in body.refs[node]]
        if len(args) != len(inner.args):
            message = f"Function '{cut(function)}' takes {len(inner.args)} values, and is called with {len(args)}."
            self._tell(ProblemKind.BAD_REFERENCE, message, name)
        call = Frame(inner, f"{name}/", args, stack=(*frame.stack, function))
        self.run(call, inner.order)
        frame.values[node] = {number: self.value(call, ref) for number, (_, ref) in enumerate(inner.returns)}
        return True

    def graph(self) -> Graph:
        """The graph, once all nodes stand in it."""
        shared = self.shared
        ops = [self._op(number, record) for number, record in enumerate(self._records)]
        return Graph(
            shared.path, self.index, self.name, tuple(self.tensors), tuple(ops), tuple(self.inputs),
            tuple(self.outputs), self.intact,
        )  # fmt: skip

    def _op(self, number: int, record: _Record) -> Op:
        shared, frame, body = self.shared, record.frame, record.frame.body
        own, kind = body.names[record.node], body.kinds[record.node]
        name = frame.prefix + own
        outputs = frame.values[record.node]
        return Op(
            shared.path, self.index, number, kind, record.inputs,
            tuple([tensor for slot in sorted(outputs) if (tensor := outputs[slot]) is not None]),
            is_custom=op_def(kind) is None and kind not in shared.library,
            decode=partial(_options, self, frame, record.node),
            name=name,
            address=f"{self.name}/{name}",
            layer=shared.layers.of(own, name),
            source=None if shared.lines is None else shared.lines.of(own, body.name),
        )  # fmt: skip


def _options(sheet: Sheet, frame: Frame, node: int) -> Mapping[str, Any]:
    """The attributes of a node, with TensorFlow's defaults for those that are left out.

    `^` holds the names of the nodes that it waits for.
    """
    body = frame.body
    found = body.options.get(node)
    if found is None:
        found = body.options[node] = MappingProxyType(_attributes(sheet, body, node))
    if not body.controls[node]:
        return found
    waits = tuple(frame.prefix + body.names[each] for each in body.controls[node])
    return MappingProxyType({**found, "^": waits})


def _attributes(sheet: Sheet, body: Body, node: int) -> dict[str, Any]:
    shared = sheet.shared
    known = op_def(body.kinds[node])
    found: dict[str, Any] = dict(known.defaults) if known is not None else {}

    def tensor(proto: Any) -> Tensor:
        value = constant(proto, shared.slim)
        sizes = value.shape or ()
        return Tensor(
            shared.path, sheet.index, -1, "", value.dtype, sizes, sizes, data=value.data, byte_offset=value.offset,
            has_rank=value.shape is not None, external=value.data is None,
        )  # fmt: skip

    attrs = body.nodes[node].attr
    for name in sorted(attrs):
        found[name] = attribute(attrs[name], tensor)
    return found
