"""Gas of named scenarios, measured on receipts of the whole real system, and what none could avoid.

A floor adds up charges that any design pays: the base of a transaction, its calldata, storage that
must change, signatures and token transfers (docs/gas.md gives the figures and their source).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from web3 import Web3

from contracts.client.certificates import Record
from contracts.client.signatures import keccak256
from contracts.client.sum_tree import SumRecord, build
from contracts.client.terms import Form, Peril, ProductTerms
from tests.support.live import DOLLAR, PARAMETERS, Live, Sent

BASE = 21_000
NEW_SLOT = 22_100
UPDATED_SLOT = 5_000
COLD_READ = 2_100
CLEARED_SLOT = 4_800
"""Given back for a slot that becomes zero, at most a fifth of what the transaction used."""
SIGNATURE = 3_100
TRANSFER_FROM = 16_456
TRANSFER = 14_356
TRANSFER_AGAIN = 7_617
"""To one more holder with balance in the same transaction."""

EPOCH = 64
UNITS = 50
HOLDER_PUSHED = 2
"""Leaf kind of a series whose claims are paid to each holder."""


@dataclass(frozen=True)
class Measured:
    """Gas per item of one scenario, the floor of the same, and the most it may cost."""

    gas: int
    floor: int
    most: int


@dataclass
class Gas:
    """A funded system, and its measurements by scenario key."""

    live: Live
    figures: dict[str, Measured] = field(default_factory=dict)

    def note(self, key: str, sent: Sent, most: int, avoidable: int, items: int = 1) -> None:
        """Keeps a figure; `avoidable` is the floor beyond base and calldata, for all items."""
        data = bytes(self.live.web3.eth.get_transaction(sent.receipt["transactionHash"])["input"])
        calldata = sum(16 if byte else 4 for byte in data)
        floor = BASE + calldata + avoidable
        self.figures[key] = Measured(-(-sent.gas // items), -(-floor // items), most)


def measure(web3: Web3) -> dict[str, Measured]:
    """All scenarios, one after the other, on one new system."""
    live = Live(web3, replace(PARAMETERS, max_report_delay=900))
    live.fund(1_000_000 * DOLLAR, 3_000_000 * DOLLAR)
    gas = Gas(live)
    for _ in range(256):
        live.risk()
    oracle(gas)
    policies(gas)
    certificates(gas)
    return gas.figures


def oracle(gas: Gas) -> None:
    """Reports of 256 risks and the attestation of one epoch, each a second time."""
    live = gas.live
    for scores in (3_000, 3_200):
        live.next_frame()
        sent = live.report([scores] * 256)
    own_state = 16 * UPDATED_SLOT + 3 * SIGNATURE
    gas.note("risk.report.per_risk.n256", sent, 750, own_state, 256)
    live.next_frame()
    sent = live.report([3_300] * 256, apart={1: 3, 2: 7})
    gas.note("risk.report.per_risk.n256.differing", sent, 800, own_state, 256)
    for _ in range(2):
        first = (live.slot(live.now) // EPOCH + 1) * EPOCH
        live.wait_until((first + EPOCH) * live.parameters.slot_length)
        (attested,) = live.attest(7, range(first, first + EPOCH), range(first, first + EPOCH))
    gas.note("incident.attest", attested, 110_000, 2 * NEW_SLOT + 3 * SIGNATURE)


def policies(gas: Gas) -> None:
    """Binding, a reset of a hundred indices; settling one; settling, finishing, expiring fifty."""
    live = gas.live
    limits = {"instant_limit": 100_000 * DOLLAR, "unreviewed_limit": 1_000_000 * DOLLAR}
    terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE, notice_period=60, **limits)
    product = live.product(terms)
    live.next_frame()
    live.report([3_000] * 256)
    holders = [f"0x{keccak256(f'holder {i}'.encode())[:20].hex()}" for i in range(50)]
    for holder in holders:
        live.move("relayer", "StableCoin", "mint", holder, DOLLAR)
    live.give("holder", 10_000 * DOLLAR, "PolicyBook")
    premium = 10 * DOLLAR

    def bind(risk: int, holder: str) -> tuple[int, Sent]:
        amounts = {"sum_insured": 1_000 * DOLLAR, "loss_per_hour": 900 * DOLLAR}
        quote = live.quote(product, risk, terms, holder=holder, **amounts)
        sent = live.send("holder", live.bind_transaction(quote, premium))
        return sent.one("PolicyBound")["policy"], sent

    shared = [bind(0, holder)[0] for holder in holders]
    alone = [bind(risk, holders[risk % 50]) for risk in range(1, 100)]
    own_state = 3 * NEW_SLOT + 4 * UPDATED_SLOT
    gas.note("policy.bind", alone[-1][1], 190_000, own_state + SIGNATURE + TRANSFER_FROM)

    live.next_frame()
    sent = live.report([3_700] * 256)
    rates = 50 * UPDATED_SLOT
    most = 16 * UPDATED_SLOT + 3 * SIGNATURE + rates
    gas.note("risk.report.per_risk.n256.with_index", sent, 6_800, most, 100)

    live.wait(terms.coverage_lag)
    runs = {risk: live.outage(risk, 20, into_epoch=8) for risk in (0, 1, 2)}
    live.wait_until(live.settle_time(max(runs.values()) + 24, terms))
    live.settle(alone[0][0], runs[1])
    payment = NEW_SLOT + UPDATED_SLOT + 6 * COLD_READ + TRANSFER
    gas.note("policy.settle.one", live.settle(alone[1][0], runs[2]), 120_000, payment)
    sent = live.move("relayer", "ClaimsDesk", "settleMany", shared, runs[0])
    assert len(sent.of("PaymentStored")) == 0 and len(sent.of("Transfer")) == 50
    each = NEW_SLOT + 2 * COLD_READ + TRANSFER_AGAIN
    gas.note("policy.settle.per_item.k50", sent, 50_000, UPDATED_SLOT + 50 * each, 50)

    live.wait(2 * 86_400)
    sent = live.move("relayer", "PolicyBook", "finish", shared)
    each = UPDATED_SLOT + COLD_READ + TRANSFER_AGAIN
    gas.note("policy.finish.per_item.k50", sent, 30_000, 4 * UPDATED_SLOT + 50 * each, 50)
    sent = live.move("relayer", "PolicyBook", "expire", shared)
    each = UPDATED_SLOT - CLEARED_SLOT + 2 * COLD_READ
    gas.note("policy.expire.per_item.k50", sent, 14_000, 3 * UPDATED_SLOT + 50 * each, 50)

    live.next_frame()
    live.report([3_700] * 256)
    shared = [bind(0, holder)[0] for holder in holders]
    live.wait(3 * 86_400)
    sent = live.move("relayer", "PolicyBook", "expire", shared)
    assert len(sent.of("PolicyExpired")) == 50 and len(sent.of("Transfer")) == 51
    each += TRANSFER_AGAIN
    gas.note("policy.expire.per_item.k50.at_once", sent, 32_000, 5 * UPDATED_SLOT + 50 * each, 50)


def certificates(gas: Gas) -> None:
    """Posting batches of several sizes, netted claims of neighbours and scattered ones, expiry."""
    live = gas.live
    limits = {"instant_limit": 100_000 * DOLLAR, "unreviewed_limit": 1_000_000 * DOLLAR}
    terms = live.terms(Form.CERTIFICATE, Peril.SERVICE_OUTAGE, **limits)
    product, risk = live.product(terms), 255
    sizes = (10, 100, 1_000, 5_000)
    live.facility(product, 100_000 * DOLLAR, 1_000_000 * DOLLAR)
    live.move("platform", "StableCoin", "mint", live.address("platform"), DOLLAR)
    live.next_frame()
    live.report([3_000] * 256)
    series = live.series(product, risk, live.bucket(terms))
    live.reserve(series, sum(sizes) * UNITS * DOLLAR, sum(sizes))
    base, first, posted = live.now, 0, {}
    for size in sizes:
        posted[size] = live.post(series, _records(size), base, first)
        first += size
    booked = NEW_SLOT + 4 * UPDATED_SLOT + SIGNATURE + TRANSFER
    for size, most in ((100, 1_900), (1_000, 760), (5_000, 650)):
        gas.note(f"certificate.post.per_item.n{size}", posted[size][0], most, booked, size)

    live.wait_until(base + 100 + terms.coverage_lag)
    run = live.outage(risk, 10, into_epoch=8)
    live.wait_until(live.settle_time(run + 14, terms))
    batch, tree = posted[1_000][0].one("BordereauPosted")["batch"], posted[1_000][1]
    live.settle_certificates(batch, run, tree, [0])
    paid = 2 * UPDATED_SLOT + 4 * COLD_READ + TRANSFER

    def claim(key: str, indices: Iterable[int], most: int, words: int) -> None:
        sent = live.settle_certificates(batch, run, tree, list(indices))
        gas.note(f"certificate.claim.per_item.k100.{key}", sent, most, paid + words, 100)

    claim("netted", range(512, 612), 3_200, NEW_SLOT)
    scattered = [index for index in range(1, 1_000, 9) if not 512 <= index < 612][:100]
    claim("netted.scattered", scattered, 7_500, 3 * NEW_SLOT + UPDATED_SLOT)

    pushed(gas, product, risk, terms)
    committed(gas, product, risk, terms)
    live.wait(86_400)
    expiring = posted[100][0].one("BordereauPosted")["batch"]
    named = posted[100][1].expiring(expiring)
    sent = live.move("relayer", "ExposureLedger", "expireBordereaux", named)
    gas.note("certificate.expire.batch", sent, 45_000, 3 * UPDATED_SLOT)


def pushed(gas: Gas, product: int, risk: int, terms: ProductTerms) -> None:
    """A claim of a hundred neighbours out of 1,000, paid to each; every second has no balance."""
    live = gas.live
    live.next_frame()
    live.report([3_000] * 256)
    series = live.series(product, risk, live.bucket(terms), HOLDER_PUSHED)
    live.reserve(series, 1_000 * UNITS * DOLLAR, 1_000)
    base, records = live.now, _records(1_000)
    sent, tree = live.post(series, records, base)
    live.wait_until(base + 100 + terms.coverage_lag)
    run = live.outage(risk, 10, into_epoch=8)
    live.wait_until(live.settle_time(run + 14, terms))
    for record in records[512:612:2]:
        live.move("relayer", "StableCoin", "mint", "0x" + record.holder.hex(), DOLLAR)
    batch = sent.one("BordereauPosted")["batch"]
    live.push_certificates(batch, run, tree, [0])
    sent = live.push_certificates(batch, run, tree, range(512, 612))
    assert len(sent.of("Transfer")) == 100
    transfers = 50 * TRANSFER_AGAIN + 50 * (TRANSFER_AGAIN + NEW_SLOT - UPDATED_SLOT)
    floor = 2 * UPDATED_SLOT + 4 * COLD_READ + NEW_SLOT + transfers
    gas.note("certificate.claim.per_item.k100.pushed", sent, 22_000, floor, 100)


def committed(gas: Gas, product: int, risk: int, terms: ProductTerms) -> None:
    """A batch of 100,000, after another of the same series."""
    live = gas.live
    live.next_frame()
    live.report([3_000] * 256)
    series = live.series(product, risk, live.bucket(terms))
    live.reserve(series, 100_010 * DOLLAR, 100_010)
    holders = [keccak256(n.to_bytes(4, "big"))[:20] for n in range(100)]
    first = 0
    for size in (10, 100_000):
        records = [
            SumRecord(holders[n % 100], 1, n * 100 // size, n.to_bytes(9, "big")).packed()
            for n in range(size)
        ]
        sent = live.commit(series, build(records).commitment(live.now), first)
        first += size
    floor = 2 * NEW_SLOT + 5 * UPDATED_SLOT + SIGNATURE + TRANSFER
    gas.note("certificate.commit.batch", sent, 130_000, floor)


def _records(size: int) -> list[Record]:
    """Certificates of different holders, a hundred starts a batch."""
    return [
        Record(keccak256(f"buyer {n}".encode())[:20], UNITS, n * 100 // size) for n in range(size)
    ]
