"""Each command on each kind of source: the promised fields, a table, a plot, progress."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from oracles.cli import app
from oracles.domain.flow import COLUMNS
from tests.support.sources import CLOSED, KINDS, SCANNER, SERVER, source

RUN = CliRunner()
ASSET = ("--asset", f"server={SERVER}", "--frame-length", "10")
# VPC logs have times in whole seconds, so only they may put a flow into another frame
EXACT = tuple(kind for kind in KINDS if kind != "vpc.log")


def printed(command: str, file: Path, *options: str) -> list[dict[str, Any]]:
    result = RUN.invoke(app, [command, str(file), "--json", *options])
    assert result.exit_code == 0, result.stderr
    objects: list[dict[str, Any]] = json.loads(result.stdout)
    return objects


@pytest.mark.parametrize("kind", KINDS)
def test_flows__json__is_one_object_a_flow(kind: str, tmp_path: Path) -> None:
    flows = printed("flows", source(kind, tmp_path))
    assert len(flows) == CLOSED + 1
    assert all(set(flow) == set(COLUMNS) for flow in flows)
    assert {flow["resp_h"] for flow in flows} == {SERVER}


@pytest.mark.parametrize("kind", KINDS)
def test_score__json__has_the_promised_fields(kind: str, tmp_path: Path) -> None:
    windows = printed("score", source(kind, tmp_path), *ASSET)
    assert windows
    for window in windows:
        assert set(window) == {"asset", "window_start", "score", "reasons"}
        assert isinstance(window["score"], int)
        assert isinstance(window["reasons"], list)


@pytest.mark.parametrize("kind", KINDS)
def test_incidents__json__has_the_promised_fields_and_the_scan(kind: str, tmp_path: Path) -> None:
    (scan,) = printed("incidents", source(kind, tmp_path))
    assert set(scan) == {
        "peril", "payable", "subject", "start", "end", "severity", "technique", "evidence",
    }  # fmt: skip
    assert (scan["peril"], scan["payable"], scan["subject"]) == ("vertical_scan", False, SERVER)
    assert (scan["severity"], scan["technique"]) == (CLOSED, "T1046")
    evidence = scan["evidence"]
    assert (evidence["counterpart"], evidence["flows"]) == (SCANNER, CLOSED)
    assert evidence["unit"] == "ports"


@pytest.mark.parametrize("kind", EXACT)
def test_score__other_source_of_the_same_traffic__gives_the_same_integers(
    kind: str, tmp_path: Path
) -> None:
    expected = printed("score", source("pcap", tmp_path), *ASSET)
    found = printed("score", source(kind, tmp_path), *ASSET)
    assert [window["score"] for window in found] == [window["score"] for window in expected]


@pytest.mark.parametrize("command", ["flows", "score", "incidents"])
@pytest.mark.parametrize("kind", KINDS)
def test_command__table_plot_and_progress__are_there(
    kind: str, command: str, tmp_path: Path
) -> None:
    file, plot = source(kind, tmp_path), tmp_path / "plot.png"
    result = RUN.invoke(app, [command, str(file), "--plot", str(plot)], env={"FORCE_COLOR": "1"})
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 4
    assert file.name in result.stderr
    assert plot.read_bytes()[:4] == b"\x89PNG"
