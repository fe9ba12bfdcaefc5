"""TFL215: layers and ops that do not convert, or with TensorFlow's own kernels alone."""

from dataclasses import replace

import pytest

from layered import layered, step
from tflint import Expectations, Format, Location, Model, Problem, ProblemKind, Severity
from tflint.testing import findings
from tflint_rules.conversion.tf_op_no_lowering import TfOpNoLowering

RULE = TfOpNoLowering()


def bad() -> Model:
    return layered((1, 8, 8, 8, 3), step("MaxPooling3D", pool_size=2))


def good() -> Model:
    return layered((1, 8, 8, 3), step("MaxPooling2D", pool_size=2))


def test_what_needs_select_ops_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert "FlexMaxPool3D" in found.message


def test_it_is_an_error_where_builtin_ops_were_expected() -> None:
    [found] = findings(RULE, bad(), expectations=Expectations(ops="builtin"))
    assert found.severity is Severity.ERROR
    assert "only builtin ops were expected" in found.message


@pytest.mark.parametrize("ops", ["select", "any"])
def test_it_is_silent_where_select_ops_are_wanted(ops: str) -> None:
    assert findings(RULE, bad(), expectations=Expectations(ops=ops)) == []


def test_what_does_not_convert_is_an_error() -> None:
    [found] = findings(RULE, layered((1, 8, 8, 3), step("Resizing", height=4, width=4, interpolation="lanczos3")))
    assert found.severity is Severity.ERROR
    assert found.message.startswith("The model does not convert: Resizing 'resizing': ")


def test_what_is_not_known_is_not_reported() -> None:
    assert findings(RULE, good()) == []
    assert findings(RULE, layered((1, 8), step("Mine", is_custom=True))) == []
    assert findings(RULE, layered((1, 8), step("Lambda"))) == []


def test_the_open_batch_of_a_loop_is_told_by_its_own_rule() -> None:
    assert findings(RULE, layered((None, 5, 8), step("LSTM", units=3))) == []


def test_several_layers_are_one_finding() -> None:
    [found] = findings(RULE, layered((1, 9, 9, 9, 3), step("MaxPooling3D", "a"), step("AveragePooling3D", "b")))
    assert found.message.startswith("2 layers convert with SELECT_TF_OPS only")
    assert len(found.related) == 1


def test_an_hdf5_file_with_the_name_of_an_archive_does_not_load() -> None:
    [found] = findings(RULE, layered((1, 8), step("Dense", units=2), format=Format.KERAS_H5))
    assert "opens a file named '.keras' as a zip archive" in found.message


def test_what_other_rules_say_is_not_said_again() -> None:
    called = step("BatchNormalization", arguments={"training": True})
    model = layered((1, 8, 8, 3), called, producer="keras 2.15.0", format=Format.KERAS_H5, path="model.h5")
    assert findings(RULE, model) == []
    problem = Problem(ProblemKind.TRUNCATED, Location("model.keras"), "It is cut off.", fatal=True)
    assert findings(RULE, replace(bad(), problems=(problem,))) == []


def test_nothing_is_said_of_a_model_without_layers() -> None:
    assert findings(RULE, layered((None, 8))) == []
