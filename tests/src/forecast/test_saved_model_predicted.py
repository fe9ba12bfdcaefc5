"""What a SavedModel's default signature becomes: ops of the runtime, with shapes, constants and settings."""

from pathlib import Path

import numpy as np
import pytest

from saved_models import const, function, info, node, saved_model, write
from tf_graphs import TensorFlowGraph, model
from tflint.forecast import predicted
from tflint.formats import read
from tflint.model import DType, Format, Model, Op, Shape, Tensor


def made(graph: TensorFlowGraph, *functions: TensorFlowGraph, precision: str = "float32") -> Model:
    found = predicted(model(graph, *functions), precision)
    assert found is not None
    return found


def ops(graph: TensorFlowGraph, *functions: TensorFlowGraph) -> list[Op]:
    return list(made(graph, *functions).graphs[0].ops)


def kinds(graph: TensorFlowGraph, *functions: TensorFlowGraph) -> list[str]:
    return [op.kind for op in ops(graph, *functions)]


def conv(
    g: TensorFlowGraph, x: Tensor, filters: Shape, out: Shape, *, kind: str = "Conv2D", stride: int = 1,
    padding: str = "SAME", data_format: str = "NHWC", **more: object,
) -> Tensor:  # fmt: skip
    weights = g.constant(np.ones([size or 1 for size in filters]))
    strides = (1, 1, stride, stride) if data_format == "NCHW" else (1, stride, stride, 1)
    return g.op(
        kind, [x, weights], [g.tensor(out)], strides=strides, padding=padding, data_format=data_format,
        dilations=(1, 1, 1, 1), **more,
    )  # fmt: skip


def test_a_convolution_takes_its_bias_and_activation() -> None:
    g = TensorFlowGraph()
    y = conv(g, g.input((1, 8, 8, 3)), (3, 3, 3, 4), (1, 4, 4, 4), stride=2)
    y = g.op("BiasAdd", [y, g.constant([1, 2, 3, 4])])
    [op] = ops(g.output(g.op("Relu", [y])))
    assert op.kind == "CONV_2D"
    assert [tensor and tensor.shape for tensor in op.inputs] == [(1, 8, 8, 3), (4, 3, 3, 3), (4,)]
    assert op.outputs[0].shape == (1, 4, 4, 4)
    assert op.options["fused_activation_function"] == "RELU"
    assert (op.options["stride_h"], op.options["stride_w"], op.options["padding"]) == (2, 2, "SAME")


def test_batch_normalization_is_folded_into_the_convolution_before_it() -> None:
    g = TensorFlowGraph()
    y = conv(g, g.input((None, 8, 8, 3)), (3, 3, 3, 4), (None, 8, 8, 4))
    rows = [g.constant(np.ones(4)) for _ in range(4)]
    outputs = [g.tensor(y.shape), *[g.tensor((4,)) for _ in range(4)]]
    y = g.op("FusedBatchNormV3", [y, *rows], outputs, is_training=False, data_format="NHWC")
    assert kinds(g.output(g.op("Relu6", [y]))) == ["CONV_2D"]


def test_batch_normalization_alone_is_a_product_and_a_sum() -> None:
    g = TensorFlowGraph()
    rows = [g.constant(np.ones(4)) for _ in range(4)]
    x = g.input((None, 8, 8, 4))
    outputs = [g.tensor(x.shape), *[g.tensor((4,)) for _ in range(4)]]
    assert kinds(g.output(g.op("FusedBatchNormV3", [x, *rows], outputs, is_training=False))) == ["MUL", "ADD"]


def test_one_that_learns_is_unknown() -> None:
    g = TensorFlowGraph()
    rows = [g.constant(np.ones(4)) for _ in range(4)]
    x = g.input((None, 8, 8, 4))
    outputs = [g.tensor(x.shape), *[g.tensor((4,)) for _ in range(4)]]
    [op] = ops(g.output(g.op("FusedBatchNormV3", [x, *rows], outputs, is_training=True)))
    assert op.is_unknown
    assert op.kind == "TENSORFLOW_FUSEDBATCHNORMV3"
    assert op.outputs[0].shape == x.shape


