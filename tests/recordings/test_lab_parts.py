"""The laboratory's pure parts: schedules, labels, and what its networks promise."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest

from oracles.domain.flow import build
from scripts.lab.netns import Network
from scripts.lab.networks import NETWORKS, SITES
from scripts.lab.schedule import DAY, Habit, Job, habit_events, job_events, schedule
from scripts.lab.services import Credentials
from scripts.lab.site import Attack, Content, Played, Recording, Stage, label
from scripts.lab.tools import crowd, fixed, guess, put, repeated

FAMILIES = {
    "scan", "brute_force", "beaconing", "exfiltration",
    "http_flood", "syn_flood", "reflection_flood", "udp_flood",
}  # fmt: skip


def content(name: str, folder: Path) -> Content:
    credentials = Credentials(folder, folder / "key", "word", folder / "ask", folder / "wrong")
    stage = Stage(SITES[name], Network(1.0), folder, credentials, folder)
    return SITES[name].content(stage)


def test_habit_events__night__is_quieter_than_noon() -> None:
    habit = Habit(("a",), 60, fixed("true"), DAY)
    times = [event.at for event in habit_events(habit, 800, random.Random(1))]
    night, noon = (sum(low <= at < low + 100 for at in times) for low in (0, 300))
    assert 0 < night < noon / 2


def test_job_events__no_jitter__are_regular() -> None:
    job = Job(("a",), 5, fixed("true"), first=2)
    assert [event.at for event in job_events(job, 20, random.Random(1))] == [2, 7, 12, 17]


def test_schedule__same_seed__is_the_same() -> None:
    habits = [Habit(("a", "b"), 30, lambda dice: [str(dice.random())])]
    assert schedule(habits, [], 60, 3) == schedule(habits, [], 60, 3)
    assert schedule(habits, [], 60, 3) != schedule(habits, [], 60, 4)


def labelled(ts: int, orig: str, resp: str, port: int) -> pd.Series:
    attack = Attack(
        1.0, 10.0, "scan", "low", "rogue", (fixed("true"),), ("10.0.0.9",), ("10.0.0.1",), 22
    )
    part = Played(Recording("day", 60, (attack,)), 0, 60_000_000, ((1_000_000, attack),), 0.0)
    flows = build({"ts": [ts], "orig_h": [orig], "resp_h": [resp], "resp_p": [port]})
    table = label(flows, [part])
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize(
    ("ts", "orig", "resp", "port"),
    [
        (500_000, "10.0.0.9", "10.0.0.1", 22),  # before
        (13_500_000, "10.0.0.9", "10.0.0.1", 22),  # after
        (2_000_000, "10.0.0.8", "10.0.0.1", 22),  # another client
        (2_000_000, "10.0.0.9", "10.0.0.2", 22),  # another server
        (2_000_000, "10.0.0.9", "10.0.0.1", 80),  # another port
    ],
)
def test_label__not_of_the_attack__is_benign(ts: int, orig: str, resp: str, port: int) -> None:
    row = labelled(ts, orig, resp, port)
    assert (row["label"], row["family"], row["intensity"]) == (0, "benign", "")


@pytest.mark.parametrize(("orig", "resp"), [("10.0.0.9", "10.0.0.1"), ("10.0.0.1", "10.0.0.9")])
def test_label__of_the_attack__carries_family_and_intensity(orig: str, resp: str) -> None:
    row = labelled(2_000_000, orig, resp, 22)
    assert (row["label"], row["family"], row["intensity"]) == (1, "scan", "low")
    assert row["recording"] == "day"


def test_label__between_recordings__is_left_out() -> None:
    part = Played(Recording("day", 1), 0, 1_000_000, (), 0.0)
    flows = build({"ts": [2_000_000], "orig_h": ["10.0.0.9"], "resp_h": ["10.0.0.1"]})
    assert len(label(flows, [part])) == 0


@pytest.mark.parametrize("name", SITES)
def test_networks__every_attack__lies_within_its_recording(name: str, tmp_path: Path) -> None:
    for recording in content(name, tmp_path).recordings:
        for attack in recording.attacks:
            assert attack.family in FAMILIES
            assert 0 < attack.at < attack.at + attack.seconds <= recording.seconds + 5
            assert attack.host in SITES[name].inside + SITES[name].outside


@pytest.mark.parametrize("name", SITES)
def test_networks__every_recording__begins_benign_and_pairs_are_whole(
    name: str, tmp_path: Path
) -> None:
    recordings = content(name, tmp_path).recordings
    names = [recording.name for recording in recordings]
    assert recordings[0].attacks == () or name not in NETWORKS
    below = {part.removesuffix("_below") for part in names if part.endswith("_below")}
    above = {part.removesuffix("_above") for part in names if part.endswith("_above")}
    assert below == above != set()
    assert all(
        (part.threshold is not None) == part.name.endswith(("_below", "_above"))
        for part in recordings
    )


def test_networks__together__show_every_family_in_three_networks(tmp_path: Path) -> None:
    shown = {
        name: {
            attack.family for part in content(name, tmp_path).recordings for attack in part.attacks
        }
        for name in NETWORKS
    }
    assert len(NETWORKS) >= 6
    for family in ("scan", "brute_force", "beaconing", "exfiltration"):
        assert sum(family in families for families in shown.values()) >= 3


def test_repeated__bounds_of_times__are_kept() -> None:
    made = [repeated(fixed("true"), (2, 4), (0.1, 0.2))(random.Random(seed)) for seed in range(40)]
    assert {argv[2].count('"$@"') for argv in made} == {2, 3, 4}
    assert all(argv[-1] == "true" for argv in made)


def test_guess__words__are_split_into_bursts_of_four() -> None:
    script = guess("ssh://10.0.0.1", "someone", 10, 0.5)(random.Random(1))[2]
    assert [part.split()[0] for part in script.split(" -t ")[1:]] == ["4", "4", "2"]


def test_crowd__many_clients__each_is_bounded() -> None:
    script = crowd("10.0.0.1", (5, 9), 3, ("10.0.1.1",), (2, 4))(random.Random(1))[2]
    counts = [int(part.split()[0]) for part in script.split(" -n ")[1:]]
    assert 2 <= len(counts) <= 4
    assert all(5 <= count <= 9 for count in counts)


def test_put__sizes__are_small_more_often() -> None:
    dice = random.Random(1)
    scripts = [put(("10.0.0.1",), (10, 1000))(dice)[2] for _ in range(200)]
    sizes = [int(script.split()[2]) // 1000 for script in scripts]
    assert 10 <= min(sizes) < max(sizes) <= 1000
    assert sum(size < 100 for size in sizes) > 70
