from __future__ import annotations

import io
import itertools
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mutants import edits, mutants
from saved_models import const, info, node, saved_model, write
from sources import Source
from tflint.compare.feeds import Fed, decoded, encoded, given, made_up, on_grid
from tflint.compare.given import _MOST_SAMPLES
from tflint.errors import RunError
from tflint.model import DType, Model, Tensor
from tflint.testing import GraphBuilder, model

IMAGE = [1, 16, 16, 3]


def taking(shape: Sequence[int | None] = (1, 8), dtype: str = "FLOAT32", name: str = "x", **more: Any) -> GraphBuilder:
    """A model that does nothing with its input."""
    g = GraphBuilder()
    x = g.input(name, shape, dtype, **more)
    g.output(g.op("NEG", [x], g.tensor("y", shape, dtype, **more)))
    return g


def of_two() -> Model:
    """A model of a quantized image and of numbers of words."""
    g = GraphBuilder()
    a = g.input("a", IMAGE, "INT8", scale=1 / 128)
    b = g.input("b", [1, 4], "INT32")
    g.output(g.op("NEG", [a], g.tensor("y", IMAGE)))
    g.output(g.op("GATHER", [g.tensor("table", [50, 8]), b], g.tensor("z", [1, 4, 8])))
    return model(g)


def tensor(dtype: str = "INT8", **more: Any) -> Tensor:
    return model(taking(more.pop("shape", [1, 4]), dtype, **more)).graphs[0].inputs[0]


def makes(built: GraphBuilder | Model, source: Model | None = None, **more: Any) -> tuple[tuple[Fed, ...], str]:
    return made_up(built if isinstance(built, Model) else model(built), source, more.pop("sizes", {}), **more)


def labels(feds: Sequence[Fed]) -> list[str]:
    return [fed.feed.label for fed in feds]


def fails(built: GraphBuilder | Model, **more: Any) -> str:
    with pytest.raises(RunError) as raised:
        makes(built, **more)
    return str(raised.value)


# --- made up: what there is


def test_an_image_gets_eight_random_inputs_and_the_ends_of_its_range() -> None:
    feds, words = makes(taking(IMAGE, "INT8", scale=1 / 128))
    assert words == "8 random inputs in the range that 'x' was quantized for (-1 to 0.992), and 4 edge cases"
    assert labels(feds)[:2] == ["random 1 (smooth)", "random 2 (uniform)"]
    assert labels(feds)[7:] == ["random 8 (half amplitude)", "all zeros", "low end", "high end", "middle of the range"]
    assert [fed.feed.kind for fed in feds[7:]] == ["random", "zeros", "low", "high", "middle"]
    for fed in feds:
        [value] = fed.values
        assert (value.dtype, value.shape) == (np.float32, (1, 16, 16, 3))
        assert value.min() >= -1
        assert value.max() <= 127 / 128


def test_smooth_images_use_the_range_and_change_slowly() -> None:
    feds, _ = makes(taking([1, 64, 64, 1], "UINT8", scale=1 / 255))
    smooth, uniform = feds[0].values[0], feds[1].values[0]
    assert (smooth.min(), smooth.max()) == (0.0, 1.0)
    assert abs(np.diff(smooth, axis=1)).mean() < abs(np.diff(uniform, axis=1)).mean() / 4


def test_channels_may_come_first() -> None:
    feds, _ = makes(taking([1, 3, 32, 32], "INT8", scale=1 / 128))
    smooth = feds[0].values[0]
    assert smooth.shape == (1, 3, 32, 32)
    assert abs(np.diff(smooth, axis=3)).mean() < 0.2


def test_features_are_normal_within_the_range_that_they_were_quantized_for() -> None:
    feds, _ = makes(taking([1, 4000], "INT8", scale=7 / 255))
    assert labels(feds)[:4] == [
        "random 1 (normal)",
        "random 2 (half amplitude)",
        "random 3 (normal)",
        "random 4 (uniform)",
    ]
    assert feds[0].values[0].std() == pytest.approx(1.0, rel=0.05)
    assert feds[1].values[0].std() == pytest.approx(0.5, rel=0.05)


def test_features_that_begin_at_zero_are_mostly_small() -> None:
    feds, _ = makes(taking([1, 4000], "INT8", scale=7 / 255, zero_point=-128))
    assert labels(feds)[:2] == ["random 1 (uniform)", "random 2 (normal)"]
    assert feds[1].values[0].min() >= 0
    assert np.median(feds[1].values[0]) < 2


def test_flat_levels_of_grey_are_all_over_their_range() -> None:
    feds, words = makes(taking([1, 4000], "UINT8"))
    assert "in the range of the bytes of 'x' (0 to 255)" in words
    assert feds[0].values[0].dtype == np.uint8
    assert feds[0].values[0].max() == 255
    assert feds[3].feed.label == "random 4 (half amplitude)"
    assert 60 <= feds[3].values[0].min() <= feds[3].values[0].max() <= 195


def test_an_input_without_a_range_gets_normal_values_and_ones() -> None:
    feds, words = makes(taking([1, 4000]))
    assert words == "8 random inputs of standard normal values for 'x' (no range is known), and 3 edge cases"
    assert labels(feds)[8:] == ["all zeros", "all minus ones", "all ones"]
    assert [fed.feed.kind for fed in feds[8:]] == ["zeros", "low", "high"]
    assert feds[0].values[0].std() == pytest.approx(1, rel=0.05)


def test_an_image_without_a_range_is_smooth_at_times() -> None:
    feds, _ = makes(taking(IMAGE))
    assert {"random 1 (normal)", "random 2 (smooth)", "random 4 (half amplitude)", "random 8 (uniform)"} <= {
        *labels(feds)
    }
    assert abs(feds[1].values[0]).max() <= 2
    assert abs(feds[7].values[0]).max() <= 1


