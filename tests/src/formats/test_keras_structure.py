"""The graph that the configuration of a Keras model tells of."""

from __future__ import annotations

import time
from typing import Any

import pytest

from keras_files import call, edges, entry, functional, graph_of, layer, old, sequential, small, tensor
from tflint.formats.keras.config import shape_of
from tflint.model import DType, ProblemKind


def sound(config: Any) -> Any:
    """The graph of a configuration with which nothing is wrong."""
    graph, problems = graph_of(config)
    assert problems == ()
    assert graph.intact
    return graph


def broken(config: Any) -> str:
    """What is wrong with a configuration."""
    graph, problems = graph_of(config)
    assert not graph.intact
    assert {problem.kind for problem in problems} == {ProblemKind.BAD_REFERENCE}
    return problems[0].message


def block(name: str = "block") -> dict[str, Any]:
    """A model of one layer, to be part of another."""
    layers = [entry("i"), layer("Dense", "inner", call(tensor("i")))]
    return functional(layers, ["i", 0, 0], ["inner", 0, 0], name)


def test_each_layer_is_an_op_and_knows_its_settings() -> None:
    graph = sound(small())
    assert graph.name == "net"
    assert edges(graph) == ["x -> layers/a", "layers/a -> layers/b"]
    first = graph.ops[0]
    assert (first.kind, first.name, first.layer, first.index, first.is_custom) == ("Dense", "a", "a", 0, False)
    assert first.options["units"] == 3
    assert first.options["module"] == "keras.layers"
    assert "registered_name" not in first.options
    assert "call_arguments" not in first.options
    assert first.location.address == "layers/a"


def test_shapes_are_known_where_the_file_tells_them() -> None:
    graph = sound(small())
    (x,) = graph.inputs
    assert (x.name, x.shape, x.dtype, x.default_shape) == ("x", (None, 4), DType.FLOAT32, (1, 4))
    assert graph.ops[0].outputs[0].shape == (None, 3)
    assert not graph.outputs[0].has_rank
    assert graph.outputs[0].dtype is DType.UNKNOWN


def test_a_list_of_layers_has_one_after_the_other() -> None:
    layers = [entry("x"), layer("Dense", "a"), layer("ReLU", "b", beside={"build_config": {"input_shape": [None, 7]}})]
    graph = sound(sequential(layers))
    assert edges(graph) == ["x -> layers/a", "layers/a -> layers/b"]
    assert graph.ops[0].outputs[0].shape == (None, 7)
    assert graph.inputs[0].shape == (None, 4)


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (sequential([old("Dense", "a", batch_input_shape=[None, 5])]), (None, 5)),
        (sequential([old("Dense", "a")], build_input_shape=[None, 6]), (None, 6)),
        (sequential([old("Dense", "a")]), None),
        ({"class_name": "Sequential", "config": [old("Dense", "a", batch_input_shape=[2, 5])]}, (2, 5)),
    ],
)
def test_a_list_of_layers_without_an_input_has_one_all_the_same(config: Any, shape: Any) -> None:
    graph = sound(config)
    (x,) = graph.inputs
    assert x.name == "a_input"
    assert (x.shape if x.has_rank else None) == shape


def test_an_empty_list_of_layers_gives_back_what_it_takes() -> None:
    graph = sound(sequential([]))
    assert graph.inputs == graph.outputs
    assert graph.ops == ()


def test_models_within_models_are_opened() -> None:
    layers = [
        entry("x"),
        block() | {"inbound_nodes": [call(tensor("x"))]},
        layer("Dense", "last", call(tensor("block", 0, 0, [None, 9]))),
    ]
    graph = sound(functional(layers, ["x", 0, 0], [["last", 0, 0]]))
    assert edges(graph) == ["x -> layers/block/inner", "layers/block/inner -> layers/last"]
    assert graph.ops[0].layer == "inner"
    assert graph.ops[0].outputs[0].shape == (None, 9)


