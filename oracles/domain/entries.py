"""What each connection of an asset tells by itself and by those before it; changes when such a
property is defined otherwise.

Everything is whole numbers or yes and no, causal in the order in which connections end, and the
same for any order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import ends_us
from oracles.domain.thresholds import SECOND
from oracles.domain.window import HISTORY_S, ORIGINATOR

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# services whose short, repeated connections are logins
LOGIN_SERVICES: Final = (
    "ssh", "ftp", "telnet", "rdp", "rfb", "smtp", "imap", "pop3", "ldap_tcp",
)  # fmt: skip
BRIEF_S: Final = 30
BRIEF_BYTES: Final = 8_000
SLOW_S: Final = 20
SLOW_BYTES_PER_S: Final = 100
FEW_PACKETS: Final = 3
BARE_BYTES: Final = 60  # of a TCP packet without payload, at most, options included
YOUNG_S: Final = 90  # a peer is young until it was first seen this long ago
SHORTEST_BEAT_S: Final = 1
LONGEST_BEAT_S: Final = HISTORY_S // 3  # so that the three intervals of a beat are remembered
MOST: Final = 1 << 40  # where sizes and packet counts are capped

_UNANSWERED: Final = ("S0", "REJ", "RSTOS0", "SH")


def _size_classes() -> Ints:
    """Boundaries a quarter apart: sizes of one class count as the same amount of data."""
    bounds = [1]
    while bounds[-1] < MOST:
        bounds.append(bounds[-1] + max(bounds[-1] // 4, 16))
    return np.array(bounds, np.int64)


_SIZE_CLASSES: Final = _size_classes()


@dataclass(frozen=True)
class Entries:
    """One entry a flow and asset's end of it; host and service codes are dense and arbitrary."""

    asset: Ints
    frame: Ints
    outward: Bools  # opened by the asset
    peer: Ints
    own: Ints  # the asset's host
    service: Ints  # protocol and responder's port
    size_class: Ints
    login: Bools  # brief and answered, to a login service
    plain: Bools  # answered, to another service
    failed: Bools  # refused or never answered
    embryonic: Bools  # TCP, answered, without payload
    bare: Bools  # never answered, and nothing was said
    few: Bools  # at most FEW_PACKETS in all
    slow: Bools  # TCP, long, with hardly any data
    young: Bools  # with a peer that was not seen before the last YOUNG_S
    beat: Bools  # in step with the three before it to the same service
    bytes_in: Ints
    bytes_out: Ints
    queries: Ints  # packets sent to a name service

    def __len__(self) -> int:
        return len(self.frame)


def entries(flows: pd.DataFrame, touching: pd.DataFrame) -> Entries:
    """The entries of ``flows`` for the rows of ``window.windows``."""
    row = touching["row"].to_numpy()
    outward = touching["role"].to_numpy() == ORIGINATOR
    asset = touching["asset"].cat.codes.to_numpy().astype(np.int64)

    def number(name: str) -> Ints:
        values: Ints = flows[name].to_numpy()[row].astype(np.int64)
        return values

    def is_any(name: str, texts: Sequence[str]) -> Bools:
        named = np.array([text in texts for text in flows[name].cat.categories], np.bool_)
        return named[flows[name].cat.codes.to_numpy()[row]] if len(named) else row < 0

    orig, resp = _host_codes(flows)
    orig, resp = orig[row], resp[row]
    own, peer = np.where(outward, orig, resp), np.where(outward, resp, orig)
    proto = flows["proto"].cat.codes.to_numpy()[row].astype(np.int64)
    service = (proto << 16) | np.maximum(number("resp_p"), 0)
    asked, answered = number("orig_pkts"), number("resp_pkts")
    sent = np.clip(number("orig_ip_bytes"), 0, MOST)
    got = np.clip(number("resp_ip_bytes"), 0, MOST)
    lasts, end = number("duration_us"), ends_us(flows)[row]
    tcp = is_any("proto", ("tcp",))
    failed = (answered == 0) | is_any("conn_state", _UNANSWERED)
    carried = ~failed & (answered > 0)
    to_login = is_any("service", LOGIN_SERVICES)
    brief = (lasts <= BRIEF_S * SECOND) & (sent <= BRIEF_BYTES) & (got <= BRIEF_BYTES)
    without_payload = (sent <= BARE_BYTES * asked) & (got <= BARE_BYTES * answered)
    return Entries(
        asset=asset,
        frame=touching["frame"].to_numpy(),
        outward=outward,
        peer=peer,
        own=own,
        service=service,
        size_class=np.searchsorted(_SIZE_CLASSES, sent + got, side="right"),
        login=to_login & brief & carried,
        plain=~to_login & carried,
        failed=failed,
        embryonic=tcp & carried & without_payload,
        bare=(answered == 0) & without_payload,
        few=(asked >= 0) & (answered >= 0) & (asked + answered <= FEW_PACKETS),
        slow=tcp & (lasts >= SLOW_S * SECOND) & ((sent + got) * SECOND < lasts * SLOW_BYTES_PER_S),
        young=_young(group(asset, peer)[0], end),
        beat=_beats(_streams(asset, outward, peer, own, service), end, number("ts")),
        bytes_in=np.where(outward, got, sent),
        bytes_out=np.where(outward, sent, got),
        queries=np.where(is_any("service", ("dns",)), np.clip(asked, 0, MOST), 0),
    )


