"""Write `src/tflint/formats/saved_model/schema.py` and `ops.json` from the messages and ops of TensorFlow.

    python tools/make_saved_model_schema.py src/tflint/formats/saved_model

Runs with TensorFlow; what it writes is read without it. Only names, numbers, types and defaults are taken.
"""

import json
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import descriptor
from tensorflow.core.framework import attr_value_pb2, graph_debug_info_pb2, op_def_pb2, types_pb2
from tensorflow.core.protobuf import saved_model_pb2, tensor_bundle_pb2, trackable_object_graph_pb2
from tensorflow.python.client import pywrap_tf_session

WANTED = {
    "SavedModel": "saved_model_schema_version meta_graphs",
    "MetaGraphDef": "meta_info_def graph_def saver_def signature_def object_graph_def",
    "MetaGraphDef.MetaInfoDef": "tags tensorflow_version stripped_default_attrs",
    "GraphDef": "node versions library debug_info",
    "VersionDef": "producer min_consumer",
    "FunctionDefLibrary": "function gradient",
    "GradientDef": "function_name gradient_func",
    "FunctionDef": "signature attr arg_attr node_def ret control_ret",
    "FunctionDef.ArgAttrs": "attr",
    "OpDef": "name input_arg output_arg control_output attr is_stateful",
    "OpDef.ArgDef": "name type type_attr number_attr type_list_attr handle_data",
    "OpDef.AttrDef": "name type",
    "ResourceHandleProto.DtypeAndShape": "dtype shape",
    "NodeDef": "name op input device attr experimental_debug_info",
    "NodeDef.ExperimentalDebugInfo": "original_node_names original_func_names",
    "AttrValue": "s i f b type shape tensor list func placeholder",
    "AttrValue.ListValue": "s i f b type shape tensor func",
    "NameAttrList": "name attr",
    "TensorShapeProto": "dim unknown_rank",
    "TensorShapeProto.Dim": "size",
    "TensorProto": "dtype tensor_shape tensor_content half_val float_val double_val int_val string_val scomplex_val "
    "int64_val bool_val dcomplex_val uint32_val uint64_val float8_val",
    "SignatureDef": "inputs outputs method_name",
    "TensorInfo": "name coo_sparse composite_tensor dtype tensor_shape",
    "TensorInfo.CooSparse": "values_tensor_name indices_tensor_name dense_shape_tensor_name",
    "TensorInfo.CompositeTensor": "components",
    "SaverDef": "filename_tensor_name save_tensor_name restore_op_name version",
    "SavedObjectGraph": "nodes concrete_functions",
    "SavedObject": "children user_object variable function bare_concrete_function captured_tensor",
    "SavedUserObject": "identifier metadata",
    "SavedVariable": "dtype shape name",
    "SavedFunction": "concrete_functions",
    "SavedBareConcreteFunction": "concrete_function_name",
    "SavedConcreteFunction": "bound_inputs",
    "CapturedTensor": "name concrete_function",
    "TrackableObjectGraph": "nodes",
    "TrackableObjectGraph.TrackableObject": "children attributes",
    "TrackableObjectGraph.TrackableObject.ObjectReference": "node_id local_name",
    "TrackableObjectGraph.TrackableObject.SerializedTensor": "name full_name checkpoint_key",
    "GraphDebugInfo": "files traces frames_by_id traces_by_id name_to_trace_id",
    "GraphDebugInfo.FileLineCol": "file_index line col func",
    "GraphDebugInfo.StackTrace": "file_line_cols frame_id",
    "BundleHeaderProto": "num_shards endianness version",
    "BundleEntryProto": "dtype shape shard_id offset size slices",
    "TensorSliceProto": "",
}
FILES = (
    saved_model_pb2, tensor_bundle_pb2, trackable_object_graph_pb2, graph_debug_info_pb2, attr_value_pb2, op_def_pb2,
)  # fmt: skip
_TYPES = {
    getattr(descriptor.FieldDescriptor, "TYPE_" + name.upper()): name
    for name in ("double", "float", "int64", "uint64", "int32", "fixed64", "bool", "string", "bytes", "uint32")
}

HEAD = '''"""The messages of a SavedModel as data, and the ops of TensorFlow.

Written by tools/make_saved_model_schema.py from TensorFlow {version}; not edited by hand.

A field is `name:number:type`; `[type]` is repeated, `{{key,type}}` a map, `type|group` one of a group of which one is
set. Fields that tflint does not use are left out.
"""

__all__ = ["DTYPES", "ENUMS", "MESSAGES"]
'''


def messages() -> dict[str, Any]:
    """Every message that is reached from the roots, by its name without the package."""
    found: dict[str, Any] = {}
    waiting = [message for file in FILES for message in file.DESCRIPTOR.message_types_by_name.values()]
    while waiting:
        message = waiting.pop()
        name = message.full_name.removeprefix("tensorflow.")
        if name not in found:
            found[name] = message
            waiting += [field.message_type for field in message.fields if field.message_type is not None]
            waiting += list(message.nested_types)
    return found


