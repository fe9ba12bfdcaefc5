"""TFL901: outputs that are not the source's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comparisons import BLAME, compared, dense, feeds, figures, normal, output, real
from tflint import Context, Finding, Severity
from tflint.comparison import Comparison, Inside
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.output_diff import OutputDiff

RULE = OutputDiff()
CONTEXT = {"comparison": compared(output(10.2), blame=BLAME)}
GOOD_CONTEXT = {"comparison": compared(output(110.0))}


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def found(comparison: Comparison, built: GraphBuilder | None = None, rule: OutputDiff = RULE) -> list[Finding]:
    return findings(rule, built or dense(), comparison=comparison)


def quantized(scale: float = 0.1) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 8], "INT8", scale=0.1)
    g.output(g.op("ABS", [x], g.tensor("probs", [1, 8], "INT8", scale=scale)))
    return g


def ending(kind: str, dtype: str = "FLOAT32", scale: float | None = None) -> GraphBuilder:
    """A model that ends in an op, and a DEQUANTIZE where it is quantized."""
    g = GraphBuilder()
    x = g.input("x", [1, 8], dtype, scale=scale)
    held = g.op(kind, [x], g.tensor("held", [1, 8], dtype, scale=scale))
    shaped = g.op("RESHAPE", [held], g.tensor("shaped", [1, 8], dtype, scale=scale))
    g.output(g.op("DEQUANTIZE", [shaped], g.tensor("probs", [1, 8])) if scale else shaped)
    return g


@pytest.mark.parametrize(("precision", "limit"), [("float32", 60), ("float16", 40), ("dynamic", 20), ("int8", 10)])
def test_how_far_an_output_may_be_off_depends_on_the_precision(precision: str, limit: float) -> None:
    [one] = found(compared(output(limit - 1), precision=precision))
    assert one.location.name == "probs"
    assert f"should have {limit} dB or more." in one.message
    assert found(compared(output(limit + 1), precision=precision)) == []


def test_the_limits_can_be_set() -> None:
    assert found(compared(output(50)), rule=OutputDiff(float32_snr_db=40)) == []
    assert len(found(compared(output(70)), rule=OutputDiff(float32_snr_db=80))) == 1


def test_the_error_is_told_as_a_share_of_the_signal() -> None:
    [one] = found(compared(output(10.2, figures=figures(10.2, top1=0.5))))
    assert (
        "on 4 random inputs and 2 edge cases the error is 31 % of the signal (SNR 10.2 dB) and 0.927 at most;"
        in one.message
    )
    assert "The largest entry is the same in 50 % of the rows. It is worst on 'random 3 (normal)'." in one.message
    assert one.evidence["outputs"][0]["snr_db"] == 10.2
    [one] = found(compared(output(-10.0), feeds=feeds(given=2)))
    assert (
        "on 2 given inputs, 4 random inputs and 2 edge cases the error is 316 % of the signal (SNR -10.0 dB)"
        in one.message
    )
    [one] = found(compared(output(-40.0)))
    assert "the error is 100 times the signal (SNR -40.0 dB)" in one.message


def test_all_outputs_are_one_finding_with_the_worst_first() -> None:
    outputs = (output(20.0), output(5.0, place=1, name="other", worst=None))
    [one] = found(compared(*outputs), dense(outputs=2))
    assert one.message.startswith(
        "Output 'other' differs from 'softmax' of its source 'model.keras': on 4 random inputs"
    )
    assert " So is 1 other output." in one.message
    assert [each.name for each in one.related] == ["probs"]


def test_with_a_blamed_op_the_finding_stands_at_it() -> None:
    [one] = found(compared(output(10.2), blame=BLAME))
    assert one.location.address == "0/0:FULLY_CONNECTED"
    assert [each.name for each in one.related] == ["probs"]
    assert one.message.endswith(
        "Fed with the source's values, op 0 FULLY_CONNECTED is by itself off by 35 % from the source's 'dense_1', where "
        "rounding explains 1.2 %."
    )
    assert one.evidence["blame"]["reference"] == "dense_1"


def test_a_blamed_piece_names_its_ops_and_what_is_wrong_beside() -> None:
    blame = replace(BLAME, ops=("0/0:MUL", "0/1:ADD"), others=1, figures=figures(None))
    [one] = found(compared(output(10.2), blame=blame))
    assert (
        "op 0 FULLY_CONNECTED, run in one piece with what stands before it (MUL and ADD), is by itself off by 3 where"
        in one.message
    )
    assert one.message.endswith("rounding explains 1.2 %. So is 1 further op.")
    seen = (Inside(BLAME.tensor, "not-finite", 0.5, 0),)
    broken = replace(BLAME, op="9/9:ADD", figures=figures(9, finite=False))
    [one] = found(compared(output(10.2), blame=broken))
    assert one.message.endswith("No single op is known to be wrong by itself beyond rounding.")
    [one] = found(compared(output(10.2), blame=broken, inside=seen))
    assert "Fed with the source's values, op 9/9:ADD is by itself not finite from the source's 'dense_1'" in one.message
    assert one.location.name == "probs"
    [one] = found(compared(output(10.2), blame=replace(BLAME, figures=figures(-40))))
    assert "is by itself off by 100 times its size from" in one.message


def test_a_piece_of_many_layers_blames_none_of_them() -> None:
    g = GraphBuilder()
    held = g.input("x", [1, 8])
    for number in range(3):
        weights = g.constant(f"w{number}", normal(8, 8))
        held = g.op("FULLY_CONNECTED", [held, weights, -1], g.tensor(f"h{number}", [1, 8]), {})
    g.output(held)
    ops = tuple(f"0/{number}:FULLY_CONNECTED" for number in range(3))
    [one] = found(compared(output(10.2), blame=replace(BLAME, ops=ops)), g)
    assert one.message.endswith("No single op is known to be wrong by itself beyond rounding.")
    [one] = found(compared(output(10.2), blame=replace(BLAME, ops=ops[:2])), g)
    assert one.location.address == "0/0:FULLY_CONNECTED"


def test_where_most_ops_are_wrong_it_is_no_conversion_of_the_source() -> None:
    [one] = found(compared(output(-3), blame=replace(BLAME, others=5)))
    assert one.message.endswith("So are 5 further ops: most layers differ, so it is no conversion of this source, or one of "
                                "other weights (TFL613).")  # fmt: skip
    assert one.help.startswith("Convert this source again")


def test_quantized_outputs_pass_by_steps() -> None:
    assert found(compared(output(3, figures=figures(3, max_abs=0.3, steps=3.0)), precision="int8"), quantized()) == []
    [one] = found(compared(output(3, figures=figures(3, max_abs=0.4, steps=4.0)), precision="int8"), quantized())
    assert "and 0.4 at most, 4 steps of its scale; an int8 model should have 10 dB or more." in one.message
    assert (
        len(
            found(
                compared(output(3, figures=figures(3, steps=3.0)), precision="int8"),
                quantized(),
                OutputDiff(max_steps=1),
            )
        )
        == 1
    )


def test_the_step_of_a_real_output_is_that_of_what_it_is_made_of() -> None:
    far = compared(output(3, figures=figures(3, max_abs=0.25)), precision="int8")
    assert found(far, ending("ABS", "INT8", 0.1)) == []
    assert len(found(far, ending("ABS", "INT8", 0.05))) == 1


def test_what_is_passed_on_for_long_or_from_the_input_has_no_step() -> None:
    far = compared(output(3, figures=figures(3, max_abs=0.25)), precision="int8")
    g = GraphBuilder()
    held = g.op("LOGISTIC", [g.input("x", [1, 8])], g.tensor("scores", [1, 8]))
    for number in range(9):
        held = g.op("RESHAPE", [held], g.tensor(f"r{number}", [1, 8]))
    g.output(held)
    assert len(found(far, g)) == 1
    g = GraphBuilder()
    g.output(g.op("RESHAPE", [g.input("x", [1, 8])], g.tensor("y", [1, 8])))
    assert len(found(far, g)) == 1


def test_scores_have_steps_of_a_256th() -> None:
    near = compared(output(3, figures=figures(3, max_abs=0.01)), precision="dynamic")
    assert found(near, ending("LOGISTIC")) == []
    assert len(found(near, ending("ABS"))) == 1
    assert len(found(compared(*near.outputs, precision="float32"), ending("LOGISTIC"))) == 1


def test_scores_of_quantized_models_on_made_up_inputs_tell_little() -> None:
    def scores(clear: float | None, **more: Any) -> Comparison:
        held = output(3, figures=figures(3, top1=0.5, top1_clear=clear))
        return compared(held, **{"precision": "int8"} | more)

    assert found(scores(0.75)) == found(scores(None)) == []
    assert found(scores(0.75, blame=replace(BLAME, allowed=0.3))) == []
    assert len(found(scores(0.75, blame=BLAME))) == 1
    assert len(found(scores(0.75, blame=replace(BLAME, figures=figures(None))))) == 1
    assert len(found(scores(0.25))) == 1
    assert len(found(scores(0.75, precision="float32"))) == 1
    assert len(found(scores(0.75, feeds=feeds(randoms=0, given=6)))) == 1


def test_a_source_that_gives_zeros_only_is_judged_by_steps_or_not_at_all() -> None:
    zeros = figures(None, max_abs=0.5)
    assert found(compared(output(None, figures=figures(None, max_abs=1e-4)))) == []
    [one] = found(compared(output(None, figures=zeros)))
    assert "the source gives zeros only, and it up to 0.5;" in one.message
    [one] = found(compared(output(None, figures=replace(zeros, steps=5.0)), precision="int8"), quantized())
    assert "up to 0.5, 5 steps of its scale" in one.message


def test_an_error_of_nothing_passes() -> None:
    assert found(compared(output(3, figures=figures(3, size=1e-7), span=(0.0, 1.0)))) == []


def test_edge_cases_alone_are_for_another_rule() -> None:
    held = [figures(110)] * 4 + [figures(5)] * 2
    assert found(compared(output(30, held))) == []
    only = compared(output(5, held), counted=(4, 5))
    assert len(found(only)) == 1


def test_swapped_outputs_are_told_as_such() -> None:
    outputs = (
        output(2, fits_better=1),
        output(1, place=1, name="boxes", reference_place=1, reference_name="boxes", fits_better=0),
    )
    [one] = found(compared(*outputs), dense(outputs=2))
    assert one.message == (
        "Outputs of the model are other outputs of its source: 'probs' gives the values of 'boxes', 'boxes' gives the "
        "values of 'softmax'; they were matched by name."
    )
    assert one.severity is Severity.ERROR
    unnamed = tuple(replace(each, matched_by="order") for each in outputs)
    [one] = found(compared(*unnamed), dense(outputs=2))
    assert one.severity is Severity.WARNING
    assert one.message.endswith("they were matched by shape and order, since their names tell nothing.")
    many = tuple(replace(outputs[0], name=str(number), fits_better=7) for number in range(4))
    [one] = found(compared(*many))
    assert "'2' gives the values of '7', and 1 other likewise;" in one.message


def test_what_cannot_be_judged_is_left_alone() -> None:
    off = output(3)
    assert found(compared(off, facts={"repeat": "0"})) == []
    assert found(compared(off, facts={"source-repeat": "0"})) == []
    assert found(compared(replace(off, place=7))) == []
    assert found(compared(output(3, figures=figures(3, finite=False)))) == []
    assert found(compared(off, precision="unheard of")) == []
    assert findings(RULE, dense()) == []


def test_quantized_loops_are_judged_on_given_inputs_only() -> None:
    g = quantized()
    body = g.subgraph("body")
    body.output(body.input("x", [1, 8], "INT8", scale=0.1))
    g.op(
        "WHILE",
        [0],
        g.tensor("looped", [1, 8], "INT8", scale=0.1),
        {"cond_subgraph_index": 1, "body_subgraph_index": 1},
    )
    off = output(3, figures=figures(3, steps=9.0))
    assert found(compared(off, precision="int8"), g) == []
    assert len(found(compared(off, precision="int8", feeds=feeds(randoms=0, given=6)), g)) == 1
    assert len(found(compared(off), g)) == 1


def test_whole_numbers_are_judged_in_float_models_only() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    g.output(g.op("ARG_MAX", [x, g.constant("axis", normal(1).astype("int32"))], g.tensor("probs", [1], "INT64")))
    assert len(found(compared(output(10)), g)) == 1
    assert found(compared(output(30)), g) == []
    assert found(compared(output(10), precision="int8"), g) == []


def test_whole_numbers_of_a_quantized_model_that_are_no_choice_are_left_alone() -> None:
    g = GraphBuilder()
    g.output(g.op("CAST", [g.input("x", [1, 8])], g.tensor("probs", [1, 8], "INT32")))
    assert found(compared(output(3), precision="int8"), g) == []


@pytest.fixture(scope="module")
def other_weights(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return real(tmp_path_factory.mktemp("run"), dense(normal(8, 8, seed=1) * 1.2), dense())


def test_a_layer_with_other_weights_is_found_by_running_it(other_weights: Context) -> None:
    [one] = RULE.check(other_weights)
    assert one.location.address == "0/0:FULLY_CONNECTED"
    assert "is by itself off by 20 % from the source's 'dense_1'" in one.message


def test_a_model_that_is_its_source_is_silent(tmp_path: Path) -> None:
    assert list(RULE.check(real(tmp_path, dense(), dense()))) == []
