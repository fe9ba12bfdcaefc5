"""What a `.tflite` file holds beside its graphs: signatures, metadata, what the converter wrote, bytes at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from types import MappingProxyType
from typing import Any

from tflint.analysis.phrases import cut
from tflint.formats.tflite.flat import BROKEN, Flat
from tflint.formats.tflite.problems import Problems
from tflint.formats.tflite.tensors import Buffer
from tflint.model import Conversion, Graph, Location, ProblemKind, Signature, Tensor

__all__ = ["check_tail", "read_conversion", "read_metadata", "read_signatures", "text"]

_U32 = Struct("<I")


def read_metadata(
    flat: Flat, problems: Problems, at: int, buffers: Sequence[Buffer | None]
) -> Mapping[str, memoryview]:
    """The metadata entries of the vector stored at `at`, by name."""
    found: dict[str, memoryview] = {}
    for index, place in enumerate(flat.tables(at)):
        with problems.part(f"Metadata entry {index}"):
            places = flat.slots(place)
            name = flat.string(place + places[0]) if places[0] else ""
            number = _U32.unpack_from(flat.view, place + places[1])[0] if places[1] else 0
            if number >= len(buffers):
                problems.add(
                    ProblemKind.BAD_REFERENCE,
                    f"The metadata entry '{cut(name)}' uses buffer {number}; the file has {len(buffers)} buffers.",
                    hint="Write the metadata into the model again.",
                )
                continue
            stored = buffers[number]
            if stored is not None:
                found[name] = flat.view[stored.start : stored.start + stored.size]
    return MappingProxyType(found)


def text(data: memoryview | None) -> str | None:
    """A string that a metadata buffer holds, up to its first zero byte."""
    return None if data is None else bytes(data[:256]).split(b"\0")[0].decode("utf-8", "replace")


def read_signatures(flat: Flat, problems: Problems, at: int, graphs: Sequence[Graph]) -> tuple[Signature, ...]:
    """The signatures of the vector stored at `at`."""
    found: list[Signature] = []
    for index, place in enumerate(flat.tables(at)):
        with problems.part(f"Signature {index}"):
            table = flat.table("SignatureDef", place)
            key, number = table["signature_key"], table["subgraph_index"]
            if number >= len(graphs):
                problems.add(
                    ProblemKind.BAD_REFERENCE,
                    f"The signature '{cut(key)}' uses graph {number}; the file has {len(graphs)} graphs.",
                    hint="Convert the model again.",
                )
                continue
            inputs, outputs = (
                _tensor_map(problems, key, table[side], graphs[number]) for side in ("inputs", "outputs")
            )
            found.append(Signature(key, number, inputs, outputs))
    return tuple(found)


def _tensor_map(
    problems: Problems, key: str, entries: Sequence[Mapping[str, Any]], graph: Graph
) -> Mapping[str, Tensor]:
    found: dict[str, Tensor] = {}
    for entry in entries:
        number = entry["tensor_index"]
        if number < len(graph.tensors):
            found[entry["name"]] = graph.tensors[number]
            continue
        if not graph.tensors and not graph.intact:
            continue  # they could not be read
        problems.add(
            ProblemKind.BAD_REFERENCE,
            f"The signature '{cut(key)}' maps '{cut(entry['name'])}' to tensor {number}; graph {graph.index} has "
            f"{len(graph.tensors)} tensors.",
            hint="Convert the model again.",
        )
    return MappingProxyType(found)


def read_conversion(data: memoryview | None) -> Conversion | None:
    """What the converter wrote of itself; None where it wrote nothing, or nothing readable."""
    if not data:
        return None
    try:
        flat = Flat(data)
        table = flat.table("ConversionMetadata", flat.follow(0))
    except BROKEN:
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


def check_tail(flat: Flat, problems: Problems) -> None:
    """Say so where bytes follow that nothing refers to, other than padding or an archive of associated files."""
    rest = flat.end - flat.reach
    if rest < 64:
        return
    tail = bytes(flat.view[flat.reach : flat.reach + 65_536])
    if not tail.strip(b"\0") or b"PK\x03\x04" in tail[:4096] or b"PK\x05\x06" in bytes(flat.view[-66_000:]):
        return
    problems.add(
        ProblemKind.TRAILING_BYTES,
        f"{rest:,} bytes follow byte {flat.reach:,}, where the model ends, and nothing in it refers to them.",
        Location(problems.path, byte_offset=flat.reach, byte_length=rest),
        hint="Write the file again without them; runtimes ignore them, other tools may not.",
    )
