"""conn.log to flows, as TSV and as JSON."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles.domain.flow import MISSING, validate
from oracles.traffic.errors import MalformedLog
from oracles.traffic.sources import open_source
from oracles.traffic.zeek import read_conn_log
from tests.support.captures import write

FIELDS = [
    "ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration",
    "orig_bytes", "resp_bytes", "conn_state", "orig_pkts", "orig_ip_bytes", "resp_pkts",
    "resp_ip_bytes",
]  # fmt: skip
HEAD = "#separator \\x09\n#path\tconn\n#fields\t" + "\t".join(FIELDS) + "\n"
ROW = [
    "1700000000.123456", "C1", "192.0.2.7", "50000", "198.51.100.1", "22", "tcp", "ssh", "1.5",
    "100", "200", "SF", "5", "360", "4", "408",
]  # fmt: skip


def tsv(*rows: list[str]) -> bytes:
    return (HEAD + "".join("\t".join(row) + "\n" for row in rows)).encode()


def test_read_conn_log__without_fields_line__raises_malformed(tmp_path: Path) -> None:
    for content in (b"", b"1\t2\t3\n", b"#fields\tts\tproto\n1\ttcp\n"):
        with pytest.raises(MalformedLog):
            read_conn_log(write(tmp_path / "conn.log", content))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("ts", "soon", "bad_timestamp"),
        ("ts", "-5.0", "bad_timestamp"),
        ("id.orig_h", "nowhere", "no_address"),
        ("id.resp_p", "70000", "bad_port"),
        ("orig_pkts", "many", "bad_count"),
        ("duration", "1e300", "bad_duration"),
        ("conn_state", "XX", "bad_conn_state"),
    ],
)
def test_read_conn_log__bad_value__is_counted_with_its_reason(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    bad = list(ROW)
    bad[FIELDS.index(column)] = value
    batch = read_conn_log(write(tmp_path / "conn.log", tsv(ROW, bad)))
    assert batch.quarantine.counts == {reason: 1}
    assert len(batch.flows) == 1


def test_read_conn_log__truncated_line__is_counted(tmp_path: Path) -> None:
    batch = read_conn_log(write(tmp_path / "conn.log", tsv(ROW, ROW)[:-40]))
    assert batch.quarantine.counts == {"wrong_field_count": 1}
    assert len(batch.flows) == 1


def test_read_conn_log__truncated_compression__keeps_what_was_read(tmp_path: Path) -> None:
    rows = [
        [f"{1700000000 + n}.5", *ROW[1:3], str(1024 + n % 50_000), *ROW[4:]] for n in range(5_000)
    ]
    content = gzip.compress(tsv(*rows), compresslevel=1)
    batch = read_conn_log(write(tmp_path / "conn.log.gz", content[: len(content) * 9 // 10]))
    assert batch.quarantine.counts["truncated_file"] == 1
    assert len(batch.flows) > 0


def test_read_conn_log__unset_fields__are_missing(tmp_path: Path) -> None:
    row = list(ROW)
    for name in ("duration", "service", "orig_bytes", "resp_bytes"):
        row[FIELDS.index(name)] = "-"
    flows = read_conn_log(write(tmp_path / "conn.log", tsv(row))).flows
    validate(flows)
    assert flows["duration_us"][0] == MISSING
    assert flows["service"][0] == ""


def test_read_conn_log__tsv_and_json__give_the_same_flows(tmp_path: Path) -> None:
    numbers = {"ts", "duration"}
    counts = (
        set(FIELDS) - numbers - {"uid", "id.orig_h", "id.resp_h", "proto", "service", "conn_state"}
    )
    record = {
        name: float(value) if name in numbers else int(value) if name in counts else value
        for name, value in zip(FIELDS, ROW, strict=True)
    }
    lines = (json.dumps(record, separators=(",", ":")) + "\n").encode()
    iso = record | {"ts": "2023-11-14T22:13:20.123456Z"}
    iso_lines = (json.dumps(iso) + "\n").encode()
    expected = open_source(write(tmp_path / "a", tsv(ROW))).flows.drop(columns="raw_sha256")
    assert expected["ts"][0] == 1_700_000_000_123_456
    for content in (lines, iso_lines):
        found = open_source(write(tmp_path / "b", content)).flows.drop(columns="raw_sha256")
        assert found.equals(expected)


def test_read_conn_log__bad_json_line__is_counted(tmp_path: Path) -> None:
    good = json.dumps({"ts": 1.5, "id.orig_h": "192.0.2.1", "id.resp_h": "::1", "proto": "tcp"})
    content = f'{good}\n{{broken\n{good[:-1]},"orig_pkts":"x"}}\n'.encode()
    batch = read_conn_log(write(tmp_path / "conn.log", content))
    assert batch.quarantine.counts == {"bad_json": 2}
    assert len(batch.flows) == 1


def test_read_conn_log__log_without_records__is_empty(tmp_path: Path) -> None:
    assert len(read_conn_log(write(tmp_path / "conn.log", tsv())).flows) == 0


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_read_conn_log__damaged_bytes__never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    broken = bytearray(tsv(ROW, ROW, ROW))
    for _ in range(data.draw(st.integers(1, 12))):
        broken[data.draw(st.integers(len(HEAD), len(broken) - 1))] = data.draw(st.integers(0, 255))
    validate(read_conn_log(write(tmp_path_factory.getbasetemp() / "fuzz.log", bytes(broken))).flows)
