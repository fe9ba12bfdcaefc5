"""What LiteRT's built-in kernels ask of an op: its element types, as probed, and scales that its arithmetic can use.

Source: LiteRT f67457790, tflite/core/interpreter_builder.cc and core/subgraph.cc for what stops a model when it is
loaded; tflite/kernels/kernel_util.cc and the kernels that are named below for what stops an op.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from tflint import Condition, DType, Graph, Model, Op, Tensor, Unknown, type_code
from tflint_rules.targets.tables.cpu_types import TYPES
from tflint_rules.targets.tables.tflm_conditions import affine, is_type, one_of, out, range_fault, scale, zero_point
from tflint_rules.targets.tables.tflm_weights import bias_fault

__all__ = [
    "activation_range",
    "constants_fit",
    "convolution",
    "fully_connected",
    "kernel_types",
    "lstm",
    "quantization_fits",
    "rnn",
    "schema_version",
    "sum_scales",
    "svdf",
]

_SCALED = ("i2", "i4", "i8", "i16", "i32", "i64", "u4", "u8")
_ANY_NUMBER = frozenset({"ADD_N", "CONCATENATION", "PACK", "UNPACK", "SPLIT", "SPLIT_V"})
_MAY_END = frozenset({
    "RESHAPE", "FULLY_CONNECTED", "TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE",
})  # fmt: skip
"""Ops whose last input need not be there."""
_WORDS = {
    "f32": "FLOAT32", "f16": "FLOAT16", "bf16": "BFLOAT16", "f64": "FLOAT64", "bool": "BOOL", "str": "STRING",
    "c64": "COMPLEX64", "c128": "COMPLEX128", "f8": "FLOAT8", "res": "RESOURCE", "variant": "VARIANT",
    "i2": "INT2", "i4": "INT4", "i8": "INT8", "i16": "INT16", "i32": "INT32", "i64": "INT64", "u4": "UINT4",
    "u8": "UINT8", "u16": "UINT16", "u32": "UINT32", "u64": "UINT64", "-": "left out", "?": "newer than tflint",
}  # fmt: skip


class _Cell(NamedTuple):
    """The codes that a tensor may have, or (`others`) all but those; `=` and `==` stand for the first tensor's."""

    codes: frozenset[str]
    others: bool = False

    def has(self, code: str, first: str) -> bool:
        """True where a tensor of this code fits beside a first tensor of that one."""
        same = ("=" in self.codes and _plain(code) == _plain(first)) or ("==" in self.codes and code == first)
        return same or (code in self.codes) != self.others


class _Row(NamedTuple):
    """What tensors fit together. The first one is the input `lead`, or the output if it is no input (`made`)."""

    lead: int
    made: bool
    ins: tuple[_Cell, ...]
    outs: tuple[_Cell, ...]

    @property
    def first(self) -> _Cell:
        return (self.outs if self.made else self.ins)[self.lead]

    def first_code(self, op: Op) -> str:
        """The code of the op's first tensor."""
        side = op.outputs if self.made else op.inputs
        return _code(side[self.lead] if self.lead < len(side) else None)


@cache
def _rows(kind: str) -> tuple[_Row, ...]:
    found = []
    for row in TYPES[kind]:
        ins, _, outs = (part.split() for part in row.partition(">"))
        lead = next((number for number, cell in enumerate((*ins, *outs)) if cell.startswith("^")), 0)
        made = lead >= len(ins)
        found.append(_Row(lead - made * len(ins), made, tuple(map(_cell, ins)), tuple(map(_cell, outs))))
    return tuple(found)


@cache
def _cell(text: str) -> _Cell:
    text = text.removeprefix("^")
    if text == "*":
        return _Cell(frozenset(), others=True)
    codes: set[str] = set()
    for code in text.removeprefix("!").split("|"):
        plain = code.removeprefix("~")
        scaled = {f"q{each}" for each in _SCALED} if code == "q" else {code}
        codes |= {plain, f"q{plain}", f"q{plain}c"} if code.startswith("~") else scaled
    return _Cell(frozenset(codes), text.startswith("!"))


def _plain(code: str) -> str:
    return code.removeprefix("q").removesuffix("c") if code.startswith("q") else code


def _code(tensor: Tensor | None) -> str:
    """The type code of a tensor, with a scale where the runtime keeps it."""
    code = type_code(tensor)
    kept = tensor is not None and affine(tensor) is not None and _plain(code) in _SCALED
    return code if kept else _plain(code)


def kernel_types(op: Op, graph: Graph) -> str:
    """The element types are ones that the kernel was found to take together."""
    rows = _rows(op.kind)
    faults = []
    for row in rows:
        first = row.first_code(op)
        fault = _fault(op, row.ins, op.inputs, first, "input") or _fault(op, row.outs, op.outputs, first, "output")
        if not fault:
            return ""
        if row.first.has(first, first):
            faults.append(fault)
    if any(tensor is not None and tensor.dtype is DType.UNKNOWN for tensor in (*op.inputs, *op.outputs)):
        return Unknown("an element type is newer than tflint")
    return faults[0] if faults else _first_fault(op, rows)


