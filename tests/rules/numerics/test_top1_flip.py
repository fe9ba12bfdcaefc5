"""TFL904: another class has the largest score."""

from typing import Any

from comparisons import compared, dense, feeds, figures, output
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.top1_flip import Top1Flip

RULE = Top1Flip()


GIVEN = feeds(randoms=0, given=6, edges=())


def of(snr_db: float, clear: float | None, **more: Any) -> dict[str, Any]:
    """A comparison on six given inputs of an int8 model whose source is so often of the same mind."""
    held = output(snr_db, figures=figures(snr_db, top1=0.5, top1_clear=clear))
    return {"comparison": compared(held, **{"precision": "int8", "feeds": GIVEN} | more)}


CONTEXT = of(25.0, 0.75)
GOOD_CONTEXT = of(25.0, 1.0)


def bad() -> GraphBuilder:
    return dense(last="SOFTMAX")


def good() -> GraphBuilder:
    return bad()


def test_it_counts_the_clear_rows() -> None:
    [one] = findings(RULE, bad(), **CONTEXT)
    assert one.message == (
        "The largest score of output 'probs' is that of another class than in the source 'model.keras' in 25 % of the "
        "rows in which the source is clear, on 6 given inputs; at most 2 % were expected."
    )
    assert one.evidence["top1_clear"] == 0.75
    assert findings(RULE, bad(), **of(25.0, 0.99)) == []
    assert len(findings(Top1Flip(min_agreement=1.0), bad(), **of(25.0, 0.99))) == 1


def test_on_made_up_inputs_half_of_the_rows_of_a_quantized_model_may_differ() -> None:
    assert findings(RULE, bad(), **of(25.0, 0.6, feeds=feeds())) == []
    [one] = findings(RULE, bad(), **of(25.0, 0.4, feeds=feeds()))
    assert one.message.endswith("on 4 random inputs and 2 edge cases; at most 50 % were expected.")
    assert len(findings(RULE, bad(), **of(80.0, 0.6, feeds=feeds(), precision="float32"))) == 1


def test_nothing_is_said_of_other_outputs_and_unclear_rows() -> None:
    assert findings(RULE, bad(), **of(25.0, None)) == []
    assert findings(RULE, bad()) == []


def test_where_the_output_is_off_another_rule_reports_it() -> None:
    assert findings(RULE, bad(), **of(5.0, 0.5)) == []
