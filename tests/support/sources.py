"""The same traffic as a file of each supported kind, written field by field from the flows of a
capture, so that what a command makes of one can be compared with what it makes of another."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from oracles.traffic.pcap import read_pcap
from tests.support.captures import SYN, Packet, conversation, pcap_bytes, pcapng_bytes, write

START: Final = 1_700_000_000
SCANNER, SERVER, CLIENT = "192.0.2.7", "198.51.100.1", "192.0.2.9"
CLOSED: Final = 20
Row = Any


def packets() -> list[Packet]:
    """A client that logs in by ssh, and a host that finds twenty ports silent."""
    talk = conversation(START, (CLIENT, 50_000), (SERVER, 22), b"SSH-2.0-a\r\n", b"SSH-2.0-b\r\n")
    return talk + [
        Packet(START + 1 + n / 10, (SCANNER, 40_000 + n), (SERVER, 1_000 + n), SYN)
        for n in range(CLOSED)
    ]


def _zeek(row: Row) -> dict[str, Any]:
    return {
        "ts": row.ts / 1e6,
        "uid": f"C{row.Index}",
        "id.orig_h": row.orig_h,
        "id.orig_p": row.orig_p,
        "id.resp_h": row.resp_h,
        "id.resp_p": row.resp_p,
        "proto": row.proto,
        "service": row.service or "-",
        "duration": row.duration_us / 1e6,
        "conn_state": row.conn_state,
        "orig_pkts": row.orig_pkts,
        "orig_ip_bytes": row.orig_ip_bytes,
        "resp_pkts": row.resp_pkts,
        "resp_ip_bytes": row.resp_ip_bytes,
    }


def _zeek_tsv(rows: list[Row]) -> bytes:
    records = [_zeek(row) for row in rows]
    lines = [f"{record['ts']:.6f}\t" + "\t".join(map(str, list(record.values())[1:]))
             for record in records]  # fmt: skip
    head = "#separator \\x09\n#path\tconn\n#fields\t" + "\t".join(records[0]) + "\n"
    return (head + "\n".join(lines) + "\n").encode()


def _zeek_json(rows: list[Row]) -> bytes:
    records = ({k: v for k, v in _zeek(row).items() if v != "-"} for row in rows)
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _moment(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def _eve(rows: list[Row]) -> bytes:
    return "".join(
        json.dumps(
            {
                "timestamp": _moment(row.ts + row.duration_us),
                "event_type": "flow",
                "src_ip": row.orig_h,
                "src_port": row.orig_p,
                "dest_ip": row.resp_h,
                "dest_port": row.resp_p,
                "proto": row.proto.upper(),
                "app_proto": row.service or "failed",
                "flow": {
                    "pkts_toserver": row.orig_pkts,
                    "pkts_toclient": row.resp_pkts,
                    "bytes_toserver": row.orig_ip_bytes + 14 * row.orig_pkts,
                    "bytes_toclient": row.resp_ip_bytes + 14 * row.resp_pkts,
                    "start": _moment(row.ts),
                    "end": _moment(row.ts + row.duration_us),
                    "state": "closed" if row.resp_pkts else "new",
                },
                "tcp": {
                    "tcp_flags_ts": "1b" if row.resp_pkts else "02",
                    "tcp_flags_tc": "1b" if row.resp_pkts else "00",
                },
            }
        )
        + "\n"
        for row in rows
    ).encode()


OneWay = tuple[str, str, int, int, int, int, int, int, int]


def _one_way(rows: list[Row]) -> list[OneWay]:
    """Source, destination, their ports, packets, bytes, flags, first and last (ms)."""
    records: list[OneWay] = []
    for row in rows:
        first, last = row.ts // 1000, (row.ts + row.duration_us) // 1000
        ends, ports = (row.orig_h, row.resp_h), (row.orig_p, row.resp_p)
        flags = 0x1B if row.resp_pkts else 0x02
        records.append((*ends, *ports, row.orig_pkts, row.orig_ip_bytes, flags, first, last))
        if row.resp_pkts:
            answer = (row.resp_pkts, row.resp_ip_bytes, flags, first + 1, last)
            records.append((*ends[::-1], *ports[::-1], *answer))
    return records


def _netflow5(rows: list[Row]) -> bytes:
    boot, records = (START - 100) * 1000, _one_way(rows)
    head = struct.pack("!HHIIIIBBH", 5, len(records), 200_000, START + 100, 0, 1, 0, 0, 0)
    return head + b"".join(
        ip_address(src).packed + ip_address(dst).packed + bytes(8)
        + struct.pack("!IIIIHH", packets, size, first - boot, last - boot, sp, dp)
        + struct.pack("!BBBB", 0, flags, 6, 0) + bytes(8)
        for src, dst, sp, dp, packets, size, flags, first, last in records
    )  # fmt: skip


def _set(number: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", number, len(body) + 4) + body


def _template(times: tuple[tuple[int, int], ...]) -> bytes:
    fields = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (6, 1), *times)
    return struct.pack("!HH", 256, len(fields)) + b"".join(struct.pack("!HH", *f) for f in fields)


def _bodies(rows: list[Row], form: str, since: int) -> bytes:
    return b"".join(
        ip_address(src).packed + ip_address(dst).packed
        + struct.pack("!HHBIIB", sp, dp, 6, packets, size, flags)
        + struct.pack(form, first - since, last - since)
        for src, dst, sp, dp, packets, size, flags, first, last in _one_way(rows)
    )  # fmt: skip


def _netflow9(rows: list[Row]) -> bytes:
    bodies = _bodies(rows, "!II", (START - 100) * 1000)
    sets = _set(0, _template(((22, 4), (21, 4)))) + _set(256, bodies)
    return struct.pack("!HHIIII", 9, 2, 200_000, START + 100, 1, 7) + sets


def _ipfix(rows: list[Row]) -> bytes:
    sets = _set(2, _template(((152, 8), (153, 8)))) + _set(256, _bodies(rows, "!QQ", 0))
    return struct.pack("!HHIII", 10, 16 + len(sets), START + 100, 1, 7) + sets


def _vpc(rows: list[Row]) -> bytes:
    lines = [
        f"2 123456789012 eni-1 {src} {dst} {sp} {dp} 6 {packets} {size} {first // 1000}"
        f" {last // 1000} {'ACCEPT' if flags == 0x1B else 'REJECT'} OK"
        for src, dst, sp, dp, packets, size, flags, first, last in _one_way(rows)
    ]
    return ("\n".join(lines) + "\n").encode()


LOGS: Final[dict[str, Callable[[list[Row]], bytes]]] = {
    "zeek.tsv": _zeek_tsv,
    "zeek.json": _zeek_json,
    "eve.json": _eve,
    "netflow5.bin": _netflow5,
    "netflow9.bin": _netflow9,
    "ipfix.bin": _ipfix,
    "vpc.log": _vpc,
}
KINDS: Final = ("pcap", "pcapng", "parquet", *LOGS)


def source(kind: str, folder: Path) -> Path:
    """The traffic of ``packets`` as a file of one of ``KINDS``."""
    capture = write(folder / "traffic.pcap", pcap_bytes(packets()))
    if kind == "pcap":
        return capture
    if kind == "pcapng":
        return write(folder / "traffic.pcapng", pcapng_bytes(packets()))
    flows = read_pcap(capture).flows
    if kind == "parquet":
        flows.to_parquet(folder / "traffic.parquet")
        return folder / "traffic.parquet"
    return write(folder / kind, LOGS[kind](list(flows.itertuples())))
