"""What other readers of the format make of a file, compared with what ours does."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import flatbuffers
import numpy as np

from tflint.formats.tflite.flat import Field, fields
from tflint.formats.tflite.schema import ENUMS, OPERATORS, TABLES, UNIONS
from tflint.model import DType, Graph, Model, Op, Tensor

FOLDER = Path(os.environ.get("TFLINT_MODELS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
"""Real models, where there are any: a folder beside the repository, or the one that TFLINT_MODELS names."""
REAL_MODELS = sorted(path for path in FOLDER.rglob("*.tflite") if path.is_file())


def camel(name: str) -> str:
    """The accessor of a field."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def same_table(schema: ModuleType, accessor: Any, name: str, ours: Mapping[str, Any]) -> int:
    """Assert that an accessor of generated code sees the values of our table; return how many were compared."""
    count = 0
    for field in fields(name):
        if hasattr(accessor, camel(field.name)):  # an older schema lacks the newest fields
            count += _same_field(schema, accessor, field, ours[field.name], f"{name}.{field.name}")
    return count


def _same_field(schema: ModuleType, accessor: Any, field: Field, ours: Any, where: str) -> int:
    key, kind = camel(field.name), field.type
    if kind in UNIONS:
        number, table = getattr(accessor, key + "Type")(), getattr(accessor, key)()
        if not 0 < number <= len(UNIONS[kind]):
            assert ours is None, where
            return 1
        name = UNIONS[kind][number - 1]
        assert ours[0] == name, where
        return same_table(schema, _opened(schema, name, table), name, ours[1])
    get = getattr(accessor, key)
    if field.is_vector:
        length = getattr(accessor, key + "Length")()
        assert len(ours) == length, where
        if kind in TABLES:
            return sum(same_table(schema, get(index), kind, ours[index]) for index in range(length))
        assert [_plain(kind, get(index)) for index in range(length)] == list(ours), where
        return 1
    if kind in TABLES:
        table = get()
        assert (table is None) == (ours is None), where
        return 0 if table is None else same_table(schema, table, kind, ours)
    assert _plain(kind, get()) == ours, where
    return 1


def _plain(kind: str, value: Any) -> Any:
    if kind == "string":
        return (value or b"").decode("utf-8", "replace")
    return ENUMS[kind][1].get(value, value) if kind in ENUMS else value


def _opened(schema: ModuleType, name: str, table: Any) -> Any:
    """The accessor of a union's value."""
    accessor = getattr(schema, name)()
    accessor.Init(table.Bytes, table.Pos)
    return accessor


def generated_code() -> list[ModuleType]:
    """The accessors that flatbuffers made of the schema, of each version that is installed."""
    names = ("tflite", "ai_edge_litert.schema_py_generated")
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name.partition(".")[0])]


def same_as_generated_code(schema: ModuleType, data: bytes, ours: Model) -> None:
    """Assert that the accessors of a schema's generated code see what we read: graphs, constants, options, metadata."""
    theirs = schema.Model.GetRootAs(data)
    assert ours.schema_version == theirs.Version()
    assert ours.description == _plain("string", theirs.Description())
    assert len(ours.graphs) == theirs.SubgraphsLength()
    for graph in ours.graphs:
        _same_graph(schema, theirs, data, graph)
    names = {}
    for index in range(theirs.MetadataLength()):
        entry = theirs.Metadata(index)
        names[_plain("string", entry.Name())] = _constant(theirs, data, entry.Buffer()) or b""
    assert {name: bytes(value) for name, value in ours.metadata.items()} == names
    assert len(ours.signatures) == theirs.SignatureDefsLength()
    for index, signature in enumerate(ours.signatures):
        entry = theirs.SignatureDefs(index)
        assert (signature.key, signature.graph_index) == (entry.SignatureKey().decode(), entry.SubgraphIndex())
        for side, tensors in (("Inputs", signature.inputs), ("Outputs", signature.outputs)):
            maps = [getattr(entry, side)(slot) for slot in range(getattr(entry, side + "Length")())]
            expected = {_plain("string", each.Name()): each.TensorIndex() for each in maps}
            assert {name: tensor.index for name, tensor in tensors.items()} == expected


