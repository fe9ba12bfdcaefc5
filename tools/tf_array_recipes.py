"""What feeds ops that cut, join, index and reshape."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from tf_drawing import C, Drawn, P, W, axes, axis, dims

__all__ = [
    "along_axis",
    "arg_reduction",
    "broadcast_shapes",
    "broadcast_to",
    "bucketize",
    "cast",
    "clip",
    "concat",
    "empty",
    "expand",
    "fill",
    "gather",
    "gather_nd",
    "gather_v2",
    "invert_permutation",
    "mirror",
    "one_hot",
    "pack",
    "padding",
    "random_shape",
    "ranges",
    "reduction",
    "reshape",
    "reverse",
    "reverse_sequence",
    "roll",
    "same_values",
    "scatter_nd",
    "segment",
    "select",
    "select_v2",
    "slicing",
    "sparse_dense",
    "split",
    "split_v",
    "squeeze",
    "stitch",
    "strided_slice",
    "tensor_scatter",
    "tile",
    "top_k",
    "transpose",
    "unpack",
    "unsorted_segment",
]


def reduction(rng: Random, name: str = "input") -> Drawn:
    shape = dims(rng, 1, 6)
    drawn = axes(rng, len(shape), 1)
    indices = C(drawn) if rng.random() < 0.85 else P(len(drawn))
    if rng.random() < 0.15:
        indices = C(axis(rng, len(shape)))
    return Drawn({name: P(*shape), "reduction_indices": indices}, {"keep_dims": rng.random() < 0.5})


def arg_reduction(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5)
    return Drawn({"input": P(*shape), "dimension": C(axis(rng, len(shape)))})


def strided_slice(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5, 6)
    count = rng.randint(1, len(shape))
    stride = [rng.choice([1, 1, 1, 2, -1]) for _ in range(count)]
    begin = [rng.randint(0, each - 1) for each in shape[:count]]
    end = [rng.randint(b + 1, s) if d > 0 else -s - 1 for b, s, d in zip(begin, shape, stride, strict=False)]
    attrs = {"begin_mask": rng.randint(0, 2**count - 1), "end_mask": rng.randint(0, 2**count - 1)}
    odd = rng.random()
    if odd < 0.3:
        mask = rng.randint(0, 2**count - 1)
        stride = [1 if mask >> bit & 1 else each for bit, each in enumerate(stride)]
        end = [b + 1 if mask >> bit & 1 else e for bit, (b, e) in enumerate(zip(begin, end, strict=True))]
        attrs |= {
            "shrink_axis_mask": mask,
            "begin_mask": attrs["begin_mask"] & ~mask,
            "end_mask": attrs["end_mask"] & ~mask,
        }
    elif odd < 0.45:
        attrs["new_axis_mask"] = 1 << rng.randint(0, count - 1)
    elif odd < 0.55:
        attrs["ellipsis_mask"] = 1 << rng.randint(0, count - 1)
    make = C if rng.random() < 0.85 else lambda value: P(len(value))
    return Drawn({"input": P(*shape), "begin": make(begin), "end": make(end), "strides": C(stride)}, attrs)


def slicing(rng: Random) -> Drawn:
    shape = dims(rng, 1, 6)
    begin = [rng.randint(0, each - 1) for each in shape]
    size = [rng.choice([-1, rng.randint(1, s - b)]) for b, s in zip(begin, shape, strict=True)]
    make = C if rng.random() < 0.8 else lambda value: P(len(value))
    return Drawn({"input": P(*shape), "begin": make(begin), "size": C(size)})


def padding(rng: Random, low: int = 0, high: int = 2, **more: Any) -> Drawn:
    shape = dims(rng, 1, 5)
    shape = [max(each, high + 1) for each in shape]
    pads = [[rng.randint(low, high), rng.randint(low, high)] for _ in shape]
    make = C if rng.random() < 0.85 else lambda value: P(len(value), 2)
    return Drawn({"input": P(*shape), "paddings": make(pads), **more})


def mirror(rng: Random) -> Drawn:
    drawn = padding(rng)
    return Drawn(drawn.args, {"mode": rng.choice(["REFLECT", "SYMMETRIC"])})


def reshape(rng: Random) -> Drawn:
    shape = dims(rng, 1, 6)
    total = int(np.prod(shape))
    target = rng.choice([[-1], [total], [1, -1], [total, 1], [1, total, 1], [*reversed(shape)]])
    return Drawn({"tensor": P(*shape), "shape": C(target) if rng.random() < 0.8 else P(len(target))})


def transpose(rng: Random, high: int = 7) -> Drawn:
    shape = dims(rng, 1, high, 4)
    perm = rng.sample(range(len(shape)), len(shape))
    return Drawn({"x": P(*shape), "perm": C(perm) if rng.random() < 0.85 else P(len(perm))})


def concat(rng: Random, name: str = "axis", last: bool = True) -> Drawn:
    shape = dims(rng, 1, 5)
    along = axis(rng, len(shape)) if last else rng.randint(0, len(shape) - 1)
    values = []
    for _ in range(rng.randint(2, 4)):
        each = list(shape)
        each[along] = rng.randint(1, 4)
        values.append(P(*each))
    return Drawn({"values": values, name: C(along)})


def pack(rng: Random) -> Drawn:
    shape = dims(rng, 0, 5)
    return Drawn(
        {"values": [P(*shape) for _ in range(rng.randint(1, 4))]}, {"axis": rng.randint(-len(shape) - 1, len(shape))}
    )


def unpack(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5)
    along = axis(rng, len(shape))
    return Drawn({"value": P(*shape)}, {"axis": along, "num": shape[along]})


def split(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5)
    along, parts = axis(rng, len(shape)), rng.randint(1, 3)
    shape[along] *= parts
    return Drawn({"split_dim": C(along), "value": P(*shape)}, {"num_split": parts})


def split_v(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5)
    along, sizes = axis(rng, len(shape)), dims(rng, 1, 3, 3)
    shape[along] = sum(sizes)
    return Drawn({"value": P(*shape), "size_splits": C(sizes), "split_dim": C(along)}, {"num_split": len(sizes)})


def gather(rng: Random) -> Drawn:
    shape, ids = dims(rng, 1, 4), dims(rng, 0, 3)
    return Drawn({"params": rng.choice([P, P, W])(*shape), "indices": P(*ids)})


def gather_v2(rng: Random) -> Drawn:
    shape, ids = dims(rng, 1, 4), dims(rng, 0, 3)
    batch = 0
    if ids and rng.random() < 0.3:
        batch = 1
        ids[0] = shape[0]
    along = rng.randint(min(batch, len(shape) - 1), len(shape) - 1)
    return Drawn(
        {"params": rng.choice([P, P, W])(*shape), "indices": P(*ids), "axis": C(along) if rng.random() < 0.9 else P()},
        {"batch_dims": batch},
    )


def gather_nd(rng: Random) -> Drawn:
    shape = dims(rng, 1, 4)
    return Drawn({"params": P(*shape), "indices": P(*dims(rng, 0, 2), rng.randint(1, len(shape)))})


def scatter_nd(rng: Random) -> Drawn:
    shape = dims(rng, 1, 3)
    depth = rng.randint(1, len(shape))
    count = rng.randint(1, 3)
    return Drawn({"indices": P(count, depth), "updates": P(count, *shape[depth:]), "shape": C(shape)})


def tensor_scatter(rng: Random) -> Drawn:
    shape = dims(rng, 1, 3)
    depth = rng.randint(1, len(shape))
    count = rng.randint(1, 3)
    return Drawn({"tensor": P(*shape), "indices": P(count, depth), "updates": P(count, *shape[depth:])})


def one_hot(rng: Random) -> Drawn:
    shape = dims(rng, 0, 3)
    depth = C(rng.randint(1, 6)) if rng.random() < 0.85 else P()
    return Drawn(
        {"indices": P(*shape), "depth": depth, "on_value": C(1), "off_value": C(0)}, {"axis": rng.choice([-1, -1, 0])}
    )


def ranges(rng: Random) -> Drawn:
    return Drawn({"start": rng.choice([C(0), P()]), "limit": rng.choice([C(5), P()]), "delta": rng.choice([C(1), P()])})


def fill(rng: Random) -> Drawn:
    shape = dims(rng, 1, 4)
    return Drawn({"dims": rng.choice([C(shape), P(len(shape))]), "value": rng.choice([P(), C(1)])})


def top_k(rng: Random) -> Drawn:
    shape = dims(rng, 1, 4)
    k = rng.randint(1, shape[-1])
    return Drawn({"input": P(*shape), "k": C(k) if rng.random() < 0.8 else P()}, {"sorted": rng.random() < 0.7})


def along_axis(rng: Random, attrs: Callable[[Random], dict[str, Any]] = lambda _rng: {}) -> Drawn:
    shape = dims(rng, 1, 4)
    return Drawn({"x": P(*shape), "axis": C(axis(rng, len(shape)))}, attrs(rng))


def reverse(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5)
    chosen = rng.sample(range(len(shape)), rng.choice([1, 1, len(shape)]))
    return Drawn({"tensor": P(*shape), "axis": C(chosen)})


def reverse_sequence(rng: Random) -> Drawn:
    shape = dims(rng, 2, 4)
    batch, sequence = rng.sample(range(len(shape)), 2)
    return Drawn({"input": P(*shape), "seq_lengths": P(shape[batch])}, {"seq_dim": sequence, "batch_dim": batch})


def segment(rng: Random) -> Drawn:
    shape = dims(rng, 1, 3)
    return Drawn({"data": P(*shape), "segment_ids": P(shape[0])})


def unsorted_segment(rng: Random) -> Drawn:
    shape = dims(rng, 1, 3)
    return Drawn({"data": P(*shape), "segment_ids": P(*shape[: rng.choice([1, 1, len(shape)])]), "num_segments": C(3)})


def bucketize(rng: Random) -> Drawn:
    return Drawn({"input": P(*dims(rng, 0, 4))}, {"boundaries": [0.0, 1.0, 2.5]})


def broadcast_to(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5)
    given = [rng.choice([1, each]) for each in shape][rng.randint(0, len(shape) - 1) :]
    return Drawn({"input": P(*given), "shape": C(shape) if rng.random() < 0.8 else P(len(shape))})


def tile(rng: Random) -> Drawn:
    shape = dims(rng, 1, 5)
    return Drawn(
        {
            "input": P(*shape),
            "multiples": C([rng.randint(1, 3) for _ in shape]) if rng.random() < 0.8 else P(len(shape)),
        }
    )


def select(rng: Random, names: tuple[str, str, str] = ("condition", "t", "e")) -> Drawn:
    shape = dims(rng, 0, 4)
    condition = rng.choice([P(*shape), P()]) if names[1] == "t" and rng.random() < 0.4 else P(*shape)
    return Drawn({names[0]: condition, names[1]: P(*shape), names[2]: rng.choice([P, W])(*shape)})


def select_v2(rng: Random) -> Drawn:
    shape = dims(rng, 0, 6, 3)
    other = shape[rng.randint(0, len(shape)) :]
    parts = [P(*shape), P(*rng.choice([shape, other])), P(*rng.choice([shape, other]))]
    rng.shuffle(parts)
    return Drawn(dict(zip(("condition", "t", "e"), parts, strict=True)))


def same_values(rng: Random) -> Drawn:
    shape = dims(rng, 0, 5)
    return Drawn({"inputs": [P(*shape) for _ in range(rng.randint(1, 4))]})


def random_shape(rng: Random) -> Drawn:
    shape = dims(rng, 1, 4)
    return Drawn({"shape": C(shape) if rng.random() < 0.5 else P(len(shape))})


def roll(rng: Random) -> Drawn:
    shape = dims(rng, 1, 4)
    count = rng.randint(1, len(shape))
    along = rng.sample(range(len(shape)), count)
    if rng.random() < 0.5:
        return Drawn({"input": P(*shape), "shift": C(rng.randint(-3, 3)), "axis": C(along[0])})
    make = C if rng.random() < 0.7 else lambda value: P(len(value))
    return Drawn({"input": P(*shape), "shift": make([1] * count), "axis": C(along)})


def stitch(rng: Random) -> Drawn:
    tail = dims(rng, 0, 2)
    make = C if rng.random() < 0.7 else lambda value: P(len(value))
    return Drawn({"indices": [make([0, 2]), make([1])], "data": [P(2, *tail), P(1, *tail)]})


def cast(rng: Random) -> Drawn:
    return Drawn({"x": P(*dims(rng, 0, 4))}, {"Truncate": rng.random() < 0.1})


def clip(rng: Random) -> Drawn:
    shape = dims(rng, 0, 4)
    low, high = rng.choice([(0, 6), (0, 1), (-1, 1), (0, 3)])
    limits = (C(low), C(high)) if rng.random() < 0.7 else (P(), P())
    return Drawn({"t": P(*shape), "clip_value_min": limits[0], "clip_value_max": limits[1]})


def sparse_dense(rng: Random) -> Drawn:
    n = rng.randint(1, 3)
    indices = rng.choice([P(n), C([*range(n)])])
    return Drawn({"sparse_indices": indices, "output_shape": C([5]), "sparse_values": P(n), "default_value": C(0)})


def squeeze(rng: Random) -> Drawn:
    shape = [1 if rng.random() < 0.5 else each for each in dims(rng, 1, 5)]
    ones = [place for place, each in enumerate(shape) if each == 1]
    return Drawn({"input": P(*shape)}, {"squeeze_dims": rng.choice([[], ones])})


def expand(rng: Random) -> Drawn:
    shape = dims(rng, 0, 5)
    return Drawn({"input": P(*shape), "dim": C(rng.randint(-len(shape) - 1, len(shape)))})


def broadcast_shapes(rng: Random) -> Drawn:
    return Drawn({"s0": rng.choice([C([2, 3]), P(2)]), "s1": P(2)})


def invert_permutation(rng: Random) -> Drawn:
    return Drawn({"x": P(rng.randint(1, 5))})


def empty(_rng: Random) -> Drawn:
    return Drawn({"shape": C([2, 2])})
