"""What contracts and model must agree on, and what must hold on chain whatever the model says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.client.development import person
from tests.model.claims import Claim
from tests.model.economy import Economy
from tests.support.mirror import (
    BUYERS,
    DIMENSIONS,
    LENDERS,
    PEOPLE,
    RISKS,
    VAULTS,
    Disagreement,
    Mirror,
    claim_id,
)
from tests.support.stepped import View

ACCOUNTS = {
    "policy book": "PolicyBook",
    "cell": "Cell",
    "junior vault": "JuniorVault",
    "senior vault": "SeniorVault",
    "facility": "Facility",
    "appeal board": "AppealBoard",
}
STATUS = {"scheduled": 2, "approved": 3, "refused": 4, "challenged": 5}
"""As in contracts/interfaces/IClaimsDesk.sol."""
Row = tuple[str, View, Any]
"""A name, a view, and what the model says that it answers."""


def compare(mirror: Mirror, whole: bool = True) -> None:
    """Money to the token unit, at the latest block: what each contract holds, the cell's sums,
    float and bond; with `whole` also all wallets, shares, exposure, policies, claims, batches.

    :raises Disagreement: contracts and model differ, or an invariant does not hold on chain
    """
    e, now = mirror.economy, mirror.now
    e.check(now)
    rows = list(_money(mirror, e))
    if whole:
        rows += _details(mirror, e, now)
    answers = mirror.live.views([view for _, view, _ in rows])
    chain: dict[str, Any] = {}
    wrong = []
    for (name, _, expected), answer in zip(rows, answers, strict=True):
        found = _same_shape(answer, expected)
        chain[name] = found
        if found != expected:
            wrong.append(f"{name}: chain {found}, model {expected}")
    if wrong:
        raise Disagreement("; ".join(wrong))
    _check_cell(chain)
    if whole:
        _check_solvency(chain, e)
        _check_caps(mirror, chain)


def _same_shape(answer: Any, expected: Any) -> Any:
    """Of a struct only the fields that the model names."""
    if isinstance(expected, dict):
        return {field: answer[field] for field in expected}
    if isinstance(expected, tuple):
        return tuple(answer.values())
    return answer


def _money(mirror: Mirror, e: Economy) -> Iterator[Row]:
    for name, contract in ACCOUNTS.items():
        amount = e.wallets[name]
        if name == "facility":
            amount = e.wallets["float"] + e.wallets["bond"]
        yield _held(name, mirror.live.deployment.contracts[contract], amount)
    for name in ("locked", "reserved", "fees"):
        yield name, ("Cell", name, ()), getattr(e.cell, name)
    for place, tranche in enumerate(VAULTS):
        row = (getattr(e.cell, tranche), e.cell.values[place])
        yield f"{tranche} tranche", ("Cell", "tranche", (place,)), row
    platform, underwriter = person("platform").address, person("underwriter").address
    float_ = (e.wallets["float"], e.held, e.commission_bps)
    yield "float", ("Facility", "floatOf", (platform,)), float_
    yield "bond", ("Facility", "bondOf", (underwriter,)), (e.wallets["bond"], e.uncommitted)


def _held(name: str, address: str, amount: int) -> Row:
    return f"tokens of {name}", ("StableCoin", "balanceOf", (address,)), amount


def _details(mirror: Mirror, e: Economy, now: int) -> Iterator[Row]:
    for name in PEOPLE:
        yield _held(name, person(name).address, e.wallets[name])
    for name, raw in BUYERS.items():
        yield _held(name, "0x" + raw.hex(), e.wallets[name])
    yield from _vaults(e)
    yield from _exposure(mirror, e)
    for number in e.policies:
        yield from _policy(number, e, now)
    for claim in {*e.books, *e.reviews, *e.waiting}:
        yield from _claim(claim, e)
    yield from _certificates(mirror, e)


def _vaults(e: Economy) -> Iterator[Row]:
    for tranche, contract in VAULTS.items():
        vault = e.vault(tranche)
        yield f"{tranche} supply", (contract, "totalSupply", ()), vault.supply
        pending = (
            vault.deposits.asked - vault.deposits.filled,
            vault.redeems.asked - vault.redeems.filled,
        )
        yield f"{tranche} pending", (contract, "pendingTotals", ()), pending
        for who in LENDERS:
            account = (person(who).address,)
            shares = vault.shares[who]
            yield f"{tranche} shares of {who}", (contract, "balanceOf", account), shares
            ready = vault.deposits.ready(who)[1]
            yield f"{tranche} to collect of {who}", (contract, "maxMint", account), ready
            ready = vault.redeems.ready(who)[1]
            yield f"{tranche} to withdraw of {who}", (contract, "maxWithdraw", account), ready


def _exposure(mirror: Mirror, e: Economy) -> Iterator[Row]:
    keys = [("product", p) for p in e.products] + [("risk", r) for r in RISKS]
    for key in keys + [("dependency", d) for d in mirror.dependencies]:
        asked: View = ("ExposureLedger", "booked", (DIMENSIONS[key[0]], key[1]))
        yield f"booked {key}", asked, (e.booked[key], e.caps.get(key, e.default_cap))
    cell = int(mirror.live.deployment.contracts["Cell"], 16)
    cap = e.default_cap if e.cell_cap is None else e.cell_cap
    yield "booked cell", ("ExposureLedger", "booked", (3, cell)), (e.cell.locked, cap)


def _policy(number: int, e: Economy, now: int) -> Iterator[Row]:
    policy = e.policies[number]
    yield f"released {number}", ("PolicyBook", "released", (number,)), policy.released
    yield f"committed {number}", ("ClaimsDesk", "committedOf", (number,)), e.committed[number]
    if not policy.released:
        asked: View = ("PolicyBook", "premiumAt", (number, now))
        yield f"premium {number}", asked, e.premium_at(number, now)


def _claim(claim: Claim, e: Economy) -> Iterator[Row]:
    expected: dict[str, int] = {}
    if (books := e.books.get(claim)) is not None:
        expected |= {"instant": books.booked - books.routed, "heldUntil": books.held_until}
    if (review := e.reviews.get(claim)) is not None:
        expected |= {"scheduled": review.pending, "reviewed": review.reviewed}
        expected |= {"status": STATUS[review.status]}
    identity = claim_id(claim)
    yield f"claim {claim}", ("ClaimsDesk", "claimOf", (identity,)), expected
    if claim in e.waiting:
        asked: View = ("ClaimsDesk", "waitingOf", (identity,))
        yield f"waiting {claim}", asked, {"amount": e.waiting[claim]}


def _certificates(mirror: Mirror, e: Economy) -> Iterator[Row]:
    for who in ("applicant", "platform"):
        asked: View = ("ClaimsDesk", "unreviewedOf", (person(who).address,))
        yield f"unreviewed {who}", asked, e.allowances.unreviewed(who, mirror.now)
    for number, sold in mirror.known.batches.items():
        row = e.batches[number]
        if row.expired:
            continue
        unit = e.products[e.series[sold.series].product].unit
        amounts = {"exposure": sum(row.units) * unit, "paid": row.claimed * unit}
        yield f"batch {number}", ("CertificateBook", "batchOf", (number,)), amounts


# -- on chain alone -----------------------------------------------------------------------------


def _check_cell(chain: dict[str, Any]) -> None:
    """Locked <= assets, and the cell and the facility hold what they owe."""
    assets = sum(chain[f"{tranche} tranche"][0] for tranche in VAULTS)
    require(chain["locked"] <= assets, "locked exceeds assets")
    held, owed = chain["tokens of cell"], assets + chain["fees"]
    require(held >= owed, f"the cell holds {held} and owes {owed}")
    facility = chain["float"][0] + chain["bond"][0]
    require(chain["tokens of facility"] >= facility, f"the facility owes {facility}")
    require(chain["float"][1] <= chain["float"][0], "more premium is held than there is float")
    require(chain["bond"][1] <= chain["bond"][0], "uncommitted exposure exceeds the bond")


def _check_solvency(chain: dict[str, Any], e: Economy) -> None:
    """Paid + refundable + claimable is never more than the money received."""
    refundable = sum(value[1] for name, value in chain.items() if name.startswith("premium "))
    require(chain["tokens of policy book"] >= refundable, f"refunds of {refundable} are not held")
    for tranche in VAULTS:
        claimable = chain[f"{tranche} pending"][0]
        claimable += sum(chain[f"{tranche} to withdraw of {who}"] for who in LENDERS)
        require(chain[f"tokens of {tranche} vault"] >= claimable, f"{tranche} owes {claimable}")
    total = sum(value for name, value in chain.items() if name.startswith("tokens of"))
    require(total == e.minted, f"{total} tokens of {e.minted} are accounted for")


def _check_caps(mirror: Mirror, chain: dict[str, Any]) -> None:
    """What is booked on a key grows only below its cap."""
    for name, value in chain.items():
        if name.startswith("booked"):
            booked, cap = value
            before = mirror.known.booked.get(name, 0)
            require(booked <= max(before, cap), f"{name} grew from {before} to {booked} over {cap}")
            mirror.known.booked[name] = booked


def require(holds: bool, otherwise: str) -> None:
    """:raises Disagreement: it does not hold"""
    if not holds:
        raise Disagreement(otherwise)
