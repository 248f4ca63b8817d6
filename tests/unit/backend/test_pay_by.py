"""The pay-by clock."""

from __future__ import annotations

import pytest

from backend.domain.pay_by import pay_by


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [(0, 1_010), (9, 1_010), (10, 1_020), (25, 1_030)],
)
def test_pay_by__waiting_period__ends_in_the_slot_that_first_owes(
    waiting: int, expected: int
) -> None:
    assert pay_by(100, 10, waiting, 0, 0, 0) == expected


def test_pay_by__delay_hold_and_promise__are_added() -> None:
    assert pay_by(100, 10, 0, 600, 60, 120) == 1_010 + 780
