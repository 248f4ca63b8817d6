"""The allowances of unreviewed payments, replayed on a few events."""

from __future__ import annotations

import pytest

from backend.audit.allowances import DAY, GRAIN, PERIOD, Allowances

ALICE = "0x" + "aa" * 20
CELL = "0x" + "cc" * 20


@pytest.fixture
def allowances() -> Allowances:
    made = Allowances(ceiling=100)
    made.take("PolicyBound", {"policy": 1, "risk": 5, "sumInsured": 600})
    made.take("PolicyBound", {"policy": 2, "risk": 5, "sumInsured": 200})
    return made


def test_share__covers_of_one_risk__split_the_limit_by_their_sums(allowances: Allowances) -> None:
    assert [allowances.share(1_000, 5, 7, insured) for insured in (600, 200)] == [750, 250]


def test_share__after_the_first_settlement__no_longer_moves(allowances: Allowances) -> None:
    allowances.settled(5, 7, 600)
    allowances.take("PolicyExpired", {"policy": 1})
    assert allowances.share(1_000, 5, 7, 200) == 250
    assert allowances.share(1_000, 5, 8, 200) == 1_000


def test_share__reserved_and_released_exposure__counts_while_it_is_booked(
    allowances: Allowances,
) -> None:
    series = {"series": b"s", "exposure": 200}
    allowances.take("ExposureReserved", series | {"terms": {"risk": 5}})
    assert allowances.share(1_000, 5, 7, 200) == 200
    allowances.take("ReservationReleased", series)
    assert allowances.share(1_000, 5, 7, 200) == 250


def test_yearly_room__payments__are_rounded_up_and_forgotten_after_six_periods(
    allowances: Allowances,
) -> None:
    allowances.count(ALICE, 1, PERIOD)
    assert allowances.yearly_room(ALICE.upper().replace("X", "x"), 3 * GRAIN, PERIOD) == 2 * GRAIN
    assert allowances.yearly_room(ALICE, 3 * GRAIN, 7 * PERIOD - 1) == 2 * GRAIN
    assert allowances.yearly_room(ALICE, 3 * GRAIN, 7 * PERIOD) == 3 * GRAIN


def test_payable__ceiling_of_a_day__begins_anew_at_midnight(allowances: Allowances) -> None:
    allowances.pay(CELL, 70, DAY - 1)
    assert allowances.payable(CELL, 70, DAY - 1) == 30
    assert allowances.payable(CELL, 70, DAY) == 70


def test_payable__paused_desk__pays_nothing_until_the_pause_ends(allowances: Allowances) -> None:
    allowances.take("DeskPaused", {"until": 50})
    assert [allowances.payable(CELL, 70, time) for time in (49, 50)] == [0, 70]


def test_held__before_and_after_a_hold__differs(allowances: Allowances) -> None:
    claim = bytes(32)
    assert not allowances.held(claim)
    allowances.take("ClaimHeld", {"claim": claim})
    assert allowances.held(claim)
