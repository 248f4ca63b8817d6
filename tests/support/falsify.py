"""Single falsifications of a made ledger, its evidence, or a database beside it."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from backend.audit.abi import Declaration
from backend.audit.declarations import ATTEST, BIND, COMMIT, ENDORSE, POST, READ, REPORT
from backend.audit.ledger import Ledger, Row, certificates
from backend.audit.run import Audit, Request, audit
from contracts.client.messages import pack_scores, unpack_scores
from oracles.attest.model import load_scorer
from tests.support.made_evidence import MadeEvidence, small_model
from tests.support.made_ledger import ADDRESSES, MEMBERS, Endpoint, Made, call_of, log_of, person
from tests.support.tables import write_tables

Change = Callable[[Row], Row]


@dataclass
class Case:
    """One ledger to falsify: every part may be changed, none is shared with another case."""

    made: Made
    evidence: Path
    database: Path
    models: Path
    leaves: Path
    endpoint: Endpoint = field(init=False)
    with_evidence: bool = False
    with_database: bool = False

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(self.made)

    def audited(self) -> Audit:
        folders = sorted(p for p in self.evidence.iterdir()) if self.with_evidence else []
        return audit(
            Request(
                "http://made",
                ADDRESSES,
                evidence=folders,
                models=self.models,
                database=f"sqlite:///{self.database}" if self.with_database else None,
                leaves=self.leaves,
                transport=self.endpoint,
            )
        )

    # -- events ------------------------------------------------------------------------------------

    def find(self, contract: str, event: str, nth: int = 0) -> dict[str, Any]:
        found = [log for log in self.made.logs if log["_event"] == (contract, event)]
        return found[nth]

    def edit(self, contract: str, event: str, change: Change, nth: int = 0) -> None:
        """Changes arguments of an event."""
        log = self.find(contract, event, nth)
        log["_arguments"] = log["_arguments"] | change(log["_arguments"])
        (declaration,) = [d for d in READ[contract].values() if d.name == event]
        log["topics"], log["data"] = log_of(declaration, log["_arguments"])

    def drop(self, contract: str, event: str, nth: int = 0) -> None:
        self.made.logs.remove(self.find(contract, event, nth))

    def repeat(self, contract: str, event: str, nth: int = 0) -> None:
        """The same event once more, at the end of its transaction."""
        log = copy.deepcopy(self.find(contract, event, nth))
        log["logIndex"] = hex(99)
        self.made.logs.append(log)

    def later(self, contract: str, event: str, seconds: int, nth: int = 0) -> None:
        """The block of an event was mined later than it says."""
        block = self.made.blocks[int(self.find(contract, event, nth)["blockNumber"], 16)]
        block["timestamp"] = hex(int(block["timestamp"], 16) + seconds)

    # -- calldata ----------------------------------------------------------------------------------

    def recall(
        self, declaration: Declaration, contract: str, event: str, change: Change, nth: int = 0
    ) -> None:
        """Changes arguments of the call behind an event."""
        name = self.find(contract, event, nth)["transactionHash"]
        transaction = self.made.transactions[name]
        call = declaration.decode_call(bytes.fromhex(transaction["input"][2:]))
        transaction["input"] = "0x" + call_of(declaration, **(call | change(call))).hex()

    # -- evidence ----------------------------------------------------------------------------------

    def files(self, kind: str) -> list[Path]:
        """Evidence files of a kind: `score`, `observation`, or `batches`."""
        if kind == "batches":
            return sorted(self.evidence.glob("*/batches/*/*.json"))
        marker = f'"kind":"{kind}"'
        return [p for p in sorted(self.evidence.glob("*/??/*.json")) if marker in p.read_text()]

    # -- database ----------------------------------------------------------------------------------

    def sql(self, statement: str) -> None:
        with sqlite3.connect(self.database) as connection:
            assert connection.execute(statement).rowcount > 0, statement
        connection.close()


def story(root: Path) -> tuple[Made, MadeEvidence]:
    """A short life that has everything: two policies, each endorsed, two bordereaux posted and one
    committed, an incident, instant and reviewed claims, paid certificates, a cancellation.

    Evidence, models and leaf files lie under `root`."""
    scorer = load_scorer(small_model(root / "models"))
    evidence = MadeEvidence(root / "evidence", scorer)
    made = Made(Random(3), risks=(0,), model=scorer.model_hash)
    made.begin()
    for flows in (3, 400, 3):
        evidence.report(made, flows)
        if flows == 3 and not made.policies:
            made.bind(10**7)
            made.bind(10**7)
            made.post(committed=False)
            made.post(committed=False)
            made.post(committed=True)
        made.now += 60
    for number in (1, 2):
        made.touch(number)
        made.endorse(number, by_quote=number == 1)
    last = made.now // 5
    made.now += 60
    made.attest_slots(
        0, last // 64, set(range(last, last + 8)) & epoch(last), MEMBERS, evidence.observe
    )
    made.now += 200
    made.settle()
    made.review()
    for number in (1, 2):
        made.touch(number)
    made.cancel()
    (root / "leaves").mkdir()
    for name, content in made.leaf_files.items():
        (root / "leaves" / f"{name}.leaves").write_bytes(content)
    return made, evidence


def epoch(slot: int) -> set[int]:
    """Slots of one epoch."""
    return set(range(slot // 64 * 64, slot // 64 * 64 + 64))


def store(path: Path, found: Audit) -> None:
    """Writes the ledger's rows as a backend would: large numbers as text."""
    ledger: Ledger = found.ledger
    tables: dict[str, list[Row]] = {
        table: list(rows.values()) for table, rows in ledger.tables.items()
    }
    tables["certificates"] = [
        leaf
        for (batch,), row in ledger.rows("ledger_bordereaux").items()
        for leaf in certificates(row, found.leaves(batch))
    ]
    tables["blocks"] = [{"number": found.pin.number, "hash": found.pin.hash}]
    write_tables(path, {table: (list(rows[0]), rows) for table, rows in tables.items()})


