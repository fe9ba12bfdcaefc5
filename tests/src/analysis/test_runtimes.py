"""Which runtime a model needs."""

from __future__ import annotations

from models import healthy
from tflint.analysis.runtimes import needed_runtime
from tflint.testing import GraphBuilder, model


def test_the_newest_op_decides() -> None:
    g = healthy()
    assert needed_runtime(model(g)) == "1.5.0"
    g.op("FULLY_CONNECTED", [0, 1, 2], g.tensor("z", [1, 4]), {}, version=12)
    assert needed_runtime(model(g)) == "2.17.0"


def test_custom_ops_do_not_count_and_unknown_ones_leave_it_open() -> None:
    g = healthy()
    g.op("MyOp", [0], g.tensor("z", [1, 4]), version=99)
    assert needed_runtime(model(g)) == "1.5.0"
    g.op("RELU", [0], g.tensor("r", [1, 8]), version=99)
    assert needed_runtime(model(g)) is None


def test_a_model_without_builtin_ops_needs_none() -> None:
    assert needed_runtime(model(GraphBuilder())) is None
