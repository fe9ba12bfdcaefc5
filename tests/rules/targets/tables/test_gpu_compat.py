"""What the check that LiteRT's GPU delegates share says of single ops."""

from dataclasses import replace
from typing import Any

import pytest

from op_lines import said, single
from tflint.model import DType, Op
from tflint.target import Kind
from tflint_rules.targets.tables.gpu_compat import TARGET, shared

CONV: dict[str, Any] = {"stride_w": 1, "stride_h": 1}
DEPTHWISE: dict[str, Any] = {**CONV, "depth_multiplier": 1}
POOL: dict[str, Any] = {**CONV, "filter_width": 2, "filter_height": 2}
FULL: dict[str, Any] = {"fused_activation_function": "TANH"}
BASIC: dict[str, Any] = {**FULL, "kernel_type": "BASIC"}
SIGN: dict[str, Any] = {"fused_activation_function": "SIGN_BIT"}
FOUR = "f32[1,4,4,2]"
FILTER = "c:f32[2,3,3,2]"
ON_OFF = "c:f32[] c:f32[]"
LAST = "a last dimension of 4 on the side with the smaller elements is supported"

ACCEPTED: list[tuple[Any, ...]] = [
    ("ADD", "f32[1,2,3] f32[2,3]", "f32[1,2,3]", {}),
    ("ADD", "f32[4] f32[2,4]", "f32[2,4]", SIGN),
    ("ADD_N", "f32[4] f32[4]", "f32[4]"),
    ("AVERAGE_POOL_2D", FOUR, "f32[1,2,2,2]", POOL),
    ("BATCH_MATMUL", "f32[2,3] f32[3,4]", "f32[2,4]", {}),
    ("BITCAST", "f32[4]", "i32[4]"),
    ("BITCAST", "f32[4]", "i8[4,4]"),
    ("BITCAST", "i16[4,2]", "i32[4]"),
    ("CAST", "bool[4]", "f32[4]"),
    ("CAST", "f16[4]", "bool[4]"),
    ("CAST", "i32[4]", "f32[4]"),
    ("CONCATENATION", "str[4]", ""),
    ("CONV_2D", f"{FOUR} {FILTER} c:f32[2]", FOUR, CONV),
    ("CONV_2D", f"{FOUR} f32[2,3,3,2]", FOUR, CONV),
    ("CUMSUM", "f16[4] c:i32[]", "f16[4]", {}),
    ("DENSIFY", "c:f32[4]", "f32[4]"),
    ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2] c:f32[2]", FOUR, DEPTHWISE),
    ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2]", FOUR, DEPTHWISE),
    ("DEPTH_TO_SPACE", "f32[1,2,2,4]", "f32[1,4,4,1]", {"block_size": 2}),
    ("DEQUANTIZE", "i8@1[4]", "f32[4]"),
    ("DYNAMIC_UPDATE_SLICE", "i64[4] i64[2] i32[1]", "i64[4]"),
    ("EMBEDDING_LOOKUP", "i32[3] c:i4@8[8,4]", "f32[3,4]"),
    ("FULLY_CONNECTED", "f32[2,4] c:f32[8,4] f32[8]", "f32[2,8]", {}),
    ("FULLY_CONNECTED", "f32[1,2,4] c:f32[8,4]", "f32[1,2,8]", {"keep_num_dims": True}),
    ("GATHER", "str[4] c:i32[2]", "str[2]", {}),
    ("HARD_SWISH", "f32[4] c:f32[4]", "f32[4]"),
    ("LSTM", " ".join(["f32[1,4]"] + 19 * ["-"]), "f32[1,4]", FULL),
    ("LSTM", "f32[1,4] f32[1,4] c:f32[16,8] c:f32[16] f32[1,4]", "f32[] f32[] f32[] f32[1,16]", BASIC),
    ("MEAN", "f32[1,4] c:i32[1]=1", "f32[1]", {}),
    ("REVERSE_V2", "f32[1,4] c:i32[1]=1", "f32[1,4]"),
    ("MUL", "f32[1,1] f32[1,2,3,4]", "f32[1,2,3,4]", {}),
    ("ONE_HOT", f"i32[2,1,1,3] c:i32[] {ON_OFF}", "f32[2,1,1,3,4]", {"axis": -1}),
    ("ONE_HOT", "i32[3] c:i32[] c:f32[1] c:f32[]", "f32[3,4]", {"axis": 3}),
    ("PACK", "", ""),
    ("PRELU", "", ""),
    ("QUANTIZE", "f32[4]", "i8@1[4]"),
    ("RESHAPE", "f32[4] c:i32[2]", "f32[2,2]"),
    ("RESIZE_BILINEAR", f"{FOUR} c:i32[2]", FOUR, {"align_corners": True}),
    ("RESIZE_NEAREST_NEIGHBOR", f"{FOUR} c:i32[2]", FOUR, {"align_corners": True, "half_pixel_centers": True}),
    ("SELECT", "bool[2,1,3] f32[] f32[2,2,3]", "f32[2,2,3]"),
    ("SELECT_V2", "f32[2,3] f32[1] c:f32[2,3]", "f32[2,3]"),
    ("SLICE", f"{FOUR} c:i32[4] c:i32[4]", FOUR),
    ("SOFTMAX", "", "", {"beta": 1.0}),
    ("SPLIT", "", ""),
    ("STABLEHLO_BROADCAST_IN_DIM", "f32[2,3] c:i32[2]=0,1", "f32[2,3]"),
    ("STABLEHLO_CBRT", "bf16[4]", "bf16[4]"),
    ("STABLEHLO_CLAMP", "i32[] i32[4] i32[4]", "i32[4]"),
    ("STRIDED_SLICE", f"{FOUR} c:i32[4] c:i32[4] c:i32[4]", FOUR, {"begin_mask": 3}),
    ("TOPK_V2", "f32[4] c:i32[]", "f32[2] i32[2]"),
    ("TRANSPOSE_CONV", f"c:i32[4] {FILTER} {FOUR}", FOUR, CONV),
    ("MIRROR_PAD", "f32[1,2,2] c:i32[3,2]", "f32[1,2,2]", {"mode": "REFLECT"}),
    ("PAD", f"{FOUR} c:i64[4,2]", FOUR),
    ("PADV2", f"{FOUR} c:i32[4,2] c:f32[]", FOUR),
    ("ABS", "i64[4]", "i64[4]"),
    ("ATAN2", "c:f32[] f32[4]", "f32[4]"),
    ("SUB", "f32[4] f32[4]", "f32[4]", {}),
    ("Resampler", "f32[1,4,4,2] f32[1,2,2,2]", "f32[1,2,2,2]"),
]

REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("RELU_0_TO_1 is not among the ops of gpu-compat", ("RELU_0_TO_1", "f32[4]", "f32[4]")),
    ("it has 1 input; 2 are supported", ("ADD", "f32[4]", "f32[4]")),
    (
        "its inputs have shapes [2, 2, 3] and [3, 3], and it does not broadcast between them",
        ("ADD", "f32[2,2,3] f32[3,3]", "f32[2,2,3]"),
    ),
    ("it has 3 inputs; 2 are supported", ("ADD_N", "f32[4] f32[4] f32[4]", "f32[4]")),
    ("it has 3 inputs; 2 are supported", ("MUL", "f32[4] f32[4] f32[4]", "f32[4]", {})),
    (
        "its inputs have shapes [2, 4, 3] and [4, 4], and it does not broadcast between them",
        ("MUL", "f32[2,4,3] f32[4,4]", "f32[2,4,3]", {}),
    ),
    ("its fused activation is SIGN_BIT", ("MUL", "f32[4] f32[4]", "f32[4]", SIGN)),
    ("0 of its inputs are not constant; 1 is supported", ("AVERAGE_POOL_2D", "c:f32[1,4,4,2]", FOUR, POOL)),
    ("it has 2 outputs; 1 is supported", ("MAX_POOL_2D", FOUR, f"{FOUR} {FOUR}", POOL)),
    (
        "its filter sizes are 0 and 2; positive ones are supported",
        ("MAX_POOL_2D", FOUR, FOUR, {**POOL, "filter_height": 0}),
    ),
    ("its strides are 1 and -1; positive ones are supported", ("MAX_POOL_2D", FOUR, FOUR, {**POOL, "stride_w": -1})),
    ("its filter sizes are 0 and 0; positive ones are supported", ("MAX_POOL_2D", FOUR, FOUR)),
    ("its fused activation is SIGN_BIT", ("MAX_POOL_2D", FOUR, FOUR, {**POOL, **SIGN})),
    ("it has 3 inputs; 2 are supported", ("BATCH_MATMUL", "f32[4] f32[4] f32[4]", "f32[4]")),
    ("it has 0 outputs; 1 is supported", ("BATCH_MATMUL", "f32[4] f32[4]", "")),
    ("its shape changes from [4] to [2]", ("BITCAST", "f32[4]", "i32[2]")),
    (
        f"it goes from FLOAT32 [4] to INT8 [4, 2]; {LAST}",
        ("BITCAST", "f32[4]", "i8[4,2]"),
    ),
    (
        f"it goes from INT8 [4] to INT32 [4]; {LAST}",
        ("BITCAST", "i8[4]", "i32[4]"),
    ),
    ("its element types are STRING and INT32; ones of a fixed size are supported", ("BITCAST", "str[4]", "i32[4]")),
    ("it has no input", ("BITCAST", "- f32[4]", "f32[4]")),
    (
        "it casts INT64 to INT32; BOOL to or from FLOAT16 or FLOAT32, and between FLOAT32 and INT32 is supported",
        ("CAST", "i64[4]", "i32[4]"),
    ),
    ("it has no input", ("CAST", "-", "f32[4]")),
    ("it has no output", ("CAST", "f32[4]", "")),
    ("2 of its inputs are not constant; 1 is supported", ("CAST", "f32[4] f32[4]", "f32[4]")),
    (
        "3 of its inputs are not constant; 1 or 2 are supported",
        ("CONV_2D", "f32[1,4,4,2] f32[2,3,3,2] f32[2]", FOUR, CONV),
    ),
    ("it has 2 outputs; 1 is supported", ("CONV_2D", f"{FOUR} {FILTER}", f"{FOUR} {FOUR}", CONV)),
    ("it has no filter", ("TRANSPOSE_CONV", FOUR, FOUR, CONV)),
    (
        "its strides are 0 and 1; positive ones are supported",
        ("TRANSPOSE_CONV", f"c:i32[4] {FILTER} {FOUR}", FOUR, {"stride_w": 1}),
    ),
    ("its strides are 0 and 0; positive ones are supported", ("CONV_2D", f"{FOUR} {FILTER}", FOUR)),
    (
        "its dilations are 0 and 1; positive ones are supported",
        ("CONV_2D", f"{FOUR} {FILTER}", FOUR, {**CONV, "dilation_h_factor": 0}),
    ),
    ("its fused activation is SIGN_BIT", ("CONV_2D", f"{FOUR} {FILTER}", FOUR, {**CONV, **SIGN})),
    ("its input has 2 dimensions; 4 are supported", ("DEPTHWISE_CONV_2D", "f32[4,2] c:f32[1,3,3,2]", FOUR, DEPTHWISE)),
    ("its filter has 1 dimension; 4 are supported", ("DEPTHWISE_CONV_2D", f"{FOUR} f32[2]", FOUR, DEPTHWISE)),
    (
        "its output has 0 dimensions; 4 are supported",
        ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2]", "f32[]", DEPTHWISE),
    ),
    (
        "its output has batch 2, its input 1; equal ones are supported",
        ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2]", "f32[2,4,4,2]", DEPTHWISE),
    ),
    (
        "its filter has 3 channels, its output 2; equal ones are supported",
        ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,3]", FOUR, DEPTHWISE),
    ),
    (
        "its output has 2 channels, its input 2 and its depth multiplier is 2",
        ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2]", FOUR, {**DEPTHWISE, "depth_multiplier": 2}),
    ),
    (
        "its bias has 3 elements, its output 2 channels",
        ("DEPTHWISE_CONV_2D", f"{FOUR} c:f32[1,3,3,2] c:f32[3]", FOUR, DEPTHWISE),
    ),
    ("its input is INT32; FLOAT16 or FLOAT32 is supported", ("CUMSUM", "i32[4] c:i32[]", "i32[4]")),
    ("its input is FLOAT32 and its output FLOAT16; equal types are supported", ("CUMSUM", "f32[4] c:i32[]", "f16[4]")),
    ("its axis is INT64; INT32 is supported", ("CUMSUM", "f32[4] c:i64[]", "f32[4]")),
    ("its axis is not constant", ("CUMSUM", "f32[4] i32[]", "f32[4]")),
    ("it has 3 inputs; 2 are supported", ("CUMSUM", "f32[4] c:i32[] f32[4]", "f32[4]")),
    ("1 of its inputs is not constant; 0 are supported", ("DENSIFY", "f32[4]", "f32[4]")),
    ("its block size is 1; above 1 is supported", ("DEPTH_TO_SPACE", FOUR, FOUR, {"block_size": 1})),
    ("its block size is 0; above 1 is supported", ("SPACE_TO_DEPTH", FOUR, FOUR)),
    ("its input is INT16; other types are supported", ("DEQUANTIZE", "i16@1[4]", "f32[4]")),
    ("it has 2 inputs; 1 is supported", ("DEQUANTIZE", "i8@1[4] i8@1[4]", "f32[4]")),
    (
        "the element types of its inputs differ: FLOAT32, INT8",
        ("DYNAMIC_UPDATE_SLICE", "f32[4] i8[2] i32[1]", "f32[4]"),
    ),
    ("its start index is INT64; INT32 is supported", ("DYNAMIC_UPDATE_SLICE", "f32[4] f32[2] i64[1]", "f32[4]")),
    (
        "its start indices have 2 dimensions; 1 is supported",
        ("DYNAMIC_UPDATE_SLICE", "f32[4] f32[2] i32[1,1]", "f32[4]"),
    ),
    (
        "its operand has 1 dimension, its update 2; equal ranks are supported",
        ("DYNAMIC_UPDATE_SLICE", "f32[4] f32[1,2] i32[1]", "f32[4]"),
    ),
    ("it has no start index", ("DYNAMIC_UPDATE_SLICE", "f32[4] f32[2]", "f32[4]")),
    (
        "its table is FLOAT16; INT8, INT4, INT2 or FLOAT32 is supported",
        ("EMBEDDING_LOOKUP", "i32[3] c:f16[8,4]", "f32[3,4]"),
    ),
    ("its indices have 2 dimensions; 1 is supported", ("EMBEDDING_LOOKUP", "i32[3,1] c:f32[8,4]", "f32[3,4]")),
    ("its table has 1 dimension; 2 or more are supported", ("EMBEDDING_LOOKUP", "i32[3] c:f32[8]", "f32[3]")),
    (
        "its table has shape [8, 4] and its output [3, 5]; they may differ in the first size only",
        ("EMBEDDING_LOOKUP", "i32[3] c:f32[8,4]", "f32[3,5]"),
    ),
    ("it has no input", ("FULLY_CONNECTED", "", "f32[2,8]", {})),
    (
        "its weights have the format SHUFFLED4x16INT8; DEFAULT is supported",
        ("FULLY_CONNECTED", "f32[2,4] c:f32[8,4]", "f32[2,8]", {"weights_format": "SHUFFLED4x16INT8"}),
    ),
    (
        "3 of its inputs are not constant; up to 2 are supported",
        ("FULLY_CONNECTED", "f32[2,4] f32[8,4] f32[8]", "f32[2,8]", {}),
    ),
    ("its input is constant", ("FULLY_CONNECTED", "c:f32[2,4] f32[8,4]", "f32[2,8]", {})),
    ("it has no output", ("FULLY_CONNECTED", "f32[2,4] c:f32[8,4]", "", {"keep_num_dims": True})),
    (
        "it keeps the number of dimensions, but its input has 3 and its output 2",
        ("FULLY_CONNECTED", "f32[1,2,4] c:f32[8,4]", "f32[2,8]", {"keep_num_dims": True}),
    ),
    (
        "2 of its inputs are constant and 0 are not; two, or one of each, are supported",
        ("GATHER", "c:f32[4] c:i32[2]", "f32[2]", {}),
    ),
    ("it has 2 outputs; 1 is supported", ("GATHER", "f32[4] c:i32[2]", "f32[2] f32[2]", {})),
    ("its indices have 0 dimensions; 1 is supported", ("GATHER", "f32[4] c:i32[]", "f32[]", {})),
    ("its index is INT64; INT32 is supported", ("GATHER", "f32[4] c:i64[2]", "f32[2]", {})),
    ("it has no options", ("LSTM", "f32[1,4]", "f32[1,4]")),
    ("it has 19 inputs; 20 or 24 are supported", ("LSTM", " ".join(19 * ["f32[4]"]), "f32[4]", FULL)),
    ("it has 2 outputs; 1 is supported", ("LSTM", " ".join(20 * ["f32[4]"]), "f32[4] f32[4]", FULL)),
    (
        "its fused activation is RELU; TANH is supported",
        ("LSTM", " ".join(20 * ["f32[4]"]), "f32[4]", {"fused_activation_function": "RELU"}),
    ),
    ("0 of its inputs are constant; 2 constant are supported", ("LSTM", " ".join(5 * ["f32[4]"]), "f32[4]", BASIC)),
    (
        "its fourth output has 6 channels; a multiple of 4 is supported",
        ("LSTM", "f32[4] f32[4] c:f32[4] c:f32[4] f32[4]", "f32[4] f32[4] f32[4] f32[6]", BASIC),
    ),
    (
        "its cell_clip is 1; 0 is supported",
        ("LSTM", "f32[4] f32[4] c:f32[4] c:f32[4] f32[4]", "f32[4] f32[4] f32[4] f32[]", {**BASIC, "cell_clip": 1.0}),
    ),
    ("0 of its inputs are constant; 1 constant is supported", ("MEAN", "f32[4] i32[1]", "f32[]", {})),
    ("its axis is not constant", ("SUM", "c:f32[4] i32[1]", "f32[]", {})),
    ("its axis is INT64; INT32 is supported", ("REDUCE_ANY", "bool[4] c:i64[1]", "bool[]", {})),
    ("its index is INT64; INT32 is supported", ("ONE_HOT", f"i64[3] c:i32[] {ON_OFF}", "f32[3,4]", {"axis": -1})),
    ("it has 5 inputs; 4 are supported", ("ONE_HOT", f"i32[3] c:i32[] {ON_OFF} f32[4]", "f32[3,4]")),
    ("its axis is 0; -1 is supported", ("ONE_HOT", f"i32[3] c:i32[] {ON_OFF}", "f32[4,3]", {"axis": 0})),
    ("its axis is 1; -1 is supported", ("ONE_HOT", f"i32[] c:i32[] {ON_OFF}", "f32[4]", {"axis": 1})),
    (
        "its indices have 2 in dimension 0; 1 is supported",
        ("ONE_HOT", f"i32[2,3] c:i32[] {ON_OFF}", "f32[2,3,4]", {"axis": -1}),
    ),
    (
        "its on value is INT32; FLOAT32 is supported",
        ("ONE_HOT", "i32[3] c:i32[] c:i32[] c:i32[]", "f32[3,4]", {"axis": -1}),
    ),
    (
        "its off value is FLOAT16; FLOAT32 is supported",
        ("ONE_HOT", "i32[3] c:i32[] c:f32[] c:f16[]", "f32[3,4]", {"axis": -1}),
    ),
    ("its on value is not constant", ("ONE_HOT", "i32[3] c:i32[] f32[] c:f32[]", "f32[3,4]", {"axis": -1})),
    (
        "its off value has shape [2]; a scalar is supported",
        ("ONE_HOT", "i32[3] c:i32[] c:f32[] c:f32[2]", "f32[3,4]", {"axis": -1}),
    ),
    ("2 of its inputs are not constant; 1 is supported", ("RESHAPE", "f32[4] i32[2]", "f32[2,2]")),
    (
        "it has both align_corners and half_pixel_centers",
        ("RESIZE_BILINEAR", FOUR, FOUR, {"align_corners": True, "half_pixel_centers": True}),
    ),
    ("its condition is INT32; BOOL, FLOAT16 or FLOAT32 is supported", ("SELECT", "i32[4] f32[4] f32[4]", "f32[4]")),
    ("it has 2 inputs; 3 are supported", ("SELECT", "bool[4] f32[4]", "f32[4]")),
    (
        "its condition has shape [2] and its output [4]; one that broadcasts to it is supported",
        ("SELECT_V2", "bool[2] f32[4] f32[4]", "f32[4]"),
    ),
    (
        "its condition has shape [1, 4] and its output [4]; one that broadcasts to it is supported",
        ("SELECT_V2", "bool[1,4] f32[4] f32[4]", "f32[4]"),
    ),
    (
        "its second branch has shape [2] and its output [4]; equal ones, or a scalar, are supported",
        ("SELECT", "bool[4] f32[4] f32[2]", "f32[4]"),
    ),
    ("its first branch is not constant and has 2 dimensions", ("SELECT", "bool[2,4] f32[2,4] f32[]", "f32[2,4]")),
    ("it has 2 inputs; 3 or more are supported", ("SLICE", f"{FOUR} c:i32[4]", FOUR)),
    ("its input has 2 dimensions; 3 or 4 are supported", ("SLICE", "f32[2,4] c:i32[2] c:i32[2]", "f32[1,4]")),
    ("its beta is 0; 1 is supported", ("SOFTMAX", "f32[4]", "f32[4]")),
    ("its ellipsis_mask is 1; 0 is supported", ("STRIDED_SLICE", FOUR, FOUR, {"ellipsis_mask": 1})),
    ("its new_axis_mask is 2; 0 is supported", ("STRIDED_SLICE", FOUR, FOUR, {"new_axis_mask": 2})),
    ("its shrink_axis_mask is 1; 0 is supported", ("STRIDED_SLICE", FOUR, FOUR, {"shrink_axis_mask": 1})),
    ("it has 3 inputs; 4 are supported", ("STRIDED_SLICE", f"{FOUR} c:i32[4] c:i32[4]", FOUR, {})),
    (
        "its input has 1 dimension; 3 or 4 are supported",
        ("STRIDED_SLICE", "f32[4] c:i32[1] c:i32[1] c:i32[1]", "f32[2]", {}),
    ),
    ("it has 1 output; 2 are supported", ("TOPK_V2", "f32[4] c:i32[]", "f32[2]")),
    ("its mode is SYMMETRIC; REFLECT is supported", ("MIRROR_PAD", f"{FOUR} c:i32[4,2]", FOUR, {"mode": "SYMMETRIC"})),
    ("its mode is not set; REFLECT is supported", ("MIRROR_PAD", f"{FOUR} c:i32[4,2]", FOUR)),
    ("it has no paddings", ("PAD", FOUR, FOUR)),
    ("its paddings have shape [2, 2]; [3, 2] or [4, 2] is supported", ("PADV2", "f32[2,2] c:i32[2,2]", "f32[2,2]")),
    ("1 of its inputs is constant; 0 constant are supported", ("LOGISTIC", "c:f32[4]", "f32[4]")),
    (
        "0 of its inputs are constant and 3 are not; two, or one of each, are supported",
        ("LESS", "f32[4] f32[4] f32[4]", "bool[4]"),
    ),
    ("its fused activation is SIGN_BIT", ("DIV", "f32[4] f32[4]", "f32[4]", SIGN)),
    ("its axes have 2 dimensions; 1 is supported", ("STABLEHLO_BROADCAST_IN_DIM", "f32[2,3] c:i32[1,2]", "f32[2,3]")),
    ("it has 1 axes for an operand of 2 dimensions", ("STABLEHLO_BROADCAST_IN_DIM", "f32[2,3] c:i32[1]", "f32[2,3]")),
    ("its axis is INT64; INT32 is supported", ("STABLEHLO_BROADCAST_IN_DIM", "f32[2] c:i64[1]", "f32[2]")),
    ("its input is INT32; FLOAT16, FLOAT32 or BFLOAT16 is supported", ("STABLEHLO_CBRT", "i32[4]", "i32[4]")),
    ("the element types of its inputs differ: FLOAT32, left out", ("STABLEHLO_CLAMP", "f32[] f32[4]", "f32[4]")),
    (
        "its upper bound has shape [2] and its operand [4]; equal ones, or one element, are supported",
        ("STABLEHLO_CLAMP", "f32[] f32[4] f32[2]", "f32[4]"),
    ),
    ("the check does not read a custom op's options from a file", ("MaxUnpooling2D", "f32[4] f32[4]", "f32[4]")),
    ("its inputs have 4 and 1 dimension; 4 are supported", ("Resampler", f"{FOUR} f32[2]", "f32[1,2,2,2]")),
    (
        "its inputs have batches 1 and 2; equal ones are supported",
        ("Resampler", f"{FOUR} f32[2,2,2,2]", "f32[1,2,2,2]"),
    ),
    ("its warp has 1 channel; 2 or more are supported", ("Resampler", f"{FOUR} f32[1,2,2,1]", "f32[1,2,2,2]")),
]