def _fault(op: Op, cells: tuple[_Cell, ...], tensors: tuple[Tensor | None, ...], first: str, role: str) -> str:
    """Why the tensors of one side do not fit the cells of a row; empty where they do."""
    slots = range(len(tensors) if op.kind in _ANY_NUMBER else len(cells))
    for slot in slots:
        if slot >= len(tensors) and op.kind in _MAY_END and slot == len(cells) - 1:
            continue
        cell = cells[min(slot, len(cells) - 1)]
        code = _code(tensors[slot] if slot < len(tensors) else None)
        if not cell.has(code, first):
            return f"{role} {slot} is {_words(code)}; {_listed([cell], first)} is supported"
    return ""


def _first_fault(op: Op, rows: tuple[_Row, ...]) -> str:
    """The reason where no row begins with the type of the op's first tensor."""
    side, code = "output" if rows[0].made else "input", rows[0].first_code(op)
    return f"{side} {rows[0].lead} is {_words(code)}; {_listed([row.first for row in rows], code)} is supported"


def _listed(cells: list[_Cell], first: str) -> str:
    """The types of cells, in words; types with and without a scale are named once."""
    if any(cell.others for cell in cells):
        return "another type"
    codes = {first if code.startswith("=") else code for cell in cells for code in cell.codes}
    plain = {_plain(code) for code in codes}
    both = {code for code in plain if code not in _SCALED or {code, f"q{code}"} <= codes}
    named = both | {code for code in codes if _plain(code) not in both}
    return one_of([_words(code) if code not in both else _WORDS[code] for code in sorted(named, key=_order)])


def _order(code: str) -> tuple[int, str]:
    return (list(_WORDS).index(_plain(code)), code)


def _words(code: str) -> str:
    """A type code in words: `INT8 with one scale`."""
    plain = _plain(code)
    if code == plain:
        return f"{_WORDS[plain]} without a scale" if plain in ("i2", "i4", "i8", "i16", "u4", "u8") else _WORDS[plain]
    return f"{_WORDS[plain]} with {'a scale for each channel' if code.endswith('c') else 'one scale'}"


def activation_range(op: Op, graph: Graph) -> str:
    """The bounds of the fused activation can be written in the output's 8 or 16 bits."""
    made = out()(op)
    if made is None or not is_type(made, DType.INT8, DType.UINT8, DType.INT16) or affine(made) is None:
        return ""
    return range_fault(op, made)


def fully_connected(op: Op, graph: Graph) -> str:
    """Scales of a quantized matrix product go together. Source: fully_connected.cc, PrepareImpl."""
    source, kernel, made = op.input(0), op.input(1), out()(op)
    if source is None or kernel is None or made is None:
        return ""
    if not is_type(source, DType.INT8, DType.UINT8, DType.INT16):
        return ""
    quant = affine(kernel)
    if quant is not None and len(quant.scale) > 1:
        if quant.stored_axis != 0:
            return f"filter has a scale for each slice of dimension {quant.stored_axis}; dimension 0 is supported"
    elif quant is not None:
        fault = bias_fault(source, kernel, op.input(2), made)
        if fault:
            return fault
    if is_type(source, DType.INT16) and is_type(made, DType.INT16) and (zero_point(source) or zero_point(made)):
        return f"zero points are {zero_point(source)} and {zero_point(made)}; 0 is supported for INT16"
    return range_fault(op, made)


def convolution(slot: int, last: int, axis: int) -> Condition:
    """Scales of a convolution; its input is in `slot`, its bias in `last`, and `axis` the filter's output channels.

    Source: kernel_util.cc, PopulateConvolutionQuantizationParams.
    """

    def check(op: Op, graph: Graph) -> str:
        source, kernel, made = op.input(slot), op.input(1), out()(op)
        if source is None or kernel is None or made is None or affine(source) is None:
            return ""
        if not is_type(source, DType.INT8, DType.UINT8, DType.INT16):
            return ""
        quant, sizes = affine(kernel), kernel.default_shape
        count = 0 if quant is None else len(quant.scale)
        if quant is not None and count > 1 and len(sizes) == 4 and count != sizes[axis]:
            return f"filter has {count} scales; 1, or one for each of {sizes[axis]} channels, is supported"
        if is_type(source, DType.UINT8):
            fault = bias_fault(source, kernel, op.input(last), made)
            if fault:
                return fault
        return range_fault(op, made)

    return check


