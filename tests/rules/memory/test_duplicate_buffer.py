"""TFL507: the same bytes stored more than once."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tflint import Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.memory import duplicate_buffer
from tflint_rules.memory.duplicate_buffer import DuplicateBuffer

RULE = DuplicateBuffer()
VALUES = np.arange(4096, dtype=np.float32)


def reading(*constants: NDArray[Any], names: str = "abcdef") -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [4096])
    for name, values in zip(names, constants, strict=False):
        g.output(g.op("MUL", [x, g.constant(f"{name}/kernel", values)], g.tensor(f"{name}/y", [4096]), {}))
    return g


def bad() -> GraphBuilder:
    return reading(VALUES, VALUES, VALUES + 1)


def good() -> GraphBuilder:
    g = reading(VALUES, VALUES + 1)
    shared = g.graph["tensors"][1]["buffer"]
    g.output(g.op("MUL", [0, g.tensor("tied", [4096], buffer=shared)], g.tensor("z", [4096]), {}))
    return g


def test_a_constant_that_is_stored_again_is_a_warning() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.WARNING
    assert found.location.address == "0/t1"
    assert [place.address for place in found.related] == ["0/t3"]
    assert found.evidence == {"copies": 1, "bytes": 16384, "groups": 1}
    assert found.message == (
        "'a/kernel', 16.0 KiB, is stored again for 'b/kernel'; once was expected, and the copy is 33 % of the file."
    )


def test_tensors_that_share_a_buffer_are_fine() -> None:
    assert findings(RULE, good()) == []


def test_all_copies_are_one_finding_at_the_largest_waste() -> None:
    [found] = findings(RULE, reading(VALUES[:512], VALUES[:512], VALUES, VALUES, VALUES))
    assert found.message == (
        "2 constants are stored 3 times more, which takes 34.0 KiB, 64 % of the file; once was expected of each. Most "
        "is taken by 'c/kernel', 16.0 KiB, which is stored again for 'd/kernel' and 'e/kernel'."
    )
    assert len(found.related) == 4


def test_types_play_no_part() -> None:
    assert len(findings(RULE, reading(VALUES, VALUES.view(np.int32)))) == 1


def test_constants_that_differ_in_the_last_byte_are_different() -> None:
    other = VALUES.copy()
    other[-1] = 0
    assert findings(RULE, reading(VALUES, other)) == []


@pytest.mark.parametrize(("count", "reported"), [(256, False), (257, True)])
def test_small_waste_passes(count: int, reported: bool) -> None:
    assert bool(findings(RULE, reading(VALUES[:count], VALUES[:count]))) is reported


def test_the_limit_is_of_all_copies_together() -> None:
    small = [VALUES[:100], VALUES[:100], VALUES[100:200], VALUES[100:200], VALUES[200:300], VALUES[200:300]]
    assert findings(RULE, reading(*small))[0].evidence["bytes"] == 1200


def test_copies_in_different_graphs_are_copies() -> None:
    g = reading(VALUES)
    s = g.subgraph("body")
    s.output(s.op("ABS", [s.constant("copy", VALUES)], s.tensor("y", [4096])))
    assert len(findings(RULE, g)) == 1


def test_sparse_and_external_constants_are_left_out() -> None:
    g = bad()
    g.graph["tensors"][3]["sparsity"] = {
        "traversal_order": [0],
        "dim_metadata": [{"format": "DENSE", "dense_size": 4096}],
    }
    assert findings(RULE, g) == []
    g = bad()
    g.graph["tensors"][3]["external_buffer"] = 1
    assert findings(RULE, g) == []


def test_a_file_whose_constants_overlap_again_and_again_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicate_buffer, "_PASSES", 0)
    assert findings(RULE, bad()) == []
