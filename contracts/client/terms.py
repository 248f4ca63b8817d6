"""Terms of a product as a value; they never change once registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Any

RATE_ONE = 10**18
LANES = 16
LANE_WIDTH = 625
"""Scores 0..10,000 in 16 lanes: lane min(15, score // 625)."""


class Peril(IntEnum):
    """Perils that can pay."""

    SERVICE_ATTACK = 0
    SERVICE_OUTAGE = 1
    DEPENDENCY_OUTAGE = 2


class Form(IntEnum):
    """Streamed cover of one risk, or per-transaction cover under a facility."""

    POLICY = 0
    CERTIFICATE = 1


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """The struct `Terms` of contracts/interfaces/Types.sol: seconds, token units, 1e18 a year."""

    peril: Peril
    form: Form
    cell: str
    terms_hash: bytes
    waiting_period: int = 0
    coverage_lag: int = 0
    merge_gap: int = 30
    hold_window: int = 10
    challenge_window: int = 10
    review_window: int = 60
    claim_window: int = 600
    notice_period: int = 60
    term: int = 86_400
    increase_delay: int = 60
    rate_unit: int = RATE_ONE // 1_000
    unit: int = 1_000_000
    max_sum_insured: int = 1_000_000_000_000
    instant_limit: int = 1_000_000_000
    unreviewed_limit: int = 10_000_000_000

    def as_struct(self) -> tuple[Any, ...]:
        """The members in Solidity's order."""
        peril, form, cell, terms_hash, *numbers = astuple(self)
        return (int(peril), int(form), cell, *numbers, terms_hash)


def pack_table(lanes: Sequence[int]) -> int:
    """A rate table as one word: lane 0 in the lowest 16 bits.

    :raises ValueError: not 16 lanes of 16 bits
    """
    if len(lanes) != LANES or any(not 0 <= lane < 2**16 for lane in lanes):
        raise ValueError("a rate table has 16 lanes of 16 bits")
    return sum(lane << (16 * i) for i, lane in enumerate(lanes))


def lane_of(score: int) -> int:
    """The lane that holds a score's rate."""
    return min(LANES - 1, score // LANE_WIDTH)
