"""Following a log: whole lines only, across rotation and truncation, and silence noticed."""

from __future__ import annotations

from pathlib import Path

from oracles.traffic.tail import LogTail
from oracles.traffic.zeek import ConnLogDecoder

HEAD = "#fields\tts\tid.orig_h\tid.resp_h\tproto\tduration\n"


def row(second: int) -> str:
    return f"{second}.5\t192.0.2.7\t198.51.100.1\ttcp\t1.0\n"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def seconds(tail: LogTail, now: int = 0) -> list[int]:
    return [int(ts) // 1_000_000 for ts in tail.poll(now).batch.flows["ts"]]


def test_poll__log_that_does_not_exist_yet__gives_nothing(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "conn.log", ConnLogDecoder)
    assert seconds(tail) == []
    append(tmp_path / "conn.log", HEAD + row(1))
    assert seconds(tail) == [1]


def test_poll__line_without_its_end__waits_for_it(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    tail = LogTail(path, ConnLogDecoder)
    append(path, HEAD + row(1) + row(2)[:9])
    assert seconds(tail) == [1]
    append(path, row(2)[9:])
    assert seconds(tail) == [2]
    assert seconds(tail) == []


def test_poll__rotated_log__is_read_to_its_end_first(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    tail = LogTail(path, ConnLogDecoder)
    append(path, HEAD + row(1))
    assert seconds(tail) == [1]
    append(path, row(2))
    path.rename(tmp_path / "conn.1.log")
    append(path, HEAD + row(3))
    assert seconds(tail) == [2, 3]
    append(path, row(4))
    assert seconds(tail) == [4]


def test_poll__truncated_log__is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    tail = LogTail(path, ConnLogDecoder)
    append(path, HEAD + row(1) + row(2))
    assert seconds(tail) == [1, 2]
    path.write_text(HEAD + row(3))
    assert seconds(tail) == [3]


def test_poll__text_that_is_no_log__is_counted(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    tail = LogTail(path, ConnLogDecoder)
    append(path, "what is this\n")
    assert tail.poll(0).batch.quarantine.counts == {"unreadable_block": 1}


def test_poll__nothing_new__tells_for_how_long(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    tail = LogTail(path, ConnLogDecoder)
    assert tail.poll(5_000_000).silent_us == 0
    append(path, HEAD + row(1))
    arrived = tail.poll(4_000_000)
    assert (arrived.latest_us, arrived.silent_us) == (2_500_000, 1_500_000)
    assert tail.poll(9_500_000).silent_us == 7_000_000
    tail.close()
