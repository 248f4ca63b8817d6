from tests.support.cover import LOADING, RISK, SUM, TABLE, premium_of
from tests.support.reverts import reverts_with

DAY = 86_400
RATE = TABLE[2] + LOADING


def test_cancel__unknown_policy__is_refused(n, book, people):
    with reverts_with("UnknownPolicy", n(1)):
        book.cancel.call(n(1), {"from": people.alice})


def test_cancel__anyone_but_the_holder__is_refused(n, bind, book, people):
    bind(payer=people.platform)
    with reverts_with("NotHolder", n(1), people.platform):
        book.cancel.call(n(1), {"from": people.platform})


def test_cancel__twice__is_refused(n, bind, book, people):
    bind()
    book.cancel(n(1), {"from": people.alice})
    with reverts_with("PolicyNotInForce", n(1)):
        book.cancel.call(n(1), {"from": people.alice})
    with reverts_with("PolicyNotInForce", n(1)):
        book.cancelPreview(n(1))


def test_cancel__ended_policy__is_refused(n, bind, book, chain, people):
    end = bind().timestamp + 30 * DAY
    chain.mine(timestamp=end)
    with reverts_with("PolicyNotInForce", n(1)):
        book.cancel.call(n(1), {"from": people.alice})


def test_cancel__in_force__pays_what_is_left_and_no_unit_more(
    n, bind, book, coin, chain, people, neighbours
):
    start = bind(premium=10_000_000).timestamp
    chain.mine(timestamp=start + 7 * DAY)
    had = coin.balanceOf(people.alice)
    tx = book.cancel(n(1), {"from": people.alice})
    consumed = premium_of(RATE * (tx.timestamp - start))
    assert tx.events["PolicyCancelled"]["refund"] == 10_000_000 - consumed
    assert tx.events["PolicyCancelled"]["end"] == tx.timestamp
    assert coin.balanceOf(people.alice) == had + 10_000_000 - consumed
    assert coin.balanceOf(neighbours) == neighbours.collected() == consumed
    assert coin.balanceOf(book) == 0


def test_cancel__preview_of_the_same_block__is_what_is_paid(n, bind, book, chain, people, move):
    start = bind(premium=10_000_000).timestamp
    chain.mine(timestamp=start + DAY)
    move(9_000)
    chain.mine(timestamp=start + 2 * DAY)
    book.touch(n(1), {"from": people.bob})
    chain.mine(timestamp=start + 3 * DAY)
    refund, earned = book.cancelPreview(n(1))
    assert (refund, refund + earned) == (book.cancel.call(n(1), {"from": people.alice}), 10_000_000)
    tx = book.cancel(n(1), {"from": people.alice})
    assert book.premiumAt(n(1), tx.timestamp)[0] == 10_000_000 - tx.return_value


def test_cancel__keeps_capital_and_past_cover(n, bind, book, chain, people, ledger, neighbours):
    start = bind().timestamp
    chain.mine(timestamp=start + DAY)
    end = book.cancel(n(1), {"from": people.alice}).timestamp
    assert neighbours.locked() == ledger.booked(1, RISK)[0] == SUM
    assert book.coverAt(n(1), end - 1)["inForce"]
    assert book.coverAt(n(1), end - 1)["end"] == end
    assert not book.coverAt(n(1), end)["inForce"]
    assert not book.released(n(1))


def test_cancel__last_policy__stops_the_index(n, bind, book, people, index):
    bind()
    assert book.cancel(n(1), {"from": people.alice}).events["IndexStopped"]["risk"] == RISK
    assert index.policiesOn(1, RISK) == 0


def test_cancel__lapsed_before__ends_at_the_lapse_and_pays_the_rest(
    n, bind, book, coin, chain, people
):
    funds = premium_of((TABLE[15] + LOADING) * 3_600)
    start = bind(premium=funds).timestamp
    chain.mine(timestamp=start + 20 * 3_600)
    tx = book.cancel(n(1), {"from": people.alice})
    lapse = tx.events["PolicyLapsed"]["at"]
    consumed = premium_of(RATE * (lapse - start))
    assert consumed <= funds < premium_of(RATE * (lapse + 1 - start))
    assert tx.return_value == funds - consumed
    assert book.coverAt(n(1), lapse - 1)["inForce"]
    assert not book.coverAt(n(1), lapse)["inForce"]


def test_cancel__holder_refuses_the_transfer__refund_waits(n, bind, book, coin, people):
    bind()
    coin.refuse(people.alice, True, {"from": people.admin})
    tx = book.cancel(n(1), {"from": people.alice})
    assert tx.events["RefundStored"]["amount"] == tx.return_value
    assert book.stored(people.alice) == tx.return_value
