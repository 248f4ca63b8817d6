"""The fraud screen as a job: what it records, for whom it shows, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.claims.screen import claim_id, reason_hash
from backend.domain.fraud import Suspicion
from backend.jobs.screen import run_screen
from contracts.client.errors import ContractReverted
from contracts.client.messages import keccak256
from tests.support.api import APPLICANT, HOLDER, OTHER, PLATFORM, Bench

LENGTH = 86_400


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.product(1, waitingPeriod=0, coverageLag=0)
    _, key = bench.platform()
    bench.asset(key)
    return bench


def bound(bench: Bench, number: int, **changes: Any) -> None:
    values = {
        "risk": 0, "holder": HOLDER.address, "applicant": APPLICANT.address, "premium": 10**6,
        "lossPerHour": 10**11, "start": bench.market.time, "end": bench.market.time + LENGTH,
    }  # fmt: skip
    bench.event(
        "PolicyBook", "PolicyBound", policy=number, product=1, payer=PLATFORM.address,
        quoteDigest=f"0x{number:064x}", sumInsured=10**12, rate=14 * 10**15, loading=10**15,
        **values | changes,
    )  # fmt: skip


def attacked(bench: Bench, slots: int = 4) -> int:
    """A run of lost and attacked slots in the epoch after the latest block; its first slot."""
    length = bench.contracts.deployment.parameters.slot_length
    epoch = bench.market.time // (64 * length) + 1
    mask = (1 << slots) - 1
    bench.event(
        "IncidentRegistry", "SlotsAttested", subject=0, epoch=epoch, lostMask=mask,
        attackMask=mask,
    )  # fmt: skip
    bench.market.time = epoch * 64 * length + slots * length
    return epoch * 64


def holds(bench: Bench) -> Any:
    return bench.get("/hold-requests").json()["items"]


def test_screen__nothing_suspicious__asks_for_nothing(bench: Bench) -> None:
    bound(bench, 1, start=bench.market.time - 2 * LENGTH, premium=10**12)
    attacked(bench)
    assert run_screen(bench.services) == 0
    assert holds(bench) == []


def test_screen__run_outside_of_cover__asks_for_nothing(bench: Bench) -> None:
    bound(bench, 1, end=bench.market.time + 1)
    attacked(bench)
    assert run_screen(bench.services) == 0


def test_screen__hold_window_over__asks_for_nothing_any_more(bench: Bench) -> None:
    bound(bench, 1)
    attacked(bench)
    bench.market.time += bench.contracts.deployment.parameters.max_report_delay + 10
    assert run_screen(bench.services) == 0


def test_screen__soon_and_dear__asks_once_with_the_reasons_hash(bench: Bench) -> None:
    bound(bench, 1)
    first = attacked(bench)
    assert run_screen(bench.services) == 1
    assert run_screen(bench.services) == 0
    (hold,) = holds(bench)
    assert (hold["claim"], hold["run_start"]) == (claim_id(1, first), first)
    assert [r["rule"] for r in hold["reasons"]] == ["soon_after_inception", "payout_to_premium"]
    found = [Suspicion(**reason) for reason in hold["reasons"]]
    assert hold["reason_hash"] == reason_hash(hold["claim"], found)


def test_screen__other_applicant_pays_the_holder__asks(bench: Bench) -> None:
    start = bench.market.time - 2 * LENGTH
    bound(bench, 1, start=start, premium=10**12)
    bound(bench, 2, start=start, premium=10**12, risk=7, applicant=OTHER.address)
    attacked(bench)
    run_screen(bench.services)
    assert [r["rule"] for r in holds(bench)[0]["reasons"]] == ["linked_holder"]


def test_screen__signs_for_who_may_hold__queues_the_hold_once(bench: Bench) -> None:
    bench.services.settings = replace(bench.settings, hold_address=OTHER.address)
    asked: list[tuple[Any, ...]] = []
    bench.contracts.views["ClaimsDesk", "hold"] = lambda *call: asked.append(call)
    bound(bench, 1)
    first = attacked(bench)
    for _ in range(2):
        run_screen(bench.services)
    (hold,) = holds(bench)
    parameters = bench.contracts.deployment.parameters
    opens = (first + 1) * parameters.slot_length + parameters.max_report_delay + 10
    claim, reason = (bytes.fromhex(hold[name][2:]) for name in ("claim", "reason_hash"))
    assert asked == [(claim, reason, opens + 60)]
    (sent,) = [t for t in bench.transactions() if t.function == "hold"]
    assert sent.sender == OTHER.address


def test_screen__contract_refuses_the_hold__queues_nothing(bench: Bench) -> None:
    bench.services.settings = replace(bench.settings, hold_address=OTHER.address)
    bench.contracts.views["ClaimsDesk", "hold"] = ContractReverted("HoldOutOfTime", {})
    bound(bench, 1)
    attacked(bench)
    assert run_screen(bench.services) == 1
    assert [t for t in bench.transactions() if t.function == "hold"] == []


def test_hold__of_a_scheduled_claim__shows_in_the_insurers_referrals_alone(bench: Bench) -> None:
    _, key = bench.platform("Other", OTHER.address)
    bound(bench, 1)
    first = attacked(bench)
    run_screen(bench.services)
    claim = claim_id(1, first)
    bench.event(
        "ClaimsDesk", "ClaimScheduled", claim=claim, policy=1, amount=10**6, decideFrom=0,
        deadline=2**40 - 1,
    )  # fmt: skip
    (referral,) = bench.get("/referrals").json()["items"]
    assert (referral["id"], referral["hold"]["claim"]) == (claim, claim)
    assert bench.get("/referrals", key).json()["items"] == []
    assert bench.transactions()[-1].function != "hold"


def test_reason_hash__other_words__is_another() -> None:
    one = [Suspicion("velocity", 1, "3 claims")]
    other = [Suspicion("velocity", 1, "4 claims")]
    assert reason_hash("0x1", one) != reason_hash("0x1", other)
    canonical = b'{"claim":"0x1","reasons":[{"detail":"3 claims","rule":"velocity"}]}'
    assert reason_hash("0x1", one) == "0x" + keccak256(canonical).hex()