def test_colours_in_a_range_of_their_own_are_smooth_and_normal() -> None:
    feds, _ = makes(taking(IMAGE, "INT8", scale=4.8 / 255, zero_point=-16))
    assert labels(feds)[:3] == ["random 1 (smooth)", "random 2 (normal)", "random 3 (uniform)"]
    feds, _ = makes(taking([1, 16, 16, 1], "INT8", scale=4.8 / 255, zero_point=-16))
    assert labels(feds)[:2] == ["random 1 (normal)", "random 2 (smooth)"]


def test_an_image_that_the_source_normalizes_stays_within_three_deviations() -> None:
    source = Source()
    source.input("x", (None, *IMAGE[1:]))
    source.layer("Normalization", "norm", {"mean": np.float32([0, 5, 9]), "variance": np.float32([1, 1, 4])})
    feds, words = makes(taking(IMAGE), source.model())
    assert "in the range that the source normalizes 'x' from (-3 to 15)" in words
    for fed in feds:
        assert fed.values[0][..., 1].max() <= 8
    assert feds[0].values[0][..., 1].mean() == pytest.approx(5, abs=0.3)
    assert feds[9].values[0][0, 0, 0].tolist() == [-3, 2, 3]


def test_ranges_of_features_that_are_not_there_are_one_range() -> None:
    source = Source()
    source.input("x", (None, 3))
    source.layer("Normalization", "norm", {"mean": np.float32([0, 5, 9]), "variance": np.float32([1, 1, 4])})
    feds, _ = makes(taking([1, None]), source.model(), sizes={"x": [1, 5]})
    assert feds[9].values[0].tolist() == [[-3.0] * 5]
    assert abs(feds[0].values[0]).max() <= 15


def test_the_quantization_tells_the_range_before_the_source() -> None:
    source = Source()
    source.input("x", (None, *IMAGE[1:]))
    source.layer("Rescaling", "r", scale=1 / 255)
    feds, words = makes(taking(IMAGE, "UINT8", scale=0.5), source.model())
    assert words.startswith("8 random inputs in the range that 'x' was quantized for (0 to 128), and ")
    assert feds[0].values[0].dtype == np.float32


def test_numbers_of_words_stay_below_the_size_of_the_table() -> None:
    g = GraphBuilder()
    x = g.input("ids", [1, 400], "INT32")
    g.output(g.op("GATHER", [g.tensor("table", [50, 8]), x], g.tensor("y", [1, 400, 8])))
    feds, words = makes(g)
    assert words == "8 random inputs of numbers below 50 for 'ids', and 2 edge cases"
    assert labels(feds)[:1] + labels(feds)[8:] == ["random 1", "all zeros", "high end"]
    assert {int(fed.values[0].max()) for fed in feds} == {0, 49}
    assert all(fed.values[0].dtype == np.int32 for fed in feds)


def test_words_may_be_numbered_by_floats() -> None:
    g = GraphBuilder()
    x = g.input("ids", [1, 400])
    whole = g.op("CAST", [x], g.tensor("whole", [1, 400], "INT32"))
    g.output(g.op("GATHER", [g.tensor("table", [50, 8]), whole], g.tensor("y", [1, 400, 8])))
    feds, _ = makes(g)
    assert feds[0].values[0].dtype == np.float32
    assert (feds[0].values[0] == np.floor(feds[0].values[0])).all()


def test_a_source_limits_numbers_as_well() -> None:
    source = Source()
    source.input("ids", (None, 4), DType.INT32)
    source.layer("Embedding", "e", input_dim=9)
    assert "below 9 for 'ids'" in makes(taking([1, 4], "INT32", name="ids"), source.model())[1]


def test_numbers_end_where_their_type_does() -> None:
    g = GraphBuilder()
    x = g.input("ids", [1, 4000], "INT8")
    g.output(g.op("GATHER", [g.tensor("table", [5000, 8]), x], g.tensor("y", [1, 4000, 8])))
    assert makes(g)[0][0].values[0].max() == 126


def test_other_integers_are_zeros_and_ones() -> None:
    feds, words = makes(taking([1, 100], "INT64"))
    assert words == "8 random inputs of zeros and ones for 'x', and 2 edge cases"
    assert {int(each) for each in np.unique(feds[0].values[0])} == {0, 1}
    assert feds[0].values[0].dtype == np.int64


def test_truth_values_and_texts_are_made_up_too() -> None:
    feds, words = makes(taking([2, 3], "BOOL"))
    assert words == "8 random inputs of truth values for 'x', and 2 edge cases"
    assert feds[0].values[0].dtype == bool
    feds, words = makes(taking([2], "STRING"))
    assert words == "8 random inputs of short texts for 'x', and 2 edge cases"
    assert feds[0].values[0].dtype.kind == "S"
    assert all(each.decode("ascii") for each in feds[0].values[0])
    assert not any(feds[8].values[0])


def test_scalars_are_arrays() -> None:
    for dtype in ("FLOAT32", "INT32", "BOOL", "STRING"):
        for fed in makes(taking([], dtype))[0]:
            assert isinstance(fed.values[0], np.ndarray)
            assert fed.values[0].shape == ()


def test_several_inputs_are_filled_each_in_its_own_way() -> None:
    feds, words = makes(of_two())
    assert words == (
        "8 random inputs in the range that 'a' was quantized for (-1 to 0.992) and of numbers below 50 for 'b', and 4 "
        "edge cases"
    )
    assert [value.dtype for value in feds[0].values] == [np.float32, np.int32]
    assert (feds[10].values[0].max(), feds[10].values[1].max()) == (np.float32(127 / 128), 49)
    assert feds[11].values[1].max() == 0


