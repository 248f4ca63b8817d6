"""Products as the book on chain holds them: terms and the monotone rate table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .errors import TableInvalid
from .units import ProductId, Rate, Score, Seconds, TokenUnits

LANES = 16
SCORES_PER_LANE = 625


class Peril(IntEnum):
    """Perils that can pay."""

    SERVICE_ATTACK = 0
    SERVICE_OUTAGE = 1
    DEPENDENCY_OUTAGE = 2


class Form(IntEnum):
    """Streamed cover of one risk, or per-transaction cover."""

    POLICY = 0
    CERTIFICATE = 1


@dataclass(frozen=True, slots=True)
class RateTable:
    """16 lanes of rates in `unit`s; lane min(15, score / 625) holds the rate of a score.

    :raises TableInvalid: not 16 lanes, the first is 0, or one is below the one before
    """

    lanes: tuple[int, ...]
    unit: int

    def __post_init__(self) -> None:
        rising = all(a <= b for a, b in zip(self.lanes, self.lanes[1:], strict=False))
        if len(self.lanes) != LANES or self.lanes[0] == 0 or not rising:
            raise TableInvalid(self.lanes)

    @classmethod
    def unpack(cls, word: int, unit: int) -> RateTable:
        """From the book's word: 16 uint16 lanes, lane 0 lowest."""
        return cls(tuple((word >> (16 * lane)) & 0xFFFF for lane in range(LANES)), unit)

    def rate(self, score: Score) -> Rate:
        """Rate of a score, 1e18 fixed point per year."""
        return Rate(self.lanes[min(LANES - 1, score // SCORES_PER_LANE)] * self.unit)

    @property
    def top(self) -> Rate:
        return Rate(self.lanes[-1] * self.unit)


@dataclass(frozen=True, slots=True)
class Product:
    """The terms that pricing, sale and settlement need; durations in seconds, money in units."""

    number: ProductId
    peril: Peril
    form: Form
    cell: str
    waiting_period: Seconds
    coverage_lag: Seconds
    merge_gap: Seconds
    hold_window: Seconds
    challenge_window: Seconds
    review_window: Seconds
    claim_window: Seconds
    notice_period: Seconds
    term: Seconds
    increase_delay: Seconds
    unit: TokenUnits
    max_sum_insured: TokenUnits
    instant_limit: TokenUnits
    unreviewed_limit: TokenUnits
    terms_hash: str
    table: RateTable
    is_open: bool
