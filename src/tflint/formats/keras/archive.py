"""The zip archive that a `.keras` file is, opened without believing it.

Nothing is ever unpacked to a path: members are read into memory or a temporary file, within bounds.
"""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from struct import Struct
from struct import error as struct_error
from typing import IO, Self

from tflint.formats.keras.problems import Problems
from tflint.model import ProblemKind

__all__ = ["Archive", "Broken"]

_EXPANSION = 1000
"""No member is so many times larger than what is stored of it, beyond the first mebibyte: deflate reaches 1032."""
_STEP = 1 << 20
_LOCAL = Struct("<4s2xH18xHH")
"""The head of a member: signature, flags, length of the name, length of the extra fields."""
_END = 22
"""The shortest end of an archive."""


class Broken(Exception):  # noqa: N818 - it says what is wrong with a file, and is no error of ours
    """A member that cannot be read; the message says why, to follow `because`."""


class Archive:
    """An archive in `view`, the bytes of a file."""

    def __init__(self, file: IO[bytes], view: memoryview, problems: Problems) -> None:
        self.view = view
        self.problems = problems
        try:
            self._zip = zipfile.ZipFile(file)
            self._members = {info.filename: info for info in self._zip.infolist()}
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, struct_error) as reason:
            raise Broken(str(reason)) from None
        self._check_names()
        self._check_ends()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def _check_names(self) -> None:
        """Say so where unpacking the archive would write to other places, or members hide each other."""
        infos = self._zip.infolist()
        for name, count in Counter(info.filename for info in infos).items():
            if count > 1:
                self._unsafe(
                    f"The archive has {count} members of the name '{_cut(name)}'; programs differ in which they read."
                )
            if name.startswith(("/", "\\")) or name[1:2] == ":" or ".." in name.replace("\\", "/").split("/"):
                self._unsafe(
                    f"The archive has a member '{_cut(name)}', which leads out of the folder that it is unpacked in."
                )
        for info in infos:
            if stat.S_ISLNK(info.external_attr >> 16):
                self._unsafe(
                    f"The archive's member '{_cut(info.filename)}' is a symbolic link, which Keras never writes."
                )

    def _unsafe(self, message: str) -> None:
        self.problems.add(ProblemKind.BAD_REFERENCE, message, hint="Do not unpack it, and ask where it comes from.")

    def _check_ends(self) -> None:
        """Say so where there are other bytes before or after the archive."""
        infos = self._zip.infolist()
        before = min((info.header_offset for info in infos), default=0)
        end = bytes(self.view[-(1 << 16) - _END :]).rfind(b"PK\5\6")
        end += max(0, len(self.view) - (1 << 16) - _END)
        after = len(self.view) - end - _END - len(self._zip.comment)
        for count, where in ((before, "before"), (after, "after")):
            if count > 0:
                message = f"The file has {count:,} bytes {where} the archive, which Keras does not write."
                self.problems.add(
                    ProblemKind.TRAILING_BYTES, message, hint="Look what they are, or save the model again."
                )

    def _info(self, name: str, limit: int) -> zipfile.ZipInfo:
        info = self._members.get(name)
        if info is None:
            raise Broken("it is not in the archive")
        if info.flag_bits & 1:
            raise Broken("it is encrypted")
        if info.file_size > limit:
            raise Broken(f"it has {info.file_size:,} bytes, and tflint reads at most {limit:,}")
        if info.file_size > max(_STEP, _EXPANSION * info.compress_size):
            raise Broken(
                f"it would be unpacked from {info.compress_size:,} bytes to {info.file_size:,}, as no real file is"
            )
        return info

    def read(self, name: str, limit: int) -> bytes:
        """The content of a member.

        Raises:
            Broken: it cannot be read, or has more than `limit` bytes.
        """
        file = BytesIO()
        self._copy(self._info(name, limit), file)
        return file.getvalue()

    def unpack(self, names: Sequence[str], limit: int) -> tuple[IO[bytes], list[tuple[int, int]]]:
        """A temporary file with the contents of members, and the place and length of each in it.

        Raises:
            Broken: one cannot be read, or they have more than `limit` bytes.
        """
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        places = []
        try:
            for name in names:
                start = file.tell()
                self._copy(self._info(name, limit - start), file)
                places.append((start, file.tell() - start))
            file.flush()
        except Broken:
            file.close()
            raise
        return file, places

    def _copy(self, info: zipfile.ZipInfo, out: IO[bytes]) -> None:
        left = info.file_size
        try:
            with self._zip.open(info) as member:
                while part := member.read(_STEP):
                    left -= len(part)
                    if left < 0:
                        raise Broken(f"it unpacks to more than the {info.file_size:,} bytes that the archive says")
                    out.write(part)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError, struct_error) as reason:
            raise Broken(str(reason) or type(reason).__name__) from None
        if left:
            raise Broken(f"{left:,} of its {info.file_size:,} bytes are missing")

    def place(self, name: str) -> tuple[int, int] | None:
        """Where the content of a member lies in the file, and its length; None where it is compressed or encrypted."""
        info = self._members[name]
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            return None
        with suppress(struct_error):
            magic, _, name_length, extra = _LOCAL.unpack_from(self.view, info.header_offset)
            start = info.header_offset + _LOCAL.size + name_length + extra
            if magic == b"PK\3\4" and info.file_size == info.compress_size and start + info.file_size <= len(self.view):
                return start, info.file_size
        return None


def _cut(name: str) -> str:
    shown = name.encode("utf-8", "replace").decode()
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
