"""What a member tells about itself: its health page and its metrics; changes when an operator wants
to see more."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


@dataclass
class Health:
    """Counters and the newest sentences, written by any thread."""

    name: str
    signer: str
    behaviour: str
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _state: dict[str, Any] = field(default_factory=dict)
    _peers: dict[str, bool] = field(default_factory=dict)
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
        self._block = Gauge("flowcover_member_block", "Newest block read", registry=self.registry)

    def count(self, kind: str, signer: str, outcome: str) -> None:
        """A message or batch came; ``signer`` is empty where nobody is known to have signed."""
        self._messages.labels(kind, signer if outcome != "not_a_member" else "", outcome).inc()

    def posted(self, peer: str, taken: bool) -> None:
        """A peer was given messages, or could not be reached."""
        self._posts.labels(peer, str(taken).lower()).inc()
        with self._lock:
            self._peers[peer] = taken

    def cycled(self, block: int, now: int, sentences: list[str]) -> None:
        """A cycle ended."""
        self._cycles.inc()
        self._block.set(block)
        with self._lock:
            self._state = {"block": block, "chain_time": now, "last": sentences}

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
                **self._state,
            }

    def metrics(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