def test_channels_first_are_moved_to_the_end_and_back() -> None:
    g = TensorFlowGraph()
    y = conv(g, g.input((1, 3, 8, 8)), (3, 3, 3, 4), (1, 4, 8, 8), data_format="NCHW")
    y = g.op("BiasAdd", [y, g.constant([1, 2, 3, 4])], data_format="NCHW")
    found = ops(g.output(g.op("Relu", [y])))
    assert [op.kind for op in found] == ["TRANSPOSE", "CONV_2D", "TRANSPOSE"]
    assert found[1].options["fused_activation_function"] == "RELU"
    assert found[2].outputs[0].shape == (1, 4, 8, 8)


def test_a_depthwise_convolution_has_its_multiplier() -> None:
    g = TensorFlowGraph()
    y = conv(g, g.input((1, 8, 8, 3)), (3, 3, 3, 2), (1, 8, 8, 6), kind="DepthwiseConv2dNative")
    [op] = ops(g.output(y))
    assert (op.kind, op.options["depth_multiplier"]) == ("DEPTHWISE_CONV_2D", 2)
    assert op.inputs[1] is not None
    assert op.inputs[1].shape == (1, 3, 3, 6)


def test_explicit_padding_is_an_op_before_the_convolution() -> None:
    g = TensorFlowGraph()
    y = conv(
        g, g.input((1, 8, 8, 3)), (3, 3, 3, 4), (1, 8, 8, 4), padding="EXPLICIT",
        explicit_paddings=(0, 0, 2, 0, 2, 0, 0, 0),
    )  # fmt: skip
    assert kinds(g.output(y)) == ["PAD", "CONV_2D"]


def test_blocks_of_a_dilated_convolution_become_its_dilation() -> None:
    g = TensorFlowGraph()
    x, two = g.input((1, 8, 8, 3)), g.constant([2, 2], "int32")
    pads = g.constant([[2, 2], [2, 2]], "int32")
    y = g.op("SpaceToBatchND", [x, two, pads], [g.tensor((4, 6, 6, 3))])
    y = conv(g, y, (3, 3, 3, 4), (4, 4, 4, 4), padding="VALID")
    crops = g.constant([[0, 0], [0, 0]], "int32")
    [op] = ops(g.output(g.op("BatchToSpaceND", [y, two, crops], [g.tensor((1, 8, 8, 4))])))
    assert (op.kind, op.options["dilation_h_factor"], op.options["padding"]) == ("CONV_2D", 2, "SAME")


def test_a_product_with_constant_weights_is_fully_connected_with_its_bias() -> None:
    g = TensorFlowGraph()
    y = g.op("MatMul", [g.input((None, 8)), g.constant(np.ones((8, 5)))], [g.tensor((None, 5))])
    [op] = ops(g.output(g.op("AddV2", [y, g.constant([1, 2, 3, 4, 5])])))
    assert op.kind == "FULLY_CONNECTED"
    assert [tensor and tensor.shape for tensor in op.inputs] == [(None, 8), (5, 8), (5,)]


def test_a_product_of_two_values_is_a_batch_matmul() -> None:
    g = TensorFlowGraph()
    y = g.op("MatMul", [g.input((3, 8)), g.input((8, 5))], [g.tensor((3, 5))])
    assert kinds(g.output(y)) == ["BATCH_MATMUL"]


def test_the_rows_of_a_matrix_of_rows_stay_apart() -> None:
    g = TensorFlowGraph()
    flat = g.op("Reshape", [g.input((2, 3, 8)), g.constant([6, 8], "int32")], [g.tensor((6, 8))])
    y = g.op("MatMul", [flat, g.constant(np.ones((8, 5)))], [g.tensor((6, 5))])
    [op] = ops(g.output(g.op("Reshape", [y, g.constant([2, 3, 5], "int32")], [g.tensor((2, 3, 5))])))
    assert (op.kind, op.options["keep_num_dims"], op.outputs[0].shape) == ("FULLY_CONNECTED", True, (2, 3, 5))


