"""Alerts from flows: what raises the price and is reported, and never pays; changes when a kind of
alert is added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oracles.domain.flood import attacked_seconds, attacked_slots, load
from oracles.domain.flow import ends_us
from oracles.domain.thresholds import FLOOD, GUESSING, SECOND, FloodThreshold, GuessingThreshold

__all__ = ["Alert", "alerts", "attacked_slots", "floods", "guessing"]


@dataclass(frozen=True)
class Alert:
    """One run of suspicious traffic. Times are µs since 1970; severity is in ``unit``."""

    peril: str
    subject: str  # the address attacked, or misbehaving
    counterpart: str  # the other side; empty when it is many
    start_us: int
    end_us: int
    severity: int
    unit: str
    technique: str
    veris: str
    threshold: str  # its source


def alerts(flows: pd.DataFrame, hosts: Collection[str] | None = None) -> list[Alert]:
    """All alerts about ``hosts`` (every address when None), by start."""
    found = [*guessing(flows), *floods(flows, hosts)]
    return sorted(
        (alert for alert in found if hosts is None or alert.subject in hosts),
        key=lambda alert: (alert.start_us, alert.peril, alert.subject, alert.counterpart),
    )


def guessing(
    flows: pd.DataFrame, thresholds: Collection[GuessingThreshold] = GUESSING
) -> list[Alert]:
    """Password guessing, one alert a run of attempts; severity is the number of attempts."""
    return [alert for threshold in thresholds for alert in _guessing(flows, threshold)]


def floods(
    flows: pd.DataFrame, hosts: Collection[str] | None = None, threshold: FloodThreshold = FLOOD
) -> list[Alert]:
    """Floods towards hosts, one alert a run of attacked seconds; severity is its seconds."""
    return [
        Alert(
            "flood",
            host,
            "",
            int(run[0]) * SECOND,
            (int(run[-1]) + 1) * SECOND,
            len(run),
            "s",
            threshold.origin.technique,
            threshold.origin.veris,
            threshold.origin.source,
        )
        for host in sorted(_busy_hosts(flows, threshold) if hosts is None else set(hosts))
        for run in _runs(attacked_seconds(load(flows, host, 0), threshold), threshold.mean_s)
    ]


def _guessing(flows: pd.DataFrame, threshold: GuessingThreshold) -> Iterator[Alert]:
    ends = ends_us(flows)
    attempt = (
        (flows["service"] == threshold.service).to_numpy()
        & (flows["resp_pkts"].to_numpy() > 0)
        & (flows["orig_ip_bytes"].to_numpy() <= threshold.most_bytes)
        & (flows["resp_ip_bytes"].to_numpy() <= threshold.most_bytes)
        & (ends - flows["ts"].to_numpy() <= threshold.longest_us)
    )
    rows = flows.loc[attempt, ["orig_h", "resp_h", "ts"]].assign(end=ends[attempt])
    rows = rows.sort_values("ts", kind="stable")
    for pair, tries in rows.groupby(["orig_h", "resp_h"], observed=True, sort=True):
        client, server = map(str, pair) if isinstance(pair, tuple) else ("", "")
        ts, end = tries["ts"].to_numpy(), tries["end"].to_numpy()
        needed = threshold.attempts
        full = np.flatnonzero(ts[needed - 1 :] - ts[: len(ts) - needed + 1] <= threshold.window_us)
        for run in _runs(full, needed - 1):
            chosen = slice(int(run[0]), int(run[-1]) + needed)
            yield Alert(
                "brute_force",
                server,
                client,
                int(ts[chosen][0]),
                int(end[chosen].max()),
                chosen.stop - chosen.start,
                f"{threshold.service} attempts",
                threshold.origin.technique,
                threshold.origin.veris,
                threshold.origin.source,
            )


def _busy_hosts(flows: pd.DataFrame, threshold: FloodThreshold) -> set[str]:
    """Hosts that got, in all, what a flood must bring in its shortest run."""
    busy: set[str] = set()
    for host, packets, size in (
        ("resp_h", "orig_pkts", "orig_ip_bytes"),
        ("orig_h", "resp_pkts", "resp_ip_bytes"),
    ):
        rate = flows["sampling_rate"]
        table = pd.DataFrame(
            {
                "host": flows[host],
                "packets": flows[packets].clip(lower=0) * rate,
                "bits": flows[size].clip(lower=0) * rate * 8,
                "flows": rate,
            }
        )
        total = table.groupby("host", observed=True).sum()
        # either side of a host's flows may bring half of it
        enough = (
            (total["packets"] * 2 >= threshold.packets_per_s * threshold.mean_s)
            | (total["bits"] * 2 >= threshold.bits_per_s * threshold.mean_s)
            | (total["flows"] * 2 >= threshold.flows_per_s * threshold.mean_s)
        )
        busy.update(map(str, total.index[enough]))
    return busy


def _runs(numbers: np.ndarray, gap: int) -> list[np.ndarray]:
    """Ascending numbers cut where neighbours are more than ``gap`` apart."""
    if len(numbers) == 0:
        return []
    return np.split(numbers, np.flatnonzero(np.diff(numbers) > gap) + 1)