def test_inputs_of_one_sort_are_told_together() -> None:
    g = taking([1, 4], "INT8", scale=0.5)
    g.input("z", [1, 4], "INT8", scale=20.0)
    words = makes(g)[1]
    assert "in the ranges that 'x' (-64 to 63.5) and 'z' (-2,560 to 2,540) were quantized for" in words


def test_the_same_model_gets_the_same_inputs_and_another_seed_others() -> None:
    first, again, other = (makes(of_two(), seed=seed)[0] for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        assert all(map(np.array_equal, one.values, two.values))
    assert not np.array_equal(first[0].values[0], other[0].values[0])


def test_fewer_inputs_are_the_first_ones() -> None:
    few, many = makes(of_two(), count=2)[0], makes(of_two())[0]
    assert labels(few)[:3] == ["random 1 (smooth)", "random 2 (uniform)", "all zeros"]
    assert np.array_equal(few[1].values[0], many[1].values[0])


def test_edge_cases_that_are_the_same_for_the_model_are_tried_once() -> None:
    feds, _ = makes(taking([1, 4], "UINT8", scale=1 / 255))
    assert labels(feds)[8:] == ["all zeros", "high end", "middle of the range"]


# --- made up: sizes


def test_open_dimensions_are_filled_and_told() -> None:
    feds, words = makes(taking([None, None, 3]))
    assert feds[0].values[0].shape == (1, 32, 3)
    assert words.endswith("; the sizes of 'x' [1, 32, 3] are made up")


def test_an_open_batch_is_one_without_a_word() -> None:
    feds, words = makes(taking([None, 3]))
    assert feds[0].values[0].shape == (1, 3)
    assert "made up" not in words


def test_a_size_that_the_file_stands_for_is_taken() -> None:
    feds, _ = makes(taking([1, 224], shape_signature=[-1, -1]))
    assert feds[0].values[0].shape == (1, 224)


def test_sizes_that_are_asked_for_are_taken() -> None:
    for name in ("x", "serving_default_x:0"):
        feds, words = makes(taking([None, None, 3], name="serving_default_x:0"), sizes={name: [2, 5, 3]})
        assert feds[0].values[0].shape == (2, 5, 3)
        assert "made up" not in words
        assert "called" not in words


def test_a_name_that_no_input_has_is_told() -> None:
    words = makes(taking([None, 3]), sizes={"z": [1, 3]})[1]
    assert words.endswith("; no input is called 'z'")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([1, 2], "The shape [1, 2] for the input 'x' has 2 dimensions; the model has 3, [?, ?, 3]."),
        ([1, 2, 4], "The shape [1, 2, 4] for the input 'x' does not fit; the model has [?, ?, 3]."),
        ([1, 0, 3], "The shape [1, 0, 3] for the input 'x' is none; each size is a number from 1 on."),
    ],
)
def test_sizes_that_cannot_be_are_refused(asked: Sequence[int], said: str) -> None:
    assert fails(taking([None, None, 3]), sizes={"x": asked}) == said


def test_the_source_fills_dimensions_that_the_model_leaves_open() -> None:
    source = Source()
    source.input("x", (None, 20, 3))
    source.layer("Dense", "d")
    feds, words = makes(taking([None, None, 3]), source.model())
    assert feds[0].values[0].shape == (1, 20, 3)
    assert "made up" not in words


def unranked(source: Model | None = None, **more: Any) -> tuple[tuple[Fed, ...], str]:
    built = model(taking([]))
    x = replace(built.graphs[0].inputs[0], has_rank=False)
    return makes(replace(built, graphs=(replace(built.graphs[0], inputs=(x,)),)), source, **more)


def test_an_input_of_no_rank_gets_that_of_the_source() -> None:
    source = Source()
    source.input("x", (None, 20))
    source.layer("Dense", "d")
    assert unranked(source.model())[0][0].values[0].shape == (1, 20)
    assert unranked(sizes={"x": [2, 2]})[0][0].values[0].shape == (2, 2)
    feds, words = unranked()
    assert feds[0].values[0].shape == ()
    assert words.endswith("the sizes of 'x' [] are made up")


def test_a_signature_of_the_source_that_takes_other_inputs_is_passed_over(tmp_path: Path) -> None:
    nodes = [
        node("wide", "Placeholder", dtype=DType.FLOAT32, shape=(None, 9)),
        node("x", "Placeholder", dtype=DType.FLOAT32, shape=(None, 4)),
        const("scale", np.float32(1 / 255)),
        node("scaled", "Mul", ["x", "scale"], T=DType.FLOAT32),
    ]
    sides = {
        "a": ({"wide": info("wide:0", shape=(None, 9)), "x": "x:0"}, {"y": "scaled:0"}),
        "b": ({"x": "x:0"}, {"y": "scaled:0"}),
    }
    from tflint.formats import read

    source = read(write(tmp_path / "m", saved_model(nodes, signatures=sides)))
    assert "of the source rescale 'x' from (0 to 255)" in makes(taking([1, 4]), source)[1]


def test_a_source_that_takes_other_inputs_tells_nothing() -> None:
    source = Source()
    source.input("x", (None, 20))
    source.input("z", (None, 20))
    assert "no range is known" in makes(taking([1, 8]), source.model())[1]
    empty = replace(source.model(), graphs=())
    assert "no range is known" in makes(taking([1, 8]), empty)[1]


def test_empty_inputs_are_made_up_as_they_are() -> None:
    for dtype in ("FLOAT32", "INT8", "UINT8", "BOOL", "STRING"):
        feds, _ = makes(taking([1, 0, 8, 3], dtype))
        assert feds[0].values[0].size == 0
    feds, _ = makes(taking([0, 16, 16, 3], "INT8", scale=0.1))
    assert labels(feds)[8:] == ["all zeros"]


