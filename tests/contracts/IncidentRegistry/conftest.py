from types import SimpleNamespace

import pytest

from contracts.client.deployment import created_address
from tests.support import oracle
from tests.support.oracle_fixtures import authority as authority
from tests.support.oracle_fixtures import committee as committee
from tests.support.oracle_fixtures import oracle_committee as oracle_committee

SUBJECT = 5


@pytest.fixture(scope="module")
def ledger(ExposureLedger, authority, accounts):
    """Freezes for the registry that the same account deploys next."""
    registry_at = created_address(accounts[0].address, accounts[0].nonce + 1)
    books = [accounts[8]] * 3
    neighbours = (registry_at, accounts[8])
    return ExposureLedger.deploy(authority, *books, *neighbours, 10**12, {"from": accounts[0]})


@pytest.fixture(scope="module")
def registry(IncidentRegistry, accounts, oracle_committee, ledger):
    arguments = (oracle_committee, ledger, oracle.SLOT, oracle.MAX_REPORT_DELAY)
    registry = IncidentRegistry.deploy(*arguments, {"from": accounts[0]})
    assert ledger.incidentRegistry() == registry
    return registry


@pytest.fixture
def epoch(chain, registry):
    """An epoch whose slots have all ended, none of them closed: slots of 10 s, closed 600 s later.

    Its first slot closes 10 + 600 s after the epoch's first second, so slots 4 to 63 are tested.
    """
    number = chain[-1].timestamp // oracle.EPOCH + 1
    chain.mine(timestamp=(number + 1) * oracle.EPOCH)
    return number


@pytest.fixture
def desk(registry, committee, accounts):
    """Sends attestations: for each lane of `masks`, (lost mask, attack mask)."""

    def observations(epoch, masks, subject=SUBJECT):
        return committee.observations(oracle.domain(registry), subject, epoch, masks)

    def send(epoch, signed, subject=SUBJECT):
        return registry.attest(subject, epoch, signed, {"from": accounts[9]})

    def ask(epoch, signed, subject=SUBJECT):
        """As `send`, without a transaction."""
        return registry.attest.call(subject, epoch, signed, {"from": accounts[9]})

    def attest(epoch, masks, subject=SUBJECT):
        return send(epoch, observations(epoch, masks, subject), subject)

    return SimpleNamespace(observations=observations, send=send, ask=ask, attest=attest)
