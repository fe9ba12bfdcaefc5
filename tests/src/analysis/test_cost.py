"""What ops cost: multiply-accumulates, against figures worked out by hand."""

from typing import Any

import numpy as np
import pytest

from tflint.analysis.cost import macs
from tflint.testing import GraphBuilder, model


def cost(kind: str, shapes: list[list[int | None] | None], result: list[int | None], **options: Any) -> int | None:
    """The cost of one op whose inputs have these shapes; None is one that is left out."""
    g = GraphBuilder()
    inputs = [-1 if shape is None else g.input(f"x{number}", shape) for number, shape in enumerate(shapes)]
    g.op(kind, inputs, g.tensor("y", result), options)
    return macs(model(g).graphs[0].ops[0])


def test_a_convolution_meets_its_kernel_at_every_place_of_its_output() -> None:
    assert cost("CONV_2D", [[1, 32, 32, 3], [16, 3, 3, 3], [16]], [1, 30, 30, 16]) == 30 * 30 * 16 * 3 * 3 * 3


def test_a_grouped_convolution_costs_a_group_of_channels() -> None:
    assert cost("CONV_2D", [[1, 8, 8, 8], [16, 3, 3, 2]], [1, 8, 8, 16]) == 8 * 8 * 16 * 3 * 3 * 2


def test_a_depthwise_convolution_costs_one_channel_an_output() -> None:
    assert cost("DEPTHWISE_CONV_2D", [[1, 10, 10, 8], [1, 3, 3, 16], [16]], [1, 8, 8, 16]) == 8 * 8 * 16 * 9


def test_a_fully_connected_layer_costs_its_weights_for_each_row() -> None:
    assert cost("FULLY_CONNECTED", [[5, 64], [10, 64], [10]], [5, 10]) == 5 * 10 * 64


def test_a_transposed_convolution_meets_its_kernel_at_every_place_of_its_input() -> None:
    shapes: list[list[int | None] | None] = [[4], [16, 3, 3, 8], [1, 5, 5, 8]]
    assert cost("TRANSPOSE_CONV", shapes, [1, 10, 10, 16]) == 5 * 5 * 8 * 16 * 3 * 3


def test_a_three_dimensional_convolution_has_one_more_dimension() -> None:
    assert cost("CONV_3D", [[1, 6, 8, 8, 3], [3, 3, 3, 3, 16]], [1, 4, 6, 6, 16]) == 4 * 6 * 6 * 16 * 27 * 3
    shapes: list[list[int | None] | None] = [[5], [2, 2, 2, 4, 8], [1, 3, 3, 3, 8]]
    assert cost("CONV_3D_TRANSPOSE", shapes, [1, 6, 6, 6, 4]) == 27 * 8 * 8 * 4


def test_a_matrix_product_costs_its_inner_dimension_for_each_result() -> None:
    assert cost("BATCH_MATMUL", [[2, 3, 5], [2, 5, 7]], [2, 3, 7]) == 2 * 3 * 7 * 5
    assert cost("BATCH_MATMUL", [[2, 5, 3], [2, 5, 7]], [2, 3, 7], adj_x=True) == 2 * 3 * 7 * 5


def test_dynamic_dimensions_count_as_what_is_allocated_first() -> None:
    assert cost("FULLY_CONNECTED", [[None, 64], [10, 64]], [None, 10]) == 10 * 64


def test_ops_that_sum_no_products_cost_nothing() -> None:
    assert cost("ADD", [[4], [4]], [4]) == 0


def lstm(**options: Any) -> int | None:
    """A UNIDIRECTIONAL_SEQUENCE_LSTM of 7 steps, 3 features and 5 units, or an LSTM step where options say so."""
    g = GraphBuilder()
    x = g.input("x", [1, 7, 3])
    gates = [g.constant(f"in{gate}", np.ones((5, 3), np.float32)) for gate in range(4)]
    halves = [g.constant(f"half{gate}", np.ones((5, 5), np.float16)) for gate in range(4)]
    recurrent = [g.op("DEQUANTIZE", [half], g.tensor(f"re{half}", [5, 5])) for half in halves]
    peephole, biases = [-1] * 3, [g.constant(f"bias{gate}", np.ones(5, np.float32)) for gate in range(4)]
    state = [g.tensor(name, [1, 5], is_variable=True) for name in ("h", "c")]
    inputs = [x, *gates, *recurrent, *peephole, *biases, -1, -1, *state]
    g.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, g.tensor("y", [1, 7, 5]), options)
    return macs(model(g).graphs[0].ops[-1])


