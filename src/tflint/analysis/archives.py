"""The zip archive that a model file is, or that follows it: what its members are. Nothing is unpacked to a path."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from struct import Struct, error
from typing import IO, NamedTuple

__all__ = ["Contents", "Member", "archive"]

_END = Struct("<4s4xHHII")
"""The end of an archive, after the signature: members on this disk and in all, size and place of their list."""
_LOCAL = Struct("<4s22xHH")
_FARTHEST = 65_535 + 22
_MOST_MEMBERS = 10_000
_LARGEST_LIST = 8 << 20
_EXPANSION = 1000
"""No member is so many times larger than what is stored of it, beyond the first mebibyte: deflate reaches 1032."""
_BEFORE = 1 << 20
_RUNS = re.compile(
    r".*\.(pkl|pickle|dill|joblib|py|pyc|pyd|so|dll|dylib|exe|com|scr|bat|cmd|ps1|vbs|js|jar|sh|bash|elf|app|msi|lnk)",
    re.IGNORECASE | re.DOTALL,
)
_HEADS: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "a program"), (b"\xcf\xfa\xed\xfe", "a program"), (b"#!", "a script"),
    (b"\xca\xfe\xba\xbe", "a program"), (b"\x80\x02", "a pickle"), (b"\x80\x03", "a pickle"), (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
)  # fmt: skip
"""How files begin that something runs. Source: the `magic` database of file(1)."""


class Member(NamedTuple):
    """A member of an archive. `faults` say what is wrong with it, to follow its name; `runs` what it is."""

    name: str
    size: int
    faults: tuple[str, ...]
    runs: str


class Contents(NamedTuple):
    """The members of an archive, the bytes between them that belong to none, and why it cannot be read."""

    members: tuple[Member, ...]
    between: int = 0
    refused: str = ""


def archive(path: str) -> Contents | None:
    """What is in the archive that ends a file; None where none does, or the file is not there."""
    try:
        if not Path(path).is_file():
            return None
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _FARTHEST))
            end = file.read(_FARTHEST)
            place = end.rfind(b"PK\5\6")
            if place < 0 or len(end) - place < 22:
                return None
            _, _, members, length, _ = _END.unpack_from(end, place)
            if members > _MOST_MEMBERS or length > _LARGEST_LIST:
                return Contents((), refused=f"it says that it has {members:,} members, listed in {length:,} bytes")
            return _read(file)
    except OSError:
        return None


def _read(file: IO[bytes]) -> Contents:
    try:
        with zipfile.ZipFile(file) as opened:
            infos = opened.infolist()
            if len(infos) > _MOST_MEMBERS:
                return Contents((), refused=f"it has {len(infos):,} members")
            members = tuple(_member(opened, info) for info in infos if not info.is_dir())
            return Contents(members, _between(file, infos))
    except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError, error, NotImplementedError) as reason:
        return Contents((), refused=str(reason)[:200] or type(reason).__name__)


def _member(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name = info.orig_filename.encode("utf-8", "replace").decode()
    faults = []
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or name[1:2] == ":" or ".." in parts:
        faults.append("leads out of the folder that it is unpacked in")
    if stat.S_ISLNK(info.external_attr >> 16):
        faults.append("is a symbolic link")
    if info.flag_bits & 1:
        faults.append("is encrypted")
    if info.file_size > max(_BEFORE, _EXPANSION * info.compress_size):
        faults.append(f"would be unpacked from {info.compress_size:,} bytes to {info.file_size:,}")
    head = _head(opened, info)
    runs = next((what for start, what in _HEADS if head.startswith(start)), "")
    if head.startswith(b"MZ") and b"\0" in head:
        runs = "a program"
    if not runs and _RUNS.fullmatch(name):
        runs = f"a {name.rpartition('.')[2].lower()} file"
    return Member(name, info.file_size, tuple(faults), runs)


def _head(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The first bytes of a member; none where it cannot be read."""
    if info.flag_bits & 1:
        return b""
    try:
        with opened.open(info) as member:
            return member.read(8)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError, error):
        return b""


def _between(file: IO[bytes], infos: list[zipfile.ZipInfo]) -> int:
    """The bytes between the first member and the last that belong to none."""
    spans = []
    for info in infos:
        file.seek(info.header_offset)
        head = file.read(_LOCAL.size)
        _, name, extra = _LOCAL.unpack(head.ljust(_LOCAL.size, b"\0"))
        described = 24 if info.flag_bits & 8 else 0
        spans.append(
            (info.header_offset, info.header_offset + _LOCAL.size + name + extra + info.compress_size + described)
        )
    spans.sort()
    return sum(max(0, start - end) for (_, end), (start, _) in pairwise(spans))