PLAIN = [
    ("f32[1,2,3,4] f32[2,3,4]", ""),
    ("f32[1,2,3,4] f32[1,1]", ""),
    ("f32[2,3,3,4] f32[2,4]", ""),
    ("f32[2,3,4] f32[3,4]", "its inputs have shapes [2, 3, 4] and [3, 4], and it does not broadcast between them"),
    (
        "f32[2,3,3,4] f32[3,3,4]",
        "its inputs have shapes [2, 3, 3, 4] and [3, 3, 4], and it does not broadcast between them",
    ),
    ("f32[3,4] f32[2,3,3,4]", "its inputs have shapes [3, 4] and [2, 3, 3, 4], and it does not broadcast between them"),
]


def unknown(op: Op, slot: int) -> Op:
    """The op with an input whose element type is newer than the program."""
    inputs = [replace(each, dtype=DType.UNKNOWN) if each and at == slot else each for at, each in enumerate(op.inputs)]
    return replace(op, inputs=tuple(inputs))


def test_it_is_a_delegate_without_limits_of_its_own() -> None:
    assert TARGET.kind is Kind.DELEGATE
    assert TARGET.limits.max_partitions is None
    assert len(TARGET.ops) == 100  # 96 builtin ops and 4 custom ones


@pytest.mark.parametrize("line", ACCEPTED, ids=lambda line: f"{line[0]} {line[1]}"[:40])
def test_it_takes(line: tuple[Any, ...]) -> None:
    assert said(TARGET, *line) == ""


