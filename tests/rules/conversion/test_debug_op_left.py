"""TFL214: ops for debugging that are left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sources import Source
from tflint import Format, Model, Severity, Signature
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.debug_op_left import DebugOpLeft

RULE = DebugOpLeft()


def chain(*kinds: str) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    for number, kind in enumerate(kinds):
        x = g.op(kind, [x], g.tensor(f"head/{number}", [1, 4]))
    g.output(x)
    return g


def source(*kinds: str) -> Model:
    made = Source("model", Format.SAVED_MODEL)
    x = made.input("x", (1, 4))
    for number, kind in enumerate(kinds):
        x = made.node(kind, f"{kind}_{number}", x)
    made.outputs.append(made.node("Identity", "y", x))
    return made.model()


def bad() -> GraphBuilder:
    return chain("ABS", "FlexCheckNumericsV2", "FlexPrint", "FlexPrint")


def good() -> GraphBuilder:
    return chain("ABS", "FlexErf", "AudioSpectrogram")


def test_ops_that_print_or_check_are_one_note() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.NOTE
    assert found.location.address == "0/1:FlexCheckNumericsV2"
    assert found.message == (
        "3 ops look at values to print or check them, and change none: FlexPrint (2) and FlexCheckNumericsV2; that "
        "was for debugging."
    )
    assert [place.address for place in found.related] == ["0/2:FlexPrint", "0/3:FlexPrint"]


def test_other_ops_are_fine() -> None:
    assert findings(RULE, good()) == []
    assert findings(RULE, source("Erf", "Abs")) == []


def test_one_op_is_told_in_the_singular() -> None:
    [found] = findings(RULE, chain("FlexPrintV2"))
    assert found.message.startswith("1 op looks at values to print or check them, and changes none: FlexPrintV2;")


@pytest.mark.parametrize(("kinds", "text"), [(("NumericVerify",), "1 NumericVerify op compares the quantized model")])
def test_a_model_of_the_quantization_debugger_is_a_warning(kinds: tuple[str, ...], text: str) -> None:
    [found] = findings(RULE, chain("ABS", *kinds))
    assert found.severity is Severity.WARNING
    assert found.message.startswith(text)
    [found] = findings(RULE, chain("ABS", *kinds, *kinds))
    assert found.message.startswith("2 NumericVerify ops compare the quantized model")
    assert len(found.related) == 1


def test_what_stays_in_the_conversion_of_a_source_is_told_with_the_select_ops_or_without() -> None:
    [found] = findings(RULE, source("CheckNumericsV2", "Abs"))
    assert found.severity is Severity.NOTE
    assert found.location.name == "CheckNumericsV2_0"


def test_what_the_converter_drops_is_fine() -> None:
    assert findings(RULE, source("CheckNumerics", "Abs")) == []


def test_an_op_that_two_signatures_run_is_told_once() -> None:
    model = source("CheckNumericsV2")
    [graph] = model.graphs
    signatures = tuple(Signature(key, 0, {"x": graph.inputs[0]}, {"y": graph.outputs[0]}) for key in ("a", "b"))
    other = replace(graph, index=1)
    more = Signature("c", 1, {"x": graph.inputs[0]}, {"y": graph.outputs[0]})
    [found] = findings(RULE, replace(model, graphs=(graph, other), signatures=(*signatures, more)))
    assert found.related == ()


def test_a_source_of_which_nothing_can_be_told_is_silent() -> None:
    model = source("PrintV2")
    assert findings(RULE, replace(model, graphs=(replace(model.graphs[0], intact=False),))) == []
