"""Per-transaction cover: whole units, room in a series, and which certificates make a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .pricing import Refusal
from .products import Product
from .units import ChainTime, Seconds, TokenUnits

MOST_UNITS = 0xFFFF
"""A posted leaf has two bytes for units and two for the start offset."""


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
    waiting: Sequence[Sold], now: ChainTime, size: int, age: Seconds, resolution: Seconds
) -> int:
    """How many of the waiting certificates (in serial order) to post now as one batch.

    0 until there are `size`, or the oldest is `age` seconds old. A batch's starts span at most
    65,535 steps of `resolution` seconds, the width of a leaf's start offset.
    """
    if not waiting:
        return 0
    if len(waiting) < size and now - waiting[0].start < age:
        return 0
    first = waiting[0].start
    count = 0
    for sold in waiting[:size]:
        if sold.start - first > MOST_UNITS * resolution:
            break
        count += 1
    return count
