"""Made-up inputs through the first layers: the same numbers as the runtime's, and no trouble with odd models."""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tflint.analysis.forward import real_bias, real_weights
from tflint.analysis.replay import Response, clip_of, ends, fed, replayed, samples_within
from tflint.model import Graph
from tflint.testing import GraphBuilder, model

Build = Callable[[GraphBuilder, int], int]
STEP = 0.05


def answers(*arguments: Any, **more: Any) -> tuple[Response, ...]:
    """All the responses."""
    return tuple(replayed(*arguments, **more))


def graph(g: GraphBuilder) -> Graph:
    return model(g).graphs[0]


def t(g: GraphBuilder, name: str, shape: list[int], step: float = STEP, zero_point: int = 0) -> int:
    return g.tensor(name, shape, "INT8", scale=step, zero_point=zero_point)


def through(build: Build, shape: list[int]) -> GraphBuilder:
    """A graph of one op, behind it a layer that hands its channels on as they are."""
    g = GraphBuilder()
    y = build(g, g.input("x", shape, "INT8", scale=1 / 64))
    given = g.graph["tensors"][y]["shape"]
    channels = given[-1]
    kernel = np.eye(channels, dtype=np.int8)
    step = float(g.graph["tensors"][y]["quantization"]["scale"][0])
    out = t(g, "out", given, step)
    if len(given) == 4:
        w = g.constant("eye", kernel.reshape(channels, 1, 1, channels), scale=np.ones(channels))
        options = {"padding": "VALID", "stride_w": 1, "stride_h": 1}
        g.output(g.op("CONV_2D", [y, w, zeros(g, channels, step)], out, options, version=3))
    else:
        w = g.constant("eye", kernel, scale=1.0)
        g.output(g.op("FULLY_CONNECTED", [y, w, zeros(g, channels, step)], out, {"keep_num_dims": True}, version=4))
    return g


def zeros(g: GraphBuilder, count: int, step: float) -> int:
    return g.constant(f"zeros{len(g.graph['tensors'])}", np.zeros(count, np.int32), scale=step)


def kernel(g: GraphBuilder, shape: tuple[int, ...], axis: int = 0) -> list[int]:
    random = np.random.default_rng(1)
    channels = shape[axis]
    scales = random.uniform(0.002, 0.01, channels).astype(np.float32)
    w = g.constant("w", random.integers(-127, 128, shape, np.int8), scale=scales, axis=axis)
    b = g.constant("b", random.integers(-2000, 2000, channels, np.int32), scale=scales / 64)
    return [w, b]


def conv(shape: tuple[int, ...], out: list[int], **options: Any) -> Build:
    def build(g: GraphBuilder, x: int) -> int:
        settings = {"padding": "SAME", "stride_w": 1, "stride_h": 1} | options
        return g.op("CONV_2D", [x, *kernel(g, shape)], t(g, "y", out), settings, version=3)

    return build


def depthwise(shape: tuple[int, ...], out: list[int], **options: Any) -> Build:
    def build(g: GraphBuilder, x: int) -> int:
        settings = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "depth_multiplier": 1} | options
        return g.op("DEPTHWISE_CONV_2D", [x, *kernel(g, shape, 3)], t(g, "y", out), settings, version=3)

    return build


def dense(g: GraphBuilder, x: int) -> int:
    return g.op("FULLY_CONNECTED", [x, *kernel(g, (5, 8))], t(g, "y", [1, 5]), {}, version=4)


def plain(
    kind: str, out: list[int], options: dict[str, Any] | None = None, step: float = 1 / 64, zero: int = 0
) -> Build:
    def build(g: GraphBuilder, x: int) -> int:
        return g.op(kind, [x], t(g, "y", out, step, zero), options, version=1 if kind == "HARD_SWISH" else 2)

    return build


def pool(kind: str, padding: str, out: list[int]) -> Build:
    sizes = {"filter_height": 3, "filter_width": 2, "stride_h": 2, "stride_w": 1, "padding": padding}
    return plain(kind, out, sizes)


