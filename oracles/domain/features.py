"""Integer features of an asset in a frame; changes when a feature is added or defined otherwise.

Everything is counted in whole numbers, causal (a unit sees nothing after its frame's end), blind to
addresses and absolute time, and the same for any order of the rows. Nothing older than
``Frames.lookback_s`` before a frame's end is used, so a member that keeps that much computes what
one with the whole log does. A feature that cannot be known is ``MISSING`` (-1).

Nothing tells how large a network is: what counts is the worst pair, pattern or rhythm, the share of
connections with a property (drawn towards nothing for few), and the present over the asset's own
past. More hostile traffic raises them, which is what the model's monotone constraints need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.entries import YOUNG_S, Entries, Ints, entries, group
from oracles.domain.flow import MISSING
from oracles.domain.window import Assets, Frames, windows

USUAL_S: Final = 120  # so much must be known before a window for its usual rates to mean anything
FEW: Final = 5  # so many connections without a property are added before a share is taken
FEW_BYTES: Final = 10_000  # likewise of bytes
MOST: Final = 1_000_000_000  # where every feature is capped


@dataclass(frozen=True)
class Feature:
    """A feature's name and what it counts."""

    name: str
    meaning: str


_PATTERNS: Final = (
    ("peer_failed", "failed connections with the worst other side"),
    ("peer_ports", "different ports that one host tried on another"),
    ("port_hosts", "different hosts that one host tried on the same port"),
    ("logins", "brief connections of one host to one login service"),
    ("alike_logins", "of those, the most that exchanged the same amount of data"),
    ("beats", "connections that continue a steady rhythm of one pair"),
    ("embryonic", "TCP connections that were opened and carried nothing"),
    ("slow", "connections held open with hardly any data"),
    ("queries", "packets of one connection to a name service"),
)
_SHARES: Final = (
    ("failed_share", "share of connections refused or never answered"),
    ("bare_share", "share of connections never answered in which nothing was said"),
    ("few_share", "share of connections of at most three packets"),
    ("alike_share", "share of one pair's connections with the same amount of data"),
    ("port_share", "different ports and hosts tried, over connections"),
    ("sent_share", "share of all bytes that the asset sent"),
)
_OF_YOUNG: Final = (
    ("young_share", "share of connections with other sides first seen in the last 90 seconds"),
    ("young_failed", "failed connections with those"),
    ("young_logins", "brief connections of one of those to one login service"),
    ("young_beats", "connections of a steady rhythm with those"),
    ("young_sent_share", "share of the asset's bytes that went to one of those"),
)
_OF_HISTORY: Final = (
    ("surge", "connections, a hundred times their usual number"),
    ("failed_surge", "failed connections, a hundred times their usual number"),
    ("received_surge", "bytes to the asset, a hundred times their usual number"),
    ("sent_surge", "bytes from the asset, a hundred times their usual number"),
)
_SIDES: Final = ((False, "in", "opened by others"), (True, "out", "opened by the asset"))
FEATURES: Final = tuple(
    Feature(f"{prefix}_{name}", f"{meaning} ({way})")
    for _, prefix, way in _SIDES
    for name, meaning in (*_PATTERNS, *_SHARES, *_OF_YOUNG, *_OF_HISTORY)
)
NAMES: Final = tuple(feature.name for feature in FEATURES)
# those that need to remember what was before the window
HISTORICAL: Final = tuple(
    f"{prefix}_{name}" for _, prefix, _ in _SIDES for name, _ in (*_OF_YOUNG, *_OF_HISTORY)
)


