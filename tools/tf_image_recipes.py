"""What feeds ops on images, and ops that quantize."""

from __future__ import annotations

from random import Random
from typing import Any

from tf_drawing import C, Drawn, P, W, dims

__all__ = [
    "batch_norm",
    "batch_to_space",
    "batch_to_space_square",
    "bias",
    "boxes",
    "conv",
    "conv3d",
    "crop_and_resize",
    "dilation",
    "fake_quant",
    "fake_quant_channel",
    "image",
    "layout",
    "patches",
    "pool",
    "quant_dequant",
    "quant_dequant_attributes",
    "resize",
    "space_to_batch",
    "space_to_batch_square",
    "spread",
    "to_depth",
    "to_space",
    "transposed",
    "transposed3d",
]


def image(rng: Random, rank: int = 4) -> list[int]:
    return [rng.randint(1, 3), *(rng.randint(4, 9) for _ in range(rank - 2)), rng.randint(1, 4)]


def layout(rng: Random, shape: list[int], *, chance: float = 0.2, rank: int = 4) -> tuple[list[int], str, bool]:
    """The shape, the data format, and whether channels come first."""
    names = ("NHWC", "NCHW") if rank == 4 else ("NDHWC", "NCDHW")
    if rng.random() < chance:
        return [shape[0], shape[-1], *shape[1:-1]], names[1], True
    return shape, names[0], False


def spread(values: list[int], first: bool) -> list[int]:
    return [1, 1, *values] if first else [1, *values, 1]


def conv(rng: Random, *, depthwise: bool = False) -> Drawn:
    shape = image(rng)
    fed, name, first = layout(rng, shape)
    groups = 1 if depthwise or rng.random() < 0.8 or shape[3] == 1 else shape[3]
    kernel = [rng.randint(1, 3), rng.randint(1, 3), shape[3] // groups, groups * rng.randint(1, 3)]
    stride = rng.choice([1, 1, 2])
    dilation = rng.choice([1, 1, 1, 2]) if stride == 1 else 1
    padding = rng.choice(["SAME", "VALID"] + ([] if depthwise else ["EXPLICIT"]))
    attrs = {"strides": spread([stride] * 2, first), "padding": padding, "data_format": name}
    if dilation > 1 and not depthwise:
        attrs["dilations"] = spread([dilation] * 2, first)
        kernel[:2] = [min(each, 2) for each in kernel[:2]]
    if padding == "EXPLICIT":
        pads = [0, 0, 1, 1, 1, 1, 0, 0]
        attrs["explicit_paddings"] = [0, 0, 0, 0, 1, 1, 1, 1] if first else pads
    return Drawn({"input": P(*fed), "filter": rng.choice([W(*kernel), W(*kernel), P(*kernel)])}, attrs)


def conv3d(rng: Random) -> Drawn:
    shape = image(rng, 5)
    fed, name, first = layout(rng, shape, rank=5)
    kernel = [rng.randint(1, 3) for _ in range(3)] + [shape[-1], rng.randint(1, 3)]
    attrs = {
        "strides": spread([rng.choice([1, 2])] * 3, first),
        "padding": rng.choice(["SAME", "VALID"]),
        "data_format": name,
    }
    return Drawn({"input": P(*fed), "filter": rng.choice([W(*kernel), P(*kernel)])}, attrs)


def transposed(rng: Random) -> Drawn:
    stride, dilation = rng.choice([(1, 1), (2, 1), (2, 1), (1, 2)])
    size, out, channels, batch = rng.randint(2, 5), rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 2)
    kernel = rng.randint(1, 3)
    padding = rng.choice(["SAME", "VALID"])
    effective = (kernel - 1) * dilation + 1
    full = size * stride if padding == "SAME" else (size - 1) * stride + effective
    wanted, name, first = layout(rng, [batch, full, full, out])
    given = [batch, channels, size, size] if first else [batch, size, size, channels]
    attrs = {"strides": spread([stride] * 2, first), "padding": padding, "data_format": name}
    if dilation > 1:
        attrs["dilations"] = spread([dilation] * 2, first)
    shape = [kernel, kernel, out, channels]
    return Drawn(
        {"input_sizes": C(wanted), "filter": rng.choice([W(*shape), P(*shape)]), "out_backprop": P(*given)}, attrs
    )


def transposed3d(rng: Random) -> Drawn:
    stride = rng.choice([1, 2])
    size, out, channels = rng.randint(2, 4), rng.randint(1, 3), rng.randint(1, 3)
    wanted = [1, *[size * stride] * 3, out]
    return Drawn(
        {
            "input_sizes": C(wanted),
            "filter": W(2, 2, 2, out, channels),
            "out_backprop": P(1, size, size, size, channels),
        },
        {"strides": [1, stride, stride, stride, 1], "padding": "SAME"},
    )


def pool(rng: Random, name: str = "value", rank: int = 4, *, formats: bool = True) -> Drawn:
    shape = image(rng, rank)
    fed, layout_name, first = layout(rng, shape, rank=rank) if formats else (shape, "", False)
    size = [rng.randint(1, 3) for _ in range(rank - 2)]
    stride = [rng.randint(1, 2) for _ in range(rank - 2)]
    attrs = {"ksize": spread(size, first), "strides": spread(stride, first), "padding": rng.choice(["SAME", "VALID"])}
    if formats:
        attrs["data_format"] = layout_name
    return Drawn({name: P(*fed)}, attrs)


def batch_norm(rng: Random) -> Drawn:
    shape = image(rng)
    fed, name, _ = layout(rng, shape, chance=0.15)
    training = rng.random() < 0.4
    of = (lambda: W(shape[-1])) if rng.random() < 0.7 else (lambda: P(shape[-1]))
    statistics = (lambda: W(0)) if training else of
    args = {"x": P(*fed), "scale": of(), "offset": of(), "mean": statistics(), "variance": statistics()}
    return Drawn(args, {"data_format": name, "is_training": training, "epsilon": 0.001})


