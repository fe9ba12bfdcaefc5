"""What LiteRT's GPU accelerator says of single ops, of graphs and of models."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers

from op_lines import add, said, single, tensors
from tflint.analysis.placement import place
from tflint.model import DType, Format, Model, QuantParams, Sparsity
from tflint.target import Kind
from tflint.testing import GraphBuilder, model
from tflint_rules.targets.tables import gpu_mldrift_layout as layout
from tflint_rules.targets.tables import gpu_mldrift_ops as ops
from tflint_rules.targets.tables.gpu_graph import unsized
from tflint_rules.targets.tables.gpu_mldrift import TARGET

CONV: dict[str, Any] = {"stride_w": 1, "stride_h": 1}
DEPTHWISE: dict[str, Any] = {**CONV, "depth_multiplier": 1}
POOL: dict[str, Any] = {**CONV, "filter_width": 2, "filter_height": 2, "padding": "VALID"}
SIGN: dict[str, Any] = {"fused_activation_function": "SIGN_BIT"}
TANH: dict[str, Any] = {"fused_activation_function": "TANH"}
BASIC: dict[str, Any] = {**TANH, "kernel_type": "BASIC"}
FOUR = "f32[1,4,4,2]"
ABORTS = ", at which the accelerator aborts"
STATES = "f32[1,4] f32[1,4]"
FULL = f"f32[1,3] {'c:f32[4,3] ' * 4}{'c:f32[4,4] ' * 4}- - - {'c:f32[4] ' * 4}- - {STATES} {'c:f32[4] ' * 4}".strip()
FLAT = "c:i32[4]=0,0,0,0"

ACCEPTED: list[tuple[Any, ...]] = [
    ("ABS", "i16[4]", "i16[4]", None, 5),
    ("ADD", f"{FOUR} {FOUR}", FOUR, TANH, 6),
    ("ADD", "f32[1,4] f32[3,1,4]", "f32[3,1,4]", {}),
    ("ADD", "bf16[4] c:f32[]", "bf16[4]", {}),
    ("ADD", "i32[4] c:i32[]", "i32[4]", {}),
    ("ADD", "i8@1[4] c:i8@1[4]", "i8@1[4]", {}),
    ("ADD_N", "f32[4] f32[4]", "f32[4]"),
    ("ARG_MAX", "i32[1,4] c:i32[]=1", "i32[1]"),
    ("ATAN2", "f32[4] f32[4]", "f32[4]", None, 2),
    ("AVERAGE_POOL_2D", FOUR, "f32[1,2,2,2]", POOL, 2),
    ("MAX_POOL_2D", "f32[1,1,1,2]", "f32[1,1,1,2]", {**POOL, "padding": "SAME"}),
    ("BATCH_MATMUL", "f32[1,2,3,4] f32[1,2,4,5]", "f32[1,2,3,5]", {}),
    ("BATCH_MATMUL", "f32[3,4] c:f16[4,5]", "f32[3,5]", {}),
    ("BITCAST", "f32[4]", "i32[4]"),
    ("CAST", "bool[4]", "u16[4]"),
    ("CONCATENATION", "bool[2,4] c:bool[2,4]", "bool[4,4]", {}, 6),
    ("CONCATENATION", "f32[1,2,3,4] f32[5,2,3,4]", "f32[6,2,3,4]", {}),
    ("CONV_2D", f"{FOUR} c:i8@4[4,3,3,2] c:f32[4]", "f32[1,4,4,4]", CONV, 6),
    ("CONV_2D", f"{FOUR} f32[4,3,3,2] c:f32[4]", "f32[1,4,4,4]", CONV),
    ("CUMSUM", "f32[4] c:i32[]", "f32[4]", {}),
    ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2] c:f32[2]", FOUR, DEPTHWISE),
    ("DEPTHWISE_CONV_2D", f"{FOUR} f32[1,3,3,2] c:f32[2]", FOUR, DEPTHWISE),
    ("DEPTH_TO_SPACE", "f32[1,2,2,4]", "f32[1,4,4,1]", {"block_size": 2}),
    ("DEQUANTIZE", "i8@1[4]", "f32[4]", None, 3),
    ("DEQUANTIZE", "c:i8@1[4,4]", "f32[4,4]"),
    ("DEQUANTIZE", "c:f16[4]", "f32[4]"),
    ("DEQUANTIZE", "c:f16[1,1,1,1,4]", "f32[1,1,1,1,4]"),
    ("DYNAMIC_UPDATE_SLICE", "f32[1,4,4] f32[1,2,4] i32[3]", "f32[1,4,4]"),
    ("EMBEDDING_LOOKUP", "i32[3] c:f32[8,4]", "f32[3,4]"),
    ("EMBEDDING_LOOKUP", "i32[3] c:i4@8[8,4]", "f32[3,4]"),
    ("EQUAL", "u32[4] u32[4]", "bool[4]", None, 2),
    ("FULLY_CONNECTED", "f32[2,4] c:i8@8[8,4] c:f32[8]", "f32[2,8]", {}, 14),
    ("FULLY_CONNECTED", "f32[2,4] c:f32[8,4] -", "f32[2,8]", {}),
    ("FULLY_CONNECTED", "f32[2,4] f32[8,4]", "f32[2,8]", {}),
    ("GATHER", "c:bool[4] i32[2]", "bool[2]", {}, 9),
    ("HARD_SWISH", "f32[4]", "f32[4]", None, 9),
    ("LOGICAL_NOT", "bool[4]", "bool[4]"),
    ("LOGICAL_OR", "i8[4] i8[4]", "i8[4]"),
    (
        "LSTM",
        f"f32[1,3] f32[1,4] c:f32[16,7] c:f32[16] {STATES.split(maxsplit=1)[0]}",
        f"{STATES} f32[1,7] f32[1,16]",
        BASIC,
    ),
    ("LSTM", FULL, "f32[1,4]", TANH, 4),
    ("LSTM", FULL.replace("c:f32[4,3]", "-", 1), "f32[1,4]", TANH),
    ("LSTM", FULL.replace("- - - c", "c:f32[4] c:f32[4] c:f32[4] c", 1), "f32[1,4]", TANH),
    ("LSTM", FULL.replace("c:f32[4,3]", "c:i8@1[4,3]"), "f32[1,4]", TANH),
    ("MEAN", f"{FOUR} c:i32[2]=1,-2", "f32[1,2]", {}, 9),
    ("MUL", "f32[4] f32[4]", "f32[4]", {}, 8),
    ("ONE_HOT", "i32[3] c:i32[] c:f32[] c:f32[]", "f32[3,4]", {"axis": -1}),
    ("ONE_HOT", "i32[3,2] c:i32[] c:f32[] c:f32[]", "f32[3,2,4]", {"axis": 2}),
    ("PACK", "f32[4] c:i32[4]", "f32[2,4]", {"axis": -2}),
    ("PACK", "bool[4]", "bool[1,4]", {}),
    ("PADV2", f"{FOUR} c:i32[4,2] c:f32[]", FOUR, None, 5),
    ("PAD", "bool[1,4,4,2] c:i32[4,2]", "bool[1,4,4,2]"),
    ("PRELU", f"{FOUR} c:f32[1,1,2]", FOUR),
    ("PRELU", f"{FOUR} c:f32[4,4,2]", FOUR),
    ("QUANTIZE", "f32[4]", "u8@1[4]", None, 2),
    ("REDUCE_ALL", "bool[4] c:i32[1]", "bool[]", {}),
    ("RELU", "f32[4]", "f32[4]", None, 2),
    ("RESHAPE", "i32[4] c:i32[0]", "i32[4]"),
    ("RESIZE_BILINEAR", f"{FOUR} c:i32[2]", FOUR, {}, 3),
    ("REVERSE_V2", "u32[4] c:i32[1]", "u32[4]"),
    ("RIGHT_SHIFT", "i16[4] i16[4]", "i16[4]"),
    ("SELECT", "c:bool[3] f32[2,3] c:f32[]", "f32[2,3]"),
    ("SELECT_V2", "f32[4] i32[4] i32[1]", "i32[4]"),
    ("SLICE", "bool[2,4] c:i32[2]=0,1 c:i32[2]=-1,3", "bool[2,3]", None, 8),
    ("SLICE", "f32[4] c:i32[1]=1 c:i32[1]=2", "f32[2]"),
    ("SLICE", "f32[2,3,4] c:i32[3]=0,0,1 c:i32[3]=2,3,-1", "f32[2,3,3]"),
    ("SLICE", "f32[2,3,4,5] c:i32[3]=0,1,0 c:i32[3]=-1,2,5", "f32[2,3,2,5]"),
    ("SOFTMAX", "f32[4]", "f32[4]", {"beta": 1.0}, 4),
    ("SPACE_TO_DEPTH", "f32[1,4,4,1]", "f32[1,2,2,4]", {"block_size": 2}, 2),
    ("SPLIT", "c:i32[]=-1 f32[2,4]", "f32[2,2] f32[2,2]", {"num_splits": 2}, 9),
    ("SPLIT", "f32[1] f32[2,4]", "f32[2,4]", {"num_splits": 1}),
    ("SPLIT_V", "f32[2,4] c:i32[2]=1,3 c:i32[]=1", "f32[2,1] f32[2,3]", {"num_splits": 2}),
    ("SPLIT_V", "f32[2,4] c:i32[1]=4 c:i32[]=9", "f32[2,4]", {"num_splits": 1}),
    ("STABLEHLO_BROADCAST_IN_DIM", "bool[1,4] c:i32[2]=1,2", "bool[2,3,4]"),
    ("STABLEHLO_CBRT", "bf16[4]", "bf16[4]"),
    ("STABLEHLO_CLAMP", "f32[] f32[4] f32[]", "f32[4]"),
    ("STABLEHLO_REMAINDER", "i32[4] i32[4]", "i32[4]"),
    ("STABLEHLO_SHIFT_LEFT", "i8[4] i8[4]", "i8[4]"),
    ("STRIDED_SLICE", f"{FOUR} {FLAT} c:i32[4]=1,-1,4,2 c:i32[4]=1,1,2,1", "f32[1,3,2,2]", {}, 2),
    ("STRIDED_SLICE", "f32[2,4] c:i32[1]=-3 c:i32[1]=-1 c:i32[1]=1", "f32[2,2]", {}),
    ("STRIDED_SLICE", "f32[4] c:i32[1]=2 c:i32[1]=3 c:i32[1]=1", "f32[4]", {"begin_mask": 1, "end_mask": 1}),
    ("TILE", "i16[1,4] c:i32[2]", "i16[1,4]"),
    ("TOPK_V2", "f32[4] c:i32[]=2", "f32[2] i32[2]"),
    ("TRANSPOSE", "bool[2,4] c:i32[2]=1,0", "bool[4,2]", None, 9),
    ("TRANSPOSE_CONV", f"{FLAT} c:f32[2,3,3,2] {FOUR} c:f32[2]", FOUR, CONV, 3),
    ("TRANSPOSE_CONV", f"{FLAT} f32[2,3,3,2] {FOUR}", FOUR, CONV),
    ("UNPACK", "f32[2,4]", "f32[4] f32[4]", {"num": 2}),
    ("UNPACK", "f32[1,4]", "f32[4]", {"num": 1, "axis": 7}),
    ("custom_call.PixelShuffle", FOUR, FOUR),
    ("custom_call.RmsNorm", f"{FOUR} c:f32[2]", FOUR),
    ("custom_call.LayerNorm", f"{FOUR} c:f32[2] c:f32[2]", FOUR),
    ("custom_call.GroupNorm", FOUR, FOUR),
    ("custom_call.absolute_positional_embedding", "f32[1,2,4] f32[1,2,4]", "f32[1,2,4]"),
    ("custom_call.rotary_positional_embedding", "f32[1,2,4] f32[1,2,1]", "f32[1,2,4]"),
    ("Resampler", f"{FOUR} f32[1,2,2,2]", "f32[1,2,2,2]"),
    ("odml.rope", "f32[1,2,4] f32[1,2,4] i32[2]", "f32[1,2,4] f32[1,2,4]"),
    ("odml.cache_update", "f32[4] f32[4] i32[4]", "f32[4] f32[4]"),
    ("odml.sdpa_transposed", "f32[4] f32[4] f32[4]", "f32[4]"),
]

REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("BITWISE_XOR is not among the ops of gpu-mldrift", ("BITWISE_XOR", "bool[4] bool[4]", "bool[4]")),
    ("SUB has version 3; gpu-mldrift knows versions 1 to 2", ("SUB", "f32[4] f32[4]", "f32[4]", {}, 3)),
    ("an input is INT32; FLOAT32, FLOAT16, UINT8, BOOL, INT8, INT4 or INT2 is supported", ("RELU", "i32[4]", "i32[4]")),
    ("an output is BOOL; FLOAT32, FLOAT16, UINT8 or INT8 is supported", ("RELU", "bool[4]", "bool[4]")),
    ("an input has 5 dimensions; up to 4 are supported", ("RELU", "f32[1,1,1,1,4]", "f32[1,1,1,1,4]")),
    ("an output has 5 dimensions; up to 4 are supported", ("RESHAPE", "f32[4] c:i32[5]", "f32[1,1,1,1,4]")),
    (f"its output is empty{ABORTS}", ("RELU", "f32[0,4]", "f32[0,4]")),
    (f"its output is empty{ABORTS}", ("MAX_POOL_2D", "f32[1,1,1,2]", "f32[1,1,1,2]", POOL)),
    (f"its output is empty{ABORTS}", ("FULLY_CONNECTED", "f32[1,1] c:f32[8,4]", "f32[1,8]", {})),
    ("its input has 4 scales; one is supported", ("RELU", "i8@4[4]", "i8@1[4]")),
    ("its output has 4 scales; one is supported", ("RELU", "i8@1[4]", "i8@4[4]")),
    ("its inputs have shapes [2, 4] and [3], which do not broadcast", ("SUB", "f32[2,4] f32[3]", "f32[2,4]", {})),
    ("one of its inputs is a scalar that is not constant", ("MUL", "f32[4] f32[]", "f32[4]", {})),
    ("one of its outputs is a scalar that is not constant", ("SUB", "f32[1,1] f32[1]", "f32[]", {})),
    ("its second input has 4 scales; one is supported", ("SUB", "i8@1[4] i8@4[4]", "i8@1[4]", {})),
    ("its constant input is one INT64; a float or an INT32 is supported", ("EQUAL", "f32[4] c:i64[]", "bool[4]")),
    ("0 of its inputs are not constant; 1 is supported", ("ADD", "c:f32[4] c:f32[4]", "f32[4]", {})),
    ("one of its inputs is left out", ("ADD", "f32[4] -", "f32[4]", {})),
    ("it has 2 outputs; 1 is supported", ("CAST", "f32[4]", "i32[4] i32[4]")),
    ("it has no input", ("PACK", "-", "f32[1,4]", {})),
    (f"its second input is a constant of INT64{ABORTS}", ("EQUAL", "f32[4] c:i64[4]", "bool[4]")),
    ("its first input is a constant of INT8 without a scale", ("SUB", "c:i8[4] f32[4]", "f32[4]", {})),
    (f"an input is INT8 without a scale{ABORTS}", ("ADD", "i8[4] i8[4]", "i8@1[4]", {})),
    ("its fused activation is SIGN_BIT", ("ADD", "f32[4] f32[4]", "f32[4]", SIGN)),
    ("its axis is a constant of INT64; INT32 is supported", ("ARG_MAX", "f32[4] c:i64[]", "i32[]")),
    ("its axis has shape [2], which cannot be read as scalar", ("ARG_MAX", "f32[4] c:i32[2]", "i32[]")),
    ("its axis is 1, and its input has 1 dimensions", ("ARG_MAX", "f32[4] c:i32[]=1", "i32[]")),
    ("0 of its inputs are constant or left out; 1 is supported", ("ARG_MAX", "f32[4]", "i32[]")),
    ("0 of its inputs are not constant; 1 or 2 are supported", ("BATCH_MATMUL", "c:f32[4,4] c:f32[4,4]", "f32[4,4]")),
    ("its left input is constant", ("BATCH_MATMUL", "c:f32[3,4] f32[4,5]", "f32[3,5]")),
    ("its left input has 3 scales; one is supported", ("BATCH_MATMUL", "i8@3[3,4] c:i8@1[4,5]", "i8@1[3,5]")),
    (
        "its right input is a constant of 1 dimensions; 2 to 4 are supported",
        ("BATCH_MATMUL", "f32[3,4] c:f32[4]", "f32[3]"),
    ),
    ("its right input is a constant of INT32 without a scale", ("BATCH_MATMUL", "f32[3,4] c:i32[4,5]", "f32[3,5]")),
    ("it has 2 inputs; at most 1 are supported", ("CAST", "f32[4] f32[4]", "i32[4]")),
    ("its inputs differ in more than one dimension", ("CONCATENATION", "f32[1,2,3,4] f32[2,3,4,5]", "f32[9]", {})),
    (f"its input is a constant of INT16{ABORTS}", ("CONCATENATION", "i16[4] c:i16[4]", "i16[8]", {})),
    ("its input has 2 scales; one is supported", ("CONCATENATION", "i8@2[2,4] i8@2[2,4]", "i8@1[4,4]", {})),
    ("it has 2 outputs; 1 is supported", ("CONCATENATION", "f32[4] f32[4]", "f32[4] f32[4]", {})),
    ("its input is constant", ("CONV_2D", "c:f32[1,4,4,2] f32[2,3,3,2]", FOUR, CONV)),
    ("it has no filter", ("CONV_2D", f"{FOUR} - c:f32[2]", FOUR, CONV)),
    ("its filter has 4 scales; one is supported", ("CONV_2D", f"{FOUR} i8@4[4,3,3,2]", "f32[1,4,4,4]", CONV)),
    ("its filter is a constant of BFLOAT16", ("CONV_2D", f"{FOUR} c:bf16[4,3,3,2]", "f32[1,4,4,4]", CONV)),
    (f"its bias is not constant{ABORTS}", ("CONV_2D", f"{FOUR} c:f32[4,3,3,2] f32[4]", "f32[1,4,4,4]", CONV)),
    ("its bias is a constant of INT32 without a scale", ("CONV_2D", f"{FOUR} c:f32[4,3,3,2] c:i32[4]", FOUR, CONV)),
    ("its input has 2 scales; one is supported", ("CONV_2D", "i8@2[2,4,4,2] c:f32[2,3,3,2]", FOUR, CONV)),
    (f"its input is constant{ABORTS}", ("CUMSUM", "c:f32[4] c:i32[]", "f32[4]", {})),
    ("its filter is a constant of INT64", ("DEPTHWISE_CONV_2D", f"{FOUR} c:i64[1,3,3,2]", FOUR, DEPTHWISE)),
    (
        "its input has 2 scales; one is supported",
        ("DEPTHWISE_CONV_2D", "i8@2[1,4,4,2] c:f32[1,3,3,2]", FOUR, DEPTHWISE),
    ),
    ("its input has no scale", ("DEQUANTIZE", "f16[4]", "f32[4]")),
    ("its input has 4 scales; one is supported", ("DEQUANTIZE", "i8@4[4]", "f32[4]")),
    (f"its input is INT4{ABORTS}", ("DEQUANTIZE", "i4@1[4]", "f32[4]")),
    ("its input is a constant of 1 dimensions; 2 to 4 are supported", ("DEQUANTIZE", "c:i8@1[4]", "f32[4]")),
    (
        "its start indices are constant; others are supported",
        ("DYNAMIC_UPDATE_SLICE", "f32[4] f32[2] c:i32[1]", "f32[4]"),
    ),
    (f"its update is constant{ABORTS}", ("DYNAMIC_UPDATE_SLICE", "f32[4] c:f32[2] i32[1]", "f32[4]")),
    ("its output has 0 dimensions; 1 to 4 are supported", ("DYNAMIC_UPDATE_SLICE", "f32[4] f32[2] i32[1]", "f32[]")),
    (
        "its update has shape [5] and its operand [4]; no larger ones are supported",
        ("DYNAMIC_UPDATE_SLICE", "f32[4] f32[5] i32[1]", "f32[4]"),
    ),
    ("its table has no scale", ("EMBEDDING_LOOKUP", "i32[3] c:i8[8,4]", "f32[3,4]")),
    (
        "its table has shape [8, 2, 2]; two dimensions are supported",
        ("EMBEDDING_LOOKUP", "i32[3] c:i8@1[8,2,2]", "f32[3,2,2]"),
    ),
    ("its table has 4 dimensions; 2 are supported", ("EMBEDDING_LOOKUP", "i32[3] c:i8@1[8,1,1,4]", "f32[3,1,1,4]")),
    (f"its table is not constant{ABORTS}", ("EMBEDDING_LOOKUP", "i32[3] f32[8,4]", "f32[3,4]")),
    (f"its index is constant{ABORTS}", ("EMBEDDING_LOOKUP", "c:i32[3] c:f32[8,4]", "f32[3,4]")),
    ("it has no filter", ("FULLY_CONNECTED", "f32[2,4] -", "f32[2,8]", {})),
    ("its input has 2 scales; one is supported", ("FULLY_CONNECTED", "i8@2[2,4] c:i8@1[8,4]", "i8@1[2,8]", {})),
    (
        "its filter is UINT8; INT8, INT4 or INT2 is supported",
        ("FULLY_CONNECTED", "f32[2,4] c:u8@1[8,4]", "f32[2,8]", {}),
    ),
    ("its filter is a constant of INT8 without a scale", ("FULLY_CONNECTED", "f32[2,4] c:i8[8,4]", "f32[2,8]", {})),
    (
        "its filter is not constant and has 8 scales; one is supported",
        ("FULLY_CONNECTED", "f32[2,4] i8@8[8,4]", "f32[2,8]", {}),
    ),
    (
        "its input is INT8 and its output FLOAT32; equal types are supported",
        ("GATHER", "i8@1[4] i32[2]", "f32[2]", {}),
    ),
    ("its table has 4 scales; one is supported", ("GATHER", "i8@4[4] i32[2]", "i8@1[2]", {})),
    (
        "its filter is not constant",
        ("LSTM", f"f32[1,3] {STATES} c:f32[4] c:f32[4]", f"{STATES} f32[1,7] f32[1,16]", BASIC),
    ),
    ("it has no input 19", ("LSTM", " ".join(20 * ["-"]), "f32[1,4]", TANH)),
    ("it has no layer normalization of the input gate", ("LSTM", FULL[:-36] + " - - - -", "f32[1,4]", TANH)),
    ("it has no filter of the forget gate", ("LSTM", FULL.replace("c:f32[4,3]", "-", 2), "f32[1,4]", TANH)),
    ("its axis is 4, and its input has 4 dimensions", ("MEAN", f"{FOUR} c:i32[2]=0,4", "f32[]", {})),
    ("its input has 4 scales; one is supported", ("MEAN", "i8@4[4] c:i32[1]", "i8@1[]", {})),
    ("it has 3 inputs; at least 4 are supported", ("ONE_HOT", "i32[3] c:i32[] c:f32[]", "f32[3,4]", {})),
    ("its axis is 0; -1 is supported", ("ONE_HOT", "i32[3] c:i32[] c:f32[] c:f32[]", "f32[4,3]", {"axis": 0})),
    (
        "its indices have 3 channels; 1 is supported",
        ("ONE_HOT", "i32[1,1,1,3] c:i32[] c:f32[] c:f32[]", "f32[]", {"axis": -1}),
    ),
    (f"its off value is not constant{ABORTS}", ("ONE_HOT", "i32[3] c:i32[] c:f32[] f32[]", "f32[3,4]", {"axis": -1})),
    (f"its index is constant{ABORTS}", ("ONE_HOT", "c:i32[3] c:i32[] c:f32[] c:f32[]", "f32[3,4]", {"axis": -1})),
    (f"its input is constant{ABORTS}", ("PACK", "c:f32[4]", "f32[1,4]", {})),
    ("it has no input", ("PACK", "f32[4] -", "f32[2,4]", {})),
    ("it has no output", ("PACK", "f32[4] f32[4]", "", {})),
    ("its axis is 2, and its input has 2 dimensions", ("PACK", "f32[4] f32[4]", "f32[2,4]", {"axis": 2})),
    ("its padding is a constant of INT64; INT32 is supported", ("PAD", f"{FOUR} c:i64[4,2]", FOUR)),
    ("its value has shape [2], which cannot be read as scalar", ("PADV2", f"{FOUR} c:i32[4,2] c:f32[2]", FOUR)),
    ("its value is a constant of INT32 without a scale", ("PADV2", f"{FOUR} c:i32[4,2] c:i32[]", FOUR)),
    ("its alpha has shape [3] for an input of [1, 4, 4, 2]", ("PRELU", f"{FOUR} c:f32[3]", FOUR)),
    ("its alpha has shape [4, 4], which cannot be read as HWC", ("PRELU", f"{FOUR} c:f32[4,4]", FOUR)),
    ("its alpha is not constant", ("PRELU", f"{FOUR} f32[2]", FOUR)),
    (f"its input is constant{ABORTS}", ("PRELU", "c:f32[1,4,4,2] c:f32[2]", FOUR)),
    ("its output has no scale", ("QUANTIZE", "f32[4]", "i8[4]")),
    ("its input has 4 scales; one is supported", ("QUANTIZE", "i8@4[4]", "i8@1[4]")),
    (
        "its first branch has shape [2] and its output [4]; equal ones, or a scalar, are supported",
        ("SELECT", "bool[4] f32[2] f32[4]", "f32[4]"),
    ),
    (f"its second branch is a constant of INT16{ABORTS}", ("SELECT", "bool[4] i16[4] c:i16[4]", "i16[4]")),
    ("its input has 4 scales; one is supported", ("SLICE", "i8@4[4] c:i32[1] c:i32[1]", "i8@1[4]")),
    ("its input is constant", ("SLICE", "c:f32[4] c:i32[1] c:i32[1]", "f32[4]")),
    ("its begin is a constant of INT64; INT32 is supported", ("SLICE", "f32[4] c:i64[1] c:i64[1]", "f32[4]")),
    ("its size is not constant", ("SLICE", "f32[4] c:i32[1] i32[1]", "f32[4]")),
    ("it has 1 begins and 2 sizes; as many are supported", ("SLICE", "f32[4] c:i32[1] c:i32[2]", "f32[4]")),
    ("its input has 0 dimensions; 1 to 4 are supported", ("SLICE", "f32[] c:i32[1] c:i32[1]", "f32[]")),
    ("it has 2 begins for an input of 3 dimensions", ("SLICE", "f32[1,2,3] c:i32[2] c:i32[2]", "f32[1,2,3]")),
    ("it makes [2], and its output has shape [3]", ("SLICE", "f32[4] c:i32[1] c:i32[1]=2", "f32[3]")),
    (f"it has one split{ABORTS}", ("SPLIT", "c:i32[] f32[4]", "f32[4]", {"num_splits": 1})),
    ("it has no input", ("SPLIT", "c:i32[]", "f32[4]", {"num_splits": 2})),
    ("its axis is not constant", ("SPLIT", "f32[] f32[4]", "f32[2] f32[2]", {"num_splits": 2})),
    ("its axis is 1, and its input has 1 dimensions", ("SPLIT", "c:i32[]=1 f32[4]", "f32[2]", {"num_splits": 2})),
    (f"its input is constant{ABORTS}", ("SPLIT", "c:i32[] c:f32[4]", "f32[2] f32[2]", {"num_splits": 2})),
    ("its axis cannot be read", ("SPLIT", "c:i32[0] f32[4]", "f32[2]", {"num_splits": 2})),
    (
        "2 of its inputs are not constant; 1 is supported",
        ("SPLIT_V", "f32[4] f32[2] c:i32[]", "f32[2]", {"num_splits": 2}),
    ),
    (
        "its axis is -2, and its input has 1 dimensions",
        ("SPLIT_V", "f32[4] c:i32[2] c:i32[]=-2", "f32[2]", {"num_splits": 2}),
    ),
    ("its operand has 0 dimensions; 1 to 4 are supported", ("STABLEHLO_BROADCAST_IN_DIM", "f32[] c:i32[0]", "f32[4]")),
    ("its axis 2 is not a dimension of its output", ("STABLEHLO_BROADCAST_IN_DIM", "f32[4] c:i32[1]=2", "f32[1,4]")),
    (
        "its operand has 3 in dimension 0, and its output 4",
        ("STABLEHLO_BROADCAST_IN_DIM", "f32[3] c:i32[1]=1", "f32[1,4]"),
    ),
    ("its axes name a dimension twice", ("STABLEHLO_BROADCAST_IN_DIM", "f32[1,4] c:i32[2]=1,1", "f32[1,4]")),
    ("its shrink_axis_mask is 1; 0 is supported", ("STRIDED_SLICE", FOUR, FOUR, {"shrink_axis_mask": 1})),
    ("it has 3 inputs; at least 4 are supported", ("STRIDED_SLICE", f"{FOUR} {FLAT} {FLAT}", FOUR, {})),
    ("its begin is not constant", ("STRIDED_SLICE", f"{FOUR} i32[4] {FLAT} {FLAT}", FOUR, {})),
    ("it has 1 begins for an input of 4 dimensions", ("STRIDED_SLICE", f"{FOUR} c:i32[1] c:i32[1] c:i32[1]", FOUR, {})),
    (
        "its begins, ends and strides differ in number",
        ("STRIDED_SLICE", "f32[4] c:i32[1] c:i32[2] c:i32[1]", "f32[4]", {}),
    ),
    (
        "its strides are [-1]; positive ones are supported",
        ("STRIDED_SLICE", "f32[4] c:i32[1] c:i32[1]=4 c:i32[1]=-1", "f32[4]", {}),
    ),
    (
        "it makes [4], and its output has shape [3]",
        ("STRIDED_SLICE", "f32[4] c:i32[1] c:i32[1]=4 c:i32[1]=1", "f32[3]", {}),
    ),
    ("2 of its inputs are not constant; 1 is supported", ("TOPK_V2", "f32[4] f32[]", "f32[2] i32[2]")),
    ("its number of values has 2 elements; 1 is supported", ("TOPK_V2", "f32[4] c:i32[2]", "f32[2] i32[2]")),
    ("its number of values is not constant", ("TOPK_V2", "f32[4]", "f32[2] i32[2]")),
    ("its input has 4 scales; one is supported", ("TOPK_V2", "i8@4[4] c:i32[]", "f32[2] i32[2]")),
    ("its permutation is a constant of INT64; INT32 is supported", ("TRANSPOSE", "f32[2,4] c:i64[2]", "f32[4,2]")),
    ("its permutation has 1 elements; 2 to 4 are supported", ("TRANSPOSE", "f32[4] c:i32[1]", "f32[4]")),
    (
        "its input has 2 scales; one is supported",
        ("TRANSPOSE_CONV", f"{FLAT} c:f32[2,3,3,2] i8@2[2,4,4,2]", FOUR, CONV),
    ),
    (
        "its filter is a constant of INT8 without a scale",
        ("TRANSPOSE_CONV", f"{FLAT} c:i8[2,3,3,2] {FOUR}", FOUR, CONV),
    ),
    (f"its input is constant{ABORTS}", ("UNPACK", "c:f32[2,4]", "f32[4] f32[4]", {"num": 2})),
    ("its axis is 2, and its input has 2 dimensions", ("UNPACK", "f32[2,4]", "f32[4] f32[4]", {"num": 2, "axis": 2})),
    ("its scale has 3 elements and its input 2 channels", ("custom_call.RmsNorm", f"{FOUR} c:f32[3]", FOUR)),
    ("its scale is not constant", ("custom_call.GroupNorm", f"{FOUR} f32[2]", FOUR)),
    ("it has 1 inputs and 1 outputs; 2 and 1 are supported", ("custom_call.absolute_positional_embedding", FOUR, FOUR)),
    (
        "its input has width 2 and its positions 3; equal ones are supported",
        ("custom_call.rotary_positional_embedding", "f32[1,2,4] f32[1,3,1]", "f32[1,2,4]"),
    ),
    ("it has 1 inputs and 1 outputs; 2 and 1, or 3 and 2, are supported", ("odml.rope", "f32[4]", "f32[4]")),
    ("2 of its inputs are not constant; 3 or 7 are supported", ("odml.cache_update", "f32[4] f32[4]", "f32[4] f32[4]")),
    ("it has 1 outputs; 2 are supported", ("odml.cache_update", "f32[4] f32[4] f32[4]", "f32[4]")),
    ("2 of its inputs are not constant; 3 to 5 are supported", ("odml.sdpa_transposed", "f32[4] f32[4]", "f32[4]")),
    ("2 of its inputs are not constant; 3 are supported", ("odml.runtime_bmm", "f32[4] f32[4]", "f32[4]")),
    (
        "its inputs have 4 and 3 channels; equal ones are supported",
        ("odml.runtime_bmm", "f32[1,4] f32[1,3] i32[4]", "f32[4]"),
    ),
    (
        "its parameters have shape [4]; [1, 1, 1, 7] is supported",
        ("odml.runtime_bmm", "f32[1,4] f32[1,4] i32[4]", "f32[4]"),
    ),
    ("it has no options", ("odml.runtime_bmm", "f32[1,4] f32[1,4] i32[1,1,1,7]", "f32[4]")),
    ("? what it takes of experts and their weights is not in the table", ("moe", "f32[4]", "f32[4]")),
    (
        "its strides are 0 and 0; positive ones are supported",
        ("Convolution2DTransposeBias", f"{FOUR} c:f32[2,3,3,2]", FOUR),
    ),
    ("it has no options", ("MaxPoolingWithArgmax2D", FOUR, f"{FOUR} {FOUR}")),
    ("it has no options", ("MaxUnpooling2D", f"{FOUR} {FOUR}", FOUR)),
]

NORM = {"num_groups": 2, "epsilon": 1e-5}
AXES = "_TENSOR_V1_reduction_axes"
GROUPS = f"{FOUR} c:f32[2] c:f32[2]"
QKV = "f32[1,4,2,8] f32[1,5,2,8] f32[1,5,2,8]"
CRASHES = "? its check takes the composite, at which ai-edge-litert 2.3.0 crashes on WebGPU"
SEVEN = "f32[1,1,2,4] f32[1,1,3,4] i32[1,1,1,7]"

COMPOSITES: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("it does not know the composite 'odml.l2_norm'", "odml.l2_norm", FOUR, FOUR, {}),
    (CRASHES, "odml.group_norm", GROUPS, FOUR, NORM),
    (CRASHES, "odml.group_norm", GROUPS, FOUR, {**NORM, "sub_type": 0, "channel_axis": 3}),
    (CRASHES, "odml.group_norm", GROUPS, FOUR, {"epsilon": 1e-5, "sub_type": 1}),
    (CRASHES, "odml.group_norm", GROUPS, FOUR, {**NORM, "sub_type": 0, AXES: {"TENSOR_DATA": [1, 2, 3]}}),
    (CRASHES, "odml.group_norm", GROUPS, FOUR, {**NORM, AXES: {"TENSOR_DATA": [3]}}),
    (
        "it reduces over the axes [1, 2]; [3] are supported",
        *("odml.group_norm", GROUPS, FOUR, {**NORM, AXES: {"TENSOR_DATA": [1, 2]}}),
    ),
    ("it reduces over the axes []; [3] are supported", "odml.group_norm", GROUPS, FOUR, {**NORM, AXES: 7}),
    (
        "its channel axis is 1; 3 is supported",
        "odml.group_norm",
        GROUPS,
        FOUR,
        {**NORM, "sub_type": 0, "channel_axis": 1},
    ),
    ("it has no num_groups", "odml.group_norm", GROUPS, FOUR, {"sub_type": 0, "epsilon": 1e-5}),
    ("it has no epsilon", "odml.group_norm", GROUPS, FOUR, {}),
    ("its scale has shape [3] for an input of [1, 4, 4, 2]", "odml.group_norm", f"{FOUR} c:f32[3]", FOUR, NORM),
    ("its bias has shape [] for an input of [1, 4, 4, 2]", "odml.group_norm", f"{FOUR} c:f32[2] -", FOUR, NORM),
    ("it has no input", "odml.group_norm", "-", FOUR, NORM),
    (CRASHES, "odml.rms_norm", f"{FOUR} c:f32[2]", FOUR, {}),
    ("its scale has 3 elements and its input 2 channels", "odml.rms_norm", f"{FOUR} c:f32[3]", FOUR, {}),
    ("its input has 2 scales; one is supported", "odml.rms_norm", "i8@2[2,4]", "f32[2,4]", {}),
    (CRASHES, "odml.scaled_dot_product_attention", QKV, "f32[1,4,2,8]", {}),
    (CRASHES, "odml.scaled_dot_product_attention", f"{QKV} f32[1,1,4,5]", "f32[1,4,2,8]", {}),
    (
        "its mask has 4 channels and its keys height 5; equal ones are supported",
        *("odml.scaled_dot_product_attention", f"{QKV} f32[1,1,4,4]", "f32[1,4,2,8]", {}),
    ),
    (
        "its queries, keys and values have 8, 8 and 4 channels; equal ones are supported",
        *("odml.scaled_dot_product_attention", "f32[1,4,2,8] f32[1,5,2,8] f32[1,5,2,4]", "f32[1,4,2,8]", {}),
    ),
    (
        "its keys have shape [1, 5, 2, 8] and its values [1, 6, 2, 8]; equal ones are supported",
        *("odml.scaled_dot_product_attention", "f32[1,4,2,8] f32[1,5,2,8] f32[1,6,2,8]", "f32[1,4,2,8]", {}),
    ),
    ("it has 2 inputs; 3 or 4 are supported", "odml.scaled_dot_product_attention", "f32[4] f32[4]", "f32[4]", {}),
    ("it has no cache_size", "odml.cache_update", "f32[4] f32[4] i32[4]", "f32[4] f32[4]", {"kv_cache_batch_size": 1}),
    ("it has no input", "odml.cache_update", "f32[4] - f32[4] f32[4]", "f32[4] f32[4]", {}),
    ("it has no is_src", "odml.runtime_bmm", SEVEN, "f32[4]", {"is_global": True}),
    (CRASHES, "odml.runtime_bmm", SEVEN, "f32[4]", {"is_global": True, "is_src": False}),
    ("its input has 4 scales; one is supported", "odml.runtime_bmm", "i8@4[4,4] f32[4] i32[4]", "f32[4]", {}),
    (CRASHES, "odml.rope", "f32[1,2,4] i32[2]", "f32[1,2,4]", {}),
]
_NONE = np.zeros(0)


def composite(name: str, inputs: str, outputs: str, attributes: dict[str, Any], **more: Any) -> tuple[Any, ...]:
    raw = bytes(flexbuffers.Dumps(attributes))
    options = {"name": name, "decomposition_subgraph_index": 0, "composite_attributes": raw, **more}
    return ("STABLEHLO_COMPOSITE", inputs, outputs, options)


def dequantized(*others: str, scale: str = "c:f16[1,1,1,2]") -> Model:
    """A product with a widened FLOAT16 constant, and ops behind it."""
    g = GraphBuilder()
    x, half = tensors(g, f"{FOUR} {scale}")
    wide, y = tensors(g, f"{scale.removeprefix('c:').replace('f16', 'f32')} {FOUR}", made=True)
    g.op("DEQUANTIZE", [half], wide)
    g.op("MUL", [x, wide], y, {})
    for kind in others:
        z = add(g, FOUR, made=True)
        g.op(kind, [y], z)
        y = z
    g.output(y)
    return model(g)


def test_it_keeps_the_largest_partition() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert TARGET.limits.max_partitions == 1


@pytest.mark.parametrize("line", ACCEPTED, ids=lambda line: f"{line[0]} {line[1]}"[:40])
def test_it_takes(line: tuple[Any, ...]) -> None:
    assert said(TARGET, *line) == ""


@pytest.mark.parametrize(("reason", "line"), REFUSED, ids=lambda each: str(each)[:40])
def test_it_refuses(reason: str, line: tuple[Any, ...]) -> None:
    assert said(TARGET, *line) == reason


@pytest.mark.parametrize(("reason", "name", "inputs", "outputs", "attributes"), COMPOSITES)
def test_composites_are_known_by_name(
    reason: str, name: str, inputs: str, outputs: str, attributes: dict[str, Any]
) -> None:
    assert said(TARGET, *composite(name, inputs, outputs, attributes)) == reason


def test_a_composite_without_attributes_has_none() -> None:
    line = ("STABLEHLO_COMPOSITE", FOUR, FOUR, {"name": "odml.group_norm"})
    assert said(TARGET, *line) == "it has no epsilon"


def test_a_normalization_of_five_dimensions_is_refused_by_itself_too() -> None:
    op, graph = single(*composite("odml.group_norm", "f32[1,1,1,1,2]", "f32[2]", NORM))
    check = TARGET.ops["STABLEHLO_COMPOSITE"].conditions[0]
    assert check(op, graph) == "its input has 5 dimensions; up to 4 are supported"


def test_custom_options_of_mediapipe_are_read_as_the_structures_that_they_are() -> None:
    pool = memoryview(b"".join(each.to_bytes(4, "little", signed=True) for each in (1, 2, 2, 2, 0, 0)))
    op, graph = single("MaxPoolingWithArgmax2D", FOUR, f"{FOUR} {FOUR}")
    assert TARGET.verdict(replace(op, custom_options=pool), graph).reason.endswith(
        "its filter sizes are 0 and 2; positive ones are supported"
    )
    op, graph = single("MaxUnpooling2D", f"{FOUR} {FOUR}", FOUR)
    good = memoryview(b"".join(each.to_bytes(4, "little", signed=True) for each in (1, 2, 2, 2, 2, 0)))
    assert TARGET.verdict(replace(op, custom_options=good), graph).supported
    op, graph = single("Convolution2DTransposeBias", f"{FOUR} f32[2,3,3,2]", FOUR)
    verdict = TARGET.verdict(replace(op, custom_options=good), graph)
    assert verdict.reason == "Convolution2DTransposeBias: its filter is not constant"


def test_newer_quantization_schemes_are_not_scales() -> None:
    op, graph = single("FULLY_CONNECTED", "f32[2,4] c:i4[8,4]", "f32[2,8]", {})
    weights = op.inputs[1]
    assert weights is not None
    quant = QuantParams(scale=_NONE, zero_point=_NONE, details=("BlockwiseQuantization", {}))
    blockwise = replace(op, inputs=(op.inputs[0], replace(weights, quant=quant)))
    assert TARGET.verdict(blockwise, graph).supported


def test_sparse_constants_are_not_read_as_floats_or_axes() -> None:
    sparsity = Sparsity((0,), (), ())
    for line, reason in (
        (("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2]", FOUR, DEPTHWISE), "its filter is sparse"),
        (("SUB", "f32[4] c:f32[4]", "f32[4]", {}), "its constant input is sparse"),
    ):
        op, graph = single(*line)
        assert op.inputs[1] is not None
        sparse = replace(op, inputs=(op.inputs[0], replace(op.inputs[1], sparsity=sparsity)))
        assert TARGET.verdict(sparse, graph).reason == f"{op.kind}: {reason}"


@pytest.mark.parametrize(("kind", "reason"), [("ADD", ""), ("SUB", "SUB: its two inputs are one tensor")])
def test_one_tensor_may_be_added_to_itself_but_not_subtracted(kind: str, reason: str) -> None:
    op, graph = single(kind, "f32[4] f32[4]", "f32[4]", {})
    assert TARGET.verdict(replace(op, inputs=(op.inputs[0], op.inputs[0])), graph).reason == reason


def test_conditions_can_be_asked_without_those_before_them() -> None:
    op, graph = single("EMBEDDING_LOOKUP", "i32[3] -", "f32[3,4]")
    assert ops.embedding_lookup(op, graph) == "it has no table"
    op, graph = single("STABLEHLO_BROADCAST_IN_DIM", "f32[4] i32[1]", "f32[4]")
    assert layout.broadcast_in_dim(op, graph) == "its axis is not constant"


def test_a_left_out_operand_is_refused() -> None:
    op, graph = single("SUB", "f32[4] c:f32[4]", "f32[4]", {})
    assert TARGET.verdict(replace(op, inputs=(op.inputs[1], None)), graph).supported is False
    assert TARGET.verdict(replace(op, inputs=(None, op.inputs[0])), graph).supported is False


def test_a_newer_element_type_is_unknown() -> None:
    op, graph = single("RELU", "f32[4]", "f32[4]")
    newer = tuple(tensor and replace(tensor, dtype=DType.UNKNOWN) for tensor in op.inputs)
    verdict = TARGET.verdict(replace(op, inputs=newer), graph)
    assert (verdict.supported, verdict.reason) == (
        None,
        "RELU: an input has an element type that is newer than tflint",
    )


def test_widened_half_constants_go_to_the_gpu_with_all_others() -> None:
    found = place(TARGET, dequantized("RELU").graphs[0])
    assert found.placed == (True, True, True)


def test_they_stay_on_the_cpu_where_another_op_does() -> None:
    found = place(TARGET, dequantized("L2_NORMALIZATION").graphs[0])
    assert found.placed == (False, True, False)
    assert found.verdicts[0].reason.startswith("DEQUANTIZE: it widens a FLOAT16 constant, which stays on the CPU")


def test_the_op_is_judged_as_if_it_read_the_half_constant() -> None:
    alone = dequantized(scale="c:f16[]").graphs[0]
    assert TARGET.verdict(alone.ops[1], alone).reason == "MUL: one of its inputs is a scalar that is not constant"
    assert place(TARGET, alone).placed == (True, True)


def test_a_graph_that_is_not_looked_at_keeps_the_verdicts_on_single_ops() -> None:
    assert place(TARGET, dequantized("UNIQUE").graphs[0]).verdicts[0].supported
    g = GraphBuilder()
    half, state = tensors(g, "c:f16[4] v:f32[4]")
    wide, y = tensors(g, "f32[4] f32[4]", made=True)
    g.op("DEQUANTIZE", [half], wide)
    g.op("L2_NORMALIZATION", [state], y)
    g.output(wide, y)
    found = model(g)
    assert place(TARGET, found.graphs[0]).verdicts[0].supported
    assert TARGET.refusal(found) == "it has variable tensors, which CompiledModel does not load"


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (("RESHAPE", "f32[4] i32[2]", "f32[2,2]"), "RESHAPE"),
        (("UNIQUE", "f32[4]", "f32[4] i32[4]"), "UNIQUE"),
        (("READ_VARIABLE", "res[1]", "f32[]"), "READ_VARIABLE"),
        (("HASHTABLE", "", "res[1]"), "HASHTABLE"),
        (("NON_MAX_SUPPRESSION_V4", "f32[9,4] f32[9] i32[] f32[] f32[]", "i32[9] i32[]"), "NON_MAX_SUPPRESSION_V4"),
    ],
)
def test_a_size_that_is_known_only_when_the_model_runs_fails_the_whole_model(line: tuple[Any, ...], where: str) -> None:
    found = Model("m", Format.TFLITE, 0, (single(*line)[1],))
    size = "has a tensor whose size is known only when the model runs, and so CompiledModel fails"
    assert TARGET.refusal(found) == f"{where} (op 0 of graph 0) {size}"


def test_sizes_that_the_runtime_works_out_beforehand_are_known() -> None:
    g = GraphBuilder()
    x, zero, one = tensors(g, "f32[2,4] c:i32[1]=0 c:i32[1]=1")
    size, first, y = tensors(g, "i32[2] i32[1] f32[2,4]", made=True)
    g.op("SHAPE", [x], size)
    g.op("STRIDED_SLICE", [size, zero, one, one], first, {})
    g.op("FILL", [first, zero], add(g, "i32[2]", made=True))
    g.op("RESHAPE", [x, size], y)
    g.output(y)
    assert TARGET.refusal(model(g)) == ""


@pytest.mark.parametrize(
    ("outputs", "more", "reason"),
    [
        ("variant[1]", {}, "it has VARIANT tensors, which CompiledModel does not load"),
        ("f32[4]", {"intermediates": [0]}, "it has an op with intermediate tensors, which CompiledModel does not load"),
    ],
)
def test_what_compiled_model_does_not_load(outputs: str, more: dict[str, Any], reason: str) -> None:
    graph = single("RELU", "f32[4]", outputs, **more)[1]
    assert TARGET.refusal(Model("m", Format.TFLITE, 0, (graph,))) == reason


def test_what_nobody_knows_has_no_size_to_be_asked_for() -> None:
    graph = dequantized("UNIQUE").graphs[0]
    unknown = replace(graph, ops=tuple(replace(op, is_unknown=True) for op in graph.ops))
    assert unsized(graph) is graph.ops[2]
    assert unsized(unknown) is None
