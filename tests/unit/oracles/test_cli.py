"""The command line: one line for what cannot be read, and JSON as promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oracles.cli import app
from oracles.rating.table import shipped
from tests.support.captures import Packet, conversation, pcap_bytes, write

RUN = CliRunner()
SERVER = ("198.51.100.1", 22)


@pytest.fixture
def guesses(tmp_path: Path) -> Path:
    """Twelve short ssh connections of one client, ten seconds apart at most."""
    packets: list[Packet] = []
    for n in range(12):
        client = ("192.0.2.7", 40_000 + n)
        packets += conversation(1_700_000_000 + 5 * n, client, SERVER, b"SSH-2.0-a", b"SSH-2.0-b")
    return write(tmp_path / "guesses.pcap", pcap_bytes(packets))


@pytest.mark.parametrize("command", ["flows", "score", "incidents"])
def test_command__file_missing_or_unknown__ends_with_one_line(tmp_path: Path, command: str) -> None:
    for path in (tmp_path / "nothing", write(tmp_path / "text", b"plain text")):
        result = RUN.invoke(app, [command, str(path), "--json"])
        assert result.exit_code == 1
        assert result.stdout == ""
        assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("asset", ["nonsense", "x=", "x=not-an-address"])
def test_score__bad_asset__ends_with_one_line(guesses: Path, asset: str) -> None:
    result = RUN.invoke(app, ["score", str(guesses), "--asset", asset])
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_score__model_missing__ends_with_one_line(guesses: Path, tmp_path: Path) -> None:
    result = RUN.invoke(app, ["score", str(guesses), "--model", str(tmp_path)])
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_flows__json__is_one_object_a_flow(guesses: Path) -> None:
    result = RUN.invoke(app, ["flows", str(guesses), "--json"])
    flows = json.loads(result.stdout)
    assert len(flows) == 12
    assert flows[0]["service"] == "ssh"
    assert flows[0]["orig_h"] == "192.0.2.7"


def test_score__json__is_one_object_an_asset_window(guesses: Path) -> None:
    result = RUN.invoke(
        app, ["score", str(guesses), "--json", "--asset", "a=198.51.100.1", "--frame-length", "10"]
    )
    windows = json.loads(result.stdout)
    assert len(windows) == 6
    assert {w["asset"] for w in windows} == {"a"}
    assert windows[0]["window_start"].startswith("2023-11-14T22:13:20")
    assert all(0 <= w["score"] <= 10_000 for w in windows)
    assert all(
        {"words", "control", "csf", "mitigation"} <= set(r) for w in windows for r in w["reasons"]
    )
    effects = [r["price_effect_bps"] for w in windows for r in w["reasons"]]
    assert all(set(effect) == set(shipped()) for effect in effects)


def test_incidents__json__names_evidence_and_never_pays(guesses: Path) -> None:
    result = RUN.invoke(app, ["incidents", str(guesses), "--json"])
    (incident,) = json.loads(result.stdout)
    assert (incident["peril"], incident["subject"]) == ("brute_force", "198.51.100.1")
    assert (incident["payable"], incident["severity"]) == (False, 12)
    assert incident["technique"] == "T1110"
    assert incident["evidence"]["flows"] == 12
    assert incident["start"] < incident["end"]


@pytest.mark.parametrize("command", ["flows", "score", "incidents"])
@pytest.mark.parametrize("name", ["plot.png", "plot.html"])
def test_command__plot__is_written(guesses: Path, tmp_path: Path, command: str, name: str) -> None:
    result = RUN.invoke(app, [command, str(guesses), "--plot", str(tmp_path / name)])
    assert result.exit_code == 0
    assert result.stdout
    content = (tmp_path / name).read_bytes()
    assert content[:4] == b"\x89PNG" if name.endswith("png") else b"<img" in content
