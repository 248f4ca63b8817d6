"""Rounds of observations among members without sockets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oracles.attest.behaviour import BEHAVIOURS, Crasher, Liar
from oracles.attest.messages import masks_of
from oracles.domain.incident import MICROS, Epoch, Slot
from oracles.evidence.observation import derive
from oracles.settings import DependencySettings
from tests.support.member_table import START, SUBJECT, Table, flows_at

SLOT = START // 10
EPOCH = Epoch(SLOT // 64)
DOWN = range(START + 20, START + 50)
LOST = [Slot(SLOT + i) for i in range(2, 5)]


class Died(Exception):
    """What a crash is in a process that must live on."""


def die() -> None:
    raise Died


def flood(seconds: range, per_second: int = 250) -> object:
    step = MICROS // per_second
    return flows_at([int(t * MICROS + i * step) for t in seconds for i in range(per_second)])


def outage(table: Table, down: range = DOWN, until: int = START + 200) -> Table:
    for seat in table.seats:
        seat.probes.every_second(range(START, until), down)
    return table


def play(table: Table, until: int, step: int = 5) -> Table:
    for now in range(START, until + 1, step):
        table.at(now)
        table.attest()
    return table


@pytest.mark.parametrize("n", [4, 7])
def test_attest_round__outage_seen_by_all__one_transaction_for_the_run(
    n: int, tmp_path: Path
) -> None:
    table = play(outage(Table(n, tmp_path)), START + 120)
    assert table.lost(LOST)
    assert not table.lost([Slot(SLOT + 1)])
    assert not table.lost([Slot(SLOT + 6)])
    assert table.chain.sent == [f"attest {n} by m{EPOCH % n}"]


def test_attest_round__sensor_alone_sees_trouble__nothing_is_signed(tmp_path: Path) -> None:
    table = play(outage(Table(4, tmp_path), down=range(0)), START + 120)
    assert table.seats[0].store.observations(1, 0, EPOCH) == []
    assert table.chain.sent == []


def test_attest_round__flood_without_lost_service__no_lost_slot_and_no_gas(
    tmp_path: Path,
) -> None:
    table = Table(4, tmp_path, upstream=flood(range(START + 20, START + 40)))
    play(outage(table, down=range(0)), START + 120)
    seen = [masks_of(s.word) for s in table.seats[0].store.observations(1, 0, EPOCH)]  # type: ignore[arg-type]
    assert {m.lost for m in seen} == {0}
    assert any(m.attack for m in seen)
    assert table.chain.sent == []


def test_attest_round__outage_under_flood__attack_marked_by_those_who_see_it(
    tmp_path: Path,
) -> None:
    table = Table(4, tmp_path, upstream=flood(range(START + 18, START + 60)))
    play(outage(table), START + 120)
    lanes = table.chain.marks[0, EPOCH]
    attacked = [bool(lanes[m.signer].attack) for m in table.chain.committee.members]
    assert attacked == [True, True, True, False]
    assert table.lost(LOST)


def test_attest_round__guessing_at_two_logins_a_second__marks_nothing(tmp_path: Path) -> None:
    guesses = flows_at([(START + t) * MICROS // 2 * 2 for t in np.arange(0, 100, 0.5)])
    table = play(outage(Table(4, tmp_path, upstream=guesses), down=range(0)), START + 120)
    assert table.seats[0].store.observations(1, 0, EPOCH) == []


def test_attest_round__two_of_four_see_it__quorum_not_reached(tmp_path: Path) -> None:
    table = Table(4, tmp_path)
    for i, seat in enumerate(table.seats):
        seat.probes.every_second(range(START, START + 200), DOWN if i < 2 else range(0))
    play(table, START + 120)
    said = table.attest()["m0"]
    assert said == f"subject 0: epoch {EPOCH}: quorum not reached: 2 of 3"
    assert table.chain.sent == []


@pytest.mark.parametrize("n", [4, 7])
def test_attest_round__liar_first_on_chain__same_slots_lost(n: int, tmp_path: Path) -> None:
    table = play(outage(Table(n, tmp_path, {1: Liar()})), START + 120)
    assert table.chain.sent[0] == "attest 1 by m1"
    epoch_slots = [Slot(SLOT + i) for i in range(12)]
    assert [s for s in epoch_slots if table.lost([s])] == LOST


@pytest.mark.parametrize("fault", ["lie-high", "lie-low", "lie-random", "equivocate", "replay"])
@pytest.mark.parametrize("n", [4, 7])
def test_attest_round__f_members_with_a_fault__same_slots_lost(
    fault: str, n: int, tmp_path: Path
) -> None:
    table = Table(n, tmp_path, {i: BEHAVIOURS[fault]() for i in range((n - 1) // 3)})
    play(outage(table), START + 130, step=10)
    assert [s for s in (Slot(SLOT + i) for i in range(12)) if table.lost([s])] == LOST


@pytest.mark.parametrize("n", [4, 7])
def test_attest_round__f_plus_1_members_mark_everything__nothing_is_lost(
    n: int, tmp_path: Path
) -> None:
    liars = {i: BEHAVIOURS["lie-high"]() for i in range((n - 1) // 3 + 1)}
    table = play(outage(Table(n, tmp_path, liars), down=range(0)), START + 130, step=10)
    assert not any(table.lost([Slot(SLOT + i)]) for i in range(12))
    assert table.chain.sent == []


def test_attest_round__crash_holding_the_turn__next_in_line_attests(tmp_path: Path) -> None:
    holder = EPOCH % 4
    table = outage(Table(4, tmp_path, {holder: Crasher(die=die)}))
    with pytest.raises(Died):
        play(table, START + 120)
    table.down = {holder}
    play(table, START + 140)
    assert table.chain.sent == [f"attest 4 by m{(holder + 1) % 4}"]
    assert table.lost(LOST)


def test_attest_round__chain_time_jumps_over_the_outage__no_slot_is_missed(
    tmp_path: Path,
) -> None:
    table = outage(Table(4, tmp_path))
    table.at(START + 190)
    table.attest()
    table.attest()
    assert table.lost(LOST)


def test_attest_round__slots_closed_meanwhile__nothing_is_sent(tmp_path: Path) -> None:
    table = outage(Table(4, tmp_path))
    table.at(START + 60 + 300)
    table.attest()
    table.attest()
    assert table.chain.sent == []


def test_attest_round__restart_in_mid_round__masks_and_evidence_as_before(
    tmp_path: Path,
) -> None:
    table = play(outage(Table(4, tmp_path)), START + 45)
    seat = table.seats[0]
    before = seat.store.observations(1, 0, EPOCH)
    seat.store.close()
    table.seats[0] = table.seat(0)
    table.seats[0].probes.probes = seat.probes.probes
    table.at(START + 46)
    table.attest()
    assert table.seats[0].store.observations(1, 0, EPOCH) == before
    play(table, START + 120)
    assert table.lost(LOST)
    assert len(table.chain.sent) == 1


def test_attest_round__cut_off_member_heals__catches_up_without_a_second_transaction(
    tmp_path: Path,
) -> None:
    table = outage(Table(4, tmp_path))
    table.mesh.cut = {"m3"}
    play(table, START + 120)
    assert table.lost(LOST)
    table.mesh.cut = set()
    play(table, START + 130)
    assert len(table.chain.sent) == 1


def test_attest_round__evidence__replays_to_the_signed_masks(tmp_path: Path) -> None:
    table = Table(4, tmp_path, upstream=flood(range(START + 18, START + 60)))
    play(outage(table), START + 120)
    for seat in table.seats:
        for signed in seat.store.observations(1, SUBJECT.number, EPOCH):
            if signed.signer == seat.me.signer:
                bundle = seat.evidence.get(signed.word.evidence_hash)  # type: ignore[union-attr]
                assert derive(bundle) == masks_of(signed.word)  # type: ignore[arg-type]
                assert "10.0.0.1" not in str(bundle)


def test_attest_round__dependency_down__is_marked_under_its_own_number(tmp_path: Path) -> None:
    watched = DependencySettings(dependency=7, target=SUBJECT.target).subject()
    table = play(outage(Table(4, tmp_path, subject=watched)), START + 120)
    assert table.lost(LOST)
    assert {subject for subject, _ in table.chain.marks} == {(1 << 32) + 7}
