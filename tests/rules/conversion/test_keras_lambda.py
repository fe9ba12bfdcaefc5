"""TFL216: Lambda layers whose function is not in the file."""

from plain_sources import Nodes, dumped, function, keras, lambda_layer, layer, saved
from tflint import Format, Model, Severity
from tflint.testing import findings
from tflint_rules.conversion.keras_lambda import KerasLambda

RULE = KerasLambda()


def bad() -> Model:
    return keras(layer("Dense", "dense"), lambda_layer("scale", function("builtins", "scale_shift")))


def good() -> Model:
    return keras(layer("Dense", "dense"), layer("Rescaling", "scale", scale=2.0))


def test_a_function_that_is_named_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "layers/scale"
    assert "calls the function 'scale_shift' by its name" in found.message


def test_a_keras_2_layer_names_its_function_as_a_text() -> None:
    [found] = findings(
        RULE, keras(lambda_layer("scale", "scale_shift", function_type="function"), format=Format.KERAS_H5)
    )
    assert "'scale_shift'" in found.message
    [found] = findings(RULE, keras(lambda_layer("scale", None), format=Format.KERAS_H5))
    assert "calls a function by its name" in found.message


def test_functions_of_keras_are_a_note() -> None:
    for module, name in (("builtins", "relu"), ("keras.ops", "exp")):
        [found] = findings(RULE, keras(lambda_layer("act", function(module, name))))
        assert found.severity is Severity.NOTE
        assert f"the function '{name}' of Keras" in found.message


def test_in_a_saved_model_it_is_a_note() -> None:
    kept = {"class_name": "Lambda", "name": "fft", "config": {"name": "fft", "function": "fft_layer"}}
    [found] = findings(RULE, saved(Nodes(), config={"keras_metadata": [kept]}))
    assert found.severity is Severity.NOTE
    assert "its graph is in the file" in found.message


def test_bytecode_and_gadgets_are_told_by_the_security_rules() -> None:
    code = {"class_name": "__lambda__", "config": {"code": dumped(lambda x: x)}}
    assert findings(RULE, keras(lambda_layer("a", code), lambda_layer("b", function("os", "system")))) == []


def test_layers_in_wrappers_are_found_and_all_are_one_finding() -> None:
    wrapped = layer("TimeDistributed", "times", layer=lambda_layer("inner", function("my.code", "scale")))
    others = [lambda_layer(name, function("my.code", "scale")) for name in "ab"]
    [found] = findings(RULE, keras(wrapped, *others))
    assert found.message.startswith("Layer 'inner' is a Lambda")
    assert "and 2 more Lambda layers do the like" in found.message
    [found] = findings(RULE, keras(wrapped, others[0]))
    assert "and 1 more Lambda layer does the like" in found.message
