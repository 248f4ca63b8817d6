"""Flood evidence from flows; changes when the definition of an attacked second changes.

A second is attacked when the traffic towards one of the subject's hosts, averaged over the seconds
up to and with it, reaches a threshold. A flow's packets and bytes count evenly over its duration,
in whole units, so the result is the same for any order of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import ends_us
from oracles.domain.thresholds import FLOOD, SECOND, FloodThreshold

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MOST_AT_ONCE = 1 << 21  # flow-seconds expanded together


@dataclass(frozen=True)
class Load:
    """Traffic towards one host: entry by entry a second since the origin, ascending, and what
    fell into it. Seconds without traffic have no entry."""

    second: Ints
    packets: Ints
    bytes: Ints
    flows: Ints


def load(flows: pd.DataFrame, host: str, origin_us: int) -> Load:
    """The traffic towards ``host`` in each second since ``origin_us``, sampling scaled up.

    Takes time in proportion to the seconds that the host's flows last in all.
    """
    inbound, outbound = _rows(flows, "resp_h", host), _rows(flows, "orig_h", host)
    rows = np.concatenate([inbound, outbound])
    start = flows["ts"].to_numpy()[rows] - origin_us
    end = ends_us(flows)[rows] - origin_us
    rate = flows["sampling_rate"].to_numpy().astype(np.int64)
    packets = _towards(flows, "pkts", inbound, outbound) * rate[rows]
    sizes = _towards(flows, "ip_bytes", inbound, outbound) * rate[rows]
    # only one side of a connection opens it towards the host
    opened = np.concatenate([rate[inbound], np.zeros(len(outbound), np.int64)])
    total = _sum(start // SECOND, (np.zeros_like(opened), np.zeros_like(opened), opened))
    for chunk in _chunks(end // SECOND - start // SECOND + 1):
        at, flow, fraction = _spread(start[chunk], end[chunk])
        spread = [_shares(values[chunk][flow], *fraction) for values in (packets, sizes)]
        part = _sum(at, (*spread, np.zeros_like(at)))
        both = zip(total, part, strict=True)
        seconds, *columns = (np.concatenate(pair) for pair in both)
        total = _sum(seconds, columns)
    return Load(*total)


def attacked_seconds(load: Load, threshold: FloodThreshold) -> Ints:
    """Seconds since the origin in which the load reaches the threshold, ascending."""
    seconds = np.concatenate([load.second + back for back in range(threshold.mean_s)])
    columns = [np.tile(c, threshold.mean_s) for c in (load.packets, load.bytes, load.flows)]
    second, packets, octets, flows = _sum(seconds, columns)
    reached = (
        (packets >= threshold.packets_per_s * threshold.mean_s)
        | (octets * 8 >= threshold.bits_per_s * threshold.mean_s)
        | (flows >= threshold.flows_per_s * threshold.mean_s)
    )
    return second[reached]


def attacked_slots(
    flows: pd.DataFrame,
    subject_hosts: Collection[str],
    slot_length_s: int,
    origin_us: int,
    threshold: FloodThreshold = FLOOD,
) -> set[int]:
    """Slots, numbered from ``origin_us``, with an attacked second of one of the subject's hosts.

    Slots last ``slot_length_s`` seconds; hosts are canonical address texts. Raises ValueError for
    a slot shorter than a second.
    """
    if slot_length_s < 1:
        raise ValueError(f"a slot of {slot_length_s} s is shorter than a second")
    slots: set[int] = set()
    for host in sorted(set(subject_hosts)):
        seconds = attacked_seconds(load(flows, host, origin_us), threshold)
        slots.update(int(slot) for slot in np.unique(seconds // slot_length_s))
    return slots


def _rows(flows: pd.DataFrame, column: str, host: str) -> npt.NDArray[np.intp]:
    names = list(flows[column].cat.categories)
    code = names.index(host) if host in names else len(names)
    return np.flatnonzero(flows[column].cat.codes.to_numpy() == code)


def _towards(
    flows: pd.DataFrame, unit: str, inbound: npt.NDArray[np.intp], outbound: npt.NDArray[np.intp]
) -> Ints:
    """Packets or bytes that went towards the host: sent by the other side."""
    values = np.concatenate(
        [flows[f"orig_{unit}"].to_numpy()[inbound], flows[f"resp_{unit}"].to_numpy()[outbound]]
    )
    known: Ints = np.maximum(values, 0)
    return known


def _chunks(lengths: Ints) -> Iterator[slice]:
    """Slices of rows that expand to a bounded number of flow-seconds each."""
    total = np.cumsum(lengths)
    start = 0
    while start < len(lengths):
        base = int(total[start - 1]) if start else 0
        stop = int(np.searchsorted(total, base + _MOST_AT_ONCE, side="right"))
        stop = max(stop, start + 1)
        yield slice(start, stop)
        start = stop


def _sum(seconds: Ints, columns: Sequence[Ints]) -> tuple[Ints, ...]:
    """The distinct seconds, ascending, and each column's total in them."""
    distinct, at = np.unique(seconds, return_inverse=True)
    totals = np.zeros((len(columns), len(distinct)), np.int64)
    for total, column in zip(totals, columns, strict=True):
        np.add.at(total, at, column)
    return distinct, *totals


def _spread(start: Ints, end: Ints) -> tuple[Ints, Ints, tuple[Floats, Floats]]:
    """The seconds that flows touch, the flow of each, and the fraction of it over before and
    with that second."""
    begin = start // SECOND
    seconds = end // SECOND - begin + 1
    flow = np.repeat(np.arange(len(start)), seconds)
    step = np.arange(len(flow)) - np.repeat(np.cumsum(seconds) - seconds, seconds)
    at = begin[flow] + step
    length = np.maximum(end - start, 1)[flow]
    before, with_it = (
        np.clip((at + shift) * SECOND - start[flow], 0, length) / length for shift in (0, 1)
    )
    with_it[step == seconds[flow] - 1] = 1.0
    return at, flow, (before, with_it)


def _shares(amount: Ints, before: Floats, with_it: Floats) -> Ints:
    """Whole units of ``amount`` between two fractions; a flow's shares add up to its amount."""
    upto, since = (np.floor(amount * fraction).astype(np.int64) for fraction in (with_it, before))
    return upto - since