@pytest.mark.parametrize(("reason", "line"), REFUSED, ids=lambda each: str(each)[:40])
def test_it_refuses(reason: str, line: tuple[Any, ...]) -> None:
    assert said(TARGET, *line).endswith(reason)


def test_every_op_of_the_check_is_tried() -> None:
    tried = {line[0] for line in ACCEPTED} | {line[0] for _, line in REFUSED}
    families = "CEIL COS ELU EXP FLOOR GELU LOG LOGICAL_NOT NEG ROUND RSQRT SIGN SIN SQRT SQUARE TANH".split()
    families += "EQUAL FLOOR_DIV FLOOR_MOD GREATER GREATER_EQUAL LOGICAL_AND LOGICAL_OR LESS_EQUAL MAXIMUM".split()
    families += "MINIMUM NOT_EQUAL POW RIGHT_SHIFT STABLEHLO_REMAINDER STABLEHLO_SHIFT_LEFT SQUARED_DIFFERENCE".split()
    families += "REDUCE_ALL REDUCE_MAX REDUCE_MIN REDUCE_PROD TILE TRANSPOSE RELU RELU6 RELU_N1_TO_1".split()
    families += "LEAKY_RELU SPLIT_V Convolution2DTransposeBias MaxPoolingWithArgmax2D".split()
    assert set(TARGET.ops) == (tried | set(families)) - {"RELU_0_TO_1"}


