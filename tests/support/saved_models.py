"""A tiny writer of SavedModels, for tests: messages, checkpoints and what they are packed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tflint.formats.saved_model.protos import new
from tflint.formats.saved_model.schema import DTYPES
from tflint.model import DType

NUMBERS = {name: number for number, name in reversed(DTYPES.items())}
"""Element type -> TensorFlow's number for it."""


class Func(str):
    """The name of a function, as the value of an attribute."""

    __slots__ = ()


def set_shape(proto: Any, shape: Sequence[int | None] | None) -> None:
    proto.unknown_rank = shape is None
    for size in shape or ():
        proto.dim.add(size=-1 if size is None else size)


def attr(value: Any) -> Any:
    """An AttrValue: DType is a type, a tuple a shape, Func a function, a list a list of these, an array a tensor."""
    made = new("AttrValue")
    if isinstance(value, list):
        made.list.SetInParent()
        for item in value:
            _set_item(made.list, item)
        return made
    if isinstance(value, Func):
        made.func.name = value
    elif isinstance(value, DType):
        made.type = NUMBERS[value.value]
    elif isinstance(value, tuple):
        set_shape(made.shape, value)
    elif isinstance(value, np.ndarray):
        made.tensor.CopyFrom(tensor(value))
    elif isinstance(value, str | bytes):
        made.s = value.encode() if isinstance(value, str) else value
    elif isinstance(value, bool | int | float):
        setattr(made, {bool: "b", int: "i", float: "f"}[type(value)], value)
    else:
        made.CopyFrom(value)
    return made


def _set_item(items: Any, value: Any) -> None:
    if isinstance(value, Func):
        items.func.add(name=value)
    elif isinstance(value, DType):
        items.type.append(NUMBERS[value.value])
    elif isinstance(value, tuple):
        set_shape(items.shape.add(), value)
    elif isinstance(value, str):
        items.s.append(value.encode())
    elif isinstance(value, float):
        items.f.append(value)
    else:
        items.i.append(value)


def tensor(array: np.ndarray[Any, Any]) -> Any:
    """A TensorProto with the bytes of an array, or with its texts."""
    made = new("TensorProto")
    set_shape(made.tensor_shape, array.shape)
    if array.dtype.kind in "SUO":
        made.dtype = NUMBERS["STRING"]
        made.string_val.extend(text.encode() for text in array.reshape(-1))
    else:
        made.dtype = NUMBERS[array.dtype.name.upper()]
        made.tensor_content = array.tobytes()
    return made


def node(name: str, op: str, inputs: Iterable[str] = (), **attrs: Any) -> Any:
    made = new("NodeDef")
    made.name, made.op = name, op
    made.input.extend(inputs)
    for key, value in attrs.items():
        made.attr[key].CopyFrom(attr(value))
    return made


def const(name: str, value: Any) -> Any:
    array = np.asarray(value)
    kind = DType.STRING if array.dtype.kind in "SUO" else DType[array.dtype.name.upper()]
    return node(name, "Const", dtype=kind, value=array)


def function(
    name: str, args: Mapping[str, DType], nodes: Iterable[Any], returns: Mapping[str, tuple[str, DType]], **shapes: Any
) -> Any:
    """A FunctionDef; `shapes` are those of arguments, by their names."""
    made = new("FunctionDef")
    made.signature.name = name
    for number, (arg, dtype) in enumerate(args.items()):
        made.signature.input_arg.add(name=arg, type=NUMBERS[dtype.value])
        if arg in shapes:
            made.arg_attr[number].attr["_output_shapes"].CopyFrom(attr([shapes[arg]]))
    made.node_def.extend(nodes)
    for arg, (text, dtype) in returns.items():
        made.signature.output_arg.add(name=arg, type=NUMBERS[dtype.value])
        made.ret[arg] = text
    return made


def graph_def(nodes: Iterable[Any] = (), functions: Iterable[Any] = ()) -> Any:
    made = new("GraphDef")
    made.node.extend(nodes)
    made.library.function.extend(functions)
    return made


def info(name: str, dtype: DType = DType.FLOAT32, shape: Sequence[int | None] | None = (None, 4)) -> Any:
    made = new("TensorInfo")
    made.name, made.dtype = name, NUMBERS[dtype.value]
    set_shape(made.tensor_shape, shape)
    return made


