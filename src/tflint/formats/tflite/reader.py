"""Reads a `.tflite` file: a flatbuffer of the TFLite schema, walked with every step checked.

The walk goes over the file itself: the accessors of the `tflite` package take several times as long and as much
memory. Constants are views of the file, never copies.

Source of the format: LiteRT f67457790, tflite/converter/schema/schema.fbs; of what the runtime makes of it:
tflite/core/interpreter_builder.cc.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from struct import Struct, error
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from tflint.formats.tflite.flat import Damage, Exhausted, Flat, fields
from tflint.formats.tflite.schema import ENUMS, OPERATORS, TABLES, UNIONS
from tflint.model import (
    Conversion,
    DType,
    Format,
    Graph,
    Location,
    Model,
    Op,
    Problem,
    ProblemKind,
    QuantParams,
    Shape,
    Signature,
    SparseDimension,
    Sparsity,
    Tensor,
)

__all__ = ["read"]

_EACH_KIND = 20
"""So many problems of one kind are kept one by one; the rest are counted."""
_I8, _U8, _I32, _U32, _U64 = Struct("<b"), Struct("<B"), Struct("<i"), Struct("<I"), Struct("<Q")
_DTYPES = {number: DType[name] for number, name in ENUMS["TensorType"][1].items()}
_WITH_REFERENCES = frozenset(
    name
    for name, text in TABLES.items()
    if any(kind in text for kind in ("[", ":string"))
    or any(field.partition(":")[2] in TABLES or field.partition(":")[2] in UNIONS for field in text.split())
)
"""The option tables that refer to other parts of the file, and are read at once to check those."""
_CUSTOM = OPERATORS.index("CUSTOM")


class _OpCode(NamedTuple):
    kind: str
    is_custom: bool
    version: int


class _Buffer(NamedTuple):
    start: int
    size: int


def read(path: str, view: memoryview) -> Model:
    """Return the model in `view`, the bytes of the file `path`, with all that is wrong with it as problems."""
    reader = _Reader(path, view)
    with _without_collector():
        try:
            return reader.model()
        except (Damage, error) as damage:
            kind = damage.kind if isinstance(damage, Damage) else ProblemKind.BAD_OFFSET
            reader.problem(kind, f"The file cannot be read: {damage}", fatal=True, hint=_damage_help(kind))
            return Model(path, Format.TFLITE, len(view), problems=reader.all_problems())


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hold the cycle collector: it would walk hundreds of thousands of new objects, none of them garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _damage_help(kind: ProblemKind) -> str:
    if kind is ProblemKind.TRUNCATED:
        return "Fetch or copy the file again: most likely it was cut off."
    return "Convert the model again, or fetch the file again."


class _Reader:
    """The state of one reading: the file, the problems met so far, the tables that others refer to."""

    def __init__(self, path: str, view: memoryview) -> None:
        self.path = path
        self.view = view
        self.flat = Flat(view)
        self.problems: list[Problem] = []
        self.counts: Counter[ProblemKind] = Counter()
        self.codes: list[_OpCode | None] = []
        self.buffers: list[_Buffer | None] = []
        self.unknown_dtypes: set[int] = set()

    def problem(
        self, kind: ProblemKind, message: str, at: Location | None = None, *, fatal: bool = False, hint: str = ""
    ) -> None:
        """Keep a problem, or count it where there are many of its kind already."""
        self.counts[kind] += 1
        if self.counts[kind] <= _EACH_KIND:
            self.problems.append(Problem(kind, at or Location(self.path), message, hint, fatal))

    def all_problems(self) -> tuple[Problem, ...]:
        more = [
            Problem(kind, Location(self.path), f"{count - _EACH_KIND:,} more places are damaged in the same way.")
            for kind, count in self.counts.items()
            if count > _EACH_KIND
        ]
        return (*self.problems, *more)

    @contextmanager
    def part(self, what: str, at: Location | None = None) -> Iterator[None]:
        """Turn damage met inside into a problem of `what`, so that the other parts are still read."""
        try:
            yield
        except Exhausted:
            raise
        except (Damage, error) as damage:
            kind = damage.kind if isinstance(damage, Damage) else ProblemKind.BAD_OFFSET
            self.problem(kind, f"{what} cannot be read: {damage}", at, hint=_damage_help(kind))

    def model(self) -> Model:
        flat = self.flat
        root = flat.follow(0)
        places = flat.slots(root)
        version = flat.scalar("uint32", root + places[0]) if places[0] else 0
        if version != 3:
            self.problem(
                ProblemKind.SCHEMA_VERSION,
                f"The file says schema version {version}; TFLite and LiteRT read version 3 only.",
                hint="Convert the model again with a released converter.",
            )
        self._read_codes(root, places[1])
        self._read_buffers(root, places[4])
        graphs = self._read_graphs(root, places[2])
        metadata = self._metadata(root, places[6])
        description = ""
        with self.part("The description"):
            description = flat.string(root + places[3]) if places[3] else ""
        if places[5]:
            with self.part("The list of metadata buffers"):
                flat.numbers(root + places[5], "i", 4)
        signatures = self._signatures(root, places[7], graphs)
        for slot, name in ((8, "ExternalBufferGroup"), (9, "ExternalBuffer")):
            if places[slot]:
                with self.part("The list of external buffers"):
                    for place in flat.tables(root + places[slot]):
                        flat.table(name, place)
        self._check_tail()
        return Model(
            path=self.path,
            format=Format.TFLITE,
            byte_size=len(self.view),
            graphs=tuple(graphs),
            signatures=tuple(signatures),
            metadata=metadata,
            problems=self.all_problems(),
            description=description,
            schema_version=version,
            min_runtime=_text(metadata.get("min_runtime_version")),
            conversion=self._conversion(metadata.get("CONVERSION_METADATA")),
        )

    def _read_codes(self, root: int, place: int) -> None:
        flat = self.flat
        tables = flat.tables(root + place) if place else []
        for index, at in enumerate(tables):
            code: _OpCode | None = None
            with self.part(f"Operator code {index}"):
                places = flat.slots(at)
                old = _I8.unpack_from(self.view, at + places[0])[0] if places[0] else 0
                custom = flat.string(at + places[1]) if places[1] else ""
                version = _I32.unpack_from(self.view, at + places[2])[0] if places[2] else 1
                new = _I32.unpack_from(self.view, at + places[3])[0] if places[3] else 0
                number = max(old, new)
                known = 0 <= number < len(OPERATORS)
                if number == _CUSTOM:
                    code = _OpCode(custom or "CUSTOM", True, version)
                else:
                    code = _OpCode(OPERATORS[number] if known else f"BUILTIN_{number}", False, version)
                if not known:
                    self.problem(
                        ProblemKind.UNKNOWN_OP,
                        f"Operator code {index} is builtin {number}; the newest that tflint knows is "
                        f"{len(OPERATORS) - 1} ({OPERATORS[-1]}).",
                        hint="Check with a newer tflint, or convert again: no released runtime has this op.",
                    )
            self.codes.append(code)

    def _read_buffers(self, root: int, place: int) -> None:
        flat = self.flat
        for index, at in enumerate(flat.tables(root + place) if place else []):
            buffer: _Buffer | None = None
            with self.part(f"Buffer {index}"):
                places = flat.slots(at)
                buffer = _Buffer(0, 0)
                if places[0]:
                    buffer = _Buffer(*flat.vector(at + places[0], 1))
                offset = _U64.unpack_from(self.view, at + places[1])[0] if places[1] else 0
                size = _U64.unpack_from(self.view, at + places[2])[0] if places[2] else 0
                if offset > 1:  # stored after the flatbuffer: 0 and 1 mean that it is not
                    buffer = _Buffer(offset, size)
                    if offset + size > flat.end:
                        buffer = None
                        raise Damage(
                            ProblemKind.TRUNCATED,
                            f"it refers to {size:,} bytes at byte {offset:,}, and the file ends at byte {flat.end:,}",
                        )
                    flat.reach = max(flat.reach, offset + size)
            self.buffers.append(buffer)

    def _read_graphs(self, root: int, place: int) -> list[Graph]:
        tables = self.flat.tables(root + place) if place else []
        if not tables:
            self.problem(
                ProblemKind.NO_GRAPH,
                "The file holds no graph: there is nothing in it that a runtime could run.",
                hint="Convert the model again.",
                fatal=True,
            )
        return [self._graph(index, at) for index, at in enumerate(tables)]

    def _graph(self, index: int, at: int) -> Graph:
        before = sum(self.counts.values()) - self.counts[ProblemKind.UNKNOWN_OP]
        flat, here = self.flat, Location(self.path, str(index))
        name = ""
        tensors: tuple[Tensor, ...] = ()
        ops: tuple[Op, ...] = ()
        inputs: tuple[Tensor, ...] = ()
        outputs: tuple[Tensor, ...] = ()
        with self.part(f"Graph {index}", here):
            places = flat.slots(at)
            with self.part(f"The name of graph {index}", here):
                name = flat.string(at + places[4]) if places[4] else ""
            tables = flat.tables(at + places[0]) if places[0] else []
            tensors = tuple(self._tensor(index, number, place) for number, place in enumerate(tables))
            for slot, what in ((1, "inputs"), (2, "outputs")):
                numbers = flat.numbers(at + places[slot], "i", 4) if places[slot] else ()
                found = self._references(numbers, tensors, f"The list of {what} of graph {index}", here)
                present = tuple(tensor for tensor in found if tensor is not None)
                inputs, outputs = (present, outputs) if slot == 1 else (inputs, present)
            tables = flat.tables(at + places[3]) if places[3] else []
            read = (self._op(index, number, place, tensors) for number, place in enumerate(tables))
            ops = tuple(op for op in read if op is not None)
        broken = sum(self.counts.values()) - self.counts[ProblemKind.UNKNOWN_OP] - before
        dtypes_only = broken == self.counts[ProblemKind.UNKNOWN_DTYPE]
        return Graph(self.path, index, name, tensors, ops, inputs, outputs, intact=not broken or dtypes_only)

    def _references(
        self, numbers: tuple[int, ...], tensors: tuple[Tensor, ...], what: str, at: Location
    ) -> tuple[Tensor | None, ...]:
        """The tensors with these indices; None where one is left out (-1) or does not exist."""
        count = len(tensors)
        for number in numbers:
            if not -1 <= number < count:
                self.problem(
                    ProblemKind.BAD_REFERENCE,
                    f"{what} refers to tensor {number}; the graph has {count} tensors.",
                    at,
                    hint="Convert the model again.",
                )
        return tuple(tensors[number] if 0 <= number < count else None for number in numbers)

    def _op(self, graph: int, index: int, at: int, tensors: tuple[Tensor, ...]) -> Op | None:
        flat, view = self.flat, self.view
        try:
            places = flat.slots(at)
            number = _U32.unpack_from(view, at + places[0])[0] if places[0] else 0
            inputs = flat.numbers(at + places[1], "i", 4) if places[1] else ()
            outputs = flat.numbers(at + places[2], "i", 4) if places[2] else ()
            hidden = flat.numbers(at + places[8], "i", 4) if places[8] else ()
            if places[7]:
                flat.bytes(at + places[7])
            custom = self._custom_options(at, places)
            decode = self._options(at, places)
        except (Damage, error) as damage:
            if isinstance(damage, Exhausted):
                raise
            with self.part(f"Op {index} of graph {graph}", Location(self.path, f"{graph}/{index}:")):
                raise
            return None
        code = self.codes[number] if number < len(self.codes) else None
        if number >= len(self.codes):
            self.problem(
                ProblemKind.BAD_REFERENCE,
                f"Op {index} of graph {graph} uses operator code {number}; the file has {len(self.codes)}.",
                Location(self.path, f"{graph}/{index}:"),
                hint="Convert the model again.",
            )
        code = code or _OpCode("UNKNOWN", False, 1)
        count = len(tensors)
        whole = all(-1 <= number < count for group in (inputs, outputs, hidden) for number in group)
        if whole:
            ins = tuple([tensors[number] if number >= 0 else None for number in inputs])
            outs = tuple([tensors[number] for number in outputs if number >= 0])
            inner = tuple([tensors[number] for number in hidden if number >= 0])
        else:
            here = Location(self.path, f"{graph}/{index}:{code.kind}")
            what = f"Op {index} ({code.kind}) of graph {graph}"
            ins = self._references(inputs, tensors, what, here)
            outs = tuple(t for t in self._references(outputs, tensors, what, here) if t is not None)
            inner = tuple(t for t in self._references(hidden, tensors, what, here) if t is not None)
        length = flat.table_size(at)
        return Op(
            self.path, graph, index, code.kind, ins, outs, code.version, code.is_custom, inner, custom, at, length,
            decode,
        )  # fmt: skip

    def _custom_options(self, at: int, places: tuple[int, ...]) -> memoryview | None:
        flat = self.flat
        offset = _U64.unpack_from(self.view, at + places[9])[0] if places[9] else 0
        if offset > 1:  # stored after the flatbuffer
            size = _U64.unpack_from(self.view, at + places[10])[0] if places[10] else 0
            if offset + size > flat.end:
                raise Damage(ProblemKind.TRUNCATED, f"its options lie at byte {offset:,}, beyond the end of the file")
            flat.reach = max(flat.reach, offset + size)
            return self.view[offset : offset + size]
        return flat.bytes(at + places[5]) if places[5] else None

    def _options(self, at: int, places: tuple[int, ...]) -> Any:
        """A function that decodes the op's options, or None; those that refer to other parts are read at once."""
        for union, slot in (("BuiltinOptions", 4), ("BuiltinOptions2", 12)):
            type_slot = slot - 1
            if not places[slot] or not places[type_slot]:
                continue
            number = _U8.unpack_from(self.view, at + places[type_slot])[0]
            names = UNIONS[union]
            if not 0 < number <= len(names):
                continue
            place = self.flat.follow(at + places[slot])
            self.flat.slots(place)
            decode = partial(_decode, self.flat, names[number - 1], place)
            if names[number - 1] in _WITH_REFERENCES:
                decoded = self.flat.table(names[number - 1], place)
                return lambda: decoded
            return decode
        return None

    def _tensor(self, graph: int, index: int, at: int) -> Tensor:
        flat, view = self.flat, self.view
        name, dtype = "", DType.UNKNOWN
        shape: Shape = ()
        sizes: tuple[int, ...] = ()
        quant: QuantParams | None = None
        data: memoryview | None = None
        buffer, start = 0, None
        variable, has_rank, external = False, True, 0
        sparsity: Sparsity | None = None
        try:
            places = flat.slots(at)
            sizes = flat.numbers(at + places[0], "i", 4) if places[0] else ()
            name = flat.string(at + places[3]) if places[3] else ""
            number = _I8.unpack_from(view, at + places[1])[0] if places[1] else 0
            dtype = _DTYPES.get(number, DType.UNKNOWN)
            if dtype is DType.UNKNOWN and number not in self.unknown_dtypes:
                self._unknown_dtype(graph, index, name, number)
            signature = flat.numbers(at + places[7], "i", 4) if places[7] else ()
            shape = self._shape(sizes, signature)
            if places[4]:
                quant = self._quant(flat.follow(at + places[4]))
            variable = bool(places[5] and view[at + places[5]])
            sparsity = self._sparsity(flat.follow(at + places[6])) if places[6] else None
            has_rank = bool(sizes or signature or not places[8] or view[at + places[8]])
            if places[9]:
                for place in flat.tables(at + places[9]):
                    flat.table("VariantSubType", place)
            external = _U32.unpack_from(view, at + places[10])[0] if places[10] else 0
            buffer = _U32.unpack_from(view, at + places[2])[0] if places[2] else 0
            if buffer and buffer >= len(self.buffers):
                self.problem(
                    ProblemKind.BAD_REFERENCE,
                    f"Tensor {index} of graph {graph} uses buffer {buffer}; the file has {len(self.buffers)} buffers.",
                    Location(self.path, f"{graph}/t{index}", None, name),
                    hint="Convert the model again.",
                )
            elif self.buffers:
                stored = self.buffers[buffer]
                if stored is not None and stored.size:
                    start = stored.start
                    data = view[start : start + stored.size]
        except (Damage, error) as damage:
            if isinstance(damage, Exhausted):
                raise
            with self.part(f"Tensor {index} of graph {graph}", Location(self.path, f"{graph}/t{index}", None, name)):
                raise
        return Tensor(
            self.path, graph, index, name, dtype, shape, tuple([abs(size) for size in sizes]), quant, data, buffer,
            start, variable, sparsity, has_rank, bool(external),
        )  # fmt: skip

    def _unknown_dtype(self, graph: int, index: int, name: str, number: int) -> None:
        self.unknown_dtypes.add(number)
        self.problem(
            ProblemKind.UNKNOWN_DTYPE,
            f"Tensor {index} of graph {graph} has element type {number}; the newest that tflint knows is "
            f"{max(_DTYPES)} ({_DTYPES[max(_DTYPES)].value}).",
            Location(self.path, f"{graph}/t{index}", None, name),
            hint="Check with a newer tflint: nothing that depends on this tensor's type was checked.",
        )

    def _shape(self, sizes: tuple[int, ...], signature: tuple[int, ...]) -> Shape:
        """The sizes with None where the signature says that they are dynamic."""
        if min(sizes, default=0) < -1:
            raise Damage(ProblemKind.BAD_OFFSET, f"its shape is {list(sizes)}")
        return tuple([None if size < 0 else size for size in (signature if len(signature) == len(sizes) else sizes)])

    def _quant(self, at: int) -> QuantParams | None:
        """The quantization of a tensor; None where the table is there and says nothing."""
        flat = self.flat
        places = flat.slots(at)
        for slot in (0, 1):  # min and max: for importing back into TensorFlow
            if places[slot]:
                flat.vector(at + places[slot], 4)
        details = None
        if places[5] and places[4]:
            number = self.view[at + places[4]]
            names = UNIONS["QuantizationDetails"]
            if 0 < number <= len(names):
                details = (names[number - 1], flat.table(names[number - 1], flat.follow(at + places[5])))
        if not places[2] and details is None:
            return None
        axis = _I32.unpack_from(self.view, at + places[6])[0] if places[6] else 0
        scale = self._array(at + places[2], "<f4", 4) if places[2] else np.empty(0, np.float32)
        if not scale.size and details is None:
            return None
        zero = self._array(at + places[3], "<i8", 8) if places[3] else np.zeros(scale.size, np.int64)
        return QuantParams(scale, zero, axis if scale.size > 1 else None, axis, details)

    def _array(self, at: int, dtype: str, item_size: int) -> Any:
        start, count = self.flat.vector(at, item_size)
        self.flat.spend(count * item_size)
        return np.frombuffer(self.view, dtype, count, start)

    def _sparsity(self, at: int) -> Sparsity:
        table = self.flat.table("SparsityParameters", at)
        dimensions = tuple(
            SparseDimension(
                item["format"] == "DENSE",
                item["dense_size"],
                _indices(item["array_segments"]),
                _indices(item["array_indices"]),
            )
            for item in table["dim_metadata"]
        )
        return Sparsity(table["traversal_order"], table["block_map"], dimensions)

    def _metadata(self, root: int, place: int) -> Mapping[str, memoryview]:
        flat = self.flat
        found: dict[str, memoryview] = {}
        for index, at in enumerate(flat.tables(root + place) if place else []):
            with self.part(f"Metadata entry {index}"):
                places = flat.slots(at)
                name = flat.string(at + places[0]) if places[0] else ""
                number = _U32.unpack_from(self.view, at + places[1])[0] if places[1] else 0
                if number >= len(self.buffers):
                    self.problem(
                        ProblemKind.BAD_REFERENCE,
                        f"The metadata entry '{name}' uses buffer {number}; the file has {len(self.buffers)} buffers.",
                    )
                    continue
                stored = self.buffers[number]
                if stored is not None:
                    found[name] = self.view[stored.start : stored.start + stored.size]
        return MappingProxyType(found)

    def _signatures(self, root: int, place: int, graphs: list[Graph]) -> Iterator[Signature]:
        flat = self.flat
        for index, at in enumerate(flat.tables(root + place) if place else []):
            with self.part(f"Signature {index}"):
                table = flat.table("SignatureDef", at)
                key, number = table["signature_key"], table["subgraph_index"]
                if number >= len(graphs):
                    self.problem(
                        ProblemKind.BAD_REFERENCE,
                        f"The signature '{key}' uses graph {number}; the file has {len(graphs)} graphs.",
                    )
                    continue
                yield Signature(
                    key,
                    number,
                    self._tensor_map(key, table["inputs"], graphs[number]),
                    self._tensor_map(key, table["outputs"], graphs[number]),
                )

    def _tensor_map(self, key: str, entries: tuple[Mapping[str, Any], ...], graph: Graph) -> Mapping[str, Tensor]:
        found: dict[str, Tensor] = {}
        for entry in entries:
            number = entry["tensor_index"]
            if number < len(graph.tensors):
                found[entry["name"]] = graph.tensors[number]
                continue
            self.problem(
                ProblemKind.BAD_REFERENCE,
                f"The signature '{key}' maps '{entry['name']}' to tensor {number}; graph {graph.index} has "
                f"{len(graph.tensors)} tensors.",
            )
        return MappingProxyType(found)

    def _conversion(self, data: memoryview | None) -> Conversion | None:
        """What the converter wrote of itself; None where it wrote nothing, or nothing readable."""
        if not data:
            return None
        try:
            flat = Flat(data)
            table = flat.table("ConversionMetadata", flat.follow(0))
        except (Damage, error):
            return None
        environment, options = table["environment"] or {}, table["options"] or {}
        return Conversion(
            tensorflow_version=environment.get("tensorflow_version", ""),
            api_version=environment.get("api_version", 0),
            source=str(environment.get("model_type", "")),
            modes=tuple(str(mode) for mode in options.get("model_optimization_modes", ())),
            allow_custom_ops=options.get("allow_custom_ops", False),
            select_tf_ops=options.get("enable_select_tf_ops", False) or options.get("force_select_tf_ops", False),
        )

    def _check_tail(self) -> None:
        """Say so where bytes follow that nothing refers to, other than padding or an archive of associated files."""
        rest = self.flat.end - self.flat.reach
        custom = any(code is not None and code.is_custom for code in self.codes)  # its options may point there
        if rest < 64 or self.problems or custom:
            return
        tail = bytes(self.view[self.flat.reach : self.flat.reach + 65_536])
        if not tail.strip(b"\0") or b"PK\x03\x04" in tail[:4096] or b"PK\x05\x06" in bytes(self.view[-66_000:]):
            return
        self.problem(
            ProblemKind.TRAILING_BYTES,
            f"{rest:,} bytes follow byte {self.flat.reach:,}, where the model ends, and nothing in it refers to them.",
            Location(self.path, byte_offset=self.flat.reach, byte_length=rest),
            hint="Write the file again without them; runtimes ignore them, other tools may not.",
        )


def _decode(flat: Flat, name: str, at: int) -> Mapping[str, Any]:
    """An op's options; where the file ends inside them, their defaults."""
    try:
        return flat.table(name, at)
    except (Damage, error):
        return MappingProxyType({field.name: field.default for field in fields(name)})


def _indices(union: tuple[str, Mapping[str, Any]] | None) -> tuple[int, ...]:
    return () if union is None else tuple(union[1]["values"])


def _text(data: memoryview | None) -> str | None:
    """A string that a metadata buffer holds, up to its first zero byte."""
    return None if data is None else bytes(data[:256]).split(b"\0")[0].decode("utf-8", "replace")
