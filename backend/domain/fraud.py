"""The fraud screen: what about a claim looks staged, and whether that is reason to ask for a hold.

It denies nothing. A hold delays a payment for a stated time, with its reason on chain, and gives it
to assessors; whoever is owed something is paid all the same when they find nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .units import TokenUnits

ENOUGH = 2
"""Points of suspicion from which a hold is asked for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a policy's claim on one run, when its first slot is marked lost.

    :param start: first second of cover
    :param began: first second of the run
    :param payout: what the run would pay by now
    :param premium: what was paid for the policy
    :param claims: the applicant's other claims in the 30 days before the run
    :param applicants_of_holder: other applicants whose policies pay the same holder
    :param applicants_of_host: other applicants whose assets have the same service host
    :param siblings: the holder's other policies on the risk that began in the day around this one
    """

    start: int
    began: int
    payout: TokenUnits
    premium: TokenUnits
    claims: int
    applicants_of_holder: int
    applicants_of_host: int
    siblings: int


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on each rule speaks."""

    soon: int
    payout_to_premium: int
    claims: int
    siblings: int


LIMITS = Limits(soon=24 * 3600, payout_to_premium=50, claims=3, siblings=2)
"""The insurer's limits as they are: seconds, a ratio, and two counts."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One rule that spoke: its stable name, its points, and the values that made it speak."""

    rule: str
    points: int
    detail: str


def suspicions(facts: Facts, limits: Limits) -> tuple[Suspicion, ...]:
    """Every rule that speaks, in a fixed order."""
    after = facts.began - facts.start
    most = facts.premium * limits.payout_to_premium
    rules = (
        (
            facts.claims >= limits.claims,
            Suspicion("velocity", 1, f"{facts.claims} claims of the applicant in 30 days"),
        ),
        (
            facts.applicants_of_holder > 0,
            Suspicion(
                "linked_holder", 2, f"{facts.applicants_of_holder} other applicants pay this holder"
            ),
        ),
        (
            facts.applicants_of_host > 0,
            Suspicion(
                "linked_host", 2, f"{facts.applicants_of_host} other applicants have this host"
            ),
        ),
        (
            after < limits.soon,
            Suspicion("soon_after_inception", 1, f"the run began {after} seconds after cover"),
        ),
        (
            facts.payout > most,
            Suspicion("payout_to_premium", 1, f"payout {facts.payout} for premium {facts.premium}"),
        ),
        (
            facts.siblings >= limits.siblings,
            Suspicion("split_policies", 2, f"{facts.siblings} sibling policies within a day"),
        ),
    )
    return tuple(suspicion for speaks, suspicion in rules if speaks)


def asks_for_hold(found: Iterable[Suspicion]) -> bool:
    """Whether the suspicions are enough together; one of the weak alone never is."""
    return sum(suspicion.points for suspicion in found) >= ENOUGH
