"""The scratch memory of LiteRT's kernels, in bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tflint.analysis.litert_kernels import temporaries
from tflint.analysis.sizing import sizing
from tflint.testing import GraphBuilder, model


def needs(kind: str, inputs: Sequence[Any], result: Sequence[int], **options: Any) -> tuple[int, ...] | None:
    """What one op asks for: a list is an input of floats, a pair one of another type, an array a constant."""
    g = GraphBuilder()
    numbers = []
    for number, each in enumerate(inputs):
        if each is None:
            numbers.append(-1)
        elif isinstance(each, list):
            numbers.append(g.input(f"x{number}", each))
        elif isinstance(each, tuple):
            numbers.append(g.input(f"x{number}", *each))
        elif isinstance(each, dict):
            numbers.append(g.constant(f"c{number}", **each))
        else:
            numbers.append(g.constant(f"c{number}", np.asarray(each)))
    g.op(kind, numbers, g.tensor("y", result), options)
    made = model(g)
    return temporaries(made.graphs[0].ops[0], sizing(made, made.graphs[0]))


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def i8(*shape: int) -> np.ndarray:
    return np.ones(shape, np.int8)


def ints(*values: Any) -> np.ndarray:
    return np.array(values, np.int32)


X = [1, 8, 8, 3]


def test_most_ops_need_nothing() -> None:
    assert needs("NEG", [[4]], [4]) == ()
    assert needs("Mine", [[4]], [4]) == ()


def test_a_convolution_lays_its_windows_side_by_side() -> None:
    step = {"padding": "VALID", "stride_w": 1, "stride_h": 1}
    assert needs("CONV_2D", [X, f32(5, 3, 3, 3), f32(5)], [1, 6, 6, 5], **step) == (36 * 27 * 4,)
    assert needs("CONV_2D", [(X, "INT8"), i8(5, 3, 3, 3)], [1, 6, 6, 5], **step) == (36 * 27,)
    assert needs("CONV_2D", [X, f32(5, 1, 1, 3), f32(5)], [1, 8, 8, 5], **step) == ()
    assert needs("CONV_2D", [X, f32(5, 1, 1, 3)], [1, 4, 4, 5], **{**step, "stride_w": 2, "stride_h": 2}) == (192,)
    assert needs("CONV_2D", [X, f32(5, 1, 1, 3)], [1, 8, 8, 5], **step, dilation_w_factor=2) == (64 * 3 * 4,)


def test_a_convolution_with_integer_weights_quantizes_its_input() -> None:
    step = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    hybrid = needs("CONV_2D", [X, i8(5, 3, 3, 3), f32(5)], [1, 8, 8, 5], **step)
    assert hybrid == (64 * 27, 192, 4 * 64, 4 * 5 * 64)
    scaled = {"values": i8(2, 1, 1, 3), "scale": [0.1, 0.2]}
    assert needs("CONV_2D", [X, scaled, f32(2)], [1, 8, 8, 2], **step) == (192, 4 * 64, 4 * 2 * 64, 4 * 64)
    alike = {"values": i8(2, 1, 1, 3), "scale": [0.1, 0.1]}
    assert needs("CONV_2D", [X, alike, f32(2)], [1, 8, 8, 2], **step) == (192, 4 * 64, 4 * 2 * 64)


def test_a_convolution_of_three_dimensions_lays_its_windows_side_by_side_too() -> None:
    step = {"padding": "VALID", "stride_d": 1, "stride_w": 1, "stride_h": 1}
    assert needs("CONV_3D", [[1, 4, 4, 4, 2], f32(2, 2, 2, 2, 3)], [1, 3, 3, 3, 3], **step) == (27 * 16 * 4,)
    assert needs("CONV_3D", [[1, 4, 4, 4, 2], f32(1, 1, 1, 2, 3)], [1, 4, 4, 4, 3], **step) == ()


def test_a_depthwise_convolution_needs_memory_for_integer_weights_alone() -> None:
    step = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    assert needs("DEPTHWISE_CONV_2D", [[2, 8, 8, 3], f32(1, 3, 3, 3)], [2, 8, 8, 3], **step) == ()
    assert needs("DEPTHWISE_CONV_2D", [[2, 8, 8, 3], i8(1, 3, 3, 3)], [2, 8, 8, 3], **step) == (384, 8, 8)


def test_a_layer_with_integer_weights_quantizes_its_input() -> None:
    assert needs("FULLY_CONNECTED", [[2, 10], f32(5, 10), None], [2, 5]) == ()
    assert needs("FULLY_CONNECTED", [[2, 10], i8(5, 10), None], [2, 5]) == (20, 8, 4 * 5 * 2, 8)
    assert needs("FULLY_CONNECTED", [[2, 10], i8(5, 0), None], [2, 5]) == ()


def test_weights_of_four_bits_are_taken_in_blocks() -> None:
    packed = {"values": np.zeros(5 * 20, np.uint8), "dtype": "INT4", "shape": [5, 40]}
    assert needs("FULLY_CONNECTED", [[3, 40], packed, None], [3, 5]) == (4 * 64, 16, 4 * 4 * 8, 16)
    assert needs("FULLY_CONNECTED", [[1, 40], packed, None], [1, 5]) == (64, 4, 4 * 8, 4)
    narrow = {"values": np.zeros(5 * 10, np.uint8), "dtype": "INT4", "shape": [5, 20]}
    assert needs("FULLY_CONNECTED", [[3, 20], narrow, None], [3, 5]) == (60, 12, 60, 12)
    assert needs("FULLY_CONNECTED", [[0, 40], packed, None], [0, 5]) == (0, 0, 0, 0)


def test_a_matrix_product_turns_its_operands() -> None:
    assert needs("BATCH_MATMUL", [[2, 3, 4], [2, 4, 5]], [2, 3, 5]) == (96, 160)
    assert needs("BATCH_MATMUL", [[2, 3, 4], f32(4, 5)], [2, 3, 5]) == (96,)
    hybrid = (96, 40, 24, 4 * 2 * 3, 4 * 5 * 3, 4 * 2 * 3)
    assert needs("BATCH_MATMUL", [[2, 3, 4], ([2, 4, 5], "INT8")], [2, 3, 5]) == hybrid
    turned = {"adj_x": True, "adj_y": True}
    assert needs("BATCH_MATMUL", [[2, 4, 3], ([2, 5, 4], "INT8")], [2, 3, 5], **turned) == hybrid


def test_a_reduction_counts_along_its_dimensions() -> None:
    assert needs("MEAN", [X, ints(1, 2)], [1, 3]) == (16, 8, 12)
    assert needs("SUM", [(X, "INT32"), ints(1, 2)], [1, 3]) == (16, 8, 24)
    assert needs("REDUCE_MAX", [X, ints(1, 2)], [1, 3]) == (16, 8)
    assert needs("REDUCE_MAX", [X, ([2], "INT32")], [1, 3]) == (16,)
    assert needs("MEAN", [f32(2, 3), ints(1)], [2]) == (8, 4, 8, 8)
    assert needs("REDUCE_PROD", [ints(2, 3), ints(0)], []) == (4,)
    assert needs("REDUCE_PROD", [X, ints(1)], [1, 8, 3]) == (16, 4, 96)


def test_no_figure_for_what_only_a_run_tells() -> None:
    g = GraphBuilder()
    where = g.op("WHERE", [g.input("x", [4], "BOOL")], g.tensor("w", [None, 1], "INT64"))
    g.op("SUM", [where, g.constant("axis", ints(1))], g.tensor("y", [None], "INT64"), {})
    g.op("ADD_N", [where, -1], g.tensor("z", [4], "INT64"))
    g.op("ADD_N", [-1, where], g.tensor("z", [4], "INT64"))
    made = model(g)
    found = sizing(made, made.graphs[0])
    assert [temporaries(op, found) for op in made.graphs[0].ops[1:]] == [None, None, None]
    assert needs("CONV_2D", [X, None], [1]) is None
    assert needs("CONV_2D", [[4], f32(1, 1, 1, 1)], [1]) is None
    assert needs("DEPTHWISE_CONV_2D", [X, None], [1]) is None


def test_a_sum_of_many_needs_one_more() -> None:
    assert needs("ADD_N", [[4], [4], [4]], [4]) == (16,)


def test_recurrent_cells_keep_their_gates() -> None:
    weights = [f32(4, 8)] * 4 + [f32(4, 4)] * 4
    rest = [None, None, None, *[f32(4)] * 4, None, None, [2, 4], [2, 4], None, None, None, None]
    lstm = [[2, 5, 8], *weights, *rest]
    assert needs("UNIDIRECTIONAL_SEQUENCE_LSTM", lstm, [2, 5, 4]) == (2 * (4 * 5 + 16) * 4,)
    assert needs("UNIDIRECTIONAL_SEQUENCE_LSTM", [lstm[0], None, *lstm[2:]], [2, 5, 4]) == (2 * (4 * 4 + 16) * 4,)
    major = needs("UNIDIRECTIONAL_SEQUENCE_LSTM", lstm, [2, 5, 4], time_major=True)
    assert major == (5 * (4 * 5 + 16) * 4,)
    hybrid = [[2, 5, 8], *[i8(4, 8)] * 4, *[i8(4, 4)] * 4, *rest]
    assert needs("UNIDIRECTIONAL_SEQUENCE_LSTM", hybrid, [2, 5, 4]) == (288, 80, 8, 8, 8, 8, 8, 16, 32, 8, 8)
    integer = [([2, 5, 8], "INT8"), *hybrid[1:]]
    assert needs("UNIDIRECTIONAL_SEQUENCE_LSTM", integer, [2, 5, 4]) == (16, 16, 16, 16, 8, 32)


def test_simple_recurrent_cells_quantize_their_input() -> None:
    assert needs("RNN", [[2, 8], f32(4, 8), f32(4, 4), f32(4), [2, 4]], [2, 4]) == ()
    assert needs("RNN", [[2, 8], i8(4, 8), i8(4, 4), f32(4), [2, 4]], [2, 4]) == (16, 8, 8, 32, 8)
    rnn = [[5, 2, 8], i8(4, 8), i8(4, 4), f32(4), [2, 4]]
    assert needs("UNIDIRECTIONAL_SEQUENCE_RNN", rnn, [5, 2, 4], time_major=True) == (80, 8, 8, 32, 8)


def test_a_filter_bank_keeps_what_its_filters_give() -> None:
    rest = [f32(6, 3), f32(3), [2, 18]]
    assert needs("SVDF", [[2, 8], f32(6, 8), *rest], [2, 3], rank=2) == (48,)
    assert needs("SVDF", [[2, 8], i8(6, 8), *rest], [2, 3], rank=2) == (48, 16, 8, 8)
    assert needs("SVDF", [([2, 8], "INT8"), i8(6, 8), *rest], [2, 3], rank=2) == (48, 24)


def test_a_spectrum_works_in_double_precision() -> None:
    sizes = (4 * (2 + 2), 8 * (4 + 4), 8 * 8, 8 * 8 * 18)
    assert needs("RFFT2D", [[1, 8, 16], ints(8, 16)], [1, 8, 9]) == sizes
    assert needs("RFFT2D", [[1, 8, 16], ([2], "INT32")], [1, 8, 9]) == ()


def test_the_choice_of_boxes_decodes_them() -> None:
    inputs = [[1, 100, 4], [1, 100, 5], f32(100, 4)]
    assert needs("TFLite_Detection_PostProcess", inputs, [1, 10, 4]) == (1600, 2000)


@pytest.mark.parametrize("hybrid", [False, True])
def test_the_interpreter_takes_as_much(hybrid: bool) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    from tflint.analysis.arena import litert_arena

    g = GraphBuilder()
    x = g.input("x", [1, 8, 8, 3])
    kernel = i8(2, 3, 3, 3) if hybrid else f32(2, 3, 3, 3)
    weights = g.constant("w", kernel, scale=0.1 if hybrid else None)
    step = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    g.output(g.op("CONV_2D", [x, weights, g.constant("b", f32(2))], g.tensor("y", [1, 8, 8, 2]), step))
    made = model(g)
    interpreter = litert.Interpreter(
        model_content=g.to_bytes(),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    seen = [0, 3, 4, *((5, 6, 7) if hybrid else ())]  # the values, then what the kernel asks for
    arrays = [interpreter.tensor(number)() for number in seen]
    starts = [each.__array_interface__["data"][0] for each in arrays]
    taken = max(start + each.nbytes for start, each in zip(starts, arrays, strict=True)) - min(starts)
    assert litert_arena(made, made.graphs[0]) == taken
