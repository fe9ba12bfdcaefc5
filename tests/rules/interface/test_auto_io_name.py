"""TFL602: inputs that only names from a counter tell apart."""

from collections.abc import Sequence

import pytest

from layered import layered, step
from sources import Source
from tflint import Model
from tflint.testing import GraphBuilder, findings
from tflint_rules.interface.auto_io_name import AutoIoName

RULE = AutoIoName()
Shape = Sequence[int | None]


def model(*names: str, shapes: Sequence[Shape] = (), keys: Sequence[str] = ("serving_default",)) -> GraphBuilder:
    g = GraphBuilder()
    sizes = shapes or [[1, 4]] * len(names)
    inputs = [g.input(f"serving_default_{name}:0", shape) for name, shape in zip(names, sizes, strict=True)]
    g.output(g.op("CONCATENATION", inputs, g.tensor("y", [1, 8])))
    for key in keys:
        g.signature(key, dict(zip(names, inputs, strict=True)), {"output_0": len(inputs)})
    return g


def bad() -> GraphBuilder:
    return model("keras_tensor_10", "keras_tensor_11")


def good() -> GraphBuilder:
    return model("left", "right")


def test_names_that_were_counted_on_are_reported() -> None:
    [found] = findings(RULE, bad())
    assert found.message == (
        "2 inputs of the signature 'serving_default' are FLOAT32[1, 4], and only names that Keras counted up tell them "
        "apart: 'keras_tensor_10' and 'keras_tensor_11'; the next build gives other names, and may swap them."
    )
    assert found.evidence == {"names": ["keras_tensor_10", "keras_tensor_11"]}
    assert len(found.related) == 1


@pytest.mark.parametrize("names", [("input_9", "input_10"), ("input_layer_1", "input_layer_2"), ("input_2", "input_3")])
def test_every_counter_of_keras_is_known(names: tuple[str, str]) -> None:
    assert len(findings(RULE, model(*names))) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("left", "right"),
        ("keras_tensor", "keras_tensor_1"),
        ("input_layer", "input_layer_1"),
        ("input_1", "input_2"),
        ("args_0", "args_1"),
        ("image", "input_7"),
        ("image", "keras_tensor_7"),
    ],
)
def test_names_that_are_given_or_come_out_the_same_pass(names: tuple[str, str]) -> None:
    assert findings(RULE, model(*names)) == []


def test_what_shape_tells_apart_passes() -> None:
    assert findings(RULE, model("keras_tensor_10", "keras_tensor_11", shapes=[[1, 4], [1, 5]])) == []
    assert findings(RULE, model("keras_tensor_10")) == []


def test_two_signatures_with_the_same_names_are_one_finding() -> None:
    g = model("keras_tensor_10", "keras_tensor_11", keys=("serving_default", "serve"))
    assert len(findings(RULE, g)) == 1


def test_without_a_signature_the_names_of_the_tensors_count() -> None:
    [found] = findings(RULE, model("input_8", "input_9", keys=()))
    assert found.message.startswith("2 inputs of the model are FLOAT32[1, 4], ")


def test_two_names_of_one_tensor_are_one_input() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    y = g.op("RELU", [x], g.tensor("y", [1, 4]))
    g.output(y)
    g.signature("serving_default", {"input_8": x, "input_9": x}, {"y": y})
    assert findings(RULE, g) == []


def keras(*names: str) -> Model:
    made = Source()
    for name in names:
        made.input(name)
    made.layer("Concatenate", "join", of=made.inputs)
    return made.model()


def test_a_keras_model_is_judged_before_it_is_converted() -> None:
    assert len(findings(RULE, keras("input_layer_5", "input_layer_6"))) == 1
    assert findings(RULE, keras("left", "right")) == []
    assert findings(RULE, layered(((1, 4), (1, 4)), step("Add"))) == []


def test_signatures_and_graphs_that_are_broken_are_not_judged() -> None:
    g = model("keras_tensor_10", "keras_tensor_11")
    g.op("RELU", [99], g.tensor("z", [1, 4]))
    assert findings(RULE, g) == []
    g = model("input_8", "input_9", keys=())
    g.op("RELU", [99], g.tensor("z", [1, 4]))
    assert findings(RULE, g) == []
