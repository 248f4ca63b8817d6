from random import Random

import pytest
from brownie.exceptions import VirtualMachineError

from contracts.client.certificates import Record, pack_indices
from tests.support.facility import FIRST_BATCH, SLOT, UNIT, on_chain, post, records, reserve
from tests.support.reverts import reverts_with

COUNT = 300
HEADER = 50
"""Bytes before the leaves."""


@pytest.fixture(scope="module")
def tree(world, series, chain):
    """Batch 1: 300 certificates of a dollar; number 7 is void."""
    reserve(world, series, 1_000 * UNIT, 1_000)
    batch = records(COUNT, units=1)
    batch[7] = None
    base = chain.time()
    return on_chain(world, series, batch, base, post(world, series, batch, base))


@pytest.fixture(scope="module")
def run(tree, chain):
    """A slot that begins after the batch was posted."""
    return chain.time() // SLOT + 1


def try_claim(world, run, proven, batch=FIRST_BATCH, sender=None, **change):
    parts = {"indices": proven.indices, "leaves": proven.leaves, "proof": proven.proof} | change
    return world.book.claim.call(
        batch, run, pack_indices(parts["indices"]), parts["leaves"], parts["proof"],
        {"from": sender or world.desk},
    )  # fmt: skip


def claim(world, run, proven):
    return world.book.claim(FIRST_BATCH, run, *proven.arguments, {"from": world.desk})


def test_claim__anyone_but_the_desk__is_refused(world, tree, run):
    for caller in (world.petra, world.ulla, world.eve):
        with reverts_with("OnlyClaimsDesk", caller):
            try_claim(world, run, tree.prove([0]), sender=caller)


def test_claim__unknown_batch__is_refused(world, tree, run):
    with reverts_with("UnknownBatch", 2):
        try_claim(world, run, tree.prove([0]), batch=2)


def test_claim__run_before_posting__is_the_bond_s(world, tree, run):
    posted = tree.posted_at
    slot = posted // SLOT if posted % SLOT else posted // SLOT - 1
    with reverts_with("RunBeforePosting", FIRST_BATCH, slot * SLOT, posted):
        try_claim(world, slot, tree.prove([0]))


def test_claim__no_record__is_refused(world, tree, run):
    with reverts_with("NothingClaimed"):
        try_claim(world, run, tree.prove([0]), indices=[])


@pytest.mark.parametrize("indices", [[3, 3], [4, 3], [9, 8]])
def test_claim__indices_out_of_order__is_refused(world, tree, run, indices):
    with reverts_with("IndicesNotIncreasing", indices[1]):
        try_claim(world, run, tree.prove(sorted(set(indices))), indices=indices)


def test_claim__index_beyond_the_batch__is_refused(world, tree, run):
    with reverts_with("IndexOutOfRange", COUNT, COUNT):
        try_claim(world, run, tree.prove([COUNT - 1]), indices=[COUNT - 1, COUNT])


def test_claim__void_record__is_refused(world, tree, run):
    with reverts_with("VoidRecord", 7):
        try_claim(world, run, tree.prove([6]), indices=[6, 7])


def test_claim__other_content__is_refused(world, tree, run):
    proof = tree.prove([10, 200])
    more_units = bytearray(proof.leaves)
    more_units[HEADER + 2 * 24 + 21] = 200
    with reverts_with("ProofInvalid", FIRST_BATCH):
        try_claim(world, run, proof, leaves=bytes(more_units))
    with reverts_with("ProofInvalid", FIRST_BATCH):
        try_claim(world, run, proof, indices=[10, 196 - 4])
    with reverts_with("ProofInvalid", FIRST_BATCH):
        try_claim(world, run, proof, proof=(b"\x01" * 32, *proof.proof[1:]))


def test_claim__node_as_a_leaf__is_refused(world, tree, run):
    """Three hashes are as long as a leaf; they must not pass for one."""
    level = tree.tree.levels[0]
    forged = tree.header + level[0] + level[1] + bytes(32)
    with reverts_with("ProofInvalid", FIRST_BATCH):
        try_claim(world, run, tree.prove([0]), leaves=forged)


def test_claim__any_byte_of_the_header_changed__is_refused(world, tree, run):
    """Whoever claims brings the header, so none of it may be another than was posted."""
    proof = tree.prove([10, 200])
    for at in range(HEADER):
        leaves = bytearray(proof.leaves)
        leaves[at] ^= 1
        refusal = "ProofInvalid|ProofLength|IndexOutOfRange"
        with pytest.raises((VirtualMachineError, ValueError), match=refusal):
            try_claim(world, run, proof, leaves=bytes(leaves))


