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
    """One alert a pair and service, or a steady run of a new pair; severity is the score in
    thousandths. The subject opens the connections."""
    seen_since = flows.groupby("orig_h", observed=True)["ts"].min().to_dict()
    met = flows.groupby(["orig_h", "resp_h"], observed=True)["ts"].min().to_dict()
    keys = ["orig_h", "resp_h", "resp_p"]
    answered = flows[(flows["resp_pkts"] > 0) & (flows["proto"] == "tcp")]
    rows = frequent(answered, keys, threshold.new_connections).sort_values("ts", kind="stable")
    sizes = rows["orig_ip_bytes"] + rows["resp_ip_bytes"]
    found = []
    for (source, target, _), group in rows.assign(size=sizes).groupby(keys, observed=True):
        ts, size = group["ts"].to_numpy(), group["size"].to_numpy()
        waited = met[source, target] - seen_since[source]
        if waited >= threshold.settled_us:
            spans = _steady_runs(ts, threshold)
        else:
            spans = [slice(0, len(ts))] if _is_long_beacon(ts, size, threshold) else []
        found += [
            Alert(
                peril="beaconing",
                subject=str(source),
                counterpart=str(target),
                start_us=int(ts[span][0]),
                end_us=int(ts[span][-1]),
                severity=_score(ts[span], size[span]),
                unit="beacon score, of 1000",
                origin=threshold.origin,
            )
            for span in spans
        ]
    return found


def _steady_runs(ts: Ints, threshold: BeaconThreshold) -> list[slice]:
    """Maximal runs in which every interval lies within an eighth of the median of its first ones,
    as many as make ``new_connections``."""
    gaps = np.diff(ts)
    needed = threshold.new_connections - 1
    spans: list[slice] = []
    at = 0
    while at + needed <= len(gaps):
        pace = int(np.median(gaps[at : at + needed]))
        near = np.abs(gaps[at:] - pace) <= pace // 8
        steady = int(np.argmin(near)) if not near.all() else len(near)
        if steady >= needed and pace >= threshold.interval_us:
            spans.append(slice(at, at + steady + 1))
            at += steady
        else:
            at += 1
    return spans


def _is_long_beacon(ts: Ints, sizes: Ints, threshold: BeaconThreshold) -> bool:
    return (
        len(ts) >= threshold.connections
        and bool(ts[-1] - ts[0] >= threshold.shortest_us)
        and bool(np.median(np.diff(ts)) >= threshold.interval_us)
        and _score(ts, sizes) >= threshold.score
    )


def _score(ts: Ints, sizes: Ints) -> int:
    return (_steadiness(np.diff(ts)) + _steadiness(sizes)) // 2


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
