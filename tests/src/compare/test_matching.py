"""Which input and output is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tflint.compare.matching import End, Matched, ends, match, names_of, signature_of
from tflint.model import DType, Tensor
from tflint.testing import GraphBuilder, model

Shape = Sequence[int | None]


def end(alias: str = "", plain: str = "", shape: Shape = (1, 8), *, has_rank: bool = True) -> End:
    tensor = Tensor(
        "m", 0, 0, plain, DType.FLOAT32, tuple(shape), tuple(each or 1 for each in shape), has_rank=has_rank
    )
    return End(tensor, alias, plain)


def told(mine: Sequence[End], theirs: Sequence[End], makers: Mapping[Tensor, str] | None = None) -> str:
    """The places, each with how it was found."""
    found = match(mine, theirs, makers)
    return " ".join(f"{place}:{by}" if by else str(place) for place, by in zip(found.places, found.by, strict=True))


def test_the_signature_tells_first() -> None:
    assert told([end("a"), end("b")], [end("b", "a"), end("a", "b")]) == "1:signature 0:signature"


def test_an_alias_of_another_shape_is_another_end() -> None:
    assert told([end("a", shape=[1, 4]), end("b")], [end("a"), end("b", shape=[1, 4])]) == "1:shape 0:shape"


def test_then_names_tell_be_they_aliases_or_of_tensors() -> None:
    assert told([end("", "y"), end("a", "x")], [end("", "a"), end("y", "")]) == "1:name 0:name"


def test_a_name_that_two_have_tells_nothing() -> None:
    assert told([end("", "y")], [end("", "y"), end("", "y")]) == "0:order"


def test_names_that_only_count_tell_the_place() -> None:
    theirs = [end("", "left"), end("", "right")]
    assert told([end("output_1"), end("output_0")], theirs) == "1:name 0:name"
    assert told([end("", "args_1"), end("", "args_0")], theirs) == "1:name 0:name"
    assert told([end("output_1"), end("args_1")], theirs) == "1:name 0:shape"
    assert told([end("output_7"), end("output_0")], theirs) == "1:shape 0:name"


def test_then_the_layer_that_makes_an_output() -> None:
    theirs = [end("", "t0"), end("", "t1")]
    makers = {theirs[0].tensor: "boxes", theirs[1].tensor: "scores"}
    assert told([end("scores"), end("boxes")], theirs, makers) == "1:name 0:name"
    same = {each.tensor: "scores" for each in theirs}
    assert told([end("scores"), end("boxes")], theirs, same) == "0:order 1:order"
    assert told([end("scores"), end("", "scores")], theirs, makers) == "1:name 0:shape"


def test_then_the_only_one_of_a_shape() -> None:
    mine = [end(shape=[1, 4]), end(shape=[1, 2, 2])]
    assert told(mine, [end(shape=[1, 2, 2]), end(shape=[1, 4])]) == "1:shape 0:shape"


def test_and_at_last_the_order() -> None:
    assert told([end(), end(shape=[1, 4]), end()], [end(shape=[1, 4]), end(), end()]) == "1:order 0:shape 2:order"


def test_one_beside_one_is_matched_by_its_shape() -> None:
    assert told([end("a")], [end("b")]) == "0:shape"


def test_what_fits_nowhere_is_none() -> None:
    assert told([end()], [end(shape=[1, 9])]) == "None"
    assert told([end()], [end(shape=[8])]) == "None"
    assert told([end()], []) == "None"
    assert told([], [end()]) == ""
    assert told([end(), end()], [end()]) == "0:order None"


def test_open_dimensions_the_first_one_and_unknown_ranks_fit_all() -> None:
    assert told([end(shape=[1, None, 3])], [end(shape=[7, 5, 3])]) == "0:shape"
    assert told([end(shape=[1, 8])], [end(shape=[None, 8])]) == "0:shape"
    assert told([end(shape=[], has_rank=False)], [end(shape=[3, 4])]) == "0:shape"


def test_the_weakest_way_is_told() -> None:
    assert Matched((0, 1), ("signature", "order")).weakest == "order"
    assert Matched((0, 1), ("signature", "name")).weakest == "name"
    assert Matched((0, None), ("signature", "")).weakest == "signature"
    assert Matched((), ()).weakest == ""


def with_signatures(count: int) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("serving_default_x:0", [1, 8])
    y = g.op("NEG", [x], g.tensor("StatefulPartitionedCall:0", [1, 8]))
    g.output(y)
    for number in range(count):
        g.signature(f"call_{number}", {"image": x}, {"probs": y})
    return g


def test_ends_have_the_names_of_the_only_signature() -> None:
    found = model(with_signatures(1))
    [x] = ends(found, found.graphs[0], of_inputs=True)
    [y] = ends(found, found.graphs[0], of_inputs=False)
    assert (x.alias, x.plain) == ("image", "x")
    assert (y.alias, y.plain) == ("probs", "StatefulPartitionedCall")
    assert names_of(x, 3) == ("image", "x", "serving_default_x:0", "input_3", "3")


@pytest.mark.parametrize("count", [0, 2])
def test_no_signature_or_several_tell_no_names(count: int) -> None:
    found = model(with_signatures(count))
    assert signature_of(found, found.graphs[0]) is None
    [x] = ends(found, found.graphs[0], of_inputs=True)
    assert x.alias == ""
    assert names_of(x, 0) == ("x", "serving_default_x:0", "input_0", "0")


def test_a_signature_of_another_graph_does_not_count() -> None:
    g = with_signatures(0)
    other = g.subgraph("other")
    x = other.input("x", [1, 8])
    other.output(x)
    other.signature("other", {"x": x}, {"y": x})
    found = model(g)
    assert signature_of(found, found.graphs[0]) is None
    held = signature_of(found, found.graphs[1])
    assert held is not None
    assert held.key == "other"


def test_a_counted_name_of_another_shape_tells_nothing() -> None:
    mine = [end("output_0", shape=[1, 4]), end("output_1", shape=[1, 2])]
    assert told(mine, [end(shape=[1, 2]), end(shape=[1, 4])]) == "1:shape 0:shape"
    layers = [end("a", shape=[1, 4]), end("b", shape=[1, 2])]
    theirs = [end("", "t0", shape=[1, 2]), end("", "t1", shape=[1, 4])]
    assert told(layers, theirs, {theirs[0].tensor: "a", theirs[1].tensor: "b"}) == "1:shape 0:shape"
