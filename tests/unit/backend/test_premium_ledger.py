"""Premium over time: pieces of constant rate, cut by lapses, rounded up, at most what was paid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.premium_ledger import Change, Piece, consumed, pieces_of
from backend.domain.units import ONE, YEAR, ChainTime, Rate, TokenUnits

YEARLY = Rate(ONE)
"""The whole sum insured in a year."""


def change(time: int, rate: int) -> Change:
    return Change(ChainTime(time), Rate(rate), f"0x{time:02x}")


def span(start: int, end: int) -> tuple[ChainTime, ChainTime]:
    return ChainTime(start), ChainTime(end)


def test_pieces__lapse_between_two_segments__has_no_piece() -> None:
    found = pieces_of([change(0, 1), change(50, 2)], [span(0, 30), span(60, 70)])
    assert [(p.start, p.end, p.rate) for p in found] == [(0, 30, 1), (60, 70, 2)]


def test_pieces__reset_within_cover__names_the_transaction_that_set_each_rate() -> None:
    found = pieces_of([change(0, 1), change(10, 3)], [span(5, 20)])
    assert [(p.start, p.end, p.transaction_hash) for p in found] == [
        (5, 10, "0x00"),
        (10, 20, "0x0a"),
    ]


def test_pieces__two_resets_in_one_second__only_the_last_has_seconds() -> None:
    found = pieces_of([change(0, 1), change(10, 2), change(10, 3)], [span(0, 20)])
    assert [(p.start, p.end, p.rate) for p in found] == [(0, 10, 1), (10, 20, 3)]


def test_consumed__one_second_of_a_small_sum__rounds_up_to_one_unit() -> None:
    piece = Piece(ChainTime(0), ChainTime(1), YEARLY, "0x")
    assert consumed([piece], TokenUnits(1), TokenUnits(5), ChainTime(1)) == 1


def test_consumed__more_than_was_paid__stops_at_what_was_paid() -> None:
    piece = Piece(ChainTime(0), ChainTime(YEAR), YEARLY, "0x")
    assert consumed([piece], TokenUnits(100), TokenUnits(40), ChainTime(YEAR)) == 40


@given(
    rates=st.lists(st.integers(0, ONE), min_size=1, max_size=5),
    until=st.lists(st.integers(0, 1_000), min_size=2, max_size=2),
    insured=st.integers(1, 10**15),
)
def test_consumed__later_second__is_never_less(
    rates: list[int], until: list[int], insured: int
) -> None:
    changes = [change(100 * place, rate) for place, rate in enumerate(rates)]
    pieces = pieces_of(changes, [span(0, 1_000)])
    early, late = (
        consumed(pieces, TokenUnits(insured), TokenUnits(10**30), ChainTime(second))
        for second in sorted(until)
    )
    assert early <= late
