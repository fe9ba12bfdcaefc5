"""LiteRT's own kernels: what the TFLite and LiteRT interpreters run on a CPU without any delegate.

Source: LiteRT f67457790, tflite/core/kernels/register.cc for the ops and their versions; element types as
tools/probe_cpu.py found them with the interpreter itself; tflite/core/interpreter_builder.cc for whole models.
"""

from __future__ import annotations

from dataclasses import replace

from tflint import Condition, DType, Graph, Kind, Op, Source, Support, Target, Verdict
from tflint.analysis.runtime_table import RUNTIMES
from tflint_rules.conversion.custom_ops import IN_EVERY_RUNTIME, runs_with
from tflint_rules.targets.tables import cpu_conditions as ask
from tflint_rules.targets.tables import cpu_scales as scaled
from tflint_rules.targets.tables import cpu_shapes as shaped
from tflint_rules.targets.tables.cpu_types import TYPES

__all__ = ["TARGET"]

_BY_HAND: dict[str, Condition] = {
    "SVDF": ask.svdf,
    **dict.fromkeys(("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"), ask.rnn),
    **dict.fromkeys(("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"), ask.lstm),
}
"""Ops whose types are a rule of their own."""
_STABLE = ("STABLEHLO_ADD", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM", "STABLEHLO_MULTIPLY", "STABLEHLO_AND")
_SHAPED: dict[str, tuple[Condition, ...]] = {
    "FULLY_CONNECTED": (scaled.zero_in_16_bits, scaled.fully_connected),
    "CONV_2D": (shaped.strides, scaled.zero_in_16_bits, scaled.convolution(0, 2, 0)),
    "DEPTHWISE_CONV_2D": (shaped.strides, scaled.zero_in_16_bits, scaled.convolution(0, 2, 3)),
    "TRANSPOSE_CONV": (shaped.strides, scaled.convolution(2, 3, 0)),
    "ADD": (scaled.zero_in_16_bits, scaled.sum_scales(20), scaled.activation_range),
    "SUB": (scaled.zero_in_16_bits, scaled.sum_scales(20, above_one=True), scaled.activation_range),
    "SQUARED_DIFFERENCE": (scaled.sum_scales(14, squared=True),),
    "LOGISTIC": (
        scaled.zero_in_16_bits,
        scaled.fixed_output(INT8=(1 / 256, None), UINT8=(1 / 256, None), INT16=(1 / 32768, 0)),
    ),
    "SOFTMAX": (scaled.zero_in_16_bits, scaled.fixed_output(0.001, INT8=(1 / 256, -128), INT16=(1 / 32768, 0))),
    "LOG_SOFTMAX": (scaled.fixed_output(INT8=(1 / 16, 127), UINT8=(1 / 16, 255)),),
    "L2_NORMALIZATION": (
        shaped.no_activation,
        scaled.fixed_output(INT8=(1 / 128, 0), UINT8=(1 / 128, 128)),
    ),
    "HARD_SWISH": (scaled.hard_swish,),
    "EMBEDDING_LOOKUP": (scaled.embedding_lookup,),
    "PADV2": (scaled.pad_value,),
    "PACK": (shaped.numbered("values_count", outputs=False), scaled.one_scale(inputs=True)),
    "UNPACK": (shaped.numbered("num", outputs=True), shaped.axis(0, "axis"), scaled.one_scale()),
    "SPLIT": (shaped.numbered("num_splits", outputs=True), shaped.axis(1, 0)),
    "SPLIT_V": (shaped.numbered("num_splits", outputs=True), shaped.axis(0, 2)),
    "CONCATENATION": (
        shaped.no_activation,
        shaped.axis(0, "axis"),
        scaled.zero_in_16_bits,
        scaled.one_scale(0, DType.INT8, inputs=True),
    ),
    "EXPAND_DIMS": (scaled.zero_in_16_bits, scaled.one_scale()),
    "FILL": (scaled.one_scale(1),),
    "GATHER": (shaped.axis(0, "axis"),),
    "STABLEHLO_PAD": (shaped.listed("edge_padding_low"),),
    "STABLEHLO_GATHER": (shaped.listed("slice_sizes"),),
    "BUCKETIZE": (shaped.listed("boundaries"),),
    "REVERSE_SEQUENCE": (shaped.other_dimension,),
    "SHAPE": (shaped.option("out_type", "INT32", "INT64"),),
    "ARG_MAX": (shaped.option("output_type", "INT32", "INT64"),),
    "ARG_MIN": (shaped.option("output_type", "INT32", "INT64"),),
    **dict.fromkeys(("DEPTH_TO_SPACE", "SPACE_TO_DEPTH"), (shaped.block_size,)),
    **dict.fromkeys(_STABLE, (shaped.one_shape,)),
    **dict.fromkeys(("DIV", "MUL"), (scaled.activation_range,)),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), (shaped.strides, scaled.activation_range)),
    **dict.fromkeys(
        ("BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "MIRROR_PAD"),
        (scaled.zero_in_16_bits, scaled.one_scale(0, DType.INT8, DType.UINT8, DType.INT16)),
    ),
    **dict.fromkeys(
        ("REDUCE_MAX", "REDUCE_MIN"),
        (scaled.zero_in_16_bits, scaled.one_scale(0, DType.INT8, DType.UINT8, DType.INT16)),
    ),
    **dict.fromkeys(
        "ABS BATCH_MATMUL DEQUANTIZE EXP LEAKY_RELU LOG MEAN QUANTIZE REDUCE_PROD RELU RELU6 RSQRT SQRT "
        "SUM TANH".split(),
        (scaled.zero_in_16_bits,),
    ),
}


