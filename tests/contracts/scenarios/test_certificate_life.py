"""Certificates from reservation to expiry, with every real contract."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contracts.client.certificates import PostedBatch, Record
from contracts.client.errors import ContractReverted
from contracts.client.terms import Form, Peril, ProductTerms
from tests.support.live import DOLLAR, Live, Sent

COUNT, UNITS = 100, 50


@dataclass(frozen=True)
class Sold:
    """A posted bordereau: certificate i starts i seconds after `base`."""

    batch: int
    base: int
    risk: int
    terms: ProductTerms
    tree: PostedBatch
    posting: Sent


@pytest.fixture(scope="module")
def sold(deployed: Live) -> Sold:
    live = deployed
    live.fund(50_000 * DOLLAR, 150_000 * DOLLAR)
    terms = live.terms(Form.CERTIFICATE, Peril.SERVICE_OUTAGE)
    product, risk = live.product(terms), live.risk("platform")
    live.facility(product, 10_000 * DOLLAR, 50_000 * DOLLAR)
    live.next_frame()
    live.report([3_000])
    series = live.series(product, risk, live.bucket(terms))
    live.reserve(series, COUNT * UNITS * DOLLAR, COUNT)
    base = live.now
    records = [Record((0xA000 + n).to_bytes(20, "big"), UNITS, n) for n in range(COUNT)]
    posting, tree = live.post(series, records, base)
    batch = posting.one("BordereauPosted")["batch"]
    return Sold(batch, base, risk, terms, tree, posting)


def lost(live: Live, sold: Sold, slots: int = 10) -> int:
    """A run that begins when every certificate's lag has passed, ready to settle."""
    live.wait_until(sold.base + COUNT + sold.terms.coverage_lag)
    run = live.outage(sold.risk, slots)
    live.wait_until(live.settle_time(run + slots + 3, sold.terms))
    return run


def test_post__certificates__move_premium_and_keep_their_exposure_locked(live, sold):
    event = sold.posting.one("BordereauPosted")
    assert event["exposure"] == COUNT * UNITS * DOLLAR
    assert event["premium"] > 0
    assert sold.posting.one("PremiumCollected")["amount"] == event["premium"]
    assert live.capital()[1] == COUNT * UNITS * DOLLAR


def test_settle__transactions_in_a_paying_run__pay_the_platform_once(live, sold):
    run = lost(live, sold)
    before, (assets, locked) = live.balance("platform"), live.capital()
    sent = live.settle_certificates(sold.batch, run, sold.tree, range(COUNT))
    due = COUNT * UNITS * DOLLAR
    assert sent.one("CertificatesPaid")["amount"] == due
    assert len(sent.of("Transfer")) == 1
    assert live.balance("platform") == before + due
    assert live.capital() == (assets - due, locked - due)


def test_settle__same_certificates_again__are_refused(live, sold):
    run = lost(live, sold)
    live.settle_certificates(sold.batch, run, sold.tree, [1, 2, 3])
    with pytest.raises(ContractReverted) as refusal:
        live.settle_certificates(sold.batch, run, sold.tree, [3, 4])
    assert refusal.value.name == "AlreadyClaimed"


def test_settle__run_within_the_waiting_period__is_refused(live, sold):
    run = lost(live, sold, slots=3)
    with pytest.raises(ContractReverted) as refusal:
        live.settle_certificates(sold.batch, run, sold.tree, [1])
    assert refusal.value.name == "RunTooShort"


def test_settle__lag_of_a_certificate_not_passed__is_refused(live, sold):
    live.wait_until(sold.base + sold.terms.coverage_lag)
    run = live.outage(sold.risk, 10)
    live.wait_until(live.settle_time(run + 13, sold.terms))
    with pytest.raises(ContractReverted) as refusal:
        live.settle_certificates(sold.batch, run, sold.tree, range(COUNT))
    assert refusal.value.name == "CertificateNotCovered"


def test_settle__after_their_tenor__is_refused(live, sold):
    live.wait_until(sold.base + sold.terms.term)
    run = live.outage(sold.risk, 10)
    live.wait_until(live.settle_time(run + 13, sold.terms))
    with pytest.raises(ContractReverted) as refusal:
        live.settle_certificates(sold.batch, run, sold.tree, [0])
    assert refusal.value.name == "CertificateNotCovered"


def test_expire__after_partial_claims__frees_the_rest(live, sold):
    run = lost(live, sold)
    live.settle_certificates(sold.batch, run, sold.tree, range(10))
    assert live.capital()[1] == (COUNT - 10) * UNITS * DOLLAR
    live.wait(2 * 86_400 + sold.terms.term)
    live.move("relayer", "ExposureLedger", "expireBordereaux", sold.tree.expiring(sold.batch))
    assert live.capital()[1] == 0
