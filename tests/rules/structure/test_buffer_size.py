"""TFL103: constants of another size than their shape needs."""

import numpy as np
import pytest

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.structure.buffer_size import BufferSize

RULE = BufferSize()
WEIGHTS = np.arange(48, dtype=np.int8).reshape(4, 12)


def dense(data: bytes, dtype: str = "INT8", shape: tuple[int, ...] = (4, 12), count: int = 1) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 12], "INT8", scale=0.1)
    for number in range(count):
        name = "dense/kernel" if not number else f"dense_{number}/kernel"
        w = g.tensor(name, shape, dtype, scale=0.1, buffer=g.buffer(data))
        g.output(g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 4], "INT8", scale=0.1), {}))
    return g


def bad() -> GraphBuilder:
    return dense(WEIGHTS.tobytes(), "FLOAT32")


def good() -> GraphBuilder:
    return dense(WEIGHTS.tobytes())


def test_int8_values_that_are_declared_float_are_too_short_and_the_width_gives_it_away() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/t1"
    assert "FLOAT32[4, 12] holds 48 bytes, 8 bits an element; its" in found.message
    assert found.message.endswith("need 192 bytes.")
    assert found.evidence == {"stored_bytes": 48, "needed_bytes": 192, "tensors": 1}


def test_a_constant_that_was_cut_is_an_error() -> None:
    [found] = findings(RULE, dense(WEIGHTS.tobytes()[:-5]))
    assert found.severity is Severity.ERROR
    assert found.message.endswith("holds 43 bytes; its element type and shape need 48 bytes.")


def test_a_constant_with_bytes_to_spare_is_a_warning() -> None:
    [found] = findings(RULE, dense(WEIGHTS.tobytes() + b"more"))
    assert found.severity is Severity.WARNING


def test_constants_that_are_off_in_the_same_way_are_one_finding() -> None:
    [found] = findings(RULE, dense(WEIGHTS.tobytes(), "FLOAT32", count=3))
    assert found.message.endswith("The same holds for 'dense_1/kernel' and 'dense_2/kernel'.")
    assert [place.address for place in found.related] == ["0/t3", "0/t5"]


def test_constants_that_are_cut_each_in_its_own_way_are_findings_of_their_own() -> None:
    assert len(findings(RULE, dense(WEIGHTS.tobytes()[:-5], count=2))) == 2


@pytest.mark.parametrize(("dtype", "size"), [("INT4", 24), ("UINT4", 24), ("INT2", 12), ("FLOAT16", 96)])
def test_packed_and_half_elements_take_what_they_take(dtype: str, size: int) -> None:
    assert findings(RULE, dense(bytes(size), dtype)) == []
    assert len(findings(RULE, dense(bytes(size - 1), dtype))) == 1


def test_an_odd_number_of_packed_elements_fills_the_last_byte() -> None:
    assert findings(RULE, dense(bytes(2), "INT4", (3,))) == []


@pytest.mark.parametrize("dtype", ["STRING", "RESOURCE", "VARIANT"])
def test_types_without_a_width_are_not_judged(dtype: str) -> None:
    assert findings(RULE, dense(bytes(7), dtype)) == []


@pytest.mark.parametrize(
    "more",
    [{"sparsity": {"traversal_order": [0]}}, {"external_buffer": 3}, {"is_variable": True}, {"type": 99}],
    ids=lambda more: next(iter(more)),
)
def test_sparse_external_variable_and_unknown_tensors_are_not_judged(more: dict[str, object]) -> None:
    g = dense(bytes(7))
    g.graph["tensors"][1] |= more
    assert findings(RULE, g) == []


def test_a_scalar_may_be_an_array_whose_shape_was_left_out() -> None:
    assert findings(RULE, dense(bytes(16), "INT8", ())) == []
    assert len(findings(RULE, dense(bytes(3), "FLOAT32", ()))) == 1


def test_no_elements_need_no_bytes() -> None:
    assert findings(RULE, dense(b"", "FLOAT32", (0, 4))) == []
    [found] = findings(RULE, dense(bytes(4), "FLOAT32", (0, 4)))
    assert found.severity is Severity.WARNING


def test_a_shape_that_asks_for_everything_is_told_with_its_number() -> None:
    [found] = findings(RULE, dense(bytes(7), "INT8", (2**31 - 1, 2**31 - 1)))
    assert found.message.endswith("need 4,611,686,014,132,420,609 bytes.")


def test_a_constant_of_no_bytes_at_all_is_too_short() -> None:
    assert len(findings(RULE, dense(b""))) == 1


def test_a_damaged_graph_is_not_judged() -> None:
    g = bad()
    g.output(99)
    assert findings(RULE, g) == []
