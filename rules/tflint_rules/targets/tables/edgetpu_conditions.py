"""What the Edge TPU compiler asks of an op and of a model, as far as that is published.

Source: the table of supported operations at coral.ai/docs/edgetpu/models-intro; google-coral/test_data 104342d2.
"""

from __future__ import annotations

from tflint import Condition, Graph, Model, Op, Tensor, Unknown, type_code
from tflint.analysis.runtimes import first_runtime, known_versions, parsed
from tflint_rules.targets.tables.delegates import whole

__all__ = [
    "RESIZED",
    "all_quantized",
    "batch_option",
    "channels_by_four",
    "constant",
    "dimensions",
    "equal_dilation",
    "flat_alpha",
    "lstm_weights",
    "no_batch_axis",
    "no_batch_padding",
    "no_batch_split",
    "not_quantized",
    "one_row",
    "padding_with_zeros",
    "quantized",
    "short_row",
    "small_reshape",
    "small_resize",
    "split_types",
    "too_new",
    "transposed_weights",
    "unit_strides",
    "version",
    "weighted",
]

_8BIT = frozenset({"qi8", "qu8"})
_WEIGHTS = _8BIT | {"qi8c"}
_BIAS = frozenset({"qi32", "qi32c", "i32"})
_DIMENSIONS = 3
_LONGEST_ROW = 16000
_LARGEST_RESHAPE = 98553
"""Elements of the largest RESHAPE in a published compiled model, ssd_mobilenet_v1_coco_quant_postprocess."""
_LARGEST_RESIZE = 128 * 128 * 32
"""Elements that the largest RESIZE_BILINEAR makes that is known to be mapped: google-coral/edgetpu issue 31."""
RESIZED = "whether the compiler maps a resize depends on its sizes, in a way that is not published"
_COMPILER_RUNTIME = (2, 6)
"""The newest TFLite that the compiler of July 2021 can have in it."""


def not_quantized(model: Model) -> str:
    """The compiler takes no model without quantized values."""
    for graph in model.graphs:
        for op in graph.ops:
            if any(type_code(tensor) in _8BIT for tensor in op.outputs):
                return ""
    return "no op makes a quantized value of 8 bits; the compiler says 'Model not quantized'"


def too_new(model: Model) -> str:
    """The compiler reads no model with an op version that its TFLite of 2021 does not know."""
    ops = {(op.kind, op.version): op for graph in model.graphs for op in graph.ops if not op.is_custom}
    for (kind, number), op in ops.items():
        versions, first = known_versions(kind), first_runtime(op)
        runtime = parsed(first)
        if versions and (number > versions[-1] or (runtime is not None and runtime > _COMPILER_RUNTIME)):
            since = f", which came with TFLite {first.removesuffix('.0')}" if first else ""
            return f"{kind} has version {number}{since}; the compiler of 2021 reads no such model"
    return ""


def version(known: int) -> Condition:
    """The op has a version that published models have on the Edge TPU."""

    def check(op: Op, graph: Graph) -> str:
        if op.version <= known:
            return ""
        return Unknown(f"whether the compiler maps version {op.version} is not published; it maps version {known}")

    check.__doc__ = f"version is up to {known}, the newest that published models have"
    return check


def _typed(tensor: Tensor | None, what: str, allowed: frozenset[str] = _8BIT) -> str:
    if tensor is None:
        return f"it has no {what}"
    if (code := type_code(tensor)) in allowed:
        return ""
    scales = "" if code.startswith("q") or not tensor.dtype.is_integer else " without a scale"
    if code.endswith("c") and code.startswith("q"):
        scales = " with a scale for each channel"
    return f"{what} is {tensor.dtype.value}{scales}; 8 bits with one scale are supported"


