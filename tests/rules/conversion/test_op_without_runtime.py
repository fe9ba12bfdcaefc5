"""TFL205: ops, or versions of them, that no runtime has."""

import pytest

from tflint import Severity
from tflint.analysis.runtimes import known_versions
from tflint.formats.tflite.schema import OPERATORS
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.op_without_runtime import OpWithoutRuntime

RULE = OpWithoutRuntime()


def chain(*ops: tuple[str, int]) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, (kind, version) in enumerate(ops):
        last = g.op(kind, [last], g.tensor(f"y{number}", [1, 8]), version=version)
    g.output(last)
    return g


def bad() -> GraphBuilder:
    return chain(("STABLEHLO_ABS", 1), ("STABLEHLO_ABS", 1), ("STABLEHLO_EXPONENTIAL", 1), ("LSTM", 5), ("RELU", 1))


def good() -> GraphBuilder:
    return chain(("ABS", 1), ("EXP", 1), ("LSTM", 4), ("STABLEHLO_AND", 1), ("STABLEHLO_COMPOSITE", 1))


def test_ops_without_a_kernel_are_one_error() -> None:
    missing, _ = findings(RULE, bad())
    assert missing.severity is Severity.ERROR
    assert missing.location.address == "0/0:STABLEHLO_ABS"
    assert missing.message.startswith("No runtime has a kernel for 3 ops: STABLEHLO_ABS (2) and STABLEHLO_EXPONENTIAL;")
    assert len(missing.related) == 2


def test_versions_without_a_kernel_are_another() -> None:
    _, unheard = findings(RULE, bad())
    assert unheard.severity is Severity.ERROR
    assert "LSTM version 5 (1 to 4 exist)" in unheard.message
    assert unheard.help.startswith("Quantize the LSTM to 8-bit activations")


def test_what_is_registered_is_fine_whatever_the_schema_s_comments_say() -> None:
    assert findings(RULE, good()) == []


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (("CONV_2D", 999), "CONV_2D version 999 (1 to 8 exist)"),
        (("CONV_2D", 0), "CONV_2D version 0"),
        (("BROADCAST_TO", 1), "BROADCAST_TO version 1 (2 to 4 exist)"),
        (("WHILE", 2), "WHILE version 2 (1 exists)"),
    ],
)
def test_a_version_that_is_not_registered_is_told_from_those_that_are(op: tuple[str, int], words: str) -> None:
    [found] = findings(RULE, chain(op))
    assert words in found.message
    assert found.help == "Convert again with a released converter, or check with a newer tflint."


def test_custom_ops_and_ops_that_the_schema_lacks_are_not_judged() -> None:
    g = chain(("MyOp", 9), ("RELU", 1), ("ABS", 1))
    g.tables["operator_codes"][1] |= {"builtin_code": 5000, "deprecated_builtin_code": 127}
    assert findings(RULE, g) == []


def test_a_damaged_graph_is_not_judged() -> None:
    g = bad()
    g.graph["operators"][0]["opcode_index"] = 77
    assert findings(RULE, g) == []


def test_all_ops_of_the_schema_but_these_have_a_kernel() -> None:
    without = [kind for kind in OPERATORS if not known_versions(kind)]
    assert len(without) == 38
    assert [kind for kind in without if not kind.startswith("STABLEHLO_")] == [
        "CONCAT_EMBEDDINGS",
        "CALL",
        "CUSTOM",
        "DELEGATE",
        "PLACEHOLDER_FOR_GREATER_OP_CODES",
    ]
