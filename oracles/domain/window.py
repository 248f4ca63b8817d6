"""Which flow belongs to which asset and frame; changes when the rule of a record's frame does.

A record joins the frame in which it *ends*, because a connection log appears when the connection
does. A unit is one asset in one frame; what it is judged by are the records of the last
``WINDOW_S`` seconds up to the frame's end (or of the whole frame, where that is longer), so that
one model serves every frame length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import ends_us

Ints = npt.NDArray[np.int64]

WINDOW_S: Final = 60
HISTORY_S: Final = 600  # how far back before a window peers and rates are remembered
RESPONDER: Final = 0
ORIGINATOR: Final = 1

Assets = Mapping[str, Sequence[str]]  # asset name: its addresses and CIDR blocks


@dataclass(frozen=True)
class Frames:
    """Fixed periods of ``length_s`` seconds numbered from ``origin_us`` (µs since 1970)."""

    length_s: int
    origin_us: int

    def __post_init__(self) -> None:
        if self.length_s < 1:
            raise ValueError(f"a frame of {self.length_s} s is shorter than a second")

    @property
    def in_window(self) -> int:
        """How many frames, the judged one included, a window spans."""
        return max(1, WINDOW_S // self.length_s)

    @property
    def in_history(self) -> int:
        """How many frames before its window a unit remembers."""
        return -(-HISTORY_S // self.length_s)

    @property
    def lookback_s(self) -> int:
        """Seconds up to a frame's end whose records can change a feature of the frame."""
        return (self.in_window + self.in_history) * self.length_s

    def of(self, times_us: Ints) -> Ints:
        """The frame of each time."""
        return (times_us - self.origin_us) // (self.length_s * 1_000_000)

    def start_us(self, frames: Ints) -> Ints:
        """When frames begin, in µs since 1970."""
        return frames * (self.length_s * 1_000_000) + self.origin_us


def windows(
    flows: pd.DataFrame, frame_length_s: int, origin_us: int, assets: Assets
) -> pd.DataFrame:
    """One row for each flow and each end of it that is an asset's.

    Columns: ``row`` (position in ``flows``), ``asset`` (category, all asset names in order),
    ``role`` (RESPONDER or ORIGINATOR), ``frame`` (the one in which the flow ends). Flows that
    touch no asset have no row. Raises ValueError for a bad frame length, CIDR or address.
    """
    frames = Frames(frame_length_s, origin_us)
    frame = frames.of(ends_us(flows))
    names = list(assets)
    owners = _Owners(assets)
    parts = []
    for role, column in ((RESPONDER, "resp_h"), (ORIGINATOR, "orig_h")):
        hosts = flows[column].cat
        of_host = np.array([owners.of(host) for host in hosts.categories], np.int64)
        of_flow = np.append(of_host, -1)[hosts.codes.to_numpy()]
        rows = np.flatnonzero(of_flow >= 0)
        parts.append((rows, of_flow[rows], np.full(len(rows), role, np.int8)))
    row, asset, role_of = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return pd.DataFrame(
        {
            "row": row,
            "asset": pd.Categorical.from_codes(asset, categories=pd.Index(names, dtype="str")),
            "role": role_of,
            "frame": frame[row],
        }
    )


class _Owners:
    """Which asset holds an address: the first in order; single addresses are looked up at once."""

    def __init__(self, assets: Assets) -> None:
        self._single: dict[str, int] = {}
        self._blocks: list[tuple[int, IPv4Network | IPv6Network]] = []
        for index, blocks in enumerate(assets.values()):
            for block in map(ip_network, blocks):
                if block.num_addresses == 1:
                    self._single.setdefault(str(block.network_address), index)
                else:
                    self._blocks.append((index, block))

    def of(self, host: str) -> int:
        """The index of the asset; -1 for none and for what is no address."""
        single = self._single.get(host)
        if not self._blocks:
            return -1 if single is None else single
        try:
            address = ip_address(host)
        except ValueError:
            return -1
        held = (i for i, b in self._blocks if address.version == b.version and address in b)
        return min((index for index in (single, next(held, None)) if index is not None), default=-1)


def own_hosts(flows: pd.DataFrame, most: int = 64) -> dict[str, list[str]]:
    """Assets to judge when none are named: each private address by itself, or each responder where
    there are none; at most ``most`` of them, those with the most flows first."""
    counts = pd.concat([flows["orig_h"].astype("str"), flows["resp_h"].astype("str")])
    ranked = counts.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    private = [host for host in map(str, ranked.index) if _is_own(host)]
    responders = set(flows["resp_h"].astype("str"))
    chosen = private or [host for host in map(str, ranked.index) if host in responders]
    return {host: [host] for host in chosen[:most]}


def _is_own(host: str) -> bool:
    address = ip_address(host)
    if address.version == 4 and host.endswith((".255", ".0")):
        return False
    return address.is_private and not (
        address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or address.is_unspecified
    )
