"""Loops, branches, lists, variables and tables."""

from __future__ import annotations

from typing import Any

import pytest

from tf_graphs import TensorFlowGraph as G
from tf_graphs import saved
from tflint.forecast import Status
from tflint.model import DType


def body(kind: str = "Abs", inputs: int = 1) -> G:
    g = G("body")
    fed = [g.input() for _ in range(inputs)]
    return g.output(g.op(kind, fed[:1], T="FLOAT32"), *fed[1:])


def condition(inputs: int = 1) -> G:
    g = G("cond")
    for _ in range(inputs):
        g.input()
    return g.output(g.op("LogicalNot", [g.constant(True, "bool")], [g.tensor((), "BOOL")]))


def loop(of: G, **more: Any) -> Any:
    g = G()
    g.output(g.op("While", [g.input()], cond="cond", body="body"))
    return g.forecast(body=of, cond=condition(), **more)


def test_a_loop_is_a_builtin_op_and_what_is_in_it_is_judged() -> None:
    assert saved(loop(body())) == {"While": "builtin", "Abs": "builtin"}
    assert loop(body("Erf")).verdict is Status.FLEX
    assert loop(body("Acos")).verdict is Status.FAILS


def test_a_function_that_is_not_there_leaves_it_unknown() -> None:
    g = G()
    found = g.output(g.op("StatelessWhile", [g.input()], cond="cond", body="body")).forecast()
    assert found.verdict is Status.UNKNOWN
    assert found.reasons[0] == "StatelessWhile calls 'cond', which the model does not hold"


def test_a_loop_that_runs_itself_ends() -> None:
    g = G("body")
    g.output(g.op("While", [g.input()], cond="cond", body="body"))
    assert loop(g).verdict is Status.BUILTIN


def test_what_calls_itself_in_many_places_is_gone_through_once() -> None:
    graphs = {}
    for number in range(30):
        g = G(f"f{number}")
        x = g.input()
        then = {"then_branch": f"f{number + 1}", "else_branch": f"f{number + 1}"}
        for _ in range(3):
            x = g.op("If", [g.constant(True, "bool") if number % 2 else g.op("Less", [x, x]), x], **then)
        graphs[g.name] = g.output(x)
    graphs["f30"] = body("Erf")
    found = graphs["f0"].forecast(**graphs)
    assert found.verdict is Status.FLEX
    assert len(found.ops) < 1000


def test_what_is_nested_deeper_than_anybody_writes_is_unknown() -> None:
    graphs = {}
    for number in range(40):
        g = G(f"f{number}")
        g.output(g.op("If", [g.input((), "BOOL"), g.input()], then_branch=f"f{number + 1}", else_branch="leaf"))
        graphs[g.name] = g
    found = graphs["f0"].forecast(**graphs, leaf=body())
    assert found.verdict is Status.UNKNOWN


def test_both_branches_are_judged() -> None:
    g = G()
    g.output(g.op("If", [g.input((), "BOOL"), g.input()], then_branch="a", else_branch="b"))
    assert g.forecast(a=body(), b=body("Acos")).verdict is Status.FAILS


def test_a_branch_that_is_known_before_is_put_in_place() -> None:
    g = G()
    g.output(g.op("StatelessIf", [g.constant(True, "bool"), g.input()], then_branch="a", else_branch="b"))
    assert saved(g.forecast(a=body(), b=body("Acos"))) == {"StatelessIf": "builtin", "Abs": "builtin"}


def test_a_choice_of_several_does_not_convert_unless_it_is_known() -> None:
    g = G()
    g.output(g.op("Case", [g.input((), "INT32"), g.input()], branches=("a", "b")))
    assert g.forecast(a=body(), b=body()).verdict is Status.FAILS
    g = G()
    g.output(g.op("Case", [g.op("DeviceIndex", (), [g.tensor((), "INT32")], device_names=("CPU", "GPU")), g.input()],
                  branches=("a", "b")))  # fmt: skip
    assert g.forecast(a=body(), b=body("Acos")).verdict is Status.BUILTIN


