import pytest

from tests.support.reverts import reverts_with

DEPENDENCY, RISK, PRODUCT, CELL = range(4)


@pytest.mark.parametrize("who", ["stranger", "certificates", "admin"])
def test_book__anyone_but_a_book__is_refused(book, people, who):
    with reverts_with("OnlyBooks", getattr(people, who)):
        book(1, by=getattr(people, who))


@pytest.mark.parametrize("dependencies", [1 << 32, 3 | 3 << 32, 5 | 4 << 32, 1 | 2 << 64])
def test_book__dependencies_out_of_order__are_refused(book, dependencies):
    with reverts_with("BadDependencies", dependencies):
        book(1, dependencies=dependencies)


@pytest.mark.parametrize(
    ("dimension", "key"), [(DEPENDENCY, 4), (RISK, 7), (PRODUCT, 1)], ids=["dep", "risk", "product"]
)
def test_book__past_a_cap__names_dimension_and_room(ledger, book, people, dimension, key):
    ledger.setCap(dimension, key, 100, {"from": people.admin})
    book(60, dependencies=4)
    with reverts_with("CapExceeded", dimension, key, 41, 40):
        book(41, dependencies=4)
    book(40, dependencies=4)


def test_book__past_the_cells_cap__counts_what_the_cell_has_locked(ledger, book, cell, people):
    key = int(cell.address, 16)
    ledger.setCap(CELL, key, 100, {"from": people.admin})
    book(60)
    with reverts_with("CapExceeded", CELL, key, 41, 40):
        book(41)


def test_book__no_cap_set__is_held_to_the_default(book):
    book(1_000)
    with reverts_with("CapExceeded", PRODUCT, 1, 1, 0):
        book(1)


def test_book__every_dimension__is_raised(ledger, book, cell, people):
    book(60, dependencies=4 | 9 << 32)
    book(5, risk=8, by=people.facility)
    assert ledger.booked(PRODUCT, 1)[0] == 65
    assert ledger.booked(RISK, 7)[0] == 60
    assert ledger.booked(RISK, 8)[0] == 5
    assert [ledger.booked(DEPENDENCY, key)[0] for key in (4, 9)] == [60, 60]
    assert ledger.booked(CELL, int(cell.address, 16))[0] == 65


def test_room__is_the_smallest_of_all_dimensions(ledger, book, cell, people):
    def room():
        return ledger.room(1, cell, 7, 4 | 9 << 32)

    assert room() == 1_000
    book(100)
    assert room() == 900
    for dimension, key, cap in [
        (DEPENDENCY, 9, 800),
        (RISK, 7, 750),
        (PRODUCT, 1, 600),
        (CELL, int(cell.address, 16), 400),
    ]:
        ledger.setCap(dimension, key, cap, {"from": people.admin})
        assert room() == cap - (0 if dimension == DEPENDENCY else 100)
    ledger.setCap(RISK, 7, 50, {"from": people.admin})
    assert room() == 0


def test_set_applicant__anyone_but_the_register__is_refused(ledger, people):
    with reverts_with("OnlyRiskRegister", people.stranger):
        ledger.setApplicant.call(7, people.stranger, {"from": people.stranger})


def test_insured_on__booked_risk__is_its_sum_and_its_applicant(ledger, book, people):
    ledger.setApplicant(7, people.stranger, {"from": people.register})
    book(60)
    ledger.setCap(RISK, 7, 100, {"from": people.admin})
    book(40)
    assert tuple(ledger.insuredOn(7)) == (100, people.stranger)
    assert tuple(ledger.booked(RISK, 7)) == (100, 100)
    with reverts_with("CapExceeded", RISK, 7, 1, 0):
        book(1)
