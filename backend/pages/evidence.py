"""Evidence bundles by their hash, from the folders that the settings name."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from contracts.client.signatures import keccak256

MOST_INDEXED = 50_000
"""Bundles whose frame is remembered; the newest stay."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a member scored in a frame, by risk, and the bundle that says why."""

    bundle: str
    member: str
    scores: dict[int, int]


class Evidence:
    """Folders of bundles, each in a file named by its keccak-256; nothing else is served."""

    def __init__(self, folders: str) -> None:
        self._folders = [Path(text) for text in folders.split(os.pathsep) if text]
        self._seen: set[Path] = set()
        self._scores: dict[int, dict[str, Scored]] = defaultdict(dict)
        self._lock = Lock()

    def raw(self, name: str) -> bytes | None:
        """A bundle's bytes, None when no folder has them or they are not what the name says."""
        text = name.removeprefix("0x")
        for folder in self._folders:
            path = folder / text[:2] / f"{text}.json"
            if path.is_file():
                data = path.read_bytes()
                if keccak256(data).hex() == text:
                    return data
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
            self._look()
            return [made for _, made in sorted(self._scores.get(frame, {}).items())]

    def _look(self) -> None:
        """Reads the frames of bundles that are new since the last look."""
        for folder in self._folders:
            for path in folder.glob("*/*.json"):
                if path in self._seen:
                    continue
                self._seen.add(path)
                bundle = json.loads(path.read_bytes())
                if bundle.get("kind") == "score":
                    name = "0x" + path.stem
                    scores = {lane["risk"]: lane["score"] for lane in bundle["lanes"]}
                    made = Scored(name, bundle["member"], scores)
                    self._scores[bundle["frame"]][name] = made
        if len(self._seen) > MOST_INDEXED:
            for frame in sorted(self._scores)[: len(self._scores) // 2]:
                del self._scores[frame]
