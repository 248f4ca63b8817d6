"""Premium of streamed cover over time: pieces of constant rate, and what was consumed by a second.

consumed(t) = ceil(sum insured x Σ rate x seconds / (1e18 x year)), the sum over the pieces up to t,
and never more than was paid in: the formula that the policy book integrates over the rate index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .units import ONE, YEAR, ChainTime, Rate, TokenUnits, ceil_div


@dataclass(frozen=True, slots=True)
class Piece:
    """Seconds [start, end) of cover at one rate, and the transaction that set it."""

    start: ChainTime
    end: ChainTime
    rate: Rate
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """From `time` on the rate (loading included) is `rate`."""

    time: ChainTime
    rate: Rate
    transaction_hash: str


def pieces_of(
    changes: Sequence[Change], covered: Iterable[tuple[ChainTime, ChainTime]]
) -> list[Piece]:
    """The pieces within the covered spans; `changes` in order, the first not after any span."""
    found = []
    for begin, end in covered:
        for place, change in enumerate(changes):
            last = changes[place + 1].time if place + 1 < len(changes) else end
            start, stop = max(begin, change.time), min(end, last)
            if start < stop:
                found.append(
                    Piece(ChainTime(start), ChainTime(stop), change.rate, change.transaction_hash)
                )
    return found


def consumed(
    pieces: Iterable[Piece], sum_insured: TokenUnits, paid: TokenUnits, until: ChainTime
) -> TokenUnits:
    """Premium consumed by second `until`, rounded up."""
    grown = sum(p.rate * max(0, min(p.end, until) - p.start) for p in pieces)
    return TokenUnits(min(ceil_div(grown * sum_insured, ONE * YEAR), paid))
