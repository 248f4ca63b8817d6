"""Names of claims, from which cover and run can be read back (contracts/libraries/ClaimIds.sol)."""

from __future__ import annotations

from dataclasses import dataclass

IS_BORDEREAU = 1 << 128
LOW_64 = 2**64 - 1


@dataclass(frozen=True, slots=True)
class ClaimCover:
    """The policy or bordereau of a claim, and the first slot of the run."""

    is_bordereau: bool
    number: int
    run_start: int


def cover_of_claim(claim: str) -> ClaimCover:
    """What a claim's id, 0x-hex, says."""
    number = int(claim, 16)
    return ClaimCover(bool(number & IS_BORDEREAU), number >> 64 & LOW_64, number & LOW_64)
