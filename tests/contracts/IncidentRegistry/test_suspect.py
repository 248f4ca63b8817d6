import pytest

from tests.support import oracle
from tests.support.reverts import reverts_with

DAY = 86_400
DEPENDENCY = 4


@pytest.fixture
def suspect(registry, committee, accounts, chain):
    """Members suspect the dependency for a day from now on."""

    def _suspect(lanes, since=None, expires=None, by=committee):
        now = chain[-1].timestamp
        since = now if since is None else since
        expires = now + DAY if expires is None else expires
        signed = by.suspicions(oracle.domain(registry), DEPENDENCY, since, expires, lanes)
        return registry.suspect(DEPENDENCY, since, expires, signed, {"from": accounts[9]})

    return _suspect


def test_suspect__by_f_members__is_refused(suspect):
    with reverts_with("SuspicionTooWeak", 1, 2):
        suspect([2])


@pytest.mark.parametrize(("since", "expires"), [(60, DAY), (-DAY, -60)])
def test_suspect__not_now__is_refused(suspect, chain, since, expires):
    now = chain[-1].timestamp
    with reverts_with("SuspicionNotCurrent", now + since, now + expires, ...):
        suspect([0, 1], now + since, now + expires)


def test_suspect__by_a_suspended_member__is_refused(suspect, oracle_committee, committee, accounts):
    oracle_committee.suspend(1, committee.signers[1].address, {"from": accounts[0]})
    with reverts_with("MemberIsSuspended", 1, committee.signers[1].address):
        suspect([0, 1])


def test_suspect__signed_for_another_version__is_refused(suspect, committee):
    with reverts_with("NotAMember", 1, ...):
        suspect([0, 1], by=committee.at_version(2))


def test_suspect__one_member_twice__is_refused(registry, committee, accounts, chain):
    now = chain[-1].timestamp
    domain = oracle.domain(registry)
    (once,) = committee.suspicions(domain, DEPENDENCY, now, now + DAY, [0])
    address = committee.signers[0].address
    with reverts_with("SignersNotSorted", address, address):
        registry.suspect(DEPENDENCY, now, now + DAY, [once, once], {"from": accounts[9]})


def test_suspect__again_within_the_cool_down__is_refused(suspect, ledger, chain):
    until = suspect([0, 1]).events["DependencyFrozen"]["until"]
    chain.mine(timestamp=until + ledger.COOL_DOWN() - 60)
    with reverts_with("ClosureTooSoon", until + ledger.COOL_DOWN()):
        suspect([0, 1, 2])


def test_suspect__by_one_more_than_f__freezes_the_dependency_for_a_while(suspect, ledger):
    transaction = suspect([1, 3])
    event = transaction.events["DependencySuspected"]
    assert (event["dependency"], event["committeeVersion"]) == (DEPENDENCY, 1)
    assert (event["lanes"], event["members"]) == (1 | 3 << 8, 2)
    assert ledger.closedUntil(0, DEPENDENCY) == event["expires"]
