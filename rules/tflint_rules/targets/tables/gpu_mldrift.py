"""LiteRT's GPU accelerator (ML Drift): what `CompiledModel` runs on a GPU.

Source: LiteRT f67457790, ml_drift_delegate/tflite/model_builder.cc (NewOperationParser and the IsSupported of each
parser, the way that is taken unless use_ir_model is set), delegate/delegate_webgpu.cc (one partition, quantized ops
allowed), litert/core/model/model_load.cc and flatbuffer_to_litert.cc (what is not loaded). Checked with the WebGPU
accelerator of ai-edge-litert 2.3.0, which takes INT32 for ARG_MAX as well.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import Condition, DType, Graph, Kind, Limits, Model, Op, Source, Support, Target, Verdict
from tflint_rules.targets.tables import gpu_mldrift_layout as move
from tflint_rules.targets.tables import gpu_mldrift_ops as ask
from tflint_rules.targets.tables.gpu_compat import shared
from tflint_rules.targets.tables.gpu_conditions import short
from tflint_rules.targets.tables.gpu_graph import reviser, sizes
from tflint_rules.targets.tables.gpu_mldrift_composites import CUSTOM, composite
from tflint_rules.targets.tables.gpu_mldrift_lstm import lstm
from tflint_rules.targets.tables.gpu_mldrift_reads import element_types, exactly, filled, fused, reads

__all__ = ["TARGET"]

_UNARY = exactly(1, 0, outputs=1)
_VERSIONS = {
    "ABS": 5,
    "ADD": 6,
    "FLOOR_DIV": 3,
    "GELU": 3,
    "MAXIMUM": 4,
    "MINIMUM": 4,
    "MUL": 8,
}
"""The last version of an elementwise op, where it is not 2."""

_ONE_INPUT = "ABS CEIL COS ELU EXP FLOOR GELU LOG LOGICAL_NOT LOGISTIC NEG ROUND RSQRT SIGN SIN SQRT SQUARE TANH"
_TWO_INPUTS = (
    "ATAN2 DIV EQUAL FLOOR_DIV FLOOR_MOD GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM MINIMUM "
    "NOT_EQUAL POW RIGHT_SHIFT SQUARED_DIFFERENCE STABLEHLO_SHIFT_LEFT SUB"
)
_SHARED = shared(enhanced=False)
_BROADCASTING = shared(enhanced=True)


def _op(kind: str, last: int | None, *more: Condition, table: dict[str, Support] = _SHARED) -> Support:
    """What the shared check asks, and more."""
    base = table[kind]
    return Support(None if last is None else (1, last), base.types, (*base.conditions, *more))


def _alone(last: int | None, *conditions: Condition) -> Support:
    """An op that the shared check is not asked about."""
    return Support(None if last is None else (1, last), (), conditions)


def _elementwise() -> dict[str, Support]:
    found = {
        kind: _op(kind, _VERSIONS.get(kind, 2), _UNARY, reads(0), table=_BROADCASTING) for kind in _ONE_INPUT.split()
    }
    for kind in _TWO_INPUTS.split():
        found[kind] = _op(kind, _VERSIONS.get(kind, 2), ask.binary, table=_BROADCASTING)
    for kind in ("ADD", "ADD_N", "MUL"):
        last = _VERSIONS.get("ADD" if kind == "ADD_N" else kind)
        found[kind] = _op(kind, last, ask.add_or_multiply, _sign_bit, table=_BROADCASTING)
    for kind in ("ADD", "ADD_N", "SUB"):
        found[kind] = replace(found[kind], conditions=(*found[kind].conditions, ask.scaled))
    return found


def _sign_bit(op: Op, graph: Graph) -> str:
    return fused(op, graph) if "fused_activation_function" in op.options else ""


def _table() -> dict[str, Support]:
    pool, relu = (reads(0),), (exactly(1, 0, outputs=1), reads(0))
    resize, pad = (reads(0),), (move.paddings, reads(0))
    table = {
        **_elementwise(),
        "ARG_MAX": _alone(None, exactly(1, 1, outputs=1), ask.arg_max, reads(0)),
        "AVERAGE_POOL_2D": _op("AVERAGE_POOL_2D", 2, *pool),
        "BATCH_MATMUL": _op("BATCH_MATMUL", None, ask.batch_matmul, reads(0)),
        "BITCAST": _op("BITCAST", None, reads(0)),
        "CAST": _alone(None, exactly(1, 0, 1, 1, 1), reads(0)),
        "CONCATENATION": _op("CONCATENATION", 6, move.concatenation, reads()),
        "CONV_2D": _op("CONV_2D", 6, ask.conv_2d, reads(0)),
        "CUMSUM": _op("CUMSUM", 1, ask.cumsum, reads(0)),
        "DEPTH_TO_SPACE": _op("DEPTH_TO_SPACE", None, reads(0)),
        "DEPTHWISE_CONV_2D": _op("DEPTHWISE_CONV_2D", 6, ask.depthwise_conv_2d, reads(0)),
        "DEQUANTIZE": _op("DEQUANTIZE", 3, ask.dequantize, reads()),
        "DYNAMIC_UPDATE_SLICE": _op("DYNAMIC_UPDATE_SLICE", None, move.update_slice, reads(0)),
        "EMBEDDING_LOOKUP": _op("EMBEDDING_LOOKUP", None, ask.embedding_lookup, reads(0)),
        "FULLY_CONNECTED": _op("FULLY_CONNECTED", 14, ask.fully_connected, reads(0)),
        "GATHER": _op("GATHER", None, move.gather, reads(0, 1)),
        "HARD_SWISH": _op("HARD_SWISH", None, reads(0)),
        "LEAKY_RELU": _op("LEAKY_RELU", 2, *relu),
        "LSTM": _op("LSTM", 4, lstm),
        "MAX_POOL_2D": _op("MAX_POOL_2D", 2, *pool),
        "MIRROR_PAD": _op("MIRROR_PAD", 5, *pad),
        "ONE_HOT": _alone(1, exactly(least=4, outputs=1), ask.one_hot, reads(0)),
        "PACK": _alone(None, move.pack, reads()),
        "PAD": _op("PAD", 5, *pad),
        "PADV2": _op("PADV2", 5, *pad),
        "PRELU": _alone(1, ask.prelu, reads(0)),
        "QUANTIZE": _op("QUANTIZE", 2, ask.quantize, reads(0)),
        "RELU": _op("RELU", 2, *relu),
        "RELU6": _op("RELU6", 2, *relu),
        "RELU_N1_TO_1": _op("RELU_N1_TO_1", 2, *relu),
        "RESHAPE": _op("RESHAPE", 1, reads(0)),
        "RESIZE_BILINEAR": _op("RESIZE_BILINEAR", 3, *resize),
        "RESIZE_NEAREST_NEIGHBOR": _op("RESIZE_NEAREST_NEIGHBOR", 3, *resize),
        "REVERSE_V2": _op("REVERSE_V2", None, move.reduction_axes, reads(0)),
        "SELECT": Support((1, 1), _SHARED["SELECT"].types, (exactly(least=3, most=3, outputs=1), move.select, reads())),
        "SLICE": _alone(8, exactly(least=3), move.slice_, reads(0)),
        "SOFTMAX": _op("SOFTMAX", 4, exactly(1, 0, outputs=1), reads(0)),
        "SPACE_TO_DEPTH": _op("SPACE_TO_DEPTH", 2, exactly(1, 0, outputs=1), reads(0)),
        "SPLIT": _alone(None, move.split, reads()),
        "SPLIT_V": _alone(None, move.split_v, reads()),
        "STABLEHLO_BROADCAST_IN_DIM": _op("STABLEHLO_BROADCAST_IN_DIM", None, move.broadcast_in_dim, reads(0)),
        "STABLEHLO_CBRT": _op("STABLEHLO_CBRT", None, reads(0)),
        "STABLEHLO_CLAMP": _op("STABLEHLO_CLAMP", None, reads(0, 1, 2)),
        "STABLEHLO_COMPOSITE": _alone(None, composite),
        "STABLEHLO_REMAINDER": _op("STABLEHLO_REMAINDER", None, reads(0, 1)),
        "STRIDED_SLICE": _alone(2, move.masks, exactly(least=4), move.strided_slice, reads()),
        "TILE": _op("TILE", None, reads(0)),
        "TOPK_V2": _op("TOPK_V2", 1, move.top_k, reads(0)),
        "TRANSPOSE": _op("TRANSPOSE", 9, move.transpose, reads(0)),
        "TRANSPOSE_CONV": _op("TRANSPOSE_CONV", 3, ask.transpose_conv, reads()),
        "UNPACK": _alone(None, move.unpack, reads()),
        **CUSTOM,
    }
    for kind in "MEAN REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD SUM".split():
        table[kind] = _op(kind, None, move.reduction_axes, reads(0))
    return table | {"SELECT_V2": table["SELECT"]}


def _load(model: Model) -> str:
    """CompiledModel loads no variable tensors, no variants, and no ops with intermediate tensors."""
    for graph in model.graphs:
        if any(tensor.is_variable for tensor in graph.tensors):
            return "it has variable tensors, which CompiledModel does not load"
        if any(tensor.dtype is DType.VARIANT for tensor in graph.tensors):
            return "it has VARIANT tensors, which CompiledModel does not load"
        if any(op.intermediates for op in graph.ops):
            return "it has an op with intermediate tensors, which CompiledModel does not load"
    return ""


def _verdict(op: Op, graph: Graph) -> Verdict:
    return TARGET.verdict(op, graph)


TARGET = Target(
    name="gpu-mldrift",
    summary="LiteRT's GPU accelerator (ML Drift), which CompiledModel loads",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, ml_drift_delegate/tflite/model_builder.cc; ai-edge-litert 2.3.0, WebGPU accelerator",
        "2026-08-21",
        "all that decides whether an op is taken; not the limits of a device, nor what its driver makes of a shader",
    ),
    ops=_table(),
    types=(element_types,),
    conditions=(short, filled),
    limits=Limits(max_partitions=1),
    refuses=(_load, sizes("CompiledModel fails")),
    revise=reviser(_verdict),
)