def test_large_inputs_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.compare.feeds._MOST_BYTES", 1 << 18)
    feds, words = makes(taking([1, 1 << 14], "INT8", scale=0.1), count=3)
    assert words.startswith("2 random inputs")
    assert labels(feds) == ["random 1 (normal)", "random 2 (half amplitude)", "all zeros", "low end"]


# --- made up: refused


def test_inputs_that_are_too_large_are_refused_before_they_are_made() -> None:
    assert fails(taking([1 << 20, 1 << 20])) == (
        "The inputs take 4.0 TiB, 'x' alone 4.0 TiB; no more than 256.0 MiB are made up."
    )


@pytest.mark.parametrize("dtype", ["RESOURCE", "VARIANT", "COMPLEX64", "BFLOAT16", "INT4", "FLOAT8_E5M2"])
def test_values_that_cannot_be_made_up_are_refused(dtype: str) -> None:
    assert fails(taking([1], dtype)) == f"The input 'x' is {dtype}; such values cannot be made up."


def test_shapes_that_no_array_can_have_are_refused() -> None:
    built = model(taking([1]))
    for shape in ((-3, 2), (1,) * 40):
        x = replace(built.graphs[0].inputs[0], shape=shape)
        told = fails(replace(built, graphs=(replace(built.graphs[0], inputs=(x,)),)))
        assert told.startswith("The input 'x' has a shape that no array can have: [")


def test_a_model_without_a_graph_is_refused() -> None:
    assert fails(replace(model(taking()), graphs=())) == "The model has no graph that could be given inputs."


def test_a_model_without_inputs_is_run_once() -> None:
    g = GraphBuilder()
    g.output(g.constant("c", np.float32([1])))
    feds, words = makes(g)
    assert words == "the model takes no inputs"
    assert [(fed.feed.label, fed.values) for fed in feds] == [("no input", ())]


def test_an_input_without_a_name_has_a_number() -> None:
    assert "for 'input 0'" in makes(taking(name=""))[1]


# --- encoding


def test_halves_are_rounded_away_from_zero_as_the_runtime_does() -> None:
    x = tensor(scale=1.0, zero_point=10)
    [codes] = encoded([np.float32([[-1.5, -0.5, 0.5, 1.49]])], [x])
    assert codes.dtype == np.int8
    assert codes.tolist() == [[8, 9, 11, 11]]


def test_the_runtime_quantizes_the_same_values_to_the_same_integers() -> None:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    g = GraphBuilder()
    x = g.input("x", [1, 4001])
    g.output(g.op("QUANTIZE", [x], g.tensor("q", [1, 4001], "INT8", scale=0.0371, zero_point=-11)))
    values = np.arange(-2000, 2001, dtype=np.float32)[None] * np.float32(0.0371 / 8)
    kernel = interpreter.OpResolverType.BUILTIN_REF
    runtime = interpreter.Interpreter(model_content=g.to_bytes(), experimental_op_resolver_type=kernel)
    runtime.allocate_tensors()
    runtime.set_tensor(runtime.get_input_details()[0]["index"], values)
    runtime.invoke()
    theirs = runtime.get_tensor(runtime.get_output_details()[0]["index"])
    [ours] = encoded([values], [model(g).graphs[0].outputs[0]])
    assert np.array_equal(ours, theirs)


def test_what_has_no_integer_is_cut() -> None:
    [codes] = encoded([np.float32([[-1e9, 1e9, np.inf, np.nan]])], [tensor(scale=0.5)])
    assert codes.tolist() == [[-128, 127, 127, 0]]


def test_every_integer_is_its_own_again() -> None:
    for dtype, scale, point in (("INT8", 0.0371, -17), ("UINT8", 1 / 255, 0), ("INT16", 2.7e-5, 0)):
        least, most = DType[dtype].integer_range or (0, 0)
        codes = np.arange(least, most + 1).astype(dtype.lower())
        x = tensor(dtype, shape=[codes.size], scale=scale, zero_point=point)
        assert np.array_equal(encoded(decoded([codes], [x]), [x])[0], codes)


def test_channels_have_scales_of_their_own() -> None:
    x = tensor(shape=[2, 3], scale=[1.0, 0.5, 0.25], axis=1)
    [codes] = encoded([np.ones((2, 3), np.float32)], [x])
    assert codes.tolist() == [[1, 2, 4]] * 2
    assert decoded([codes], [x])[0].tolist() == [[1, 1, 1]] * 2


def test_an_array_that_the_scales_do_not_fit_is_taken_as_integers() -> None:
    x = tensor(shape=[2, 3], scale=[1.0, 0.5, 0.25], axis=1)
    for shape in ((2, 4), (4,)):
        assert encoded([np.ones(shape, np.float32)], [x])[0].tolist() == np.ones(shape).tolist()
        assert decoded([np.ones(shape, np.int8)], [x])[0].dtype == np.int8


@pytest.mark.parametrize(
    ("dtype", "value", "wanted"),
    [
        ("FLOAT32", np.float64([1.5, 1e300]), [1.5, float(np.finfo(np.float32).max)]),
        ("FLOAT32", np.float32([np.inf, np.nan]), [np.inf, np.nan]),
        ("FLOAT16", np.float32([1.5, 1e30]), [1.5, 65504.0]),
        ("FLOAT16", np.float32([np.inf, np.nan]), [np.inf, np.nan]),
        ("FLOAT64", np.float32([0.5]), [0.5]),
        ("FLOAT32", np.uint8([7]), [7.0]),
        ("INT32", np.float32([2.5, -2.5, 1e20]), [3, -3, 2**31 - 1]),
        ("INT64", np.float32([1e30, np.nan]), [9223372036854774784, 0]),
        ("UINT8", np.int32([-5, 300]), [0, 255]),
        ("UINT8", np.array([True, False]), [1, 0]),
        ("INT64", np.uint64([2**64 - 1]), [2**63 - 1]),
        ("INT8", np.int8([-7]), [-7]),
        ("BOOL", np.float32([0.0, 2.0]), [False, True]),
    ],
)
def test_other_values_are_brought_to_the_type_of_the_tensor(dtype: str, value: NDArray[Any], wanted: list[Any]) -> None:
    [found] = encoded([value], [tensor(dtype)])
    assert found.dtype == DType[dtype].numpy_name
    assert np.array_equal(found, np.array(wanted, found.dtype), equal_nan=found.dtype.kind == "f")


