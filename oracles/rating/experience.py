"""Outage and incident data as counts and durations; changes when a data set or its cleaning does.

What is dropped is counted by reason and printed in the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

LONGEST_HOURS = 30 * 24.0  # longer windows are tickets left open, not outages
HOSTILE_ACTIONS = ("hacking", "malware")
FAILURE_ACTIONS = ("error", "environmental", "physical")


@dataclass(frozen=True)
class Experience:
    """``counts``: outages of each service at a location over ``years``, of those that had any.
    ``durations``: hours of each outage. ``hostile`` and ``failures``: incidents by their action."""

    counts: npt.NDArray[np.int64]
    years: float
    durations: Floats
    large_service_per_year: float
    hostile: int
    failures: int
    dropped: Mapping[str, int]


def load(data: Path) -> Experience:
    """Reads the outage and incident files below ``data``. Raises FileNotFoundError."""
    cloud = pd.read_csv(data / "outages" / "cloud_incidents_cua.csv")
    start = pd.to_datetime(cloud["event_start_time"], errors="coerce")
    end = pd.to_datetime(cloud["event_end_time"], errors="coerce")
    hours = ((end - start).dt.total_seconds() / 3600).to_numpy(np.float64)
    sound = (hours > 0) & (hours <= LONGEST_HOURS)
    kept = cloud[sound]
    cells = kept.groupby(["vendor", "service_name", "location"], dropna=False).size()
    large, large_hours, large_dropped = _large_service(data)
    hostile, failures = _actions(data)
    return Experience(
        counts=np.asarray(cells, np.int64),
        years=float(kept["file_year"].nunique()),
        durations=np.concatenate([hours[sound], large_hours]),
        large_service_per_year=large,
        hostile=hostile,
        failures=failures,
        dropped={
            "cloud outages that end before they start, or last longer than 30 days": int(
                (~sound).sum()
            ),
            "incidents of a large service that are maintenance, minor or without impact": (
                large_dropped
            ),
        },
    )


def _large_service(data: Path) -> tuple[float, Floats, int]:
    """Outages a year of one large service, their hours, and how many rows were left out.

    Windows that overlap are one outage.
    """
    table = pd.read_csv(data / "outages" / "github_incidents.csv")
    serious = table["impact"].isin(["major", "critical"])
    start = pd.to_datetime(table["downtime_start"], utc=True)[serious].sort_values()
    end = pd.to_datetime(table["downtime_end"], utc=True)[start.index]
    latest = end.cummax().shift()
    begins = latest.isna() | (start > latest)
    runs = pd.DataFrame({"run": begins.cumsum(), "start": start, "end": end}).groupby("run")
    lasted = runs["end"].max() - runs["start"].min()
    hours: Floats = np.asarray(lasted.dt.total_seconds() / 3600, np.float64)
    years = (end.max() - start.min()).total_seconds() / (365.25 * 86_400)
    hours = hours[(hours > 0) & (hours <= LONGEST_HOURS)]
    return len(hours) / years, hours, int((~serious).sum())


def _actions(data: Path) -> tuple[int, int]:
    """Incidents with a hostile action, and those with a failure and no hostile action."""
    table = pd.read_csv(data / "losses" / "veris_incidents_vcdb.csv", usecols=["action"])
    actions = table["action"].fillna("").str.split(";")
    hostile = actions.map(lambda found: any(action in HOSTILE_ACTIONS for action in found))
    failure = actions.map(lambda found: any(action in FAILURE_ACTIONS for action in found))
    return int(hostile.sum()), int((failure & ~hostile).sum())
