"""Proof that an applicant controls an asset: what is to be shown, and what counts as shown.

A name or address counts only if it leads to the asset's own hosts; a signature by the applicant's
wallet shows who asks, not whose network it is, so with it alone a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from hmac import compare_digest
from ipaddress import ip_address, ip_network

from .onboarding import Reason, Verdict

RECORD = "_flowcover-challenge"
"""Label under which the TXT record is looked for."""

PATH = "/.well-known/flowcover/"
"""Where the file of a challenge is fetched; its name is the token."""

VALID_SECONDS = 7 * 86_400
"""How long a challenge may be met."""

REMEDY = "meet a control challenge of the asset by DNS or HTTP"


class Method(StrEnum):
    DNS_TXT = "dns_txt"
    HTTP_FILE = "http_file"
    WALLET = "wallet"


def content(token: str, asset_hash: str) -> str:
    """What the TXT record or the file holds: it fits no other challenge and no other asset."""
    return f"flowcover-control={token}.{asset_hash[2:34]}"


def signed_text(token: str, asset_hash: str, wallet: str) -> str:
    """What the applicant's wallet signs (EIP-191)."""
    return (
        f"{wallet} applies for cover of the asset {asset_hash} at flowcover.\n\n"
        f"This costs nothing and moves nothing.\n\nChallenge: {token}"
    )


def shows(found: Iterable[str], expected: str) -> bool:
    """Whether one of the texts, spaces around it aside, is the expected one."""
    return any(compare_digest(text.strip().encode(), expected.encode()) for text in found)


def belongs(address: str, hosts: Iterable[str], cidrs: Iterable[str]) -> bool:
    """Whether an address is one of the asset's."""
    given = ip_address(address)
    return any(given == ip_address(host) for host in hosts) or any(
        given in ip_network(cidr) for cidr in cidrs
    )


def reasons(proven: Iterable[Method]) -> tuple[Reason, ...]:
    """What the methods that were proven leave open."""
    by = set(proven)
    if by & {Method.DNS_TXT, Method.HTTP_FILE}:
        return ()
    if Method.WALLET in by:
        detail = "the wallet signed, nothing shows that the network is the applicant's"
        return (Reason("control_by_wallet_only", Verdict.REFER, detail, REMEDY),)
    detail = "nothing shows that the applicant controls the asset"
    return (Reason("control_unproven", Verdict.REFER, detail, REMEDY),)
