"""TFL612: metadata that the previous build had."""

import pytest

from described import classifier, labels, metadata, normalized, packed
from tflint import Model
from tflint.testing import context, findings
from tflint_rules.interface.stale_associated_files import StaleAssociatedFiles

RULE = StaleAssociatedFiles()
LINES = b"cat\ndog\nfox\n"


def built(lines: bytes | None = LINES, mean: float = 0.0, described: bool = True) -> bytes:
    g = classifier()
    if described:
        g.metadata("TFLITE_METADATA", metadata([normalized(mean, 1.0)], [labels()]))
    return packed(g, {"labels.txt": lines} if lines is not None else {"other.txt": b""})


CONTEXT = {"previous": context(built(), path="old.tflite").model}


def bad() -> bytes:
    return built(described=False)


def good() -> bytes:
    return built()


def found(new: bytes, of: Model | None = CONTEXT["previous"]) -> list[str]:
    return [each.message for each in findings(RULE, new, previous=of)]


def test_metadata_that_is_lost_is_told_with_its_files() -> None:
    assert found(bad()) == ["The model has lost its TFLite Metadata, and with it 'labels.txt'."]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (built(None), "'labels.txt' is not packed into the model any more."),
        (built(b"cat\ndog\n"), "'labels.txt' has 2 lines; it had 3."),
        (
            built(mean=127.5),
            "The metadata asks for another normalization of input 0: mean 127.5, deviation 1; before mean 0, deviation 1.",
        ),
    ],
)
def test_what_it_says_otherwise_is_told(new: bytes, message: str) -> None:
    assert found(new) == [message]


def test_metadata_that_is_new_is_no_fault() -> None:
    assert found(built(), context(bad(), path="old.tflite").model) == []
    assert found(built(), None) == []
