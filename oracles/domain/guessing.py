"""Guesses and requests that come too fast, from flows; changes when what counts as one does."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pandas as pd

from oracles.domain.alert import Alert, crowded, frequent
from oracles.domain.flow import ends_us
from oracles.domain.thresholds import (
    GUESSING,
    HTTP_FLOOD,
    GuessingThreshold,
    RequestThreshold,
)


def guessing(
    flows: pd.DataFrame, thresholds: Collection[GuessingThreshold] = GUESSING
) -> list[Alert]:
    """One alert a run of attempts by a client on a server; severity is the number of attempts."""
    return [alert for threshold in thresholds for alert in _of_service(flows, threshold)]


def request_floods(flows: pd.DataFrame, threshold: RequestThreshold = HTTP_FLOOD) -> list[Alert]:
    """One alert a run of requests by a client on a server; severity is their number."""
    chosen = (flows["service"] == threshold.service) & (flows["resp_pkts"] > 0)
    rows = frequent(flows[chosen], ["orig_h", "resp_h"], threshold.connections)
    rows = rows.sort_values("ts", kind="stable")
    return [
        Alert(
            peril="http_flood",
            subject=str(server),
            counterpart=str(client),
            start_us=int(ts[run][0]),
            end_us=int(ts[run][-1]),
            severity=run.stop - run.start,
            unit=f"{threshold.service} connections",
            origin=threshold.origin,
        )
        for (client, server), asked in rows.groupby(["orig_h", "resp_h"], observed=True)
        for ts in (asked["ts"].to_numpy(),)
        for run in crowded(ts, threshold.connections, threshold.window_us)
    ]


def _of_service(flows: pd.DataFrame, threshold: GuessingThreshold) -> Iterator[Alert]:
    ends = ends_us(flows)
    attempt = (
        (flows["service"] == threshold.service).to_numpy()
        & (flows["resp_pkts"].to_numpy() > 0)
        & (flows["orig_ip_bytes"].to_numpy() <= threshold.most_bytes)
        & (flows["resp_ip_bytes"].to_numpy() <= threshold.most_bytes)
        & (ends - flows["ts"].to_numpy() <= threshold.longest_us)
    )
    rows = flows.loc[attempt, ["orig_h", "resp_h", "ts"]].assign(end=ends[attempt])
    rows = frequent(rows, ["orig_h", "resp_h"], threshold.attempts)
    rows = rows.sort_values("ts", kind="stable")
    for (client, server), tries in rows.groupby(["orig_h", "resp_h"], observed=True):
        ts, end = tries["ts"].to_numpy(), tries["end"].to_numpy()
        for run in crowded(ts, threshold.attempts, threshold.window_us):
            yield Alert(
                peril="brute_force",
                subject=str(server),
                counterpart=str(client),
                start_us=int(ts[run][0]),
                end_us=int(end[run].max()),
                severity=run.stop - run.start,
                unit=f"{threshold.service} attempts",
                origin=threshold.origin,
            )
