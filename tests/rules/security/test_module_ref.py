"""TFL802: Python code that a configuration asks for by name."""

from typing import Any

import pytest

from plain_sources import function, keras, lambda_layer, layer
from tflint import Format, Model, Severity
from tflint.testing import findings
from tflint_rules.security.module_ref import ModuleRef

RULE = ModuleRef()


def calling(module: str | None, name: str) -> Model:
    return keras(lambda_layer("run", function(module, name), arguments={"command": "id"}))


def bad() -> Model:
    return calling("os", "system")


def good() -> Model:
    return keras(layer("Dense", "dense", activation="relu"), lambda_layer("relu", function("builtins", "relu")))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"), ("subprocess", "run"), ("builtins", "eval"), ("shutil", "rmtree"), ("numpy", "load"),
        ("torch.hub", "load"), ("requests", "get"), ("operator", "attrgetter"), ("posix", "system"),
    ],
)  # fmt: skip
def test_code_of_python_and_of_packages_that_run_things_is_an_error(module: str, name: str) -> None:
    [found] = findings(RULE, calling(module, name))
    assert found.severity is Severity.ERROR
    assert f"'{module}.{name}'" in found.message
    assert "Keras 3.0 to 3.8" in found.message


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keras.config", "enable_unsafe_deserialization"), ("keras.utils", "get_file"), ("keras.models", "load_model"),
        ("keras.src.backend.common.global_state", "set_global_attribute"), ("keras.src.saving.saving_api", "load_model"),
        ("tf_keras.utils", "get_file"), ("tensorflow.io", "write_file"), ("tensorflow.keras.utils", "get_file"),
        ("tensorflow.python.ops.gen_io_ops", "write_file"),
    ],
)  # fmt: skip
def test_functions_of_keras_and_tensorflow_that_compute_nothing_are_errors(module: str, name: str) -> None:
    [found] = findings(RULE, calling(module, name))
    assert found.severity is Severity.ERROR
    assert "computes nothing in a model" in found.message


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "relu"), ("keras.ops", "exp"), ("math", "sqrt"), ("keras_hub.src.models", "Backbone"),
        ("operator", "add"), ("tensorflow.nn", "relu"), ("tensorflow.io", "decode_png"), ("tensorflow.raw_ops", "Relu"), ("keras.src.ops.numpy", "absolute"),
    ],
)  # fmt: skip
def test_functions_that_compute_are_fine(module: str, name: str) -> None:
    assert findings(RULE, calling(module, name)) == []


def test_a_class_that_is_imported_from_the_library_is_an_error_like_a_function() -> None:
    [found] = findings(RULE, keras(layer("Popen", "p", module="subprocess")))
    assert "'subprocess.Popen'" in found.message


def test_an_op_of_tensorflow_that_a_keras_2_layer_names_is_judged() -> None:
    def op(name: str) -> Model:
        return keras({"class_name": "TFOpLambda", "config": {"name": "op", "function": name}})

    assert findings(RULE, op("math.multiply")) == []
    assert findings(RULE, op("io.decode_jpeg")) == []
    [found] = findings(RULE, op("io.write_file"))
    assert "'tensorflow.io.write_file'" in found.message
    assert findings(RULE, op("raw_ops.MatMul")) == []
    [found] = findings(RULE, op("raw_ops.WriteFile"))
    [found] = findings(RULE, op("py_function"))


def test_a_type_spec_is_looked_at_by_its_own_name() -> None:
    spec = {"class_name": "__typespec__", "spec_name": "system", "module": "os", "registered_name": None, "config": []}
    [found] = findings(RULE, keras(layer("Dense", "dense", spec=spec)))
    assert "'os.system'" in found.message


def test_several_references_are_one_finding() -> None:
    [found] = findings(
        RULE, keras(*(lambda_layer(name, function("os", name)) for name in ("system", "popen", "remove")))
    )
    assert "'os.system' (and there are 'os.popen' and 'os.remove' beside it)" in found.message
    assert len(found.related) == 2


def test_classes_of_ones_own_are_one_note() -> None:
    own: list[Any] = [
        layer("Scale", "a", module=None, registered="my>Scale"), layer("Clip", "b", module="my_package.layers"),
        layer("Net", "c", module=None), {"class_name": "old>Shift", "config": {"name": "d"}},
    ]  # fmt: skip
    [found] = findings(RULE, keras(*own))
    assert found.severity is Severity.NOTE
    assert found.message.startswith(
        "The model needs 4 classes and functions, 'my>Scale', 'my_package.layers.Clip', 'Net'"
    )
    [found] = findings(RULE, keras(own[0]))
    assert "needs 'my>Scale', which is neither" in found.message


def test_what_only_training_needs_is_no_matter_unless_it_does_harm() -> None:
    config = {"optimizer_config": {"class_name": "Custom>Adam", "config": {}}}
    assert findings(RULE, keras(layer("Dense", "d"), format=Format.KERAS_H5, training_config=config)) == []
    config = {"loss": function("os", "system")}
    [found] = findings(RULE, keras(layer("Dense", "d"), compile_config=config))
    assert found.message.startswith("Setting 'compile_config.loss' ")


def test_a_layer_of_keras_2_and_a_script_of_ones_own() -> None:
    assert findings(RULE, keras({"class_name": "Dense", "config": {"name": "d"}}, format=Format.KERAS_H5)) == []
    [found] = findings(RULE, calling("__main__", "scale"))
    assert "'__main__.scale'" in found.message