def kind(field: Any) -> str:
    if field.message_type is not None:
        return str(field.message_type.full_name.removeprefix("tensorflow."))
    if field.enum_type is not None:
        return "enum " + str(field.enum_type.full_name.removeprefix("tensorflow."))
    return _TYPES[field.type]


def described(field: Any) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = message.fields_by_name["key"], message.fields_by_name["value"]
        return f"{field.name}:{field.number}:{{{kind(key)},{kind(value)}}}"
    text = f"[{kind(field)}]" if field.is_repeated else kind(field)
    if field.containing_oneof is not None and not field.containing_oneof.name.startswith("_"):
        text += f"|{field.containing_oneof.name}"
    return f"{field.name}:{field.number}:{text}".replace("enum ", "")


def schema() -> str:
    known = messages()
    lines = [HEAD.format(version=tf.__version__), "MESSAGES: dict[str, tuple[str, ...]] = {"]
    for name, wanted in WANTED.items():
        fields = [described(known[name].fields_by_name[field]) for field in wanted.split()]
        if len(fields) < 2:
            lines.append(f'    "{name}": ({"".join(f"{chr(34)}{field}{chr(34)}," for field in fields)}),')
            continue
        lines.append(f'    "{name}": (')
        lines += [f'        "{field}",' for field in fields]
        lines.append("    ),")
    lines.append('}\n"""Message -> its fields."""\n')
    lines.append("ENUMS: dict[str, dict[str, int]] = {")
    for enum in (
        types_pb2.DataType.DESCRIPTOR,
        known["SaverDef"].enum_types_by_name["CheckpointFormatVersion"],
        known["BundleHeaderProto"].enum_types_by_name["Endianness"],
    ):
        lines.append(f'    "{enum.full_name.removeprefix("tensorflow.")}": {{')
        lines += [f'        "{value.name}": {value.number},' for value in enum.values if "_REF" not in value.name]
        lines.append("    },")
    lines.append('}\n"""Enumeration -> its numbers by name; a reference type is 100 more than its type."""\n')
    lines.append("DTYPES: dict[int, str] = {")
    for value in types_pb2.DataType.DESCRIPTOR.values:
        if "_REF" not in value.name and value.name != "DT_INVALID":
            lines.append(f'    {value.number}: "{dtype(value.number)}",')
    lines.append('}\n"""Number of an element type -> tflint\'s name for it; quantized types are stored as integers."""')
    return "\n".join(lines) + "\n"


def dtype(number: int) -> str:
    name = types_pb2.DataType.Name(number).removeprefix("DT_")
    plain = {"FLOAT": "FLOAT32", "DOUBLE": "FLOAT64", "HALF": "FLOAT16"}
    return plain.get(name, name.replace("QINT", "INT").replace("QUINT", "UINT"))


def default(value: Any) -> Any:
    """A default as JSON: a type as {"t": …}, a shape as {"h": …}; None where it has another kind."""
    group = value.WhichOneof("value")
    if group == "list":
        lists = [(name.name, item) for name, item in value.list.ListFields()]
        return [plain(name, each) for name, items in lists for each in items]
    return plain(group, getattr(value, group))


def plain(group: str, value: Any) -> Any:
    if group == "type":
        return {"t": dtype(value)}
    if group == "shape":
        return {"h": None if value.unknown_rank else [None if each.size < 0 else each.size for each in value.dim]}
    if group == "s":
        return value.decode("utf-8")
    return value if group in {"i", "f", "b"} else None


def output(arg: Any) -> str:
    """`name:type`: an attribute's name or `=FLOAT32`; `*N` repeats it, `[Tout]` is a list of types."""
    if arg.type_list_attr:
        return f"{arg.name}:[{arg.type_list_attr}]"
    base = arg.type_attr or f"={dtype(arg.type)}"
    return f"{arg.name}:{base}" + (f"*{arg.number_attr}" if arg.number_attr else "")


def ops() -> str:
    every = op_def_pb2.OpList()
    every.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    rows = []
    for op in sorted(every.op, key=lambda op: op.name):
        defaults = {attr.name: default(attr.default_value) for attr in op.attr if attr.HasField("default_value")}
        row: list[Any] = [" ".join(output(arg) for arg in op.output_arg), int(op.is_stateful), defaults]
        functions = [attr.name for attr in op.attr if attr.type in {"func", "list(func)"}]
        row += [functions] * bool(functions)
        rows.append(f"{json.dumps(op.name)}:{json.dumps(row, separators=(',', ':'))}")
    head = json.dumps(
        f"Written by tools/make_saved_model_schema.py from TensorFlow {tf.__version__}: op -> [outputs, 1 where it is "
        "stateful, defaults of its attributes, attributes that name functions]."
    )
    return '{"":' + head + ",\n" + ",\n".join(rows) + "\n}\n"


def main() -> None:
    folder = Path(sys.argv[1])
    (folder / "schema.py").write_text(schema())
    (folder / "ops.json").write_text(ops())


if __name__ == "__main__":
    main()
