"""What the table of LiteRT's own kernels says of single ops, and of models as a whole."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tflint.analysis.placement import place
from tflint.analysis.runtime_table import RUNTIMES
from tflint.target import Kind, Verdict
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.cpu import TARGET
from tflint_rules.targets.tables.cpu_types import TYPES

TOOLS = Path(__file__).parents[4] / "tools"
ASKED = "2.3.0"
"""The runtime that the table was written from."""


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


SINGLE = _load("single_ops")


def built(kind: str, text: str) -> bytes:
    made: bytes = SINGLE.single(kind, text, version=len(RUNTIMES[kind].split()))
    return made


def verdict(made: GraphBuilder | bytes) -> Verdict:
    return place(TARGET, model(made).graphs[0]).verdicts[0]


def said(kind: str, text: str) -> str:
    """What the table says of one op: nothing where it takes it."""
    found = verdict(built(kind, text))
    assert found.supported is (found.reason == "")
    return found.reason.removeprefix(f"{kind}: ")


CONV = "| padding=SAME stride_w=1 stride_h=1"
POOL = f"{CONV} filter_width=2 filter_height=2"
GATES = f"{' '.join(['f32[4,3]!'] * 4)} {' '.join(['f32[4,4]!'] * 4)} - - - {' '.join(['f32[4]!'] * 4)}"
SMALL = f"{' '.join(['qi8[4,3]!'] * 4)} {' '.join(['qi8[4,4]!'] * 4)} - - - {' '.join(['f32[4]!'] * 4)}"
EIGHT = f"{' '.join(['qi8[4,3]!'] * 4)} {' '.join(['qi8[4,4]!'] * 4)} - - - {' '.join(['qi32[4]!'] * 4)}"
STATES = "- - f32[1,4]* f32[1,4]* - - - -"
TWO = "f32[4,3]! f32[4,4]! f32[4]! f32[1,4]*"
BASIC = "f32[1,4] f32[16,7]! f32[16]! f32[1,4] > f32[1,4] f32[1,4] f32[1,7] f32[1,16] | kernel_type=BASIC"

TAKEN = """
ABS: f32[2,4] > f32[2,4]
ABS: qi8c[2,4] > qi8[2,4]
ABS: i16[2] > i16[2]
ADD: f32[2,4] f32[4] > f32[2,4] | fused_activation_function=RELU
ADD: qi8(0.5,3)[2,4] qi8(0.1,1)[4] > qi8(0.5,-3)[2,4] | fused_activation_function=RELU6
ADD: qi16(0.3)[2,4] qi16[4] > qi16[2,4]
ADD: qi16[2,4] qi16[4] > qi16[2,4] | pot_scale_int16=False
ADD: qi16[4] qi16(0.5)[4] > qi16(0.5)[4] | fused_activation_function=RELU
SUB: qi16[2,4] qi16(0.5)[4] > qi16(0.5)[2,4] | fused_activation_function=RELU
ADD: i16[2,4] qi16(0.5,3)[2,4] > i16[2,4]
ADD_N: f32[2] f32[2] > f32[2]
ARG_MAX: f32[2,4] i32[]=1 > i64[2] | output_type=INT64
AVERAGE_POOL_2D: qi16[1,4,4,2] > qi16[1,4,4,2] {POOL}
BATCH_MATMUL: f32[2,3,4] qi8c[2,4,5]! > f32[2,3,5]
BATCH_TO_SPACE_ND: qi8[4,2,2,1] i32[2]=2,2 i64[2,2]=0,0,0,0 > qi8[1,4,4,1]
BROADCAST_TO: i4[1,4] i64[2]=2,4 > i4[2,4]
BUCKETIZE: f32[2,4] > i32[2,4] | boundaries=[1,2]
CAST: f32[2] > i2[2]
CONCATENATION: u32[2,4] u32[2,4] > u32[4,4]
CONCATENATION: qi8[2,4] qi8[2,4] qi8[2,4] > qi8[6,4]
CONV_2D: f32[1,4,4,2] qi8c[3,2,2,2]! f32[3]! > f32[1,4,4,3] {CONV}
CONV_2D: qi8[1,4,4,2] qi4c[3,2,2,2]! qi32[3]! > qi8[1,4,4,3] {CONV}
CONV_2D: qi16[1,4,4,2] qi8[3,2,2,2]! qi32[3]! > qi16[1,4,4,3] {CONV}
CONV_2D: qu8[1,4,4,2] qu8[3,2,2,2]! qi32(0.0625)[3]! > qu8[1,4,4,3] {CONV}
CONV_3D: f32[1,4,4,4,2] f32[2,2,2,2,3]! > f32[1,4,4,4,3] | padding=SAME stride_d=1 stride_w=1 stride_h=1
DEPTH_TO_SPACE: i64[1,2,2,4] > i64[1,4,4,1] | block_size=2
DEPTHWISE_CONV_2D: qi8[1,4,4,2] qi8c[1,2,2,2]!@3 qi32[2]! > qi8[1,4,4,2] {CONV} depth_multiplier=1
DEQUANTIZE: u4[2] > f32[2]
DIV: qi8[2] qi8[2]! > qi8[2]
EMBEDDING_LOOKUP: i32[2]=0,1 qi8[3,4]! > f32[2,4]
EMBEDDING_LOOKUP: i32[2]=0,1 f32[3,4]! > f32[2,4]
EQUAL: str[2] str[2] > bool[2]
EXPAND_DIMS: i32[2,4] i32[]=-1 > i32[2,4,1]
FILL: i32[2]=2,4 qi32[]! > qi32[2,4]
FULLY_CONNECTED: f32[2,4] i4[3,4]! - > f32[2,3]
FULLY_CONNECTED: f32[2,4] f32[3,4]! > f32[2,3]
FULLY_CONNECTED: qi8[2,4] qi8[3,4]! qi32(0.0625)[3]! > qi8[2,3]
FULLY_CONNECTED: qi8[2,4] qi8c[3,4]! qi32[3]! > qi8[2,3]
GATHER: f32[2,4] i16[2]=0,1 > f32[2,4] | axis=-1
HARD_SWISH: f32[2] > f32[2]
HARD_SWISH: qi8[2] > qi8[2]
HARD_SWISH: i8[2] > i8[2]
L2_NORMALIZATION: qi8[2,4] > qi8(0.0078125)[2,4]
LOG_SOFTMAX: qu8[2,4] > qu8(0.0625,255)[2,4]
LOGISTIC: qi8[2,4] > qi8(0.00390625,5)[2,4]
LSTM: f32[1,3] {GATES} {STATES} > f32[1,4] | fused_activation_function=TANH
LSTM: f32[1,3] {SMALL} {STATES} > f32[1,4] | fused_activation_function=TANH
LSTM: f32[1,3] {BASIC}
MIRROR_PAD: i8[2,4] i32[2,2]=0,0,1,1 f32[] > i8[2,6] | mode=REFLECT
MUL: c64[2] c64[2] > c64[2]
MUL: qi16[2] qi16[2] > qi8[2]
PACK: qi8[2] qi8[2] qi8[2] > qi8[3,2] | values_count=3 axis=0
PADV2: f32[2,4] i32[2,2]=0,0,1,1 - > f32[2,6]
PADV2: i8[2,4] i32[2,2]=0,0,1,1 i8[]! > qi8[2,6]
PADV2: qi8[2,4] i32[2,2]=0,0,1,1 qi8[]! > qi8[2,6]
QUANTIZE: qi16(0.25,5)[2] > qi8[2]
RANDOM_UNIFORM: i32[2]=2,4 > f32[2,4]
REDUCE_MAX: qi8[2,4] i32[1]=1 > qi8[2,1] | keep_dims=True
RESHAPE: f32[2,4] > f32[8] | new_shape=[8]
RESHAPE: str[2,4] f16[2]! > str[8] | new_shape=[8]
REVERSE_SEQUENCE: f32[2,4] i32[2]=1,2 > f32[2,4] | seq_dim=1 batch_dim=0
RNN: f32[1,3] {TWO} > f32[1,4]
BIDIRECTIONAL_SEQUENCE_RNN: f32[1,2,3] {TWO} {TWO} - - - > f32[1,2,4] f32[1,2,4]
BIDIRECTIONAL_SEQUENCE_RNN: f32[1,2,3] {TWO} {TWO} - - - > f32[1,2,8] | merge_outputs=True
SHAPE: i4[2,4] > i64[2] | out_type=INT64
SOFTMAX: qi8[2,4] > qi8(0.003907,-128)[2,4] | beta=1.0
SOFTMAX: qi8[2,4] > qi16[2,4] | beta=1.0
SPLIT: i32[]=1 f32[2,4] > f32[2,2] f32[2,2] | num_splits=2
SPLIT_V: f32[2,4] i32[2]=1,3 i32[]=1 > f32[2,1] f32[2,3] | num_splits=2
SQUARED_DIFFERENCE: qi8[2] qi8[2] > qi8[2]
SQUEEZE: f32[2,1,4] > i32[2,4] | squeeze_dims=[1]
STABLEHLO_ADD: f32[2,4] f32[2,4] > f32[2,4]
STABLEHLO_PAD: f32[2] f32[]! > f32[4] | edge_padding_low=[1] edge_padding_high=[1] interior_padding=[0]
SUB: qi8[2] qi8[2] > qi8[2]
SUB: qi8(1)[2] qi8(1)[2] > qi8(0.00000000784)[2]
SVDF: f32[2,3] qi8[4,3]! f32[4,5]! f32[4]! f32[2,20]* > f32[2,4] | rank=1
SVDF: qi8[2,3] qi8[4,3]! qi16[4,5]! qi32[4]! qi16[2,20]* > qi8[2,4] | rank=1 fused_activation_function=RELU
TRANSPOSE: c64[2,4] i32[2]=1,0 > c64[4,2]
TRANSPOSE_CONV: i32[4]=1,4,4,3 f32[3,2,2,2]! f32[1,4,4,2] - > f32[1,4,4,3] {CONV}
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {GATES} {STATES} > f32[1,2,4] | fused_activation_function=TANH
UNIDIRECTIONAL_SEQUENCE_RNN: f32[1,2,3] qi8[4,3]! qi8[4,4]! f32[4]! f32[1,4]* > f32[1,2,4]
UNPACK: qi8[2,4] > qi8[4] qi8[4] | num=2 axis=0
"""

REFUSED = """
ABS: f16[2] > f16[2] # input 0 is FLOAT16; FLOAT32, INT8 with scales, INT16 or INT32 is supported
ABS: qi8[2] > i8[2] # output 0 is INT8 without a scale; INT8 with scales is supported
ABS: qi16(0.5,3)[2] > qi16[2] # input 0 has zero point 3; 0 is supported for INT16
ADD: f32[2] > f32[2] # input 1 is left out; FLOAT32 is supported
ADD: f32[2] f32[2] f32[2] > f32[2] # it has 3 inputs; 2 are supported
ADD: qi16[2,4] qi16[4] > qi16[2,4] | fused_activation_function=RELU # scales are powers of two, with which the
ADD: qi16(0.5)[2] qi16(0.25)[2] > qi16(0.25)[2] | fused_activation_function=RELU # inputs have scales 2^-1 and 2^-2
ADD: f32[2] i32[2] > f32[2] # input 1 is INT32; FLOAT32 is supported
ADD: f32[2] - > f32[2] # input 1 is left out; FLOAT32 is supported
ADD: qi8c[2] qi8c[2] > qi8c[2] # input 0 is INT8 with a scale for each channel; FLOAT32, FLOAT16, INT8 with one
ADD: qi8[2] qi8[2] > qi8(0.0000000001)[2] # output has scale 1e-10 and inputs 0.25 and 0.25; the program stops where
ADD: qi8[2] qi8(-1)[2] > qi8[2] # input 1 has scale -1; the program stops where it is not above 0
ADD: qi16[2] qi16[2] > i16[2] # output 0 is INT16 without a scale; INT2 with one scale, INT4 with one scale
ADD: f32[2] f32[2] > f32[2] f32[2] # it has 2 outputs; 1 are supported
ARG_MAX: f32[2,4] i32[]=1 > i32[2] # output_type is FLOAT32; INT32 or INT64 is supported
BATCH_MATMUL: f32[4] f32[4,2] > f32[2] # input 0 has 1 dimensions; 2 to 5 are supported
BATCH_TO_SPACE_ND: qi8[4,2,2,1] i32[2]=2,2 i32[2,2]=0,0,0,0 > qi8(0.5)[1,4,4,1] # output 0 has scale 0.5 and zero
BUCKETIZE: f32[2] > i32[2] # its option boundaries holds nothing
CAST: str[2] > f32[2] # input 0 is STRING; FLOAT32, FLOAT16, FLOAT64, BOOL, COMPLEX64, INT2, INT4, INT8, INT16,
CONCATENATION: f32[2,4] f32[2,4] > f32[4,4] | fused_activation_function=RELU # fused_activation_function is RELU;
CONCATENATION: f32[2,4] f32[2,4] > f32[4,4] | axis=2 # axis is 2; input 0 has 2 dimensions
CONCATENATION: qi8[2] qi8(0.5)[2] > qi8[4] # input 1 has scale 0.5 and zero point 0; input 0 has scale 0.25 and zero
CONV_2D: f32[1,4,4,2] f32[3,2,2,2]! > f32[1,4,4,3] {CONV} # input 2 is left out; FLOAT32 is supported
CONV_2D: f16[1,4,4,2] f16[3,2,2,2]! f16[3]! > f16[1,4,4,3] {CONV} # input 0 is FLOAT16; FLOAT32, INT8 with scales,
CONV_2D: qi8[1,4,4,2] qi16[3,2,2,2]! qi32[3]! > qi8[1,4,4,3] {CONV} # input 1 is INT16 with one scale; INT4 with
CONV_2D: f32[1,4,4,2] f32[3,2,2,2]! f32[3]! > f32[1,4,4,3] | stride_h=1 # stride_w is 0; more than 0 is supported
CONV_2D: qu8[1,4,4,2] qu8[3,2,2,2]! qi32[3]! > qu8[1,4,4,3] {CONV} # bias has scale 0.25, which is
CONV_2D: f32[4,4,2] f32[3,2,2,2]! f32[3]! > f32[4,4,3] {CONV} # input 0 has 3 dimensions; 4 are supported
DEPTHWISE_CONV_2D: f32[1,4,4,2] qi8[1,2,2,2]! f32[2]! > f32[1,4,4,2] {CONV} # input 1 is INT8 with one scale; FLOAT32
DEPTH_TO_SPACE: f32[1,2,2,4] > f32[1,4,4,1] # block_size is 0; more than 0 is supported
EMBEDDING_LOOKUP: i32[2]=0,1 qi8(0.5,3)[3,4]! > f32[2,4] # the table has zero point 3; 0 is supported beside FLOAT32
EMBEDDING_LOOKUP: i32[2]=0,1 f32[3]! > f32[2] # input 1 has 1 dimensions; at least 2 are supported
EXPAND_DIMS: qi8[2] i32[]=0 > qi8(0.5)[1,2] # output 0 has scale 0.5 and zero point 0; input 0 has scale 0.25 and
FULLY_CONNECTED: qi8[2,4] qi8[3,4]! qi32[3]! > qi8[2,3] # bias has scale 0.25, which is
FULLY_CONNECTED: qi8[2,4] qi8c[3,4]!@1 - > qi8[2,3] # filter has a scale for each slice of dimension 1; dimension 0
HARD_SWISH: qi8(1)[2] > qi8(0.001)[2] # output has scale 0.001; more than a 128th of the input's, 1, is supported
L2_NORMALIZATION: qi8[2,4] > qi8[2,4] # output has scale 0.25 and zero point 0; scale 0.0078125 and zero point 0 is
LOGISTIC: qi8[2,4] > qi8[2,4] # output has scale 0.25 and zero point 0; scale 0.00390625 is supported for INT8
LSTM: f32[1,3] {GATES} > f32[1,4] # it has 16 inputs; 20 or 24 are supported
LSTM: - {GATES} {STATES} > f32[1,4] # its input or weights are left out
LSTM: str[1,3] {GATES} {STATES} > f32[1,4] # input is STRING and weights are FLOAT32
LSTM: f32[1,3] {EIGHT} {STATES} > f32[1,4] # input 13 is INT32; FLOAT32 is supported
LSTM: f32[1,3] {GATES} - - f32[1,4] f32[1,4] - - - - > f32[1,4] # input 18 is no variable, as states have to be
LSTM: qi8[1,3] {EIGHT} - - qi8[1,4]* qi16[1,4]* - - - - > qi8[1,4] # it has 0 intermediate tensors; 5 are supported
LSTM: qi8[1,3] {BASIC} # input is INT8 and weights are FLOAT32
MUL: f64[2] f64[2] > f64[2] # input 0 is FLOAT64; FLOAT32, FLOAT16, COMPLEX64, INT8, INT16, INT32, INT64, UINT8 or
PACK: f32[2] f32[2] > f32[2,2] # it has 2 inputs; its option values_count is 0
PADV2: qi8[2,4] i32[2,2]=0,0,1,1 qi8(0.5)[]! > qi8[2,6] # the value has scale 0.5 and zero point 0, output has scale
PAD: f32[1,1,1,1,1,1] i32[6,2]! > f32[1,1,1,1,1,1] # input 0 has 6 dimensions; 0 to 5 are supported
QUANTIZE: qi16(0.25,5)[2] > qi16[2] # input 0 has zero point 5; 0 is supported for INT16
RANDOM_UNIFORM: i32[2]=2,4 > f16[2,4] # output 0 is FLOAT16; FLOAT32 is supported
RESHAPE: f32[2,4] - > f32[8] | new_shape=[8] # input 1 is left out, which is not supported
REVERSE_SEQUENCE: f32[2,4] i32[2]=1,2 > f32[2,4] # seq_dim and batch_dim are one dimension; two are supported
RNN: f32[1,3] f32[4,3]! > f32[1,4] # it has 2 inputs; 5 are supported
RNN: f32[1,3] {TWO} > f32[1,4] f32[1,4] # it has 2 outputs; 1 are supported
RNN: f32[1,3] f32[4,3]! f32[4,4]! - f32[1,4]* > f32[1,4] # input 3 is left out
RNN: f16[1,3] f16[4,3]! f16[4,4]! f16[4]! f16[1,4]* > f16[1,4] # input is FLOAT16 and weights are FLOAT16; FLOAT32
SPLIT: i32[]=3 f32[2,4] > f32[2,2] f32[2,2] | num_splits=2 # axis is 3; input 1 has 2 dimensions
SPLIT_V: f32[2,4] i32[2]=1,3 i32[]=1 > f32[2,1] f32[2,3] # it has 2 outputs; its option num_splits is 0
SQUARED_DIFFERENCE: qi8(1000)[2] qi8[2] > qi8[2] # output has scale 0.25 and inputs 1000 and 0.25; the program stops
STABLEHLO_ADD: f32[2,4] f32[4] > f32[2,4] # inputs have 2 and 1 dimensions; as many are supported
STABLEHLO_PAD: f32[2] f32[]! > f32[4] # its option edge_padding_low holds nothing
SVDF: f32[2,3] f32[4,3]! f32[4,5]! f32[4]! > f32[2,4] # its input, weights or state is left out
SVDF: f32[2,3] f16[4,3]! f32[4,5]! f32[4]! f32[2,20]* > f32[2,4] | rank=1 # weights are FLOAT16; FLOAT32, UINT8 or
SVDF: f16[2,3] f16[4,3]! f16[4,5]! f16[4]! f16[2,20]* > f16[2,4] | rank=1 # input is FLOAT16 and weights are FLOAT16;
SVDF: qi8[2,3] qi8[4,3]! qi8[4,5]! qi32[4]! qi16[2,20]* > qi8[2,4] | rank=1 # weights in time is INT8, which the
SVDF: qi8[2,3] qi8[4,3]! qi16[4,5]! qi32[4]! qi16[2,20]* > qi8[2,4] | rank=1 # fused_activation_function is NONE;
TRANSPOSE: f32[1,1,1,1,1,1,1,1,1] i32[9]! > f32[1,1,1,1,1,1,1,1,1] # input 0 has 9 dimensions; 0 to 8 are supported
"""

NAMES = {
    "CONV": CONV, "POOL": POOL, "GATES": GATES, "SMALL": SMALL, "EIGHT": EIGHT, "STATES": STATES, "TWO": TWO,
    "BASIC": BASIC,
}  # fmt: skip


def rows(text: str) -> Iterator[tuple[str, str, str]]:
    for line in text.strip().split("\n"):
        kind, _, rest = line.partition(": ")
        tensors, _, reason = rest.partition(" # ")
        yield kind, tensors.format(**NAMES), reason


@pytest.mark.parametrize(("kind", "text", "reason"), [*rows(TAKEN)], ids=lambda value: None)
def test_what_the_kernels_take(kind: str, text: str, reason: str) -> None:
    assert said(kind, text) == reason


@pytest.mark.parametrize(("kind", "text", "reason"), [*rows(REFUSED)], ids=lambda value: None)
def test_what_the_kernels_refuse_and_why(kind: str, text: str, reason: str) -> None:
    found = said(kind, text)
    assert found
    assert found.startswith(reason)


def test_it_is_a_runtime_with_a_source() -> None:
    assert TARGET.kind is Kind.RUNTIME
    assert "f67457790" in TARGET.source.text


def test_the_newest_version_of_an_op_is_taken_and_no_later_one() -> None:
    text = "f32[2] > f32[2]"
    newest = len(RUNTIMES["RELU"].split())
    assert verdict(SINGLE.single("RELU", text, version=newest)).supported
    assert verdict(SINGLE.single("RELU", text, version=newest + 1)).reason.startswith(f"RELU has version {newest + 1}")


def test_every_op_with_rows_of_types_is_one_that_the_runtime_has() -> None:
    assert set(TYPES) <= set(RUNTIMES)
    for kind in TYPES:
        assert TARGET.ops[kind].types


def test_ops_whose_types_nobody_asked_for_are_taken_as_listed() -> None:
    g = GraphBuilder()
    g.output(g.op("IF", [g.input("c", [1], "BOOL")], g.tensor("y", [2])))
    assert verdict(g).supported


def custom(code: str) -> Verdict:
    g = GraphBuilder()
    g.output(g.op("Relu", [g.input("x", [2])], g.tensor("y", [2])))
    g.tables["operator_codes"][0]["custom_code"] = code
    return verdict(g)


def test_custom_ops_say_what_they_need() -> None:
    assert custom("TFLite_Detection_PostProcess").supported
    assert custom("FlexErf").reason == "FlexErf needs TensorFlow's own kernels: the Select TF ops library"
    assert custom("Landmarks2TransformMatrix").reason == "Landmarks2TransformMatrix needs MediaPipe"
    assert custom("MyOp").reason == "MyOp needs a kernel that the program registers itself"
    assert custom("RELU").supported is False


def test_an_element_type_that_is_newer_is_unknown() -> None:
    for kind in ("RELU", "SHAPE"):
        g = GraphBuilder()
        g.output(g.op(kind, [g.input("x", [2])], g.tensor("y", [2]), {"out_type": "INT32"} if kind == "SHAPE" else {}))
        for tensor in g.graph["tensors"]:
            tensor["type"] = 99
        assert verdict(g).supported is None
        assert verdict(g).reason.endswith("an element type is newer than tflint")


def test_a_scale_that_kernels_do_not_look_at_is_not_looked_at() -> None:
    g = GraphBuilder()
    x = g.input("x", [2], "UINT32", scale=0.5)
    g.output(g.op("SHAPE", [x], g.tensor("y", [1], "INT32"), {"out_type": "INT32"}))
    assert verdict(g).supported


def conv(count: int, axis: int = 0, **more: object) -> str:
    g = GraphBuilder()
    x = g.input("x", [1, 4, 4, 2], "INT8", scale=0.1)
    w = g.constant("w", np.ones((3, 3, 2, 2), np.int8), scale=[0.1] * count, axis=axis)
    b = g.constant("b", np.ones(3, np.int32), scale=0.01)
    y = g.tensor("y", [1, 4, 4, 3], "INT8", scale=0.1)
    g.output(g.op("CONV_2D", [x, w, b], y, {"stride_w": 1, "stride_h": 1, **more}))
    return verdict(g).reason


def test_scales_of_a_filter_are_one_or_one_for_each_channel() -> None:
    assert conv(3) == conv(1) == ""
    assert conv(2, axis=2) == "CONV_2D: filter has 2 scales; 1, or one for each of 3 channels, is supported"


def test_bounds_of_an_activation_can_be_written() -> None:
    tiny = "qi8[2] qi8[2] > qi8(0.000000001)[2] | fused_activation_function=RELU6"
    assert said("MUL", tiny) == "the output's scale of 1e-09 is too small for RELU6"
    assert said("MUL", tiny.replace("=RELU6", "=NONE")) == ""


def refusal(g: GraphBuilder) -> str:
    return TARGET.refusal(model(g))


def with_tensor(**tensor: object) -> GraphBuilder:
    g = GraphBuilder()
    g.output(g.op("RELU", [g.input("x", [2])], g.tensor("y", [2])))
    g.tensor("more", tensor.pop("shape", [4, 2]), tensor.pop("dtype", "INT8"), **tensor)  # type: ignore[arg-type]
    return g


def test_what_stops_a_model_when_it_is_loaded() -> None:
    assert refusal(with_tensor()) == ""
    assert refusal(with_tensor(scale=[0.5] * 4, zero_point=[0] * 4)) == ""
    assert refusal(with_tensor(scale=[0.5] * 4, zero_point=[0] * 3)) == "'more' has 4 scales and 3 zero points"
    assert refusal(with_tensor(scale=0.5, axis=2)) == "'more' has scales along dimension 2; it has 2 dimensions"
    assert refusal(with_tensor(scale=[0.5] * 4, axis=1)) == "'more' has 4 scales along dimension 1 of 2"
    g = with_tensor()
    g.tables["version"] = 2
    assert refusal(g) == "its schema version is 2; 3 is supported"


def test_constants_have_their_bytes() -> None:
    g = with_tensor()
    g.graph["tensors"][-1]["buffer"] = g.buffer(bytes(8))
    assert refusal(g) == ""
    g.graph["tensors"][-1]["buffer"] = g.buffer(bytes(7))
    assert refusal(g) == "'more' needs 8 bytes; the file has 7"
    g.graph["tensors"][-1]["is_variable"] = True
    assert refusal(g) == "'more' has a constant, and is a variable or stored elsewhere as well"


RUNTIME = pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="asks ai-edge-litert")


@RUNTIME
@pytest.mark.parametrize("taken", [True, False])
def test_the_interpreter_says_the_same(taken: bool) -> None:
    probe = _load("probe_cpu")
    if probe.version("ai-edge-litert") != ASKED:
        pytest.skip("another runtime than the table's")
    runtime = probe.Runtime()
    found = [(kind, text) for kind, text, _ in rows(TAKEN if taken else REFUSED)]
    differ = [each for each in found if runtime.runs(built(*each)) is not taken]
    runtime.close()
    assert differ == []


@RUNTIME
def test_the_table_is_what_the_interpreter_says() -> None:
    probe = _load("probe_cpu")
    if probe.version("ai-edge-litert") != ASKED:
        pytest.skip("another runtime than the table's")
    runtime = probe.Runtime()
    kinds = ("L2_POOL_2D", "LOGICAL_NOT", "TANH")
    found = {kind: tuple(probe.lines(kind, probe.answers(kind, runtime))) for kind in kinds}
    runtime.close()
    assert found == {kind: TYPES[kind] for kind in kinds}
