"""Claims of series that pay their holders: who is paid how much, record by record."""

from dataclasses import astuple, replace

import pytest

from contracts.client.certificates import PostedTree, Record, pack
from contracts.client.signatures import keccak256
from contracts.client.sum_tree import build, opening
from tests.support.capital import ints
from tests.support.committed import commit, next_run, record
from tests.support.facility import FIRST_BATCH, UNIT, post, reserve
from tests.support.reverts import reverts_with

HOLDERS_PUSHED, COMMITMENTS_PUSHED = 2, 3


def push(world, run, proof, openings=b"", sender=None):
    arguments = (FIRST_BATCH, run, *astuple(proof), openings)
    return world.book.claimPushed.call(*arguments, {"from": sender or world.desk})


@pytest.fixture
def holders(world, series, chain):
    """Nine holders, ten dollars more each."""
    of_holders = (*series[:6], HOLDERS_PUSHED)
    reserve(world, of_holders, 10_000 * UNIT, 100)
    batch = [Record((0xB000 + n).to_bytes(20, "big"), 10 * n + 10, n) for n in range(9)]
    post(world, of_holders, batch, chain.time())
    return PostedTree(pack(batch))


def test_claim_pushed__anyone_but_the_desk__is_refused(world, holders, chain):
    with reverts_with("OnlyClaimsDesk", world.eve):
        push(world, next_run(chain), holders.prove([0]), sender=world.eve)


@pytest.mark.parametrize("places", [[0], [2, 3], [1, 4, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8]])
def test_claim_pushed__posted_records__name_each_holder_and_amount(world, holders, chain, places):
    payees, amounts, earliest, latest = push(world, next_run(chain), holders.prove(places))
    assert [int(payee, 16) for payee in payees] == [0xB000 + place for place in places]
    assert ints(amounts) == tuple((10 * place + 10) * UNIT for place in places)
    assert latest - earliest == places[-1] - places[0]
    assert world.book.batchOf(FIRST_BATCH).dict()["pushed"]


def test_claim_pushed__committed_records__name_each_holder_and_amount(world, series, chain):
    of_holders = (*series[:6], HOLDERS_PUSHED)
    reserve(world, of_holders, 10_000 * UNIT, 100)
    tree = build([record(n, units=n + 1) for n in range(6)])
    commitment, _ = commit(world, of_holders, tree.commitment(chain.time()))
    payees, amounts, *_ = push(world, next_run(chain), tree.prove([1, 5], commitment))
    assert [int(payee, 16) for payee in payees] == [0xB001, 0xB005]
    assert ints(amounts) == (2 * UNIT, 6 * UNIT)


@pytest.fixture
def hidden(world, series, chain):
    """Two commitments, and what opens them."""
    commitments = (*series[:6], COMMITMENTS_PUSHED)
    reserve(world, commitments, 10_000 * UNIT, 100)
    openings = [
        opening(bytes([n + 1] * 20), bytes([n + 101] * 20), bytes([n] * 32), bytes(32))
        for n in range(2)
    ]
    batch = [Record(keccak256(opened)[:20], 10, 0) for opened in openings]
    post(world, commitments, batch, chain.time())
    return PostedTree(pack(batch)).prove([0, 1]), openings


def test_claim_pushed__commitments_opened__name_their_payees(world, hidden, chain):
    proof, openings = hidden
    payees, *_ = push(world, next_run(chain), proof, b"".join(openings))
    assert [bytes.fromhex(payee[2:]) for payee in payees] == [bytes([101] * 20), bytes([102] * 20)]


def test_claim_pushed__other_payee_than_committed_to__is_refused(world, hidden, chain):
    proof, (first, second) = hidden
    stolen = second[:20] + bytes.fromhex(world.eve.address[2:]) + second[40:]
    with reverts_with("OpeningInvalid", 1):
        push(world, next_run(chain), proof, first + stolen)
    with reverts_with("OpeningInvalid", 0):
        push(world, next_run(chain), replace(proof), first)
