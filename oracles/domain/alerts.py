"""All alerts from flows: what raises the price and is reported, and never pays; changes when a kind
of alert is added.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from oracles.domain.alert import Alert, runs
from oracles.domain.beacons import beacons, tunnels
from oracles.domain.flood import attacked_seconds, attacked_slots, load
from oracles.domain.guessing import guessing, request_floods
from oracles.domain.scans import scans
from oracles.domain.thresholds import FLOOD, SECOND, FloodThreshold
from oracles.domain.uploads import uploads

__all__ = [
    "Alert", "alerts", "attacked_slots", "beacons", "floods", "guessing", "request_floods",
    "scans", "tunnels", "uploads",
]  # fmt: skip


def alerts(flows: pd.DataFrame, hosts: Collection[str] | None = None) -> list[Alert]:
    """All alerts about ``hosts`` (every address when None), by start."""
    found = [
        *guessing(flows),
        *request_floods(flows),
        *floods(flows, hosts),
        *scans(flows),
        *beacons(flows),
        *tunnels(flows),
        *uploads(flows),
    ]
    return sorted(
        (alert for alert in found if hosts is None or alert.subject in hosts),
        key=lambda alert: (alert.start_us, alert.peril, alert.subject, alert.counterpart),
    )


def floods(
    flows: pd.DataFrame, hosts: Collection[str] | None = None, threshold: FloodThreshold = FLOOD
) -> list[Alert]:
    """Floods towards hosts, one alert a run of attacked seconds; severity is its seconds."""
    return [
        Alert(
            peril="flood",
            subject=host,
            counterpart="",
            start_us=int(run[0]) * SECOND,
            end_us=(int(run[-1]) + 1) * SECOND,
            severity=len(run),
            unit="s",
            origin=threshold.origin,
        )
        for host in sorted(_busy_hosts(flows, threshold) if hosts is None else set(hosts))
        for run in runs(attacked_seconds(load(flows, host, 0), threshold), threshold.mean_s)
    ]


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
