"""One function for each operation of the API: what it makes is sent by a client.

The names, arguments and answers are those of the OpenAPI document; a test compares them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from ..applicants.schemas import ApplicantOut, AssetOut, NewApplicant, NewAsset
from ..assessments.schemas import AssessmentOut, ExplanationOut, RateOut, ScoreOut
from ..audit_rows.schemas import AuditChainOut, AuditRowOut
from ..certificates.schemas import (
    BatchOut,
    BordereauAccepted,
    BordereauOut,
    CertificateOut,
    NewBatch,
    NewBordereau,
    NewCertificate,
    ProofOut,
)
from ..claims.schemas import (
    ClaimOut,
    DecisionAccepted,
    HoldRequestOut,
    NewDecision,
    PayoutOut,
    ReferralOut,
)
from ..committee.schemas import MemberList
from ..disputes.schemas import DisputeAnswer, DisputeOut, NewDispute
from ..events.schemas import EventPage
from ..facility.schemas import (
    AgreedTerms,
    Deposit,
    DepositAccepted,
    FacilityOut,
    NewSeries,
    SeriesAccepted,
    SeriesOut,
)
from ..http.problem_pages import ProblemType, ProblemTypes
from ..http.schemas import Page
from ..incidents.api import IncidentList
from ..observability.api import Health, Ready
from ..onboarding.schemas import (
    AnswersOut,
    ChallengeOut,
    NewAnswers,
    NewChallenge,
    QuestionnaireList,
    QuestionnaireOut,
    VerifyChallenge,
)
from ..platforms.schemas import KeyCreated, KeyOut, NewKey, NewPlatform, PlatformOut
from ..policies.schemas import (
    CancellationPreview,
    EndorsementPreview,
    EvidenceOut,
    LifecycleOut,
    NewEndorsement,
    NewPolicy,
    NewReduction,
    NewTopUp,
    PolicyAccepted,
    PolicyOut,
    PremiumLedger,
    PremiumOut,
    WishedEndorsement,
)
from ..pools.schemas import CapacityOut, PoolList
from ..products.schemas import ProductOut
from ..quotes.schemas import NewQuote, QuoteOut
from ..sandbox.schemas import (
    Clock,
    MoveClock,
    StagedIncident,
    StagedScore,
    StageIncident,
    StageScore,
)
from ..templates.schemas import TemplateList, TemplateOut
from ..transactions.schemas import Accepted, TransactionOut
from ..wallets.schemas import MessageOut, NewSession, SessionCreated, SessionOut
from ..webhooks.schemas import (
    AttemptList,
    DeliveryOut,
    EndpointOut,
    EndpointWithSecret,
    NewEndpoint,
)

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request and the type of its answer."""

    method: str
    path: str
    answer: type[T]
    query: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    idempotency_key: str | None = None


def _json(body: BaseModel) -> bytes:
    return body.model_dump_json(exclude_unset=True).encode()


def _read(path: str, answer: type[T], **query: Any) -> Call[T]:
    return Call("GET", path, answer, {n: v for n, v in query.items() if v is not None})


def _send(path: str, answer: type[T], body: BaseModel) -> Call[T]:
    """A POST that stores nothing."""
    return Call("POST", path, answer, body=_json(body))


def _write(path: str, answer: type[T], body: BaseModel | None = None) -> Call[T]:
    content = None if body is None else _json(body)
    return Call("POST", path, answer, body=content, idempotency_key=uuid.uuid4().hex)


def create_platform(body: NewPlatform) -> Call[PlatformOut]:
    """Opens a platform."""
    return _write("/v1/platforms", PlatformOut, body)


def list_platforms(limit: int = 50, cursor: str | None = None) -> Call[Page[PlatformOut]]:
    """All platforms."""
    return _read("/v1/platforms", Page[PlatformOut], limit=limit, cursor=cursor)


def create_key(platform_id: str, body: NewKey) -> Call[KeyCreated]:
    """Makes a key; the answer is the only place where it is shown."""
    return _write(f"/v1/platforms/{platform_id}/keys", KeyCreated, body)


def list_keys(platform_id: str, limit: int = 50, cursor: str | None = None) -> Call[Page[KeyOut]]:
    """A platform's keys, without their secrets."""
    return _read(f"/v1/platforms/{platform_id}/keys", Page[KeyOut], limit=limit, cursor=cursor)