@dataclass(frozen=True)
class Falsification:
    """What is falsified, how, and words that the finding must hold."""

    name: str
    change: Callable[[Case], None]
    finding: str


def more(name: str, by: int = 1) -> Change:
    return lambda a: {name: a[name] + by}


def on_score(change: Callable[[int], int], name: str = "scores") -> Change:
    """Changes the first risk's score in an event."""

    def changed(a: Row) -> Row:
        packed = a[name] or a["scores"]
        first, *rest = unpack_scores(packed)
        return {name: pack_scores([change(first), *rest])}

    return changed


def forged(a: Row, name: str) -> Row:
    """A list of signed words of which the first bears the second's signature."""
    first, second, *rest = a[name]
    return {name: [first | {"signature": second["signature"]}, second, *rest]}


def _exchanged(a: Row) -> Row:
    """The first observation bears the second's signature."""
    first, second, *rest = a["observations"]
    return {"observations": [first | {"r": second["r"], "vs": second["vs"]}, second, *rest]}


def _overstated(a: Row) -> Row:
    """One slot more is told of the first member than it marked."""
    first, *rest = a["records"]
    return {"records": [first | {"lostMask": first["lostMask"] ^ (1 << 63)}, *rest]}


def _evidence(change: Callable[[Case], None]) -> Callable[[Case], None]:
    def changed(case: Case) -> None:
        case.with_evidence = True
        change(case)

    return changed


def _database(statement: str) -> Callable[[Case], None]:
    def changed(case: Case) -> None:
        case.with_database = True
        case.sql(statement)

    return changed


def _swap(case: Case) -> None:
    first, second = case.files("observation")[:2]
    first.write_bytes(second.read_bytes())


def _leaf_file(case: Case) -> Path:
    (path,) = case.leaves.iterdir()
    return path


def _swap_leaves(case: Case) -> None:
    """Another holder in the first record, under the same name."""
    path = _leaf_file(case)
    path.write_bytes(b"\x99" * 20 + path.read_bytes()[20:])


def _endorse_late(case: Case) -> None:
    """An endorsement acts a minute before the delay of its product is over."""
    case.edit("PolicyBook", "PolicyEndorsed", more("at", -60))


def _unregister(case: Case) -> None:
    (path,) = case.models.glob("*/calibration.json")
    path.write_text(path.read_text().replace("9500", "9501"))


