"""Flows of a recorder that is running; changes when the rules of arrival do.

What counts for a frame is when its records *arrive*: a connection log has a connection when it
ends, an exporter has it some seconds later. A frame is complete when the recorder has given a
record of a later one, or an allowance after its end; what comes afterwards joins the next frame and
is counted as late. A recorder that says nothing for long is silent, which is not the same as
nothing happening.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.attest.sources import Arrival, FlowTable
from oracles.domain.flow import FlowBatch, Quarantine, concat, empty, ends_us
from oracles.domain.incident import MICROS
from oracles.traffic.eve import EveDecoder
from oracles.traffic.netflow_listener import NetflowListener
from oracles.traffic.tail import Decoder, LogTail
from oracles.traffic.zeek import ConnLogDecoder

LogKind = Literal["zeek", "eve"]
DECODERS: Final[Mapping[LogKind, Callable[[Path, str], Decoder]]] = {
    "zeek": ConnLogDecoder,
    "eve": EveDecoder,
}

MOST_MESSAGES: Final = 100_000
"""Export messages held before they are taken."""

MOST_PENDING: Final = 2_000_000
"""Flows that wait for their frame; more are dropped, oldest first, and counted as ``overflow``."""


class Feed(Protocol):
    """A running recorder."""

    def listen(self) -> None:
        """Takes in what would be lost if it were not read in time, without waiting."""
        ...

    def take(self) -> list[FlowBatch]:
        """What has come since it was last taken. Raises OSError."""
        ...

    def close(self) -> None:
        """Lets go of it."""
        ...


class FollowedLog:
    """A connection log that grows and is rotated."""

    def __init__(self, path: Path, kind: LogKind) -> None:
        self._tail = LogTail(path, DECODERS[kind])

    def listen(self) -> None:
        """See Feed; a file keeps what it has."""

    def take(self) -> list[FlowBatch]:
        """See Feed."""
        return [self._tail.poll(0).batch]

    def close(self) -> None:
        """See Feed."""
        self._tail.close()


class Exporters:
    """NetFlow and IPFIX over UDP from known exporters. Both directions of a flow are paired within
    what is taken at once. Raises as NetflowListener."""

    def __init__(self, host: str, port: int, exporters: Collection[str]) -> None:
        self._listener = NetflowListener(host, port, exporters)
        self._held = 0
        self.port = self._listener.port

    def listen(self) -> None:
        """See Feed; past MOST_MESSAGES the kernel drops what nobody takes."""
        if self._held < MOST_MESSAGES:
            self._held += self._listener.receive(0)

    def take(self) -> list[FlowBatch]:
        """See Feed."""
        self.listen()
        self._held = 0
        return self._listener.take()

    def close(self) -> None:
        """See Feed."""
        self._listener.close()


class LiveFlows:
    """The flows of a feed. ``allowance_s`` after a frame's end it is complete in any case;
    ``silent_s`` after its newest record a feed counts as silent; ``most`` flows wait. Times are µs
    of chain time."""

    def __init__(
        self, feed: Feed, allowance_s: int, silent_s: int, most: int = MOST_PENDING
    ) -> None:
        self._feed = feed
        self._allowance_us = allowance_s * MICROS
        self._silent_us = silent_s * MICROS
        self._most = most
        self._pending = empty()
        self._latest_us = 0
        self._quarantine = Quarantine()

    def poll(self) -> None:
        """See FlowSource."""
        self._feed.listen()

    def _take_in(self) -> None:
        try:
            batches = self._feed.take()
        except OSError:
            self._quarantine = self._quarantine.plus("unreadable_source")
            return
        for batch in batches:
            self._quarantine = self._quarantine.merge(batch.quarantine)
        new = [batch.flows for batch in batches if len(batch.flows)]
        if not new:
            return
        self._latest_us = max(self._latest_us, *(int(ends_us(flows).max()) for flows in new))
        pending = concat([self._pending, *new])
        self._quarantine = self._quarantine.plus("overflow", max(len(pending) - self._most, 0))
        self._pending = pending.iloc[-self._most :].reset_index(drop=True)

    def _drop(self, keep: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """Takes the flows that are not to be kept out of the waiting ones."""
        taken = self._pending[~keep].reset_index(drop=True)
        self._pending = self._pending[keep].reset_index(drop=True)
        return taken

    def visible(self, start_us: int, now_us: int) -> pd.DataFrame:
        """See FlowSource; ``start_us`` never falls from call to call."""
        self._take_in()
        self._drop(ends_us(self._pending) >= start_us)
        return self._pending[ends_us(self._pending) < now_us].reset_index(drop=True)

    def begin(self, start_us: int) -> None:
        """See FrameSource."""
        self._take_in()
        self._drop(ends_us(self._pending) >= start_us)

    def complete(self, end_us: int, now_us: int) -> bool:
        """See FrameSource."""
        self._take_in()
        if self.is_silent(now_us):
            return False
        return self._latest_us >= end_us or now_us >= end_us + self._allowance_us

    def is_silent(self, now_us: int) -> bool:
        """Whether nothing has come for so long that nothing happening is no longer believed."""
        return not self._latest_us or now_us - self._latest_us > self._silent_us

    def take(self, start_us: int, end_us: int) -> tuple[pd.DataFrame, int]:
        """See FrameSource."""
        taken = self._drop(ends_us(self._pending) >= end_us)
        return taken, int((ends_us(taken) < start_us).sum())

    def arrival(self, now_us: int) -> Arrival:
        """See FlowSource."""
        return Arrival.of(self._latest_us, now_us, self._quarantine)

    def close(self) -> None:
        """Lets go of the feed."""
        self._feed.close()


class FrameSource(Protocol):
    """Flows by the frame in which they arrived."""

    def poll(self) -> None:
        """See FlowSource."""
        ...

    def arrival(self, now_us: int) -> Arrival:
        """See FlowSource."""
        ...

    def begin(self, start_us: int) -> None:
        """What ended before ``start_us`` belongs to nobody's frame any more."""
        ...

    def complete(self, end_us: int, now_us: int) -> bool:
        """Whether what is to come will no longer belong to the frame that ended at ``end_us``."""
        ...

    def take(self, start_us: int, end_us: int) -> tuple[pd.DataFrame, int]:
        """The flows of a frame, those that came too late for an earlier one among them, and how
        many these are. Each flow is given once."""
        ...


@dataclass(frozen=True)
class RecordedFrames:
    """A finished recording: every frame is complete and nothing is late."""

    flows: FlowTable

    def poll(self) -> None:
        """See FrameSource."""

    def arrival(self, now_us: int) -> Arrival:
        """See FrameSource."""
        return self.flows.arrival(now_us)

    def begin(self, start_us: int) -> None:
        """See FrameSource."""

    def complete(self, end_us: int, now_us: int) -> bool:
        """See FrameSource."""
        return True

    def take(self, start_us: int, end_us: int) -> tuple[pd.DataFrame, int]:
        """See FrameSource."""
        return self.flows.visible(start_us, end_us), 0
