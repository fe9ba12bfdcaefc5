"""The attributes of composite ops, read from FlexBuffers."""

from typing import Any

import pytest
from flatbuffers import flexbuffers

from tflint_rules.targets.tables.gpu_flexbuffer import attributes


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"a": 1, "b": -300, "c": 70000, "d": 2**40, "e": 0.5, "f": True, "none": None},
        {"axes": {"TENSOR_DATA": (1, 2, 3), "TENSOR_TYPE": 4}},
        {"many": tuple(range(60)), "floats": (0.5, 1.5)},
    ],
)
def test_what_was_written_is_read(values: dict[str, Any]) -> None:
    found = attributes(flexbuffers.Dumps(values))
    assert found == values


def test_a_vector_of_one_type_and_numbers_stored_elsewhere_are_read() -> None:
    builder = flexbuffers.Builder()
    with builder.Map():
        builder.Key("typed")
        builder.TypedVectorFromElements([1, 2, 300])
        builder.Key("indirect")
        builder.IndirectInt(-5)
    assert attributes(bytes(builder.Finish())) == {"typed": (1, 2, 300), "indirect": -5}


def test_strings_and_blobs_are_left_out() -> None:
    assert attributes(flexbuffers.Dumps({"text": "x", "mixed": ["y", 1]})) == {"text": None, "mixed": (1,)}


def test_maps_nested_too_deeply_are_left_out() -> None:
    assert attributes(flexbuffers.Dumps({"a": {"b": {"c": {"d": 1}}}})) == {"a": {"b": {"c": None}}}


@pytest.mark.parametrize(
    "raw", [None, b"", b"\0", b"\1\4\1", b"\x24\1", b"\xff\xff\xff", b"\x09\x24\x08", b"\1\0\1\x24\1"]
)
def test_what_is_no_map_or_damaged_is_nothing(raw: bytes | None) -> None:
    assert attributes(raw) is None


def test_damage_never_raises() -> None:
    good = bytes(flexbuffers.Dumps({"a": 1, "axes": {"TENSOR_DATA": [1, 2, 3]}, "e": 0.5, "many": list(range(20))}))
    for place in range(len(good)):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            attributes(good[:place] + bytes([value]) + good[place + 1 :])
        attributes(good[:place])
