"""No table raises on an op that is broken, whatever it lacks."""

from importlib import import_module
from random import Random
from typing import Any

import numpy as np
import pytest

from tflint.analysis.placement import place
from tflint.model import DType, Format, Graph, Model, Op, QuantParams, Tensor
from tflint.target import Target

MODULES = "coreml edgetpu google_tensor hexagon intel_openvino mediatek nnapi qualcomm samsung".split()
SHAPES = [(), (0,), (1,), (4, 2), (1, 8, 8, 4), (1, 1, 1, 1, 1, 1), (2**31 - 1,) * 4, (1, 0, 2**31 - 1)]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"axis": -99, "beta": 0.0, "mode": "SYMMETRIC", "padding": "VALID", "name": None},
    {"axis": 2**31 - 1, "new_shape": [], "stride_h": -1, "depth_multiplier": 0, "name": "odml.npu_call"},
]


def tensor(random: Random, index: int) -> Tensor:
    shape = random.choice(SHAPES)
    quant = None
    if random.random() < 0.6:
        scale, point = (np.zeros(random.choice((0, 1, 3)), kind) for kind in (np.float32, np.int64))
        details = ("BlockwiseQuantization", {}) if random.random() < 0.1 else None
        quant = QuantParams(scale, point, random.choice((None, 0, 9)), details=details)
    return Tensor(
        *("made-up", 0, index, f"t{index}", random.choice(list(DType)), random.choice((shape, (None,) * len(shape)))),
        default_shape=shape,
        quant=quant,
        data=memoryview(bytes(random.choice((0, 3, 64)))) if random.random() < 0.5 else None,
        is_variable=random.random() < 0.1,
        external=random.random() < 0.1,
    )


def broken(random: Random, kind: str, index: int) -> Op:
    inputs = tuple(
        None if random.random() < 0.1 else tensor(random, n) for n in range(random.choice((0, 1, 2, 3, 5, 20)))
    )
    outputs = tuple(tensor(random, 90 + n) for n in range(random.choice((0, 1, 1, 2))))
    options = random.choice(OPTIONS)
    return Op("made-up", 0, index, kind, inputs, outputs, random.choice((0, 1, 2, 3, 6)), decode=lambda: options)


@pytest.mark.parametrize("module", MODULES)
def test_broken_ops_get_a_verdict(module: str) -> None:
    target: Target = import_module(f"tflint_rules.targets.tables.{module}").TARGET
    random = Random(20260821)
    ops = tuple(broken(random, kind, index) for index, kind in enumerate(sorted(target.ops) * 40))
    graph = Graph("made-up", 0, "main", (), ops, (), ())
    found = place(target, graph)
    assert all(verdict.supported in (True, False, None) for verdict in found.verdicts)
    assert all((verdict.supported is True) == (not verdict.reason) for verdict in found.verdicts)
    assert isinstance(target.refusal(Model("made-up", Format.TFLITE, 0, (graph,))), str)
