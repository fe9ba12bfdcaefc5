"""The words that messages share."""

import pytest

from tflint.analysis.phrases import count, cut, listed, named, share, size, typed
from tflint.model import Tensor
from tflint.testing import GraphBuilder, model


def tensor(name: str = "x", shape: tuple[int | None, ...] = (1, 4), dtype: str = "INT8", **more: object) -> Tensor:
    g = GraphBuilder()
    g.input(name, shape, dtype, **more)
    return model(g).graphs[0].tensors[0]


def test_a_tensor_is_named_in_quotes() -> None:
    assert named(tensor("conv/kernel")) == "'conv/kernel'"


def test_a_tensor_without_a_name_is_named_by_its_number() -> None:
    assert named(tensor("")) == "tensor 0"


def test_a_long_name_loses_its_middle() -> None:
    name = "model/" + "block/" * 20 + "kernel"
    assert len(cut(name)) == 60
    assert cut(name).startswith("model/block/")
    assert cut(name).endswith("/kernel")
    assert cut("short") == "short"


def test_a_type_is_written_with_its_shape() -> None:
    assert typed(tensor(shape=(1, None, 3))) == "INT8[1, ?, 3]"
    assert typed(tensor(shape=())) == "INT8[]"
    assert typed(tensor(shape=(), has_rank=False)) == "INT8[unknown rank]"


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
        (["a", "b", "a", "a", "b"], "a and b"),
    ],
)
def test_a_list_names_each_item_once_and_counts_the_rest(items: list[str], text: str) -> None:
    assert listed(items) == text


def test_a_list_is_as_long_as_it_is_told() -> None:
    assert listed("abcd", at_most=1) == "a and 3 more"


@pytest.mark.parametrize(("number", "text"), [(0, "0 ops"), (1, "1 op"), (2, "2 ops"), (1204, "1,204 ops")])
def test_numbers_agree_with_their_noun(number: int, text: str) -> None:
    assert count(number, "op") == text


def test_a_plural_may_be_given() -> None:
    assert count(2, "entry", "entries") == "2 entries"
    assert count(1, "entry", "entries") == "1 entry"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1.0 KiB"),
        (42_496, "41.5 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (1 << 20, "1.0 MiB"),
        (3_355_443, "3.2 MiB"),
        (1 << 30, "1.0 GiB"),
        (5 << 40, "5.0 TiB"),
        (1 << 62, "4.0 EiB"),
        (1 << 72, "4,096.0 EiB"),
    ],
)
def test_bytes_are_written_in_the_unit_that_people_read(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 100, "0 %"),
        (1, 0, "0 %"),
        (1, 10_000, "< 0.1 %"),
        (4, 1000, "0.4 %"),
        (9.96, 100, "10 %"),
        (37, 100, "37 %"),
        (1, 1, "100 %"),
    ],
)
def test_a_share_is_a_percentage(part: float, whole: float, text: str) -> None:
    assert share(part, whole) == text
