"""A name server and its question, just enough of RFC 1035 to make real DNS packets.

python -m scripts.lab.dns ADDRESS PORT      serves A records until it is stopped
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import struct
import sys

_HEADER = struct.Struct("!6H")
_ANSWER = struct.Struct("!HHHIH4s")


def question(identifier: int, name: str) -> bytes:
    """A recursive question for the A record of ``name``."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return _HEADER.pack(identifier, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def answer(asked: bytes, address: ipaddress.IPv4Address) -> bytes | None:
    """The answer to a question, or None for a datagram that is not one."""
    if len(asked) < _HEADER.size + 5:
        return None
    identifier, flags, questions, *_ = _HEADER.unpack_from(asked)
    if flags & 0x8000 or questions != 1:
        return None
    record = _ANSWER.pack(0xC00C, 1, 1, 300, 4, address.packed)
    return _HEADER.pack(identifier, 0x8180, 1, 1, 0, 0) + asked[_HEADER.size :] + record


class Server(asyncio.DatagramProtocol):
    """Answers every question with the server's own address."""

    def __init__(self, address: ipaddress.IPv4Address) -> None:
        self._address = address
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = answer(data, self._address)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


class Asker(asyncio.DatagramProtocol):
    """Waits for one datagram."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answered.set()


async def ask(server: str, identifier: int, name: str, timeout: float = 1.0) -> bool:
    """Ask once; whether an answer came in time."""
    loop = asyncio.get_running_loop()
    transport, asker = await loop.create_datagram_endpoint(Asker, remote_addr=(server, 53))
    try:
        transport.sendto(question(identifier, name))
        await asyncio.wait_for(asker.answered.wait(), timeout)
    except (TimeoutError, OSError):
        return False
    finally:
        transport.close()
    return True


async def _serve(address: str, port: int = 53) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(
        lambda: Server(ipaddress.IPv4Address(address)), local_addr=(address, port)
    )
    await asyncio.Event().wait()


async def _tunnel(server: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Asker, remote_addr=(server, 53))
    for number in range(count):
        name = f"{secrets.token_hex(28)}.{secrets.token_hex(28)}.t.example.net"
        transport.sendto(question(number, name))
        await asyncio.sleep(0.05)
    transport.close()


def main(verb: str, address: str, argument: str = "") -> None:
    match verb:
        case "serve":
            asyncio.run(_serve(address))
        case "ask":
            asyncio.run(ask(address, secrets.randbits(16), argument))
        case "tunnel":
            asyncio.run(_tunnel(address, int(argument)))
        case _:
            raise SystemExit(f"dns: unknown verb {verb}")


if __name__ == "__main__":
    main(*sys.argv[1:])