def test_what_numpy_has_no_type_for_is_left_alone() -> None:
    texts, numbers = np.array([b"a"]), np.float32([1.5])
    assert encoded([texts], [tensor("STRING")])[0] is texts
    assert encoded([texts], [tensor("FLOAT32")])[0] is texts
    assert encoded([numbers], [tensor("BFLOAT16")])[0] is numbers
    assert encoded([numbers], [replace(tensor(), dtype=DType.UNKNOWN)])[0] is numbers
    assert decoded([numbers], [tensor(scale=0.5)])[0] is numbers


def test_values_on_the_grid_stay_as_they_are() -> None:
    x = tensor(scale=0.1)
    [once] = on_grid([np.float32([[0.123, 0.5, 99, -99]])], [x])
    np.testing.assert_allclose(once, [[0.1, 0.5, 12.7, -12.8]], rtol=1e-6)
    assert np.array_equal(on_grid([once], [x])[0], once)


# --- given: files


def gives(path: Path, built: GraphBuilder | Model, names: Sequence[Sequence[str]] = ()) -> tuple[tuple[Fed, ...], str]:
    held = built if isinstance(built, Model) else model(built)
    own = [(each.name, f"input_{place}", str(place)) for place, each in enumerate(held.graphs[0].inputs)]
    return given(path, held, names or own)


def refuses(path: Path, built: GraphBuilder | Model, names: Sequence[Sequence[str]] = ()) -> str:
    with pytest.raises(RunError) as raised:
        gives(path, built, names)
    return str(raised.value)


def npy(folder: Path, value: Any, name: str = "a.npy") -> Path:
    np.save(folder / name, np.asarray(value))
    return folder / name


def npz(folder: Path, name: str = "data.npz", **values: Any) -> Path:
    np.savez(folder / name, **values)
    return folder / name


def test_one_array_is_a_sample(tmp_path: Path) -> None:
    feds, words = gives(npy(tmp_path, np.ones((1, 8), np.float32)), taking())
    assert (labels(feds), words) == (["'a.npy'"], "1 sample in 'a.npy'")
    assert (feds[0].feed.kind, feds[0].values[0].tolist()) == ("given", [[1.0] * 8])
    assert type(feds[0].values[0]) is np.ndarray


@pytest.mark.parametrize(
    ("wanted", "shape", "sample", "number"),
    [
        ([1, 8], (8,), (1, 8), 1),
        ([1, 8], (5, 8), (1, 8), 5),
        ([None, 8], (5, 8), (1, 8), 5),
        ([1, 8], (5, 1, 8), (1, 8), 5),
        ([4, 8], (4, 8), (4, 8), 1),
        ([4, 8], (12, 8), (4, 8), 3),
        ([4, 8], (3, 4, 8), (4, 8), 3),
        ([8], (8,), (8,), 1),
        ([8], (5, 8), (8,), 5),
        ([None], (16,), (16,), 1),
        ([1], (), (1,), 1),
        ([], (), (), 1),
        ([], (3,), (), 3),
        ([1, None, 3], (7, 3), (1, 7, 3), 1),
        ([None, None, 3], (6, 7, 3), (1, 7, 3), 6),
    ],
)
def test_samples_lie_along_the_first_dimension_or_one_before(
    tmp_path: Path, wanted: Sequence[int | None], shape: tuple[int, ...], sample: tuple[int, ...], number: int
) -> None:
    values = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    feds, words = gives(npy(tmp_path, values), taking(wanted))
    assert [fed.values[0].shape for fed in feds] == [sample] * number
    assert np.concatenate([fed.values[0].reshape(-1) for fed in feds]).tolist() == values.reshape(-1).tolist()
    assert words == f"{number} sample{'s' if number > 1 else ''} in 'a.npy'"


def test_of_many_samples_some_are_taken_evenly(tmp_path: Path) -> None:
    values = np.arange(1000, dtype=np.float32)[:, None].repeat(8, axis=1)
    feds, words = gives(npy(tmp_path, values), taking())
    assert words == "64 samples of the 1,000 in 'a.npy', evenly chosen"
    rows = [int(fed.values[0][0, 0]) for fed in feds]
    assert (len(rows), rows[0], rows[-1]) == (64, 0, 999)
    assert {b - a for a, b in itertools.pairwise(rows)} == {15, 16}
    assert labels(feds)[1] == "row 15 of 'a.npy'"


def test_large_samples_are_fewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.compare.given._MOST_BYTES", 100)
    path = npy(tmp_path, np.zeros((5, 8), np.float32))
    assert gives(path, taking())[1] == "3 samples of the 5 in 'a.npy', evenly chosen"
    monkeypatch.setattr("tflint.compare.given._MOST_BYTES", 33)
    assert len(gives(path, taking())[0]) == 1
    monkeypatch.setattr("tflint.compare.given._MOST_BYTES", 31)
    assert refuses(path, taking()) == "A sample of 'a.npy' takes 32 bytes; no more than 31 bytes are read."


