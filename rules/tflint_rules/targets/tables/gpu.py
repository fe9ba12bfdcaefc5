"""The classic GPU delegate of TFLite (TfLiteGpuDelegateV2, OpenCL and OpenGL; Metal reads graphs in the same way).

Source: LiteRT f67457790, tflite/delegates/gpu/common/model_builder.cc: NewOperationParser, the IsSupported of each
parser, GetOpsToReplace; delegate_options.cc (one partition, quantized ops allowed).
"""

from __future__ import annotations

from functools import cache

from tflint import Condition, DType, Graph, Kind, Limits, Op, Source, Support, Target, Tensor, Verdict
from tflint_rules.targets.tables.gpu_compat import shared
from tflint_rules.targets.tables.gpu_conditions import short, types_within
from tflint_rules.targets.tables.gpu_graph import is_half_constant, reviser, sizes

__all__ = ["TARGET"]

_VERSIONS = {
    1: "CUMSUM DENSIFY GATHER ONE_HOT PRELU RESHAPE SELECT SELECT_V2",
    2: (
        "ABS ADD ADD_N AVERAGE_POOL_2D CONCATENATION COS DIV ELU EQUAL EXP FLOOR FLOOR_DIV FLOOR_MOD GELU GREATER "
        "GREATER_EQUAL LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGISTIC MAXIMUM MAX_POOL_2D MINIMUM MIRROR_PAD NEG "
        "NOT_EQUAL PAD PADV2 POW QUANTIZE RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RSQRT SIGN SIN SLICE SOFTMAX "
        "SPACE_TO_DEPTH SQRT SQUARE SQUARED_DIFFERENCE SUB TANH"
    ),
    3: "DEQUANTIZE MUL RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR TRANSPOSE_CONV",
    4: "LSTM STRIDED_SLICE TRANSPOSE",
    6: "CONV_2D DEPTHWISE_CONV_2D",
    9: "FULLY_CONNECTED",
}
"""The last version of each op; those below have no limit."""
_ANY_VERSION = (
    "BATCH_MATMUL CAST DEPTH_TO_SPACE HARD_SWISH MEAN PACK REDUCE_MAX REDUCE_MIN REDUCE_PROD SPLIT SPLIT_V SUM TILE "
    "UNPACK"
)
_UNCHECKED = frozenset("LEAKY_RELU PRELU RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 UNPACK".split())
"""Ops that the shared check is not asked about."""
_COMPARISONS = frozenset("EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL NOT_EQUAL".split())

_PLAIN = frozenset({DType.FLOAT32, DType.FLOAT16, DType.INT8, DType.UINT8})
_BOOL, _INT32 = frozenset({DType.BOOL}), frozenset({DType.INT32})
_READ = {
    "CAST": _BOOL | _INT32,
    "GATHER": _INT32,
    "LOGICAL_AND": _BOOL,
    "ONE_HOT": _INT32,
    "SELECT": _BOOL,
    "SELECT_V2": _BOOL,
}
_MADE = {"CAST": _BOOL | _INT32, "LOGICAL_AND": _BOOL, **dict.fromkeys(_COMPARISONS, _BOOL)}
_NONE: frozenset[DType] = frozenset()
_FLOATS = (DType.FLOAT32, DType.FLOAT16)


@cache
def _allowed(kind: str) -> tuple[frozenset[DType], frozenset[DType]]:
    return _PLAIN | _READ.get(kind, _NONE), _PLAIN | _MADE.get(kind, _NONE)


def _readers(graph: Graph, tensor: Tensor) -> list[Op]:
    """The ops that read a tensor, once for each input."""
    return [op for op in graph.consumers(tensor) for each in op.inputs if each is tensor]


def _comparison(op: Op, graph: Graph) -> str:
    """Exactly one op reads the result, a cast to floats or a selection between them."""
    if not op.outputs:
        return "it has no output"
    readers = _readers(graph, op.outputs[0])
    if len(readers) != 1:
        return f"its result is read {len(readers)} times; once is supported, by CAST or SELECT"
    reader = readers[0]
    made = reader.outputs[0].dtype if reader.outputs else None
    if reader.kind in ("CAST", "SELECT", "SELECT_V2") and made in _FLOATS:
        return ""
    return f"its result is read by {reader.kind}; CAST to floats, or SELECT of floats, is supported"


def _cast(op: Op, graph: Graph) -> str:
    """A cast of truth values to floats stands between the op that makes them and exactly one more."""
    source, made = op.input(0), op.outputs[0] if op.outputs else None
    if source is None or made is None or source.dtype is not DType.BOOL or made.dtype not in _FLOATS:
        return ""
    if graph.producer(source) is None:
        return "its BOOL input is not made by an op"
    if (count := len(_readers(graph, source))) != 1:
        return f"its BOOL input is read {count} times; once is supported"
    count = len(_readers(graph, made))
    return "" if count == 1 else f"its result is read {count} times; once is supported"


def _table() -> dict[str, Support]:
    rules = shared(enhanced=False)
    last = {kind: version for version, kinds in _VERSIONS.items() for kind in kinds.split()}
    table = {}
    for kind in (*last, *_ANY_VERSION.split()):
        rule = Support() if kind in _UNCHECKED else rules[kind]
        versions = (1, last[kind]) if kind in last else None
        table[kind] = Support(versions, rule.types, rule.conditions)
    for kind in _COMPARISONS:
        table[kind] = Support((1, 2), (), (_comparison,))
    cast, widen = table["CAST"], table["DEQUANTIZE"]
    table["CAST"] = Support(None, cast.types, (_cast, *cast.conditions))
    table["DEQUANTIZE"] = Support(widen.versions, widen.types, tuple(map(_unless_half, widen.conditions)))
    customs = ("Convolution2DTransposeBias", "MaxPoolingWithArgmax2D", "MaxUnpooling2D", "Resampler")
    return table | {name: rules[name] for name in customs}


def _unless_half(condition: Condition) -> Condition:
    return lambda op, graph: "" if is_half_constant(op) else condition(op, graph)


def _verdict(op: Op, graph: Graph) -> Verdict:
    return TARGET.verdict(op, graph)


TARGET = Target(
    name="gpu",
    summary="TFLite's classic GPU delegate (TfLiteGpuDelegateV2)",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, tflite/delegates/gpu/common/model_builder.cc, tflite/tools/versioning/gpu_compatibility.cc",
        "2026-08-21",
        "all that decides which ops are taken; not what fails later, when the GPU's graph is built of them",
    ),
    ops=_table(),
    types=(types_within(lambda op: _allowed(op.kind)),),
    conditions=(short,),
    limits=Limits(max_partitions=1),
    refuses=(sizes("the delegate takes none of it"),),
    revise=reviser(_verdict, variables=True),
)
