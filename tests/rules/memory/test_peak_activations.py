"""TFL504: activations that are alive at once and take too much memory together."""

import numpy as np

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.memory.peak_activations import PeakActivations

RULE = PeakActivations()
SMALL = PeakActivations(max_bytes=3000)


def unet(size: int, dtype: str = "FLOAT32") -> GraphBuilder:
    """Two layers of 32 channels, and a skip connection over them."""
    g = GraphBuilder()
    shape = [1, size, size, 32]
    x = g.input("image", [1, size, size, 3], dtype)
    kernels = [g.constant(f"kernel{n}", np.ones((32, 3, 3, 32 if n else 3), np.float32)) for n in range(3)]
    skip = g.op("CONV_2D", [x, kernels[0], -1], g.tensor("encoded", shape, dtype), {})
    y = g.op("CONV_2D", [skip, kernels[1], -1], g.tensor("middle", shape, dtype), {})
    y = g.op("CONV_2D", [y, kernels[2], -1], g.tensor("decoded", shape, dtype), {})
    g.output(g.op("ADD", [y, skip], g.tensor("sum", shape, dtype), {}))
    return g


def bad() -> GraphBuilder:
    return unet(640)


def good() -> GraphBuilder:
    return unet(512)


def test_a_peak_over_the_limit_is_a_warning_at_its_op() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/2:CONV_2D"
    assert found.message == (
        "150.0 MiB of activations are alive at op 2 CONV_2D; at most 128.0 MiB were expected. The largest are "
        "'encoded' (50.0 MiB), 'middle' (50.0 MiB) and 'decoded' (50.0 MiB); 50.0 MiB of it only waits for later ops."
    )
    assert found.help.startswith("Quantize the activations to int8")
    assert [place.address for place in found.related] == ["0/0:CONV_2D", "0/1:CONV_2D"]
    assert found.evidence == {"bytes": 150 << 20, "max_bytes": 128 << 20, "values": 3}


def test_smaller_peaks_are_fine() -> None:
    assert findings(RULE, good()) == []


def test_integers_are_to_be_made_fewer() -> None:
    [found] = findings(PeakActivations(max_bytes=1 << 20), unet(128, "INT8"))
    assert found.help.startswith("Make the input smaller")


def test_one_value_that_is_too_large_alone_is_left_to_oversized_tensor() -> None:
    assert findings(PeakActivations(max_bytes=40 << 20), bad()) == []


def test_what_is_made_of_constants_alone_does_not_count() -> None:
    g = GraphBuilder()
    half = g.constant("half", np.ones(1000, np.float16))
    w = g.op("DEQUANTIZE", [half], g.tensor("w", [1000]))
    g.output(g.op("MUL", [g.input("x", [1]), w], g.tensor("y", [1]), {}))
    assert findings(SMALL, g) == []


def test_an_input_may_be_among_the_largest() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [500])], g.tensor("y", [500])))
    [found] = findings(SMALL, g)
    assert [place.address for place in found.related] == ["0/t0"]
    assert "wait" not in found.message


def test_sizes_that_read_alike_are_told_in_bytes() -> None:
    [found] = findings(PeakActivations(max_bytes=(150 << 20) - 1), bad())
    assert "157,286,400 bytes of activations are alive at op 2 CONV_2D; at most 157,286,399 bytes were" in found.message


def test_a_limit_of_one_byte_is_a_sentence_too() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1], "INT8")], g.tensor("y", [1], "INT8")))
    [found] = findings(PeakActivations(max_bytes=1), g)
    assert found.message.startswith("2 bytes of activations are alive at op 0 ABS; at most 1 byte was expected.")


def test_sizes_that_cannot_be_told_are_not_judged() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("s", [4096], "STRING")], g.tensor("y", [4096])))
    assert findings(SMALL, g) == []
    assert findings(SMALL, GraphBuilder()) == []
