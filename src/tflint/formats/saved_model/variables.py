"""Which value of the checkpoint each variable of the main graph has: what the graph that restores it assigns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

from tflint.analysis.phrases import cut
from tflint.formats.saved_model.body import ARGUMENT, MISSING, Body, Library, Ref, called
from tflint.formats.saved_model.bundle import Bundle, Entry
from tflint.formats.saved_model.ops import op_def
from tflint.formats.saved_model.values import dtype_of, shape_of, strings
from tflint.formats.tflite.problems import Problems
from tflint.model import DType, Location, ProblemKind, Shape

__all__ = ["BRANCHES", "VARIABLES", "Variable", "Variables", "Writes", "functions_of"]

VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable", "TemporaryVariable"})
READERS = frozenset({
    "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp", "DisableCopyOnRead",
    "IsVariableInitialized",
})  # fmt: skip
"""Ops that take a variable and leave its value as it is."""
ALIASES = frozenset({"Identity", "Enter", "Switch", "RefIdentity", "RefEnter", "RefSwitch"})
"""Ops whose first input goes on as their output."""
_ASSIGN = frozenset({"Assign", "AssignVariableOp"})
_RESTORE = frozenset({"RestoreV2", "Restore"})
_ON_THE_WAY = frozenset({"Identity", "Cast", "Reshape"})
_WRITERS = ("Assign", "Scatter", "Apply", "SparseApply", "CountUpTo")
"""The ops that change a variable of TensorFlow 1 begin so; all others take its value."""
BRANCHES = {"If": 1, "StatelessIf": 1, "Case": 1, "StatelessCase": 1, "While": 0, "StatelessWhile": 0}
"""Ops that hand their inputs on to functions, all but the first so many."""
_DEEPEST = 64
"""So many ops that only hand a value on are followed."""


class Variable(NamedTuple):
    """A variable, and its node. `data` is None where the checkpoint has no value for it, or it is not at hand."""

    node: int
    name: str
    dtype: DType
    shape: Shape | None
    data: memoryview | None
    offset: int | None
    is_stored: bool
    """True where there is a value somewhere, at hand or not."""
    is_restored: bool = True
    """False where the graph that restores the model leaves it as it is, though the checkpoint has a value for it."""
    changes: bool = False
    """True where a signature changes it."""


class _Key(NamedTuple):
    name: str
    slice: str = ""


class Variables:
    """The variables of a main graph."""

    def __init__(self, main: Body, bundle: Bundle | None, restore_op: str, problems: Problems) -> None:
        self.main = main
        self.bundle = bundle
        self.problems = problems
        self.is_saved = bool(restore_op)
        self._keys: dict[int, _Key] = dict(_assigned_in(main))
        node = main.index.get(restore_op)
        function = called(main.nodes[node], main.library) if node is not None else None
        if node is not None and function is not None and function in main.library:
            for argument, key in _assigned_in(main.library.body(function), arguments=True):
                if argument < len(main.refs[node]):
                    self._keys.setdefault(main.refs[node][argument].node, key)
        self.changed: frozenset[int] = frozenset()
        """The variables that a signature changes."""
        self._found: dict[int, Variable] = {}
        self._names: dict[str, int] | None = None

    def at(self, node: int) -> Variable:
        """The variable that a node of the main graph is."""
        if node not in self._found:
            self._found[node] = self._variable(node)._replace(changes=node in self.changed)
        return self._found[node]

    def named(self, name: str) -> Variable | None:
        """The only variable of that name; None where there is none or more."""
        if self._names is None:
            self._names = {}
            for node, kind in enumerate(self.main.kinds):
                if kind in VARIABLES:
                    shared = self._shared_name(node)
                    self._names[shared] = -1 if shared in self._names else node
        node = self._names.get(name, -1)
        return None if node < 0 else self.at(node)

    def of_object(self, number: int, name: str) -> Variable | None:
        """The variable that is this object of the model, by its number or its name; None where that is not known."""
        if number < len(self._objects):
            for attribute in self._objects[number].attributes:
                node = self._by_key.get(attribute.checkpoint_key)
                if attribute.full_name == name and node is not None:
                    return self.at(node)
        return self.named(name)

    @cached_property
    def _by_key(self) -> dict[str, int]:
        return {key.name: node for node, key in self._keys.items() if not key.slice}

    @cached_property
    def _objects(self) -> Sequence[Any]:
        """The objects of the checkpoint, numbered as those of the model."""
        found = None if self.bundle is None else self.bundle.objects()
        return () if found is None else tuple(found.nodes)

    @cached_property
    def _full_names(self) -> dict[str, str]:
        """The keys of the variables that the objects of the checkpoint call by a name of their own."""
        found: dict[str, str] = {}
        for node in self._objects:
            for attribute in node.attributes:
                name = attribute.full_name
                found[name] = "" if name in found else attribute.checkpoint_key
        return found

    def _shared_name(self, node: int) -> str:
        attrs = self.main.nodes[node].attr
        shared = attrs["shared_name"].s if "shared_name" in attrs else b""
        return shared.decode("utf-8", "replace")[:1024] or self.main.names[node]

    def _variable(self, node: int) -> Variable:
        attrs = self.main.nodes[node].attr
        dtype = dtype_of(attrs["dtype"].type) if "dtype" in attrs else DType.UNKNOWN
        shape = shape_of(attrs["shape"].shape) if "shape" in attrs else None
        name = self._shared_name(node)
        without = Variable(node, name, dtype, shape, None, None, is_stored=False)
        bundle = self.bundle
        if bundle is None:
            return without
        key = self._keys.get(node)
        is_restored = key is not None or not self.is_saved
        if key is None:
            others = (name, self.main.names[node], self._full_names.get(name, ""))
            key = next((_Key(each) for each in others if each in bundle), None)
        entry = bundle.entry(key.name) if key is not None else None
        if key is None or entry is None:
            if key is not None and bundle.is_whole:
                self._tell_missing(name, key)
            return without
        sizes, value = self._value(bundle, key, entry)
        data, offset = value or (None, None)
        return Variable(node, name, entry.dtype, sizes, data, offset, is_stored=True, is_restored=is_restored)

    def _tell_missing(self, name: str, key: _Key) -> None:
        self.problems.add(
            ProblemKind.BAD_REFERENCE,
            f"The checkpoint has no value for variable '{cut(name)}': it is restored from '{cut(key.name)}'.",
            Location(self.problems.path, "", None, name),
            hint="Copy or save the model again, with all of its variables folder.",
        )

    def _value(self, bundle: Bundle, key: _Key, entry: Entry) -> tuple[Shape, tuple[memoryview, int] | None]:
        """The sizes and the bytes of a variable, or of the part of one that a slice such as `4 3 0,2:-` means."""
        shape = entry.shape
        extents = _extents(key.slice)
        if extents is None or len(extents) != len(shape):
            return shape, bundle.value(key.name)
        sizes = tuple(size if length < 0 else length for size, (_, length) in zip(shape, extents, strict=True))
        value = bundle.slice(key.name, extents)
        if value is None and sizes == shape:
            value = bundle.value(key.name)
        need = prod(size or 0 for size in sizes) * (entry.dtype.bits or 0) // 8
        return sizes, value if value is not None and len(value[0]) == need else None


def _extents(text: str) -> tuple[tuple[int, int], ...] | None:
    """The starts and lengths of a slice; -1 is the whole. None where it means the whole variable.

    Source: TensorFlow v2.21.0, tensorflow/core/framework/tensor_slice.h.
    """
    if not text:
        return None
    found: list[tuple[int, int]] = []
    for part in text.rpartition(" ")[2].split(":"):
        start, _, length = part.partition(",")
        if part == "-":
            found.append((0, -1))
        elif start.isdecimal() and length.isdecimal() and len(part) < 40:
            found.append((int(start), int(length)))
        else:
            return None
    return tuple(found)


def _assigned_in(body: Body, *, arguments: bool = False) -> Iterator[tuple[int, _Key]]:
    """What is assigned to the variables of a graph, or to the arguments of a function, from a checkpoint."""
    restored: dict[int, list[_Key]] = {}
    for number, kind in enumerate(body.kinds):
        if kind not in _ASSIGN or len(body.refs[number]) < 2:
            continue
        target, value = body.refs[number][:2]
        for _ in range(8):
            if value.node < 0 or body.kinds[value.node] not in _ON_THE_WAY or not body.refs[value.node]:
                break
            value = body.refs[value.node][0]
        if value.node < 0 or body.kinds[value.node] not in _RESTORE:
            continue
        if value.node not in restored:
            restored[value.node] = _restored(body, value.node)
        keys = restored[value.node]
        is_target = target.node == ARGUMENT if arguments else target.node >= 0
        if is_target and value.output < len(keys):
            yield (target.output if arguments else target.node), keys[value.output]


def _restored(body: Body, node: int) -> list[_Key]:
    """The keys that the outputs of a RestoreV2 come from."""
    names, slices = (_strings(body, node, slot) for slot in (1, 2))
    if body.kinds[node] == "Restore":
        return [_Key(name) for name in names[:1]]
    return [_Key(name, slices[number] if number < len(slices) else "") for number, name in enumerate(names)]


def _strings(body: Body, node: int, slot: int) -> list[str]:
    """The texts of a constant that an op takes; none where it is not one."""
    refs = body.refs[node]
    source = refs[slot].node if slot < len(refs) else MISSING.node
    if source < 0 or body.kinds[source] != "Const" or "value" not in body.nodes[source].attr:
        return []
    return strings(body.nodes[source].attr["value"].tensor)


class Writes:
    """Which variables the functions of a file change."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._arguments: dict[str, frozenset[int]] = {}
        self._depth = 0

    def arguments(self, function: str) -> frozenset[int]:
        """The arguments of a function that it changes; none of one that is not there."""
        if function not in self.library:
            return frozenset()
        if function not in self._arguments:
            body = self.library.body(function)
            if self._depth >= _DEEPEST:
                return frozenset(range(len(body.args)))
            self._arguments[function] = frozenset()  # a function that calls itself adds nothing
            self._depth += 1
            found = self.sources(body, range(len(body.nodes)))
            self._depth -= 1
            self._arguments[function] = frozenset(ref.output for ref in found if ref.node == ARGUMENT)
        return self._arguments[function]

    def sources(self, body: Body, nodes: Iterable[int]) -> set[Ref]:
        """The arguments and the variables of a body that these nodes change."""
        resources = _resources(body)
        found: set[Ref] = set()
        for node in nodes:
            kind = body.kinds[node]
            if kind in READERS or kind in ALIASES:
                continue
            for slot, ref in enumerate(body.refs[node]):
                source = _origin(body, ref)
                if source.node == ARGUMENT:
                    is_resource = source.output in resources
                elif source.node >= 0 and body.kinds[source.node] in VARIABLES:
                    is_resource = body.kinds[source.node] == "VarHandleOp"
                else:
                    continue
                if source not in found and self._changes(body.nodes[node], slot, is_resource=is_resource):
                    found.add(source)
        return found

    def _changes(self, node: Any, slot: int, *, is_resource: bool) -> bool:
        """True where a node changes what it takes in that slot, or where that is not known."""
        function = called(node, self.library)
        if function is not None and function in self.library:
            return slot in self.arguments(function)
        if node.op in BRANCHES:
            return any(slot - BRANCHES[node.op] in self.arguments(name) for name in functions_of(node))
        return is_resource or node.op.startswith(_WRITERS)


def functions_of(node: Any) -> Iterator[str]:
    """The functions that the attributes of a node name."""
    known = op_def(node.op)
    for name in sorted(node.attr) if known is None else known.functions:
        if name not in node.attr:
            continue
        value = node.attr[name]
        kind = value.WhichOneof("value")
        if kind == "func":
            yield value.func.name
        elif kind == "list":
            yield from (each.name for each in value.list.func)


def _resources(body: Body) -> frozenset[int]:
    """The arguments of a function that are handles."""
    if body.function is None:
        return frozenset()
    args = body.function.signature.input_arg
    return frozenset(number for number, arg in enumerate(args) if dtype_of(arg.type) is DType.RESOURCE)


def _origin(body: Body, ref: Ref) -> Ref:
    """Where a value comes from, beyond the ops that hand it on as it is."""
    for _ in range(_DEEPEST):
        if ref.node < 0 or body.kinds[ref.node] not in ALIASES or not body.refs[ref.node]:
            return ref if ref.node < 0 else Ref(ref.node, 0)
        ref = body.refs[ref.node][0]
    return ref
