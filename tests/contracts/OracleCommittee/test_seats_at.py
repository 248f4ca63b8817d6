"""Members and tolerated faults at a time, and for which times that may be kept."""

from tests.support import oracle
from tests.support.committee import Committee

DAY = 86_400
NOT_KEPT = (0, 0)


def seats_at(contract, time):
    """Members, tolerated faults, and the times for which they may be kept; None when unknown."""
    word = int(contract.seatsAt(time))
    if word == 0:
        return None
    return word & 0x1F, word >> 5 & 7, (word >> 8 & 0xFFFFFFFF, (word >> 40) * DAY)


def test_seats_at__no_version__are_none(contract):
    assert seats_at(contract, 2_000_000_000) is None


def test_seats_at__newest_version_in_force__are_kept_from_its_first_second(contract, first, chain):
    chain.mine(timestamp=first.since + 1_000)
    n, f, (since, until) = seats_at(contract, first.since + 500)
    assert (n, f, since) == (4, 1, first.since)
    latest = chain[-1].timestamp + oracle.ROTATION_DELAY
    assert latest - DAY < until <= latest


def test_seats_at__time_before_the_first_version__are_its_own_and_not_kept(contract, first):
    assert seats_at(contract, first.since - 1) == (4, 1, NOT_KEPT)


def test_seats_at__newest_version_waits__are_not_kept(contract, first, second, chain):
    assert seats_at(contract, second.since - 1) == (4, 1, NOT_KEPT)
    assert seats_at(contract, second.since) == (7, 2, (second.since, 0))
    chain.mine(timestamp=second.since)
    assert seats_at(contract, second.since - 1) == (4, 1, NOT_KEPT)
    assert seats_at(contract, second.since)[:2] == (7, 2)
    assert seats_at(contract, second.since)[2][0] == second.since


def test_seats_at__sixteen_members__fit(contract, first, admin, chain):
    largest = Committee.of(16, 5, "c", version=2)
    transaction = contract.propose(largest.members(), 5, oracle.CONFIG, {"from": admin})
    since = transaction.timestamp + oracle.ROTATION_DELAY
    chain.mine(timestamp=since)
    assert seats_at(contract, since)[:2] == (16, 5)


def test_seats_at__whatever_is_proposed_afterwards__stay_true_while_kept(
    contract, first, admin, chain
):
    n, f, (_, until) = seats_at(contract, first.since)
    following = Committee.of(7, 2, "b", version=2)
    contract.propose(following.members(), 2, oracle.CONFIG, {"from": admin})
    chain.mine(timestamp=until + 2 * DAY)
    assert seats_at(contract, until - 1)[:2] == (n, f)
    assert seats_at(contract, until + DAY)[:2] == (7, 2)
