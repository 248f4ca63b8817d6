"""The bundle behind a score vector: what it holds and what follows from it; changes when the form
of that evidence does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from oracles.domain.quorum import NO_SENSOR
from oracles.evidence.bundle import Bundle, EvidenceError

KIND: Final = "score"


def build(
    *,
    chain_id: int,
    feed: str,
    committee_version: int,
    member: str,
    frame: int,
    frame_length: int,
    model_hash: bytes,
    first_risk: int,
    lanes: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The bundle for one vector; a lane holds risk, score, integer features and the hashes of the
    sensor batches. Risks without a lane have NO_SENSOR."""
    return {
        "kind": KIND,
        "format": 1,
        "chain_id": chain_id,
        "feed": feed,
        "committee_version": committee_version,
        "member": member,
        "frame": frame,
        "frame_length": frame_length,
        "model_hash": "0x" + model_hash.hex(),
        "first_risk": first_risk,
        "lanes": list(lanes),
    }


def derive(bundle: Bundle, rescore: Callable[[Mapping[str, int]], int]) -> dict[int, int]:
    """Risk → score as the model gives it from the bundle's features.

    Raises EvidenceError when the bundle is not of this kind.
    """
    try:
        return {
            lane["risk"]: rescore(lane["features"]) if lane["features"] else NO_SENSOR
            for lane in bundle["lanes"]
        }
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(KIND, f"is malformed: {error!r}") from error
