"""Ops that pass all of Vela's questions and then stop it with the whole model, or make it die.

Source: ethos-u-vela 5.2.0, ethosu/regor: architecture/ethosu55/ethos_u55_constraints.cpp and
architecture/ethosu85/ethos_u85_constraints.cpp, SupportedDtypes and OperatorQuery, and compiler/scheduler_packing.cpp,
PrePackOperations; where it dies, found by compiling each kind of op with each element type.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod

from tflint import Condition, DType, Graph, Op, Tensor
from tflint_rules.targets.tables.ethos_u_conditions import wants_activation
from tflint_rules.targets.tables.ethos_u_tensors import by_role, map_sizes, shape, sizes_of
from tflint_rules.targets.tables.ethos_u_weights import kernel

__all__ = ["EARLY_LIMITS", "LIMITS_U55", "LIMITS_U85"]

_LAST = 1 << 16
_WIDE = (DType.INT32, DType.INT64)
_8_16 = (DType.INT8, DType.UINT8, DType.INT16)
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
_RELUS = ("RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1")
_PAIRS = "DIV EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM MINIMUM NOT_EQUAL".split()
_REDUCTIONS = ("REDUCE_ALL", "REDUCE_ANY", "REDUCE_MAX", "REDUCE_MIN")


def _never(inputs: Collection[DType] = (), outputs: Collection[DType] = ()) -> Condition:
    """The first input and the outputs are of none of these element types."""

    def check(op: Op, graph: Graph) -> str:
        maps = by_role(op, "i")
        if maps and maps[0].dtype in inputs:
            return f"its input is {maps[0].dtype.value}"
        wrong = next((each for each in op.outputs if each.dtype in outputs), None)
        return "" if wrong is None else f"its output is {wrong.dtype.value}"

    return check


def _one_type(op: Op, graph: Graph) -> str:
    """Input and output have one element type."""
    maps = by_role(op, "i")
    if not maps or not op.outputs or maps[0].dtype is op.outputs[0].dtype:
        return ""
    return f"its input is {maps[0].dtype.value} and its output {op.outputs[0].dtype.value}"


def _one_pair(op: Op, graph: Graph) -> str:
    """Both inputs have one element type; BOOL and INT8 count as one."""
    maps = by_role(op, "i")[:2]
    kinds = {DType.INT8 if each.dtype is DType.BOOL else each.dtype for each in maps}
    return "" if len(kinds) < 2 else f"its inputs are {' and '.join(each.dtype.value for each in maps)}"


def _weights_constant(op: Op, graph: Graph) -> str:
    weights = by_role(op, "w")
    return "" if not weights or weights[0].is_constant else "its weights are not constant"


def _parameters_constant(op: Op, graph: Graph) -> str:
    wrong = next((each for each in by_role(op, "p") if not each.is_constant), None)
    return "" if wrong is None else f"'{wrong.name}' is not constant"


def _two_dimensions(op: Op, graph: Graph) -> str:
    """Constant weights of up to three dimensions have two that are not 1."""
    weights = by_role(op, "w")
    if not weights or not weights[0].is_constant:
        return ""
    sizes = shape(weights[0], graph)
    if len(sizes) > 3 or (len(sizes) > 1 and prod(sizes) == sizes[0] * sizes[-1]):
        return ""
    return f"its weights have shape {list(sizes)}"


def _narrow_bias(op: Op, graph: Graph) -> str:
    """A bias is not INT64 where the input has 8 bits and weights are constant."""
    maps, bias = by_role(op, "i"), by_role(op, "s")
    if not maps or not bias or maps[0].dtype.bits != 8 or bias[0].dtype is not DType.INT64:
        return ""
    if _weights_constant(op, graph):
        return ""
    return f"its input is {maps[0].dtype.value} and its bias INT64"


def _groups(op: Op, graph: Graph) -> str:
    """A convolution in groups has strides of up to 3."""
    weights, (read, made), found = by_role(op, "w"), map_sizes(op, graph), kernel(op, graph)
    inner = sizes_of(weights[0] if weights else None, graph, 4)[-1]
    moves = (found.stride_h > 3 and made[-3] > 1) or (found.stride_w > 3 and made[-2] > 1)
    return f"it has groups and stride {found.stride_h}x{found.stride_w}" if moves and read[-1] > inner else ""


def _one_image(op: Op, graph: Graph) -> str:
    """All dimensions before the last three are 1."""
    maps = by_role(op, "i")
    sizes = shape(maps[0], graph) if maps else ()
    return f"its input has shape {list(sizes)}" if prod(sizes[:-3]) > 1 else ""


def _one_resized_image(op: Op, graph: Graph) -> str:
    """The batch is 1 where the size changes, and not from a single pixel."""
    maps = by_role(op, "i")
    if not maps or not op.outputs:
        return ""
    read, made = (shape(each, graph)[-3:-1] for each in (maps[0], op.outputs[0]))
    return "" if read in ((1, 1), made) else _one_image(op, graph)


def _softmax_depth(op: Op, graph: Graph) -> str:
    maps = by_role(op, "i")
    sizes = shape(maps[0], graph) if maps else ()
    return f"its last dimension is {sizes[-1]}" if sizes and sizes[-1] > _LAST else ""


def _second(allowed: Collection[DType]) -> Condition:
    """The second input, whatever its role, has one of these element types."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(1)
        return "" if tensor is None or tensor.dtype in allowed else f"its second input is {tensor.dtype.value}"

    return check


def _prelu_u55(op: Op, graph: Graph) -> str:
    maps = by_role(op, "i")
    return _one_type(op, graph) if maps and maps[0].dtype is DType.INT16 else ""


