"""What the compiler plugins of LiteRT take for the NPUs of five vendors."""

import pytest

from one_op import One, build, ints, k, said, says, t, verdict
from tflint.analysis.placement import place
from tflint.formats.tflite.schema import OPERATORS
from tflint.target import Kind, Layer, Target
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.google_tensor import TARGET as GOOGLE
from tflint_rules.targets.tables.intel_openvino import TARGET as INTEL
from tflint_rules.targets.tables.mediatek import TARGET as MEDIATEK
from tflint_rules.targets.tables.qualcomm import TARGET as QUALCOMM
from tflint_rules.targets.tables.samsung import TARGET as SAMSUNG

ALL = [GOOGLE, INTEL, MEDIATEK, QUALCOMM, SAMSUNG]
QNN = "? the op is offered to the QNN library of the chip, which decides"
NEURON = "? the op is offered to Neuron's compiler, which decides"
EXYNOS = "? the op is offered to Samsung's compiler, which decides"
X, Y = t("f32", 1, 8, 8, 4), t("f32", 1, 8, 8, 4)
Q = t("qi8", 1, 8, 8, 4)
IN_BLOCKS = {"quantization": {"details": ("BlockwiseQuantization", {"scales": 0, "block_size": 4})}}


def by_name(target: Target) -> str:
    return target.name


@pytest.mark.parametrize("target", ALL, ids=by_name)
def test_ops_are_those_of_the_schema(target: Target) -> None:
    assert set(target.ops) <= set(OPERATORS)


@pytest.mark.parametrize("target", ALL, ids=by_name)
def test_what_is_not_listed_is_refused(target: Target) -> None:
    found = verdict(target, "RFFT2D", [X, ints(8)], t("c64", 8))
    assert (found.supported, found.layer) == (False, Layer.LISTED)
    assert found.reason == f"RFFT2D is not among the ops of {target.name}"


@pytest.mark.parametrize("target", ALL, ids=by_name)
def test_what_is_listed_the_vendor_decides(target: Target) -> None:
    assert verdict(target, "CONV_2D", [X, k("f32", 4, 1, 1, 4), k("f32", 4)], Y).supported is (
        True if target is INTEL else None
    )


@pytest.mark.parametrize("target", [GOOGLE, INTEL, MEDIATEK, SAMSUNG], ids=by_name)
def test_custom_ops_are_refused(target: Target) -> None:
    assert says(target, "Mine", [X], Y) == f"Mine is not among the ops of {target.name}"


def test_custom_ops_of_qualcomm_need_a_package() -> None:
    assert says(QUALCOMM, "Mine", [X], Y) == "? Mine runs where a QNN op package for it is registered"


def test_one_op_that_samsung_does_not_build_stops_the_model() -> None:
    assert [target.name for target in ALL if target.kind is Kind.RUNTIME] == ["samsung"]


def test_google_is_offered_all_that_is_not_on_its_list() -> None:
    kept = set(OPERATORS) - set(GOOGLE.ops) - {"PLACEHOLDER_FOR_GREATER_OP_CODES"}
    assert {"CUSTOM", "WHERE", "STABLEHLO_SCATTER", "REDUCE_PROD", "SHAPE"} <= kept
    assert len(kept) == 43


@pytest.mark.parametrize("target", ALL, ids=by_name)
def test_models_that_litert_cannot_read_are_refused_whole(target: Target) -> None:
    def refusal(*tensors: One, **more: object) -> str:
        g = GraphBuilder()
        build(g, "TANH", tensors, Y, **more)
        return target.refusal(model(g))

    assert refusal(X) == ""
    assert "'t0' is a variable" in refusal(t("f32", 4, is_variable=True))
    assert "'t0' is VARIANT" in refusal(One("variant", (4,)))
    assert "TANH has intermediate tensors" in refusal(X, intermediates=[0])


@pytest.mark.parametrize("target", ALL, ids=by_name)
def test_composites_have_names(target: Target) -> None:
    def composite(name: str) -> str:
        return says(target, "STABLEHLO_COMPOSITE", [X], Y, {"name": name, "decomposition_subgraph_index": 7})

    assert "composite" not in composite("odml.rms_norm")
    assert composite("odml.cpu_call") == "odml.cpu_call asks for the CPU"
    assert composite("odml.npu_call").startswith("? odml.npu_call is compiled as a whole")
    other = composite("mine")
    if target is SAMSUNG:
        assert other == "composite 'mine' is not among those that are supported"
    else:
        assert other.startswith("? composite 'mine' is replaced by the ops of its decomposition")


def with_body(*, five: bool, text: bool = False) -> GraphBuilder:
    """A composite whose decomposition has an input of many dimensions."""
    g = GraphBuilder()
    (made,) = build(g, "STABLEHLO_COMPOSITE", [X], Y, {"name": "mine", "decomposition_subgraph_index": 1})
    build(g, "TANH", [made], Y)
    body = g.subgraph("body")
    code = "str" if text else "f32"
    build(body, "TANH", [t(code, 1, 1, 1, 1, 1, 4)], t(code, 4))
    if five:
        build(g, "TANH", [t("f32", 1, 1, 1, 1, 4)], Y)
    else:
        build(g, "TANH", [t("f32", 1, 1, 1, 1, 1, 4)], Y)
    return g