def test_a_shape_that_is_measured_stays_and_a_known_one_folds() -> None:
    for batch, expected in ((None, ["SHAPE", "STRIDED_SLICE", "PACK", "RESHAPE"]), (2, ["RESHAPE"])):
        g = TensorFlowGraph()
        x = g.input((batch, 4, 4))
        sizes = g.op("Shape", [x], [g.tensor((3,), "INT32")])
        ends = [g.constant([each], "int32") for each in (0, 1, 1)]
        first = g.op("StridedSlice", [sizes, *ends], [g.tensor((), "INT32")], shrink_axis_mask=1)
        target = g.op("Pack", [first, g.constant(16, "int32")], [g.tensor((2,), "INT32")], axis=0)
        assert kinds(g.output(g.op("Reshape", [x, target], [g.tensor((batch, 16))]))) == expected


def test_a_shape_put_together_again_is_the_shape_itself() -> None:
    g = TensorFlowGraph()
    x = g.input((None, 4))
    sizes = g.op("Shape", [x], [g.tensor((2,), "INT32")])
    ends = [g.constant([each], "int32") for each in (0, 1, 1)]
    first = g.op("StridedSlice", [sizes, *ends], [g.tensor((), "INT32")], shrink_axis_mask=1)
    target = g.op("Pack", [first, g.constant(4, "int32")], [g.tensor((2,), "INT32")], axis=0)
    wide = g.op("Reshape", [x, g.constant([-1, 4, 1], "int32")], [g.tensor((None, 4, 1))])
    y = g.op("Reshape", [g.op("Exp", [wide]), target], [g.tensor((None, 4))])
    assert "PACK" not in kinds(g.output(y))


@pytest.mark.parametrize(("begin", "end", "masks", "expected"), [
    ([0, 2], [2, 5], {}, ["SLICE"]),
    ([0, 0], [2, 8], {}, []),
    ([0, 2], [0, 5], {"end_mask": 1}, ["STRIDED_SLICE"]),
    ([1], [2], {"shrink_axis_mask": 1}, ["STRIDED_SLICE"]),
    ([0, 0, 2], [0, 0, 5], {"new_axis_mask": 2, "begin_mask": 1, "end_mask": 1}, ["RESHAPE", "STRIDED_SLICE"]),
    ([0, 3], [0, 4], {"ellipsis_mask": 1, "shrink_axis_mask": 2}, ["STRIDED_SLICE"]),
])  # fmt: skip
def test_a_strided_slice_is_what_its_masks_leave(
    begin: list[int], end: list[int], masks: dict[str, int], expected: list[str]
) -> None:
    g = TensorFlowGraph()
    ends = [g.constant(each, "int32") for each in (begin, end, [1] * len(begin))]
    y = g.op("StridedSlice", [g.input((2, 8)), *ends], [g.tensor((2, 3) if expected else (2, 8))], **masks)
    found = ops(g.output(y))
    assert [op.kind for op in found] == expected
    for op in found:
        if op.kind == "STRIDED_SLICE":
            assert (op.options["new_axis_mask"], op.options["ellipsis_mask"]) == (0, 0)
            assert op.inputs[1] is not None
            assert op.inputs[0] is not None
            assert op.inputs[1].shape == (len(op.inputs[0].shape),)


def test_constants_are_computed_before() -> None:
    g = TensorFlowGraph()
    scale = g.op("Rsqrt", [g.constant([4.0, 16.0])], [g.tensor((2,))])
    y = g.op("Mul", [g.input((None, 2)), scale])
    [op] = ops(g.output(y))
    assert op.inputs[1] is not None
    assert np.allclose(np.asarray(op.inputs[1].array()), [0.5, 0.25])


