import pytest

from tests.support.reverts import reverts_with

DEPENDENCY, RISK, PRODUCT, CELL = range(4)
DAY = 86_400
KEYS = [(DEPENDENCY, 4), (RISK, 7), (PRODUCT, 1)]


@pytest.fixture
def pause(ledger, people, chain):
    def _pause(seconds, dimension=RISK, key=7):
        until = chain[-1].timestamp + seconds
        return ledger.pause(dimension, key, until, {"from": people.admin}), until

    return _pause


def test_pause__stranger__is_refused(ledger, people):
    with reverts_with("AccessManagedUnauthorized", people.stranger):
        ledger.pause.call(RISK, 7, 0, {"from": people.stranger})


def test_pause__longer_than_the_bound__is_refused(pause):
    with reverts_with("ClosureTooLong", ..., ...):
        pause(7 * DAY + 100)


def test_pause__again_before_the_cool_down_has_passed__is_refused(ledger, pause, chain):
    _, until = pause(DAY)
    chain.mine(timestamp=until + ledger.COOL_DOWN() - 60)
    with reverts_with("ClosureTooSoon", until + ledger.COOL_DOWN()):
        pause(1)


@pytest.mark.parametrize("seconds", [DAY, DAY + 1])
def test_pause__made_longer_while_it_lasts__is_refused(pause, ledger, seconds):
    _, until = pause(DAY)
    with reverts_with("ClosureTooSoon", until + ledger.COOL_DOWN()):
        pause(seconds + 60)


def test_pause__ended_sooner__still_has_to_cool_down(pause, ledger, book, people):
    pause(DAY)
    ended = ledger.pause(RISK, 7, 0, {"from": people.admin})
    assert ended.events["PauseSet"]["until"] == ended.timestamp
    book(1)
    with reverts_with("ClosureTooSoon", ended.timestamp + ledger.COOL_DOWN()):
        pause(DAY)


@pytest.mark.parametrize(("dimension", "key"), KEYS, ids=["dep", "risk", "product"])
def test_pause__while_it_lasts__no_new_cover_and_releases_go_on(
    ledger, book, release, pause, cell, chain, dimension, key
):
    book(10, dependencies=4)
    transaction, until = pause(DAY, dimension, key)
    assert transaction.events["PauseSet"] == {"dimension": dimension, "key": key, "until": until}
    assert ledger.closedUntil(dimension, key) == until
    with reverts_with("ClosedToNewCover", dimension, key, until):
        book(1, dependencies=4)
    assert ledger.room(1, cell, 7, 4) == 0
    release(10, dependencies=4)
    chain.mine(timestamp=until)
    book(1, dependencies=4)


def test_pause__of_a_cell__closes_all_behind_it(ledger, book, pause, cell, chain):
    key = int(cell.address, 16)
    _, until = pause(DAY, CELL, key)
    with reverts_with("ClosedToNewCover", CELL, key, until):
        book(1)
    assert ledger.room(1, cell, 7, 0) == 0
    chain.mine(timestamp=until)
    book(1)


def test_pause__neighbours_of_the_key__stay_open(ledger, book, pause):
    pause(DAY, RISK, 6)
    book(60, risk=7)
    assert [ledger.booked(RISK, risk)[0] for risk in (5, 6, 7)] == [0, 0, 60]


def test_freeze__anyone_but_the_registry__is_refused(ledger, people):
    with reverts_with("OnlyIncidentRegistry", people.admin):
        ledger.freeze.call(4, 1, {"from": people.admin})


def test_freeze__longer_than_the_bound__is_refused(ledger, people, chain):
    until = chain[-1].timestamp + 8 * DAY
    with reverts_with("ClosureTooLong", until, ...):
        ledger.freeze.call(4, until, {"from": people.incidents})


def test_freeze__beside_a_pause__both_have_to_end(ledger, book, pause, people, chain):
    until = chain[-1].timestamp + 2 * DAY
    ledger.freeze(4, until, {"from": people.incidents})
    _, paused = pause(DAY, DEPENDENCY, 4)
    assert ledger.closedUntil(DEPENDENCY, 4) == until
    chain.mine(timestamp=paused)
    with reverts_with("ClosedToNewCover", DEPENDENCY, 4, until):
        book(1, dependencies=4)
    book(1, dependencies=5)
    chain.mine(timestamp=until)
    book(1, dependencies=4)


def test_freeze__again_within_the_cool_down__is_refused(ledger, people, chain):
    until = chain[-1].timestamp + DAY
    ledger.freeze(4, until, {"from": people.incidents})
    chain.mine(timestamp=until + ledger.COOL_DOWN() - 60)
    with reverts_with("ClosureTooSoon", until + ledger.COOL_DOWN()):
        ledger.freeze.call(4, until + ledger.COOL_DOWN(), {"from": people.incidents})
