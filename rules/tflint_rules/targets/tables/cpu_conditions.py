"""What LiteRT's built-in kernels ask of an op: its element types, as probed, and scales that its arithmetic can use.

Source: LiteRT f67457790, tflite/core/interpreter_builder.cc and core/subgraph.cc for what stops a model when it is
loaded; tflite/kernels/kernel_util.cc and the kernels that are named below for what stops an op.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from tflint import DType, Graph, Model, Op, Tensor, Unknown, type_code
from tflint_rules.targets.tables.cpu_types import TYPES
from tflint_rules.targets.tables.tflm_conditions import affine, is_type, one_of, type_name

__all__ = [
    "constants_fit",
    "counts",
    "kernel_types",
    "lstm",
    "quantization_fits",
    "rnn",
    "schema_version",
    "svdf",
]

_SCALED = ("i2", "i4", "i8", "i16", "i32", "i64", "u4", "u8")
_FLOAT_WEIGHTS = (DType.FLOAT32, DType.UINT8, DType.INT8)
_MANY_INPUTS = frozenset({"ADD_N", "CONCATENATION", "PACK"})
_MANY_OUTPUTS = frozenset({"SPLIT", "SPLIT_V", "UNPACK"})
_TAKES_MORE = frozenset({"MIRROR_PAD", "STABLEHLO_PAD"})
"""Ops that do not look how many inputs they have."""
_MAY_END = frozenset(
    {"RESHAPE", "FULLY_CONNECTED", "TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE", "PADV2", "LSH_PROJECTION"}
)
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
        if code in ("-", "?"):
            return code in self.codes
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
    many = _MANY_INPUTS if role == "input" else _MANY_OUTPUTS
    slots = range(len(tensors) if op.kind in many else len(cells))
    for slot in slots:
        cell = cells[min(slot, len(cells) - 1)]
        code = _code(tensors[slot] if slot < len(tensors) else None)
        may_end = op.kind in _MAY_END and slot == len(cells) - 1
        if code == "-" and may_end and (slot >= len(tensors) or op.kind != "RESHAPE"):
            continue
        if not cell.has(code, first):
            return f"{role} {slot} is {_words(code)}{_listed([cell], first)}"
    return ""


def _first_fault(op: Op, rows: tuple[_Row, ...]) -> str:
    """The reason where no row begins with the type of the op's first tensor."""
    side, code = "output" if rows[0].made else "input", rows[0].first_code(op)
    return f"{side} {rows[0].lead} is {_words(code)}{_listed([row.first for row in rows], code)}"


def _listed(cells: list[_Cell], first: str) -> str:
    """The end of a reason: the types that cells hold."""
    if any(cell.others for cell in cells):
        return ", which is not supported"
    codes = {first if code == "==" else code for cell in cells for code in cell.codes}
    if "=" in codes:
        codes |= {_plain(first), f"q{_plain(first)}"}
    named: list[str] = []
    for plain in (each for each in _WORDS if {each, f"q{each}", f"q{each}c"} & codes):
        kinds = [code for code in (plain, f"q{plain}", f"q{plain}c") if code in codes]
        if plain not in _SCALED or {plain, f"q{plain}"} <= codes:
            named.append(_WORDS[plain])
        elif len(kinds) == 2 and plain not in kinds:
            named.append(f"{_WORDS[plain]} with scales")
        else:
            named += [_words(code) for code in kinds]
    return f"; {one_of(named)} is supported"


def _words(code: str) -> str:
    """A type code in words: `INT8 with one scale`."""
    plain = _plain(code)
    if code == plain:
        return f"{_WORDS[plain]} without a scale" if plain in ("i2", "i4", "i8", "i16", "u4", "u8") else _WORDS[plain]
    return f"{_WORDS[plain]} with {'a scale for each channel' if code.endswith('c') else 'one scale'}"


