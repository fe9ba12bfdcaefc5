"""Which value inside a model is which of its source's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sources import Source, batch_norm
from tflint.compare import alignment as module
from tflint.compare.alignment import Aligned, Node, align, naming, node_names
from tflint.model import Format, Model, Tensor
from tflint.testing import GraphBuilder, model


def value(seed: int, *shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape or (1, 8)).astype(np.float32)


def chain(*names: str, kind: str = "RELU", size: Sequence[int] = (1, 8)) -> GraphBuilder:
    """Ops one after the other, each the maker of a value with such a name."""
    g = GraphBuilder()
    last = g.input("x", size)
    for name in names:
        last = g.op(kind, [last], g.tensor(name, size))
    g.output(last)
    return g


SOURCE = model(chain("a"), "source.tflite")


def aligned(
    built: GraphBuilder | Model, values: Sequence[NDArray[Any] | None], nodes: Sequence[Node], source: Model = SOURCE
) -> Mapping[Tensor, Aligned]:
    """What is aligned of a chain whose ops give these values."""
    made = built if isinstance(built, Model) else model(built)
    by_number = {
        op.outputs[0].index: each for op, each in zip(made.graphs[0].ops, values, strict=True) if each is not None
    }
    return align(made, naming(made, source), by_number, nodes, "int8")


def told(found: Mapping[Tensor, Aligned]) -> dict[str, str]:
    return {tensor.name: each.name for tensor, each in found.items()}


def nodes(**values: NDArray[Any]) -> list[Node]:
    return [Node(name, each) for name, each in values.items()]


def test_names_tell_first() -> None:
    a, b = value(1), value(2)
    found = aligned(chain("a", "b"), [a, b], nodes(b=b, a=a))
    assert told(found) == {"a": "a", "b": "b"}
    first = next(iter(found.values()))
    assert (first.op.kind, first.error) == ("RELU", 0.0)
    assert first.theirs.shape == (1, 8)


def test_a_name_is_believed_though_the_value_differs() -> None:
    a, b = value(1), value(2)
    found = aligned(chain("a", "b"), [a, b], nodes(a=a, b=2 * b))
    assert told(found) == {"a": "a", "b": "b"}
    assert [each.error for each in found.values()] == pytest.approx([0.0, 0.5])


def test_where_names_tell_nothing_the_same_value_does() -> None:
    a, b = value(1), value(2)
    found = aligned(chain("p", "q"), [a * 1.01, b], nodes(a=a, b=b))
    assert told(found) == {"p": "a", "q": "b"}
    assert [each.error for each in found.values()] == pytest.approx([0.01, 0.0], abs=1e-6)
    assert told(aligned(chain("p", "q"), [a * 1.1, b], nodes(a=a, b=b))) == {"q": "b"}


def test_a_value_that_fits_two_alike_fits_none() -> None:
    a = value(1)
    assert told(aligned(chain("p"), [a], nodes(a=a * 1.001, b=a * 1.002))) == {}
    assert told(aligned(chain("p"), [a], nodes(a=a * 1.001, b=a * 1.01))) == {"p": "a"}
    assert told(aligned(chain("p"), [a], nodes(a=a, b=a))) == {"p": "a"}


def test_names_that_are_wrong_are_dropped_for_what_is_the_same() -> None:
    a, b, c = value(1), value(2), value(3)
    held = nodes(a=c, b=b, other=a)
    assert told(aligned(chain("a", "b"), [a, b], held)) == {"a": "other", "b": "b"}
    assert told(aligned(chain("a", "b"), [a, b], nodes(a=c, b=b))) == {"b": "b"}
    assert list(told(aligned(chain("a", "b", "d"), [a, b, c], [*held, *nodes(d=c)]))) == ["a", "b", "d"]


def test_names_stay_where_what_follows_differs_as_well() -> None:
    a, b = value(1), value(2)
    assert told(aligned(chain("a", "b"), [a, b], nodes(a=2 * a, b=2 * b))) == {"a": "a", "b": "b"}


def test_the_same_value_under_another_name_is_it_whatever_follows() -> None:
    a, b = value(1), value(2)
    assert told(aligned(chain("a", "b"), [a, b], nodes(a=2 * a, b=2 * b, other=a))) == {"a": "other", "b": "b"}


def test_what_follows_is_looked_for_beyond_values_that_are_not_known() -> None:
    a, b, c = value(1), value(2), value(3)
    assert told(aligned(chain("a", "p", "b"), [a, None, b], nodes(a=c, b=b))) == {"b": "b"}


def test_ways_that_meet_are_gone_once() -> None:
    g = GraphBuilder()
    a = g.op("RELU", [g.input("x", [1, 8])], g.tensor("a", [1, 8]))
    left, right = (g.op("ABS", [a], g.tensor(name, [1, 8])) for name in ("left", "right"))
    middle = g.op("ADD", [left, right], g.tensor("middle", [1, 8]), {})
    g.output(g.op("RELU", [middle], g.tensor("b", [1, 8])))
    first, last = value(1), value(2)
    found = aligned(g, [first, None, None, None, last], nodes(a=value(3), b=last))
    assert told(found) == {"b": "b"}


def test_of_several_calls_of_a_layer_the_closest_counts() -> None:
    a, b = value(1), value(2)
    found = aligned(chain("a"), [a], [Node("a", b), Node("a", a * 1.5), Node("a", b)])
    [only] = found.values()
    assert only.error == pytest.approx(1 / 3)


def test_shapes_are_the_same_without_dimensions_of_one() -> None:
    a = value(1)
    [only] = aligned(chain("a"), [a], [Node("a", a.reshape(8, 1, 1))]).values()
    assert only.theirs.shape == (1, 8)
    assert told(aligned(chain("a"), [a], [Node("a", a.reshape(2, 4))])) == {}


def test_single_numbers_integers_and_what_is_not_known_are_left_out() -> None:
    one = value(1, 1)
    assert told(aligned(chain("a", size=[1]), [one], nodes(a=one))) == {}
    whole = np.arange(8).reshape(1, 8)
    assert told(aligned(chain("a"), [whole], nodes(a=whole.astype(np.float32)))) == {}
    assert told(aligned(chain("a"), [None], nodes(a=value(1)))) == {}


def test_zeros_and_what_is_not_finite() -> None:
    zeros, a = np.zeros((1, 8), np.float32), value(1)
    assert [each.error for each in aligned(chain("a"), [zeros], nodes(a=zeros)).values()] == [0.0]
    assert [each.error for each in aligned(chain("a"), [a], nodes(a=zeros)).values()] == [np.inf]
    infinite = np.full((1, 8), np.inf, np.float32)
    assert [each.error for each in aligned(chain("a"), [infinite], nodes(a=a)).values()] == [np.inf]


def test_loops_end() -> None:
    """A graph whose ops read what they write."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    a, p = g.tensor("a", [1, 8]), g.tensor("p", [1, 8])
    g.op("ADD", [x, p], a, {})
    g.op("RELU", [a], p)
    g.output(x)
    assert told(aligned(g, [value(1), None], nodes(a=value(2)))) == {"a": "a"}


