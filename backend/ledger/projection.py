"""Folds events into the ledger tables; one function an event, found by contract and name.

An object is named by its *subject*, `kind:key`. Events that change no object of the ledger have the
subject of their contract and leave only their row in `events`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from contracts.client.certificates import unpack_indices
from contracts.client.claims import cover_of_claim
from contracts.client.events import Event
from contracts.client.messages import NO_SENSOR_DATA, unpack_scores

from ..certificates.tables import SoldCertificate
from ..chain.tables import LedgerEvent
from .tables import (
    LedgerBond,
    LedgerBordereau,
    LedgerClaim,
    LedgerClaimedCertificate,
    LedgerDecision,
    LedgerFloat,
    LedgerHash,
    LedgerMasks,
    LedgerPayout,
    LedgerPolicy,
    LedgerProduct,
    LedgerRate,
    LedgerRateReset,
    LedgerRisk,
    LedgerScore,
    LedgerSeries,
)

Values = dict[str, Any]
Apply = Callable[[Session, LedgerEvent, Values], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """Which object an event changes, and how."""

    subject: Callable[[Values], str]
    apply: Apply | None


GROUP = 16
"""Risks whose scores and rates move together."""

RULES: dict[tuple[str, str], Rule] = {}


def on(
    contract: str, name: str, subject: str | Callable[[Values], str]
) -> Callable[[Apply], Apply]:
    """Registers a rule; `subject` is a pattern over the event's values, such as policy:{policy}."""

    def register(apply: Apply) -> Apply:
        made = subject if callable(subject) else lambda values: subject.format(**values)
        RULES[contract, name] = Rule(made, apply)
        return apply

    return register


def recorded(contract: str, name: str, subject: str) -> None:
    """An event that belongs to an object's history and changes none of its columns."""
    RULES[contract, name] = Rule(lambda values: subject.format(**values), None)


class LedgerProjector:
    """The projector of `backend.chain.indexer`."""

    def subject(self, event: Event) -> str:
        rule = RULES.get((event.contract, event.name))
        return f"contract:{event.contract}" if rule is None else rule.subject(event.values)

    def apply(self, session: Session, event: LedgerEvent) -> None:
        rule = RULES.get((event.contract, event.name))
        if rule is not None and rule.apply is not None:
            rule.apply(session, event, event.args)

    def forget(self, session: Session, subject: str) -> None:
        kind, _, key = subject.partition(":")
        for remove in FORGET.get(kind, ()):
            session.execute(remove(key))


# -- products, risks, scores, rates ----------------------------------------------------------------


