"""What an alert says; changes when a field of alerts does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.thresholds import Origin


@dataclass(frozen=True)
class Alert:
    """One run of suspicious traffic. Times are µs since 1970; severity is in ``unit``.

    The subject is the address attacked, or the one that misbehaves; the counterpart the other side,
    empty when it is many.
    """

    peril: str
    subject: str
    counterpart: str
    start_us: int
    end_us: int
    severity: int
    unit: str
    origin: Origin


def runs(numbers: npt.NDArray[np.integer], gap: int) -> list[npt.NDArray[np.integer]]:
    """Ascending numbers cut where neighbours are more than ``gap`` apart."""
    if len(numbers) == 0:
        return []
    return np.split(numbers, np.flatnonzero(np.diff(numbers) > gap) + 1)


def crowded(times: npt.NDArray[np.int64], count: int, window: int) -> list[slice]:
    """Maximal runs of ascending times in which each is one of ``count`` within ``window``."""
    full = np.flatnonzero(times[count - 1 :] - times[: max(len(times) - count + 1, 0)] <= window)
    return [slice(int(run[0]), int(run[-1]) + count) for run in runs(full, count - 1)]


def frequent(rows: pd.DataFrame, key: list[str], count: int) -> pd.DataFrame:
    """The rows whose key occurs at least ``count`` times, so that rare ones cost no time."""
    if len(rows) == 0:
        return rows
    sizes = rows.groupby(key, observed=True)[key[0]].transform("size")
    return rows[(sizes >= count).to_numpy(np.bool_)]
