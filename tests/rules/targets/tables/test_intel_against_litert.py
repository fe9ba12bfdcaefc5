"""The table of Intel's NPUs against LiteRT's own plugin, where it and OpenVINO are installed."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from one_op import build, ints, k, t
from tflint.analysis.placement import place
from tflint.formats.tflite.schema import OPERATORS
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.intel_openvino import TARGET

litert = pytest.importorskip("ai_edge_litert")
openvino = pytest.importorskip("openvino")

HOME = Path(litert.__file__).parent
TOOL, PLUGIN = HOME / "tools/apply_plugin_main", HOME / "vendors/intel_openvino/compiler"
X, Y = t("f32", 1, 4, 4, 4), t("f32", 1, 4, 4, 4)
NO_OPS = {"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES", "STABLEHLO_COMPOSITE", "TOPK_V2"}

pytestmark = pytest.mark.skipif(not TOOL.exists() or not PLUGIN.exists(), reason="this LiteRT has no compiler plugin")


def partition(g: GraphBuilder, folder: Path) -> str:
    """What the plugin says while LiteRT asks it for the ops that it takes."""
    file = g.save(folder / "model.tflite")
    command = [TOOL, "--cmd=partition", f"--model={file}", f"--o={folder / 'out.tflite'}", f"--libs={PLUGIN}"]
    command += ["--soc_manufacturer=IntelOpenVINO", "--soc_model=LNL", "--err=--"]
    libraries = Path(openvino.__file__).parent / "libs"
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    )
    said = done.stdout + done.stderr
    assert "Partitioning model" in said, said[-2000:]
    return said


def refused(said: str) -> Iterator[str]:
    yield from (OPERATORS[int(number)] for number in re.findall(r"op type (\d+) is not supported", said))


def test_it_takes_the_same_ops(tmp_path: Path) -> None:
    g = GraphBuilder()
    for kind in set(OPERATORS) - NO_OPS:
        build(g, kind, [X, X], Y)
    verdicts = place(TARGET, model(g).graphs[0]).verdicts
    ours = {op.kind for op, found in zip(model(g).graphs[0].ops, verdicts, strict=True) if found.supported is False}
    assert ours == set(refused(partition(g, tmp_path)))


@pytest.mark.parametrize(("number", "fits"), [(ints(3), True), (t("i32"), False)], ids=["constant", "computed"])
def test_it_takes_a_fixed_number_of_values(number: object, fits: bool, tmp_path: Path) -> None:
    g = GraphBuilder()
    build(g, "TOPK_V2", [X, number], [Y, t("i32", 4)])  # type: ignore[list-item]
    assert (place(TARGET, model(g).graphs[0]).verdicts[0].supported is True) == fits
    assert ("selected 1 ops" in partition(g, tmp_path)) == fits


def test_it_refuses_the_same_models(tmp_path: Path) -> None:
    many, variable = GraphBuilder(), GraphBuilder()
    build(many, "TANH", [t("f32", 1, 1, 1, 1, 1, 4)], Y)
    build(variable, "TANH", [t("f32", 4, is_variable=True)], Y)
    for g, reason in ((many, "6 dimensions"), (variable, "is a variable")):
        assert reason in TARGET.refusal(model(g))
    assert "(>= 6), skipping partitioning" in partition(many, tmp_path)


def test_it_reads_constants(tmp_path: Path) -> None:
    g = GraphBuilder()
    build(g, "CONV_2D", [X, k("f32", 4, 1, 1, 4), k("f32", 4)], Y)
    assert "selected 1 ops" in partition(g, tmp_path)