def group(parent: Ints, child: Ints) -> tuple[Ints, Ints]:
    """A dense code for each distinct pair of non-negative integers, and each code's parent."""
    width = int(child.max(initial=0)) + 1
    code, pairs = pd.factorize(parent * width + child)
    return code.astype(np.int64), pairs // width


def _streams(asset: Ints, outward: Bools, peer: Ints, own: Ints, service: Ints) -> Ints:
    """A code for each asset, direction, pair of hosts and service."""
    code = asset * 2 + outward
    for key in (peer, own, service):
        code, _ = group(code, key)
    return code


def _host_codes(flows: pd.DataFrame) -> tuple[Ints, Ints]:
    """A code for each originator and each responder, the same for the same address."""
    columns = [flows[name].cat for name in ("orig_h", "resp_h")]
    code = {
        host: n for n, host in enumerate(dict.fromkeys(h for c in columns for h in c.categories))
    }
    orig, resp = (
        np.array([code[host] for host in column.categories], np.int64)[column.codes.to_numpy()]
        if len(column.categories)
        else np.zeros(0, np.int64)
        for column in columns
    )
    return orig, resp


def _young(peer: Ints, end_us: Ints) -> Bools:
    """Whether each entry's peer had no entry between HISTORY_S and YOUNG_S before it."""
    second = end_us // SECOND
    second = second - second.min(initial=np.iinfo(np.int64).max)
    width = int(second.max(initial=0)) + 1
    seen = np.sort(peer * width + second)
    since = peer * width + np.maximum(second - HISTORY_S + 1, 0)
    until = peer * width + second - YOUNG_S
    before = np.searchsorted(seen, until, side="right") - np.searchsorted(seen, since, side="left")
    young: Bools = (second < YOUNG_S) | (before <= 0)
    return young


def _beats(stream: Ints, end_us: Ints, start_us: Ints) -> Bools:
    """Whether each entry is the fourth or later of its stream in steady intervals."""
    beats = np.zeros(len(stream), np.bool_)
    if len(stream) < 4:
        return beats
    order = np.lexsort((start_us, end_us, stream))
    gap = np.diff(start_us[order])  # before entries 1, 2, …
    usable = (
        (np.diff(stream[order]) == 0)
        & (gap >= SHORTEST_BEAT_S * SECOND)
        & (gap <= LONGEST_BEAT_S * SECOND)
    )
    tolerance = np.maximum(gap // 8, SECOND // 2)
    steady = usable[1:] & usable[:-1] & (np.abs(np.diff(gap)) <= tolerance[1:])
    beats[order[3:]] = steady[1:] & steady[:-1]
    return beats
