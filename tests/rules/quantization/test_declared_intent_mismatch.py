"""TFL301: what is declared, and what is in the file."""

from typing import Any

import numpy as np
import pytest

from tflint import Expectations, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.quantization.declared_intent_mismatch import DeclaredIntentMismatch
from tflint_rules.quantization.file_names import promise

RULE = DeclaredIntentMismatch()
OPTIONS = {"padding": "VALID", "stride_w": 1, "stride_h": 1}


def conv(g: GraphBuilder, x: int, dtype: str = "INT8", name: str = "conv") -> int:
    """A convolution of 4 channels over 4x4 places: 256 multiply-accumulates."""
    scale = None if dtype == "FLOAT32" else 0.1
    weights = np.ones((4, 1, 1, 4), np.float32 if scale is None else np.int8)
    kind = np.float32 if scale is None else np.int64 if dtype == "INT16" else np.int32
    w = g.constant(f"{name}/kernel", weights, scale=scale)
    b = g.constant(f"{name}/bias", np.zeros(4, kind), scale=scale)
    return g.op("CONV_2D", [x, w, b], g.tensor(name, [1, 4, 4, 4], dtype, scale=scale), OPTIONS)


def neg(g: GraphBuilder, x: int, name: str = "norm/neg", dtype: str = "INT8") -> int:
    """What a LayerNormalization leaves behind: NEG between DEQUANTIZE and QUANTIZE."""
    real = g.op("DEQUANTIZE", [x], g.tensor(f"{name}/in", [1, 4, 4, 4]))
    done = g.op("NEG", [real], g.tensor(name, [1, 4, 4, 4]))
    return g.op("QUANTIZE", [done], g.tensor(f"{name}/out", [1, 4, 4, 4], dtype, scale=0.1))


def quantized(dtype: str = "INT8", *, negs: int = 0) -> GraphBuilder:
    g = GraphBuilder()
    x = conv(g, g.input("x", [1, 4, 4, 4], dtype, scale=0.1), dtype)
    for number in range(negs):
        x = neg(g, x, f"norm_{number}/neg", dtype)
    g.output(conv(g, x, dtype, "head"))
    return g


