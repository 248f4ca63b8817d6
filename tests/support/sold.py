"""Certificates that Ulla signs for the facility's world, as a holder keeps them."""

from __future__ import annotations

from typing import Any

from contracts.client.messages import Certificate, Domain, digest
from contracts.client.signatures import sign

from .facility import CHAIN_ID, COVER_UNIT, TENOR, ULLA_KEY, World

COMMIT_SECONDS = 3_600


def certificate(
    world: World, series: tuple[Any, ...], serial: int, start: int, units: int = 10, **change: Any
) -> Certificate:
    """A certificate of a series whose holder and payee are numbered like its serial."""
    fields: dict[str, Any] = {
        "series": bytes.fromhex(str(world.facility.seriesId(series))[2:]),
        "platform": series[1],
        "product": series[2],
        "risk_index": series[3],
        "holder": f"0x{0xB000 + serial:040x}",
        "payee": f"0x{0xC000 + serial:040x}",
        "transaction_hash": serial.to_bytes(32, "big"),
        "sum_insured": units * COVER_UNIT,
        "premium": units * series[4],
        "start": start,
        "end": start + TENOR,
        "score_frame": 7,
        "terms_hash": b"\x07" * 32,
        "serial": serial,
        "commit_by": start + COMMIT_SECONDS,
        "salt": bytes(32),
    }
    return Certificate(**(fields | change))


def signature(world: World, message: Certificate, key: bytes = ULLA_KEY) -> bytes:
    """The underwriter's, as handed over at the sale."""
    return sign(digest(message, Domain("CertificateBook", CHAIN_ID, world.book.address)), key)


def struct(message: Certificate) -> tuple[Any, ...]:
    """The certificate as the contracts take it."""
    return tuple(getattr(message, name) for name in Certificate.__slots__)
