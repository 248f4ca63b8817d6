"""One audit from first log to result: reads the chain, folds it, recomputes it, compares it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi import decode

from backend.audit.abi import declare
from backend.audit.chain import Chain, EndpointFailed, Pin
from backend.audit.checks import Committee, Parameters, Result, check_all
from backend.audit.database import Comparison, compare
from backend.audit.declarations import EVENTS
from backend.audit.ledger import Event, Ledger

# Transactions whose calldata proves their events.
PROVED_BY_CALLDATA = {"ScoresReported", "ObservationRecorded", "BordereauPosted"}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Audit:
    pin: Pin
    ledger: Ledger
    result: Result
    comparison: Comparison | None

    @property
    def differences(self) -> int:
        stored = len(self.comparison.differences) if self.comparison else 0
        return len(self.result.findings) + stored


def number(chain: Chain, address: str, view: str) -> int:
    """A view without arguments that returns one integer."""
    raw = chain.view(address, declare(f"{view}()").selector)
    if len(raw) != 32:
        raise EndpointFailed(chain.url, f"{view}() of {address} answered {len(raw)} bytes")
    return int.from_bytes(raw, "big")


def pair(chain: Chain, address: str, view: str) -> tuple[int, int]:
    """A view without arguments that returns two integers."""
    first, second = decode(
        ["uint256", "uint256"], chain.view(address, declare(f"{view}()").selector)
    )
    return first, second


def committees(chain: Chain, address: str, ledger: Ledger) -> dict[int, Committee]:
    """Members of every proposed version, in lane order."""
    call = declare("members(uint32 version)")
    found = {}
    for event in ledger.named("OracleCommittee", "CommitteeProposed"):
        version = event.args["version"]
        raw = chain.view(address, call.encode_call(version))
        (members,) = decode(["(address,bytes32,bytes32,bool)[]"], raw)
        signers = tuple(str(member[0]).lower() for member in members)
        found[version] = Committee(signers, event.args["f"])
    return found


def read_ledger(chain: Chain, addresses: Mapping[str, str], progress: Progress) -> Ledger:
    """Folds every declared event of the contracts, in chain order."""
    names = {addresses[name].lower(): name for name in EVENTS}
    ledger = Ledger()
    for log in chain.logs(list(names)):
        contract = names[log.address]
        declaration = EVENTS[contract].get(log.topics[0])
        if declaration is None:
            continue
        ledger.take(
            Event(
                contract,
                declaration.name,
                declaration.decode_log(log.topics, log.data),
                log.block,
                log.block_hash,
                log.transaction,
                log.index,
                chain.times([log.block])[log.block],
            )
        )
        progress("events", log.block, chain.pin.number)
    return ledger


def parameters_of(chain: Chain, addresses: Mapping[str, str], ledger: Ledger) -> Parameters:
    per_frame, per_day = pair(chain, addresses["RiskFeed"], "changeCaps")
    return Parameters(
        chain_id=chain.pin.chain_id,
        addresses=addresses,
        committees=committees(chain, addresses["OracleCommittee"], ledger),
        frame_length=number(chain, addresses["RiskFeed"], "frameLength"),
        slot_length=number(chain, addresses["IncidentRegistry"], "slotLength"),
        max_report_delay=number(chain, addresses["IncidentRegistry"], "maxReportDelay"),
        max_move_per_frame=per_frame,
        max_move_per_day=per_day,
    )


def audit(
    url: str, addresses: Mapping[str, str], database: str | None, progress: Progress | None = None
) -> Audit:
    """
    :param addresses: contract name to address
    :param database: SQLAlchemy URL of a backend to compare, if any
    :raises AuditError: the chain or the database cannot be read
    """
    shown: Progress = progress or _silent
    chain = Chain(url)
    ledger = read_ledger(chain, addresses, shown)
    proved = [e.transaction for e in ledger.events if e.name in PROVED_BY_CALLDATA]
    calldata = chain.calldata(proved)
    result = check_all(ledger, calldata, parameters_of(chain, addresses, ledger))
    comparison = compare(ledger, database) if database else None
    chain.confirm_pin()
    return Audit(chain.pin, ledger, result, comparison)


def _silent(*_: Any) -> None:
    return None