def test_a_recurrent_layer_meets_every_weight_at_every_step_and_its_state_is_no_weight() -> None:
    assert lstm() == 7 * 4 * (5 * 3 + 5 * 5)


def test_a_basic_lstm_has_one_matrix_of_weights() -> None:
    shapes: list[list[int | None] | None] = [[2, 3], [2, 5], [20, 8], [20], [2, 5]]
    assert cost("LSTM", shapes, [2, 5], kernel_type="BASIC") == 2 * 20 * 8


@pytest.mark.parametrize("kind", ["IF", "WHILE", "CALL", "STABLEHLO_DOT_GENERAL", "DELEGATE", "MyCustomOp"])
def test_what_runs_elsewhere_is_unknown(kind: str) -> None:
    assert cost(kind, [[4]], [4]) is None


def test_an_op_that_is_newer_than_the_schema_is_unknown() -> None:
    g = GraphBuilder()
    g.op("ABS", [g.input("x", [4])], g.tensor("y", [4]))
    g.tables["operator_codes"][0]["builtin_code"] = 250
    assert macs(model(g).graphs[0].ops[0]) is None


def test_an_op_whose_weights_cannot_be_told_is_unknown() -> None:
    assert cost("CONV_2D", [[1, 8, 8, 3], None], [1, 8, 8, 4]) is None
    assert cost("CONV_2D", [[1, 8, 8, 3], [4, 27]], [1, 8, 8, 4]) is None
    assert cost("BATCH_MATMUL", [[4], [4]], [1]) is None
    assert cost("TRANSPOSE_CONV", [[4], [16, 3, 3, 8]], [1, 10, 10, 16]) is None
    assert cost("SVDF", [None, [4, 3]], [1, 4]) is None
    assert cost("SVDF", [[], [4, 3]], [1, 4]) is None


def test_an_op_without_output_or_of_unknown_rank_is_unknown() -> None:
    g = GraphBuilder()
    x, w = g.input("x", [1, 4]), g.tensor("w", [2, 4])
    unknown = g.tensor("u", [], has_rank=False)
    g.op("FULLY_CONNECTED", [x, w, -1], [])
    g.op("FULLY_CONNECTED", [x, unknown, -1], g.tensor("y", [1, 2]))
    g.op("FULLY_CONNECTED", [x, w, -1], unknown)
    assert [macs(op) for op in model(g).graphs[0].ops] == [None, None, None]


def test_a_whole_network_costs_what_its_authors_say() -> None:
    """MobileNet v1 with a width of 0.25 at 96 by 96 pixels, as in MLPerf Tiny: 7.5 million with its classifier of 2."""
    g = GraphBuilder()
    size, channels = 48, 8
    x = g.op("CONV_2D", [g.input("x", [1, 96, 96, 3]), g.tensor("w", [8, 3, 3, 3]), -1], g.tensor("y", [1, 48, 48, 8]))
    for filters, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)]:
        size //= stride
        each = g.tensor("each", [1, size, size, channels])
        x = g.op("DEPTHWISE_CONV_2D", [x, g.tensor("w", [1, 3, 3, channels]), -1], each)
        x = g.op("CONV_2D", [x, g.tensor("w", [filters, 1, 1, channels]), -1], g.tensor("y", [1, size, size, filters]))
        channels = filters
    g.op("FULLY_CONNECTED", [x, g.tensor("w", [2, 256]), -1], g.tensor("scores", [1, 2]))
    assert sum(macs(op) or 0 for op in model(g).graphs[0].ops) == pytest.approx(7.49e6, rel=0.01)
