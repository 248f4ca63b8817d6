"""Every parser of what strangers send, with sound samples of it; used by the fuzzing of both
profiles (tests/unit/oracles/traffic/test_fuzz.py, scripts/fuzz_parsers.py)."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import resource
import struct
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from contracts.client.messages import Observation, ScoreVector
from oracles.attest import batches, messages
from oracles.attest.batches import MalformedBatch
from oracles.attest.messages import MalformedMessage, sign_word
from oracles.attest.score import unpack_flows
from oracles.domain.flow import validate
from oracles.domain.quorum import Signer
from oracles.quorum.http import Problem, read_json
from oracles.traffic.errors import SourceError
from oracles.traffic.netflow_decode import Exports
from oracles.traffic.oneway import pair
from oracles.traffic.pcap import read_pcap
from oracles.traffic.probes import ProbeRecordError, parse_line
from oracles.traffic.sources import open_source
from oracles.traffic.tail import LogTail
from oracles.traffic.zeek import ConnLogDecoder
from tests.support.captures import conversation, pcap_bytes, pcapng_bytes, write
from tests.support.member_table import DOMAINS, KEYS, batch_of, flows_at, probe

MOST_MEMORY: Final = 768 << 20
"""Bytes by which a process may grow while one input is parsed."""

CLIENT, SERVER = ("192.0.2.7", 50_000), ("198.51.100.1", 22)
TALK = conversation(1_700_000_000.25, CLIENT, SERVER, b"SSH-2.0-a\r\n", b"SSH-2.0-b\r\n")
ZEEK = (
    "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice"
    "\tduration\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n"
    "1700000000.5\tC1\t192.0.2.7\t50000\t198.51.100.1\t22\ttcp\tssh\t1.5\tSF\t5\t360\t4\t408\n"
) * 2
ZEEK_JSON = (
    json.dumps(
        {
            "ts": 1700000000.5, "id.orig_h": "192.0.2.7", "id.orig_p": 5,
            "id.resp_h": "2001:db8::1", "id.resp_p": 53, "proto": "udp", "duration": 0.1,
            "orig_pkts": 1, "orig_ip_bytes": 60,
            "conn_state": "SF",
        }
    )
    + "\n"
) * 2  # fmt: skip
EVE = (
    json.dumps(
        {
            "timestamp": "2023-11-14T22:13:21.000000+0000", "event_type": "flow",
            "src_ip": "192.0.2.7", "src_port": 50_000, "dest_ip": "198.51.100.1", "dest_port": 22,
            "proto": "TCP", "app_proto": "ssh",
            "flow": {
                "pkts_toserver": 4, "pkts_toclient": 3, "bytes_toserver": 227,
                "bytes_toclient": 173, "start": "2023-11-14T23:13:20.250000+0100",
                "end": "2023-11-14T22:13:20.350000+0000", "state": "closed",
            },
            "tcp": {"tcp_flags_ts": "1b", "tcp_flags_tc": "1b"},
        }
    )
    + "\n"
) * 2  # fmt: skip
VPC = (
    "2 1 eni-1 192.0.2.7 198.51.100.1 50000 22 6 12 2300 1700000000 1700000060 ACCEPT OK\n"
    "2 1 eni-1 198.51.100.1 192.0.2.7 22 50000 6 11 2200 1700000000 1700000060 ACCEPT OK\n"
)
_FIELDS = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (6, 1), (22, 4), (21, 4)]


def _set(number: int, body: bytes) -> bytes:
    return struct.pack("!HH", number, len(body) + 4) + body


def _netflow_v5() -> bytes:
    ends = ip_address(CLIENT[0]).packed + ip_address(SERVER[0]).packed + bytes(8)
    numbers = struct.pack("!IIIIHHBBBB", 12, 2_300, 1_000, 4_000, 50_000, 22, 0, 0x1B, 6, 0)
    head = struct.pack("!HHIIIIBBH", 5, 2, 100_000, 1_700_000_100, 0, 1, 0, 0, 0)
    return head + (ends + numbers + bytes(8)) * 2


def _templated(version: int) -> bytes:
    template = struct.pack("!HH", 256, len(_FIELDS))
    template += b"".join(struct.pack("!HH", *f) for f in _FIELDS)
    row = ip_address(CLIENT[0]).packed + ip_address(SERVER[0]).packed
    row += struct.pack("!HHBIIBII", 50_000, 22, 6, 12, 2_300, 0x1B, 1_000, 4_000)
    sets = _set(0 if version == 9 else 2, template) + _set(256, row * 2)
    if version == 9:
        return struct.pack("!HHIIII", 9, 2, 100_000, 1_700_000_100, 1, 7) + sets
    return struct.pack("!HHIII", 10, 16 + len(sets), 1_700_000_100, 1, 7) + sets


def _parquet() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        flows = read_pcap(write(Path(folder) / "x.pcap", pcap_bytes(TALK))).flows
        flows.to_parquet(Path(folder) / "x.parquet")
        return (Path(folder) / "x.parquet").read_bytes()


def _batch() -> bytes:
    return json.dumps(batches.to_wire(batch_of(7, 0, flows_at([1, 2])))).encode()


def _words() -> list[bytes]:
    vector = ScoreVector(1, 7, b"\x77" * 32, 0, bytes(32))
    seen = Observation(1, 3, 9, 0b101, 0b1, b"\x05" * 32)
    me = Signer("0x" + "11" * 20)
    signed = (sign_word(word, DOMAINS, KEYS[0], me) for word in (vector, seen))
    return [json.dumps(messages.to_wire(one)).encode() for one in signed]


# ---- one function a parser: it ends with sound flows, a typed refusal, or a failure of the fuzzing


def _file(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            validate(open_source(write(Path(folder) / "file", content)).flows)
        except SourceError:
            return


def _messages(content: bytes) -> None:
    exports = Exports()
    half = len(content) // 2
    for message in (content, content[:half], content[half:]):
        exports.add(message)
    validate(pair(exports.take(), "netflow", "")[0])


def _tailed(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "conn.log", content[: len(content) // 2])
        tail = LogTail(path, ConnLogDecoder)
        tail.poll(0)
        write(path, content)
        validate(tail.poll(0).batch.flows)
        tail.close()


def _probe(content: bytes) -> None:
    for line in content.splitlines():
        try:
            parse_line(line)
        except ProbeRecordError:
            continue


def _wire_batch(content: bytes) -> None:
    try:
        validate(unpack_flows(batches.from_wire(read_json(content)).payload))
    except (MalformedBatch, Problem):
        return


def _payload(content: bytes) -> None:
    try:
        validate(unpack_flows(content))
    except MalformedBatch:
        return


def _word(content: bytes) -> None:
    try:
        messages.from_wire(read_json(content), DOMAINS)
    except (MalformedMessage, Problem):
        return


@dataclass(frozen=True)
class Parser:
    """A parser under its name, and sound inputs for it."""

    play: Callable[[bytes], None]
    samples: tuple[bytes, ...]


def parsers() -> Mapping[str, Parser]:
    """Every parser."""
    capture, parquet = pcap_bytes(TALK), _parquet()
    exported = (_netflow_v5(), _templated(9), _templated(10))
    plain = (capture, ZEEK.encode(), EVE.encode(), VPC.encode(), exported[0])
    packed = [pack(data) for data in plain for pack in (lzma.compress, gzip.compress, bz2.compress)]
    line = probe(1_700_000_000, ok=False).to_line().encode() + b"\n"
    return {
        "pcap": Parser(_file, (capture,)),
        "pcapng": Parser(_file, (pcapng_bytes(TALK), pcapng_bytes(TALK, nanoseconds=True))),
        "zeek": Parser(_file, (ZEEK.encode(),)),
        "zeek-json": Parser(_file, (ZEEK_JSON.encode(),)),
        "zeek-tail": Parser(_tailed, (ZEEK.encode(), ZEEK_JSON.encode())),
        "eve": Parser(_file, (EVE.encode(),)),
        "netflow-file": Parser(_file, exported),
        "netflow-udp": Parser(_messages, exported),
        "vpc": Parser(_file, (VPC.encode(),)),
        "parquet": Parser(_file, (parquet,)),
        "compressed": Parser(_file, tuple(packed)),
        "probes": Parser(_probe, (line * 2,)),
        "batch": Parser(_wire_batch, (_batch(),)),
        "batch-payload": Parser(_payload, (parquet,)),
        "gossip": Parser(_word, tuple(_words())),
    }


_EDGES: Final = tuple(
    number.to_bytes(size, order)
    for size in (1, 2, 4, 8)
    for number in (0, 1, 255, (1 << 8 * size) - 1, 1 << (8 * size - 1), (1 << 8 * size - 1) - 1)
    if number < 1 << 8 * size
    for order in ("little", "big")
)
_TEXTS: Final = (
    b"-1", b"1e999", b"nan", b"99999999999999999999999", b"\x00", b"\xff\xfe", b"\t", b"\n", b"{",
    b"}", b"[" * 2_000, b'"', b"null", b"true", b"\\u0000", b"#fields\t", b"1.1.1.1", b"::",
    b"-", b",",
)  # fmt: skip


@st.composite
def damaged(draw: Any, samples: tuple[bytes, ...]) -> bytes:
    """A sample after up to a dozen bytes flipped, numbers at their edges, texts put in, pieces cut,
    doubled or swapped; now and then no sample at all."""
    if draw(st.integers(0, 19)) == 0:
        return bytes(draw(st.binary(max_size=400)))
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 12))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(1, 64))
        match draw(st.integers(0, 6)):
            case 0:
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case 1:
                edge = draw(st.sampled_from(_EDGES))
                data[at : at + len(edge)] = edge
            case 2:
                data[at:at] = draw(st.sampled_from(_TEXTS))
            case 3:
                del data[at : at + size]
            case 4:
                data[at:at] = data[at : at + size] * draw(st.integers(1, 8))
            case 5:
                other = draw(st.sampled_from(samples))
                data[at:] = other[draw(st.integers(0, len(other))) :]
            case _:
                del data[at:]
    return bytes(data)


def memory() -> int:
    """The most bytes that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def play(parser: Parser, content: bytes) -> None:
    """Parses an input; raises what is not a typed refusal, and AssertionError when it took too much
    memory."""
    before = memory()
    parser.play(content)
    grown = memory() - before
    assert grown < MOST_MEMORY, f"grew by {grown >> 20} MB"
