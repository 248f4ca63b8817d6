"""The whole way through the real contracts: onboarding, cover, sale, incident, claims."""

from __future__ import annotations

import pytest

from backend.audit.run import Request, audit
from contracts.client.development import person
from contracts.client.messages import AssessorDecision, digest
from contracts.client.signatures import keccak256, sign
from tests.support.consistency import events_on_chain
from tests.support.insurer import ADMIN, COIN, INSTANT_LIMIT, Backend, Insurer

FIRST_BATCH = 1 << 32
"""Series 1, serial 0."""
SECONDS = 120
"""Length of the attack in these tests: 60 slots of 2 seconds."""


def test_asset__registered__has_its_risk_and_score(backend: Backend) -> None:
    _, risk = backend.onboard()
    assert risk == 0
    found = backend.get(f"/risks/{risk}/score")
    assert (found["score"], found["stale"]) == (2_000, False)


def test_quote__priced_here__is_what_the_contract_binds(backend: Backend, insurer: Insurer) -> None:
    _, risk = backend.onboard()
    made = backend.accept(backend.quote(risk, 100_000 * COIN, 36_000 * COIN))
    backend.settle_chain()
    policy = backend.get(f"/policies/{made['id']}")
    assert policy["status"] == "in_force"
    number = policy["number"]
    insurer.chain.pass_time(3_600)
    premium = backend.get(f"/policies/{number}/premium")
    at = premium["time"]
    earned, balance = insurer.system.read("PolicyBook", "premiumAt", number, at).values()
    assert (premium["earned"], premium["balance"]) == (str(earned), str(balance))
    assert int(premium["rate"]) == int(policy["rate"])


def test_policy__holder_pays__is_bound_from_the_prepared_transactions(
    backend: Backend, insurer: Insurer
) -> None:
    _, risk = backend.onboard()
    made = backend.accept(backend.quote(risk, 10_000 * COIN, 3_600 * COIN), "holder")
    assert made["transaction"] is None
    for call in made["unsigned"]:
        insurer.chain.web3.eth.send_transaction(
            {"from": person("holder").address, "to": call["to"], "data": call["data"]}
        )
    backend.run("index")
    assert backend.get(f"/policies/{made['id']}")["number"] is not None


@pytest.fixture
def sold(backend: Backend) -> str:
    """A series with 100 sold certificates; two policies are bound, one of them large."""
    platform, risk = backend.onboard()
    series = backend.series(platform, risk)
    backend.accept(backend.quote(risk, 20_000 * COIN, 3_600 * COIN))
    backend.accept(backend.quote(risk, 500_000 * COIN, 360_000 * COIN))
    transactions = [
        {
            "holder": person("holder").address,
            "transaction_hash": "0x" + keccak256(f"order {number}".encode()).hex(),
            "sum_insured": str((20 + number) * COIN),
        }
        for number in range(100)
    ]
    answer = backend.post(
        "/transactions:coverBatch", {"series": series, "transactions": transactions}
    )
    assert (answer["first_serial"], len(answer["certificates"])) == (0, 100)
    return series


EXPOSURE = sum(20 + number for number in range(100)) * COIN
SHARE = INSTANT_LIMIT * 500_000 // (20_000 + 500_000 + 200_000)
"""The large policy's part of the instant limit: all sums insured on the risk count, reserved ones
included."""


def numbers(backend: Backend) -> tuple[int, int]:
    """Numbers of the small and the large policy."""
    found = {int(p["sum_insured"]): p["number"] for p in backend.get("/policies")["items"]}
    return found[20_000 * COIN], found[500_000 * COIN]


def post(backend: Backend, series: str) -> None:
    backend.post("/bordereaux", {"series": series})
    backend.settle_chain()


