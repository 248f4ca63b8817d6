"""Recordings and live files on chain time, and key files."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from eth_account import Account

from oracles.attest.keys import KeyFileError, read_key
from oracles.attest.sources import FlowTable, ProbeFile, Rebase
from oracles.domain.incident import MICROS
from tests.support.member_table import START, flows_at, probe

REBASE = Rebase(recording_start_us=1_000 * MICROS, chain_base=START)


def test_probe_file__recording__is_visible_once_chain_time_has_passed(tmp_path: Path) -> None:
    path = tmp_path / "probes.jsonl.xz"
    lines = "".join(probe(1_000 + i, ok=True).to_line() + "\n" for i in range(3))
    path.write_bytes(lzma.compress((lines + "nonsense\n").encode()))
    probes = ProbeFile(path, REBASE)
    assert probes.visible(0, START * MICROS) == []
    seen = probes.visible(0, (START + 2) * MICROS)
    assert [p.ts for p in seen] == [START * MICROS, (START + 1) * MICROS]
    assert probes.quarantine.total == 1


def test_probe_file__live__reads_on_and_waits_for_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "probes.jsonl"
    probes = ProbeFile(path)
    late = (START + 100) * MICROS
    assert probes.visible(0, late) == []
    line = probe(START, ok=False).to_line()
    path.write_text(line + "\n" + line[:20])
    assert len(probes.visible(0, late)) == 1
    with path.open("a") as file:
        file.write(line[20:] + "\n")
    assert len(probes.visible(0, late)) == 2


def test_probe_file__recording_missing__is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ProbeFile(tmp_path / "none", REBASE)


def test_flow_table__recording__reveals_flows_by_their_end() -> None:
    table = FlowTable(flows_at([1_005 * MICROS, 1_001 * MICROS]), REBASE)
    assert table.visible(0, (START + 1) * MICROS).empty
    seen = table.visible(0, (START + 2) * MICROS)
    assert seen["ts"].tolist() == [(START + 1) * MICROS]


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("0x" + "01" * 32, 0o644, "open to others"),
        ("0x01", 0o600, "neither 32 bytes"),
        ("secret", 0o600, "neither 32 bytes"),
        ("{}", 0o600, "password file is not set"),
    ],
)
def test_read_key__unusable_file__is_refused(
    text: str, mode: int, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(KeyFileError, match=reason):
        read_key(key_file(tmp_path, text, mode), None)


def test_read_key__absent__is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_key(tmp_path / "none", None)


def test_read_key__keystore__is_decrypted_with_its_password_only(tmp_path: Path) -> None:
    key = b"\x05" * 32
    sealed = Account.encrypt(key, "open sesame", kdf="pbkdf2", iterations=2)
    path = key_file(tmp_path, json.dumps(sealed))
    assert read_key(path, "open sesame") == key
    with pytest.raises(KeyFileError, match="decrypted"):
        read_key(path, "wrong")


def test_read_key__hex__is_read_with_and_without_prefix(tmp_path: Path) -> None:
    assert read_key(key_file(tmp_path, "0x" + "07" * 32 + "\n"), None) == b"\x07" * 32
    assert read_key(key_file(tmp_path, "07" * 32), None) == b"\x07" * 32
