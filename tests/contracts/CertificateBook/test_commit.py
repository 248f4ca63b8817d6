"""Committed batches: commit, claim with sums, expire, and trees that a hostile builder made."""

from dataclasses import astuple, replace

import pytest

from contracts.client.sum_tree import build, void
from tests.support.committed import arguments, commit, next_run, record, try_claim
from tests.support.facility import (
    CLAIM_WINDOW,
    FIRST_BATCH,
    REPORT_DELAY,
    SLOT,
    UNIT,
    reserve,
)
from tests.support.reverts import reverts_with

COUNT = 37
EVE_KEY = bytes.fromhex("22" * 32)


@pytest.fixture(scope="module")
def reserved(world, series):
    return reserve(world, series, 40_000 * UNIT, 100_000)


def test_commit__signed_by_another__is_refused(world, series, reserved, chain):
    commitment = build([record(0)]).commitment(chain.time())
    with reverts_with("WrongUnderwriter"):
        world.book.commit.call(*arguments(world, series, commitment, key=EVE_KEY))


def test_commit__more_units_than_signed__is_refused(world, series, reserved, chain):
    commitment = build([record(0)]).commitment(chain.time())
    identity, first, values, signature, sender = arguments(world, series, commitment)
    with reverts_with("WrongUnderwriter"):
        world.book.commit.call(identity, first, (*values[:2], 11, *values[3:]), signature, sender)


@pytest.mark.parametrize(
    ("change", "error"),
    [({"units": 2**40}, "UnitsOutOfRange"), ({"base": 2**32}, "BaseOutOfRange")],
)
def test_commit__field_out_of_range__is_refused(world, series, reserved, chain, change, error):
    commitment = replace(build([record(0)]).commitment(chain.time()), **change)
    with reverts_with(error, *change.values()):
        world.book.commit.call(*arguments(world, series, commitment))


@pytest.fixture(scope="module")
def honest(world, series, reserved, chain):
    """37 certificates of ten dollars; number 3 is void."""
    records = [record(number) for number in range(COUNT)]
    records[3] = void(bytes(9))
    tree = build(records)
    commitment, receipt = commit(world, series, tree.commitment(chain.time()))
    return tree, commitment, receipt


def test_commit__batch__books_as_a_posted_one(world, honest):
    _, commitment, receipt = honest
    event = receipt.events["BordereauCommitted"]
    assert (event["batch"], event["size"]) == (FIRST_BATCH, COUNT)
    assert (event["exposure"], event["premium"]) == (360 * UNIT, 360 * 3)
    assert event["leafFileHash"] == "0x" + commitment.leaf_file_hash.hex()
    batch = world.book.batchOf(FIRST_BATCH).dict()
    assert (batch["exposure"], batch["paid"]) == (360 * UNIT, 0)
    assert world.facility.bondOf(world.ulla)[1] == 40_000 * UNIT - 360 * UNIT


@pytest.mark.parametrize(
    "indices", [[0], [COUNT - 1], [4, 5], [0, 1, 2], [1, 9, 17, 36], [*range(4, 37)]]
)
def test_claim__committed_records__are_marked_and_added_up(world, honest, chain, indices):
    tree, commitment, _ = honest
    proof, run = tree.prove(indices, commitment), next_run(chain)
    base = commitment.base
    result = try_claim(world, run, proof).dict()
    assert (result["count"], result["amount"]) == (len(indices), 10 * UNIT * len(indices))
    assert (result["earliestStart"], result["latestStart"]) == (
        base + indices[0],
        base + indices[-1],
    )
    world.book.claim(FIRST_BATCH, run, *proof.arguments, {"from": world.desk})
    assert all(world.book.isClaimed(FIRST_BATCH, index) for index in (indices[0], indices[-1]))
    with reverts_with("AlreadyClaimed", FIRST_BATCH, indices[0]):
        try_claim(world, run, proof)


def test_claim__committed_void__is_refused(world, honest, chain):
    tree, commitment, _ = honest
    with reverts_with("VoidRecord", 3):
        try_claim(world, next_run(chain), tree.prove([3], commitment))


def test_claim__any_byte_of_a_commitment_changed__is_refused(world, honest, chain):
    tree, commitment, _ = honest
    proof, run = tree.prove([1], commitment), next_run(chain)
    for at in (0, 40, 71, 75, 80, 85):
        leaves = bytearray(proof.leaves)
        leaves[at] ^= 1
        with reverts_with("ProofInvalid", FIRST_BATCH):
            try_claim(world, run, replace(proof, leaves=bytes(leaves)))


def test_claim__neighbour_s_sum_changed__is_refused(world, honest, chain):
    tree, commitment, _ = honest
    proof, run = tree.prove([1], commitment), next_run(chain)
    hashes = len(proof.proof) * 4 // 5
    for lane in range(hashes):
        words = list(proof.proof)
        word = bytearray(words[hashes + lane // 4])
        word[8 * (lane % 4) + 7] ^= 1
        words[hashes + lane // 4] = bytes(word)
        with reverts_with("ProofInvalid", FIRST_BATCH):
            try_claim(world, run, replace(proof, proof=tuple(words)))


@pytest.mark.parametrize("extra", [b"\0" * 32, b"\x01" * 32])
def test_claim__proof_with_a_word_more__is_refused(world, honest, chain, extra):
    tree, commitment, _ = honest
    proof = tree.prove([1], commitment)
    with reverts_with("ProofLength"):
        try_claim(world, next_run(chain), replace(proof, proof=(*proof.proof, extra)))


def test_claim__run_before_committing__is_the_bond_s(world, honest):
    tree, commitment, _ = honest
    slot = (commitment.committed_at - 1) // SLOT
    with reverts_with("RunBeforePosting", FIRST_BATCH, slot * SLOT, commitment.committed_at):
        try_claim(world, slot, tree.prove([1], commitment))


def test_expire_committed__other_commitment_or_too_early__is_refused(world, series, honest):
    _, commitment, _ = honest
    with reverts_with("UnknownBatch", 77):
        world.book.expireCommitted.call(77, astuple(commitment), {"from": world.eve})
    with reverts_with("ProofInvalid", FIRST_BATCH):
        other = astuple(replace(commitment, size=COUNT + 1))
        world.book.expireCommitted.call(FIRST_BATCH, other, {"from": world.eve})
    with reverts_with("BatchNotEnded", FIRST_BATCH, series[5] + REPORT_DELAY + CLAIM_WINDOW):
        world.book.expireCommitted.call(FIRST_BATCH, astuple(commitment), {"from": world.eve})


def test_expire_committed__ended__releases_what_was_not_paid(world, series, honest, chain):
    tree, commitment, _ = honest
    proof = tree.prove([0, 1], commitment)
    world.book.claim(FIRST_BATCH, next_run(chain), *proof.arguments, {"from": world.desk})
    world.cell.pay(world.petra, 20 * UNIT, {"from": world.desk})
    chain.sleep(series[5] + REPORT_DELAY + CLAIM_WINDOW - chain.time())
    locked = world.cell.locked()
    receipt = world.book.expireCommitted(FIRST_BATCH, astuple(commitment), {"from": world.eve})
    assert receipt.events["BordereauExpired"] == {"batch": FIRST_BATCH, "released": 340 * UNIT}
    assert locked - world.cell.locked() == 340 * UNIT
    with reverts_with("UnknownBatch", FIRST_BATCH):
        world.book.batchOf(FIRST_BATCH)
