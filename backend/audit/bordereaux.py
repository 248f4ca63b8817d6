"""The three bordereaux as rows: risk, premium, claims; changes when a column is added.

Columns follow the fields of Lloyd's Coverholder Reporting Standards v5.2 as far as the ledger knows
them, and end with the proof of each row: chain, contract, transaction, block, log index and terms
hash. Money is in token units, times are UTC. Names of insureds are not on the chain, so a wallet
stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from backend.audit.checks import Parameters, leaves_of
from backend.audit.ledger import (
    HOLDER_PUSHED,
    Event,
    Ledger,
    Row,
    certificate,
    certificates,
    hexed,
    leaf_width,
    places,
)

Kind = Literal["text", "number", "money", "time"]
PERILS = ("service_attack", "service_outage", "dependency_outage")


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


def columns(*pairs: tuple[str, Kind]) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in pairs)


HEAD = columns(
    ("Reporting Period End", "time"),
    ("Unique Market Reference", "text"),
    ("Coverholder", "text"),
    ("Class of Business", "text"),
    ("Certificate Reference", "text"),
)
PROOF = columns(
    ("Chain Id", "number"),
    ("Contract", "text"),
    ("Transaction", "text"),
    ("Block", "number"),
    ("Log Index", "number"),
    ("Terms Hash", "text"),
)
RISK = (
    *HEAD,
    *columns(
        ("Type of Insurance", "text"),
        ("Insured", "text"),
        ("Insured Risk", "number"),
        ("Peril", "text"),
        ("Risk Inception Date", "time"),
        ("Risk Expiry Date", "time"),
        ("Sum Insured Currency", "text"),
        ("Sum Insured Amount", "money"),
        ("Loss per Hour", "money"),
        ("Waiting Period Seconds", "number"),
        ("Coverage Lag Seconds", "number"),
        ("Gross Written Premium", "money"),
    ),
    *PROOF,
)
PREMIUM = (
    *HEAD,
    *columns(
        ("Transaction Type", "text"),
        ("Transaction Date", "time"),
        ("Original Currency", "text"),
        ("Gross Premium Paid", "money"),
        ("Premium Earned", "money"),
        ("Return Premium", "money"),
        ("Coverholder Commission", "money"),
        ("Fees", "money"),
        ("Net Premium to Junior Capital", "money"),
        ("Net Premium to Senior Capital", "money"),
    ),
    *PROOF,
)
CLAIMS = (
    *HEAD,
    *columns(
        ("Claim Reference", "text"),
        ("Claim Status", "text"),
        ("Date of Loss From", "time"),
        ("Date of Loss To", "time"),
        ("Date of Movement", "time"),
        ("Loss Description", "text"),
        ("Payee", "text"),
        ("Original Currency", "text"),
        ("Paid Indemnity", "money"),
        ("Change of Reserve", "money"),
        ("Refused", "money"),
    ),
    *PROOF,
)


def moment(second: int) -> str:
    """ISO 8601 of a chain second."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Source:
    """What the rows are made of."""

    ledger: Ledger
    parameters: Parameters
    calldata: Any
    currency: str

    def terms(self, product: int) -> Row:
        return self.ledger.terms[product]

    def proof(self, event: Event, product: int | None) -> tuple[Any, ...]:
        terms = hexed(self.terms(product)["termsHash"]) if product is not None else ""
        return (
            self.parameters.chain_id,
            self.parameters.addresses[event.contract],
            event.transaction,
            event.block,
            event.index,
            terms,
        )

    def head(self, product: int | None, coverholder: str, reference: str) -> tuple[Any, ...]:
        business = f"product {product}" if product is not None else ""
        market = f"{self.parameters.addresses['Cell']}/{product if product is not None else 0}"
        return (moment(self.parameters.now), market, coverholder, business, reference)

    def policy(self, number: int) -> Row:
        return self.ledger.row("ledger_policies", number)

    def leaves(self, batch: Row) -> bytes:
        """Records of a bordereau; none when its leaf file is missing, which is a finding."""
        try:
            return leaves_of(batch, self.calldata, self.parameters.leaf_files)
        except ValueError:
            return b""


# -- risk ------------------------------------------------------------------------------------------


def risk_rows(source: Source) -> Iterator[tuple[Any, ...]]:
    """One row a policy and one a certificate."""
    for event in source.ledger.named("PolicyBook", "PolicyBound"):
        row = source.policy(event.args["policy"])
        terms = source.terms(row["product"])
        yield (
            *source.head(row["product"], row["payer"], f"policy {row['policy']}"),
            "Direct, streamed",
            row["holder"],
            row["risk"],
            PERILS[terms["peril"]],
            moment(row["start"]),
            moment(row["end"]),
            source.currency,
            row["sum_insured"],
            row["loss_per_hour"],
            terms["waitingPeriod"],
            terms["coverageLag"],
            row["premium_paid"],
            *source.proof(event, row["product"]),
        )
    for event in source.ledger.posted.values():
        yield from _certificate_risks(source, event)


def _certificate_risks(source: Source, event: Event) -> Iterator[tuple[Any, ...]]:
    batch = source.ledger.row("ledger_bordereaux", event.args["batch"])
    series = source.ledger.row("ledger_series", batch["series"])
    terms = source.terms(batch["product"])
    proof = source.proof(event, batch["product"])
    for leaf in certificates(batch, source.leaves(batch)):
        yield (
            *source.head(batch["product"], batch["platform"], reference(leaf)),
            "Direct, per transaction",
            leaf["holder"],
            batch["risk"],
            PERILS[terms["peril"]],
            moment(leaf["start"]),
            moment(leaf["start"] + terms["term"]),
            source.currency,
            leaf["units"] * terms["unit"],
            0,
            terms["waitingPeriod"],
            terms["coverageLag"],
            leaf["units"] * series["premium_per_unit"],
            *proof,
        )


