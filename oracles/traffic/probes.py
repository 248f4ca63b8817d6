"""Active probes: is a service there, as seen from outside, now?

A probe is one short conversation with a deadline that covers all of it. A probe that fails is an
observation, never an exception. The loop starts one probe each interval whatever the earlier ones
do, so a service that hangs does not thin out the evidence; the number in flight is bounded by
deadline / interval.

    python -m oracles.traffic.probes --vantage out1 --target 10.0.0.1:80 --seconds 60 --out FILE
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import ssl
import struct
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NewType, TextIO, cast, get_args

Micros = NewType("Micros", int)
Kind = Literal["tcp", "tls", "http", "dns"]

TIMEOUT = "timeout"
REFUSED = "refused"
RESET = "reset"
UNREACHABLE = "unreachable"
PROTOCOL = "protocol"

# Answers the probed service gave, one error text or None for a healthy one.
Prober = Callable[[str, int], Awaitable[str | None]]


class ProbeRecordError(ValueError):
    """A line is not a probe record; ``reason`` says why in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a probe record: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Probe:
    """One probe. ``ts`` (start) in µs since the epoch, ``latency_us`` only where it succeeded."""

    ts: Micros
    vantage: str
    target: str
    kind: Kind
    ok: bool
    latency_us: int | None
    error: str | None

    def to_line(self) -> str:
        """One line of JSON, without the line's end."""
        return json.dumps(asdict(self), separators=(",", ":"))


def parse_line(line: str | bytes) -> Probe:
    """Read one JSON line; raises ProbeRecordError for anything that is not a whole record."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProbeRecordError("no JSON") from error
    if not isinstance(fields, Mapping) or set(fields) != set(Probe.__dataclass_fields__):
        raise ProbeRecordError("fields differ")
    probe = Probe(**fields)
    typed = (
        all(isinstance(text, str) for text in (probe.vantage, probe.target))
        and probe.kind in get_args(Kind)
        and isinstance(probe.ok, bool)
        and type(probe.ts) is int
    )
    if not typed or probe.ts < 0:
        raise ProbeRecordError("a field has the wrong type")
    healthy = type(probe.latency_us) is int and probe.latency_us >= 0 and probe.error is None
    failed = probe.latency_us is None and isinstance(probe.error, str)
    if not (healthy if probe.ok else failed):
        raise ProbeRecordError("outcome contradicts itself")
    return probe


def http_error(status_line: bytes) -> str | None:
    """What is wrong with an HTTP answer by its first line; None for 2xx and 3xx."""
    version, _, rest = status_line.partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/") or len(code) != 3 or not code.isdigit():
        return PROTOCOL
    return None if 200 <= int(code) < 400 else f"status {int(code)}"


def error_name(error: OSError | EOFError) -> str:
    """The record's word for a failed conversation."""
    match error:
        case TimeoutError():
            return TIMEOUT
        case ConnectionRefusedError():
            return REFUSED
        case ConnectionError() | EOFError():
            return RESET
        case _:
            return UNREACHABLE


