"""Which array of a Keras file is which weight of which layer."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_files import (
    SMALL,
    Arrays,
    archive,
    call,
    entry,
    functional,
    hdf5_file,
    keras_file,
    layer,
    old,
    save,
    sequential,
    small,
    stay_here,
    tensor,
    values,
    whole_h5,
)  # fmt: skip
from tflint.formats import read
from tflint.formats.keras.names import variable_names
from tflint.model import DType, Format, Model, ProblemKind


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    stay_here(monkeypatch)


def names(model: Model) -> dict[str, list[str]]:
    """The names of the weights of each op."""
    return {op.address: [weight.name for weight in op.weights] for op in model.graphs[0].ops}


def of(tmp_path: Path, config: Any, arrays: Arrays, version: str = "3.15.0") -> dict[str, list[str]]:
    """The names of the weights in a `.keras` file with which nothing is wrong."""
    model = read(save(tmp_path / "m.keras", keras_file(config, arrays, version)))
    assert model.problems == ()
    return names(model)


def test_a_keras_file_has_layers_weights_and_a_version(tmp_path: Path) -> None:
    data = keras_file(small())
    model = read(save(tmp_path / "m.keras", data))
    assert (model.format, model.producer, model.byte_size, model.problems) == (
        Format.KERAS,
        "keras 3.15.0",
        len(data),
        (),
    )
    assert model.config["class_name"] == "Functional"
    assert names(model) == {"layers/a": ["kernel", "bias"], "layers/b": ["kernel"]}
    kernel = model.graphs[0].ops[0].weights[0]
    assert (kernel.dtype, kernel.shape, kernel.address) == (DType.FLOAT32, (4, 3), "layers/a/kernel")
    assert kernel.is_constant
    assert np.array_equal(kernel.array(), SMALL["layers/dense/vars/0"])
    assert model.find("layers/a/kernel") is kernel
    assert model.graphs[0].tensors[kernel.index] is kernel
    assert kernel.location.byte_length == 48


def test_weights_are_views_of_the_file_and_stand_where_they_say(tmp_path: Path) -> None:
    data = keras_file(small())
    kernel = read(save(tmp_path / "m.keras", data)).graphs[0].ops[0].weights[0]
    assert kernel.byte_offset is not None
    assert data[kernel.byte_offset :][:48] == SMALL["layers/dense/vars/0"].tobytes()
    assert bytes(kernel.data.obj) == data


def test_weights_in_a_compressed_archive_are_unpacked(tmp_path: Path) -> None:
    model = read(save(tmp_path / "m.keras", keras_file(small(), compression=zipfile.ZIP_DEFLATED)))
    assert model.problems == ()
    kernel = model.graphs[0].ops[0].weights[0]
    assert kernel.byte_offset is None
    assert np.array_equal(kernel.array(), SMALL["layers/dense/vars/0"])


def test_large_files_are_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.formats.keras.reader._MAP_FROM", 1)
    model = read(save(tmp_path / "m.keras", keras_file(small())))
    kernel = model.graphs[0].ops[0].weights[0]
    assert sum(float(part.sum()) for part in kernel.chunks()) == 78.0


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_weights_may_be_in_several_files(compression: int, tmp_path: Path) -> None:
    parts = {f"m_{number}.weights.h5": hdf5_file({path: array}) for number, (path, array) in enumerate(SMALL.items())}
    data = keras_file(small(), b"")
    with zipfile.ZipFile(save(tmp_path / "whole.keras", data)) as whole:
        parts |= {name: whole.read(name) for name in ("config.json", "metadata.json")}
    model = read(save(tmp_path / "m.keras", archive(parts, compression)))
    assert model.problems == ()
    assert names(model) == {"layers/a": ["kernel", "bias"], "layers/b": ["kernel"]}
    assert np.array_equal(model.graphs[0].ops[1].weights[0].array(), SMALL["layers/dense_1/vars/0"])


def test_files_that_disagree_about_what_is_a_group_are_read_as_far_as_that_goes(tmp_path: Path) -> None:
    parts = {
        "a.weights.h5": hdf5_file({"layers/dense/vars": values(2)}),
        "b.weights.h5": hdf5_file(SMALL),
        "config.json": json.dumps(small()).encode(),
        "metadata.json": b"{}",
    }
    model = read(save(tmp_path / "m.keras", archive(parts)))
    assert names(model) == {"layers/a": ["vars"], "layers/b": ["kernel"]}


def test_groups_are_named_after_classes_and_numbered(tmp_path: Path) -> None:
    layers = [entry("x"), *(layer("Conv2D", f"c{n}") for n in range(12)), layer("ReLU", "r"), layer("PReLU", "p")]
    arrays = {f"layers/conv2d{f'_{n}' if n else ''}/vars/0": values(n + 1) for n in range(12)} | {
        "layers/p_re_lu/vars/0": values(2)
    }
    model = read(save(tmp_path / "m.keras", keras_file(sequential(layers), arrays)))
    ops = model.graphs[0].ops
    assert [op.weights[0].shape for op in ops if op.kind == "Conv2D"] == [(n + 1,) for n in range(12)]
    assert names(model)["layers/p"] == ["alpha"]
    assert names(model)["layers/r"] == []


def test_operations_have_no_group(tmp_path: Path) -> None:
    layers = [
        entry("x"),
        layer("Dense", "op", call(tensor("x")), beside={"module": "keras.src.ops.numpy"}),
        layer("Dense", "a", call(tensor("op"))),
    ]
    assert of(tmp_path, functional(layers, ["x", 0, 0], ["a", 0, 0]), {"layers/dense/vars/0": values(2)}) == {
        "layers/op": [],
        "layers/a": ["0"],
    }


def test_the_name_in_a_group_counts_where_the_order_disagrees(tmp_path: Path) -> None:
    arrays = {"layers/dense/vars/0": values(3, 2), "layers/dense_1/vars/0": values(4, 3)}
    said = {"layers/dense/vars": {"name": "b"}, "layers/dense_1/vars": {"name": "a"}}
    model = read(save(tmp_path / "m.keras", keras_file(small(), hdf5_file(arrays, said))))
    assert [op.weights[0].shape for op in model.graphs[0].ops] == [(4, 3), (3, 2)]


def test_files_of_keras_2_have_groups_of_their_own(tmp_path: Path) -> None:
    config = sequential([entry("x"), layer("DepthwiseConv2D", "d")])
    arrays = {"_layer_checkpoint_dependencies/depthwise_conv2d/vars/0": values(3, 3, 2, 1),
              "_layer_checkpoint_dependencies/depthwise_conv2d/vars/1": values(2)}  # fmt: skip
    assert of(tmp_path, config, arrays, "2.12.0") == {"layers/d": ["depthwise_kernel", "bias"]}
    assert of(tmp_path, config, arrays, "") == {"layers/d": ["kernel", "bias"]}


def test_models_within_models_have_groups_within_groups(tmp_path: Path) -> None:
    inner = sequential([layer("Dense", "i")], "inner") | {"inbound_nodes": [call(tensor("x")), call(tensor("inner"))]}
    config = functional([entry("x"), inner], ["x", 0, 0], ["inner", 1, 0])
    model = read(
        save(tmp_path / "m.keras", keras_file(config, {"layers/sequential/layers/dense/vars/0": values(4, 4)}))
    )
    first, second = model.graphs[0].ops
    assert first.weights[0].address == "layers/inner/i/0"
    assert first.weights[0] is second.weights[0]


def test_the_parts_of_layers_have_the_names_that_keras_gives_them(tmp_path: Path) -> None:
    lstm = layer("LSTM", "lstm", use_bias=True)
    cells = layer(
        "StackedRNNCells",
        "stack",
        cells=[layer("LSTMCell", "one"), layer("LSTMCell", "two", use_bias=False), layer("GRUCell", "")],
    )
    layers = [
        entry("x", [None, 5, 4]),
        layer("LSTM", "plain"),
        layer("Bidirectional", "both", layer=lstm),
        layer("Bidirectional", "apart", layer=lstm, backward_layer=layer("GRU", "gru")),
        layer("RNN", "rnn", cell=cells),
        layer("TimeDistributed", "timed", layer=layer("Dense", "dense")),
        layer("TimeDistributed", "model", layer=sequential([layer("Dense", "p"), layer("Dense", "q")])),
        layer("MultiHeadAttention", "heads"),
        layer("Dropout", "drop"),
        layer("Mine", "mine"),
    ]
    cell = {"cell/vars/0": values(4, 8), "cell/vars/1": values(2, 8), "cell/vars/2": values(8)}
    arrays: dict[str, Any] = {
        **{f"layers/lstm/{path}": array for path, array in cell.items()},
        **{f"layers/bidirectional/{side}/{path}": array for path, array in cell.items() for side in ("backward_layer", "forward_layer")},
        **{f"layers/bidirectional_1/{side}/{path}": array for path, array in cell.items() for side in ("backward_layer", "forward_layer")},
        "layers/rnn/cell/cells/lstm_cell/vars/0": values(1), "layers/rnn/cell/cells/lstm_cell_1/vars/0": values(1),
        "layers/rnn/cell/cells/lstm_cell_1/vars/1": values(1), "layers/rnn/cell/cells/gru_cell/vars/0": values(1),
        "layers/rnn/cell/cells/other/vars/0": values(1),
        "layers/time_distributed/layer/vars/0": values(2, 2), "layers/time_distributed/layer/vars/1": values(2),
        "layers/time_distributed_1/layer/layers/dense/vars/0": values(2, 2),
        "layers/time_distributed_1/layer/layers/dense_1/vars/0": values(2, 2),
        "layers/multi_head_attention/_key_dense/vars/0": values(2), "layers/multi_head_attention/query_dense/vars/0": values(2),
        "layers/multi_head_attention/query_dense/vars/1": values(2),
        "layers/dropout/seed_generator/vars/0": values(2, dtype="<u4"),
        "layers/mine/vars/0": values(2), "layers/mine/vars/10": values(2), "layers/mine/vars/2": values(2),
        "layers/mine/part/vars/0": values(2), "layers/mine/loose": values(2),
    }  # fmt: skip
    lstm_names = ["kernel", "recurrent_kernel", "bias"]
    both = [f"{side}/{name}" for side in ("forward_layer", "backward_layer") for name in lstm_names]
    assert of(tmp_path, sequential(layers), arrays) == {
        "layers/plain": lstm_names,
        "layers/both": both,
        "layers/apart": both,
        "layers/rnn": ["gru_cell/0", "one/0", "two/kernel", "two/recurrent_kernel", "other/0"],
        "layers/timed": ["kernel", "bias"],
        "layers/model": ["p/0", "q/0"],
        "layers/heads": ["query/kernel", "query/bias", "key/kernel"],
        "layers/drop": ["seed_generator/seed_generator_state"],
        "layers/mine": ["0", "1", "2", "loose", "part/0"],
    }


@pytest.mark.parametrize(
    ("kind", "config", "count", "expected"),
    [
        ("Dense", {}, 2, ["kernel", "bias"]),
        ("Dense", {"use_bias": False}, 1, ["kernel"]),
        ("Dense", {"use_bias": False}, 2, ["0", "1"]),
        (
            "Dense",
            {"quantization_config": {"class_name": "Int8QuantizationConfig"}},
            3,
            ["kernel", "bias", "kernel_scale"],
        ),
        ("BatchNormalization", {"scale": False}, 3, ["beta", "moving_mean", "moving_variance"]),
        ("BatchNormalization", {"center": False}, 3, ["gamma", "moving_mean", "moving_variance"]),
        ("SeparableConv2D", {}, 3, ["depthwise_kernel", "pointwise_kernel", "bias"]),
        ("EinsumDense", {"bias_axes": "d"}, 2, ["kernel", "bias"]),
        ("EinsumDense", {"bias_axes": None}, 1, ["kernel"]),
        ("Embedding", {}, 1, ["embeddings"]),
        ("Mine", {}, 2, ["0", "1"]),
        ("Mine", {}, 0, []),
    ],
)
def test_the_variables_of_known_layers_have_names(kind: str, config: Any, count: int, expected: list[str]) -> None:
    assert variable_names(kind, config, [(1,)] * count, 3) == expected


def test_arrays_of_no_layer_are_tensors_of_the_graph(tmp_path: Path) -> None:
    arrays = {**SMALL, "extra/vars/0": values(2), "layers/no_such/vars/0": values(2)}
    model = read(save(tmp_path / "m.keras", keras_file(small(), arrays)))
    assert model.problems == ()
    assert [each.address for each in model.graphs[0].tensors[-2:]] == ["extra/vars/0", "layers/no_such/vars/0"]


def test_what_training_left_behind_is_not_read(tmp_path: Path) -> None:
    model = read(save(tmp_path / "m.keras", keras_file(small(), {**SMALL, "optimizer/vars/0": values(2)})))
    assert not any(tensor.address.startswith("optimizer") for tensor in model.graphs[0].tensors)


def test_a_model_without_layers_in_the_file_has_its_weights_and_nothing_to_judge(tmp_path: Path) -> None:
    config = {"class_name": "Net", "registered_name": "my>Net", "config": {"name": "net"}}
    model = read(save(tmp_path / "m.keras", keras_file(config, {"fc/vars/0": values(4, 3)})))
    (graph,) = model.graphs
    assert (graph.name, graph.ops, graph.intact, graph.tensors[0].address) == ("net", (), False, "fc/vars/0")
    (problem,) = model.problems
    assert (problem.kind, problem.fatal) == (ProblemKind.UNSUPPORTED, False)
    assert problem.message.startswith("The layers of the model, of the class 'Net', are not described in it")
    model = read(save(tmp_path / "m.keras", keras_file({})))
    assert model.graphs[0].name == "no name"


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("<f2", DType.FLOAT16), ("<f8", DType.FLOAT64), ("i1", DType.INT8), ("<i8", DType.INT64), ("u1", DType.UINT8),
     ("<u4", DType.UINT32), ("?", DType.BOOL), ("<c8", DType.COMPLEX64), ("V2", DType.BFLOAT16), ("V1", DType.UNKNOWN)],
)  # fmt: skip
def test_types_are_those_of_the_file(dtype: str, expected: DType, tmp_path: Path) -> None:
    array = np.frombuffer(bytes(range(16)), np.uint8).view(dtype) if dtype[0] == "V" else values(2, 3).astype(dtype)
    model = read(save(tmp_path / "m.keras", keras_file(small(), {"layers/dense/vars/0": array})))
    assert model.problems == ()
    (weight,) = model.graphs[0].ops[0].weights
    assert (weight.dtype, weight.shape, bytes(weight.data)) == (expected, array.shape, array.tobytes())


@pytest.mark.parametrize(
    "options",
    [{"chunks": (2, 3)}, {"compression": "gzip"}, {"shuffle": True, "compression": "lzf"}, {"fletcher32": True}],
    ids=str,
)
def test_values_in_pieces_or_compressed_are_copied(options: Any, tmp_path: Path) -> None:
    array = values(40, 30)
    data = keras_file(small(), hdf5_file({"layers/dense/vars/0": array, "layers/dense_1/vars/0": array + 1}, **options))
    first, second = read(save(tmp_path / "m.keras", data)).graphs[0].ops
    assert first.weights[0].byte_offset is None
    assert np.array_equal(first.weights[0].array(), array)
    assert np.array_equal(second.weights[0].array(), array + 1)


def test_values_in_another_byte_order_are_turned(tmp_path: Path) -> None:
    model = read(save(tmp_path / "m.keras", keras_file(small(), {"layers/dense/vars/0": values(4, 3).astype(">f4")})))
    assert np.array_equal(model.graphs[0].ops[0].weights[0].array(), values(4, 3))


def test_texts_and_records_have_no_values(tmp_path: Path) -> None:
    record = np.zeros(3, [("a", "<f4")])
    arrays = {
        "layers/dense/vars/0": np.array([b"one", b"two"]),
        "layers/dense/vars/1": record,
        "layers/dense_1/vars/0": values(),
    }
    first, second = read(save(tmp_path / "m.keras", keras_file(small(), arrays))).graphs[0].ops
    assert [(each.dtype, each.data) for each in first.weights] == [(DType.STRING, None), (DType.UNKNOWN, None)]
    assert second.weights[0].shape == ()
    assert second.weights[0].array() == 1


def test_an_h5_file_has_layers_weights_and_a_version(tmp_path: Path) -> None:
    layers = [
        old("InputLayer", "x", batch_input_shape=[None, 4]),
        old("Dense", "a", [["x", 0, 0, {}]], units=3),
        old("Mine", "b", [["a", 0, 0, {}]]),
    ]
    held = {
        "x": {},
        "a": {"a/kernel:0": values(4, 3), "a/bias:0": values(3)},
        "b": {"w:0": values(2), "b/dense/kernel:0": values(2)},
    }
    data = whole_h5(functional(layers, [["x", 0, 0]], [["b", 0, 0]]), held, training_config='{"loss": "mse"}')
    model = read(save(tmp_path / "m.h5", data))
    assert (model.format, model.producer, model.problems) == (Format.KERAS_H5, "keras 2.15.0", ())
    assert model.config["training_config"] == {"loss": "mse"}
    assert names(model) == {"layers/a": ["kernel", "bias"], "layers/b": ["w", "dense/kernel"]}
    kernel = model.graphs[0].ops[0].weights[0]
    assert np.array_equal(kernel.array(), values(4, 3))
    assert data[kernel.byte_offset :][:48] == values(4, 3).tobytes()


def test_the_weights_of_a_model_in_an_h5_file_go_to_its_layers(tmp_path: Path) -> None:
    def one(name: str) -> Any:
        return sequential([old("Dense", "d"), old("LSTM", f"{name}_l")], name)

    inner = sequential([one("p"), one("q"), old("Dense", "own"), one("q")], "inner")
    held = {
        "inner": {
            "own/kernel:0": values(1), "p/d/kernel:0": values(2), "q/d/kernel:0": values(3),
            "d/kernel:0": values(5), "p_l/lstm_cell_3/kernel:0": values(4), "kernel:0": values(6),
        }
    }  # fmt: skip
    model = read(save(tmp_path / "m.h5", whole_h5(sequential([inner]), held)))
    found = {op.address: [(each.name, each.shape) for each in op.weights] for op in model.graphs[0].ops if op.weights}
    assert found == {
        "layers/inner/p/d": [("kernel", (2,))],
        "layers/inner/p/p_l": [("kernel", (4,))],
        "layers/inner/own": [("kernel", (1,))],
    }
    assert {each.shape for each in model.graphs[0].tensors if each.address.startswith("model_weights")} == {
        (3,),
        (5,),
        (6,),
    }


def test_recurrent_layers_in_an_h5_file_have_the_names_of_those_in_a_keras_file(tmp_path: Path) -> None:
    cell = "both/forward_lstm/lstm_cell_1"
    held = {
        "both": {f"{cell}/kernel:0": values(1), "both/backward_lstm/lstm_cell/bias:0": values(1)},
        "conv": {"conv/conv_lstm_cell/kernel": values(1)},
        "gone": {"kernel": values(1)},
    }
    config = sequential([layer("Bidirectional", "both"), layer("ConvLSTM2D", "conv")])
    model = read(save(tmp_path / "m.h5", whole_h5(config, held)))
    assert names(model) == {"layers/both": ["forward_layer/kernel", "backward_layer/bias"], "layers/conv": ["kernel"]}
    assert model.graphs[0].tensors[-1].address == "model_weights/gone/kernel"


def test_long_lists_of_names_are_in_parts(tmp_path: Path) -> None:
    config = sequential([layer("Dense", "a"), layer("Dense", "b")])
    arrays = {"model_weights/a/k": values(1), "model_weights/b/k": values(2)}
    groups = {
        "": {"model_config": json.dumps(config), "keras_version": "2.4.0"},
        "model_weights": {"layer_names0": [b"a"], "layer_names1": ["b"]},
        "model_weights/a": {"weight_names0": [b"k"]},
        "model_weights/b": {"weight_names": np.array(["k"], dtype="S9")},
    }
    model = read(save(tmp_path / "m.h5", hdf5_file(arrays, groups)))
    assert names(model) == {"layers/a": ["k"], "layers/b": ["k"]}