def sum_scales(op: Op, graph: Graph) -> str:
    """The 8-bit inputs and output of a sum have scales above 0. Source: add.cc, sub.cc, Prepare."""
    made = out()(op)
    if not is_type(made, DType.INT8, DType.UINT8):
        return ""
    for tensor, role in ((op.input(0), "input 0"), (op.input(1), "input 1"), (made, "output")):
        if tensor is not None and not scale(tensor) > 0:
            return f"{role} has scale {scale(tensor):g}; the program stops where it is not above 0"
    return ""


def svdf(op: Op, graph: Graph) -> str:
    """Types of a SVDF: FLOAT32, with FLOAT32 or 8-bit weights, or INT8 with INT16 in time. Source: svdf.cc, Eval."""
    source, feature, time, state = (op.input(slot) for slot in (0, 1, 2, 4))
    if len(op.inputs) != 5 or source is None or feature is None or time is None or state is None:
        return "its input, weights or state is left out"
    if is_type(source, DType.FLOAT32):
        if is_type(feature, DType.FLOAT32, DType.UINT8, DType.INT8):
            return ""
        return f"weights are {feature.dtype.value}; FLOAT32, UINT8 or INT8 is supported beside FLOAT32"
    if not is_type(source, DType.INT8) or not is_type(feature, DType.INT8):
        return f"input is {source.dtype.value} and weights are {feature.dtype.value}; FLOAT32 or INT8 is supported"
    for tensor, role in ((time, "weights in time"), (state, "state")):
        if not is_type(tensor, DType.INT16):
            return f"{role} is {tensor.dtype.value}, which the kernel reads as INT16"
    found = op.options.get("fused_activation_function", "NONE")
    return "" if found == "RELU" else f"fused_activation_function is {found}; RELU is supported for INT8"


def rnn(op: Op, graph: Graph) -> str:
    """Types of a RNN: FLOAT32, with FLOAT32 or 8-bit weights. Source: basic_rnn.cc, unidirectional_sequence_rnn.cc."""
    source, weights = op.input(0), op.input(1)
    if source is None or weights is None:
        return "its input or weights are left out"
    if is_type(source, DType.FLOAT32) and is_type(weights, DType.FLOAT32, DType.UINT8, DType.INT8):
        return ""
    return f"input is {source.dtype.value} and weights are {weights.dtype.value}; FLOAT32 with 8 bits is supported"


def lstm(op: Op, graph: Graph) -> str:
    """Types of a LSTM: FLOAT32, with FLOAT32 or 8-bit weights, or INT8. Source: lstm.cc, Eval."""
    basic = op.kind == "LSTM" and op.options.get("kernel_type", "FULL") == "BASIC"
    source, weights = op.input(0), op.input(2)
    if source is None or weights is None:
        return "its input or weights are left out"
    types = (source.dtype, weights.dtype)
    if basic:
        known = types in ((DType.FLOAT32, DType.FLOAT32), (DType.UINT8, DType.UINT8))
    elif is_type(source, DType.FLOAT32):
        known = is_type(weights, DType.FLOAT32, DType.UINT8, DType.INT8)
    else:
        known = types == (DType.INT8, DType.INT8)
    return "" if known else f"input is {source.dtype.value} and weights are {weights.dtype.value}"


def schema_version(model: Model) -> str:
    """Why a runtime does not load a model of this schema version."""
    return "" if model.schema_version in (3, None) else f"its schema version is {model.schema_version}; 3 is supported"


def quantization_fits(model: Model) -> str:
    """Why a runtime does not load a model over the scales of a tensor. Source: ParseQuantization."""
    for graph in model.graphs:
        for tensor in graph.tensors:
            quant = tensor.quant
            if quant is None or quant.details is not None or not len(quant.scale):
                continue
            count, axis, sizes = len(quant.scale), quant.stored_axis, tensor.default_shape
            if len(quant.zero_point) != count:
                return f"'{tensor.name}' has {count} scales and {len(quant.zero_point)} zero points"
            if axis < 0 or (sizes and axis >= len(sizes)):
                return f"'{tensor.name}' has scales along dimension {axis}; it has {len(sizes)} dimensions"
            if count > 1 and sizes and sizes[axis] != count:
                return f"'{tensor.name}' has {count} scales along dimension {axis} of {sizes[axis]}"
    return ""


def constants_fit(model: Model) -> str:
    """Why a runtime does not load a model over a constant: too few bytes. Source: SetTensorParametersReadOnly."""
    for graph in model.graphs:
        for tensor in graph.tensors:
            if tensor.data is None:
                continue
            if tensor.is_variable or tensor.external:
                return f"'{tensor.name}' has a constant, and is a variable or stored elsewhere as well"
            need = tensor.nbytes if tensor.sparsity is None and tensor.dtype is not DType.RESOURCE else None
            if need is not None and len(tensor.data) < need:
                return f"'{tensor.name}' needs {need} bytes; the file has {len(tensor.data)}"
    return ""