def with_constant(kind: str, values: Any, out: list[int], options: dict[str, Any] | None = None) -> Build:
    def build(g: GraphBuilder, x: int) -> int:
        return g.op(kind, [x, g.constant("c", np.array(values, np.int32))], t(g, "y", out, 1 / 64), options)

    return build


def paired(kind: str, constant: bool) -> Build:
    def build(g: GraphBuilder, x: int) -> int:
        other = g.constant("c", np.array([64, -32, 100, 20], np.int8), scale=1 / 64) if constant else x
        return g.op(kind, [x, other], t(g, "y", [1, 6, 6, 4]), {}, version=2)

    return build


def joined(g: GraphBuilder, x: int) -> int:
    return g.op("CONCATENATION", [x, x], t(g, "y", [1, 6, 6, 8], 1 / 64), {"axis": -1}, version=2)


def resized(g: GraphBuilder, x: int) -> int:
    size = g.constant("size", np.array([12, 12], np.int32))
    return g.op("RESIZE_NEAREST_NEIGHBOR", [x, size], t(g, "y", [1, 12, 12, 4], 1 / 64), {}, version=2)


IMAGE = [1, 6, 6, 4]
CASES: dict[str, tuple[Build, list[int]]] = {
    "conv": (conv((5, 3, 3, 4), [1, 6, 6, 5]), IMAGE),
    "conv valid": (conv((5, 3, 2, 4), [1, 4, 5, 5], padding="VALID"), IMAGE),
    "conv strided": (conv((5, 3, 3, 4), [1, 3, 3, 5], stride_h=2, stride_w=2), IMAGE),
    "conv dilated": (conv((5, 2, 2, 4), [1, 6, 6, 5], dilation_h_factor=2, dilation_w_factor=3), IMAGE),
    "conv relu6": (conv((5, 3, 3, 4), [1, 6, 6, 5], fused_activation_function="RELU6"), IMAGE),
    "depthwise": (depthwise((1, 3, 3, 4), IMAGE), IMAGE),
    "depthwise times two": (depthwise((1, 3, 3, 8), [1, 6, 6, 8], depth_multiplier=2), IMAGE),
    "dense": (dense, [1, 8]),
    "relu": (plain("RELU", IMAGE), IMAGE),
    "logistic": (plain("LOGISTIC", IMAGE, step=1 / 256, zero=-128), IMAGE),
    "tanh": (plain("TANH", IMAGE, step=1 / 128), IMAGE),
    "hard swish": (plain("HARD_SWISH", IMAGE, step=1 / 32), IMAGE),
    "quantize": (plain("QUANTIZE", IMAGE, step=1 / 32), IMAGE),
    "max pool": (pool("MAX_POOL_2D", "SAME", [1, 3, 6, 4]), IMAGE),
    "average pool": (pool("AVERAGE_POOL_2D", "SAME", [1, 3, 6, 4]), IMAGE),
    "average pool valid": (pool("AVERAGE_POOL_2D", "VALID", [1, 2, 5, 4]), IMAGE),
    "mean": (with_constant("MEAN", [1, 2], [1, 4], {"keep_dims": False}), IMAGE),
    "mean kept": (with_constant("MEAN", [1, -2], [1, 1, 1, 4], {"keep_dims": True}), IMAGE),
    "pad": (with_constant("PAD", [[0, 0], [1, 2], [0, 1], [0, 0]], [1, 9, 7, 4]), IMAGE),
    "reshape": (with_constant("RESHAPE", [1, 3, 12, 4], [1, 3, 12, 4]), IMAGE),
    "tile": (with_constant("TILE", [1, 2, 1, 1], [1, 12, 6, 4]), IMAGE),
    "resize": (resized, IMAGE),
    "concatenation": (joined, IMAGE),
    "add": (paired("ADD", False), IMAGE),
    "add constant": (paired("ADD", True), IMAGE),
    "sub constant": (paired("SUB", True), IMAGE),
    "mul constant": (paired("MUL", True), IMAGE),
}


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_the_runtimes(name: str) -> None:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    build, shape = CASES[name]
    g = through(build, shape)
    given = np.random.default_rng(5).integers(-128, 128, shape, np.int8)
    runtime = interpreter.Interpreter(
        model_content=g.to_bytes(),
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    runtime.allocate_tensors()
    runtime.set_tensor(runtime.get_input_details()[0]["index"], given)
    runtime.invoke()
    out = runtime.get_output_details()[0]
    step, point = out["quantization"]
    expected = (runtime.get_tensor(out["index"]).astype(float) - point) * step

    def make(wanted: tuple[int, ...]) -> NDArray[Any]:
        assert wanted == tuple(shape)
        return given / 64

    last = answers(graph(g), make, 1)[-1]
    got = np.clip(last.values.reshape(expected.shape), -128 * step, 127 * step)
    assert abs(got - expected).max() <= 2.1 * step


def test_a_division_by_a_constant_divides() -> None:
    g = through(paired("DIV", True), IMAGE)
    last = answers(graph(g), np.ones, 1)[-1]
    assert np.allclose(last.values[0], [1, -2, 0.64, 3.2])


def test_the_tail_of_noise_numbers_the_samples() -> None:
    g = through(dense, [1, 8])
    [op] = [op for op in graph(g).ops if op.outputs[0].name == "y"]
    response = Response(op, np.random.default_rng(0).standard_normal((8192, 3)), 100)
    for end, above in ((3.0, 1.35e-3), (4.0, 3.17e-5), (5.0, 2.87e-7)):
        for sign in (-1, 1):
            expected = 0.69 / (3 * 100 * above)
            assert abs(log10(response.samples_for(sign * end, sign)) - log10(expected)) < 0.7
    assert response.samples_for(-1e9, -1) > 1e100
    assert response.tensor.name == "y"


def test_ends_need_one_proper_scale() -> None:
    g = GraphBuilder()
    odd: list[dict[str, Any]] = [{}, {"scale": [0.1, 0.2]}, {"scale": 0.0}, {"scale": np.inf}]
    for number, more in enumerate([*odd, {"scale": 0.1, "zero_point": 300}]):
        g.tensor(f"t{number}", [2], "INT8", **more)
    g.tensor("float", [2], scale=0.1)
    tensors = graph(g).tensors
    assert [ends(tensor) for tensor in tensors] == [None] * 6


def test_what_is_fed_is_behind_the_quantize() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 4])
    q = g.op("QUANTIZE", [x], t(g, "q", [1, 4]))
    g.output(g.op("QUANTIZE", [q], t(g, "r", [1, 4], 0.1)))
    start = fed(graph(g))
    assert start is not None
    assert start.name == "r"
    g.input("more", [1, 4])
    assert fed(graph(g)) is None