def revoke_key(platform_id: str, key_id: str) -> Call[KeyOut]:
    """Revokes a key; it stops working within two seconds in every process."""
    return _write(f"/v1/platforms/{platform_id}/keys/{key_id}:revoke", KeyOut)


def deposit_float(body: Deposit) -> Call[DepositAccepted]:
    """Moves premium float from the platform's custodied wallet to the facility."""
    return _write("/v1/facility/deposits", DepositAccepted, body)


def get_facility() -> Call[FacilityOut]:
    """The caller's float."""
    return _read("/v1/facility", FacilityOut)


def agree_terms(body: AgreedTerms) -> Call[Accepted]:
    """Lets the underwriter charge up to a price; without it nothing can be reserved."""
    return _write("/v1/facility/terms", Accepted, body)


def deposit_bond(body: Deposit) -> Call[DepositAccepted]:
    """Raises the underwriter's bond, which covers what is sold and not posted."""
    return _write("/v1/bond-deposits", DepositAccepted, body)


def create_series(body: NewSeries) -> Call[SeriesAccepted]:
    """Reserves exposure and serials on chain; certificates can be sold once it is on the …"""
    return _write("/v1/series", SeriesAccepted, body)


def list_series(limit: int = 50, cursor: str | None = None) -> Call[Page[SeriesOut]]:
    """The caller's series; the insurer sees all."""
    return _read("/v1/series", Page[SeriesOut], limit=limit, cursor=cursor)


def get_series(series_id: str) -> Call[SeriesOut]:
    """One series; 404 until its reservation is on the ledger."""
    return _read(f"/v1/series/{series_id}", SeriesOut)


def create_applicant(body: NewApplicant) -> Call[ApplicantOut]:
    """Takes an applicant in."""
    return _write("/v1/applicants", ApplicantOut, body)


def list_applicants(limit: int = 50, cursor: str | None = None) -> Call[Page[ApplicantOut]]:
    """The caller's applicants."""
    return _read("/v1/applicants", Page[ApplicantOut], limit=limit, cursor=cursor)


def get_applicant(applicant_id: str) -> Call[ApplicantOut]:
    """One applicant."""
    return _read(f"/v1/applicants/{applicant_id}", ApplicantOut)


def create_asset(applicant_id: str, body: NewAsset) -> Call[AssetOut]:
    """Stores an asset and registers it on chain, where only its keyed commitment is known."""
    return _write(f"/v1/applicants/{applicant_id}/assets", AssetOut, body)


def list_assets(
    applicant_id: str, limit: int = 50, cursor: str | None = None
) -> Call[Page[AssetOut]]:
    """An applicant's assets."""
    return _read(
        f"/v1/applicants/{applicant_id}/assets", Page[AssetOut], limit=limit, cursor=cursor
    )


def get_asset(asset_id: str) -> Call[AssetOut]:
    """One asset, with its risk index once it is registered."""
    return _read(f"/v1/assets/{asset_id}", AssetOut)


def list_questionnaires() -> Call[QuestionnaireList]:
    """Every version of the security questionnaire, newest first."""
    return _read("/v1/questionnaires", QuestionnaireList)


def get_questionnaire(version: int) -> Call[QuestionnaireOut]:
    """One version."""
    return _read(f"/v1/questionnaires/{version}", QuestionnaireOut)


def create_answers(applicant_id: str, body: NewAnswers) -> Call[AnswersOut]:
    """Answers a questionnaire; the newest answers count from the next block on."""
    return _write(f"/v1/applicants/{applicant_id}/answers", AnswersOut, body)


def list_answers(
    applicant_id: str, limit: int = 50, cursor: str | None = None
) -> Call[Page[AnswersOut]]:
    """An applicant's answers, newest first."""
    path = f"/v1/applicants/{applicant_id}/answers"
    return _read(path, Page[AnswersOut], limit=limit, cursor=cursor)


def create_control_challenge(asset_id: str, body: NewChallenge) -> Call[ChallengeOut]:
    """Opens a challenge that shows that the applicant controls the asset."""
    return _write(f"/v1/assets/{asset_id}/control-challenges", ChallengeOut, body)


def list_control_challenges(
    asset_id: str, limit: int = 50, cursor: str | None = None
) -> Call[Page[ChallengeOut]]:
    """An asset's challenges."""
    path = f"/v1/assets/{asset_id}/control-challenges"
    return _read(path, Page[ChallengeOut], limit=limit, cursor=cursor)


