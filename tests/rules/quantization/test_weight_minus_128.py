"""TFL309: -128 in INT8 weights."""

from typing import Any

import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.weight_minus_128 import WeightMinus128
from weighted import ramp, weighted

RULE = WeightMinus128()


def with_lowest(*places: int, shape: tuple[int, ...] = (8, 3, 3, 4)) -> Any:
    values = ramp(*shape)
    values.reshape(-1)[list(places)] = -128
    return values


def bad() -> GraphBuilder:
    return weighted(values=with_lowest(3, 20, 100))


def good() -> GraphBuilder:
    return weighted()


def test_two_in_a_channel_are_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.message == (
        "The weights 'kernel' INT8[8, 3, 3, 4] of CONV_2D hold -128 3 times, 2 of them in one channel; ARM processors "
        "without dot product instructions may compute wrong sums."
    )


@pytest.mark.parametrize(("places", "words"), [((3,), "hold -128 1 time;"), ((3, 100), "2 times, no two of them")])
def test_one_in_a_channel_is_a_note(places: tuple[int, ...], words: str) -> None:
    [found] = findings(RULE, weighted(values=with_lowest(*places)))
    assert found.severity is Severity.NOTE
    assert words in found.message
    assert found.evidence["most_in_a_channel"] == 1


def test_the_channels_of_a_depthwise_convolution_are_its_last_dimension() -> None:
    values = with_lowest(1, 9, shape=(1, 3, 3, 8))
    [found] = findings(RULE, weighted("DEPTHWISE_CONV_2D", values))
    assert found.evidence["most_in_a_channel"] == 2


def test_weights_that_two_ops_read_are_told_once_and_others_with_them() -> None:
    g = bad()
    w = g.constant("second", with_lowest(0, 1), scale=0.1)
    for number, kernel in enumerate((1, w)):
        y = g.tensor(f"y_{number}", [1, 8, 8, 8], "INT8", scale=0.1)
        g.output(g.op("CONV_2D", [0, kernel, -1], y, {}))
    [found] = findings(RULE, g)
    assert found.message.endswith("The same is true of 1 more tensor.")
    assert [each.name for each in found.related] == ["second"]


@pytest.mark.parametrize(
    ("kind", "more"),
    [("CONV_2D", {"source": "INT16"}), ("BATCH_MATMUL", {}), ("EMBEDDING_LOOKUP", {"source": "INT32"})],
)
def test_where_it_does_no_harm_it_is_not_told(kind: str, more: dict[str, Any]) -> None:
    shape = (8, 3, 3, 4) if kind == "CONV_2D" else (16, 8)
    assert findings(RULE, weighted(kind, with_lowest(0, 1, shape=shape), **more)) == []


def test_an_input_that_is_left_out_is_unknown() -> None:
    g = good()
    w = g.constant("second", with_lowest(0, 1), scale=0.1)
    g.output(g.op("CONV_2D", [-1, w, -1], g.tensor("z", [1, 8, 8, 8], "INT8", scale=0.1), {}))
    assert findings(RULE, g) == []
