"""What the NNAPI delegate takes at its best: then the drivers of the phone decide."""

import pytest

from one_op import One, ints, k, says, t, verdict
from tflint.target import Kind, Limits
from tflint_rules.targets.tables.nnapi import TARGET

OPEN = "? the drivers of the phone decide"
FLOAT = "FLOAT32 is supported"
A8 = "FLOAT32, UINT8 or INT8 is supported"
ANY = "FLOAT32, UINT8, INT8 or INT32 is supported"
X, Y = t("f32", 1, 8, 8, 4), t("f32", 1, 8, 8, 4)
Q = t("qi8", 1, 8, 8, 4)
I = t("i32", 1, 8, 8, 4)  # noqa: E741
HALF = t("f16", 4)
FIVE = t("f32", 1, 1, 1, 1, 4)


def test_it_is_deprecated_and_keeps_three_pieces() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert TARGET.limits == Limits(max_partitions=3)
    assert "Android 15" in TARGET.deprecated


def test_it_never_promises_to_run_an_op() -> None:
    assert verdict(TARGET, "TANH", [X], Y).supported is None


@pytest.mark.parametrize(
    ("kind", "last"),
    [("TANH", 2), ("EXP", 1), ("SOFTMAX", 2), ("MUL", 3), ("CONV_2D", 5), ("DEPTHWISE_CONV_2D", 3), ("SPLIT", 3)],
)
def test_each_op_has_a_last_version(kind: str, last: int) -> None:
    said = says(TARGET, kind, [X, X, X], Y, version=last + 1)
    assert said.startswith(f"{kind} has version {last + 1}; nnapi knows version")
    assert said.endswith(str(last))


