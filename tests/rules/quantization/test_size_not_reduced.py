"""TFL334: what quantizing did to the size of the file."""

from dataclasses import replace

import numpy as np
import pytest

from tflint import Finding, Format, Severity
from tflint.formats import read
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.quantization.size_not_reduced import SizeNotReduced
from twin_models import conversions, normal

RULE = SizeNotReduced()


def layered(*stored: str, shape: tuple[int, int] = (128, 128), alike: bool = False, more: bytes = b"") -> GraphBuilder:
    """Dense layers whose weights are stored in these types."""
    g = GraphBuilder()
    x = g.input("x", [1, 128])
    for at, dtype in enumerate(stored):
        weights = normal(*shape, seed=0 if alike else at)
        if dtype == "FLOAT32":
            w = g.constant(f"w{at}", weights)
        elif dtype == "FLOAT16":
            half = g.constant(f"w{at}", weights.astype(np.float16))
            w = g.op("DEQUANTIZE", [half], g.tensor(f"wide{at}", shape), {})
        else:
            number = {"INT8": np.int8, "INT16": np.int16}[dtype]
            w = g.constant(f"w{at}", np.round(weights * 20).astype(number), scale=0.05)
        x = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor(f"y{at}", [1, 128]), {})
    g.output(x)
    if more:
        g.metadata("notes", more)
    return g


SOURCE = model(layered(*["FLOAT32"] * 4), "float.tflite")
CONTEXT = {"source": SOURCE}


def bad() -> GraphBuilder:
    return layered("INT8", "INT8", "FLOAT32", "FLOAT32")


def good() -> GraphBuilder:
    return layered(*["INT8"] * 4)


def found(built: GraphBuilder, source: GraphBuilder | None = None, rule: SizeNotReduced = RULE) -> list[Finding]:
    return findings(rule, built, source=SOURCE if source is None else model(source, "float.tflite"))


def test_float_constants_that_are_left_are_named() -> None:
    [one] = found(bad())
    assert one.severity is Severity.WARNING
    assert one.location.address == ""
    assert one.message.startswith("The file takes 16")
    assert "% of the 257.0 KiB of its float source; at most 50 % were expected. Of it are 79 % float" in one.message
    assert one.help == "Convert with a representative dataset, and look at the ops that stay in float."
    assert one.evidence["float_bytes"] == 2 * 65536


def test_copies_are_named() -> None:
    [one] = found(layered(*["INT8"] * 12, alike=True))
    assert one.evidence["copied_bytes"] == 11 * 16384
    assert one.help == "Let the tensors with the same values share one buffer."


def test_long_integers_are_named() -> None:
    [one] = found(layered("INT8", *["INT16"] * 4))
    assert one.evidence["integer_bytes"] == 4 * 32768
    assert one.help == "Quantize the weights to 8 bits."


def test_scales_are_named() -> None:
    g = good()
    for tensor in g.graph["tensors"]:
        tensor["quantization"] = {"scale": np.ones(5000, np.float32), "zero_point": np.zeros(5000, np.int64)}
    [one] = found(g)
    assert one.help == "Quantize small layers with one scale for the whole tensor."


def test_what_is_no_constant_is_a_note() -> None:
    [one] = found(layered(*["INT8"] * 4, more=bytes(100_000)))
    assert one.severity is Severity.NOTE
    assert "61 % graph, names and metadata" in one.message


def test_half_floats_may_take_half_of_the_source_and_more() -> None:
    assert found(layered(*["FLOAT16"] * 4)) == []
    [one] = found(layered("FLOAT16", *["FLOAT32"] * 3))
    assert "at most 75 % were expected" in one.message


def test_the_limit_is_an_option() -> None:
    assert found(bad(), rule=SizeNotReduced(max_ratio=0.7)) == []


def test_a_file_that_is_not_quantized_is_not_judged() -> None:
    assert found(layered(*["FLOAT32"] * 4)) == []


def test_a_small_source_is_not_judged() -> None:
    small = layered("FLOAT32", shape=(8, 16))
    assert found(layered("INT8", shape=(8, 16)), small) == []


def test_a_source_of_few_weights_is_not_judged() -> None:
    mostly = layered("FLOAT32", "FLOAT32", more=bytes(200_000))
    assert found(layered("INT8", "INT8", more=bytes(200_000)), mostly) == []


def test_other_sources_are_not_judged() -> None:
    assert findings(RULE, bad()) == []
    assert findings(RULE, bad(), source=replace(SOURCE, format=Format.KERAS)) == []
    assert findings(RULE, bad(), source=replace(SOURCE, byte_size=0)) == []


@pytest.mark.skipif(not conversions(), reason="there are no real models")
def test_real_conversions_are_silent() -> None:
    for path, original in conversions():
        assert findings(RULE, read(str(path)), source=read(str(original))) == [], path