def get_control_challenge(challenge_id: str) -> Call[ChallengeOut]:
    """One challenge, with what to do and what the last look found."""
    return _read(f"/v1/control-challenges/{challenge_id}", ChallengeOut)


def verify_control_challenge(challenge_id: str, body: VerifyChallenge) -> Call[ChallengeOut]:
    """Asks to look at the record or file, which a job does; judges a wallet's signature at once."""
    return _write(f"/v1/control-challenges/{challenge_id}:verify", ChallengeOut, body)


def get_assessment(asset_id: str) -> Call[AssessmentOut]:
    """Whether the asset can be covered now, why, and what would change it."""
    return _read(f"/v1/assets/{asset_id}/assessment", AssessmentOut)


def get_score(risk: int) -> Call[ScoreOut]:
    """The last reported score of a risk; `stale` when new cover cannot be priced on it."""
    return _read(f"/v1/risks/{risk}/score", ScoreOut)


def list_scores(risk: int, limit: int = 50, cursor: str | None = None) -> Call[Page[ScoreOut]]:
    """Reported scores of a risk, newest first."""
    return _read(f"/v1/risks/{risk}/scores", Page[ScoreOut], limit=limit, cursor=cursor)


def get_explanation(risk: int, product: int, sum_insured: str) -> Call[ExplanationOut]:
    """Reasons of the newest score that evidence explains, and what each remedy would save."""
    path = f"/v1/risks/{risk}/explanation"
    return _read(path, ExplanationOut, product=product, sum_insured=sum_insured)


def create_dispute(risk: int, body: NewDispute) -> Call[DisputeOut]:
    """Disputes a reported score, once for each frame; the insurer sees it and answers once."""
    return _write(f"/v1/risks/{risk}/disputes", DisputeOut, body)


def list_disputes(
    limit: int = 50, cursor: str | None = None, open: bool = False
) -> Call[Page[DisputeOut]]:
    """The caller's disputes, or with `open` those without answer; the insurer sees all."""
    path = "/v1/score-disputes"
    return _read(path, Page[DisputeOut], limit=limit, cursor=cursor, open=open)


def get_dispute(dispute_id: str) -> Call[DisputeOut]:
    """One dispute."""
    return _read(f"/v1/score-disputes/{dispute_id}", DisputeOut)


def answer_dispute(dispute_id: str, body: DisputeAnswer) -> Call[DisputeOut]:
    """Answers a dispute; an answer is given once and stays."""
    return _write(f"/v1/score-disputes/{dispute_id}:answer", DisputeOut, body)


def list_rates(risk: int, limit: int = 50, cursor: str | None = None) -> Call[Page[RateOut]]:
    """Resets of the risk's premium rates, newest first."""
    return _read(f"/v1/risks/{risk}/rates", Page[RateOut], limit=limit, cursor=cursor)


def list_products(limit: int = 50, cursor: str | None = None) -> Call[Page[ProductOut]]:
    """All products, open and closed."""
    return _read("/v1/products", Page[ProductOut], limit=limit, cursor=cursor)


def get_product(product: int) -> Call[ProductOut]:
    """One product."""
    return _read(f"/v1/products/{product}", ProductOut)


def list_pools() -> Call[PoolList]:
    """The cells behind all cover, as they are at the latest block."""
    return _read("/v1/pools", PoolList)


def get_capacity(product: int, risk: int, dependencies: Sequence[int] = ()) -> Call[CapacityOut]:
    """How much more of a risk can be insured under a product now, and what bounds it."""
    path = f"/v1/products/{product}/capacity"
    return _read(path, CapacityOut, risk=risk, dependencies=list(dependencies))


def create_quote(body: NewQuote) -> Call[QuoteOut]:
    """An offer signed by the underwriter. It is not stored, so it needs no Idempotency-Key."""
    return _send("/v1/quotes", QuoteOut, body)


def create_policy(body: NewPolicy) -> Call[PolicyAccepted]:
    """Binds a quote from the platform's wallet, or prepares the transactions for the holder's."""
    return _write("/v1/policies", PolicyAccepted, body)


def list_policies(limit: int = 50, cursor: str | None = None) -> Call[Page[PolicyOut]]:
    """The caller's policies on the ledger; the insurer sees all."""
    return _read("/v1/policies", Page[PolicyOut], limit=limit, cursor=cursor)