@pytest.mark.parametrize("first", [0, 1], ids=["as Keras 3", "as somebody"])
def test_a_model_that_is_an_output_counts_its_calls_from_one(first: int) -> None:
    layers = [entry("x"), block() | {"inbound_nodes": [call(tensor("x"))]}]
    graph = sound(functional(layers, ["x", 0, 0], [["block", first, 0]]))
    assert graph.outputs[0].name == "inner"


def test_a_model_called_twice_is_opened_twice() -> None:
    layers = [
        entry("x"),
        block() | {"inbound_nodes": [call(tensor("x")), call(tensor("block"))]},
        layer("Add", "sum", call([tensor("block", 0), tensor("block", 1)])),
    ]
    graph = sound(functional(layers, ["x", 0, 0], ["sum", 0, 0]))
    assert edges(graph) == [
        "x -> layers/block/inner",
        "layers/block/inner -> layers/block#2/inner",
        "layers/block/inner -> layers/sum",
        "layers/block#2/inner -> layers/sum",
    ]


def test_models_of_keras_2_count_the_calls_of_a_model_from_one() -> None:
    inner = {
        "class_name": "Functional",
        "name": "block",
        "config": {
            "name": "block",
            "layers": [old("InputLayer", "i", batch_input_shape=[None, 4]), old("Dense", "inner", [["i", 0, 0, {}]])],
            "input_layers": [["i", 0, 0]],
            "output_layers": [["inner", 0, 0]],
        },
        "inbound_nodes": [[["x", 0, 0, {}]], [["block", 1, 0, {}]]],
    }
    layers = [old("InputLayer", "x", batch_input_shape=[None, 4], dtype="float16"), inner]
    last = old("Add", "sum", [["block", 1, 0, {}], ["block", 2, 0]])
    graph = sound(functional([*layers, last], [["x", 0, 0]], [["sum", 0, 0]]))
    assert edges(graph)[2:] == ["layers/block/inner -> layers/sum", "layers/block#2/inner -> layers/sum"]
    assert graph.inputs[0].dtype is DType.FLOAT16
    graph = sound(functional([*layers, last], [["x", 0, 0]], [["block", 2, 0]]))
    assert graph.producer(graph.outputs[0]).address == "layers/block#2/inner"


@pytest.mark.parametrize(
    ("layers", "first"),
    [([old("InputLayer", "i"), old("Dense", "d")], 1), ([old("Dense", "d", batch_input_shape=[None, 2])], 1),
     ([old("Dense", "d")], 0), ([], 0)],
)  # fmt: skip
def test_a_list_of_layers_of_keras_2_counts_its_calls_from_one_where_it_has_an_input(layers: Any, first: int) -> None:
    inner = {**sequential(layers, "mlp"), "inbound_nodes": [[["x", 0, 0, {}]], [["mlp", first, 0, {}]]]}
    del inner["module"]
    last = old("Dense", "last", [["mlp", first + 1, 0, {}]])
    graph = sound(functional([old("InputLayer", "x"), inner, last], [["x", 0, 0]], [["last", 0, 0]]))
    expected = ["x -> layers/mlp/d", "layers/mlp/d -> layers/mlp#2/d", "layers/mlp#2/d -> layers/last"]
    assert edges(graph) == (expected if layers else ["x -> layers/last"])


def test_a_shared_layer_is_an_op_for_each_call() -> None:
    shared = layer("Dense", "d", call(tensor("x")), call(tensor("other")))
    layers = [entry("x"), shared, layer("Dense", "other", call(tensor("d")))]
    graph = sound(functional(layers, ["x", 0, 0], ["d", 1, 0]))
    assert [op.address for op in graph.ops] == ["layers/d", "layers/other", "layers/d#2"]
    assert [op.index for op in graph.ops] == [0, 1, 2]
    assert graph.producer(graph.outputs[0]) is graph.ops[2]