def bias(rng: Random) -> Drawn:
    shape = dims(rng, 2, 5)
    fed, name = (shape, "NHWC")
    if len(shape) > 2 and rng.random() < 0.25:
        fed, name = [shape[0], shape[-1], *shape[1:-1]], "NCHW"
    return Drawn({"value": P(*fed), "bias": rng.choice([W, P])(shape[-1])}, {"data_format": name})


def resize(rng: Random, name: str = "images") -> Drawn:
    align = rng.random() < 0.3
    attrs = {"align_corners": align, "half_pixel_centers": not align and rng.random() < 0.5}
    size = C([rng.randint(2, 9), rng.randint(2, 9)]) if rng.random() < 0.8 else P(2)
    return Drawn({name: P(*image(rng)), "size": size}, attrs)


def crop_and_resize(rng: Random) -> Drawn:
    count = rng.randint(1, 3)
    return Drawn({"image": P(*image(rng)), "boxes": P(count, 4), "box_ind": P(count), "crop_size": C([4, 4])})


def boxes(rng: Random, version: int) -> Drawn:
    count = rng.randint(2, 9)
    args: dict[str, Any] = {"boxes": P(count, 4), "scores": P(count), "max_output_size": C(rng.randint(1, 4))}
    if rng.random() < 0.15:
        args["max_output_size"] = P()
    if version >= 2:
        args["iou_threshold"] = C(0.5)
    if version >= 3:
        args["score_threshold"] = C(0.1)
    if version == 5:
        args["soft_nms_sigma"] = C(rng.choice([0.0, 0.5]))
    return Drawn(args, {"pad_to_max_output_size": rng.random() < 0.5} if version >= 4 else {})


def space_to_batch(rng: Random) -> Drawn:
    shape = [rng.randint(1, 2), 4, 6, rng.randint(1, 3)]
    if rng.random() < 0.3:
        shape = shape[: rng.choice([2, 3])] if rng.random() < 0.5 else [*shape, 2]
    count = rng.choice([1, 2]) if len(shape) > 2 else 1
    return Drawn({"input": P(*shape), "block_shape": C([2] * count), "paddings": C([[0, 0]] * count)})


def batch_to_space(rng: Random) -> Drawn:
    count = rng.choice([1, 2])
    shape = [2**count * rng.randint(1, 2), 3, 2, rng.randint(1, 3)][: rng.choice([3, 4])]
    return Drawn({"input": P(*shape), "block_shape": C([2] * count), "crops": C([[0, 0]] * count)})


def to_depth(rng: Random) -> Drawn:
    fed, name, _ = layout(rng, [rng.randint(1, 2), 4, 4, rng.randint(1, 3)])
    return Drawn({"input": P(*fed)}, {"block_size": 2, "data_format": name})


def to_space(rng: Random) -> Drawn:
    fed, name, _ = layout(rng, [rng.randint(1, 2), 3, 2, 4 * rng.randint(1, 3)])
    return Drawn({"input": P(*fed)}, {"block_size": 2, "data_format": name})


def patches(rng: Random) -> Drawn:
    return Drawn(
        {"images": P(*image(rng))},
        {"ksizes": [1, 2, 2, 1], "strides": [1, 1, 1, 1], "rates": [1, 1, 1, 1], "padding": "SAME"},
    )


def dilation(rng: Random) -> Drawn:
    shape = image(rng)
    return Drawn(
        {"input": P(*shape), "filter": P(2, 2, shape[-1])},
        {"strides": [1, 1, 1, 1], "rates": [1, 1, 1, 1], "padding": "SAME"},
    )


def fake_quant(rng: Random) -> Drawn:
    limits = (C(-1.0), C(1.0)) if rng.random() < 0.75 else (P(), P())
    attrs = {"num_bits": rng.choice([8, 8, 4, 16]), "narrow_range": rng.random() < 0.4}
    return Drawn({"inputs": P(*dims(rng, 1, 4)), "min": limits[0], "max": limits[1]}, attrs)


def fake_quant_channel(rng: Random) -> Drawn:
    shape = dims(rng, 1, 4)
    limits = (C([-1.0] * shape[-1]), C([1.0] * shape[-1])) if rng.random() < 0.7 else (P(shape[-1]), P(shape[-1]))
    return Drawn({"inputs": P(*shape), "min": limits[0], "max": limits[1]}, {"num_bits": 8})


def quant_dequant(rng: Random) -> Drawn:
    given = rng.random() < 0.7
    limits = (C(-1.0), C(1.0)) if rng.random() < 0.7 else (P(), P())
    return Drawn(
        {"input": P(*dims(rng, 1, 3)), "input_min": limits[0], "input_max": limits[1], "num_bits": C(8)},
        {"range_given": given},
    )


def quant_dequant_attributes(rng: Random) -> Drawn:
    args = quant_dequant(rng).args
    return Drawn({name: fed for name, fed in args.items() if name != "num_bits"}, {"range_given": True})


def batch_to_space_square(rng: Random) -> Drawn:
    shape = [4 * rng.randint(1, 2), rng.randint(2, 4), rng.randint(2, 4), rng.randint(1, 3)]
    return Drawn({"input": P(*shape), "crops": C(rng.choice([[[0, 0], [0, 0]], [[0, 1], [1, 0]]]))}, {"block_size": 2})


def space_to_batch_square(rng: Random) -> Drawn:
    return Drawn(
        {"input": P(rng.randint(1, 2), 4, 6, rng.randint(1, 3)), "paddings": C([[0, 0], [0, 0]])}, {"block_size": 2}
    )