def test_intel_takes_inputs_of_five_dimensions() -> None:
    assert INTEL.refusal(model(with_body(five=True))) == ""
    assert "has 6 dimensions; up to 5 are supported" in INTEL.refusal(model(with_body(five=False)))


def test_intel_takes_a_fixed_number_of_values() -> None:
    assert says(INTEL, "TOPK_V2", [X, ints(3)], Y) == ""
    assert says(INTEL, "TOPK_V2", [X, t("i32")], Y) == "number of values is not constant"
    assert says(INTEL, "TOPK_V2", [X], Y) == "it has no number of values"


def test_intel_does_not_compile_blocks() -> None:
    assert says(INTEL, "FULLY_CONNECTED", [X, None, k("i4", 4, 4, **IN_BLOCKS)], Y).startswith(
        "? 't1' is quantized in blocks"
    )


def test_qualcomm_gives_up_on_types_that_qnn_lacks() -> None:
    def refusal(one: One) -> str:
        g = GraphBuilder()
        build(g, "RESHAPE", [one, None], Y)
        return QUALCOMM.refusal(model(g))

    assert refusal(X) == ""
    assert "'t0' is STRING, which the plugin cannot tell QNN" in refusal(t("str", 4))
    assert "'t0' is quantized in blocks" in refusal(k("i4", 4, 4, **IN_BLOCKS))
    assert QUALCOMM.refusal(model(with_body(five=True, text=True))) == "", "a decomposition may never be looked at"


@pytest.mark.parametrize(
    ("kind", "inputs", "fault"),
    [
        ("ARG_MAX", [X, ints(1, code="i64")], QNN),
        ("ARG_MAX", [X, t("i32")], "axis is not constant"),
        ("ARG_MAX", [X, ints(1, code="i16")], "axis is INT16; INT32 or INT64 is supported"),
        ("ARG_MAX", [X], "it has no axis"),
        ("MEAN", [X, ints(1, 2)], QNN),
        ("MEAN", [X, ints(1, shape=(1, 1))], "axis has 2 dimensions; 0 to 1 are supported"),
        ("CUMSUM", [X, ints(1)], QNN),
        ("DYNAMIC_UPDATE_SLICE", [X, X, ints(0, 0, 0, 0)], QNN),
        ("DYNAMIC_UPDATE_SLICE", [X, X, ints(0, code="i64")], "start is INT64; INT32 is supported"),
        (
            "DYNAMIC_UPDATE_SLICE",
            [X, t("f32", 4), ints(0)],
            "operand has 4 dimensions, update 1; equal numbers from 2 on are supported",
        ),
        ("DYNAMIC_UPDATE_SLICE", [X, X], "it has fewer than 3 inputs"),
        ("ONE_HOT", [t("i32", 4), ints(4), k("f32"), k("f32")], QNN),
        ("ONE_HOT", [t("i32", 4), ints(4, 4), k("f32"), k("f32")], "depth has 2 elements; 1 is supported"),
        (
            "ONE_HOT",
            [t("i32", 4), ints(4), k("qi8"), k("f32")],
            "its values and its output have different element types: f32, qi8",
        ),
        ("PAD", [X, ints(0, 1)], QNN),
        ("PAD", [t("qi8c", 4), ints(0, 1)], "input has a scale for each channel; one scale is supported"),
        ("PADV2", [X, ints(0, 1), k("f32")], QNN),
        ("PADV2", [X, ints(0, 1), t("f32")], "value to pad with is not constant"),
        ("PADV2", [t("f16", 4), ints(0, 1), k("f16")], "value to pad with is FLOAT16; FLOAT32 is supported"),
        ("PADV2", [Q, ints(0, 1), k("qi8")], QNN),
        (
            "PADV2",
            [t("qi16", 4), ints(0, 1), k("qi16")],
            "input is INT16 and it has a value to pad with; for such an input there must be none",
        ),
        ("REVERSE_V2", [X, ints(1, 2)], "axis has 2 elements; 1 is supported"),
        ("SCATTER_ND", [t("i32", 4, 1), X, ints(4)], QNN),
        ("STRIDED_SLICE", [X, ints(0), ints(1), t("i32", 1)], "stride is not constant"),
        ("TOPK_V2", [X, ints(3, 3)], "number of values has 2 elements; 1 is supported"),
        ("TRANSPOSE", [X, t("i32", 4)], "permutation is not constant"),
    ],
)
def test_qualcomm_builds_ops_of_constants(kind: str, inputs: list[One], fault: str) -> None:
    assert says(QUALCOMM, kind, inputs, Y) == fault