def test_weights_that_are_widened_are_no_values() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 2])
    half = g.constant("half", np.ones((4, 2), np.float16))
    w = g.op("DEQUANTIZE", [half], g.tensor("w", [4, 2]))
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4]), {}))
    weights, y = value(1, 4, 2), value(2, 1, 4)
    assert told(aligned(g, [weights, y], nodes(w=weights, y=y))) == {"y": "y"}


def test_names_of_tensorflow_are_those_of_its_nodes() -> None:
    built = chain("net/dense/BiasAdd:0", "net/a/MatMul;net/b/Add", "")
    assert node_names(model(built)) == ("net/dense/BiasAdd", "net/a/MatMul", "net/b/Add")
    a, b = value(1), value(2)
    source = Source("saved", Format.SAVED_MODEL)
    source.input()
    found = aligned(
        chain("net/dense/BiasAdd:0", "net/lost/MatMul;net/b/Add", "z"),
        [a, b, None],
        [Node("net/dense/BiasAdd", 2 * a), Node("net/b/Add", 2 * b)],
        source.model(),
    )
    assert list(told(found).values()) == ["net/dense/BiasAdd", "net/b/Add"]


# Keras layers: the model has the names that the converter gives.


def keras(*steps: tuple[str, str]) -> Model:
    source = Source()
    source.input("x", (None, 8))
    for kind, name in steps:
        weights = {"kernel": value(len(name), 8, 8)} if kind == "Dense" else batch_norm(8) if "Norm" in kind else None
        source.layer(kind, name, weights)
    return source.model()


def dense(*names: str) -> GraphBuilder:
    """Layers with weights, called as the converter calls them."""
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, name in enumerate(names):
        w = g.constant(f"w{number}", value(number + 20, 8, 8))
        last = g.op("FULLY_CONNECTED", [last, w, -1], g.tensor(name, [1, 8]), {})
    g.output(last)
    return g


