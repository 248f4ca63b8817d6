import pytest

from tests.support.cover import RATE_UNIT, TABLE, TERMS_HASH, pack
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def product(books, terms, accounts):
    return books.register(terms.args(), pack(TABLE), {"from": accounts[0]}).return_value


@pytest.mark.parametrize("view", ["termsOf", "requireOpen", "topRate", "table", "tailOf"])
def test_views__unknown_product__are_refused(books, view):
    with reverts_with("UnknownProduct", 9):
        getattr(books, view)(9)


def test_rate__unknown_product__is_refused(books):
    with reverts_with("UnknownProduct", 9):
        books.rate(9, 0)
    with reverts_with("UnknownProduct", 9):
        books.offerOf(9, 0)


@pytest.mark.parametrize(
    ("score", "tier"), [(0, 0), (624, 0), (625, 1), (9_374, 14), (9_375, 15), (10_000, 15)]
)
def test_rate__score__is_the_rate_of_its_tier(books, product, score, tier):
    assert books.rate(product, score) == TABLE[tier] * RATE_UNIT


def test_top_rate__is_the_rate_of_the_last_tier(books, product):
    assert books.topRate(product) == TABLE[15] * RATE_UNIT


def test_offer__open_product__holds_what_a_quote_is_checked_against(books, product, terms):
    offer = books.offerOf(product, 5_000)
    assert offer["cell"] == terms.cell
    assert (offer["form"], offer["peril"]) == (terms.form, terms.peril)
    assert offer["noticePeriod"] == terms.notice_period
    assert offer["term"] == terms.term
    assert offer["maxSumInsured"] == terms.max_sum_insured
    assert offer["rateUnit"] == RATE_UNIT
    assert (offer["tableRate"], offer["topRate"]) == (TABLE[8], TABLE[15])
    assert offer["termsHash"] == TERMS_HASH


def test_tail__names_cell_and_claim_window(books, product, terms):
    assert tuple(books.tailOf(product)) == (terms.cell, terms.claim_window)


def test_offer__terms_hash_retired_since__is_refused_but_terms_stay(
    books, product, terms, neighbours, accounts
):
    neighbours.retire(TERMS_HASH, {"from": accounts[0]})
    with reverts_with("HashIsRetired", TERMS_HASH, ...):
        books.offerOf(product, 0)
    with reverts_with("HashIsRetired", TERMS_HASH, ...):
        books.requireOpen(product)
    assert tuple(books.termsOf(product)) == terms.args()
