"""TFL328: weights at the ends of their range, or on a handful of levels."""

from typing import Any

import numpy as np
import pytest

from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.saturated_weights import SaturatedWeights
from weighted import weighted

RULE = SaturatedWeights()
SHAPE = (8, 3, 3, 32)
SCALES = np.linspace(0.01, 0.02, 8)


def normal(times: float = 1.0, shape: tuple[int, ...] = SHAPE) -> Any:
    """Weights whose largest is at the end of the range, then multiplied and clipped."""
    values = np.random.default_rng(1).normal(size=shape).reshape(shape[0], -1)
    values *= 127 * times / abs(values).max(axis=1, keepdims=True)
    return np.clip(np.round(values), -127, 127).astype(np.int8).reshape(shape)


def bad() -> GraphBuilder:
    return weighted(values=normal(3), scale=SCALES)


def good() -> GraphBuilder:
    return weighted(values=normal(), scale=SCALES)


def test_clipped_weights_are_reported() -> None:
    [found] = findings(RULE, bad())
    assert found.message == (
        "32 % of the weights 'kernel' INT8[8, 3, 3, 32] of CONV_2D are clipped to -127 or 127; a sound scale leaves "
        "one value a channel there."
    )


def test_of_weights_with_one_scale_one_value_has_to_be_at_an_end() -> None:
    assert findings(RULE, weighted(values=normal())) == []
    [found] = findings(RULE, weighted(values=normal(3)))
    assert "one value a tensor there" in found.message


def test_the_share_can_be_chosen() -> None:
    assert findings(SaturatedWeights(saturated=0.5), bad()) == []


def test_short_channels_have_many_values_at_the_ends_by_right() -> None:
    shape = (128, 1, 1, 2)
    assert findings(RULE, weighted(values=normal(shape=shape), scale=np.ones(128))) == []


@pytest.mark.parametrize(("step", "levels"), [(127, 3), (30, 9)])
def test_weights_on_a_handful_of_levels_are_reported(step: int, levels: int) -> None:
    values = (normal(2) // step * step).astype(np.int8)
    levels = np.unique(values).size
    [found] = findings(RULE, weighted(values=values, scale=SCALES))
    assert found.message == (
        f"The 2,304 weights 'kernel' INT8[8, 3, 3, 32] of CONV_2D hold {levels} distinct values; INT8 has room for 255."
    )
    assert findings(SaturatedWeights(levels=2, saturated=1.0), weighted(values=values, scale=SCALES)) == []


def test_a_suspicion_is_looked_into() -> None:
    values = normal()
    flat = values.reshape(-1)
    for start in range(0, flat.size, flat.size // 4):
        flat[start : start + 64] = 0
    assert findings(RULE, weighted(values=values, scale=SCALES)) == []


def test_weights_of_one_value_are_told_by_another_rule() -> None:
    assert findings(RULE, weighted(values=np.zeros(SHAPE, np.int8))) == []


def test_few_weights_say_nothing() -> None:
    values = (normal(shape=(8, 16)) // 64).astype(np.int8)
    assert findings(RULE, weighted("FULLY_CONNECTED", values)) == []
    assert len(findings(SaturatedWeights(min_elements=64), weighted("FULLY_CONNECTED", values))) == 1
    assert len(findings(SaturatedWeights(min_elements=64), bad())) == 1
    assert findings(SaturatedWeights(min_elements=100_000), bad()) == []


@pytest.mark.parametrize("times", [5, 0.03])
def test_the_worst_weights_stand_for_the_others(times: float) -> None:
    g = weighted(values=normal(3 if times > 1 else 0.05), scale=SCALES)
    w = g.constant("worse", normal(times), scale=SCALES)
    g.output(g.op("CONV_2D", [0, w, -1], g.tensor("z", [1, 8, 8, 8], "INT8", scale=0.1), {}))
    [found] = findings(RULE, g)
    assert found.location.name == "worse"
    assert [each.name for each in found.related] == ["kernel"]
