"""TFL315: channels without steps, and channels of zeros."""

from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.channel_scale_spread import ChannelScaleSpread
from weighted import ramp, weighted

RULE = ChannelScaleSpread()
SEVERAL = np.linspace(0.01, 0.02, 8)


def scaled(*factors: float) -> Any:
    """Weights [8, 3, 3, 4] whose first channels are that much smaller."""
    values = ramp(8, 3, 3, 4).astype(np.float64)
    for channel, factor in enumerate(factors):
        values[channel] *= factor
    return np.round(values).astype(np.int8)


def bad() -> GraphBuilder:
    return weighted(values=scaled(0.02, 1, 0.01))


def good() -> GraphBuilder:
    return weighted(values=scaled(0.3, 0.1, 1))


def test_channels_that_a_shared_scale_leaves_without_steps_are_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.message == (
        "2 of the 8 output channels of the weights 'kernel' INT8[8, 3, 3, 4] of CONV_2D reach at most 3 of 127 steps, "
        "the smallest 1; one scale serves all of them."
    )


def test_the_steps_and_the_share_of_channels_can_be_chosen() -> None:
    assert findings(ChannelScaleSpread(steps=0), bad()) == []
    assert findings(ChannelScaleSpread(coarse_share=0.3), bad()) == []
    assert len(findings(ChannelScaleSpread(steps=60), good())) == 1


def test_with_a_scale_for_each_channel_small_values_are_told_by_another_rule() -> None:
    assert findings(RULE, weighted(values=scaled(0.02, 1, 0.01), scale=SEVERAL)) == []


def test_small_rows_of_a_matrix_are_a_note() -> None:
    values = ramp(8, 16)
    values[:3] //= 64
    [found] = findings(RULE, weighted("FULLY_CONNECTED", values))
    assert found.severity is Severity.NOTE


def test_weights_that_are_small_throughout_are_told_by_another_rule() -> None:
    assert findings(RULE, weighted(values=scaled(*[0.02] * 8))) == []


@pytest.mark.parametrize(("dead", "expected"), [(3, None), (4, Severity.NOTE), (8, Severity.WARNING)])
def test_dead_channels_are_a_note_and_a_warning_where_all_are(dead: int, expected: Severity | None) -> None:
    found = findings(RULE, weighted(values=scaled(*[0] * dead), scale=SEVERAL))
    assert [each.severity for each in found] == ([] if expected is None else [expected])


def test_the_dead_channels_are_counted() -> None:
    [found] = findings(RULE, weighted(values=scaled(0, 0, 0, 0, 0), scale=SEVERAL))
    assert found.message == (
        "5 of the 8 output channels (62 %) of the weights 'kernel' INT8[8, 3, 3, 4] of CONV_2D are 0 throughout; they "
        "give the same result whatever the input is."
    )
    [found] = findings(RULE, weighted(values=scaled(*[0] * 8)))
    assert found.message.startswith("All 8 output channels of the weights")


def test_under_a_shared_scale_zeros_may_be_what_rounding_left() -> None:
    assert findings(RULE, weighted(values=scaled(0, 0, 0, 0, 0))) == []


def test_the_worst_weights_stand_for_the_others() -> None:
    g = bad()
    w = g.constant("worse", scaled(0.02, 0.02, 0.01), scale=0.1)
    g.output(g.op("CONV_2D", [0, w, -1], g.tensor("z", [1, 8, 8, 8], "INT8", scale=0.1), {}))
    [found] = findings(RULE, g)
    assert found.location.name == "worse"
    assert [each.name for each in found.related] == ["kernel"]
    assert found.message.endswith("The same is true of 1 more tensor.")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("SVDF", np.zeros((8, 16), np.int8)),
        ("CONV_2D", np.zeros((3, 3, 3, 4), np.int8)),
        ("CONV_2D", np.zeros((8, 3, 3, 4), np.uint8)),
        ("DEPTHWISE_CONV_2D", np.zeros((8, 4), np.int8)),
    ],
    ids=["a cell", "few channels", "unsigned", "no such dimension"],
)
def test_what_is_not_judged(kind: str, values: Any) -> None:
    assert findings(RULE, weighted(kind, values)) == []
