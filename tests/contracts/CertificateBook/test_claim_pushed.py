"""Claims of series that pay their holders: who is paid how much, record by record."""

from dataclasses import replace

import pytest

from contracts.client.certificates import Record
from contracts.client.signatures import keccak256
from contracts.client.sum_tree import build, opening
from tests.support.committed import commit, next_run, record
from tests.support.facility import FIRST_BATCH, UNIT, on_chain, post, reserve
from tests.support.reverts import reverts_with

HOLDERS_PUSHED, COMMITMENTS_PUSHED = 2, 3


def push(world, run, proof, openings=b"", sender=None):
    arguments = (FIRST_BATCH, run, *proof.arguments, openings)
    due, payments = world.book.claimPushed.call(*arguments, {"from": sender or world.desk})
    return due.dict(), [int(word) for word in payments]


def payment(payee, amount):
    return payee << 96 | amount


@pytest.fixture
def holders(world, series, chain):
    """Nine holders, ten dollars more each."""
    of_holders = (*series[:6], HOLDERS_PUSHED)
    reserve(world, of_holders, 10_000 * UNIT, 100)
    batch = [Record((0xB000 + n).to_bytes(20, "big"), 10 * n + 10, n) for n in range(9)]
    base = chain.time()
    return on_chain(world, of_holders, batch, base, post(world, of_holders, batch, base))


def test_claim_pushed__anyone_but_the_desk__is_refused(world, holders, chain):
    with reverts_with("OnlyClaimsDesk", world.eve):
        push(world, next_run(chain), holders.prove([0]), sender=world.eve)


@pytest.mark.parametrize("places", [[0], [2, 3], [1, 4, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8]])
def test_claim_pushed__posted_records__name_each_holder_and_amount(world, holders, chain, places):
    due, payments = push(world, next_run(chain), holders.prove(places))
    expected = [payment(0xB000 + place, (10 * place + 10) * UNIT) for place in places]
    assert payments == expected
    assert due["amount"] == sum((10 * place + 10) * UNIT for place in places)
    assert due["latestStart"] - due["earliestStart"] == places[-1] - places[0]
    assert due["pushed"]
    assert world.book.batchOf(FIRST_BATCH).dict()["pushed"]


def test_claim_pushed__committed_records__name_each_holder_and_amount(world, series, chain):
    of_holders = (*series[:6], HOLDERS_PUSHED)
    reserve(world, of_holders, 10_000 * UNIT, 100)
    tree = build([record(n, units=n + 1) for n in range(6)])
    commitment, _ = commit(world, of_holders, tree.commitment(chain.time()))
    _, payments = push(world, next_run(chain), tree.prove([1, 5], commitment))
    assert payments == [payment(0xB001, 2 * UNIT), payment(0xB005, 6 * UNIT)]


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
    base = chain.time()
    posted = on_chain(world, commitments, batch, base, post(world, commitments, batch, base))
    return posted.prove([0, 1]), openings


def test_claim_pushed__commitments_opened__name_their_payees(world, hidden, chain):
    proof, openings = hidden
    _, payments = push(world, next_run(chain), proof, b"".join(openings))
    payees = (int.from_bytes(bytes([byte] * 20), "big") for byte in (101, 102))
    assert payments == [payment(payee, 10 * UNIT) for payee in payees]


def test_claim_pushed__other_payee_than_committed_to__is_refused(world, hidden, chain):
    proof, (first, second) = hidden
    stolen = second[:20] + bytes.fromhex(world.eve.address[2:]) + second[40:]
    with reverts_with("OpeningInvalid", 1):
        push(world, next_run(chain), proof, first + stolen)
    with reverts_with("OpeningInvalid", 0):
        push(world, next_run(chain), replace(proof), first)
