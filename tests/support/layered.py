"""Keras models as the reader gives them, of layers that follow each other, made without files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tflint.model import DType, Format, Graph, Model, Op, Shape, Tensor

__all__ = ["layered", "step"]

Step = tuple[str, str, Mapping[str, Any]]


def step(kind: str, name: str = "", /, **config: Any) -> Step:
    """A layer; `arguments` are those of its call, `is_custom` says that it is somebody's own."""
    return kind, name or kind.lower(), config


def layered(
    shape: Shape | tuple[Shape, ...],
    *steps: Step,
    dtype: DType = DType.FLOAT32,
    producer: str = "keras 3.15.1",
    format: Format = Format.KERAS,
    path: str = "model.keras",
    config: Mapping[str, Any] | None = None,
) -> Model:
    """A model of layers one after the other; with several shapes of inputs the first layer takes them all."""
    shapes = shape if shape and isinstance(shape[0], tuple) else (shape,)
    tensors: list[Tensor] = []
    ops: list[Op] = []

    def value(name: str, sizes: Any, kind: DType) -> Tensor:
        known = sizes is not None
        filled = tuple(1 if size is None else size for size in sizes or ())
        made = Tensor(path, 0, len(tensors), name, kind, sizes or (), filled, has_rank=known)
        tensors.append(made)
        return made

    inputs = tuple(value(f"x{number}", sizes, dtype) for number, sizes in enumerate(shapes))
    flow: tuple[Tensor, ...] = inputs
    for kind, name, given in steps:
        options = dict(given)
        is_custom = bool(options.pop("is_custom", False))
        if arguments := options.pop("arguments", None):
            options["call_arguments"] = arguments
        made = value(name, None, DType.UNKNOWN)
        ops.append(_op(path, len(ops), kind, name, flow, made, options, is_custom=is_custom))
        flow = (made,)
    graph = Graph(path, 0, "net", tuple(tensors), tuple(ops), inputs, flow)
    return Model(path, format, 1000, (graph,), producer=producer, config=config or {})


def _op(
    path: str,
    index: int,
    kind: str,
    name: str,
    flow: tuple[Tensor, ...],
    made: Tensor,
    options: dict[str, Any],
    *,
    is_custom: bool,
) -> Op:
    return Op(
        path, 0, index, kind, flow, (made,), is_custom=is_custom, decode=lambda: options, name=name,
        address=f"layers/{name}", layer=name,
    )  # fmt: skip
