"""Zip archives from elsewhere: read within limits, and never written to disk."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from reconciler.github import CodeHostError

MEMBERS: Final = 1_000
BYTES: Final = 200_000_000
_AGAIN: Final = "run the workflow that made it again"
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, IndexError, OSError,
)  # fmt: skip


def unpacked(content: bytes, limit: int = BYTES) -> Mapping[str, bytes]:
    """The files in a zip archive by name; CodeHostError where it is damaged, or holds more than it should."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _files_in(archive, limit)
    except _DAMAGED as error:
        raise CodeHostError(f"The artifact is not an archive that can be read: {error}.", _AGAIN) from error


def _files_in(archive: zipfile.ZipFile, limit: int) -> dict[str, bytes]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MEMBERS:
        raise CodeHostError(f"The artifact holds more than {MEMBERS:,} files.", _AGAIN)
    files: dict[str, bytes] = {}
    for member in members:
        if member.filename in files:
            raise CodeHostError(f"The artifact holds {member.filename!r} twice.", _AGAIN)
        files[member.filename] = _content_of(archive, member, limit)
        limit -= len(files[member.filename])
    return files


def _content_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """As much as there is, whatever its header says of it."""
    with archive.open(member) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise CodeHostError("The artifact unpacks to more than any plan is.", _AGAIN)
    return content
