"""The Hexagon delegate, on older Snapdragon phones.

Source: LiteRT f67457790, tflite/delegates/hexagon/utils.cc, CheckOpVersion and IsNodeSupportedByHexagon;
hexagon_delegate.cc.
"""

from __future__ import annotations

from tflint import Condition, DType, Graph, Kind, Limits, Op, Source, Support, Target
from tflint_rules.targets.conditions import activation, attribute
from tflint_rules.targets.tables.delegates import computed_sizes, either

__all__ = ["TARGET"]

_MOST_DIMENSIONS = 4
_LARGEST_STRIDE = 3
_LARGEST_PADDED_POOL = 12
_8BIT = "UINT8 INT8"
_RELU = activation("RELU", "RELU6", "RELU_N1_TO_1")


def _types(*rows: str) -> Condition:
    """There are so many inputs, each of one of these element types; a left-out one fits."""
    wanted = [row.split() for row in rows]

    def check(op: Op, graph: Graph) -> str:
        if len(op.inputs) != len(wanted):
            return f"it has {len(op.inputs)} inputs; {len(wanted)} {'is' if len(wanted) == 1 else 'are'} supported"
        for slot, (tensor, allowed) in enumerate(zip(op.inputs, wanted, strict=True)):
            if tensor is not None and tensor.dtype.value not in allowed:
                return f"input {slot} is {tensor.dtype.value}; {either(allowed)} is supported"
        return ""

    check.__doc__ = "; ".join(f"input {slot} is {either(allowed)}" for slot, allowed in enumerate(wanted))
    return check


def _any_number(op: Op, graph: Graph) -> str:
    """All inputs have 8 bits, and there is one."""
    if not op.inputs or not op.outputs:
        return "it has no input or no output"
    for slot, tensor in enumerate(op.inputs):
        if tensor is None or tensor.dtype.value not in _8BIT.split():
            return f"input {slot} is {'left out' if tensor is None else tensor.dtype.value}; UINT8 or INT8 is supported"
    return ""


