"""Probes against services on loopback."""

from __future__ import annotations

import asyncio

import pytest

from oracles.traffic.probes import PROBERS, Kind, Probe, probe_once
from scripts.committee.local_chain import free_port


async def ask(kind: Kind, port: int) -> Probe:
    return await probe_once(
        PROBERS[kind], kind=kind, vantage="out1", host="127.0.0.1", port=port, timeout=2
    )


class Resolver(asyncio.DatagramProtocol):
    """Answers every question without a record."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._transport.sendto(data[:2] + b"\x81\x80" + data[4:], addr)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["tcp", "tls", "http", "dns"])
def test_probe__nobody_listens__is_refused(kind: Kind) -> None:
    probe = asyncio.run(ask(kind, free_port()))
    assert (probe.ok, probe.error) == (False, "refused")


def test_dns_probe__server_answers__is_healthy() -> None:
    async def play() -> Probe:
        loop = asyncio.get_running_loop()
        server, _ = await loop.create_datagram_endpoint(Resolver, local_addr=("127.0.0.1", 0))
        try:
            return await ask("dns", server.get_extra_info("sockname")[1])
        finally:
            server.close()

    assert asyncio.run(play()).ok


def test_tls_probe__server_speaks_no_tls__is_a_protocol_error() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 good day\r\n")
        await writer.drain()
        writer.close()

    async def play() -> Probe:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            return await ask("tls", server.sockets[0].getsockname()[1])

    assert asyncio.run(play()).error == "protocol"
