"""Which source a model was converted from, where nobody said."""

from __future__ import annotations

from pathlib import Path

import pytest

from other_readers import FOLDER
from real_pairs import TRUE_PAIRS
from sources import Source
from tflint import DType, Format, Model, ReadError
from tflint.pairing import Reader, is_plausible, pair_up
from tflint.testing import GraphBuilder, model
from twin_models import Layer, float_model, layers, normal, quantized


def source(shape: tuple[int | None, ...] = (None, 16), dtype: DType = DType.FLOAT32, count: int = 1) -> Model:
    made = Source()
    for number in range(count):
        made.input(f"x{number}", shape, dtype)
    made.layer("Dense", "dense", {"kernel": normal(16, 8)})
    return made.model()


def paired(folder: Path, **files: Model) -> dict[str, str]:
    """The names of the models in one folder, each with that of its source; `a_keras` stands for `a.keras`."""
    at: dict[str, Model] = {}
    for name, held in files.items():
        path = folder / ".".join(name.rsplit("__", 1))
        if path.suffix:
            path.touch()
        else:
            path.mkdir()
        at[str(path)] = held
    found = pair_up(at, Reader(lambda path: at[path]))
    return {Path(path).name: Path(of).name for path, of in found.items()}


INT8, FLOAT = model(quantized(layers())), model(float_model(layers()))


def test_what_takes_and_gives_the_same_is_paired(tmp_path: Path) -> None:
    found = paired(tmp_path, net__keras=source(), int8__tflite=INT8, float__tflite=FLOAT)
    assert found == {"int8.tflite": "net.keras", "float.tflite": "net.keras"}


@pytest.mark.parametrize(
    "other",
    [
        source((None, 17)),
        source((None, 4, 4)),
        source(dtype=DType.INT32),
        source(count=2),
        Model("b.keras", Format.KERAS, 1),
        INT8,
    ],
)
def test_what_takes_something_else_is_not(tmp_path: Path, other: Model) -> None:
    assert paired(tmp_path, net__keras=other, int8__tflite=INT8) == {}


def test_integers_of_another_width_are_the_same_input(tmp_path: Path) -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 16], "INT32")
    g.output(g.op("CAST", [x], g.tensor("y", [1, 4]), {}))
    assert paired(tmp_path, net__keras=source(dtype=DType.INT64), a__tflite=model(g)) == {"a.tflite": "net.keras"}


def test_of_several_sources_the_name_decides(tmp_path: Path) -> None:
    both = {"kws__keras": source(), "kws_large__keras": source()}
    found = paired(tmp_path, **both, kws_int8__tflite=INT8, kws_large_int8__tflite=INT8, other__tflite=INT8)
    assert found == {"kws_int8.tflite": "kws.keras", "kws_large_int8.tflite": "kws_large.keras"}


def test_one_model_saved_in_several_ways_is_one(tmp_path: Path) -> None:
    ways = {"source__keras": source(), "source__h5": source(), "source_savedmodel": source()}
    assert paired(tmp_path, **ways, int8__tflite=INT8) == {"int8.tflite": "source.keras"}


def test_a_folder_of_many_sources_is_left_alone(tmp_path: Path) -> None:
    many = {f"net{number}__keras": source() for number in range(65)}
    assert paired(tmp_path, **many, net0__tflite=INT8) == {}


def test_models_that_cannot_be_read_are_told_elsewhere(tmp_path: Path) -> None:
    def fail(path: str) -> Model:
        raise ReadError(path)

    assert pair_up([str(tmp_path / "a.keras"), str(tmp_path / "a.tflite")], Reader(fail)) == {}


def test_models_in_other_folders_are_no_pairs(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    at = {str(tmp_path / "a.keras"): source(), str(tmp_path / "sub" / "a.tflite"): INT8}
    assert pair_up(at, Reader(lambda path: at[path])) == {}


def test_each_model_is_read_once() -> None:
    read: list[str] = []

    def reading(path: str) -> Model:
        read.append(path)
        return source() if path.endswith("keras") else INT8

    reader = Reader(reading)
    found = pair_up(["a.keras", "a.tflite"], reader)
    assert found == {"a.tflite": "a.keras"}
    for path in ("a.tflite", "a.keras", "a.keras"):
        reader.read(path)
    assert read == ["a.keras", "a.tflite"]


def test_a_guess_whose_weights_are_of_other_sizes_is_none() -> None:
    made = Source()
    made.input()
    for number in range(3):
        made.layer("Dense", f"d{number}", {"kernel": normal(7, 5, seed=number)})
    assert not is_plausible(INT8, made.model())
    made = Source()
    made.input()
    made.layer("Dense", "d", {"kernel": normal(16, 8, seed=9)})
    assert is_plausible(model(quantized([Layer("d", normal(8, 16))])), made.model())


@pytest.mark.skipif(not TRUE_PAIRS, reason="needs real models")
def test_real_conversions_find_their_sources() -> None:
    folders = sorted({path.parent for path, _ in TRUE_PAIRS})
    paths = [str(path) for folder in folders for path in (*folder.glob("source*"), *folder.glob("*.tflite"))]
    found = pair_up(paths, Reader())
    right = {str(path) for path, _ in TRUE_PAIRS}
    assert len(found.keys() & right) > 0.8 * len(right)
    assert {Path(of).parent for of in found.values()} <= {FOLDER / each.relative_to(FOLDER) for each in folders}
