"""Rounds of scores among members without sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.client.messages import ScoreVector, pack_scores, unpack_scores
from oracles.attest.behaviour import BEHAVIOURS, Crasher, Liar
from oracles.attest.messages import sign_word, to_wire
from oracles.domain.incident import MICROS
from oracles.domain.quorum import NO_SENSOR
from oracles.evidence.replay import replay
from tests.support.member_table import (
    DOMAINS,
    KEYS,
    START,
    CountingScorer,
    Table,
    flows_at,
)

FRAME = START // 60
END = START + 60


class Died(Exception):
    """What a crash is in a process that must live on."""


def die() -> None:
    raise Died


def with_batch(table: Table, flows: int = 3, frame: int = FRAME) -> Table:
    times = [frame * 60 * MICROS + i for i in range(flows)]
    table.give(frame, flows_at(times))
    return table


@pytest.mark.parametrize("n", [4, 7])
def test_score_round__same_batches__one_report_of_equal_scores(n: int, tmp_path: Path) -> None:
    table = Table(n, tmp_path)
    table.at(END)
    with_batch(table)
    table.score()
    table.score()
    holder = FRAME % n
    assert table.chain.sent == [f"report {FRAME} by m{holder}"]
    assert table.chain.scores[0].score == 30
    assert all("already submitted" in said for said in table.score().values())


def test_score_round__batch_missing__waits_then_signs_the_sentinel(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    table.at(END)
    assert "waiting for 1 of 1 sensors" in table.score()["m0"]
    table.at(END + 5)
    table.score()
    signed = table.seats[0].store.vectors(1, FRAME, 0)
    assert len(signed) == 4
    assert {unpack_scores(s.word.scores)[0] for s in signed} == {NO_SENSOR}  # type: ignore[union-attr]


def test_score_round__two_of_four__quorum_not_reached(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    table.down = {2, 3}
    table.at(END)
    with_batch(table)
    table.score()
    assert table.score()["m0"] == f"frame {FRAME}: quorum not reached: 2 of 3"
    assert table.chain.sent == []


def test_score_round__holder_silent__next_sends_after_the_delay_and_once(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    holder = FRAME % 4
    table.down = {holder}
    table.at(END)
    with_batch(table)
    table.score()
    table.at(END + 9)
    table.score()
    assert table.chain.sent == []
    table.at(END + 10)
    table.score()
    table.at(END + 40)
    table.score()
    assert table.chain.sent == [f"report {FRAME} by m{(holder + 1) % 4}"]


def test_score_round__holder_cannot_send__next_in_line_does(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    holder = FRAME % 4
    table.seats[holder].desk.broken = "InsufficientFunds"
    table.at(END)
    with_batch(table)
    table.score()
    assert "not submitted: InsufficientFunds" in table.score()[f"m{holder}"]
    table.at(END + 10)
    table.score()
    assert table.chain.sent == [f"report {FRAME} by m{(holder + 1) % 4}"]


def test_score_round__crash_holding_the_turn__report_comes_from_the_next(tmp_path: Path) -> None:
    holder = FRAME % 4
    table = Table(4, tmp_path, {holder: Crasher(on="report", die=die)})
    table.at(END)
    with_batch(table)
    with pytest.raises(Died):
        table.score()
        table.score()
    table.down = {holder}
    table.score()
    table.at(END + 10)
    table.score()
    assert table.chain.sent == [f"report {FRAME} by m{(holder + 1) % 4}"]


@pytest.mark.parametrize("n", [4, 7])
def test_score_round__liars_vector_counted__median_is_an_honest_score(
    n: int, tmp_path: Path
) -> None:
    table = Table(n, tmp_path, {0: Liar()})
    table.at(END)
    with_batch(table)
    table.score()
    table.score()
    assert table.chain.sent == [f"report {FRAME} by m0"]
    assert table.chain.scores[0].score == 30


def test_score_round__quorum_comes_a_frame_late__that_frame_is_still_reported(
    tmp_path: Path,
) -> None:
    table = Table(4, tmp_path)
    table.down = {2, 3}
    table.at(END)
    with_batch(table)
    table.score()
    table.down = set()
    table.at(END + 1)
    table.seats[2].scores.cycle(table.chain, table.sensors)
    table.at(END + 60)
    table.score()
    table.score()
    assert [sent.split()[1] for sent in table.chain.sent] == [str(FRAME)]


def test_score_round__newer_frame_has_a_quorum__the_late_one_is_left(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    table.at(END)
    with_batch(table)
    table.down = {2, 3}
    table.score()  # two vectors of the frame
    table.down = set()
    table.at(END + 60)
    with_batch(table, frame=FRAME + 1)
    for seat in table.seats:  # the others sign the frame late, and all sign the newer one
        seat.scores.cycle(table.chain, table.sensors)
    late = ScoreVector(1, FRAME, b"\x77" * 32, 0, pack_scores([30]))
    for i in (2, 3):
        signed = sign_word(late, DOMAINS, KEYS[i], table.seats[i].me.signer)
        for seat in table.seats:
            seat.store.add_vector(signed, late)
    table.at(END + 62)
    table.score()
    table.score()
    assert [sent.split()[1] for sent in table.chain.sent] == [str(FRAME + 1)]


@pytest.mark.parametrize("fault", [name for name in BEHAVIOURS if "crash" not in name])
@pytest.mark.parametrize("n", [4, 7])
def test_score_round__f_members_with_a_fault__scores_stay_honest_and_none_is_lost(
    fault: str, n: int, tmp_path: Path
) -> None:
    faulty = {i: BEHAVIOURS[fault]() for i in range((n - 1) // 3)}
    table = Table(n, tmp_path, faulty)
    for frame, flows in ((FRAME, 3), (FRAME + 1, 30), (FRAME + 2, 60)):
        for later in (0, 25):
            table.at((frame + 1) * 60 + later)
            if later == 0:
                with_batch(table, flows, frame)
            table.score()
            table.score()
        assert table.chain.scores[0].score == 10 * flows
    assert [sent.split()[1] for sent in table.chain.sent] == [str(FRAME + i) for i in range(3)]


def test_score_round__f_plus_1_liars__median_may_be_theirs_but_is_one_report(
    tmp_path: Path,
) -> None:
    table = Table(4, tmp_path, {0: BEHAVIOURS["lie-high"](), 1: BEHAVIOURS["lie-high"]()})
    table.at(END)
    with_batch(table)
    table.score()
    table.score()
    table.at(END + 30)
    table.score()
    assert len(table.chain.sent) == 1


def test_score_round__score_unchanged__not_reported_until_the_heartbeat(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    for frame in range(FRAME, FRAME + 11):
        table.at((frame + 1) * 60)
        with_batch(table, frame=frame)
        table.score()
        said = table.score()
        if FRAME < frame < FRAME + 10:
            assert set(said.values()) == {f"frame {frame}: unchanged, not reported"}
    assert [sent.split()[1] for sent in table.chain.sent] == [str(FRAME), str(FRAME + 10)]


def test_score_round__score_moved_by_a_step__reported_in_the_next_frame(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    for frame, flows in ((FRAME, 3), (FRAME + 1, 28)):
        table.at((frame + 1) * 60)
        with_batch(table, flows, frame)
        table.score()
        table.score()
    assert table.chain.scores[0].score == 280


def test_score_round__restart_after_signing__same_vector_and_one_report(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    holder = FRAME % 4
    table.at(END)
    with_batch(table)
    table.down = {holder}
    table.score()
    table.down = set()
    table.seats[holder].store.close()
    table.seats[holder] = table.seat(holder)
    table.at(END + 1)
    table.score()
    table.score()
    vectors = table.seats[holder].store.vectors(1, FRAME, 0)
    assert len(vectors) == 4
    assert table.chain.sent == [f"report {FRAME} by m{holder}"]


def test_inbox__vector_twice_late_and_of_a_stranger__harmless(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    table.at(END)
    with_batch(table)
    table.score()
    box = table.seats[0].inbox
    vector = table.seats[1].store.vectors(1, FRAME, 0)[0]
    assert box.take([to_wire(vector)]) == {"known": 1}

    def signed_by(key: bytes, frame: int, score: int) -> dict[str, object]:
        word = ScoreVector(1, frame, b"\x77" * 32, 0, pack_scores([score]))
        return to_wire(sign_word(word, DOMAINS, key, vector.signer))

    assert box.take([signed_by(KEYS[5], FRAME, 1)]) == {"not_a_member": 1}
    assert box.take([signed_by(KEYS[1], FRAME, 1)]) == {"equivocation": 1}
    assert box.take([signed_by(KEYS[1], FRAME - 9, 1)]) == {"out_of_time": 1}
    assert box.take([{"kind": "vector"}, 7, "x"]) == {"malformed": 3}
    assert len(table.seats[0].store.vectors(1, FRAME, 0)) == 4


def test_score_round__evidence__replays_to_the_signed_score(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    table.at(END)
    with_batch(table, flows=7)
    table.score()
    seat = table.seats[0]
    (name,) = seat.store.score_evidence(FRAME)
    result = replay(seat.evidence.get(name), lambda _: CountingScorer().rescore)
    assert result.agrees
    assert result.derived == {"risk 0": "70"}
