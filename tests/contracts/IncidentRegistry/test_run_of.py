"""Runs by the marks of the right committee, whatever seats the caller kept."""

from dataclasses import replace

import pytest

from tests.support import oracle
from tests.support.committee import Committee
from tests.support.reverts import reverts_with

SUBJECT = 5
OUTAGE = 0xFF00
"""Slots 8 to 15."""
SCOPE = SUBJECT << 128 | 30 << 160 | 1 << 224
"""Outage of the subject's service; clear slots of less than 30 seconds are bridged."""
FAR = 2**40


@pytest.fixture
def closed(desk, epoch, chain):
    """First slot of an epoch in which three of four marked the outage, when it can be settled."""
    desk.attest(epoch, dict.fromkeys(range(3), (OUTAGE, 0)))
    chain.mine(timestamp=(epoch + 1) * oracle.EPOCH + oracle.MAX_REPORT_DELAY)
    return epoch * 64


def test_run_of__slot_that_is_not_its_first__is_refused(registry, closed):
    for slot in (7, 9, 16):
        with reverts_with("NotARun", closed + slot):
            registry.runOf(SCOPE, 0, closed + slot, FAR)


def test_run_of__slot_that_may_still_change__is_refused(registry, closed, chain):
    late = chain[-1].timestamp // oracle.SLOT
    with reverts_with("RunNotSettleable", late, ...):
        registry.runOf(SCOPE, 0, late, FAR)


def test_run_of__nothing_kept__tells_the_seats_to_keep(registry, oracle_committee, closed):
    last, ended, seats = registry.runOf(SCOPE, 0, closed + 8, FAR)
    assert (last, ended) == (closed + 15, True)
    assert int(seats) & 0xFF == 1 << 5 | 4
    assert tuple(registry.runOf(SCOPE, seats, closed + 8, FAR)) == (last, ended, seats)


def test_run_of__kept_seats_of_later_times__are_not_used(registry, closed, epoch):
    late = (epoch * oracle.EPOCH + 1) << 8 | 0xFFFF << 40 | 4 << 5 | 16
    last, _, seats = registry.runOf(SCOPE, late, closed + 8, FAR)
    assert last == closed + 15
    assert int(seats) & 0xFF == 1 << 5 | 4


def test_run_of__committee_has_changed_since__is_counted_by_the_new_one(
    registry, oracle_committee, closed, accounts, chain
):
    """Four of seven marked: enough by the seats that were kept, too few by those of the epoch."""
    *_, kept = registry.runOf(SCOPE, 0, closed + 8, FAR)
    following = replace(Committee.of(7, 2, "b", version=2))
    oracle_committee.propose(following.members(), 2, oracle.CONFIG, {"from": accounts[0]})
    number = oracle_committee.termOf(2)[0] // oracle.EPOCH + 1
    chain.mine(timestamp=(number + 1) * oracle.EPOCH)
    domain = oracle.domain(registry)
    four = following.observations(domain, SUBJECT, number, dict.fromkeys(range(4), (OUTAGE, 0)))
    registry.attest(SUBJECT, number, four, {"from": accounts[9]})
    chain.mine(timestamp=(number + 1) * oracle.EPOCH + oracle.MAX_REPORT_DELAY)
    first = number * 64 + 8
    for seats in (0, kept):
        with reverts_with("NotARun", first):
            registry.runOf(SCOPE, seats, first, FAR)