@on("ProductBook", "ProductRegistered", "product:{product}")
def _product_registered(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add(
        LedgerProduct(
            product=v["product"],
            terms_hash=v["termsHash"],
            terms=v["terms"],
            table_word=v["table"],
            is_open=True,
        )
    )


@on("ProductBook", "ProductClosed", "product:{product}")
def _product_closed(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerProduct, v["product"]).is_open = False


@on("RiskRegister", "RiskRegistered", "risk:{risk}")
def _risk_registered(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add(
        LedgerRisk(
            risk=v["risk"],
            applicant=v["applicant"],
            asset_hash=v["assetHash"],
            base_score=v["baseScore"],
        )
    )


@on("RiskFeed", "ScoresReported", "scores:{frame}.{firstRisk}")
def _scores_reported(session: Session, event: LedgerEvent, v: Values) -> None:
    scores = unpack_scores(bytes.fromhex(v["scores"][2:]))
    uncapped = unpack_scores(bytes.fromhex(v["uncapped"][2:])) or scores
    for lane, (score, median) in enumerate(zip(scores, uncapped, strict=True)):
        if score != NO_SENSOR_DATA:
            session.add(
                LedgerScore(
                    risk=v["firstRisk"] + lane,
                    frame=v["frame"],
                    first_risk=v["firstRisk"],
                    score=score,
                    uncapped=median,
                    model_hash=v["modelHash"],
                    reported_at=event.timestamp,
                    transaction_hash=event.transaction_hash,
                )
            )


def _group(values: Values) -> str:
    """Rates are reset 16 risks at a time, so they are folded by product and group of risks."""
    risk = values["risk"] if "risk" in values else values["firstRisk"]
    return f"rates:{values['product']}.{risk // GROUP}"


@on("RateIndex", "IndexStarted", _group)
def _index_started(session: Session, event: LedgerEvent, v: Values) -> None:
    session.merge(LedgerRate(product=v["product"], risk=v["risk"], rate=v["rate"], running=True))


@on("RateIndex", "RateReset", _group)
def _rate_reset(session: Session, event: LedgerEvent, v: Values) -> None:
    unit = session.get_one(LedgerProduct, v["product"]).terms["rateUnit"]
    for lane in range(GROUP):
        if v["lanes"] >> lane & 1:
            risk = v["firstRisk"] + lane
            after = (v["ratesAfter"] >> (16 * lane) & 0xFFFF) * unit
            session.get_one(LedgerRate, (v["product"], risk)).rate = after
            session.add(
                LedgerRateReset(
                    block_hash=event.block_hash,
                    log_index=event.log_index,
                    risk=risk,
                    product=v["product"],
                    rate_before=(v["ratesBefore"] >> (16 * lane) & 0xFFFF) * unit,
                    rate_after=after,
                    block_number=event.block_number,
                    reset_at=event.timestamp,
                    transaction_hash=event.transaction_hash,
                )
            )


@on("RateIndex", "IndexStopped", _group)
def _index_stopped(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerRate, (v["product"], v["risk"])).running = False


# -- policies --------------------------------------------------------------------------------------


@on("PolicyBook", "PolicyBound", "policy:{policy}")
def _policy_bound(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add(
        LedgerPolicy(
            policy=v["policy"],
            quote_digest=v["quoteDigest"],
            product=v["product"],
            risk=v["risk"],
            holder=v["holder"],
            applicant=v["applicant"],
            payer=v["payer"],
            sum_insured=v["sumInsured"],
            loss_per_hour=v["lossPerHour"],
            rate=v["rate"],
            loading=v["loading"],
            premium_paid=v["premium"],
            premium_earned=0,
            refunded=0,
            start=v["start"],
            end=v["end"],
            status="in_force",
            released=False,
            transaction_hash=event.transaction_hash,
        )
    )


@on("PolicyBook", "PolicyToppedUp", "policy:{policy}")
def _policy_topped_up(session: Session, event: LedgerEvent, v: Values) -> None:
    row = session.get_one(LedgerPolicy, v["policy"])
    row.premium_paid += v["amount"]
    if v["newSegment"]:
        row.status = "in_force"


@on("PolicyBook", "PolicyLapsed", "policy:{policy}")
def _policy_lapsed(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerPolicy, v["policy"]).status = "lapsed"


@on("PolicyBook", "PolicyCancelled", "policy:{policy}")
def _policy_cancelled(session: Session, event: LedgerEvent, v: Values) -> None:
    row = session.get_one(LedgerPolicy, v["policy"])
    row.status, row.end = "cancelled", v["end"]
    row.refunded += v["refund"]


@on("PolicyBook", "PolicyEndorsed", "policy:{policy}")
def _policy_endorsed(session: Session, event: LedgerEvent, v: Values) -> None:
    """The terms agreed last, which may act later; cover at a second is the contract's to say."""
    row = session.get_one(LedgerPolicy, v["policy"])
    row.sum_insured, row.loss_per_hour = v["sumInsured"], v["lossPerHour"]
    row.rate, row.loading = v["rate"], v["loading"]


@on("PolicyBook", "PolicyFinished", "policy:{policy}")
def _policy_finished(session: Session, event: LedgerEvent, v: Values) -> None:
    row = session.get_one(LedgerPolicy, v["policy"])
    row.end = v["end"]
    row.refunded += v["refund"]
    if row.status == "in_force":
        row.status = "expired"


@on("PolicyBook", "PolicyExpired", "policy:{policy}")
def _policy_expired(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerPolicy, v["policy"]).released = True


@on("PolicyBook", "PremiumEarned", "policy:{policy}")
def _premium_earned(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerPolicy, v["policy"]).premium_earned += v["amount"]


# -- facility and certificates ---------------------------------------------------------------------


def _balance(session: Session, event: LedgerEvent, v: Values) -> None:
    session.merge(LedgerFloat(platform=v["platform"], balance=v["balance"]))


def _bond(session: Session, event: LedgerEvent, v: Values) -> None:
    session.merge(LedgerBond(underwriter=v["underwriter"], bond=v["balance"]))


for _name in ("FloatDeposited", "FloatWithdrawn", "FloatDrawn"):
    on("Facility", _name, "float:{platform}")(_balance)
for _name in ("BondDeposited", "BondWithdrawn", "BondPaid"):
    on("Facility", _name, "bond:{underwriter}")(_bond)


@on("Facility", "ExposureReserved", "series:{series}")
def _exposure_reserved(session: Session, event: LedgerEvent, v: Values) -> None:
    row = session.get(LedgerSeries, v["series"])
    if row is None:
        terms = v["terms"]
        row = LedgerSeries(
            series=v["series"],
            underwriter=v["underwriter"],
            platform=v["platform"],
            product=terms["product"],
            risk=terms["risk"],
            premium_per_unit=terms["premiumPerUnit"],
            expiry_bucket=terms["expiryBucket"],
            leaf_kind=terms["leafKind"],
            reserved=0,
            released=0,
            first_serial=v["firstSerial"],
            next_serial=v["firstSerial"],
        )
        session.add(row)
    row.reserved += v["exposure"]
    row.next_serial = v["firstSerial"] + v["serials"]


@on("Facility", "ReservationReleased", "series:{series}")
def _reservation_released(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerSeries, v["series"]).released += v["exposure"]


@on("CertificateBook", "BordereauCommitted", "bordereau:{batch}")
@on("CertificateBook", "BordereauPosted", "bordereau:{batch}")
def _bordereau_posted(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add(
        LedgerBordereau(
            batch=v["batch"],
            series=v["series"],
            platform=v["platform"],
            product=v["product"],
            risk=v["risk"],
            first_serial=v["firstSerial"],
            size=v["size"],
            base=v["base"],
            exposure=v["exposure"],
            premium=v["premium"],
            root=v["root"],
            leaf_file_hash=v.get("leafFileHash"),
            expired=False,
            posted_at=event.timestamp,
            transaction_hash=event.transaction_hash,
        )
    )
    session.execute(
        update(SoldCertificate)
        .where(
            SoldCertificate.series == v["series"],
            SoldCertificate.serial >= v["firstSerial"],
            SoldCertificate.serial < v["firstSerial"] + v["size"],
        )
        .values(batch=v["batch"], index=SoldCertificate.serial - v["firstSerial"])
    )


@on("ExposureLedger", "BordereauExpired", "bordereau:{batch}")
def _bordereau_expired(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerBordereau, v["batch"]).expired = True


@on("CertificateBook", "CertificatesClaimed", "bordereau:{batch}")
def _certificates_claimed(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add_all(
        LedgerClaimedCertificate(
            batch=v["batch"],
            index=index,
            run_start=v["runStart"],
            transaction_hash=event.transaction_hash,
        )
        for index in unpack_indices(bytes.fromhex(v["indices"][2:]))
    )


# -- incidents, claims, payouts --------------------------------------------------------------------


@on("IncidentRegistry", "SlotsAttested", "masks:{subject}.{epoch}")
def _slots_attested(session: Session, event: LedgerEvent, v: Values) -> None:
    session.merge(
        LedgerMasks(
            subject=v["subject"],
            epoch=v["epoch"],
            lost=v["lostMask"],
            attacked=v["attackMask"],
            attested_at=event.timestamp,
        )
    )


def _claim(session: Session, event: LedgerEvent, v: Values) -> LedgerClaim:
    row = session.get(LedgerClaim, v["claim"])
    if row is None:
        cover = cover_of_claim(v["claim"])
        row = LedgerClaim(
            claim=v["claim"],
            policy=0 if cover.is_bordereau else cover.number,
            run_start=cover.run_start,
            status="open",
            instant=0,
            waiting=0,
            scheduled=0,
            reviewed=0,
            refused=0,
            opened_at=event.timestamp,
        )
        session.add(row)
    return row


@on("ClaimsDesk", "ClaimPaid", "claim:{claim}")
def _claim_paid(session: Session, event: LedgerEvent, v: Values) -> None:
    row = _claim(session, event, v)
    if v["reviewed"]:
        row.reviewed += v["amount"]
    else:
        row.instant += v["amount"]
        if v["seconds_"] == 0:
            row.waiting -= v["amount"]
    if row.status == "open":
        row.status = "paid"
    cover = cover_of_claim(v["claim"])
    session.add(
        LedgerPayout(
            block_hash=event.block_hash,
            log_index=event.log_index,
            block_number=event.block_number,
            cover="certificates" if cover.is_bordereau else "policy",
            number=cover.number,
            claim=v["claim"],
            run_start=row.run_start,
            payee=v["payee"],
            amount=v["amount"],
            count=1,
            seconds=v["seconds_"],
            reviewed=v["reviewed"],
            transaction_hash=event.transaction_hash,
            paid_at=event.timestamp,
        )
    )


@on("ClaimsDesk", "ClaimScheduled", "claim:{claim}")
def _claim_scheduled(session: Session, event: LedgerEvent, v: Values) -> None:
    row = _claim(session, event, v)
    row.status, row.scheduled = "scheduled", v["amount"]
    row.decide_from, row.decide_until = v["decideFrom"], v["deadline"]


@on("ClaimsDesk", "PaymentDelayed", "claim:{claim}")
def _payment_delayed(session: Session, event: LedgerEvent, v: Values) -> None:
    _claim(session, event, v).waiting += v["amount"]


@on("ClaimsDesk", "ClaimHeld", "claim:{claim}")
def _claim_held(session: Session, event: LedgerEvent, v: Values) -> None:
    row = _claim(session, event, v)
    row.status, row.held_until = "held", v["until"]


@on("AppealBoard", "ClaimChallenged", "claim:{claim}")
def _claim_challenged(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerClaim, v["claim"]).status = "challenged"


@on("ClaimsDesk", "ReviewStarted", "claim:{claim}")
def _review_started(session: Session, event: LedgerEvent, v: Values) -> None:
    row = session.get_one(LedgerClaim, v["claim"])
    row.status = "scheduled"
    row.decide_from, row.decide_until = v["decideFrom"], v["deadline"]


@on("ClaimsDesk", "AssessorDecided", "claim:{claim}")
def _assessor_decided(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add(
        LedgerDecision(
            block_hash=event.block_hash,
            log_index=event.log_index,
            claim=v["claim"],
            assessor=v["assessor"],
            approve=v["approve"],
            reason_hash=v["reasonHash"],
            decided_at=event.timestamp,
        )
    )


@on("ClaimsDesk", "ClaimApproved", "claim:{claim}")
def _claim_approved(session: Session, event: LedgerEvent, v: Values) -> None:
    row = session.get_one(LedgerClaim, v["claim"])
    row.status = "approved"


@on("ClaimsDesk", "ClaimRefused", "claim:{claim}")
def _claim_refused(session: Session, event: LedgerEvent, v: Values) -> None:
    row = session.get_one(LedgerClaim, v["claim"])
    row.status, row.refused = "refused", v["amount"]


@on("ClaimsDesk", "CertificatesPaid", "bordereau:{batch}")
def _certificates_paid(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add(
        LedgerPayout(
            block_hash=event.block_hash,
            log_index=event.log_index,
            block_number=event.block_number,
            cover="certificates",
            number=v["batch"],
            claim=None,
            run_start=v["runStart"],
            payee=v["payee"],
            amount=v["amount"],
            count=v["count"],
            seconds=None,
            reviewed=False,
            transaction_hash=event.transaction_hash,
            paid_at=event.timestamp,
        )
    )


# -- registry of hashes ----------------------------------------------------------------------------


@on("ModelRegistry", "HashApproved", "hash:{hash}")
def _hash_approved(session: Session, event: LedgerEvent, v: Values) -> None:
    session.add(LedgerHash(hash=v["hash"], kind=v["kind"], uri=v["uri"], retired_from=None))


@on("ModelRegistry", "HashRetired", "hash:{hash}")
def _hash_retired(session: Session, event: LedgerEvent, v: Values) -> None:
    session.get_one(LedgerHash, v["hash"]).retired_from = v["from"]


recorded("RiskRegister", "DependencyRegistered", "dependency:{dependency}")
recorded("IncidentRegistry", "ObservationsRecorded", "masks:{subject}.{epoch}")
recorded("OracleCommittee", "CommitteeProposed", "committee:{version}")
recorded("OracleCommittee", "CommitteeCancelled", "committee:{version}")
recorded("OracleCommittee", "MemberSuspended", "committee:{version}")
for _name in ("ChallengeUpheld", "ChallengeRejected", "ChallengeLapsed"):
    recorded("AppealBoard", _name, "claim:{claim}")


# -- forgetting ------------------------------------------------------------------------------------


def _pair(key: str) -> tuple[int, int]:
    first, _, second = key.partition(".")
    return int(first), int(second)


def _by(column: Any, parse: Callable[[str], Any] = int) -> Callable[[str], Any]:
    return lambda key: delete(column.class_).where(column == parse(key))


def _by_pair(first: Any, second: Any) -> Callable[[str], Any]:
    def remove(key: str) -> Any:
        one, two = _pair(key)
        return delete(first.class_).where(first == one, second == two)

    return remove


def _by_group(table: type[LedgerRate] | type[LedgerRateReset]) -> Callable[[str], Any]:
    def remove(key: str) -> Any:
        product, group = _pair(key)
        first, after = group * GROUP, (group + 1) * GROUP
        return delete(table).where(
            table.product == product, table.risk >= first, table.risk < after
        )

    return remove


FORGET: dict[str, tuple[Callable[[str], Any], ...]] = {
    "product": (_by(LedgerProduct.product),),
    "risk": (_by(LedgerRisk.risk),),
    "scores": (_by_pair(LedgerScore.frame, LedgerScore.first_risk),),
    "rates": (_by_group(LedgerRate), _by_group(LedgerRateReset)),
    "policy": (_by(LedgerPolicy.policy),),
    "float": (_by(LedgerFloat.platform, str),),
    "bond": (_by(LedgerBond.underwriter, str),),
    "series": (_by(LedgerSeries.series, str),),
    "bordereau": (
        _by(LedgerBordereau.batch),
        _by(LedgerClaimedCertificate.batch),
        lambda key: delete(LedgerPayout).where(
            LedgerPayout.cover == "certificates",
            LedgerPayout.number == int(key),
            LedgerPayout.claim.is_(None),
        ),
        lambda key: (
            update(SoldCertificate)
            .where(SoldCertificate.batch == int(key))
            .values(batch=None, index=None)
        ),
    ),
    "masks": (_by_pair(LedgerMasks.subject, LedgerMasks.epoch),),
    "claim": (
        _by(LedgerClaim.claim, str),
        _by(LedgerDecision.claim, str),
        _by(LedgerPayout.claim, str),
    ),
    "hash": (_by(LedgerHash.hash, str),),
}
"""What to undo for each kind of subject."""
