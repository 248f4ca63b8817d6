"""Where named bytes are kept: a folder, or a bucket behind the S3 protocol; changes when a place
to keep evidence is added.

Names are relative paths with slashes. What is kept under a name never changes, so keeping the same
twice is harmless.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from oracles.evidence.s3 import Bucket

S3 = "s3://"


class Objects(Protocol):
    """A place for named bytes.

    Each call raises OSError when the place cannot be reached.
    """

    def read(self, name: str) -> bytes | None:
        """The bytes of a name, None when there are none."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Keeps bytes under a name, whole or not at all; a name that is taken stays as it is."""
        ...

    def names(self, prefix: str = "") -> Iterator[str]:
        """Names that begin with a prefix, in no order."""
        ...


class Folder:
    """A folder of files; one that does not exist is empty."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        path = self._path / name
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(data)
        draft.replace(path)

    def names(self, prefix: str = "") -> Iterator[str]:
        for path in (self._path / prefix).glob("**/*.json"):
            yield path.relative_to(self._path).as_posix()


def objects_at(location: str | Path) -> Objects:
    """The place at a folder's path or at `s3://bucket/prefix`; see docs/audit.md for the
    environment that a bucket needs.

    :raises ValueError: the bucket's settings are incomplete
    """
    text = str(location)
    if not text.startswith(S3):
        return Folder(Path(text))
    return Bucket.from_environment(text.removeprefix(S3), os.environ)


def split_locations(text: str) -> list[str]:
    """Locations of a list that is separated as in `PATH`; a bucket's colon separates nothing."""
    return [part for part in re.split(rf"{re.escape(os.pathsep)}(?!//)", text) if part]
