"""Quotes: refusals first, then what is signed."""

from __future__ import annotations

from typing import Any

import pytest

from backend.quotes.schemas import QuoteMessage
from contracts.client.errors import ContractReverted
from contracts.client.messages import Quote, digest
from contracts.client.signatures import recover
from tests.support.api import APPLICANT, DEPLOYMENT, HOLDER, OTHER, UNDERWRITER, Bench, kind_of

WISH = {
    "product": 1,
    "risk": 0,
    "sum_insured": "100000000000",
    "loss_per_hour": "1000000000",
    "term": 86_400,
}


@pytest.fixture
def key(bench: Bench) -> str:
    bench.product(1)
    _, made = bench.platform()
    bench.asset(made)
    return made


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"product": 9}, 404, "not-found"),
        ({"risk": 9}, 404, "not-found"),
        ({"sum_insured": "0"}, 409, "not-offered"),
        ({"sum_insured": "1000000000001"}, 409, "not-offered"),
        ({"term": 86_401}, 409, "not-offered"),
        ({"rate_ceiling": "1"}, 409, "not-offered"),
        ({"sum_insured": 5}, 422, "invalid-request"),
        ({"sum_insured": "-5"}, 422, "invalid-request"),
        ({"sum_insured": "1.5"}, 422, "invalid-request"),
        ({"sum_insured": str(2**128)}, 422, "invalid-request"),
        ({"holder": "0x12"}, 422, "invalid-request"),
        ({"dependencies": [1, 2, 3, 4, 5]}, 422, "invalid-request"),
        ({"unknown": 1}, 422, "invalid-request"),
    ],
)
def test_quote__bad_wish__is_refused(
    bench: Bench, key: str, change: dict[str, Any], status: int, kind: str
) -> None:
    answer = bench.post("/quotes", WISH | change, key)
    assert (answer.status_code, kind_of(answer)) == (status, kind)


def test_quote__closed_product__is_refused(bench: Bench, key: str) -> None:
    bench.event("ProductBook", "ProductClosed", product=1)
    assert bench.post("/quotes", WISH, key).json()["rule"] == "product_closed"


def test_quote__no_score_yet__is_refused(bench: Bench, key: str) -> None:
    bench.market.scores.clear()
    answer = bench.post("/quotes", WISH, key)
    assert (answer.status_code, kind_of(answer)) == (409, "score-unavailable")


def test_quote__stale_score__is_refused(bench: Bench, key: str) -> None:
    bench.market.scores.clear()
    bench.market.refusal = ContractReverted("StaleScore", {"risk": 0, "frame": 1, "current": 9})
    answer = bench.post("/quotes", WISH, key)
    assert answer.json()["error"] == "StaleScore"


@pytest.mark.parametrize(("score", "decision"), [(7_500, "refer"), (9_400, "decline")])
def test_quote__score_beyond_the_appetite__is_refused_with_reasons(
    bench: Bench, score: int, decision: str
) -> None:
    bench.product(1)
    _, key = bench.platform()
    bench.asset(key, score=score)
    answer = bench.post("/quotes", WISH, key)
    assert (answer.status_code, kind_of(answer)) == (409, "onboarding-refused")
    assert answer.json()["decision"] == decision
    assert answer.json()["reasons"][0]["remedy"]


def test_quote__another_platforms_risk__is_404(bench: Bench, key: str) -> None:
    _, other = bench.platform("Other", OTHER.address)
    assert bench.post("/quotes", WISH, other).status_code == 404


def test_quote__accepted__is_signed_by_the_underwriter_over_the_message(
    bench: Bench, key: str
) -> None:
    made = bench.post("/quotes", WISH | {"holder": HOLDER.address}, key).json()
    message = QuoteMessage(**made["quote"]).message()
    hashed = digest(message, DEPLOYMENT.domain(Quote))
    assert made["digest"] == "0x" + hashed.hex()
    assert recover(hashed, bytes.fromhex(made["signature"][2:])) == UNDERWRITER.address
    assert (message.applicant, message.holder) == (APPLICANT.address, HOLDER.address)
    assert (message.score_frame, message.deadline) == (7, bench.market.time + 300)


def test_quote__accepted__prices_the_score(bench: Bench, key: str) -> None:
    made = bench.post("/quotes", WISH, key).json()
    assert made["table_rate"] == str(13 * 10**15)
    assert made["loading"] == str(10**15)
    assert made["quote"]["rate"] == str(14 * 10**15)
    assert made["top_rate"] == made["quote"]["rate_ceiling"] == str(26 * 10**15)
    exact = 14 * 10**15 * 100_000_000_000 * 86_400
    assert int(made["full_term_premium"]) == -(-exact // (10**18 * 31_536_000))


def test_quote__same_wish_twice__has_another_salt(bench: Bench, key: str) -> None:
    salts = {bench.post("/quotes", WISH, key).json()["quote"]["salt"] for _ in range(3)}
    assert len(salts) == 3


def test_quote__dependencies__are_packed_lowest_first(bench: Bench, key: str) -> None:
    made = bench.post("/quotes", WISH | {"dependencies": [3, 7]}, key).json()
    assert made["quote"]["dependencies"] == str(3 + (7 << 32))


def test_assessment__covered_asset__accepts_with_its_score(bench: Bench) -> None:
    bench.product(1)
    _, key = bench.platform()
    asset = bench.asset(key, score=2_000)
    made = bench.get(f"/assets/{asset}/assessment", key).json()
    assert (made["decision"], made["score"], made["risk"]) == ("accept", 2_000, 0)
    assert made["loading_bps"] == 500


def test_quote__terms_known_for_the_block__asks_neither_ledger_nor_chain(
    bench: Bench, key: str
) -> None:
    first = bench.post("/quotes", WISH, key).json()
    bench.market.is_known = True
    del bench.market.scores[0]
    again = bench.post("/quotes", WISH, key).json()
    assert again["quote"] | {"salt": ""} == first["quote"] | {"salt": ""}
    assert again["digest"] != first["digest"]
    bench.market.number += 1
    assert kind_of(bench.post("/quotes", WISH, key)) == "score-unavailable"


def test_quote__terms_known_to_another_platform__stay_with_it(bench: Bench, key: str) -> None:
    bench.post("/quotes", WISH, key)
    bench.market.is_known = True
    _, other = bench.platform("Other", OTHER.address)
    assert kind_of(bench.post("/quotes", WISH, other)) == "not-found"
