"""Attacks on certificates: posted after the incident, claimed twice, sold beyond the bond."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contracts.client.certificates import PostedBatch, Record
from contracts.client.terms import Form, Peril, ProductTerms
from tests.contracts.threats.conftest import Target, succeeds
from tests.support.live import DOLLAR

COUNT, UNITS, BOND = 20, 50, 50_000 * DOLLAR


@dataclass(frozen=True)
class Line:
    """A platform's line on the risk, with serials reserved."""

    target: Target
    terms: ProductTerms
    series: tuple[object, ...]

    def post(self, base: int) -> tuple[int, PostedBatch]:
        live = self.target.live
        records = [Record((0xA000 + n).to_bytes(20, "big"), UNITS, n) for n in range(COUNT)]
        sent, tree = live.post(self.series, records, base)
        return sent.one("BordereauPosted")["batch"], tree


@pytest.fixture
def line(target) -> Line:
    live = target.live
    terms = live.terms(Form.CERTIFICATE, Peril.SERVICE_OUTAGE)
    product = live.product(terms)
    live.facility(product, 10_000 * DOLLAR, BOND)
    series = live.series(product, target.risk, live.bucket(terms))
    live.reserve(series, COUNT * UNITS * DOLLAR, COUNT)
    return Line(target, terms, series)


def settled(line, batch, run, tree, indices, slots):
    """What the platform gets when it claims."""
    live = line.target.live
    live.wait_until(live.settle_time(run + slots + 3, line.terms))
    before = live.balance("platform")
    succeeds(lambda: live.settle_certificates(batch, run, tree, indices))
    return live.balance("platform") - before


def posted_before_an_outage(line):
    """A batch, its tree, and the first slot of an outage that its certificates cover."""
    live = line.target.live
    base = live.now
    batch, tree = line.post(base)
    live.wait_until(base + COUNT + line.terms.coverage_lag)
    run = live.outage(line.target.risk, 10)
    return batch, tree, run


def test_bordereau__posted_after_the_incident_began__is_not_the_pools(line):
    live = line.target.live
    base = live.now
    live.wait(COUNT + line.terms.coverage_lag + 20)
    run = live.outage(line.target.risk, 10)
    batch, tree = line.post(base)
    paid = settled(line, batch, run, tree, range(COUNT), 10)
    assert paid == 0, f"{paid} paid for certificates that were posted after the incident"


def test_certificate__claimed_twice__is_paid_once(line):
    batch, tree, run = posted_before_an_outage(line)
    once = settled(line, batch, run, tree, [3], 10)
    twice = once + settled(line, batch, run, tree, [3], 10)
    assert twice == UNITS * DOLLAR, f"{twice} paid for a certificate of {UNITS * DOLLAR}"


def test_bordereau__posted_again__is_refused_by_its_serials(line):
    live = line.target.live
    base = live.now
    line.post(base)
    live.reserve(line.series, COUNT * UNITS * DOLLAR, COUNT)
    posted = 1 + succeeds(lambda: line.post(base))
    assert posted == 1, f"the same serials were posted {posted} times"


def test_bordereau__expired_early_under_a_forged_seal__is_still_paid(line):
    live = line.target.live
    batch, tree, run = posted_before_an_outage(line)
    named = bytearray(tree.expiring(batch))
    named[36:41] = bytes(5)  # the second from which it may expire
    succeeds(lambda: live.move("stranger", "ExposureLedger", "expireBordereaux", bytes(named)))
    paid = settled(line, batch, run, tree, [3], 10)
    assert paid == UNITS * DOLLAR, f"{paid} of {UNITS * DOLLAR} paid once a stranger expired it"


def test_stolen_underwriter_key__reserves_beyond_the_bond__is_bounded_by_it(line):
    live = line.target.live
    exposure = BOND // (UNITS * DOLLAR) * UNITS * DOLLAR
    succeeds(lambda: live.reserve(line.series, exposure, 1_000))
    _, uncommitted = live.read("Facility", "bondOf", line.series[0]).values()
    assert uncommitted <= BOND, f"{uncommitted} sold without commitment, the bond is {BOND}"


def test_stolen_underwriter_key__in_one_day__is_bounded_by_its_daily_limit(line):
    live = line.target.live
    limit = 2 * COUNT * UNITS * DOLLAR
    live.move("product_admin", "Facility", "setDailyLimit", line.series[0], limit)
    live.wait_until((live.now // 86_400 + 1) * 86_400)
    live.next_frame()
    live.report([3_000])
    terms = line.terms
    series = (*line.series[:5], live.bucket(terms), line.series[6])
    taken = 0
    for _ in range(3):
        taken += succeeds(lambda: live.reserve(series, COUNT * UNITS * DOLLAR, COUNT))
    exposure = taken * COUNT * UNITS * DOLLAR
    assert exposure <= limit, f"{exposure} reserved in one day, the limit is {limit}"
