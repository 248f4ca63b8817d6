from dataclasses import replace

import pytest
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from tests.support import oracle
from tests.support.committee import Committee, signer
from tests.support.reverts import reverts_with

SUBJECT = 5
DEPENDENCY = 2**32 + 1
OUTAGE = 0xFF00
"""Slots 8 to 15."""


def told(event):
    """The event's records: member, lost mask, attack mask, evidence hash."""
    return [
        (to_checksum_address(member), lost, attacked, bytes(HexBytes(evidence)))
        for member, lost, attacked, evidence in event["records"]
    ]


def test_attest__no_observation__is_refused(desk, epoch):
    with reverts_with("NothingMarked", SUBJECT, epoch):
        desk.ask(epoch, [])


def test_attest__empty_masks__are_refused(desk, epoch):
    with reverts_with("NothingMarked", SUBJECT, epoch):
        desk.ask(epoch, desk.observations(epoch, {0: (0, 0), 1: (0, 0)}))


def test_attest__signers_out_of_order__are_refused(desk, epoch, committee):
    signed = desk.observations(epoch, {0: (OUTAGE, 0), 1: (OUTAGE, 0)})
    addresses = [committee.signers[i].address for i in (1, 0)]
    with reverts_with("SignersNotSorted", *addresses):
        desk.ask(epoch, signed[::-1])


def test_attest__stranger__is_refused(desk, epoch, registry, committee):
    outsiders = replace(committee, signers=(signer("stranger"),))
    signed = outsiders.observations(oracle.domain(registry), SUBJECT, epoch, {0: (OUTAGE, 0)})
    with reverts_with("NotAMember", 1, signer("stranger").address):
        desk.ask(epoch, signed)


def test_attest__suspended_member__is_refused(desk, epoch, oracle_committee, committee, accounts):
    address = committee.signers[3].address
    oracle_committee.suspend(1, address, {"from": accounts[0]})
    with reverts_with("MemberIsSuspended", 1, address):
        desk.ask(epoch, desk.observations(epoch, {3: (OUTAGE, 0)}))


def test_attest__attack_by_a_member_that_sees_none__is_refused(
    IncidentRegistry, OracleCommittee, authority, accounts, committee, epoch
):
    blind = OracleCommittee.deploy(authority, 0, {"from": accounts[0]})
    oracle.allow(authority, blind, oracle.COMMITTEE_ADMIN, accounts[0], "propose")
    blind.propose(committee.members(blind=(2,)), 1, oracle.CONFIG, {"from": accounts[0]})
    arguments = (blind, accounts[0], oracle.SLOT, oracle.MAX_REPORT_DELAY)
    registry = IncidentRegistry.deploy(*arguments, {"from": accounts[0]})
    masks = {1: (OUTAGE, OUTAGE), 2: (OUTAGE, 1 << 8)}
    signed = committee.observations(oracle.domain(registry), SUBJECT, epoch, masks)
    with reverts_with("CannotSeeAttacks", committee.signers[2].address):
        registry.attest.call(SUBJECT, epoch, signed, {"from": accounts[9]})


def test_attest__slot_that_still_runs__is_refused(desk, registry, chain):
    epoch = chain[-1].timestamp // oracle.EPOCH + 1
    running = epoch * 64 + 20
    chain.mine(timestamp=running * oracle.SLOT + oracle.SLOT - 3)
    with reverts_with("SlotNotEnded", running, ...):
        desk.ask(epoch, desk.observations(epoch, {0: (1 << 19 | 1 << 20 | 1 << 21, 0)}))
    with reverts_with("SlotNotEnded", running, ...):
        desk.ask(epoch, desk.observations(epoch, {0: (0, 1 << 20)}))
    desk.attest(epoch, {0: (1 << 19, 0)})


def test_attest__epoch_in_the_future__is_refused(desk, chain):
    epoch = chain[-1].timestamp // oracle.EPOCH + 2
    with reverts_with("SlotNotEnded", epoch * 64 + 3, ...):
        desk.ask(epoch, desk.observations(epoch, {0: (1 << 3, 0)}))


