"""TFL322: layers that quantization leaves in float, told before the conversion."""

from layered import layered, step
from tflint import Expectations, Model, Severity
from tflint.testing import findings
from tflint_rules.quantization.no_int_kernel import NoIntKernel

RULE = NoIntKernel()
CONTEXT = {"expectations": Expectations(precision="int8")}
INT16 = {"expectations": Expectations(precision="int16x8")}


def bad() -> Model:
    return layered((1, 8), step("Dense", units=4), step("LayerNormalization"), step("LayerNormalization", "norm_2"))


def good() -> Model:
    return layered((1, 8), step("Dense", units=4), step("BatchNormalization"), step("ReLU"))


def test_layers_with_one_cause_are_one_warning_with_its_cure() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.WARNING
    assert found.evidence == {"ops": ["NEG"], "layers": 2}
    assert "BatchNormalization" in found.help


def test_layers_with_integer_kernels_are_fine() -> None:
    assert findings(RULE, good(), **CONTEXT) == []


def test_other_precisions_are_not_judged() -> None:
    assert findings(RULE, bad(), expectations=Expectations(precision="float16")) == []


def test_int16_stops_at_some_that_int8_takes() -> None:
    model = layered((1, 8), step("Activation", activation="hard_silu"))
    assert findings(RULE, model, **CONTEXT) == []
    [found] = findings(RULE, model, **INT16)
    assert found.severity is Severity.ERROR
    assert "Activation 'activation' becomes HARD_SWISH, which has no kernel for 16-bit values" in found.message
    assert "the conversion stops there" in found.message


def test_ops_of_tensorflow_are_told_by_their_own_rule() -> None:
    assert findings(RULE, layered((1, 8, 8, 8, 3), step("MaxPooling3D")), **CONTEXT) == []


def test_loops_are_told_by_their_own_rule() -> None:
    assert findings(RULE, layered((1, 5, 8), step("LSTM", units=3)), **CONTEXT) == []


def test_several_ops_of_one_layer_are_named() -> None:
    [found] = findings(RULE, layered((1, 4), step("ELU"), step("UnitNormalization")), **CONTEXT)[:1]
    assert "becomes ELU, which has no kernel for 8-bit values" in found.message
