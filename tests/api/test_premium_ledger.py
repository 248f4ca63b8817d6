"""The premium ledger: nothing of a policy's money is missing from it."""

from __future__ import annotations

from backend.http.examples import BODIES
from tests.support.world import World


def test_premium_ledger__not_on_the_ledger_yet__is_empty(world: World) -> None:
    bench = world.bench
    wish = BODIES["create_quote"] | {"sum_insured": "50000000000"}
    quote = bench.post("/quotes", wish, world.key).json()
    bound = {"quote": quote["quote"], "signature": quote["signature"], "premium": "5000000"}
    digest = bench.post("/policies", bound, world.key).json()["id"]
    ledger = bench.get(f"/policies/{digest}/premium-ledger", world.key).json()
    assert (ledger["entries"], ledger["balance"]) == ([], "0")


def test_premium_ledger__topped_up_and_cancelled__adds_up_to_the_unit(world: World) -> None:
    bench, now = world.bench, world.bench.market.time
    bench.event(
        "PolicyBook", "PolicyToppedUp", policy=1, payer="0x", amount=500, balance=4_000_500,
        newSegment=False,
    )  # fmt: skip
    bench.event("PolicyBook", "PremiumEarned", policy=1, amount=1_234, until=now)
    bench.event("PolicyBook", "PolicyCancelled", policy=1, refund=3_999_266, end=now)
    ledger = bench.get("/policies/1/premium-ledger", world.key).json()
    moves = [(e["kind"], int(e["amount"]), int(e["balance"])) for e in ledger["entries"]]
    assert moves == [
        ("prepaid", 4_000_000, 4_000_000),
        ("prepaid", 500, 4_000_500),
        ("earned", 1_234, 3_999_266),
        ("refunded", 3_999_266, 0),
    ]
    assert ledger["balance"] == "0"
    assert all(e["transaction_hash"].startswith("0x") for e in ledger["entries"])