def get_policy(policy: str) -> Call[PolicyOut]:
    """One policy."""
    return _read(f"/v1/policies/{policy}", PolicyOut)


def get_premium(policy: str) -> Call[PremiumOut]:
    """Premium consumed and left at the latest block."""
    return _read(f"/v1/policies/{policy}/premium", PremiumOut)


def get_premium_ledger(policy: str) -> Call[PremiumLedger]:
    """Every premium that was prepaid, earned or refunded, with its transaction."""
    return _read(f"/v1/policies/{policy}/premium-ledger", PremiumLedger)


def get_evidence(policy: str) -> Call[EvidenceOut]:
    """How much of the policy's time so far rests on evidence that can be replayed."""
    return _read(f"/v1/policies/{policy}/evidence", EvidenceOut)


def get_lifecycle(policy: str) -> Call[LifecycleOut]:
    """Each step of the insured's life with its time and transaction."""
    return _read(f"/v1/policies/{policy}/lifecycle", LifecycleOut)


def create_top_up(policy: str, body: NewTopUp) -> Call[Accepted]:
    """Prepays more premium from the platform's custodied wallet."""
    return _write(f"/v1/policies/{policy}/top-ups", Accepted, body)


def get_cancellation_preview(policy: str) -> Call[CancellationPreview]:
    """The refund if the policy were cancelled in the latest block."""
    return _read(f"/v1/policies/{policy}/cancellation-preview", CancellationPreview)


def create_cancellation(policy: str) -> Call[PolicyAccepted]:
    """Cancels from the holder's wallet if it is custodied, otherwise prepares the transaction."""
    return _write(f"/v1/policies/{policy}/cancellation", PolicyAccepted)


def preview_endorsement(policy: str, body: WishedEndorsement) -> Call[EndorsementPreview]:
    """Prices other cover for the rest of the term; like a quote it is signed and not stored."""
    return _send(f"/v1/policies/{policy}/endorsement-preview", EndorsementPreview, body)


def create_endorsement(policy: str, body: NewEndorsement) -> Call[PolicyAccepted]:
    """Takes a previewed quote up from the holder's wallet if custodied, otherwise prepares it."""
    return _write(f"/v1/policies/{policy}/endorsements", PolicyAccepted, body)


def create_reduction(policy: str, body: NewReduction) -> Call[PolicyAccepted]:
    """Lowers cover at once from the holder's wallet if custodied, otherwise prepares it."""
    return _write(f"/v1/policies/{policy}/reductions", PolicyAccepted, body)


def cover(body: NewCertificate) -> Call[CertificateOut]:
    """Covers one transaction: signed, stored, with a serial from the reserved series."""
    return _write("/v1/transactions:cover", CertificateOut, body)


def cover_batch(body: NewBatch) -> Call[BatchOut]:
    """Covers up to 1,000 transactions, all or none."""
    return _write("/v1/transactions:coverBatch", BatchOut, body)


def list_certificates(
    series: str, limit: int = 50, cursor: str | None = None
) -> Call[Page[CertificateOut]]:
    """A series' certificates in serial order."""
    return _read(
        "/v1/certificates", Page[CertificateOut], series=series, limit=limit, cursor=cursor
    )


def get_certificate(series: str, serial: int) -> Call[CertificateOut]:
    """One certificate."""
    return _read(f"/v1/certificates/{series}/{serial}", CertificateOut)


def get_proof(series: str, serial: int) -> Call[ProofOut]:
    """The certificate's leaf and Merkle path in its posted bordereau."""
    return _read(f"/v1/certificates/{series}/{serial}/proof", ProofOut)


def create_bordereau(body: NewBordereau) -> Call[BordereauAccepted]:
    """Posts what was sold now, without waiting for a full or old batch."""
    return _write("/v1/bordereaux", BordereauAccepted, body)


def list_bordereaux(limit: int = 50, cursor: str | None = None) -> Call[Page[BordereauOut]]:
    """Posted bordereaux of the caller; the insurer sees all."""
    return _read("/v1/bordereaux", Page[BordereauOut], limit=limit, cursor=cursor)


def get_bordereau(batch: int) -> Call[BordereauOut]:
    """One posted bordereau."""
    return _read(f"/v1/bordereaux/{batch}", BordereauOut)


