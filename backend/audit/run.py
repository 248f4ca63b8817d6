"""One audit from first log to result: reads the chain, folds it, recomputes it, compares it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from eth_abi.abi import decode
from eth_utils.crypto import keccak
from sqlalchemy import Connection

from backend.audit.abi import declare
from backend.audit.authority import check_authority
from backend.audit.balances import Balances, balance
from backend.audit.chain import AuditError, Calldata, Chain, EndpointFailed, Pin
from backend.audit.checks import Committee, Parameters, Result, check_all, leaves_of
from backend.audit.database import Comparison, Difference, compare, indexed_block, snapshot
from backend.audit.declarations import PREMIUM_AT, READ
from backend.audit.ledger import Event, Ledger, hexed

if TYPE_CHECKING:
    from backend.audit.evidence.check import EvidenceReport

# Transactions whose calldata proves their events.
PROVED_BY_CALLDATA = {
    "ScoresReported",
    "ObservationsRecorded",
    "BordereauPosted",
    "BordereauCommitted",
    "PolicyBound",
    "PolicyEndorsed",
    "AssessorDecided",
}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What to audit and against what.

    :param addresses: contract name → address
    :param evidence: folders or buckets (`s3://…`) of the members; empty leaves evidence out
    :param models: registry of models; None takes the shipped one
    :param database: SQLAlchemy URL of a backend to compare, if any
    :param memory: file in which answers of the node are kept until the audit ends
    :param block: number of the block to pin; None takes the newest
    :param leaves: folder with the leaf files of committed bordereaux
    :param checkpoints: how many earlier blocks the journal is compared at, beside the pinned one
    """

    url: str
    addresses: Mapping[str, str]
    evidence: Sequence[Path | str] = ()
    models: Path | None = None
    database: str | None = None
    memory: Path | None = None
    block: int | None = None
    leaves: Path | None = None
    checkpoints: int = 4
    transport: httpx.BaseTransport | None = None


@dataclass(frozen=True)
class Audit:
    pin: Pin
    ledger: Ledger
    result: Result
    comparison: Comparison | None
    balances: Balances | None = None
    parameters: Parameters | None = None
    evidence: EvidenceReport | None = None
    calldata: Mapping[str, tuple[str, str, bytes]] = field(default_factory=dict)

    @property
    def differences(self) -> int:
        stored = len(self.comparison.differences) if self.comparison else 0
        return len(self.result.findings) + stored

    def leaves(self, batch: int) -> bytes:
        """Packed certificates of a bordereau; none when they cannot be found."""
        row = self.ledger.row("ledger_bordereaux", batch)
        files = {} if self.parameters is None else self.parameters.leaf_files
        try:
            return leaves_of(row, self.calldata, files)
        except ValueError:
            return b""

    def closing_line(self) -> str:
        """The result in one line."""
        objects = sum(self.result.recomputed.values())
        parts = [f"{objects:,} objects recomputed"]
        if self.balances is not None:
            parts.append(
                f"{self.balances.journal.entries:,} journal entries balanced at "
                f"{self.balances.checkpoints} checkpoints"
            )
        if self.comparison is not None:
            parts.append(f"{self.comparison.rows:,} database rows compared")
        return f"audit: {', '.join(parts)}, {self.differences} differences"


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
    suspended: dict[int, dict[str, int]] = defaultdict(dict)
    for event in ledger.named("OracleCommittee", "MemberSuspended"):
        suspended[event.args["version"]][event.args["signer"]] = event.time
    terms = committee_terms(ledger)
    found = {}
    for event in ledger.named("OracleCommittee", "CommitteeProposed"):
        version = event.args["version"]
        raw = chain.view(address, call.encode_call(version))
        (members,) = decode(["(address,bytes32,bytes32,bool)[]"], raw)
        signers = tuple(str(member[0]).lower() for member in members)
        seeing = frozenset(str(member[0]).lower() for member in members if member[3])
        found[version] = Committee(
            signers, event.args["f"], seeing, *terms[version], suspended[version]
        )
    return found


def committee_terms(ledger: Ledger) -> dict[int, tuple[int, int]]:
    """Version → seconds from and until which it is in force; a cancelled one is never."""
    cancelled = {e.args["version"] for e in ledger.named("OracleCommittee", "CommitteeCancelled")}
    starts = [
        (event.args["activeFrom"], event.args["version"])
        for event in ledger.named("OracleCommittee", "CommitteeProposed")
    ]
    kept = [start for start in starts if start[1] not in cancelled]
    ends = [start for start, _ in kept[1:]]
    terms = {
        version: (start, end)
        for (start, version), end in zip(kept, [*ends, 2**40], strict=bool(kept))
    }
    return terms | {version: (start, start) for start, version in starts if version in cancelled}