@contextlib.asynccontextmanager
async def _connection(
    host: str, port: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def tcp_probe(host: str, port: int) -> str | None:
    """The port accepts a connection."""
    async with _connection(host, port):
        return None


async def http_probe(host: str, port: int) -> str | None:
    """``GET /`` is answered with 2xx or 3xx."""
    async with _connection(host, port) as (reader, writer):
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: flowcover\r\n"
        writer.write(f"{request}Connection: close\r\n\r\n".encode())
        status = http_error(await reader.readline())
        await reader.read(65536)
        return status


async def tls_probe(host: str, port: int) -> str | None:
    """A TLS handshake is finished. Whose certificate it is does not matter: a probe asks whether
    the service is there, and an address rarely stands in a certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError:
        return PROTOCOL
    writer.close()
    return None


class _Answer(asyncio.DatagramProtocol):
    """Sends one datagram and keeps the first answer, or the error of the network."""

    def __init__(self, question: bytes) -> None:
        self._question = question
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # not every transport of datagrams is an asyncio.DatagramTransport
        cast(asyncio.DatagramTransport, transport).sendto(self._question)

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


def dns_question(number: int) -> bytes:
    """A question for the name servers of the root, which every resolver and server can answer or
    refuse (RFC 1035)."""
    head = struct.pack(">6H", number, 0x0100, 1, 0, 0, 0)
    return head + b"\x00" + struct.pack(">2H", 2, 1)


def dns_error(number: int, answer: bytes) -> str | None:
    """What is wrong with an answer over UDP. A refusal is a healthy server's word (RCODE 5), a
    failure of the server is not (RCODE 2)."""
    if len(answer) < 12:
        return PROTOCOL
    same, flags = struct.unpack_from(">2H", answer)
    if same != number or not flags & 0x8000:
        return PROTOCOL
    code = flags & 0xF
    return None if code in (0, 3, 5) else f"rcode {code}"


async def dns_probe(host: str, port: int) -> str | None:
    """A question over UDP is answered."""
    number = secrets.randbits(16)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _Answer(dns_question(number)), remote_addr=(host, port)
    )
    try:
        return dns_error(number, await protocol.answer)
    finally:
        transport.close()


PROBERS: Mapping[Kind, Prober] = {
    "tcp": tcp_probe,
    "tls": tls_probe,
    "http": http_probe,
    "dns": dns_probe,
}


async def probe_once(
    prober: Prober, *, kind: Kind, vantage: str, host: str, port: int, timeout: float
) -> Probe:
    """One probe with ``timeout`` in seconds for all of it; never raises for a failed service."""
    start_ns, clock_ns = time.time_ns(), time.monotonic_ns()
    try:
        async with asyncio.timeout(timeout):
            error = await prober(host, port)
    except (OSError, EOFError) as failure:
        error = error_name(failure)
    elapsed_us = (time.monotonic_ns() - clock_ns) // 1000
    return Probe(
        ts=Micros(start_ns // 1000),
        vantage=vantage,
        target=f"{host}:{port}",
        kind=kind,
        ok=error is None,
        latency_us=elapsed_us if error is None else None,
        error=error,
    )


async def probe_loop(
    one: Callable[[], Awaitable[Probe]], *, count: int, interval: float
) -> AsyncIterator[Probe]:
    """``count`` probes, one started each ``interval`` seconds; yields them in order of start."""
    running: deque[asyncio.Task[Probe]] = deque()
    clock = asyncio.get_running_loop().time
    first = clock()
    try:
        for number in range(count):
            await asyncio.sleep(first + number * interval - clock())
            running.append(asyncio.ensure_future(_awaited(one)))
            while running and running[0].done():
                yield running.popleft().result()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()


async def _awaited(one: Callable[[], Awaitable[Probe]]) -> Probe:
    return await one()


def split_target(target: str) -> tuple[str, int]:
    """``host:port`` in two; raises ValueError when it is not that."""
    host, _, port = target.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"not host:port: {target}")
    return host.strip("[]"), int(port)


async def _record(options: argparse.Namespace, out: TextIO) -> None:
    host, port = split_target(options.target)

    async def one() -> Probe:
        return await probe_once(
            PROBERS[options.kind],
            kind=options.kind,
            vantage=options.vantage,
            host=host,
            port=port,
            timeout=options.timeout,
        )

    count = max(1, round(options.seconds / options.interval))
    async for probe in probe_loop(one, count=count, interval=options.interval):
        out.write(probe.to_line() + "\n")
        out.flush()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--vantage", required=True, help="name of the place that probes")
    parser.add_argument("--target", required=True, help="host:port")
    parser.add_argument("--kind", choices=tuple(PROBERS), default="http")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--interval", type=float, default=0.5)
    parser.add_argument("--timeout", type=float, default=1.0)
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines, - for stdout")
    options = parser.parse_args(argv)
    try:
        if str(options.out) == "-":
            asyncio.run(_record(options, sys.stdout))
        else:
            with options.out.open("w", encoding="utf-8") as out:
                asyncio.run(_record(options, out))
    except (ValueError, OSError) as error:
        print(f"probes: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
