"""Triggers: a capture is judged by the alerts that its entry speaks of, and by no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracles.model import payable, triggers
from oracles.model.datasets import data_folder
from oracles.model.peril_pages import PAYABLE, PERILS, confusion, page, payable_page
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
    covered = {name for peril in (*PERILS, *PAYABLE) for name in peril.names}
    assert {entry.peril for entry in entries} - {""} <= covered
    flows = [entry for entry in entries if entry.peril not in payable.ORIGINS]
    assert all(Path(entry.file).suffix in {".pcap", ".pcapng", ".parquet"} for entry in flows)


@pytest.mark.parametrize("peril", payable.ORIGINS)
def test_listed__payable_peril__has_recordings_on_both_sides(peril: str) -> None:
    assert {entry.must for entry in listed() if entry.peril == peril} == {True, False}


def test_judge__dependency_lost_but_not_needed__pays_nothing() -> None:
    outcome = judge(Entry("recordings", "dependency_spare", False, peril="dependency_outage"))
    assert outcome.passed


def test_judge__dependency_lost_and_service_with_it__pays_and_stands_in_the_page() -> None:
    outcome = judge(Entry("recordings", "dependency_needed", True, peril="dependency_outage"))
    assert outcome.passed
    (run,) = outcome.found
    assert 10 <= run.severity <= 25
    peril = next(peril for peril in PAYABLE if peril.page == "dependency-outage")
    assert f"`dependency_needed`: {run.severity} s" in payable_page(peril, [outcome])


def test_judge__recording_missing__raises() -> None:
    with pytest.raises(FileNotFoundError):
        judge(Entry("recordings", "no_such_recording", True, peril="service_outage"))


@needs_data
def test_judge__capture_that_joins_recordings_years_apart__counts_minutes_with_traffic() -> None:
    outcome = judge(Entry("data", "captures/ndpi__instagram.pcap", False))
    assert 0 < outcome.asset_days < 0.2
