import pytest

from tests.support.cover import TABLE, pack
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def product(books, terms, accounts):
    return books.register(terms.args(), pack(TABLE), {"from": accounts[0]}).return_value


def test_close__stranger__is_refused(books, product, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[3]):
        books.close.call(product, {"from": accounts[3]})


def test_close__unknown_product__is_refused(books, accounts):
    with reverts_with("UnknownProduct", 9):
        books.close.call(9, {"from": accounts[0]})


def test_close__twice__is_refused(books, product, accounts):
    books.close(product, {"from": accounts[0]})
    with reverts_with("ProductIsClosed", product):
        books.close.call(product, {"from": accounts[0]})


def test_close__open_product__sells_nothing_more_and_keeps_its_terms(
    books, product, terms, accounts
):
    assert tuple(books.requireOpen(product)) == terms.args()
    tx = books.close(product, {"from": accounts[0]})
    assert tx.events["ProductClosed"]["product"] == product
    with reverts_with("ProductIsClosed", product):
        books.requireOpen(product)
    with reverts_with("ProductIsClosed", product):
        books.requireSold(product, terms.terms_hash)
    assert tuple(books.termsOf(product)) == terms.args()
    assert books.table(product)[0] == pack(TABLE)
