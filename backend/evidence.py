"""Evidence bundles by their hash, from the folders and buckets that the settings name."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from oracles.evidence.bundle import EvidenceError, EvidenceStore
from oracles.evidence.objects import split_locations

LOOK_SECONDS = 2.0
"""How long a list of what is kept counts as new."""
MOST_INDEXED = 50_000
"""Bundles whose frame is remembered; the newest stay."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a member scored in a frame, by risk, and the bundle that says why."""

    bundle: str
    member: str
    scores: dict[int, int]


class Evidence:
    """Bundles by their keccak-256; one that is altered or out of reach is as if it were not there.

    :param places: folders and `s3://` buckets, separated as in `PATH`
    :raises ValueError: the settings of a bucket are incomplete
    """

    def __init__(self, places: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stores = [EvidenceStore(place) for place in split_locations(places)]
        self._seen: set[bytes] = set()
        self._scores: dict[int, dict[str, Scored]] = defaultdict(dict)
        self._clock = clock
        self._looked = -LOOK_SECONDS
        self._lock = Lock()

    def raw(self, name: str) -> bytes | None:
        """A bundle's bytes, None when nobody has them or they are not what the name says."""
        for store in self._stores:
            try:
                return store.raw(bytes.fromhex(name.removeprefix("0x")))
            except EvidenceError:
                continue
        return None

    def bundle(self, name: str) -> dict[str, Any] | None:
        data = self.raw(name)
        if data is None:
            return None
        found: dict[str, Any] = json.loads(data)
        return found

    def scores_of(self, frame: int) -> list[Scored]:
        """What members scored in a frame, in the order of their bundles' hashes."""
        with self._lock:
            if self._clock() >= self._looked + LOOK_SECONDS:
                self._look()
                self._looked = self._clock()
            return [made for _, made in sorted(self._scores.get(frame, {}).items())]

    def _look(self) -> None:
        """Reads the frames of bundles that are new since the last look."""
        for store in self._stores:
            try:
                fresh = [name for name in store.names() if name not in self._seen]
            except EvidenceError:
                continue
            for name in fresh:
                self._take(store, name)
        if len(self._seen) > MOST_INDEXED:
            for frame in sorted(self._scores)[: len(self._scores) // 2]:
                del self._scores[frame]

    def _take(self, store: EvidenceStore, name: bytes) -> None:
        try:
            bundle: Mapping[str, Any] = store.get(name)
        except EvidenceError:
            return
        self._seen.add(name)
        if bundle.get("kind") == "score":
            text = "0x" + name.hex()
            scores = {lane["risk"]: lane["score"] for lane in bundle["lanes"]}
            self._scores[bundle["frame"]][text] = Scored(text, bundle["member"], scores)
