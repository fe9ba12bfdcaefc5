"""TFL203: ops that the oldest runtime does not know in their version."""

import pytest

from layered import layered, step
from tflint import Context, Severity
from tflint.forecast import predicted
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.op_version_too_new import OpVersionTooNew

RULE = OpVersionTooNew()
CONTEXT = {"runtime": "2.14"}


def chain(*ops: tuple[str, int]) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, (kind, version) in enumerate(ops):
        last = g.op(kind, [last], g.tensor(f"dense/{number}", [1, 8]), version=version)
    g.output(last)
    return g


def bad() -> GraphBuilder:
    return chain(("LOG", 2), ("FULLY_CONNECTED", 12), ("FULLY_CONNECTED", 12), ("RELU", 1))


def good() -> GraphBuilder:
    return chain(("LOG", 1), ("FULLY_CONNECTED", 9), ("FULLY_CONNECTED", 9), ("RELU", 1))


def test_newer_ops_are_one_error_and_the_newest_comes_first() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/1:FULLY_CONNECTED"
    assert found.message.startswith(
        "3 ops are newer than runtime 2.14: FULLY_CONNECTED version 12 (2, since 2.17) and "
        "LOG version 2 (1, since 2.15);"
    )
    assert found.evidence["needed"] == "2.17.0"
    assert len(found.related) == 2


def test_a_runtime_that_knows_them_is_enough() -> None:
    assert findings(RULE, bad(), runtime="2.17") == []
    assert findings(RULE, bad(), runtime="2.17.0") == []


def test_older_versions_pass() -> None:
    assert findings(RULE, good(), **CONTEXT) == []


def test_versions_compare_as_numbers() -> None:
    assert findings(RULE, chain(("GELU", 1)), runtime="2.14") == []  # since 2.9
    assert findings(RULE, chain(("GELU", 1)), runtime="2.8") != []
    assert findings(RULE, chain(("TRANSPOSE", 7)), runtime="2.14") != []  # since 2.14.4


def test_a_number_that_only_litert_reaches_is_named() -> None:
    [found] = findings(RULE, chain(("ADD", 6)), **CONTEXT)
    assert found.message.endswith("the model needs runtime 2.23 (LiteRT 2.2) or newer.")


@pytest.mark.parametrize(("runtime", "hinted"), [("1.4", "2.19"), ("2.1.6", "2.20"), ("2.14", None)])
def test_a_version_that_may_be_litert_s_is_pointed_out(runtime: str, hinted: str | None) -> None:
    [found] = findings(RULE, bad(), runtime=runtime)
    assert ("LiteRT counts from 1.0 again" in found.help) == (hinted is not None)
    assert f"give {hinted}" in found.help or hinted is None


def test_the_converter_s_switch_is_named_for_dense_layers_only() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert "_experimental_disable_per_channel_quantization_for_dense_layers" in found.help
    [found] = findings(RULE, chain(("LOG", 2)), **CONTEXT)
    assert "_experimental" not in found.help


def test_what_no_table_knows_is_not_judged() -> None:
    assert findings(RULE, chain(("CONV_2D", 999), ("BROADCAST_TO", 1), ("MyOp", 7)), **CONTEXT) == []


@pytest.mark.parametrize("runtime", [None, "", "latest", "2.x"])
def test_a_runtime_that_is_no_version_is_not_judged(runtime: str | None) -> None:
    assert findings(RULE, bad(), runtime=runtime) == []


def test_of_a_source_it_says_what_will_be() -> None:
    made = predicted(layered((1, 8, 8, 4), step("Conv2D", filters=8, kernel_size=3, groups=2)))
    assert made is not None
    [found] = RULE.check(Context(made, runtime="2.8"))
    assert (found.location.address, found.location.layer) == ("layers/conv2d", "conv2d")
    assert found.message == (
        "1 op will be newer than runtime 2.8: CONV_2D version 6 (1, since 2.9); converted with TensorFlow 2.21, the "
        "model needs runtime 2.9 or newer."
    )
