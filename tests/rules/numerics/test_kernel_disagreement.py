"""TFL907: kernels that compute something else."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from comparisons import BLAME, compared, dense, figures, output, real
from tflint import Finding, Severity
from tflint.comparison import Disagreement
from tflint.testing import GraphBuilder, findings
from tflint_rules.numerics.kernel_disagreement import KernelDisagreement
from tflint_rules.numerics.output_diff import OutputDiff

RULE = KernelDisagreement()
FOUND = Disagreement(("xnnpack", "builtin"), "0/1:FULLY_CONNECTED", "0/t4", figures(20.0), "xnnpack")
CONTEXT = {"comparison": compared(disagreement=FOUND)}
GOOD_CONTEXT = {"comparison": compared()}


def bad() -> GraphBuilder:
    return dense()


def good() -> GraphBuilder:
    return dense()


def found(disagreement: Disagreement, **more: object) -> list[Finding]:
    return findings(RULE, dense(), comparison=compared(disagreement=disagreement, **more))


def test_it_names_the_op_and_who_is_alone() -> None:
    [one] = found(FOUND)
    assert one.location.address == "0/1:FULLY_CONNECTED"
    assert one.message == (
        "XNNPACK and the builtin kernels of LiteRT 2.3.0 give different values for op 1 FULLY_CONNECTED, fed with the "
        "same: the error is 10 % of the signal (SNR 20.0 dB) and 0.3 at most. The reference kernels agree with the "
        "builtin kernels. It is a fault of the runtime, not of the model."
    )
    assert one.help.endswith("report the op to google/XNNPACK.")


def test_the_builtin_kernels_may_be_alone_or_nobody() -> None:
    [one] = found(replace(FOUND, kernel="builtin"), runs=())
    assert "of LiteRT give" in one.message
    assert "The reference kernels agree with XNNPACK." in one.message
    inner = replace(FOUND, kernel="", op="0/0:FULLY_CONNECTED", tensor="0/t3", figures=figures(20.0, finite=False))
    [one] = found(inner)
    assert "fed with the same: those of one of them are not finite. Which of them is right is not known." in one.message


def test_only_the_outputs_may_be_known_to_differ() -> None:
    [one] = found(replace(FOUND, op="", kernel="", figures=figures(None)))
    assert one.location.name == "probs"
    assert "give different values at the outputs: the builtin kernels give zeros only" in one.message
    assert one.related == ()


def test_what_it_does_to_the_outputs_is_told_once_and_is_an_error() -> None:
    comparison = compared(output(10.0), output(90.0, place=1), disagreement=FOUND)
    [one] = findings(RULE, dense(outputs=2), comparison=comparison)
    assert one.severity is Severity.ERROR
    assert one.message.endswith(
        "It is a fault of the runtime, not of the model. Beside the source 'model.keras', the error is 32 % of the signal "
        "(SNR 10.0 dB) and 0.949 at most at output 'probs'."
    )
    assert findings(OutputDiff(), dense(outputs=2), comparison=comparison) == []


def test_a_small_disagreement_does_not_explain_a_large_error() -> None:
    comparison = compared(output(10.0), disagreement=replace(FOUND, figures=figures(50.0)))
    assert [one.severity for one in findings(RULE, dense(), comparison=comparison)] == [Severity.WARNING]
    assert len(findings(OutputDiff(), dense(), comparison=comparison)) == 1
    blamed = replace(comparison, disagreement=FOUND, blame=BLAME)
    assert len(findings(OutputDiff(), dense(), comparison=blamed)) == 1
    infinite = replace(comparison, disagreement=replace(FOUND, figures=figures(50.0, finite=False)))
    assert findings(OutputDiff(), dense(), comparison=infinite) == []


def test_what_may_be_rounding_that_adds_up_is_left_alone() -> None:
    ends = replace(FOUND, op="", kernel="", figures=figures(12.0))
    assert found(ends, precision="int8") == []
    assert len(found(replace(ends, figures=figures(8.0)), precision="int8")) == 1
    assert len(found(replace(ends, op=FOUND.op), precision="int8")) == 1
    assert len(findings(RULE, b"", comparison=compared(disagreement=FOUND))) == 1


def test_hybrid_ops_may_differ_by_a_tenth() -> None:
    g = GraphBuilder()
    w = g.constant("w", np.ones((8, 8), np.int8), scale=0.01)
    h = g.op("FULLY_CONNECTED", [g.input("x", [1, 8]), w, -1], g.tensor("h", [1, 8]), {}, version=3)
    g.output(g.op("NEG", [h], g.tensor("y", [1, 8])))
    hybrid = replace(FOUND, op="0/0:FULLY_CONNECTED", tensor="0/t2")
    near, far = (compared(disagreement=replace(hybrid, figures=figures(each))) for each in (35.0, 12.0))
    assert findings(RULE, g, comparison=near) == []
    assert len(findings(RULE, g, comparison=far)) == 1


def test_nothing_is_said_without_a_run() -> None:
    assert findings(RULE, dense()) == []


def sparse() -> GraphBuilder:
    """Integer weights that are stored in blocks of 16, those that are zero left out, and float values."""
    random = np.random.default_rng(0)
    blocks = random.integers(-127, 128, (64, 4, 16)) * (random.random((64, 4, 1)) < 0.3)
    columns = [np.flatnonzero(row.any(axis=1)) for row in blocks]
    segments = np.cumsum([0, *map(len, columns)]).astype(np.int32)
    packed = {"array_segments": segments, "array_indices": np.concatenate(columns).astype(np.int32)}
    compressed = {name: ("Int32Vector", {"values": values}) for name, values in packed.items()}
    rows, block = ({"format": "DENSE", "dense_size": size} for size in (64, 16))
    table = {
        "traversal_order": [0, 1, 2],
        "block_map": [1],
        "dim_metadata": [rows, {"format": "SPARSE_CSR", **compressed}, block],
    }
    g = GraphBuilder()
    x = g.input("x", [1, 64])
    data = g.buffer(blocks[blocks.any(axis=2)].astype(np.int8).tobytes())
    w = g.tensor("w", [64, 64], "INT8", scale=[0.001] * 64, buffer=data, sparsity=table)
    g.output(
        g.op("FULLY_CONNECTED", [x, w, -1], g.tensor("y", [1, 64]), {"asymmetric_quantize_inputs": True}, version=12)
    )
    return g


def test_sparse_integer_weights_are_read_in_two_ways(tmp_path: Path) -> None:
    [one] = RULE.check(real(tmp_path, sparse()))
    assert one.severity is Severity.WARNING
    assert one.location.name == "y"
    assert one.message.endswith("It is a fault of the runtime, not of the model.")


def test_an_op_that_is_suspected_since_all_others_agree_is_said_to_be() -> None:
    [one] = found(replace(FOUND, tensor="0/t0"))
    assert "at the outputs, and all ops agree but FULLY_CONNECTED, which cannot be run by itself" in one.message
