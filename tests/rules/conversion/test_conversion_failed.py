"""TFL227: conversions that failed, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stacks import layer, nodes, stack
from tflint import Blamed, ConversionResult, Finding, Model, Outcome, Recipe
from tflint.testing import findings
from tflint_rules.conversion.conversion_failed import ConversionFailed

RULE = ConversionFailed()
FAILED = ConversionResult(
    Outcome.FAILED,
    words="'tf.MaxPool3D' op is neither a custom op nor a flex op",
    detail="<unknown>:0: error: 'tf.MaxPool3D' op is neither a custom op nor a flex op\nTF Select ops: MaxPool3D\n",
    blamed=(Blamed("MaxPool3D", "sequential_1/pool_1/MaxPool3D", "flex"),),
    stage="convert",
    tensorflow="2.21.0",
    keras="3.15.1",
)
CONTEXT = {"converted": FAILED}
GOOD_CONTEXT = {"converted": ConversionResult(Outcome.CONVERTED)}


def bad() -> Model:
    return stack(layer("Conv3D", "conv"), layer("MaxPooling3D", "pool"), layer("Dense", "dense"))


def good() -> Model:
    return bad()


def told(model: Model | None = None, **more: Any) -> Finding:
    [found] = findings(RULE, model or bad(), converted=replace(FAILED, **more))
    return found


def test_an_op_without_a_kernel_is_told_at_its_layer() -> None:
    found = told()
    assert found.location.address == "layers/pool"
    assert found.message == (
        "TensorFlow 2.21.0 does not convert the model to float32 with builtin ops: TFLite has no kernel for "
        "MaxPool3D, only TensorFlow has."
    )
    assert 'expect.ops = "select"' in found.help
    assert found.evidence["ops"] == {"MaxPool3D": 1}


def test_ops_that_nobody_has_are_told_apart_and_come_first_in_the_cure() -> None:
    both = (Blamed("Erf", "", "flex"), Blamed("Betainc", "", "custom"), Blamed("Betainc", "x", "custom"))
    found = told(blamed=both, detail="")
    assert found.message.endswith(
        "TFLite has no kernel for Erf, only TensorFlow has; neither TFLite nor its Select TensorFlow ops have "
        "Betainc (2)."
    )
    assert "no runtime has these" in found.help


def test_nothing_is_said_where_nobody_asked() -> None:
    assert findings(RULE, bad()) == []


def test_the_numbers_that_keras_3_appends_are_no_part_of_the_name() -> None:
    model = stack(layer("Dense", "dense"), layer("Dense", "dense_1"))
    matmuls = (Blamed("MatMul", "net_1/dense_1/MatMul", "flex"), Blamed("MatMul", "net_1/dense_1_1/MatMul", "flex"))
    found = told(model, blamed=matmuls)
    assert found.location.address == "layers/dense"
    assert [each.address for each in found.related] == ["layers/dense_1"]
    [found] = findings(RULE, model, converted=replace(FAILED, blamed=matmuls[:1], keras="2.21.0"))
    assert found.location.address == "layers/dense_1"
    assert told(model, blamed=(Blamed("MatMul", "net_1/other_1/MatMul"), Blamed("MatMul"))).location.address == ""


def test_nodes_of_a_saved_model_are_found_whatever_calls_them() -> None:
    model = nodes(StatefulPartitionedCall__head__Erf="Erf")
    blamed = (Blamed("Erf", "head/Erf", "flex"), Blamed("Erf", "gone", "flex"))
    found = told(model, blamed=blamed, keras="")
    assert found.location.name == "StatefulPartitionedCall/head/Erf"
    assert found.related == ()


@pytest.mark.parametrize(
    ("outcome", "sentence", "cure"),
    [
        (Outcome.REFUSED, "The model was not converted, since it is so.", "Mend what is reported"),
        (Outcome.OUT_OF_TIME, "TensorFlow 2.21.0 did not convert the model to float32 with builtin ops: it is so.",
         "--convert-timeout"),
        (Outcome.OUT_OF_MEMORY, "TensorFlow 2.21.0 did not convert", "--convert-memory"),
        (Outcome.CRASHED, "TensorFlow 2.21.0 did not convert", "Read what the converter says"),
        (Outcome.FAILED, "TensorFlow 2.21.0 does not convert the model to float32 with builtin ops: it is so.",
         "Read what the converter says"),
        (Outcome.NOT_LOADED, "Keras 3.15.1 does not load the model, which a conversion begins with: it is so.",
         "Read what the converter says"),
    ],
)  # fmt: skip
def test_each_outcome_has_its_sentence_and_its_cure(outcome: Outcome, sentence: str, cure: str) -> None:
    found = told(outcome=outcome, words="it is so", detail="", blamed=())
    assert found.message.startswith(sentence)
    assert cure in found.help
    assert found.location.address == ""


def test_a_saved_model_is_loaded_by_tensorflow() -> None:
    assert told(outcome=Outcome.NOT_LOADED, keras="").message.startswith("TensorFlow 2.21.0 does not load the model")


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("'tf.TensorListReserve' op requires element_shape to be static", "batch_size=1"),
        ("'tf.FusedBatchNormV3' op is neither a custom op", "training=False"),
        ("'tf.MatMul' op is neither a custom op nor a flex op\n : (tensor<?x6xf64>)", "float32 values"),
        ("RuntimeError: Quantization to 16x8-bit not yet supported for op: 'NEG'", "Quantize to int8"),
        ("ValueError: call keras.config.enable_unsafe_deserialization()", "'tflint explain TFL801' tells more."),
        ("Could not locate class 'Net'. Make sure", "where its classes and functions are"),
        ("NameError: name 'math' is not defined, in Lambda.call()", "where its classes and functions are"),
        ("ValueError: Unrecognized keyword arguments passed to LSTM", "tf_keras"),
        ("ValueError: NULL SignatureDef inputs for exported method reset", "signatures without inputs"),
        ("Using a symbolic `tf.Tensor` as a Python `bool` is not allowed", "Fix the sizes"),
        ("'tf.EagerPyFunc' op is neither", "'tflint explain TFL805' tells more."),
    ],
)
def test_known_errors_have_a_cure(words: str, cure: str) -> None:
    assert cure in told(words=words, detail="").help


def test_the_crash_of_the_quantizer_on_loops_is_known() -> None:
    crash: dict[str, Any] = {"outcome": Outcome.CRASHED, "recipe": Recipe("int8", "int8"), "words": "it died"}
    found = told(stack(layer("Dense", "dense"), layer("LSTM", "lstm")), blamed=(), **crash)
    assert "unroll=True" in found.help
    assert found.location.address == "layers/lstm"
    assert "Read what" in told(stack(layer("Dense", "dense")), blamed=(), detail="", **crash).help
    assert "to int8 with builtin ops: " in told(**crash).message
    assert "to int8 with builtin ops and uint8 inputs and outputs: " in told(recipe=Recipe("int8", "uint8")).message


def test_the_rules_that_tell_more_are_there() -> None:
    from tflint_rules import PACK
    from tflint_rules.conversion import converter_words as words

    named = {each.rule for each in (*words._CAUSES, words._LOOP) if each.rule}
    assert named <= {rule.meta.code for rule in PACK.rules}