def test_the_arguments_of_a_call_are_kept_and_tensors_among_them_are_inputs() -> None:
    attention = layer("MultiHeadAttention", "m", call(tensor("x"), value=tensor("y"), training=True, mask=None))
    graph = sound(functional([entry("x"), entry("y"), attention], [["x", 0, 0], ["y", 0, 0]], ["m", 0, 0]))
    assert edges(graph) == ["x -> layers/m", "y -> layers/m"]
    assert graph.ops[0].options["call_arguments"] == {"training": True, "mask": None}


def test_keras_2_writes_arguments_beside_the_first_input() -> None:
    layers = [
        old("InputLayer", "x"),
        old("InputLayer", "y"),
        old("TFOpLambda", "sub", ["x", 0, 0, {"y": ["y", 0, 0], "name": None}]),
        old("TFOpLambda", "stack", ["_CONSTANT_VALUE", -1, 3.0, {"other": ["sub", 0, 0]}]),
        old("Dropout", "drop", [["stack", 0, 0, {"training": True}]]),
        old("Named", "named", [{"a": ["drop", 0, 0], "b": ["x", 0, 0]}]),
        old("Nothing", "nothing", []),
    ]
    graph = sound(functional(layers, [["x", 0, 0], ["y", 0, 0]], [["named", 0, 0]]))
    assert edges(graph) == [
        "x -> layers/sub", "y -> layers/sub", "layers/sub -> layers/stack", "layers/stack -> layers/drop",
        "layers/drop -> layers/named", "x -> layers/named",
    ]  # fmt: skip
    assert [op.options.get("call_arguments") for op in graph.ops[:1]] != [None]
    assert next(op for op in graph.ops if op.name == "drop").options["call_arguments"] == {"training": True}


def test_several_outputs_of_a_layer_are_several_tensors() -> None:
    lstm = layer("LSTM", "l", call(tensor("x")))
    last = layer("LSTM", "m", call(tensor("l"), initial_state=[tensor("l", 0, 1, [None, 2]), tensor("l", 0, 2)]))
    graph = sound(functional([entry("x"), lstm, last], ["x", 0, 0], [["m", 0, 0], ["l", 0, 1]]))
    assert [each.name for each in graph.ops[0].outputs] == ["l", "l:1", "l:2"]
    assert graph.ops[0].outputs[1].shape == (None, 2)
    assert graph.outputs[1] is graph.ops[0].outputs[1]


def test_dictionaries_are_in_the_order_of_their_keys_as_keras_has_them() -> None:
    layers = [entry("p"), entry("q"), layer("Mix", "m", call({"b": tensor("p"), "a": tensor("q")}))]
    graph = sound(functional(layers, {"two": ["p", 0, 0], "one": ["q", 0, 0]}, {"z": ["m", 0, 0], "y": ["p", 0, 0]}))
    assert edges(graph) == ["q -> layers/m", "p -> layers/m"]
    assert [each.name for each in graph.inputs] == ["q", "p"]
    assert [each.name for each in graph.outputs] == ["p", "m"]


def test_a_model_is_called_with_its_inputs_by_their_names() -> None:
    inner = functional(
        [entry("b"), entry("a"), layer("Subtract", "s", call([tensor("b"), tensor("a")]))],
        [["b", 0, 0], ["a", 0, 0]],
        ["s", 0, 0],
        "inner",
        inbound_nodes=[call({"a": tensor("x"), "b": tensor("y")})],
    )
    graph = sound(functional([entry("x"), entry("y"), inner], [["x", 0, 0], ["y", 0, 0]], [["inner", 1, 0]]))
    assert edges(graph) == ["y -> layers/inner/s", "x -> layers/inner/s"]


def test_what_stands_in_a_wrapper_stays_in_its_settings() -> None:
    inner = layer("LSTM", "lstm", units=3)
    graph = sound(sequential([entry("x", [None, 5, 4]), layer("Bidirectional", "both", layer=inner)]))
    (op,) = graph.ops
    assert (op.kind, op.options["layer"]["config"]["units"]) == ("Bidirectional", 3)


