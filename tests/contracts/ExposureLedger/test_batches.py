import pytest

from tests.support.reverts import reverts_with

DEPENDENCY, RISK, PRODUCT, CELL = range(4)
WORD = 5 << 176 | 7
"""Five units of a batch with digest 7."""


@pytest.mark.parametrize("who", ["stranger", "policies", "facility"])
def test_batches__anyone_but_the_certificate_book__is_refused(ledger, cell, people, who):
    caller = getattr(people, who)
    for function, arguments in (
        ("openBatch", (1, WORD)),
        ("payBatch", (1, 1)),
        ("closeBatch", (1, 1, 7, cell, 0, 0)),
    ):
        with reverts_with("OnlyBooks", caller):
            getattr(ledger, function)(*arguments, {"from": caller})


@pytest.mark.parametrize("batch", [1, 2])
def test_pay_batch__more_than_its_units__is_refused(ledger, people, batch):
    ledger.openBatch(1, WORD, {"from": people.certificates})
    ledger.payBatch(1, 4, {"from": people.certificates})
    with reverts_with("ProofInvalid", batch):
        ledger.payBatch(batch, 2, {"from": people.certificates})


def test_pay_batch__all_of_its_units__are_counted(ledger, people):
    ledger.openBatch(1, WORD, {"from": people.certificates})
    ledger.payBatch(1, 5, {"from": people.certificates})
    assert ledger.batchWord(1) == 5 << 216 | WORD


@pytest.mark.parametrize(
    ("product", "risk", "dimension", "key"), [(2, 7, PRODUCT, 2), (1, 8, RISK, 8)]
)
def test_close_batch__more_than_booked__is_refused(
    ledger, book, cell, people, product, risk, dimension, key
):
    book(10)
    with reverts_with("ReleaseExceedsBooked", dimension, key, 1, 0):
        ledger.closeBatch(1, product, risk, cell, 1, 1, {"from": people.certificates})


def test_close_batch__gives_all_room_and_the_unpaid_capital_back(ledger, book, cell, people):
    book(10, dependencies=4)
    before = cell.locked()
    receipt = ledger.closeBatch(1, 1, 7, cell, 7, 3, {"from": people.certificates})
    assert receipt.events["BordereauExpired"] == {"batch": 1, "released": 3}
    booked = [ledger.booked(*key)[0] for key in ((PRODUCT, 1), (RISK, 7), (DEPENDENCY, 4))]
    assert booked == [3, 3, 10]
    assert before - cell.locked() == 3
