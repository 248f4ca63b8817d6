"""Which ledger event is told to which platform, and with what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..applicants.service import asset_of_risk
from ..chain.tables import LedgerEvent
from ..events.schemas import plain
from ..ledger.tables import LedgerBordereau, LedgerPolicy
from ..platforms.tables import Platform
from ..policies.tables import Bind

TYPES = {
    ("PolicyBook", "PolicyBound"): "policy.bound",
    ("PolicyBook", "PolicyToppedUp"): "policy.topped_up",
    ("PolicyBook", "PolicyEndorsed"): "policy.endorsed",
    ("PolicyBook", "PolicyLapsed"): "policy.lapsed",
    ("PolicyBook", "PolicyCancelled"): "policy.cancelled",
    ("PolicyBook", "PolicyFinished"): "policy.finished",
    ("PolicyBook", "PolicyExpired"): "policy.expired",
    ("ClaimsDesk", "ClaimScheduled"): "claim.scheduled",
    ("ClaimsDesk", "ClaimApproved"): "claim.approved",
    ("ClaimsDesk", "ClaimRefused"): "claim.refused",
    ("ClaimsDesk", "ClaimPaid"): "claim.paid",
    ("ClaimsDesk", "CertificatesPaid"): "certificates.paid",
    ("CertificateBook", "BordereauPosted"): "bordereau.posted",
    ("CertificateBook", "BordereauCommitted"): "bordereau.posted",
    ("ExposureLedger", "BordereauExpired"): "bordereau.expired",
    ("Facility", "ExposureReserved"): "series.reserved",
    ("IncidentRegistry", "SlotsAttested"): "incident.attested",
}
"""Event → type of the message."""

PING = "ping"
ALL_TYPES = (*sorted(TYPES.values()), PING)


def message_of(event: LedgerEvent) -> dict[str, Any]:
    """The message's body: type, time, and the event with integers as text."""
    return {
        "type": TYPES[event.contract, event.name],
        "timestamp": event.timestamp,
        "data": {
            **plain(event.args),
            "block_number": event.block_number,
            "log_index": event.log_index,
            "transaction_hash": event.transaction_hash,
        },
    }


def platform_of(session: Session, event: LedgerEvent) -> str | None:
    """The platform that an event concerns, None when it concerns none."""
    values = event.args
    if event.contract in ("PolicyBook", "ClaimsDesk") and "policy" in values:
        policy = session.get(LedgerPolicy, values["policy"])
        bind = None if policy is None else session.get(Bind, policy.quote_digest)
        return None if bind is None else bind.platform_id
    if event.contract == "IncidentRegistry":
        asset = asset_of_risk(session, values["subject"])
        return None if asset is None else asset.platform_id
    wallet = values.get("platform")
    if wallet is None and "batch" in values:
        batch = session.get(LedgerBordereau, values["batch"])
        wallet = None if batch is None else batch.platform
    return session.scalar(select(Platform.id).where(Platform.wallet == wallet))