def test_arrays_are_found_by_the_names_of_the_inputs(tmp_path: Path) -> None:
    a, b = np.zeros((3, 16, 16, 3), np.float32), np.ones((3, 4), np.int64)
    for names in ({"a": a, "b": b, "labels": b}, {"input_0": a, "input_1": b}, {"arr_0": a, "arr_1": b}):
        feds, words = gives(npz(tmp_path, **names), of_two())
        assert labels(feds) == [f"row {row} of 'data.npz'" for row in range(3)]
        assert words == "3 samples in 'data.npz'"
        assert [value.dtype for value in feds[0].values] == [np.float32, np.int32]


def test_the_only_array_is_for_the_only_input_whatever_its_name(tmp_path: Path) -> None:
    assert len(gives(npz(tmp_path, images=np.zeros((2, 8))), taking())[0]) == 2


def test_an_input_with_one_sample_has_it_every_time(tmp_path: Path) -> None:
    feds, _ = gives(npz(tmp_path, a=np.zeros((2, 16, 16, 3)), b=np.ones((1, 4), np.int32)), of_two())
    assert [fed.values[1].tolist() for fed in feds] == [[[1] * 4]] * 2


def test_names_that_are_missing_are_told_with_those_there_are(tmp_path: Path) -> None:
    path = npz(tmp_path, a=np.zeros(IMAGE), other=np.zeros((1, 4)))
    assert refuses(path, of_two()) == (
        "'data.npz' has nothing for 'b': it holds 'a' and 'other', and the model takes 'a' and 'b'."
    )
    assert "nothing for 'x'" in refuses(path, taking())
    assert refuses(npy(tmp_path, np.zeros(IMAGE)), of_two()).startswith("'a.npy' has nothing for 'b'")


def test_an_input_without_names_is_called_by_its_place(tmp_path: Path) -> None:
    path = npz(tmp_path, a=np.zeros(8), c=np.zeros(8))
    assert refuses(path, taking(), [()]).startswith("'data.npz' has nothing for 'input 0'")


def test_a_folder_holds_a_file_for_each_input(tmp_path: Path) -> None:
    npy(tmp_path, np.zeros((2, 16, 16, 3)), "a.npy")
    npy(tmp_path, np.ones((2, 4), np.int32), "b.npy")
    (tmp_path / "c.npy").write_bytes(b"not read")
    feds, words = gives(tmp_path, of_two())
    assert labels(feds)[0] == f"row 0 of '{tmp_path.name}'"
    assert words == f"2 samples in '{tmp_path.name}'"


def test_a_folder_holds_a_file_for_each_sample_of_the_only_input(tmp_path: Path) -> None:
    for number in range(3):
        npy(tmp_path, np.full(8, number), f"input_{number}.npy")
    feds, words = gives(tmp_path, taking())
    assert labels(feds) == ["'input_0.npy'", "'input_1.npy'", "'input_2.npy'"]
    assert [float(fed.values[0][0, 0]) for fed in feds] == [0, 1, 2]
    assert words == f"3 samples in '{tmp_path.name}'"


def test_a_file_named_after_the_only_input_is_all_of_it(tmp_path: Path) -> None:
    npy(tmp_path, np.zeros((4, 8)), "x.npy")
    npy(tmp_path, np.zeros((4, 3)), "labels.npy")
    assert len(gives(tmp_path, taking())[0]) == 4


def test_of_many_files_some_are_read(tmp_path: Path) -> None:
    for number in range(_MOST_SAMPLES + 6):
        npy(tmp_path, np.full(8, number), f"{number:03}.npy")
    feds, words = gives(tmp_path, taking())
    assert words == f"64 samples of the 70 files in '{tmp_path.name}', evenly chosen"
    assert (labels(feds)[0], labels(feds)[-1]) == ("'000.npy'", "'069.npy'")


def test_samples_of_different_shapes_are_refused(tmp_path: Path) -> None:
    npy(tmp_path, np.zeros((5, 3)), "one.npy")
    npy(tmp_path, np.zeros((6, 3)), "two.npy")
    assert refuses(tmp_path, taking([1, None, 3])) == (
        "The samples for the input 'x' differ in shape: 'one.npy' has [1, 5, 3] and 'two.npy' [1, 6, 3]."
    )


