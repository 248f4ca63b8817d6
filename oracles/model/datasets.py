"""Labelled flows and labelled units of the permitted sources; changes when a kind of labelled file
is added or the rule of a unit's label does.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.features import features, totals
from oracles.domain.flow import MISSING, build, ends_us
from oracles.traffic.compressed import sha256_of
from oracles.traffic.sources import open_source

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = Path(__file__).with_name("sources.toml")
RECORDINGS: Final = ROOT / "oracles" / "recordings"
FRAME_S: Final = 60
SHORT_FRAME_S: Final = 10  # for sources that are only minutes long

BENIGN: Final = "benign"
PROTOCOLS: Final = ("tcp", "udp", "icmp")
STRATA: Final = tuple((proto, side) for proto in PROTOCOLS for side in ("in", "out"))


@dataclass(frozen=True)
class Source:
    """One entry of a list of sources."""

    name: str
    network: str
    base: str
    file: str
    licence: str
    cite: str
    assets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    select: Mapping[str, str] = field(default_factory=dict)
    label: int | None = None
    family: str = BENIGN

    @property
    def path(self) -> Path:
        return placed(self.base, self.file)


@dataclass(frozen=True)
class LabelledFlows:
    """Flows, each with 1 hostile, 0 benign or -1 unknown, and its family."""

    flows: pd.DataFrame
    label: npt.NDArray[np.int64]
    family: npt.NDArray[np.object_]


def data_folder() -> Path:
    """Where the published data sets lie: $FLOWCOVER_DATA, or ../shared/data from the checkout or
    from a folder above it."""
    if given := os.environ.get("FLOWCOVER_DATA"):
        return Path(given)
    candidates = (folder / "shared" / "data" for folder in ROOT.parents)
    return next((folder for folder in candidates if folder.is_dir()), ROOT.parent / "shared/data")


def placed(base: str, file: str) -> Path:
    """Where a listed file lies: ``base`` is "data" or "recordings"."""
    return (data_folder() if base == "data" else RECORDINGS) / file


def listed(path: Path = SOURCES) -> list[Source]:
    """The sources of a list, in its order."""
    return [Source(**entry) for entry in tomllib.loads(path.read_text())["source"]]


def load(source: Source) -> LabelledFlows:
    """The labelled flows of a source. Raises FileNotFoundError, or a SourceError of its format."""
    if source.file.endswith(".csv.xz"):
        return _from_csv(source)
    if source.file.endswith(".json"):
        return _from_recording(source)
    if source.label is None:
        return _from_parquet(source)
    flows = open_source(source.path).flows
    return LabelledFlows(
        flows, np.full(len(flows), source.label), np.full(len(flows), source.family, object)
    )


def units(source: Source, frame_s: int | None = None) -> pd.DataFrame:
    """The labelled units of a source: its features, and ``label``, ``family``, ``network``,
    ``source``, ``asset``, ``frame``, ``seconds`` (a frame's length), and for each stratum in
    ``STRATA`` its flows (``all_…``) and hostile ones (``bad_…``), and all ``flows``, ``packets``,
    ``bytes`` and unanswered (``silent``) flows.

    A unit is hostile when any flow of its window is, benign when it has only benign and unknown
    flows and at least one benign; others are left out. Its family is the hostile one most frequent.
    """
    labelled = load(source)
    flows, assets = labelled.flows, source.assets or recorded_assets(source)
    if frame_s is None:
        length_us = int(flows["ts"].max() - flows["ts"].min()) if len(flows) else 0
        frame_s = FRAME_S if length_us > 3_600_000_000 else SHORT_FRAME_S
    hostile = labelled.label == 1
    families = sorted(set(labelled.family[hostile]))
    values = {
        "flows": np.ones(len(flows), np.int64),
        "packets": flows[["orig_pkts", "resp_pkts"]].clip(lower=0).sum(axis=1).to_numpy(),
        "bytes": flows[["orig_ip_bytes", "resp_ip_bytes"]].clip(lower=0).sum(axis=1).to_numpy(),
        "benign": labelled.label == 0,
        "silent": (flows["resp_pkts"] == 0).to_numpy(),
        **{f"family_{f}": hostile & (labelled.family == f) for f in families},
    }
    for proto in PROTOCOLS:
        of_proto = (flows["proto"] == proto).to_numpy()
        values |= {f"all_{proto}": of_proto, f"bad_{proto}": of_proto & hostile}
    counts = totals(flows, assets, frame_s, 0, values)

    def both(name: str) -> pd.Series:
        return counts[f"in_{name}"] + counts[f"out_{name}"]

    by_family = pd.DataFrame({f: both(f"family_{f}") for f in families}, index=counts.index)
    is_hostile = by_family.sum(axis=1) > 0
    worst = by_family.idxmax(axis=1) if families else pd.Series(BENIGN, counts.index)
    table = features(flows, assets, frame_s, 0)
    strata = {
        f"{kind}_{proto}_{side}": counts[f"{side}_{kind}_{proto}"]
        for kind in ("all", "bad")
        for proto, side in STRATA
    }
    table = table.assign(
        label=is_hostile.astype("int64"),
        family=worst.where(is_hostile, BENIGN).astype("str"),
        network=source.network,
        source=source.name,
        asset=table.index.get_level_values("asset").astype("str"),
        frame=table.index.get_level_values("frame"),
        seconds=frame_s,
        flows=both("flows"),
        packets=both("packets"),
        bytes=both("bytes"),
        silent=both("silent"),
        **strata,
    )
    return table[(is_hostile | (both("benign") > 0)).to_numpy()].reset_index(drop=True)


def recorded_assets(source: Source) -> Mapping[str, Sequence[str]]:
    """The assets that a recording's truth file names."""
    truth = json.loads(source.path.with_suffix(".json").read_text())
    return {name: [address] for name, address in truth["assets"].items()}


def digest(source: Source) -> str:
    """Hex SHA-256 of the source's file."""
    return sha256_of(source.path)


@lru_cache(maxsize=2)
def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, low_memory=False)


