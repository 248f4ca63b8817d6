import pytest

from tests.support.capital import UNIT
from tests.support.reverts import reverts_with


@pytest.mark.parametrize("who", ["eve", "policy_book", "facility", "claims_desk"])
def test_free_unclaimed__anyone_but_the_ledger__is_refused(funded, people, who):
    funded.lock(5 * UNIT, {"from": people.policy_book})
    with reverts_with("OnlyBooks", getattr(people, who)):
        funded.freeUnclaimed(1, {"from": getattr(people, who)})


def test_free_unclaimed__more_than_locked__is_refused(funded, people):
    funded.lock(5 * UNIT, {"from": people.facility})
    with reverts_with("ReleaseExceedsLocked", 5 * UNIT + 1, 5 * UNIT):
        funded.freeUnclaimed(5 * UNIT + 1, {"from": people.ledger})


def test_free_unclaimed__ledger__frees_and_leaves_the_telling_to_it(funded, people):
    funded.lock(5 * UNIT, {"from": people.facility})
    receipt = funded.freeUnclaimed(2 * UNIT, {"from": people.ledger})
    assert (funded.locked(), funded.free()) == (3 * UNIT, 3_997 * UNIT)
    assert len(receipt.events) == 0