@pytest.mark.parametrize(("kind", "code"), [("BROADCAST_TO", "i8"), ("LEAKY_RELU", "f16"), ("PAD", "i32")])
def test_qualcomm_makes_constants_of_few_types(kind: str, code: str) -> None:
    x = t(code, 4)
    found = verdict(QUALCOMM, kind, [x, ints(0, 1)], x)
    assert (found.supported, found.layer) == (False, Layer.SHAPED)
    assert found.reason.startswith(f"{kind}: input is ")


def test_qualcomm_has_no_one_hot_of_integers() -> None:
    inputs = [t("i32", 4), ints(4), ints(1, shape=()), ints(0, shape=())]
    assert says(QUALCOMM, "ONE_HOT", inputs, t("i32", 4, 4)) == "its values are i32; qi8, qu8, qu16 or f32 is supported"


def test_qualcomm_gathers_without_batches() -> None:
    assert says(QUALCOMM, "GATHER", [X, t("i32", 2)], Y, {"batch_dims": 1}) == "batch_dims is 1; 0 is supported"


def test_qualcomm_keeps_its_words_on_ops_of_its_own() -> None:
    g = GraphBuilder()
    build(g, "SHAPE", [X], t("i32", 4))
    build(g, "Mine", [X], Y)
    verdicts = place(QUALCOMM, model(g).graphs[0]).verdicts
    assert [each.supported for each in verdicts] == [False, None]


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (X, NEURON),
        (t("bool", 4), NEURON),
        (t("u8", 4), NEURON),
        (t("i32", 4), NEURON),
        (k("qi32c", 4), NEURON),
        (k("qi32c", 4, zero=1), "input 0 is INT32 with zero points that are not 0; the plugin has no type for that"),
        (t("i64", 4), "input 0 is INT64 and not constant; the plugin has no type for that"),
        (k("i64", 4), NEURON),
        (k("i64", 4, **IN_BLOCKS), "input 0 is INT64 quantized in blocks; the plugin has no type for that"),
        (t("qi16", 4), NEURON),
        (t("i16", 4), "input 0 is INT16 without one scale; the plugin has no type for that"),
        (t("qi16c", 4), "input 0 is INT16 without one scale; the plugin has no type for that"),
        (t("qi8c", 4), NEURON),
        (t("i8", 4), "input 0 is INT8 without a scale; the plugin has no type for that"),
        (k("i4", 4, 4, **IN_BLOCKS), "input 0 is INT4 without a scale; the plugin has no type for that"),
        (t("f64", 4), "input 0 is FLOAT64; the plugin has no type for that"),
    ],
)
def test_mediatek_has_types_for_most_tensors(one: One, fault: str) -> None:
    assert says(MEDIATEK, "ABS", [one], Y) == fault


def test_outputs_have_types_too() -> None:
    assert says(MEDIATEK, "ABS", [X], t("f64", 4)) == "output 0 is FLOAT64; the plugin has no type for that"


@pytest.mark.parametrize(
    ("kind", "inputs", "fault"),
    [
        ("ABS", [t("str", 4)], "input 0 is STRING; the plugin has no type for that"),
        ("ABS", [k("i4", 4, 4, **IN_BLOCKS)], "input 0 is INT4 quantized in blocks; the plugin has no type for that"),
        ("ARG_MAX", [X, ints(1)], EXYNOS),
        ("ARG_MAX", [X, ints(1, 2)], "axis has 2 elements; 1 is supported"),
        ("ARG_MAX", [X, t("i32")], "axis is not constant"),
        ("FULLY_CONNECTED", [X, k("f32", 4, 4, 1), None], "filter has 3 dimensions; 2 are supported"),
        ("MIRROR_PAD", [X, t("i32", 4, 2)], "padding is not constant"),
        ("PAD", [X, ints(0, 1)], EXYNOS),
        ("PAD", [t("qi8c", 4), ints(0, 1)], "input has a scale for each channel; one scale is supported"),
        ("PADV2", [X, ints(0, 1), k("f32")], EXYNOS),
        ("PADV2", [X, ints(0, 1), t("f32")], "value to pad with is not constant"),
        ("RESHAPE", [X, ints(8, 32)], EXYNOS),
        ("RESHAPE", [X, k("i32", 0)], EXYNOS),
        ("RESHAPE", [X], "it has no shape"),
        ("STRIDED_SLICE", [X, ints(0), ints(1), ints(1)], EXYNOS),
        (
            "STRIDED_SLICE",
            [X, ints(0), ints(1, 1), ints(1)],
            "begin has 1 elements, end 2; equal numbers are supported",
        ),
        ("TRANSPOSE", [X, ints(0, 2, 1, 3, code="i64")], EXYNOS),
    ],
)
def test_samsung_builds_ops_of_constants(kind: str, inputs: list[One], fault: str) -> None:
    assert says(SAMSUNG, kind, inputs, Y) == fault


def test_a_verdict_is_told_apart_from_a_reason() -> None:
    assert said(verdict(INTEL, "ADD", [X, X], Y), "ADD") == ""
