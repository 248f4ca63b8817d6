"""Sales of certificates that share a transaction: each order stands and falls alone."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

from backend.certificates.sale import Order, sell
from backend.certificates.schemas import BatchOut, CertificateOut, Transaction
from backend.certificates.tables import SoldCertificate
from backend.chain.faults import Faults
from backend.chain.node import Block
from backend.facility.tables import SeriesSales
from backend.http.audit import first_broken
from backend.http.context import Caller
from backend.http.problems import Problem
from backend.http.tables import AuditRow, IdempotentAnswer
from backend.http.writes import Intake, Replayed
from backend.jobs.posting import run_posting
from contracts.client.messages import Certificate, digest
from contracts.client.signatures import recover
from tests.support.api import (
    DEPLOYMENT,
    HOLDER,
    OTHER,
    PLATFORM,
    UNDERWRITER,
    Bench,
    FakeMarket,
    kind_of,
)

FIRST, SECOND = ("0x" + name * 32 for name in ("5e", "6f"))
COIN = 10**6


class Shop:
    """A platform with two series of 20 serials each."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.product(2, form=1, term=7_200)
        self.platform, self.key = bench.platform()
        bench.asset(self.key)
        for series in (FIRST, SECOND):
            self.reserve(series)
        self._numbers = itertools.count(1)

    def reserve(self, series: str, platform: str = PLATFORM.address) -> None:
        end = self.bench.market.time + 86_400
        terms = {"product": 2, "risk": 0, "premiumPerUnit": 500, "expiryBucket": end, "leafKind": 0}
        self.bench.event(
            "Facility", "ExposureReserved", series=series, platform=platform,
            underwriter=UNDERWRITER.address, terms=terms, exposure=100 * COIN, firstSerial=0,
            serials=20,
        )  # fmt: skip

    def wish(self, name: str, units: int = 1) -> dict[str, str]:
        return {
            "holder": HOLDER.address,
            "transaction_hash": "0x" + name.encode().hex().zfill(64),
            "sum_insured": str(units * COIN),
        }

    def order(
        self, name: str, series: str = FIRST, units: int = 1, key: str = "", body: str = "one"
    ) -> Order:
        number = next(self._numbers)
        who = Caller("key_test", self.platform, frozenset({"sell"}))
        intake = Intake(who, "sell", f"case_{number}", number, key or f"k{number}", body)
        wish = Transaction.model_validate(self.wish(name, units))
        return Order(intake, series, (wish,), is_batch=False)

    def sell(self, *orders: Order) -> list[int | str]:
        """Serials, and names of what refused."""
        return [_short(outcome) for outcome in sell(self.bench.services, orders)]

    def serials(self, series: str = FIRST) -> list[int]:
        with self.bench.database.read() as session:
            rows = session.query(SoldCertificate).filter_by(series=series)
            return sorted(row.serial for row in rows)

    def next_serial(self, series: str = FIRST) -> int:
        with self.bench.database.read() as session:
            return session.get_one(SeriesSales, series).next_serial

    def audit_rows(self) -> list[AuditRow]:
        with self.bench.database.read() as session:
            rows = session.query(AuditRow).filter_by(tenant=self.platform)
            return list(rows.order_by(AuditRow.number))


def _short(outcome: bytes | Exception) -> int | str:
    if isinstance(outcome, Problem):
        return outcome.kind
    if isinstance(outcome, Exception):
        return type(outcome).__name__
    return CertificateOut.model_validate_json(outcome).serial


@pytest.fixture
def shop(bench: Bench) -> Shop:
    return Shop(bench)


def test_sell__bad_orders_in_the_group__leave_the_good_ones_alone(shop: Shop) -> None:
    assert shop.sell(shop.order("a")) == [0]
    found = shop.sell(
        shop.order("b"),
        shop.order("a"),
        shop.order("c", series="0x" + "77" * 32),
        shop.order("d", units=1_000),
        shop.order("b"),
        shop.order("e"),
    )
    assert found == [
        1, "transaction-covered", "not-found", "not-offered", "transaction-covered", 2,
    ]  # fmt: skip
    assert (shop.serials(), shop.next_serial()) == ([0, 1, 2], 3)


