"""A policy book with real products, index and ledger; the rest of the system is one stand-in.

Alice is the holder and applicant, Bob a stranger, the platform pays for others. The book's address
is computed from the deployer's nonce beforehand, as a deployment does.
"""

from types import SimpleNamespace

import pytest

from contracts.client.deployment import created_address
from contracts.client.messages import Quote
from tests.support.cover import (
    FRAME,
    LOADING,
    MODEL_HASH,
    RATE_UNIT,
    RISK,
    SUM,
    TABLE,
    TERMS_HASH,
    Underwriter,
    pack,
    policy_terms,
    quote_args,
)

UNDERWRITER_KEY = b"\x11" * 32
UNDERWRITER_ROLE = 1


@pytest.fixture(scope="module")
def people(accounts):
    names = ("admin", "alice", "bob", "platform")
    return SimpleNamespace(**dict(zip(names, accounts, strict=False)))


@pytest.fixture(scope="module")
def neighbours(CoverNeighbours, people):
    neighbours = CoverNeighbours.deploy({"from": people.admin})
    neighbours.setReport(FRAME, MODEL_HASH, False, {"from": people.admin})
    neighbours.setScore(RISK, 1_300, 1_300, {"from": people.admin})
    return neighbours


@pytest.fixture(scope="module")
def authority(Authority, people):
    return Authority.deploy(people.admin, {"from": people.admin})


@pytest.fixture(scope="module")
def coin(RefusingCoin, people):
    return RefusingCoin.deploy({"from": people.admin})


@pytest.fixture(scope="module")
def system(ProductBook, RateIndex, ExposureLedger, PolicyBook, authority, neighbours, coin, people):
    admin = {"from": people.admin}
    nonce = people.admin.nonce
    book_at = created_address(people.admin.address, nonce + 3)
    products = ProductBook.deploy(authority, neighbours, admin)
    index = RateIndex.deploy(neighbours, book_at, admin)
    ledger = ExposureLedger.deploy(
        authority, book_at, *[people.platform] * 2, *[people.admin] * 2, 10**13, admin
    )
    book = PolicyBook.deploy(
        authority,
        coin,
        products,
        index,
        neighbours,
        neighbours,
        ledger,
        neighbours,
        neighbours,
        admin,
    )
    assert book.address == book_at
    for risk in (RISK, RISK + 1):
        ledger.setApplicant(risk, people.alice, admin)
    products.register(policy_terms(neighbours.address).args(), pack(TABLE), admin)
    return SimpleNamespace(products=products, index=index, ledger=ledger, book=book)


@pytest.fixture(scope="module")
def book(system):
    return system.book


@pytest.fixture(scope="module")
def index(system):
    return system.index


@pytest.fixture(scope="module")
def ledger(system):
    return system.ledger


@pytest.fixture(scope="module")
def products(system):
    return system.products


@pytest.fixture(scope="module")
def funded(coin, book, people):
    """Everyone has a million and lets the book take it."""
    for person in (people.alice, people.bob, people.platform):
        coin.mint(person, 10**12, {"from": people.admin})
        coin.approve(book, 2**256 - 1, {"from": person})


@pytest.fixture(scope="module")
def underwriter(book, authority, people, funded, chain):
    usual = Quote(
        product=1,
        risk_index=RISK,
        applicant=people.alice.address,
        holder=people.alice.address,
        sum_insured=SUM,
        loss_per_hour=SUM // 10,
        dependencies=0,
        rate=(TABLE[2] + LOADING) * RATE_UNIT,
        rate_ceiling=(TABLE[15] + LOADING) * RATE_UNIT,
        min_premium=0,
        score_frame=FRAME,
        model_hash=bytes.fromhex(MODEL_HASH[2:]),
        terms_hash=bytes.fromhex(TERMS_HASH[2:]),
        term=30 * 86_400,
        salt=bytes(32),
        deadline=2**40 - 1,
    )
    underwriter = Underwriter(book, chain.id, UNDERWRITER_KEY, usual)
    authority.grantRole(UNDERWRITER_ROLE, underwriter.address, 0, {"from": people.admin})
    return underwriter


@pytest.fixture
def bound():
    """Numbers of the policies that a test bound, in order."""
    return []


@pytest.fixture
def n(bound):
    """The number of the first, second, ... policy of a test; of none, the place itself."""
    return lambda place: bound[place - 1] if place <= len(bound) else place


@pytest.fixture
def bind(book, underwriter, people, bound):
    """Binds the usual quote with some fields changed."""

    def _bind(premium=10_000_000, payer=None, **changes):
        quote = underwriter.quote(**changes)
        sender = {"from": payer or people.alice}
        tx = book.bind(quote_args(quote), underwriter.sign(quote), premium, sender)
        bound.append(tx.events["PolicyBound"]["policy"])
        return tx

    return _bind


@pytest.fixture(scope="module")
def try_bind(book, underwriter, people):
    """The same as a call, for quotes that are refused."""

    def _try_bind(premium=10_000_000, payer=None, **changes):
        quote = underwriter.quote(**changes)
        sender = {"from": payer or people.alice}
        return book.bind.call(quote_args(quote), underwriter.sign(quote), premium, sender)

    return _try_bind


@pytest.fixture(scope="module")
def move(neighbours, index, people):
    """The feed moves the risk's effective score."""

    def _move(score):
        lane = RISK % 16
        return neighbours.moveScores(
            index, RISK // 16, score << (16 * lane), 1 << lane, {"from": people.admin}
        )

    return _move
