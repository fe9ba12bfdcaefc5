"""The protobuf messages of a SavedModel, built from `schema` at first use. Only this file knows protobuf."""

from __future__ import annotations

from functools import cache
from typing import Any

from tflint.formats.saved_model.schema import ENUMS, MESSAGES
from tflint.model import ProblemKind

__all__ = ["LARGEST", "Unreadable", "new", "parse", "parse_text"]

LARGEST = 128 << 20
"""So many bytes of a message are taken apart, its weights left out; they take up to 40 times as many in memory."""
LARGEST_TEXT = 16 << 20
"""So many bytes of text are read, which goes some hundred times slower."""
_PACKAGE = "tflint.tensorflow"
_KERAS = {
    "SavedMetadata": ("nodes:1:[SavedMetadata.SavedObject]",),
    "SavedMetadata.SavedObject": ("node_path:3:string", "identifier:4:string", "metadata:5:string"),
}
"""Source: keras v2.13.1, keras/protobuf/saved_metadata.proto."""
_ALL = MESSAGES | _KERAS


class Unreadable(Exception):  # noqa: N818 - a state of the file, not an error of the program
    """Bytes that are no message of the kind; `str()` says what is wrong with them."""

    def __init__(self, kind: ProblemKind, message: str, help: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.help = help


def parse(name: str, content: bytes | memoryview, what: str) -> Any:
    """The message `name` in `content`, which is called `what`.

    Raises:
        Unreadable: it is none, or too large.
    """
    from google.protobuf.message import DecodeError

    if len(content) > LARGEST:
        raise Unreadable(ProblemKind.OVERSIZED, f"{what} has {len(content):,} bytes, more than any that is in use")
    message = new(name)
    try:
        message.ParseFromString(bytes(content))
    except (DecodeError, RecursionError, UnicodeDecodeError):
        raise Unreadable(
            ProblemKind.DAMAGED, f"{what} is no protobuf message {name}, or it was cut off or damaged"
        ) from None
    return message


def parse_text(name: str, content: bytes | memoryview, what: str) -> Any:
    """The message `name` that is written as text.

    Raises:
        Unreadable: it is none, or too large.
    """
    from google.protobuf import text_format

    if len(content) > LARGEST_TEXT:
        raise Unreadable(
            ProblemKind.OVERSIZED, f"{what} has {len(content):,} bytes; at most {LARGEST_TEXT:,} bytes of text are read"
        )
    try:
        return text_format.Parse(str(content, "utf-8"), new(name), allow_unknown_field=True)
    except (text_format.ParseError, UnicodeError, ValueError, TypeError, RecursionError) as reason:
        said = str(reason).partition("\n")[0][:200] or "it is nested too deeply"
        raise Unreadable(ProblemKind.DAMAGED, f"{what} is no message {name} in text form: {said}") from None


def new(name: str) -> Any:
    """An empty message."""
    return _classes()[name]()


@cache
def _classes() -> dict[str, Any]:
    """The class of each message, by the name that the schema gives it."""
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{_flat(name)}")) for name in _ALL
    }


def _file() -> Any:
    """The description of all messages. Nested ones stand beside the others: the wire knows no names."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name="tflint_saved_model.proto", package=_PACKAGE, syntax="proto3")
    for name, members in ENUMS.items():
        enum = file.enum_type.add(name=_flat(name))
        for member, number in members.items():
            enum.value.add(name=member, number=number)
    for name, fields in _ALL.items():
        message = file.message_type.add(name=_flat(name))
        for field in fields:
            _add_field(message, field)
    return file


def _add_field(message: Any, text: str) -> None:
    name, number, kind = text.split(":")
    kind, _, group = kind.partition("|")
    repeated = kind.startswith(("[", "{"))
    if kind.startswith("{"):
        kind = _map_entry(message, name, kind)
    field = message.field.add(name=name, number=int(number), label=3 if repeated else 1)
    _set_type(field, kind.strip("[]"))
    if group:
        groups = [each.name for each in message.oneof_decl]
        if group not in groups:
            message.oneof_decl.add(name=group)
            groups.append(group)
        field.oneof_index = groups.index(group)


def _map_entry(message: Any, name: str, kind: str) -> str:
    """Describe the pairs of a map; returns the name of their message."""
    entry = message.nested_type.add(name="".join(part.capitalize() for part in name.split("_")) + "Entry")
    entry.options.map_entry = True
    for number, (key, each) in enumerate(zip(("key", "value"), kind.strip("{}").split(","), strict=True), 1):
        _set_type(entry.field.add(name=key, number=number, label=1), each)
    return f"{message.name}.{entry.name}"


def _set_type(field: Any, kind: str) -> None:
    if kind in ENUMS:
        field.type, field.type_name = field.TYPE_ENUM, f".{_PACKAGE}.{_flat(kind)}"
    elif kind[0].islower():
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    else:
        name = kind if kind.endswith("Entry") else _flat(kind)
        field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{name}"


def _flat(name: str) -> str:
    return name.replace(".", "_")
