"""Probe records, outcomes and the loop that starts probes on time."""

from __future__ import annotations

import asyncio
import json

import pytest

from oracles.traffic.probes import (
    Micros,
    Probe,
    ProbeRecordError,
    dns_error,
    dns_question,
    error_name,
    http_error,
    parse_line,
    probe_loop,
    probe_once,
    split_target,
)

GOOD = Probe(Micros(1_000_000), "out1", "10.0.0.1:80", "http", True, 900, None)
LOST = Probe(Micros(1_000_000), "out1", "10.0.0.1:80", "http", False, None, "timeout")


def changed(**fields: object) -> str:
    return json.dumps(json.loads(GOOD.to_line()) | fields)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no JSON"),
        ('{"ts":1', "no JSON"),
        ("[1]", "fields differ"),
        (changed(extra=1), "fields differ"),
        (changed(ts=1.5), "a field has the wrong type"),
        (changed(ts=True), "a field has the wrong type"),
        (changed(ts=-1), "a field has the wrong type"),
        (changed(kind="icmp"), "a field has the wrong type"),
        (changed(kind=["http"]), "a field has the wrong type"),
        (changed(latency_us=None), "outcome contradicts itself"),
        (changed(error="timeout"), "outcome contradicts itself"),
        (changed(ok=False), "outcome contradicts itself"),
    ],
)
def test_parse_line__not_a_record__is_refused(line: str, reason: str) -> None:
    with pytest.raises(ProbeRecordError) as refused:
        parse_line(line)
    assert refused.value.reason == reason


@pytest.mark.parametrize("probe", [GOOD, LOST])
def test_parse_line__written_record__is_the_same(probe: Probe) -> None:
    assert parse_line(probe.to_line()) == probe


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "protocol"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
        (b"HTTP/1.1 2x0 OK\r\n", "protocol"),
        (b"HTTP/1.1 503 Unavailable\r\n", "status 503"),
        (b"HTTP/1.1 404 Not Found\r\n", "status 404"),
        (b"HTTP/1.1 301 Moved\r\n", None),
        (b"HTTP/1.1 200 OK\r\n", None),
    ],
)
def test_http_error__status_line__is_judged(line: bytes, error: str | None) -> None:
    assert http_error(line) == error


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(), "reset"),
        (EOFError(), "reset"),
        (OSError(113, "no route"), "unreachable"),
    ],
)
def test_error_name__failed_conversation__has_a_word(error: OSError | EOFError, name: str) -> None:
    assert error_name(error) == name


@pytest.mark.parametrize("target", ["10.0.0.1", ":80", "host:", "host:0", "host:65536", "host:x"])
def test_split_target__not_host_and_port__is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="not host:port"):
        split_target(target)


def test_split_target__ipv6_in_brackets__is_split() -> None:
    assert split_target("[::1]:443") == ("::1", 443)


async def hang(host: str, port: int) -> str | None:
    await asyncio.Event().wait()
    return None


async def refuse(host: str, port: int) -> str | None:
    raise ConnectionRefusedError


async def sick(host: str, port: int) -> str | None:
    return "status 500"


async def well(host: str, port: int) -> str | None:
    return None


@pytest.mark.parametrize(
    ("prober", "error"),
    [(hang, "timeout"), (refuse, "refused"), (sick, "status 500"), (well, None)],
)
def test_probe_once__any_service__is_recorded(prober: object, error: str | None) -> None:
    probe = asyncio.run(
        probe_once(
            prober,  # type: ignore[arg-type]
            kind="tcp",
            vantage="out1",
            host="10.0.0.1",
            port=80,
            timeout=0.01,
        )
    )
    assert (probe.ok, probe.error) == (error is None, error)
    assert parse_line(probe.to_line()) == probe


def test_probe_loop__first_probe_is_slow__others_start_and_order_is_kept() -> None:
    release = asyncio.Event()
    started = 0

    async def one() -> Probe:
        nonlocal started
        started += 1
        number = started
        if number == 1:
            await release.wait()
        if number == 3:
            release.set()
        return Probe(Micros(number), "out1", "10.0.0.1:80", "tcp", True, 1, None)

    async def run() -> list[int]:
        return [probe.ts async for probe in probe_loop(one, count=3, interval=0.0)]

    assert asyncio.run(run()) == [1, 2, 3]


def dns_answer(number: int, flags: int) -> bytes:
    return number.to_bytes(2, "big") + flags.to_bytes(2, "big") + bytes(8)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "protocol"),
        (dns_answer(7, 0x8180)[:11], "protocol"),
        (dns_answer(8, 0x8180), "protocol"),  # the answer to another question
        (dns_answer(7, 0x0100), "protocol"),  # a question
        (dns_answer(7, 0x8182), "rcode 2"),  # the server failed
        (dns_answer(7, 0x8180), None),
        (dns_answer(7, 0x8183), None),  # no such name
        (dns_answer(7, 0x8185), None),  # refused, so somebody is there
    ],
)
def test_dns_error__answer__is_judged(answer: bytes, error: str | None) -> None:
    assert dns_error(7, answer) == error


def test_dns_question__any_number__asks_once_for_the_root() -> None:
    question = dns_question(0xABCD)
    assert question[:2] == b"\xab\xcd"
    assert question[4:6] == b"\x00\x01"
    assert question[12:] == b"\x00\x00\x02\x00\x01"
    assert dns_error(0xABCD, question) == "protocol"
