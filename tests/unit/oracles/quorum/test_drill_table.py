"""What the table of the committee's drills calls as it must be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.client.system import SystemParameters
from scripts.committee.faults import faults
from scripts.committee.traffic import LiveTraffic
from scripts.committee_faults import (
    Line,
    beyond_caps,
    keep,
    kept,
    merged,
    missing,
    page,
    twice,
)

FAULTS = {fault.name: fault for fault in faults(LiveTraffic(0))}
GOOD = Line(4, FAULTS["crash"], 1, 3, 0, 0, 0, 0, True, 0, 1, 60.0)
CAPS = SystemParameters(frame_length=10, max_move_per_frame=100)


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, reported=0),
        replace(GOOD, outside=1),
        replace(GOOD, beyond=1),
        replace(GOOD, fault=FAULTS["lie-high (f + 1)"], beyond=1),
        replace(GOOD, reverted=1),
        replace(GOOD, twice=1),
        replace(GOOD, fault=FAULTS["lie"], reverted=GOOD.reported + 2),
        replace(GOOD, lost_right=False),
        replace(GOOD, lost_wrong=1),
        replace(GOOD, recovery=3),
        replace(GOOD, recovery=None),
        replace(GOOD, fault=FAULTS["crash (f + 1)"]),
        replace(GOOD, fault=FAULTS["lie-high (f + 1)"], lost_wrong=1),
    ],
)
def test_line__harm__is_not_as_it_must_be(bad: Line) -> None:
    assert GOOD.as_it_must_be
    assert not bad.as_it_must_be


def test_line__liar_out_of_turn__may_cost_a_transaction_a_report() -> None:
    assert replace(GOOD, fault=FAULTS["lie"], reverted=GOOD.reported).as_it_must_be


def test_line__too_many_faulty__may_stop_or_bias_but_not_attest() -> None:
    stopped = replace(GOOD, fault=FAULTS["crash (f + 1)"], reported=0, lost_right=False)
    biased = replace(GOOD, fault=FAULTS["lie-high (f + 1)"], outside=2, lost_right=False)
    assert stopped.as_it_must_be
    assert biased.as_it_must_be


def test_missing__drills_without_a_line__are_named() -> None:
    said = missing([GOOD])
    assert "n = 4: none, lie, " in said
    assert "n = 7: none, crash, lie, " in said
    whole = [replace(GOOD, members=n, fault=fault) for n in (4, 7) for fault in FAULTS.values()]
    assert missing(whole) == "Nothing is left out."


def test_twice__one_frame_reported_again__is_one() -> None:
    assert twice([7, 8, 8, 8, 9]) == 1


def test_beyond_caps__score_moves_more_than_a_frame_allows__is_counted_since_the_block() -> None:
    reported = [(block, block, score) for block, score in enumerate([500, 600, 701, 650, 549])]
    assert beyond_caps(reported, 0, CAPS) == 2
    assert beyond_caps(reported, 3, CAPS) == 1
    assert beyond_caps(reported[:2], 0, CAPS) == 0


def test_merged__drill_run_again__replaces_its_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines.json"
    keep([GOOD, replace(GOOD, fault=FAULTS["none"])], path)
    lines = merged(kept(path), [replace(GOOD, reported=7), replace(GOOD, members=7)])
    assert [(x.members, x.fault.name, x.reported) for x in lines] == [
        (4, "none", 3),
        (4, "crash", 7),
        (7, "crash", 3),
    ]
    assert page(lines).count("| yes |") >= 3
