"""TFL326: ranges that tell of representative data that were no data."""

import numpy as np
import pytest

from calibrated import SIZE, network, parameters, photographs
from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.uncalibrated import Uncalibrated

RULE = Uncalibrated()
SHAPE = (24, SIZE, SIZE, 3)


def bad() -> GraphBuilder:
    return network(np.random.default_rng(3).random(SHAPE))


def good() -> GraphBuilder:
    return network(photographs())


def test_noise_is_told_by_where_its_samples_take_the_ranges() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.name == "image"
    assert found.message == (
        "The ranges are those of uniform noise from 0 to 1, about 15 samples of it: 6 of the 6 ends of ranges in the "
        "first layers are where it takes them; real data were expected."
    )
    assert [place.name for place in found.related] == ["conv0", "conv1", "conv2", "mean", "logits"]


@pytest.mark.parametrize("clip", ["RELU", "RELU6"])
@pytest.mark.parametrize(
    ("make", "noise"),
    [
        (lambda random: random.random(SHAPE), "uniform noise from 0 to 1"),
        (lambda random: random.uniform(-1, 1, SHAPE), "uniform noise from -1 to 1"),
        (lambda random: random.standard_normal(SHAPE), "normally distributed noise"),
    ],
    ids=["rand", "uniform", "randn"],
)
def test_each_kind_of_noise_is_told_in_a_small_network_at_least_every_other_time(
    make: object, noise: str, clip: str
) -> None:
    assert callable(make)
    found = [findings(RULE, network(make(np.random.default_rng(seed)), clip=clip)) for seed in range(6)]
    told = [each for [each] in filter(None, found)]
    assert len(told) >= 3, "a maximum of noise may lie anywhere: some look like none"
    assert {each.evidence["noise"] for each in told} == {noise}
    assert all(5 < each.evidence["samples"] < 500 for each in told)


def test_noise_of_bytes_is_told_too() -> None:
    data = np.random.default_rng(0).integers(0, 256, SHAPE).astype(float)
    [found] = findings(RULE, network(data))
    assert found.evidence["noise"] == "uniform noise from 0 to 255"
    assert findings(RULE, network(photographs() * 255)) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("clip", ["RELU", "RELU6", "NONE"])
def test_real_data_of_the_same_ranges_are_not_noise(clip: str, seed: int) -> None:
    images = photographs(seed=seed)
    assert findings(RULE, network(images, clip=clip)) == []
    assert findings(RULE, network(2 * images - 1, clip=clip)) == []


def test_the_input_may_be_quantized_by_the_graph() -> None:
    [found] = findings(RULE, network(np.random.default_rng(3).random(SHAPE), float_input=True))
    assert found.location.name == "pixels"


def test_zeros_are_an_error() -> None:
    [found] = findings(RULE, network(np.zeros(SHAPE)))
    assert found.severity is Severity.ERROR
    assert found.message == (
        "Every value of 'image' was 0, to within 1e-06, in all of the representative data; whatever else it is given "
        "is clipped."
    )


@pytest.mark.parametrize("value", [1.0, 0.5, -2.0])
def test_so_is_one_value_for_everything_a_warning(value: float) -> None:
    [found] = findings(RULE, network(np.full(SHAPE, value)))
    assert found.severity is Severity.WARNING
    assert found.message == f"The ranges are those of an input that is {value:g} throughout; real data were expected."


def test_white_images_among_others_are_no_constant() -> None:
    images = photographs()
    images[:3] = 1
    assert findings(RULE, network(images)) == []


def test_layers_that_are_clipped_throughout_tell_no_constant() -> None:
    assert findings(RULE, network(photographs() * 255, clip="RELU6")) == []


def test_images_that_use_few_grey_levels_are_a_note() -> None:
    [found] = findings(RULE, network(np.round(photographs() * 180) / 255))
    assert found.severity is Severity.NOTE
    assert found.message == (
        "The ranges are those of too few samples, or not of real ones: the images use 180 grey levels of 256."
    )


def test_a_yes_or_no_that_was_always_the_same_is_a_note() -> None:
    for gain, side in ((1.0, "above"), (-1.0, "below")):
        g = network(photographs(), head="LOGISTIC", classes=1, logit_gain=0.0, bias=0.3)
        logits = next(each for each in g.graph["tensors"] if each["name"] == "logits")
        logits["quantization"] |= parameters(min(0, 3 * gain), max(0, 3 * gain))
        [found] = findings(RULE, g)
        assert found.severity is Severity.NOTE
        assert found.location.name == "logits"
        assert f"so all answers were {side} 0.5." in found.message


def test_a_softmax_without_a_winner_and_few_grey_levels_are_a_warning() -> None:
    dim = np.round(photographs() * 180) / 255
    [found] = findings(RULE, network(dim, logit_gain=0.01, bias=0.05))
    assert found.severity is Severity.WARNING
    assert "no class of the SOFTMAX ever got more than 2" in found.message
    assert found.message.endswith(" %, the images use 180 grey levels of 256.")
    assert [place.name for place in found.related] == ["image"]


def chain(tops: list[float]) -> GraphBuilder:
    """Pointwise convolutions with RELU6 whose outputs end at these values."""
    g = GraphBuilder()
    x = g.input("x", [1, 8, 8, 2], "INT8", **parameters(0, 40))
    for number, top in enumerate(tops):
        kernel = g.constant(f"w{number}", np.eye(2, dtype=np.int8).reshape(2, 1, 1, 2), scale=1.0)
        y = g.tensor(f"y{number}", [1, 8, 8, 2], "INT8", **parameters(0, top))
        x = g.op("CONV_2D", [x, kernel, -1], y, {"fused_activation_function": "RELU6"})
    g.output(x)
    return g


def test_most_relu6_never_near_6_are_a_note() -> None:
    [found] = findings(RULE, chain([3.0, 2.0, 6.0, 5.0]))
    assert found.location.name == "y0"
    assert found.message.endswith("3 of 4 RELU6 outputs never came near 6.")


@pytest.mark.parametrize("tops", [[3.0, 6.0, 6.0, 5.0], [3.0, 2.0, 5.0], [6.0] * 4])
def test_some_relu6_below_6_are_nothing(tops: list[float]) -> None:
    assert findings(RULE, chain(tops)) == []


def test_a_body_of_a_loop_has_no_representative_data() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    g.output(g.op("LOGISTIC", [x], g.tensor("y", [1, 4], "INT8", scale=1 / 256, zero_point=-128)))
    body = g.subgraph("body")
    x = body.input("x", [1, 4], "INT8", scale=0.1, zero_point=-128)
    body.output(body.op("LOGISTIC", [x], body.tensor("y", [1, 4], "INT8", scale=1 / 256, zero_point=-128)))
    assert findings(RULE, g) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (4,)], ids=["one", "many", "vector"])
def test_a_softmax_needs_a_few_classes_to_be_judged(shape: tuple[int, ...]) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=0.1)
    logits = g.op("CUSTOM_HEAD", [x], g.tensor("logits", shape, "INT8", scale=1e-3))
    g.output(g.op("SOFTMAX", [logits], g.tensor("y", shape, "INT8", scale=1 / 256, zero_point=-128)))
    assert findings(RULE, g) == []


def test_a_detector_may_say_no_everywhere() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 5000], "INT8", **parameters(-9, 0))
    g.output(g.op("LOGISTIC", [x], g.tensor("y", [1, 5000], "INT8", scale=1 / 256, zero_point=-128)))
    assert findings(RULE, g) == []
