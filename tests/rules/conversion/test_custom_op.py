"""TFL202: ops that a plain LiteRT has no kernel for."""

import pytest

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.custom_op import CustomOp

RULE = CustomOp()


def chain(*kinds: str) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, kind in enumerate(kinds):
        last = g.op(kind, [last], g.tensor(f"head/{number}", [1, 8]))
    g.output(last)
    return g


def bad() -> GraphBuilder:
    return chain("RELU", "Betainc", "Erf", "Erf", "SignalRfft", "SignalEnergy")


def good() -> GraphBuilder:
    return chain("RELU", "TFLite_Detection_PostProcess", "Mfcc", "FlexErf")


def unnamed() -> GraphBuilder:
    g = chain("Erf", "Betainc")
    for code in g.tables["operator_codes"]:
        code["custom_code"] = ""
    return g


def test_an_op_that_nobody_is_known_to_run_is_an_error() -> None:
    unknown, _ = findings(RULE, bad())
    assert unknown.severity is Severity.ERROR
    assert unknown.location.address == "0/1:Betainc"
    assert unknown.message.startswith("LiteRT has no kernel for 3 custom ops: Erf (2) and Betainc;")
    assert unknown.evidence == {"ops": {"Erf": 2, "Betainc": 1}}


def test_an_op_of_another_runtime_is_a_warning_that_names_it() -> None:
    _, known = findings(RULE, bad())
    assert known.severity is Severity.WARNING
    assert known.message.startswith("2 custom ops run only with TFLite Micro and its own kernels for them,")
    assert len(known.related) == 1


def test_what_litert_registers_itself_is_fine() -> None:
    assert findings(RULE, good()) == []


@pytest.mark.parametrize(
    ("code", "runtime"),
    [
        ("edgetpu-custom-op", "Edge TPU"),
        ("ethos-u", "Ethos-U"),
        ("DISPATCH_OP", "dispatch library"),
        ("MaxUnpooling2D", "MediaPipe"),
        ("tftext:Ngrams", "TensorFlow Lite Support"),
        ("XC_conv2d_v2", "XMOS"),
        ("LceBconv2d", "Larq"),
        ("ParseExampleV2", "parse_example"),
    ],
)
def test_each_known_runtime_is_named(code: str, runtime: str) -> None:
    [found] = findings(RULE, chain(code))
    assert runtime in found.message
    assert found.message.startswith("1 custom op runs only with")


def test_each_runtime_is_a_finding_of_its_own() -> None:
    assert len(findings(RULE, chain("ethos-u", "edgetpu-custom-op", "ethos-u"))) == 2


@pytest.mark.parametrize("ops", ["builtin", "select"])
def test_all_are_errors_where_no_custom_ops_were_expected(ops: str) -> None:
    found = findings(RULE, bad(), expectations=Expectations(ops=ops))
    assert [each.severity for each in found] == [Severity.ERROR, Severity.ERROR]
    assert all("expected." in each.message for each in found)


def test_they_are_silent_where_they_are_wanted() -> None:
    assert findings(RULE, bad(), expectations=Expectations(ops="any")) == []


def test_an_op_without_a_name_is_always_an_error() -> None:
    for expected in (None, "any"):
        [found] = findings(RULE, unnamed(), expectations=Expectations(ops=expected))
        assert found.severity is Severity.ERROR
        assert found.message.startswith("2 custom ops have no name")
