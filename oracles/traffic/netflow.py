"""The adapter for files of NetFlow v5, v9 and IPFIX messages; changes when such files do.

A file is a sequence of export messages, as an IPFIX file (RFC 5655) is. NetFlow is not
authenticated, so a file counts for as much as the place it comes from.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from oracles.domain.flow import FlowBatch
from oracles.traffic.compressed import CORRUPT, TooLarge, open_bytes, sha256_of
from oracles.traffic.errors import MalformedLog
from oracles.traffic.netflow_decode import IPFIX, V5, V5_HEADER, V5_RECORD, V9, Exports
from oracles.traffic.oneway import pair

MOST_BYTES: Final = 1 << 30


def is_netflow(start: bytes) -> bool:
    """Whether a decompressed file that starts so is a sequence of export messages."""
    version, count = (int.from_bytes(start[at : at + 2], "big") for at in (0, 2))
    if version == V5:
        return 1 <= count <= 30 and len(start) >= V5_HEADER.size
    if version == V9:
        return len(start) >= 24 and int.from_bytes(start[20:22], "big") in (0, 1, *range(256, 2048))
    return version == IPFIX and len(start) >= 20 and start[16] < 8 and count >= 20


def read_netflow(path: Path) -> FlowBatch:
    """The flows of a file of NetFlow v5, v9 or IPFIX messages, one-directional records paired.

    Refused records are counted with the reasons of ``Exports.add``, of ``oneway.pair`` and of
    ``flow.partition``, and truncated_file. Raises MalformedLog without a message, OSError on
    opening.
    """
    exports = Exports()
    truncated = False
    with open_bytes(path) as stream:
        try:
            content = stream.read(MOST_BYTES)
        except TooLarge as error:
            raise MalformedLog(path, str(error)) from error
        except CORRUPT:
            content, truncated = b"", True
    if not is_netflow(content):
        raise MalformedLog(path, "does not start with an export message")
    for message in _messages(content):
        exports.add(message)
    digest = sha256_of(path)
    flows, refused = pair(exports.take(), "netflow", digest)
    quarantine = exports.quarantine.merge(refused).plus("truncated_file", int(truncated))
    return FlowBatch(flows, quarantine, digest, "netflow")


def _messages(content: bytes) -> Iterator[bytes]:
    """Messages one after the other; a version that is none ends them with the rest as one."""
    at = 0
    while at < len(content):
        version, count = (int.from_bytes(content[at + k : at + k + 2], "big") for k in (0, 2))
        if version == V5:
            length = V5_HEADER.size + count * V5_RECORD
        elif version == IPFIX:
            length = count
        elif version == V9:
            length = _v9_length(content, at)
        else:
            length = len(content) - at
        length = max(length, 16)
        yield content[at : at + length]
        at += length


def _v9_length(content: bytes, at: int) -> int:
    """A v9 message does not say how long it is: its sets follow until one has no set's number."""
    end = at + 20
    while end + 4 <= len(content):
        kind, length = struct.unpack_from("!HH", content, end)
        if length < 4 or 2 <= kind < 256:
            break
        end += length
    return end - at