def reference(leaf: Row) -> str:
    """A certificate by batch and place."""
    return f"certificate {leaf['batch']}/{leaf['index']}"


# -- premium ---------------------------------------------------------------------------------------

PREMIUM_EVENTS = {
    ("PolicyBook", "PolicyBound"): "Original premium",
    ("PolicyBook", "PolicyToppedUp"): "Additional premium",
    ("PolicyBook", "PremiumEarned"): "Earned premium",
    ("PolicyBook", "PolicyCancelled"): "Return premium",
    ("PolicyBook", "PolicyFinished"): "Return premium",
    ("Facility", "FloatDrawn"): "Original premium, per transaction",
    ("Cell", "PremiumCollected"): "Allocation",
}


def premium_rows(source: Source) -> Iterator[tuple[Any, ...]]:
    """One row a movement of premium."""
    for event in source.ledger.events:
        kind = PREMIUM_EVENTS.get((event.contract, event.name))
        if kind is None:
            continue
        a = event.args
        product, coverholder, cover = _premium_of(source, event)
        paid = earned = returned = commission = fees = junior = senior = 0
        match event.name:
            case "PolicyBound":
                paid = a["premium"]
            case "PolicyToppedUp":
                paid = a["amount"]
            case "PremiumEarned":
                earned = a["amount"]
            case "PolicyCancelled" | "PolicyFinished":
                returned = a["refund"]
                if not returned:
                    continue
            case "FloatDrawn":
                paid, commission = a["premium"], a["commission"]
                earned = paid - commission
            case "PremiumCollected":
                fees, junior, senior = a["fee"], a["toJunior"], a["toSenior"]
        yield (
            *source.head(product, coverholder, cover),
            kind,
            moment(event.time),
            source.currency,
            paid,
            earned,
            returned,
            commission,
            fees,
            junior,
            senior,
            *source.proof(event, product),
        )


def _premium_of(source: Source, event: Event) -> tuple[int | None, str, str]:
    """Product, coverholder and cover of a movement."""
    if event.contract == "PolicyBook":
        row = source.policy(event.args["policy"])
        return row["product"], row["payer"], f"policy {row['policy']}"
    if event.contract == "Facility":
        series = source.ledger.row("ledger_series", hexed(event.args["series"]))
        return series["product"], series["platform"], f"series {series['series']}"
    return None, event.args["from"], ""


# -- claims ----------------------------------------------------------------------------------------


def claim_rows(source: Source) -> Iterator[tuple[Any, ...]]:
    """One row a movement of a claim, and one a certificate paid."""
    for event in source.ledger.events:
        if (event.contract, event.name) == ("CertificateBook", "CertificatesClaimed"):
            yield from _certificates_paid(source, event)
        elif event.contract == "ClaimsDesk" and event.name in (
            "ClaimPaid",
            "ClaimScheduled",
            "ClaimRefused",
        ):
            yield _claim_movement(source, event)


def _claim_movement(source: Source, event: Event) -> tuple[Any, ...]:
    a = event.args
    claim = source.ledger.row("ledger_claims", hexed(a["claim"]))
    row = source.policy(claim["policy"])
    paid = reserve = refused = 0
    match event.name:
        case "ClaimPaid":
            paid, status = a["amount"], "paid after review" if a["reviewed"] else "paid"
            reserve = -paid if a["reviewed"] else 0
        case "ClaimScheduled":
            reserve, status = a["amount"], "before assessors"
        case _:
            refused, reserve, status = a["amount"], -a["amount"], "refused"
    started = claim["run_start"] * source.parameters.slot_length
    terms = source.terms(row["product"])
    lasted = a.get("seconds_", 0)
    return (
        *source.head(row["product"], row["payer"], f"policy {row['policy']}"),
        claim["claim"],
        status,
        moment(started),
        moment(started + lasted) if lasted else "",
        moment(event.time),
        PERILS[terms["peril"]],
        a.get("payee", row["holder"]),
        source.currency,
        paid,
        reserve,
        refused,
        *source.proof(event, row["product"]),
    )


def _certificates_paid(source: Source, event: Event) -> Iterator[tuple[Any, ...]]:
    a = event.args
    batch = source.ledger.row("ledger_bordereaux", a["batch"])
    terms = source.terms(batch["product"])
    leaves = source.leaves(batch)
    pushed = source.ledger.series_terms[batch["series"]]["leafKind"] == HOLDER_PUSHED
    started = a["runStart"] * source.parameters.slot_length
    for index in places(a["indices"]):
        known = index < len(leaves) // leaf_width(batch)
        leaf = certificate(batch, leaves, index) if known else None
        yield (
            *source.head(batch["product"], batch["platform"], f"certificate {a['batch']}/{index}"),
            f"batch {a['batch']} run {a['runStart']}",
            "paid",
            moment(started),
            "",
            moment(event.time),
            PERILS[terms["peril"]],
            leaf["holder"] if leaf and pushed else batch["platform"],
            source.currency,
            leaf["units"] * terms["unit"] if leaf else 0,
            0,
            0,
            *source.proof(event, batch["product"]),
        )


@dataclass(frozen=True)
class Bordereau:
    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Source], Iterable[tuple[Any, ...]]]


BORDEREAUX = (
    Bordereau("risk", RISK, risk_rows),
    Bordereau("premium", PREMIUM, premium_rows),
    Bordereau("claims", CLAIMS, claim_rows),
)