def test_attest__slot_that_has_closed__is_refused(desk, epoch, chain):
    closing = (epoch * 64 + 21) * oracle.SLOT + oracle.MAX_REPORT_DELAY
    chain.mine(timestamp=closing - 1)
    desk.ask(epoch, desk.observations(epoch, {0: (1 << 20, 0)}))
    chain.mine(timestamp=closing)
    with reverts_with("SlotClosed", epoch * 64 + 20, ...):
        desk.ask(epoch, desk.observations(epoch, {0: (1 << 20 | 1 << 30, 0)}))
    with reverts_with("SlotClosed", epoch * 64 + 20, ...):
        desk.ask(epoch, desk.observations(epoch, {0: (0, 1 << 20)}))
    desk.attest(epoch, {0: (1 << 21, 0)})


def test_attest__closed_slots_marked_in_time__may_be_repeated(desk, epoch, chain, registry):
    """A straggler adds to its mask; what it said before needs not be taken out."""
    desk.attest(epoch, {0: (1 << 20, 0)})
    chain.mine(timestamp=(epoch * 64 + 21) * oracle.SLOT + oracle.MAX_REPORT_DELAY)
    desk.attest(epoch, {0: (1 << 20 | 1 << 30, 0)})
    assert tuple(registry.marksOf(SUBJECT, epoch, 0)) == (1 << 20 | 1 << 30, 0)


@pytest.mark.parametrize("field", ["subject", "epoch", "lost", "attacked", "chain", "contract"])
def test_attest__signature_over_something_else__is_refused(desk, epoch, registry, committee, field):
    domain = oracle.domain(registry)
    subject, signed_epoch, masks = SUBJECT, epoch, {0: (OUTAGE, OUTAGE)}
    match field:
        case "subject":
            subject = DEPENDENCY
        case "epoch":
            signed_epoch -= 1
        case "lost":
            masks = {0: (OUTAGE | 1, OUTAGE)}
        case "attacked":
            masks = {0: (OUTAGE, OUTAGE | 1)}
        case "chain":
            domain = replace(domain, chain_id=1)
        case "contract":
            domain = replace(domain, verifying_contract=committee.signers[0].address)
    [(_, _, evidence, *signature)] = committee.observations(domain, subject, signed_epoch, masks)
    with reverts_with("NotAMember", 1, ...):
        desk.ask(epoch, [(OUTAGE, OUTAGE, evidence, *signature)])


def test_attest__high_s__is_refused(desk, epoch):
    [(lost, attacked, evidence, r, vs)] = desk.observations(epoch, {0: (OUTAGE, 0)})
    high = 2**255 - 1
    with reverts_with("ECDSAInvalidSignatureS", high.to_bytes(32, "big")):
        desk.ask(epoch, [(lost, attacked, evidence, r, high | (vs[0] >> 7 << 255))])


def test_attest__three_of_four__lose_the_slot(desk, epoch, registry):
    transaction = desk.attest(epoch, {0: (OUTAGE, OUTAGE), 1: (0xF000, 0xF000), 3: (0x7000, 0)})
    assert tuple(registry.masks(SUBJECT, epoch)) == (0x7000, 0xF000)
    assert dict(transaction.events["SlotsAttested"]) == {
        "subject": SUBJECT,
        "epoch": epoch,
        "lostMask": 0x7000,
        "attackMask": 0xF000,
    }


def test_attest__observations__are_told_in_one_event(desk, epoch, committee):
    signed = desk.observations(epoch, {0: (OUTAGE, 0), 2: (0xF00, 0x300)})
    [event] = desk.send(epoch, signed).events["ObservationsRecorded"]
    assert (event["subject"], event["epoch"]) == (SUBJECT, epoch)
    assert told(event) == [
        (committee.signers[lane].address, lost, attacked, evidence)
        for lane, (lost, attacked, evidence, *_) in zip((0, 2), signed, strict=True)
    ]


def test_attest__two_of_four__lose_nothing(desk, epoch, registry):
    transaction = desk.attest(epoch, {0: (OUTAGE, 0), 1: (OUTAGE, 0)})
    assert tuple(registry.masks(SUBJECT, epoch)) == (0, 0)
    assert "SlotsAttested" not in transaction.events


