"""Where a member's records come from, and when they may be seen; changes when a kind of source is
added.

Records carry chain time. A live file's records do already; those of a recording are re-based, and
become visible only when chain time has passed them.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pandas as pd

from oracles.domain.flow import Quarantine, concat, empty, ends_us
from oracles.domain.incident import MICROS
from oracles.traffic.compressed import open_bytes, sha256_of
from oracles.traffic.meter import MeterSettings, meter
from oracles.traffic.pcap import is_capture, read_packets
from oracles.traffic.probes import Micros, Probe, ProbeRecordError, parse_line
from oracles.traffic.sources import open_source
from oracles.traffic.tail import FollowedLines

Make = Callable[[], pd.DataFrame]

METER_VERSION: Final = 1
"""Rises when the same capture would give other flows, so that cached ones are made again."""


@dataclass(frozen=True)
class Rebase:
    """A recording's clock: its ``recording_start_us`` (µs) is chain second ``chain_base``."""

    recording_start_us: int
    chain_base: int

    @property
    def shift_us(self) -> int:
        """What to add to a recorded time to get chain time."""
        return self.chain_base * MICROS - self.recording_start_us


LIVE: Final = Rebase(0, 0)
"""For sources whose clock is chain time already."""


@dataclass(frozen=True)
class Arrival:
    """How a source stands: seconds since its newest record (None before any), and what was refused
    so far, by reason."""

    silent_s: int | None
    quarantine: Quarantine

    @classmethod
    def of(cls, latest_us: int, now_us: int, quarantine: Quarantine) -> Arrival:
        """The standing of a source whose newest record is of ``latest_us`` (0 = there is none)."""
        silent = max(now_us - latest_us, 0) // MICROS if latest_us else None
        return cls(silent, quarantine)


class ProbeSource(Protocol):
    """A member's own probes."""

    def visible(self, start_us: int, now_us: int) -> Sequence[Probe]:
        """Probes that started at ``start_us`` or later and are over by ``now_us``, by start.

        ``start_us`` never falls from call to call: earlier probes may be forgotten.
        """
        ...

    @property
    def quarantine(self) -> Quarantine:
        """Records that could not be read, by reason."""
        ...

    def arrival(self, now_us: int) -> Arrival:
        """How it stands."""
        ...


class FlowSource(Protocol):
    """Flows as seen from one place."""

    def poll(self) -> None:
        """Takes in what has come; to be called more often than anything is asked."""
        ...

    def arrival(self, now_us: int) -> Arrival:
        """How it stands."""
        ...

    def visible(self, start_us: int, now_us: int) -> pd.DataFrame:
        """Flows whose last packet was in [start_us, now_us)."""
        ...


class ProbeFile:
    """A file of probe records that may grow and be rotated while it is read, recorded or live.

    Raises FileNotFoundError when a recording is missing; a live file may appear later.
    """

    def __init__(self, path: Path, rebase: Rebase = LIVE) -> None:
        self._lines = FollowedLines(path)
        self._shift = rebase.shift_us
        self._live = rebase == LIVE
        self._probes: list[Probe] = []
        self._latest_us = 0
        self.quarantine = Quarantine()
        if not self._live:
            with open_bytes(path) as stream:
                self._take(chain.from_iterable(stream.line_blocks()))

    def visible(self, start_us: int, now_us: int) -> Sequence[Probe]:
        """See ProbeSource."""
        if self._live:
            self._read_on()
        first = bisect.bisect_left(self._probes, start_us, key=_started)
        if self._live:
            del self._probes[:first]
            first = 0
        return [p for p in self._probes[first:] if p.ts + (p.latency_us or 0) < now_us]

    def arrival(self, now_us: int) -> Arrival:
        """See ProbeSource."""
        return Arrival.of(self._latest_us, now_us, self.quarantine)

    def _read_on(self) -> None:
        for whole, refused, _ in self._lines.poll():
            self.quarantine = self.quarantine.merge(refused)
            self._take(whole.splitlines())

    def _take(self, lines: Iterable[bytes]) -> None:
        taken = len(self._probes)
        for line in lines:
            try:
                probe = parse_line(line)
            except ProbeRecordError as error:
                self.quarantine = self.quarantine.plus(error.reason)
                continue
            self._probes.append(replace(probe, ts=Micros(probe.ts + self._shift)))
            self._latest_us = max(self._latest_us, probe.ts + self._shift)
        if len(self._probes) > taken:
            self._probes.sort(key=_started)


def _started(probe: Probe) -> int:
    return probe.ts


class FlowTable:
    """Flows of a finished recording, revealed as chain time passes their ends."""

    def __init__(self, flows: pd.DataFrame, rebase: Rebase) -> None:
        shifted = flows.assign(ts=flows["ts"] + rebase.shift_us)
        ends = ends_us(shifted)
        order = np.argsort(ends, kind="stable")
        self._flows = shifted.iloc[order].reset_index(drop=True)
        self._ends = ends[order]

    def poll(self) -> None:
        """See FlowSource."""

    def arrival(self, now_us: int) -> Arrival:
        """See FlowSource; a recording is never silent."""
        return Arrival(0, Quarantine())

    def visible(self, start_us: int, now_us: int) -> pd.DataFrame:
        """See FlowSource."""
        first, last = np.searchsorted(self._ends, [start_us, now_us], side="left")
        return self._flows.iloc[first:last].reset_index(drop=True)


@dataclass(frozen=True)
class FlowCache:
    """Flow tables by the content of the capture they were made of, so that a restart is quick."""

    folder: Path

    def connections(self, capture: Path) -> pd.DataFrame:
        """The flows of a file of any supported kind; of a capture, one for each connection, as a
        connection log has them. Raises as ``open_source``."""
        return self._cached(capture, "connections", lambda: open_source(capture).flows)

    def exported(self, capture: Path, every_s: int, rebase: Rebase) -> pd.DataFrame:
        """Flows as an exporter with an active timeout sends them: none crosses a multiple of
        ``every_s`` seconds of chain time, so a long flood is seen while it lasts.

        A file of flows is taken as it is. Raises as ``open_source``.
        """
        if not _is_capture(capture):
            return self.connections(capture)
        phase = rebase.shift_us % (every_s * MICROS)
        name = f"exported-{every_s}-{phase}"
        return self._cached(capture, name, lambda: concat(_exported(capture, every_s, phase)))

    def _cached(self, capture: Path, name: str, make: Make) -> pd.DataFrame:
        path = self.folder / f"{sha256_of(capture)}-{METER_VERSION}-{name}.parquet"
        if path.exists():
            return pd.read_parquet(path)
        flows = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        flows.to_parquet(draft, index=False)
        draft.replace(path)
        return flows


def _is_capture(path: Path) -> bool:
    with open_bytes(path) as stream:
        return is_capture(stream.read(24))


def _exported(capture: Path, every_s: int, phase_us: int) -> Iterator[pd.DataFrame]:
    packets, _ = read_packets(capture)
    digest = sha256_of(capture)
    if len(packets) == 0:
        yield empty()
        return
    period = (packets.ts + phase_us) // (every_s * MICROS)
    for number in np.unique(period):
        yield meter(packets.take(period == number), MeterSettings(), digest)
