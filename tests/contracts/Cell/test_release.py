from tests.support.capital import UNIT
from tests.support.reverts import reverts_with


def test_release__stranger__is_refused(funded, people):
    with reverts_with("OnlyBooks", people.eve):
        funded.release(1, {"from": people.eve})


def test_release__more_than_locked__is_refused(funded, people):
    funded.lock(5 * UNIT, {"from": people.policy_book})
    with reverts_with("ReleaseExceedsLocked", 5 * UNIT + 1, 5 * UNIT):
        funded.release(5 * UNIT + 1, {"from": people.policy_book})


def test_release__each_book_and_the_desk__frees(funded, people):
    funded.lock(5 * UNIT, {"from": people.policy_book})
    callers = (people.policy_book, people.facility, people.claims_desk)
    for number, caller in enumerate(callers, start=1):
        receipt = funded.release(UNIT, {"from": caller})
        assert receipt.events["CapitalReleased"]["locked"] == (5 - number) * UNIT
    assert funded.free() == 3_998 * UNIT