def _same_graph(schema: ModuleType, root: Any, data: bytes, graph: Graph) -> None:
    theirs = root.Subgraphs(graph.index)
    assert graph.name == _plain("string", theirs.Name())
    assert [tensor.index for tensor in graph.inputs] == [theirs.Inputs(slot) for slot in range(theirs.InputsLength())]
    assert [tensor.index for tensor in graph.outputs] == [
        theirs.Outputs(slot) for slot in range(theirs.OutputsLength())
    ]
    assert len(graph.tensors) == theirs.TensorsLength()
    for tensor in graph.tensors:
        _same_tensor(schema, root, data, theirs.Tensors(tensor.index), tensor)
    assert len(graph.ops) == theirs.OperatorsLength()
    for op in graph.ops:
        _same_op(schema, root, theirs.Operators(op.index), op)


def _same_tensor(schema: ModuleType, root: Any, data: bytes, theirs: Any, tensor: Tensor) -> None:
    where = f"{tensor.name} of graph {tensor.graph_index}"
    assert tensor.name == _plain("string", theirs.Name())
    assert tensor.dtype.value == ENUMS["TensorType"][1][theirs.Type()], where
    sizes = [theirs.Shape(axis) for axis in range(theirs.ShapeLength())]
    assert list(tensor.default_shape) == [abs(size) for size in sizes], where
    signature = [theirs.ShapeSignature(axis) for axis in range(theirs.ShapeSignatureLength())] or sizes
    assert [-1 if size is None else size for size in tensor.shape] == signature, where
    assert tensor.buffer == theirs.Buffer()
    assert tensor.is_variable == theirs.IsVariable()
    stored = _constant(root, data, tensor.buffer) if tensor.buffer else None
    assert (None if tensor.data is None else bytes(tensor.data)) == stored, where
    if stored:
        assert tensor.byte_offset is not None
        assert data[tensor.byte_offset :][: len(stored)] == stored, where
    quant = theirs.Quantization()
    if tensor.quant is None:
        assert quant is None or not (quant.ScaleLength() or quant.DetailsType()), where
    else:
        scales = [quant.Scale(index) for index in range(quant.ScaleLength())]
        assert np.array_equal(scales, tensor.quant.scale, equal_nan=True), where
        if quant.ZeroPointLength():
            points = [quant.ZeroPoint(index) for index in range(quant.ZeroPointLength())]
            assert points == tensor.quant.zero_point.tolist(), where
        assert quant.QuantizedDimension() == tensor.quant.stored_axis, where
        assert (tensor.quant.axis is not None) == (quant.ScaleLength() > 1), where
    assert (theirs.Sparsity() is None) == (tensor.sparsity is None), where


def _constant(root: Any, data: bytes, number: int) -> bytes | None:
    """The bytes of a buffer, or None where it holds none."""
    buffer = root.Buffers(number)
    if not buffer.DataIsNone():
        return buffer.DataAsNumpy().tobytes() if buffer.DataLength() else b""
    return data[buffer.Offset() : buffer.Offset() + buffer.Size()] if buffer.Offset() > 1 else None


def _same_op(schema: ModuleType, root: Any, theirs: Any, op: Op) -> None:
    code = root.OperatorCodes(theirs.OpcodeIndex())
    number = max(_builtin_code(code), code.DeprecatedBuiltinCode())
    assert op.is_custom == (OPERATORS[number] == "CUSTOM")
    assert op.kind == (_plain("string", code.CustomCode()) or "CUSTOM" if op.is_custom else OPERATORS[number])
    assert op.version == code.Version()
    inputs = [theirs.Inputs(slot) for slot in range(theirs.InputsLength())]
    assert [-1 if tensor is None else tensor.index for tensor in op.inputs] == inputs
    assert [tensor.index for tensor in op.outputs] == [theirs.Outputs(slot) for slot in range(theirs.OutputsLength())]
    hidden = [theirs.Intermediates(slot) for slot in range(theirs.IntermediatesLength())]
    assert [tensor.index for tensor in op.intermediates] == hidden
    if theirs.CustomOptionsLength():
        assert op.custom_options == theirs.CustomOptionsAsNumpy().tobytes()
    number, table, union = theirs.BuiltinOptionsType(), theirs.BuiltinOptions(), UNIONS["BuiltinOptions"]
    if not number and hasattr(theirs, "BuiltinOptions2Type"):
        number, table, union = theirs.BuiltinOptions2Type(), theirs.BuiltinOptions2(), UNIONS["BuiltinOptions2"]
    if number and table is not None and hasattr(schema, union[number - 1]):
        name = union[number - 1]
        same_table(schema, _opened(schema, name, table), name, op.options)
    elif not number:
        assert op.options == {}


