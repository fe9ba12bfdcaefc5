"""What would happen to those who load or run a model."""

from plain_sources import Nodes, function, keras, lambda_layer, layer, saved
from tflint.analysis.code_risks import code_risks
from tflint.testing import GraphBuilder, model


def test_a_model_of_layers_holds_no_risk() -> None:
    assert code_risks(keras(layer("Dense", "dense"), layer("Scale", "own", module=None, registered="my>Scale"))) == ()
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1])], g.tensor("y", [1])))
    assert code_risks(model(g)) == ()


def test_bytecode_modules_and_wrappers_are_told_with_their_layer() -> None:
    found = code_risks(
        keras(
            lambda_layer("code", lambda x: x),
            lambda_layer("system", function("os", "system")),
            layer("TFSMLayer", "other", filepath="/srv/model"),
        )
    )
    assert [(each.what, each.location.address) for each in found] == [
        ("holds Python bytecode", "layers/code"),
        ("refers to os.system", "layers/system"),
        ("loads other code, in a TFSMLayer", "layers/other"),
    ]


def test_ops_that_call_python_or_reach_files_are_told_and_those_that_the_caller_directs_are_not() -> None:
    g = Nodes()
    g.op("PyFunc")
    g.op("WriteFile", g.text("/tmp/x"), g.text("y"))
    g.op("ReadFile", g.input("path"))
    assert [each.what for each in code_risks(saved(g))] == [
        "calls Python, in PyFunc",
        "writes a file of its own choice, in WriteFile",
    ]
