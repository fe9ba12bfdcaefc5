"""Models of one op, written down in a line: what the tests of the Ethos-U tables are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tflint.testing import GraphBuilder

Spec = dict[str, Any]
NARROW = ("INT8", "UINT8", "INT16")
IMAGE = (1, 4, 4, 8)


def t(dtype: str = "INT8", shape: Sequence[int | None] = IMAGE, **more: Any) -> Spec:
    """A tensor that is not constant; 8- and 16-bit ones have a scale unless `scale=None`."""
    return {"shape": shape, "dtype": dtype, **({"scale": 0.5} if dtype in NARROW else {}), **more}


def c(values: Any, dtype: str = "int32", **more: Any) -> Spec:
    """A constant."""
    array = np.asarray(values, dtype)
    return {"array": array, **({"scale": 0.5} if dtype.upper() in NARROW else {}), **more}


def build(
    kind: str, ins: Sequence[Spec | None], outs: Sequence[Spec], options: Mapping[str, Any] | None = None
) -> GraphBuilder:
    """A model of one op; None is a left-out input."""
    g = GraphBuilder()
    inputs = []
    for number, spec in enumerate(ins):
        if spec is None:
            inputs.append(-1)
        elif "array" in spec:
            more = {name: value for name, value in spec.items() if name != "array"}
            inputs.append(g.constant(f"c{number}", spec["array"], **more))
        else:
            inputs.append(g.input(f"x{number}", **spec))
    outputs = [g.tensor(f"y{number}", **spec) for number, spec in enumerate(outs)]
    g.output(*outputs)
    g.op(kind, inputs, outputs, options)
    return g
