import pytest

from tests.support.cover import RATE_UNIT, TABLE, TERMS_HASH, pack
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def product(books, terms, accounts):
    return books.register(terms.args(), pack(TABLE), {"from": accounts[0]}).return_value


@pytest.mark.parametrize("view", ["termsOf", "requireOpen", "topRate", "table", "recordOf"])
def test_views__unknown_product__are_refused(books, view):
    with reverts_with("UnknownProduct", 9):
        getattr(books, view)(9)


def test_require_sold__unknown_product__is_refused(books):
    with reverts_with("UnknownProduct", 9):
        books.requireSold(9, TERMS_HASH)


def test_rate__unknown_product__is_refused(books):
    with reverts_with("UnknownProduct", 9):
        books.rate(9, 0)


@pytest.mark.parametrize(
    ("score", "tier"), [(0, 0), (624, 0), (625, 1), (9_374, 14), (9_375, 15), (10_000, 15)]
)
def test_rate__score__is_the_rate_of_its_tier(books, product, score, tier):
    assert books.rate(product, score) == TABLE[tier] * RATE_UNIT


def test_top_rate__is_the_rate_of_the_last_tier(books, product):
    assert books.topRate(product) == TABLE[15] * RATE_UNIT


def test_open_record__terms_hash_retired_since__is_refused_but_terms_stay(
    books, product, terms, neighbours, accounts
):
    neighbours.retire(TERMS_HASH, {"from": accounts[0]})
    with reverts_with("HashIsRetired", TERMS_HASH, ...):
        books.requireSold(product, TERMS_HASH)
    with reverts_with("HashIsRetired", TERMS_HASH, ...):
        books.requireOpen(product)
    assert tuple(books.termsOf(product)) == terms.args()


def test_record__is_code_that_begins_with_stop_and_holds_terms_and_table(
    books, product, terms, web3
):
    code = bytes(web3.eth.get_code(books.recordOf(product)))
    assert code[0] == 0
    assert len(code) == 1 + 32 * 20
    assert int.from_bytes(code[-32:], "big") == pack(TABLE)
    assert "0x" + code[-64:-32].hex() == TERMS_HASH
