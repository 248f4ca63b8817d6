import pytest

from tests.support import oracle
from tests.support.committee import Committee
from tests.support.reverts import reverts_with


def propose(contract, admin, members, f):
    return contract.propose.call(members, f, oracle.CONFIG, {"from": admin})


def with_operator_of(members, member, other):
    changed = list(members)
    signer, _, vantage, sees = members[member]
    changed[member] = (signer, members[other][1], vantage, sees)
    return changed


def with_vantage_of(members, member, other):
    changed = list(members)
    signer, operator, _, sees = members[member]
    changed[member] = (signer, operator, members[other][2], sees)
    return changed


def test_propose__caller_without_role__is_refused(contract, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[5]):
        propose(contract, accounts[5], Committee.of(4).members(), 1)


@pytest.mark.parametrize(("n", "f"), [(0, 0), (3, 1), (6, 2), (15, 5)])
def test_propose__n_not_above_3f__is_refused(contract, admin, n, f):
    with reverts_with("TooFewMembers", n, f):
        propose(contract, admin, Committee.of(n).members(), f)


def test_propose__seventeen_members__are_refused(contract, admin):
    with reverts_with("TooManyMembers", 17):
        propose(contract, admin, Committee.of(17).members(), 1)


def test_propose__members_out_of_order__are_refused(contract, admin):
    members = Committee.of(4).members()
    members[1], members[2] = members[2], members[1]
    with reverts_with("SignersNotSorted", members[1][0], members[2][0]):
        propose(contract, admin, members, 1)


def test_propose__signer_zero__is_refused(contract, admin):
    members = Committee.of(4).members()
    members[0] = ("0x" + "00" * 20, *members[0][1:])
    with reverts_with("SignersNotSorted"):
        propose(contract, admin, members, 1)


def test_propose__two_members_of_one_operator__count_once(contract, admin):
    members = with_operator_of(Committee.of(4).members(), 3, 1)
    with reverts_with("NotIndependent", 3, 4):
        propose(contract, admin, members, 1)


def test_propose__two_members_at_one_vantage_point__count_once(contract, admin):
    members = with_vantage_of(Committee.of(4).members(), 3, 1)
    with reverts_with("NotIndependent", 3, 4):
        propose(contract, admin, members, 1)


def test_propose__dependent_members_beyond_the_needed_ones__are_allowed(contract, admin):
    members = with_operator_of(Committee.of(5).members(), 4, 1)
    with reverts_with("NotIndependent", 4, 5):
        propose(contract, admin, members, 1)
    members = with_operator_of(Committee.of(6).members(), 5, 1)
    propose(contract, admin, members, 1)


def test_propose__two_of_four_see_attacks__is_refused(contract, admin):
    with reverts_with("TooFewSeeAttacks", 2, 3):
        propose(contract, admin, Committee.of(4).members(blind=(0, 2)), 1)


def test_propose__dependent_members_see_attacks__count_once(contract, admin):
    members = with_operator_of(Committee.of(6).members(blind=(0, 1, 2)), 5, 4)
    with reverts_with("TooFewSeeAttacks", 2, 3):
        propose(contract, admin, members, 1)


def test_propose__first_version__acts_at_once(contract, first):
    assert contract.currentVersion() == 1
    assert contract.versionAt(first.since - 1) == 0
    assert contract.versionAt(first.since) == 1
    assert dict(first.transaction.events["CommitteeProposed"]) == {
        "version": 1,
        "n": 4,
        "f": 1,
        "configDigest": "0x" + oracle.CONFIG.hex(),
        "activeFrom": first.since,
    }
    assert contract.configDigestOf(1) == "0x" + oracle.CONFIG.hex()
    assert [m[0] for m in contract.members(1)] == [s.address for s in first.members.signers]


def test_propose__later_version__acts_after_the_rotation_delay(contract, first, second, chain):
    assert contract.rotationDelay() == oracle.ROTATION_DELAY
    assert contract.currentVersion() == 1
    assert contract.versionAt(second.since - 1) == 1
    assert contract.versionAt(second.since) == 2
    contract.rollOf(1, second.since - 1)
    contract.rollOf(2, second.since)
    with reverts_with("VersionNotInForce", 1, second.since):
        contract.rollOf(1, second.since)
    with reverts_with("VersionNotInForce", 2, second.since - 1):
        contract.rollOf(2, second.since - 1)
    chain.mine(timestamp=second.since)
    assert contract.currentVersion() == 2
    assert contract.versionAt(first.since) == 1


def test_propose__third_while_the_second_waits__each_has_its_time(
    contract, admin, first, second, chain
):
    chain.sleep(1_000)
    third = contract.propose(Committee.of(4).members(), 1, oracle.CONFIG, {"from": admin})
    since = third.timestamp + oracle.ROTATION_DELAY
    times = (second.since - 1, second.since, since - 1, since)
    assert [contract.versionAt(t) for t in times] == [1, 2, 2, 3]
    assert tuple(contract.termOf(2)) == (second.since, since, 0)


def test_propose__sixteen_members__fit(contract, admin):
    committee = Committee.of(16, 5)
    proposal = contract.propose(committee.members(), 5, oracle.CONFIG, {"from": admin})
    version = proposal.events["CommitteeProposed"]["version"]
    lanes, _, n, f = contract.lanesOf(version, [s.address for s in committee.signers])
    assert (lanes, n, f) == (int.from_bytes(bytes(range(16)), "little"), 16, 5)