@pytest.mark.parametrize(
    ("beside", "kind", "is_custom"),
    [
        ({"module": None, "registered_name": "my>Scale"}, "Scale", True),
        ({"module": "my_package.layers", "registered_name": "Scale"}, "Scale", True),
        ({"module": None, "registered_name": "Scale"}, "Scale", True),
        ({"module": "keras.src.ops.numpy", "registered_name": "Scale"}, "Scale", False),
        ({"module": "tf_keras.src.layers"}, "Scale", False),
        ({"module": 3}, "Scale", False),
        ({"class_name": "my>Scale", "registered_name": "my>Scale"}, "Scale", True),
    ],
)
def test_own_classes_are_told_from_those_of_keras(beside: Any, kind: str, is_custom: bool) -> None:
    (op,) = sound(sequential([entry("x"), layer("Scale", "s", beside=beside)])).ops
    assert (op.kind, op.is_custom) == (kind, is_custom)
    assert op.options.get("registered_name") == beside.get("registered_name")


def test_a_class_of_its_own_may_still_be_a_list_or_a_network_of_layers() -> None:
    assert sound(sequential([entry("x")], build_input_shape=[None, 4]) | {"class_name": "my>Model"}).ops == ()
    assert len(sound(small() | {"class_name": "Model"}).ops) == 2


def test_an_input_layer_that_is_no_input_makes_a_tensor_that_comes_from_nowhere() -> None:
    graph = sound(functional([entry("x"), entry("y"), layer("A", "a", call(tensor("y")))], ["x", 0, 0], ["a", 0, 0]))
    assert [each.name for each in graph.inputs] == ["x"]
    assert edges(graph) == ["? -> layers/a"]


def test_layers_without_a_name_are_numbered() -> None:
    graph = sound(sequential([entry("x"), {"class_name": "Dense"}, {}]))
    assert [op.address for op in graph.ops] == ["layers/dense_1", "layers/unknown_2"]


def test_names_that_no_text_can_show_are_made_so_that_it_can() -> None:
    graph = sound(sequential([entry("x"), layer("Dense", "a\ud800"), layer("Dense", "b" * 9000)]))
    assert [op.name for op in graph.ops] == ["a?", "b" * 256]


def test_a_reference_to_what_does_not_exist_is_a_problem() -> None:
    def takes(*node: Any) -> Any:
        return functional([entry("x"), layer("Dense", "a", call(*node))], ["x", 0, 0], ["a", 0, 0])

    assert broken(takes(tensor("y"))) == "'layers/a' takes output 0 of call 0 of layer 'y', which does not exist."
    assert "output 0 of call 3 of layer 'x'" in broken(takes(tensor("x", 3)))
    assert "output 1 of call 0 of layer 'x'" in broken(takes(tensor("x", 0, 1)))
    assert "output -1 of call 0 of layer 'x'" in broken(takes(tensor("x", 0, -1)))
    graph, _ = graph_of(takes(tensor("y"), tensor("x")))
    assert [None if each is None else each.name for each in graph.ops[0].inputs] == [None, "x"]


def test_an_output_that_does_not_exist_is_a_problem() -> None:
    said = broken(functional([entry("x")], ["x", 0, 0], [["y", 0, 0]]))
    assert said == "The output of 'net' takes output 0 of call 0 of layer 'y', which does not exist."
    assert "layer 'x'" in broken(functional([entry("x")], ["x", 0, 0], [["x", 0, 2000]]))


def test_an_input_that_is_no_input_layer_is_a_problem() -> None:
    dense = layer("Dense", "a", call(tensor("x")))
    assert "Input 0 of the model is 'a', which is no input layer" in broken(
        functional([entry("x"), dense], ["a", 0, 0], [])
    )
    assert "Input 0 of the model is 'z'" in broken(functional([entry("x"), dense], ["z", 0, 0], []))


def test_the_same_input_twice_is_one() -> None:
    graph = sound(functional([entry("x")], [["x", 0, 0], ["x", 0, 0]], ["x", 0, 0]))
    assert len(graph.inputs) == 1


