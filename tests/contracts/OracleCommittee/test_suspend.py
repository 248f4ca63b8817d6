import pytest

from tests.support.committee import signer
from tests.support.reverts import reverts_with


def test_suspend__caller_without_role__is_refused(contract, first, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[5]):
        contract.suspend.call(1, first.members.signers[0].address, {"from": accounts[5]})


def test_suspend__unknown_version__is_refused(contract, first, admin):
    with reverts_with("UnknownVersion", 9):
        contract.suspend.call(9, first.members.signers[0].address, {"from": admin})


def test_suspend__stranger__is_refused(contract, first, admin):
    stranger = signer("stranger").address
    with reverts_with("NotAMember", 1, stranger):
        contract.suspend.call(1, stranger, {"from": admin})


def test_suspend__suspended_already__is_refused(contract, first, admin):
    address = first.members.signers[2].address
    contract.suspend(1, address, {"from": admin})
    with reverts_with("MemberIsSuspended", 1, address):
        contract.suspend.call(1, address, {"from": admin})


def test_suspend__more_than_f__is_refused(contract, first, admin):
    contract.suspend(1, first.members.signers[2].address, {"from": admin})
    with reverts_with("TooManySuspended", 1, 1):
        contract.suspend.call(1, first.members.signers[0].address, {"from": admin})


def test_suspend__member__is_refused_as_signer_from_then_on(contract, first, admin):
    addresses = [s.address for s in first.members.signers]
    transaction = contract.suspend(1, addresses[2], {"from": admin})
    assert dict(transaction.events["MemberSuspended"]) == {"version": 1, "signer": addresses[2]}
    with reverts_with("MemberIsSuspended", 1, addresses[2]):
        contract.lanesOf(1, addresses)
    assert contract.lanesOf(1, [addresses[i] for i in (0, 1, 3)])[0] == 0 | 1 << 8 | 3 << 16
    assert contract.termOf(1)[2] == 1 << 2


@pytest.mark.parametrize("version", [1, 2])
def test_suspend__one_version__leaves_the_others(contract, first, second, admin, version):
    members = {1: first.members, 2: second.members}
    contract.suspend(version, members[version].signers[0].address, {"from": admin})
    other = 3 - version
    contract.lanesOf(other, [members[other].signers[0].address])
