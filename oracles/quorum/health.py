"""What a member tells about itself: its health page and its metrics; changes when an operator wants
to see more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from oracles.attest.sources import Arrival
from oracles.domain.agreement import Compared


@dataclass
class Health:
    """Counters and the newest sentences, written by any thread."""

    name: str
    signer: str
    behaviour: str
    undelivered: Callable[[], Mapping[str, int]] = dict
    """how many own messages each peer has not taken yet"""
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _state: dict[str, Any] = field(default_factory=dict)
    _peers: dict[str, bool] = field(default_factory=dict)
    _heard: int = 0
    _sources: dict[str, dict[str, int | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"flowcover_member_{name}", text, labels, registry=self.registry)

        self._messages = counter(
            "messages", "Messages of others, by outcome", "kind", "signer", "outcome"
        )
        self._posts = counter("posts", "Tries to give messages to a peer", "peer", "taken")
        self._cycles = counter("cycles", "Cycles run")
        self._errors = counter("errors", "Cycles that ended with an error", "error")
        self._words = counter(
            "words",
            "Members' words against the committee's: agrees, differs, missing",
            "kind",
            "signer",
            "verdict",
        )
        self._points = Gauge(
            "flowcover_member_points_off",
            "Points between a member's newest judged scores and the medians, at most",
            ["signer"],
            registry=self.registry,
        )
        self._late = Histogram(
            "flowcover_member_late_seconds",
            "Chain time from the end of a frame or slot until a word about it came",
            ["kind", "signer"],
            buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300),
            registry=self.registry,
        )
        self._silent = Gauge(
            "flowcover_member_source_silent_seconds",
            "Chain time since a source's newest record",
            ["source"],
            registry=self.registry,
        )
        self._refused = Gauge(
            "flowcover_member_source_refused_records",
            "Records of a source that were refused since the start, by reason",
            ["source", "reason"],
            registry=self.registry,
        )
        self._block = Gauge("flowcover_member_block", "Newest block read", registry=self.registry)

    def count(self, kind: str, signer: str, outcome: str) -> None:
        """A message or batch came; ``signer`` is empty where nobody is known to have signed."""
        with self._lock:
            self._heard += outcome == "accepted"
        self._messages.labels(kind, signer if outcome != "not_a_member" else "", outcome).inc()

    def compared(self, kind: str, signer: str, found: Compared) -> None:
        """A member's word of a closed frame or slot was compared with the committee's."""
        self._words.labels(kind, signer, found.verdict).inc()
        if kind == "scores" and found.verdict != "missing":
            self._points.labels(signer).set(found.points)

    def late(self, kind: str, signer: str, seconds: int) -> None:
        """A word was taken in so many seconds after what it is about."""
        self._late.labels(kind, signer).observe(max(seconds, 0))

    def arrived(self, arrivals: Mapping[str, Arrival]) -> None:
        """How the member's own sources stand."""
        for source, arrival in arrivals.items():
            if arrival.silent_s is not None:
                self._silent.labels(source).set(arrival.silent_s)
            for reason, count in arrival.quarantine.counts.items():
                self._refused.labels(source, reason).set(count)
        with self._lock:
            self._sources = {
                source: {"silent_s": arrival.silent_s, "refused": arrival.quarantine.total}
                for source, arrival in arrivals.items()
            }

    def posted(self, peer: str, taken: bool) -> None:
        """A peer was given messages, or could not be reached."""
        self._posts.labels(peer, str(taken).lower()).inc()
        with self._lock:
            self._peers[peer] = taken

    def heard(self) -> int:
        """How many messages and batches have been taken in."""
        with self._lock:
            return self._heard

    def cycled(self, block: int, now: int, heard: int, sentences: list[str]) -> None:
        """A cycle ended that knew the first ``heard`` messages and batches."""
        self._cycles.inc()
        self._block.set(block)
        with self._lock:
            self._state = {
                "block": block,
                "chain_time": now,
                "acted_on": heard,
                "last": sentences,
            }

    def failed(self, error: Exception) -> None:
        """A cycle ended with an error."""
        self._errors.labels(type(error).__name__).inc()
        with self._lock:
            self._state["error"] = f"{type(error).__name__}: {error}"

    def page(self) -> dict[str, Any]:
        """The health page."""
        with self._lock:
            return {
                "name": self.name,
                "signer": self.signer,
                "behaviour": self.behaviour,
                "peers": dict(self._peers),
                "undelivered": dict(self.undelivered()),
                "heard": self._heard,
                "sources": self._sources,
                **self._state,
            }

    def metrics(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
