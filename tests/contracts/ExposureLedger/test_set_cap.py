from tests.support.reverts import reverts_with

RISK = 1


def test_set_cap__stranger__is_refused(ledger, people):
    with reverts_with("AccessManagedUnauthorized", people.stranger):
        ledger.setCap.call(RISK, 7, 5, {"from": people.stranger})


def test_set_cap__beyond_what_a_line_holds__is_refused(ledger, people):
    with reverts_with("CapTooHigh", 2**63):
        ledger.setCap.call(RISK, 7, 2**63, {"from": people.admin})


def test_deploy__default_beyond_what_a_line_holds__is_refused(ExposureLedger, people):
    with reverts_with("CapTooHigh", 2**63):
        ExposureLedger.deploy(*[people.admin] * 6, 2**63, {"from": people.admin})


def test_set_cap__zero__refuses_new_cover_and_keeps_what_is_booked(ledger, book, people):
    book(10)
    tx = ledger.setCap(RISK, 7, 0, {"from": people.admin})
    assert tx.events["CapSet"] == {"dimension": RISK, "key": 7, "cap": 0}
    assert tuple(ledger.booked(RISK, 7)) == (10, 0)
    with reverts_with("CapExceeded", RISK, 7, 1, 0):
        book(1)


def test_booked__no_cap_set__shows_the_default(ledger):
    assert tuple(ledger.booked(RISK, 7)) == (0, ledger.defaultCap())
