"""Folds the chain's events, in order, into the ledger: plain rows by table and key.

Tables and columns carry the names under which the backend stores the same objects, so that
database.py can compare the two. The fold trusts the events; checks.py recomputes what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from backend.audit.rules import NO_SENSOR_DATA, lanes

Row = dict[str, Any]
Key = tuple[Any, ...]
LEAF = 24
COMMITTED_LEAF = 34
HOLDER_PUSHED = 2
"""Leaf kind of a series whose records name holders, each of whom is paid."""


@dataclass(frozen=True)
class Event:
    """One decoded event with its place on the chain."""

    contract: str
    name: str
    args: Row
    block: int
    block_hash: str
    transaction: str
    index: int
    time: int

    @property
    def place(self) -> str:
        return f"block {self.block}, log {self.index}, transaction {self.transaction}"


@dataclass
class Ledger:
    """Rows by table and key, and the events they were folded from."""

    tables: dict[str, dict[Key, Row]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    units: dict[int, int] = field(default_factory=dict)
    """Rate unit of each product, 1e18 a year."""
    terms: dict[int, Row] = field(default_factory=dict)
    """Terms of each product."""
    tables_of: dict[int, int] = field(default_factory=dict)
    """Packed rate table of each product."""
    series_terms: dict[str, Row] = field(default_factory=dict)
    """Terms of each series of certificates, by its id."""
    orphans: list[Event] = field(default_factory=list)
    """Events of an object of which no event tells how it came to be."""
    posted: dict[int, Event] = field(default_factory=dict)
    """The event that put each bordereau on the chain."""
    epochs: dict[int, list[int]] = field(default_factory=dict)
    """Epochs with attested slots, by subject."""
    of_policy: dict[int, list[Event]] = field(default_factory=dict)
    """Events of the policy book about each policy, in chain order."""
    _by_name: dict[tuple[str, str], list[Event]] = field(default_factory=dict)

    def put(self, table: str, key: Key, row: Row) -> None:
        self.tables.setdefault(table, {})[key] = row

    def row(self, table: str, *key: Any) -> Row:
        return self.tables[table][key]

    def rows(self, table: str) -> dict[Key, Row]:
        return self.tables.get(table, {})

    def named(self, contract: str, name: str) -> list[Event]:
        """Events of one kind, in chain order."""
        return self._by_name.get((contract, name), [])

    def take(self, event: Event) -> None:
        """Folds one event; one that changes no row is only kept."""
        self.events.append(event)
        self._by_name.setdefault((event.contract, event.name), []).append(event)
        if event.contract == "PolicyBook" and "policy" in event.args:
            self.of_policy.setdefault(event.args["policy"], []).append(event)
        rule = FOLDS.get((event.contract, event.name))
        if rule is None:
            return
        try:
            rule(self, event, event.args)
        except KeyError:
            self.orphans.append(event)


Fold = Callable[[Ledger, Event, Row], None]
FOLDS: dict[tuple[str, str], Fold] = {}


def folds(contract: str, name: str) -> Callable[[Fold], Fold]:
    def keep(rule: Fold) -> Fold:
        FOLDS[contract, name] = rule
        return rule

    return keep


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


# -- risks, scores, rates --------------------------------------------------------------------------


def resets(ledger: Ledger, args: Row) -> list[tuple[int, int]]:
    """Risk and new rate, 1e18 a year, of each lane that a RateReset names."""
    unit = ledger.units[args["product"]]
    return [
        (args["firstRisk"] + lane, (args["ratesAfter"] >> 16 * lane & 0xFFFF) * unit)
        for lane in range(16)
        if args["lanes"] >> lane & 1
    ]


@folds("ProductBook", "ProductRegistered")
def _product(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.units[a["product"]] = a["terms"]["rateUnit"]
    ledger.terms[a["product"]] = a["terms"]
    ledger.tables_of[a["product"]] = a["table"]


@folds("RiskRegister", "RiskRegistered")
def _risk(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.put(
        "ledger_risks",
        (a["risk"],),
        {
            "risk": a["risk"],
            "applicant": a["applicant"],
            "asset_hash": hexed(a["assetHash"]),
            "base_score": a["baseScore"],
        },
    )


@folds("RiskFeed", "ScoresReported")
def _scores(ledger: Ledger, event: Event, a: Row) -> None:
    effective = lanes(a["scores"])
    medians = lanes(a["uncapped"]) or effective
    for lane, (score, uncapped) in enumerate(zip(effective, medians, strict=True)):
        if score == NO_SENSOR_DATA:
            continue
        risk = a["firstRisk"] + lane
        ledger.put(
            "ledger_scores",
            (risk, a["frame"]),
            {
                "risk": risk,
                "frame": a["frame"],
                "score": score,
                "uncapped": uncapped,
                "model_hash": hexed(a["modelHash"]),
                "reported_at": event.time,
                "transaction_hash": event.transaction,
            },
        )


@folds("RateIndex", "IndexStarted")
def _index_started(ledger: Ledger, event: Event, a: Row) -> None:
    key = (a["product"], a["risk"])
    row = {"product": a["product"], "risk": a["risk"], "rate": a["rate"], "running": True}
    ledger.put("ledger_rates", key, row)


@folds("RateIndex", "RateReset")
def _rate_reset(ledger: Ledger, event: Event, a: Row) -> None:
    for risk, rate in resets(ledger, a):
        ledger.row("ledger_rates", a["product"], risk)["rate"] = rate


@folds("RateIndex", "IndexStopped")
def _index_stopped(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.row("ledger_rates", a["product"], a["risk"])["running"] = False


# -- policies --------------------------------------------------------------------------------------


@folds("PolicyBook", "PolicyBound")
def _bound(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.put(
        "ledger_policies",
        (a["policy"],),
        {
            "policy": a["policy"],
            "quote_digest": hexed(a["quoteDigest"]),
            "product": a["product"],
            "risk": a["risk"],
            "holder": a["holder"],
            "applicant": a["applicant"],
            "payer": a["payer"],
            "sum_insured": a["sumInsured"],
            "loss_per_hour": a["lossPerHour"],
            "rate": a["rate"],
            "loading": a["loading"],
            "premium_paid": a["premium"],
            "premium_earned": 0,
            "refunded": 0,
            "start": a["start"],
            "end": a["end"],
            "released": False,
            "transaction_hash": event.transaction,
        },
    )


@folds("PolicyBook", "PolicyToppedUp")
def _topped_up(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.row("ledger_policies", a["policy"])["premium_paid"] += a["amount"]


@folds("PolicyBook", "PremiumEarned")
def _earned(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.row("ledger_policies", a["policy"])["premium_earned"] += a["amount"]


@folds("PolicyBook", "PolicyCancelled")
def _cancelled(ledger: Ledger, event: Event, a: Row) -> None:
    row = ledger.row("ledger_policies", a["policy"])
    row["refunded"] += a["refund"]
    row["end"] = a["end"]


@folds("PolicyBook", "PolicyEndorsed")
def _endorsed(ledger: Ledger, event: Event, a: Row) -> None:
    row = ledger.row("ledger_policies", a["policy"])
    row["sum_insured"], row["loss_per_hour"] = a["sumInsured"], a["lossPerHour"]
    row["rate"], row["loading"] = a["rate"], a["loading"]


@folds("PolicyBook", "PolicyFinished")
def _finished(ledger: Ledger, event: Event, a: Row) -> None:
    row = ledger.row("ledger_policies", a["policy"])
    row["refunded"] += a["refund"]
    row["end"] = a["end"]


@folds("PolicyBook", "PolicyExpired")
def _expired(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.row("ledger_policies", a["policy"])["released"] = True


# -- certificates ----------------------------------------------------------------------------------


@folds("Facility", "ExposureReserved")
def _reserved(ledger: Ledger, event: Event, a: Row) -> None:
    key = (hexed(a["series"]),)
    terms = a["terms"]
    ledger.series_terms[key[0]] = terms
    row = ledger.rows("ledger_series").get(key) or {
        "series": key[0],
        "underwriter": a["underwriter"],
        "platform": a["platform"],
        "product": terms["product"],
        "risk": terms["risk"],
        "premium_per_unit": terms["premiumPerUnit"],
        "reserved": 0,
        "released": 0,
    }
    row["reserved"] += a["exposure"]
    ledger.put("ledger_series", key, row)


@folds("Facility", "ReservationReleased")
def _reservation_released(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.row("ledger_series", hexed(a["series"]))["released"] += a["exposure"]


@folds("CertificateBook", "BordereauCommitted")
@folds("CertificateBook", "BordereauPosted")
def _posted(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.posted[a["batch"]] = event
    ledger.put(
        "ledger_bordereaux",
        (a["batch"],),
        {
            "batch": a["batch"],
            "series": hexed(a["series"]),
            "platform": a["platform"],
            "product": a["product"],
            "risk": a["risk"],
            "first_serial": a["firstSerial"],
            "size": a["size"],
            "base": a["base"],
            "exposure": a["exposure"],
            "premium": a["premium"],
            "root": hexed(a["root"]),
            "leaf_file_hash": hexed(a["leafFileHash"]) if "leafFileHash" in a else None,
            "expired": False,
            "posted_at": event.time,
            "transaction_hash": event.transaction,
        },
    )


@folds("ExposureLedger", "BordereauExpired")
def _bordereau_expired(ledger: Ledger, event: Event, a: Row) -> None:
    ledger.row("ledger_bordereaux", a["batch"])["expired"] = True


def places(packed: bytes) -> list[int]:
    """Indices of claimed certificates, four bytes each in their event."""
    return [int.from_bytes(packed[at : at + 4], "big") for at in range(0, len(packed), 4)]


@folds("CertificateBook", "CertificatesClaimed")
def _claimed(ledger: Ledger, event: Event, a: Row) -> None:
    for index in places(a["indices"]):
        row = {
            "batch": a["batch"],
            "index": index,
            "run_start": a["runStart"],
            "transaction_hash": event.transaction,
        }
        ledger.put("ledger_claimed_certificates", (a["batch"], index), row)


# -- incidents, claims, payouts --------------------------------------------------------------------


@folds("IncidentRegistry", "SlotsAttested")
def _masks(ledger: Ledger, event: Event, a: Row) -> None:
    epochs = ledger.epochs.setdefault(a["subject"], [])
    if a["epoch"] not in epochs:
        epochs.append(a["epoch"])
    ledger.put(
        "ledger_masks",
        (a["subject"], a["epoch"]),
        {
            "subject": a["subject"],
            "epoch": a["epoch"],
            "lost": a["lostMask"],
            "attacked": a["attackMask"],
            "attested_at": event.time,
        },
    )


IS_BORDEREAU = 1 << 128
SIXTY_FOUR_BITS = 2**64 - 1


def cover_of(claim: bytes) -> tuple[str, int, int]:
    """What a claim's number says: policy or certificates, number of the cover, first slot."""
    number = int.from_bytes(claim, "big")
    kind = "certificates" if number & IS_BORDEREAU else "policy"
    return kind, number >> 64 & SIXTY_FOUR_BITS, number & SIXTY_FOUR_BITS


