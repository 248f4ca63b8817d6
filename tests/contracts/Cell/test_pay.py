from tests.support.capital import UNIT, ints
from tests.support.reverts import reverts_with


def test_pay__anyone_but_the_desk__is_refused(funded, people):
    funded.lock(10 * UNIT, {"from": people.policy_book})
    for caller in (people.eve, people.policy_book, people.facility, people.admin, people.treasurer):
        with reverts_with("OnlyClaimsDesk", caller):
            funded.pay(caller, UNIT, {"from": caller})


def test_pay__more_than_locked__is_refused(funded, people):
    funded.lock(10 * UNIT, {"from": people.policy_book})
    with reverts_with("ReleaseExceedsLocked", 10 * UNIT + 1, 10 * UNIT):
        funded.pay(people.eve, 10 * UNIT + 1, {"from": people.claims_desk})


def test_pay__small_loss__is_the_junior_tranche_s(funded, token, people):
    funded.lock(500 * UNIT, {"from": people.policy_book})
    receipt = funded.pay(people.eve, 400 * UNIT, {"from": people.claims_desk})
    assert receipt.events["ClaimPaid"] == {
        "payee": people.eve, "amount": 400 * UNIT, "fromJunior": 400 * UNIT, "fromSenior": 0,
    }  # fmt: skip
    assert token.balanceOf(people.eve) == 400 * UNIT
    assert (funded.locked(), funded.assets()) == (100 * UNIT, 3_600 * UNIT)


def test_pay__loss_beyond_junior__takes_the_rest_from_senior(funded, people):
    funded.lock(1_500 * UNIT, {"from": people.policy_book})
    event = funded.pay(people.eve, 1_500 * UNIT, {"from": people.claims_desk}).events["ClaimPaid"]
    assert (event["fromJunior"], event["fromSenior"]) == (1_000 * UNIT, 500 * UNIT)
    assert funded.tranche(0)[0] == 0
    assert funded.tranche(1)[0] == 2_500 * UNIT


def test_pay__refused_payee__is_stored_and_keeps_the_books(funded, token, people):
    funded.lock(10 * UNIT, {"from": people.policy_book})
    token.refuse(people.eve, True, {"from": people.admin})
    receipt = funded.pay(people.eve, 10 * UNIT, {"from": people.claims_desk})
    assert receipt.events["PaymentStored"] == {"payee": people.eve, "amount": 10 * UNIT}
    assert funded.stored(people.eve) == 10 * UNIT
    assert funded.locked() == 0
    assert ints(funded.solvency()) == (4_000 * UNIT, 4_000 * UNIT)