def test_an_op_for_tensorflows_kernels_is_a_custom_op() -> None:
    g = TensorFlowGraph()
    [op] = ops(g.output(g.op("Tan", [g.input((2, 3))], T="FLOAT32")))
    assert (op.kind, op.is_custom, op.is_unknown) == ("FlexTan", True, False)


def test_an_op_whose_shape_nobody_knows_is_unknown() -> None:
    g = TensorFlowGraph()
    y = g.op("Reshape", [g.input((2, 3)), g.input((2,), "INT32")], [g.tensor(None)])
    [op] = ops(g.output(y))
    assert op.is_unknown


def test_what_does_not_convert_is_not_foretold() -> None:
    g = TensorFlowGraph()
    assert predicted(model(g.output(g.op("Mine", [g.input()])))) is None
    assert predicted(Model("m", Format.SAVED_MODEL, 0)) is None


def test_the_first_signature_is_foretold() -> None:
    g, other = TensorFlowGraph(), TensorFlowGraph("other", 1)
    g.output(g.op("Exp", [g.input()]))
    other.output(other.op("Tanh", [other.input()]))
    found = predicted(model(g, other, keys=("serving_default", "other")))
    assert found is not None
    assert [[op.kind for op in graph.ops] for graph in found.graphs] == [["EXP"]]


def test_an_op_stands_where_its_node_does() -> None:
    g = TensorFlowGraph()
    [op] = ops(g.output(g.op("Exp", [g.input()], name="model/layer/Exp")))
    assert (op.name, op.outputs[0].name) == ("model/layer/Exp", "model/layer/Exp")


# ------------------------------------------------------------------------------------------------ order


def test_branches_stand_in_the_order_of_the_importer() -> None:
    g = TensorFlowGraph()
    x = g.input((2, 3))
    last, first = g.op("Sqrt", [x], name="Sqrt"), g.op("Rsqrt", [x], name="Rsqrt")
    assert kinds(g.output(g.op("AddV2", [last, first], name="add"))) == ["RSQRT", "SQRT", "ADD"]


# ------------------------------------------------------------------------------------------------ loops and branches


def _loop() -> tuple[TensorFlowGraph, TensorFlowGraph, TensorFlowGraph]:
    g, test, body = TensorFlowGraph(), TensorFlowGraph("test", 1), TensorFlowGraph("body", 2)
    given = [g.constant(0, "int32"), g.constant(9, "int32"), g.input((2, 3))]
    outputs = [g.tensor((), "INT32"), g.tensor((), "INT32"), g.tensor((2, 3))]
    g.op("StatelessWhile", given, outputs, cond="test", body="body")
    g.output(outputs[2])
    taken = [test.input((), "INT32"), test.input((), "INT32"), test.input((2, 3))]
    test.output(test.op("Less", [taken[0], test.constant(3, "int32")], [test.tensor((), "BOOL")]))
    kept = [body.input((), "INT32"), body.input((), "INT32"), body.input((2, 3))]
    more = body.op("AddV2", [kept[0], body.constant(1, "int32")])
    body.output(more, kept[1], body.op("Mul", [kept[2], body.constant(2.0)]))
    return g, test, body


def test_a_loop_is_an_op_and_two_graphs_without_what_no_turn_needs() -> None:
    found = made(*_loop())
    assert [[op.kind for op in graph.ops] for graph in found.graphs] == [["WHILE"], ["LESS"], ["ADD", "MUL"]]
    [loop] = found.graphs[0].ops
    assert len(loop.inputs) == len(found.graphs[1].inputs) == len(found.graphs[2].outputs) == 2
    assert (loop.options["cond_subgraph_index"], loop.options["body_subgraph_index"]) == (1, 2)


def test_nothing_is_told_of_a_quantized_loop() -> None:
    assert predicted(model(*_loop()), "int8") is None