def saved_model(
    nodes: Iterable[Any] = (),
    functions: Iterable[Any] = (),
    signatures: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] | None = None,
    tags: Sequence[str] = ("serve",),
    restore: str = "",
) -> Any:
    """A SavedModel of one graph. A side of a signature is name -> where (as `node:0`), or a TensorInfo."""
    made = new("SavedModel")
    made.saved_model_schema_version = 1
    meta = made.meta_graphs.add()
    meta.meta_info_def.tags.extend(tags)
    meta.meta_info_def.tensorflow_version = "2.21.0"
    meta.graph_def.CopyFrom(graph_def(nodes, functions))
    meta.saver_def.restore_op_name = restore
    for key, sides in (signatures or {}).items():
        signature = meta.signature_def[key]
        for side, infos in zip((signature.inputs, signature.outputs), sides, strict=True):
            for name, where in infos.items():
                side[name].CopyFrom(info(where) if isinstance(where, str) else where)
    return made


def write(folder: Path, model: Any, values: Mapping[Any, Any] | None = None, **options: Any) -> Path:
    """Write a SavedModel and its checkpoint into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    if values is not None:
        write_checkpoint(folder, values, **options)
    return folder


def write_checkpoint(folder: Path, values: Mapping[Any, Any], *, compress: bool = False, shards: int = 1) -> None:
    """Write `variables/`: key -> array, or the text of a string variable, or a BundleEntryProto as it is."""
    (folder / "variables").mkdir(exist_ok=True)
    data = [bytearray() for _ in range(shards)]
    entries: dict[bytes, bytes] = {}
    for number, (key, value) in enumerate(values.items()):
        made = new("BundleEntryProto")
        made.shard_id = number % shards
        made.offset = len(data[made.shard_id])
        if isinstance(value, bytes):
            made.dtype = NUMBERS["STRING"]
            stored = varint(len(value)) + bytes(4) + value
        elif isinstance(value, np.ndarray):
            made.dtype = NUMBERS[value.dtype.name.upper()]
            set_shape(made.shape, value.shape)
            stored = value.tobytes()
        else:
            made, stored = value, b""
        made.size = made.size or len(stored)
        data[made.shard_id % shards] += stored
        entries[key.encode() if isinstance(key, str) else key] = made.SerializeToString()
    header = new("BundleHeaderProto")
    header.num_shards = shards
    (folder / "variables" / "variables.index").write_bytes(
        table({b"": header.SerializeToString(), **entries}, compress=compress)
    )
    for number, content in enumerate(data):
        (folder / "variables" / f"variables.data-{number:05}-of-{shards:05}").write_bytes(content)


def object_graph(keys: Sequence[tuple[str, str]]) -> bytes:
    """A TrackableObjectGraph whose objects have these full names and keys."""
    made = new("TrackableObjectGraph")
    for name, key in keys:
        made.nodes.add().attributes.add(name="VARIABLE_VALUE", full_name=name, checkpoint_key=key)
    return bytes(made.SerializeToString())


def table(entries: Mapping[bytes, bytes], *, compress: bool = False, kind: int | None = None) -> bytes:
    """A table of LevelDB with the entries in two blocks. `kind` is written as the compression of its blocks."""
    keys = sorted(entries)
    out = bytearray()
    handles: dict[bytes, bytes] = {}
    for part in (keys[:2], keys[2:]):
        if part:
            handles[part[-1]] = _placed(out, block({key: entries[key] for key in part}), compress, kind)
    filters = _placed(out, block({}), False, None)
    index = _placed(out, block(handles), compress, kind)
    footer = (filters + index).ljust(40, b"\0")
    return bytes(out + footer + (0xDB4775248B80FB57).to_bytes(8, "little"))


def block(entries: Mapping[bytes, bytes]) -> bytes:
    """The entries of a block, each key shortened by what it shares with the one before it."""
    out = bytearray()
    last = b""
    for key, value in entries.items():
        shared = next((n for n in range(min(len(key), len(last))) if key[n] != last[n]), min(len(key), len(last)))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return bytes(out) + bytes(4) + (1).to_bytes(4, "little")


def _placed(out: bytearray, content: bytes, compress: bool, kind: int | None) -> bytes:
    stored = squeezed(content) if compress else content
    handle = varint(len(out)) + varint(len(stored))
    out += stored + bytes([int(compress) if kind is None else kind]) + bytes(4)
    return handle


def squeezed(content: bytes) -> bytes:
    """A block in the form of Snappy: literals, and zeros as copies of the byte before."""
    out = bytearray(varint(len(content)))
    at = 0
    while at < len(content):
        run = len(content[at:]) - len(content[at:].lstrip(b"\0"))
        if at and content[at - 1] == 0 and run >= 4:
            length = min(run, 11)
            out += bytes([1 | (length - 4) << 2, 1])
            at += length
            continue
        out += bytes([0, content[at]])
        at += 1
    return bytes(out)


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