def test_a_value_that_no_turn_changes_is_constant_in_the_loop() -> None:
    def inner(*, keeps: bool) -> G:
        g = G("body")
        x, limits = g.input(), g.input((), "INT32")
        made = g.op("GatherV2", [x, g.constant([0], "int32"), limits], Tparams="FLOAT32")
        handed = g.op("Identity", [limits]) if keeps else g.op("AddV2", [limits, limits], T="INT32")
        return g.output(made, handed)

    for keeps, verdict in ((True, Status.BUILTIN), (False, Status.FLEX)):
        g = G()
        g.output(g.op("While", [g.input(), g.constant(0, "int32")], 2, cond="cond", body="body"))
        assert g.forecast(body=inner(keeps=keeps), cond=condition(2)).verdict is verdict


def test_a_value_that_a_branch_is_handed_is_constant_in_it() -> None:
    inner = G("a")
    x, along = inner.input(), inner.input((), "INT32")
    inner.output(inner.op("GatherV2", [x, inner.constant([0], "int32"), along], Tparams="FLOAT32"))
    g = G()
    g.output(g.op("If", [g.input((), "BOOL"), g.input(), g.constant(0, "int32")], then_branch="a", else_branch="a"))
    assert g.forecast(a=inner).verdict is Status.BUILTIN


def test_a_weight_that_is_no_input_of_the_function_is_left_out_of_the_count() -> None:
    inner = G("a")
    x, along = inner.input(), inner.input((), "INT32")
    inner.constant([1.0], name="weight")
    inner.output(inner.op("GatherV2", [x, inner.constant([0], "int32"), along], Tparams="FLOAT32"))
    for name, verdict in (("weight", Status.BUILTIN), ("another", Status.FLEX)):
        g = G()
        fed = [g.input((), "BOOL"), g.input(), g.constant([1.0], name=name), g.constant(0, "int32")]
        g.output(g.op("If", fed, then_branch="a", else_branch="a"))
        assert g.forecast(a=inner).verdict is verdict


def test_a_loop_whose_function_takes_another_number_of_values_knows_nothing_of_them() -> None:
    inner = G("body")
    inner.output(inner.op("Abs", [inner.input()], T="FLOAT32"))
    g = G()
    g.output(g.op("While", [g.input(), g.input()], 2, cond="cond", body="body"))
    assert g.forecast(body=inner, cond=condition(2)).verdict is Status.BUILTIN


@pytest.mark.parametrize("kind", ["Relu", "Identity"])
def test_what_a_loop_makes_anew_or_hands_on_by_a_long_way_is_not_what_it_was_given(kind: str) -> None:
    inner = G("body")
    x, limit = inner.input(), inner.input((), "INT32")
    handed = limit
    for _ in range(9):
        handed = inner.op(kind, [handed])
    made = inner.op("GatherV2", [x, inner.constant([0], "int32"), limit], Tparams="FLOAT32")
    inner.output(made, handed)
    g = G()
    g.output(g.op("While", [g.input(), g.constant(0, "int32")], 2, cond="cond", body="body"))
    assert g.forecast(body=inner, cond=condition(2)).verdict is Status.FLEX


def test_a_frame_of_old_control_flow_converts() -> None:
    g = G()
    x = g.op("Enter", [g.input()])
    x = g.op("Merge", [x, x], 2)
    g.op("LoopCond", [g.input((), "BOOL")])
    x = g.op("Switch", [x, g.input((), "BOOL")], 2)
    g.op("NextIteration", [x])
    assert g.output(g.op("Exit", [x])).forecast().verdict is Status.BUILTIN


def test_old_control_flow_that_belongs_together_converts() -> None:
    g = G()
    x = g.op("Switch", [g.input(), g.input((), "BOOL")], 2)
    g.output(g.op("Merge", [x, x], 2))
    assert g.forecast().verdict is Status.BUILTIN


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        ("Merge", 2, "the graph has no Switch that belongs to it"),
        ("Switch", 2, "the graph has no Merge that belongs to it"),
        ("Enter", 1, "the graph has no Exit or LoopCond or NextIteration that belongs to it"),
    ],
)
def test_old_control_flow_that_is_torn_fails(kind: str, inputs: int, reason: str) -> None:
    g = G()
    found = g.output(g.op(kind, [g.input() for _ in range(inputs)])).forecast()
    assert found.reasons == (f"{kind} does not convert: {reason}",)


