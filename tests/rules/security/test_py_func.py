"""TFL805: ops that call Python."""

from pathlib import Path

from plain_sources import Nodes, saved
from tflint import Format, Model, Severity
from tflint.testing import findings
from tflint_rules.security.py_func import PyFunc

RULE = PyFunc()


def bad() -> Model:
    g = Nodes()
    g.op("EagerPyFunc", g.input("x"), token="pyfunc_0")
    return saved(g)


def good() -> Model:
    g = Nodes()
    g.op("Mul", g.input("x"), g.input("y"))
    return saved(g)


def test_a_call_of_python_is_an_error() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message.startswith("EagerPyFunc calls a Python function")
    assert found.evidence["tokens"] == ["pyfunc_0"]


def test_all_calls_are_one_finding() -> None:
    g = Nodes()
    g.op("PyFunc", g.input("x"))
    g.op("PyFuncStateless", g.input("x"))
    [found] = findings(RULE, saved(g))
    assert found.message.startswith("2 ops (PyFunc and PyFuncStateless) call Python functions")
    assert len(found.related) == 1


def test_a_tflite_file_that_kept_the_op_is_found() -> None:
    g = Nodes()
    g.op("FlexPyFunc", g.input("x"), custom=True)
    [found] = findings(RULE, saved(g, format=Format.TFLITE))
    assert found.severity is Severity.ERROR


def test_ops_that_tensorflow_does_not_have_are_a_note() -> None:
    g = Nodes()
    g.op("MyOp", g.input("x"), custom=True)
    [found] = findings(RULE, saved(g))
    assert found.severity is Severity.NOTE
    assert (
        found.message == "TensorFlow has no op 'MyOp'; the model runs where a library with code for it is loaded first."
    )
    g.op("OtherOp", g.input("x"), custom=True)
    [found] = findings(RULE, saved(g))
    assert "code for them" in found.message
    assert findings(RULE, saved(g, format=Format.TFLITE)) == []


def test_an_op_that_nothing_needs_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x12\x08ReadFile\x12\x06PyFunc")
    [found] = findings(RULE, saved(Nodes(), path=str(tmp_path)))
    assert found.severity is Severity.WARNING
    assert "PyFunc" in found.message
    assert "ReadFile" not in found.message
