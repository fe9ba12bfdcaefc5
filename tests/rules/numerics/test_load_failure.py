"""TFL908: models that do not run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comparisons import DONE, compared, dense, real
from tflint import Context, Finding, Severity
from tflint.comparison import Comparison, Ended, EngineRun
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.load_failure import LoadFailure

RULE = LoadFailure()
WORDS = "Node number 1 (FULLY_CONNECTED) failed to prepare"
FAILED = EngineRun("xnnpack", Ended.FAILED, "LiteRT 2.3.0", "allocate", words=WORDS)
BOTH = (FAILED, replace(FAILED, engine="builtin"))
CONTEXT = {"comparison": compared(runs=BOTH)}
GOOD_CONTEXT = {"comparison": compared()}


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def found(*runs: EngineRun, **more: Any) -> list[Finding]:
    return findings(RULE, dense(), comparison=compared(runs=runs, **more))


def test_it_stands_at_the_op_that_the_runtime_names() -> None:
    [one] = found(*BOTH)
    assert one.severity is Severity.ERROR
    assert one.location.address == "0/1:FULLY_CONNECTED"
    assert one.message == f"LiteRT 2.3.0 does not prepare the model: {WORDS}."


def test_a_number_that_is_of_no_such_op_names_none() -> None:
    for words in ("Node number 1 (TfLiteXNNPackDelegate) failed", "Node number 9 (FULLY_CONNECTED) failed", ""):
        [one] = found(*(replace(each, words=words) for each in BOTH))
        assert one.location.address == ""
    assert one.message.endswith("prepare the model: it says nothing.")


def test_a_tensor_that_the_runtime_names_is_pointed_at() -> None:
    [one] = found(*(replace(each, words="Tensor 3 has invalid quantization parameters") for each in BOTH))
    assert one.location.name == "dense_1"
    [one] = found(*(replace(each, words="Tensor 99 has invalid quantization parameters") for each in BOTH))
    assert one.location.address == ""


def test_xnnpack_alone_is_told_with_what_runs_the_model() -> None:
    [one] = found(FAILED, DONE[1])
    assert one.message == f"LiteRT 2.3.0 with XNNPACK does not prepare the model: {WORDS}. The builtin kernels run it."
    assert "BUILTIN_WITHOUT_DEFAULT_DELEGATES" in one.help


def test_the_builtin_kernels_alone_are_told_too() -> None:
    [one] = found(DONE[0], BOTH[1])
    assert one.message == f"LiteRT 2.3.0 with the builtin kernels does not prepare the model: {WORDS}. XNNPACK runs it."
    [one] = found(EngineRun("xnnpack", Ended.LEFT_OUT), BOTH[1])
    assert one.message.endswith(f"{WORDS}.")


def test_two_causes_are_one_finding() -> None:
    [one] = found(replace(FAILED, ended=Ended.CRASHED, stage="load", words="signal 11"), BOTH[1])
    assert one.message.endswith(
        f"does not prepare the model: {WORDS}. With XNNPACK it crashes when it is to load the model: signal 11."
    )


def test_time_and_memory_have_their_own_cure() -> None:
    late = replace(FAILED, ended=Ended.OUT_OF_TIME, stage="invoke", feed=0, words="it had given no answer after 60 s")
    [one] = found(late, replace(late, engine="builtin", ended=Ended.OUT_OF_MEMORY))
    assert "takes too long to run the model on the input 'random 1 (normal)': it had given no answer" in one.message
    assert one.help.startswith("Give it more with --budget")
    assert found(replace(late, feed=1)) == []


def test_made_up_inputs_may_be_none_that_the_model_takes() -> None:
    at = replace(FAILED, stage="invoke", feed=5, words="index out of bounds")
    [one] = found(at, replace(at, engine="builtin"))
    assert one.severity is Severity.WARNING
    assert one.message.endswith("index out of bounds. The inputs are made up, and the model may not take such.")
    [one] = found(at, DONE[1])
    assert one.severity is Severity.ERROR
    [one] = found(replace(at, feed=99), replace(at, engine="builtin", feed=99))
    assert one.severity is Severity.ERROR
    assert "run the model: index" in one.message
    crash = replace(at, ended=Ended.CRASHED)
    [one] = found(crash, replace(crash, engine="builtin"))
    assert one.severity is Severity.ERROR


def test_a_second_run_counts_and_what_is_too_slow_for_it_does_not() -> None:
    again = replace(FAILED, stage="repeat", ended=Ended.CRASHED, words="signal 11")
    [one] = found(again, DONE[1])
    assert "with XNNPACK crashes when it is to run the model a second time: signal 11." in one.message
    assert found(replace(again, ended=Ended.OUT_OF_TIME), DONE[1]) == []


def test_long_words_are_cut_between_sentences() -> None:
    glued = "bad was 3.Tensor 33 has bad parameters.Bad again" + ".Tensor 36 has bad parameters" * 20 + ".quantized_di…"
    [one] = found(*(replace(each, words=glued) for each in BOTH))
    assert (
        "prepare the model: bad was 3. Tensor 33 has bad parameters. Bad again. Tensor 36 has bad parameters. "
        in one.message
    )
    assert one.message.endswith("Tensor 36 has bad parameters.")
    [one] = found(*(replace(each, words="x" * 999) for each in BOTH))
    assert one.message.endswith("x" * 240 + ".")


def test_made_up_sizes_are_a_note() -> None:
    [one] = found(*BOTH, inputs_from="8 random inputs; the sizes of 'x' [1, 32] are made up")
    assert one.severity is Severity.NOTE
    assert "may be none that it takes: 8 random inputs; the sizes of 'x' [1, 32] are made up." in one.message


def test_a_source_that_does_not_run_is_a_note() -> None:
    source = EngineRun("source", Ended.FAILED, "Keras 3.15.0", "load", words="ValueError: Unknown layer: 'Swish'")
    [one] = found(*DONE, source)
    assert one.severity is Severity.NOTE
    assert one.message == (
        "The model could not be compared with its source 'model.keras': Keras 3.15.0 does not load the source: "
        "ValueError: Unknown layer: 'Swish'."
    )


def test_what_was_not_run_or_is_a_reference_is_left_alone() -> None:
    refused = EngineRun("xnnpack", Ended.REFUSED, words="TFL101 reports an error in it")
    assert found(refused) == []
    assert (
        found(*DONE, replace(FAILED, engine="reference"), replace(FAILED, engine="source", ended=Ended.LEFT_OUT)) == []
    )
    assert findings(RULE, dense()) == []


def test_a_model_without_graphs_has_no_op_to_name() -> None:
    [one] = findings(RULE, b"", comparison=compared(runs=BOTH))
    assert one.location.address == ""


def reshaped() -> GraphBuilder:
    """Eight numbers that are to become nine."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    y = g.op("RESHAPE", [x, g.constant("shape", np.array([9], np.int32))], g.tensor("y", [9]), {"new_shape": [9]})
    g.output(g.op("NEG", [y], g.tensor("z", [9])))
    return g


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return real(tmp_path_factory.mktemp("run"), reshaped())


def test_a_reshape_that_does_not_fit_is_found_by_running_it(refused: Context) -> None:
    [one] = RULE.check(refused)
    assert one.severity is Severity.ERROR
    assert one.location.address == "0/0:RESHAPE"
    assert isinstance(refused.comparison, Comparison)


def test_a_model_that_runs_is_silent(tmp_path: Path) -> None:
    assert list(RULE.check(real(tmp_path, dense()))) == []
