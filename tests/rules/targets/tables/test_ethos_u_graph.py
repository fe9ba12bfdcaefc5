"""What becomes of ops on an Ethos-U once their neighbours are known."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tflint.analysis.placement import place
from tflint.target import Target
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.ethos_u import ETHOS_U55, ETHOS_U85

IMAGE = (1, 8, 8, 4)
CONV = {"padding": "VALID", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}


class Net(GraphBuilder):
    """A graph that is built up tensor by tensor."""

    def x(self, shape: Sequence[int] = IMAGE, dtype: str = "INT8") -> int:
        return self.input(f"x{len(self.graph['tensors'])}", shape, dtype, **({"scale": 0.5} if "INT" in dtype else {}))

    def t(self, shape: Sequence[int] = IMAGE, dtype: str = "INT8") -> int:
        more: dict[str, Any] = {"scale": 0.5} if dtype == "INT8" else {}
        return self.tensor(f"t{len(self.graph['tensors'])}", shape, dtype, **more)

    def c(self, values: Any, dtype: str = "int32") -> int:
        more: dict[str, Any] = {"scale": 0.5} if dtype == "int8" else {}
        return self.constant(f"c{len(self.graph['tensors'])}", np.asarray(values, dtype), **more)

    def placed(self, target: Target, *outputs: int) -> list[bool | None]:
        self.output(*outputs)
        return list(place(target, model(self).graphs[0]).placed)


def test_what_no_output_needs_is_gone_and_counts_as_taken() -> None:
    g = Net()
    x = g.x()
    y = g.op("RELU", [x], g.t())
    g.op("DEQUANTIZE", [x], g.t(dtype="FLOAT32"))
    g.op("RELU", [y], g.t())
    assert g.placed(ETHOS_U55, y) == [True, True, True]


def test_an_op_without_outputs_stays() -> None:
    g = Net()
    x = g.x()
    y = g.op("RELU", [x], g.t())
    g.op("MyLog", [x], [])
    assert g.placed(ETHOS_U55, y) == [True, False]


def test_where_nothing_is_left_for_the_npu_nothing_is_taken() -> None:
    g = Net()
    x = g.x()
    g.op("RELU", [x], g.t())
    y = g.op("MyOp", [x], g.t())
    assert g.placed(ETHOS_U55, y) == [False, False]
    found = place(ETHOS_U55, model(g).graphs[0])
    assert found.verdicts[0].reason == "nothing of the graph is left for the NPU to do"
    assert found.verdicts[1].reason == "MyOp is not among the ops of ethos-u55"


def test_a_graph_without_outputs_is_left_alone() -> None:
    g = Net()
    g.op("RELU", [g.x()], g.t())
    assert g.placed(ETHOS_U55) == [False]


def test_what_is_computed_while_compiling_is_no_work_for_the_npu() -> None:
    g = Net()
    y = g.op("RESHAPE", [g.c(np.ones((4, 4)), "int8"), g.c([16])], g.t((16,)), {})
    z = g.op("MyOp", [y], g.t((16,)))
    assert g.placed(ETHOS_U55, z) == [False, False]
    g = Net()
    y = g.op("RESHAPE", [g.c(np.ones((4, 4)), "int8"), g.c([16])], g.t((16,)), {})
    assert g.placed(ETHOS_U55, y) == [True]


def shapes(g: Net, x: int) -> int:
    shape = g.op("SHAPE", [x], g.t((4,), "INT32"), {})
    return g.op("CONCATENATION", [shape, g.c([1])], g.t((5,), "INT32"), {"axis": 0})


def test_what_makes_the_shape_for_a_reshape_on_the_npu_is_gone() -> None:
    g = Net()
    x = g.x()
    y = g.op("RESHAPE", [x, shapes(g, x)], g.t((1, 1, 8, 8, 4)), {})
    assert g.placed(ETHOS_U55, y) == [True, True, True]
    g = Net()
    x = g.x(dtype="FLOAT32")
    y = g.op("RESHAPE", [x, shapes(g, x)], g.t((1, 1, 8, 8, 4), "FLOAT32"), {})
    assert g.placed(ETHOS_U55, y) == [False, False, False]


def test_the_axis_of_an_expand_dims_and_a_left_out_input() -> None:
    g = Net()
    x = g.x()
    axis = g.op("MyAxis", [x, -1], g.t((1,), "INT32"))
    y = g.op("EXPAND_DIMS", [x, axis], g.t((1, *IMAGE)), {})
    assert g.placed(ETHOS_U55, y) == [True, True]


def test_what_makes_the_shape_for_a_transposed_convolution_stays() -> None:
    g = Net()
    x = g.x()
    shape = g.op("MyShape", [x], g.t((4,), "INT32"))
    weights = g.c(np.ones((4, 2, 2, 4)), "int8")
    options = {"padding": "SAME", "stride_w": 2, "stride_h": 2}
    y = g.op("TRANSPOSE_CONV", [shape, weights, x], g.t((1, 16, 16, 4)), options)
    assert g.placed(ETHOS_U55, y) == [False, True]


def dilated(
    g: Net, *, depthwise: bool = False, before: bool = False, after: bool = False, block: Any = (2, 2), **options: Any
) -> int:
    """SPACE_TO_BATCH_ND, a convolution, BATCH_TO_SPACE_ND, with reshapes between them where that is wanted."""
    block_shape = g.c(block)
    spread = g.op("SPACE_TO_BATCH_ND", [g.x(), block_shape, g.c([[2, 2], [2, 2]])], g.t((4, 6, 6, 4)), {})
    if before:
        spread = g.op("RESHAPE", [spread, g.c([4, 6, 6, 1, 4])], g.t((4, 6, 6, 4)), {})
    if depthwise:
        weights = g.c(np.ones((1, 3, 3, 4)), "int8")
        y = g.op("DEPTHWISE_CONV_2D", [spread, weights], g.t((4, 4, 4, 4)), {**CONV, "depth_multiplier": 1, **options})
    else:
        y = g.op("CONV_2D", [spread, g.c(np.ones((4, 3, 3, 4)), "int8")], g.t((4, 4, 4, 4)), {**CONV, **options})
    if after:
        y = g.op("RESHAPE", [y, g.c([4, 4, 4, 4])], g.t((4, 4, 4, 4)), {})
    return g.op("BATCH_TO_SPACE_ND", [y, block_shape, g.c([[0, 0], [0, 0]])], g.t(), {})


def test_a_convolution_between_space_and_batch_becomes_a_dilated_one() -> None:
    for target in (ETHOS_U55, ETHOS_U85):
        for options in ({}, {"depthwise": True}, {"before": True}, {"after": True}, {"block": [2]}):
            g = Net()
            assert all(g.placed(target, dilated(g, **options)))


def test_a_fused_activation_is_in_the_way() -> None:
    g = Net()
    assert g.placed(ETHOS_U55, dilated(g, fused_activation_function="RELU")) == [False, True, False]


def test_another_reader_is_in_the_way() -> None:
    g = Net()
    y = dilated(g)
    middle = next(each["outputs"][0] for each in g.graph["operators"] if len(each["inputs"]) == 2)
    z = g.op("RELU", [middle], g.t((4, 4, 4, 4)))
    assert g.placed(ETHOS_U55, y, z)[:3] == [False, True, False]


def test_a_block_size_that_is_not_known_is_in_the_way() -> None:
    g = Net()
    size = g.x((2,), "INT32")
    spread = g.op("SPACE_TO_BATCH_ND", [g.x(), size, g.c([[2, 2], [2, 2]])], g.t((4, 6, 6, 4)), {})
    y = g.op("CONV_2D", [spread, g.c(np.ones((4, 3, 3, 4)), "int8")], g.t((4, 4, 4, 4)), CONV)
    y = g.op("BATCH_TO_SPACE_ND", [y, size, g.c([[0, 0], [0, 0]])], g.t(), {})
    assert g.placed(ETHOS_U55, y) == [False, True, False]


def test_a_dilated_convolution_that_does_not_fit_stays_apart() -> None:
    g = Net()
    y = dilated(g, stride_w=4, stride_h=4)
    assert g.placed(ETHOS_U55, y)[0] is False


def test_reshapes_that_move_more_than_ones_are_in_the_way() -> None:
    g = Net()
    spread = g.op("SPACE_TO_BATCH_ND", [g.x(), g.c([2, 2]), g.c([[2, 2], [2, 2]])], g.t((4, 6, 6, 4)), {})
    flat = g.op("RESHAPE", [spread, g.c([4, 36, 4])], g.t((4, 36, 1, 4)), {})
    y = g.op("CONV_2D", [flat, g.c(np.ones((4, 3, 1, 4)), "int8")], g.t((4, 34, 1, 4)), CONV)
    y = g.op("BATCH_TO_SPACE_ND", [y, g.c([2, 2]), g.c([[0, 0], [0, 0]])], g.t(), {})
    assert g.placed(ETHOS_U55, y) == [False, True, True, False]


def test_reshapes_with_other_readers_or_no_maker_are_in_the_way() -> None:
    g = Net()
    x = g.x((4, 6, 6, 4))
    same = g.op("RESHAPE", [x, g.c([4, 6, 6, 4])], g.t((4, 6, 6, 4)), {})
    y = g.op("CONV_2D", [same, g.c(np.ones((4, 3, 3, 4)), "int8")], g.t((4, 4, 4, 4)), CONV)
    z = g.op("RESHAPE", [y, g.c([4, 4, 4, 4])], g.t((4, 4, 4, 4)), {})
    a, b = g.op("RELU", [z], g.t((4, 4, 4, 4))), g.op("RELU6", [z], g.t((4, 4, 4, 4)))
    assert g.placed(ETHOS_U55, a, b) == [True] * 5
    g = Net()
    alone = g.op("CONV_2D", [-1, g.c(np.ones((4, 3, 3, 4)), "int8")], g.t(), CONV)
    assert g.placed(ETHOS_U55, alone) == [False]


def variables(dtype: str) -> Net:
    g = Net()
    handle = g.op("VAR_HANDLE", [], g.tensor("h", (1,), "RESOURCE"), {"shared_name": "v"})
    x = g.x(dtype=dtype)
    g.op("ASSIGN_VARIABLE", [handle, x], [])
    y = g.op("READ_VARIABLE", [handle], g.t(dtype=dtype), {})
    g.output(g.op("RELU", [y], g.t(dtype=dtype)))
    return g


def test_a_variable_is_taken_on_u85_where_all_that_use_it_are() -> None:
    assert variables("INT8").placed(ETHOS_U85) == [True] * 4
    assert variables("FLOAT32").placed(ETHOS_U85) == [False] * 4
    assert variables("INT8").placed(ETHOS_U55) == [False, False, False, True]
    g = Net()
    g.op("VAR_HANDLE", [], [], {})
    assert g.placed(ETHOS_U85) == [False]


def test_a_boolean_at_the_edge_is_work_for_a_u85() -> None:
    g = Net()
    g.op("RELU", [g.x()], g.t())
    y = g.op("MyOp", [g.x(dtype="BOOL")], g.t())
    assert g.placed(ETHOS_U85, y) == [True, False]
    g = Net()
    g.op("RELU", [g.x()], g.t())
    y = g.op("MyOp", [g.x()], g.t(dtype="BOOL"))
    assert g.placed(ETHOS_U85, y) == [True, False]


def test_what_vela_made_before_is_taken_as_it_is() -> None:
    g = Net()
    y = g.op("ethos-u", [g.x()], g.t())
    assert g.placed(ETHOS_U55, y) == [True]