def noise(shape: tuple[int, ...]) -> NDArray[Any]:
    return np.random.default_rng(0).random(shape)


@pytest.mark.parametrize("shape", [[4], [2, 4], [1, 2, 2, 2, 4], [1, 0, 4], [1, 1 << 14, 4], [1, 1 << 27, 4]])
def test_odd_inputs_are_not_made(shape: list[int]) -> None:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", shape, "INT8", scale=0.1)], t(g, "y", shape)))
    assert answers(graph(g), noise) == ()


def test_large_images_are_cut() -> None:
    g = through(conv((5, 3, 3, 4), [1, 112, 112, 5], stride_h=2, stride_w=2), [1, 224, 224, 4])
    found = answers(graph(g), noise)
    assert [response.positions for response in found] == [112 * 112] * 2
    assert found[0].values.shape == (6 * 20 * 20, 5)


def test_cut_images_do_not_go_where_their_size_counts() -> None:
    for build, shape in (
        (with_constant("MEAN", [1, 2], [1, 4]), [1, 64, 64, 4]),
        (with_constant("RESHAPE", [1, 4, 1024, 4], [1, 4, 1024, 4]), [1, 64, 64, 4]),
        (plain("AVERAGE_POOL_2D", [1, 1, 1, 4], {"filter_height": 64, "filter_width": 64}), [1, 64, 64, 4]),
    ):
        assert answers(graph(through(build, shape)), noise) == ()


