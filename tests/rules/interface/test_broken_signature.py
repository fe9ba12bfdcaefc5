"""TFL604: signatures that do not fit their graph."""

from tflint import Finding
from tflint.testing import GraphBuilder, findings
from tflint_rules.interface.broken_signature import BrokenSignature

RULE = BrokenSignature()


def model(**names: str) -> GraphBuilder:
    """A graph a, b -> middle -> out, and a signature whose names mean these tensors."""
    g = GraphBuilder()
    at = {"a": g.input("a", [1, 4]), "b": g.input("b", [1, 4])}
    at["middle"] = g.op("ADD", [at["a"], at["b"]], g.tensor("middle", [1, 4]), {})
    at["out"] = g.op("RELU", [at["middle"]], g.tensor("out", [1, 4]))
    g.output(at["out"])
    inputs = {key: at[name] for key, name in names.items() if not key.startswith("to")}
    g.signature("serving_default", inputs, {key: at[name] for key, name in names.items() if key.startswith("to")})
    return g


def bad() -> GraphBuilder:
    return model(x="a", y="b", to="middle")


def good() -> GraphBuilder:
    return model(x="a", y="b", to="out", to_again="out")


def found(built: GraphBuilder) -> list[Finding]:
    return findings(RULE, built)


def test_a_tensor_that_is_no_output_is_an_error() -> None:
    [one] = found(bad())
    assert one.message == (
        "The signature 'serving_default' names a tensor that is no input or output of its graph (output 'to', "
        "'middle'); their values are not what the caller gives or gets."
    )
    [one] = found(model(x="a", y="b", z="middle", to="middle"))
    assert (
        "names tensors that are no input or output of its graph (input 'z', 'middle' and output 'to', 'middle')"
        in one.message
    )


def test_inputs_that_are_left_out_are_an_error() -> None:
    [one] = found(model(x="a", to="out"))
    assert one.message == (
        "The signature 'serving_default' leaves out an input of its graph ('b'); a caller cannot set it by name."
    )
    [one] = found(model(to="out"))
    assert "leaves out inputs of its graph ('a' and 'b'); a caller cannot set them by name." in one.message


def test_a_graph_that_is_broken_is_not_judged() -> None:
    g = bad()
    g.graph["outputs"] = [99]
    assert found(g) == []
