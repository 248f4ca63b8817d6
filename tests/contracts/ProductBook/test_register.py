import pytest

from tests.support.cover import TABLE, TERMS_HASH, pack
from tests.support.reverts import reverts_with


def field(name):
    return "0x" + name.encode().ljust(32, b"\0").hex()


def test_register__stranger__is_refused(books, terms, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[3]):
        books.register.call(terms.args(), pack(TABLE), {"from": accounts[3]})


def test_register__rate_of_the_lowest_tier_zero__is_refused(books, terms, accounts):
    with reverts_with("TableEmpty"):
        books.register.call(terms.args(), pack((0, *TABLE[1:])), {"from": accounts[0]})


@pytest.mark.parametrize("lane", [1, 8, 15])
def test_register__falling_table__names_the_lane(books, terms, accounts, lane):
    lanes = list(TABLE)
    lanes[lane] = lanes[lane - 1] - 1
    with reverts_with("TableNotMonotone", lane, lanes[lane - 1], lanes[lane]):
        books.register.call(terms.args(), pack(lanes), {"from": accounts[0]})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("cell", {"cell": "0x" + "00" * 20}),
        ("rateUnit", {"rate_unit": 0}),
        ("rateUnit", {"rate_unit": 2**64 // TABLE[15] + 1}),
        ("term", {"term": 0}),
        ("maxSumInsured", {"max_sum_insured": 0}),
        ("maxSumInsured", {"max_sum_insured": 2**56}),
        ("claimWindow", {"claim_window": 30}),
        ("noticePeriod", {"notice_period": 0}),
        ("noticePeriod", {"notice_period": 31 * 86_400}),
        ("increaseDelay", {"increase_delay": 59}),
        ("unit", {"form": 1, "unit": 0}),
        ("unit", {"form": 1, "unit": 3}),
    ],
)
def test_register__impossible_terms__name_the_field(books, terms, accounts, name, changes):
    with reverts_with("BadTerms", field(name)):
        books.register.call(terms.but(**changes).args(), pack(TABLE), {"from": accounts[0]})


def test_register__terms_hash_retired__is_refused(books, terms, neighbours, accounts):
    neighbours.retire(TERMS_HASH, {"from": accounts[0]})
    with reverts_with("HashIsRetired", TERMS_HASH, ...):
        books.register.call(terms.args(), pack(TABLE), {"from": accounts[0]})


def test_register__good_terms__are_kept_word_for_word(books, terms, accounts):
    tx = books.register(terms.args(), pack(TABLE), {"from": accounts[0]})
    assert tx.return_value == 1
    assert tx.events["ProductRegistered"]["product"] == 1
    assert tx.events["ProductRegistered"]["termsHash"] == TERMS_HASH
    assert tuple(books.termsOf(1)) == terms.args()
    assert tuple(books.table(1)) == (pack(TABLE), terms.rate_unit)
    assert books.productCount() == 1


def test_register__second_product__gets_the_next_number(books, terms, accounts):
    books.register(terms.args(), pack(TABLE), {"from": accounts[0]})
    tx = books.register(terms.but(term=86_400).args(), pack(TABLE), {"from": accounts[0]})
    assert tx.return_value == 2
    assert books.termsOf(1)["term"] == terms.term
    assert books.termsOf(2)["term"] == 86_400
