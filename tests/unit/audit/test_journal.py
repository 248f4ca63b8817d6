"""The journal's own rules: what balances, what contradicts itself, what the token did not move."""

from __future__ import annotations

from typing import Any

import pytest

from backend.audit.journal import (
    GIFTS,
    JUNIOR,
    LOCKED,
    SENIOR,
    UNEARNED,
    Bookkeeper,
    Entry,
    Journal,
    Line,
    Rates,
)
from backend.audit.ledger import Event

BOOK, CELL, FACILITY, OUTSIDE = ("0x" + digits * 20 for digits in ("aa", "bb", "cc", "dd"))
NAMES = {BOOK: "PolicyBook", CELL: "Cell", FACILITY: "Facility"}


def event(contract: str, name: str, transaction: str = "t", **args: Any) -> Event:
    return Event(contract, name, args, 1, "0xb", transaction, 0, 1_000)


def moved(sender: str, receiver: str, value: int, transaction: str = "t") -> Event:
    return event(
        "StableCoin", "Transfer", transaction, **{"from": sender, "to": receiver, "value": value}
    )


def booked(*events: Event, junior: int = 0, senior: int = 0) -> Bookkeeper:
    """A bookkeeper that has taken the events and closed; capital stands before them."""
    keeper = Bookkeeper(NAMES, Rates(500, 4000))
    keeper.journal.balances[JUNIOR] -= junior
    keeper.journal.balances[SENIOR] -= senior
    for one in events:
        keeper.take(one)
    keeper.close()
    return keeper


def causes(keeper: Bookkeeper) -> str:
    return "; ".join(cause for _, cause in keeper.wrong)


def test_post__sides_differ__is_refused() -> None:
    entry = Entry(event("Cell", "ClaimPaid"), (Line("a", 2), Line("b", -1)))
    with pytest.raises(ValueError, match="does not balance"):
        Journal().post(entry)


def test_book__premium_without_tokens__is_found() -> None:
    keeper = booked(event("PolicyBook", "PolicyBound", premium=100))
    assert causes(keeper) == "the token moved 0 into PolicyBook, the events say 100"


def test_book__premium_one_unit_short__is_found() -> None:
    keeper = booked(event("PolicyBook", "PolicyBound", premium=100), moved(OUTSIDE, BOOK, 99))
    assert causes(keeper) == "the token moved 99 into PolicyBook, the events say 100"


def test_book__premium_with_tokens__stands_as_unearned() -> None:
    keeper = booked(event("PolicyBook", "PolicyBound", premium=100), moved(OUTSIDE, BOOK, 100))
    assert (keeper.wrong, keeper.journal.owed(UNEARNED)) == ([], 100)
    assert sum(keeper.journal.balances.values()) == 0


def test_book__earned_premium_that_never_reaches_the_cell__is_found() -> None:
    keeper = booked(event("PolicyBook", "PremiumEarned", amount=7))
    assert "7 of earned premium never reached the cell" in causes(keeper)


def collected(amount: int, fee: int, junior: int, senior: int) -> list[Event]:
    shares = {"fee": fee, "toJunior": junior, "toSenior": senior}
    return [
        event("PolicyBook", "PremiumEarned", amount=amount),
        event("Cell", "PremiumCollected", **{"from": BOOK, "amount": amount, **shares}),
        moved(BOOK, CELL, amount),
    ]


def test_book__split_of_premium_one_unit_off__is_found() -> None:
    keeper = booked(*collected(1000, 51, 379, 570), junior=10**6, senior=10**6)
    assert "fee is 51, booked 50" in causes(keeper)


def test_book__split_of_premium__fee_then_junior_then_senior() -> None:
    assert booked(*collected(1000, 50, 380, 570), junior=10**6, senior=10**6).wrong == []


def test_book__tranche_without_capital__earns_none() -> None:
    assert booked(*collected(1000, 50, 0, 950), senior=10**6).wrong == []
    assert booked(*collected(1000, 50, 950, 0), junior=10**6).wrong == []


def paid(junior: int, senior: int) -> list[Event]:
    amount = junior + senior
    shares = {"payee": OUTSIDE, "amount": amount, "fromJunior": junior, "fromSenior": senior}
    return [
        event("Cell", "CapitalLocked", amount=amount, locked=amount, by=BOOK),
        event("Cell", "ClaimPaid", **shares),
        moved(CELL, OUTSIDE, amount),
    ]


def test_book__senior_pays_before_junior__is_found() -> None:
    keeper = booked(*paid(90, 10), junior=100, senior=100)
    assert "part of junior capital is 90, booked 100" in causes(keeper)


def test_book__junior_pays_first__agrees() -> None:
    keeper = booked(*paid(100, 20), junior=100, senior=100)
    assert keeper.wrong == []
    assert [keeper.journal.owed(name) for name in (JUNIOR, SENIOR, LOCKED)] == [0, 80, 0]


def test_book__limits_beyond_capital__are_found() -> None:
    keeper = booked(event("Cell", "CapitalLocked", amount=5, locked=5, by=BOOK), junior=4)
    assert "limits in force exceed capital by 1" in causes(keeper)


def test_book__running_total_that_differs__is_found() -> None:
    keeper = booked(event("Cell", "CapitalLocked", amount=5, locked=6, by=BOOK), junior=9)
    assert "locked capital is 6, booked 5" in causes(keeper)


def expired(released: int) -> list[Event]:
    return [
        event("Cell", "CapitalLocked", amount=9, locked=9, by=FACILITY),
        event("CertificateBook", "BordereauPosted", batch=3, exposure=9),
        event("CertificateBook", "CertificatesClaimed", batch=3, amount=2),
        event("ExposureLedger", "BordereauExpired", batch=3, released=released),
    ]


def test_book__expired_batch_releases_what_was_claimed__is_found() -> None:
    keeper = booked(*expired(9), junior=9)
    assert causes(keeper) == "released capital is 9, booked 7"


def test_book__batch_expires_twice__is_found() -> None:
    keeper = booked(*expired(7), *expired(7)[3:], junior=9)
    assert causes(keeper) == "released capital is 7, booked 0"


def test_book__expired_batch__frees_what_was_not_claimed() -> None:
    keeper = booked(*expired(7), junior=9)
    assert (keeper.wrong, keeper.journal.owed(LOCKED)) == ([], 2)


def test_book__commission_that_was_not_agreed__is_found() -> None:
    keeper = booked(
        event("Facility", "CommissionSet", platform=OUTSIDE, bps=1000),
        event("Facility", "FloatDeposited", platform=OUTSIDE, amount=500, balance=500),
        moved(OUTSIDE, FACILITY, 500),
        event(
            "Facility", "FloatDrawn", "u", platform=OUTSIDE, premium=100, commission=11, balance=411
        ),
    )
    assert "commission is 11, booked 10" in causes(keeper)


def test_book__tokens_that_nobody_was_owed__are_a_gift_and_no_difference() -> None:
    keeper = booked(moved(OUTSIDE, CELL, 3))
    assert (keeper.wrong, keeper.journal.owed(GIFTS)) == ([], 3)