def list_members() -> Call[MemberList]:
    """How each member of the committee in force did: agreement, delay, deviation, missed rounds."""
    return _read("/v1/committee/members", MemberList)


def list_incidents(subject: int | None = None, product: int | None = None) -> Call[IncidentList]:
    """Runs of lost slots, newest first; with a product, its merge gap closes gaps."""
    return _read("/v1/incidents", IncidentList, subject=subject, product=product)


def list_claims(limit: int = 50, cursor: str | None = None) -> Call[Page[ClaimOut]]:
    """Claims of the caller's policies; the insurer sees all."""
    return _read("/v1/claims", Page[ClaimOut], limit=limit, cursor=cursor)


def get_claim(claim: str) -> Call[ClaimOut]:
    """One claim."""
    return _read(f"/v1/claims/{claim}", ClaimOut)


def list_referrals(limit: int = 50, cursor: str | None = None) -> Call[Page[ReferralOut]]:
    """Claims that wait for assessors, with what there is to sign; the insurer sees all."""
    return _read("/v1/referrals", Page[ReferralOut], limit=limit, cursor=cursor)


def list_hold_requests(limit: int = 50, cursor: str | None = None) -> Call[Page[HoldRequestOut]]:
    """Holds that the fraud screen asks for, each with its reasons."""
    return _read("/v1/hold-requests", Page[HoldRequestOut], limit=limit, cursor=cursor)


def create_decision(claim: str, body: NewDecision) -> Call[DecisionAccepted]:
    """Takes an assessor's signed decision to the chain; two different ones that agree decide."""
    return _write(f"/v1/referrals/{claim}/decisions", DecisionAccepted, body)


def list_payouts(limit: int = 50, cursor: str | None = None) -> Call[Page[PayoutOut]]:
    """Payments of the caller's claims and certificates, oldest first."""
    return _read("/v1/payouts", Page[PayoutOut], limit=limit, cursor=cursor)


def list_events(
    limit: int = 50,
    cursor: str | None = None,
    after: str | None = None,
    subject: str | None = None,
    name: str | None = None,
) -> Call[EventPage]:
    """Ledger events after a cursor (`after` is the same), oldest first."""
    return _read(
        "/v1/events", EventPage, limit=limit, cursor=cursor, after=after, subject=subject, name=name
    )


def list_transactions(limit: int = 50, cursor: str | None = None) -> Call[Page[TransactionOut]]:
    """The caller's chain transactions, newest first; the insurer sees all."""
    return _read("/v1/chain-transactions", Page[TransactionOut], limit=limit, cursor=cursor)


def get_transaction(transaction_id: str) -> Call[TransactionOut]:
    """One chain transaction."""
    return _read(f"/v1/chain-transactions/{transaction_id}", TransactionOut)


def create_webhook_endpoint(body: NewEndpoint) -> Call[EndpointWithSecret]:
    """Tells a URL what happens to the platform's covers from now on, once it is final."""
    return _write("/v1/webhook-endpoints", EndpointWithSecret, body)


def list_webhook_endpoints(limit: int = 50, cursor: str | None = None) -> Call[Page[EndpointOut]]:
    """The caller's endpoints."""
    return _read("/v1/webhook-endpoints", Page[EndpointOut], limit=limit, cursor=cursor)


def get_webhook_endpoint(endpoint_id: str) -> Call[EndpointOut]:
    """One endpoint."""
    return _read(f"/v1/webhook-endpoints/{endpoint_id}", EndpointOut)


def rotate_webhook_secret(endpoint_id: str) -> Call[EndpointWithSecret]:
    """Makes a new secret; for a day the old one signs beside it."""
    return _write(f"/v1/webhook-endpoints/{endpoint_id}:rotate", EndpointWithSecret)


def enable_webhook_endpoint(endpoint_id: str) -> Call[EndpointOut]:
    """Goes on; what happened meanwhile is told now."""
    return _write(f"/v1/webhook-endpoints/{endpoint_id}:enable", EndpointOut)


def disable_webhook_endpoint(endpoint_id: str) -> Call[EndpointOut]:
    """Tells nothing until it is enabled again."""
    return _write(f"/v1/webhook-endpoints/{endpoint_id}:disable", EndpointOut)


def ping_webhook_endpoint(endpoint_id: str) -> Call[DeliveryOut]:
    """Sends a message of type `ping`."""
    return _write(f"/v1/webhook-endpoints/{endpoint_id}:ping", DeliveryOut)


