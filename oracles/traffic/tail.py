"""Follows a log that grows and is rotated; changes when the way of following does.

Only whole lines are taken. A rotated log (its name now belongs to another file) is read to its end
before the new one is begun; one that shrank was truncated and is begun again. Each poll gives the
records that came since the last one, hashed as they lay in the file, and how late they are: what
counts for a frame is when its records *arrive*.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import pandas as pd

from oracles.domain.flow import FlowBatch, Quarantine, concat, ends_us
from oracles.traffic.errors import MalformedLog

MOST_AT_ONCE: Final = 1 << 26  # bytes of one poll; the rest waits for the next
LONGEST_LINE: Final = 1 << 20


class Decoder(Protocol):
    """Decodes blocks of lines, as ``zeek.ConnLogDecoder`` and ``eve.EveDecoder`` do."""

    @property
    def kind(self) -> str: ...

    def flows(self, lines: Sequence[bytes]) -> tuple[pd.DataFrame, Quarantine]: ...


@dataclass(frozen=True)
class Arrived:
    """What one poll gave. ``latest_us`` is the end of the newest record so far (0 before any), and
    ``silent_us`` how long before the poll that was: a source that falls silent is itself news."""

    batch: FlowBatch
    latest_us: int
    silent_us: int


class FollowedLines:
    """The lines of a file that grows, is rotated or truncated."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""

    def close(self) -> None:
        """Lets go of the file."""
        if self._file:
            self._file.close()
            self._file = None

    def poll(self) -> Iterator[tuple[bytes, Quarantine, bool]]:
        """Whole lines that were completed since the last poll, without the last one's line feed;
        what was refused; and whether another file follows. One step a file.

        A line that never ends is counted as ``endless_line``.
        """
        while True:
            rotated = self._rotated()
            lines, refused = self._lines()
            yield lines, refused, rotated
            if not rotated:
                return
            self._reopen()

    def _rotated(self) -> bool:
        """Whether the name belongs to another file than the open one; opens the first one."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        if self._file is None:
            self._reopen()
            return False
        here = os.fstat(self._file.fileno())
        if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
            if there.st_size < self._file.tell():
                self._file.seek(0)
                self._rest = b""
            return False
        return True

    def _reopen(self) -> None:
        self.close()
        self._rest = b""
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            self._file = None

    def _lines(self) -> tuple[bytes, Quarantine]:
        if self._file is None:
            return b"", Quarantine()
        data = self._rest + self._file.read(MOST_AT_ONCE)
        whole, _, self._rest = data.rpartition(b"\n")
        if len(self._rest) > LONGEST_LINE:
            self._rest = b""
            return whole, Quarantine().plus("endless_line")
        return whole, Quarantine()


class LogTail:
    """One followed log. ``decoder`` makes the decoder of each new file from its name and a hash."""

    def __init__(self, path: Path, decoder: Callable[[Path, str], Decoder]) -> None:
        self._path = path
        self._make = decoder
        self._lines = FollowedLines(path)
        self._decoder: Decoder = decoder(path, "")
        self._latest_us = 0

    def close(self) -> None:
        """Lets go of the file."""
        self._lines.close()

    def poll(self, now_us: int) -> Arrived:
        """The records that were completed since the last poll.

        A log that does not exist yet gives none. A block that is not of the log's format is counted
        as ``unreadable_block``, besides what FollowedLines and the decoder refuse.
        """
        digest = hashlib.sha256()
        tables: list[pd.DataFrame] = []
        quarantine = Quarantine()
        for whole, refused, another_follows in self._lines.poll():
            quarantine = quarantine.merge(refused)
            if whole:
                digest.update(whole + b"\n")
                try:
                    flows, refused = self._decoder.flows(whole.split(b"\n"))
                    tables.append(flows)
                except MalformedLog:
                    refused = Quarantine().plus("unreadable_block")
                quarantine = quarantine.merge(refused)
            if another_follows:
                self._decoder = self._make(self._path, "")
        flows = concat(tables).assign(raw_sha256=digest.hexdigest())
        flows["raw_sha256"] = flows["raw_sha256"].astype("category")
        if len(flows):
            self._latest_us = max(self._latest_us, int(ends_us(flows).max()))
        silent = now_us - self._latest_us if self._latest_us else 0
        batch = FlowBatch(flows, quarantine, digest.hexdigest(), self._decoder.kind)
        return Arrived(batch, self._latest_us, max(silent, 0))
