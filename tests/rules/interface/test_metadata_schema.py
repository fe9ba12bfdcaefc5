"""TFL609: metadata that does not fit its model."""

from described import classifier, labels, metadata, packed
from tflint import Finding
from tflint.testing import GraphBuilder, findings
from tflint_rules.interface.metadata_schema import MetadataSchema

RULE = MetadataSchema()


def model(content: bytes) -> GraphBuilder:
    g = classifier()
    g.metadata("TFLITE_METADATA", content)
    return g


def bad() -> GraphBuilder:
    return model(metadata([{"name": "image"}], [labels()]))


def good() -> bytes:
    return packed(bad(), {"labels.txt": b"a\nb\nc\n"})


def found(built: bytes | GraphBuilder) -> list[Finding]:
    return findings(RULE, built)


def test_a_file_that_is_not_packed_is_told() -> None:
    [one] = found(bad())
    assert one.message == "The TFLite Metadata names 1 file that is not packed into the model ('labels.txt')."
    [one] = found(model(metadata([], [{**labels("a.txt"), "associated_files": [{"name": n} for n in "ab"]}])))
    assert "names 2 files that are not packed" in one.message


def test_another_number_of_outputs_is_told() -> None:
    [one] = found(model(metadata([{"name": "image"}], [{"name": "a"}, {"name": "b"}])))
    assert one.message == "The TFLite Metadata describes 2 outputs; the model has 1."
    [one] = found(model(metadata([{"name": "image"}] * 3)))
    assert one.evidence == {"side": "input", "described": 3, "own": 1}


def test_metadata_that_cannot_be_read_is_told() -> None:
    [one] = found(model(b"no metadata"))
    assert one.message == "The TFLite Metadata cannot be read: it lacks the identifier M001."
    [one] = found(model(metadata()[:4] + b"M001" + b"\xff" * 8))
    assert one.message.startswith("The TFLite Metadata cannot be read: ")


def test_a_model_without_metadata_or_graph_is_silent() -> None:
    assert found(classifier()) == []
    g = bad()
    g.graph["outputs"] = [99]
    assert found(g) == []