ODD: dict[str, tuple[Build, list[int]]] = {
    "unknown op": (plain("ELU", IMAGE), IMAGE),
    "custom op": (plain("RELU_OF_OURS", IMAGE), IMAGE),
    "reduced batch": (with_constant("MEAN", [0], IMAGE), IMAGE),
    "no axes": (with_constant("MEAN", [], IMAGE), IMAGE),
    "odd paddings": (with_constant("PAD", [[0, 0], [1, 2]], IMAGE), IMAGE),
    "wide paddings": (with_constant("PAD", [[0, 0], [0, 0], [99, 0], [0, 0]], IMAGE), IMAGE),
    "many tiles": (with_constant("TILE", [1, 999, 1, 1], IMAGE), IMAGE),
    "more tiles than values": (with_constant("TILE", [1, 8, 8, 8], IMAGE), IMAGE),
    "another size": (with_constant("RESHAPE", [1, 7], [1, 7]), IMAGE),
    "uneven resize": (plain("RESIZE_BILINEAR", [1, 7, 6, 4]), IMAGE),
    "kernel of other channels": (conv((5, 3, 3, 3), [1, 6, 6, 5]), IMAGE),
    "kernel of rank 2": (conv((5, 3), [1, 6, 6, 5]), IMAGE),
    "image of rank 3": (conv((5, 3, 3, 4), [1, 6, 5]), [1, 6, 4]),
    "depthwise of other channels": (depthwise((1, 3, 3, 3), [1, 6, 6, 3]), IMAGE),
    "large kernel": (conv((1, 9, 9, 4), [1, 6, 6, 1], padding="VALID"), IMAGE),
    "no stride": (conv((5, 3, 3, 4), [1, 6, 6, 5], stride_h=0), IMAGE),
    "pool without size": (plain("MAX_POOL_2D", IMAGE, {}), IMAGE),
    "pool of rank 3": (pool("MAX_POOL_2D", "SAME", [1, 6, 4]), [1, 6, 4]),
    "dense of other width": (dense, [1, 7]),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_not_followed(name: str) -> None:
    build, shape = ODD[name]
    assert answers(graph(through(build, shape)), noise) == ()


def dense_with(values: NDArray[Any], bias: int | None = None, x_scale: Any = 0.1, **weights: Any) -> GraphBuilder:
    g = GraphBuilder()
    x = g.input("x", [1, 4], "INT8", scale=x_scale)
    inputs = [x, g.constant("w", values, **weights), -1]
    if bias is not None:
        inputs[2] = g.constant("b", np.ones(bias, np.int32), scale=0.1)
    g.output(g.op("FULLY_CONNECTED", inputs, t(g, "y", [1, 5]), {}))
    return g


ONES = np.ones((5, 4), np.int8)


@pytest.mark.parametrize(
    "g",
    [
        dense_with(ONES, scale=[0.1] * 3),
        dense_with(ONES, scale=[]),
        dense_with(ONES),
        dense_with(ONES, scale=0.1, quantization={"scale": [0.1], "zero_point": [0, 0]}),
        dense_with(ONES.astype(np.int16), scale=0.1),
        dense_with(ONES[:0], scale=0.1),
    ],
)
def test_weights_that_can_not_be_scaled_are_not_known(g: GraphBuilder) -> None:
    assert real_weights(graph(g).ops[0]) is None
    assert answers(graph(g), noise) == ()


@pytest.mark.parametrize(
    "g",
    [
        dense_with(ONES, 3, scale=0.1),
        dense_with(ONES, 5, scale=[0.1] * 2),
        dense_with(ONES, 5),
        dense_with(ONES, 5, x_scale=None, scale=0.1),
        dense_with(ONES, 5, x_scale=[0.1, 0.2], scale=0.1),
        dense_with(np.ones((1 << 17, 1), np.int8), scale=0.1),
    ],
)
def test_biases_that_do_not_fit_are_not_known(g: GraphBuilder) -> None:
    assert real_bias(graph(g).ops[0]) is None
    assert answers(graph(g), noise) == ()


def test_a_bias_that_is_left_out_is_0() -> None:
    op = graph(dense_with(ONES, scale=0.1)).ops[0]
    bias = real_bias(op)
    assert bias is not None
    assert bias.tolist() == [0.0] * 5
    assert len(answers(graph(dense_with(ONES, scale=0.1)), noise)) == 1


def test_a_dense_layer_takes_rows_or_all() -> None:
    for shape, rows in (([1, 3, 4], 3), ([1, 2, 2], 1)):
        g = GraphBuilder()
        x = g.input("x", shape, "INT8", scale=0.1)
        w = g.constant("w", np.ones((5, 4), np.int8), scale=0.1)
        g.output(g.op("FULLY_CONNECTED", [x, w, -1], t(g, "y", [1, rows, 5]), {}))
        [found] = answers(graph(g), noise, 10)
        assert found.values.shape == (10 * rows, 5)


def test_an_image_divides_into_rows_only_where_its_width_fits() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 2, 6], "INT8", scale=0.1)
    w = g.constant("w", np.ones((5, 4), np.int8), scale=0.1)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], t(g, "y", [3, 5]), {}))
    assert answers(graph(g), noise) == ()


