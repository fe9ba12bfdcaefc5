"""TFL114: NaN in constants, infinity in weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keras_files import SMALL, keras_file, save, small
from tflint import DType, Format, Graph, Model, Op, Severity, Tensor
from tflint.formats import read
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.nan_inf_constant import NanInfConstant

RULE = NanInfConstant()
NAN, INF = float("nan"), float("inf")


def convolution(*values: float, at: tuple[int, ...] = (0, 1, 0, 2)) -> GraphBuilder:
    """A CONV_2D whose filter has these values from a place on."""
    g = GraphBuilder()
    kernel = np.ones((4, 3, 3, 8), np.float32)
    start = np.ravel_multi_index(at, kernel.shape)
    kernel.reshape(-1)[start : start + len(values)] = values
    x = g.input("image", [1, 16, 16, 8])
    w, b = g.constant("conv/kernel", kernel), g.constant("conv/bias", np.zeros(4, np.float32))
    g.output(g.op("CONV_2D", [x, w, b], g.tensor("conv", [1, 14, 14, 4]), {"stride_h": 1, "stride_w": 1}))
    return g


def with_constant(kind: str, values: NDArray[Any], slot: int = 1, **more: Any) -> GraphBuilder:
    """An op that reads these values in a slot, and the input in slot 0 (or 1)."""
    g = GraphBuilder()
    x, c = g.input("x", [4]), g.constant("c", values, **more)
    g.output(g.op(kind, [c, x] if slot == 0 else [x] * slot + [c], g.tensor("y", [4]), {}))
    return g


def bad() -> GraphBuilder:
    return convolution(NAN, NAN)


def good() -> GraphBuilder:
    return convolution(1e38, -1e38)


def test_nan_in_a_filter_is_an_error_that_counts_and_places_it() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/t1"
    assert found.message == (
        "'conv/kernel' FLOAT32[4, 3, 3, 8] holds NaN in 2 of 288 elements, the first at [0, 1, 0, 2]; op 0 CONV_2D "
        "reads it, and what it computes from that is NaN."
    )


def test_large_numbers_are_fine() -> None:
    assert findings(RULE, good()) == []


def test_infinity_in_a_filter_is_an_error() -> None:
    [found] = findings(RULE, convolution(-INF))
    assert "holds infinity in 1 of 288 elements" in found.message
    assert found.evidence == {"constants": ["0/t1 holds infinity in 1 of 288 elements, the first at [0, 1, 0, 2]"]}


def test_nan_and_infinity_are_two_findings() -> None:
    assert [found.message.split(" holds ")[1][:3] for found in findings(RULE, convolution(NAN, INF))] == ["NaN", "inf"]


def test_constants_with_nan_are_one_finding() -> None:
    g = convolution(NAN)
    more = g.constant("scale", np.array([NAN, 1, 1, 1], np.float32))
    g.output(g.op("MUL", [2, more], g.tensor("z", [4]), {}))
    [found] = findings(RULE, g)
    assert found.message.endswith("computes from that is NaN. So it is with 1 more constant.")
    assert [place.address for place in found.related] == ["0/t4"]


@pytest.mark.parametrize("kind", ["ADD", "MINIMUM", "MAXIMUM", "MUL", "PADV2", "REDUCE_MAX"])
def test_infinity_is_meant_in_masks_and_start_values(kind: str) -> None:
    assert findings(RULE, with_constant(kind, np.array([-INF, 0, 0, INF], np.float32))) == []


def test_infinity_in_the_slot_of_a_filter_counts_and_in_its_input_does_not() -> None:
    weights = np.array([[INF, 1, 1, 1]], np.float32)
    assert len(findings(RULE, with_constant("FULLY_CONNECTED", weights))) == 1
    assert findings(RULE, with_constant("FULLY_CONNECTED", weights, slot=0)) == []


def test_a_custom_op_of_that_name_is_not_judged() -> None:
    g = with_constant("FULLY_CONNECTED", np.array([[INF]], np.float32))
    g.tables["operator_codes"][0] = {
        "deprecated_builtin_code": 32,
        "builtin_code": 32,
        "custom_code": "FULLY_CONNECTED",
    }
    assert findings(RULE, g) == []


def test_infinity_in_a_bias_is_a_mask() -> None:
    g = GraphBuilder()
    w, b = g.constant("w", np.ones((2, 3), np.float32)), g.constant("b", np.array([0, -INF], np.float32))
    g.output(g.op("FULLY_CONNECTED", [g.input("x", [1, 3]), w, b], g.tensor("y", [1, 2]), {}))
    assert findings(RULE, g) == []


def half(value: float) -> GraphBuilder:
    """A float16 weight behind its DEQUANTIZE, as a float16 conversion has it."""
    g = GraphBuilder()
    stored = g.constant("half", np.array([[1, value]], np.float16))
    w = g.op("DEQUANTIZE", [stored], g.tensor("w", [1, 2]))
    g.output(g.op("FULLY_CONNECTED", [g.input("x", [1, 2]), w, -1], g.tensor("y", [1, 1]), {}))
    return g


def test_float16_weights_are_followed_through_their_dequantize() -> None:
    [found] = findings(RULE, half(INF))
    assert "op 1 FULLY_CONNECTED multiplies by it" in found.message


def test_the_largest_number_in_a_weight_stands_for_what_was_too_large() -> None:
    [found] = findings(RULE, half(65504))
    assert found.message == (
        "'half' FLOAT16[1, 2] holds 65504, the largest FLOAT16 number; op 1 FULLY_CONNECTED multiplies by it, and the "
        "converter stores this for what is too large."
    )
    [found] = findings(RULE, convolution(-float(np.finfo(np.float32).max)))
    assert "holds 3.4028235e+38, the largest FLOAT32 number" in found.message


def test_the_largest_number_in_a_mask_is_meant() -> None:
    assert findings(RULE, with_constant("ADD", np.full((1, 4), np.finfo(np.float32).min, np.float32))) == []


def test_a_constant_that_a_product_begins_with_is_a_weight_too() -> None:
    assert len(findings(RULE, with_constant("BATCH_MATMUL", np.full((2, 2), INF, np.float32), slot=0))) == 1


def test_bfloat16_is_read_by_its_bits() -> None:
    bits = np.array([0x3F80, 0x7FC0], np.uint16)
    [found] = findings(RULE, with_constant("CAST", bits.view(np.uint8), 0, dtype="BFLOAT16", shape=[2]))
    assert "BFLOAT16[2] holds NaN in 1 of 2 elements, the first at [1]" in found.message


def test_a_scalar_has_no_index() -> None:
    [found] = findings(RULE, with_constant("MUL", np.full((), NAN, np.float32)))
    assert "holds NaN in 1 of 1 element; op 0 MUL" in found.message


def test_a_constant_that_nothing_reads_is_not_judged() -> None:
    g = good()
    g.constant("left over", np.array([NAN], np.float32))
    assert findings(RULE, g) == []


@pytest.mark.parametrize("kind", ["SELECT", "SELECT_V2"])
def test_a_constant_of_nothing_but_nan_marks_what_select_leaves_undefined(kind: str) -> None:
    assert findings(RULE, with_constant(kind, np.full(4, NAN, np.float32), slot=2)) == []


def test_nan_among_numbers_is_not_such_a_mark() -> None:
    assert len(findings(RULE, with_constant("SELECT", np.array([NAN, 0, 0, 0], np.float32), slot=2))) == 1


def test_a_mark_that_is_spread_first_is_one_still() -> None:
    g = GraphBuilder()
    x, c = g.input("x", [4]), g.input("c", [4], "BOOL")
    shape, nan = g.constant("shape", np.array([4], np.int32)), g.constant("nan", np.full((), NAN, np.float32))
    spread = g.op("BROADCAST_TO", [nan, shape], g.tensor("spread", [4]), version=2)
    g.output(g.op("SELECT", [c, x, spread], g.tensor("y", [4])))
    assert findings(RULE, g) == []


def test_ops_that_hand_a_value_on_in_a_circle_end() -> None:
    g = GraphBuilder()
    a = g.tensor("a", [1])
    g.op("RESHAPE", [g.constant("c", np.array([NAN], np.float32))], a)
    g.op("RESHAPE", [a], a)
    assert findings(RULE, g) == []


def test_the_output_of_a_graph_is_no_use_of_its_value() -> None:
    g = GraphBuilder()
    g.output(g.op("RESHAPE", [g.constant("c", np.array([NAN], np.float32))], g.tensor("a", [1])))
    [found] = findings(RULE, g)
    assert "op 0 RESHAPE reads it" in found.message


def test_an_op_without_output_is_a_reader() -> None:
    g = GraphBuilder()
    g.op("RESHAPE", [g.constant("c", np.array([NAN], np.float32))], [])
    assert len(findings(RULE, g)) == 1


def test_a_constant_shorter_than_its_shape_is_not_read() -> None:
    assert findings(RULE, with_constant("MUL", np.array([NAN], np.float32), shape=[1000])) == []


def test_the_weights_of_keras_layers_are_read_too(tmp_path: Path) -> None:
    arrays = {path: array.copy() for path, array in SMALL.items()}
    first, second = (path for path, array in arrays.items() if array.ndim == 2)
    assert findings(RULE, read(save(tmp_path / "good.keras", keras_file(small(), arrays)))) == []
    arrays[first][0, 1], arrays[second][1, 1] = NAN, INF
    nan, infinite = findings(RULE, read(save(tmp_path / "bad.keras", keras_file(small(), arrays))))
    assert nan.location.address == "layers/a/kernel"
    assert "NaN in 1 of 12 elements, the first at [0, 1]; the Dense layer 'a' reads it" in nan.message
    assert infinite.location.address == "layers/b/kernel"


def test_weights_of_integers_are_passed_over() -> None:
    seed = Tensor("m.keras", 0, 0, "seed", DType.INT32, (2,), (2,), data=memoryview(bytes(8)))
    op = Op("m.keras", 0, 0, "Dropout", (), (), name="drop", layer="drop", weights=(seed,))
    graph = Graph("m.keras", 0, "net", (), (op,), (), ())
    assert findings(RULE, Model("m.keras", Format.KERAS, 8, graphs=(graph,))) == []
