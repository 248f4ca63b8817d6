"""Derives what the demonstration reported again, from the chain's receipts alone, and compares.

    python -m scripts.check_demo [--report demo-report.json] [--receipts .demo/receipts.jsonl]

The receipts are those of every transaction of the demonstration's chain. Nothing else is read: no
database, no indexer, no contract client. Exit code 0 when every value agrees, 1 when one differs,
2 when a file is missing or unreadable.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from backend.audit.abi import Declaration, declare
from backend.audit.declarations import TERMS

DECLARATIONS = [
    declare(text)
    for text in (
        "CommitteeProposed(uint32 indexed version, uint8 n, uint8 f, bytes32 configDigest, "
        "uint40 activeFrom)",
        "PolicyBound(uint64 indexed policy, uint16 indexed product, uint32 indexed risk, "
        "address holder, address applicant, address payer, bytes32 quoteDigest, "
        "uint128 sumInsured, uint128 lossPerHour, uint128 dependencies, uint64 rate, "
        "uint64 loading, uint128 premium, uint40 start, uint40 end)",
        f"ProductRegistered(uint16 indexed product, bytes32 indexed termsHash, {TERMS} terms, "
        "uint256 table)",
        "IndexStarted(uint16 indexed product, uint32 indexed risk, uint256 rate)",
        "RateReset(uint16 indexed product, uint32 indexed firstRisk, uint16 lanes, "
        "uint256 ratesBefore, uint256 ratesAfter)",
        "BordereauPosted(uint64 indexed batch, bytes32 indexed series, address indexed platform, "
        "uint16 product, uint32 risk, uint32 firstSerial, uint32 size, uint40 base, "
        "uint128 exposure, uint128 premium, bytes32 root)",
        "ObservationsRecorded(uint64 indexed subject, uint32 indexed epoch, "
        "(address member, uint64 lostMask, uint64 attackMask, bytes32 evidenceHash)[] records)",
        "ScoresReported(uint32 indexed frame, uint32 indexed committeeVersion, "
        "uint32 indexed firstRisk, bytes32 modelHash, uint256 signerLanes, bytes scores, "
        "bytes uncapped)",
        "SlotsAttested(uint64 indexed subject, uint32 indexed epoch, uint64 lostMask, "
        "uint64 attackMask)",
        "ClaimPaid(bytes32 indexed claim, uint64 indexed policy, address indexed payee, "
        "uint128 amount, uint64 seconds_, bool reviewed)",
        "ClaimScheduled(bytes32 indexed claim, uint64 indexed policy, uint128 amount, "
        "uint40 decideFrom, uint40 deadline)",
        "CertificatesPaid(uint64 indexed batch, uint64 indexed runStart, address indexed payee, "
        "uint128 amount, uint32 count)",
    )
]
BY_TOPIC: dict[bytes, Declaration] = {d.topic: d for d in DECLARATIONS}


@dataclass(frozen=True)
class Event:
    name: str
    args: dict[str, Any]
    block: int


def events(receipts: list[dict[str, Any]]) -> Iterator[Event]:
    """Declared events of the receipts, in chain order."""
    logs = [log for receipt in receipts for log in receipt["logs"]]
    logs.sort(key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))
    for log in logs:
        topics = tuple(bytes.fromhex(topic[2:]) for topic in log["topics"])
        declaration = BY_TOPIC.get(topics[0]) if topics else None
        if declaration:
            args = declaration.decode_log(topics, bytes.fromhex(log["data"][2:]))
            yield Event(declaration.name, args, int(log["blockNumber"], 16))


def marked_slots(event: Event, mask: int) -> list[tuple[int, int]]:
    """(subject, slot) of each bit of a mask of the event's epoch."""
    first = event.args["epoch"] * 64
    return [(event.args["subject"], first + bit) for bit in range(64) if mask >> bit & 1]


def incident_quorum(found: list[Event]) -> int:
    """The smallest number of members that marked one of the slots that count as lost; 0 if none."""
    marks: dict[tuple[int, int], set[str]] = {}
    lost: set[tuple[int, int]] = set()
    for event in found:
        if event.name == "SlotsAttested":
            lost |= set(marked_slots(event, event.args["lostMask"]))
        if event.name == "ObservationsRecorded":
            for record in event.args["records"]:
                for slot in marked_slots(event, record["lostMask"]):
                    marks.setdefault(slot, set()).add(record["member"])
    return min((len(marks.get(slot, set())) for slot in lost), default=0)


