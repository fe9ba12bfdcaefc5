"""What the table of TensorFlow Lite Micro says of single ops, and of models as a whole."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tflint.analysis.placement import place
from tflint.target import Kind, Verdict
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables.tflm import TARGET

TOOLS = Path(__file__).parents[4] / "tools"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


SINGLE = _load("single_ops")


def verdict(built: GraphBuilder | bytes) -> Verdict:
    graph = model(built).graphs[0]
    return place(TARGET, graph).verdicts[0]


def said(kind: str, text: str) -> str:
    """What the table says of one op: nothing where it takes it."""
    found = verdict(SINGLE.single(kind, text))
    assert found.supported is (found.reason == "")
    return found.reason.removeprefix(f"{kind}: ")


CONV = "| padding=SAME stride_w=1 stride_h=1"
POOL = f"{CONV} filter_width=2 filter_height=2"
GATES = f"{' '.join(['f32[4,3]!'] * 4)} {' '.join(['f32[4,4]!'] * 4)} - - - {' '.join(['f32[4]!'] * 4)}"
EIGHT = f"{' '.join(['qi8[4,3]!'] * 4)} {' '.join(['qi8[4,4]!'] * 4)} - - - {' '.join(['qi32[4]!'] * 4)}"
STATES = "- - f32[1,4]* f32[1,4]* - - - -"

TAKEN = """
ABS: f32[2,4] > f32[2,4]
ABS: qi8[2,4] > qi8[2,4]
ABS: i16[2] > i16[2]
ABS: qi16[2] > qi16[2]
ADD: f32[2,4] f32[4] > f32[2,4] | fused_activation_function=RELU
ADD: qi8(0.5,3)[2,4] qi8(0.1,1)[4] > qi8(0.5,-3)[2,4] | fused_activation_function=RELU6
ADD: qi16[2,4] qi16[4] > qi16[2,4]
ADD: i32[2,4] i32[2,4] > i32[2,4]
ADD_N: f32[2] f32[2] f32[2] > f32[2]
ADD_N: qi8[2] qi8[2] > qi8[2]
ARG_MAX: f32[2,4] i32[]=1 > i32[2]
ASSIGN_VARIABLE: res[1] f32[2] >
AVERAGE_POOL_2D: qi8[1,4,4,2] > qi8[1,4,4,2] {POOL}
AVERAGE_POOL_2D: f32[1,4,4,2] > f32[1,4,4,2] {POOL}
BATCH_MATMUL: f32[2,3,4] f32[2,4,5] > f32[2,3,5]
BATCH_MATMUL: qi16[4,3] qi16[5,4] > qi16[3,5] | adj_x=True adj_y=True
BATCH_TO_SPACE_ND: f32[4,2,2,1] i32[2]=2,2 i32[2,2]=0,0,0,0 > f32[1,4,4,1]
BROADCAST_ARGS: i32[2]=2,4 i32[1]=4 > i32[2]
BROADCAST_ARGS: i32[2] i32[1]=4 > i32[2]
BROADCAST_TO: f16[1,4] i64[2]=2,4 > f16[2,4]
CALL_ONCE: >
CAST: i32[2] > bool[2]
CEIL: f32[2] > f32[2]
CONCATENATION: i64[2,4] i64[2,4] > i64[4,4]
CONCATENATION: qi8[2,4] qi8[2,4] > qi8[4,4]
CONCATENATION: qi16[2,4] qi16[2,4] > qi16[4,4]
CONV_2D: f32[1,4,4,2] f32[3,2,2,2]! > f32[1,4,4,3] {CONV}
CONV_2D: qi8[1,4,4,2] qi8c[3,2,2,2]! qi32[3]! > qi8[1,4,4,3] {CONV} fused_activation_function=RELU_N1_TO_1
CONV_2D: qi8[1,4,4,2] qi4[3,2,2,2]! qi32[3]! > qi8[1,4,4,3] {CONV}
CONV_2D: qi16[1,4,4,2] qi8[3,2,2,2]! qi64[3]! > qi16[1,4,4,3] {CONV}
CUMSUM: f32[2,4] i32[]=-1 > f32[2,4]
CUMSUM: qi8[2,4] i32[] > qi8[2,4]
DEPTH_TO_SPACE: f32[1,2,2,4] > f32[1,4,4,1] | block_size=2
DEPTHWISE_CONV_2D: qi8[1,4,4,2] qi8c[1,2,2,2]!@3 qi32[2]! > qi8[1,4,4,2] {CONV}
DEQUANTIZE: qu8[2] > f32[2]
DIV: f32[2] f32[2] > f32[2]
DIV: i32[2] i32[2]! > i32[2]
DYNAMIC_UPDATE_SLICE: f32[2,4] f32[1,2] i32[2]=0,1 > f32[2,4]
ELU: qi8[2] > qi8[2]
EMBEDDING_LOOKUP: i32[2]=0,1 f32[3,4]! > f32[2,4]
EMBEDDING_LOOKUP: i32[2] qi8[3,4]! > f32[2,4]
EQUAL: qi8[2] qi8[2] > bool[2]
EXPAND_DIMS: f32[2,4] i32[]=-1 > f32[2,4,1]
FILL: i32[2]=2,4 f32[]! > f32[2,4]
FLOOR: f32[2] > f32[2]
FLOOR_DIV: f32[2] f32[2]! > f32[2]
FULLY_CONNECTED: f32[2,4] f32[3,4]! f32[3]! > f32[2,3]
FULLY_CONNECTED: qi8[2,4] qi8[3,4]! qi32(0.0625)[3]! > qi8[2,3]
FULLY_CONNECTED: qi8[2,4] qi8[3,4]! - > qi8[2,3]
FULLY_CONNECTED: qi16[2,4] qi8c[3,4]! qi64[3]! > qi16[2,3]
GATHER: f32[2,4] i32[2]=0,1 > f32[2,4] | axis=-1 batch_dims=-1
GATHER: f32[2,4] i32[2] > f32[2,4] | axis=0
GATHER_ND: f32[2,4] i32[2,1]=0,1 > f32[2,4]
GATHER_ND: f32[2,4] i32[2,1] > f32[2,4]
GREATER: qi16[2] qi16[2] > bool[2]
HARD_SWISH: qi8[2] > qi8[2]
IF: bool[] f32[2] > f32[2]
L2_NORMALIZATION: qi8[2,4] > qi8[2,4]
L2_POOL_2D: f32[1,4,4,2] > f32[1,4,4,2] {POOL}
LEAKY_RELU: qi16[2] > qi16[2] | alpha=0.5
LOG_SOFTMAX: f32[2,4] > f32[2,4]
LOG_SOFTMAX: qi8[2,4] > qi8(0.0625,127)[2,4]
LOGICAL_NOT: bool[2] > bool[2]
LOGICAL_OR: bool[2] bool[2] > bool[2]
LOGISTIC: qi8[2] > qi8(0.00390625,-128)[2]
LOGISTIC: qi16[2] > qi16(0.000030517578125)[2]
MAXIMUM: i64[2] i64[1] > i64[2]
MEAN: f32[1,4,4,2] i32[2]=1,2 > f32[1,1,1,2] | keep_dims=True
MEAN: f32[] i32[1]=5 > f32[]
MEAN: qi8[2,4] i32[1]=7 > qi8[2,1]
MIRROR_PAD: f32[2,4] i32[2,2]=0,0,1,1 > f32[2,6] | mode=REFLECT
MUL: qi16[2] qi16[2] > qi16[2]
MUL: f32[2] f32[2] > f32[3]
PACK: f32[2,4] f32[2,4] > f32[2,2,4] | values_count=2
PAD: f32[2,4] i32[2,2]=0,0,1,1 > f32[2,6]
PADV2: qi8[2,4] i32[2,2]=0,0,1,1 qi8[]! > qi8[2,6]
PRELU: qi16[1,2,2,4] qi8[1,1,4]! > qi16[1,2,2,4]
PRELU: f32[1,2,2,4] f32[1,1,4]! > f32[1,2,2,4]
QUANTIZE: f32[2] > qi8[2]
READ_VARIABLE: res[1] > f32[2]
REDUCE_MAX: qi8[2,4] i32[1]=1 > qi8[2,1]
REDUCE_MAX: f32[2,4] i32[1]=1 > f32[2,1]
RELU: qi16[2] > qi16[2]
RESHAPE: f32[2,4] > f32[8]
RESHAPE: f32[1] > f32[0]
RESIZE_BILINEAR: f32[1,2,2,1] i32[2]=4,4 > f32[1,4,4,1] | half_pixel_centers=True
REVERSE_V2: f32[2,4] i32[1]=-1 > f32[2,4]
REVERSE_V2: f32[2,4] i32[1] > f32[2,4]
SELECT_V2: bool[2,1] f32[2,4] f32[] > f32[2,4]
SELECT_V2: bool[1] f32[] f32[1] > f32[1]
SHAPE: f16[2,4] > i32[2]
SLICE: f32[2,4] i32[2]=0,1 i32[2]=2,2 > f32[2,2]
SOFTMAX: f32[2,4] > f32[2,4] | beta=1.0
SOFTMAX: qi8[2,4] > qi8(0.00390625,-128)[2,4] | beta=1.0
SOFTMAX: qi16[2,4] > qi16(0.000030517578125)[2,4] | beta=1.0
SPACE_TO_BATCH_ND: qi8[1,4,4,1] i32[2] i32[2,2]=0,0,0,0 > qi8[4,2,2,1]
SPACE_TO_DEPTH: f32[1,4,4,1] > f32[1,2,2,4] | block_size=2
SPLIT: i32[]=1 f32[2,4] > f32[2,2] f32[2,2] | num_splits=2
SQUARED_DIFFERENCE: qi8[2] qi8[2] > qi8[2]
SQUARED_DIFFERENCE: f32[2] f32[2] > f32[2]
SQUEEZE: i4[2,1,4] > i8[2,4] | squeeze_dims=[-2]
SQUEEZE: f32[2,1,4] > f32[2,4]
STRIDED_SLICE: f32[2,4] i32[2]=0,1 i32[2]=2,3 i32[2]=1,1 > f32[2,2]
STRIDED_SLICE: f32[2,4] i32[2]=-1,3 i32[2]=-2,0 i32[2]=1,-2 > f32[2] | begin_mask=2 end_mask=2 shrink_axis_mask=1
STRIDED_SLICE: f32[0,4] i32[2]=0,0 i32[2]=1,4 i32[2]=1,1 > f32[4] | shrink_axis_mask=1 begin_mask=2 end_mask=2
SUB: i32[2] i32[2] > i32[2]
SUM: qi16[2,4] i32[1]=1 > qi16[2,1]
SVDF: f32[2,3] f32[4,3]! f32[4,5]! f32[4]! f32[2,20]* > f32[2,4] | rank=1
SVDF: qi8[2,3] qi8[4,3]! qi16[4,5]! qi32(0.0625)[4]! qi16[2,20]* > qi8[2,4] | rank=1
TANH: f32[2] > f32[2]
TRANSPOSE: f32[2,4] i32[2]=1,0 > f32[4,2]
TRANSPOSE_CONV: i32[4]=1,4,4,3 f32[3,2,2,2]! f32[1,4,4,2] > f32[1,4,4,3] {CONV}
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {GATES} {STATES} > f32[1,2,4]
UNIDIRECTIONAL_SEQUENCE_LSTM: qi8[1,2,3] {EIGHT} - - qi8[1,4]* qi16[1,4]* - - - - > qi8[1,2,4]
UNIDIRECTIONAL_SEQUENCE_LSTM: qi8[1,2,3] {CHANNELS} - - qi8[1,4]* qi16[1,4]* - - - - > qi8[1,2,4]
UNPACK: f32[2,4] > f32[4] f32[4] | num=2
VAR_HANDLE: > res[1]
WHILE: f32[2] > f32[2]
ZEROS_LIKE: i64[2] > i64[2]
SignalFilterBankSquareRoot: u64[4] i32[] > u32[4]
SignalIrfft: f32[4] > f32[4]
CIRCULAR_BUFFER: i8[1,1,2,3] > i8[1,5,2,3]
TFLite_Detection_PostProcess: f32[1,9,4] f32[1,9,3] f32[9,4]! > f32[1,5,4] f32[1,5] f32[1,5] f32[1]
"""

REFUSED = """
ABS: qu8[2] > qu8[2] # input is UINT8; FLOAT32, INT8 or INT16 is supported
ABS: i8[2] > i8[2] # input is INT8 without a scale and a zero point
ABS: qi16[2] > i16[2] # output is INT16 without a scale and a zero point
ABS: qi16(0.1,3)[2] > qi16[2] # zero points are 3 and 0; 0 is supported for INT16
ABS: str[2] > str[2] # 'i0' is STRING, which TFLM cannot hold
ADD: qu8[2] qu8[2] > qu8[2] # output is UINT8; FLOAT32, INT32, INT8 or INT16 is supported
ADD: qi8[2] qi8[2] > i8[2] # output is INT8 without a scale and a zero point
ADD: i8[2] qi8[2] > qi8[2] # input 0's scale over twice the larger one is 0; the program stops where
ADD: qi8(1e-9)[2] qi8(1e-9)[2] > qi8(1e-20)[2] # twice the larger scale of an input over 2^20 times the output's is 1
ADD: qi8[2] qi8[2] > qi8(1e-12)[2] | fused_activation_function=RELU6 # twice the larger scale of an input over 2^20
ADD: i32[2] qi32[2] > i32[2] # input 1 has a scale, and output is INT32; none is supported then
ADD: f32[2] - > f32[2] # it has no input 1
ADD: f32[2] f32[2] > f32[3] # inputs have shape [2] and output [3]; the program stops
ADD_N: f32[2] > f32[2] # it has 1 inputs; 2 or more are supported
ADD_N: f32[2] - > f32[2] # it has no input 1
ADD_N: f32[2] f32[3] > f32[2] # its inputs differ in element type or shape
ADD_N: qi8[2] qi8(0.5)[2] > qi8[2] # its inputs differ in scale or zero point
ADD_N: i8[2] i8[2] > qi8[2] # half of the input's scale over itself is 0; the program stops
ARG_MAX: f32[2,4] i64[]=1 > i32[2] # axis is INT64; INT32 is supported
ARG_MAX: f32[2,4] i32[]=1 > i64[2] # output is INT64; INT32 is supported
ASSIGN_VARIABLE: res[2] f32[2] > # variable has 2 elements; 1 is supported
ATAN2: f32[2] f32[2] > f32[2] # ATAN2 is not among the ops of tflm
AVERAGE_POOL_2D: qi8[1,4,4,2] > qi8(0.5)[1,4,4,2] {POOL} # input and output have scales and zero points 0.25, 0 and 0.5
BATCH_MATMUL: f32[2,3,4] f32[3,4,5] > f32[2,3,5] # inputs have shapes [2, 3, 4] and [3, 4, 5], which cannot be broadcast
BATCH_MATMUL: f32[3,4] f32[5,4] > f32[3,5] # inputs have shapes [3, 4] and [5, 4]: 4 columns meet 5 rows
BATCH_MATMUL: f32[3,4] f32[4,5] > f32[3,4] # output has shape [3, 4]; [3, 5] is computed
BATCH_MATMUL: f32[4] f32[4,5] > f32[5] # input 0 has 1 dimensions; 2 to 5 are supported
BATCH_TO_SPACE_ND: f32[4,2,2,1] i32[1]=2 i32[2,2]=0,0,0,0 > f32[1,4,4,1] # block shape has shape [1]; [2] is supported
BATCH_TO_SPACE_ND: f32[4,2,2,1] i32[2]=2,0 i32[2,2]=0,0,0,0 > f32[1,4,4,1] # block shape is [2, 0]; numbers above 0
BROADCAST_ARGS: i32[2]=2,4 i32[1]=3 > i32[2] # [2, 4] and [3] cannot be broadcast
BROADCAST_TO: f32[1,4] i32[2] > f32[2,4] # shape is not constant
BROADCAST_TO: f32[1,4] i32[1,2]=2,4 > f32[2,4] # shape is not a list
BROADCAST_TO: f32[1,4] i32[2]=3,4 > f32[2,4] # output has shape [2, 4]; [3, 4] is asked for
BROADCAST_TO: f32[3,4] i32[2]=2,4 > f32[2,4] # input has shape [3, 4], which cannot be broadcast to [2, 4]
BROADCAST_TO: f32[4] i32[6]=1,1,1,1,1,4 > f32[1,1,1,1,1,4] # it has tensors of 6 dimensions; at most 5 are supported
CAST: i64[2] > f32[2] # input is INT64; INT8, INT16, INT32, UINT32, FLOAT32 or BOOL is supported
CEIL: f32[2] > f32[1,2] # input and output have shapes [2] and [1, 2]; one shape is supported
CONCATENATION: f32[2] i32[2] > f32[4] # its inputs differ in element type
CONCATENATION: f32[2] - > f32[4] # it has no input 1
CONCATENATION: f32[1,1,1,1,1,1,2] f32[2] > f32[4] # input 0 has 7 dimensions; at most 6 are supported
CONCATENATION: qi8[2] qi8(0.5)[2] > qi8[4] # input 1 differs from the output in scale or zero point
CONCATENATION: qi16[2] qi16(0.25,1)[2] > qi16[4] # a zero point is not 0, which INT16 needs
CONCATENATION: f32[2] f32[2] > f32[4] | fused_activation_function=RELU # fused_activation_function is RELU; NONE is
CONCATENATION: f32[1] {TEN} > f32[11] # it has 11 inputs; at most 10 are supported
CONV_2D: f32[1,4,4,2] qi8[3,2,2,2]! f32[3]! > f32[1,4,4,3] {CONV} # input is FLOAT32 and filter INT8; weights of one
CONV_2D: f32[1,4,4,2] - f32[3]! > f32[1,4,4,3] {CONV} # it has no input, no filter or no output
CONV_2D: f32[1,4,4,2] f32[3,2,2,2]! > i8[1,4,4,3] {CONV} # input is FLOAT32 and output INT8; one type is supported
CONV_2D: f32[4,4,2] f32[3,2,2,2]! > f32[1,4,4,3] {CONV} # input has 3 dimensions; 4 are supported
CONV_2D: f32[1,4,4,2] f32[3,2,2,2]! f32[3]! f32[3]! > f32[1,4,4,3] {CONV} # it has 4 inputs; 2 or 3, and 1 output, are
CONV_2D: f32[1,4,4,2] f32[3,2,2,3]! > f32[1,4,4,3] {CONV} # filter reads 3 channels and makes 3 of the input's 2
CONV_2D: i8[1,4,4,2] qi8[3,2,2,2]! > qi8[1,4,4,3] {CONV} # input is INT8 without a scale and a zero point
CONV_2D: qi8[1,4,4,2] i8[3,2,2,2]! > qi8[1,4,4,3] {CONV} # filter is INT8 without a scale and a zero point
CONV_2D: qi8[1,4,4,2] qi8c[3,2,2,2]!@1 > qi8[1,4,4,3] {CONV} # filter has 2 scales; 1, or one for each of 3 channels
CONV_2D: qi16[1,4,4,2] qi8[3,2,2,2]! qi16[3]! > qi16[1,4,4,3] {CONV} # bias is INT16; INT32 or INT64 is supported for
CONV_2D: qi8[1,4,4,2] qi8[3,2,2,2]! > qi8(1e-30)[1,4,4,3] {CONV} fused_activation_function=RELU6 # the output's scale of
CUMSUM: f32[2,4] i32[]=2 > f32[2,4] # axis is 2; its input has 2 dimensions
DEPTH_TO_SPACE: f32[1,2,2,3] > f32[1,4,4,1] | block_size=2 # its block size is 2, whose square does not divide 3
DEPTHWISE_CONV_2D: f32[1,4,4,2] f32[1,2,2,2]! - > f32[1,4,4,2] {CONV} # bias is left out with -1, where the program
DEPTHWISE_CONV_2D: qi8[1,4,4,2] qi8[1,2,2,2]! > f32[1,4,4,2] {CONV} # output is FLOAT32; INT8, UINT8 or INT16 is
DEQUANTIZE: f16[2] > f32[2] # input is FLOAT16; INT8, INT16 or UINT8 is supported
DIV: i32[2] i32[2]=1,0 > i32[2] # divisor is a constant with a 0 in it
DYNAMIC_UPDATE_SLICE: f32[2,4] f32[2] i32[2]=0,1 > f32[2,4] # operand, update and start indices do not have the same
DYNAMIC_UPDATE_SLICE: f32[2,4] f32[3,4] i32[2]=0,1 > f32[2,4] # update is larger than the operand
EMBEDDING_LOOKUP: i32[2] f32[3]! > f32[2] # indices are not a list, or the table has fewer than 2 dimensions
EMBEDDING_LOOKUP: i32[2]=0,3 f32[3,4]! > f32[2,4] # an index is outside of the table's 3 rows
EMBEDDING_LOOKUP: i32[2] f32[3,4]! > i8[2,4] # output is INT8; FLOAT32 or the type of the table, FLOAT32, is supported
EMBEDDING_LOOKUP: i32[2] qi8(0.1,3)[3,4]! > f32[2,4] # table has zero point 3; 0 is supported
EMBEDDING_LOOKUP: i32[2] f32[3,4]! > f32[1,4] # output has shape [1, 4]; [2, 4] is needed
EQUAL: i8[2] qi8[2] > bool[2] # input 0's scale is 0; the program stops where it is not between 0 and 1
EXPAND_DIMS: f32[2,4] i32[1,2]=0,1 > f32[1,2,4] # axis is not one number
EXPAND_DIMS: f32[2,4] i32[]=0 > f32[2,1,4] # input has shape [2, 4] and output [2, 1, 4], which is no 1 at axis 0
FILL: i32[2]=2,4 f32[1]! > f32[2,4] # value is not a scalar of the output's element type
FILL: i32[2]=2,3 f32[]! > f32[2,4] # output has shape [2, 4]; [2, 3] is asked for
FULLY_CONNECTED: f32[2,4] qi8[3,4]! f32[3]! > f32[2,3] # input is FLOAT32 and filter INT8; weights of one type with
FULLY_CONNECTED: qi8[2,4] qi8[3,4]! qi32[3]! > qi8[2,3] # bias has scale 0.25, which is not the product of those of
FULLY_CONNECTED: qi8(-1)[2,4] qi8[3,4]! > qi8[2,3] # the product of input's and filter's scale is below 0
FULLY_CONNECTED: qi8(-1e30)[2,4] qi8(1e30)[3,4]! > qi8[2,3] # the product of input's and filter's scale is below 0
FULLY_CONNECTED: qi8[2,4] qi4c[3,4]! > qi8[2,3] # filter is INT4 with a scale for each channel; one scale is supported
GATHER: f32[2,4] i32[2]=0,2 > f32[2,4] | axis=0 # indices are 0 to 2; dimension 0 has 2
GATHER: f32[2,4] i32[2] > f32[2,4] | axis=2 # axis is 2; input has 2 dimensions
GATHER: f32[2,4] i32[3] > f32[2,4] | axis=1 batch_dims=1 # batch_dims is 1, which does not fit the indices
GATHER: i32[2,4] i32[2] > i32[2,4] # input is INT32; FLOAT32 or INT8 is supported
GATHER: f32[2,4] i32[0] > f32[0,4] # 'i1' has a dimension of size 0
GATHER_ND: f32[] i32[1] > f32[] # input or indices are a scalar
GATHER_ND: f32[2,4] i32[2,3] > f32[2] # indices are 3 deep; at most 2 is supported
GATHER_ND: f32[2,4] i32[1,2]=1,4 > f32[1] # constant indices reach outside of [2, 4]
HARD_SWISH: qi8(128)[2] > qi8(1)[2] # the scale of the input, 128, is 128 times that of the output, 1, or more
IF: bool[2] f32[2] > f32[2] # condition has 2 elements; 1 is supported
L2_POOL_2D: f32[1,4,4,2] > f32[1,4,4,2] | padding=SAME # a window of 0 with stride 0 leaves nothing of a height of 4
L2_POOL_2D: f32[1,4,4,2] > f32[1,4,4,2] | padding=VALID stride_w=1 stride_h=1 filter_width=5 filter_height=2 # a window
LOG_SOFTMAX: qi8[2] > qi8[2] # output has scale 0.25 and zero point 0; 0.0625 and 127 are supported
LOGISTIC: qi8[2] > qi8(0.00390625,0)[2] # output has zero point 0; -128 is supported for INT8
LOGISTIC: qi16(0.1,1)[2] > qi16[2] # zero points are 1 and 0; 0 is supported for INT16
LOGISTIC: qi16[2] > qi16(0.3)[2] # output has scale 0.3; 2^-15 is supported for INT16
MEAN: f32[2,4] i32[1]=2 > f32[2,1] # axis is 2; its input has 2 dimensions
MEAN: f32[1,4,4,2] i32[2]=1,2 > f32[1,4,1,2] | keep_dims=True # output has shape [1, 4, 1, 2]; 1 row and 1 column are
MIRROR_PAD: f32[2,4] i32[1,2]=0,0 > f32[2,6] # amounts have shape [1, 2]; [2, 2] is supported
PACK: f32[2] > f32[2,2] | values_count=2 # values_count is 2, and inputs are left out; the program stops
PAD: f32[2,4] i32[2,2]=0,0,1,0 > f32[2,6] # output has shape [2, 6]; [2, 5] is computed from the amounts as INT32
PAD: f32[2,4] i32[1,2]=0,0 > f32[2,6] # amounts are 2 numbers; two for each of 2 dimensions are supported
PAD: f32[1,1,1,1,1,1] i32[6,2]=0 > f32[1,1,1,1,1,1] # input has 6 dimensions; at most 5 are supported
PADV2: f32[2,4] i32[2,2]=0,0,1,1 i32[]! > f32[2,6] # the value to pad with is not one element of the input's type
PADV2: qi8[2,4] i32[2,2]=0,0,1,1 qi8(0.5)[]! > qi8[2,6] # the value to pad with differs from the output in scale
PRELU: qi16[4] qi16[4]! > qi16[4] # slope is INT16; INT8 is supported for INT16
PRELU: f32[1,1,2,2,4] f32[4]! > f32[1,1,2,2,4] # it has tensors of 5 dimensions; at most 4 are supported
QUANTIZE: f32[2] > qu8[2] # it makes UINT8 of FLOAT32, which is not supported
QUANTIZE: f32[2] > qi8c[2] # output is INT8 without one scale
QUANTIZE: - > qi8[2] # it has no input
REDUCE_MAX: qi8[2,4] i32[1]=1 > qi8(0.5)[2,1] # input and output have scales and zero points 0.25, 0 and 0.5, 0; equal
RESHAPE: f32[2] > # it has no output
RESHAPE: f32[2] > i32[2] # input is FLOAT32 and output INT32; one type is supported
RESHAPE: f32[2,4] > f32[7] # input has shape [2, 4] and output [7]; as many elements are supported
RESIZE_BILINEAR: f32[1,2,2,1] i32[2]=4,4 > f32[1,4,4,1] | align_corners=True half_pixel_centers=True # align_corners and
RESIZE_BILINEAR: qi8[1,2,2,1] i32[2]=4,0 > qi8[1,4,4,1] # size is [4, 0]; numbers above 0 are supported
RESIZE_NEAREST_NEIGHBOR: f32[1,2,2,1] i32[1]=4 > f32[1,4,4,1] # size has shape [1] and output 4 dimensions; [2] and 4 are
REVERSE_V2: f32[2,4] i32[3] > f32[2,4] # input has 2 dimensions and axes have shape [3]; up to 6, and no more axes
REVERSE_V2: f32[2,4] i32[1]=2 > f32[2,4] # axes are [2]; input has 2 dimensions
REVERSE_V2: f32[2,4,3] i32[2]=0,2 > f32[2,4,3] # axes are [0, 2]; ones that follow each other are supported
SELECT_V2: bool[2] f32[2,4] f32[] > f32[2,4] # its inputs have shapes [2], [2, 4], [], and its output [2, 4]
SELECT_V2: bool[2] f32[3] f32[] > f32[3] # its inputs have shapes [2], [3], [], and its output [3]
SOFTMAX: f32[] > f32[] # input is a scalar
SOFTMAX: qi8[2] > f32[2] # it makes FLOAT32 of INT8; FLOAT32, INT8, or INT16 of INT16 or INT8 is supported
SOFTMAX: qi8[2] > qi8[2] # output has scale 0.25 and zero point 0; 0.00390625 and -128 are supported
SOFTMAX: qi16(0.1,1)[2] > qi16(0.000030517578125)[2] # input has zero point 1; 0 is supported
SOFTMAX: qi8(1e-9)[2] > qi8(0.00390625,-128)[2] | beta=1.0 # the input's scale of 1e-09 is 2^-26 or less, where
SPACE_TO_DEPTH: f32[1,3,4,1] > f32[1,2,2,4] | block_size=2 # its block size is 2, which does not divide [3, 4]
SPLIT: i32[] f32[2,4] > f32[2,2] f32[2,2] # axis is not constant
SPLIT: i32[]=0 f32[] > f32[] # axis is 0; its input has 0 dimensions
SPLIT: - f32[2,4] > f32[2,2] # it has no axis
SQUARED_DIFFERENCE: qi16(0.1,1)[2] qi16[2] > qi16[2] # input 0 has zero point 1; 0 to 0 is supported
SQUARED_DIFFERENCE: i8[2] qi8[2] > qi8[2] # input 0's scale over twice the larger one is 0; the program stops
SQUEEZE: f32[2,1,4] > f32[2,4] | squeeze_dims=[0] # squeeze_dims are [0], which are not all of size 1 in [2, 1, 4]
SQUEEZE: f32[2,1,4] > f32[2,3] # output has shape [2, 3]; [2, 4] is computed, and the program stops
SQUEEZE: f32[2,1,4] > f32[2,5] # input has 32 bytes and output 40; as many are supported
SQUEEZE: f32[1,1,1,1,1,1,1,1,1] > f32[] # input has 9 dimensions; at most 8 are supported
STRIDED_SLICE: f32[2,4] i32[1]=0 i32[2]=2,3 i32[2]=1,1 > f32[2,2] # begin, end or strides have fewer numbers than the
STRIDED_SLICE: f32[2,4] i32[2]=0,1 i32[2]=2,3 i32[2]=1,0 > f32[2,2] # a stride is 0
STRIDED_SLICE: f32[2,4] i32[2]=0,1 i32[2]=2,3 i32[2]=1,1 > f32[2,4] # output has shape [2, 4]; [2, 2] is computed
SVDF: f32[2,3] f32[4,3]! f32[4,5]! f32[4]! > f32[2,4] # it has 4 inputs; 5 are supported
SVDF: f32[2,3] f32[4,3]! f32[4,5]! - f32[2,20]* > f32[2,4] # its input, weights, bias or state is left out
SVDF: f32[3] f32[4,3]! f32[4,5]! f32[4]! f32[2,20]* > f32[2,4] | rank=1 # a tensor does not have 2 dimensions
SVDF: f32[2,3] f32[4,3]! f32[4,5]! f32[4]! f32[2,20]* > f32[2,4] | rank=3 # rank is 3, which does not divide 4 filters
SVDF: f32[2,3] f32[4,3]! f32[4,5]! f32[4]! f32[2,20] > f32[2,4] | rank=1 # state is not a variable
SVDF: f32[2,3] f32[4,3]! f32[4,5]! f32[4]! f32[2,21]* > f32[2,4] | rank=1 # its shapes do not fit each other
SVDF: f32[2,3] f32[4,3]! f32[4,5]! f32[3]! f32[2,20]* > f32[2,4] | rank=1 # bias has shape [3]; [4] is supported
SVDF: f32[2,3] qi8[4,3]! qi8[4,5]! f32[4]! f32[2,20]* > f32[2,4] | rank=1 # its types are FLOAT32, INT8, INT8, FLOAT32
SVDF: qi8[2,3] qi8[4,3]! qi16[4,5]! qi32[4]! qi16[2,20]* > qi8[2,4] | rank=1 # bias has scale 0.25; the product of
TRANSPOSE: f32[2,4] i32[2]=1,2 > f32[4,2] # permutation is [1, 2] for 2 dimensions
TRANSPOSE_CONV: i32[4]=1,4,4,3 qi8[3,2,2,2]! f32[1,4,4,2] > f32[1,4,4,3] {CONV} # input is FLOAT32 and filter INT8
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] > f32[1,2,4] # it has 1 inputs; 24 are supported
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {PEEPHOLE} > f32[1,2,4] # it has peepholes, which are not supported
UNIDIRECTIONAL_SEQUENCE_LSTM: - {GATES} {STATES} > f32[1,2,4] # a gate's weights or bias, or a state, is left out
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {GATES} - - f32[1,4] f32[1,4]* - - - - > f32[1,2,4] # a state is not a variable
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {GATES} {STATES} > i8[1,2,4] # input, output and output state differ in element
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {MIXED} > f32[1,2,4] # its weights, or its biases, differ in element type
UNIDIRECTIONAL_SEQUENCE_LSTM: qi8[1,2,3] {NARROW_CELL} > qi8[1,2,4] # it has INT8 input, INT8 weights, INT8 cell state
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[2,3] {GATES} {STATES} > f32[1,2,4] # input and output do not have 3 dimensions
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,5] {GATES} {STATES} > f32[1,2,4] # input weights do not have shape [4, 5]
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {NARROW} > f32[1,2,4] # recurrent weights do not have shape [4, 4]
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {SHORT} > f32[1,2,4] # biases do not have shape [4]
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {GATES} {STATES} > f32[1,2,4] | time_major=True # a state does not have 2 x 4
UNIDIRECTIONAL_SEQUENCE_LSTM: f32[1,2,3] {GATES} {STATES} > f32[1,2,5] # output has shape [1, 2, 5]; [1, 2, 4] is made
SignalStacker: i16[4] > i16[4] bool[1] # output 1 has 1 dimensions; 0 are supported
CIRCULAR_BUFFER: i8[1,2,2,3] > i8[1,5,2,3] # input has shape [1, 2, 2, 3] and output [1, 5, 2, 3]; 4 dimensions
TFLite_Detection_PostProcess: f32[9,4] f32[1,9,3] f32[9,4]! > f32[1] f32[1] f32[1] f32[1] # boxes, scores and anchors do
TFLite_Detection_PostProcess: f32[2,9,4] f32[1,9,3] f32[9,4]! > f32[1] f32[1] f32[1] f32[1] # boxes have shape [2, 9, 4]
ethos-u: f32[1] > f32[1] # it runs in builds with the driver of the Ethos-U alone, and the reference build has none
"""
NAMES = {
    "CONV": CONV, "POOL": POOL, "GATES": GATES, "EIGHT": EIGHT, "STATES": STATES, "TEN": " ".join(["f32[1]"] * 10),
    "PEEPHOLE": f"{GATES.replace('- - -', 'f32[4]! - -', 1)} {STATES}",
    "MIXED": f"{GATES.replace('f32[4,3]!', 'qi8[4,3]!', 1)} {STATES}",
    "CHANNELS": EIGHT.replace("qi8[4,3]", "qi8c[4,3]"),
    "NARROW_CELL": f"{EIGHT} - - qi8[1,4]* qi8[1,4]* - - - -",
    "NARROW": f"{GATES.replace('f32[4,4]!', 'f32[4,3]!')} {STATES}",
    "SHORT": f"{GATES.replace('f32[4]!', 'f32[3]!')} {STATES}",
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
    assert "90b983c2" in TARGET.source.text


def test_scales_along_another_dimension_of_the_right_size_are_taken_as_the_kernel_does() -> None:
    def conv(axis: int) -> str:
        g = GraphBuilder()
        x = g.input("x", [1, 4, 4, 2], "INT8", scale=0.1)
        w = g.constant("w", np.ones((3, 3, 2, 2), np.int8), scale=[0.1] * 3, axis=axis)
        g.output(
            g.op("CONV_2D", [x, w], g.tensor("y", [1, 4, 4, 3], "INT8", scale=0.1), {"stride_w": 1, "stride_h": 1})
        )
        return verdict(g).reason

    assert conv(1) == ""
    assert conv(2) == "CONV_2D: filter has a scale for each slice of dimension 2; dimension 0 is supported"


def test_scales_of_a_gate_or_filter_that_are_not_along_their_dimension_are_refused() -> None:
    g = GraphBuilder()
    x = g.input("x", [2, 4], "INT8", scale=0.1)
    w = g.constant("w", np.ones((3, 4), np.int8), scale=[0.1] * 3, axis=1)
    g.op("FULLY_CONNECTED", [x, w], g.tensor("y", [2, 3], "INT8", scale=0.1), {})
    assert verdict(g).reason == "FULLY_CONNECTED: filter has 3 scales on dimension 1 of [3, 4]"
    text = f"qi8[1,2,3] {NAMES['EIGHT']} - - qi8[1,4]* qi16[1,4]* - - - - > qi8[1,2,4]"
    built = SINGLE.parse("UNIDIRECTIONAL_SEQUENCE_LSTM", text)
    inputs = [None if slot is None else SINGLE.typed(slot, slot.role) for slot in built.inputs]
    inputs[2] = SINGLE.replace(inputs[2], scale=(0.25,) * 3, axis=0)
    outputs = tuple(SINGLE.typed(slot, slot.role) for slot in built.outputs)
    made = SINGLE.build(SINGLE.replace(built, inputs=tuple(inputs), outputs=outputs))
    assert verdict(made).reason.endswith("weights 2 have 3 scales on dimension 0 of [4, 3]")


def test_the_op_version_plays_no_part() -> None:
    assert verdict(SINGLE.single("RELU", "f32[2] > f32[2]", version=9)).supported


def test_an_element_type_that_is_newer_is_unknown() -> None:
    for kind, ins in (("RELU", 1), ("CONV_2D", 2)):
        g = GraphBuilder()
        tensors = [g.input(f"x{n}", [1, 4, 4, 1]) for n in range(ins)]
        g.output(g.op(kind, tensors, g.tensor("y", [1, 4, 4, 1])))
        for tensor in g.graph["tensors"]:
            tensor["type"] = 99
        assert verdict(g).supported is None
        assert "newer than tflint" in verdict(g).reason


def test_a_constant_in_another_file_is_unknown() -> None:
    g = GraphBuilder()
    x, axis = g.input("x", [2, 4]), g.tensor("axis", [], "INT32", external_buffer=1)
    g.output(g.op("EXPAND_DIMS", [x, axis], g.tensor("y", [1, 2, 4]), {}))
    assert verdict(g).reason == "EXPAND_DIMS: axis is not one number"
    g = GraphBuilder()
    split, value = g.tensor("axis", [], "INT32", external_buffer=1), g.input("x", [2, 4])
    g.op("SPLIT", [split, value], [g.tensor("a", [1, 4]), g.tensor("b", [1, 4])], {"num_splits": 2})
    assert verdict(g).supported is None
    assert verdict(g).reason == "SPLIT: axis lives in another file"


def test_constants_with_too_few_bytes_are_not_read() -> None:
    g = GraphBuilder()
    x = g.input("x", [2, 4])
    order = g.tensor("order", [2], "INT32", buffer=g.buffer(b"\1"))
    g.op("TRANSPOSE", [x, order], g.tensor("y", [4, 2]), {})
    assert verdict(g).reason == "TRANSPOSE: permutation is None for 2 dimensions"
    g = GraphBuilder()
    x, divisor = g.input("x", [2]), g.tensor("d", [2], buffer=g.buffer(b"\1"))
    g.op("FLOOR_DIV", [x, divisor], g.tensor("y", [2]), {})
    assert verdict(g).supported


def test_custom_and_builtin_ops_are_told_apart() -> None:
    g = GraphBuilder()
    x = g.input("x", [2])
    g.op("Relu", [x], g.tensor("y", [2]))
    g.tables["operator_codes"][0]["custom_code"] = "RELU"
    assert verdict(g).reason == "RELU: it is a custom op of that name"


def test_builtin_ops_have_no_custom_options_and_no_filled_intermediates() -> None:
    def relu(**more: Any) -> str:
        g = GraphBuilder()
        x, inner = g.input("x", [2]), g.tensor("inner", [2])
        g.op(
            "RELU",
            [x],
            g.tensor("y", [2]),
            **{key: [inner] if key == "intermediates" else value for key, value in more.items()},
        )
        return verdict(g).reason

    assert relu(custom_options=b"\1") == "RELU: it has custom options, which only a custom op may have"
    assert relu(intermediates=True) == "RELU: intermediate tensor 'inner' has 2 elements; 0 are supported"


def test_sizes_of_0_are_sizes_that_are_not_known() -> None:
    assert said("RELU", "f32[2,0] > f32[2,0]") == "'o0' has a dimension of size 0"
    assert said("RELU", "f32[0] > f32[0]") == ""


WORKER = """
import sys
import numpy as np
from tflite_micro.python.tflite_micro import runtime

