"""The file of what members watch: insured assets, and the dependencies that they share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oracles.settings import SettingsError, read_risks


def watched(tmp_path: Path, **fields: object) -> Path:
    path = tmp_path / "risks.json"
    path.write_text(json.dumps(fields))
    return path


@pytest.mark.parametrize("index", [0, 1 << 32])
def test_read_risks__no_index_of_a_dependency__is_refused(tmp_path: Path, index: int) -> None:
    path = watched(tmp_path, dependencies=[{"dependency": index, "target": "10.0.0.9:53"}])
    with pytest.raises(SettingsError, match=r"dependencies\.0\.dependency"):
        read_risks(path)


def test_read_risks__dependency__has_a_number_no_risk_can_have(tmp_path: Path) -> None:
    path = watched(
        tmp_path,
        risks=[{"risk": (1 << 32) - 1, "target": "10.0.0.1:80", "hosts": ["10.0.0.1"]}],
        dependencies=[{"dependency": 1, "target": "10.0.0.9:53"}],
    )
    risk, dependency = read_risks(path).subjects()
    assert (risk.number, dependency.number) == ((1 << 32) - 1, (1 << 32) + 1)
    assert dependency.target == "10.0.0.9:53"
    assert read_risks(path).sensors() == ()