def test_folders_without_arrays_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refuses(tmp_path, taking()) == f"'{tmp_path.name}' holds no .npy files."

    def denied(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    assert refuses(tmp_path, taking()) == f"'{tmp_path.name}' cannot be read: Permission denied."


def test_a_model_without_inputs_takes_none(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"'a.npy' is of no use: the model takes no inputs."):
        given(npy(tmp_path, 0), replace(model(taking()), graphs=()), [])


def test_shapes_that_do_not_fit_are_told_with_what_was_wanted(tmp_path: Path) -> None:
    assert refuses(npy(tmp_path, np.zeros((3, 9))), taking()) == (
        "'a.npy' has the shape [3, 9]; the input 'x' has [1, 8], and samples lie along its first dimension or one before "
        "it."
    )
    assert "has the shape [5, 8]" in refuses(npy(tmp_path, np.zeros((5, 8))), taking([4, 8]))
    assert "has the shape [4]" in refuses(npy(tmp_path, np.zeros(4)), taking([2, 4]))
    assert "the input 'x' has [?, 3]" in refuses(npy(tmp_path, np.zeros((2, 2, 2, 3))), taking([None, 3]))
    assert "holds no samples: its shape is [0, 8]" in refuses(npy(tmp_path, np.zeros((0, 8))), taking())


def test_a_model_whose_input_has_no_rank_takes_an_array_as_it_is(tmp_path: Path) -> None:
    built = model(taking([]))
    x = replace(built.graphs[0].inputs[0], has_rank=False)
    feds, _ = gives(npy(tmp_path, np.zeros((3, 2))), replace(built, graphs=(replace(built.graphs[0], inputs=(x,)),)))
    assert feds[0].values[0].shape == (3, 2)


def test_inputs_with_different_numbers_of_samples_are_refused(tmp_path: Path) -> None:
    path = npz(tmp_path, a=np.zeros((2, 16, 16, 3)), b=np.zeros((3, 4), np.int32))
    assert refuses(path, of_two()) == (
        "'data.npz' holds 2 samples for 'a' and 3 samples for 'b'; each input needs as many."
    )


# --- given: what numbers mean


def only(path: Path, built: GraphBuilder | Model) -> NDArray[Any]:
    feds, _ = gives(path, built)
    return feds[0].values[0]


QUANTIZED = {"dtype": "INT8", "scale": 0.5, "zero_point": 1}


def test_numbers_for_a_quantized_input_are_real_values(tmp_path: Path) -> None:
    for dtype in (np.float64, np.float16, np.int64, np.uint8):
        value = only(npy(tmp_path, np.full(8, 3, dtype)), taking(**QUANTIZED))
        assert (value.dtype, value.tolist()) == (np.float32, [[3.0] * 8])


def test_integers_of_the_type_of_a_quantized_input_are_what_it_stores(tmp_path: Path) -> None:
    assert only(npy(tmp_path, np.full(8, 3, np.int8)), taking(**QUANTIZED)).tolist() == [[1.0] * 8]
    swapped = np.full(8, 3, ">i2")
    assert only(npy(tmp_path, swapped), taking(dtype="INT16", scale=0.5)).tolist() == [[1.5] * 8]


def test_values_outside_the_range_of_a_quantized_input_are_told(tmp_path: Path) -> None:
    path = npy(tmp_path, np.uint8([0, 1, 2, 50, 100, 200, 250, 255]))
    assert gives(path, taking(dtype="INT8", scale=1 / 128))[1] == (
        "1 sample in 'a.npy'; 75 % of the values of 'x' lie outside the range that it is quantized for"
    )
    assert "outside" not in gives(path, taking(dtype="INT8", scale=1.0, zero_point=-128))[1]


def test_integers_for_a_float_input_are_real_values(tmp_path: Path) -> None:
    assert only(npy(tmp_path, np.full(8, 200, np.uint8)), taking()).tolist() == [[200.0] * 8]
    assert only(npy(tmp_path, np.full(8, True)), taking()).tolist() == [[1.0] * 8]
    assert only(npy(tmp_path, np.full(8, 0.1)), taking(dtype="FLOAT64")).dtype == np.float64


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    values = np.zeros((3, 8))
    values[1, 2:4] = value
    assert refuses(npy(tmp_path, values), taking()) == (
        "row 1 of 'a.npy' has values that are not finite for the input 'x', 2 of them; what a model makes of such cannot "
        "be compared."
    )


@pytest.mark.parametrize(
    ("dtype", "values", "wanted"),
    [
        ("INT32", np.float64([0, 7, 9, 1]), [0, 7, 9, 1]),
        ("INT64", np.uint8([0, 7, 9, 1]), [0, 7, 9, 1]),
        ("INT32", np.array([True, False, True, True]), [1, 0, 1, 1]),
        ("BOOL", np.int32([0, 1, 1, 0]), [False, True, True, False]),
        ("UINT8", np.uint8([255, 0, 0, 0]), [255, 0, 0, 0]),
        ("COMPLEX64", np.float32([1, 2, 3, 4]), [1, 2, 3, 4]),
    ],
)
def test_whole_numbers_stand_for_themselves(tmp_path: Path, dtype: str, values: Any, wanted: list[Any]) -> None:
    found = only(npy(tmp_path, values), taking([1, 4], dtype))
    assert (found.dtype, found.tolist()) == (np.dtype(DType[dtype].numpy_name), [wanted])


@pytest.mark.parametrize(
    ("dtype", "values", "said"),
    [
        ("INT32", np.float32([0.5, 1, 1, 1]), "holds fractions; the input 'x' takes INT32."),
        ("INT32", np.float32([np.nan, 1, 1, 1]), "holds fractions; the input 'x' takes INT32."),
        ("UINT8", np.int32([300, 1, 1, 1]), "holds values from 1 to 300; the input 'x' takes UINT8, 0 to 255."),
        ("BOOL", np.int32([2, 1, 1, 1]), "holds values from 1 to 2; the input 'x' takes BOOL, 0 to 1."),
        ("INT64", np.float64([2.0**63, 1, 1, 1]), "holds values from 1 to 9.22337e+18; the input 'x' takes INT64, "),
        ("INT32", np.array(["a"] * 4), "holds texts; the input 'x' takes INT32."),
        ("STRING", np.zeros(4), "holds float64; the input 'x' takes texts."),
        ("RESOURCE", np.zeros(4), "holds float64; the input 'x' takes RESOURCE."),
    ],
)
def test_numbers_that_an_input_does_not_take_are_refused(tmp_path: Path, dtype: str, values: Any, said: str) -> None:
    assert refuses(npy(tmp_path, values), taking([1, 4], dtype)).startswith(f"'a.npy' {said}")


def test_texts_become_bytes(tmp_path: Path) -> None:
    assert only(npy(tmp_path, np.array(["ä", "b"])), taking([2], "STRING")).tolist() == ["ä".encode(), b"b"]
    assert only(npy(tmp_path, np.array([b"a", b"b"])), taking([2], "STRING")).tolist() == [b"a", b"b"]


# --- given: files of whoever


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("it was unpickled",))


def header(folder: Path, shape: str, kind: str = "'<f4'", data: bytes = b"", version: bytes = b"\x01\0") -> Path:
    """An array whose header says what it wants."""
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path = folder / "a.npy"
    path.write_bytes(b"\x93NUMPY" + version + len(text).to_bytes(2 if version[0] == 1 else 4, "little") + text + data)
    return path


