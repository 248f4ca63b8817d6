from tests.support.capital import UNIT
from tests.support.reverts import reverts_with


def test_lock__stranger__is_refused(funded, people):
    for caller in (people.eve, people.claims_desk, people.ledger, people.admin):
        with reverts_with("OnlyBooks", caller):
            funded.lock(1, {"from": caller})


def test_lock__more_than_free__is_refused(funded, people):
    funded.lock(3_000 * UNIT, {"from": people.policy_book})
    with reverts_with("CapacityExceeded", 1_000 * UNIT + 1, 1_000 * UNIT):
        funded.lock(1_000 * UNIT + 1, {"from": people.facility})


def test_lock__amount_beyond_64_bits__is_refused(funded, people):
    with reverts_with("CapacityExceeded", 2**64 + 1, 4_000 * UNIT):
        funded.lock(2**64 + 1, {"from": people.facility})


def test_lock__all_of_free__leaves_nothing_free(funded, people):
    receipt = funded.lock(4_000 * UNIT, {"from": people.policy_book})
    assert receipt.events["CapitalLocked"] == {
        "by": people.policy_book, "amount": 4_000 * UNIT, "locked": 4_000 * UNIT,
    }  # fmt: skip
    assert (funded.locked(), funded.free(), funded.assets()) == (4_000 * UNIT, 0, 4_000 * UNIT)
    assert funded.utilisationBps() == 10_000
