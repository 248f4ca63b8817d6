"""Products, quotes and scores for tests of the cover contracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

YEAR = 31_536_000
RATE_UNIT = 10**14
"""One hundredth of a percent a year."""

TABLE = tuple(100 + 50 * tier for tier in range(16))
"""Rates of the tiers in rate units: 1 % to 8.5 % a year."""

TERMS_HASH = "0x" + "7e" * 32
MODEL_HASH = "0x" + "3d" * 32


def pack(lanes: Sequence[int]) -> int:
    """uint16 lanes as one word, lane 0 lowest."""
    return sum(value << (16 * lane) for lane, value in enumerate(lanes))


@dataclass(frozen=True)
class TermsInput:
    """The fields of `Terms` in their order on chain."""

    peril: int
    form: int
    cell: str
    waiting_period: int = 10
    coverage_lag: int = 60
    merge_gap: int = 10
    hold_window: int = 30
    challenge_window: int = 60
    review_window: int = 120
    claim_window: int = 600
    notice_period: int = 3600
    term: int = 30 * 86_400
    increase_delay: int = 60
    rate_unit: int = RATE_UNIT
    unit: int = 0
    max_sum_insured: int = 10**12
    instant_limit: int = 10**9
    unreviewed_limit: int = 10**9
    terms_hash: str = TERMS_HASH

    def but(self, **changes: Any) -> TermsInput:
        """The same with some fields changed."""
        return replace(self, **changes)

    def args(self) -> tuple[Any, ...]:
        """As brownie passes a struct."""
        return tuple(asdict(self).values())


def policy_terms(cell: str, **changes: Any) -> TermsInput:
    """Terms of streamed cover against a service outage."""
    return TermsInput(peril=1, form=0, cell=str(cell)).but(**changes)
