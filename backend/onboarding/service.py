"""Keeps answers and challenges, and says what they mean for the onboarding decision."""

from __future__ import annotations

import secrets
from ipaddress import ip_address

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.client.signatures import BadSignature, personal_hash, recover

from ..applicants.service import find_applicant, find_asset
from ..applicants.tables import Applicant, Asset
from ..domain import control
from ..domain.control import Method
from ..domain.onboarding import Reason, Verdict
from ..domain.questionnaire import concerns, questionnaire
from ..http.context import Caller
from ..http.problems import Problem
from ..http.writes import Write
from .schemas import ChallengeOut, Instructions, NewAnswers, NewChallenge, VerifyChallenge
from .tables import AnsweredQuestionnaire, ControlChallenge

PENDING, CHECKING, PROVEN, EXPIRED = "pending", "checking", "proven", "expired"


def answer(write: Write, applicant_id: str, given: NewAnswers) -> AnsweredQuestionnaire:
    """Adds answers; those before stay.

    :raises Problem: not-found
    :raises UnknownQuestionnaire, AnswersDoNotFit: see the domain
    """
    applicant = find_applicant(write.session, write.caller, applicant_id)
    concerns(questionnaire(given.version), given.answers)
    last = write.session.scalar(
        select(func.max(AnsweredQuestionnaire.number)).where(
            AnsweredQuestionnaire.applicant_id == applicant.id
        )
    )
    row = AnsweredQuestionnaire(
        applicant_id=applicant.id,
        number=(last or 0) + 1,
        version=given.version,
        answers=dict(given.answers),
        answered_at=write.now,
    )
    write.session.add(row)
    return row


def newest_answers(session: Session, applicant_id: str) -> AnsweredQuestionnaire | None:
    query = select(AnsweredQuestionnaire).where(AnsweredQuestionnaire.applicant_id == applicant_id)
    return session.scalar(query.order_by(AnsweredQuestionnaire.number.desc()).limit(1))


def reasons_for(session: Session, asset: Asset, required: frozenset[str]) -> tuple[Reason, ...]:
    """What answers and proofs add to the decision on an asset.

    :param required: `questionnaire`, `control`: what the insurer wants to have of everybody
    """
    found: list[Reason] = []
    answered = newest_answers(session, asset.applicant_id)
    if answered is not None:
        found += concerns(questionnaire(answered.version), answered.answers)
    elif "questionnaire" in required:
        remedy = "answer the newest questionnaire"
        found.append(
            Reason("questionnaire_missing", Verdict.REFER, "no questionnaire is answered", remedy)
        )
    if "control" in required:
        proven = session.scalars(
            select(ControlChallenge.method).where(
                ControlChallenge.asset_id == asset.id, ControlChallenge.status == PROVEN
            )
        )
        found += control.reasons(map(Method, proven))
    return tuple(found)


def challenge(write: Write, asset_id: str, wish: NewChallenge) -> ControlChallenge:
    """Opens a challenge.

    :raises Problem: not-found; invalid-request, when the target does not fit the method
    """
    asset = find_asset(write.session, write.caller, asset_id)
    method, target = Method(wish.method), wish.target
    if method is Method.WALLET:
        if target is not None:
            raise _unfit("a wallet's challenge has no target: the applicant's wallet signs")
        target = write.session.get_one(Applicant, asset.applicant_id).wallet
    elif target is None:
        raise _unfit("give the name that leads to the asset")
    elif method is Method.DNS_TXT and _is_address(target):
        raise _unfit("a TXT record belongs to a name, not to an address")
    elif method is Method.HTTP_FILE and asset.definition["service"]["protocol"] == "tcp":
        raise _unfit("the asset's service does not speak HTTP")
    row = ControlChallenge(
        id=f"chl_{secrets.token_hex(10)}",
        asset_id=asset.id,
        platform_id=asset.platform_id,
        method=method.value,
        target=target,
        token=secrets.token_urlsafe(24),
        status=PENDING,
        detail="",
        created_at=write.now,
        expires_at=write.now + control.VALID_SECONDS,
        proven_at=None,
    )
    write.session.add(row)
    return row


def _unfit(detail: str) -> Problem:
    return Problem("invalid-request", detail, errors=[{"at": "body.target", "message": detail}])


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def find_challenge(session: Session, who: Caller, challenge_id: str) -> ControlChallenge:
    """
    :raises Problem: not-found, also for another platform's
    """
    row = session.get(ControlChallenge, challenge_id)
    if row is None or who.platform_id not in (None, row.platform_id):
        raise Problem("not-found", f"no challenge {challenge_id}")
    return row


def verify(write: Write, row: ControlChallenge, given: VerifyChallenge) -> None:
    """A wallet's signature is judged at once; names and files are looked at by the job.

    :raises Problem: conflict, signature-invalid
    """
    if row.status == PROVEN:
        return
    if row.expires_at <= write.now:
        row.status = EXPIRED
        return
    if row.method == Method.WALLET:
        _verify_wallet(write.session, row, given)
        row.status, row.proven_at, row.detail = PROVEN, write.now, "signed by the wallet"
    else:
        row.status, row.detail = CHECKING, ""


def _verify_wallet(session: Session, row: ControlChallenge, given: VerifyChallenge) -> None:
    if given.signature is None:
        raise Problem("signature-invalid", "send the wallet's signature over the content")
    text = instructions(session.get_one(Asset, row.asset_id), row).content
    try:
        signer = recover(personal_hash(text), bytes.fromhex(given.signature[2:]))
    except BadSignature as error:
        raise Problem("signature-invalid", str(error)) from error
    if signer != row.target:
        raise Problem("signature-invalid", f"signed by {signer}, not by {row.target}")


def instructions(asset: Asset, row: ControlChallenge) -> Instructions:
    """Where to put what."""
    if row.method == Method.WALLET:
        text = control.signed_text(row.token, asset.asset_hash, row.target)
        return Instructions(place=row.target, content=text)
    shown = control.content(row.token, asset.asset_hash)
    if row.method == Method.DNS_TXT:
        return Instructions(place=f"{control.RECORD}.{row.target}", content=shown)
    service = asset.definition["service"]
    host = f"[{row.target}]" if ":" in row.target else row.target
    url = f"{service['protocol']}://{host}:{service['port']}{control.PATH}{row.token}"
    return Instructions(place=url, content=shown)


def challenge_out(session: Session, row: ControlChallenge) -> ChallengeOut:
    names = (
        "id", "method", "target", "status", "detail", "created_at", "expires_at", "proven_at",
    )  # fmt: skip
    made = instructions(session.get_one(Asset, row.asset_id), row)
    fields = {name: getattr(row, name) for name in names}
    return ChallengeOut(asset=row.asset_id, instructions=made, **fields)
