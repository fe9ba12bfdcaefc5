"""How LiteRT's GPU accelerator reads the tensors of an op: element types, ranks, quantization, constants.

Source: LiteRT f67457790, ml_drift_delegate/tflite/model_builder.cc, GetOpsToReplaceWithOptions and IsAllAllowedTensors;
operation_parser.cc, the PreCheck… functions; model_builder_helper.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import prod

from tflint import Condition, DType, Graph, Op, Tensor
from tflint_rules.targets.tables.gpu_conditions import (
    are,
    counted,
    is_constant,
    number,
    outputs_fault,
    runtime_inputs,
    shape,
    types_within,
)

__all__ = [
    "Sizes",
    "as_float",
    "as_integers",
    "axis_fault",
    "bhwc",
    "bias_fault",
    "constant_value",
    "element_types",
    "exactly",
    "filled",
    "float_fault",
    "flow_fault",
    "fused",
    "input_fault",
    "is_affine",
    "is_linear",
    "is_quantized",
    "name",
    "numbers",
    "output_faults",
    "reads",
    "scales",
]

Sizes = tuple[int, int, int, int]
"""Batch, height, width and channels, as the accelerator lays out up to four dimensions."""

_FLOATS = frozenset({DType.FLOAT32, DType.FLOAT16})
_SIGNED = frozenset({DType.INT8, DType.INT16, DType.INT32})
_UNSIGNED = frozenset({DType.UINT8, DType.UINT16, DType.UINT32})
_BYTES = frozenset({DType.INT8, DType.UINT8})
_PACKED = frozenset({DType.INT2, DType.INT4})
_BOOL = frozenset({DType.BOOL})
_BFLOAT16 = frozenset({DType.BFLOAT16})
_INT32 = frozenset({DType.INT32})

_READ = _FLOATS | _BOOL | _BYTES | _PACKED
_MADE = _FLOATS | _BYTES
_EVERY = _SIGNED | _UNSIGNED | _BOOL | _BFLOAT16

COMPARISONS = frozenset("EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL NOT_EQUAL".split())
_LOGICAL = frozenset("LOGICAL_AND LOGICAL_OR LOGICAL_NOT".split())
_WITH_INT32 = frozenset(
    "EMBEDDING_LOOKUP ONE_HOT DYNAMIC_UPDATE_SLICE moe odml.rope odml.cache_update odml.runtime_bmm "
    "odml.sdpa_transposed".split()
)
_WITH_BFLOAT16 = frozenset(
    "ABS ADD ATAN2 STABLEHLO_CBRT CEIL STABLEHLO_CLAMP CONV_2D COS DIV EXP FLOOR GATHER LOG LOGISTIC MAXIMUM MINIMUM "
    "MUL NEG POW ROUND RSQRT SIGN SIN SQRT SUB TANH".split()
)
_WITH_SIGNED = frozenset(
    "ABS ADD ATAN2 COS DIV FLOOR_DIV FLOOR_MOD MAXIMUM MINIMUM MUL NEG REDUCE_MAX REDUCE_MIN REDUCE_PROD RIGHT_SHIFT "
    "SIGN SIN STABLEHLO_CLAMP SUB SUM STABLEHLO_REMAINDER TILE STABLEHLO_SHIFT_LEFT".split()
)
_WITH_ALL = frozenset(
    "STABLEHLO_BROADCAST_IN_DIM BITCAST CAST CONCATENATION DYNAMIC_UPDATE_SLICE GATHER PACK PAD PADV2 RESHAPE "
    "REVERSE_V2 SELECT SELECT_V2 SLICE STRIDED_SLICE TRANSPOSE".split()
)


def name(op: Op) -> str:
    """The kind of an op; of a composite, the name of what it stands for."""
    return str(op.options.get("name", "")) if op.kind == "STABLEHLO_COMPOSITE" else op.kind


@cache
def _allowed(kind: str) -> tuple[frozenset[DType], frozenset[DType]]:
    """The element types of inputs and outputs that one kind of op may have."""
    if kind in ("REDUCE_ALL", "REDUCE_ANY"):
        return _BOOL, _BOOL
    if kind == "ARG_MAX":
        return _READ | _INT32, _INT32
    if kind in _LOGICAL:
        return _BOOL | _SIGNED, _BOOL | _SIGNED
    read, made = _READ, _MADE
    if kind in _WITH_INT32:
        read |= _INT32
    if kind == "odml.sdpa_transposed":
        made |= _BOOL
    if kind in COMPARISONS:
        read, made = read | _SIGNED | _UNSIGNED, made | _BOOL
    if kind == "TOPK_V2":
        made |= _INT32
    for kinds, more in ((_WITH_BFLOAT16, _BFLOAT16), (_WITH_SIGNED, _SIGNED), (_WITH_ALL, _EVERY)):
        if kind in kinds:
            read, made = read | more, made | more
    return read, made


def _of(op: Op) -> tuple[frozenset[DType], frozenset[DType]]:
    return _allowed(name(op))


element_types = types_within(_of)


def filled(op: Op, graph: Graph) -> str:
    """No output is empty at the default sizes, but in its channels."""
    if any(0 in bhwc(tensor)[:3] for tensor in op.outputs) or _comes_out_empty(op):
        return "its output is empty, at which the accelerator aborts"
    return ""


def _comes_out_empty(op: Op) -> bool:
    """True where the runtime makes an empty output of the default sizes, whatever the file says of it."""
    sizes, weights = shape(op.input(0)), shape(op.input(1))
    if op.kind == "FULLY_CONNECTED":
        filters = op.input(1)
        return filters is not None and filters.dtype.is_float and len(weights) == 2 and prod(sizes) < weights[1]
    if op.kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D") and op.options.get("padding") == "VALID" and len(sizes) == 4:
        return sizes[1] < number(op, "filter_height") or sizes[2] < number(op, "filter_width")
    return False


def is_affine(tensor: Tensor) -> bool:
    """True where the runtime reads scales and zero points."""
    return tensor.quant is not None and tensor.quant.details is None and len(tensor.quant.scale) > 0


def is_quantized(tensor: Tensor) -> bool:
    """True where the runtime reads any quantization, be it of a newer scheme."""
    return is_affine(tensor) or (tensor.quant is not None and tensor.quant.details is not None)


def scales(tensor: Tensor) -> int:
    """How many scales a tensor has."""
    return 0 if tensor.quant is None else len(tensor.quant.scale)


def _value_fault(tensor: Tensor, role: str) -> str:
    if tensor.dtype in _BYTES and is_affine(tensor) and scales(tensor) > 1:
        return f"its {role} has {scales(tensor)} scales; one is supported"
    return ""


def input_fault(op: Op, slot: int, role: str) -> str:
    """Why an input cannot be read as a value: it is left out, or quantized with more than one scale."""
    tensor = op.input(slot)
    return f"it has no {role}" if tensor is None else _value_fault(tensor, role)


def flow_fault(op: Op, slot: int, role: str) -> str:
    """Why an input cannot be read as a value that some op makes: the check lets a constant pass, Parse does not."""
    if fault := input_fault(op, slot, role):
        return fault
    return f"its {role} is constant, at which the accelerator aborts" if is_constant(op.input(slot)) else ""


def bias_fault(op: Op, slot: int) -> str:
    """Why a bias cannot be read: it is a constant of floats, or has a scale."""
    bias = op.input(slot)
    if bias is None:
        return ""
    if not is_constant(bias):
        return "its bias is not constant, at which the accelerator aborts"
    return float_fault(bias, "bias")


def output_faults(op: Op, graph: Graph) -> str:
    """No output is quantized with more than one scale."""
    return next((fault for tensor in op.outputs if (fault := _value_fault(tensor, "output"))), "")


def reads(*slots: int, roles: Sequence[str] = ("input", "second input", "third input")) -> Condition:
    """These inputs can be read as values, and the outputs written."""

    def check(op: Op, graph: Graph) -> str:
        for slot in slots:
            if fault := input_fault(op, slot, roles[slot]):
                return fault
        return output_faults(op, graph)

    return check


def exactly(
    runtime: int | None = None,
    fixed: int | None = None,
    least: int = 0,
    most: int | None = None,
    outputs: int | None = None,
) -> Condition:
    """So many inputs that are not constant, so many that are constant or left out, so many in all, and outputs."""

    def check(op: Op, graph: Graph) -> str:
        total, moving = len(op.inputs), runtime_inputs(op)
        if total < least or (most is not None and total > most):
            limit = f"at least {least}" if total < least else f"at most {most}"
            return f"it has {counted(total, 'input')}; {limit} are supported"
        if fault := outputs_fault(op, outputs):
            return fault
        if runtime is not None and moving != runtime:
            return f"{moving} of its inputs {are(moving)} not constant; {runtime} {are(runtime)} supported"
        kept = total - moving
        if fixed is not None and kept != fixed:
            return f"{kept} of its inputs {are(kept)} constant or left out; {fixed} {are(fixed)} supported"
        return ""

    return check


def fused(op: Op, graph: Graph) -> str:
    """One output, and a fused activation other than SIGN_BIT."""
    if len(op.outputs) != 1:
        return outputs_fault(op, 1)
    what = op.options.get("fused_activation_function", "NONE")
    return "its fused activation is SIGN_BIT" if what == "SIGN_BIT" else ""


def is_linear(sizes: Sequence[int]) -> bool:
    """True where all dimensions but the last are 1, and there is one."""
    return bool(sizes) and all(each == 1 for each in sizes[:-1])


_AS_FLOAT = frozenset({*_FLOATS, DType.INT4, DType.INT8, DType.UINT8, DType.INT32})
_LAYOUTS: dict[str, Callable[[Sequence[int]], bool]] = {
    "scalar": lambda sizes: all(each == 1 for each in sizes),
    "linear": is_linear,
    "HW": lambda sizes: len(sizes) == 2,
    "HWC": lambda sizes: len(sizes) == 3 or (len(sizes) == 4 and sizes[0] == 1),
    "OHWI": lambda sizes: len(sizes) == 4,
    "any": lambda sizes: True,
}


def _constant_fault(tensor: Tensor, role: str) -> str:
    if not is_constant(tensor):
        return f"its {role} is not constant"
    return f"its {role} is sparse" if tensor.sparsity is not None else ""


def as_float(tensor: Tensor | None, layout: str, role: str) -> str:
    """Why a tensor cannot be read as constant floats in a layout."""
    if tensor is None or (fault := _constant_fault(tensor, role)):
        return fault if tensor is not None else f"it has no {role}"
    return float_fault(tensor, role) or _layout_fault(tensor, layout, role)


def float_fault(tensor: Tensor, role: str) -> str:
    """Why the elements of a constant cannot be read as floats."""
    if tensor.dtype not in _AS_FLOAT:
        return f"its {role} is a constant of {tensor.dtype.value}"
    if tensor.dtype.is_integer and not is_affine(tensor):
        return f"its {role} is a constant of {tensor.dtype.value} without a scale"
    return ""


_AS_VALUE = frozenset({*_AS_FLOAT, DType.INT2, DType.BOOL})


def constant_value(tensor: Tensor | None, role: str) -> str:
    """Why a constant cannot stand for a value: the accelerator's check lets it pass, and then the program aborts."""
    if tensor is None or not is_constant(tensor):
        return ""
    if tensor.dtype not in _AS_VALUE:
        return f"its {role} is a constant of {tensor.dtype.value}, at which the accelerator aborts"
    bare = tensor.dtype.is_integer and tensor.dtype is not DType.INT32 and not is_affine(tensor)
    return f"its {role} is a constant of {tensor.dtype.value} without a scale" if bare else ""