def _claim_row(ledger: Ledger, claim: bytes) -> Row:
    """The claim's row, made when an event names it for the first time."""
    key = (hexed(claim),)
    if key not in ledger.rows("ledger_claims"):
        kind, number, run = cover_of(claim)
        row: Row = {"claim": key[0], "policy": number if kind == "policy" else 0, "run_start": run}
        row |= dict.fromkeys(("instant", "waiting", "scheduled", "reviewed", "refused"), 0)
        ledger.put("ledger_claims", key, row)
    return ledger.row("ledger_claims", *key)


def was_waiting(event: Event) -> bool:
    """Whether a ClaimPaid pays what a ceiling or a pause had made wait: it names no seconds."""
    return not event.args["reviewed"] and event.args["seconds_"] == 0


@folds("ClaimsDesk", "ClaimPaid")
def _claim_paid(ledger: Ledger, event: Event, a: Row) -> None:
    claim = _claim_row(ledger, a["claim"])
    claim["reviewed" if a["reviewed"] else "instant"] += a["amount"]
    if was_waiting(event):
        claim["waiting"] -= a["amount"]
    kind, number, run = cover_of(a["claim"])
    _payout(ledger, event, kind, number, run, a["reviewed"], 1)


@folds("ClaimsDesk", "PaymentDelayed")
def _delayed(ledger: Ledger, event: Event, a: Row) -> None:
    _claim_row(ledger, a["claim"])["waiting"] += a["amount"]