def test_claim__no_header__is_refused(world, tree, run):
    with reverts_with("ProofInvalid", FIRST_BATCH):
        try_claim(world, run, tree.prove([0]), leaves=tree.header[:-1])


@pytest.mark.parametrize("extra", [-32, 32])
def test_claim__proof_of_another_length__is_refused(world, tree, run, extra):
    proof = tree.prove([10])
    words = proof.proof[:-1] if extra < 0 else (*proof.proof, b"\x01" * 32)
    with reverts_with("ProofLength"):
        try_claim(world, run, proof, proof=words)


@pytest.mark.parametrize("extra", [-1, -96, 1, 96])
def test_claim__leaves_of_another_length__is_refused(world, tree, run, extra):
    proof = tree.prove([10, 200])
    leaves = proof.leaves[:extra] if extra < 0 else proof.leaves + b"\x01" * extra
    with reverts_with("ProofLength"):
        try_claim(world, run, proof, leaves=leaves)


def test_claim__twice__is_refused(world, tree, run):
    claim(world, run, tree.prove([10, 11]))
    with reverts_with("AlreadyClaimed", FIRST_BATCH, 11):
        try_claim(world, run + 5, tree.prove([9, 11, 12]))
    assert not world.book.isClaimed(FIRST_BATCH, 9)


def test_claim__indices_that_are_not_whole__are_refused(world, tree, run):
    proof = tree.prove([10])
    for packed in (b"\0\0\0", b"\0\0\0\x0a\0"):
        with reverts_with("ProofLength", -(-len(packed) // 4) * 4, len(packed)):
            world.book.claim.call(
                FIRST_BATCH, run, packed, proof.leaves, proof.proof, {"from": world.desk}
            )


def test_claim__any_records_of_batches_of_any_size__come_to_what_the_tree_says(
    world, series, tree, chain
):
    """Differential: random subsets, each with what its Python proof says, whole and damaged."""
    random, first, sizes = Random(3), COUNT, (1, 2, 3, 4, 5, 8, 9, 13, 31, 70)
    trees = {}
    for size in sizes:
        batch = [
            Record(random.randbytes(20), random.randint(1, 2), random.randrange(2**16))
            for _ in range(size)
        ]
        base = chain.time() - 2**17
        receipt = post(world, series, batch, base, first)
        trees[first], first = (batch, on_chain(world, series, batch, base, receipt)), first + size
    run = chain.time() // SLOT + 1
    for serial, (batch, grown) in trees.items():
        for _ in range(4):
            places = sorted(random.sample(range(len(batch)), random.randint(1, len(batch))))
            proof = grown.prove(places)
            name = FIRST_BATCH + serial
            found = try_claim(world, run, proof, batch=name).dict()
            units = sum(batch[place].units for place in places)
            starts = [batch[place].start_offset for place in places]
            assert (found["count"], found["amount"]) == (len(places), units * UNIT)
            assert found["latestStart"] - found["earliestStart"] == max(starts) - min(starts)
            damaged = bytearray(proof.leaves)
            damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
            with pytest.raises((VirtualMachineError, ValueError)):
                try_claim(world, run, proof, batch=name, leaves=bytes(damaged))


@pytest.mark.parametrize(
    "indices",
    [
        [0],
        [299],
        [3, 4],
        [0, 1, 2, 3],
        [254, 255, 256, 257],
        [5, 100, 150, 299],
        list(range(8, 108)),
    ],
    ids=["first", "last", "two leaves", "one leaf", "word border", "scattered", "run of 100"],
)
def test_claim__records_of_the_batch__are_marked_and_added_up(world, tree, run, indices):
    proof = tree.prove(indices)
    result = try_claim(world, run, proof).dict()
    base = tree.base
    assert (result["count"], result["amount"]) == (len(indices), len(indices) * UNIT)
    assert (result["earliestStart"], result["latestStart"]) == (
        base + indices[0],
        base + indices[-1],
    )
    assert (result["platform"], result["pushed"]) == (world.petra, False)
    event = claim(world, run, proof).events["CertificatesClaimed"]
    assert event["indices"] == "0x" + pack_indices(indices).hex()
    assert event["amount"] == len(indices) * UNIT
    looked_at = {indices[0], indices[-1], indices[0] + 1, (indices[-1] + 1) % COUNT, 256, 255}
    assert all(world.book.isClaimed(FIRST_BATCH, i) == (i in indices) for i in looked_at)
    assert world.book.batchOf(FIRST_BATCH).dict()["paid"] == len(indices) * UNIT
