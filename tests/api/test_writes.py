"""Keys, idempotency and audit rows: what every write shares."""

from __future__ import annotations

import threading

import pytest

from backend.http.audit import first_broken
from backend.http.tables import AuditRow
from backend.http.writes import EXPIRY
from tests.support.api import ADMIN, OTHER, PLATFORM, Bench, kind_of

BODY = {"name": "Shop", "wallet": PLATFORM.address}


def test_write__without_idempotency_key__is_400(bench: Bench) -> None:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    answer = bench.client.post("/v1/platforms", headers=headers, json=BODY)
    assert (answer.status_code, kind_of(answer)) == (400, "idempotency-key-missing")


def test_write__same_key_and_other_body__is_422(bench: Bench) -> None:
    bench.post("/platforms", BODY, once="a")
    answer = bench.post("/platforms", BODY | {"name": "Other"}, once="a")
    assert (answer.status_code, kind_of(answer)) == (422, "idempotency-key-reused")


def test_write__key_in_flight__is_409(bench: Bench) -> None:
    assert bench.services.in_flight.enter("insurer", "a")
    answer = bench.post("/platforms", BODY, once="a")
    assert (answer.status_code, kind_of(answer)) == (409, "idempotency-key-in-flight")


def test_write__same_key_and_body__gives_the_first_answer_and_one_effect(bench: Bench) -> None:
    first = bench.post("/platforms", BODY, once="a")
    second = bench.post("/platforms", BODY, once="a")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(bench.get("/platforms").json()["items"]) == 1


def test_write__refused__can_be_repeated_with_its_key(bench: Bench) -> None:
    made = bench.post("/platforms", BODY).json()
    path = f"/platforms/{made['id']}/keys"
    assert bench.post(path, {"label": ""}, once="a").status_code == 422
    assert bench.post(path, {"label": "ok"}, once="a").status_code == 201


def test_write__key_of_another_tenant__is_independent(bench: Bench) -> None:
    _, first = bench.platform()
    _, second = bench.platform("Other", OTHER.address)
    body = {"name": "A", "country": "DE", "industry": "retail", "wallet": PLATFORM.address}
    made = [bench.post("/applicants", body, key, once="same") for key in (first, second)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json()["id"] != made[1].json()["id"]


def test_write__key_older_than_a_day__is_free_again(bench: Bench) -> None:
    bench.post("/platforms", BODY, once="a")
    bench.now += EXPIRY + 1
    answer = bench.post("/platforms", {"name": "B", "wallet": OTHER.address}, once="a")
    assert answer.status_code == 201


def test_write__many_at_once_with_one_key__has_one_effect(bench: Bench) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(bench.post("/platforms", BODY, once="a").status_code)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert len(bench.get("/platforms").json()["items"]) == 1


def test_audit__several_writes__are_chained_in_order(bench: Bench) -> None:
    bench.platform()
    bench.platform("Other", OTHER.address)
    with bench.database.read() as session:
        rows = list(session.query(AuditRow).filter_by(tenant="insurer").order_by(AuditRow.number))
    assert [row.action for row in rows] == ["platforms.create", "keys.create"] * 2
    assert first_broken(rows) is None


@pytest.mark.parametrize("change", ["target", "answer_hash", "at"])
def test_audit__row_changed__is_found(bench: Bench, change: str) -> None:
    bench.platform()
    bench.platform("Other", OTHER.address)
    with bench.database.read() as session:
        rows = list(session.query(AuditRow).filter_by(tenant="insurer").order_by(AuditRow.number))
    setattr(rows[1], change, "1")
    assert first_broken(rows) == 2


def test_audit__row_removed__is_found(bench: Bench) -> None:
    bench.platform()
    with bench.database.read() as session:
        rows = list(session.query(AuditRow).order_by(AuditRow.number))
    assert first_broken(rows[1:]) == 1


def test_key__replayed_creation__does_not_show_it_again(bench: Bench) -> None:
    made = bench.post("/platforms", BODY).json()
    path = f"/platforms/{made['id']}/keys"
    first = bench.post(path, {"label": "a"}, once="k").json()
    second = bench.post(path, {"label": "a"}, once="k").json()
    assert first["key"].startswith("fc_test_")
    assert second["key"] == first["prefix"] + "…"