@pytest.mark.parametrize(("inputs", "reason"), PLAIN)
def test_a_delegate_without_the_enhanced_flag_broadcasts_in_three_ways(inputs: str, reason: str) -> None:
    op, graph = single("ADD", inputs, "f32[1,2,3,4]", {})
    found = [condition(op, graph) for condition in shared(enhanced=False)["ADD"].conditions]
    assert next(filter(None, found), "") == reason


def test_a_buffer_without_bytes_is_no_constant() -> None:
    empty = ("RESHAPE", "f32[] c:i32[0]", "f32[]")
    assert said(TARGET, *empty) == "2 of its inputs are not constant; 1 is supported"


def test_a_variable_with_bytes_is_a_constant() -> None:
    op, graph = single("LOGISTIC", "c:f32[4]", "f32[4]")
    variable = replace(op, inputs=tuple(tensor and replace(tensor, is_variable=True) for tensor in op.inputs))
    assert TARGET.verdict(variable, graph).reason == "LOGISTIC: 1 of its inputs is constant; 0 constant are supported"


@pytest.mark.parametrize(
    ("line", "slot"), [(("CUMSUM", "f32[4] c:i32[]", "f32[4]"), 1), (("CAST", "f32[4]", "i32[4]"), 0)]
)
def test_a_newer_element_type_is_unknown(line: tuple[Any, ...], slot: int) -> None:
    op, graph = single(*line)
    verdict = TARGET.verdict(unknown(op, slot), graph)
    assert verdict.supported is None
    assert "newer than tflint" in verdict.reason