def test_a_merge_of_four_fails() -> None:
    g = G()
    x = g.op("Switch", [g.input(), g.input((), "BOOL")], 2)
    found = g.output(g.op("Merge", [x] * 4)).forecast()
    assert found.reasons == ("Merge does not convert: it joins 4 values, and only two can be made a branch",)


# ------------------------------------------------------------------------------------------------ lists


def made(shape: Any, kind: str = "TensorListReserve", dtype: DType = DType.FLOAT32, writer: str = "") -> Any:
    g = G()
    handle = g.op(kind, [g.constant(shape, "int32"), g.constant(4, "int32")], [g.tensor((), "VARIANT")],
                  element_dtype=dtype)  # fmt: skip
    if writer:
        handle = g.op(writer, [handle, g.constant(0, "int32"), g.input()], [g.tensor((), "VARIANT")])
    return g.output(g.op("TensorListStack", [handle], [g.tensor((4, 3))])).forecast()


def test_a_list_of_elements_of_known_sizes_is_lowered() -> None:
    assert made([2, 3]).verdict is Status.BUILTIN


def test_a_list_whose_batch_is_open_needs_flex() -> None:
    found = made([-1, 3])
    assert found.verdict is Status.FLEX
    assert "give the input a fixed batch" in found.reasons[0]


def test_a_list_that_says_nothing_of_its_elements_takes_the_shape_of_what_is_written() -> None:
    assert made(-1).verdict is Status.FLEX
    assert made(-1, writer="TensorListSetItem").verdict is Status.BUILTIN


@pytest.mark.parametrize(("sizes", "verdict"), [((3,), Status.BUILTIN), ((None,), Status.FLEX)])
def test_what_a_loop_writes_tells_the_shape_where_it_is_known(sizes: Any, verdict: Status) -> None:
    inner = G("body")
    handle = inner.input((), "VARIANT")
    written = inner.op("TensorListSetItem", [handle, inner.constant(0, "int32"), inner.tensor(sizes)],
                       [inner.tensor((), "VARIANT")])  # fmt: skip
    inner.output(written)
    g = G()
    handle = g.op("TensorListReserve", [g.constant(-1, "int32"), g.constant(4, "int32")], [g.tensor((), "VARIANT")])
    done = g.op("While", [handle], [g.tensor((), "VARIANT")], cond="cond", body="body")
    g.output(g.op("TensorListStack", [done], [g.tensor((4, 3))]))
    assert g.forecast(body=inner, cond=condition()).verdict is verdict


def test_lists_of_strings_and_ops_that_are_not_lowered_need_flex() -> None:
    assert made([2], dtype=DType.STRING).verdict is Status.FLEX
    assert made([2, 3], writer="TensorListScatterIntoExistingList").verdict is Status.FLEX


def test_a_list_that_grows_needs_flex() -> None:
    g = G()
    handle = g.op("EmptyTensorList", [g.constant([3], "int32"), g.constant(4, "int32")], [g.tensor((), "VARIANT")])
    more = g.op("TensorListSetItem", [handle, g.constant(9, "int32"), g.input()], [g.tensor((), "VARIANT")],
                resize_if_index_out_of_bounds=True)  # fmt: skip
    assert g.output(more).forecast().verdict is Status.FLEX


# ------------------------------------------------------------------------------------------------ variables, tables


def variable(dtype: DType = DType.FLOAT32, writer: str = "AssignVariableOp") -> Any:
    g = G()
    handle = g.op("VarHandleOp", (), [g.tensor((), "RESOURCE")], dtype=dtype)
    g.op(writer, [handle, g.input()], 0)
    return g.output(g.op("ReadVariableOp", [handle], [g.tensor((2, 3))], dtype=dtype)).forecast()


