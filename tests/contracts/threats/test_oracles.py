"""Attacks by oracle members and on what they sign."""

from __future__ import annotations

from contracts.client.messages import ScoreVector
from tests.contracts.threats.conftest import succeeds
from tests.support.committee import Committee
from tests.support.live import CONFIG, MODEL

NONE = 0xFFFF


def vectors(live, committee, by_lane, frame):
    domain = live.deployment.domain(ScoreVector)
    return committee.vectors(domain, frame, MODEL, by_lane)


def submit(live, committee, by_lane, frame):
    signed = vectors(live, committee, by_lane, frame)
    arguments = (committee.version, frame, MODEL, 0, signed)
    return live.move("relayer", "RiskFeed", "report", *arguments)


def newest_frame(live):
    return live.now // live.parameters.frame_length - 1


def score(live, risk):
    return live.read("RiskFeed", "scoreOf", risk)["score"]


def lost_slots(live, risk, first, slots, lanes=None, committee=None):
    """Slots that count as lost after some members marked them all."""
    live.wait_until((first + slots) * live.parameters.slot_length)
    kept = live.committee
    live.committee = committee or kept
    try:
        marks = (risk, range(first, first + slots), ())
        succeeds(lambda: live.attest(*marks, lanes=lanes or (0, 1, 2)))
    finally:
        live.committee = kept
    epochs = {slot // 64 for slot in range(first, first + slots)}
    masks = [live.read("IncidentRegistry", "masks", risk, epoch)["lost"] for epoch in epochs]
    return sum(mask.bit_count() for mask in masks)


def test_two_liars_of_four__mark_slots_as_lost__make_none_lost(target):
    live = target.live
    lost = lost_slots(live, target.risk, live.slot(live.now) + 1, 10, lanes=(0, 1))
    assert lost == 0, f"f + 1 members alone made {lost} slots count as lost"


def test_forged_marks__by_keys_of_no_member__make_none_lost(target):
    live = target.live
    first = live.slot(live.now) + 1
    lost = lost_slots(live, target.risk, first, 10, committee=Committee.of(label="forger"))
    assert lost == 0, f"strangers made {lost} slots count as lost"


def test_two_liars_of_three__sign_the_highest_score__move_it_by_the_cap_only(target):
    live, before = target.live, score(target.live, target.risk)
    live.next_frame()
    honest, lie = [before] * 16, [10_000] * 16
    submit(live, live.committee, {0: lie, 1: lie, 2: honest}, newest_frame(live))
    moved = score(live, target.risk) - before
    most = live.parameters.max_move_per_frame
    assert moved <= most, f"a report moved the score by {moved}, at most {most} is allowed"


def test_one_liar__signs_the_highest_score__moves_nothing(target):
    live, before = target.live, score(target.live, target.risk)
    live.next_frame()
    honest, lie = [before] * 16, [10_000] * 16
    submit(live, live.committee, {0: honest, 1: lie, 2: honest}, newest_frame(live))
    moved = score(live, target.risk) - before
    assert moved == 0, f"one of three vectors moved the score by {moved}"


def test_vectors__of_an_older_frame_again__change_nothing(target):
    live = target.live
    live.next_frame()
    old = newest_frame(live)
    signed = vectors(live, live.committee, dict.fromkeys((0, 1, 2), [4_000] * 16), old)
    live.next_frame()
    live.report([3_000] * 16)
    before = score(live, target.risk)
    arguments = (live.committee.version, old, MODEL, 0, signed)
    succeeds(lambda: live.move("relayer", "RiskFeed", "report", *arguments))
    after = score(live, target.risk)
    assert after == before, f"an old report moved the score from {before} to {after}"


def test_telemetry__withheld__does_not_lower_the_score(target):
    live, before = target.live, score(target.live, target.risk)
    live.next_frame()
    nothing = [NONE, *[3_000] * 15]
    submit(live, live.committee, dict.fromkeys((0, 1, 2), nothing), newest_frame(live))
    after = score(live, target.risk)
    assert before <= after <= 10_000, f"silence moved the score from {before} to {after}"


def test_committee_admin__puts_in_members_of_its_own__waits_out_the_rotation_delay(target):
    live = target.live
    stolen = Committee.of(label="stolen", version=2)
    live.move("committee_admin", "OracleCommittee", "propose", stolen.members(), 1, CONFIG)
    first = (live.slot(live.now) // 64 + 1) * 64
    lost = lost_slots(live, target.risk, first, 10, committee=stolen)
    delay = live.parameters.rotation_delay
    assert lost == 0, f"new members made {lost} slots lost before the {delay} s were over"


def test_marks__after_the_report_delay__are_too_late(target):
    live, marked = target.live, 10
    first = live.slot(live.now) + 1
    end = (first + marked) * live.parameters.slot_length
    live.wait_until(end + live.parameters.max_report_delay + 1)
    lost = lost_slots(live, target.risk, first, marked)
    assert lost == 0, f"{lost} slots were marked after they had closed"
