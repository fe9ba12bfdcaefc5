"""Ops that make Vela stop with the whole model, because it takes them for invalid.

Source: ethos-u-vela 5.2.0, ethosu/regor/tflite/tflite_model_semantics.cpp. It looks at the stored shapes, not at the
dynamic ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite, prod

from tflint import DType, Op, Tensor
from tflint_rules.targets.tables.ethos_u_tensors import role, values

__all__ = ["fault"]

Check = Callable[[Op], str]

_SIGNED = (DType.INT4, DType.INT8, DType.INT16, DType.INT32, DType.INT64)
_UNSIGNED = (DType.UINT8, DType.UINT16, DType.UINT32, DType.UINT64)
_8BIT = (DType.INT8, DType.UINT8)
_WITHOUT_MAP = frozenset(
    "CALL DELEGATE EMBEDDING_LOOKUP EMBEDDING_LOOKUP_SPARSE FILL IF RANGE VAR_HANDLE WHILE".split()
)
"""Ops for which Vela knows no feature map among the inputs."""
_MISSING = "it lacks an input, an output or its options"


def fault(op: Op) -> str:
    """Why Vela takes an op for invalid; empty where it does not."""
    return _ratio(op) or next((reason for check in _CHECKS.get(op.kind, ()) if (reason := check(op))), "")


def _map(op: Op, number: int = 0) -> Tensor | None:
    """A feature map among the inputs by its number."""
    slots = [slot for slot in range(max(len(op.inputs), 4)) if role(op, slot) == "i"]
    return op.input(slots[number]) if number < len(slots) else None


def _sizes(tensor: Tensor) -> tuple[int, ...]:
    """The stored shape; a scalar counts as one of size 1."""
    return tensor.default_shape or (1,)


def _dynamic(tensor: Tensor) -> bool:
    """True where a dimension beside the first, or the only one, is dynamic."""
    return None in (tensor.shape[1:] if len(tensor.shape) > 1 else tensor.shape)


def _parameter(op: Op) -> Tensor | None:
    return next((op.input(slot) for slot in range(len(op.inputs)) if role(op, slot) == "p"), None)


def _ratio(op: Op) -> str:
    """The scale of the input divided by that of the output is a number."""
    if op.kind in _WITHOUT_MAP or not op.inputs or not op.outputs:
        return ""
    read, made = _map(op), op.outputs[0]
    if read is None or read.quant is None or made.quant is None:
        return ""
    if not len(read.quant.scale) or not len(made.quant.scale):
        return ""
    above, below = float(read.quant.scale[0]), float(made.quant.scale[0])
    if below and isfinite(above / below) and abs(above / below) < 2.0**128:
        return ""
    return f"its input has scale {above:g} and its output {below:g}"


def _pair(check: Callable[[Tensor, Tensor], str]) -> Check:
    """A check on the first input and the first output."""

    def both(op: Op) -> str:
        read = _map(op)
        return check(read, op.outputs[0]) if read is not None and op.outputs else _MISSING

    return both


@_pair
def _one_type(read: Tensor, made: Tensor) -> str:
    if read.dtype is made.dtype:
        return ""
    return f"its input is {read.dtype.value} and its output {made.dtype.value}; equal types are needed"


@_pair
def _softmax(read: Tensor, made: Tensor) -> str:
    if _sizes(read) != _sizes(made):
        return f"its input has shape {list(_sizes(read))} and its output {list(_sizes(made))}; equal ones are needed"
    if (read.dtype, made.dtype) == (DType.INT8, DType.INT16) or read.dtype is made.dtype:
        return ""
    return f"its input is {read.dtype.value} and its output {made.dtype.value}; equal types are needed"


def _beta(op: Op) -> str:
    beta = op.options.get("beta")
    if beta is None:
        return _MISSING
    return f"its beta is {beta:g}; 0 or more is needed" if beta < 0 else ""


@_pair
def _sign(read: Tensor, made: Tensor) -> str:
    if read.dtype in _SIGNED and made.dtype not in _SIGNED:
        return f"its input is {read.dtype.value} and its output {made.dtype.value}; a signed output is needed"
    if read.dtype in _UNSIGNED and made.dtype not in (read.dtype, DType.INT32):
        return f"its input is {read.dtype.value} and its output {made.dtype.value}; the same or INT32 is needed"
    return ""


def _two_types(op: Op) -> str:
    first, second = _map(op), _map(op, 1)
    if first is None or second is None or first.dtype is second.dtype:
        return ""
    return f"its inputs are {first.dtype.value} and {second.dtype.value}; equal types are needed"


def _input_is(*allowed: DType) -> Check:
    words = " or ".join(each.value for each in allowed)

    def check(op: Op) -> str:
        read = _map(op)
        if read is None:
            return _MISSING
        return "" if read.dtype in allowed else f"its input is {read.dtype.value}; {words} is needed"

    return check


def _output_is_index(op: Op) -> str:
    if not op.outputs:
        return _MISSING
    dtype = op.outputs[0].dtype
    return "" if dtype in (DType.INT32, DType.INT64) else f"its output is {dtype.value}; INT32 or INT64 is needed"


def _indices(op: Op) -> str:
    places = _map(op, 1)
    if places is None:
        return _MISSING
    if places.dtype in (DType.INT16, DType.INT32, DType.INT64):
        return ""
    return f"its indices are {places.dtype.value}; INT16, INT32 or INT64 is needed"


def _groups(op: Op) -> str:
    read, weights = _map(op), op.input(1)
    if read is None or weights is None:
        return _MISSING
    depth, inner, filters = _sizes(read)[-1], _sizes(weights)[-1], _sizes(weights)[0]
    if inner <= 0 or depth < inner or depth % inner:
        return f"its input has {depth} channels and its filter {inner}; a multiple is needed"
    if filters % (depth // inner):
        return f"it has {filters} filters in {depth // inner} groups; a multiple is needed"
    return ""


def _depth_multiplier(op: Op) -> str:
    read, times = _map(op), op.options.get("depth_multiplier")
    if read is None or not op.outputs or times is None:
        return _MISSING
    depth, made = _sizes(read)[-1], _sizes(op.outputs[0])[-1]
    return "" if depth * times == made else f"it has {depth} channels times {times}, and an output of {made} channels"


def _broadcast(op: Op) -> str:
    """The output has the shape of an input, or of both together."""
    read, other = _map(op), _map(op, 1) if op.kind in _TWO_INPUTS else None
    if read is None or not op.outputs or (other is None and op.kind in _TWO_INPUTS):
        return _MISSING
    first, made = _padded(read), _padded(op.outputs[0])
    if first == made:
        return ""
    if other is not None:
        second = _padded(other)
        fits = all(a == b or 1 in (a, b) for a, b in zip(first, second, strict=False))
        if second == made or (fits and len(first) == len(second) and tuple(map(max, first, second)) == made):
            return ""
    shapes = " and ".join(str(list(_sizes(each))) for each in (read, other) if each is not None)
    return f"its inputs have shape {shapes} and its output {list(_sizes(op.outputs[0]))}"


def _padded(tensor: Tensor) -> tuple[int, ...]:
    sizes = _sizes(tensor)
    return (1,) * (4 - len(sizes)) + sizes


@_pair
def _same_scale(read: Tensor, made: Tensor) -> str:
    scales = [each.quant.scale for each in (read, made) if each.quant is not None and len(each.quant.scale)]
    if len(scales) < 2 or scales[0][0] == scales[1][0]:
        return ""
    return f"its input has scale {scales[0][0]:g} and its output {scales[1][0]:g}; equal ones are needed"


@_pair
def _same_elements(read: Tensor, made: Tensor) -> str:
    if _dynamic(read) or _dynamic(made) or prod(_sizes(read)) == prod(_sizes(made)):
        return ""
    return f"its input has shape {list(_sizes(read))} and its output {list(_sizes(made))}; as many elements are needed"


def _concatenation(op: Op) -> str:
    axis = op.options.get("axis")
    parts = [each for each in op.inputs if each is not None]
    if axis is None or not op.outputs or not parts or len(parts) < len(op.inputs):
        return _MISSING
    made = op.outputs[0]
    rank = len(made.default_shape)
    if not -rank <= axis < rank:
        return f"its axis is {axis} of {rank} dimensions"
    axis += rank if axis < 0 else 0
    for part in parts:
        sizes = part.default_shape
        if (
            len(sizes) != rank
            or sizes[:axis] + sizes[axis + 1 :] != made.default_shape[:axis] + made.default_shape[axis + 1 :]
        ):
            return f"its input '{part.name}' has shape {list(sizes)} and its output {list(made.default_shape)}"
    total = sum(part.default_shape[axis] for part in parts)
    if total == made.default_shape[axis] or made.shape[axis] is None:
        return ""
    return f"its inputs have {total} along dimension {axis} and its output {made.default_shape[axis]}"


def _split(op: Op) -> str:
    read, axis_of, parts = _map(op), op.input(0), op.options.get("num_splits")
    if read is None or axis_of is None or parts is None:
        return _MISSING
    numbers = values(axis_of) if axis_of.is_constant else None
    if numbers is None or not len(numbers) or not axis_of.dtype.is_integer:
        return "its axis is not a constant integer"
    axis, sizes = int(numbers[0]), read.default_shape
    if not -len(sizes) < axis < len(sizes):
        return f"its axis is {axis} of {len(sizes)} dimensions"
    if parts < 0 or sizes[axis] <= 0 or (parts and sizes[axis] % parts):
        return f"it splits {sizes[axis]} into {parts} parts"
    return ""


def _split_sizes(op: Op) -> str:
    sizes = op.input(1)
    if sizes is None:
        return _MISSING
    numbers = values(sizes) if sizes.is_constant else None
    if numbers is None or not len(numbers):
        return "its sizes are not constant"
    return f"{int((numbers == -1).sum())} of its sizes are -1; one is needed" if (numbers == -1).sum() > 1 else ""


def _four_inputs(op: Op) -> str:
    return "" if len(op.inputs) == 4 else f"it has {len(op.inputs)} inputs; 4 are needed"


def _padding(op: Op) -> str:
    read, amounts = _map(op), op.input(1)
    if len(op.inputs) != 2 or read is None or amounts is None or not op.outputs:
        return f"it has {len(op.inputs)} inputs; 2 are needed"
    made = op.outputs[0]
    if _dynamic(made):
        return ""
    numbers = values(amounts) if amounts.is_constant else None
    if numbers is None or len(numbers) < 2 * len(_sizes(read)):
        return "its paddings are not constant"
    wanted = [size + int(numbers[2 * at]) + int(numbers[2 * at + 1]) for at, size in enumerate(_sizes(read))]
    if tuple(wanted) == _sizes(made)[: len(wanted)]:
        return ""
    return f"its output has shape {list(_sizes(made))}; {wanted} is needed"


def _keeps_rank(op: Op) -> str:
    read = _map(op)
    if "keep_num_dims" not in op.options or read is None or not op.outputs:
        return _MISSING
    ranks = len(_sizes(read)), len(_sizes(op.outputs[0]))
    if not op.options["keep_num_dims"] or ranks[0] == ranks[1]:
        return ""
    return f"it has keep_num_dims, an input of {ranks[0]} dimensions and an output of {ranks[1]}"


def _lstm(op: Op) -> str:
    ranks = [len(_sizes(each)) for each in (_map(op), *op.outputs[:1]) if each is not None]
    if ranks != [3, 3]:
        return f"its input and output have {' and '.join(map(str, ranks))} dimensions; 3 are needed"
    if len(op.inputs) != 24 or len(op.intermediates) != 5:
        return f"it has {len(op.inputs)} inputs and {len(op.intermediates)} intermediates; 24 and 5 are needed"
    return ""


def _permutation(op: Op) -> str:
    read, order = _map(op), _parameter(op)
    if read is None or order is None:
        return _MISSING
    if order.dtype not in (DType.INT32, DType.UINT32):
        return f"its permutation is {order.dtype.value}; INT32 is needed"
    if len(_sizes(read)) == _sizes(order)[-1]:
        return ""
    return f"it permutes {_sizes(order)[-1]} of {len(_sizes(read))} dimensions"


def _matmul(op: Op) -> str:
    first, second = _map(op), _map(op, 1)
    if first is None or second is None or not op.outputs:
        return _MISSING
    shapes = _sizes(first), _sizes(second), _sizes(op.outputs[0])
    rank = max(len(shapes[0]), len(shapes[1]))
    if min(map(len, shapes)) < 2 or len(shapes[2]) != rank:
        return f"its inputs have {len(shapes[0])} and {len(shapes[1])} dimensions and its output {len(shapes[2])}"
    left, right = ([1] * (rank - len(each)) + list(each) for each in shapes[:2])
    for a, b, made in zip(left[:-2], right[:-2], shapes[2], strict=False):
        if (a != b and 1 not in (a, b)) or max(a, b) != made:
            return f"its inputs have shape {left} and {right} and its output {list(shapes[2])}"
    return ""


def _axis_constant(op: Op) -> str:
    """It reads the axis while it reads the file, and dies where there is none."""
    axis = op.input(1)
    return "" if axis is not None and axis.is_constant else "its axis is not constant"


_TWO_INPUTS = frozenset("ADD MAXIMUM MINIMUM MUL SQUARED_DIFFERENCE SUB".split())
_REDUCTIONS = "MEAN REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD SUM".split()
_SUM = (_broadcast, _two_types, _sign)
_RESHAPE = (_same_scale, _same_elements)

_CHECKS: Mapping[str, tuple[Check, ...]] = {
    **dict.fromkeys("ABS ELU EXP GELU LEAKY_RELU MAXIMUM MINIMUM RSQRT".split(), (_broadcast, _one_type)),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), (_one_type,)),
    **dict.fromkeys(("ADD", "MUL", "SUB"), _SUM),
    **dict.fromkeys(("EXPAND_DIMS", "RESHAPE", "SQUEEZE"), _RESHAPE),
    **dict.fromkeys(_REDUCTIONS, (_axis_constant,)),
    "ARG_MAX": (_input_is(*_8BIT), _output_is_index, _axis_constant),
    "BATCH_MATMUL": (_matmul,),
    "CONCATENATION": (_concatenation,),
    "CONV_2D": (_groups,),
    "DEPTHWISE_CONV_2D": (_depth_multiplier,),
    "FULLY_CONNECTED": (_keeps_rank,),
    "GATHER": (_indices, _one_type),
    "HARD_SWISH": (_input_is(*_8BIT), _one_type),
    "PAD": (_padding,),
    "SOFTMAX": (_softmax, _beta),
    "SPLIT": (_split,),
    "SPLIT_V": (_split_sizes,),
    "SQUARED_DIFFERENCE": (_broadcast,),
    "STRIDED_SLICE": (_four_inputs,),
    "TRANSPOSE": (_permutation,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (_input_is(DType.INT8, DType.INT16), _one_type, _lstm),
}
