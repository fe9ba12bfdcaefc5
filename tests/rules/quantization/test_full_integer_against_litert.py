"""TFL301 and TFL302 against what the interpreter shows: the float ops of "full integer" conversions, all and no other."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest

from other_readers import FOLDER
from tflint.formats import read
from tflint.testing import context
from tflint_rules.quantization.declared_intent_mismatch import DeclaredIntentMismatch
from tflint_rules.quantization.float_island import FloatIsland

TABLE = FOLDER / "generated" / "CONVERSIONS.csv"
CONVERSIONS = "conversions with TensorFlow 2.21.0 to full integer, with and without float ops that were left"

pytestmark = [
    pytest.mark.skipif(not TABLE.is_file(), reason=f"{CONVERSIONS}, are not there"),
    pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="asks ai-edge-litert"),
]

Place = tuple[int, int]


def conversions() -> list[Path]:
    """The conversions to 8-bit or 16-bit integers that succeeded."""
    if not TABLE.is_file():
        return []
    with TABLE.open(newline="", encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["outcome"] == "ok" and row["path"]]
    return [
        TABLE.parent / row["case"] / row["path"] for row in rows if "int8" in row["mode"] or row["mode"] == "int16x8"
    ]


def shown(path: Path) -> set[Place]:
    """The ops of the first graph that the interpreter shows with a float32 input or output."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    return {
        (0, op["index"])
        for op in interpreter._get_ops_details()
        if op["op_name"] not in {"QUANTIZE", "DEQUANTIZE"} and np.float32 in {*op["operand_types"], *op["result_types"]}
    }


def written(path: Path) -> set[Place]:
    """The same of the other graphs, which the interpreter does not show, as the package `tflite` reads them."""
    import tflite

    model = tflite.Model.GetRootAs(path.read_bytes(), 0)
    found = set()
    for number in range(1, model.SubgraphsLength()):
        graph = model.Subgraphs(number)
        for index in range(graph.OperatorsLength()):
            op = graph.Operators(index)
            kind = model.OperatorCodes(op.OpcodeIndex()).BuiltinCode()
            tensors = [each for each in (*op.InputsAsNumpy(), *op.OutputsAsNumpy()) if each != -1]
            is_float = any(graph.Tensors(each).Type() == tflite.TensorType.FLOAT32 for each in tensors)
            if is_float and kind not in {tflite.BuiltinOperator.QUANTIZE, tflite.BuiltinOperator.DEQUANTIZE}:
                found.add((number, index))
    return found


def named(path: Path) -> set[Place]:
    """The ops that the two rules name."""
    ctx = context(read(str(path)))
    places = set()
    for rule in (DeclaredIntentMismatch(), FloatIsland()):
        for finding in rule.check(ctx):
            for at in (finding.location, *finding.related):
                graph, _, rest = at.address.partition("/")
                places.add((int(graph), int(rest.partition(":")[0])))
    return places


@pytest.mark.parametrize("path", conversions(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_both_together_name_the_float_ops_that_the_interpreter_shows(path: Path) -> None:
    assert named(path) == shown(path) | written(path)


def test_some_of_them_have_float_ops() -> None:
    assert sum(bool(named(path)) for path in conversions()) >= 5