def _select(op: Op, graph: Graph) -> str:
    """What it chooses from is of the output's type: INT8, INT16, INT32 or BOOL."""
    tensors = [*by_role(op, "i")[1:3], *op.outputs[:1]]
    kinds = [DType.INT8 if each.dtype is DType.BOOL else each.dtype for each in tensors]
    if kinds and kinds[-1] is DType.UINT8:
        kinds[-1] = DType.INT8
    if len(set(kinds)) == 1 and kinds[0] in (DType.INT8, DType.INT16, DType.INT32):
        return ""
    return f"its inputs and output are {_words(tensors)}"


def _resize_types(op: Op, graph: Graph) -> str:
    """Where the size changes, the input has 8 or 16 bits, and the output is no BOOL."""
    maps = by_role(op, "i")
    if not maps or not op.outputs or shape(maps[0], graph)[-3:-1] == shape(op.outputs[0], graph)[-3:-1]:
        return ""
    return _never((*_WIDE, DType.BOOL), (DType.BOOL,))(op, graph)


def _activation_types(op: Op, graph: Graph) -> str:
    """TANH is fused to 8 or 16 bits alone, other activations to INT32 only for sums and products without a scale."""
    name = wants_activation(op)
    if not name or not op.outputs:
        return ""
    output = op.outputs[0]
    plain = op.kind in ("ADD", "MUL", "SUB") and output.quant is None
    wrong = output.dtype not in _8_16 if name == "TANH" else output.dtype is DType.INT32 and not plain
    return f"its fused activation is {name} and its output {output.dtype.value}" if wrong else ""


def _output_scale(op: Op, graph: Graph) -> str:
    """An output of 32 bits has a scale."""
    wrong = next((each for each in op.outputs if each.dtype is DType.INT32 and each.quant is None), None)
    return "" if wrong is None else f"its output '{wrong.name}' has no scale"


def _bool_to_bool(op: Op, graph: Graph) -> str:
    tensors = [*by_role(op, "i"), *op.outputs]
    return "it casts BOOL to BOOL" if {each.dtype for each in tensors} == {DType.BOOL} else ""


def _words(tensors: Collection[Tensor]) -> str:
    return ", ".join(each.dtype.value for each in tensors)


def _slope_quantized(op: Op, graph: Graph) -> str:
    slope = op.input(1)
    if slope is None or slope.dtype not in _8_16 or (slope.quant is not None and len(slope.quant.scale)):
        return ""
    return "its slope has no scale"


_PRODUCT_U85 = (
    *(_never((*_WIDE, DType.BOOL), (DType.BOOL, DType.INT64)), _narrow_bias),
    *(_activation_types, _output_scale),
)

EARLY_LIMITS: Mapping[str, tuple[Condition, ...]] = {"FULLY_CONNECTED": (_two_dimensions,)}
"""What it dies of before its last questions: it divides by the size of a dimension that is not there."""

LIMITS_U55: Mapping[str, tuple[Condition, ...]] = {
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN"), (_one_type,)),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), (_one_pair,)),
    **dict.fromkeys(("DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"), (_weights_constant,)),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), (_one_resized_image,)),
    **dict.fromkeys(("REVERSE_V2", "TILE"), (_parameters_constant,)),
    "ARG_MAX": (_one_image,),
    "CONV_2D": (_weights_constant, _groups),
    "FULLY_CONNECTED": (_never((DType.INT32,)),),
    "PRELU": (_second((*_8_16, DType.INT32)), _slope_quantized, _prelu_u55),
    "SOFTMAX": (_softmax_depth,),
}

LIMITS_U85: Mapping[str, tuple[Condition, ...]] = {
    **dict.fromkeys(("ABS", "LEAKY_RELU", "LOGICAL_NOT"), (_never((DType.INT64,)),)),
    **dict.fromkeys(("ADD", "MUL", "SUB"), (_never((DType.INT64,)), _activation_types)),
    **dict.fromkeys(("EXP", "LOGISTIC", "TANH"), (_never((*_WIDE, DType.BOOL)), _one_type)),
    **dict.fromkeys((*_RELUS, "AVERAGE_POOL_2D", "MAX_POOL_2D", "QUANTIZE"), (_never(_WIDE), _activation_types)),
    **dict.fromkeys(_PAIRS, (_never((DType.INT64,)), _one_pair, _activation_types)),
    **dict.fromkeys(_REDUCTIONS, (_never((DType.INT64,), (DType.INT64,)),)),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), (_resize_types,)),
    **dict.fromkeys(("REVERSE_V2", "TILE"), (_parameters_constant,)),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"), _PRODUCT_U85),
    **dict.fromkeys(("SELECT", "SELECT_V2"), (_select,)),
    "BATCH_MATMUL": (_never((*_WIDE, DType.BOOL), (DType.BOOL,)),),
    "CAST": (_never((DType.INT64,)), _bool_to_bool),
    "CONCATENATION": (_activation_types,),
    "MEAN": (_never((), (DType.BOOL, DType.INT64)),),
    "NEG": (_never((DType.INT64, DType.BOOL)),),
    "PRELU": (
        *(_never((*_WIDE, DType.BOOL), (DType.BOOL, DType.INT64)), _second((*_8_16, DType.INT32))),
        _slope_quantized,
    ),
    "SOFTMAX": (_never((*_WIDE, DType.BOOL)), _softmax_depth),
    "SQUARED_DIFFERENCE": (
        _never((DType.INT64, DType.BOOL), (DType.BOOL, DType.INT64)),
        _second((*_8_16, DType.INT32)),
    ),
    "SUM": (_never((DType.INT64, DType.BOOL), (DType.BOOL,)),),
    "TRANSPOSE_CONV": (*_PRODUCT_U85, _weights_constant),
}
