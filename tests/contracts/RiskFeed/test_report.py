from dataclasses import replace

import pytest
from brownie.exceptions import VirtualMachineError

from contracts.client.messages import NO_SENSOR_DATA, pack_scores, share_scores
from tests.support import oracle
from tests.support.committee import Committee, signer
from tests.support.reverts import reverts_with

THREE = {0: [3_000], 1: [3_100], 2: [3_200]}


def effective(transaction):
    return oracle.reported(transaction)[0]


def test_report__first_risk_not_a_multiple_of_16__is_refused(reporter):
    frame = reporter.next_frame()
    with reverts_with("FirstRiskUnaligned", 8):
        reporter.ask(frame, reporter.vectors(frame, THREE, first_risk=8), first_risk=8)


def test_report__no_vectors__is_refused(reporter):
    with reverts_with("QuorumNotReached", 0, 1):
        reporter.ask(reporter.next_frame(), [])


@pytest.mark.parametrize("length", [0, 31, 33])
def test_report__scores_that_are_no_whole_groups__are_refused(reporter, length):
    frame = reporter.next_frame()
    signed = [(b"\0" * length, signature) for _, signature in reporter.vectors(frame, THREE)]
    with reverts_with("BadVectorLength", length):
        reporter.ask(frame, signed)


@pytest.mark.parametrize(("first_risk", "groups"), [(0, 17), (240, 2), (16, 16)])
def test_report__vector_past_its_page__is_refused(reporter, first_risk, groups):
    frame = reporter.next_frame()
    scores = dict.fromkeys(range(3), [3_000] * 16 * groups)
    with reverts_with("BadVectorLength", 32 * groups):
        reporter.ask(frame, reporter.vectors(frame, scores, first_risk), first_risk)


def test_report__vectors_of_unequal_length__are_refused(reporter):
    frame = reporter.next_frame()
    signed = reporter.vectors(frame, {0: [1], 1: [1], 2: [1] * 17})
    with reverts_with("BadVectorLength", 64):
        reporter.ask(frame, signed)


def test_report__frame_that_still_runs__is_refused(reporter):
    frame = reporter.next_frame() + 1
    with reverts_with("FrameNotClosed", frame, frame):
        reporter.ask(frame, reporter.vectors(frame, THREE))


@pytest.mark.parametrize("back", [0, 1])
def test_report__frame_not_newer_than_the_groups_last__is_refused(reporter, back):
    reporter.next_frame()
    newest = reporter.next_frame()
    reporter.send(newest, reporter.vectors(newest, THREE))
    frame = newest - back
    with reverts_with("FrameTooOld", frame, newest):
        reporter.ask(frame, reporter.vectors(frame, THREE))


def test_report__one_vector_too_few__is_refused(reporter):
    frame = reporter.next_frame()
    with reverts_with("QuorumNotReached", 2, 3):
        reporter.ask(frame, reporter.vectors(frame, {0: [3_000], 3: [3_000]}))


def test_report__signers_out_of_order__are_refused(reporter, committee):
    frame = reporter.next_frame()
    signed = reporter.vectors(frame, THREE)
    addresses = [committee.signers[i].address for i in (1, 0)]
    with reverts_with("SignersNotSorted", *addresses):
        reporter.ask(frame, [signed[1], signed[0], signed[2]])


def test_report__one_member_twice__is_refused(reporter, committee):
    frame = reporter.next_frame()
    signed = reporter.vectors(frame, THREE)
    address = committee.signers[0].address
    with reverts_with("SignersNotSorted", address, address):
        reporter.ask(frame, [signed[0], signed[0], signed[2]])


def test_report__stranger_among_the_signers__is_refused(reporter, feed, committee):
    frame = reporter.next_frame()
    stranger = signer("stranger")
    mixed = sorted([*committee.signers[:2], stranger], key=lambda s: int(s.address, 16))
    outsiders = replace(committee, signers=tuple(mixed))
    signed = outsiders.vectors(oracle.domain(feed), frame, oracle.MODEL, THREE)
    with reverts_with("NotAMember", 1, stranger.address):
        reporter.ask(frame, signed)


def test_report__suspended_member__is_refused(reporter, oracle_committee, committee, accounts):
    oracle_committee.suspend(1, committee.signers[1].address, {"from": accounts[0]})
    frame = reporter.next_frame()
    with reverts_with("MemberIsSuspended", 1, committee.signers[1].address):
        reporter.ask(frame, reporter.vectors(frame, THREE))


