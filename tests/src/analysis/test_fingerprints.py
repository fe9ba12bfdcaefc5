"""Keys of places that stay the same when a model is converted again."""

import time

import numpy as np

from tflint.analysis.fingerprints import structural_key
from tflint.testing import GraphBuilder, model


def network(*, batch: int = 1, units: int = 4, prefix: str = "", first: bool = False, stride: int = 1) -> GraphBuilder:
    """An image net; `first` puts an op before it, so that all indices move."""
    g = GraphBuilder()
    if first:
        g.op("ABS", [g.input("other", [3])], g.tensor("unrelated", [3]))
    x = g.input(f"{prefix}image", [batch, 8, 8, 3])
    w = g.constant(f"{prefix}kernel", np.ones((units, 3, 3, 3), np.float32))
    y = g.op("CONV_2D", [x, w, -1], g.tensor("conv", [batch, 8, 8, units]), {"stride_h": stride, "stride_w": stride})
    y = g.op("RELU", [y], g.tensor("relu", [batch, 8, 8, units]))
    y = g.op("NEG", [y], g.tensor("neg", [batch, 8, 8, units]))
    g.output(g.op("ABS", [y], g.tensor("abs", [batch, 8, 8, units])))
    return g


def key(g: GraphBuilder, address: str) -> str:
    return structural_key(model(g), address)


def test_a_key_is_sixteen_hexadecimal_digits() -> None:
    assert len(key(network(), "0/0:CONV_2D")) == 16
    assert int(key(network(), "0/0:CONV_2D"), 16)


def test_names_and_indices_and_the_batch_play_no_part() -> None:
    for number, kind in enumerate(("CONV_2D", "RELU", "NEG", "ABS")):
        moved = key(network(batch=8, prefix="model/", first=True), f"0/{number + 1}:{kind}")
        assert moved == key(network(), f"0/{number}:{kind}")


def test_what_an_op_takes_and_its_attributes_do() -> None:
    assert key(network(units=8), "0/0:CONV_2D") != key(network(), "0/0:CONV_2D")
    assert key(network(stride=2), "0/0:CONV_2D") != key(network(), "0/0:CONV_2D")


def test_two_ops_back_are_looked_at_and_three_are_not() -> None:
    assert key(network(stride=2), "0/2:NEG") != key(network(), "0/2:NEG")
    assert key(network(stride=2), "0/3:ABS") == key(network(), "0/3:ABS")


def test_every_op_of_a_chain_has_its_own_key() -> None:
    assert len({key(network(), f"0/{number}:") for number in range(4)}) == 4


def test_a_tensor_is_known_by_the_op_that_makes_it_or_else_by_the_one_that_reads_it() -> None:
    g = network()
    keys = [key(g, f"0/t{number}") for number in range(len(g.graph["tensors"]))]
    assert len(set(keys)) == len(keys)
    assert keys[1:] == [key(network(prefix="other/"), f"0/t{number}") for number in range(1, len(keys))]


def test_a_tensor_that_no_op_touches_is_known_by_its_type() -> None:
    g, h = network(), network()
    g.tensor("a", [1, 2])
    h.tensor("b", [9, 2])
    assert key(g, "0/t6") == key(h, "0/t6")
    h.tensor("c", [1, 3])
    assert key(h, "0/t7") != key(h, "0/t6")


def test_dynamic_dimensions_and_scalars_have_keys_too() -> None:
    g = GraphBuilder()
    g.output(g.op("ABS", [g.input("x", [1, None])], g.tensor("y", [])))
    assert key(g, "0/t0") != key(g, "0/t1")


def test_a_graph_is_known_by_its_number() -> None:
    g = network()
    g.subgraph("body")
    assert key(g, "0") != key(g, "1")


def test_the_file_itself_and_what_is_not_there_have_none() -> None:
    assert key(network(), "") == ""
    assert key(network(), "7/3:ADD") == ""


def test_an_op_with_a_hundred_thousand_inputs_costs_no_more_than_others() -> None:
    g = GraphBuilder()
    x = g.input("x", [1])
    for number in range(3):
        x = g.op("CONCATENATION", [x] * 100_000, g.tensor(f"y{number}", [1]))
    built = model(g)
    start = time.perf_counter()
    structural_key(built, "0/2:CONCATENATION")
    assert time.perf_counter() - start < 1
