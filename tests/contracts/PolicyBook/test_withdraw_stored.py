from tests.support.reverts import reverts_with


def test_withdraw_stored__nothing_stored__is_refused(book, people):
    with reverts_with("NothingStored", people.alice):
        book.withdrawStored.call({"from": people.alice})


def test_withdraw_stored__refund_that_failed__is_paid_once(n, bind, book, coin, people):
    bind()
    coin.refuse(people.alice, True, {"from": people.admin})
    refund = book.cancel(n(1), {"from": people.alice}).return_value
    coin.refuse(people.alice, False, {"from": people.admin})
    had = coin.balanceOf(people.alice)
    tx = book.withdrawStored({"from": people.alice})
    assert tx.events["StoredWithdrawn"]["amount"] == refund
    assert coin.balanceOf(people.alice) == had + refund
    with reverts_with("NothingStored", people.alice):
        book.withdrawStored.call({"from": people.alice})