def test_work_is_bounded() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 32, 32, 16], "INT8", scale=0.1)
    for number in range(12):
        w = g.constant(f"w{number}", np.ones((64, 7, 7, 16 if number == 0 else 64), np.int8), scale=0.1)
        options = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
        x = g.op("CONV_2D", [x, w, -1], t(g, f"y{number}", [1, 32, 32, 64]), options)
    g.output(x)
    assert len(answers(graph(g), noise, 1)) < 3
    assert samples_within(graph(g), 10_000_000) == 0


def test_an_output_of_another_rank_is_reckoned_by_what_is_read() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 6, 6, 4], "INT8", scale=0.1)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    w = g.constant("w", np.ones((4, 1, 1, 4), np.int8), scale=0.1)
    g.output(g.op("CONV_2D", [x, w, -1], t(g, "y", []), options))
    assert len(answers(graph(g), noise)) == 1


def test_ranges_that_are_shared_tell_nothing_of_their_own() -> None:
    def built(kind: str, between: bool) -> GraphBuilder:
        g = GraphBuilder()
        x = g.input("x", IMAGE, "INT8", scale=0.1)
        w = g.constant("w", np.ones((4, 1, 1, 4), np.int8), scale=0.1)
        options = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
        y = g.op("CONV_2D", [x, w, -1], t(g, "y", IMAGE), options)
        if between:
            size = g.constant("shape", np.array([1, 36, 4], np.int32))
            y = g.op("RESHAPE", [y, size], t(g, "flat", [1, 36, 4]))
        z = t(g, "z", IMAGE, 0.9 if kind == "SUB" else STEP)
        g.output(g.op(kind, [y, x], z, {"axis": -1} if kind == "CONCATENATION" else {}))
        return g

    for kind, between, count in (
        ("CONCATENATION", False, 0),
        ("CONCATENATION", True, 0),
        ("ADD", False, 1),
        ("SUB", False, 1),
        ("ADD", True, 1),
    ):
        names = [each.tensor.name for each in answers(graph(built(kind, between)), noise)]
        assert len(names) == count, (kind, between, names)


def test_a_clip_is_an_ops_own_or_fused() -> None:
    g = GraphBuilder()
    x = g.input("x", IMAGE, "INT8", scale=0.1)
    y = g.op("ADD", [x, x], t(g, "y", IMAGE), {"fused_activation_function": "RELU_N1_TO_1"})
    g.output(g.op("RELU6", [y], t(g, "z", IMAGE)))
    add, relu6 = graph(g).ops
    assert clip_of(add) == (-1.0, 1.0)
    assert clip_of(relu6) == (0.0, 6.0)


def test_a_layer_with_many_weights_is_not_followed() -> None:
    g = GraphBuilder()
    x = g.input("x", [1, 1100], "INT8", scale=0.1)
    w = g.constant("w", np.ones((4000, 1100), np.int8), scale=0.1)
    g.output(g.op("FULLY_CONNECTED", [x, w, -1], t(g, "y", [1, 4000]), {}))
    assert answers(graph(g), noise, 1) == ()
