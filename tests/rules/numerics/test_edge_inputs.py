"""TFL914: inputs that are one number everywhere."""

from collections.abc import Sequence
from dataclasses import replace

from comparisons import compared, dense, feeds, figures, output
from tflint import Finding
from tflint.comparison import Comparison
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.edge_inputs import EdgeInputs
from tflint_rules.numerics.output_diff import OutputDiff

RULE = EdgeInputs()


def of(ratios: Sequence[float | None], total: float = 100.0) -> Comparison:
    """A comparison with these ratios: of four random inputs, all zeros, all high."""
    return compared(output(total, [figures(each) for each in ratios]))


BAD = of([110.0, 105.0, 120.0, 108.0, 30.0, 8.0])
CONTEXT = {"comparison": BAD}
GOOD_CONTEXT = {"comparison": of([110.0, 105.0, 120.0, 108.0, 95.0, 90.0])}


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def found(comparison: Comparison) -> list[Finding]:
    return findings(RULE, dense(), comparison=comparison)


def test_it_names_the_worst_first() -> None:
    [one] = found(BAD)
    assert one.message == (
        "Output 'probs' is far from that of the source 'model.keras' on 'all high' and 'all zeros': the error is 40 % of "
        "the signal (SNR 8.0 dB) and 1.19 at most; on random inputs the ratio is 105 dB or more."
    )
    assert (
        findings(
            OutputDiff(), dense(), comparison=replace(BAD, outputs=(replace(BAD.outputs[0], figures=figures(20)),))
        )
        == []
    )


def test_the_worst_output_is_told_of_several() -> None:
    first = BAD.outputs[0]
    other = replace(first, place=1, name="other", by_feed=(*first.by_feed[:5], figures(None)))
    [one] = findings(RULE, dense(outputs=2), comparison=replace(BAD, outputs=(first, other)))
    assert "Output 'other' is far from" in one.message
    assert [each.name for each in one.related] == ["probs"]


def test_a_little_worse_is_no_finding() -> None:
    assert found(of([65.0, 62.0, 70.0, 66.0, 55.0, 80.0])) == []
    assert len(findings(EdgeInputs(min_gap_db=5.0), dense(), comparison=of([65.0, 62.0, 70.0, 66.0, 55.0, 80.0]))) == 1


def test_where_random_inputs_fail_too_another_rule_reports_it() -> None:
    assert found(of([30.0] * 4 + [2.0, 2.0], total=30.0)) == []


def test_random_inputs_without_a_ratio_tell_nothing() -> None:
    zeros = [figures(None, size=1e-9)] * 4
    assert found(compared(output(100.0, [*zeros, figures(8.0), figures(8.0)]))) == []
    assert found(compared(output(100.0, [figures(8.0)] * 6), feeds=feeds(randoms=0), counted=(0, 1))) == []
    assert findings(RULE, dense()) == []
