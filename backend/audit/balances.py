"""Compares the journal with the token and the contracts' own views at checkpoints; changes when a
contract says its balances otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.audit.abi import declare
from backend.audit.chain import Chain, EndpointFailed
from backend.audit.checks import Finding, Result
from backend.audit.declarations import BALANCE_OF
from backend.audit.journal import (
    CUSTODIANS,
    FEES,
    GIFTS,
    JUNIOR,
    LOCKED,
    RESERVE,
    SENIOR,
    Bookkeeper,
    Journal,
    Rates,
)
from backend.audit.ledger import Ledger

Progress = Callable[[str, int, int], None]
FLOAT_OF = declare("floatOf(address platform)")
BOND_OF = declare("bondOf(address underwriter)")

# Views of the cell and what they must equal.
CELL_VIEWS: dict[str, Callable[[Journal], int]] = {
    "assets": lambda j: j.owed(JUNIOR) + j.owed(SENIOR),
    "locked": lambda j: j.owed(LOCKED),
    "reserved": lambda j: j.owed(RESERVE),
    "fees": lambda j: j.owed(FEES),
}


@dataclass(frozen=True)
class Point:
    """Sums after one block, for a plot."""

    block: int
    time: int
    junior: int
    senior: int
    locked: int
    unearned: int


@dataclass
class Balances:
    """The journal at the pinned block, and how often it was compared on the way."""

    journal: Journal
    checkpoints: int = 0
    skipped: int = 0
    """Checkpoints of which the node keeps no state any more."""
    path: list[Point] = field(default_factory=list)


def checkpoints_of(ledger: Ledger, count: int, pinned: int) -> list[int]:
    """Blocks with events, evenly spread over the events; the pinned one comes last."""
    blocks = sorted({event.block for event in ledger.events})
    chosen = (
        {blocks[len(blocks) * i // (count + 1)] for i in range(1, count + 1)} if blocks else set()
    )
    return [*sorted(chosen - {pinned}), pinned]


def rates_of(chain: Chain, cell: str) -> Rates:
    """The cell's shares of premium."""
    calls = [(cell, declare(f"{name}()").selector) for name in ("feeBps", "juniorPremiumBps")]
    fee, junior = (int.from_bytes(answer, "big") for answer in chain.views(calls))
    return Rates(fee, junior)


def balance(
    chain: Chain,
    addresses: Mapping[str, str],
    ledger: Ledger,
    checkpoints: int,
    result: Result,
    progress: Progress,
) -> Balances:
    """Books every event and compares the journal with balances and views at each checkpoint."""
    names = {address.lower(): name for name, address in addresses.items()}
    keeper = Bookkeeper(names, rates_of(chain, addresses["Cell"]))
    found = Balances(keeper.journal)
    waiting = checkpoints_of(ledger, checkpoints, chain.pin.number)
    for done, event in enumerate(ledger.events, 1):
        while event.block > waiting[0]:
            keeper.close()
            _compare(chain, addresses, keeper, waiting.pop(0), found, result)
        if (found.path and found.path[-1].block != event.block) or not found.path:
            found.path.append(_point(keeper, event.block, event.time))
        keeper.take(event)
        progress("journal", done, len(ledger.events))
    keeper.close()
    for block in waiting:
        _compare(chain, addresses, keeper, block, found, result)
    found.path.append(_point(keeper, chain.pin.number, chain.pin.timestamp))
    result.findings += [Finding("journal", place, cause) for place, cause in keeper.wrong]
    if sum(keeper.journal.balances.values()):
        result.cannot("journal", "as a whole", "its accounts do not add up to zero")
    result.on_chain["journal entries"] = result.recomputed["journal entries"] = (
        keeper.journal.entries
    )
    return found


def _point(keeper: Bookkeeper, block: int, time: int) -> Point:
    j = keeper.journal
    return Point(
        block, time, j.owed(JUNIOR), j.owed(SENIOR), j.owed(LOCKED), j.owed("unearned premium")
    )


def _compare(
    chain: Chain,
    addresses: Mapping[str, str],
    keeper: Bookkeeper,
    block: int,
    found: Balances,
    result: Result,
) -> None:
    """The token's balances and the cell's, facility's views at one block."""
    journal = keeper.journal
    wanted: list[tuple[str, str, bytes, int]] = []
    for name in CUSTODIANS:
        call = BALANCE_OF.encode_call(addresses[name])
        wanted.append((f"tokens of {name}", addresses["StableCoin"], call, journal.held(name)))
    for view, value in CELL_VIEWS.items():
        call = declare(f"{view}()").selector
        wanted.append((f"{view}() of the cell", addresses["Cell"], call, value(journal)))
    for platform, amount in journal.floats.items():
        call = FLOAT_OF.encode_call(platform)
        wanted.append((f"float of {platform}", addresses["Facility"], call, amount))
    for underwriter, amount in journal.bonds.items():
        call = BOND_OF.encode_call(underwriter)
        wanted.append((f"bond of {underwriter}", addresses["Facility"], call, amount))
    try:
        answers = chain.views([(address, call) for _, address, call, _ in wanted], block)
    except EndpointFailed:
        if block == chain.pin.number:
            raise
        found.skipped += 1
        return
    found.checkpoints += 1
    for (what, _, _, booked), answer in zip(wanted, answers, strict=True):
        said = int.from_bytes(answer[:32], "big")
        if said != booked:
            cause = f"{what} is {said} at block {block}, the journal says {booked}"
            result.findings.append(Finding("balance", what, cause))
    for contract in CUSTODIANS:
        if keeper.transfers[contract] != journal.held(contract):
            cause = (
                f"transfers add up to {keeper.transfers[contract]}, "
                f"the journal says {journal.held(contract)}"
            )
            result.findings.append(Finding("balance", f"tokens of {contract}", cause))


def gifts(journal: Journal) -> int:
    """Tokens that somebody sent to a contract without owing them."""
    return journal.owed(GIFTS)
