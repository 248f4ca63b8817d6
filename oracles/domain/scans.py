"""Scans and sweeps from flows; changes when what counts as a failed attempt does."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
import pandas as pd

from oracles.domain.alert import Alert, crowded, frequent
from oracles.domain.thresholds import SCANS, SpreadThreshold

_FAILED_STATES: Final = ("S0", "REJ", "RSTOS0", "SH")
# Services that answer over UDP with more than they were asked: a flow that one of them opens is an
# answer whose question was forged or not seen, not an attempt.
_REFLECTORS: Final = (17, 19, 53, 69, 111, 123, 137, 161, 389, 1900, 3702, 5353, 11211)


def scans(flows: pd.DataFrame, thresholds: Collection[SpreadThreshold] = SCANS) -> list[Alert]:
    """One alert a run of attempts; severity is how many distinct ports or hosts it tried.

    The subject of a vertical scan is the host scanned; of a sweep over hosts, the one that sweeps.
    """
    return [alert for threshold in thresholds for alert in _spread(flows, threshold)]


def _spread(flows: pd.DataFrame, threshold: SpreadThreshold) -> Iterator[Alert]:
    failed = (flows["resp_pkts"] == 0) | flows["conn_state"].isin(_FAILED_STATES)
    answers = (flows["proto"] == "udp") & flows["orig_p"].isin(_REFLECTORS)
    chosen = flows["proto"].isin(threshold.protocols) & ~answers
    if not threshold.every:
        chosen &= failed
    rows = flows.loc[chosen, ["orig_h", "resp_h", "resp_p", "proto", "ts"]]
    vertical = threshold.peril == "vertical_scan"
    fixed = ["orig_h", "resp_h"] if vertical else ["orig_h", "proto", "resp_p"]
    rows = frequent(rows, fixed, threshold.targets).sort_values("ts", kind="stable")
    target = "resp_p" if vertical else "resp_h"
    rows = _first_tries(rows, list(dict.fromkeys([*fixed, "proto", target])), threshold.window_us)
    for key, tries in rows.groupby(fixed, observed=True):
        ts = tries["ts"].to_numpy()
        source, subject = str(key[0]), str(key[1] if vertical else key[0])
        for run in crowded(ts, threshold.targets, threshold.window_us):
            yield Alert(
                peril=threshold.peril,
                subject=subject,
                counterpart=source if vertical else "",
                start_us=int(ts[run][0]),
                end_us=int(ts[run][-1]),
                severity=int(tries[target].iloc[run].nunique()),
                unit="ports" if vertical else "hosts",
                origin=threshold.origin,
            )


def _first_tries(rows: pd.DataFrame, key: list[str], window_us: int) -> pd.DataFrame:
    """Without repeats of the same target that follow one within the window."""
    before = rows.groupby(key, observed=True)["ts"].diff()
    return rows[(before.isna() | (before > window_us)).to_numpy(np.bool_)]
