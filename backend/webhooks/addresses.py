"""Which addresses webhooks may be sent to: public ones, checked at each attempt and then pinned."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

IpAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], list[str]]


class AddressRefused(Exception):
    """A URL that no webhook is sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the checked address, under the name of the URL."""

    url: httpx.URL
    host: str
    address: IpAddress

    @property
    def pinned(self) -> httpx.URL:
        """The URL with the checked address for its name, so that nothing is resolved again."""
        return self.url.copy_with(host=str(self.address))


def system_resolver(host: str, port: int) -> list[str]:
    """Addresses of a name, as the system knows them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressRefused(f"{host} does not resolve") from error
    return [str(entry[4][0]) for entry in found]


def is_public(address: IpAddress) -> bool:
    """Neither private, loopback, link-local, multicast, reserved, nor an IPv4 one in disguise."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped is not None:
        return is_public(mapped)
    return address.is_global and not address.is_multicast and not address.is_reserved


def target_of(text: str, permitted: Sequence[Network], resolve: Resolve) -> Target:
    """The checked target of a URL; every address of its name must be allowed.

    :param permitted: private networks that are allowed all the same, also without TLS
    :raises AddressRefused: another scheme than https, credentials in the URL, a private address
    """
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise AddressRefused("not a URL") from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise AddressRefused("https://host[:port]/path without credentials")
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = [ip_address(found.split("%")[0]) for found in resolve(url.host, port)]
    if not addresses:
        raise AddressRefused(f"{url.host} does not resolve")
    known = [any(address in network for network in permitted) for address in addresses]
    if url.scheme == "http" and not all(known):
        raise AddressRefused("only https")
    for address, is_permitted in zip(addresses, known, strict=True):
        if not is_permitted and not is_public(address):
            raise AddressRefused(f"{url.host} has the address {address}, which is not public")
    return Target(url, url.host, addresses[0])


def networks(text: str) -> tuple[Network, ...]:
    """Networks of a comma-separated list."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