def floating(elements: int = 2048, *, half: bool = False, packed: bool = False) -> GraphBuilder:
    """A product with weights of so many elements: float32, float16 behind a DEQUANTIZE, or integers."""
    g = GraphBuilder()
    x = g.input("x", [1, elements // 4])
    kind = np.float16 if half else np.int8 if packed else np.float32
    w = g.constant("kernel", np.ones((4, elements // 4), kind), scale=0.1 if packed else None)
    if half:
        w = g.op("DEQUANTIZE", [w], g.tensor("kernel/real", [4, elements // 4]))
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4]), {}))
    return g


def bad() -> GraphBuilder:
    g = quantized(negs=2)
    g.converted("PTQ_FULL_INTEGER")
    return g


def good() -> GraphBuilder:
    g = quantized()
    g.converted("PTQ_FULL_INTEGER")
    return g


def said(of: GraphBuilder, *modes: str, **expected: Any) -> list[str]:
    if modes:
        of.converted(*modes)
    return [found.message for found in findings(RULE, of, expectations=Expectations(**expected))]


def test_float_ops_in_a_full_integer_model_are_all_named() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message.startswith("2 of 8 ops (0 % of the multiply-accumulates) work on float values: NEG (2); ")
    assert found.message.endswith("converted to full integer (PTQ_FULL_INTEGER).")
    assert [found.location.address, *(each.address for each in found.related)] == ["0/2:NEG", "0/5:NEG"]
    assert found.evidence["kinds"] == {"NEG": 2}
    assert "TFL302" in found.help


def test_float_ends_may_mean_that_falling_back_to_float_was_asked_for() -> None:
    g = GraphBuilder()
    x = g.op("QUANTIZE", [g.input("x", [1, 4, 4, 4])], g.tensor("q", [1, 4, 4, 4], "INT8", scale=0.1))
    g.output(conv(g, neg(g, conv(g, x))))
    g.converted("PTQ_FULL_INTEGER")
    [found] = findings(RULE, g)
    assert found.severity is Severity.WARNING


def test_conversions_at_the_ends_are_no_float_ops() -> None:
    g = GraphBuilder()
    x = g.op("QUANTIZE", [g.input("x", [1, 4, 4, 4])], g.tensor("q", [1, 4, 4, 4], "INT8", scale=0.1))
    g.output(g.op("DEQUANTIZE", [conv(g, x)], g.tensor("y", [1, 4, 4, 4])))
    assert said(g, "PTQ_FULL_INTEGER", precision="int8") == []


def test_float_ops_outside_of_islands_get_their_own_cure() -> None:
    g = GraphBuilder()
    x = g.op("ELU", [g.input("x", [1, 4, 4, 4])], g.tensor("e", [1, 4, 4, 4]))
    x = g.op("QUANTIZE", [x], g.tensor("q", [1, 4, 4, 4], "INT8", scale=0.1))
    g.output(conv(g, x))
    [found] = findings(RULE, g, expectations=Expectations(precision="int8"))
    assert "celu" in found.help
    [found] = findings(RULE, floating(), expectations=Expectations(precision="int8"))
    assert found.help.startswith("Convert again with ranges")
    g = floating()
    g.output(g.op("FLOOR", [g.graph["outputs"][0]], g.tensor("floor", [1, 4])))
    [found] = findings(RULE, g, expectations=Expectations(precision="int8"))
    assert found.help.startswith("Rewrite the layers")


def test_what_the_configuration_expects_counts_before_what_the_file_says() -> None:
    assert said(floating(packed=True), "PTQ_FULL_INTEGER", precision="dynamic") == []
    [message] = said(quantized(negs=1), "PTQ_DYNAMIC_RANGE", precision="int8")
    assert message.endswith("the configuration expects int8.")


def test_the_width_of_the_integers_is_part_of_the_promise() -> None:
    assert said(quantized("INT16"), "PTQ_INT16", precision="int16x8") == []
    [message] = said(quantized("INT16"), precision="int8")
    assert message.startswith("2 of 2 ops (100 % of the multiply-accumulates) work on 16-bit integers: CONV_2D (2);")
    [message] = said(quantized(), "PTQ_INT16")
    assert "work on 8-bit integers" in message
    [message] = said(quantized("INT16", negs=1), "PTQ_INT16")
    assert "1 of 5 ops (0 % of the multiply-accumulates) works on float values: NEG;" in message


def test_float16_needs_a_float16_constant() -> None:
    assert said(floating(half=True), "PTQ_FLOAT16") == []
    [message] = said(floating(), "PTQ_FLOAT16")
    assert message.startswith("No constant is float16, and 1 float32 weight tensor takes 8.0 KiB; the file says")
    [message] = said(quantized(), precision="float16")
    assert "work with integers: CONV_2D (2)" in message


def test_dynamic_range_needs_integer_weights() -> None:
    assert said(floating(packed=True), "PTQ_DYNAMIC_RANGE") == []
    [message] = said(floating(), "PTQ_DYNAMIC_RANGE")
    assert message.startswith("No constant is an integer, and 1 float32 weight tensor takes 8.0 KiB;")
    [message] = said(quantized(), precision="dynamic")
    assert "2 of 2 ops (100 % of the multiply-accumulates) work on integers only: CONV_2D (2);" in message


def test_an_integer_table_keeps_the_promise_of_dynamic_range() -> None:
    g = floating()
    table = g.constant("table", np.ones((4, 4), np.int8), scale=0.1)
    ids = g.input("ids", [2], "INT32")
    g.op("GATHER", [table, ids], g.tensor("rows", [2, 4], "INT8", scale=0.1))
    assert said(g, "PTQ_DYNAMIC_RANGE") == []


def test_weights_that_the_converter_finds_too_small_are_no_breach() -> None:
    assert said(floating(512), "PTQ_DYNAMIC_RANGE") == []
    assert said(floating(512), "PTQ_FLOAT16") == []


def test_what_a_damaged_graph_holds_is_not_known() -> None:
    g = floating()
    g.subgraph("broken").graph["outputs"].append(99)
    assert said(g, "PTQ_DYNAMIC_RANGE") == []


def test_float32_allows_neither_integers_nor_float16() -> None:
    assert said(floating(), precision="float32") == []
    [message] = said(floating(packed=True), precision="float32")
    assert message.startswith("1 of 1 op (100 % of the multiply-accumulates) works with integers: FULLY_CONNECTED;")
    [message] = said(floating(half=True), precision="float32")
    assert message.startswith("1 constant is stored as float16;")


def test_quantization_aware_training_has_to_leave_an_integer_op() -> None:
    assert said(quantized(negs=1), "QUANTIZATION_AWARE_TRAINING") == []
    [message] = said(floating(), "QUANTIZATION_AWARE_TRAINING")
    assert "works on float values, and none on integers: FULLY_CONNECTED" in message


@pytest.mark.parametrize("modes", [(), ("BLOCK_SPARSITY",)])
def test_without_a_promise_nothing_is_broken(modes: tuple[str, ...]) -> None:
    assert said(quantized(negs=1), *modes) == []


def test_inputs_and_outputs_are_of_the_expected_type() -> None:
    assert said(quantized(), io="int8") == []
    [message] = said(quantized(), io="uint8")
    assert message == (
        "2 inputs and outputs are not uint8: input 'x' INT8[1, 4, 4, 4] and output 'head' INT8[1, 4, 4, 4]; the "
        "configuration expects uint8."
    )


def test_indices_and_truth_values_are_not_what_io_is_about() -> None:
    g = quantized()
    g.output(g.input("ids", [1], "INT32"))
    assert said(g, io="int8") == []


def test_static_models_have_no_dynamic_dimension() -> None:
    g = GraphBuilder()
    x = g.input("x", [None, 8])
    g.output(g.op("ABS", [x], g.tensor("y", [None, 8])))
    assert said(g, static=False) == []
    [message] = said(g, static=True)
    assert message == (
        "2 of 2 tensors have a dynamic dimension, beginning with the input 'x' FLOAT32[?, 8]; the configuration "
        "expects static shapes."
    )


def test_a_dynamic_dimension_may_begin_inside() -> None:
    g = GraphBuilder()
    g.output(g.op("WHERE", [g.input("x", [4], "BOOL")], g.tensor("y", [None, 1], "INT64")))
    assert said(quantized(), static=True) == []
    [message] = said(g, static=True)
    assert message.startswith("1 of 2 tensors has a dynamic dimension, the first is 'y' INT64[?, 1];")


def named(of: GraphBuilder, path: str, **expected: Any) -> list[str]:
    return [found.message for found in findings(RULE, of, path=path, expectations=Expectations(**expected))]


def test_the_name_of_a_file_is_a_promise_too() -> None:
    [found] = findings(RULE, quantized(negs=1), path="models/kws_full_integer_quant.tflite")
    assert found.severity is Severity.WARNING
    assert found.message.endswith("works on float values: NEG; the file's name says 'full integer'.")
    assert found.help.endswith("Or give the file another name.")


def test_what_others_say_counts_before_the_name() -> None:
    path = "kws_full_integer_quant.tflite"
    assert named(floating(packed=True), path, precision="dynamic") == []
    [message] = named(quantized(negs=1), path, precision="int8")
    assert message.endswith("the configuration expects int8.")
    g = quantized(negs=1)
    g.converted("PTQ_FULL_INTEGER")
    [message] = named(g, path)
    assert message.endswith("(PTQ_FULL_INTEGER).")


def test_a_name_may_break_where_the_file_keeps_what_it_says_of_itself() -> None:
    g = floating(packed=True)
    g.converted("PTQ_DYNAMIC_RANGE")
    assert named(quantized(negs=1), "kws_integer_quant.tflite") == []
    [message] = named(g, "kws_integer_quant.tflite")
    assert message.endswith("and none on integers only: FULLY_CONNECTED; the file's name says 'integer quant'.")


def test_int8_in_a_name_is_kept_by_integer_weights() -> None:
    assert named(floating(packed=True), "yolo_int8.tflite") == []
    assert named(quantized(negs=1), "yolo_int8.tflite") == []
    [message] = named(floating(), "C:\\models\\YOLO-INT8 (1).tflite")
    assert message == (
        "1 of 1 op (100 % of the multiply-accumulates) works on float values, and there is no integer weight: "
        "FULLY_CONNECTED; the file's name says 'int8'."
    )


def test_int16x8_in_a_name_is_kept_by_any_16_bit_op() -> None:
    assert named(quantized("INT16", negs=1), "kws_int16x8.tflite") == []
    [message] = named(quantized(), "kws_int16x8.tflite")
    assert "on 8-bit integers, and none on 16-bit ones: CONV_2D (2); the file's name says 'int16x8'." in message
    [message] = named(floating(), "kws_int16x8.tflite")
    assert "on float values, and none on 16-bit integers: FULLY_CONNECTED" in message


@pytest.mark.parametrize(
    ("name", "promised"),
    [
        ("m_float32.tflite", "float32"),
        ("m_float16.tflite", "float16"),
        ("m_float16_quant.tflite", "float16"),
        ("Model_FP16.tflite", "float16"),
        ("m_dynamic_range_quant.tflite", "dynamic"),
        ("m_dynamic_range_int8.tflite", "dynamic"),
        ("dynamic_wi8_afp32.tflite", "dynamic"),
        ("m_integer_quant.tflite", "integer values"),
        ("m_full_integer_quant_edgetpu.tflite", "int8"),
        ("m_int8_full_integer_quant.tflite", "int8"),
        ("m_integer_quant_with_int16_act.tflite", "some int16"),
        ("m_full_integer_quant_with_int16_act.tflite", "int16x8"),
        ("sd_dynamic_int8.tflite", "some int8"),
    ],
)
def test_exporters_write_what_they_do_into_names(name: str, promised: str) -> None:
    found = promise(name)
    assert found is not None
    assert found[0] == promised


@pytest.mark.parametrize(
    "name",
    [
        "int8/model.tflite",
        "m_quant.tflite",
        "m_dynamic.tflite",
        "m_float.tflite",
        "modelint8.tflite",
        "no_int8.tflite",
        "float32_to_int8.tflite",
        "conv-quant-fp16.float32.tflite",
        "m_int8_float16.tflite",
    ],
)
def test_what_is_not_sure_promises_nothing(name: str) -> None:
    assert promise(name) is None
