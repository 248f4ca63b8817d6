"""A record that says otherwise than the certificate at its serial is paid by the bond."""

from dataclasses import astuple

import pytest

from contracts.client.certificates import VOID, PostedTree, Record
from contracts.client.signatures import keccak256
from contracts.client.sum_tree import build, opening
from tests.support.capital import ints
from tests.support.committed import commit, record
from tests.support.facility import FIRST_BATCH, UNIT, on_chain, post, reserve
from tests.support.reverts import reverts_with
from tests.support.sold import certificate, signature, struct

COUNT = 8
SECOND_SERIES = 2 * FIRST_BATCH
"""The first batch of the series that is reserved second."""


def honest(number, units=10, holder=0xB000):
    return Record((holder + number).to_bytes(20, "big"), units, number)


@pytest.fixture(scope="module")
def posted(world, series, chain):
    """Eight certificates of ten dollars from serial 0; number 3 is void."""
    reserve(world, series, 40_000 * UNIT, 1_000)
    base = chain.time()
    batch = [None if n == 3 else honest(n) for n in range(COUNT)]
    return base, on_chain(world, series, batch, base, post(world, series, batch, base))


def arguments(world, message, posted, index, batch=FIRST_BATCH):
    tree = posted.tree
    packed = tree.records[index * 24 : (index + 1) * 24]
    # a void record can be proven here, though never claimed
    visible = tree if packed != VOID else PostedTree(tree.records.replace(packed, b"\1" * 24, 1))
    proof = visible.prove([index])
    leaves = proof.leaves if visible is tree else proof.leaves.replace(b"\1" * 24, packed)
    signed = signature(world, message)
    return struct(message), signed, batch, posted.header + leaves, proof.proof, {"from": world.eve}


def test_prove_misinclusion__included_as_sold__is_refused(world, series, posted):
    base, tree = posted
    message = certificate(world, series, 1, base + 1)
    with reverts_with("IncludedAsSold", FIRST_BATCH, 1):
        world.bonds.proveMisinclusion.call(*arguments(world, message, tree, 1))


def test_prove_misinclusion__other_series_or_earlier_serials__is_refused(world, series, posted):
    base, tree = posted
    message = certificate(world, series, 1, base + 1)
    for batch in (FIRST_BATCH * 2, FIRST_BATCH + 2):
        with reverts_with("NotInBatch", batch, 1):
            world.bonds.proveMisinclusion.call(*arguments(world, message, tree, 1, batch))


@pytest.mark.parametrize(
    ("serial", "change"),
    [
        (1, {"units": 11}),
        (1, {"start": 5}),
        (1, {"holder": "0x" + "11" * 20}),
        (1, {"premium": 29}),
        (3, {}),
    ],
)
def test_prove_misinclusion__record_says_otherwise__pays_the_sum_insured(
    world, series, posted, serial, change
):
    base, tree = posted
    start = base + change.pop("start", serial)
    message = certificate(world, series, serial, start, **change)
    before = ints(world.facility.bondOf(world.ulla))
    receipt = world.bonds.proveMisinclusion(*arguments(world, message, tree, serial))
    assert receipt.events["WrongProven"]["wrong"] == 1
    assert world.token.balanceOf(message.payee) == message.sum_insured
    assert ints(world.facility.bondOf(world.ulla)) == (before[0] - message.sum_insured, before[1])
    with reverts_with("BondPaidAlready", message.series, serial):
        world.bonds.proveMisinclusion.call(*arguments(world, message, tree, serial))


def test_prove_misinclusion__bond_secures_what_is_uncommitted__is_refused(world, series, posted):
    base, tree = posted
    reserve(world, series, 10_065 * UNIT, 1)
    message = certificate(world, series, 1, base + 1, units=20)
    free = 50_000 * UNIT - 40_000 * UNIT + 70 * UNIT - 10_065 * UNIT
    with reverts_with("BondTooLow", 20 * UNIT, free):
        world.bonds.proveMisinclusion.call(*arguments(world, message, tree, 1))


def test_prove_misinclusion__committed_batch__is_paid_alike(world, posted, series, chain):
    series = (*series[:5], series[5] + 60, 0)
    reserve(world, series, 1_000 * UNIT, 100)
    tree = build([record(number) for number in range(COUNT)])
    commitment, _ = commit(world, series, tree.commitment(chain.time()))
    proof = tree.prove([2], commitment)
    right = certificate(world, series, 2, commitment.base + 2)
    wrong = certificate(world, series, 2, commitment.base + 2, units=12)
    where = (SECOND_SERIES, proof.leaves, proof.proof, {"from": world.eve})
    with reverts_with("IncludedAsSold", SECOND_SERIES, 2):
        world.bonds.proveMisinclusion.call(struct(right), signature(world, right), *where)
    world.bonds.proveMisinclusion(struct(wrong), signature(world, wrong), *where)
    assert world.token.balanceOf(wrong.payee) == 12 * UNIT


def test_prove_misinclusion__commitment_to_holder_and_transaction__is_opened(
    world, posted, series, chain
):
    hidden = (*series[:6], 1)
    reserve(world, hidden, 1_000 * UNIT, 100)
    base = chain.time()
    message = certificate(world, hidden, 0, base)
    sealed = opening(
        bytes.fromhex(message.holder[2:]),
        bytes.fromhex(message.payee[2:]),
        message.transaction_hash,
        message.salt,
    )
    batch = [Record(keccak256(sealed)[:20], 10, 0)]
    tree = on_chain(world, hidden, batch, base, post(world, hidden, batch, base))
    with reverts_with("IncludedAsSold", SECOND_SERIES, 0):
        world.bonds.proveMisinclusion.call(*arguments(world, message, tree, 0, SECOND_SERIES))
    other = certificate(world, hidden, 0, base, salt=b"\1" * 32)
    world.bonds.proveMisinclusion(*arguments(world, other, tree, 0, SECOND_SERIES))
    assert astuple(batch[0])[1] * UNIT == world.token.balanceOf(other.payee)


def test_record_of__several_records__is_refused(world, posted):
    _, tree = posted
    proof = tree.prove([0, 1])
    with reverts_with("NotOneRecord", 2):
        world.book.recordOf(FIRST_BATCH, *proof.arguments)
