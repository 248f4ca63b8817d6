"""Receives NetFlow and IPFIX over UDP; changes when the way of receiving does.

Whoever can send to the port can forge flows, so only loopback and private addresses are bound and
only named exporters are heard.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Collection
from ipaddress import ip_address
from types import TracebackType
from typing import Final

from oracles.domain.flow import FlowBatch, Quarantine
from oracles.traffic.netflow_decode import Exports
from oracles.traffic.oneway import pair

MOST_DATAGRAM: Final = 65_535
BUFFER: Final = 1 << 22


class NetflowListener:
    """A bound UDP socket. Raises ValueError for a public address, OSError when it cannot bind."""

    def __init__(self, host: str, port: int, exporters: Collection[str]) -> None:
        address = ip_address(host)
        if not (address.is_loopback or address.is_private) or address.is_unspecified:
            raise ValueError(f"{host} is not a private address, and NetFlow is not authenticated")
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._exports = {exporter: Exports() for exporter in exporters}
        self._strangers = 0
        self._digest = hashlib.sha256()

    def __enter__(self) -> NetflowListener:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def receive(self, wait_s: float, most: int = 10_000) -> int:
        """Takes up to ``most`` messages, the first within ``wait_s`` seconds; returns how many."""
        self._socket.settimeout(wait_s)
        taken = 0
        while taken < most:
            try:
                message, sender = self._socket.recvfrom(MOST_DATAGRAM)
            except (TimeoutError, BlockingIOError):
                break
            self._socket.settimeout(0)
            taken += 1
            exports = self._exports.get(sender[0])
            if exports is None:
                self._strangers += 1
                continue
            self._digest.update(message)
            exports.add(message)
        return taken

    def take(self) -> list[FlowBatch]:
        """The flows received since the last call, one batch an exporter; strangers' messages are
        counted as ``unknown_exporter`` in the first."""
        digest = self._digest.hexdigest()
        self._digest = hashlib.sha256()
        batches = []
        for exports in self._exports.values():
            flows, refused = pair(exports.take(), "netflow", digest)
            quarantine = exports.quarantine.merge(refused).plus("unknown_exporter", self._strangers)
            exports.quarantine, self._strangers = Quarantine(), 0
            batches.append(FlowBatch(flows, quarantine, digest, "netflow"))
        return batches
