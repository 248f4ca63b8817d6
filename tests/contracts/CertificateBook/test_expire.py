import pytest

from tests.support.facility import (
    CLAIM_WINDOW,
    FIRST_BATCH,
    REPORT_DELAY,
    SLOT,
    TENOR,
    UNIT,
    on_chain,
    post,
    records,
    reserve,
)
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def batch(world, series, chain):
    """Batch 1: ten certificates of 100 dollars, of which two were paid."""
    reserve(world, series, 2_000 * UNIT, 20)
    base = chain.time()
    sold = on_chain(world, series, records(10), base, post(world, series, records(10), base))
    proof = sold.prove([2, 3])
    run = chain.time() // SLOT + 1
    world.book.claim(FIRST_BATCH, run, *proof.arguments, {"from": world.desk})
    world.cell.pay(world.petra, 200 * UNIT, {"from": world.desk})
    return sold


@pytest.fixture
def ended(batch, chain):
    due = batch.base + 9 + TENOR + REPORT_DELAY + CLAIM_WINDOW
    chain.sleep(due - chain.time())
    return due


def test_expire__unknown__is_refused(world, batch):
    with reverts_with("UnknownBatch", 9):
        world.ledger.expireBordereaux(batch.expiring(9), {"from": world.eve})


def test_expire__part_of_a_batch_s_name__is_refused(world, batch):
    for length in (1, 66, 68):
        with reverts_with("NotWholeBatches", length):
            world.ledger.expireBordereaux((2 * batch.expiring(1))[:length], {"from": world.eve})


def test_expire__any_byte_of_the_seal_changed__is_refused(world, ended, batch):
    """Whoever expires says which capital and caps, and when: none of it but what was posted."""
    for at in range(8, 67):
        named = bytearray(batch.expiring(FIRST_BATCH))
        named[at] ^= 1
        with reverts_with("ProofInvalid", FIRST_BATCH):
            world.ledger.expireBordereaux.call(bytes(named), {"from": world.eve})


def test_expire__claims_still_possible__is_refused(world, batch, chain):
    due = batch.base + 9 + TENOR + REPORT_DELAY + CLAIM_WINDOW
    chain.sleep(due - chain.time() - 20)
    with reverts_with("BatchNotEnded", FIRST_BATCH, due):
        world.ledger.expireBordereaux(batch.expiring(FIRST_BATCH), {"from": world.eve})


def test_expire__twice__is_refused(world, ended, batch):
    named = batch.expiring(FIRST_BATCH)
    with reverts_with("UnknownBatch", FIRST_BATCH):
        world.ledger.expireBordereaux(2 * named, {"from": world.eve})
    world.ledger.expireBordereaux(named, {"from": world.eve})
    with reverts_with("UnknownBatch", FIRST_BATCH):
        world.ledger.expireBordereaux(named, {"from": world.eve})


def test_expire__then_claim__is_refused(world, ended, batch, chain):
    world.ledger.expireBordereaux(batch.expiring(FIRST_BATCH), {"from": world.eve})
    proof = batch.prove([5])
    run = chain.time() // SLOT
    with reverts_with("UnknownBatch", FIRST_BATCH):
        world.book.claim(FIRST_BATCH, run, *proof.arguments, {"from": world.desk})


def test_expire__ended__releases_what_was_not_paid(world, ended, batch):
    locked, booked = world.cell.locked(), world.booked()
    receipt = world.ledger.expireBordereaux(batch.expiring(FIRST_BATCH), {"from": world.eve})
    assert receipt.events["BordereauExpired"] == {"batch": FIRST_BATCH, "released": 800 * UNIT}
    assert locked - world.cell.locked() == 800 * UNIT
    assert booked - world.booked() == 1_000 * UNIT
    with reverts_with("UnknownBatch", FIRST_BATCH):
        world.book.batchOf(FIRST_BATCH)