def _flip_payload(case: Case) -> None:
    for path in case.files("batches"):
        path.write_text(path.read_text().replace('"payload":"UEFS', '"payload":"UEFT'))


def _revoke(case: Case, contract: str, event: str, role: int, name: str) -> None:
    """A revocation in the transaction of an event, before it."""
    arguments = {"roleId": role, "account": person(name)}
    _before(case, case.find(contract, event), "Authority", "RoleRevoked", arguments)


def _refuse(case: Case) -> None:
    """A claim is refused before it is settled."""
    paid = case.find("ClaimsDesk", "ClaimPaid")
    arguments = {"claim": paid["_arguments"]["claim"], "amount": 0, "reasonHash": bytes(32)}
    _before(case, paid, "ClaimsDesk", "ClaimRefused", arguments)


def _before(case: Case, told: Row, contract: str, event: str, arguments: Row) -> None:
    """One more event, the first in the transaction of another."""
    log = copy.deepcopy(told)
    (declaration,) = [d for d in READ[contract].values() if d.name == event]
    log["topics"], log["data"] = log_of(declaration, arguments)
    log |= {"address": ADDRESSES[contract], "logIndex": hex(0)}
    log |= {"_event": (contract, event), "_arguments": arguments}
    for other in case.made.logs:
        if other["blockNumber"] == log["blockNumber"]:
            other["logIndex"] = hex(int(other["logIndex"], 16) + 1)
    case.made.logs.append(log)


def _retire(case: Case) -> None:
    log = copy.deepcopy(case.find("ModelRegistry", "HashApproved"))
    arguments = {"hash": case.made.model, "from": 1}
    (declaration,) = [d for d in READ["ModelRegistry"].values() if d.name == "HashRetired"]
    log["topics"], log["data"] = log_of(declaration, arguments)
    log |= {"_event": ("ModelRegistry", "HashRetired"), "_arguments": arguments}
    log["logIndex"] = hex(98)
    case.made.logs.append(log)


def _suspend(case: Case) -> None:
    log = copy.deepcopy(case.find("OracleCommittee", "CommitteeProposed"))
    arguments = {"version": 1, "signer": person(MEMBERS[0])}
    (declaration,) = [d for d in READ["OracleCommittee"].values() if d.name == "MemberSuspended"]
    log["topics"], log["data"] = log_of(declaration, arguments)
    log |= {"_event": ("OracleCommittee", "MemberSuspended"), "_arguments": arguments}
    log["logIndex"] = hex(97)
    case.made.logs.append(log)


def _claims_leave(case: Case) -> None:
    case.made.states[-1]["tokens Cell"] -= 1


def _view_of_capital(case: Case) -> None:
    case.made.states[-1]["assets"] += 1


def _view_of_premium(case: Case) -> None:
    for policy in case.made.policies:
        policy.wording = replace(policy.wording, insured=policy.wording.insured + 10**9)


def _next_run(a: Row) -> Row:
    """The claim's id names the slot after the run's first."""
    return a | {"claim": (int.from_bytes(a["claim"], "big") + 1).to_bytes(32, "big")}


def _shift_leaves(a: Row) -> Row:
    return {"leaves": a["leaves"][:-24]}


