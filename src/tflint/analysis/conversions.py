"""QUANTIZE and DEQUANTIZE that a graph could do without."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.model import DType, Graph, Op, Tensor

__all__ = ["needless"]

_I8, _U8, _I16, _I32 = DType.INT8, DType.UINT8, DType.INT16, DType.INT32
_DIRECT = {
    **dict.fromkeys((_I8, _U8), frozenset({_I8, _U8, _I16})),
    _I16: frozenset({_I8, _I16, _I32}),
    _I32: frozenset({_I8, _I16}),
}
"""Type -> the types that QUANTIZE turns its integers into. Source: LiteRT f67457790, tflite/kernels/quantize.cc."""


def needless(graph: Graph) -> tuple[tuple[str, Op], ...]:
    """The conversions that a graph could do without, in execution order, each under one fault.

    Ask for them with `ctx.once(needless, graph)`.

    `copy` changes nothing, `again` repeats an earlier one, `detour` goes from integers to integers over float, `undone`
    is a QUANTIZE behind which all is DEQUANTIZE, `chain` a QUANTIZE of what another one just made.
    """
    return tuple(_needless(graph))


def _needless(graph: Graph) -> Iterator[tuple[str, Op]]:
    outputs = frozenset(graph.outputs)
    made: set[tuple[object, ...]] = set()
    joined: set[Op] = set()
    for op in graph.ops:
        if op.kind not in {"QUANTIZE", "DEQUANTIZE"} or not op.outputs:
            continue
        given, result = op.input(0), op.outputs[0]
        if given is None or (given.is_constant and op.kind == "DEQUANTIZE"):
            continue
        readers = () if result in outputs else graph.consumers(result)
        key = (given, op.kind, *_parameters(result))
        if op.kind == "QUANTIZE" and _is_scaled(result) and _parameters(given) == _parameters(result):
            yield "copy", op
        elif key in made:
            yield "again", op
        elif op.kind == "DEQUANTIZE" and _are(readers, "QUANTIZE") and _is_direct(given, readers):
            joined.update(readers)
            yield "detour", op
        elif op.kind == "QUANTIZE" and op not in joined:
            maker = graph.producer(given)
            if given.dtype.is_float and _are(readers, "DEQUANTIZE"):
                yield "undone", op
            elif _is_link(maker, given, result, outputs) and len(graph.consumers(given)) == 1:
                yield "chain", op
        made.add(key)


def _is_link(maker: Op | None, given: Tensor, result: Tensor, outputs: frozenset[Tensor]) -> bool:
    """True where a QUANTIZE made the integers that one of its kind could have made the result of."""
    source = maker.input(0) if maker is not None and maker.kind == "QUANTIZE" else None
    if source is None or given in outputs:
        return False
    return source.dtype.is_float or result.dtype in _DIRECT.get(source.dtype, ())


def _is_direct(given: Tensor, readers: tuple[Op, ...]) -> bool:
    """True where QUANTIZE could read the integers themselves."""
    return all(each.dtype in _DIRECT.get(given.dtype, ()) for op in readers for each in op.outputs[:1])


def _are(readers: tuple[Op, ...], kind: str) -> bool:
    return bool(readers) and all(op.kind == kind for op in readers)


def _is_scaled(tensor: Tensor) -> bool:
    return tensor.quant is not None and tensor.quant.scale.size > 0


def _parameters(tensor: Tensor) -> tuple[object, ...]:
    """The type, the scales and the zero points of a tensor, to compare."""
    if tensor.quant is None:
        return (tensor.dtype,)
    return (tensor.dtype, tensor.quant.scale.tobytes(), tensor.quant.zero_point.tobytes(), tensor.quant.stored_axis)
