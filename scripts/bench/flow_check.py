"""The flow meter against nfstream and argus, capture by capture; changes when what is compared
does.

nfstream lives in an environment of its own, because its pins are not the project's. Both meters get
the same idle timeout and no active one. argus reports what it calls a flow by rules of its own, so
only its packets are compared.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oracles.model.datasets import ROOT, data_folder
from oracles.traffic.meter import MeterSettings
from oracles.traffic.pcap import read_pcap

PAGE: Final = ROOT / "docs" / "flow-meter.md"
VERSION: Final = "6.6.0"
IDLE_S: Final = 120
_NOT_IP: Final = ("arp", "rarp", "man", "34969")  # 34969 is 0x8899, a switch's loop detection

_COUNT: Final = """
import json, sys
from nfstream import NFStreamer
def main():
    found = [0, 0, 0]
    for flow in NFStreamer(source=sys.argv[1], n_dissections=0, idle_timeout=int(sys.argv[2]),
                           active_timeout=10**9, n_meters=1, accounting_mode=1):
        found[0] += 1
        found[1] += flow.bidirectional_packets
        found[2] += flow.bidirectional_bytes
    print(json.dumps(found))
if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Counts:
    """Flows, packets and IP bytes of a capture."""

    flows: int
    packets: int
    ip_bytes: int


@dataclass(frozen=True)
class Compared:
    """One capture: ours, nfstream's (None where it ended with an error), and argus's IP packets
    (None where it is not installed)."""

    name: str
    ours: Counts
    nfstream: Counts | None
    argus_packets: int | None

    @property
    def equal(self) -> bool:
        return self.ours == self.nfstream


NFSTREAM: Final = ROOT / ".make" / "nfstream" / "bin" / "python"


def nfstream_python() -> Path:
    """An interpreter that has nfstream; its environment is made on first use."""
    if not NFSTREAM.exists():
        subprocess.run([sys.executable, "-m", "venv", str(NFSTREAM.parents[1])], check=True)
        pip = [str(NFSTREAM), "-m", "pip", "install", "-q", f"nfstream=={VERSION}"]
        subprocess.run(pip, check=True)
    return NFSTREAM


def our_counts(path: Path) -> Counts:
    """A capture by this project's meter, with nfstream's rules of when a flow ends."""
    idle_us = IDLE_S * 1_000_000
    settings = MeterSettings(idle_us, idle_us, idle_us, restart_on_syn=False)
    flows = read_pcap(path, settings).flows
    pkts = flows[["orig_pkts", "resp_pkts"]].sum(axis=1)
    size = int(flows[["orig_ip_bytes", "resp_ip_bytes"]].to_numpy().sum())
    return Counts(len(flows), int(pkts.sum()), size)


def compared(python: Path) -> Iterable[Compared]:
    """Every published capture, in order of name."""
    for path in sorted((data_folder() / "captures").glob("*.pcap*")):
        yield Compared(
            path.name, our_counts(path), nfstream_counts(python, path), argus_packets(path)
        )


def nfstream_counts(python: Path, path: Path) -> Counts | None:
    """A capture by nfstream; None when it ends with an error."""
    command = [str(python), "-c", _COUNT, str(path), str(IDLE_S)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return Counts(*json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        return None


def argus_packets(path: Path) -> int | None:
    """IP packets by argus's count; None where it is not installed."""
    if not (shutil.which("argus") and shutil.which("ra")):
        return None
    with tempfile.TemporaryDirectory() as folder:
        metered = Path(folder) / "argus.out"  # into a pipe it may lose its last record
        subprocess.run(["argus", "-r", str(path), "-w", str(metered)], check=True)
        shown = subprocess.run(
            ["ra", "-r", str(metered), "-n", "-s", "proto", "pkts", "-c", ","],
            capture_output=True, check=True,
        ).stdout.decode("utf-8", "replace")  # fmt: skip
    rows = (line.split(",") for line in shown.splitlines())
    return sum(
        int(row[1])
        for row in rows
        if len(row) == 2 and row[1].isdigit() and row[0].strip() not in _NOT_IP
    )


# Why a capture's counts differ; each was found by comparing the flows one by one.
_WHY: Final = {
    "ndpi__zoom.pcap": "one flow is a GTP tunnel: nfstream looks inside and counts 36 bytes less "
    "for each of its 81 packets, this meter counts what crossed the wire",
    "stopddos__amp.TCP.reflection.SYNACK.pcap": "a later IP fragment, which has no ports: a flow "
    "with ports 0 here, dropped by nfstream",
    "stopddos__amp.dns.RRSIG.fragmented.pcap": "726 later IP fragments: flows with ports 0 here, "
    "dropped by nfstream; argus has all packets",
    "suricata-verify__ipv6-evasion_ipv6-dos-with-ext-headers-5_denial6-5.pcap": "ICMPv6 behind an "
    "authentication header: this meter follows the chain of headers to ICMPv6, nfstream makes a "
    "flow of the header",
}

_TEXT: Final = """# Flow meter against nfstream and argus

Written by `make flow-meter` (`python -m scripts.bench.flow_check`): flows, packets and IP bytes of
each published capture by this project's meter and by nfstream {version} (idle timeout {idle} s, no
active one, no deep inspection), and argus's packets. Equal in {equal} of {total} captures; packets
equal argus's in {argus_equal} of {argus_total}, what is not IP apart. A shipped capture is compared
in `tests/recordings/test_flow_meter.py`, where the tools are there.

| capture | flows | packets | IP bytes | nfstream | argus's packets | why not equal |
| --- | --- | --- | --- | --- | --- | --- |
{rows}
"""


def page(found: Sequence[Compared]) -> str:
    """The comparison as a page."""
    rows = []
    for one in found:
        ours = one.ours
        theirs = one.nfstream
        if one.equal:
            said = "equal"
        elif theirs is None:
            said = "ended with an error"
        else:
            said = f"{theirs.flows:,} / {theirs.packets:,} / {theirs.ip_bytes:,}"
        why = "" if one.equal else _WHY.get(one.name, "**not explained**")
        argus = "–" if one.argus_packets is None else f"{one.argus_packets:,}"
        rows.append(
            f"| {one.name} | {ours.flows:,} | {ours.packets:,} | {ours.ip_bytes:,} | {said} "
            f"| {argus} | {why} |"
        )
    with_argus = [one for one in found if one.argus_packets is not None]
    return _TEXT.format(
        version=VERSION,
        idle=IDLE_S,
        equal=sum(one.equal for one in found),
        total=len(found),
        argus_equal=sum(one.argus_packets == one.ours.packets for one in with_argus),
        argus_total=len(with_argus),
        rows="\n".join(rows),
    )


def write(found: Iterable[Compared]) -> None:
    """Writes the page."""
    PAGE.write_text(page(list(found)))


if __name__ == "__main__":
    write(compared(nfstream_python()))