def test_layers_that_wait_for_each_other_are_a_problem() -> None:
    layers = [entry("x"), layer("A", "a", call(tensor("b"))), layer("B", "b", call(tensor("a")))]
    assert broken(functional(layers, ["x", 0, 0], [])) == "The layers 'a' and 1 more wait for each other in a loop."
    itself = layer("A", "a", call(tensor("a")))
    assert broken(functional([entry("x"), itself], ["x", 0, 0], [])) == "The layers 'a' wait for each other in a loop."


def test_a_model_called_with_the_wrong_number_of_inputs_is_a_problem() -> None:
    inner = block() | {"inbound_nodes": [call(tensor("x"), tensor("x"))]}
    said = broken(functional([entry("x"), inner], ["x", 0, 0], [["block", 1, 0]]))
    assert said == "The model 'block' is called with 2 tensors; it has 1 inputs."
    inner = block() | {"inbound_nodes": [call()]}
    assert "called with 0 tensors" in broken(functional([entry("x"), inner], ["x", 0, 0], [["block", 1, 0]]))


def test_two_layers_of_one_name_are_a_problem() -> None:
    assert "several layers of the same name" in broken(sequential([layer("A", "a"), layer("A", "a")]))


def test_models_that_would_be_opened_without_end_are_given_up() -> None:
    config: Any = functional([entry("i")], ["i", 0, 0], ["i", 0, 0], "m0")
    for number in range(1, 30):
        inner = config | {"inbound_nodes": [call(tensor("i")), call(tensor("i"))]}
        config = functional([entry("i"), inner], ["i", 0, 0], ["i", 0, 0], f"m{number}")
    begin = time.process_time()
    assert "more than 400,000 layers" in broken(config)
    assert time.process_time() - begin < 10


def test_outputs_that_no_layer_has_are_not_made() -> None:
    layers = [entry("x"), *(layer("A", f"a{n}", call(tensor("x"))) for n in range(500))]
    wild = [tensor(f"a{n}", 0, 999) for n in range(500)]
    assert "more than 400,000" in broken(functional([*layers, layer("B", "b", call(wild))], ["x", 0, 0], ["b", 0, 0]))


def test_a_long_chain_is_read_in_linear_time() -> None:
    layers = [entry("l0"), *(layer("A", f"l{n}", call(tensor(f"l{n - 1}"))) for n in range(1, 20_000))]
    begin = time.process_time()
    assert len(sound(functional(reversed(layers), ["l0", 0, 0], ["l19999", 0, 0])).ops) == 19_999
    assert time.process_time() - begin < 10


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ([None, 3], (None, 3)),
        ({"class_name": "__tuple__", "items": [2]}, (2,)),
        ([], ()),
        (None, None),
        ("3", None),
        ([1.5], None),
        ([True], None),
        ([-1], None),
        ([1 << 63], None),
        ([1] * 65, None),
    ],
)
def test_a_shape_is_a_list_of_sizes(value: Any, shape: Any) -> None:
    assert shape_of(value) == shape


WRONG = [None, True, 3, 1.5, "x", [], {}, [[]], [{}], [None], {"a": None}, ["x", 0], ["x", 0, 0], [["x", 0, 0, 5]]]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_values_of_wrong_types_anywhere_are_never_an_exception(wrong: Any) -> None:
    inner = block() | {"inbound_nodes": [call(tensor("x"))]}
    whole = functional([*small()["config"]["layers"], inner], ["x", 0, 0], [["b", 0, 0], ["block", 1, 0]])

    def altered(value: Any) -> Any:
        """Yield the value with each of its parts replaced."""
        yield wrong
        if isinstance(value, dict):
            for key in value:
                for each in altered(value[key]):
                    yield {**value, key: each}
        elif isinstance(value, list):
            for place in range(len(value)):
                for each in altered(value[place]):
                    yield [*value[:place], each, *value[place + 1 :]]

    for config in altered(whole["config"]):
        if (
            isinstance(config, dict)
            and isinstance(config.get("layers"), list)
            and {"input_layers", "output_layers"} <= config.keys()
        ):
            graph_of({**whole, "config": config})