def features(
    flows: pd.DataFrame,
    assets: Assets,
    frame_length_s: int,
    origin_us: int,
    frames: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Features of every unit: index (asset, frame), one int64 column for each of ``NAMES``.

    ``frames`` names the frames wanted of every asset, with or without traffic; None means every
    frame in whose window the asset has a record, up to the last frame of ``flows``. To score one
    frame, pass the flows that ended in the ``Frames.lookback_s`` up to its end. Raises ValueError
    as ``windows`` does.
    """
    clock = Frames(frame_length_s, origin_us)
    base = entries(flows, windows(flows, frame_length_s, origin_us, assets))
    units = _units(base, clock, len(assets), frames)
    unit, entry = _members(base, clock, units)
    columns: list[Ints] = []
    for outward, _, _ in _SIDES:
        chosen = base.outward[entry] == outward
        columns += _side(base, clock, units, unit[chosen], entry[chosen], outward)
    return _table(units, assets, dict(zip(NAMES, columns, strict=True)))


def totals(
    flows: pd.DataFrame,
    assets: Assets,
    frame_length_s: int,
    origin_us: int,
    values: Mapping[str, npt.NDArray[np.generic]],
) -> pd.DataFrame:
    """Sums of whole numbers given for each flow, over the window of every unit of ``features``:
    columns ``in_NAME`` for connections opened by others, ``out_NAME`` for the asset's own."""
    clock = Frames(frame_length_s, origin_us)
    touching = windows(flows, frame_length_s, origin_us, assets)
    base = entries(flows, touching)
    units = _units(base, clock, len(assets), None)
    unit, entry = _members(base, clock, units)
    row = touching["row"].to_numpy()[entry]
    columns = {}
    for outward, prefix, _ in _SIDES:
        chosen = base.outward[entry] == outward
        for name, of in values.items():
            columns[f"{prefix}_{name}"] = _added(unit[chosen], of[row[chosen]], len(units))
    return _table(units, assets, columns)


@dataclass(frozen=True)
class _Units:
    """The units, ordered by asset and frame, and how many frames up to its own each has been
    observed for: 0 where it remembers no traffic."""

    asset: Ints
    frame: Ints
    observed: Ints

    def __len__(self) -> int:
        return len(self.frame)


def _units(base: Entries, clock: Frames, assets: int, wanted: Sequence[int] | None) -> _Units:
    if wanted is not None:
        distinct = np.unique(np.array(wanted, np.int64))
        asset, frame = np.repeat(np.arange(assets), len(distinct)), np.tile(distinct, assets)
    else:
        steps = range(clock.in_window)
        key = _Keys(base.frame, clock.in_window)
        touched = np.concatenate([key.of(base.asset, base.frame + step) for step in steps])
        asset, frame = key.back(np.unique(touched))
        inside = frame <= base.frame.max(initial=0)
        asset, frame = asset[inside], frame[inside]
    remembered = clock.in_window + clock.in_history
    key = _Keys(np.concatenate([base.frame, frame]), remembered)
    seen = np.sort(key.of(base.asset, base.frame))
    earliest = np.searchsorted(seen, key.of(asset, frame - remembered + 1), side="left")
    own = key.of(asset, frame)
    first = np.append(seen, np.iinfo(np.int64).max)[earliest]
    return _Units(asset, frame, np.where(first <= own, own - first + 1, 0))


def _table(units: _Units, assets: Assets, columns: Mapping[str, Ints]) -> pd.DataFrame:
    names = pd.Index(list(assets), dtype="str")
    index = pd.MultiIndex.from_arrays(
        [pd.Categorical.from_codes(units.asset, categories=names), units.frame],
        names=["asset", "frame"],
    )
    capped = {name: np.minimum(column, MOST) for name, column in columns.items()}
    return pd.DataFrame(capped, index=index)


class _Keys:
    """Asset and frame in one ordered integer, with room for ``margin`` frames on either side."""

    def __init__(self, frames: Ints, margin: int) -> None:
        self._low = int(frames.min(initial=0 if len(frames) == 0 else frames[0])) - margin
        self._span = int(frames.max(initial=self._low)) - self._low + margin + 1

    def of(self, asset: Ints, frame: Ints) -> Ints:
        return asset * self._span + (frame - self._low)

    def back(self, keys: Ints) -> tuple[Ints, Ints]:
        return keys // self._span, keys % self._span + self._low


def _members(base: Entries, clock: Frames, units: _Units) -> tuple[Ints, Ints]:
    """Which entry is in which unit's window."""
    key = _Keys(np.concatenate([base.frame, units.frame]), clock.in_window)
    known = key.of(units.asset, units.frame)
    found_unit, found_entry = [], []
    for step in range(clock.in_window):
        wanted = key.of(base.asset, base.frame + step)
        at = np.searchsorted(known, wanted)
        entry = np.flatnonzero(np.append(known, -1)[at] == wanted)
        found_unit.append(at[entry])
        found_entry.append(entry)
    return np.concatenate(found_unit), np.concatenate(found_entry)


def _side(
    base: Entries, clock: Frames, units: _Units, unit: Ints, entry: Ints, outward: bool
) -> list[Ints]:
    """The features of one direction, in the order of ``NAMES``."""
    count = len(units)

    def total(values: npt.NDArray[np.generic]) -> Ints:
        return _added(unit, values[entry], count)

    def most(groups: Ints, owner: Ints, values: npt.NDArray[np.generic]) -> Ints:
        """The largest group's total of each unit."""
        found = np.zeros(count, np.int64)
        np.maximum.at(found, owner, _added(groups, values[entry], len(owner)))
        return found

    def largest(values: Ints) -> Ints:
        """The largest single entry of each unit."""
        found = np.zeros(count, np.int64)
        np.maximum.at(found, unit, values[entry])
        return found

    def widest(owner: Ints, members_of: Ints) -> Ints:
        """The most distinct members that one group of each unit has."""
        found = np.zeros(count, np.int64)
        np.maximum.at(found, owner, np.bincount(members_of, minlength=len(owner)))
        return found

    peer, unit_of_peer = group(unit, base.peer[entry])
    pair, peer_of_pair = group(peer, base.own[entry])
    stream, pair_of_stream = group(pair, base.service[entry])
    alike, stream_of_alike = group(stream, base.size_class[entry])
    unit_of_pair = unit_of_peer[peer_of_pair]
    unit_of_stream = unit_of_pair[pair_of_stream]
    unit_of_alike = unit_of_stream[stream_of_alike]

    source, unit_of_source = group(unit, np.where(base.outward, base.own, base.peer)[entry])
    port, source_of_port = group(source, base.service[entry])
    _, port_of_target = group(port, np.where(base.outward, base.peer, base.own)[entry])
    unit_of_port = unit_of_source[source_of_port]

    conns = np.bincount(unit, minlength=count)
    failed, bytes_in, bytes_out = (
        total(values) for values in (base.failed, base.bytes_in, base.bytes_out)
    )

    def share(part: Ints, of: Ints = conns, drawn: int = FEW) -> Ints:
        """Thousandths of ``of``, as if there were ``drawn`` more without the property."""
        return part * 1000 // np.maximum(of + drawn, 1)

    patterns = [
        most(peer, unit_of_peer, base.failed),
        widest(unit_of_pair, pair_of_stream),
        widest(unit_of_port, port_of_target),
        most(stream, unit_of_stream, base.login),
        most(alike, unit_of_alike, base.login),
        total(base.beat),
        total(base.embryonic),
        total(base.slow),
        largest(base.queries),
    ]
    shares = [
        share(failed),
        share(total(base.bare)),
        share(total(base.few)),
        share(most(alike, unit_of_alike, base.login | base.plain)),
        share(np.bincount(unit_of_stream, minlength=count)),
        share(bytes_out, bytes_in + bytes_out, FEW_BYTES),
    ]
    young = [
        share(total(base.young)),
        total(base.young & base.failed),
        most(stream, unit_of_stream, base.young & base.login),
        total(base.young & base.beat),
        share(
            most(peer, unit_of_peer, np.where(base.young, base.bytes_out, 0)), bytes_out, FEW_BYTES
        ),
    ]
    # nobody is new to an asset that is itself: a window and a frame longer than YOUNG_S
    settled = (units.observed - clock.in_window - 1) * clock.length_s >= YOUNG_S
    now = (
        (conns, np.ones_like(base.failed)),
        (failed, base.failed),
        (bytes_in, base.bytes_in),
        (bytes_out, base.bytes_out),
    )
    surges = [
        _surge(base, clock, units, current, np.where(base.outward == outward, values, 0))
        for current, values in now
    ]
    known = [np.where(settled, column, MISSING) for column in young]
    return [*patterns, *shares, *known, *surges]


def _added(groups: Ints, values: npt.NDArray[np.generic], count: int) -> Ints:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, groups, values.astype(np.int64))
    return sums


def _surge(base: Entries, clock: Frames, units: _Units, now: Ints, values: Ints) -> Ints:
    """A hundred times the window's total over the usual total of as many earlier frames."""
    window, history = clock.in_window, clock.in_history
    key = _Keys(np.concatenate([base.frame, units.frame]), window + history)
    keys = key.of(base.asset, base.frame)
    order = np.argsort(keys, kind="stable")
    running = np.concatenate([[0], np.cumsum(values[order])])
    since = np.searchsorted(keys[order], key.of(units.asset, units.frame - window - history + 1))
    until = np.searchsorted(keys[order], key.of(units.asset, units.frame - window + 1))
    before = running[until] - running[since]
    frames = units.observed - window
    known = frames * clock.length_s >= USUAL_S
    usual = np.maximum(before * window, 1)
    ratio = np.minimum(now, MOST) * np.maximum(frames, 0) * 100 // usual
    return np.where(known, ratio, MISSING)
