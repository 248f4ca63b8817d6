import pytest

from contracts.client.certificates import PostedTree, pack
from tests.support.facility import (
    CLAIM_WINDOW,
    FIRST_BATCH,
    REPORT_DELAY,
    SLOT,
    TENOR,
    UNIT,
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
    post(world, series, records(10), base)
    proof = PostedTree(pack(records(10))).prove([2, 3])
    run = chain.time() // SLOT + 1
    world.book.claim(FIRST_BATCH, run, *proof.arguments, {"from": world.desk})
    world.cell.pay(world.petra, 200 * UNIT, {"from": world.desk})
    return base


@pytest.fixture
def ended(batch, chain):
    due = batch + 9 + TENOR + REPORT_DELAY + CLAIM_WINDOW
    chain.sleep(due - chain.time())
    return due


def test_expire__unknown__is_refused(world, batch):
    with reverts_with("UnknownBatch", 9):
        world.book.expire([9], {"from": world.eve})


def test_expire__claims_still_possible__is_refused(world, batch, chain):
    due = batch + 9 + TENOR + REPORT_DELAY + CLAIM_WINDOW
    chain.sleep(due - chain.time() - 20)
    with reverts_with("BatchNotEnded", FIRST_BATCH, due):
        world.book.expire([FIRST_BATCH], {"from": world.eve})


def test_expire__twice__is_refused(world, ended):
    world.book.expire([FIRST_BATCH], {"from": world.eve})
    with reverts_with("BatchExpired", FIRST_BATCH):
        world.book.expire([FIRST_BATCH], {"from": world.eve})


def test_expire__then_claim__is_refused(world, ended, chain):
    world.book.expire([FIRST_BATCH], {"from": world.eve})
    proof = PostedTree(pack(records(10))).prove([5])
    run = chain.time() // SLOT
    with reverts_with("BatchExpired", FIRST_BATCH):
        world.book.claim(FIRST_BATCH, run, *proof.arguments, {"from": world.desk})


def test_expire__ended__releases_what_was_not_paid(world, ended):
    locked, booked = world.cell.locked(), world.booked()
    receipt = world.book.expire([FIRST_BATCH], {"from": world.eve})
    assert receipt.events["BordereauExpired"] == {"batch": FIRST_BATCH, "released": 800 * UNIT}
    assert locked - world.cell.locked() == 800 * UNIT
    assert booked - world.booked() == 1_000 * UNIT
    stored = world.book.batchOf(FIRST_BATCH).dict()
    assert stored["expired"] and stored["size"] == 0 and int(stored["root"].hex(), 16) != 0
