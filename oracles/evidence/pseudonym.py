"""Keyed names for addresses, so that batches and evidence hold no personal data; changes when their
form does.

A name has the form of an address, in the IPv6 range for local use (fd00::/8), so that everything
that reads addresses reads names too. An auditor who is given the key computes the name of an
address and finds it in the evidence; without the key a name leads nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address
from typing import Final

SHORTEST_KEY: Final = 16


class Pseudonyms:
    """Names of addresses under one key of at least 16 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"a pseudonym key has at least {SHORTEST_KEY} bytes, not {len(key)}")
        self._key = key

    def host(self, address: str) -> str:
        """The name of an address or host name: fd00::/8 and 120 bits of HMAC-SHA-256.

        Addresses are taken in their canonical text, so all spellings of one have one name.
        """
        try:
            text = str(ip_address(address.strip("[]")))
        except ValueError:
            text = address.lower()
        mac = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        return str(IPv6Address(b"\xfd" + mac[:15]))

    def target(self, target: str) -> str:
        """``host:port`` with the host's name in place of the host; the port stays."""
        host, separator, port = target.rpartition(":")
        return f"[{self.host(host)}]:{port}" if separator else self.host(target)
