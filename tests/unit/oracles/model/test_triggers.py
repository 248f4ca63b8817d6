"""Triggers: a capture is judged by the alerts that its entry speaks of, and by no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracles.model import triggers
from oracles.model.datasets import data_folder
from oracles.model.peril_pages import PERILS, confusion, page
from oracles.model.triggers import Entry, judge, listed

SSHGUESS = Entry("data", "captures/zeek__ssh_sshguess.pcap", True, peril="brute_force")

needs_data = pytest.mark.skipif(
    not (data_folder() / "captures").is_dir(), reason="the published captures are not here"
)


def test_judge__file_missing__raises() -> None:
    with pytest.raises(FileNotFoundError):
        judge(Entry("data", "captures/no-such-file.pcap", True))


@needs_data
def test_judge__other_peril_or_threshold__is_not_counted() -> None:
    assert not judge(Entry("data", SSHGUESS.file, True, peril="flood")).passed
    assert not judge(Entry("data", SSHGUESS.file, True, threshold="no such source")).passed


@needs_data
def test_judge__guesses__fire_and_stand_in_the_page() -> None:
    outcome = judge(SSHGUESS)
    assert outcome.passed
    assert "1 of 1" in triggers.page([outcome], [])
    brute_force = next(peril for peril in PERILS if peril.page == "brute-force")
    assert confusion(brute_force, [outcome]) == {"hits": 1, "misses": 0, "false": 0, "quiet": 0}
    assert "Slips: 9 SSH attempts" in page(brute_force, [outcome])


def test_listed__each_entry__names_an_existing_kind_of_place() -> None:
    entries = listed()
    assert {entry.base for entry in entries} == {"data", "recordings"}
    covered = {name for peril in PERILS for name in peril.names}
    assert {entry.peril for entry in entries} - {""} <= covered
    assert all(Path(entry.file).suffix in {".pcap", ".pcapng", ".parquet"} for entry in entries)
