"""Product templates: what a buyer of cyber cover looks for, and which of it a ledger can settle.

A cover line is parametric when its loss shows from outside and its payout follows from declared
numbers. Every other line is named with the reason why it needs a person, so that no buyer takes
silence for cover.
"""

from __future__ import annotations

from dataclasses import dataclass

from .products import Peril


@dataclass(frozen=True, slots=True)
class Line:
    """One cover line: the peril that triggers it and how it pays, or why it is not offered."""

    name: str
    peril: Peril | None
    trigger: str
    payout: str
    reason: str


@dataclass(frozen=True, slots=True)
class Template:
    """A set of lines for one kind of buyer."""

    name: str
    audience: str
    lines: tuple[Line, ...]


HOURLY = (
    "seconds of lost service beyond the waiting period x declared loss per hour / 3600, rounded "
    "down, at most the sum insured"
)
INTENT = "whether and how much is owed depends on people's acts and on documents"


def _offered(name: str, peril: Peril, trigger: str, payout: str = HOURLY) -> Line:
    return Line(name, peril, trigger, payout, "")


def _adjuster(name: str, reason: str) -> Line:
    return Line(name, None, "", "", reason)


BUSINESS_INTERRUPTION = _offered(
    "business_interruption",
    Peril.SERVICE_OUTAGE,
    "a quorum of members outside the insured's control finds the service lost",
)
DDOS_DEFENCE = _offered(
    "ddos_defence_cost",
    Peril.SERVICE_ATTACK,
    "the service is lost while upstream flows show an attack on it",
)
SERVICE_OUTAGE = _offered(
    "service_outage", Peril.SERVICE_OUTAGE, "the service is lost, whatever the cause"
)
DEPENDENCY_OUTAGE = _offered(
    "dependency_outage",
    Peril.DEPENDENCY_OUTAGE,
    "a shared dependency and the insured's own service are lost in the same slots",
)
TRANSACTION = _offered(
    "transaction_protection",
    Peril.SERVICE_ATTACK,
    "the transaction falls into a run of lost and attacked slots that pays",
    "the transaction's sum insured, once",
)
DATA_RESTORATION = _adjuster(
    "data_restoration", "what was lost and what restoring it costs shows only inside the insured"
)
BREACH_NOTIFICATION = _adjuster(
    "breach_notification", "whose data left, and under which law, shows only inside the insured"
)
EXTORTION = _adjuster(
    "extortion", "a demand can be staged by whoever would be paid, and paying it may be forbidden"
)
LIABILITY = _adjuster("liability", f"a third party's claim is argued, not measured: {INTENT}")
FRAUDULENT_TRANSFER = _adjuster(
    "fraudulent_transfer", f"deception cannot be told from consent by traffic: {INTENT}"
)

TEMPLATES = (
    Template(
        "small_business",
        "a shop or practice with one service that must answer",
        (DDOS_DEFENCE, SERVICE_OUTAGE, TRANSACTION, EXTORTION, FRAUDULENT_TRANSFER),
    ),
    Template(
        "information_system",
        "an operator of services that others depend on",
        (BUSINESS_INTERRUPTION, DDOS_DEFENCE, DEPENDENCY_OUTAGE, DATA_RESTORATION, LIABILITY),
    ),
    Template(
        "comprehensive",
        "a company that wants to see every line, offered or not",
        (
            BUSINESS_INTERRUPTION, DDOS_DEFENCE, SERVICE_OUTAGE, DEPENDENCY_OUTAGE, TRANSACTION,
            DATA_RESTORATION, BREACH_NOTIFICATION, EXTORTION, LIABILITY, FRAUDULENT_TRANSFER,
        ),
    ),
)  # fmt: skip
