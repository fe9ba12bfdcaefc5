"""What becomes of a whole graph."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tf_graphs import TensorFlowGraph as G
from tf_graphs import saved
from tflint.forecast import Int8, Status


def one(kind: str, dtype: str = "FLOAT32", **options: object) -> G:
    g = G()
    return g.output(g.op(kind, [g.input((2, 3), dtype)], **options))


def test_an_op_that_the_runtime_has_is_builtin_and_the_op_is_named() -> None:
    found = one("Abs", T="FLOAT32").forecast()
    assert (found.verdict, found.reasons) == (Status.BUILTIN, ())
    assert found.ops[0].becomes == ("ABS",)


def test_an_op_of_a_type_that_the_runtime_lacks_needs_flex_and_the_type_is_told() -> None:
    found = one("Abs", "FLOAT64", T="FLOAT64").forecast()
    assert found.verdict is Status.FLEX
    assert found.reasons == ("Abs needs SELECT_TF_OPS: of float64 values (T) no op of the runtime computes it",)


def test_an_op_that_is_neither_converted_nor_a_flex_op_fails() -> None:
    assert one("Acos", T="FLOAT32").forecast().verdict is Status.FAILS
    assert one("NobodyHasThis").forecast().reasons == (
        "NobodyHasThis is neither converted to builtin ops nor among the Flex ops",
    )


def test_the_worst_op_decides_and_gives_the_reason() -> None:
    g = G()
    x = g.op("Erf", [g.input()], T="FLOAT32")
    assert g.output(g.op("Acos", [x], T="FLOAT32")).forecast().verdict is Status.FAILS
    assert g.forecast().reasons == ("Acos does not convert",)


def test_an_op_that_nothing_needs_is_not_judged() -> None:
    g = G()
    x = g.input()
    g.op("Acos", [x], T="FLOAT32")
    assert g.output(g.op("Abs", [x], T="FLOAT32")).forecast().verdict is Status.BUILTIN


def test_an_op_with_an_effect_is_judged_though_nothing_takes_what_it_makes() -> None:
    g = G()
    x = g.input()
    g.op("PrintV2", [g.op("StringFormat", [x])], 0)
    found = g.output(g.op("Abs", [x], T="FLOAT32")).forecast()
    assert saved(found) == {"StringFormat": "flex", "PrintV2": "flex", "Abs": "builtin"}


def test_an_assertion_is_dropped() -> None:
    g = G()
    x = g.input()
    g.op("Assert", [g.op("Acos", [x], T="FLOAT32")], 0)
    assert saved(g.output(g.op("Abs", [x], T="FLOAT32")).forecast()) == {"Abs": "builtin"}


@pytest.mark.parametrize("kind", ["Identity", "StopGradient", "CheckNumerics", "EnsureShape", "Snapshot"])
def test_nothing_is_left_of_ops_that_only_hand_on(kind: str) -> None:
    found = one(kind, "FLOAT64", T="FLOAT64").forecast()
    assert (found.verdict, found.ops[0].becomes) == (Status.BUILTIN, ())


def test_an_op_on_constants_is_folded_whatever_it_is() -> None:
    g = G()
    x = g.input()
    angle = g.op("Acos", [g.constant([[0.1, 0.2, 0.3]])], T="FLOAT32")
    assert saved(g.output(g.op("AddV2", [x, angle], T="FLOAT32")).forecast()) == {"AddV2": "builtin"}


def test_gelu_written_with_erf_or_erfc_is_one_op() -> None:
    for kind in ("Erf", "Erfc"):
        g = G()
        x = g.input()
        half = g.op("Mul", [x, g.constant(0.5)], T="FLOAT32")
        argument = g.op("Neg", [x], T="FLOAT32") if kind == "Erfc" else x
        scaled = g.op("Mul", [argument, g.op("Identity", [g.constant(0.70710677)])], T="FLOAT32")
        inner = g.op(kind, [scaled], T="FLOAT32")
        if kind == "Erf":
            inner = g.op("AddV2", [g.constant(1.0), inner], T="FLOAT32")
        found = g.output(g.op("Mul", [half, inner], T="FLOAT32")).forecast()
        assert found.verdict is Status.BUILTIN
        assert ("GELU",) in [each.becomes for each in found.ops]


def test_what_only_looks_like_gelu_is_not() -> None:
    g = G()
    x = g.input()
    inner = g.op("Erf", [g.op("Mul", [x, g.constant(0.70710677)], T="FLOAT32")], T="FLOAT32")
    shifted = g.op("AddV2", [inner, g.constant(1.0)], T="FLOAT32")
    half = g.op("Mul", [g.constant(0.5), x], T="FLOAT32")
    assert g.output(g.op("Mul", [shifted, half], T="FLOAT32")).forecast().verdict is Status.FLEX


@pytest.mark.parametrize("change", ["other factor", "no Neg", "two readers", "no one"])
def test_a_gelu_that_is_changed_stays_what_it_is(change: str) -> None:
    g = G()
    x = g.input()
    kind = "Erf" if change == "no one" else "Erfc"
    argument = x if change in {"no Neg", "no one"} else g.op("Neg", [x], T="FLOAT32")
    factor = 0.7 if change == "other factor" else 0.70710677
    inner = g.op(kind, [g.op("Mul", [g.constant(factor), argument], T="FLOAT32")], T="FLOAT32")
    if change == "no one":
        inner = g.op("AddV2", [inner, g.constant(2.0)], T="FLOAT32")
    half = g.op("Mul", [x, g.constant(0.5)], T="FLOAT32")
    g.output(g.op("Mul", [half, inner], T="FLOAT32"))
    if change == "two readers":
        g.output(inner)
    assert g.forecast().verdict is not Status.BUILTIN


def test_int8_tells_what_quantization_leaves_in_float() -> None:
    assert one("Relu", T="FLOAT32").forecast().int8 is Int8.OK
    assert one("Sin", T="FLOAT32").forecast().int8 is Int8.FLOAT
    assert one("Erf", T="FLOAT32").forecast().int8 is Int8.FLOAT
    assert one("Acos", T="FLOAT32").forecast().int8 is Int8.FAILS


def test_integers_need_no_quantization() -> None:
    assert one("Abs", "INT32", T="INT32").forecast().int8 is Int8.OK


def test_an_op_that_tensorflow_does_not_know_fails_and_is_called_that() -> None:
    g = G()
    x = g.input()
    g.op("MyOp", [x])
    g.ops[-1] = replace(g.ops[-1], is_custom=True)
    found = g.output(g.ops[-1].outputs[0]).forecast()
    assert found.reasons == ("MyOp is no op of TensorFlow",)


def test_an_op_of_another_library_depends_on_that_library() -> None:
    found = one("SentencepieceOp").forecast()
    assert (found.verdict, found.int8) == (Status.UNKNOWN, Int8.UNKNOWN)