def _support(kind: str) -> Support:
    versions = RUNTIMES[kind].split()
    first = next(number for number, runtime in enumerate(versions, 1) if runtime != "-")
    if kind in TYPES:
        more = (shaped.ranks(*shaped.RANKS[kind]),) if kind in shaped.RANKS else ()
        return Support((first, len(versions)), (ask.kernel_types,), (ask.counts, *more, *_SHAPED.get(kind, ())))
    return Support((first, len(versions)), (_BY_HAND[kind],) if kind in _BY_HAND else ())


def _registered(op: Op, graph: Graph) -> str:
    """A custom op is one that the runtime has, whatever built-in op bears its name."""
    return "it is a custom op" if op.is_custom and op.kind not in IN_EVERY_RUNTIME else ""


def _revise(graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Say what a custom op needs that the runtime does not have."""
    return tuple(
        replace(verdict, reason=_foreign(op.kind)) if op.is_custom and verdict.supported is False else verdict
        for op, verdict in zip(graph.ops, verdicts, strict=True)
    )


def _foreign(kind: str) -> str:
    if kind.startswith("Flex"):
        return f"{kind} needs TensorFlow's own kernels: the Select TF ops library"
    known = runs_with(kind)
    return f"{kind} needs {known}" if known else f"{kind} needs a kernel that the program registers itself"


TARGET = Target(
    name="cpu",
    summary="the kernels that LiteRT and TFLite themselves have, on a CPU and without delegates",
    kind=Kind.RUNTIME,
    source=Source(
        "LiteRT f67457790, tflite/core/kernels/register.cc, and ai-edge-litert 2.3.0, asked about each element type",
        "2026-08-21",
        "Ops, versions, the element types of 152 ops as running them showed; scales that kernels refuse or stop at, "
        "numbers of dimensions; what stops a model when it is loaded. Not checked: most shapes, which change when an "
        "input is resized, and values that are known only when the model runs.",
    ),
    ops={**{kind: _support(kind) for kind in RUNTIMES}, **dict.fromkeys(IN_EVERY_RUNTIME, Support())},
    types=(_registered,),
    refuses=(ask.schema_version, ask.quantization_fits, ask.constants_fit),
    revise=_revise,
)
