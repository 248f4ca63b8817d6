"""What a control challenge asks the network: addresses of a name, its TXT records, one file."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dpkt
import httpx

from ..webhooks.addresses import Resolve, system_resolver

TIMEOUT = 5.0
MOST_BYTES = 4_096
PORT = 53


class LookupFailed(Exception):
    """The network did not answer; the message says what was asked."""


def _nameservers() -> list[str]:
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    return [line.split()[1] for line in lines if line.startswith("nameserver ")]


def txt_records(name: str, servers: list[str] | None = None, port: int = PORT) -> list[str]:
    """TXT records of a name, asked of the system's name servers over UDP.

    :raises LookupFailed: no server answered the question
    """
    query = dpkt.dns.DNS(
        id=random.SystemRandom().randrange(1 << 16),
        qd=[dpkt.dns.DNS.Q(name=name, type=dpkt.dns.DNS_TXT)],
    )
    for server in _nameservers() if servers is None else servers:
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.settimeout(TIMEOUT)
            try:
                asked.connect((server, port))
                asked.send(bytes(query))
                found = dpkt.dns.DNS(asked.recv(MOST_BYTES))
            except (OSError, dpkt.Error, IndexError):
                continue
        if found.id == query.id and found.qd and found.qd[0].name.lower() == name.lower():
            return [
                b"".join(part.encode() if isinstance(part, str) else part for part in answer.text)
                .decode("utf-8", "replace")
                for answer in found.an
                if answer.type == dpkt.dns.DNS_TXT
            ]  # fmt: skip
    raise LookupFailed(f"no name server answers for {name}")


def fetch_file(url: str, address: str) -> str:
    """The beginning of a file, from this address alone, without following anything.

    :raises LookupFailed: no answer, or another status than 200
    """
    asked = httpx.URL(url)
    headers = {"Host": asked.netloc.decode()}
    pinned = asked.copy_with(host=address)
    try:
        with (
            httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "GET", pinned, headers=headers, extensions={"sni_hostname": asked.host}
            ) as answer,
        ):
            if answer.status_code != 200:
                raise LookupFailed(f"{url} answers {answer.status_code}")
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise LookupFailed(f"{url} is longer than {MOST_BYTES} bytes")
    except httpx.HTTPError as error:
        raise LookupFailed(f"{url}: {type(error).__name__}") from error
    return body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Lookups:
    """The three questions; tests give their own answers."""

    resolve: Resolve = system_resolver
    txt: Callable[[str], list[str]] = txt_records
    fetch: Callable[[str, str], str] = field(default=fetch_file)