def as_integers(tensor: Tensor | None, layout: str, role: str) -> str:
    """Why a tensor cannot be read as constant 32-bit integers in a layout."""
    if tensor is None or (fault := _constant_fault(tensor, role)):
        return fault if tensor is not None else f"it has no {role}"
    if tensor.dtype.bits != 32:
        return f"its {role} is a constant of {tensor.dtype.value}; INT32 is supported"
    return _layout_fault(tensor, layout, role)


def _layout_fault(tensor: Tensor, layout: str, role: str) -> str:
    sizes = tensor.default_shape
    return "" if _LAYOUTS[layout](sizes) else f"its {role} has shape {list(sizes)}, which cannot be read as {layout}"


def numbers(tensor: Tensor | None, most: int = 16) -> list[int]:
    """The first values of a constant; none where there is none."""
    values = None if tensor is None or not tensor.dtype.is_integer else tensor.array()
    return [] if values is None else [int(each) for each in values.reshape(-1)[:most]]


def axis_fault(sizes: Sequence[int], axis: int, role: str = "axis") -> str:
    """Why an axis does not name one of up to four dimensions."""
    if not -len(sizes) <= axis < len(sizes):
        return f"its {role} is {axis}, and its input has {len(sizes)} dimensions"
    return "" if len(sizes) <= 4 else f"its input has {len(sizes)} dimensions; 1 to 4 are supported"


def bhwc(tensor: Tensor | None) -> Sizes:
    """The sizes of a tensor as batch, height, width and channels."""
    sizes = shape(tensor)
    if len(sizes) < 2:
        return (sizes[0] if sizes else 1, 1, 1, 1)
    if len(sizes) == 2:
        return (sizes[0], 1, 1, sizes[1])
    return (sizes[0], 1, sizes[1], sizes[2]) if len(sizes) == 3 else (sizes[0], sizes[1], sizes[2], sizes[3])
