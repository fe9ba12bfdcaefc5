"""Write `src/tflint/formats/tflite/schema.py` from LiteRT's schema files.

    python tools/make_schema.py schema.fbs conversion_metadata.fbs ORIGIN metadata_schema.fbs ORIGIN \
        > src/tflint/formats/tflite/schema.py

The files are `tflite/converter/schema/schema.fbs` and `conversion_metadata.fbs` of google-ai-edge/LiteRT, and
`tensorflow_lite_support/metadata/metadata_schema.fbs` of tensorflow/tflite-support; ORIGIN is the commit they were
taken from. Only names, numbers, types and defaults are taken.
"""

import re
import sys
import textwrap
from pathlib import Path

_SCALARS = {
    "byte": "int8", "ubyte": "uint8", "bool": "bool", "short": "int16", "ushort": "uint16", "int": "int32",
    "int32": "int32", "uint": "uint32", "float": "float32", "long": "int64", "ulong": "uint64", "uint64": "uint64",
    "string": "string",
}  # fmt: skip

HEAD = '''"""The TFLite schema as data: enumerations, unions, and the fields of each table in order.

Written by tools/make_schema.py from LiteRT {origin},
tflite/converter/schema/schema.fbs and conversion_metadata.fbs, and from tflite-support
{more}, tensorflow_lite_support/metadata/metadata_schema.fbs; not edited by hand.

A field is `name:type` or `name:type=default`; `[type]` is a vector, a union takes two slots (its type and its value),
`-` is a slot that is not used any more.
"""

__all__ = ["ENUMS", "OPERATORS", "TABLES", "UNIONS"]
'''


def parse(text: str) -> tuple[dict[str, tuple[str, dict[str, int]]], dict[str, list[str]], dict[str, list[str]]]:
    """Return the enumerations (width, members), the unions (members from 1) and the tables (fields) of a schema."""
    text = re.sub(r"//[^\n]*", "", text)
    enums: dict[str, tuple[str, dict[str, int]]] = {}
    for name, width, body in re.findall(r"enum\s+(\w+)\s*:\s*(\w+)\s*{([^}]*)}", text):
        members: dict[str, int] = {}
        following = 0
        for item in filter(None, (part.strip() for part in body.split(","))):
            key, _, value = (part.strip() for part in re.sub(r"\(.*?\)", "", item).partition("="))
            following = int(value) if value else following
            members[key] = following
            following += 1
        enums[name] = (_SCALARS[width], members)
    unions = {
        name: [re.sub(r"\(.*?\)", "", member).strip() for member in body.split(",") if member.strip()]
        for name, body in re.findall(r"union\s+(\w+)\s*{([^}]*)}", text)
    }
    tables = {}
    for name, body in re.findall(r"table\s+(\w+)\s*(?:\(.*?\)\s*)?{([^}]*)}", text):
        fields = []
        for statement in filter(None, (part.strip() for part in body.split(";"))):
            if "(deprecated)" in statement:
                fields.append("-")
                continue
            plain = re.sub(r"\(.*?\)", "", statement)
            match = re.fullmatch(r"(\w+)\s*:\s*(\[?)\s*(\w+)\s*\]?\s*(?:=\s*(\S+))?\s*", plain)
            assert match, plain
            key, vector, kind, default = match.groups()
            kind = _SCALARS.get(kind, kind)
            fields.append(f"{key}:{'[' + kind + ']' if vector else kind}" + (f"={default}" if default else ""))
        tables[name] = fields
    return enums, unions, tables


def main() -> None:
    schema, conversion, origin, metadata, more = sys.argv[1:]
    enums, unions, tables = parse(Path(schema).read_text())
    for path in (conversion, metadata):
        found = parse(Path(path).read_text())
        for known, names in zip((enums, unions, tables), found, strict=True):
            assert known.keys().isdisjoint(names), path
            known.update(names)  # type: ignore[attr-defined]
    print(HEAD.format(origin=origin, more=more))
    operators = enums.pop("BuiltinOperator")[1]
    assert list(operators.values()) == list(range(len(operators)))
    print("OPERATORS: tuple[str, ...] = tuple(\n    (")
    for line in textwrap.wrap(" ".join(operators), 100):
        print(f'        "{line} "')
    print('    ).split()\n)\n"""The builtin operators; the index is the operator\'s code."""\n')
    print("ENUMS: dict[str, tuple[str, dict[int, str]]] = {")
    for name, (width, members) in enums.items():
        print(f'    "{name}": ("{width}", {{')
        print("".join(f'        {value}: "{key}",\n' for key, value in members.items()) + "    }),")
    print('}\n"""Enumeration -> (the integer type it is stored as, {number: name})."""\n')
    print("UNIONS: dict[str, tuple[str, ...]] = {")
    for name, names in unions.items():
        print(f'    "{name}": tuple(\n        (')
        for line in textwrap.wrap(" ".join(names), 100):
            print(f'            "{line} "')
        print("        ).split()\n    ),")
    print('}\n"""Union -> its tables; the first has type 1, type 0 is none."""\n')
    print("TABLES: dict[str, str] = {")
    for name, fields in tables.items():
        lines = textwrap.wrap(" ".join(fields), 100) or [""]
        if len(lines) == 1:
            print(f'    "{name}": "{lines[0]}",')
        else:
            print(f'    "{name}": (')
            for index, line in enumerate(lines):
                print(f'        "{line}{" " if index < len(lines) - 1 else ""}"')
            print("    ),")
    print('}\n"""Table -> its fields in slot order."""')


if __name__ == "__main__":
    main()