def test_report__version_not_in_force_at_the_frame__is_refused(
    reporter, feed, oracle_committee, accounts
):
    following = Committee.of(4, 1, "b", version=2)
    oracle_committee.propose(following.members(), 1, oracle.CONFIG, {"from": accounts[0]})
    frame = reporter.next_frame()
    signed = following.vectors(oracle.domain(feed), frame, oracle.MODEL, THREE)
    with reverts_with("VersionNotInForce", 2, frame * oracle.FRAME):
        reporter.ask(frame, signed, version=2)


def test_report__unknown_model__is_refused(reporter):
    frame = reporter.next_frame()
    unknown = b"\x55" * 32
    with reverts_with("UnknownHash", unknown):
        reporter.ask(frame, reporter.vectors(frame, THREE, model=unknown), model=unknown)


def test_report__hash_of_product_terms__is_refused(reporter):
    frame = reporter.next_frame()
    terms = b"\x0c" * 32
    with reverts_with("UnknownHash", terms):
        reporter.ask(frame, reporter.vectors(frame, THREE, model=terms), model=terms)


def test_report__model_retired_before_the_frame__is_refused(reporter, models, chain, accounts):
    boundary = (chain[-1].timestamp // oracle.FRAME + 1) * oracle.FRAME
    models.retire(oracle.MODEL, boundary, {"from": accounts[0]})
    reporter.report([3_000])
    frame = reporter.next_frame()
    with reverts_with("HashIsRetired", oracle.MODEL, boundary):
        reporter.ask(frame, reporter.vectors(frame, THREE))


@pytest.mark.parametrize("wrong", [10_001, 0x3FFF, 0x7FFF, 0xBFFF, 0xFFFE])
def test_report__lanes_that_are_no_scores__count_as_without_sensor_data(reporter, wrong):
    """One of three cannot block the others; with two of three the median itself is missing."""
    reporter.report([3_000] * 16)
    for lane in (0, 9, 15):
        frame = reporter.next_frame()
        scores = [3_000] * 16
        scores[lane] = wrong
        sent = reporter.send(
            frame, reporter.vectors(frame, {0: [3_100] * 16, 1: scores, 2: [3_050] * 16})
        )
        assert oracle.reported(sent)[0][lane] == 3_100
        frame = reporter.next_frame()
        sent = reporter.send(frame, reporter.vectors(frame, {0: scores, 1: scores, 2: [0] * 16}))
        assert oracle.reported(sent)[0][lane] == 3_100


@pytest.mark.parametrize(
    "field", ["frame", "model_hash", "first_risk", "scores", "chain", "contract"]
)
def test_report__signature_over_something_else__is_refused(reporter, feed, committee, field):
    """Replay on another frame, model, range, chain or contract recovers some other signer."""
    frame = reporter.next_frame()
    domain = oracle.domain(feed)
    signed_frame, model, first, scores = frame, oracle.MODEL, 0, THREE
    match field:
        case "frame":
            signed_frame -= 1
        case "model_hash":
            model = oracle.OTHER_MODEL
        case "first_risk":
            first = 16
        case "scores":
            scores = {0: [1], 1: [1], 2: [1]}
        case "chain":
            domain = replace(domain, chain_id=1)
        case "contract":
            domain = replace(domain, verifying_contract=committee.signers[0].address)
    signed = committee.vectors(domain, signed_frame, model, scores, first)
    packed = [(pack_scores(THREE[i]), signature) for i, (_, signature) in enumerate(signed)]
    refusals = (VirtualMachineError, ValueError)
    with pytest.raises(refusals, match=r"NotAMember|SignersNotSorted"):
        reporter.ask(frame, packed)


def test_report__three_of_four_vectors__takes_the_median_of_each_lane(reporter, feed, committee):
    frame = reporter.next_frame()
    own = {0: [3_000, 10_000, 5], 2: [1_000, 0, 7], 3: [2_000, 9_000, 6]}
    transaction = reporter.send(frame, reporter.vectors(frame, own))
    assert effective(transaction) == (2_000, 9_000, 6, *[NO_SENSOR_DATA] * 13)
    event = transaction.events["ScoresReported"]
    assert (event["frame"], event["committeeVersion"], event["firstRisk"]) == (frame, 1, 0)
    assert event["modelHash"] == "0x" + oracle.MODEL.hex()
    assert event["signerLanes"] == 0 | 2 << 8 | 3 << 16
    assert oracle.reported(transaction)[1] == ()


def test_report__four_vectors__takes_the_upper_middle_one(reporter):
    frame = reporter.next_frame()
    own = {0: [4_000], 1: [1_000], 2: [2_000], 3: [3_000]}
    assert effective(reporter.send(frame, reporter.vectors(frame, own)))[0] == 3_000


def test_report__scores_left_out_of_the_first_vector__are_refused(reporter):
    frame = reporter.next_frame()
    (_, first), *others = reporter.vectors(frame, THREE)
    with reverts_with("BadVectorLength", 0):
        reporter.ask(frame, [(b"", first), *others])


def test_report__scores_left_out_but_signed_otherwise__are_refused(reporter, feed):
    frame = reporter.next_frame()
    first, second, (_, third) = reporter.vectors(frame, THREE)
    with pytest.raises((VirtualMachineError, ValueError), match=r"NotAMember|SignersNotSorted"):
        reporter.ask(frame, [first, second, (b"", third)])


@pytest.mark.parametrize(
    "own",
    [
        {0: [5_000, NO_SENSOR_DATA], 1: [5_000, NO_SENSOR_DATA], 2: [5_000, NO_SENSOR_DATA]},
        {0: [4_000, 9_000], 1: [5_000, NO_SENSOR_DATA], 2: [5_000, NO_SENSOR_DATA]},
        {0: [5_000, 12_000], 1: [5_000, 12_000], 2: [9_000, 1]},
        {0: [4_000, 1], 1: [5_000, 7], 2: [5_000, 7], 3: [6_000, 9]},
        {0: [5_000, 7], 1: [5_000, 7], 2: [5_000, 7], 3: [6_000, 9]},
    ],
)
def test_report__equal_vectors_sent_once__take_the_same_medians(reporter, feed, chain, own):
    frame = reporter.next_frame()
    signed = reporter.vectors(frame, own)
    chain.snapshot()
    whole = oracle.reported(reporter.send(frame, signed))
    chain.revert()
    shared = share_scores(signed)
    assert sum(len(scores) == 0 for scores, _ in shared) == len(own) - len(
        {tuple(scores) for scores in own.values()}
    )
    assert oracle.reported(reporter.send(frame, shared)) == whole


def test_report__one_liar__stays_between_the_honest(reporter):
    for lie in (0, 10_000, NO_SENSOR_DATA):
        frame = reporter.next_frame()
        own = {0: [lie] * 16, 1: [3_000] * 16, 2: [3_010] * 16}
        found = effective(reporter.send(frame, reporter.vectors(frame, own)))
        assert all(3_000 <= score <= 3_010 for score in found)


def test_report__other_groups__keep_their_scores_and_frames(reporter, feed):
    reporter.report([3_000] * 16, first_risk=16)
    _, _, before = feed.scoreOf(16)
    reporter.report([4_000] * 16)
    assert tuple(feed.scoreOf(16)) == (3_000, 3_000, before)
    assert feed.scoreOf(0)[2] == before + 1


def test_report__last_group_of_a_page_and_first_of_the_next__are_apart(reporter, feed):
    reporter.report([1_000] * 16, first_risk=240)
    reporter.report([2_000] * 16, first_risk=256, model=oracle.OTHER_MODEL)
    assert feed.scoreOf(255)[0] == 1_000
    assert feed.scoreOf(256)[0] == 2_000
    assert feed.bindingScore(255)[2] == "0x" + oracle.MODEL.hex()
    assert feed.bindingScore(256)[2] == "0x" + oracle.OTHER_MODEL.hex()


def test_report__models_of_one_page__are_kept_for_each_group(reporter, feed):
    def models(*risks):
        return [feed.bindingScore(risk)[2] for risk in risks]

    one, other = ("0x" + model.hex() for model in (oracle.MODEL, oracle.OTHER_MODEL))
    reporter.report([1_000] * 32)
    assert models(0, 16) == [one, one]
    reporter.report([1_000] * 16, first_risk=32)
    assert models(0, 16, 32) == [one, one, one]
    reporter.report([1_000] * 16, first_risk=16, model=oracle.OTHER_MODEL)
    assert models(0, 16, 32) == [one, other, one]
    reporter.report([1_000] * 16)
    assert models(0, 16, 32) == [one, other, one]
    reporter.report([1_000] * 256, model=oracle.OTHER_MODEL)
    assert models(0, 16, 255) == [other, other, other]
    reporter.report([1_000] * 256)
    assert models(0, 16, 255) == [one, one, one]
