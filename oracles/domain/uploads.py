"""Exfiltration from flows; changes when what counts as sent out does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oracles.domain.alert import Alert, runs
from oracles.domain.flow import ends_us
from oracles.domain.thresholds import UPLOAD, UploadThreshold


def uploads(flows: pd.DataFrame, threshold: UploadThreshold = UPLOAD) -> list[Alert]:
    """One alert a run of flows of a pair; severity is the bytes its opener sent in them."""
    sent = flows["orig_ip_bytes"] * flows["sampling_rate"]
    chosen = (sent > 0) & (flows["orig_ip_bytes"] > flows["resp_ip_bytes"])
    rows = flows.loc[chosen, ["orig_h", "resp_h", "ts"]].assign(
        sent=sent[chosen], end=ends_us(flows)[chosen.to_numpy(np.bool_)]
    )
    total = rows.groupby(["orig_h", "resp_h"], observed=True)["sent"].transform("sum")
    largest = rows.groupby(["orig_h", "resp_h"], observed=True)["sent"].transform("max")
    enough = (total >= threshold.total_bytes) | (largest >= threshold.flow_bytes)
    found = []
    for (source, target), group in (
        rows[enough].sort_values("end", kind="stable").groupby(["orig_h", "resp_h"], observed=True)
    ):
        end, amount = group["end"].to_numpy(), group["sent"].to_numpy()
        running = np.concatenate([[0], np.cumsum(amount)])
        since = np.searchsorted(end, end - threshold.window_us, side="left")
        recent = running[1:] - running[since]
        reached = (recent >= threshold.total_bytes) | (amount >= threshold.flow_bytes)
        for run in runs(np.flatnonzero(reached), 1):
            start = int(since[run[0]]) if recent[run[0]] >= threshold.total_bytes else int(run[0])
            chosen_rows = slice(start, int(run[-1]) + 1)
            found.append(
                Alert(
                    peril="exfiltration",
                    subject=str(source),
                    counterpart=str(target),
                    start_us=int(group["ts"].to_numpy()[chosen_rows].min()),
                    end_us=int(end[run[-1]]),
                    severity=int(amount[chosen_rows].sum()),
                    unit="bytes",
                    origin=threshold.origin,
                )
            )
    return found
