"""TFL310: type, zero point and scale of a bias."""

from typing import Any

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.bias_params import BiasParams
from weighted import weighted

RULE = BiasParams()
ONES = np.arange(1, 9, dtype=np.int32)
WIDE = ONES.astype(np.int64)
SEVERAL = np.linspace(0.01, 0.02, 8)
KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
STRIDES = dict.fromkeys(("stride_w", "stride_h", "dilation_w_factor", "dilation_h_factor"), 1)
SOUND: dict[str, Any] = {"padding": "SAME", **STRIDES}
UNSIGNED: dict[str, Any] = {"source": "UINT8", "weights": "UINT8"}


def bad() -> GraphBuilder:
    return weighted(bias=ONES, bias_scale=0.001)


def good() -> GraphBuilder:
    return weighted(bias=ONES, scale=SEVERAL)


def test_a_scale_that_the_kernel_ignores_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.message == (
        "The bias 'bias' INT32[8] of CONV_2D has scale 0.001; input scale times weight scale is 0.0005, which the "
        "kernels use, and other tools may not."
    )


def test_the_channel_whose_scale_is_off_is_named() -> None:
    scales = np.float32(0.05) * SEVERAL
    scales[5] *= 1.5
    [found] = findings(RULE, weighted(scale=SEVERAL, bias=ONES, bias_scale=scales))
    assert "in channel 5;" in found.message
    assert findings(BiasParams(tolerance=0.6), weighted(scale=SEVERAL, bias=ONES, bias_scale=scales)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_bias_is_silent(kind: str) -> None:
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    assert findings(RULE, weighted(kind, bias=ONES)) == []
    assert findings(RULE, weighted(kind, bias=ONES, scale=SEVERAL, axis=axis)) == []
    assert findings(RULE, weighted(kind, bias=WIDE, source="INT16")) == []
    assert findings(RULE, weighted(kind, bias=np.ones(8, np.float32), source="FLOAT32")) == []


@pytest.mark.parametrize(("kind", "more"), [("FULLY_CONNECTED", {}), ("CONV_2D", UNSIGNED)])
def test_a_scale_that_the_kernel_compares_is_an_error_where_it_is_far_off(kind: str, more: dict[str, Any]) -> None:
    [near] = findings(RULE, weighted(kind, bias=ONES, bias_scale=0.0006, **more))
    [far] = findings(RULE, weighted(kind, bias=ONES, bias_scale=0.01, **more))
    assert (near.severity, far.severity) == (Severity.WARNING, Severity.ERROR)
    assert far.message.endswith("0.0005, and the built-in kernel refuses the model.")


def test_an_output_without_a_scale_is_not_compared_with() -> None:
    [found] = findings(RULE, weighted("FULLY_CONNECTED", bias=ONES, bias_scale=0.5, made="FLOAT32"))
    assert found.severity is Severity.WARNING


def test_a_bias_of_zeros_means_0_with_any_scale() -> None:
    assert findings(RULE, weighted(bias=np.zeros(8, np.int32), bias_scale=1.0)) == []
    assert len(findings(RULE, weighted("FULLY_CONNECTED", bias=np.zeros(8, np.int32), bias_scale=1.0))) == 1


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("CONV_2D", {"bias": WIDE}, "is refused beside INT8 inputs; INT32 is needed"),
        ("DEPTHWISE_CONV_2D", {"bias": ONES, "source": "INT16"}, "is refused beside INT16 inputs; INT64 is needed"),
        ("TRANSPOSE_CONV", {"bias": ONES.astype(np.int16)}, "is refused beside INT8 inputs"),
        ("FULLY_CONNECTED", {"bias": ONES.astype(np.float32)}, "is refused beside INT8 inputs"),
        ("FULLY_CONNECTED", {"bias": WIDE}, "is read as INT32 beside INT8 inputs, so that wrong numbers are added"),
        ("CONV_2D", {"bias": ONES, "source": "INT16"}, "read as INT64 beside INT16 inputs unless the op's"),
        (
            "CONV_2D",
            {"bias": ONES, "source": "INT16", "options": {"quantized_bias_type": "INT64"}},
            "is refused; the op's quantized_bias_type is INT64",
        ),
    ],
)
def test_a_type_that_is_refused_or_misread_is_an_error(kind: str, more: dict[str, Any], words: str) -> None:
    [found] = findings(RULE, weighted(kind, **more))
    assert found.severity is Severity.ERROR
    assert words in found.message
    assert found.help.startswith("Write the bias as INT")


