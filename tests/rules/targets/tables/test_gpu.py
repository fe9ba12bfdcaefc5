"""What the table of the classic GPU delegate says of single ops, and of comparisons and casts in a graph."""

from typing import Any

import pytest

from op_lines import add, said, single, tensors
from tflint.analysis.placement import place
from tflint.model import Format, Graph, Model
from tflint.target import Kind
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.gpu import TARGET

CONV: dict[str, Any] = {"stride_w": 1, "stride_h": 1}
FOUR = "f32[1,4,4,2]"

ACCEPTED: list[tuple[Any, ...]] = [
    ("ADD", f"{FOUR} f32[4,4,2]", FOUR, {}, 2),
    ("BATCH_MATMUL", "f32[2,3] f32[3,4]", "f32[2,4]", {}, 9),
    ("CAST", "f32[4]", "i32[4]"),
    ("CAST", "f32[4]", "bool[4]"),
    ("CONV_2D", f"{FOUR} c:i8@4[4,3,3,2] c:f32[4]", "f32[1,4,4,4]", CONV, 6),
    ("DENSIFY", "c:f32[4]", "f32[4]"),
    ("DEQUANTIZE", "c:f16[1,1,1,1,4]", "f32[1,1,1,1,4]"),
    ("FULLY_CONNECTED", "i8@1[2,4] c:i8@8[8,4]", "i8@1[2,8]", {}, 9),
    ("GATHER", "f32[4] i32[2]", "f32[2]", {}),
    ("LOGICAL_AND", "bool[4] bool[4]", "bool[4]"),
    ("MUL", "f32[4] f32[4]", "f32[4]", {}, 3),
    ("ONE_HOT", "i32[3] c:i32[] c:f32[] c:f32[]", "f32[3,4]", {"axis": -1}),
    ("PRELU", "f32[4] f32[4]", "f32[4]"),
    ("RELU_0_TO_1", "f32[4] f32[4]", "f32[4]", None, 2),
    ("SELECT_V2", "bool[4] f32[4] f32[4]", "f32[4]"),
    ("STRIDED_SLICE", f"{FOUR} {'c:i64[4] ' * 3}".strip(), FOUR, {}, 4),
    ("UNPACK", "v:i64[2,4]", "f32[4] f32[4]", None, 9),
    ("Resampler", f"{FOUR} f32[1,2,2,2]", "f32[1,2,2,2]"),
]
REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("CEIL is not among the ops of gpu", ("CEIL", "f32[4]", "f32[4]")),
    ("MUL has version 4; gpu knows versions 1 to 3", ("MUL", "f32[4] f32[4]", "f32[4]", {}, 4)),
    ("RESHAPE has version 2; gpu knows version 1", ("RESHAPE", "f32[4] c:i32[1]", "f32[4]", {}, 2)),
    ("an input is INT16; FLOAT32, FLOAT16, UINT8 or INT8 is supported", ("RELU", "i16[4]", "i16[4]")),
    ("an output is INT32; FLOAT32, FLOAT16, UINT8 or INT8 is supported", ("GATHER", "i32[4] i32[2]", "i32[2]", {})),
    ("an input has 5 dimensions; up to 4 are supported", ("RELU", "f32[1,1,1,1,4]", "f32[1,1,1,1,4]")),
    (
        "its inputs have shapes [2, 4, 2] and [4, 2], and it does not broadcast between them",
        ("ADD", "f32[2,4,2] f32[4,2]", "f32[2,4,2]", {}),
    ),
    ("its input is INT16; other types are supported", ("DEQUANTIZE", "c:i16@1[4]", "f32[4]")),
    ("its BOOL input is not made by an op", ("CAST", "bool[4]", "f32[4]")),
    ("it has no input", ("CAST", "", "f32[4]")),
    ("it has no output", ("LESS", "f32[4] f32[4]", "")),
    (
        "its result is read 0 times; once is supported, by CAST or SELECT",
        ("GREATER", "f32[4] f32[4]", "bool[4]"),
    ),
]


