"""Takes applicants and assets in; an asset gets its risk index on chain through the outbox."""

from __future__ import annotations

import hmac
import secrets

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..chain.tables import ChainTransaction
from ..http.context import Caller
from ..http.problems import Problem
from ..http.writes import Write
from ..ledger.tables import LedgerRisk
from ..transactions.schemas import TransactionOut
from ..transactions.service import queue_call
from .schemas import AssetOut, NewApplicant, NewAsset
from .tables import Applicant, Asset


def add_applicant(write: Write, wish: NewApplicant) -> Applicant:
    row = Applicant(
        id=f"app_{secrets.token_hex(10)}",
        platform_id=write.platform_id,
        name=wish.name,
        country=wish.country,
        industry=wish.industry,
        wallet=wish.wallet,
        created_at=write.now,
    )
    write.session.add(row)
    return row


def find_applicant(session: Session, who: Caller, applicant_id: str) -> Applicant:
    """
    :raises Problem: not-found, also for another platform's
    """
    row = session.get(Applicant, applicant_id)
    if row is None or who.platform_id not in (None, row.platform_id):
        raise Problem("not-found", f"no applicant {applicant_id}")
    return row


def find_asset(session: Session, who: Caller, asset_id: str) -> Asset:
    """
    :raises Problem: not-found, also for another platform's
    """
    row = session.get(Asset, asset_id)
    if row is None or who.platform_id not in (None, row.platform_id):
        raise Problem("not-found", f"no asset {asset_id}")
    return row


def commitment(key: str, definition: dict[str, object]) -> str:
    """HMAC-SHA256 of the asset's canonical JSON: says nothing without the key."""
    return "0x" + hmac.digest(key.encode(), rfc8785.dumps(definition), "sha256").hex()  # type: ignore[arg-type]


def add_asset(write: Write, applicant_id: str, wish: NewAsset) -> tuple[Asset, ChainTransaction]:
    """Stores an asset and queues its registration by the underwriter's key.

    :raises Problem: not-found; conflict, when the applicant has this very asset
    """
    applicant = find_applicant(write.session, write.caller, applicant_id)
    definition = {
        "applicant": applicant.id,
        **wish.model_dump(include={"hosts", "cidrs", "service"}, mode="json"),
    }
    asset_hash = commitment(write.at.settings.commitment_key, definition)
    if write.session.scalar(select(Asset).where(Asset.asset_hash == asset_hash)) is not None:
        raise Problem("conflict", "the applicant has this asset already")
    sender = write.at.keyring.underwriter.address
    arguments = (applicant.wallet, bytes.fromhex(asset_hash[2:]), wish.base_score)
    key = f"risk:{asset_hash}"
    queued = queue_call(write, sender, key, "RiskRegister", "registerRisk", *arguments)
    row = Asset(
        id=f"ast_{secrets.token_hex(10)}",
        applicant_id=applicant.id,
        platform_id=applicant.platform_id,
        name=wish.name,
        definition=definition,
        has_sensor=wish.has_sensor,
        asset_hash=asset_hash,
        base_score=wish.base_score,
        transaction_id=queued.id,
        created_at=write.now,
    )
    write.session.add(row)
    return row, queued


def risk_of(session: Session, asset_hash: str) -> int | None:
    """The asset's index on the ledger."""
    return session.scalar(select(LedgerRisk.risk).where(LedgerRisk.asset_hash == asset_hash))


def asset_of_risk(session: Session, risk: int) -> Asset | None:
    """The asset behind a risk, if it was registered here."""
    query = select(Asset).join(LedgerRisk, LedgerRisk.asset_hash == Asset.asset_hash)
    return session.scalar(query.where(LedgerRisk.risk == risk))


def require_risk(session: Session, who: Caller, risk: int) -> Asset | None:
    """The asset behind a risk that the caller may see; the insurer may see all.

    :raises Problem: not-found
    """
    asset = asset_of_risk(session, risk)
    if who.platform_id is None:
        if asset is None and session.get(LedgerRisk, risk) is None:
            raise Problem("not-found", f"no risk {risk}")
        return asset
    if asset is None or asset.platform_id != who.platform_id:
        raise Problem("not-found", f"no risk {risk}")
    return asset


def asset_out(session: Session, row: Asset) -> AssetOut:
    queued = session.scalars(
        select(ChainTransaction).where(ChainTransaction.id == row.transaction_id)
    ).one()
    risk = risk_of(session, row.asset_hash)
    return AssetOut(
        id=row.id,
        applicant=row.applicant_id,
        name=row.name,
        asset_hash=row.asset_hash,
        base_score=row.base_score,
        risk=risk,
        status="registered"
        if risk is not None
        else "failed"
        if queued.status == "failed"
        else "registering",
        transaction=TransactionOut.of(queued),
    )
