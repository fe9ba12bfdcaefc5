"""TFL334 size-not-reduced."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, DType, Finding, Format, Model, Need, Rule, RuleMeta, Severity, Tensor, option
from tflint.analysis.phrases import share, size
from tflint.analysis.precision import profile
from tflint.analysis.weights import raw, readable

_WIDE = frozenset({DType.FLOAT32, DType.FLOAT64})
_LONG = frozenset({DType.INT16, DType.INT32, DType.INT64})
_HALF_FLOATS = 1.5
"""16-bit floats may take so many times what integers may: half of the source, where integers take a quarter."""
_MOSTLY = 0.5
_SHARED = 64
"""Shorter constants are not worth sharing."""


@dataclass(frozen=True)
class SizeNotReduced(Rule):
    """A quantized file is hardly smaller than the float file that it was converted from.

    ## What it does

    Compares the size of a file that has integer or float16 weights with that of its float source, a `.tflite` too,
    and says what the bytes are: float constants that are left, constants that are stored twice, scales and zero
    points, and all that is no constant. Silent where the source has less than `min_bytes` of float constants, or they
    are less than half of it: there is nothing to be won. A note where most of the rest is no constant at all.

    ## Why it is bad

    8 bits for 32 make a quarter of the size, 16 bits half of it. Where that is not reached, layers were left in
    float: they cost the time and the memory that the quantization was to save.

    ## Example

    ```text
    warning TFL334 size-not-reduced
      The file takes 161.1 KiB, 63 % of the 257.0 KiB of its float source; at most 50 % were expected.
      Of it are 79 % float constants, < 0.1 % scales and zero points, 0.7 % graph, names and metadata.
      help: Convert with a representative dataset, and look at the ops that stay in float.
    ```

    ## Fix

    Float constants: see which ops stayed in float (TFL302, TFL304), and convert with a representative dataset.
    Dynamic-range quantization leaves constants with less than 1024 elements in float. Copies: let tensors share
    their buffers (TFL507).

    ## References

    - LiteRT f67457790, tflite/converter/schema/schema.fbs: Buffer, QuantizationParameters
    - LiteRT f67457790, tflite/converter/quantization/lite/toco_legacy/quantize_weights.cc: 1024 elements
    - https://github.com/tensorflow/tensorflow/issues/58823
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL334", "size-not-reduced", Severity.WARNING, needs=frozenset({Need.SOURCE}))
    max_ratio: float = option(
        0.5,
        "The largest size of a file with integer weights that passes, as a share of its source's; with float16 "
        "weights one and a half times that.",
    )
    min_bytes: int = option(65536, "Bytes of float constants in the source, below which nothing is judged.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        source = ctx.source
        if source is None or source.format is not Format.TFLITE or not source.byte_size:
            return
        known = ctx.once(profile, ctx.model)
        limit = self.max_ratio if known.integer_weights else self.max_ratio * _HALF_FLOATS
        if not (known.integer_weights or known.float16) or ctx.model.byte_size <= limit * source.byte_size:
            return
        weights = sum(_lengths(source, _WIDE))
        if weights < max(self.min_bytes, _MOSTLY * source.byte_size):
            return
        parts = _parts(ctx)
        reason = max(parts, key=parts.__getitem__)
        is_overhead = reason == _REST
        total = ctx.model.byte_size
        split = ", ".join(f"{share(held, total)} {name}" for name, held in parts.items() if held)
        yield self.finding(
            ctx.model,
            f"The file takes {size(total)}, {share(total, source.byte_size)} of the {size(source.byte_size)} of its "
            f"float source; at most {share(limit, 1)} were expected. Of it are {split}.",
            help=_HELP[reason],
            severity=Severity.NOTE if is_overhead else None,
            evidence={
                "bytes": total,
                "source_bytes": source.byte_size,
                **{_KEYS[name]: n for name, n in parts.items()},
            },
        )


_FLOATS, _INTEGERS, _COPIES = "float constants", "integers of 16 bits and more", "copies of constants"
_SCALES, _REST = "scales and zero points", "graph, names and metadata"
_KEYS = {
    _FLOATS: "float_bytes",
    _INTEGERS: "integer_bytes",
    _COPIES: "copied_bytes",
    _SCALES: "scale_bytes",
    _REST: "other_bytes",
}
_HELP = {
    _INTEGERS: "Quantize the weights to 8 bits.",
    _FLOATS: "Convert with a representative dataset, and look at the ops that stay in float.",
    _COPIES: "Let the tensors with the same values share one buffer.",
    _SCALES: "Quantize small layers with one scale for the whole tensor.",
    _REST: "Strip metadata and names; where the model is many small ops, nothing is to be won.",
}


def _parts(ctx: Context) -> dict[str, int]:
    """The bytes of a model that are no integer weights, by what they are."""
    constants = sum(_lengths(ctx.model, frozenset(DType)))
    scales = sum(
        tensor.quant.scale.nbytes + tensor.quant.zero_point.nbytes
        for graph in ctx.model.graphs
        for tensor in graph.tensors
        if tensor.quant is not None
    )
    return {
        _FLOATS: sum(_lengths(ctx.model, _WIDE)),
        _INTEGERS: sum(_lengths(ctx.model, _LONG)),
        _COPIES: _copied(ctx.model),
        _SCALES: scales,
        _REST: max(0, ctx.model.byte_size - constants - scales),
    }


def _lengths(model: Model, dtypes: frozenset[DType]) -> Iterator[int]:
    """The bytes of the constants of some types, those that tensors share counted once."""
    for tensor in _stored(model):
        if tensor.dtype in dtypes:
            yield len(tensor.data or b"")


def _stored(model: Model) -> list[Tensor]:
    return list({tensor.byte_offset: tensor for tensor in readable(model).values()}.values())


def _copied(model: Model) -> int:
    """The bytes of constants that are stored once more."""
    by_length: dict[int, list[Tensor]] = {}
    for tensor in _stored(model):
        by_length.setdefault(len(tensor.data or b""), []).append(tensor)
    copied = 0
    for length, alike in by_length.items():
        if len(alike) > 1 and length >= _SHARED:
            copied += length * (len(alike) - len({_digest(tensor) for tensor in alike}))
    return copied


def _digest(tensor: Tensor) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for chunk in raw(tensor):
        digest.update(chunk.data)
    return digest.digest()