@pytest.mark.parametrize("kind", ["CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"])
def test_an_int32_bias_beside_int16_is_right_where_the_op_says_so(kind: str) -> None:
    options = {"quantized_bias_type": "INT32"}
    assert findings(RULE, weighted(kind, bias=ONES, source="INT16", options=options)) == []


def test_fully_connected_takes_an_int32_bias_beside_int16_as_it_is() -> None:
    assert findings(RULE, weighted("FULLY_CONNECTED", bias=ONES, source="INT16")) == []


@pytest.mark.parametrize(
    ("kind", "more", "severity"),
    [
        ("CONV_2D", {}, Severity.ERROR),
        ("CONV_2D", {"source": "INT16", "bias": WIDE}, Severity.ERROR),
        ("DEPTHWISE_CONV_2D", {}, Severity.ERROR),
        ("TRANSPOSE_CONV", {}, Severity.ERROR),
        ("TRANSPOSE_CONV", UNSIGNED, Severity.WARNING),
        ("FULLY_CONNECTED", {}, Severity.WARNING),
        ("FULLY_CONNECTED", {"scale": SEVERAL}, Severity.ERROR),
        ("CONV_2D", {"scale": SEVERAL, "source": "INT16", "bias": WIDE}, Severity.WARNING),
        ("CONV_2D", {"scale": SEVERAL, "options": SOUND}, Severity.ERROR),
        ("CONV_2D", {"scale": SEVERAL, "options": SOUND | {"stride_w": 0}}, Severity.WARNING),
    ],
)
def test_a_zero_point_is_refused_or_ignored(kind: str, more: dict[str, Any], severity: Severity) -> None:
    [found] = findings(RULE, weighted(kind, **{"bias": ONES, "bias_zero_point": 5, **more}))
    assert found.severity is severity
    assert "has zero point 5; 0 is needed" in found.message


def test_as_many_scales_are_needed_as_the_weights_have() -> None:
    [found] = findings(RULE, weighted(bias=ONES, scale=SEVERAL, bias_scale=0.0005, options=SOUND))
    assert found.message == (
        "The bias 'bias' INT32[8] of CONV_2D has one scale, the weights have 8 scales; XNNPACK, the default on CPUs, "
        "refuses the model."
    )
    assert findings(RULE, weighted("FULLY_CONNECTED", bias=ONES, scale=SEVERAL, bias_scale=0.0005)) == []


def test_where_xnnpack_leaves_the_op_to_the_built_in_kernels_the_number_of_scales_is_ignored() -> None:
    options = SOUND | {"stride_w": 0}
    assert findings(RULE, weighted(bias=ONES, scale=SEVERAL, bias_scale=0.0005, options=options)) == []


def test_biases_with_the_same_fault_are_one_finding() -> None:
    g = bad()
    for number in range(2):
        b = g.constant(f"more_{number}", ONES, scale=0.002)
        y = g.tensor(f"y_{number}", [1, 8, 8, 8], "INT8", scale=0.1)
        g.output(g.op("CONV_2D", [0, 1, b], y, {}))
    [found] = findings(RULE, g)
    assert found.message.endswith("The same is true of 2 more biases.")
    assert [each.name for each in found.related] == ["more_0", "more_1", "y"]


def test_what_has_no_scale_or_no_sound_one_is_told_by_other_rules() -> None:
    g = weighted()
    plain = g.constant("plain", ONES)
    computed = g.tensor("computed", [8], "INT32", scale=1.0)
    for number, b in enumerate((plain, computed)):
        y = g.tensor(f"y_{number}", [1, 8, 8, 8], "INT8", scale=0.1)
        g.output(g.op("CONV_2D", [0, 1, b], y, {}))
    [found] = findings(RULE, g)
    assert found.location.name == "computed"
    assert findings(RULE, weighted(bias=ONES, scale=0.0, bias_scale=1.0)) == []
    assert findings(RULE, weighted("SVDF", bias=ONES, bias_scale=1.0)) == []
    uneven = {"scale": np.ones(1, np.float32), "zero_point": np.zeros(2, np.int64)}
    assert findings(RULE, weighted(quantization=uneven, bias=ONES, bias_scale=1.0)) == []
