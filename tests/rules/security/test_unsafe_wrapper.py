"""TFL803: layers that load something else."""

from plain_sources import keras, layer
from tflint import Model, Severity
from tflint.testing import findings
from tflint_rules.security.unsafe_wrapper import UnsafeWrapper

RULE = UnsafeWrapper()


def torch(module: object) -> Model:
    made = layer("TorchModuleWrapper", "torch")
    made["config"]["module"] = module
    return keras(made)


def bad() -> Model:
    return torch("gAKVAAAAAAAA")


def good() -> Model:
    return keras(
        layer("StringLookup", "words", vocabulary=["a", "b"]), layer("TextVectorization", "text", vocabulary=None)
    )


def test_a_pickle_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert "a pickle of 9 bytes" in found.message


def test_another_model_is_a_warning_that_names_it() -> None:
    [found] = findings(RULE, keras(layer("TFSMLayer", "other", filepath="/srv/other")))
    assert found.severity is Severity.WARNING
    assert "a TFSMLayer that loads another model from '/srv/other'" in found.message
    [found] = findings(RULE, keras(layer("KerasLayer", "hub", module="tensorflow_hub", handle="https://tfhub.dev/x")))
    assert "'https://tfhub.dev/x'" in found.message


def test_a_vocabulary_elsewhere_is_a_warning_wherever_the_layer_stands() -> None:
    lookup = layer("StringLookup", "words", vocabulary="/etc/passwd")
    [found] = findings(RULE, keras(layer("TimeDistributed", "times", layer=lookup)))
    assert found.severity is Severity.WARNING
    assert found.message.startswith("Layer 'words' reads its vocabulary from '/etc/passwd'")


def test_layers_with_the_same_fault_are_one_finding() -> None:
    [found] = findings(RULE, keras(*(layer("TFSMLayer", name, filepath=name) for name in "ab")))
    assert found.message.endswith("(1 other layer loads another model too).")
    [found] = findings(RULE, keras(*(layer("TFSMLayer", name, filepath=name) for name in "abc")))
    assert found.message.endswith("(2 other layers load another model too).")


def test_a_wrapper_that_holds_nothing_is_not_judged() -> None:
    assert findings(RULE, keras(layer("TFSMLayer", "a"))) == []
    assert findings(RULE, torch(None)) == []