def test_a_variable_that_is_written_stays_a_variable() -> None:
    found = variable()
    assert found.verdict is Status.BUILTIN
    assert [each.becomes for each in found.ops] == [("VAR_HANDLE",), ("ASSIGN_VARIABLE",), ("READ_VARIABLE",)]


def test_a_variable_of_a_type_that_the_runtime_lacks_needs_flex() -> None:
    assert "the runtime has no variables of FLOAT16" in variable(DType.FLOAT16).reasons[0]


def test_an_op_that_changes_a_variable_and_is_not_taken_apart_needs_flex() -> None:
    assert variable(writer="ResourceScatterNdUpdate").verdict is Status.FLEX


def test_a_variable_that_nothing_changes_is_a_constant() -> None:
    g = G()
    rows = g.op("ResourceGather", [g.constant([[1.0], [2.0]]), g.input((2,), "INT32")], dtype=DType.FLOAT32)
    found = g.output(rows).forecast()
    assert found.ops[0].becomes == ("GATHER",)


def test_reference_variables_and_random_generators() -> None:
    g = G()
    assert g.output(g.op("VariableV2", (), dtype=DType.FLOAT32)).forecast().verdict is Status.FAILS
    g = G()
    assert g.output(g.op("RngReadAndSkip", [g.input()])).forecast().verdict is Status.FLEX


def table(key: DType, value: DType, kind: str = "HashTableV2") -> Any:
    g = G()
    handle = g.op(kind, (), [g.tensor((), "RESOURCE")], key_dtype=key, value_dtype=value)
    return g.output(g.op("LookupTableFindV2", [handle, g.input((2,), "STRING"), g.constant(0, "int64")])).forecast()


def test_tables_between_strings_and_int64_are_builtin_and_no_others() -> None:
    assert table(DType.STRING, DType.INT64).verdict is Status.BUILTIN
    assert table(DType.INT64, DType.STRING).verdict is Status.BUILTIN
    assert table(DType.INT64, DType.INT64).verdict is Status.FLEX
    assert table(DType.STRING, DType.INT64, "HashTable").verdict is Status.FLEX


def test_a_table_that_comes_from_nowhere_needs_flex() -> None:
    g = G()
    assert g.output(g.op("LookupTableSizeV2", [g.input((), "RESOURCE")])).forecast().verdict is Status.FLEX
    g = G()
    assert g.output(g.op("LookupTableSizeV2", [None])).forecast().verdict is Status.FLEX


# ------------------------------------------------------------------------------------------------ LSTM


def lstm(parent: str, gates: int = 4) -> Any:
    inner = G("body")
    x = inner.input((2, 4))
    parts = [inner.tensor((2, 1)) for _ in range(gates)]
    inner.op("Split", [inner.constant(1, "int32"), x], parts, T="FLOAT32", num_split=gates)
    for part in parts[:3]:
        inner.output(inner.op("Sigmoid", [part], T="FLOAT32"))
    for _ in range(2):
        inner.output(inner.op("Tanh", [x], T="FLOAT32"))
    g = G()
    handle = g.op("TensorListReserve", [g.constant([-1, 4], "int32"), g.constant(4, "int32")],
                  [g.tensor((), "VARIANT")], name=f"{parent}/TensorArrayV2")  # fmt: skip
    g.output(g.op("While", [handle], name=f"{parent}/while", cond="cond", body="body"))
    return g.forecast(body=inner, cond=condition())


def test_the_lstm_of_tf_keras_is_one_op_even_with_an_open_batch() -> None:
    found = lstm("lstm/PartitionedCall")
    assert found.verdict is Status.BUILTIN
    assert {each.becomes for each in found.ops} == {("UNIDIRECTIONAL_SEQUENCE_LSTM",)}


def test_the_lstm_of_keras_3_and_a_gru_are_loops() -> None:
    assert lstm("sequential/lstm").verdict is Status.FLEX
    assert lstm("gru/PartitionedCall", gates=3).verdict is Status.FLEX
