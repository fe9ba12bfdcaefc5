"""TFL804: ops that read and write files."""

from pathlib import Path

import pytest

from plain_sources import Nodes, saved
from tflint import Format, Model, Severity
from tflint.testing import findings
from tflint_rules.security.file_io_op import FileIoOp

RULE = FileIoOp()


def bad() -> Model:
    g = Nodes()
    g.op("ReadFile", g.text("/etc/passwd"))
    return saved(g)


def saver(g: Nodes, prefix: object) -> None:
    """What every SavedModel is saved and loaded with."""
    part = g.op("StringJoin", prefix, g.text("_temp/part"))  # type: ignore[arg-type]
    name = g.op("ShardedFilename", part, g.text("0"), g.text("1"))
    g.op("SaveV2", name, g.text("w"))
    g.op("MergeV2Checkpoints", g.op("Pack", name), prefix)  # type: ignore[arg-type]
    g.op("RestoreV2", prefix, g.text("w"))  # type: ignore[arg-type]


def good() -> Model:
    main, loader = Nodes(), Nodes("__inference__traced_save_1", 1)
    main.op("PrintV2", main.text("x"), output_stream="stderr")
    main.op("CacheDatasetV2", main.tensor("dataset"), main.text(""))
    main.op("InitializeTableFromTextFileV2", main.tensor("table"), main.text("/home/me/vocab.txt"))
    saver(loader, loader.input("prefix"))
    return saved(main, loader)


def test_what_a_model_is_saved_and_loaded_with_is_fine() -> None:
    assert findings(RULE, good()) == []


def test_a_path_in_the_model_is_an_error_that_names_it() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.message.startswith("ReadFile reads a file whose path stands in the model: '/etc/passwd'")
    assert found.location.address == "serving_default/ReadFile_0"


def test_reading_and_writing_are_two_findings_and_each_is_one() -> None:
    g = Nodes()
    g.op("WriteFile", g.op("StringJoin", g.text("/home/x/"), g.input("name")), g.text("hello"))
    g.op("ReadFile", g.text("a"))
    g.op("TFRecordDataset", g.text("b"))
    write, read = findings(RULE, saved(g))
    assert write.message.startswith("WriteFile writes a file")
    assert read.message.startswith(
        "2 ops (ReadFile and TFRecordDataset) read files whose paths stand in the model: 'a' and 'b'"
    )


def test_a_function_that_no_signature_calls_is_looked_at() -> None:
    other = Nodes("__inference_other_1", 1)
    other.op("WriteFile", other.tensor("path", external=True), other.text("hello"))
    [found] = findings(RULE, saved(Nodes(), other))
    assert found.message.startswith("WriteFile writes a file whose path stands in the model;")


def test_a_path_from_the_caller_or_worked_out_is_a_warning() -> None:
    g = Nodes()
    g.op("ReadFile", g.input("path"))
    [found] = findings(RULE, saved(g))
    assert found.severity is Severity.WARNING
    assert "at a path that the caller gives" in found.message
    g = Nodes()
    g.op("ReadFile", g.op("AsString", g.input("number")))
    g.op("ReadFile", None)
    [found] = findings(RULE, saved(g))
    assert "works out as it runs" in found.message


def test_a_placeholder_stands_for_the_caller_and_its_default_for_the_model() -> None:
    g = Nodes()
    g.op("ReadFile", g.op("Placeholder"))
    g.op("WholeFileReaderV2")
    [found] = findings(RULE, saved(g))
    assert found.severity is Severity.WARNING
    g = Nodes()
    g.op("ReadFile", g.op("PlaceholderWithDefault", g.text("labels.txt")))
    [found] = findings(RULE, saved(g))
    assert "'labels.txt'" in found.message


def test_the_saver_of_tensorflow_1_is_fine() -> None:
    g = Nodes("rest")
    saver(g, g.op("PlaceholderWithDefault", g.text("model")))
    saver(g, g.text("model"))
    assert findings(RULE, saved(g)) == []


def test_a_checkpoint_of_an_absolute_path_is_told() -> None:
    g = Nodes()
    g.op("SaveV2", g.text("", "/etc/cron.d/x"), g.text("w"))
    [found] = findings(RULE, saved(g))
    assert "'/etc/cron.d/x'" in found.message


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PrintV2", {"output_stream": "file:///tmp/x"}), ("DebugIdentityV2", {"debug_urls": ("grpc://host:1",)}),
        ("ImmutableConst", {"memory_region_name": "/etc/x"}),
    ],
)  # fmt: skip
def test_a_path_may_be_an_attribute(kind: str, options: dict[str, object]) -> None:
    g = Nodes()
    g.op(kind, g.input("x"), **options)
    [found] = findings(RULE, saved(g))
    assert found.severity is Severity.ERROR
    g = Nodes()
    g.op(kind, g.input("x"))
    assert findings(RULE, saved(g)) == []


def test_a_long_chain_of_names_has_an_end() -> None:
    g = Nodes()
    path = g.text("a")
    for _ in range(50):
        path = g.op("Identity", path)
    g.op("ReadFile", path)
    [found] = findings(RULE, saved(g))
    assert found.severity is Severity.WARNING


def test_a_damaged_text_is_no_path() -> None:
    for data in (b"", b"\x01\0\0\0", b"\xff\xff\xff\x7f\x08\0\0\0", b"\x01\0\0\0\x0c\0\0\0\x02\0\0\0abc"):
        g = Nodes()
        g.op("ReadFile", g.tensor("path", memoryview(data)))
        [found] = findings(RULE, saved(g))
        assert found.evidence["paths"] == []


def test_ops_that_a_tflite_file_kept_are_found() -> None:
    g = Nodes()
    g.op("FlexReadFile", g.text("/etc/passwd"), custom=True)
    [found] = findings(RULE, saved(g, format=Format.TFLITE))
    assert found.message.startswith("ReadFile reads a file")


def test_an_op_that_nothing_needs_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x0a\x01a\x12\x08ReadFile\x12\x06PyFunc")
    [found] = findings(RULE, saved(Nodes(), path=str(tmp_path)))
    assert found.severity is Severity.WARNING
    assert found.message.startswith("The file holds ReadFile where no signature")
    (tmp_path / "saved_model.pb").rename(tmp_path / "graph.pb")
    [found] = findings(RULE, saved(Nodes(), path=str(tmp_path / "graph.pb")))
    (tmp_path / "saved_model.pbtxt").write_text('node { name: "a" op: "WriteFile" }')
    [found] = findings(RULE, saved(Nodes(), path=str(tmp_path)))
    assert "WriteFile" in found.message
