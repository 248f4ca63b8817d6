from tests.support.capital import UNIT, fund, pay_premium


def test_collect_premium__empty_tranche__earns_none(cell, token, senior, people):
    fund(token, cell, senior, people.ben, 100 * UNIT)
    event = pay_premium(token, cell, people.facility, 10 * UNIT).events["PremiumCollected"]
    assert (event["toJunior"], event["toSenior"]) == (0, 9 * UNIT)


def test_collect_premium__only_junior_capital__earns_all(cell, token, junior, people):
    fund(token, cell, junior, people.ada, 100 * UNIT)
    event = pay_premium(token, cell, people.facility, 10 * UNIT).events["PremiumCollected"]
    assert (event["toJunior"], event["toSenior"]) == (9 * UNIT, 0)
