"""Beacons and tunnels from flows; changes when the score of a rhythm does.

Both names of the pair matter little: what gives a beacon away is that its intervals and its sizes
vary less than people and their programs make them vary.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.alert import Alert, frequent
from oracles.domain.flow import ends_us
from oracles.domain.thresholds import BEACON, TUNNEL, BeaconThreshold, TunnelThreshold

Ints = npt.NDArray[np.int64]


def beacons(flows: pd.DataFrame, threshold: BeaconThreshold = BEACON) -> list[Alert]:
    """One alert a pair and service; severity is the score in thousandths. The subject opens."""
    answered = flows[(flows["resp_pkts"] > 0) & (flows["proto"] == "tcp")]
    keys = ["orig_h", "resp_h", "resp_p"]
    rows = frequent(answered, keys, threshold.connections).sort_values("ts", kind="stable")
    sizes = (rows["orig_ip_bytes"] + rows["resp_ip_bytes"]).rename("size")
    found = []
    for key, group in rows.assign(size=sizes).groupby(keys, observed=True):
        ts = group["ts"].to_numpy()
        if len(ts) < threshold.connections or ts[-1] - ts[0] < threshold.shortest_us:
            continue
        gaps = np.diff(ts)
        if np.median(gaps) < threshold.interval_us:
            continue
        score = (_steadiness(gaps) + _steadiness(group["size"].to_numpy())) // 2
        if score >= threshold.score:
            found.append(
                Alert(
                    peril="beaconing",
                    subject=str(key[0]),
                    counterpart=str(key[1]),
                    start_us=int(ts[0]),
                    end_us=int(ts[-1]),
                    severity=score,
                    unit="beacon score, of 1000",
                    origin=threshold.origin,
                )
            )
    return found


def tunnels(flows: pd.DataFrame, threshold: TunnelThreshold = TUNNEL) -> list[Alert]:
    """Name service used as a channel, one alert a flow; severity is its queries."""
    chosen = (flows["service"] == "dns") & (flows["orig_pkts"] >= threshold.queries)
    rows = flows[chosen.to_numpy(np.bool_)]
    columns = (rows["orig_h"], rows["resp_h"], rows["ts"], ends_us(rows), rows["orig_pkts"])
    return [
        Alert(
            peril="tunnelling",
            subject=str(client),
            counterpart=str(server),
            start_us=int(start),
            end_us=int(end),
            severity=int(queries),
            unit="queries",
            origin=threshold.origin,
        )
        for client, server, start, end, queries in zip(*columns, strict=True)
    ]


def _steadiness(values: Ints) -> int:
    """1000 less a thousand times the median absolute deviation over the median, at least 0."""
    middle = int(np.median(values))
    deviation = int(np.median(np.abs(values - middle)))
    return max(0, 1000 - 1000 * deviation // max(middle, 1))