@folds("ClaimsDesk", "ClaimScheduled")
def _scheduled(ledger: Ledger, event: Event, a: Row) -> None:
    _claim_row(ledger, a["claim"])["scheduled"] = a["amount"]


@folds("ClaimsDesk", "ClaimRefused")
def _refused(ledger: Ledger, event: Event, a: Row) -> None:
    _claim_row(ledger, a["claim"])["refused"] = a["amount"]


@folds("ClaimsDesk", "CertificatesPaid")
def _certificates_paid(ledger: Ledger, event: Event, a: Row) -> None:
    _payout(ledger, event, "certificates", a["batch"], a["runStart"], False, a["count"])


def _payout(
    ledger: Ledger, event: Event, cover: str, number: int, run: int, reviewed: bool, count: int
) -> None:
    ledger.put(
        "ledger_payouts",
        (event.block_hash, event.index),
        {
            "block_hash": event.block_hash,
            "log_index": event.index,
            "block_number": event.block,
            "cover": cover,
            "number": number,
            "run_start": run,
            "payee": event.args["payee"],
            "amount": event.args["amount"],
            "count": count,
            "reviewed": reviewed,
            "transaction_hash": event.transaction,
            "paid_at": event.time,
        },
    )


def leaf_width(row: Row) -> int:
    """Bytes of one record of a bordereau."""
    return LEAF if row["leaf_file_hash"] is None else COMMITTED_LEAF


def certificate(row: Row, leaves: bytes, index: int) -> Row:
    """One certificate of a bordereau from its records: 20 + 2 + 2 bytes each when it was posted,
    20 + 2 + 3 + 9 when it was committed."""
    width = leaf_width(row)
    leaf = leaves[index * width : (index + 1) * width]
    offset = leaf[22:24] if width == LEAF else leaf[22:25]
    return {
        "series": row["series"],
        "serial": row["first_serial"] + index,
        "batch": row["batch"],
        "index": index,
        "holder": hexed(leaf[:20]),
        "units": int.from_bytes(leaf[20:22], "big"),
        "start": row["base"] + int.from_bytes(offset, "big"),
    }


def certificates(row: Row, leaves: bytes) -> Iterator[Row]:
    """The certificates of a bordereau, in order."""
    count = len(leaves) // leaf_width(row)
    return (certificate(row, leaves, index) for index in range(count))
