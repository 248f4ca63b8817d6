"""Products, quotes and scores for tests of the cover contracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from contracts.client.messages import Domain, Quote, digest
from contracts.client.signatures import address_of, sign

YEAR = 31_536_000
RATE_UNIT = 10**14
"""One hundredth of a percent a year."""

TABLE = tuple(100 + 50 * tier for tier in range(16))
"""Rates of the tiers in rate units: 1 % to 8.5 % a year."""

TERMS_HASH = "0x" + "7e" * 32
MODEL_HASH = "0x" + "3d" * 32


RISK = 5
SUM = 10_000_000_000
LOADING = 20
"""Rate units that the usual quote adds to the table rate."""
FRAME = 1_000


def premium_of(growth: int, sum_insured: int = SUM) -> int:
    """Premium for rate units x seconds, rounded up."""
    return -(-sum_insured * growth * RATE_UNIT // (10**18 * YEAR))


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


class Underwriter:
    """Makes and signs quotes for one policy book, each with a salt of its own."""

    def __init__(self, policy_book: Any, chain_id: int, key: bytes, quote: Quote) -> None:
        self._book, self._key, self._quote = policy_book, key, quote
        self._domain = Domain("PolicyBook", chain_id, policy_book.address)
        self._salt = 0

    @property
    def address(self) -> str:
        return address_of(self._key)

    def quote(self, **changes: Any) -> Quote:
        """The usual quote with a fresh salt and some fields changed."""
        self._salt += 1
        fields = {"salt": self._salt.to_bytes(32, "big"), **changes}
        return replace(self._quote, **fields)

    def digest(self, quote: Quote) -> bytes:
        return digest(quote, self._domain)

    def sign(self, quote: Quote, key: bytes | None = None) -> bytes:
        return sign(self.digest(quote), key or self._key)


def quote_args(quote: Quote) -> tuple[Any, ...]:
    """As brownie passes a struct."""
    return tuple(v.hex() if isinstance(v, bytes) else v for v in asdict(quote).values())
