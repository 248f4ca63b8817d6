"""Rates of requests: a bucket for each key that fills at a fixed rate.

Buckets are kept in each process, so a deployment with n processes grants up to n times the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from threading import Lock

MOST_KEYS = 50_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a request found in its bucket: size, what is left, seconds until one more is granted."""

    granted: bool
    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As ASGI takes them."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset),
        ]


class Limits:
    """`rate` requests a second for each key, `burst` at once."""

    def __init__(self, rate: int, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, key: str, now: float) -> Allowance:
        """Takes one request out of the key's bucket."""
        with self._lock:
            if len(self._buckets) >= MOST_KEYS:
                self._buckets.clear()
            level, at = self._buckets.get(key, (float(self._burst), now))
            level = min(self._burst, level + max(0.0, now - at) * self._rate)
            granted = level >= 1
            level -= granted
            self._buckets[key] = (level, now)
        missing = 0 if level >= 1 else ceil((1 - level) / self._rate)
        return Allowance(granted, self._burst, int(level), missing)
