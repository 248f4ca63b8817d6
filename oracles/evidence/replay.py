"""Derives again what a bundle led to and compares it with what was signed; changes when a kind of
bundle is added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oracles.evidence import observation, score
from oracles.evidence.bundle import Bundle, EvidenceError

Rescore = Callable[[Mapping[str, int]], int]


@dataclass(frozen=True)
class Replayed:
    """What a bundle says follows from it, and what does, item by item."""

    kind: str
    stated: Mapping[str, str]
    derived: Mapping[str, str]

    @property
    def agrees(self) -> bool:
        """Whether it is the same, bit for bit."""
        return self.stated == self.derived


def replay(bundle: Bundle, rescore: Callable[[str], Rescore]) -> Replayed:
    """Applies the bundle's rules to its contents.

    :param rescore: model hash (0x-hex) → that model; asked only for scores
    :raises EvidenceError: unknown kind, or malformed
    """
    match bundle.get("kind"):
        case observation.KIND:
            masks = observation.derive(bundle)
            return Replayed(
                observation.KIND,
                {name: str(bundle.get(name)) for name in ("lost_mask", "attack_mask")},
                {"lost_mask": hex(masks.lost), "attack_mask": hex(masks.attack)},
            )
        case score.KIND:
            scores = score.derive(bundle, rescore(str(bundle.get("model_hash"))))
            return Replayed(
                score.KIND,
                {f"risk {lane['risk']}": str(lane.get("score")) for lane in bundle["lanes"]},
                {f"risk {risk}": str(value) for risk, value in scores.items()},
            )
        case kind:
            raise EvidenceError(str(kind), "is of no known kind")