def counts(op: Op, graph: Graph) -> str:
    """As many inputs and outputs as the kernel asks for."""
    row, loose = _rows(op.kind)[0], op.kind in _TAKES_MORE
    for role, found, wanted, many in (
        ("inputs", len(op.inputs), len(row.ins), loose or op.kind in _MANY_INPUTS),
        ("outputs", len(op.outputs), len(row.outs), loose or op.kind in _MANY_OUTPUTS),
    ):
        if found != wanted and not many and not (found == wanted - 1 and role == "inputs" and op.kind in _MAY_END):
            return f"it has {found} {role}; {wanted} are supported"
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
    """Types of a RNN: FLOAT32, with FLOAT32 or 8-bit weights. Source: basic_rnn.cc, *_sequence_rnn.cc, Prepare."""
    both = op.kind.startswith("BIDIRECTIONAL")
    wanted = 12 if both else 5
    if len(op.inputs) != wanted:
        return f"it has {len(op.inputs)} inputs; {wanted} are supported"
    made = 2 if both and not op.options.get("merge_outputs", False) else 1
    if len(op.outputs) != made:
        return f"it has {len(op.outputs)} outputs; {made} are supported"
    missing = next((slot for slot in range(wanted - 3 if both else wanted) if op.input(slot) is None), None)
    source, weights = op.input(0), op.input(1)
    if missing is not None or source is None or weights is None:
        return f"input {missing} is left out"
    if is_type(source, DType.FLOAT32) and is_type(weights, *_FLOAT_WEIGHTS):
        return ""
    return f"input is {source.dtype.value} and weights are {weights.dtype.value}; FLOAT32 with 8 bits is supported"


def lstm(op: Op, graph: Graph) -> str:
    """Types of a LSTM: FLOAT32, with FLOAT32 or 8-bit weights, or INT8. Source: lstm.cc, *_sequence_lstm.cc."""
    basic = op.kind == "LSTM" and op.options.get("kernel_type", "FULL") == "BASIC"
    numbers = (5,) if basic else (48,) if op.kind.startswith("BIDIRECTIONAL") else (20, 24)
    if len(op.inputs) not in numbers:
        return f"it has {len(op.inputs)} inputs; {one_of([str(each) for each in numbers])} are supported"
    source, weights = op.input(0), op.input(2)
    if source is None or weights is None:
        return "its input or weights are left out"
    if basic:
        known = (source.dtype, weights.dtype) in ((DType.FLOAT32, DType.FLOAT32), (DType.UINT8, DType.UINT8))
        return "" if known else f"input is {source.dtype.value} and weights are {weights.dtype.value}"
    whole = is_type(source, DType.INT8) and 48 not in numbers
    if not is_type(weights, *((DType.INT8,) if whole else _FLOAT_WEIGHTS if is_type(source, DType.FLOAT32) else ())):
        return f"input is {source.dtype.value} and weights are {weights.dtype.value}"
    return "" if 48 in numbers else _gates(op, weights.dtype, DType.INT32 if whole else DType.FLOAT32)


def _gates(op: Op, weights: DType, bias: DType) -> str:
    """Why the gates and states of a LSTM in one direction do not fit; empty where they do."""
    for slots, wanted in (((2, 3, 4, 6, 7, 8), weights), ((13, 14, 15), bias)):
        for slot in slots:
            tensor = op.input(slot)
            if not is_type(tensor, wanted):
                return f"input {slot} is {type_name(tensor)}; {wanted.value} is supported"
    for slot in (18, 19):
        state = op.input(slot)
        if state is None or not state.is_variable:
            return f"input {slot} is no variable, as states have to be"
    held = len(op.intermediates)
    if bias is DType.INT32 and held != 5 and not (held == 12 and op.kind == "LSTM"):
        return f"it has {held} intermediate tensors; 5 are supported for INT8"
    return ""


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
            if tensor.data is None or tensor.address:  # a constant of a model that is yet to be made
                continue
            if tensor.is_variable or tensor.external:
                return f"'{tensor.name}' has a constant, and is a variable or stored elsewhere as well"
            need = tensor.nbytes if tensor.sparsity is None and tensor.dtype is not DType.RESOURCE else None
            if need is not None and len(tensor.data) < need:
                return f"'{tensor.name}' needs {need} bytes; the file has {len(tensor.data)}"
    return ""
