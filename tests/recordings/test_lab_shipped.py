"""The shipped networks of the laboratory are whole, labelled as their truth files say, and lie on
their side of each threshold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from oracles.domain.flow import COLUMNS
from oracles.traffic.compressed import sha256_of
from scripts.lab.netns import Network
from scripts.lab.networks import NETWORKS, SITES
from scripts.lab.services import Credentials
from scripts.lab.site import Stage
from scripts.record_traffic import PAGE, page

FOLDER = Path(__file__).resolve().parents[2] / "oracles" / "recordings"
MANIFEST: dict[str, dict[str, Any]] = json.loads((FOLDER / "MANIFEST.json").read_text())["files"]
MOST_BYTES = 10 * 1024 * 1024
SHIPPED = sorted(file.stem for file in (FOLDER / "lab").glob("*.parquet"))
LIVED_IN = [name for name in SHIPPED if name in NETWORKS]
LEVELS = {"low", "mid", "high"}


@cache
def truth(network: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((FOLDER / "lab" / f"{network}.json").read_text())
    return fields


@cache
def flows(network: str) -> pd.DataFrame:
    return pd.read_parquet(FOLDER / "lab" / f"{network}.parquet")


def hostile_in(network: str, recording: str) -> pd.DataFrame:
    table = flows(network)
    return table[(table["recording"] == recording) & (table["label"] == 1)]


def test_manifest__every_network__is_listed_unchanged_and_small() -> None:
    there = {f"lab/{file.name}": sha256_of(file) for file in (FOLDER / "lab").iterdir()}
    assert {Path(name).stem for name in there} == set(SHIPPED) <= set(SITES)
    assert set(NETWORKS) <= set(SHIPPED)
    assert there == {n: e["sha256"] for n, e in MANIFEST.items() if n.startswith("lab/")}
    assert sum(e["bytes"] for n, e in MANIFEST.items() if n.startswith("lab/")) < MOST_BYTES


@pytest.mark.parametrize("network", SHIPPED)
def test_network__capture__lost_no_packet(network: str) -> None:
    assert truth(network)["capture"]["dropped"] == 0


@pytest.mark.parametrize("network", SHIPPED)
def test_network__flows__are_those_of_the_truth_file(network: str) -> None:
    table = flows(network)
    assert set(COLUMNS) <= set(table.columns)
    for part in truth(network)["recordings"]:
        own = table[table["recording"] == part["name"]]
        assert (len(own), int(own["label"].sum())) == (part["flows"], part["hostile_flows"])
        assert own["ts"].between(part["start"], part["end"], inclusive="left").all()
    assert set(table["recording"]) == {part["name"] for part in truth(network)["recordings"]}


@pytest.mark.parametrize("network", LIVED_IN)
def test_network__benign_recording__has_no_hostile_flow(network: str) -> None:
    assert len(hostile_in(network, "benign")) == 0
    assert (flows(network)["recording"] == "benign").sum() > 500


@pytest.mark.parametrize("network", LIVED_IN)
def test_network__day__shows_several_intensities_of_several_attacks(network: str) -> None:
    (day,) = [part for part in truth(network)["recordings"] if part["name"] == "day"]
    assert {attack["intensity"] for attack in day["attacks"]} >= LEVELS
    assert len({attack["family"] for attack in day["attacks"]}) >= 4
    assert all(attack["flows"] > 0 for attack in day["attacks"])


@pytest.mark.parametrize("network", LIVED_IN)
def test_network__attacks__share_protocol_and_direction_with_honest_flows(network: str) -> None:
    assets = set(truth(network)["assets"].values())
    table = flows(network)[flows(network)["recording"] == "day"]
    inbound = table["resp_h"].isin(assets)
    kinds = table.assign(inbound=inbound).groupby(["proto", "inbound"], observed=True)["label"]
    counts = kinds.agg(["sum", "size"])
    hostile = counts["sum"].to_numpy()
    shared = (counts["size"].to_numpy() - hostile) >= 30
    assert hostile[shared].sum() >= 0.5 * hostile.sum()


@pytest.mark.parametrize("network", SHIPPED)
def test_pair__what_it_measures__lies_in_its_band(network: str, tmp_path: Path) -> None:
    credentials = Credentials(tmp_path, tmp_path / "key", "word", tmp_path / "a", tmp_path / "b")
    stage = Stage(SITES[network], Network(1.0), tmp_path, credentials, tmp_path)
    bands = {part.name: part.band for part in SITES[network].content(stage).recordings}
    pairs = [part for part in truth(network)["recordings"] if part["threshold"]]
    assert len(pairs) >= 2
    for part in pairs:
        band = bands[part["name"]]
        assert band is None or band.holds(part["measured"][band.measure])
        assert part["hostile_flows"] > 0
    measured = {part["name"]: sum((part["measured"] or {}).values()) for part in pairs}
    for name, value in measured.items():
        if name.endswith("_below") and value:
            assert value < measured[name.removesuffix("_below") + "_above"]


def test_page__shipped_networks__is_what_they_came_to() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(FOLDER)
