from tests.support.capital import UNIT, pay_premium
from tests.support.reverts import reverts_with


def test_collect_premium__stranger__is_refused(funded, people):
    for caller in (people.eve, people.claims_desk, people.ledger):
        with reverts_with("OnlyBooks", caller):
            funded.collectPremium(1, {"from": caller})


def test_collect_premium__two_tranches__fee_then_junior_then_senior(funded, token, people):
    receipt = pay_premium(token, funded, people.policy_book, 100 * UNIT + 7)
    event = receipt.events["PremiumCollected"]
    assert event["fee"] == (100 * UNIT + 7) // 10
    assert event["toJunior"] == (100 * UNIT + 7 - event["fee"]) * 4 // 10
    assert event["fee"] + event["toJunior"] + event["toSenior"] == 100 * UNIT + 7
    assert funded.tranche(0)[0] == 1_000 * UNIT + event["toJunior"]
    assert funded.tranche(1)[0] == 3_000 * UNIT + event["toSenior"]
    assert funded.fees() == event["fee"]