def test_sell__series_of_another_platform__is_not_found(shop: Shop) -> None:
    theirs = "0x" + "99" * 32
    shop.reserve(theirs, OTHER.address)
    assert shop.sell(shop.order("a", theirs), shop.order("b")) == ["not-found", 0]


def test_sell__reservation_used_up_within_the_group__refuses_the_rest(shop: Shop) -> None:
    orders = [shop.order(name, units=40) for name in "abc"]
    assert shop.sell(*orders) == [0, 1, "not-offered"]


def test_sell__score_missing__refuses_its_orders_and_nothing_is_kept(shop: Shop) -> None:
    shop.bench.market.scores.clear()
    assert shop.sell(shop.order("a")) == ["ContractReverted"]
    assert shop.serials() == []


def test_sell__one_transaction_in_two_series_at_once__is_sold_once(shop: Shop) -> None:
    found = shop.sell(shop.order("a", SECOND), shop.order("a", FIRST))
    assert sorted(map(str, found)) == ["0", "transaction-covered"]
    assert len(shop.serials(FIRST) + shop.serials(SECOND)) == 1


def test_sell__key_answered_before__is_replayed_beside_new_sales(shop: Shop) -> None:
    [first] = sell(shop.bench.services, [shop.order("a", key="same")])
    again, other = sell(shop.bench.services, [shop.order("a", key="same"), shop.order("b")])
    assert isinstance(again, Replayed)
    assert (again.status, again.body) == (201, first)
    assert _short(other) == 1
    assert shop.sell(shop.order("c", key="same", body="other")) == ["idempotency-key-reused"]


def test_sell__group_contradicts_what_is_stored__each_is_tried_alone(shop: Shop) -> None:
    # Two orders under one key, which the process keeps apart, are what two processes can send.
    found = shop.sell(shop.order("a", key="same"), shop.order("z", key="same"), shop.order("b"))
    assert found == [0, "Replayed", 1]
    assert shop.serials() == [0, 1]
    assert first_broken(shop.audit_rows()) is None


class Broken(Faults):
    """Fails where a crash would end the process."""

    def reached(self, name: str) -> None:
        if name == "sale.gathered_not_stored":
            raise OSError("the disk is full")


def test_sell__transaction_fails__nothing_is_kept_and_repetition_sells(shop: Shop) -> None:
    services, whole = shop.bench.services, shop.bench.services.faults
    services.faults = Broken(None, None)
    with pytest.raises(OSError):
        sell(services, [shop.order("a", key="x"), shop.order("b", key="y")])
    rows = len(shop.audit_rows())
    with shop.bench.database.read() as session:
        assert session.get(IdempotentAnswer, (shop.platform, "x")) is None
    services.faults = whole
    assert shop.sell(shop.order("a", key="x"), shop.order("b", key="y")) == [0, 1]
    assert len(shop.audit_rows()) == rows + 2


def test_sell__many_in_one_transaction__have_an_audit_row_each_in_one_chain(shop: Shop) -> None:
    before = len(shop.audit_rows())
    shop.sell(*(shop.order(name, series) for name in "abc" for series in (FIRST, SECOND)))
    rows = shop.audit_rows()
    assert len(rows) == before + 3
    assert first_broken(rows) is None
    assert [row.target for row in rows[before:]] == [f"{FIRST}/{serial}" for serial in range(3)]


def test_sell__signed__by_the_underwriter_over_what_is_answered(shop: Shop) -> None:
    answer = shop.bench.post("/transactions:cover", shop.wish("a") | {"series": FIRST}, shop.key)
    made = CertificateOut.model_validate_json(answer.content)
    assert made.model_dump_json().encode() == answer.content
    hashed = bytes.fromhex(made.digest[2:])
    assert recover(hashed, bytes.fromhex(made.signature[2:])) == UNDERWRITER.address
    values = made.certificate.model_dump() | {
        name: bytes.fromhex(getattr(made.certificate, name)[2:])
        for name in ("series", "transaction_hash", "terms_hash", "salt")
    }
    values |= {name: int(values[name]) for name in ("sum_insured", "premium")}
    message = Certificate(**values)
    assert hashed == digest(message, DEPLOYMENT.domain(message))
    path = f"/certificates/{FIRST}/0"
    assert shop.bench.get(path, shop.key).json() == answer.json()


