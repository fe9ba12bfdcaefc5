"""Models of one op, from a line: `single("ADD", "f32[1,4] c:f32[]", "f32[1,4]")`.

A tensor is its type and its sizes: `f32[2,3]`, `i8@1[4]` with one scale, `i8@4[4]` with four along dimension 0; `c:`
makes it a constant of zeros, `c:i32[2]=0,1` one with values; `v:` a variable; `-` leaves it out.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from tflint.model import DType, Graph, Op
from tflint.target import Target
from tflint.testing import GraphBuilder, model

__all__ = ["add", "said", "single", "tensors"]

TYPES = {
    "f32": "FLOAT32", "f16": "FLOAT16", "f64": "FLOAT64", "bf16": "BFLOAT16", "bool": "BOOL", "str": "STRING",
    "i2": "INT2", "i4": "INT4", "i8": "INT8", "i16": "INT16", "i32": "INT32", "i64": "INT64",
    "u4": "UINT4", "u8": "UINT8", "u16": "UINT16", "u32": "UINT32", "res": "RESOURCE", "variant": "VARIANT",
}  # fmt: skip
_SPEC = re.compile(r"(c:|v:)?(\w+?)(?:@(\d+))?\[([\d,]*)\](?:=([-\d,.]+))?$")


def add(g: GraphBuilder, spec: str, *, made: bool = False) -> int:
    """Add a tensor; `made` says that an op of the graph makes it."""
    if spec == "-":
        return -1
    found = _SPEC.match(spec)
    assert found, spec
    prefix, code, scales, sizes, values = found.groups()
    dtype, shape = TYPES[code], [int(size) for size in sizes.split(",") if size]
    name = f"t{len(g.graph['tensors'])}"
    more: dict[str, Any] = {"scale": [0.5] * int(scales)} if scales else {}
    if prefix == "c:":
        return _constant(g, name, dtype, shape, values, more)
    if prefix == "v:":
        return g.tensor(name, shape, dtype, is_variable=True, **more)
    return g.tensor(name, shape, dtype, **more) if made else g.input(name, shape, dtype, **more)


def _constant(g: GraphBuilder, name: str, dtype: str, shape: list[int], values: str | None, more: Any) -> int:
    kind = DType(dtype)  # type: ignore[call-arg]
    count = int(np.prod(shape, dtype=np.int64))
    if kind.numpy_name is None:
        return g.constant(name, np.zeros(count * 2, np.uint8), dtype, shape=shape, **more)
    array = np.zeros(shape, kind.numpy_name)
    if values is not None:
        array = np.array([float(each) for each in values.split(",")]).astype(kind.numpy_name).reshape(shape)
    return g.constant(name, array, **more)


def tensors(g: GraphBuilder, specs: str, *, made: bool = False) -> list[int]:
    """Add the tensors of a line."""
    return [add(g, spec, made=made) for spec in specs.split()]


def single(
    kind: str, inputs: str, outputs: str, options: Mapping[str, Any] | None = None, version: int = 1, **more: Any
) -> tuple[Op, Graph]:
    """The op, and its graph; `more` as in `GraphBuilder.op`."""
    g = GraphBuilder()
    sources, made = tensors(g, inputs), tensors(g, outputs, made=True)
    g.op(kind, sources, made, options, version=version, **more)
    g.output(*made)
    graph = model(g).graphs[0]
    return graph.ops[0], graph


def said(target: Target, *line: Any, **more: Any) -> str:
    """What a target says of an op by itself, without its kind: nothing where it takes it, `?` where it cannot tell."""
    op, graph = single(*line, **more)
    verdict = target.verdict(op, graph)
    assert (verdict.supported is True) == (verdict.reason == "")
    return ("? " if verdict.supported is None else "") + verdict.reason.removeprefix(f"{op.kind}: ")