for line in sys.stdin:
    try:
        interpreter = runtime.Interpreter.from_bytes(bytes.fromhex(line.strip()), arena_size=1 << 20)
        number = 0
        while True:
            try:
                details = interpreter.get_input_details(number)
            except Exception:
                break
            interpreter.set_input(np.ones(details["shape"], details["dtype"]), number)
            number += 1
        interpreter.invoke()
        print(1, flush=True)
    except Exception:
        print(0, flush=True)
"""
NEEDS_MORE = frozenset(
    "ASSIGN_VARIABLE READ_VARIABLE CALL_ONCE IF WHILE TFLM_DECODE TFLite_Detection_PostProcess ethos-u".split()
)
"""Ops that a model of one op does not run: they need variables, other graphs, or options that are a flexbuffer."""


@pytest.mark.skipif(find_spec("tflite_micro") is None, reason="asks tflite-micro")
@pytest.mark.parametrize("taken", [True, False])
def test_the_interpreter_says_the_same(taken: bool) -> None:  # pragma: no cover: needs tflite-micro
    differ = []
    for kind, text, _ in rows(TAKEN if taken else REFUSED):
        if kind in NEEDS_MORE or kind.startswith("Signal") or "f16" in text or "i4[2,1" in text:
            continue
        asked = SINGLE.single(kind, text).hex()
        worker = [sys.executable, "-c", WORKER]
        answer = subprocess.run(worker, input=asked, capture_output=True, text=True, check=False)
        if (answer.stdout.strip() == "1") is not taken:
            differ.append((kind, text))
    assert differ == []
