"""One-directional records to flows; changes when the rule that pairs them does.

NetFlow, IPFIX and cloud flow logs report each direction by itself. Two records of one 5-tuple, in
opposite directions, whose starts lie within ``ALLOWANCE_US`` of each other are one flow; each
record is used once, in the order of time. The one that starts first is the originator's; at equal
starts, the one that shows a SYN without having to answer, which is the one from the higher port.
A record without a partner is a flow that got no answer, provided that the source pairs any at all:
one that sees a single direction only has unknown (MISSING) answers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import MISSING, Quarantine
from oracles.traffic.packets import ACK, FIN, ICMP, ICMP6, RST, SYN, TCP, UDP
from oracles.traffic.records import refuse_invalid
from oracles.traffic.states import Bools, Sides, category, conn_states

Ints = npt.NDArray[np.int64]

ALLOWANCE_US: Final = 60_000_000
_NAMES: Final = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp"}
_PROTOCOLS: Final = tuple(_NAMES.get(number, str(number)) for number in range(256))


@dataclass(frozen=True)
class OneWay:
    """Records of one direction as columns; ``src`` and ``dst`` are codes into ``hosts``. Times in
    µs; ``flags`` are the TCP flags seen, 0 where unknown; ``refused`` marks dropped traffic."""

    hosts: tuple[str, ...]
    start: Ints
    end: Ints
    src: Ints
    dst: Ints
    src_p: Ints
    dst_p: Ints
    proto: Ints
    packets: Ints
    octets: Ints
    flags: Ints
    sampling: Ints
    refused: Bools

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: npt.NDArray[np.intp] | Bools) -> OneWay:
        """The chosen records."""
        columns = (f.name for f in fields(self) if f.name != "hosts")
        return OneWay(self.hosts, *(getattr(self, name)[rows] for name in columns))


def pair(records: OneWay, source_kind: str, raw_sha256: str) -> tuple[pd.DataFrame, Quarantine]:
    """The flows of one-directional records, ordered by start, and what was refused of them."""
    bad_proto = (records.proto < 0) | (records.proto > 255)
    records = records.take(~bad_proto) if bad_proto.any() else records
    records = records.take(np.lexsort((records.src_p, records.src, records.start)))
    first, second = _partners(records)
    swap = (records.start[first] == records.start[second]) & (
        records.src_p[first] < records.dst_p[first]
    )
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    alone = np.ones(len(records), np.bool_)
    alone[first] = alone[second] = False
    lone = np.flatnonzero(alone)
    ask = records.take(np.concatenate([first, lone]))
    answer = records.take(second)
    count = len(second)
    unknown = 0 if count else MISSING

    def answered(values: Ints) -> Ints:
        return np.concatenate([values, np.full(len(lone), unknown, np.int64)])

    start = ask.start.copy()
    end = ask.end.copy()
    start[:count] = np.minimum(start[:count], answer.start)
    end[:count] = np.maximum(end[:count], answer.end)
    flows, quarantine = refuse_invalid(
        {
            "ts": start,
            "duration_us": np.maximum(end - start, 0),
            "orig_h": category(ask.src, records.hosts),
            "resp_h": category(ask.dst, records.hosts),
            "orig_p": ask.src_p,
            "resp_p": ask.dst_p,
            "proto": category(ask.proto, _PROTOCOLS),
            "orig_ip_bytes": ask.octets,
            "resp_ip_bytes": answered(answer.octets),
            "orig_pkts": ask.packets,
            "resp_pkts": answered(answer.packets),
            "conn_state": _states(ask, answer, answered(answer.packets)),
            "source_kind": source_kind,
            "byte_basis": "ip",
            "sampling_rate": ask.sampling,
            "raw_sha256": raw_sha256,
        }
    )
    quarantine = quarantine.plus("bad_protocol", int(bad_proto.sum()))
    return flows.sort_values("ts", kind="stable", ignore_index=True), quarantine


def _partners(records: OneWay) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs of records of opposite direction, the earlier ones and the later ones."""
    source = (records.src << 16) | np.maximum(records.src_p, 0)
    target = (records.dst << 16) | np.maximum(records.dst_p, 0)
    low, _ = pd.factorize((np.minimum(source, target) << 8) | records.proto)
    high, _ = pd.factorize(np.maximum(source, target))
    order = np.lexsort((records.start, high, low))
    near = (
        (np.diff(low[order]) == 0)
        & (np.diff(high[order]) == 0)
        & (source[order][1:] == target[order][:-1])
        & (np.diff(records.start[order]) <= ALLOWANCE_US)
    )
    # of a run of neighbours that could all pair, every other pair is taken
    index = np.arange(len(near))
    run = index - np.maximum.accumulate(np.where(near, -1, index)) - 1
    taken = np.flatnonzero(near & (run % 2 == 0))
    return order[taken], order[taken + 1]


def _states(ask: OneWay, answer: OneWay, resp_pkts: Ints) -> pd.Series:
    """Connection states where flags are known; empty for TCP without flags; REJ when refused."""
    theirs = np.concatenate([answer.flags, np.zeros(len(ask) - len(answer), np.int64)])
    no_answer = resp_pkts <= 0
    states = conn_states(
        Sides(
            tcp=ask.proto == TCP,
            udp=ask.proto == UDP,
            asked=ask.flags & SYN != 0,
            agreed=theirs & (SYN | ACK) == SYN | ACK,
            orig_fin=ask.flags & FIN != 0,
            resp_fin=theirs & FIN != 0,
            orig_rst=ask.flags & RST != 0,
            resp_rst=theirs & RST != 0,
            silent=no_answer,
        )
    )
    known = (ask.proto != TCP) | (ask.flags != 0)
    texts = pd.Series(states).astype("str").where(known & (resp_pkts != MISSING), "")
    return texts.mask(ask.refused, "REJ")
