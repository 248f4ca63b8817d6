import pytest

from tests.support import oracle
from tests.support.committee import Committee, signer
from tests.support.reverts import reverts_with


@pytest.fixture
def addresses(first):
    return [s.address for s in first.members.signers]


def test_lanes_of__unknown_version__is_refused(contract, addresses):
    with reverts_with("UnknownVersion", 2):
        contract.lanesOf(2, addresses)


@pytest.mark.parametrize("order", [(1, 0), (0, 2, 1), (0, 0)])
def test_lanes_of__signers_not_strictly_increasing__are_refused(contract, addresses, order):
    signers = [addresses[i] for i in order]
    with reverts_with("SignersNotSorted", *signers[-2:]):
        contract.lanesOf(1, signers)


def test_lanes_of__stranger_at_any_place__is_refused(contract, addresses):
    for label in range(8):
        stranger = signer(f"stranger {label}").address
        mixed = sorted([*addresses, stranger], key=lambda a: int(a, 16))
        with reverts_with("NotAMember", 1, stranger):
            contract.lanesOf(1, mixed)


def test_lanes_of__member_of_another_version__is_refused(contract, first, second):
    address = second.members.signers[0].address
    with reverts_with("NotAMember", 1, address):
        contract.lanesOf(1, [address])


def test_lanes_of__some_members__are_found_in_order(contract, addresses):
    assert tuple(contract.lanesOf(1, [addresses[1], addresses[3]])) == (1 | 3 << 8, 0b1111, 4, 1)


def test_lanes_of__blind_members__lack_their_bit(contract, admin):
    committee = Committee.of(5, 1)
    members = committee.members(blind=(1, 4))
    proposal = contract.propose(members, 1, oracle.CONFIG, {"from": admin})
    version = proposal.events["CommitteeProposed"]["version"]
    assert contract.lanesOf(version, [])[1] == 0b01101


@pytest.mark.parametrize(
    ("n", "f", "vectors", "lost", "attacked"),
    [(1, 0, 1, 1, 1), (4, 1, 3, 3, 2), (5, 1, 3, 4, 2), (7, 2, 5, 5, 3), (16, 5, 11, 11, 6)],
)
def test_thresholds__n_and_f__give_the_counts(contract, admin, n, f, vectors, lost, attacked):
    proposal = contract.propose(Committee.of(n).members(), f, oracle.CONFIG, {"from": admin})
    assert tuple(contract.thresholds(proposal.events["CommitteeProposed"]["version"])) == (
        n,
        f,
        vectors,
        lost,
        attacked,
    )


def test_thresholds__unknown_version__is_refused(contract):
    with reverts_with("UnknownVersion", 9):
        contract.thresholds(9)


def test_members__unknown_version__is_refused(contract):
    with reverts_with("UnknownVersion", 9):
        contract.members(9)


def test_version_at__no_version__is_zero(OracleCommittee, accounts, chain):
    empty = OracleCommittee.deploy(accounts[0], 0, {"from": accounts[0]})
    assert (empty.versionAt(chain[-1].timestamp), empty.currentVersion()) == (0, 0)
