import pytest

from tests.support import capital
from tests.support.reverts import reverts_with


@pytest.mark.parametrize(
    "change",
    [{7: 10_001}, {8: 10_001}, {9: 10_001}, {10: 0}, {11: 1_999}],
    ids=["fee", "junior premium", "junior floor", "no epoch", "delay below report delay"],
)
def test_deploy__parameter_out_of_range__is_refused(
    change, Cell, Authority, IncidentClock, token, people
):
    sender = {"from": people.admin}
    arguments = [
        Authority.deploy(people.admin, sender), token, IncidentClock.deploy(10, 2_000, sender),
        people.policy_book, people.facility, people.ledger, people.claims_desk,
        capital.FEE_BPS, capital.JUNIOR_PREMIUM_BPS, capital.JUNIOR_FLOOR_BPS,
        capital.EPOCH, capital.WITHDRAWAL_DELAY,
    ]  # fmt: skip
    for position, value in change.items():
        arguments[position] = value
    with reverts_with("BadCellParameters"):
        Cell.deploy(*arguments, sender)


def test_deploy__vaults__belong_to_the_cell(cell, junior, senior, token):
    assert junior.cell() == senior.cell() == cell
    assert (junior.tranche(), senior.tranche()) == (0, 1)
    assert junior.asset() == senior.asset() == token
    assert junior.decimals() == 12
