"""TFL208: an LSTM that became a loop."""

from typing import Any

import pytest

from sources import Source
from tflint import Finding, Model
from tflint.testing import GraphBuilder, context, findings
from tflint_rules.conversion.rnn_not_fused import RnnNotFused

RULE = RnnNotFused()


def source(kind: str = "LSTM", **options: Any) -> Model:
    made = Source()
    made.input()
    made.layer(kind, "lstm", **options)
    made.layer("Dense", "dense")
    return made.model()


CONTEXT = {"source": source()}


def model(*names: str, fused: bool = False) -> GraphBuilder:
    g = GraphBuilder()
    body = g.subgraph("body")
    s = body.input("s", [1, 4])
    body.output(body.op("TANH", [s], body.tensor("t", [1, 4])))
    x = g.input("x", [1, 4])
    for name in names:
        x = g.op("WHILE", [x], g.tensor(name, [1, 4]), {"cond_subgraph_index": 7, "body_subgraph_index": 1})
    if fused:
        x = g.op("UNIDIRECTIONAL_SEQUENCE_LSTM", [x], g.tensor("z", [1, 4]), {})
    g.output(g.op("RELU", [x], g.tensor("f_1/dense_1/Relu", [1, 4])))
    return g


def bad() -> GraphBuilder:
    return model("f_1/lstm_1/while")


def good() -> GraphBuilder:
    return model("f_1/dense_1/while")


def found(built: GraphBuilder, of: Model | None) -> list[Finding]:
    return findings(RULE, built, source=of)


@pytest.mark.parametrize(
    "of",
    [
        source(),
        source("Bidirectional", layer={"class_name": "LSTM", "config": {"unroll": False}}),
        source("TimeDistributed", layer={"class_name": "LSTM"}),
    ],
)
def test_a_loop_is_told(of: Model) -> None:
    [one] = found(bad(), of)
    assert one.message == (
        "The LSTM layer 'lstm' became 1 loop (WHILE) over 1 op, where one UNIDIRECTIONAL_SEQUENCE_LSTM computes it."
    )


@pytest.mark.parametrize(
    "of",
    [
        source(unroll=True),
        source("GRU"),
        source("Bidirectional", layer={"class_name": "GRU", "config": {}}),
        source("Bidirectional", layer={"class_name": "LSTM", "config": {"unroll": True}}),
        source("Bidirectional"),
        None,
        context(good()).model,
    ],
)
def test_other_layers_are_loops_by_nature_or_by_wish(of: Model | None) -> None:
    assert found(bad(), of) == []


def test_where_another_layer_loops_or_one_is_fused_nothing_is_said() -> None:
    assert found(good(), source()) == []
    assert found(model(), source()) == []
    assert found(model("f_1/lstm_1/while", fused=True), source()) == []


def test_two_layers_are_one_finding() -> None:
    made = Source()
    made.input()
    made.layer("LSTM", "lstm")
    made.layer("LSTM", "lstm_1")
    [one] = found(model("f_1/lstm_1/while", "f_1/lstm_1_1/while"), made.model())
    assert one.message.startswith("The LSTM layers 'lstm' and 'lstm_1' became 2 loops (WHILE) over 2 ops, where one")
