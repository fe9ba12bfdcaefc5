"""TensorFlow graphs by hand: a few lines for what a SavedModel's reader would make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tflint.forecast import Forecast, forecast_graph
from tflint.model import DType, Format, Graph, Model, Op, Shape, Signature, Tensor

__all__ = ["TensorFlowGraph", "model", "saved"]


class TensorFlowGraph:
    """Builds a graph; ops run in the order that they are added in."""

    def __init__(self, name: str = "serving_default", index: int = 0) -> None:
        self.name = name
        self.index = index
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []

    def tensor(self, shape: Shape | None = (2, 3), dtype: str = "FLOAT32", **more: Any) -> Tensor:
        """A tensor that something makes; a `shape` of None has no known rank."""
        sizes = shape or ()
        made = Tensor(
            "m", self.index, len(self.tensors), more.pop("name", f"t{len(self.tensors)}"), DType[dtype], sizes,
            tuple(1 if size is None else size for size in sizes), has_rank=shape is not None, **more,
        )  # fmt: skip
        self.tensors.append(made)
        return made

    def input(self, shape: Shape | None = (2, 3), dtype: str = "FLOAT32") -> Tensor:
        made = self.tensor(shape, dtype)
        self.inputs.append(made)
        return made

    def constant(self, value: Any, dtype: str = "float32", name: str = "") -> Tensor:
        array = np.asarray(value, dtype)
        return self.tensor(
            array.shape,
            dtype.upper(),
            data=memoryview(array.tobytes()),
            name=name or f"{self.name}/c{len(self.tensors)}",
        )

    def op(
        self,
        kind: str,
        inputs: Sequence[Tensor | None] = (),
        outputs: int | Sequence[Tensor] = 1,
        name: str = "",
        **options: Any,
    ) -> Tensor:
        """Add an op and return its first output; `outputs` new ones like the first input, or those."""
        first = next((each for each in inputs if each is not None), None)
        shape, dtype = ((2, 3), "FLOAT32") if first is None else (first.shape, first.dtype.name)
        made = [self.tensor(shape, dtype) for _ in range(outputs)] if isinstance(outputs, int) else list(outputs)
        options = {
            key: DType[value] if key[0] == "T" and isinstance(value, str) else value for key, value in options.items()
        }
        number = len(self.ops)
        op = Op(
            "m", self.index, number, kind, tuple(inputs), tuple(made), decode=lambda: options, name=name or f"n{number}"
        )
        self.ops.append(op)
        return made[0] if made else self.tensor()

    def output(self, *tensors: Tensor) -> TensorFlowGraph:
        self.outputs.extend(tensors)
        return self

    def graph(self) -> Graph:
        return Graph(
            "m", self.index, self.name, tuple(self.tensors), tuple(self.ops), tuple(self.inputs), tuple(self.outputs)
        )

    def forecast(self, **functions: TensorFlowGraph) -> Forecast:
        """What becomes of it; `functions` are what its loops and branches name."""
        return forecast_graph(self.graph(), {name: each.graph() for name, each in functions.items()})


def model(*graphs: TensorFlowGraph, keys: Sequence[str] = ("serving_default",), path: str = "m") -> Model:
    """A SavedModel of these graphs, the first of which are signatures."""
    made = tuple(each.graph() for each in graphs)
    signatures = tuple(Signature(key, number, {}, {}) for number, key in enumerate(keys))
    return Model(path, Format.SAVED_MODEL, 0, made, signatures)


def saved(found: Forecast) -> Mapping[str, str]:
    """What becomes of each op of a forecast, by its kind."""
    return {each.op.kind: each.status.value for each in found.ops}