def test_attest__two_of_four_that_see_an_attack__attest_it(desk, epoch, registry):
    desk.attest(epoch, {0: (0, OUTAGE)})
    assert tuple(registry.masks(SUBJECT, epoch)) == (0, 0)
    desk.attest(epoch, {2: (0, 0xF00)})
    assert tuple(registry.masks(SUBJECT, epoch)) == (0, 0xF00)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_attest__any_order_of_arrival__gives_the_same_masks(desk, epoch, registry, order):
    masks = {0: (OUTAGE, 0xF00), 1: (0xFFF0, 0x300), 2: (0xF800, 0)}
    for lane in order:
        desk.attest(epoch, {lane: masks[lane]})
    assert tuple(registry.masks(SUBJECT, epoch)) == (0xF800, 0x300)


def test_attest__straggler__completes_the_quorum_later(desk, epoch, registry, chain):
    desk.attest(epoch, {0: (OUTAGE, 0), 1: (OUTAGE, 0)})
    chain.mine(timestamp=chain[-1].timestamp + 20)
    transaction = desk.attest(epoch, {3: (0xF000, 0)})
    assert transaction.events["SlotsAttested"]["lostMask"] == 0xF000
    assert tuple(registry.masks(SUBJECT, epoch)) == (0xF000, 0)


def test_attest__member_that_takes_bits_back__keeps_them(desk, epoch, registry):
    desk.attest(epoch, {0: (OUTAGE, 0), 1: (OUTAGE, 0), 2: (OUTAGE, 0)})
    with reverts_with("NothingMarked", SUBJECT, epoch):
        desk.ask(epoch, desk.observations(epoch, {0: (0, 0)}))
    assert tuple(registry.masks(SUBJECT, epoch)) == (OUTAGE, 0)


def test_attest__replay__is_refused(desk, epoch):
    signed = desk.observations(epoch, {0: (OUTAGE, 0)})
    desk.send(epoch, signed)
    with reverts_with("NothingMarked", SUBJECT, epoch):
        desk.ask(epoch, signed)


def test_attest__repeated_beside_a_new_one__records_the_new_one_alone(desk, epoch, committee):
    signed = desk.observations(epoch, {0: (OUTAGE, 0), 1: (OUTAGE, 0)})
    desk.send(epoch, signed[:1])
    [event] = desk.send(epoch, signed).events["ObservationsRecorded"]
    assert [member for member, *_ in told(event)] == [committee.signers[1].address]


def test_attest__highest_slot__stays_in_its_lane(desk, epoch, registry):
    desk.attest(epoch, dict.fromkeys(range(4), (1 << 63, 1 << 63)))
    for lane in range(4):
        assert tuple(registry.marksOf(SUBJECT, epoch, lane)) == (1 << 63, 1 << 63)
    assert tuple(registry.masks(SUBJECT, epoch)) == (1 << 63, 1 << 63)


def test_attest__other_subjects_and_epochs__are_untouched(desk, epoch, registry):
    desk.attest(epoch, dict.fromkeys(range(3), (OUTAGE, OUTAGE)), subject=DEPENDENCY)
    assert tuple(registry.masks(DEPENDENCY, epoch)) == (OUTAGE, OUTAGE)
    for subject, number in ((SUBJECT, epoch), (DEPENDENCY, epoch + 1), (DEPENDENCY - 1, epoch)):
        assert tuple(registry.masks(subject, number)) == (0, 0)


def test_attest__sixteen_members__need_eleven(
    IncidentRegistry, OracleCommittee, authority, accounts, epoch
):
    many = Committee.of(16, 5, "m")
    contract = oracle.deploy_committee(OracleCommittee, authority, accounts[0], many)
    arguments = (contract, accounts[0], oracle.SLOT, oracle.MAX_REPORT_DELAY)
    registry = IncidentRegistry.deploy(*arguments, {"from": accounts[0]})

    def attest(masks):
        signed = many.observations(oracle.domain(registry), SUBJECT, epoch, masks)
        registry.attest(SUBJECT, epoch, signed, {"from": accounts[9]})

    attest({lane: (OUTAGE, OUTAGE if lane < 5 else 0) for lane in range(10)})
    assert tuple(registry.masks(SUBJECT, epoch)) == (0, 0)
    attest({15: (0x300, 0x100)})
    assert tuple(registry.masks(SUBJECT, epoch)) == (0x300, 0x100)
    attest(dict.fromkeys(range(16), (OUTAGE, OUTAGE)))
    assert tuple(registry.masks(SUBJECT, epoch)) == (OUTAGE, OUTAGE)
