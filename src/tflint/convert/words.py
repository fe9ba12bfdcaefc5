"""The converter's errors, read: which ops it blames, and what it says of them in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tflint.conversion import Blamed

__all__ = ["blamed", "line"]

_LONGEST = 400
_MOST = 1_000
_COLOURS = re.compile(r"\x1b?\[[0-9;]*m")
_NEITHER = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")
_NODE = re.compile(r'fused\["\w+:", "([^"@]+)(?:@[^"]*)?"\]')
_NAMED = re.compile(r"'tf\.(\w+)' op|operation 'tf\.(\w+)'|for op: '(\w+)'")
_LIST = re.compile(r"^\s*(TF Select|Custom) ops: (.+)$", re.MULTILINE)
_NEEDS = {"TF Select": "flex", "Custom": "custom"}
_CODES = {"ERROR_NEEDS_FLEX_OPS": "flex", "ERROR_NEEDS_CUSTOM_OPS": "custom"}
_IGNORED = ("failed while converting", "failed to legalize", "Error code:", "see current operation")
_INNER = "Exception encountered:"
_CALL = re.compile(r"Exception encountered when calling (.+?)\.\s*\n\s*\n(.+)")
"""What Keras puts around an exception of a layer."""
_LINK = re.compile(r" See https?://\S+( for details)?")


def blamed(text: str, errors: Sequence[Mapping[str, Any]]) -> tuple[Blamed, ...]:
    """The ops that an error names, each node once: from what the converter lists, else from its text."""
    needs = {
        name.strip(): _NEEDS[each[1]] for each in _LIST.finditer(text) for name in each[2].split(",") if name.strip()
    }
    found: dict[tuple[str, str], Blamed] = {}
    for each in (*_listed(errors), *_written(text)):
        need = needs.get(each.kind, each.need)
        found.setdefault((each.kind, each.node), Blamed(each.kind, each.node, need, each.source))
    with_node = {kind for kind, node in found if node}
    told = [each for each in found.values() if each.node or each.kind not in with_node]
    told += [Blamed(kind, "", need) for kind, need in needs.items() if kind not in {each.kind for each in told}]
    return tuple(sorted(told, key=lambda each: (each.kind, each.node))[:_MOST])


def _listed(errors: Sequence[Mapping[str, Any]]) -> Iterator[Blamed]:
    """The ops of the converter's own list of errors."""
    for each in errors:
        dialect, _, kind = str(each.get("op") or "").partition(".")
        if dialect != "tf" or kind == "Const":  # others stand for the whole model
            continue
        held = each.get("calls")
        calls = [call for call in (held if isinstance(held, list) else []) if isinstance(call, list) and len(call) == 3]
        node = next((str(name).partition("@")[0].rpartition(":")[2] for name, _, _ in calls if name), "")
        source = next(((str(file), line) for _, file, line in calls if file and isinstance(line, int)), None)
        yield Blamed(kind, node, _CODES.get(str(each.get("code")), ""), source)


def _written(text: str) -> Iterator[Blamed]:
    """The ops of the lines that say `error:`."""
    for each in text.splitlines():
        if "error:" not in each and not each.startswith("Quantization to"):
            continue
        found = _NAMED.search(each)
        if found is not None:
            node = _NODE.search(each) if _NEITHER.search(each) else None
            yield Blamed(found[1] or found[2] or found[3], node[1] if node else "")


def line(kind: str, text: str) -> str:
    """What an error says, in one line: the innermost exception, or the converter's first error."""
    plain = _COLOURS.sub("", text)
    if _INNER in plain:
        plain = plain.rpartition(_INNER)[2].partition("Full object config:")[0]
    called = _CALL.search(plain)
    if called is not None:
        plain = f"{called[2].strip().rstrip('.')}, in {called[1]}"
    lines = [each.strip() for each in plain.splitlines() if each.strip()]
    told = [_bare(each.partition("error:")[2].strip()) for each in lines if "error:" in each]
    told = [each for each in told if each and not each.startswith(_IGNORED)]
    said = _LINK.sub("", (told or lines or [""])[0].partition("Full object config:")[0]).strip().rstrip(".")
    if len(said) > _LONGEST:
        said = said[:_LONGEST].rstrip() + "…"
    return said if told or not said else f"{kind}: {said}"


def _bare(text: str) -> str:
    """An error without the location that it begins with: `loc(…): what is wrong`."""
    if not text.startswith("loc("):
        return text
    depth = 0
    for place, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == ")" and depth == 0:
            return text[place + 1 :].lstrip(": ")
    return ""
