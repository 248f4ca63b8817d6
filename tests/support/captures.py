"""Builds small captures packet by packet, with dpkt, so that the project's own reader is tested
against another implementation of the formats."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import dpkt

SYN, ACK, FIN, RST = 0x02, 0x10, 0x01, 0x04


@dataclass(frozen=True)
class Packet:
    """One packet at ``at`` seconds, from and to ``(address, port)``."""

    at: float
    src: tuple[str, int]
    dst: tuple[str, int]
    flags: int = ACK
    data: bytes = b""
    proto: str = "tcp"

    def ip(self) -> bytes:
        """The packet as raw IP bytes."""
        source, target = ip_address(self.src[0]), ip_address(self.dst[0])
        layer4: dpkt.Packet
        if self.proto == "tcp":
            layer4 = dpkt.tcp.TCP(
                sport=self.src[1], dport=self.dst[1], flags=self.flags, data=self.data
            )
        elif self.proto == "udp":
            layer4 = dpkt.udp.UDP(
                sport=self.src[1], dport=self.dst[1], ulen=8 + len(self.data), data=self.data
            )
        else:
            layer4 = dpkt.icmp.ICMP(type=8, data=dpkt.icmp.ICMP.Echo(data=self.data))
        number = {"tcp": 6, "udp": 17, "icmp": 1}[self.proto]
        if source.version == 6:
            return bytes(
                dpkt.ip6.IP6(
                    src=source.packed, dst=target.packed, nxt=number, plen=len(layer4), data=layer4
                )
            )
        return bytes(dpkt.ip.IP(src=source.packed, dst=target.packed, p=number, data=layer4))

    def ethernet(self) -> bytes:
        """The packet as an Ethernet frame."""
        ip = self.ip()
        kind = b"\x08\x00" if ip[0] >> 4 == 4 else b"\x86\xdd"
        return bytes(12) + kind + ip


def conversation(
    at: float,
    client: tuple[str, int],
    server: tuple[str, int],
    ask: bytes = b"",
    answer: bytes = b"",
    lasts: float = 0.1,
) -> list[Packet]:
    """A TCP connection that is opened, exchanges payload and is closed in order."""
    step = lasts / 6
    return [
        Packet(at, client, server, SYN),
        Packet(at + step, server, client, SYN | ACK),
        Packet(at + 2 * step, client, server, ACK, ask),
        Packet(at + 3 * step, server, client, ACK, answer),
        Packet(at + 4 * step, client, server, FIN | ACK),
        Packet(at + 5 * step, server, client, FIN | ACK),
        Packet(at + lasts, client, server, ACK),
    ]


def pcap_bytes(packets: Iterable[Packet]) -> bytes:
    """A little-endian Ethernet pcap with microsecond times."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)]
    for packet in packets:
        frame = packet.ethernet()
        micros = round(packet.at * 1_000_000)
        head = struct.pack("<IIII", *divmod(micros, 1_000_000), len(frame), len(frame))
        parts.append(head + frame)
    return b"".join(parts)


def pcapng_bytes(packets: Iterable[Packet], nanoseconds: bool = False) -> bytes:
    """A little-endian Ethernet pcapng with one section and one interface."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        total = len(body) + 12
        return struct.pack("<II", kind, total) + body + struct.pack("<I", total)

    options = struct.pack("<HHBxxxHH", 9, 1, 9, 0, 0) if nanoseconds else b""
    parts = [
        block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack("<HHI", 1, 0, 262_144) + options),
    ]
    scale = 1_000_000_000 if nanoseconds else 1_000_000
    for packet in packets:
        frame = packet.ethernet()
        high, low = divmod(round(packet.at * 1_000_000) * (scale // 1_000_000), 1 << 32)
        head = struct.pack("<IIIII", 0, high, low, len(frame), len(frame))
        parts.append(block(6, head + frame))
    return b"".join(parts)


def write(path: Path, content: bytes) -> Path:
    """The path, after writing to it."""
    path.write_bytes(content)
    return path
