"""Attacks on capital: runs on bad news, sandwiches of a collection, fresh vaults, other modules."""

from __future__ import annotations

from contracts.client.development import person
from tests.contracts.threats.conftest import JUNIOR, succeeds
from tests.support.live import DOLLAR


def epoch(live):
    """Settles the next collection epoch."""
    live.wait(live.parameters.epoch_length)
    live.move("relayer", "Cell", "settleEpoch")


def test_capital_run__when_an_incident_is_in_the_news__shares_the_loss(target):
    live, terms = target.live, target.terms
    policy = live.policy(target.product, target.risk, terms)
    live.wait(live.parameters.epoch_length)
    run = live.outage(target.risk, 60)
    lender = person("lender_junior").address
    shares = live.read("JuniorVault", "balanceOf", lender)
    live.move("lender_junior", "JuniorVault", "requestRedeem", shares // 2, lender, lender)
    succeeds(lambda: live.move("relayer", "Cell", "settleEpoch"))
    out = live.read("JuniorVault", "maxWithdraw", lender)
    live.wait_until(live.settle_time(run + 63, terms))
    live.settle(policy, run)
    assert out == 0, f"{out} left at the price from before the loss"


def test_sandwich__of_a_collection__earns_nothing(target):
    live = target.live
    attacker, amount = person("stranger").address, 10 * JUNIOR
    policy = live.policy(target.product, target.risk, target.terms, premium=5_000 * DOLLAR)
    epoch(live)
    live.wait(80_000)
    live.give("stranger", amount, "JuniorVault")
    live.move("stranger", "JuniorVault", "requestDeposit", amount, attacker, attacker)
    succeeds(lambda: live.move("relayer", "Cell", "settleEpoch"))
    live.move("relayer", "PolicyBook", "touch", policy)
    epoch(live)
    epoch(live)
    live.move("stranger", "JuniorVault", "deposit", amount, attacker)
    shares = live.read("JuniorVault", "balanceOf", attacker)
    value = live.read("JuniorVault", "convertToAssets", shares)
    gain = value - amount
    assert gain <= 1, f"the deposit gained {gain} of premium earned before it"


def test_foreign_module__with_an_assessors_word__cannot_reach_capital(target):
    live = target.live
    live.policy(target.product, target.risk, target.terms)
    before, _ = live.capital()
    payee = person("stranger").address
    for who in ("stranger", "deployer", "treasurer", "guardian", "committee_admin"):
        succeeds(lambda who=who: live.move(who, "Cell", "pay", payee, 100 * DOLLAR))
    taken = before - live.capital()[0]
    assert taken == 0, f"{taken} of capital paid on a word that is not the claims desk's"


def test_solvency__exposure_beyond_the_capital__is_refused(target):
    live = target.live
    bound = 0
    for _ in range(3):
        insured = {"sum_insured": 100_000 * DOLLAR}
        quote = live.quote(target.product, target.risk, target.terms, **insured)
        live.give("holder", 500 * DOLLAR, "PolicyBook")
        transaction = live.bind_transaction(quote, 500 * DOLLAR)
        bound += succeeds(lambda transaction=transaction: live.send("holder", transaction))
    assets, locked = live.capital()
    assert locked <= assets, f"{locked} locked by {bound} policies, the capital is {assets}"
