"""Speeds of the telemetry path (``python -m scripts.bench.oracles``); changes when a step of it is
measured otherwise.

Measured on one core, best of a few runs: packets to flows (argus beside where it is installed, and
nfstream with ``--nfstream``, in an environment of its own under .make), logs to flows, flows to
windows and features, features to scores, and the same windows on Dask with two workers. The traffic
is made by a seed; nothing is sent anywhere. What ``quorum_delay`` measured last stands in the same
page; that the flows are right is another matter, see ``flow_check``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from oracles.domain.features import features
from oracles.domain.flow import build
from oracles.domain.window import windows
from oracles.model.datasets import RECORDINGS
from oracles.model.scoring import Scorer
from oracles.traffic.pcap import read_pcap
from oracles.traffic.states import category
from oracles.traffic.zeek import read_conn_log
from scripts.bench import flow_check, quorum_delay, same_integers

PACKETS: Final = 200_000
FLOWS: Final = 400_000
ASSETS: Final = 100
RUNS: Final = 3
REPORT: Final = Path(__file__).resolve().parents[2] / "docs" / "bench-oracles.md"

_NFSTREAM: Final = """
import json, sys, time
from nfstream import NFStreamer
def main():
    start = time.perf_counter()
    count = packets = 0
    for flow in NFStreamer(source=sys.argv[1], n_dissections=0, n_meters=1, accounting_mode=1):
        count, packets = count + 1, packets + flow.bidirectional_packets
    print(json.dumps([time.perf_counter() - start, count, packets]))
if __name__ == "__main__":
    main()
