import pytest

from tests.support.reverts import reverts_with

DEPENDENCY, RISK, PRODUCT, CELL = range(4)


@pytest.mark.parametrize("who", ["stranger", "admin"])
def test_release__anyone_but_a_book__is_refused(book, release, people, who):
    book(10)
    with reverts_with("OnlyBooks", getattr(people, who)):
        release(1, by=getattr(people, who))


@pytest.mark.parametrize(
    ("changes", "dimension", "key"),
    [
        ({"product": 2}, PRODUCT, 2),
        ({"risk": 8}, RISK, 8),
        ({"dependencies": 5}, DEPENDENCY, 5),
    ],
)
def test_release__more_than_booked__is_refused(book, release, changes, dimension, key):
    book(10, dependencies=4)
    with reverts_with("ReleaseExceedsBooked", dimension, key, 1, 0):
        release(1, **changes)


@pytest.mark.parametrize("who", ["policies", "facility"])
def test_release__by_a_book__gives_room_back(ledger, book, release, people, who):
    book(10, dependencies=4)
    release(7, dependencies=4, by=getattr(people, who))
    assert ledger.booked(PRODUCT, 1)[0] == 3
    assert ledger.booked(RISK, 7)[0] == 3
    assert ledger.booked(DEPENDENCY, 4)[0] == 3
