from tests.support import oracle
from tests.support.committee import Committee
from tests.support.reverts import reverts_with


def test_cancel__caller_without_role__is_refused(contract, second, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[5]):
        contract.cancel.call(2, {"from": accounts[5]})


def test_cancel__version_that_is_not_the_newest__is_refused(contract, second, admin):
    for version in (0, 1, 3):
        with reverts_with("UnknownVersion", version):
            contract.cancel.call(version, {"from": admin})


def test_cancel__version_in_force__is_refused(contract, first, second, admin, chain):
    chain.mine(timestamp=second.since)
    with reverts_with("AlreadyInForce", 2, second.since):
        contract.cancel.call(2, {"from": admin})


def test_cancel__first_version__is_refused(contract, first, admin):
    with reverts_with("AlreadyInForce", 1, first.since):
        contract.cancel.call(1, {"from": admin})


def test_cancel__waiting_version__never_acts(contract, second, admin, chain):
    transaction = contract.cancel(2, {"from": admin})
    assert dict(transaction.events["CommitteeCancelled"]) == {"version": 2}
    chain.mine(timestamp=second.since + 1)
    assert contract.currentVersion() == 1
    with reverts_with("VersionNotInForce", 2, second.since):
        contract.rollOf(2, second.since)
    contract.rollOf(1, second.since)


def test_cancel__number__is_not_given_again(contract, second, admin, chain):
    contract.cancel(2, {"from": admin})
    committee = Committee.of(4, 1, "c")
    third = contract.propose(committee.members(), 1, oracle.CONFIG, {"from": admin})
    since = third.timestamp + oracle.ROTATION_DELAY
    assert third.events["CommitteeProposed"]["version"] == 3
    assert [contract.versionAt(t) for t in (since - 1, since)] == [1, 3]


def test_cancel__two_waiting_versions__gives_the_time_back(contract, first, second, admin, chain):
    chain.sleep(1_000)
    contract.propose(Committee.of(4).members(), 1, oracle.CONFIG, {"from": admin})
    contract.cancel(3, {"from": admin})
    assert contract.versionAt(second.since + 10_000) == 2
    contract.cancel(2, {"from": admin})
    assert contract.versionAt(second.since + 10_000) == 1
