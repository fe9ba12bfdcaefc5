"""Arm Ethos-U NPUs as Vela compiles for them: what it takes, and what it leaves to the Cortex-M.

Source: ethos-u-vela 5.2.0, ethosu/regor/tflite: tflite_supported_operators.cpp, tflite_supported_operators_u55.cpp,
tflite_supported_operators_u85.cpp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from tflint import Condition, DType, Kind, Source, Support, Target
from tflint_rules.targets.tables import ethos_u_conditions as ask
from tflint_rules.targets.tables import ethos_u_ops as of
from tflint_rules.targets.tables import ethos_u_weights as heavy
from tflint_rules.targets.tables.ethos_u_graph import revise
from tflint_rules.targets.tables.ethos_u_limits import EARLY_LIMITS, LIMITS_U55, LIMITS_U85
from tflint_rules.targets.tables.ethos_u_model import QUESTIONS, boolean_edges, compiles

__all__ = ["ETHOS_U55", "ETHOS_U65", "ETHOS_U85"]

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
_VARIABLES = ("ASSIGN_VARIABLE", "READ_VARIABLE")
_ACTIVATED = (*_WEIGHTED, *"ADD AVERAGE_POOL_2D CONCATENATION DIV MAX_POOL_2D MUL SUB".split())
_NO_QUANT = frozenset(
    "ARG_MAX ASSIGN_VARIABLE EXPAND_DIMS GATHER MIRROR_PAD PAD PADV2 QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_ANY "
    "SCATTER_ND SELECT SELECT_V2 TRANSPOSE".split()
)
_ZERO_POINTS_IGNORED = frozenset(
    "AVERAGE_POOL_2D DIV RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR UNIDIRECTIONAL_SEQUENCE_LSTM".split()
)

_BOTH = (
    "ABS ADD ARG_MAX AVERAGE_POOL_2D BATCH_MATMUL CONCATENATION CONV_2D DEPTHWISE_CONV_2D ELU EXP EXPAND_DIMS "
    "FULLY_CONNECTED GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG PACK "
    "PAD PADV2 PRELU QUANTIZE REDUCE_MAX REDUCE_MIN RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR "
    "RESIZE_NEAREST_NEIGHBOR REVERSE_V2 RSQRT SLICE SOFTMAX SPLIT SPLIT_V SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE "
    "SUB SUM TANH TILE TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK"
).split()
_U85_ALONE = (
    "ASSIGN_VARIABLE CAST DIV EQUAL GATHER GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_NOT LOGICAL_OR "
    "NOT_EQUAL READ_VARIABLE REDUCE_ALL REDUCE_ANY SCATTER_ND SELECT SELECT_V2"
).split()

_INTEGERS = (DType.UINT8, DType.INT8, DType.INT16, DType.INT32, DType.INT64)
_32BIT_U55 = frozenset(
    "ADD ARG_MAX BATCH_MATMUL EXPAND_DIMS FULLY_CONNECTED MIRROR_PAD MUL NEG RESHAPE SQUEEZE SUB SUM TRANSPOSE".split()
)

_TYPES: Mapping[str, tuple[Condition, ...]] = {
    "ELU": (of.input_is(DType.INT8, output=True),),
    "GELU": (of.input_is(DType.INT8, DType.UINT8, output=True),),
    "LOG": (of.input_is(DType.INT8, DType.INT16, output=True),),
    "RSQRT": (of.input_is(DType.INT8, DType.INT16),),
    "MEAN": (of.input_is(DType.INT8, DType.UINT8, DType.INT16),),
    "MIRROR_PAD": (of.padding_types,),
    "PAD": (of.padding_types,),
    "PADV2": (of.padding_types,),
}
"""What both cores ask of element types, beyond what they ask of every op."""

_CONDITIONS: Mapping[str, tuple[Condition, ...]] = {
    "AVERAGE_POOL_2D": (heavy.average_pool,),
    "ELU": (of.same_shape,),
    "FULLY_CONNECTED": (heavy.fully_connected_weights,),
    "GELU": (of.same_shape,),
    "LOG": (of.same_shape,),
    "MAXIMUM": (of.equal_quant,),
    "MAX_POOL_2D": (heavy.max_pool,),
    "MEAN": (ask.parameters_constant, of.mean),
    "MINIMUM": (of.equal_quant,),
    "MIRROR_PAD": (ask.parameters_constant,),
    "PAD": (ask.parameters_constant,),
    "PADV2": (ask.parameters_constant,),
    "SLICE": (ask.parameters_constant,),
    "SOFTMAX": (of.softmax_size,),
    "SPLIT": (of.splits,),
    "SPLIT_V": (of.splits,),
    "STRIDED_SLICE": (ask.parameters_constant, of.strided_slice),
    "TRANSPOSE": (ask.parameters_constant, of.transpose_rank),
    "TRANSPOSE_CONV": (heavy.transpose_conv_shape,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (of.lstm,),
}
"""What both cores ask beside element types, beyond what they ask of every op."""

_CONDITIONS_U55: Mapping[str, tuple[Condition, ...]] = {
    "ARG_MAX": (of.argmax_depth, of.argmax_axis),
    "AVERAGE_POOL_2D": (heavy.unrolled_stride,),
    "BATCH_MATMUL": (heavy.matmul_sizes,),
    "CONV_2D": (heavy.unrolled_stride,),
    "DEPTHWISE_CONV_2D": (heavy.kernel_stride,),
    "FULLY_CONNECTED": (heavy.matmul_sizes,),
    "MAX_POOL_2D": (heavy.unrolled_stride,),
    "RESIZE_BILINEAR": (of.resize_u55,),
    "RESIZE_NEAREST_NEIGHBOR": (of.resize_u55,),
    "REVERSE_V2": (of.reverse_axes,),
    "TRANSPOSE": (of.transpose_u55,),
    "TRANSPOSE_CONV": (heavy.transpose_conv_stride,),
}

_CONDITIONS_U85: Mapping[str, tuple[Condition, ...]] = {
    "GATHER": (of.gather_axis,),
    "RESIZE_BILINEAR": (of.resize_u85,),
    "RESIZE_NEAREST_NEIGHBOR": (of.resize_u85,),
    "SCATTER_ND": (of.scatter,),
}


@dataclass(frozen=True)
class _Core:
    """What one generation of the NPU asks of every op, and of single kinds beside what both ask."""

    kinds: tuple[str, ...]
    maps: Callable[[str], tuple[Condition, ...]]
    zero_points: Condition
    conditions: Mapping[str, tuple[Condition, ...]]
    most_8bit: int
    most_16bit: int
    most_bias: int

    def ops(self) -> dict[str, Support]:
        """The table; an op that Vela made before is taken as it is."""
        return {kind: self._support(kind) for kind in self.kinds} | {"ethos-u": Support()}

    def _support(self, kind: str) -> Support:
        if kind in _VARIABLES:
            return Support(types=(ask.variable_types(*_INTEGERS, DType.BOOL),), conditions=self._general(kind))
        types = (*self.maps(kind), *_TYPES.get(kind, ()))
        conditions = (*self._general(kind), *_CONDITIONS.get(kind, ()), *self.conditions.get(kind, ()))
        if kind in _WEIGHTED:
            types += (heavy.weights_8bit, heavy.bias_types)
            conditions += (
                *(heavy.bias_channels, heavy.bias_constant, heavy.bias_range(self.most_bias)),
                heavy.weight_sum(self.most_8bit, self.most_16bit),
            )
        if kind in _ACTIVATED:
            conditions += (self._activation(),)
        return Support(types=types, conditions=conditions)

    def early(self) -> dict[str, Support]:
        """What is asked of FULLY_CONNECTED before its weights are added up."""
        first = (ask.sizes_fixed, ask.shaped, ask.quantized, ask.scale_range, self._activation())
        types = (self.maps("FULLY_CONNECTED")[0], heavy.weights_8bit)
        return {"FULLY_CONNECTED": Support(types=types, conditions=first)}

    def _activation(self) -> Condition:
        return ask.fused_activation(*self.maps("RELU"), *self._general("RELU"))

    def _general(self, kind: str) -> tuple[Condition, ...]:
        """What is asked of tensors beside their element types."""
        found: list[Condition] = [ask.sizes_fixed]
        if kind not in _VARIABLES:
            found.append(ask.shaped)
        if kind not in _NO_QUANT:
            found += [ask.quantized, ask.scale_range]
        if kind not in _WEIGHTED:
            found.append(ask.one_scale)
        if kind not in _ZERO_POINTS_IGNORED:
            found.append(self.zero_points)
        return tuple(found)


def _maps_u55(kind: str) -> tuple[Condition, ...]:
    found = [ask.map_types(*_INTEGERS)]
    if kind not in _32BIT_U55:
        found.append(ask.narrow(32))
    if kind != "ARG_MAX":
        found.append(ask.narrow(64))
    if kind in ("BATCH_MATMUL", "FULLY_CONNECTED"):
        found.append(heavy.matmul_types)
    return tuple(found)


def _maps_u85(kind: str) -> tuple[Condition, ...]:
    return (ask.map_types(*_INTEGERS, DType.BOOL),)


_CORE_U55 = _Core((*_BOTH,), _maps_u55, ask.zero_points_u55, _CONDITIONS_U55, 127 << 16, 127 << 16, (1 << 40) - 1)
_CORE_U85 = _Core(
    (*_BOTH, *_U85_ALONE), _maps_u85, ask.zero_points_u85, _CONDITIONS_U85, 127 << 16, 127 << 24, (1 << 48) - 1
)
_U55, _U85 = _CORE_U55.ops(), _CORE_U85.ops()

_SOURCE = Source(
    "ethos-u-vela 5.2.0, its default core regor: ethosu/regor/tflite and ethosu/regor/compiler",
    "2026-08-25",
    "All that the compiler asks of single ops, of the whole model, and the ops that it removes. Not checked: limits of "
    "memory, the order in which it runs the ops, and its older core (--debug-force-legacy-core).",
)


_REFUSES_U55 = (
    *QUESTIONS,
    boolean_edges,
    partial(compiles, _CORE_U55.early(), EARLY_LIMITS),
    partial(compiles, _U55, LIMITS_U55),
)
_REFUSES_U85 = (
    *QUESTIONS,
    partial(compiles, _CORE_U85.early(), EARLY_LIMITS),
    partial(compiles, _U85, LIMITS_U85),
)

ETHOS_U55 = Target(
    name="ethos-u55",
    summary="Arm Ethos-U55 NPU beside a Cortex-M, compiled by Vela",
    kind=Kind.DELEGATE,
    takes_integers=True,
    source=_SOURCE,
    ops=_U55,
    refuses=_REFUSES_U55,
    revise=partial(revise, _U55),
)

ETHOS_U65 = replace(
    ETHOS_U55,
    name="ethos-u65",
    summary="Arm Ethos-U65 NPU beside a Cortex-M or Cortex-A, compiled by Vela",
)

ETHOS_U85 = Target(
    name="ethos-u85",
    summary="Arm Ethos-U85 NPU beside a Cortex-M or Cortex-A, compiled by Vela",
    kind=Kind.DELEGATE,
    takes_integers=True,
    source=_SOURCE,
    ops=_U85,
    refuses=_REFUSES_U85,
    revise=partial(revise, _U85),
)
