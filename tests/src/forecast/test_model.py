"""What becomes of a whole SavedModel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tf_graphs import TensorFlowGraph as G
from tf_graphs import model
from tflint.forecast import Int8, Status, forecast_model
from tflint.model import Location, Problem, ProblemKind


def of(kind: str, name: str = "serving_default", index: int = 0) -> G:
    g = G(name, index)
    return g.output(g.op(kind, [g.input()], T="FLOAT32"))


def test_all_signatures_count_unless_only_the_default_one_is_asked_for() -> None:
    both = model(of("Abs"), of("Erf", "other", 1), keys=("serving_default", "other"))
    found = forecast_model(both)
    assert found is not None
    assert (found.verdict, found.reasons) == (Status.FLEX, ("Erf needs SELECT_TF_OPS",))
    default = forecast_model(both, only_default=True)
    assert default is not None
    assert default.verdict is Status.BUILTIN


def test_a_model_without_signatures_is_judged_by_its_first_graph() -> None:
    found = forecast_model(model(of("Acos"), keys=()))
    assert found is not None
    assert found.verdict is Status.FAILS


def test_nothing_is_said_of_a_model_that_could_not_be_read() -> None:
    assert forecast_model(model(keys=())) is None
    broken = model(of("Abs"))
    assert forecast_model(replace(broken, graphs=(replace(broken.graphs[0], intact=False),))) is None


def test_a_model_whose_weights_are_missing_does_not_convert() -> None:
    problem = Problem(ProblemKind.MISSING_FILE, Location("m"), "The values of the variables are missing.")
    found = forecast_model(replace(model(of("Abs")), problems=(problem,)))
    assert found is not None
    assert (found.verdict, found.reasons) == (Status.FAILS, ("The values of the variables are missing.",))
    other = Problem(ProblemKind.SCHEMA_VERSION, Location("m"), "It is new.")
    found = forecast_model(replace(model(of("Abs")), problems=(other,)))
    assert found is not None
    assert found.verdict is Status.BUILTIN


def test_a_model_that_restores_nothing_but_asks_for_the_file_does_not_convert(tmp_path: Path) -> None:
    made = model(of("Abs"), of("RestoreV2", "restore", 1), path=str(tmp_path))
    found = forecast_model(made)
    assert found is not None
    assert found.reasons == ("The model is restored from 'variables/variables.index', and there is no such file.",)
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "variables.index").touch()
    found = forecast_model(made)
    assert found is not None
    assert found.verdict is Status.BUILTIN


def rest(name: str, value: str = "") -> G:
    """The part of a graph that no signature needs, with an assignment."""
    g = G("rest", 1)
    variable, read = g.tensor(name="v"), g.constant([1.0])
    if value:
        read = g.op("Identity", [g.op(value, ())])
    g.op("Assign", [variable, read], name=name)
    return g


def test_reference_variables_that_an_init_op_assigns_do_not_convert() -> None:
    for more in (rest("Assign"), rest("Assign", "Const")):
        found = forecast_model(model(of("Abs"), more))
        assert found is not None
        assert (found.verdict, found.int8) == (Status.FAILS, Int8.FAILS)
        assert found.reasons[0].startswith("'Assign' assigns a reference variable")


def test_reference_variables_that_are_restored_and_no_more_convert() -> None:
    left_out = G("rest", 1)
    left_out.op("Assign", [None, None])
    for more in (rest("v/Assign"), rest("save/Assign", "RestoreV2"), left_out):
        found = forecast_model(model(of("Abs"), more))
        assert found is not None
        assert found.verdict is Status.BUILTIN


def test_quantization_refuses_a_signature_without_inputs_beside_another() -> None:
    g = G("reset", 1)
    g.output(g.op("Identity", [g.constant([1.0])]))
    found = forecast_model(model(of("Abs"), g, keys=("step", "reset")))
    assert found is not None
    assert (found.verdict, found.int8) == (Status.BUILTIN, Int8.FAILS)


def test_quantization_of_a_loop_that_hands_floats_on_ends_the_process() -> None:
    for changes, int8 in ((False, Int8.CRASHES), (True, Int8.FLOAT)):
        body = G("body", 1)
        a, b = body.input(), body.input()
        body.output(body.op("AddV2", [a, b], T="FLOAT32"))
        body.output(body.op("Mul", [b, b], T="FLOAT32") if changes else b)
        condition = G("cond", 2)
        condition.output(condition.op("LogicalNot", [condition.constant(True, "bool")]))
        g = G()
        x = g.input()
        g.output(g.op("While", [x, g.op("Relu", [x], T="FLOAT32")], 2, cond="cond", body="body"))
        found = forecast_model(model(g, body, condition))
        assert found is not None
        assert (found.verdict, found.int8) == (Status.BUILTIN, int8)


def test_a_signature_that_takes_what_the_runtime_has_no_type_for_does_not_convert() -> None:
    g = G()
    g.output(g.op("Dequantize", [g.input((2,), "UNKNOWN")], [g.tensor()]))
    found = forecast_model(model(g))
    assert found is not None
    assert found.reasons == ("'t0' is an input or output of a type that the runtime does not have.",)
