"""Op versions as the converter writes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layered import layered, step
from tflint.analysis.runtimes import known_versions
from tflint.forecast import predicted
from tflint.forecast.version_table import BY_TYPE, OF_16_BITS
from tflint.forecast.versions import has_16_bits, version, versioned
from tflint.formats import read
from tflint.model import DType, Graph, Op, QuantParams, Tensor

CORPUS = Path(os.environ.get("TFLINT_CORPUS", "../shared/corpus"))

Given = str | tuple[str, tuple[int, ...]] | tuple[str, tuple[int, ...], float | list[float]] | None


def tensor(given: Given) -> Tensor | None:
    """A tensor from `TYPE`, `(TYPE, shape)` or `(TYPE, shape, scales)`."""
    if given is None:
        return None
    dtype, shape, *scales = (given, (1, 4)) if isinstance(given, str) else given
    quant = None
    if scales:
        scale = np.atleast_1d(np.asarray(scales[0], np.float32))
        axis = shape.index(scale.size) if scale.size > 1 else 0
        quant = QuantParams(scale, np.zeros(scale.size, np.int64), axis if scale.size > 1 else None, axis)
    return Tensor("m", 0, 0, "t", DType[dtype], shape, shape, quant)


def op(kind: str, inputs: list[Given], output: Given = "FLOAT32", **options: Any) -> Op:
    more: Mapping[str, Any] = options
    made = tensor(output)
    outputs = () if made is None else (made,)
    return Op("m", 0, 0, kind, tuple(tensor(given) for given in inputs), outputs, decode=lambda: more)


F4 = ("FLOAT32", (1, 8, 8, 4))
I4 = ("INT8", (1, 8, 8, 4), 0.5)
S4 = ("INT16", (1, 8, 8, 4))
FILTER = (16, 3, 3, 4)
EACH = [0.1] * 16
D5 = (1, 2, 3, 4, 5)
W = (2, 4)

CASES: list[tuple[Op, int]] = [
    (op("RESHAPE", ["FLOAT32"]), 1),
    (op("CONV_2D", [F4, ("FLOAT32", FILTER)]), 1),
    (op("CONV_2D", [F4, ("FLOAT32", (16, 3, 3, 2))]), 6),
    (op("CONV_2D", [I4, ("INT8", FILTER)], I4), 3),
    (op("CONV_2D", [I4, ("INT4", FILTER)], I4), 7),
    (op("CONV_2D", [F4, ("INT8", FILTER, EACH)]), 5),
    (op("CONV_2D", [F4, ("INT8", FILTER, 0.1)]), 2),
    (op("CONV_2D", [S4, ("INT8", FILTER)], S4, quantized_bias_type="INT32"), 8),
    (op("CONV_2D", [S4, ("INT8", FILTER)], S4, quantized_bias_type="FLOAT32"), 1),
    (op("DEPTHWISE_CONV_2D", [F4, F4]), 1),
    (op("DEPTHWISE_CONV_2D", [F4, F4], dilation_w_factor=2), 2),
    (op("DEPTHWISE_CONV_2D", [I4, I4], I4), 3),
    (op("DEPTHWISE_CONV_2D", [I4, "INT4"], I4), 7),
    (op("DEPTHWISE_CONV_2D", [F4, ("INT8", (1, 3, 3, 4), [0.1] * 4)]), 6),
    (op("DEPTHWISE_CONV_2D", [F4, ("INT8", (1, 3, 3, 4), 0.1)]), 4),
    (op("DEPTHWISE_CONV_2D", [F4, ("INT8", ())]), 4),
    (op("FULLY_CONNECTED", ["FLOAT32", "FLOAT32", None]), 1),
    (op("FULLY_CONNECTED", ["FLOAT32", "FLOAT32"]), 6),
    (op("FULLY_CONNECTED", ["FLOAT32", "FLOAT32", None], keep_num_dims=True), 5),
    (op("FULLY_CONNECTED", ["FLOAT32", "INT2", None]), 14),
    (op("FULLY_CONNECTED", ["INT16", "INT4", None], "INT16"), 13),
    (op("FULLY_CONNECTED", ["INT16", "INT16", None], "INT16"), 7),
    (op("FULLY_CONNECTED", ["FLOAT32", ("INT8", W, [0.1] * 2), None]), 12),
    (op("FULLY_CONNECTED", ["FLOAT32", ("INT8", W, 0.1), None]), 3),
    (op("FULLY_CONNECTED", ["FLOAT32", ("INT8", W, 0.1), None], asymmetric_quantize_inputs=True), 9),
    (op("FULLY_CONNECTED", ["INT8", "INT8", None], "INT8"), 4),
    (op("FULLY_CONNECTED", ["INT8", "INT4", None], "INT8"), 10),
    (op("FULLY_CONNECTED", ["UINT8", "UINT8", None], "UINT8", weights_format="SHUFFLED4x16INT8"), 2),
    (op("EMBEDDING_LOOKUP", ["INT32", ("INT8", W, [0.1] * 2)]), 4),
    (op("EMBEDDING_LOOKUP", ["INT32", ("INT2", W)]), 5),
    (op("EMBEDDING_LOOKUP", ["INT32", "FLOAT32"]), 1),
    (op("GATHER", ["FLOAT32", "INT32"]), 1),
    (op("GATHER", ["INT8", "INT32"], "INT8"), 2),
    (op("GATHER", ["INT8", "INT16"], "INT8"), 6),
    (op("GATHER", ["INT8", "INT32"], "INT8", batch_dims=1), 5),
    (op("GATHER", ["INT4", "INT16"], "INT4"), 7),
    (op("GATHER_ND", ["FLOAT32", "INT16"]), 4),
    (op("GATHER_ND", ["BOOL", "INT16"], "BOOL"), 5),
    (op("MUL", [I4, I4], ("INT8", (1, 4), 0.5)), 2),
    (op("MUL", [I4, I4], ("INT8", (1, 4), 0.1)), 3),
    (op("MUL", [I4, I4], None), 2),
    (op("MUL", ["INT64", "INT64"], "INT64"), 5),
    (op("TRANSPOSE", [("FLOAT32", D5), "INT32"]), 4),
    (op("TRANSPOSE", [("FLOAT32", (1,) * 6), "INT32"]), 6),
    (op("TRANSPOSE", [("INT4", (1,) * 6), "INT32"]), 7),
    (op("TRANSPOSE", ["BOOL", "INT32"]), 3),
    (op("TRANSPOSE_CONV", ["INT32", "FLOAT32", F4]), 1),
    (op("TRANSPOSE_CONV", ["INT32", "INT8", I4], I4), 2),
    (op("TRANSPOSE_CONV", ["INT32", "FLOAT32", F4, "FLOAT32"]), 3),
    (op("TRANSPOSE_CONV", ["INT32", "FLOAT32", F4, None], fused_activation_function="RELU"), 4),
    (op("TRANSPOSE_CONV", ["INT16", "INT8", S4], S4, quantized_bias_type="INT32"), 5),
    (op("LSTM", ["UINT8", None, "UINT8"], "UINT8", kernel_type="BASIC"), 2),
    (op("LSTM", ["FLOAT32", None, "FLOAT32"]), 1),
    (op("LSTM", ["INT16", None, "INT8"], "INT16"), 5),
    (op("LSTM", ["FLOAT32", None, "INT8"]), 3),
    (op("LSTM", ["FLOAT32", None, "INT8"], asymmetric_quantize_inputs=True), 4),
    (op("UNIDIRECTIONAL_SEQUENCE_LSTM", ["FLOAT32", None, "FLOAT32"]), 1),
    (op("UNIDIRECTIONAL_SEQUENCE_LSTM", ["FLOAT32", None, "INT8"], None), 1),
    (op("UNIDIRECTIONAL_SEQUENCE_LSTM", ["FLOAT32", None, "INT8"]), 2),
    (op("UNIDIRECTIONAL_SEQUENCE_LSTM", ["FLOAT32", None, "INT8"], asymmetric_quantize_inputs=True), 3),
    (op("UNIDIRECTIONAL_SEQUENCE_LSTM", ["FLOAT32", None, "INT8"], diagonal_recurrent_tensors=True), 4),
    (op("UNIDIRECTIONAL_SEQUENCE_LSTM", ["INT16", None, "INT8"], "INT16"), 5),
    (op("RNN", ["FLOAT32", "FLOAT32"]), 1),
    (op("RNN", ["FLOAT32", "INT8"]), 2),
    (op("RNN", ["FLOAT32", "INT8"], asymmetric_quantize_inputs=True), 3),
    (op("SVDF", ["FLOAT32", "INT8"]), 2),
    (op("SVDF", ["FLOAT32", "INT8"], asymmetric_quantize_inputs=True), 4),
    (op("SVDF", ["INT8", "INT8"], "INT8"), 3),
    (op("SLICE", [("INT8", D5)], "INT8"), 5),
    (op("SLICE", [("UINT32", D5)], "UINT32"), 6),
    (op("SLICE", ["INT8"], "INT8"), 2),
    (op("STRIDED_SLICE", ["FLOAT32"]), 1),
    (op("STRIDED_SLICE", ["FLOAT32"], offset=True), 8),
    (op("STRIDED_SLICE", ["UINT32"], "UINT32"), 7),
    (op("STRIDED_SLICE", ["FLOAT32"], ellipsis_mask=1), 6),
    (op("STRIDED_SLICE", [("STRING", D5)], "STRING"), 5),
    (op("STRIDED_SLICE", [("FLOAT32", D5)]), 4),
    (op("DEQUANTIZE", [("INT8", W, 0.1)]), 2),
    (op("DEQUANTIZE", [("INT8", W, [0.1] * 2)]), 5),
    (op("DEQUANTIZE", ["FLOAT16"]), 3),
    (op("QUANTIZE", ["FLOAT32"], I4), 1),
    (op("QUANTIZE", ["FLOAT32"], ("INT8", W, [0.1] * 2)), 3),
    (op("QUANTIZE", ["FLOAT32"], "INT16"), 2),
    (op("QUANTIZE", ["FLOAT32"], "INT4"), 4),
    (op("QUANTIZE", ["FLOAT32"], None), 1),
    (op("RESIZE_BILINEAR", [F4]), 1),
    (op("RESIZE_BILINEAR", [I4], half_pixel_centers=True), 3),
    (op("RESIZE_BILINEAR", [S4], half_pixel_centers=True), 4),
    (op("RESIZE_NEAREST_NEIGHBOR", [I4], align_corners=True), 3),
    (op("RESIZE_NEAREST_NEIGHBOR", [I4]), 2),
    (op("MAXIMUM", ["INT16", "INT16"], "INT16"), 4),
    (op("MAXIMUM", [("FLOAT32", D5), "FLOAT32"]), 3),
    (op("MINIMUM", ["INT8", "INT8"], "INT8"), 2),
    (op("SUB", ["INT16", "INT16"], "INT16"), 5),
    (op("SUB", ["INT16", "INT16"], "INT16", pot_scale_int16=True), 1),
    (op("SUB", [("FLOAT32", D5), "FLOAT32"]), 3),
    (op("SUB", [("INT64", D5), "INT64"], "INT64"), 4),
    (op("DIV", [("FLOAT32", D5), "FLOAT32"]), 2),
    (op("DIV", [("FLOAT32", D5), None]), 1),
    (op("ADD", ["INT16", "INT16"], "INT16"), 3),
    (op("ADD", ["INT8", "INT8"], "INT8"), 2),
    (op("BATCH_TO_SPACE_ND", [("FLOAT32", (1, 4, 4))]), 3),
    (op("BATCH_TO_SPACE_ND", [I4], I4), 2),
    (op("BATCH_TO_SPACE_ND", [S4], S4), 4),
    (op("BATCH_MATMUL", ["FLOAT32", "INT8"], asymmetric_quantize_inputs=True), 4),
    (op("BATCH_MATMUL", ["INT8", "INT8"], "INT8"), 2),
    (op("PAD", [("INT8", D5)], "INT8"), 4),
    (op("PAD", [("BOOL", D5)], "BOOL"), 5),
    (op("PADV2", ["INT16"], "INT16"), 3),
    (op("SELECT", ["BOOL", ("FLOAT32", D5), "FLOAT32"]), 3),
    (op("SELECT", [("UINT32", D5), "FLOAT32", "FLOAT32"]), 4),
    (op("TOPK_V2", ["FLOAT32", "INT16"]), 3),
    (op("TOPK_V2", ["INT8", "INT32"], "INT8"), 2),
    (op("CAST", ["INT4"]), 6),
    (op("CAST", ["INT2"]), 8),
    (op("CAST", ["FLOAT32"], "FLOAT16"), 5),
    (op("CAST", ["INT8"]), 3),
    (op("CAST", ["INT32"]), 1),
    (op("WHERE", ["BOOL"], "INT64"), 1),
    (op("WHERE", ["FLOAT32"], "INT64"), 2),
    (op("FAKE_QUANT", ["FLOAT32"], narrow_range=True), 2),
    (op("FAKE_QUANT", ["FLOAT32"]), 1),
    (op("L2_NORMALIZATION", ["INT8"], "INT8"), 2),
    (op("L2_NORMALIZATION", ["FLOAT32"]), 1),
    (op("BROADCAST_TO", ["FLOAT32", "INT32"]), 2),
    (op("BROADCAST_TO", ["INT8", "INT32"], "INT8"), 3),
    (op("SPLIT", ["INT32", "INT8"], "INT8"), 2),
    (op("EQUAL", ["STRING", "STRING"], "BOOL"), 3),
    (op("FLOOR_DIV", ["FLOAT32", "FLOAT32"]), 2),
]  # fmt: skip


@pytest.mark.parametrize(("made", "expected"), CASES, ids=lambda each: each.kind if isinstance(each, Op) else "")
def test_types_ranks_and_options_decide(made: Op, expected: int) -> None:
    assert version(made) == expected


def test_what_the_converter_s_release_does_not_know_is_not_told() -> None:
    assert version(op("ADD", ["FLOAT16", "FLOAT16"], "FLOAT16")) is None
    assert version(op("TRANSPOSE", ["FLOAT16", "INT32"], "FLOAT16")) is None
    assert version(op("TRANSPOSE", [("FLOAT32", (1,) * 7), "INT32"])) is None
    assert version(op("CONCATENATION", ["FLOAT8_E5M2"], "FLOAT8_E5M2")) is None
    assert version(op("QUANTIZE", ["FLOAT32"], "UINT4")) is None


def test_what_is_not_known_is_not_told() -> None:
    assert version(op("ADD", ["UNKNOWN", "FLOAT32"])) is None
    assert version(op("ADD", [])) is None
    assert version(Op("m", 0, 0, "KERAS_MINE", (), (), is_unknown=True)) is None


def test_custom_ops_have_version_1() -> None:
    assert version(Op("m", 0, 0, "CONV_2D", (), (), is_custom=True)) == 1


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (op("CONV_2D", [("INT16", (1, 8, 8, 4), 0.1), ("INT8", FILTER, EACH)], "INT16"), 3),
        (op("CONV_2D", [("INT16", (1, 8, 8, 4), 0.1), ("INT8", (16, 3, 3, 2), EACH)], "INT16"), 6),
        (op("SOFTMAX", [("INT16", (1, 4), 0.1)], ("INT16", (1, 4), 0.1)), 2),
        (op("PACK", ["INT32", "INT32"], "INT32"), 2),
        (op("QUANTIZE", ["FLOAT32"], ("INT16", (1, 4), 0.1)), 1),
        (op("DEQUANTIZE", [("INT16", (1, 4), 0.1)]), 2),
        (op("ADD", ["FLOAT16", "FLOAT16"], "FLOAT16"), None),
        (op("RESHAPE", [("INT16", (1, 4), 0.1), None]), 1),
    ],
)
def test_models_with_16_bit_activations_have_versions_of_their_own(made: Op, expected: int | None) -> None:
    assert version(made, of_16_bits=True) == expected


def graph(*ops: Op) -> Graph:
    tensors = tuple(each for op in ops for each in (*op.inputs, *op.outputs) if each is not None)
    return Graph("m", 0, "main", tensors, ops, (), ())


def test_one_kind_has_one_version_in_a_model() -> None:
    five = op("TRANSPOSE", [("FLOAT32", D5), "INT32"])
    made = versioned([graph(op("TRANSPOSE", ["FLOAT32", "INT32"]), op("RELU", ["FLOAT32"])), graph(five)])
    assert [each.version for each in made[0].ops] == [4, 1]
    assert [each.version for each in made[1].ops] == [4]


def test_ops_of_which_nothing_is_known_keep_their_version() -> None:
    mine = Op("m", 0, 0, "KERAS_MINE", (), (), is_unknown=True)
    custom = Op("m", 0, 0, "Mine", (), (), is_custom=True)
    [made] = versioned([graph(mine, custom, op("ADD", []))])
    assert [each.version for each in made.ops] == [1, 1, 1]
    assert made.ops[0] is mine


def test_16_bits_are_activations() -> None:
    assert has_16_bits([graph(op("ADD", [("INT16", (1, 4), 0.1)]))])
    assert not has_16_bits([graph(op("ADD", ["INT16"]))])


def test_every_version_in_the_tables_exists() -> None:
    for kind, text in BY_TYPE.items():
        assert {int(part.split("=")[1]) for part in text.split()} <= set(known_versions(kind)), kind
    for kind, number in OF_16_BITS.items():
        assert number in known_versions(kind), kind


def test_a_predicted_model_has_them() -> None:
    source = layered((1, 8, 8, 4), step("Conv2D", filters=8, kernel_size=3, groups=2))
    made = predicted(source)
    assert made is not None
    assert {each.kind: each.version for each in made.graphs[0].ops} == {"CONV_2D": 6}
    made = predicted(layered((1, 8), step("Dense", units=4)), "int8")
    assert made is not None
    assert {each.kind: each.version for each in made.graphs[0].ops} == {"FULLY_CONNECTED": 4}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the corpus of models")
def test_converted_files_agree() -> None:
    wrong = []
    for path in sorted((CORPUS / "generated").rglob("*.tflite")):
        if {"broken", "vela"} & set(path.parts):
            continue
        model = read(str(path))
        made = versioned(model.graphs)
        for real, mine in ((real, mine) for r, m in zip(model.graphs, made, strict=True)
                           for real, mine in zip(r.ops, m.ops, strict=True)):  # fmt: skip
            if real.version != mine.version:
                wrong.append((path.name, real.kind, real.version, mine.version))
    assert wrong == []
