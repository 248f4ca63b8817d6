from tests.support.cover import RATE_UNIT, TABLE
from tests.support.reverts import reverts_with


def test_leave__anyone_but_the_policy_book__is_refused(index, enter, accounts):
    enter(1, 3)
    with reverts_with("OnlyPolicyBook", accounts[4]):
        index.leave.call(1, 3, 1, {"from": accounts[4]})


def test_views__no_policy_counted_in__are_refused(index):
    with reverts_with("IndexNotRunning", 1, 3):
        index.rateOf(1, 3)
    with reverts_with("IndexNotRunning", 1, 3):
        index.current(1, 3)
    with reverts_with("IndexNotRunning", 1, 3):
        index.indexAt(1, 3, 0)


def test_index_at__before_cover_began__is_refused(index, enter):
    start = enter(1, 3).timestamp
    assert index.indexAt(1, 3, start) == 0
    with reverts_with("IndexNotRunning", 1, 3):
        index.indexAt(1, 3, start - 1)


def test_leave__one_of_two_policies__keeps_the_index_running(index, enter, leave):
    enter(1, 3)
    enter(1, 3)
    assert "IndexStopped" not in leave(1, 3).events
    assert index.policiesOn(1, 3) == 1
    assert index.rateOf(1, 3) == TABLE[0] * RATE_UNIT


def test_leave__none__changes_nothing(index, enter, leave):
    enter(1, 3)
    leave(1, 3, 0)
    assert index.policiesOn(1, 3) == 1
    assert index.coveredLanes(0) == 1 << 3


def test_leave__last_policies__stops_the_index(index, enter, leave, move, neighbours):
    enter(1, 3)
    enter(1, 3)
    assert neighbours.covered(0)
    assert leave(1, 3, 2).events["IndexStopped"] == {"product": 1, "risk": 3}
    assert index.coveredLanes(0) == 0
    assert not neighbours.covered(0)
    with reverts_with("IndexNotRunning", 1, 3):
        index.rateOf(1, 3)
    assert "RateReset" not in move({3: 9_000}).events


def test_leave__last_on_a_risk_of_a_group_with_others__keeps_the_group_covered(
    index, enter, leave, neighbours
):
    enter(1, 3)
    enter(1, 15)
    leave(1, 3)
    assert index.coveredLanes(0) == 1 << 15
    assert neighbours.covered(0)


def test_leave__other_product_on_the_risk__stays_covered(index, enter, leave, move):
    enter(1, 3)
    enter(2, 3)
    leave(1, 3)
    assert index.coveredLanes(0) == 1 << 3
    assert move({3: 9_000}).events["RateReset"]["product"] == 2


def test_leave__products_in_any_order__leaves_the_others_running(index, enter, leave, move):
    for product in (1, 2, 3):
        enter(product, 3)
    leave(2, 3)
    assert {e["product"] for e in move({3: 9_000}).events["RateReset"]} == {1, 3}
    leave(3, 3)
    assert move({3: 100}).events["RateReset"]["product"] == 1
    leave(1, 3)
    assert index.coveredLanes(0) == 0
    enter(4, 3)
    assert move({3: 9_000}).events["RateReset"]["product"] == 4


def test_enter__after_all_have_left__begins_a_new_path(index, enter, leave, chain):
    enter(1, 3)
    leave(1, 3)
    start = enter(1, 3).timestamp
    chain.mine(timestamp=start + 10)
    assert index.indexAt(1, 3, start) == 0
    assert index.indexAt(1, 3, start + 10) == 10 * TABLE[0] * RATE_UNIT
