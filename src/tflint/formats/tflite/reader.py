"""Reads a `.tflite` file: a flatbuffer of the TFLite schema, walked with every step checked.

The walk goes over the file itself: the accessors of the `tflite` package take several times as long and as much
memory. Constants are views of the file, never copies.

Source of the format: LiteRT f67457790, tflite/converter/schema/schema.fbs; of what the runtime makes of it:
tflite/core/interpreter_builder.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from struct import Struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tflint.analysis.phrases import cut
from tflint.collector import without_collector
from tflint.formats.tflite.extras import check_tail, read_conversion, read_metadata, read_signatures, text
from tflint.formats.tflite.flat import BROKEN, Flat
from tflint.formats.tflite.problems import Problems
from tflint.formats.tflite.schema import OPERATORS, TABLES, UNIONS
from tflint.formats.tflite.tensors import Buffer, Tensors
from tflint.model import Format, Graph, Location, Model, Op, ProblemKind, Signature, Tensor

if TYPE_CHECKING:  # imported only where a file has metadata
    from tflint.description import Description

__all__ = ["read"]

_I8, _U8, _I32, _U32, _U64 = Struct("<b"), Struct("<B"), Struct("<i"), Struct("<I"), Struct("<Q")
_CUSTOM = OPERATORS.index("CUSTOM")
_NUMBERS_ONLY = frozenset(
    name
    for name in (*UNIONS["BuiltinOptions"], *UNIONS["BuiltinOptions2"])
    if not any(kind in TABLES[name] for kind in ("[", ":string"))
)
"""The option tables that refer to no other part of the file: they are decoded when somebody asks."""
_LONGEST_CODE = 256
"""No custom code is longer; it stands in the address of each of its ops, so that a longer one would multiply."""
_WIDEST = 8
"""No number of the schema takes more bytes."""


class _OpCode(NamedTuple):
    kind: str
    is_custom: bool
    version: int


def read(path: str, view: memoryview) -> Model:
    """Return the model in `view`, the bytes of the file `path`, with all that is wrong with it as problems."""
    problems = Problems(path)
    with without_collector():
        try:
            return _Reader(view, problems).model()
        except BROKEN as reason:
            problems.damaged("The file", reason, fatal=True)
            fatal = tuple([problem for problem in problems.all() if problem.fatal])  # the others led to it
            return Model(path, Format.TFLITE, len(view), problems=fatal)


def _describing(view: memoryview, data: memoryview | None) -> Callable[[], Description] | None:
    """What reads the metadata of a file when somebody asks for it."""

    def describe() -> Description:
        from tflint.formats.tflite.metadata import read_description

        assert data is not None
        return read_description(view, data)

    return None if data is None else describe


class _Reader:
    """The state of one reading: the file, its problems, and the tables that others refer to by their index."""

    def __init__(self, view: memoryview, problems: Problems) -> None:
        self.path = problems.path
        self.view = view
        self.flat = Flat(view)
        self.problems = problems
        self.codes: list[_OpCode | None] = []
        self.buffers: list[Buffer | None] = []
        self.tensors = Tensors(self.flat, problems, self.buffers)

    def model(self) -> Model:
        flat, problems = self.flat, self.problems
        root = flat.follow(0)
        places = flat.slots(root)
        at = [root + place if place else 0 for place in places]
        version = flat.scalar("uint32", at[0]) if at[0] else 0
        if version != 3:
            problems.add(
                ProblemKind.SCHEMA_VERSION,
                f"The file says schema version {version}; TFLite and LiteRT read version 3 only.",
                hint="Convert the model again with a released converter.",
            )
        self._read_codes(at[1])
        self._read_buffers(at[4])
        graphs = self._read_graphs(at[2])
        metadata: Mapping[str, memoryview] = MappingProxyType({})
        signatures: tuple[Signature, ...] = ()
        description = ""
        with problems.part("The description"):
            description = flat.string(at[3]) if at[3] else ""
        with problems.part("The list of metadata"):
            metadata = read_metadata(flat, problems, at[6], self.buffers) if at[6] else metadata
        with problems.part("The list of signatures"):
            signatures = read_signatures(flat, problems, at[7], graphs) if at[7] else ()
        self._walk_rest(at)
        if not problems and not any(code is not None and code.is_custom for code in self.codes):
            check_tail(flat, problems)  # a custom op's options may point there
        return Model(
            path=self.path,
            format=Format.TFLITE,
            byte_size=len(self.view),
            graphs=tuple(graphs),
            signatures=signatures,
            metadata=metadata,
            problems=problems.all(),
            description=description,
            schema_version=version,
            min_runtime=text(metadata.get("min_runtime_version")),
            conversion=read_conversion(metadata.get("CONVERSION_METADATA")),
            describe=_describing(self.view, metadata.get("TFLITE_METADATA")),
        )

    def _walk_rest(self, at: list[int]) -> None:
        """Check the parts of the root table that say nothing to a linter."""
        with self.problems.part("The list of metadata buffers"):
            if at[5]:
                self.flat.ints(at[5])
        for slot, name in ((8, "ExternalBufferGroup"), (9, "ExternalBuffer")):
            with self.problems.part("The list of external buffers"):
                for place in self.flat.tables(at[slot]) if at[slot] else ():
                    self.flat.table(name, place)

    def _read_codes(self, at: int) -> None:
        for index, place in enumerate(self.flat.tables(at) if at else ()):
            code: _OpCode | None = None
            with self.problems.part(f"Operator code {index}"):
                code = self._code(index, place)
            self.codes.append(code)

    def _code(self, index: int, at: int) -> _OpCode:
        places = self.flat.slots(at)
        old = _I8.unpack_from(self.view, at + places[0])[0] if places[0] else 0
        custom = self.flat.string(at + places[1]) if places[1] else ""
        version = _I32.unpack_from(self.view, at + places[2])[0] if places[2] else 1
        new = _I32.unpack_from(self.view, at + places[3])[0] if places[3] else 0
        number = max(old, new)
        if len(custom) > _LONGEST_CODE:
            self.problems.add(
                ProblemKind.OVERSIZED,
                f"The custom code of operator code {index} has {len(custom):,} characters; it begins with "
                f"'{custom[:20]}'.",
                hint="Convert the model again.",
            )
        if number == _CUSTOM:
            return _OpCode(custom[:_LONGEST_CODE] or "CUSTOM", True, version)
        if 0 <= number < len(OPERATORS):
            return _OpCode(OPERATORS[number], False, version)
        self.problems.add(
            ProblemKind.UNKNOWN_OP,
            f"Operator code {index} is builtin {number}; the newest that tflint knows is "
            f"{len(OPERATORS) - 1} ({OPERATORS[-1]}).",
            hint="Check with a newer tflint, or convert again: no released runtime has this op.",
        )
        return _OpCode(f"BUILTIN_{number}", False, version)

    def _read_buffers(self, at: int) -> None:
        for index, place in enumerate(self.flat.tables(at) if at else ()):
            try:
                self.buffers.append(self._buffer(place))
            except BROKEN as reason:
                self.buffers.append(None)
                self.problems.damaged(f"Buffer {index}", reason)

    def _buffer(self, at: int) -> Buffer:
        """A buffer: what it holds itself counts before what it says of the bytes after the flatbuffer."""
        flat = self.flat
        places = flat.slots(at)
        if places[0]:
            return Buffer(*flat.vector(at + places[0], 1), is_constant=True)
        offset = _U64.unpack_from(self.view, at + places[1])[0] if places[1] else 0
        size = _U64.unpack_from(self.view, at + places[2])[0] if places[2] else 0
        if offset <= 1:  # 0 and 1 say that it is not stored there
            return Buffer(0, 0, is_constant=False)
        return Buffer(offset, self._after(offset, size), is_constant=True)

    def _after(self, offset: int, size: int) -> int:
        """The size of a part that is stored after the flatbuffer, where a reference has no 32-bit limit."""
        flat = self.flat
        if offset + size > flat.end:
            raise flat.outside(offset, size, huge=True)
        flat.reach = max(flat.reach, offset + size)
        return size

    def _read_graphs(self, at: int) -> list[Graph]:
        tables = self.flat.tables(at) if at else []
        if not tables:
            self.problems.add(
                ProblemKind.NO_GRAPH,
                "The file holds no graph: there is nothing in it that a runtime could run.",
                hint="Convert the model again.",
                fatal=True,
            )
        return [self._graph(index, place) for index, place in enumerate(tables)]

    def _graph(self, index: int, at: int) -> Graph:
        flat, problems, here = self.flat, self.problems, Location(self.path, str(index))
        before = problems.breaks
        name = ""
        tensors: tuple[Tensor, ...] = ()
        ops: tuple[Op, ...] = ()
        inputs: tuple[Tensor, ...] = ()
        outputs: tuple[Tensor, ...] = ()
        with problems.part(f"Graph {index}", here):
            places = flat.slots(at)
            with problems.part(f"The name of graph {index}", here):
                name = flat.string(at + places[4]) if places[4] else ""
            tables = flat.tables(at + places[0]) if places[0] else []
            tensors = tuple([self.tensors.read(index, number, place) for number, place in enumerate(tables)])
            inputs = self._side("inputs", here, at, places[1], tensors)
            outputs = self._side("outputs", here, at, places[2], tensors)
            tables = flat.tables(at + places[3]) if places[3] else []
            read = [self._op(index, number, place, tensors) for number, place in enumerate(tables)]
            ops = tuple([op for op in read if op is not None])
        return Graph(self.path, index, name, tensors, ops, inputs, outputs, problems.breaks == before)

    def _side(self, side: str, graph: Location, at: int, place: int, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The inputs or outputs of the graph in the table at `at`."""
        what = f"The list of {side} of graph {graph.address}"
        numbers: tuple[int, ...] = ()
        with self.problems.part(what, graph):
            numbers = self.flat.ints(at + place) if place else ()
        self._check_range(numbers, tensors, what, graph)
        return tuple([tensors[number] for number in numbers if 0 <= number < len(tensors)])

    def _check_range(self, numbers: tuple[int, ...], tensors: tuple[Tensor, ...], what: str, at: Location) -> None:
        """Say so where something refers to tensors that do not exist; -1 leaves one out."""
        for number in numbers:
            if not -1 <= number < len(tensors):
                self.problems.add(
                    ProblemKind.BAD_REFERENCE,
                    f"{what} refers to tensor {number}; the graph has {len(tensors)} tensors.",
                    at,
                    hint="Convert the model again.",
                )

    def _op(self, graph: int, index: int, at: int, tensors: tuple[Tensor, ...]) -> Op | None:
        flat, view = self.flat, self.view
        try:
            places = flat.slots(at)
            number = _U32.unpack_from(view, at + places[0])[0] if places[0] else 0
            inputs = flat.ints(at + places[1]) if places[1] else ()
            outputs = flat.ints(at + places[2]) if places[2] else ()
            hidden = flat.ints(at + places[8]) if places[8] else ()
            if places[7]:
                flat.bytes(at + places[7])
            custom = self._custom_options(at, places)
            decode = self._options(at, places)
        except BROKEN as reason:
            here = Location(self.path, f"{graph}/{index}:")
            self.problems.damaged(f"Op {index} of graph {graph}", reason, here)
            return None
        code = (self.codes[number] if number < len(self.codes) else None) or self._no_code(graph, index, number)
        count = len(tensors)
        used = inputs + outputs + hidden
        if used and (max(used) >= count or min(used) < -1):
            here = Location(self.path, f"{graph}/{index}:{code.kind}")
            self._check_range(used, tensors, f"Op {index} ({cut(code.kind)}) of graph {graph}", here)
        ins = tuple([tensors[number] if 0 <= number < count else None for number in inputs])
        outs = tuple([tensors[number] for number in outputs if 0 <= number < count])
        inner = tuple([tensors[number] for number in hidden if 0 <= number < count]) if hidden else ()
        return Op(
            self.path, graph, index, code.kind, ins, outs, code.version, code.is_custom, inner, custom, at,
            flat.table_size(at), decode,
        )  # fmt: skip

    def _no_code(self, graph: int, index: int, number: int) -> _OpCode:
        """What stands for a code that does not exist, or that cannot be read."""
        if number >= len(self.codes):
            self.problems.add(
                ProblemKind.BAD_REFERENCE,
                f"Op {index} of graph {graph} uses operator code {number}; the file has {len(self.codes)}.",
                Location(self.path, f"{graph}/{index}:"),
                hint="Convert the model again.",
            )
        self.problems.breaks += 1
        return _OpCode("UNKNOWN", False, 1)

    def _custom_options(self, at: int, places: tuple[int, ...]) -> memoryview | None:
        if places[5]:
            return self.flat.bytes(at + places[5])
        offset = _U64.unpack_from(self.view, at + places[9])[0] if places[9] else 0
        if offset <= 1:
            return None
        size = _U64.unpack_from(self.view, at + places[10])[0] if places[10] else 0
        return self.view[offset : offset + self._after(offset, size)]

    def _options(self, at: int, places: tuple[int, ...]) -> Callable[[], Mapping[str, Any]] | None:
        """What decodes the op's options, or None; those that refer to other parts of the file are decoded at once."""
        for union, slot in (("BuiltinOptions", 4), ("BuiltinOptions2", 12)):
            if not places[slot] or not places[slot - 1]:
                continue
            number = _U8.unpack_from(self.view, at + places[slot - 1])[0]
            names = UNIONS[union]
            if not 0 < number <= len(names):
                continue
            name, place = names[number - 1], self.flat.follow(at + places[slot])
            if name in _NUMBERS_ONLY:
                self.flat.slots(place)
                if place + self.flat.table_size(place) + _WIDEST <= self.flat.end:
                    return partial(self.flat.scalars, name, place)
            decoded = self.flat.table(name, place)
            return lambda: decoded
        return None