FALSIFICATIONS = (
    Falsification(
        "a score is raised by one in the event",
        lambda c: c.edit("RiskFeed", "ScoresReported", on_score(lambda s: s + 1)),
        "effective score is",
    ),
    Falsification(
        "the median before caps is lowered in the event",
        lambda c: c.edit("RiskFeed", "ScoresReported", on_score(lambda s: s - 1, "uncapped"), 1),
        "median is",
    ),
    Falsification(
        "a member's signature stands under another's vector",
        lambda c: c.recall(REPORT, "RiskFeed", "ScoresReported", lambda a: forged(a, "vectors")),
        "distinct signers is",
    ),
    Falsification(
        "a report rests on two vectors",
        lambda c: c.recall(
            REPORT, "RiskFeed", "ScoresReported", lambda a: {"vectors": a["vectors"][:2]}
        ),
        "quorum of 2f+1 vectors is False",
    ),
    Falsification(
        "a frame is reported before it closed",
        lambda c: c.later("RiskFeed", "ScoresReported", -12),
        "frame closed before its report",
    ),
    Falsification(
        "a committee reports before it is in force",
        lambda c: c.edit("OracleCommittee", "CommitteeProposed", more("activeFrom", 10_000)),
        "committee in force",
    ),
    Falsification("a suspended member signs", _suspend, "suspended signers"),
    Falsification(
        "a report's calldata is gone",
        lambda c: c.made.transactions[
            c.find("RiskFeed", "ScoresReported")["transactionHash"]
        ].update(input="0x"),
        "its vectors are not in the calldata",
    ),
    Falsification(
        "a model that was never approved scores",
        lambda c: c.drop("ModelRegistry", "HashApproved"),
        "allowed is False",
    ),
    Falsification("a retired model scores", _retire, "allowed is False"),
    Falsification(
        "a rate is one basis point too high",
        lambda c: c.edit("RateIndex", "RateReset", more("ratesAfter")),
        "rate is",
    ),
    Falsification(
        "a reset of the rate is left out",
        lambda c: c.drop("RateIndex", "RateReset"),
        "after frame",
    ),
    Falsification(
        "cover starts at another rate than the table's",
        lambda c: c.edit("RateIndex", "IndexStarted", more("rate", 10**14)),
        "rate is",
    ),
    Falsification(
        "earned premium is one unit too high",
        lambda c: c.edit("PolicyBook", "PremiumEarned", more("amount")),
        "earned until",
    ),
    Falsification(
        "a refund is one unit too low",
        lambda c: c.edit("PolicyBook", "PolicyCancelled", more("refund", -1)),
        "refund is",
    ),
    Falsification(
        "the contract's view of earned premium differs",
        _view_of_premium,
        "earned by",
    ),
    Falsification(
        "a quote bears another signature",
        lambda c: c.recall(
            BIND,
            "PolicyBook",
            "PolicyBound",
            lambda a: {"signature": a["signature"][:-2] + b"\x01" + a["signature"][-1:]},
        ),
        "behind PolicyBound",
    ),
    Falsification(
        "a policy is bound for more than its quote",
        lambda c: c.edit("PolicyBook", "PolicyBound", more("sumInsured")),
        "sumInsured is",
    ),
    Falsification(
        "a policy is bound for a higher loss per hour than its quote",
        lambda c: c.edit("PolicyBook", "PolicyBound", more("lossPerHour", 10**6)),
        "lossPerHour is",
    ),
    Falsification(
        "a policy is bound after its quote's deadline",
        lambda c: c.later("PolicyBook", "PolicyBound", 61),
        "bound before deadline",
    ),
    Falsification(
        "a policy's event is deleted",
        lambda c: c.drop("PolicyBook", "PolicyBound"),
        "how its object came to be is not on chain",
    ),
    Falsification(
        "exposure is reserved by an underwriter whose role was revoked",
        lambda c: _revoke(c, "Facility", "ExposureReserved", 1, "underwriter"),
        "behind ExposureReserved",
    ),
    Falsification(
        "a certificate is left out of a posted bordereau",
        lambda c: c.recall(POST, "CertificateBook", "BordereauPosted", _shift_leaves),
        "size is",
    ),
    Falsification(
        "a bordereau's exposure is not the sum of its certificates",
        lambda c: c.edit("CertificateBook", "BordereauPosted", more("exposure")),
        "exposure is",
    ),
    Falsification(
        "a bordereau's premium is not the sum of its certificates",
        lambda c: c.edit("CertificateBook", "BordereauPosted", more("premium")),
        "premium is",
    ),
    Falsification(
        "a bordereau's root is of other certificates",
        lambda c: c.edit("CertificateBook", "BordereauPosted", lambda a: {"root": bytes(32)}),
        "root is",
    ),
    Falsification(
        "a bordereau is signed by a stranger",
        lambda c: c.recall(
            POST,
            "CertificateBook",
            "BordereauPosted",
            lambda a: {"signature": a["signature"][:-2] + b"\x01" + a["signature"][-1:]},
        ),
        "signer is",
    ),
    Falsification(
        "the leaf file of a committed bordereau is swapped",
        _swap_leaves,
        "is missing",
    ),
    Falsification(
        "the leaf file of a committed bordereau is left out",
        lambda c: _leaf_file(c).unlink(),
        "is missing",
    ),
    Falsification(
        "a committed bordereau's exposure is not the sum of its leaves",
        lambda c: c.edit("CertificateBook", "BordereauCommitted", more("exposure")),
        "exposure is",
    ),
    Falsification(
        "a committed bordereau's root is of other certificates",
        lambda c: c.edit("CertificateBook", "BordereauCommitted", lambda a: {"root": bytes(32)}),
        "root is",
    ),
    Falsification(
        "a committed bordereau is signed by a stranger",
        lambda c: c.recall(
            COMMIT,
            "CertificateBook",
            "BordereauCommitted",
            lambda a: {"signature": a["signature"][:-2] + b"\x01" + a["signature"][-1:]},
        ),
        "signer is",
    ),
    Falsification(
        "an endorsement acts before its delay is over",
        _endorse_late,
        "second from which it acts",
    ),
    Falsification(
        "an endorsement comes after its quote's deadline",
        lambda c: c.later("PolicyBook", "PolicyEndorsed", 61),
        "endorsed before deadline",
    ),
    Falsification(
        "an endorsement raises cover beyond its quote",
        lambda c: c.edit("PolicyBook", "PolicyEndorsed", more("sumInsured")),
        "sumInsured is",
    ),
    Falsification(
        "an endorsement's quote bears another signature",
        lambda c: c.recall(
            ENDORSE,
            "PolicyBook",
            "PolicyEndorsed",
            lambda a: {"signature": a["signature"][:-2] + b"\x01" + a["signature"][-1:]},
        ),
        "behind PolicyEndorsed",
    ),
    Falsification(
        "a holder's reduction raises the loss per hour",
        lambda c: c.edit("PolicyBook", "PolicyEndorsed", more("lossPerHour", 10**12), 1),
        "lossPerHour at most",
    ),
    Falsification(
        "a member's signature stands under another's observation",
        lambda c: c.recall(ATTEST, "IncidentRegistry", "ObservationsRecorded", _exchanged),
        "a signer is in no committee",
    ),
    Falsification(
        "an observation is told with slots that its member did not sign",
        lambda c: c.edit("IncidentRegistry", "ObservationsRecorded", _overstated),
        "observations told",
    ),
    Falsification(
        "a slot counts as lost that no quorum marked",
        lambda c: c.edit(
            "IncidentRegistry", "SlotsAttested", lambda a: {"lostMask": a["lostMask"] ^ (1 << 63)}
        ),
        "mask of lost slots",
    ),
    Falsification(
        "a slot is marked after it closed",
        lambda c: c.later("IncidentRegistry", "ObservationsRecorded", 300),
        "slots marked while not open",
    ),
    Falsification(
        "a payout is one unit too high",
        lambda c: c.edit("ClaimsDesk", "ClaimPaid", more("amount")),
        "granted at",
    ),
    Falsification(
        "a claim is paid for a run that never was",
        lambda c: c.edit("ClaimsDesk", "ClaimPaid", _next_run),
        "begins no run of lost slots",
    ),
    Falsification(
        "a claim is granted more after it was refused",
        _refuse,
        "claim that was refused before",
    ),
    Falsification(
        "the cell pays one unit more than was granted",
        lambda c: c.edit("Cell", "ClaimPaid", more("amount")),
        "paid by the cell is",
    ),
    Falsification(
        "a reviewed amount differs from the scheduled one",
        lambda c: c.edit("ClaimsDesk", "ClaimScheduled", more("amount", -1)),
        "decided amount is",
    ),
    Falsification(
        "one assessor's decision is missing",
        lambda c: c.drop("ClaimsDesk", "AssessorDecided"),
        "fewer than two assessors agreed",
    ),
    Falsification(
        "an assessor decides whose role was revoked",
        lambda c: _revoke(c, "ClaimsDesk", "AssessorDecided", 3, "assessor a"),
        "behind AssessorDecided",
    ),
    Falsification(
        "certificates are paid one unit too much",
        lambda c: c.edit("ClaimsDesk", "CertificatesPaid", more("amount")),
        "granted in all is",
    ),
    Falsification(
        "a certificate is paid twice",
        lambda c: c.edit(
            "CertificateBook",
            "CertificatesClaimed",
            lambda a: {"indices": a["indices"] + a["indices"][:4]},
        ),
        "times paid is 2",
    ),
    Falsification(
        "a certificate is paid that does not exist",
        lambda c: c.edit(
            "CertificateBook",
            "CertificatesClaimed",
            lambda a: {"indices": a["indices"] + bytes([0, 0, 0, 99])},
        ),
        "leaf 99 is unknown",
    ),
    Falsification(
        "the treasury's fee is one unit too high",
        lambda c: c.edit(
            "Cell", "PremiumCollected", lambda a: more("fee")(a) | more("toSenior", -1)(a)
        ),
        "fee is",
    ),
    Falsification(
        "a platform keeps more commission than agreed",
        lambda c: c.edit("Facility", "FloatDrawn", more("commission")),
        "commission is",
    ),
    Falsification(
        "a lender gets one share more than the price gives",
        lambda c: c.edit("SeniorVault", "EpochPriced", more("sharesMinted")),
        "shares minted is",
    ),
    Falsification(
        "a vault takes one unit of deposits more than the cell books",
        lambda c: c.edit("JuniorVault", "EpochPriced", more("assetsIn")),
        "junior deposits is",
    ),
    Falsification(
        "locked capital is told one unit too low",
        lambda c: c.edit("Cell", "CapitalLocked", more("locked", -1)),
        "locked capital is",
    ),
    Falsification(
        "a transfer of the token is deleted",
        lambda c: c.drop("StableCoin", "Transfer", -1),
        "the token moved",
    ),
    Falsification(
        "a deposit is told that brought no tokens",
        lambda c: c.edit("Facility", "BondDeposited", more("amount")),
        "the token moved",
    ),
    Falsification("one token unit is missing from the cell", _claims_leave, "tokens of Cell is"),
    Falsification(
        "the cell's view of its capital differs", _view_of_capital, "assets() of the cell is"
    ),
    Falsification(
        "an evidence file is swapped for another",
        _evidence(_swap),
        "its bytes have another hash",
    ),
    Falsification(
        "an observation's evidence is missing",
        _evidence(lambda c: c.files("observation")[0].unlink()),
        "not in this store",
    ),
    Falsification(
        "a score's evidence is missing",
        _evidence(lambda c: c.files("score")[0].unlink()),
        "no bundle of this vector",
    ),
    Falsification(
        "a sensor's batch is altered",
        _evidence(_flip_payload),
        "the payload has another hash",
    ),
    Falsification(
        "a sensor's batches are missing",
        _evidence(lambda c: [p.unlink() for p in c.files("batches")] and None),
        "batch is not in this store",
    ),
    Falsification(
        "the model's files are not those that were registered",
        _evidence(_unregister),
        "holds the model",
    ),
    Falsification(
        "the database indexed a block that the chain does not have",
        _database("UPDATE blocks SET hash = '0x00'"),
        "blocks",
    ),
    Falsification(
        "a payout in the database is one unit off",
        _database("UPDATE ledger_payouts SET amount = amount + 1 WHERE rowid = 1"),
        "ledger_payouts",
    ),
    Falsification(
        "a payout is deleted from the database",
        _database("DELETE FROM ledger_payouts WHERE rowid = 1"),
        "missing in the database",
    ),
    Falsification(
        "a policy's holder is another in the database",
        _database("UPDATE ledger_policies SET holder = '0x00' WHERE policy = 1"),
        "holder is",
    ),
    Falsification(
        "the database holds a claim that is not on the chain",
        _database("UPDATE ledger_claims SET claim = '0x00' WHERE rowid = 1"),
        "not on the chain",
    ),
    Falsification(
        "a certificate's holder is another in the database",
        _database("UPDATE certificates SET holder = '0x00' WHERE rowid = 1"),
        "certificates",
    ),
    Falsification(
        "the database holds certificates of a batch that is not on the chain",
        _database("UPDATE certificates SET batch = 77 WHERE batch = 2"),
        "are of no batch on the chain",
    ),
)