def quantized(inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Condition:
    """These inputs and outputs have 8 bits and one scale."""

    def check(op: Op, graph: Graph) -> str:
        found = [_typed(op.input(slot), f"input {slot}") for slot in inputs]
        made = [_typed(op.outputs[slot] if slot < len(op.outputs) else None, f"output {slot}") for slot in outputs]
        return next(filter(None, (*found, *made)), "")

    check.__doc__ = "inputs and outputs have 8 bits and one scale"
    return check


def all_quantized(op: Op, graph: Graph) -> str:
    """All inputs and outputs have 8 bits and one scale."""
    return quantized(tuple(range(len(op.inputs))), (0,))(op, graph)


def split_types(op: Op, graph: Graph) -> str:
    """What SPLIT cuts, and its pieces."""
    return quantized((1,), tuple(range(len(op.outputs))))(op, graph)


def weighted(op: Op, graph: Graph) -> str:
    """Input, filter, bias and output of a layer with weights."""
    return quantized((0,), (0,))(op, graph) or _weights(op.input(1), op.input(2))


def transposed_weights(op: Op, graph: Graph) -> str:
    """Input, filter, bias and output of TRANSPOSE_CONV."""
    return quantized((2,), (0,))(op, graph) or _weights(op.input(1), op.input(3))


def _weights(weights: Tensor | None, bias: Tensor | None) -> str:
    fault = _typed(weights, "filter", _WEIGHTS)
    return fault or (
        "" if bias is None else _typed(bias, "bias", _BIAS).replace("8 bits with one scale are", "INT32 is")
    )


def constant(slot: int, role: str) -> Condition:
    """An input that is there is a constant."""

    def check(op: Op, graph: Graph) -> str:
        tensor = op.input(slot)
        return "" if tensor is None or tensor.is_constant else f"{role} is not constant"

    check.__doc__ = f"{role} is constant"
    return check


def dimensions(op: Op, graph: Graph) -> str:
    """Values have three dimensions, or more of size 1 before those; an open size may or may not be taken as 1."""
    for tensor in (*op.inputs, *op.outputs):
        if tensor is None or tensor.is_constant:
            continue
        if any(size != 1 for size in tensor.default_shape[:-_DIMENSIONS]):
            return f"it reads or makes shape {list(tensor.default_shape)}; sizes before the last 3 must be 1"
        if tensor.is_dynamic:
            return Unknown("whether the compiler takes an open size for 1 is not published")
    return ""


def equal_dilation(op: Op, graph: Graph) -> str:
    """A convolution has one dilation."""
    height, width = (op.options.get(name, 1) for name in ("dilation_h_factor", "dilation_w_factor"))
    return "" if height == width else f"its dilations are {height} and {width}; equal ones are supported"


def one_row(op: Op, graph: Graph) -> str:
    """The output has one dimension, beside those of size 1."""
    for tensor in op.outputs[:1]:
        if any(size != 1 for size in tensor.default_shape[:-1]):
            return f"output has shape {list(tensor.default_shape)}; one row is supported"
    return ""


def short_row(op: Op, graph: Graph) -> str:
    """SOFTMAX is of up to 16000 elements."""
    tensor = op.input(0)
    if tensor is None or tensor.elements <= _LONGEST_ROW:
        return ""
    return f"input has {tensor.elements} elements; up to {_LONGEST_ROW} are supported"


def small_reshape(op: Op, graph: Graph) -> str:
    """Large RESHAPEs may be left out."""
    tensor = op.input(0)
    if tensor is None or tensor.elements <= _LARGEST_RESHAPE:
        return ""
    return Unknown(f"from which size on the compiler leaves out a reshape is not published; {tensor.elements} elements")


def small_resize(op: Op, graph: Graph) -> str:
    """A small RESIZE_BILINEAR to the same or the double size is known to be mapped."""
    source, made = op.input(0), op.outputs[0]
    if source is None or len(source.default_shape) != 4 or len(made.default_shape) != 4:
        return Unknown(RESIZED)
    height, width = source.default_shape[1:3]
    known = made.default_shape[1:3] in ((height, width), (2 * height, 2 * width)) and made.elements <= _LARGEST_RESIZE
    return "" if known else Unknown(RESIZED)


def _batch(slot: int, op: Op) -> bool | None:
    """Whether dimension 0 of an input is the batch: of four, yes; of fewer, who knows."""
    tensor = op.input(slot)
    return True if tensor is not None and len(tensor.default_shape) > _DIMENSIONS else None


def _on_batch(axes: list[int] | None, slot: int, op: Op, does: str) -> str:
    """Nothing where none of the axes is dimension 0."""
    tensor = op.input(slot)
    if axes is None or tensor is None:
        return Unknown("its axes cannot be read from the file")
    if not any(axis in (0, -len(tensor.default_shape)) for axis in axes):
        return ""
    if _batch(slot, op):
        return f"it {does} the batch; other dimensions are supported"
    return Unknown(f"it {does} dimension 0 of {len(tensor.default_shape)}, which may count as the batch")


def no_batch_axis(op: Op, graph: Graph) -> str:
    """A reduction is not over the batch."""
    axes = op.input(1)
    return _on_batch(None if axes is None else whole(axes), 0, op, "reduces")


def channels_by_four(op: Op, graph: Graph) -> str:
    """MEAN over channels is of a multiple of four."""
    source, axes = op.input(0), op.input(1)
    values = None if axes is None else whole(axes)
    if source is None or not source.default_shape or values is None:  # said before
        return ""
    channels, last = source.default_shape[-1], len(source.default_shape) - 1
    if channels % 4 and any(value in (-1, last) for value in values):
        return f"it is over {channels} channels; a multiple of 4 is supported"
    return ""


def batch_option(name: str, does: str) -> Condition:
    """The axis of an option is not the batch."""

    def check(op: Op, graph: Graph) -> str:
        return _on_batch([op.options.get(name, 0)], 0, op, does)

    check.__doc__ = "axis is not the batch"
    return check


def no_batch_split(op: Op, graph: Graph) -> str:
    """SPLIT does not cut the batch."""
    axis = op.input(0)
    return _on_batch(None if axis is None else whole(axis), 1, op, "splits")


def no_batch_padding(op: Op, graph: Graph) -> str:
    """PAD does not pad the batch."""
    amounts = op.input(1)
    values = None if amounts is None else whole(amounts)
    if values is None:
        return Unknown("its padding cannot be read from the file")
    return _on_batch([0], 0, op, "pads") if any(values[:2]) else ""


def flat_alpha(op: Op, graph: Graph) -> str:
    """The slopes of PRELU are one for each channel."""
    alpha = op.input(1)
    if alpha is None or all(size == 1 for size in alpha.default_shape[:-1]):
        return ""
    return f"alpha has shape {list(alpha.default_shape)}; one value for each channel is supported"


def unit_strides(op: Op, graph: Graph) -> str:
    """STRIDED_SLICE has strides of 1."""
    strides = op.input(3)
    values = None if strides is None else whole(strides)
    if values is None:
        return Unknown("its strides cannot be read from the file")
    return "" if all(value == 1 for value in values) else f"its strides are {values}; 1 is supported"


def padding_with_zeros(op: Op, graph: Graph) -> str:
    """A constant in CONCATENATION is one of two inputs, and nothing but zeros."""
    constants = [tensor for tensor in op.inputs if tensor is not None and tensor.is_constant]
    if not constants:
        return ""
    if len(op.inputs) != 2:
        return f"it has {len(op.inputs)} inputs and one of them is constant; 2 are supported then"
    for tensor in constants:
        values = tensor.array()
        if values is None or tensor.quant is None:
            return Unknown("its constant cannot be read from the file")
        point = int(tensor.quant.zero_point[0]) if len(tensor.quant.zero_point) else 0
        if not (values == point).all():
            return "it joins a constant that is not zero; zeros are supported"
    return ""


def lstm_weights(op: Op, graph: Graph) -> str:
    """The weights of an LSTM are constants of 8 bits."""
    for slot in range(1, min(len(op.inputs), 9)):
        tensor = op.inputs[slot]
        if tensor is not None and (
            fault := _typed(tensor, f"input {slot}") or constant(slot, f"input {slot}")(op, graph)
        ):
            return fault
    return ""
