"""What a member tells about the others' words: agreement and lateness."""

from __future__ import annotations

from pathlib import Path

from oracles.attest.behaviour import BEHAVIOURS
from oracles.domain.agreement import Compared, of_marks, of_scores
from oracles.domain.incident import SlotMasks
from oracles.domain.quorum import Signer
from oracles.quorum.health import Health
from tests.support.member_table import START, Table, flows_at

A, B, C, D = (Signer(name) for name in "abcd")
FRAME = START // 60


def told(table: Table, by: str, kind: str) -> dict[str, list[Compared]]:
    """What one member said of each seat, by seat's name."""
    names = {seat.me.signer: seat.name for seat in table.seats}
    found: dict[str, list[Compared]] = {}
    for who, what, signer, compared in table.compared:
        if (who, what) == (by, kind):
            found.setdefault(names[signer], []).append(compared)
    return found


def test_of_scores__one_off_and_one_missing__both_are_named() -> None:
    found = of_scores({A: (10, 500), B: (10, 500), C: (10, 740)}, (A, B, C, D))
    assert found == {
        A: Compared("agrees"),
        B: Compared("agrees"),
        C: Compared("differs", 240),
        D: Compared("missing"),
    }


def test_of_scores__nobody_said_anything__all_are_missing() -> None:
    assert of_scores({}, (A,)) == {A: Compared("missing")}


def test_of_marks__quorum_and_a_lone_voice__who_did_not_and_who_did() -> None:
    lanes = {A: SlotMasks(0b011), B: SlotMasks(0b001), C: SlotMasks(0b101)}
    found = of_marks(lanes, (A, B, C, D), 0b011, quorum=3)
    assert found == [
        (A, Compared("agrees")),
        (B, Compared("agrees")),
        (C, Compared("agrees")),
        (D, Compared("missing")),
        (A, Compared("differs")),
    ]


def test_score_round__liar_and_silent_member__told_once_when_the_frame_is_past(
    tmp_path: Path,
) -> None:
    table = Table(4, tmp_path, {1: BEHAVIOURS["lie-high"]()})
    table.down = {2}
    for frame in range(FRAME, FRAME + 5):
        table.at((frame + 1) * 60 + 3)
        table.give(frame, flows_at([frame * 60_000_000 + i for i in range(3)]))
        table.score()
        table.score()
    seen = told(table, "m0", "scores")
    assert seen["m0"] == [Compared("agrees")] * 2
    assert seen["m1"] == [Compared("differs", 10_000 - 30)] * 2
    assert seen["m2"] == [Compared("missing")] * 2
    assert {late for kind, _, late in table.late if kind == "scores"} == {3}


def test_attest_round__one_member_sees_no_loss__told_when_the_slots_have_closed(
    tmp_path: Path,
) -> None:
    table = Table(4, tmp_path)
    for i, seat in enumerate(table.seats):
        down = range(START + 20, START + 50) if i != 3 else range(0)
        seat.probes.every_second(range(START, START + 600), down)
    for now in range(START, START + 601, 5):
        table.at(now)
        table.attest()
    seen = told(table, "m0", "marks")
    assert seen["m1"] == [Compared("agrees")] * 3
    assert seen["m3"] == [Compared("missing")] * 3


def test_health__words_and_lateness__stand_in_the_metrics_by_signer() -> None:
    health = Health("m0", "0xme", "honest")
    health.compared("scores", "0xyou", Compared("differs", 70))
    health.compared("marks", "0xyou", Compared("missing"))
    health.late("scores", "0xyou", 7)
    text = health.metrics().decode()
    word = 'flowcover_member_words_total{kind="%s",signer="0xyou",verdict="%s"} 1.0'
    assert word % ("scores", "differs") in text
    assert word % ("marks", "missing") in text
    assert 'flowcover_member_points_off{signer="0xyou"} 70.0' in text
    assert 'late_seconds_bucket{kind="scores",le="5.0",signer="0xyou"} 0.0' in text
    assert 'late_seconds_bucket{kind="scores",le="10.0",signer="0xyou"} 1.0' in text


def test_health__heard_more_than_acted_on__shows_on_the_page() -> None:
    health = Health("m0", "0xme", "honest", undelivered=lambda: {"http://peer": 2})
    before = health.heard()
    health.count("ScoreVector", "0xyou", "accepted")
    health.count("ScoreVector", "0xyou", "known")
    health.cycled(9, 90, before, [])
    page = health.page()
    assert (page["heard"], page["acted_on"], page["undelivered"]) == (1, 0, {"http://peer": 2})
