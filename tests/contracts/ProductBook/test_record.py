"""Where records lie: at the address that a number of a product gives, so that nobody need ask."""

import pytest
import rlp
from eth_utils import keccak, to_checksum_address

from tests.support.cover import TABLE, pack
from tests.support.reverts import reverts_with


def created(creator, nonce):
    """The address of what `creator` creates with that nonce (yellow paper, section 7)."""
    return to_checksum_address(keccak(rlp.encode([bytes.fromhex(creator[2:]), nonce]))[12:])


@pytest.fixture(scope="module")
def shelf(ProductShelf, accounts):
    return ProductShelf.deploy({"from": accounts[0]})


@pytest.mark.parametrize("number", [1, 2, 127, 128, 129, 255, 256, 257, 32_768, 65_535])
def test_record__any_number__lies_where_the_book_creates_with_that_nonce(shelf, books, number):
    assert shelf.recordAt(books, number) == created(books.address, number)


def test_record__products_in_order__are_found_by_their_number(books, terms, accounts):
    refused = (terms.args(), pack((0, *TABLE[1:])), {"from": accounts[0]})
    for number in (1, 2, 3):
        books.register(terms.args(), pack(TABLE), {"from": accounts[0]})
        with reverts_with("TableEmpty"):
            books.register.call(*refused)
        assert books.recordOf(number) == created(books.address, number)
    assert books.termsOf(3) == books.termsOf(1)


def test_record__number_never_given__is_unknown(books):
    with reverts_with("UnknownProduct", 9):
        books.termsOf(9)
