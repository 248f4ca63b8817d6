"""Named stories played by the contracts and by the model: they agree to the token unit."""

from __future__ import annotations

import pytest

from tests.model.cover import Sums
from tests.support.live import DOLLAR
from tests.support.mirror import Mirror
from tests.support.mirror_state import compare

DAY = 86_400


def bind(mirror: Mirror, insured: int, hourly: int, premium: int, loading: int = 0) -> int:
    """A policy on risk 1, sums in dollars, premium in token units."""
    sums = Sums(insured * DOLLAR, hourly * DOLLAR, loading)
    number = mirror.bind(mirror.outages, "holder", 1, sums, premium, DAY)
    assert number is not None
    return int(number)


def settleable(mirror: Mirror) -> None:
    """Waits until every run that was attested until now has ended and may be settled."""
    last = mirror.live.slot(mirror.now) + 4
    mirror.live.wait_until(mirror.live.settle_time(last, mirror.terms[mirror.outages]))


def test_policy__scores_move_and_funds_run_out__consumes_and_lapses_alike(mirror: Mirror) -> None:
    number = bind(mirror, 99_999, 3_600, 6 * DOLLAR, loading=7)
    for score in (4_700, 1_500, 3_900):
        mirror.live.wait(1_000)
        mirror.report({0: 3_000, 1: score, 2: 3_000})
        compare(mirror)
    mirror.live.wait(60_000)
    mirror.touch(number, "stranger")
    assert mirror.economy.policies[number].lapsed_at is not None
    mirror.top_up(number, 3 * DOLLAR)
    assert len(mirror.economy.policies[number].segments) == 2
    compare(mirror)
    assert mirror.cancel(number) > 0
    compare(mirror)


def test_policy__endorsed_and_reduced__is_priced_by_segment(mirror: Mirror) -> None:
    number = bind(mirror, 10_000, 1_000, 30 * DOLLAR)
    mirror.live.wait(900)
    assert mirror.endorse(number, Sums(20_000 * DOLLAR, 3_000 * DOLLAR, 5))
    compare(mirror)
    assert mirror.endorse(number, Sums(30_000 * DOLLAR, 3_000 * DOLLAR)) is None
    mirror.live.wait(2_000)
    mirror.report({0: 3_000, 1: 4_400, 2: 3_000})
    assert mirror.reduce(number, Sums(7_000 * DOLLAR, 500 * DOLLAR, 5))
    compare(mirror)
    assert [s.sums.insured // DOLLAR for s in mirror.economy.policies[number].segments] == [
        10_000,
        20_000,
        7_000,
    ]
    mirror.live.wait(2 * DAY)
    assert mirror.finish([number], "stranger")
    compare(mirror)
    assert mirror.expire([number], "stranger")
    compare(mirror)
    assert mirror.economy.cell.locked == 0


def test_policies__finished_by_a_list__pay_the_cell_one_sum_for_each_risk(mirror: Mirror) -> None:
    numbers = [bind(mirror, insured, 997, 6 * DOLLAR) for insured in (7_001, 7_003, 7_009)]
    sums = Sums(7_013 * DOLLAR, 997 * DOLLAR)
    numbers.insert(2, mirror.bind(mirror.outages, "applicant", 2, sums, 6 * DOLLAR, DAY))
    mirror.live.wait(2 * DAY)
    assert mirror.finish([numbers[0], *numbers], "stranger")
    compare(mirror)


def test_policy__two_outages_and_the_limit__pay_alike(mirror: Mirror) -> None:
    number = bind(mirror, 500, 500, 3 * DOLLAR)
    mirror.live.wait(60)
    runs = []
    for slots in (180, 200):
        runs.append(mirror.outage(1, slots))
        mirror.live.wait(2_000)
    granted = [mirror.settle(number, run, "stranger") for run in reversed(runs)]
    assert sum(granted) == 500 * DOLLAR
    assert mirror.settle(number, runs[0], "stranger") is None
    compare(mirror)
    mirror.live.wait(2 * DAY)
    assert mirror.expire([number], "stranger")
    compare(mirror)


def test_policy__of_dependencies__pays_while_both_are_lost(mirror: Mirror) -> None:
    first, second = mirror.dependencies
    sums = Sums(10_000 * DOLLAR, 10_000 * DOLLAR, 0, frozenset({first, second}))
    number = mirror.bind(mirror.dependent, "applicant", 2, sums, 20 * DOLLAR, DAY)
    mirror.live.wait(60)
    alone = mirror.outage(2, 9)
    run = mirror.outage(2, 40, [second])
    settleable(mirror)
    assert mirror.settle(number, alone, "relayer") is None
    paid = (400 - 30) * 10_000 * DOLLAR // 3_600
    assert mirror.settle(number, run, "relayer") == paid
    assert mirror.economy.reviews["policy", number, run].pending == paid - 1_000 * DOLLAR
    compare(mirror)