def attack_and_settle(backend: Backend, insurer: Insurer) -> int:
    first = insurer.attack(SECONDS // 2)
    insurer.close_slots()
    backend.run("index", "settle")
    backend.settle_chain()
    return first


def test_bordereau__posted__has_the_root_and_totals_of_its_certificates(
    backend: Backend, sold: str
) -> None:
    post(backend, sold)
    batch = backend.get(f"/bordereaux/{FIRST_BATCH}")
    assert (batch["size"], batch["first_serial"]) == (100, 0)
    assert int(batch["exposure"]) == EXPOSURE
    certificate = backend.get(f"/certificates/{sold}/7")
    assert (certificate["status"], certificate["batch"], certificate["index"]) == (
        "posted",
        FIRST_BATCH,
        7,
    )
    assert backend.get(f"/certificates/{sold}/7/proof")["root"] == batch["root"]


def test_post_job__oldest_is_old_enough__posts_without_being_asked(
    backend: Backend, insurer: Insurer, sold: str
) -> None:
    backend.run("post")
    backend.settle_chain()
    assert backend.get("/bordereaux")["items"] == []
    insurer.chain.pass_time(61)
    for _ in range(2):
        backend.run("post")
        backend.settle_chain()
    assert [batch["size"] for batch in backend.get("/bordereaux")["items"]] == [100]


def test_settlement__slots_still_open__pays_nothing_yet(
    backend: Backend, insurer: Insurer, sold: str
) -> None:
    backend.settle_chain()
    insurer.attack(SECONDS // 2)
    backend.run("index", "settle")
    backend.settle_chain()
    assert backend.get("/payouts")["items"] == []


def test_settlement__attack__pays_what_is_due_and_refers_what_exceeds_the_limit(
    backend: Backend, insurer: Insurer, sold: str
) -> None:
    post(backend, sold)
    first = attack_and_settle(backend, insurer)
    small, large = numbers(backend)
    paid = {(p["cover"], p["number"]): int(p["amount"]) for p in backend.get("/payouts")["items"]}
    assert paid == {
        ("policy", small): 3_600 * COIN * SECONDS // 3_600,
        ("policy", large): SHARE,
        ("certificates", FIRST_BATCH): EXPOSURE,
    }
    referral = backend.get("/referrals")["items"][0]
    assert (referral["policy"], referral["run_start"]) == (large, first)
    assert int(referral["scheduled"]) == 360_000 * COIN * SECONDS // 3_600 - SHARE
    assert backend.get(f"/certificates/{sold}/7")["status"] == "paid"


def test_settlement__run_again__pays_nothing_twice(
    backend: Backend, insurer: Insurer, sold: str
) -> None:
    backend.settle_chain()
    attack_and_settle(backend, insurer)
    for _ in range(2):
        backend.run("index", "settle")
        backend.settle_chain()
    assert len(backend.get("/payouts")["items"]) == 2
    assert sent(backend).count("ClaimsDesk.settle") == 2


def sent(backend: Backend) -> list[str]:
    """What the backend's transactions were for."""
    return [t["purpose"] for t in backend.get("/chain-transactions", ADMIN)["items"]]


def decide(backend: Backend, insurer: Insurer, claim: str, name: str, approve: bool) -> None:
    deadline = insurer.chain.now() + 40
    reason = "follows from the slots"
    message = AssessorDecision(
        bytes.fromhex(claim[2:]), approve, keccak256(reason.encode()), deadline
    )
    hashed = digest(message, insurer.deployment.domain(message))
    body = {"approve": approve, "reason": reason, "deadline": deadline}
    signature = "0x" + sign(hashed, person(name).key).hex()
    backend.post(f"/referrals/{claim}/decisions", body | {"signature": signature})
    backend.settle_chain(2)


@pytest.mark.parametrize(("approve", "status"), [(True, "approved"), (False, "refused")])
def test_referral__two_assessors_agree__decides_the_scheduled_amount(
    backend: Backend, insurer: Insurer, sold: str, approve: bool, status: str
) -> None:
    backend.settle_chain()
    attack_and_settle(backend, insurer)
    referral = backend.get("/referrals")["items"][0]
    insurer.chain.pass_time(11)
    for name in ("assessor_a", "assessor_b"):
        decide(backend, insurer, referral["id"], name, approve)
    claim = backend.get(f"/claims/{referral['id']}")
    assert claim["status"] == status
    assert claim["reviewed" if approve else "refused"] == referral["scheduled"]
    assert len(claim["decisions"]) == 2
    assert backend.get("/referrals")["items"] == []


def test_screen__suspicious_run__is_held_and_paid_by_review_alone(insurer: Insurer) -> None:
    backend = Backend(insurer, hold_address=person("claims_hold").address)
    _, risk = backend.onboard()
    backend.accept(backend.quote(risk, 500_000 * COIN, 360_000 * COIN))
    backend.settle_chain()
    insurer.attack(SECONDS // 2)
    backend.run("index", "screen")
    backend.settle_chain()
    (asked,) = backend.get("/hold-requests", ADMIN)["items"]
    claim = backend.get(f"/claims/{asked['claim']}")
    assert claim["status"] == "held"
    (held,) = events_on_chain(backend, "ClaimsDesk", "ClaimHeld")
    assert held["reasonHash"] == asked["reason_hash"]
    insurer.chain.pass_time(held["until"] - 20 - insurer.chain.now())
    backend.run("index", "settle")
    backend.settle_chain()
    assert "ClaimsDesk.settle" not in sent(backend)
    insurer.close_slots()
    backend.run("index", "settle")
    backend.settle_chain()
    assert backend.get("/payouts")["items"] == []
    (referral,) = backend.get("/referrals", ADMIN)["items"]
    assert int(referral["scheduled"]) == 360_000 * COIN * SECONDS // 3_600
    assert referral["hold"]["reason_hash"] == asked["reason_hash"]
    backend.close()


def test_lifecycle__paid_policy__has_every_stage_with_its_transaction(
    backend: Backend, insurer: Insurer, sold: str
) -> None:
    backend.settle_chain()
    insurer.report(4_000)
    attack_and_settle(backend, insurer)
    small, _ = numbers(backend)
    life = backend.get(f"/policies/{small}/lifecycle")
    assert life["stage"] == "recover"
    steps = [step["step"] for step in life["steps"]]
    assert steps[:7] == [
        "product_registered", "applicant_onboarded", "risk_registered", "score_moved",
        "quote_accepted", "policy_bound", "rate_reset",
    ]  # fmt: skip
    assert set(steps[7:]) == {"slots_attested", "claim_paid"}


def test_rates__score_rises__are_listed_with_their_transaction(
    backend: Backend, insurer: Insurer, sold: str
) -> None:
    backend.settle_chain()
    insurer.report(4_000)
    backend.run("index")
    rate = backend.get("/risks/0/rates")["items"][0]
    assert int(rate["rate_before"]) == 13 * 10**15
    assert int(rate["rate_after"]) == insurer.system.read("RateIndex", "rateOf", 1, 0)


def test_expiry__claim_windows_over__releases_everything(
    backend: Backend, insurer: Insurer, sold: str
) -> None:
    post(backend, sold)
    assert insurer.system.read("Cell", "locked") > 520_000 * COIN
    insurer.chain.pass_time(86_400 + 300 + 600 + 10)
    backend.run("index", "expire")
    backend.settle_chain()
    policies = backend.get("/policies")["items"]
    assert [policy["status"] for policy in policies] == ["expired", "expired"]
    assert all(
        int(p["premium_paid"]) == int(p["premium_earned"]) + int(p["refunded"]) for p in policies
    )
    assert backend.get(f"/bordereaux/{FIRST_BATCH}")["expired"] is True
    assert insurer.system.read("Cell", "locked") == 200_000 * COIN - EXPOSURE
    addresses, database = dict(insurer.deployment.contracts), backend.settings.database_url
    found = audit(Request(insurer.chain.url, addresses, database=database))
    assert ([str(finding) for finding in found.result.findings], found.differences) == ([], 0)
