"""TFL910: a batch of two."""

from pathlib import Path

import numpy as np
import pytest

from comparisons import compared, normal, real
from tflint import Context, Finding
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.resize_batch import ResizeBatch

RULE = ResizeBatch()
WORDS = "allocate: RESHAPE cannot make 16 elements 8"
CONTEXT = {"comparison": compared(facts={"batch": WORDS})}
GOOD_CONTEXT = {"comparison": compared(facts={"batch": ""})}


def reshaped(*shape: int, inputs: tuple[tuple[int | None, ...], ...] = ((None, 8),)) -> GraphBuilder:
    g = GraphBuilder()
    held = [g.input(f"x{number}", each) for number, each in enumerate(inputs)]
    weights = g.constant("w", normal(4, 8))
    h = g.op("FULLY_CONNECTED", [held[0], weights, -1], g.tensor("h", [None, 4]), {})
    g.output(g.op("RESHAPE", [h, g.constant("shape", np.array(shape, np.int32))], g.tensor("y", [None, 2, 2]), {}))
    return g


def bad() -> GraphBuilder:
    return reshaped(1, 2, 2)


def good() -> GraphBuilder:
    return reshaped(-1, 2, 2)


def found(words: str, built: GraphBuilder, **more: str) -> list[Finding]:
    return findings(RULE, built, comparison=compared(facts={"batch": words, **more}))


def test_it_tells_what_the_runtime_says() -> None:
    [one] = found(WORDS, bad())
    assert one.message == (
        "'x0' FLOAT32[?, 8] leaves the batch open, and a batch of 2 fails when it is prepared for it: RESHAPE cannot make "
        "16 elements 8."
    )


def test_outputs_that_do_not_follow_are_told() -> None:
    [one] = found("output 0 has the shape [1, 4], for one [1, 4]", reshaped(1, 2, 2, inputs=((None, 8), (None,))))
    assert one.message.startswith(
        "'x0' FLOAT32[?, 8] and 'x1' FLOAT32[?] leave the batch open, and a batch of 2 does not work: "
    )
    assert one.message.endswith("output 0 has the shape [1, 4], for one [1, 4].")
    assert [each.name for each in one.related] == ["x1"]


def test_a_first_dimension_that_is_hardly_a_batch_is_left_alone() -> None:
    assert found(WORDS, reshaped(1, 2, 2, inputs=((None,),))) == []
    assert found(WORDS, reshaped(1, 2, 2, inputs=((None, 8), (1, 8)))) == []
    assert found(WORDS, reshaped(1, 2, 2, inputs=((None, 8), ()))) == []


def test_a_model_that_varies_by_itself_is_left_alone() -> None:
    assert found(WORDS, bad(), repeat="0") == []
    assert found("", bad()) == []
    assert findings(RULE, bad()) == []


@pytest.fixture(scope="module")
def written_in(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return real(tmp_path_factory.mktemp("run"), bad())


def test_a_batch_that_is_written_in_is_found_by_running_it(written_in: Context) -> None:
    [one] = RULE.check(written_in)
    assert "a batch of 2 fails when it is prepared for it:" in one.message


def test_a_batch_that_follows_is_silent(tmp_path: Path) -> None:
    assert list(RULE.check(real(tmp_path, good()))) == []
