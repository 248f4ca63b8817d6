"""Endorsements and reductions over HTTP: what is refused, what is queued, what is prepared."""

from __future__ import annotations

from typing import Any

import pytest

from backend.chain.keys import Signer
from contracts.client.errors import ContractReverted
from tests.support.api import APPLICANT, HOLDER, PLATFORM, Bench, kind_of

INSURED, HOURLY = 10**11, 10**9
WISH = {"sum_insured": str(2 * INSURED), "loss_per_hour": str(2 * HOURLY)}


@pytest.fixture
def key(bench: Bench) -> str:
    bench.product(1)
    _, made = bench.platform()
    bench.asset(made)
    bench.contracts.views |= {
        ("PolicyBook", "endorse"): bench.market.time + 60,
        ("PolicyBook", "premiumAt"): [10, 20],
        ("RateIndex", "rateOf"): 13 * 10**15,
    }
    return made


def bound(bench: Bench, key: str, holder: Signer = HOLDER) -> str:
    """A policy of the platform on the ledger."""
    wish = {"product": 1, "risk": 0, "sum_insured": str(INSURED), "loss_per_hour": str(HOURLY)}
    quote = quoted(bench, key, holder, **wish)
    body = {"quote": quote["quote"], "signature": quote["signature"], "premium": "4000000"}
    bench.post("/policies", body, key)
    bench.event(
        "PolicyBook", "PolicyBound", policy=1, product=1, risk=0, holder=holder.address,
        applicant=APPLICANT.address, payer=PLATFORM.address, quoteDigest=quote["digest"],
        sumInsured=INSURED, lossPerHour=HOURLY, rate=14 * 10**15, loading=10**15,
        premium=4 * 10**6, start=bench.market.time, end=bench.market.time + 86_400,
    )  # fmt: skip
    return str(quote["digest"])


def quoted(bench: Bench, key: str, holder: Signer = HOLDER, **wish: Any) -> Any:
    body = {"product": 1, "risk": 0, "term": 86_400, "holder": holder.address} | WISH | wish
    return bench.post("/quotes", body, key).json()


def preview(bench: Bench, key: str, **wish: Any) -> Any:
    return bench.post("/policies/1/endorsement-preview", WISH | wish, key)


def taken(made: Any) -> dict[str, Any]:
    return {"quote": made["quote"], "signature": made["signature"]}


def test_preview__contract_would_refuse__says_its_error(bench: Bench, key: str) -> None:
    bound(bench, key)
    pending = ContractReverted("EndorsementPending", {"policy": 1, "at": 5})
    bench.contracts.views["PolicyBook", "endorse"] = pending
    answer = preview(bench, key)
    assert (answer.status_code, kind_of(answer)) == (409, "contract-refused")
    assert answer.json()["error"] == "EndorsementPending"


def test_preview__policy_that_has_ended__is_refused(bench: Bench, key: str) -> None:
    bound(bench, key)
    bench.market.time += 86_400
    assert kind_of(preview(bench, key)) == "conflict"


def test_preview__not_on_the_ledger_yet__is_refused(bench: Bench, key: str) -> None:
    quote = quoted(bench, key)
    bench.post("/policies", taken(quote) | {"premium": "8000000"}, key)
    answer = bench.post(f"/policies/{quote['digest']}/endorsement-preview", WISH, key)
    assert kind_of(answer) == "conflict"


def test_preview__more_than_the_product_covers__is_not_offered(bench: Bench, key: str) -> None:
    bound(bench, key)
    assert kind_of(preview(bench, key, sum_insured=str(10**13))) == "not-offered"


def test_preview__for_the_rest_of_the_term__names_rates_and_when_it_acts(
    bench: Bench, key: str
) -> None:
    bound(bench, key)
    bench.market.time += 400
    made = preview(bench, key).json()
    assert (made["rate_before"], made["rate_after"]) == (str(14 * 10**15), str(14 * 10**15))
    assert made["quote"]["term"] == 86_000
    assert (made["quote"]["holder"], made["balance"]) == (HOLDER.address, "20")
    assert made["acts_at"] == bench.market.time - 400 + 60
    assert made["sum_insured_before"] == str(INSURED)


@pytest.mark.parametrize("change", [{"holder": PLATFORM}, {"deadline": True}, {"signature": True}])
def test_endorsement__quote_of_another_holder_old_or_changed__is_refused(
    bench: Bench, key: str, change: dict[str, Any]
) -> None:
    bound(bench, key)
    made = quoted(bench, key, change.get("holder", HOLDER))
    body = taken(made)
    if "signature" in change:
        body["quote"] |= {"sum_insured": "1"}
    if "deadline" in change:
        bench.market.time = made["quote"]["deadline"] + 1
    expected = "conflict" if "holder" in change else "signature-invalid"
    expected = "quote-expired" if "deadline" in change else expected
    assert kind_of(bench.post("/policies/1/endorsements", body, key)) == expected


def test_endorsement__holder_not_custodied__is_prepared(bench: Bench, key: str) -> None:
    bound(bench, key)
    made = bench.post("/policies/1/endorsements", taken(preview(bench, key).json()), key).json()
    assert made["transaction"] is None
    assert [call["to"] for call in made["unsigned"]] == [bench.contracts.address("PolicyBook")]


def test_endorsement__holder_custodied__is_queued_once_for_each_quote(
    bench: Bench, key: str
) -> None:
    bound(bench, key, PLATFORM)
    body = taken(preview(bench, key).json())
    first = bench.post("/policies/1/endorsements", body, key).json()
    again = bench.post("/policies/1/endorsements", body, key).json()
    assert first["transaction"]["id"] == again["transaction"]["id"]
    queued = [row for row in bench.transactions() if row.function == "endorse"]
    assert [row.sender for row in queued] == [PLATFORM.address]


@pytest.mark.parametrize(
    "change", [{"sum_insured": str(INSURED + 1)}, {"loss_per_hour": str(HOURLY + 1)}]
)
def test_reduction__of_more__is_refused(bench: Bench, key: str, change: dict[str, str]) -> None:
    bound(bench, key)
    wish = {"sum_insured": str(INSURED), "loss_per_hour": str(HOURLY)} | change
    answer = bench.post("/policies/1/reductions", wish, key)
    assert (answer.status_code, kind_of(answer)) == (409, "conflict")


def test_reduction__holder_custodied__is_queued(bench: Bench, key: str) -> None:
    bound(bench, key, PLATFORM)
    wish = {"sum_insured": str(INSURED // 2), "loss_per_hour": str(HOURLY // 2)}
    made = bench.post("/policies/1/reductions", wish, key).json()
    assert made["transaction"]["status"] == "intent"
    assert [row.function for row in bench.transactions()][-1] == "reduce"