def test_what_is_fused_into_a_layer_gives_its_value() -> None:
    source = keras(("Dense", "one"), ("BatchNormalization", "norm"), ("ReLU", "act"), ("Dense", "two"))
    one, norm, act, two = (value(seed) for seed in range(4))
    held = nodes(one=one, norm=norm, act=act, two=two)
    found = aligned(dense("net/one/MatMul;net/one/BiasAdd", "net/two/MatMul"), [act * 1.5, two * 1.5], held, source)
    assert list(told(found).values()) == ["act", "two"]


def test_a_value_before_all_of_its_layers_were_at_it_is_that_where_what_follows_agrees() -> None:
    source = keras(("Dense", "one"), ("ReLU", "act"), ("Dense", "two"))
    one, act, two = (value(seed) for seed in range(3))
    built, held = dense("net/one/MatMul", "net/two/MatMul"), nodes(one=one, act=act, two=two)
    assert list(told(aligned(built, [one, two], held, source)).values()) == ["one", "two"]
    assert list(told(aligned(built, [one, value(9)], held, source)).values()) == ["act", "two"]


def test_no_more_than_some_layers_are_fused() -> None:
    names = [f"drop_{number}" for number in range(6)]
    source = keras(("Dense", "one"), *(("ReLU", name) for name in names), ("Dense", "two"))
    held = nodes(**{name: value(seed) for seed, name in enumerate(["one", *names, "two"])})
    found = aligned(dense("net/one/MatMul", "net/two/MatMul"), [value(50), value(51)], held, source)
    assert list(told(found).values()) == ["drop_3", "two"]


def test_a_layer_with_an_op_of_its_own_is_not_fused() -> None:
    source = keras(("Dense", "one"), ("ReLU", "act"), ("Dense", "two"))
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    w = g.constant("w", value(9, 8, 8))
    h = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("net/one/MatMul", [1, 8]), {})
    a = g.op("RELU", [h], g.tensor("net/act/Relu", [1, 8]))
    g.output(g.op("FULLY_CONNECTED", [a, w, -1], g.tensor("net/two/MatMul", [1, 8]), {}))
    one, act, two = (value(seed) for seed in range(3))
    found = aligned(g, [one * 1.5, act * 1.5, two * 1.5], nodes(one=one, act=act, two=two), source)
    assert list(told(found).values()) == ["one", "act", "two"]


def test_a_layer_that_two_read_is_not_fused_with_either() -> None:
    source = Source()
    x = source.input("x", (None, 8))
    one = source.layer("Dense", "one", {"kernel": value(1, 8, 8)}, of=[x])
    left = source.layer("ReLU", "left", of=[one])
    right = source.layer("ELU", "right", of=[one])
    source.layer("Dense", "two", {"kernel": value(2, 8, 8)}, of=[source.layer("Add", "add", of=[left, right])])
    a, b = value(5), value(6)
    found = aligned(
        dense("net/one/MatMul", "net/two/MatMul"), [a, b], nodes(one=a * 1.5, left=a * 1.2, two=b * 1.5), source.model()
    )
    assert list(told(found).values()) == ["one", "two"]


def test_values_inside_a_layer_are_not_named_after_it() -> None:
    source = keras(("Dense", "one"), ("Dense", "two"))
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    w = g.constant("w", value(9, 8, 8))
    h = g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("net/one/MatMul", [1, 8]), {})
    g.output(g.op("ADD", [h, g.constant("b", value(8, 8))], g.tensor("net/one/BiasAdd", [1, 8]), {}))
    one = value(1)
    assert told(aligned(g, [one * 1.2, one * 1.5], nodes(one=one), source)) == {"net/one/BiasAdd": "one"}


def test_a_source_without_layers_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    a = value(1)
    empty = Model("model.keras", Format.KERAS, 1)
    assert told(aligned(chain("a"), [a], nodes(b=a), empty)) == {"a": "b"}
    assert told(aligned(chain("a"), [a], nodes(a=a * 1.5), empty)) == {}
    monkeypatch.setattr(module, "layering", lambda *_: None)
    assert told(aligned(chain("a"), [a], nodes(a=a * 1.5), keras(("Dense", "a")))) == {}


def test_ops_of_no_layer_and_layers_that_are_not_known_are_left_out() -> None:
    held = Source()
    held.input("x", (None, 8))
    held.layer("Dense", "one", {"kernel": value(1, 8, 8)})
    held.node("Add", "free", held.last)
    source = held.model()
    a = value(1)
    assert told(aligned(chain("p", "q", kind="ABS"), [a, a], nodes(zero=a * 1.5), source)) == {}
