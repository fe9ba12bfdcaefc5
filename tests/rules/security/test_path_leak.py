"""TFL809: paths of the machine that a model was made on."""

import pytest

from plain_sources import Nodes, keras, lambda_layer, layer, saved
from tflint import Model, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.security.path_leak import PathLeak

RULE = PathLeak()


def said(text: str) -> Model:
    return keras(layer("Dense", "dense", notes=text))


def bad() -> Model:
    return said("/home/alice/projects/secret/vocab.txt")


def good() -> Model:
    return said("/usr/share/dict/words")


@pytest.mark.parametrize(
    "text",
    [
        "/home/alice/x.py", "see /Users/alice/x.py", r"C:\Users\alice\x.py", "C:\\\\Users\\\\alice\\\\x.py", "gs://alice-private/model",
        "s3://bucket/key", "/mnt/data/train/x", "file:///srv/x", "hdfs://namenode/x",
    ],
)  # fmt: skip
def test_homes_shares_and_buckets_are_told(text: str) -> None:
    [found] = findings(RULE, said(text))
    assert found.severity is Severity.NOTE
    assert "stands in its configuration" in found.message


@pytest.mark.parametrize(
    "text",
    [
        "/tmp/x.py", "/usr/lib/x.py", "/home/runner/work/x.py", "/home/jovyan/x.py", "/home/alice", "model/home/alice/x",
        "/home/alice/.venv/lib/python3.11/site-packages/keras/src/x.py", "gs://download.tensorflow.org/models/x",
        "https://example.org/x", "a/b/c", "/layer1/conv/Conv_output_0",
    ],
)  # fmt: skip
def test_paths_that_tell_nothing_are_left_out(text: str) -> None:
    assert findings(RULE, said(text)) == []


def test_all_paths_are_one_finding_that_names_a_user() -> None:
    [found] = findings(RULE, said("s3://bucket/key /home/alice/a /home/bob/b"))
    assert found.message == (
        "'/home/alice/a' stands in its configuration, and 2 more such paths; it names the user 'alice'."
    )
    assert found.evidence == {
        "paths": ["s3://bucket/key", "/home/alice/a", "/home/bob/b"],
        "count": 3,
        "users": ["alice", "bob"],
    }


def test_names_metadata_the_description_and_debug_information_are_looked_at() -> None:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("/home/alice/x", [1])], g.tensor("y", [1])))
    assert "names of its ops and tensors" in findings(RULE, g)[0].message
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [1])], g.tensor("y", [1])))
    g.metadata("made", b"\x00\x01/home/alice/x\x00")
    assert "metadata 'made'" in findings(RULE, g)[0].message
    g.tables["description"] = "from /home/alice/y"
    assert "its description" in findings(RULE, g)[0].message
    n = Nodes()
    n.op("Mul", source=("/home/alice/net.py", 3))
    assert "debug information" in findings(RULE, saved(n))[0].message


def test_constants_and_bytecode_are_looked_at() -> None:
    n = Nodes()
    n.text("/home/alice/x")
    assert "its constants" in findings(RULE, saved(n))[0].message
    code = compile("lambda x: x", "/home/alice/train.py", "eval").co_consts[0]
    function = (lambda x: x).__class__(code, {})
    [found] = findings(RULE, keras(lambda_layer("scale", function)))
    assert "'/home/alice/train.py' stands in its bytecode" in found.message
