"""How the members' words compare with what the committee came to; changes when agreement does.

Nothing is decided by it: it tells an operator whose sources, clock or model go astray.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from oracles.domain.incident import SlotMasks, votes
from oracles.domain.quorum import Signer, medians

Verdict = Literal["agrees", "differs", "missing"]


@dataclass(frozen=True)
class Compared:
    """A member's word against the committee's. ``points`` is the most that a score of its vector is
    away from the median; 0 where the word is about slots or missing."""

    verdict: Verdict
    points: int = 0


def of_scores(
    vectors: Mapping[Signer, Sequence[int]], members: Collection[Signer]
) -> dict[Signer, Compared]:
    """Each member's vector of one frame against the medians of all of them; vectors are of one
    length. The sentinel of a missing sensor counts as the number that it is."""
    agreed = medians(list(vectors.values())) if vectors else ()
    found = {}
    for member in members:
        if member not in vectors:
            found[member] = Compared("missing")
            continue
        points = max(abs(a - b) for a, b in zip(vectors[member], agreed, strict=True))
        found[member] = Compared("differs" if points else "agrees", points)
    return found


def of_marks(
    lanes: Mapping[Signer, SlotMasks], members: Collection[Signer], slots: int, quorum: int
) -> list[tuple[Signer, Compared]]:
    """Each member's mark of each of the epoch's ``slots`` (a mask) that any member called lost: by
    a quorum, then who did not is missing; by fewer, then who did differs."""
    marked = votes(lane.lost & slots for lane in lanes.values())
    found = []
    for bit, count in sorted(marked.items()):
        for member in members:
            has = lanes.get(member, SlotMasks()).lost >> bit & 1
            if count >= quorum:
                found.append((member, Compared("agrees" if has else "missing")))
            elif has:
                found.append((member, Compared("differs")))
    return found
