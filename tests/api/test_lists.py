"""Cursor pages over lists and over the ledger's events."""

from __future__ import annotations

import pytest

from tests.support.api import PLATFORM, Bench, kind_of

BODY = {"country": "DE", "industry": "retail", "wallet": PLATFORM.address}


@pytest.mark.parametrize("cursor", ["x", "bm90anNvbg", "WzFd", "W10", "WzFlMzBd", "WzEuNV0"])
def test_page__cursor_of_no_page__is_400(bench: Bench, cursor: str) -> None:
    _, key = bench.platform()
    answer = bench.get("/applicants", key, cursor=cursor)
    assert (answer.status_code, kind_of(answer)) == (400, "invalid-cursor")


@pytest.mark.parametrize("limit", [0, 201, "many"])
def test_page__limit_out_of_range__is_422(bench: Bench, limit: object) -> None:
    _, key = bench.platform()
    assert bench.get("/applicants", key, limit=limit).status_code == 422


def test_page__followed_to_the_end__has_each_row_once(bench: Bench) -> None:
    _, key = bench.platform()
    made = {
        bench.post("/applicants", {"name": f"A{n}", **BODY}, key).json()["id"] for n in range(5)
    }
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = bench.get("/applicants", key, **query).json()
        seen += [row["id"] for row in answer["items"]]
        cursor = answer["next_cursor"]
    assert cursor is None
    assert sorted(seen) == sorted(made)


def test_events__after_a_cursor__go_on_where_it_was(bench: Bench) -> None:
    bench.product(1)
    bench.product(2)
    first = bench.get("/events", limit=1).json()
    assert first["items"][0]["subject"] == "product:1"
    second = bench.get("/events", after=first["next_cursor"]).json()
    assert [event["subject"] for event in second["items"]] == ["product:2"]
    assert second["next_cursor"] is None
    end = second["items"][-1]["cursor"]
    assert bench.get("/events", after=end).json() == {"items": [], "next_cursor": None}


def test_events__integers__are_text(bench: Bench) -> None:
    bench.product(1)
    event = bench.get("/events").json()["items"][0]
    assert event["args"]["terms"]["maxSumInsured"] == "1000000000000"
    assert event["args"]["table"].isdigit()


def test_products__registered_then_closed__say_so(bench: Bench) -> None:
    bench.product(1)
    bench.event("ProductBook", "ProductClosed", product=1)
    product = bench.get("/products/1").json()
    assert product["open"] is False
    assert product["rates"][0] == str(10 * 10**15)
    assert bench.get("/products/2").status_code == 404