def _from_csv(source: Source) -> LabelledFlows:
    table = _csv(source.path)
    for column, value in source.select.items():
        table = table[table[column] == value]
    # flows without a packet are an artefact of capture that no sensor reports
    table = table[(table["orig_pkts"] + table["resp_pkts"] > 0) & table["orig_h"].notna()]
    flows = build(
        {
            "ts": np.rint(table["ts"].to_numpy() * 1e6),
            "duration_us": np.rint(table["duration"].fillna(-1e-6).to_numpy() * 1e6),
            "orig_h": table["orig_h"].to_numpy(),
            "resp_h": table["resp_h"].to_numpy(),
            "orig_p": table["orig_p"].fillna(0).to_numpy(),
            "resp_p": table["resp_p"].fillna(0).to_numpy(),
            "proto": table["proto"].to_numpy(),
            "service": table["service"].fillna("").to_numpy(),
            **{
                name: table[name].fillna(MISSING).to_numpy()
                for name in ("orig_ip_bytes", "resp_ip_bytes", "orig_pkts", "resp_pkts")
            },
            "conn_state": table["conn_state"].fillna("").to_numpy(),
            "source_kind": "zeek",
            "byte_basis": "ip",
        }
    )
    return LabelledFlows(flows, table["label"].to_numpy(), table["family"].to_numpy(object))


def _from_recording(source: Source) -> LabelledFlows:
    """The sensor's flows beside a truth file: those of an attacker or a forged sender are hostile
    while an attack lasts, of the kind of that attack."""
    truth = json.loads(source.path.read_text())
    flows = open_source(source.path.parent / "sensor.pcap.xz").flows
    culprits = {h["address"] for h in truth["hosts"].values() if h["role"] == "attacker"}
    culprits |= set(truth.get("spoofed_sources", ()))
    theirs = (flows["orig_h"].isin(culprits) | flows["resp_h"].isin(culprits)).to_numpy(np.bool_)
    ends = ends_us(flows)
    family = np.full(len(flows), BENIGN, object)
    for attack in truth["attacks"]:
        during = (flows["ts"].to_numpy() <= attack["end"]) & (ends >= attack["start"])
        family[theirs & during] = attack["kind"]
    return LabelledFlows(flows, (family != BENIGN).astype(np.int64), family)


def _from_parquet(source: Source) -> LabelledFlows:
    table = pd.read_parquet(source.path)
    flows = build({name: table[name].to_numpy() for name in table.columns if name in _SCHEMA})
    return LabelledFlows(flows, table["label"].to_numpy(np.int64), table["family"].to_numpy(object))


_SCHEMA: Final = frozenset(build({"ts": []}).columns)
