"""Keras and SavedModel sources as the readers give them, made without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint import DType, Format, Graph, Model, Op, Shape, Signature, Tensor

Arrays = Mapping[str, NDArray[Any]]


class Source:
    """A source whose ops follow each other, unless they are told what they take."""

    def __init__(self, path: str = "model.keras", format: Format = Format.KERAS) -> None:
        self.path, self.format = path, format
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.last: Tensor | None = None
        self.signatures: list[Signature] = []

    def value(self, name: str, shape: Shape | None = None, dtype: DType = DType.FLOAT32) -> Tensor:
        """A value between ops, of a shape that is known or not."""
        sizes = tuple(1 if size is None else size for size in shape or ())
        return self._keep(
            Tensor(self.path, 0, len(self.tensors), name, dtype, shape or (), sizes, has_rank=shape is not None)
        )

    def constant(self, name: str, array: NDArray[Any], address: str = "") -> Tensor:
        """A weight, or a constant."""
        array = np.ascontiguousarray(array)
        dtype = next(each for each in DType if each.numpy_name == array.dtype.str)
        return self._keep(
            Tensor(
                self.path, 0, len(self.tensors), name, dtype, array.shape, array.shape,
                data=memoryview(array.tobytes()), address=address,
            )
        )  # fmt: skip

    def _keep(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor

    def input(self, name: str = "x", shape: Shape = (None, 16), dtype: DType = DType.FLOAT32) -> Tensor:
        """An input of the model, which the next op takes."""
        self.last = self.value(name, shape, dtype)
        self.inputs.append(self.last)
        return self.last

    def layer(
        self, kind: str, name: str, weights: Arrays | None = None, *, of: Sequence[Tensor] = (), **options: Any
    ) -> Tensor:
        """A Keras layer, and what it gives."""
        held = [self.constant(key, array, f"layers/{name}/{key}") for key, array in (weights or {}).items()]
        return self._op(kind, name, list(of) or [self.last], options, layer=name, weights=tuple(held))

    def node(self, kind: str, name: str, *inputs: Tensor | None, **attributes: Any) -> Tensor:
        """A node of TensorFlow, and what it gives."""
        return self._op(kind, name, list(inputs), attributes)

    def _op(self, kind: str, name: str, inputs: list[Tensor | None], options: Mapping[str, Any], **more: Any) -> Tensor:
        made = self.value(name)
        address = f"layers/{name}" if self.format is Format.KERAS else f"serving_default/{name}"
        self.ops.append(
            Op(
                self.path, 0, len(self.ops), kind, tuple(inputs), (made,), name=name, address=address,
                decode=lambda: options, **more,
            )
        )  # fmt: skip
        self.last = made
        return made

    def model(self) -> Model:
        """The source; its last value is its output, where no other is named."""
        outputs = self.outputs or ([self.last] if self.last is not None else [])
        graph = Graph(self.path, 0, "net", tuple(self.tensors), tuple(self.ops), tuple(self.inputs), tuple(outputs))
        return Model(self.path, self.format, 1000, (graph,), tuple(self.signatures))


def batch_norm(channels: int, seed: int = 7) -> dict[str, NDArray[Any]]:
    """The weights of a batch normalization that was trained."""
    random = np.random.default_rng(seed)
    made = {
        "gamma": random.uniform(0.5, 2, channels),
        "beta": random.normal(size=channels),
        "moving_mean": random.normal(size=channels),
        "moving_variance": random.uniform(0.2, 3, channels),
    }
    return {name: values.astype(np.float32) for name, values in made.items()}


def folded(
    kernel: NDArray[Any], bias: NDArray[Any], norm: Mapping[str, NDArray[Any]], epsilon: float = 1e-3
) -> tuple[NDArray[Any], NDArray[Any]]:
    """What a converter makes of a kernel with its channels last, its bias, and the batch normalization after it."""
    factor = norm["gamma"].astype(np.float64) / np.sqrt(norm["moving_variance"].astype(np.float64) + epsilon)
    added = (bias - norm["moving_mean"]) * factor + norm["beta"]
    return (kernel * factor).astype(np.float32), added.astype(np.float32)