def read_ledger(chain: Chain, addresses: Mapping[str, str], progress: Progress) -> Ledger:
    """Folds every declared event of the contracts, in chain order."""
    names = {addresses[name].lower(): name for name in READ if name in addresses}
    ledger = Ledger()
    for log in chain.logs(list(names)):
        contract = names[log.address]
        declaration = READ[contract].get(log.topics[0]) if log.topics else None
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


def leaf_files(folder: Path | None) -> dict[str, bytes]:
    """Files of a folder by the hash of what they hold, whatever their names say.

    :raises AuditError: the folder cannot be read
    """
    if folder is None:
        return {}
    try:
        contents = [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError as error:
        raise AuditError(f"the leaf files cannot be read: {error}") from error
    return {hexed(keccak(content)): content for content in contents}


def parameters_of(
    chain: Chain, addresses: Mapping[str, str], ledger: Ledger, leaves: Path | None = None
) -> Parameters:
    """What the deployment fixes, from the contracts' views."""
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
        daily_instant_ceiling=number(chain, addresses["ClaimsDesk"], "dailyInstantCeiling"),
        now=chain.pin.timestamp,
        premium_views=premium_views(chain, addresses["PolicyBook"], ledger),
        leaf_files=leaf_files(leaves),
    )


def premium_views(chain: Chain, book: str, ledger: Ledger) -> dict[int, int]:
    """Premium earned by each unsettled policy at the pinned block, as the contract says."""
    settled = {
        event.args["policy"]
        for name in ("PolicyCancelled", "PolicyFinished")
        for event in ledger.named("PolicyBook", name)
    }
    open_ = [policy for (policy,) in ledger.rows("ledger_policies") if policy not in settled]
    calls = [(book, PREMIUM_AT.encode_call(policy, chain.pin.timestamp)) for policy in open_]
    answers = chain.views(calls)
    return {
        policy: int.from_bytes(answer[:32], "big")
        for policy, answer in zip(open_, answers, strict=True)
    }


def audit(request: Request, progress: Progress | None = None) -> Audit:
    """Recomputes a ledger from its chain, and compares what it is asked to compare.

    A database that a backend goes on writing is read as it was at one moment, and the chain is
    pinned at the block that it had indexed then.

    :raises AuditError: the chain or the database cannot be read
    """
    if request.database is None:
        return _audit(request, None, progress or _silent)
    with snapshot(request.database) as connection:
        head = indexed_block(connection)
        if request.block is None and head is not None:
            request = replace(request, block=head[0])
        found = _audit(request, connection, progress or _silent)
    if head is not None and head[0] == found.pin.number and head[1] != found.pin.hash.lower():
        assert found.comparison is not None
        cause = f"hash is {head[1]!r}, the chain says {found.pin.hash!r}"
        found.comparison.differences.append(Difference("blocks", (head[0],), cause))
    return found


def _audit(request: Request, connection: Connection | None, shown: Progress) -> Audit:
    chain = Chain(request.url, request.block, request.memory, request.transport)
    ledger = read_ledger(chain, request.addresses, shown)
    calldata = Calldata(
        chain, [e.transaction for e in ledger.events if e.name in PROVED_BY_CALLDATA]
    )
    parameters = parameters_of(chain, request.addresses, ledger, request.leaves)
    result = Result()
    check_all(ledger, calldata, parameters, result, shown)
    check_authority(ledger, calldata, parameters, result)
    balances = balance(chain, request.addresses, ledger, request.checkpoints, result, shown)
    evidence = None
    if request.evidence:
        from backend.audit.evidence.check import check_evidence

        evidence = check_evidence(
            request.evidence,
            request.models,
            ledger,
            calldata,
            parameters,
            chain.pin.timestamp,
            result,
            shown,
        )
    result.close()
    comparison = None
    found = Audit(chain.pin, ledger, result, comparison, balances, parameters, evidence, calldata)
    if connection is not None:
        shown("database", 0, 1)
        comparison = compare(ledger, connection, found.leaves)
        found = Audit(
            chain.pin, ledger, result, comparison, balances, parameters, evidence, calldata
        )
    chain.confirm_pin()
    return found


def _silent(*_: Any) -> None:
    return None