def test_a_branch_is_an_op_and_two_graphs() -> None:
    g, yes, no = TensorFlowGraph(), TensorFlowGraph("yes", 1), TensorFlowGraph("no", 2)
    g.output(g.op("StatelessIf", [g.input((), "BOOL"), g.input()], [g.tensor()], then_branch="yes", else_branch="no"))
    yes.output(yes.op("Exp", [yes.input()]))
    no.output(no.op("Tanh", [no.input()]))
    assert [[op.kind for op in graph.ops] for graph in made(g, yes, no).graphs] == [["IF"], ["EXP"], ["TANH"]]


def test_a_loop_over_lists_is_unknown() -> None:
    g, test, body = _loop()
    g.ops.clear()
    handle = g.op("TensorListReserve", [g.constant([3], "int32"), g.constant(4, "int32")], [g.tensor((), "VARIANT")])
    outputs = [g.tensor((), "INT32"), g.tensor((), "VARIANT"), g.tensor((2, 3))]
    g.op("StatelessWhile", [g.constant(0, "int32"), handle, g.inputs[0]], outputs, cond="test", body="body")
    g.outputs[:] = [outputs[2]]
    assert any(op.is_unknown for op in ops(g, test, body))


# ------------------------------------------------------------------------------------------------ integers and files


def test_integers_have_scales_and_what_stays_in_float_is_turned() -> None:
    g = TensorFlowGraph()
    y = g.op("Sin", [g.op("Relu", [g.input((2, 3))])], T="FLOAT32")
    found = made(g.output(g.op("Tanh", [y])), precision="int8").graphs[0]
    assert [op.kind for op in found.ops] == ["RELU", "DEQUANTIZE", "SIN", "QUANTIZE", "TANH"]
    assert found.inputs[0].dtype is DType.INT8


def test_ops_in_float_hand_floats_on() -> None:
    g = TensorFlowGraph()
    y = g.op("Cos", [g.op("Sin", [g.input((2, 3))], T="FLOAT32")], T="FLOAT32")
    found = made(g.output(g.op("Tanh", [y])), precision="int8").graphs[0]
    assert [op.kind for op in found.ops] == ["DEQUANTIZE", "SIN", "COS", "QUANTIZE", "TANH"]


def test_what_only_moves_values_keeps_their_scale() -> None:
    g = TensorFlowGraph()
    y = g.op("Softmax", [g.input((2, 3))])
    g.output(g.op("Reshape", [y, g.constant([6], "int32")], [g.tensor((6,))]))
    soft, moved = (op.outputs[0].quant for op in made(g, precision="int8").graphs[0].ops)
    assert soft is not None
    assert moved is not None
    assert (float(soft.scale[0]), int(soft.zero_point[0])) == (float(moved.scale[0]), int(moved.zero_point[0]))
    assert int(moved.zero_point[0]) == -128


def test_a_file_becomes_what_its_graph_does(tmp_path: Path) -> None:
    nodes = [const("w", np.ones((8, 3), np.float32)), node("y", "MatMul", ["x", "w:output:0"], T=DType.FLOAT32)]
    inner = function("f", {"x": DType.FLOAT32}, nodes, {"out": ("y:product:0", DType.FLOAT32)}, x=(None, 8))
    nodes = [
        node("x", "Placeholder", dtype=DType.FLOAT32, shape=(None, 8)),
        node("call", "f", ["x"], _output_shapes=[(None, 3)]),
    ]
    sides = ({"x": info("x:0", shape=(None, 8))}, {"y": info("call:0", shape=(None, 3))})
    made_ = saved_model(nodes, [inner], {"serving_default": sides})
    found = predicted(read(str(write(tmp_path / "model", made_))))
    assert found is not None
    [op] = found.graphs[0].ops
    assert (op.kind, op.outputs[0].shape) == ("FULLY_CONNECTED", (None, 3))
    assert op.address == "serving_default/call/y"