def archived(folder: Path, members: Mapping[str, bytes]) -> Path:
    path = folder / "data.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(pickle.dumps(_Evil()))
    assert refuses(path, taking()) == "'a.npy' is neither a .npy nor an .npz file."
    np.save(path, np.array([_Evil()], dtype=object), allow_pickle=True)
    assert refuses(path, taking()) == "'a.npy' holds Python objects, which are not read; save numbers or texts."
    inside = archived(tmp_path, {"x.npy": path.read_bytes()})
    assert refuses(inside, taking()).startswith("'x' of 'data.npz' holds Python objects")


@pytest.mark.parametrize(
    ("shape", "kind", "version", "said"),
    [
        ("(1, 1000000000000)", "'<f4'", b"\x01\0", "'a.npy' says that it holds 3.6 TiB; there are "),
        ("(-1, 8)", "'<f4'", b"\x01\0", "'a.npy' has a shape that no array can have."),
        (str((1,) * 40), "'<f4'", b"\x01\0", "'a.npy' has a shape that no array can have."),
        ("(1, 8)", "'<c8'", b"\x01\0", "'a.npy' holds complex64; numbers, truth values or texts were expected."),
        ("(1, 8)", "[('a', '<f4')]", b"\x01\0", "'a.npy' holds [('a', '<f4')]; numbers"),
        ("(1, 8)", "'<f4'", b"\x03\0", "'a.npy' is of version 3.0 of numpy's format; 1.0 and 2.0 are read."),
        ("(1, 8", "'<f4'", b"\x01\0", "'a.npy' cannot be read: "),
        ("(1, 8)", "'nothing'", b"\x01\0", "'a.npy' cannot be read: "),
    ],
)
def test_headers_that_lie_are_refused_before_anything_is_read(
    tmp_path: Path, shape: str, kind: str, version: bytes, said: str
) -> None:
    assert refuses(header(tmp_path, shape, kind, version=version), taking()).startswith(said)


def test_the_second_version_of_the_format_is_read(tmp_path: Path) -> None:
    assert only(header(tmp_path, "(1, 8)", data=bytes(32), version=b"\x02\0"), taking()).shape == (1, 8)


def test_a_header_without_end_is_not_read(tmp_path: Path) -> None:
    endless = b"\x93NUMPY\x02\0" + (2**32 - 1).to_bytes(4, "little") + b" " * 1000
    assert refuses(archived(tmp_path, {"x.npy": endless}), taking()).startswith("'data.npz' cannot be read: ")


def test_archives_that_unpack_to_too_much_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.compare.given._MOST_UNPACKED", 1000)
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x=np.zeros((100, 8)))
    assert refuses(path, taking()) == (
        "'data.npz' has 6.2 KiB for the inputs; no more than 1,000 bytes of an archive are read."
    )


def test_archives_of_many_files_are_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.compare.arrays._MOST_MEMBERS", 1)
    path = npz(tmp_path, x=0, y=0)
    assert refuses(path, taking()) == "'data.npz' holds 2 files; no more than 1 are looked at."


def test_archives_of_something_else_are_refused(tmp_path: Path) -> None:
    assert refuses(archived(tmp_path, {"readme.txt": b"hello"}), taking()) == "'data.npz' holds no arrays."
    assert refuses(archived(tmp_path, {"x.npy": b"hello"}), taking()).startswith("'data.npz' cannot be read: ")
    path = tmp_path / "data.npz"
    path.write_bytes(b"PK\x03\x04 and no more")
    assert refuses(path, taking()) == "'data.npz' cannot be read: File is not a zip file."


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.arange(80000, dtype=np.float32).reshape(-1, 8))
    content = bytearray(stream.getvalue())
    content[200_000] ^= 1
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    assert "'x' of 'data.npz' cannot be read: Bad CRC-32" in refuses(path, taking())


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "load", lambda *_a, **_k: np.zeros((2, 2), np.float32))
    assert refuses(npy(tmp_path, np.zeros((1, 8), np.float32)), taking()) == "'a.npy' has changed while it was read."


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert refuses(tmp_path / "none.npz", taking()) == "'none.npz' holds no inputs: it is no file."
    (tmp_path / "empty.npy").write_bytes(b"")
    assert refuses(tmp_path / "empty.npy", taking()) == "'empty.npy' is neither a .npy nor an .npz file."


def test_texts_without_letters_take_no_bytes(tmp_path: Path) -> None:
    assert only(header(tmp_path, "(2,)", "'|S0'"), taking([2], "STRING")).tolist() == [b"", b""]


def test_hostile_models_are_refused_or_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflint.compare.feeds._MOST_BYTES", 1 << 18)
    seeds = [taking(IMAGE, "INT8", scale=1 / 128), taking([None, 5], name="serving_default_x:0"), taking([3], "STRING")]
    for built in seeds:
        for data in (*mutants(built.to_bytes(), 150, 1), *edits(built.to_bytes(), 150, 2)):
            held = model(data)
            try:
                feds, words = made_up(held, None, {}, count=2)
            except RunError:
                continue
            assert words
            for fed in feds:
                codes = encoded(fed.values, held.graphs[0].inputs)
                assert len(decoded(codes, held.graphs[0].inputs)) == len(fed.values)


def test_scalars_and_columns_first_are_read(tmp_path: Path) -> None:
    assert only(npy(tmp_path, np.float32(3)), taking([])).tolist() == 3.0
    turned = np.asfortranarray(np.arange(16, dtype=np.float32).reshape(2, 8))
    assert only(npy(tmp_path, turned), taking([2, 8])).tolist() == turned.tolist()