def _builtin_code(code: Any) -> int:
    """The builtin_code of the file: tflite 2.18.0 gives the old field instead where that is below 127."""
    place = code._tab.Offset(10)
    return int(code._tab.Get(flatbuffers.number_types.Int32Flags, place + code._tab.Pos)) if place else 0


_NUMPY_OF = {
    DType.STRING: np.bytes_, DType.RESOURCE: np.object_, DType.VARIANT: np.object_, DType.INT4: np.int8,
    DType.UINT4: np.uint8,
}  # fmt: skip
"""What the interpreter gives for the types that numpy does not have."""


def same_as_interpreter(path: Path, ours: Model) -> None:
    """Assert that LiteRT's interpreter sees what we read."""
    interpreter = opened(path)
    assert interpreter.num_subgraphs() == len(ours.graphs)
    for graph in ours.graphs:
        details = {each["index"]: each for each in interpreter.get_tensor_details(graph.index)}
        assert list(details) == [tensor.index for tensor in graph.tensors]
        for tensor in graph.tensors:
            _same_details(details[tensor.index], tensor)
    for op, details in zip(ours.graphs[0].ops, interpreter._get_ops_details(), strict=True):
        assert details["op_name"] == op.kind
        assert list(details["inputs"]) == [-1 if tensor is None else tensor.index for tensor in op.inputs]
        assert list(details["outputs"]) == [tensor.index for tensor in op.outputs]
    expected = {each.key: {"inputs": sorted(each.inputs), "outputs": sorted(each.outputs)} for each in ours.signatures}
    assert interpreter.get_signature_list() == expected


def opened(path: Path) -> Any:
    """LiteRT's interpreter for a file, without a delegate, its tensors not allocated."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return Interpreter(str(path), experimental_op_resolver_type=resolver)


def refusal(path: Path) -> str:
    """Why the interpreter does not load a file; empty where it does."""
    try:
        opened(path)
    except (ValueError, RuntimeError) as reason:
        return str(reason)
    return ""


def _same_details(details: Mapping[str, Any], tensor: Tensor) -> None:
    assert details["name"] == tensor.name
    assert tuple(details["shape"]) == tensor.default_shape
    assert tuple(details["shape_signature"]) == tuple(-1 if size is None else size for size in tensor.shape)
    named = tensor.dtype.numpy_name
    assert np.dtype(details["dtype"]) == np.dtype(_NUMPY_OF[tensor.dtype] if named is None else named)
    theirs, quant = details["quantization_parameters"], tensor.quant
    if theirs["block_size"]:
        assert quant is not None
        assert quant.details is not None
        assert quant.details[1]["block_size"] == theirs["block_size"]
    elif quant is None:
        assert not len(theirs["scales"])
    else:
        assert np.array_equal(theirs["scales"], quant.scale, equal_nan=True)
        assert np.array_equal(theirs["zero_points"], quant.zero_point)
        assert theirs["quantized_dimension"] == quant.stored_axis
    if not details["sparsity_parameters"]:
        assert tensor.sparsity is None or tensor.data is None
        return
    assert tensor.sparsity is not None
    assert list(details["sparsity_parameters"]["traversal_order"]) == list(tensor.sparsity.traversal_order)
    for theirs, ours in zip(details["sparsity_parameters"]["dim_metadata"], tensor.sparsity.dimensions, strict=True):
        assert ours.is_dense == (theirs["format"] == 0)
        if ours.is_dense:
            assert ours.dense_size == theirs["dense_size"]
        else:
            assert list(ours.segments) == list(theirs["array_segments"])
            assert list(ours.indices) == list(theirs["array_indices"])