def compared(*readers: tuple[str, str, str], twice: bool = False) -> Graph:
    """A comparison, and what reads its result: kind, further inputs, outputs; then what reads that."""
    g = GraphBuilder()
    truth = add(g, "bool[4]", made=True)
    g.op("LESS", tensors(g, "f32[4] f32[4]"), truth)
    for kind, more, made in readers:
        results = tensors(g, made, made=True)
        g.op(kind, [truth, *([truth] if twice else []), *tensors(g, more)], results)
        if results:
            g.op("RELU", results, last := add(g, "f32[4]", made=True))
            g.output(last)
    return model(g).graphs[0]


def test_it_keeps_the_largest_partition() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert TARGET.limits.max_partitions == 1
    assert len(TARGET.ops) == 84  # 80 builtin ops and 4 custom ones


@pytest.mark.parametrize("line", ACCEPTED, ids=lambda line: f"{line[0]} {line[1]}"[:40])
def test_it_takes(line: tuple[Any, ...]) -> None:
    assert said(TARGET, *line) == ""


@pytest.mark.parametrize(("reason", "line"), REFUSED, ids=lambda each: str(each)[:40])
def test_it_refuses(reason: str, line: tuple[Any, ...]) -> None:
    assert said(TARGET, *line) == reason


def test_a_comparison_and_its_only_cast_to_floats_go_together() -> None:
    assert place(TARGET, compared(("CAST", "", "f32[4]"))).placed == (True, True, True)


def test_a_comparison_and_its_only_selection_go_together() -> None:
    assert place(TARGET, compared(("SELECT_V2", "f32[4] f32[4]", "f16[4]"))).placed == (True, True, True)


@pytest.mark.parametrize(
    ("readers", "twice", "reason"),
    [
        (
            [("CAST", "", "i32[4]")],
            False,
            "its result is read by CAST; CAST to floats, or SELECT of floats, is supported",
        ),
        ([("RELU", "", "")], False, "its result is read by RELU; CAST to floats, or SELECT of floats, is supported"),
        (2 * [("CAST", "", "f32[4]")], False, "its result is read 2 times; once is supported, by CAST or SELECT"),
        ([("ADD", "", "f32[4]")], True, "its result is read 2 times; once is supported, by CAST or SELECT"),
    ],
)
def test_other_readers_of_a_comparison_refuse_it(readers: list[tuple[str, str, str]], twice: bool, reason: str) -> None:
    graph = compared(*readers, twice=twice)
    assert TARGET.verdict(graph.ops[0], graph).reason == f"LESS: {reason}"


def test_a_cast_of_truth_values_that_others_read_too_is_refused() -> None:
    graph = compared(*2 * [("CAST", "", "f32[4]")])
    assert TARGET.verdict(graph.ops[1], graph).reason == "CAST: its BOOL input is read 2 times; once is supported"


def test_a_cast_of_truth_values_to_an_output_of_the_model_is_refused() -> None:
    g = GraphBuilder()
    truth, y = tensors(g, "bool[4] f32[4]", made=True)
    g.op("LOGICAL_AND", tensors(g, "bool[4] bool[4]"), truth)
    g.op("CAST", [truth], y)
    g.output(y)
    graph = model(g).graphs[0]
    assert TARGET.verdict(graph.ops[1], graph).reason == "CAST: its result is read 0 times; once is supported"


def test_widened_half_constants_go_to_the_gpu_beside_variables_too() -> None:
    g = GraphBuilder()
    half, state = tensors(g, "c:f16[4] v:f32[4]")
    wide, y = tensors(g, "f32[4] f32[4]", made=True)
    g.op("DEQUANTIZE", [half], wide)
    g.op("MUL", [state, wide], y, {})
    g.output(y)
    assert place(TARGET, model(g).graphs[0]).placed == (True, True)


def test_a_model_with_sizes_that_are_known_only_when_it_runs_is_left_alone() -> None:
    found = Model("m", Format.TFLITE, 0, (single("RESHAPE", "f32[4] i32[2]", "f32[2,2]")[1],))
    assert TARGET.refusal(found).endswith("so the delegate takes none of it")