def rates_of(found: list[Event], covers: set[tuple[int, int]]) -> list[int]:
    """Rates, 1e18 a year, to which the covered risks were reset."""
    units: dict[int, int] = {}
    rates = []
    for event in found:
        if event.name == "ProductRegistered":
            units[event.args["product"]] = event.args["terms"]["rateUnit"]
        elif event.name == "RateReset":
            product, first = event.args["product"], event.args["firstRisk"]
            rates += [
                (event.args["ratesAfter"] >> 16 * lane & 0xFFFF) * units[product]
                for lane in range(16)
                if event.args["lanes"] >> lane & 1 and (product, first + lane) in covers
            ]
    return rates


def derive(receipts: list[dict[str, Any]]) -> dict[str, Any]:
    """The report's values from receipts; `transactions` maps each hash to its gas."""
    found = list(events(receipts))

    def named(name: str) -> list[Event]:
        return [event for event in found if event.name == name]

    bound = named("PolicyBound")
    starts = named("IndexStarted")
    first_lost = min(
        (e.block for e in named("SlotsAttested") if e.args["lostMask"]), default=sys.maxsize
    )
    covers = {(e.args["product"], e.args["risk"]) for e in bound}
    rates = rates_of([event for event in found if event.block < first_lost], covers)
    paid = [*named("ClaimPaid"), *named("CertificatesPaid")]
    before = starts[0].args["rate"] if starts else 0
    return {
        "policies_bound": len(bound),
        "certificates_posted": sum(e.args["size"] for e in named("BordereauPosted")),
        "premium_rate_before": before,
        "premium_rate_after": max([before, *rates]),
        "incident_quorum": incident_quorum(found),
        "oracle_nodes": max((e.args["n"] for e in named("CommitteeProposed")), default=0),
        "claims_auto_settled": len(
            {e.args["claim"] for e in named("ClaimPaid") if not e.args["reviewed"]}
        )
        + sum(e.args["count"] for e in named("CertificatesPaid")),
        "claims_referred": len({e.args["claim"] for e in named("ClaimScheduled")}),
        "brute_force_paid": sum(e.args["amount"] for e in paid if e.block < first_lost),
        "claims_paid": sum(e.args["amount"] for e in paid),
        "transactions": {r["transactionHash"]: int(r["gasUsed"], 16) for r in receipts},
    }


def differences(report: dict[str, Any], derived: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """(key, reported, derived) of every value that does not agree."""
    found = [
        (key, report.get(key), value)
        for key, value in derived.items()
        if key != "transactions" and report.get(key) != value
    ]
    gas = derived["transactions"]
    found += [
        (f"gas of {entry['hash'][:18]}… ({entry['step']})", entry["gas"], gas.get(entry["hash"]))
        for entry in report["transactions"]
        if gas.get(entry["hash"]) != entry["gas"]
    ]
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check demo-report.json against receipts alone.")
    parser.add_argument("--report", type=Path, default=Path("demo-report.json"))
    parser.add_argument("--receipts", type=Path, default=Path(".demo/receipts.jsonl"))
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    try:
        report = json.loads(options.report.read_text())
        lines = options.receipts.read_text().splitlines()
        receipts = [json.loads(line) for line in lines if line]
    except (OSError, ValueError) as error:
        print(f"cannot read what the demonstration left: {error}; run `make demo`", file=sys.stderr)
        return 2
    derived = derive(receipts)
    wrong = differences(report, derived)
    if options.json:
        print(json.dumps({"derived": derived, "differences": wrong}))
        return 1 if wrong else 0
    table = Table(title=f"Derived from {len(receipts)} receipts", title_justify="left")
    for column in ("value", "reported", "derived"):
        table.add_column(column, justify="left" if column == "value" else "right")
    for key, value in derived.items():
        if key != "transactions":
            table.add_row(key, str(report.get(key)), str(value))
    Console().print(table)
    for key, reported, value in wrong:
        print(f"differs: {key}: reported {reported}, receipts say {value}")
    checked = len(derived) - 1 + len(report["transactions"])
    print(f"{checked} values checked against receipts, {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
