from tests.support.capital import UNIT
from tests.support.reverts import reverts_with


def payments(payees, amounts):
    return [int(str(p), 16) << 96 | a for p, a in zip(payees, amounts, strict=True)]


def test_pay_many__anyone_but_the_desk__is_refused(funded, people):
    with reverts_with("OnlyClaimsDesk", people.facility):
        funded.payMany(payments([people.eve], [1]), {"from": people.facility})


def test_pay_many__sum_beyond_locked__pays_nobody(funded, token, people):
    funded.lock(5 * UNIT, {"from": people.policy_book})
    with reverts_with("ReleaseExceedsLocked", 6 * UNIT, 5 * UNIT):
        payees = [people.eve, people.admin]
        funded.payMany(payments(payees, [3 * UNIT, 3 * UNIT]), {"from": people.claims_desk})
    assert token.balanceOf(people.eve) == 0


def test_pay_many__one_refused__pays_the_others(funded, token, people, accounts):
    funded.lock(1_200 * UNIT, {"from": people.policy_book})
    token.refuse(people.eve, True, {"from": people.admin})
    payees = [accounts[10], people.eve, accounts[11]]
    due = payments(payees, [400 * UNIT, 300 * UNIT, 500 * UNIT])
    receipt = funded.payMany(due, {"from": people.claims_desk})
    assert [token.balanceOf(p) for p in payees] == [400 * UNIT, 0, 500 * UNIT]
    assert funded.stored(people.eve) == 300 * UNIT
    event = receipt.events["ClaimsPaid"]
    assert (event["count"], event["amount"]) == (3, 1_200 * UNIT)
    assert (event["fromJunior"], event["fromSenior"]) == (1_000 * UNIT, 200 * UNIT)
    assert funded.locked() == 0
