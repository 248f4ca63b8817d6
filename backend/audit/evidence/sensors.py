"""Sensors' chains of batches: their links, their gaps, and how much of a cover they show; changes
when the form of those chains does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from oracles.attest.batches import GENESIS, BatchHeader


@dataclass(frozen=True)
class SensorGap:
    """Batches of a sensor that are missing from the evidence."""

    risk: int
    sensor: str
    first: int
    last: int

    def __str__(self) -> str:
        span = f"batches {self.first} to {self.last}"
        return f"sensor {self.sensor} of risk {self.risk}: {span} are missing"


@dataclass
class SensorChains:
    """Headers by risk and sensor; gives what contradicts itself, what is missing, what is shown."""

    _links: dict[tuple[int, str], dict[int, tuple[int, str, str]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    broken: list[tuple[int, str]] = field(default_factory=list)
    """Risk and cause of each contradiction."""

    def add(self, header: BatchHeader, sensor: str) -> None:
        """Takes a header whose signature was checked."""
        links = self._links[header.risk, sensor]
        link = (header.frame, "0x" + header.hash().hex(), header.previous)
        known = links.setdefault(header.sequence, link)
        if known != link:
            self.broken.append(
                (header.risk, f"sensor {sensor} signed two batches of number {header.sequence}")
            )

    def check_links(self) -> None:
        """Notes each batch that names another predecessor than the one before it."""
        for (risk, sensor), links in self._links.items():
            first = min(links)
            if first == 0 and links[0][2] != "0x" + GENESIS.hex():
                self.broken.append((risk, f"sensor {sensor}'s first batch names a predecessor"))
            for before, after in pairwise(sorted(links)):
                if after == before + 1 and links[after][2] != links[before][1]:
                    cause = f"sensor {sensor}'s batch {after} does not follow batch {before}"
                    self.broken.append((risk, cause))

    def gaps(self) -> Iterable[SensorGap]:
        """Numbers that never came, before the newest batch that did."""
        for (risk, sensor), links in sorted(self._links.items()):
            for before, after in pairwise([-1, *sorted(links)]):
                if after > before + 1:
                    yield SensorGap(risk, sensor, before + 1, after - 1)

    def frames(self, risk: int) -> set[int]:
        """Frames of a risk of which a batch is in the evidence."""
        return {
            frame
            for (of, _), links in self._links.items()
            if of == risk
            for frame, _, _ in links.values()
        }

    def coverage(self, risk: int, start: int, end: int, frame_length: int) -> tuple[int, int]:
        """Frames with a batch, and frames, of those that lie wholly in [start, end) seconds."""
        wanted = range(-(-start // frame_length), end // frame_length)
        shown = self.frames(risk)
        return sum(1 for frame in wanted if frame in shown), len(wanted)