def list_webhook_deliveries(
    endpoint_id: str, limit: int = 50, cursor: str | None = None
) -> Call[Page[DeliveryOut]]:
    """Messages to an endpoint, newest first."""
    return _read(
        f"/v1/webhook-endpoints/{endpoint_id}/deliveries",
        Page[DeliveryOut],
        limit=limit,
        cursor=cursor,
    )


def list_webhook_attempts(delivery_id: str) -> Call[AttemptList]:
    """Every attempt to deliver a message."""
    return _read(f"/v1/webhook-deliveries/{delivery_id}/attempts", AttemptList)


def replay_webhook_delivery(delivery_id: str) -> Call[DeliveryOut]:
    """Sends a message again, with the same id."""
    return _write(f"/v1/webhook-deliveries/{delivery_id}:replay", DeliveryOut)


def list_problem_types() -> Call[ProblemTypes]:
    """Every type of problem that the API can answer with."""
    return _read("/problems", ProblemTypes)


def get_problem_type(kind: str) -> Call[ProblemType]:
    """One type of problem."""
    return _read(f"/problems/{kind}", ProblemType)


def get_health() -> Call[Health]:
    """The process answers."""
    return _read("/health", Health)


def get_ready() -> Call[Ready]:
    """Database, node and indexer are fit for work; 503 when one is not."""
    return _read("/ready", Ready)


def move_clock(body: MoveClock) -> Call[Clock]:
    """Moves the development chain's clock on, for everybody who uses it."""
    return _send("/v1/sandbox/clock", Clock, body)


def stage_score(body: StageScore) -> Call[StagedScore]:
    """The committee reports a score for the next frame; other risks keep theirs."""
    return _send("/v1/sandbox/scores", StagedScore, body)


def stage_incident(body: StageIncident) -> Call[StagedIncident]:
    """Every member marks the risk's slots from now on as lost."""
    return _send("/v1/sandbox/incidents", StagedIncident, body)


def list_product_templates() -> Call[TemplateList]:
    """Every template, each cover line with its products or the reason why it is not offered."""
    return _read("/v1/product-templates", TemplateList)


def get_product_template(template: str) -> Call[TemplateOut]:
    """One template."""
    return _read(f"/v1/product-templates/{template}", TemplateOut)


def list_audit_rows(limit: int = 50, cursor: str | None = None) -> Call[Page[AuditRowOut]]:
    """The caller's own writes, oldest first."""
    return _read("/v1/audit-rows", Page[AuditRowOut], limit=limit, cursor=cursor)


def get_audit_chain() -> Call[AuditChainOut]:
    """Recomputes the caller's chain from its first row to its head."""
    return _read("/v1/audit-chain", AuditChainOut)


def get_sign_in_message(wallet: str) -> Call[MessageOut]:
    """The EIP-4361 text that a wallet signs to sign in; needs no key."""
    return _read("/v1/wallet-sessions/message", MessageOut, wallet=wallet)


def create_wallet_session(body: NewSession) -> Call[SessionCreated]:
    """Opens a session for whoever signed the message; the nonce in it stands for a key, once."""
    return _send("/v1/wallet-sessions", SessionCreated, body)


def get_wallet_session() -> Call[SessionOut]:
    """The session of the token."""
    return _read("/v1/wallet", SessionOut)


def delete_wallet_session() -> Call[SessionOut]:
    """Ends the session; its token stops working within two seconds in every process."""
    return _write("/v1/wallet:signOut", SessionOut)


def list_wallet_policies(limit: int = 50, cursor: str | None = None) -> Call[Page[PolicyOut]]:
    """Policies on the ledger whose holder is the wallet."""
    return _read("/v1/wallet/policies", Page[PolicyOut], limit=limit, cursor=cursor)


def list_wallet_claims(limit: int = 50, cursor: str | None = None) -> Call[Page[ClaimOut]]:
    """Claims of the wallet's policies."""
    return _read("/v1/wallet/claims", Page[ClaimOut], limit=limit, cursor=cursor)


def list_wallet_payouts(limit: int = 50, cursor: str | None = None) -> Call[Page[PayoutOut]]:
    """Payments to the wallet, oldest first."""
    return _read("/v1/wallet/payouts", Page[PayoutOut], limit=limit, cursor=cursor)
