"""Opens a file whatever it is compressed with; changes when a compression is added.

Compression is recognised by its magic bytes, never by the file's name, and what comes out is
bounded, so that a small file cannot fill the memory.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa

MOST_BYTES: Final = 8 << 30
_PIECE: Final = 1 << 16
CORRUPT: Final = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, OSError)


class TooLarge(Exception):
    """A stream that gives more bytes than its bound."""

    def __init__(self, bound: int) -> None:
        super().__init__(f"expands to more than {bound} bytes")
        self.bound = bound


class Readable(Protocol):
    """What gives bytes: a file, a decompressor, a socket's file."""

    def read(self, size: int, /) -> bytes: ...


class Bounded:
    """The reading end of a decompressed stream that raises TooLarge past ``bound`` bytes."""

    def __init__(self, raw: Readable, bound: int) -> None:
        self._raw = raw
        self._bound = bound
        self._left = bound
        self._failure: Exception | None = None

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end, or before a corrupt place.

        Raises one of CORRUPT once all before the corrupt place has been given, or TooLarge.
        """
        if self._failure:
            raise self._failure
        pieces: list[bytes] = []
        while size > 0:
            try:
                piece = self._raw.read(min(size, _PIECE))
            except CORRUPT as failure:
                if not pieces:
                    raise
                self._failure = failure
                break
            if not piece:
                break
            size -= len(piece)
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge(self._bound)
            pieces.append(piece)
        return b"".join(pieces)

    def line_blocks(self, size: int = 1 << 23) -> Iterator[list[bytes]]:
        """Blocks of whole lines, without their line feeds; the last may lack its line feed.

        A line longer than ``size`` comes in pieces, so memory stays bounded. Raises as ``read``.
        """
        rest = b""
        while piece := self.read(size):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > size:
                lines.append(rest)
                rest = b""
            yield lines
        if rest:
            yield [rest]


@contextmanager
def open_bytes(path: Path, bound: int = MOST_BYTES) -> Iterator[Bounded]:
    """The content of ``path``, decompressed when it is xz, gzip or zstd.

    Raises FileNotFoundError and other OSErrors of opening; reading raises as Bounded.read says.
    """
    with path.open("rb") as raw:
        magic = raw.read(6)
        raw.seek(0)
        if magic == b"\xfd7zXZ\x00":
            with lzma.open(raw) as stream:
                yield Bounded(stream, bound)
        elif magic[:2] == b"\x1f\x8b":
            with gzip.open(raw) as stream:
                yield Bounded(stream, bound)
        elif magic[:4] == b"\x28\xb5\x2f\xfd":
            with pa.CompressedInputStream(raw, "zstd") as stream:
                yield Bounded(stream, bound)
        else:
            yield Bounded(raw, bound)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of the file as it lies on disk."""
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