@pytest.mark.parametrize(
    ("kind", "inputs", "fault"),
    [
        ("EXP", [X], OPEN),
        ("EXP", [Q], f"input is INT8; {FLOAT}"),
        ("LOGISTIC", [Q], OPEN),
        ("LOGISTIC", [I], f"input is INT32; {A8}"),
        ("LOGICAL_NOT", [t("bool", 4)], OPEN),
        ("LOGICAL_NOT", [None], "it has no input"),
        ("EQUAL", [t("bool", 4), t("bool", 4)], OPEN),
        (
            "EQUAL",
            [t("i64", 4), t("i64", 4)],
            "input is INT64; FLOAT32, UINT8, INT8, INT32 or BOOL is supported",
        ),
        ("ADD", [I, X], OPEN),
        ("ADD", [X, FIVE], "input 1 has 5 dimensions; 0 to 4 are supported"),
        ("DIV", [Q, X], f"input is INT8; {FLOAT}"),
        ("MAXIMUM", [X, k("f32")], OPEN),
        ("MAXIMUM", [X, t("f32")], "input 1 is a single number and not constant"),
        ("REDUCE_MAX", [t("f32"), ints(0)], "input has 0 dimensions; 1 or more are supported"),
        ("MEAN", [FIVE, ints(0)], "input has 5 dimensions; 0 to 4 are supported"),
        ("PAD", [t("f32", 0, 4), ints(0)], "input has no elements"),
        ("PAD", [X], "it has 1 inputs; 2 to 3 are supported"),
        ("MIRROR_PAD", [X, ints(0)], OPEN),
        ("BATCH_MATMUL", [X, t("f32", 1, 8, 4, 8)], OPEN),
        ("BATCH_MATMUL", [X, Q], "its inputs are FLOAT32 and INT8; one element type is supported"),
        ("BATCH_MATMUL", [X], "it has no right input"),
        (
            "BATCH_MATMUL",
            [X, t("f32", 4, 8)],
            "its inputs have shapes [1, 8, 8, 4] and [4, 8]; equal batches are supported",
        ),
        ("BATCH_MATMUL", [t("f32", 4), X], "left input has 1 dimension; 2 to 4 are supported"),
        ("BATCH_TO_SPACE_ND", [X, ints(2, 2), ints(0, 0, 0, 0, shape=(2, 2))], OPEN),
        ("BATCH_TO_SPACE_ND", [X, ints(2, 2), ints(0, 1, 0, 0, shape=(2, 2))], "it crops; a crop of 0 is supported"),
        (
            "BATCH_TO_SPACE_ND",
            [X, ints(2), ints(0, 0, shape=(1, 2))],
            "crop has 2 elements of INT32; 4 of INT32 are supported",
        ),
        ("BATCH_TO_SPACE_ND", [X, ints(2), k("f32", 4)], "? crop cannot be read from the file"),
        ("BATCH_TO_SPACE_ND", [X, ints(2), t("i32", 4)], "crop is not constant"),
        ("CONCATENATION", [FIVE, X], "input has 5 dimensions; 0 to 4 are supported"),
        ("CONV_2D", [X, X], "it has 2 inputs; 3 are supported"),
        ("CONV_2D", [X, X, None], OPEN),
        ("DENSIFY", [k("f32", 4)], OPEN),
        ("DENSIFY", [X], "input is not constant"),
        ("DEQUANTIZE", [Q], OPEN),
        ("DEQUANTIZE", [HALF], OPEN),
        ("DEQUANTIZE", [t("qi16", 4)], "input is INT16; UINT8, INT8 or FLOAT16 is supported"),
        ("DEQUANTIZE", [None], "it has no input"),
        ("EXPAND_DIMS", [HALF, ints(0)], OPEN),
        ("EXPAND_DIMS", [X, t("i32")], "axis is not constant"),
        ("EXPAND_DIMS", [X, ints(0, code="i64")], "axis is INT64; INT32 is supported"),
        ("FILL", [ints(2, 2), k("f32")], OPEN),
        ("FILL", [ints(2, 2), ints(7, code="i64")], OPEN),
        ("FILL", [ints(2, 2), t("i64")], OPEN),
        ("FILL", [ints(2, 2, code="i64"), ints(2**40, code="i64")], "value does not fit into INT32"),
        ("FILL", [ints(2**40, code="i64"), k("f32")], "a dimension does not fit into INT32"),
        ("FILL", [k("i32", 0), k("f32")], "it makes a single number"),
        ("FILL", [k("f32", 2), k("f32")], "size is FLOAT32; INT32 or INT64 is supported"),
        ("FILL", [k("i32", 20), k("f32")], "? a dimension cannot be read from the file"),
        ("FILL", [t("i32", 2), k("f32")], "size is not constant"),
        ("GATHER", [X, t("i64", 2)], "index is INT64; INT32 is supported"),
        ("GATHER", [X, t("i32")], "index has 0 dimensions; 1 or more are supported"),
        ("HARD_SWISH", [Q], OPEN),
        ("RESHAPE", [X, ints(8, 32)], OPEN),
        ("RESHAPE", [X, t("i32", 2)], "shape is not constant"),
        ("RESIZE_BILINEAR", [t("f32", 4), ints(2, 2)], "input has 1 dimension; 4 are supported"),
        ("RNN", [X], "it has no filter"),
        ("SELECT", [t("bool", 1, 8, 8, 4), X, X], OPEN),
        (
            "SELECT",
            [t("bool", 1), X, X],
            "its condition and value have shapes [1] and [1, 8, 8, 4]; equal ones are supported",
        ),
        ("SLICE", [X, t("i64", 4), t("i32", 4)], "begin is INT64; INT32 is supported"),
        ("SPLIT_V", [X, ints(4, -1), ints(1)], OPEN),
        ("SPLIT_V", [X, ints(8, -1), ints(-3)], "a piece has size 0"),
        ("SPLIT_V", [X, ints(8, 0), ints(1)], "a piece has size 0"),
        ("SPLIT_V", [X, ints(8, 1, shape=(1, 2)), ints(1)], "size has 2 dimensions; 1 is supported"),
        ("SPLIT_V", [X, ints(8, 1), ints(1, 2)], "? size or axis cannot be read from the file"),
        ("SPLIT_V", [X, t("i32", 2), ints(1)], "size is not constant"),
        ("SPLIT_V", [X, ints(4, 4)], "axis is not constant"),
        ("TOPK_V2", [X, t("i32")], "number of values is not constant"),
        ("TRANSPOSE_CONV", [ints(1), X, X], "filter is not constant"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", [X], "it has 1 inputs; 20 or 24 are supported"),
        ("UNIDIRECTIONAL_SEQUENCE_RNN", [X, k("qi8", 4, 4)], "input is FLOAT32 and filter INT8; one kind is supported"),
        ("UNIDIRECTIONAL_SEQUENCE_RNN", [Q, k("qi8", 4, 4)], OPEN),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", [X] * 20, OPEN),
        ("LSTM", [X] * 20, OPEN),
        ("LSTM", [X] * 4 + [t("f16", 4)] + [X] * 15, "filter is FLOAT16; FLOAT32, UINT8 or INT8 is supported"),
        ("LSTM", [X] * 3, "it has no filter"),
    ],
)
def test_what_ops_need(kind: str, inputs: list[One], fault: str) -> None:
    assert says(TARGET, kind, inputs, Y) == fault


@pytest.mark.parametrize(
    ("kind", "inputs", "output", "options", "fault"),
    [
        (
            "ADD",
            [I, I],
            I,
            {"fused_activation_function": "RELU"},
            "fused_activation_function is RELU; for INT32 NONE is supported",
        ),
        ("ADD", [X, X], Y, {"fused_activation_function": "RELU"}, OPEN),
        ("ARG_MAX", [X, ints(3)], t("i32", 4), {"output_type": "INT32"}, OPEN),
        ("ARG_MAX", [X, ints(3, code="i64")], t("i32", 4), {"output_type": "INT32"}, OPEN),
        ("ARG_MAX", [X, ints(3)], t("i64", 4), {"output_type": "INT64"}, "output_type is INT64; INT32 is supported"),
        (
            "ARG_MAX",
            [X, ints(2**40, code="i64")],
            t("i32", 4),
            {"output_type": "INT32"},
            "axis does not fit into INT32",
        ),
        ("ARG_MAX", [X, t("i64")], t("i32", 4), None, "axis is INT64 and not constant; INT32 is supported"),
        ("ARG_MAX", [X, ints(3, code="i16")], t("i32", 4), None, "axis is INT16; INT32 is supported"),
        ("ARG_MAX", [X], t("i32", 4), None, "it has no axis"),
        ("CAST", [X], t("i64", 4), None, f"output is INT64; {ANY}"),
        ("FULLY_CONNECTED", [X, X, X], t("qi16", 4), None, "output is INT16"),
        ("FULLY_CONNECTED", [X, X, X], Y, None, OPEN),
        ("LSH_PROJECTION", [X, X, X], Y, {"type": "SPARSE"}, "it is sparse and has weights"),
        ("LSH_PROJECTION", [X, X], Y, {"type": "SPARSE"}, OPEN),
        ("SUM", [X, ints(0)], t("f32"), None, "it makes a single number"),
        ("QUANTIZE", [X], Q, None, OPEN),
        ("QUANTIZE", [Q], Q, None, OPEN),
        ("QUANTIZE", [X], t("i8", 4), None, "output has no scale above 0"),
        ("QUANTIZE", [t("i8", 4)], Q, None, "input has no scale above 0"),
        ("RESHAPE", [X], Y, {"new_shape": [8, 32]}, OPEN),
        ("RESHAPE", [X], t("f32"), {"new_shape": [0]}, "it makes a single number"),
        ("RESHAPE", [X], t("f32"), None, "it makes a single number"),
        ("RESHAPE", [X, ints(1)], FIVE, None, "output has 5 dimensions; up to 4 are supported"),
        ("UNPACK", [t("f32", 8, 4)], Y, {"axis": 0}, OPEN),
        ("UNPACK", [t("f32", 8, 4)], Y, {"axis": -1}, "axis is -1, the last dimension"),
        ("UNPACK", [t("f32", 8, 4)], Y, {"axis": 1}, "axis is 1, the last dimension"),
        ("DEQUANTIZE", [Q], Y, {"version": 3}, "it has version 3; versions 1 to 2 are supported"),
    ],
)
def test_what_ops_make(
    kind: str, inputs: list[One], output: One, options: dict[str, object] | None, fault: str
) -> None:
    version = 1
    if options and "version" in options:
        version, options = 3, None
    assert says(TARGET, kind, inputs, output, options, version=version) == fault


UNIT = {"scale": 1 / 128, "zero": 128}


@pytest.mark.parametrize(
    ("x", "filters", "state", "fault"),
    [
        (t("qu8", 4, **UNIT), k("qu8", 4), t("qi16", 4, scale=16 / 32768), OPEN),
        (
            t("qu8", 4, **UNIT),
            k("qu8", 4),
            t("qi16", 4, scale=1.0, zero=1),
            "cell state is not quantized with scale 16/32768",
        ),
        (
            t("qu8", 4),
            k("qu8", 4),
            t("qi16", 4),
            "input or output is not quantized with scale 1/128 and zero point 128",
        ),
        (t("qu8", 4, **UNIT), k("qi8", 4), t("qi16", 4), "filter is INT8; UINT8 is supported"),
        (t("qu8", 4, **UNIT), t("qu8", 4), t("qi16", 4), "filter is not constant"),
    ],
)
def test_an_lstm_of_five_inputs_is_of_8_bits(x: One, filters: One, state: One, fault: str) -> None:
    made = [t("qu8", 4, **UNIT), state]
    assert says(TARGET, "LSTM", [x, x, filters, k("i32", 4), x], made) == fault


def test_an_lstm_has_constant_biases_and_a_state() -> None:
    x = t("qu8", 4, **UNIT)
    assert says(TARGET, "LSTM", [x, x, k("qu8", 4), t("i32", 4), x], [x, t("qi16", 4)]) == "bias is not constant"
    assert says(TARGET, "LSTM", [x, x, k("qu8", 4), k("i32", 4), x], [x]) == OPEN


def test_constants_of_float16_are_seen_as_such() -> None:
    assert says(TARGET, "DEQUANTIZE", [k("f16", 4)], t("f32", 4), version=3) == OPEN
