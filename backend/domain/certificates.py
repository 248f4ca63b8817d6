"""Per-transaction cover: whole units, room in a series, and which certificates make a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .pricing import Refusal
from .products import Product
from .units import ChainTime, Seconds, TokenUnits

MOST_UNITS = 0xFFFF
"""A leaf has two bytes for units."""
MOST_COMMITTED = 100_000
"""Certificates of one committed bordereau."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a bordereau goes on chain: posted with its records, or committed by their root."""

    committed: bool
    size: int
    """Certificates of a full batch."""
    most_offset: Seconds
    """Largest start offset that a record can hold."""


def way_of(backlog: int, post_size: int, commit_from: int) -> Way:
    """Committed from `commit_from` waiting certificates on (0: never), else posted."""
    if 0 < commit_from <= backlog:
        return Way(True, min(backlog, MOST_COMMITTED), Seconds(0xFFFFFF))
    return Way(False, post_size, Seconds(0xFFFF))


@dataclass(frozen=True, slots=True)
class SeriesRoom:
    """What a series may still sell: serials, units of reserved exposure, and until when.

    The premium of the whole reservation is held in the platform's float on chain, so float needs no
    check at sale.
    """

    serials: int
    units: int
    last_start: ChainTime
    premium_per_unit: TokenUnits
    table_premium_per_unit: TokenUnits


def units_of(product: Product, sum_insured: TokenUnits) -> int | Refusal:
    """Whole units of a sum insured, 1..65,535."""
    if not 0 < sum_insured <= product.max_sum_insured:
        return Refusal("sum_insured_out_of_range", sum_insured, product.max_sum_insured)
    if sum_insured % product.unit:
        return Refusal("not_whole_units", sum_insured, product.unit)
    units = sum_insured // product.unit
    if units > MOST_UNITS:
        return Refusal("sum_insured_out_of_range", sum_insured, MOST_UNITS * product.unit)
    return units


def refuse_sale(room: SeriesRoom, count: int, units: int, start: ChainTime) -> Refusal | None:
    """Why `count` certificates of `units` together may not be sold from `start` on, or None."""
    if room.premium_per_unit < room.table_premium_per_unit:
        return Refusal("series_rate_outdated", room.premium_per_unit, room.table_premium_per_unit)
    if count > room.serials:
        return Refusal("serials_exhausted", count, room.serials)
    if units > room.units:
        return Refusal("reservation_exhausted", units, room.units)
    if start > room.last_start:
        return Refusal("series_ended", start, room.last_start)
    return None


@dataclass(frozen=True, slots=True)
class Sold:
    """A sold certificate that waits to be posted."""

    serial: int
    start: ChainTime


def due_batch(
    waiting: Sequence[Sold], now: ChainTime, size: int, age: Seconds, most_offset: Seconds
) -> int:
    """How many of the waiting certificates (in serial order) go on chain now as one batch.

    0 until there are `size`, or the oldest is `age` seconds old. A batch's starts span at most
    `most_offset` seconds, the width of a leaf's start offset.
    """
    if not waiting:
        return 0
    if len(waiting) < size and now - waiting[0].start < age:
        return 0
    first = waiting[0].start
    count = 0
    for sold in waiting[:size]:
        if sold.start - first > most_offset:
            break
        count += 1
    return count
