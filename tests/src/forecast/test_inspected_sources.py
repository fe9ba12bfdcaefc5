"""What inspect tells of a source: what becomes of it, and of each of its layers."""

from layered import layered, step
from tflint.inspection import inspect


def test_each_layer_and_the_model_say_what_becomes_of_them() -> None:
    model = layered((1, 8), step("Dense", units=4), step("LayerNormalization"))
    [found] = inspect([model])["models"]
    assert found["conversion"] == {"verdict": "builtin", "int8": "float", "reasons": []}
    [first, second] = found["graphs"][0]["ops"]
    assert first["conversion"] == {"status": "builtin", "reason": None, "int8": "ok"}
    assert (second["layer"], second["conversion"]["int8"]) == ("layernormalization", "float")


def test_a_source_without_layers_has_nothing_to_tell() -> None:
    [found] = inspect([layered((1, 8))])["models"]
    assert found["conversion"] is None