def test_sell__batch__answers_what_the_schema_says(shop: Shop) -> None:
    wishes = [shop.wish(name, units=2) for name in "abc"]
    body = {"series": FIRST, "transactions": wishes}
    answer = shop.bench.post("/transactions:coverBatch", body, shop.key)
    made = BatchOut.model_validate_json(answer.content)
    assert made.model_dump_json().encode() == answer.content
    assert (made.first_serial, len(made.certificates)) == (0, 3)
    assert shop.serials() == [0, 1, 2]


def test_sell__batch_with_one_bad_wish__sells_none(shop: Shop) -> None:
    body = {"series": FIRST, "transactions": [shop.wish("a"), shop.wish("b", units=1_000)]}
    answer = shop.bench.post("/transactions:coverBatch", body, shop.key)
    assert kind_of(answer) == "not-offered"
    assert shop.serials() == []


@pytest.mark.parametrize("path", ["/transactions:cover", "/transactions:cover?long=way"])
def test_cover__many_at_once__have_a_serial_each(shop: Shop, path: str) -> None:
    answers: list[Any] = []

    def buy(number: int) -> None:
        wish = shop.wish(f"order {number}") | {"series": FIRST}
        answers.append(shop.bench.post(path, wish, shop.key, once=f"{number}"))

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sold = sorted(a.json()["serial"] for a in answers if a.status_code == 201)
    refused = [kind_of(answer) for answer in answers if answer.status_code != 201]
    assert sold == list(range(20))
    assert refused == ["not-offered"] * 4
    assert first_broken(shop.audit_rows()) is None


@pytest.mark.parametrize("once", ["", "space inside", "ä", "x" * 256])
def test_cover__key_of_no_form__is_refused(shop: Shop, once: str) -> None:
    headers: dict[Any, Any] = {b"Authorization": f"Bearer {shop.key}".encode()}
    headers[b"Idempotency-Key"] = once.encode("latin-1")
    wish = shop.wish("a") | {"series": FIRST}
    for _ in range(2):
        answer = shop.bench.client.post("/v1/transactions:cover", headers=headers, json=wish)
        assert (answer.status_code, kind_of(answer)) == (422, "invalid-request")


def test_cover__key_in_flight__is_409(shop: Shop) -> None:
    assert shop.bench.services.in_flight.enter(shop.platform, "a")
    wish = shop.wish("a") | {"series": FIRST}
    for path, body in (
        ("/transactions:cover", wish),
        ("/transactions:coverBatch", {"series": FIRST, "transactions": [shop.wish("a")]}),
    ):
        answer = shop.bench.post(path, body, shop.key, once="a")
        assert (answer.status_code, kind_of(answer)) == (409, "idempotency-key-in-flight")


def test_cover__repeated__gives_the_first_answer(shop: Shop) -> None:
    wish = shop.wish("a") | {"series": FIRST}
    first, second = (
        shop.bench.post("/transactions:cover", wish, shop.key, once="a") for _ in range(2)
    )
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["X-Case-Id"] != first.headers["X-Case-Id"]
    assert shop.serials() == [0]


def test_cover__by_the_insurer__is_forbidden(shop: Shop) -> None:
    answer = shop.bench.post("/transactions:cover", shop.wish("a") | {"series": FIRST})
    assert (answer.status_code, kind_of(answer)) == (403, "forbidden")


class AskingMarket(FakeMarket):
    """Whoever asks for the head finds the database free for a writer, or fails after a while."""

    def head(self) -> Block:
        with self._database.write():
            return super().head()


def test_post__asks_the_chain__before_it_locks_the_database(shop: Shop) -> None:
    services, market = shop.bench.services, AskingMarket(shop.bench.database)
    shop.sell(shop.order("a"))
    market.time = shop.bench.market.time + services.settings.post_age
    services.market = market
    assert run_posting(services) == 1
    assert shop.bench.transactions()[-1].function == "post"
