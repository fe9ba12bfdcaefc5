"""The shapes that layers of Keras give: examples of each family, as Keras 3.15.1 tells them."""

from __future__ import annotations

from typing import Any

import pytest

from tflint.forecast.layers.shapes import output_dtype, output_shapes
from tflint.forecast.layers.trace import Call, Value
from tflint.model import DType, Shape

LSTM = {"class_name": "LSTM", "config": {"units": 3, "return_sequences": True}}
CASES: list[tuple[str, dict[str, Any], tuple[Shape, ...], Shape]] = [
    ("Dense", {"units": 4}, ((None, 5, 3),), (None, 5, 4)),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": [3, 2, 5]}, ((None, 3, 4),), (None, 3, 2, 5)),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 6}, ((1, 3, 4),), (1, 3, 6)),
    ("Embedding", {"output_dim": 4}, ((2, 5),), (2, 5, 4)),
    ("Flatten", {}, ((None, 3, 4),), (None, 12)),
    ("Reshape", {"target_shape": [-1, 2]}, ((None, 12),), (None, 6, 2)),
    ("Reshape", {"target_shape": [-1, 2]}, ((1, None, 4),), (1, None, 2)),
    ("Permute", {"dims": [2, 1]}, ((1, 5, 6),), (1, 6, 5)),
    ("RepeatVector", {"n": 3}, ((None, 5),), (None, 3, 5)),
    ("Add", {}, ((None, 5, 1), (None, 1, 3)), (None, 5, 3)),
    ("Concatenate", {"axis": -1}, ((None, 5, 1), (None, 5, 3)), (None, 5, 4)),
    ("Dot", {"axes": 1}, ((2, 5), (2, 5)), (2, 1)),
    ("Dot", {"axes": [2, 1]}, ((2, 5, 3), (2, 3, 4)), (2, 5, 4)),
    ("Conv1D", {"filters": 6, "kernel_size": [3], "padding": "causal", "strides": [2]}, ((1, 11, 3),), (1, 6, 6)),
    ("Conv2D", {"filters": 6, "kernel_size": [3, 3], "dilation_rate": [2, 2]}, ((1, 9, None, 3),), (1, 5, None, 6)),
    ("Conv2D", {"filters": 6, "kernel_size": 3, "data_format": "channels_first"}, ((1, 3, 9, 8),), (1, 6, 7, 6)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": [3, 3], "strides": [2, 2]}, ((1, 4, 4, 3),), (1, 9, 9, 2)),
    (
        "Conv1DTranspose",
        {"filters": 2, "kernel_size": [3], "strides": [2], "padding": "same", "output_padding": [1]},
        ((1, 4, 3),),
        (1, 8, 2),
    ),
    ("DepthwiseConv2D", {"kernel_size": [2, 2], "depth_multiplier": 2}, ((1, 4, 4, 3),), (1, 3, 3, 6)),
    ("MaxPooling2D", {"pool_size": [2, 2], "padding": "same"}, ((1, 5, 5, 3),), (1, 3, 3, 3)),
    ("GlobalAveragePooling2D", {"keepdims": True}, ((1, 5, 5, 3),), (1, 1, 1, 3)),
    ("AdaptiveMaxPooling1D", {"output_size": 2}, ((1, 5, 3),), (1, 2, 3)),
    ("UpSampling2D", {"size": [2, 3]}, ((1, 5, None, 3),), (1, 10, None, 3)),
    ("ZeroPadding2D", {"padding": [[1, 2], [0, 1]]}, ((1, 5, 5, 3),), (1, 8, 6, 3)),
    ("Cropping1D", {"cropping": [1, 2]}, ((1, 5, 3),), (1, 2, 3)),
    ("Resizing", {"height": 4, "width": 6}, ((None, 5, 5, 3),), (None, 4, 6, 3)),
    ("LSTM", {"units": 3}, ((1, 5, 2),), (1, 3)),
    ("Bidirectional", {"layer": LSTM}, ((None, 5, 2),), (None, 5, 6)),
    ("Bidirectional", {"layer": LSTM, "merge_mode": "sum"}, ((None, 5, 2),), (None, 5, 3)),
    ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 3}}}, ((1, 5, 2),), (1, 5, 3)),
    ("RNN", {"cell": {"class_name": "GRUCell", "config": {"units": 3}}}, ((1, 5, 2),), (1, 3)),
    ("ConvLSTM2D", {"filters": 2, "kernel_size": [3, 3]}, ((1, 4, 8, 8, 3),), (1, 6, 6, 2)),
    ("Attention", {}, ((1, 4, 3), (1, 5, 3)), (1, 4, 3)),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, ((1, 4, 6), (1, 5, 6)), (1, 4, 6)),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "multi_hot"}, ((2, 4),), (2, 5)),
    ("StringLookup", {"vocabulary": ["a"], "output_mode": "multi_hot"}, ((2, 4),), (2, 2)),
    ("TextVectorization", {"output_sequence_length": 4}, ((2, 1),), (2, 4)),
]


@pytest.mark.parametrize(("kind", "config", "shapes", "expected"), CASES)
def test_a_layer_gives_the_shape_that_keras_tells(
    kind: str, config: dict[str, Any], shapes: tuple[Shape, ...], expected: Shape
) -> None:
    assert output_shapes(Call(kind, config, tuple(Value(shape) for shape in shapes)))[:1] == (expected,)


@pytest.mark.parametrize(
    ("kind", "config", "shape"),
    [
        ("Mine", {}, (1, 2)),
        ("Conv2D", {"filters": 3, "kernel_size": [3, 3]}, (1, 2)),
        ("Conv2D", {"filters": "many", "kernel_size": [3, 3]}, (1, 8, 8, 3)),
        ("Conv2D", {"filters": 3, "kernel_size": [3, 3], "strides": [0, 0]}, (1, 8, 8, 3)),
        ("Dense", {"units": 3}, None),
        ("Reshape", {"target_shape": 3}, (1, 2)),
        ("Bidirectional", {"layer": 3}, (1, 2, 3)),
        ("Permute", {"dims": [7, 8]}, (1, 2, 3)),
        ("EinsumDense", {"equation": "ab,bc->ac"}, (1, 2, 3)),
    ],
)
def test_what_is_not_known_is_nothing(kind: str, config: dict[str, Any], shape: Shape | None) -> None:
    assert output_shapes(Call(kind, config, (Value(shape),))) == ()


def test_the_element_type_is_that_of_the_layer() -> None:
    x = (Value((1, 2), DType.INT32),)
    assert output_dtype(Call("Dense", {"dtype": {"config": {"name": "mixed_float16"}}}, x)) is DType.FLOAT16
    assert output_dtype(Call("Flatten", {}, x)) is DType.INT32
    assert output_dtype(Call("StringLookup", {}, x)) is DType.INT64
    assert output_dtype(Call("Dense", {"dtype": "strange"}, x)) is DType.UNKNOWN