"""


def main() -> None:
    """Measures everything, prints a table and writes the report."""
    parser = argparse.ArgumentParser(description="Speeds of the telemetry path")
    parser.add_argument("--nfstream", action="store_true", help="set nfstream up and beside")
    nfstream = flow_check.nfstream_python() if parser.parse_args().nfstream else None
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        _captures(Path(folder), nfstream, rows)
        _logs(Path(folder), rows)
        _integers(Path(folder), rows)
    _tables(rows)
    _delay(rows)
    table = Table("step", "rate", "level")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    REPORT.write_text(_page(rows))


def _captures(folder: Path, nfstream: Path | None, rows: list[tuple[str, str, str]]) -> None:
    for name, make in (("sessions", _sessions), ("a quarter of them a flood", _mixed)):
        path = folder / "traffic.pcap"
        path.write_bytes(make(PACKETS))
        ours = _fastest(partial(read_pcap, path))
        rate = PACKETS / ours
        rows.append((f"packets to flows, {name}", f"{rate:,.0f} packets/s", "≥ 3 × nfstream"))
        if nfstream:
            theirs = _nfstream(nfstream, path)
            rows.append(
                (
                    f"  nfstream 6.6, {name}",
                    f"{PACKETS / theirs:,.0f} packets/s",
                    f"ours × {theirs / ours:.1f}",
                )
            )
        if shutil.which("argus"):
            command = ["argus", "-r", str(path), "-w", "/dev/null"]
            theirs = _fastest(partial(subprocess.run, command, check=True, capture_output=True))
            rows.append(
                (
                    f"  argus (C), {name}",
                    f"{PACKETS / theirs:,.0f} packets/s",
                    f"ours × {theirs / ours:.2f}",
                )
            )


def _integers(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    capture = min(RECORDINGS.glob("demo/*.pcap.xz"), key=lambda path: path.stat().st_size)
    found = dict(same_integers.ways(capture, folder))
    hashes = set(found.values())
    said = f"all {hashes.pop()}" if len(hashes) == 1 else str(found)
    rows.append((f"the same windows by {', '.join(found)}", said, "identical integers"))


def _logs(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    path = folder / "conn.log"
    head = (
        "#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
        "conn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n"
    )
    line = (
        "17000{:05d}.{:06d}\t10.0.{}.7\t{}\t10.1.0.{}\t443\ttcp\tssl\t1.25\tSF\t9\t1200\t8\t4400\n"
    )
    body = (line.format(n % 90_000, n, n % 200, 1024 + n % 60_000, n % 99) for n in range(FLOWS))
    path.write_text(head + "".join(body))
    seconds = _fastest(lambda: read_conn_log(path))
    rows.append(("Zeek conn.log to flows", f"{FLOWS / seconds:,.0f} flows/s", "–"))


def _tables(rows: list[tuple[str, str, str]]) -> None:
    flows = _flows(FLOWS)
    assets = {f"asset{n}": [f"10.0.{n}.1"] for n in range(ASSETS)}
    seconds = _fastest(lambda: windows(flows, 60, 0, assets))
    rows.append(("flows into windows", f"{FLOWS / seconds:,.0f} flows/s", "≥ 1,000,000 flows/s"))
    seconds = _fastest(lambda: features(flows, assets, 60, 0))
    table = features(flows, assets, 60, 0)
    rows.append(
        (
            "flows into features",
            f"{FLOWS / seconds:,.0f} flows/s, {len(table) / seconds:,.0f} windows/s",
            "–",
        )
    )
    scorer = Scorer.load()
    many = pd.concat([table] * max(1, 200_000 // len(table)))
    seconds = _fastest(lambda: scorer.score(many))
    rows.append(("windows scored", f"{len(many) / seconds:,.0f} windows/s", "≥ 200,000 windows/s"))
    one = table.iloc[:1]
    seconds = _fastest(lambda: scorer.score(one), runs=50)
    rows.append(("one window scored", f"{seconds * 1e3:.2f} ms", "–"))
    seconds = _fastest(lambda: scorer.explain(one), runs=20)
    rows.append(("one window explained", f"{seconds * 1e3:.2f} ms", "–"))
    seconds = _dask(flows, assets, table)
    rows.append(("flows into features, Dask, two workers", f"{FLOWS / seconds:,.0f} flows/s", "–"))


def _delay(rows: list[tuple[str, str, str]]) -> None:
    """What ``quorum_delay`` measured last, and how much later connection logs come."""
    if quorum_delay.KEPT.exists():
        found = json.loads(quorum_delay.KEPT.read_text())
        rows.append(
            (
                f"window's close to report on chain, {found['reported']} frames, blocks of"
                f" {found['block_s']} s",
                f"p50 {found['p50_s']} s, p95 {found['p95_s']} s",
                "≤ 3 s p95",
            )
        )
    lasts = [
        pd.read_parquet(path, columns=["duration_us"])["duration_us"]
        for path in sorted((RECORDINGS / "lab").glob("*.parquet"))
    ]
    if lasts:
        seconds = pd.concat(lasts).clip(lower=0) / 1e6
        median, late = seconds.quantile(0.5), seconds.quantile(0.95)
        rows.append(
            (
                "extra delay of a connection log: from a connection's start to its record",
                f"median {median:.2f} s, p95 {late:.2f} s",
                "–",
            )
        )


def _dask(flows: pd.DataFrame, assets: dict[str, list[str]], expected: pd.DataFrame) -> float:
    """Seconds for the same features partitioned by asset; raises when they are not the same."""
    from distributed import Client, LocalCluster

    names = list(assets)
    halves = [{name: assets[name] for name in part} for part in (names[::2], names[1::2])]
    parts = [
        flows[flows["resp_h"].isin([host for hosts in half.values() for host in hosts])]
        for half in halves
    ]
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        placed = client.scatter(parts)
        client.gather([client.submit(len, part) for part in placed])
        start = time.perf_counter()
        tasks = [
            client.submit(features, part, half, 60, 0)
            for part, half in zip(placed, halves, strict=True)
        ]
        tables = client.gather(tasks)
        seconds = time.perf_counter() - start
    for table in tables:
        for asset in table.index.get_level_values(0).unique():
            if not table.loc[asset].equals(expected.loc[asset].loc[table.loc[asset].index]):
                raise RuntimeError(f"Dask gave other features for {asset}")
    return seconds


def _fastest(work: Callable[[], object], runs: int = RUNS) -> float:
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def _nfstream(python: Path, path: Path) -> float:
    best = float("inf")
    for _ in range(RUNS):
        done = subprocess.run(
            [str(python), "-c", _NFSTREAM, str(path)], check=True, capture_output=True, text=True
        )
        best = min(best, float(json.loads(done.stdout.splitlines()[-1])[0]))
    return best


def _sessions(count: int) -> bytes:
    """Packets of 2,000 interleaved TCP sessions."""
    draw = np.random.default_rng(1)
    session = draw.integers(0, 2_000, count)
    forward = draw.random(count) < 0.5
    return _pcap(session, forward, draw)


def _mixed(count: int) -> bytes:
    """Packets of sessions, a quarter of them of a flood whose packets each open a flow."""
    draw = np.random.default_rng(2)
    session = draw.integers(0, 2_000, count)
    flood = draw.random(count) < 0.25
    session[flood] = 2_000 + np.arange(int(flood.sum()))
    return _pcap(session, flood | (draw.random(count) < 0.5), draw)


def _pcap(session: np.ndarray, forward: np.ndarray, draw: np.random.Generator) -> bytes:
    """A pcap of TCP packets: session n is 10.1.x.x:port to 10.0.0.1:443, at 100,000 packets/s."""
    count = len(session)
    record = np.zeros(
        count,
        [
            ("sec", "<u4"), ("usec", "<u4"), ("cap", "<u4"), ("wire", "<u4"), ("mac", "S12"),
            ("kind", ">u2"), ("version", "u1"), ("tos", "u1"), ("total", ">u2"), ("id", ">u2"),
            ("fragment", ">u2"), ("ttl", "u1"), ("proto", "u1"), ("sum", ">u2"), ("src", ">u4"),
            ("dst", ">u4"), ("sport", ">u2"), ("dport", ">u2"), ("seq", ">u4"), ("ack", ">u4"),
            ("offset", "u1"), ("flags", "u1"), ("window", ">u2"), ("check", ">u2"),
            ("urgent", ">u2"),
        ],
    )  # fmt: skip
    micros = np.arange(count) * 10
    record["sec"], record["usec"] = 1_700_000_000 + micros // 1_000_000, micros % 1_000_000
    record["cap"] = record["wire"] = 54
    record["kind"], record["version"], record["total"] = 0x0800, 0x45, 40
    record["ttl"], record["proto"], record["offset"] = 64, 6, 0x50
    client, port = 0x0A010000 + session // 50_000, 1_024 + session % 50_000
    server = np.full(count, 0x0A000001)
    https = np.full(count, 443)
    record["src"], record["dst"] = (
        np.where(forward, client, server),
        np.where(forward, server, client),
    )
    record["sport"] = np.where(forward, port, https)
    record["dport"] = np.where(forward, https, port)
    record["flags"] = np.where(draw.random(count) < 0.02, 0x02, 0x10)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
    return head + record.tobytes()


def _flows(count: int) -> pd.DataFrame:
    """Flows of many clients to the assets, over a thousand minutes."""
    draw = np.random.default_rng(3)
    clients = [f"192.0.{n // 250}.{n % 250}" for n in range(5_000)]
    servers = [f"10.0.{n}.1" for n in range(ASSETS)]
    return build(
        {
            "ts": np.sort(draw.integers(0, 1_000 * 60_000_000, count)),
            "duration_us": draw.integers(0, 2_000_000, count),
            "orig_h": category(draw.integers(0, 5_000, count), clients),
            "resp_h": category(draw.integers(0, ASSETS, count), servers),
            "orig_p": draw.integers(1_024, 60_000, count),
            "resp_p": draw.choice([22, 80, 443], count),
            "proto": category(np.zeros(count, np.int64), ["tcp"]),
            "service": category(draw.integers(0, 2, count), ["http", "ssh"]),
            "orig_ip_bytes": draw.integers(40, 5_000, count),
            "resp_ip_bytes": draw.integers(0, 5_000, count),
            "orig_pkts": draw.integers(1, 9, count),
            "resp_pkts": draw.integers(0, 9, count),
            "conn_state": category(np.zeros(count, np.int64), ["SF"]),
        }
    )


_TEXT: Final = """# Speeds of the telemetry path

Written by `make bench-oracles` (`python -m scripts.bench.oracles --nfstream`, which sets nfstream
up in an environment of its own; its flows are compared in [flow-meter.md](flow-meter.md)). One core
of a shared machine, Python {python}, best of {runs} runs; rates vary by a third from run to run,
ratios less. The delay to the chain is measured by `python -m scripts.bench.quorum_delay`.

| step | rate | level |
| --- | --- | --- |
{rows}
"""


def _page(rows: list[tuple[str, str, str]]) -> str:
    lines = ("| " + " | ".join(part.strip() for part in row) + " |" for row in rows)
    return _TEXT.format(python=sys.version.split()[0], runs=RUNS, rows="\n".join(lines))


if __name__ == "__main__":
    main()
