from contracts.client.signatures import keccak256
from tests.support.cover import RATE_UNIT, TABLE
from tests.support.reverts import reverts_with

PAIRS = 2
"""Storage slot of the index's pairs of risks."""
MOST_POLICIES = 2**20 - 1
"""Policies that one side of a pair counts, in the bits from 136 (even risk) or 156 (odd) on."""


def test_enter__anyone_but_the_policy_book__is_refused(index, accounts):
    with reverts_with("OnlyPolicyBook", accounts[4]):
        index.enter.call(1, 3, 1, 1, {"from": accounts[4]})


def test_enter__ninth_product_in_one_group__is_refused(index, enter):
    for product in range(1, 9):
        enter(product, product)
    with reverts_with("TooManyProducts", 0, 8):
        enter(9, 3)
    enter(9, 16)
    assert index.policiesOn(9, 16) == 1


def test_enter__one_policy_more_than_an_index_can_count__is_refused(index, enter, web3):
    enter(1, 3)
    pair = (1 << 32 | 3 >> 1).to_bytes(32, "big")
    slot = keccak256(pair + PAIRS.to_bytes(32, "big"))
    strip = int.from_bytes(
        web3.eth.get_storage_at(index.address, int.from_bytes(slot, "big")), "big"
    )
    full = strip | MOST_POLICIES << 156
    arguments = [index.address, "0x" + slot.hex(), f"0x{full:064x}"]
    web3.provider.make_request("evm_setAccountStorageAt", arguments)
    assert index.policiesOn(1, 3) == MOST_POLICIES
    with reverts_with("TooManyPolicies", 1, 3):
        enter(1, 3)


def test_enter__first_policy__starts_the_index_at_the_rate_of_the_effective_score(
    index, enter, neighbours, accounts, chain
):
    neighbours.setScore(3, 1_300, 9_999, {"from": accounts[0]})
    tx = enter(1, 3)
    assert tx.events["IndexStarted"] == {"product": 1, "risk": 3, "rate": TABLE[2] * RATE_UNIT}
    assert index.rateOf(1, 3) == TABLE[2] * RATE_UNIT
    assert index.coveredLanes(0) == 1 << 3
    chain.mine(timestamp=tx.timestamp + 100)
    assert index.indexAt(1, 3, tx.timestamp + 100) == 100 * TABLE[2] * RATE_UNIT


def test_enter__second_policy__joins_the_running_index(index, enter, neighbours, accounts, chain):
    first = enter(1, 3)
    neighbours.setScore(3, 9_999, 9_999, {"from": accounts[0]})
    second = enter(1, 3)
    assert "IndexStarted" not in second.events
    elapsed = second.timestamp - first.timestamp
    assert second.return_value == elapsed * TABLE[0]
    assert index.policiesOn(1, 3) == 2


def test_enter__neighbouring_risk_joins_later__keeps_both_paths(
    index, enter, neighbours, accounts, chain
):
    neighbours.setScore(2, 700, 700, {"from": accounts[0]})
    neighbours.setScore(3, 1_300, 1_300, {"from": accounts[0]})
    even = enter(1, 2)
    chain.mine(timestamp=even.timestamp + 50)
    odd = enter(1, 3)
    chain.mine(timestamp=odd.timestamp + 50)
    now = chain.time()
    later = odd.timestamp + 50
    assert now >= later
    assert index.indexAt(1, 2, later) == (later - even.timestamp) * TABLE[1] * RATE_UNIT
    path = index.indexAt(1, 3, later) - index.indexAt(1, 3, odd.timestamp)
    assert path == 50 * TABLE[2] * RATE_UNIT
