"""TFL507 duplicate-buffer."""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from tflint import Context, Finding, Model, Rule, RuleMeta, Severity, Tensor, option
from tflint.analysis.phrases import count, listed, named, share, size
from tflint.analysis.weights import raw

_HEAD = 64
_PASSES = 4
"""Constants that overlap in the file are compared until so many times its size have been read."""


@dataclass(frozen=True)
class DuplicateBuffer(Rule):
    """The same bytes are stored more than once.

    ## What it does

    Compares the stored bytes of all constants of the same length. Types play no part: tensors of different types can
    share a buffer. Sparse constants and those in another file are left out. Where the copies together take more than
    `min_bytes`, all are reported in one finding.

    ## Why it is bad

    The file is larger than it has to be, and so are the download, the flash and the memory that it is mapped to. It
    is a sign, too, of a layer that was meant to be shared and was copied instead.

    ## Example

    ```text
    warning TFL507 duplicate-buffer: tensor 1, 'a/kernel'
      'a/kernel', 16.0 KiB, is stored again for 'b/kernel'; once was expected, and the copy is 33 % of
      the file.
      help: Let the tensors share one buffer, or convert again with a converter that stores equal
            constants once.
      also: tensor 3, 'b/kernel'
    ```

    ## Fix

    The converter stores equal constants once; where it did not, the file was made or edited by another tool. Let the
    tensors name one buffer: copies of it need not be stored. Where a quantizer made them, quantize the shared weight
    once.

    ## References

    - LiteRT f67457790, tflite/converter/schema/schema.fbs, Tensor.buffer: tensors refer to buffers by index
    - LiteRT f67457790, tflite/converter/flatbuffer_export.cc: the converter keeps equal buffers once
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL507", "duplicate-buffer", Severity.WARNING)
    min_bytes: int = option(1024, "Bytes, over all copies of the file, that may be stored in vain.")

    def check(self, ctx: Context) -> Iterator[Finding]:
        groups = _copies(ctx.model, _stored(ctx))
        groups.sort(key=_waste, reverse=True)
        wasted = sum(map(_waste, groups))
        if wasted <= self.min_bytes:
            return
        first, *again = groups[0]
        copies = sum(len(group) - 1 for group in groups)
        part = f"{share(wasted, ctx.model.byte_size)} of the file"
        what = f"{named(first)}, {size(_length(first))},"
        if copies == 1:
            message = f"{what} is stored again for {named(again[0])}; once was expected, and the copy is {part}."
        else:
            message = (
                f"{count(len(groups), 'constant')} {'is' if len(groups) == 1 else 'are'} stored {copies} times more, "
                f"which takes {size(wasted)}, {part}; once was expected of each. Most is taken by {what} which is "
                f"stored again for {listed(map(named, again))}."
            )
        yield self.finding(
            first,
            message,
            help="Let the tensors share one buffer, or convert again with a converter that stores equal constants "
            "once.",
            related=[tensor for group in groups for tensor in group if tensor is not first],
            evidence={"copies": copies, "bytes": wasted, "groups": len(groups)},
        )


def _stored(ctx: Context) -> Iterator[Tensor]:
    """The constants whose bytes can be shared; of those that already share their bytes, the first."""
    seen: set[int] = set()
    for graph in ctx.graphs:
        for tensor in graph.tensors:
            if not tensor.is_constant or tensor.external or tensor.sparsity is not None or tensor.byte_offset is None:
                continue
            if tensor.byte_offset not in seen:
                seen.add(tensor.byte_offset)
                yield tensor


def _copies(model: Model, tensors: Iterable[Tensor]) -> list[list[Tensor]]:
    """The constants with the same bytes. Only where two are as long are any read, and whole where their heads agree."""
    left = _PASSES * model.byte_size
    found: list[list[Tensor]] = []
    for group in _grouped(tensors, _length):
        for alike in _grouped(group, _head):
            left -= sum(map(_length, alike))
            if left < 0:
                return found
            found += _grouped(alike, _digest)
    return found


def _grouped(tensors: Iterable[Tensor], key: Callable[[Tensor], Hashable]) -> list[list[Tensor]]:
    """The tensors by what `key` says of them, those that are alone left out."""
    found: dict[Hashable, list[Tensor]] = {}
    for tensor in tensors:
        found.setdefault(key(tensor), []).append(tensor)
    return [group for group in found.values() if len(group) > 1]


def _length(tensor: Tensor) -> int:
    return len(tensor.data or b"")


def _head(tensor: Tensor) -> bytes:
    return bytes((tensor.data or b"")[:_HEAD])


def _digest(tensor: Tensor) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for chunk in raw(tensor):
        digest.update(chunk.data)
    return digest.digest()


def _waste(group: list[Tensor]) -> int:
    return (len(group) - 1) * _length(group[0])
