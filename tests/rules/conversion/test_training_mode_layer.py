"""TFL212: layers that are called with training=True."""

from layered import layered, step
from tflint import Format, Model, Severity
from tflint.testing import findings
from tflint_rules.conversion.training_mode_layer import TrainingModeLayer

RULE = TrainingModeLayer()
KERAS_2 = {"producer": "keras 2.15.0", "format": Format.KERAS_H5}


def model(kind: str, keras_3: bool = False, **arguments: object) -> Model:
    steps = (step("Conv2D", filters=2, kernel_size=3), step(kind, arguments=arguments))
    return layered((1, 8, 8, 3), *steps) if keras_3 else layered((1, 8, 8, 3), *steps, **KERAS_2)  # type: ignore[arg-type]


def bad() -> Model:
    return model("BatchNormalization", training=True)


def good() -> Model:
    return model("BatchNormalization", training=False)


def test_a_batch_normalization_in_training_needs_select_ops() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert "needs the Select TF ops" in found.message


def test_dropout_is_random() -> None:
    [found] = findings(RULE, model("Dropout", training=True))
    assert "drops or adds at random" in found.message


def test_keras_3_converts_without_training() -> None:
    [found] = findings(RULE, model("Dropout", keras_3=True, training=True))
    assert found.severity is Severity.NOTE


def test_other_layers_and_other_calls_are_fine() -> None:
    assert findings(RULE, good()) == []
    assert findings(RULE, model("Dense", training=True)) == []
    assert findings(RULE, model("Dropout")) == []


def test_several_layers_are_one_finding() -> None:
    steps = [step("Dropout", name, rate=0.1, arguments={"training": True}) for name in ("a", "b")]
    [found] = findings(RULE, layered((1, 4), *steps, **KERAS_2))  # type: ignore[arg-type]
    assert found.message.startswith("2 layers (Dropout 'a' and Dropout 'b') are called")