def test_claim__large_and_held__goes_to_the_assessors_and_waits_for_another_day(
    mirror: Mirror,
) -> None:
    number = bind(mirror, 90_000, 90_000, 40 * DOLLAR)
    other = mirror.bind(
        mirror.outages, "applicant", 1, Sums(30_000 * DOLLAR, 30_000 * DOLLAR), 40 * DOLLAR, DAY
    )
    mirror.live.wait(60)
    run = mirror.outage(1, 30)
    claim, second = ("policy", number, run), ("policy", other, run)
    assert mirror.hold(second, mirror.now + 1_500)
    settleable(mirror)
    assert mirror.settle(number, run, "holder") == 270 * 25 * DOLLAR
    assert mirror.economy.reviews[claim].pending == 6_000 * DOLLAR
    assert mirror.settle(other, run, "holder") is None
    compare(mirror)
    mirror.live.wait(60)
    for assessor in ("assessor_a", "assessor_b"):
        assert mirror.decide(claim, True, assessor)
    compare(mirror)
    mirror.live.wait(1_500)
    assert mirror.settle_many([number, other], run, "stranger") == 2_250 * DOLLAR
    assert mirror.challenge(second, "stranger")
    compare(mirror)
    assert mirror.end_challenge(second, True)
    assert mirror.withdraw_challenge_bond("stranger")
    compare(mirror)
    assert mirror.economy.committed[other] == 0


def test_loss__beyond_junior__takes_senior_and_later_lenders_buy_at_the_lower_price(
    mirror: Mirror,
) -> None:
    number = bind(mirror, 90_000, 90_000, 40 * DOLLAR)
    mirror.live.wait(60)
    run = mirror.outage(1, 300)
    mirror.request_redeem("lender_senior", "senior", mirror.economy.vault("senior").supply // 2)
    settleable(mirror)
    assert mirror.settle(number, run, "stranger") > 50_000 * DOLLAR
    mirror.live.wait(2_000)
    assert mirror.close_review(("policy", number, run), "stranger")
    assert mirror.economy.cell.junior == 0
    mirror.request_deposit("stranger", "senior", 10_000 * DOLLAR)
    mirror.live.wait(8_000)
    mirror.settle_epoch("relayer")
    mirror.collect_shares("stranger", "senior")
    mirror.collect_assets("lender_senior", "senior")
    compare(mirror)


def test_collection__deposit_before_and_withdrawal_after__earns_nothing(mirror: Mirror) -> None:
    """Nobody buys shares right before a collection and sells them right after it at a profit."""
    number = bind(mirror, 99_999, 3_600, 40 * DOLLAR, loading=30)
    mirror.live.wait(80_000)
    before = mirror.economy.wallets["stranger"]
    mirror.request_deposit("stranger", "senior", 30_000 * DOLLAR)
    mirror.touch(number, "stranger")
    mirror.live.wait(4_000)
    mirror.settle_epoch("stranger")
    mirror.collect_shares("stranger", "senior")
    shares = mirror.economy.vault("senior").shares["stranger"]
    mirror.request_redeem("stranger", "senior", shares)
    mirror.live.wait(8_000)
    mirror.settle_epoch("stranger")
    mirror.collect_assets("stranger", "senior")
    assert mirror.economy.wallets["stranger"] <= before
    compare(mirror)


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("pushed", [False, True])
def test_certificates__sold_brought_claimed_and_expired__agree(
    mirror: Mirror, committed: bool, pushed: bool
) -> None:
    bucket = mirror.now + 3_600 + 7_200
    number = mirror.reserve(0, 2_000, 20, bucket, pushed)
    payees = ["buyer 0", "buyer 1", "buyer 2", "buyer 0"]
    batch = mirror.bring(number, [400, 7, 1, 300], payees, committed)
    mirror.live.wait(70)
    run = mirror.outage(0, 6)
    settleable(mirror)
    assert mirror.settle_certificates(batch, run, [0, 3], "relayer") == 700 * DOLLAR
    assert mirror.settle_certificates(batch, run, [0, 1], "relayer") is None
    compare(mirror)
    assert mirror.prove_omission(number, 4, 500)
    compare(mirror)
    mirror.live.wait(20_000)
    for claim in list(mirror.economy.reviews):
        assert mirror.close_review(claim, "stranger")
    assert mirror.expire_batch(batch, "stranger") == 8 * DOLLAR
    assert mirror.release_reservation(number) == (2_000 - 708 - 500) * DOLLAR
    compare(mirror)
    paid = "buyer 0" if pushed else "platform"
    assert mirror.economy.wallets[paid] > 0