def _fixed(slot: int, role: str) -> Condition:
    """An input is a constant."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        return "" if tensor is not None and tensor.is_constant else f"{role} is not constant"

    check.__doc__ = f"{role} is constant"
    return check


def _dimensions(op: Op, graph: Graph) -> str:
    """No input or output has more than four dimensions."""
    for tensor in (*op.inputs, *op.outputs):
        if tensor is not None and len(tensor.default_shape) > _MOST_DIMENSIONS:
            return f"it reads or makes {len(tensor.default_shape)} dimensions; up to {_MOST_DIMENSIONS} are supported"
    return ""


def _up_to(name: str, highest: int) -> Condition:
    """An option is not larger than this."""

    def check(op: Op, graph: Graph) -> str:
        value = op.options.get(name, 0)
        return "" if value <= highest else f"{name} is {value}; up to {highest} is supported"

    check.__doc__ = f"{name} is up to {highest}"
    return check


def _one_scale(op: Op, graph: Graph) -> str:
    """Weights have one scale."""
    tensor = op.input(1)
    if tensor is None or tensor.quant is None:
        return ""
    if tensor.quant.details is not None:
        return "filter is quantized in blocks; one scale is supported"
    return "filter has a scale for each channel; one scale is supported" if len(tensor.quant.scale) > 1 else ""


def _constant_bias(op: Op, graph: Graph) -> str:
    """The bias is a constant."""
    bias = op.input(2)
    return "" if bias is None or bias.is_constant else "bias is not constant"


def _padded_pool(op: Op, graph: Graph) -> str:
    """A padded MAX_POOL_2D has a small window."""
    size = max(op.options.get("filter_height", 0), op.options.get("filter_width", 0))
    if op.options.get("padding", "SAME") != "SAME" or size <= _LARGEST_PADDED_POOL:
        return ""
    return f"its window has size {size} with padding SAME; up to {_LARGEST_PADDED_POOL} is supported"


def _depthwise(op: Op, graph: Graph) -> str:
    """Dilation goes with stride 1, a multiplier with one channel, and the filter is at least two high."""
    get = op.options.get
    dilated = (get("dilation_h_factor", 1), get("dilation_w_factor", 1)) != (1, 1)
    if dilated and (get("stride_h", 0), get("stride_w", 0)) != (1, 1):
        return "it has a dilation and a stride; with a dilation, stride 1 is supported"
    source, kernel = op.input(0), op.input(1)
    multiplier = get("depth_multiplier", 0)
    one_channel = source is not None and len(source.default_shape) == 4 and source.default_shape[3] == 1
    if multiplier != 1 and (dilated or not one_channel):
        return f"depth_multiplier is {multiplier}; 1 is supported, others for one channel without dilation"
    if kernel is not None and len(kernel.default_shape) >= 2 and kernel.default_shape[1] < 2:
        return f"filter has height {kernel.default_shape[1]}; 2 or more is supported"
    return ""


def _two_sizes(op: Op, graph: Graph) -> str:
    """The size is one of height and width."""
    size = op.input(1)
    return "" if size is not None and size.elements == 2 else "size does not have 2 elements"


_STRIDES = (_up_to("stride_h", _LARGEST_STRIDE), _up_to("stride_w", _LARGEST_STRIDE))
_UNDILATED = (attribute("dilation_h_factor", (1,), 1), attribute("dilation_w_factor", (1,), 1))
_CONVOLVED = (_types(_8BIT, _8BIT, "INT32"),)


def _support(types: Condition, *conditions: Condition, last: int = 2) -> Support:
    return Support((1, last), (types,), conditions)


_UNARY = _support(_types(_8BIT))
_UNARY_1 = _support(_types(_8BIT), last=1)
_ARITHMETIC = _support(_types(_8BIT, _8BIT), _RELU)
_EXTREME = _support(_types(_8BIT, _8BIT))
_SIZED = _types(_8BIT, "INT32")


def _transposed(op: Op, graph: Graph) -> str:
    """Output shape, filter and input of TRANSPOSE_CONV, and a bias where there is one."""
    rows = ("INT32", _8BIT, _8BIT, "INT32")
    return _types(*rows[: 3 if len(op.inputs) == 3 else 4])(op, graph)


def _first(op: Op, graph: Graph) -> str:
    """The input of RESHAPE; its shape may be an input or an option."""
    tensor = op.input(0)
    if tensor is None or len(op.inputs) > 2:
        return f"it has {len(op.inputs)} inputs; 1 or 2 are supported"
    fits = tensor.dtype in (DType.UINT8, DType.INT8)
    return "" if fits else f"input 0 is {tensor.dtype.value}; UINT8 or INT8 is supported"


_OPS = {
    **dict.fromkeys(("ADD", "MUL", "SUB"), _ARITHMETIC),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), _EXTREME),
    **dict.fromkeys(("DEPTH_TO_SPACE", "LOGISTIC", "QUANTIZE", "RELU6", "SOFTMAX", "SPACE_TO_DEPTH", "TANH"), _UNARY),
    **dict.fromkeys(("HARD_SWISH", "NEG"), _UNARY_1),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), _support(_SIZED)),
    **dict.fromkeys(("CONCATENATION", "PACK"), _support(_any_number)),
    **dict.fromkeys(("MEAN", "MIRROR_PAD", "PAD"), _support(_SIZED, _fixed(1, "axis or padding"))),
    "AVERAGE_POOL_2D": _support(_types(_8BIT), activation()),
    "CONV_2D": Support((1, 3), _CONVOLVED, (_RELU, *_STRIDES, *_UNDILATED)),
    "DEPTHWISE_CONV_2D": Support((1, 3), _CONVOLVED, (_RELU, *_STRIDES, _depthwise)),
    "FULLY_CONNECTED": _support(
        _types(_8BIT, _8BIT, "INT32"),
        *(_one_scale, _constant_bias, _RELU, attribute("keep_num_dims", (False,), False)),
        attribute("weights_format", ("DEFAULT",), "DEFAULT"),
        last=4,
    ),
    "L2_NORMALIZATION": _support(_types(_8BIT), activation()),
    "MAX_POOL_2D": _support(_types(_8BIT), _padded_pool, activation()),
    "RELU": Support((2, 2), (_types(_8BIT),)),
    "RESHAPE": _support(_first, last=1),
    "RESIZE_BILINEAR": _support(_SIZED, _fixed(1, "size"), _two_sizes, last=3),
    "RESIZE_NEAREST_NEIGHBOR": _support(_SIZED, _fixed(1, "size"), last=3),
    "RSQRT": Support((2, 2), (_types("INT8"),)),
    "SLICE": _support(_types(_8BIT, "INT32 INT64", "INT32 INT64"), _fixed(1, "begin"), _fixed(2, "size")),
    "SPLIT": _support(_types("INT32", _8BIT), _fixed(0, "axis")),
    "SQUARED_DIFFERENCE": Support((2, 2), (_types("INT8", "INT8"),)),
    "STRIDED_SLICE": _support(
        _types(_8BIT, "INT32", "INT32", "INT32"),
        *(_fixed(1, "begin"), _fixed(2, "end"), _fixed(3, "stride")),
        *(attribute("ellipsis_mask", (0,), 0), attribute("new_axis_mask", (0,), 0)),
    ),
    "TRANSPOSE": _support(_SIZED),
    "TRANSPOSE_CONV": _support(_transposed, *_STRIDES, last=3),
}

TARGET = Target(
    name="hexagon",
    takes_integers=True,
    summary="Hexagon delegate of TFLite, for the DSP of Snapdragon chips",
    kind=Kind.DELEGATE,
    source=Source(
        "LiteRT f67457790, tflite/delegates/hexagon/utils.cc and hexagon_delegate.cc",
        "2026-08-21",
        "All that the delegate checks when it chooses ops. Not checked: what the Hexagon NN library refuses when its "
        "graph is made.",
    ),
    ops=_OPS,
    conditions=(_dimensions,),
    limits=Limits(max_partitions=4, min_ops=2),
    refuses=(computed_sizes,),
    deprecated="TFLite's documentation declares the Hexagon delegate deprecated and no longer supported "
    "(LiteRT f67457790, tflite/g3doc/android/delegates/hexagon.md)",
)
