"""Models that Vela refuses as a whole, for an Ethos-U."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from ethos_u_ops import Spec, build, c, t
from tflint.model import DType, Format, Graph, Location, Model, Op, Problem, ProblemKind, QuantParams, Tensor
from tflint.target import Target
from tflint.testing import model
from tflint_rules.targets.tables.ethos_u import ETHOS_U55, ETHOS_U65, ETHOS_U85
from tflint_rules.targets.tables.ethos_u_semantics import fault

CONV = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}


def said(
    target: Target,
    kind: str,
    ins: Sequence[Spec | None],
    outs: Sequence[Spec] = (t(),),
    options: Mapping[str, Any] | None = None,
) -> str:
    """Why a target takes nothing of a model of one op; what stands before the reason is left out."""
    return target.refusal(model(build(kind, ins, outs, options))).removeprefix(f"Vela stops at {kind} 'y0': ")


def test_a_plain_model_is_compiled() -> None:
    for target in (ETHOS_U55, ETHOS_U65, ETHOS_U85):
        assert said(target, "RELU", [t()], [t()]) == ""
        assert said(target, "MyOp", [t("FLOAT32")], [t("FLOAT32")]) == ""


def test_a_broken_file() -> None:
    assert ETHOS_U55.refusal(Model("m", Format.TFLITE, 1)) == "the file has no graph that can be read"
    torn = Graph("m", 0, "g", (), (), (), (), intact=False)
    assert ETHOS_U55.refusal(Model("m", Format.TFLITE, 1, (torn,))) == "the file refers to what is not in it"
    whole = Graph("m", 0, "g", (), (), (), ())
    problems = (
        Problem(ProblemKind.TRAILING_BYTES, Location("m"), "There is more."),
        Problem(ProblemKind.UNKNOWN_OP, Location("m"), "Op 250 is not known."),
    )
    assert ETHOS_U55.refusal(Model("m", Format.TFLITE, 1, (whole,), problems=problems)) == "Op 250 is not known"


def test_constants_have_data() -> None:
    g = build("ADD", [t(), t()], [t()], {})
    g.graph["inputs"].pop()
    g.graph["tensors"][1]["buffer"] = g.buffer(b"")
    assert ETHOS_U55.refusal(model(g)) == "Vela stops at the constant 'x1': it has no data"
    g.graph["tensors"][1]["is_variable"] = True
    assert ETHOS_U55.refusal(model(g)) == ""
    g = build("ADD", [t(), None], [t()], {})
    assert "lacks an input" in ETHOS_U55.refusal(model(g))


def test_element_types_that_vela_does_not_know() -> None:
    assert said(ETHOS_U55, "MyOp", [t("INT2")]) == ("Vela stops at 'x0': it does not know its element type INT2")
    strings = {"array": np.zeros(8, np.uint8), "dtype": "STRING", "shape": (1,)}
    assert said(ETHOS_U55, "MyOp", [strings]) == "Vela dies at the constant 'c0': its element type is STRING"
    assert said(ETHOS_U55, "MyOp", [t("STRING", (1,))]) == ""


def test_scales_are_numbers() -> None:
    for scale in (float("nan"), float("inf")):
        assert (
            said(ETHOS_U55, "MyOp", [t(scale=[0.5, scale], axis=3)]) == "Vela stops at 'x0': its scale is not a number"
        )


def test_the_scales_of_input_and_output_have_a_ratio() -> None:
    zero = t(scale=0.0)
    assert said(ETHOS_U55, "RELU", [t()], [zero]) == "its input has scale 0.5 and its output 0"
    assert said(ETHOS_U55, "RELU", [zero], [t()]) == ""
    assert (
        said(ETHOS_U55, "RELU", [t(scale=3e38)], [t(scale=1e-30)]) == "its input has scale 3e+38 and its output 1e-30"
    )
    assert said(ETHOS_U55, "FILL", [t()], [zero]) == ""
    assert said(ETHOS_U55, "MyOp", [t("FLOAT32")], [zero]) == ""


def test_a_fused_sign_bit() -> None:
    options = {"fused_activation_function": "SIGN_BIT"}
    assert said(ETHOS_U85, "ADD", [t(), t()], [t()], options) == "its fused activation is SIGN_BIT"


def test_a_boolean_at_the_edge_of_a_graph() -> None:
    reason = "it is BOOL, and an input or output of a graph"
    assert said(ETHOS_U55, "MyOp", [t("BOOL")]) == f"Vela stops at 'x0': {reason}"
    assert said(ETHOS_U65, "MyOp", [t()], [t("BOOL")]) == f"Vela stops at 'y0': {reason}"
    assert said(ETHOS_U85, "MyOp", [t("BOOL")], [t("BOOL")]) == ""
    assert said(ETHOS_U55, "MyOp", [t("BOOL", ())], [t("BOOL", ())]) == ""
    g = build("MyOp", [t()], [t()])
    g.input("unread", (4,), "BOOL")
    assert ETHOS_U55.refusal(model(g)) == ""


WIDE = (t("INT32"),)
HALF = t(shape=(1, 4, 4, 4))
WEIGHTS = c(np.ones((8, 1, 1, 8)), "int8")
LACKS = "it lacks an input, an output or its options"

INVALID: list[tuple[str, list[Spec | None], list[Spec], Mapping[str, Any] | None, str]] = [
    ("HARD_SWISH", [t("FLOAT32")], [t("FLOAT32")], {}, "its input is FLOAT32; INT8 or UINT8 is needed"),
    ("HARD_SWISH", [t()], [t("UINT8")], {}, "its input is INT8 and its output UINT8; equal types are needed"),
    ("HARD_SWISH", [], [t()], {}, LACKS),
    ("ARG_MAX", [t("INT16"), c(3)], [t("INT32", (1, 4, 4))], {}, "its input is INT16; INT8 or UINT8 is needed"),
    ("ARG_MAX", [t(), c(3)], [t("INT16", (1, 4, 4))], {}, "its output is INT16; INT32 or INT64 is needed"),
    ("ARG_MAX", [t(), t("INT32", (1,))], [t("INT32", (1, 4, 4))], {}, "its axis is not constant"),
    ("SUM", [t(), t("INT32", (1,))], [t()], {}, "its axis is not constant"),
    ("MEAN", [t()], [t()], {}, "its axis is not constant"),
    ("CONV_2D", [t(), c(np.ones((8, 1, 1, 3)), "int8")], [t()], CONV,
     "its input has 8 channels and its filter 3; a multiple is needed"),
    ("CONV_2D", [t(), c(np.ones((3, 1, 1, 4)), "int8")], [t()], CONV,
     "it has 3 filters in 2 groups; a multiple is needed"),
    ("CONV_2D", [t()], [t()], CONV, LACKS),
    ("DEPTHWISE_CONV_2D", [t(), WEIGHTS], [HALF], {**CONV, "depth_multiplier": 1},
     "it has 8 channels times 1, and an output of 4 channels"),
    ("DEPTHWISE_CONV_2D", [t(), WEIGHTS], [t()], None, LACKS),
    ("AVERAGE_POOL_2D", [t()], [t("INT16")], {}, "its input is INT8 and its output INT16; equal types are needed"),
    ("CONCATENATION", [t(), t()], [t()], {"axis": 3},
     "its inputs have 16 along dimension 3 and its output 8"),
    ("CONCATENATION", [t()], [t()], {"axis": 4}, "its axis is 4 of 4 dimensions"),
    ("CONCATENATION", [t(shape=(4, 8))], [t()], {"axis": -1},
     "its input 'x0' has shape [4, 8] and its output [1, 4, 4, 8]"),
    ("CONCATENATION", [t(), HALF], [t()], {"axis": 1},
     "its input 'x1' has shape [1, 4, 4, 4] and its output [1, 4, 4, 8]"),
    ("CONCATENATION", [], [t()], {"axis": 1}, LACKS),
    ("ADD", [t(), t()], [HALF], {}, "its inputs have shape [1, 4, 4, 8] and [1, 4, 4, 8] and its output [1, 4, 4, 4]"),
    ("ADD", [t(), t("INT16")], [t()], {}, "its inputs are INT8 and INT16; equal types are needed"),
    ("ADD", [t(), t()], [t("FLOAT32")], {}, "its input is INT8 and its output FLOAT32; a signed output is needed"),
    ("ADD", [t("UINT8"), t("UINT8")], [t()], {}, "its input is UINT8 and its output INT8; the same or INT32 is needed"),
    ("ADD", [t()], [t()], {}, LACKS),
    ("MUL", [t(), None], [t()], {}, LACKS),
    ("ABS", [t()], [HALF], {}, "its inputs have shape [1, 4, 4, 8] and its output [1, 4, 4, 4]"),
    ("RESHAPE", [t(), c([16])], [t(shape=(16,))], {},
     "its input has shape [1, 4, 4, 8] and its output [16]; as many elements are needed"),
    ("RESHAPE", [t(), c([128])], [t(shape=(128,), scale=0.25)], {},
     "its input has scale 0.5 and its output 0.25; equal ones are needed"),
    ("SOFTMAX", [t()], [t(shape=(1, 8))], {"beta": 1.0},
     "its input has shape [1, 4, 4, 8] and its output [1, 8]; equal ones are needed"),
    ("SOFTMAX", [t("INT16")], [t()], {"beta": 1.0}, "its input is INT16 and its output INT8; equal types are needed"),
    ("SOFTMAX", [t()], [t()], {"beta": -1.0}, "its beta is -1; 0 or more is needed"),
    ("SOFTMAX", [t()], [t()], None, LACKS),
    ("SPLIT", [t("INT32", (1,)), t()], [HALF, HALF], {"num_splits": 2}, "its axis is not a constant integer"),
    ("SPLIT", [c(4), t()], [HALF, HALF], {"num_splits": 2}, "its axis is 4 of 4 dimensions"),
    ("SPLIT", [c(-1), t()], [HALF, HALF], {"num_splits": 3}, "it splits 8 into 3 parts"),
    ("SPLIT", [c(3), t()], [HALF, HALF], None, LACKS),
    ("SPLIT_V", [t(), c([-1, -1]), c(3)], [HALF, HALF], {"num_splits": 2}, "2 of its sizes are -1; one is needed"),
    ("SPLIT_V", [t(), t("INT32", (2,)), c(3)], [HALF, HALF], {"num_splits": 2}, "its sizes are not constant"),
    ("SPLIT_V", [t()], [HALF, HALF], {"num_splits": 2}, LACKS),
    ("STRIDED_SLICE", [t(), c([0]), c([1])], [t()], {}, "it has 3 inputs; 4 are needed"),
    ("PAD", [t(), c([[0, 0]] * 4), c(0)], [t()], {}, "it has 3 inputs; 2 are needed"),
    ("PAD", [t(), t("INT32", (4, 2))], [t()], {}, "its paddings are not constant"),
    ("PAD", [t(), c([[0, 0], [1, 1], [0, 0], [0, 0]])], [t()], {},
     "its output has shape [1, 4, 4, 8]; [1, 6, 4, 8] is needed"),
    ("FULLY_CONNECTED", [t(), c(np.ones((8, 8)), "int8")], [t(shape=(16, 8))], {"keep_num_dims": True},
     "it has keep_num_dims, an input of 4 dimensions and an output of 2"),
    ("FULLY_CONNECTED", [t(), c(np.ones((8, 8)), "int8")], [t(shape=(16, 8))], None, LACKS),
    ("GATHER", [t(), c([0], "int8")], [t()], {}, "its indices are INT8; INT16, INT32 or INT64 is needed"),
    ("GATHER", [t()], [t()], {}, LACKS),
    ("TRANSPOSE", [t(), c([0, 1, 2, 3], "int64")], [t()], {}, "its permutation is INT64; INT32 is needed"),
    ("TRANSPOSE", [t(), c([1, 0])], [t()], {}, "it permutes 2 of 4 dimensions"),
    ("TRANSPOSE", [t()], [t()], {}, LACKS),
    ("BATCH_MATMUL", [t(), t(shape=(8,))], [t()], {}, "its inputs have 4 and 1 dimensions and its output 4"),
    ("BATCH_MATMUL", [t(shape=(2, 4, 8)), t(shape=(3, 8, 4))], [t(shape=(2, 4, 4))], {},
     "its inputs have shape [2, 4, 8] and [3, 8, 4] and its output [2, 4, 4]"),
    ("BATCH_MATMUL", [t()], [t()], {}, LACKS),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", [t()], [t()], {}, "its input and output have 4 and 4 dimensions; 3 are needed"),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", [t(shape=(1, 2, 4))], [t(shape=(1, 2, 4))], {},
     "it has 1 inputs and 0 intermediates; 24 and 5 are needed"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "ins", "outs", "options", "reason"), INVALID)
def test_an_op_that_is_invalid_to_vela_stops_it(
    kind: str, ins: list[Spec | None], outs: list[Spec], options: Mapping[str, Any] | None, reason: str
) -> None:
    for target in (ETHOS_U55, ETHOS_U85):
        assert said(target, kind, ins, outs, options) == reason


VALID: list[tuple[str, list[Spec | None], list[Spec], Mapping[str, Any] | None]] = [
    ("ADD", [t(), t(shape=(8,))], [t()], {}),
    ("ADD", [t(shape=(8,)), t()], [t()], {}),
    ("ADD", [t(shape=(1, 4, 1, 8)), t(shape=(1, 1, 4, 8))], [t()], {}),
    ("ADD", [t("UINT8"), t("UINT8")], [t("INT32")], {}),
    ("MAXIMUM", [t(shape=(2, 1, 4, 4, 8)), t(shape=(2, 1, 4, 4, 8))], [t(shape=(2, 1, 4, 4, 8))], None),
    ("CONCATENATION", [t(), t()], [t(shape=(1, 4, 4, 16))], {"axis": -1}),
    ("CONCATENATION", [t(), t()], [t(shape=(None, 4, 4, 8))], {"axis": 0}),
    ("RESHAPE", [t(shape=(1, None)), c([16])], [t(shape=(16,))], {}),
    ("RESHAPE", [t("INT32", ()), c([1])], [t("INT32", (1,))], {}),
    ("SOFTMAX", [t()], [t("INT16")], {"beta": 1.0}),
    ("SPLIT", [c(3), t()], [HALF, HALF], {"num_splits": 0}),
    ("SPLIT_V", [t(), c([4, -1]), c(3)], [HALF, HALF], {"num_splits": 2}),
    ("PAD", [t(), t("INT32", (4, 2))], [t(shape=(1, None, 4, 8))], {}),
    ("PAD", [t(), c([[0, 0], [1, 1], [0, 0], [0, 0]])], [t(shape=(1, 6, 4, 8))], {}),
    ("FULLY_CONNECTED", [t(), c(np.ones((8, 8)), "int8")], [t()], {"keep_num_dims": True}),
    ("GATHER", [t(), c([0])], [t()], {}),
    ("BATCH_MATMUL", [t(shape=(4, 8)), t(shape=(2, 8, 4))], [t(shape=(2, 4, 4))], {}),
    ("TRANSPOSE", [t(), c([0, 2, 1, 3])], [t()], {}),
]


@pytest.mark.parametrize(("kind", "ins", "outs", "options"), VALID)
def test_an_op_that_is_valid_to_vela(
    kind: str, ins: list[Spec | None], outs: list[Spec], options: Mapping[str, Any] | None
) -> None:
    assert said(ETHOS_U55, kind, ins, outs, options) == ""


def test_an_lstm_that_is_whole() -> None:
    tensor = Tensor("m", 0, 0, "x", DType.INT8, (1, 2, 4), (1, 2, 4))
    op = Op("m", 0, 0, "UNIDIRECTIONAL_SEQUENCE_LSTM", (tensor,) * 24, (tensor,), intermediates=(tensor,) * 5)
    assert fault(op) == ""
    assert fault(Op("m", 0, 0, "UNIDIRECTIONAL_SEQUENCE_LSTM", (None,) * 24, (tensor,))).startswith("it lacks")
    assert fault(Op("m", 0, 0, "UNIDIRECTIONAL_SEQUENCE_LSTM", (tensor,) * 24, ())).startswith("it lacks")


def test_scales_that_are_not_there_are_not_divided() -> None:
    none = QuantParams(np.zeros(0, np.float32), np.zeros(0, np.int64), details=("BlockwiseQuantization", {}))
    tensor = Tensor("m", 0, 0, "x", DType.INT8, (1,), (1,), none)
    assert fault(Op("m", 0, 0, "RELU", (tensor,), (tensor,))) == ""


BOTH = (ETHOS_U55, ETHOS_U85)
SLOPE = c(np.ones((1, 1, 8)), "int8")
ADDED = {"fused_activation_function": "RELU"}
DYING: list[tuple[tuple[Target, ...], str, list[Spec | None], list[Spec], Mapping[str, Any] | None, str]] = [
    (BOTH, "FULLY_CONNECTED", [t(), c(np.ones((4, 2, 8)), "int8")], [t(shape=(16, 4))], {},
     "its weights have shape [4, 2, 8]"),
    (BOTH, "TILE", [t(), t("INT32", (4,))], [t()], None, "'x1' is not constant"),
    (BOTH, "REVERSE_V2", [t(), t("INT32", (1,))], [t()], {}, "'x1' is not constant"),
    (BOTH, "MAXIMUM", [t(), t("INT16")], [t()], None, "its inputs are INT8 and INT16"),
    (BOTH, "PRELU", [t(), c(np.ones((1, 1, 8)), "int8", scale=None)], [t()], None, "its slope has no scale"),
    (BOTH, "PRELU", [t(), c(np.ones((1, 1, 8)), "int64")], [t()], None, "its second input is INT64"),
    (BOTH, "SOFTMAX", [t(shape=(1, 70000))], [t(shape=(1, 70000))], {"beta": 1.0}, "its last dimension is 70000"),
    (BOTH, "TRANSPOSE_CONV", [c([1, 8, 8, 8]), t(shape=(8, 2, 2, 8)), t()], [t(shape=(1, 8, 8, 8))],
     {"padding": "SAME", "stride_w": 2, "stride_h": 2}, "its weights are not constant"),
    ((ETHOS_U55,), "CONV_2D", [t(), t(shape=(8, 1, 1, 8))], [t()], CONV, "its weights are not constant"),
    ((ETHOS_U55,), "CONV_2D", [t(shape=(1, 16, 16, 8)), c(np.ones((8, 2, 2, 4)), "int8")], [t()],
     {**CONV, "stride_w": 4, "stride_h": 4}, "it has groups and stride 4x4"),
    ((ETHOS_U55,), "REDUCE_MAX", [t(), c([1])], [t("INT16", (1, 1, 4, 8))], {},
     "its input is INT8 and its output INT16"),
    ((ETHOS_U55,), "ARG_MAX", [t(shape=(2, 4, 4, 8)), c(3)], [t("INT32", (2, 4, 4))], {},
     "its input has shape [2, 4, 4, 8]"),
    ((ETHOS_U55,), "RESIZE_BILINEAR", [t(shape=(2, 4, 4, 8)), c([8, 8])], [t(shape=(2, 8, 8, 8))], {},
     "its input has shape [2, 4, 4, 8]"),
    ((ETHOS_U55,), "FULLY_CONNECTED", [t("INT32"), c(np.ones((4, 8)), "int8")], [t("INT32", (16, 4))], {},
     "its input is INT32"),
    ((ETHOS_U55,), "PRELU", [t("INT16"), SLOPE], [t()], None, "its input is INT16 and its output INT8"),
    ((ETHOS_U85,), "QUANTIZE", [t("INT32", scale=0.5)], [t()], {}, "its input is INT32"),
    ((ETHOS_U85,), "LOGISTIC", [t()], [t("INT16")], None, "its input is INT8 and its output INT16"),
    ((ETHOS_U85,), "CONV_2D", [t(), WEIGHTS], [t("INT64")], CONV, "its output is INT64"),
    ((ETHOS_U85,), "CONV_2D", [t(), WEIGHTS, c([0] * 8, "int64")], [t()], CONV, "its input is INT8 and its bias INT64"),
    ((ETHOS_U85,), "CONV_2D", [t(), WEIGHTS], [t("INT32")], CONV, "its output 'y0' has no scale"),
    ((ETHOS_U85,), "ADD", [t(), t()], [t("INT32", scale=0.5)], ADDED,
     "its fused activation is RELU and its output INT32"),
    ((ETHOS_U85,), "ADD", [t(), t()], [t("INT32")], {"fused_activation_function": "TANH"},
     "its fused activation is TANH and its output INT32"),
    ((ETHOS_U85,), "RESIZE_BILINEAR", [t("INT32"), c([8, 8])], [t("INT32", (1, 8, 8, 8))], {}, "its input is INT32"),
    ((ETHOS_U85,), "CAST", [t("BOOL")], [t("BOOL")], {}, "it casts BOOL to BOOL"),
    ((ETHOS_U85,), "SELECT", [t("BOOL"), t("UINT8"), t("UINT8")], [t("UINT8")], {},
     "its inputs and output are UINT8, UINT8, UINT8"),
]  # fmt: skip


@pytest.mark.parametrize(("targets", "kind", "ins", "outs", "options", "reason"), DYING)
def test_an_op_that_vela_takes_and_cannot_compile_stops_it(
    targets: Sequence[Target],
    kind: str,
    ins: list[Spec | None],
    outs: list[Spec],
    options: Mapping[str, Any] | None,
    reason: str,
) -> None:
    for target in targets:
        assert said(target, kind, ins, outs, options) == reason


LIVING: list[tuple[Target, str, list[Spec | None], list[Spec], Mapping[str, Any] | None]] = [
    (ETHOS_U55, "CONV_2D", [t(shape=(1, 16, 16, 8)), c(np.ones((8, 2, 2, 8)), "int8")], [t()],
     {**CONV, "stride_w": 4, "stride_h": 4}),
    (ETHOS_U55, "RESIZE_BILINEAR", [t(shape=(2, 1, 1, 8)), c([8, 8])], [t(shape=(2, 8, 8, 8))], {}),
    (ETHOS_U55, "RESIZE_BILINEAR", [t(shape=(2, 4, 4, 8)), c([4, 4])], [t(shape=(2, 4, 4, 8))], {}),
    (ETHOS_U55, "PRELU", [t(), SLOPE], [t("INT16")], None),
    (ETHOS_U55, "FULLY_CONNECTED", [t(shape=(1, 8)), t(shape=(4, 8))], [t(shape=(1, 4))], {}),
    (ETHOS_U55, "FULLY_CONNECTED", [t("FLOAT32"), c(np.ones((4, 2, 8)), "int8")], [t("FLOAT32")], {}),
    (ETHOS_U55, "FULLY_CONNECTED", [t(), c(np.ones((4, 2, 8)), "int8")], [t("INT32")], ADDED),
    (ETHOS_U85, "RESIZE_BILINEAR", [t("INT32"), c([4, 4])], [t("INT32")], {}),
    (ETHOS_U85, "RESIZE_BILINEAR", [t(), c([8, 8])], [t(shape=(1, 8, 8, 8))], {}),
    (ETHOS_U85, "CONV_2D", [t("INT16"), WEIGHTS, c([0] * 8, "int64")], [t("INT16")], CONV),
    (ETHOS_U85, "CONV_2D", [t(), t(shape=(8, 1, 1, 8)), c([0] * 8, "int64")], [t()], CONV),
    (ETHOS_U85, "ADD", [t("INT32"), t("INT32")], [t("INT32")], ADDED),
    (ETHOS_U85, "CAST", [t("BOOL")], [t()], {}),
    (ETHOS_U85, "EQUAL", [t("BOOL"), t()], [t("BOOL")], {}),
    (ETHOS_U85, "SELECT", [t("BOOL"), t("BOOL"), t()], [t("UINT8")], {}),
    (ETHOS_U85, "TILE", [t(), c([1, 1, 1, 1])], [t()], None),
]  # fmt: skip


@pytest.mark.parametrize(("target", "kind", "ins", "outs", "options"), LIVING)
def test_an_op_that_it_can_compile(
    target: Target, kind: str, ins: list[Spec | None], outs: list[Spec], options: Mapping[str, Any] | None
) -> None:
    assert said(target, kind, ins, outs, options) == ""


def test_an_op_that_no_output_needs_stops_nothing() -> None:
    g = build("SOFTMAX", [t(shape=(1, 70000))], [t(shape=(1, 70000))], {"beta": 1.0})
    assert ETHOS_U55.refusal(model(g)) != ""
    g.graph["outputs"].clear()
    g.output(g.op("RELU", [0], g.tensor("z", (1, 70000), "INT8", scale=0.5)))
    assert ETHOS_U55.refusal(model(g)) == ""
    for kind in ("SOFTMAX", "SOFTMAX"):
        g.output(g.op(kind, [0], g.tensor("s", (1, 70000), "INT8", scale=0.5), {"beta": 1.0}))
    assert ETHOS_U55.refusal(model(g)) == "Vela stops at SOFTMAX 's': its last dimension is 70000"


def ops_without_tensors() -> list[Op]:
    kinds = sorted({*ETHOS_U85.ops, "VAR_HANDLE", "SPACE_TO_BATCH_ND"})
    tensor = Tensor("m", 0, 0, "x", DType.INT8, (), ())
    makers: list[Callable[[str], Op]] = [
        lambda kind: Op("m", 0, 0, kind, (), ()),
        lambda kind: Op("m", 0, 0, kind, (None,) * 5, (tensor,)),
        lambda kind: Op("m", 0, 0, kind, (tensor,) * 2, ()),
        lambda kind: Op("m", 0, 0, kind, (tensor,) * 25, (tensor,) * 2, decode=lambda: {"filter_width": 3}),
    ]
    return [make(kind) for kind in kinds for make in makers]


def test_no_op_is_too_bare_to_be_judged() -> None:
    for op in ops_without_tensors():
        graph = Graph("m", 0, "g", (), (op,), (), op.outputs)
        for target in (ETHOS_U55, ETHOS_U85):
            verdict = target.verdict(op, graph)
            assert target.revise is not None
            assert len(target.revise(graph, (verdict,))) == 1
            target.refusal(Model("m", Format.TFLITE, 1, (graph,)))


@pytest.mark.skipif(importlib.util.find_spec("ethosu") is None, reason="ethos-u-vela is not installed")
def test_the_kinds_are_those_that_vela_lists() -> None:
    from ethosu import regor  # type: ignore[import-not-found]

    names = {"ARGMAX": "ARG_MAX"}
    for target, core in ((ETHOS_U55, "EthosU55"), (ETHOS_U85, "EthosU85")):
        listed = {names.get(kind, kind) for kind in regor.tflite_operator_constraints(core)}
        assert set(target.ops) - {"ethos-u"} == listed
