"""What is inside of archives and compressed files, as the standard library opens them; bounded in depth and size."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

DEEPEST = 3
"""Archives in archives in archives."""
MOST = 64 * 1024 * 1024
"""Bytes that are unpacked of one file altogether."""
_MEMBERS = 10_000
_CHUNK = 1024 * 1024
_BROKEN = (
    OSError,
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
)


class TooMuchError(Exception):
    """More is in it than is unpacked."""


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


_PACKED: dict[bytes, Callable[[io.BytesIO], _Stream]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}


@dataclass
class _Room:
    """The bytes and members that may still be unpacked."""

    size: int
    members: int = _MEMBERS


def members(name: str, content: bytes, most: int = MOST) -> Iterator[tuple[str, bytes]]:
    """The files in an archive, those of archives in it too; nothing when ``content`` is none.

    Args:
        name: the file's name, for the names of what is in it: ``a.tar!folder/file``.
        content: its bytes.
        most: bytes that may be unpacked.

    Yields:
        name and bytes. What is encrypted is passed over, of what is damaged comes what can be read.

    Raises:
        TooMuchError: more is in it than ``most`` or :data:`DEEPEST` allow. What was found before was yielded.
    """
    yield from _members(name, content, _Room(most), 0)


def _members(name: str, content: bytes, room: _Room, depth: int) -> Iterator[tuple[str, bytes]]:
    for inner, data in _direct(name, content, room):
        yield f"{name}!{inner}", data
        if depth + 1 < DEEPEST:
            yield from _members(f"{name}!{inner}", data, room, depth + 1)
        elif _is_archive(data):
            raise TooMuchError


def _is_archive(content: bytes) -> bool:
    return content.startswith((*_PACKED, b"PK\x03\x04")) or content[257:262] == b"ustar"


def _direct(name: str, content: bytes, room: _Room) -> Iterator[tuple[str, bytes]]:
    try:
        for magic, opened in _PACKED.items():
            if content.startswith(magic):
                yield name.rpartition("/")[2].rpartition(".")[0] or "content", _read(opened(io.BytesIO(content)), room)
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for entry in archive.infolist():
                    yield from _zipped(archive, entry, room)
        elif content[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
                for one in tar:
                    file = tar.extractfile(one) if one.isfile() else None
                    if file is not None:
                        yield one.name, _read(file, room)
    except _BROKEN:
        return


def _zipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: _Room) -> Iterator[tuple[str, bytes]]:
    """One entry; one that is encrypted or cannot be opened hides none of the others."""
    if entry.is_dir() or entry.flag_bits & 1:
        return
    try:
        with archive.open(entry) as stream:
            data = _read(stream, room)
    except _BROKEN:
        return
    yield entry.filename, data


def _read(stream: _Stream, room: _Room) -> bytes:
    """What ``stream`` holds up to where it is damaged."""
    room.members -= 1
    data = bytearray()
    try:
        while len(data) <= room.size and (chunk := stream.read(_CHUNK)):
            data += chunk
    except _BROKEN:
        pass
    room.size -= len(data)
    if room.size < 0 or room.members < 0:
        raise TooMuchError
    return bytes(data)
