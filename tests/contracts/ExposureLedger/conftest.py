"""A ledger whose books are plain accounts, and one stand-in for a cell."""

from types import SimpleNamespace

import pytest

DEFAULT_CAP = 1_000


@pytest.fixture(scope="module")
def people(accounts):
    names = ("admin", "policies", "facility", "certificates", "incidents", "stranger", "register")
    return SimpleNamespace(**dict(zip(names, accounts, strict=False)))


@pytest.fixture(scope="module")
def cell(CoverNeighbours, people):
    return CoverNeighbours.deploy({"from": people.admin})


@pytest.fixture(scope="module")
def ledger(ExposureLedger, Authority, people):
    authority = Authority.deploy(people.admin, {"from": people.admin})
    return ExposureLedger.deploy(
        authority,
        people.policies,
        people.facility,
        people.certificates,
        people.incidents,
        people.register,
        DEFAULT_CAP,
        {"from": people.admin},
    )


@pytest.fixture(scope="module")
def book(ledger, cell, people):
    """Locks and books, as a book does."""

    def _book(amount, product=1, risk=7, dependencies=0, by=None):
        cell.lock(amount, {"from": people.admin})
        return ledger.book(
            product, cell, risk, dependencies, amount, {"from": by or people.policies}
        )

    return _book


@pytest.fixture(scope="module")
def release(ledger, cell, people):
    def _release(amount, product=1, risk=7, dependencies=0, by=None):
        return ledger.release(
            product, cell, risk, dependencies, amount, {"from": by or people.policies}
        )

    return _release
