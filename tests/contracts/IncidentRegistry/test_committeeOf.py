from dataclasses import replace

import pytest

from tests.support import oracle
from tests.support.committee import Committee
from tests.support.reverts import reverts_with

SUBJECT = 5


@pytest.fixture
def rotated(oracle_committee, registry, accounts, chain):
    """Version 2 has come into force in the middle of `epoch`."""
    following = Committee.of(7, 2, "b", version=2)
    # places the switch half an epoch after an epoch's start, wherever the chain's clock is
    offset = (oracle.EPOCH // 2 - chain[-1].timestamp - oracle.ROTATION_DELAY) % oracle.EPOCH
    chain.mine(timestamp=chain[-1].timestamp + offset + oracle.EPOCH)
    oracle_committee.propose(following.members(), 2, oracle.CONFIG, {"from": accounts[0]})
    since = oracle_committee.termOf(2)[0]
    chain.mine(timestamp=since + oracle.EPOCH)
    return replace(following), since // oracle.EPOCH


def test_committee_of__no_committee__is_refused(IncidentRegistry, OracleCommittee, accounts):
    empty = OracleCommittee.deploy(accounts[0], 0, {"from": accounts[0]})
    registry = IncidentRegistry.deploy(empty, accounts[0], 10, 600, {"from": accounts[0]})
    with reverts_with("NoCommittee", 2_800_000):
        registry.committeeOf(2_800_000)
    with reverts_with("NoCommittee", 2_800_000):
        registry.attest.call(SUBJECT, 2_800_000, [], {"from": accounts[0]})


def test_committee_of__epoch_in_which_version_one_began__is_version_one(registry, oracle_committee):
    since = oracle_committee.termOf(1)[0]
    assert registry.committeeOf(since // oracle.EPOCH) == 1


def test_committee_of__epoch_in_which_a_version_begins__is_the_one_before(registry, rotated):
    _, epoch = rotated
    assert [registry.committeeOf(epoch + i) for i in (-1, 0, 1)] == [1, 1, 2]


def test_attest__new_members_in_the_epoch_of_the_switch__are_refused(
    registry, rotated, committee, accounts
):
    """One epoch has one committee, so no two half quorums are ever added up."""
    following, epoch = rotated
    last = 1 << 63
    domain = oracle.domain(registry)
    for version in (1, 2):
        signed = following.at_version(version).observations(domain, SUBJECT, epoch, {0: (last, 0)})
        with reverts_with("NotAMember", 1, ...):
            registry.attest.call(SUBJECT, epoch, signed, {"from": accounts[9]})
    signed = committee.observations(domain, SUBJECT, epoch, {0: (last, 0)})
    registry.attest(SUBJECT, epoch, signed, {"from": accounts[9]})


def test_attest__old_members_after_the_switch__are_refused(
    registry, rotated, committee, accounts, chain
):
    following, epoch = rotated
    chain.mine(timestamp=(epoch + 2) * oracle.EPOCH)
    domain = oracle.domain(registry)
    signed = committee.at_version(2).observations(domain, SUBJECT, epoch + 1, {0: (1 << 60, 0)})
    with reverts_with("NotAMember", 2, committee.signers[0].address):
        registry.attest.call(SUBJECT, epoch + 1, signed, {"from": accounts[9]})
    signed = following.observations(domain, SUBJECT, epoch + 1, {6: (1 << 60, 0)})
    registry.attest(SUBJECT, epoch + 1, signed, {"from": accounts[9]})
    assert tuple(registry.marksOf(SUBJECT, epoch + 1, 6)) == (1 << 60, 0)
