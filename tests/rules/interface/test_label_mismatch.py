"""TFL608: a list of labels that does not fit the classes."""

import pytest

from described import classifier, labels, metadata, packed
from tflint import Finding
from tflint.testing import GraphBuilder, findings
from tflint_rules.interface.label_mismatch import LabelMismatch

RULE = LabelMismatch()


def model(text: bytes, classes: int | None = 3, kind: str = "TENSOR_AXIS_LABELS", outputs: int = 1) -> bytes:
    g = classifier(classes)
    g.metadata("TFLITE_METADATA", metadata([{"name": "image"}], [labels(kind=kind)] * outputs))
    return packed(g, {"labels.txt": text})


def bad() -> bytes:
    return model(b"background\ncat\ndog\nhorse\n")


def good() -> bytes:
    return model(b"cat\ndog\nhorse\n")


def found(built: bytes | GraphBuilder) -> list[Finding]:
    return findings(RULE, built)


def test_a_label_too_many_is_an_error() -> None:
    [one] = found(bad())
    assert one.message == "The list 'labels.txt' has 4 labels; the output 'scores' FLOAT32[1, 3] has 3 classes."
    assert one.location.address == "0/t1"


@pytest.mark.parametrize("text", [b"cat\ndog\nhorse", b"cat\r\ndog\r\nhorse\r\n\r\n"])
def test_how_the_lines_end_plays_no_part(text: bytes) -> None:
    assert found(model(text)) == []


@pytest.mark.parametrize(
    "built",
    [
        model(b""),
        model(b"a\nb\n", classes=None),
        model(b"a\nb\n", classes=1),
        model(b"a\nb\n", kind="TENSOR_VALUE_LABELS"),
        model(b"a\nb\n", outputs=2),
        classifier(),
    ],
)
def test_what_is_not_known_is_not_judged(built: bytes | GraphBuilder) -> None:
    assert found(built) == []


def test_an_output_of_no_dimensions_has_no_classes() -> None:
    g = classifier(shape=[])
    g.metadata("TFLITE_METADATA", metadata([], [labels()]))
    assert found(packed(g, {"labels.txt": b"a\nb\n"})) == []
