"""Recomputes what the events say: scores, rates, premiums, bordereaux, incidents and payouts.

Pure: takes the ledger, the calldata behind its events and the contracts' parameters; gives findings
and how many objects of each kind were recomputed. An object that cannot be recomputed is a finding,
never a silent gap.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data

from backend.audit.declarations import ATTEST, POST, REPORT
from backend.audit.ledger import LEAF, Event, Ledger, Row, hexed, leaves_of, resets
from backend.audit.rules import (
    NO_SENSOR_DATA,
    SLOTS_PER_EPOCH,
    RateStep,
    accumulated,
    lanes,
    median,
    payout_down,
    posted_root,
    premium_up,
    quorum_slots,
    runs,
    seconds_due,
    set_slots,
    table_rate,
)

DAY = 86_400
SERVICE_ATTACK, SERVICE_OUTAGE = 0, 1


@dataclass(frozen=True)
class Committee:
    """Members of one version in lane order, and the faults it tolerates."""

    signers: tuple[str, ...]
    f: int

    @property
    def vector_quorum(self) -> int:
        return 2 * self.f + 1

    @property
    def lost_quorum(self) -> int:
        return (len(self.signers) + self.f) // 2 + 1


@dataclass(frozen=True)
class Parameters:
    """What the deployment fixes and the audit read from the contracts' views."""

    chain_id: int
    addresses: Mapping[str, str]
    committees: Mapping[int, Committee]
    frame_length: int
    slot_length: int
    max_report_delay: int
    max_move_per_frame: int
    max_move_per_day: int


@dataclass(frozen=True)
class Finding:
    """One thing on the chain that does not follow from the rest."""

    kind: str
    subject: str
    cause: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.cause}"


@dataclass
class Result:
    findings: list[Finding] = field(default_factory=list)
    recomputed: Counter[str] = field(default_factory=Counter)
    on_chain: Counter[str] = field(default_factory=Counter)

    def expect(self, kind: str, subject: str, said: Any, computed: Any, what: str) -> None:
        """One comparison; a difference is a finding."""
        if said != computed:
            cause = f"{what} is {said} on the chain, recomputed {computed}"
            self.findings.append(Finding(kind, subject, cause))

    def cannot(self, kind: str, subject: str, why: str) -> None:
        self.findings.append(Finding(kind, subject, f"cannot be recomputed: {why}"))


Calldata = Mapping[str, tuple[str, str, bytes]]
Check = Callable[[Ledger, Calldata, Parameters, Result], None]

SCORE_VECTOR = [
    {"name": "committeeVersion", "type": "uint32"},
    {"name": "frame", "type": "uint32"},
    {"name": "modelHash", "type": "bytes32"},
    {"name": "firstRiskIndex", "type": "uint32"},
    {"name": "scores", "type": "bytes"},
]
OBSERVATION = [
    {"name": "committeeVersion", "type": "uint32"},
    {"name": "subject", "type": "uint64"},
    {"name": "epoch", "type": "uint32"},
    {"name": "lostMask", "type": "uint64"},
    {"name": "attackMask", "type": "uint64"},
    {"name": "evidenceHash", "type": "bytes32"},
]


def signer_of(
    parameters: Parameters, contract: str, kind: str, members: list[Row], message: Row, sig: bytes
) -> str:
    """Address that signed an EIP-712 message for one of the contracts."""
    domain = {
        "name": f"flowcover {contract}",
        "version": "1",
        "chainId": parameters.chain_id,
        "verifyingContract": parameters.addresses[contract],
    }
    typed = encode_typed_data(domain, {kind: members}, message)
    return str(Account.recover_message(typed, signature=sig)).lower()


# -- scores and rates ------------------------------------------------------------------------------


def check_scores(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Signatures, quorum, median, change caps of every report."""
    last: dict[int, int] = {}
    anchors: dict[tuple[int, int], int] = {}
    bases = {row["risk"]: row["base_score"] for row in ledger.rows("ledger_risks").values()}
    medians_before: dict[int, int] = {}
    for event in ledger.named("RiskFeed", "ScoresReported"):
        result.on_chain["score reports"] += 1
        try:
            call = REPORT.decode_call(calldata[event.transaction][2])
        except (ValueError, KeyError):
            result.cannot("score report", event.place, "its vectors are not in the calldata")
            continue
        result.recomputed["score reports"] += 1
        _check_vectors(event, call, p, result)
        vectors = [lanes(v["scores"]) for v in call["vectors"]]
        said = lanes(event.args["scores"])
        said_medians = lanes(event.args["uncapped"]) or said
        first = event.args["firstRisk"]
        day = event.args["frame"] * p.frame_length // DAY
        for lane in range(len(said)):
            risk = first + lane
            wanted = median([vector[lane] for vector in vectors])
            before = last.get(risk)
            if wanted == NO_SENSOR_DATA:
                known = [
                    v for v in (before, medians_before.get(risk), bases.get(risk)) if v is not None
                ]
                wanted = max(known, default=NO_SENSOR_DATA)
            if wanted == NO_SENSOR_DATA:
                result.expect("score", f"risk {risk}", said[lane], wanted, "score")
                continue
            effective = wanted
            if before is not None:
                effective = _capped(wanted, before, p.max_move_per_frame)
                anchor = anchors.setdefault((risk, day), before)
                effective = _capped(effective, anchor, p.max_move_per_day)
            where = f"of risk {risk} in frame {event.args['frame']}"
            result.expect("score", where, said[lane], effective, "effective score")
            result.expect("score", where, said_medians[lane], wanted, "median")
            last[risk], medians_before[risk] = said[lane], said_medians[lane]
            result.recomputed["scores"] += 1
    result.on_chain["scores"] = len(ledger.rows("ledger_scores"))


def _capped(wanted: int, before: int, most: int) -> int:
    return max(min(wanted, before + most), before - most, 0)


def _check_vectors(event: Event, call: Row, p: Parameters, result: Result) -> None:
    args = event.args
    committee = p.committees.get(call["committeeVersion"])
    if committee is None:
        result.cannot("score report", event.place, "its committee is unknown")
        return
    signers = []
    for vector in call["vectors"]:
        message = {
            "committeeVersion": call["committeeVersion"],
            "frame": call["frame"],
            "modelHash": call["modelHash"],
            "firstRiskIndex": call["firstRisk"],
            "scores": vector["scores"],
        }
        signers.append(
            signer_of(p, "RiskFeed", "ScoreVector", SCORE_VECTOR, message, vector["signature"])
        )
    strangers = [s for s in signers if s not in committee.signers]
    result.expect("score report", event.place, strangers, [], "signers outside the committee")
    enough = len(set(signers)) >= committee.vector_quorum
    result.expect("score report", event.place, enough, True, "quorum of 2f+1 vectors")
    result.expect("score report", event.place, args["frame"], call["frame"], "frame")
    result.expect(
        "score report", event.place, hexed(args["modelHash"]), hexed(call["modelHash"]), "model"
    )


def check_models(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Every reported model was approved before its report and not retired before its frame."""
    approved: dict[bytes, int] = {}
    retired: dict[bytes, int] = {}
    for event in ledger.events:
        if event.contract == "ModelRegistry" and event.name == "HashApproved":
            approved[event.args["hash"]] = event.block
        elif event.contract == "ModelRegistry" and event.name == "HashRetired":
            retired[event.args["hash"]] = event.args["from"]
        elif event.name == "ScoresReported":
            model, frame = event.args["modelHash"], event.args["frame"]
            usable = model in approved and frame * p.frame_length < retired.get(model, 2**40)
            result.expect("model", hexed(model), usable, True, f"use in frame {frame} allowed")


def rates_set(ledger: Ledger, event: Event) -> list[tuple[int, int]]:
    """Risk and rate of each index that an IndexStarted or a RateReset sets."""
    if event.name == "IndexStarted":
        return [(event.args["risk"], event.args["rate"])]
    return resets(ledger, event.args)


def check_rates(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Every rate is the table's rate of the effective score at that moment."""
    tables = {
        e.args["product"]: (e.args["table"], e.args["terms"]["rateUnit"])
        for e in ledger.named("ProductBook", "ProductRegistered")
    }
    scores: dict[int, int] = {}
    for event in ledger.events:
        args = event.args
        if event.name == "ScoresReported":
            for lane, score in enumerate(lanes(args["scores"])):
                scores[args["firstRisk"] + lane] = score
        elif event.contract == "RateIndex" and event.name in ("IndexStarted", "RateReset"):
            table, unit = tables[args["product"]]
            for risk, said in rates_set(ledger, event):
                result.on_chain["rates"] += 1
                where = f"of product {args['product']} and risk {risk}, {event.place}"
                result.expect("rate", where, said, table_rate(table, unit, scores[risk]), "rate")
                result.recomputed["rates"] += 1


# -- premiums --------------------------------------------------------------------------------------


def rate_steps(ledger: Ledger, product: int, risk: int) -> list[RateStep]:
    """Rates of the index by time."""
    return [
        RateStep(event.time, rate)
        for event in ledger.events
        if event.contract == "RateIndex"
        and event.name in ("IndexStarted", "RateReset")
        and event.args["product"] == product
        for priced, rate in rates_set(ledger, event)
        if priced == risk
    ]


def check_premiums(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Premium earned by each policy up to its last booking, and never more than was paid."""
    until: dict[int, int] = {}
    start: dict[int, int] = {}
    for event in ledger.events:
        if event.name == "PremiumEarned":
            until[event.args["policy"]] = event.args["until"]
        elif event.name == "PolicyBound":
            start[event.args["policy"]] = event.args["start"]
    for (policy,), row in ledger.rows("ledger_policies").items():
        result.on_chain["policies"] += 1
        steps = rate_steps(ledger, row["product"], row["risk"])
        if not steps:
            result.cannot("premium", f"of policy {policy}", "its rate index never started")
            continue
        end = until.get(policy, start[policy])
        grown = accumulated(steps, start[policy], end) + row["loading"] * (end - start[policy])
        earned = min(premium_up(row["sum_insured"], grown), row["premium_paid"])
        result.expect(
            "premium", f"of policy {policy}", row["premium_earned"], earned, f"earned until {end}"
        )
        total = row["premium_earned"] + row["refunded"]
        result.expect(
            "premium", f"of policy {policy}", total <= row["premium_paid"], True, "sum within paid"
        )
        result.recomputed["policies"] += 1


# -- certificates ----------------------------------------------------------------------------------


def check_bordereaux(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Root, exposure, premium and contiguous serials of each posted bordereau, from its leaves."""
    units = {
        e.args["product"]: e.args["terms"]["unit"]
        for e in ledger.named("ProductBook", "ProductRegistered")
    }
    following: dict[str, int] = {}
    for event in ledger.named("CertificateBook", "BordereauPosted"):
        batch = event.args["batch"]
        result.on_chain["bordereaux"] += 1
        result.on_chain["certificates"] += event.args["size"]
        try:
            call = POST.decode_call(calldata[event.transaction][2])
        except (ValueError, KeyError):
            result.cannot("bordereau", str(batch), "its leaves are not in the calldata")
            continue
        leaves_of(ledger, batch, call["leaves"])
        row = ledger.row("ledger_bordereaux", batch)
        series = ledger.row("ledger_series", row["series"])
        insured = sum(
            int.from_bytes(call["leaves"][i + 20 : i + 22], "big")
            for i in range(0, len(call["leaves"]), LEAF)
        )
        size = len(call["leaves"]) // LEAF
        expected = following.get(row["series"], row["first_serial"])
        subject = str(batch)
        result.expect("bordereau", subject, row["size"], size, "size")
        result.expect(
            "bordereau", subject, row["exposure"], insured * units[row["product"]], "exposure"
        )
        premium = insured * series["premium_per_unit"]
        result.expect("bordereau", subject, row["premium"], premium, "premium")
        result.expect("bordereau", subject, row["root"], hexed(posted_root(call["leaves"])), "root")
        result.expect("bordereau", subject, row["first_serial"], expected, "first serial")
        following[row["series"]] = row["first_serial"] + size
        result.recomputed["bordereaux"] += 1
        result.recomputed["certificates"] += size


# -- incidents -------------------------------------------------------------------------------------


def check_incidents(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Lost and attacked slots of each epoch from the members' own signed masks."""
    lost: dict[tuple[int, int], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    attacked: dict[tuple[int, int], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    seen: set[str] = set()
    committee = p.committees[max(p.committees)]
    for event in ledger.named("IncidentRegistry", "ObservationRecorded"):
        result.on_chain["observations"] += 1
        if event.transaction not in seen:
            seen.add(event.transaction)
            try:
                call = ATTEST.decode_call(calldata[event.transaction][2])
            except (ValueError, KeyError):
                result.cannot("observation", event.place, "it is not in the calldata")
                continue
            for version, candidate in p.committees.items():
                signed = _marks_of(call, version, p)
                if all(signer in candidate.signers for signer, _, _ in signed):
                    committee = candidate
                    break
            else:
                result.cannot("observation", event.place, "a signer is in no committee")
                continue
            key = (call["subject"], call["epoch"])
            for signer, lost_mask, attack_mask in signed:
                lost[key][signer] |= set(set_slots(call["epoch"], lost_mask))
                attacked[key][signer] |= set(set_slots(call["epoch"], attack_mask))
        result.recomputed["observations"] += 1
    for (subject, epoch), row in ledger.rows("ledger_masks").items():
        result.on_chain["epochs"] += 1
        where = f"of subject {subject} in epoch {epoch}"
        for name, marks, needed in (
            ("lost", lost, committee.lost_quorum),
            ("attacked", attacked, committee.f + 1),
        ):
            slots = quorum_slots(marks[subject, epoch].values(), needed)
            mask = sum(1 << slot % SLOTS_PER_EPOCH for slot in slots)
            result.expect("incident", where, row[name], mask, f"mask of {name} slots")
        result.recomputed["epochs"] += 1


def _marks_of(call: Row, version: int, p: Parameters) -> list[tuple[str, int, int]]:
    found = []
    for o in call["observations"]:
        message = {
            "committeeVersion": version,
            "subject": call["subject"],
            "epoch": call["epoch"],
            "lostMask": o["lostMask"],
            "attackMask": o["attackMask"],
            "evidenceHash": o["evidenceHash"],
        }
        signer = signer_of(
            p, "IncidentRegistry", "Observation", OBSERVATION, message, o["signature"]
        )
        found.append((signer, o["lostMask"], o["attackMask"]))
    return found


# -- claims ----------------------------------------------------------------------------------------


def concerned_slots(ledger: Ledger, peril: int, risk: int, before: int) -> list[int]:
    """Slots below `before` that concern a cover of the risk."""
    slots: list[int] = []
    for (subject, epoch), row in ledger.rows("ledger_masks").items():
        if subject == risk:
            mask = row["lost"] if peril == SERVICE_OUTAGE else row["lost"] & row["attacked"]
            slots += [s for s in set_slots(epoch, mask) if s < before]
    return slots


def settled_before(time: int, terms: Row, p: Parameters) -> int:
    """First slot that could not be settled yet at `time`."""
    settled: int = (time - terms["holdWindow"] - p.max_report_delay) // p.slot_length
    return settled


def check_claims(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """What every policy's claim has been granted, against the due formula at each settlement."""
    products = {
        e.args["product"]: e.args["terms"] for e in ledger.named("ProductBook", "ProductRegistered")
    }
    granted: Counter[str] = Counter()
    of_policy: Counter[int] = Counter()
    by_transaction: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in ledger.events:
        if event.contract != "ClaimsDesk" or event.name not in ("ClaimPaid", "ClaimScheduled"):
            continue
        if not event.args.get("reviewed", False):
            by_transaction[event.transaction, hexed(event.args["claim"])].append(event)
    for (_, claim), events in by_transaction.items():
        result.on_chain["settlements"] += 1
        row = ledger.row("ledger_claims", claim)
        policy = ledger.row("ledger_policies", row["policy"])
        terms = products[policy["product"]]
        time = events[0].time
        before = settled_before(time, terms, p)
        slots = concerned_slots(ledger, terms["peril"], policy["risk"], before)
        found = [
            run
            for run in runs(slots, p.slot_length, terms["mergeGap"])
            if run.first_slot == row["run_start"]
        ]
        if not found:
            result.cannot("claim", claim, f"slot {row['run_start']} begins no run of lost slots")
            continue
        (run,) = found
        covered = policy["start"] + terms["coverageLag"] <= run.start < policy["end"]
        result.expect("claim", claim, covered, True, "run begins within cover")
        seconds = seconds_due(run, policy["end"], terms["waitingPeriod"])
        others = of_policy[row["policy"]] - granted[claim]
        due = min(payout_down(seconds, policy["loss_per_hour"]), policy["sum_insured"] - others)
        added = sum(e.args["amount"] for e in events)
        scheduled = any(e.name == "ClaimScheduled" for e in events)
        expected = due if scheduled else min(due, terms["instantLimit"])
        result.expect("claim", claim, granted[claim] + added, expected, f"granted at {time}")
        granted[claim] += added
        of_policy[row["policy"]] += added
        result.recomputed["settlements"] += 1


def check_reviews(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """A reviewed amount was scheduled before; two assessors agreed, or silence decided."""
    scheduled: Counter[str] = Counter()
    words: dict[str, dict[str, bool]] = defaultdict(dict)
    for event in ledger.events:
        if event.contract != "ClaimsDesk" or "claim" not in event.args:
            continue
        claim = hexed(event.args["claim"])
        if event.name == "ClaimScheduled":
            scheduled[claim] += event.args["amount"]
        elif event.name == "AssessorDecided":
            words[claim][event.args["assessor"]] = event.args["approve"]
        elif event.name in ("ClaimApproved", "ClaimRefused"):
            result.on_chain["reviews"] += 1
            approve = event.name == "ClaimApproved"
            votes = sum(1 for word in words[claim].values() if word is approve)
            said = event.args["amount"]
            result.expect("review", claim, said, scheduled[claim], "decided amount")
            if votes < 2 and not _defaulted(ledger, event):
                result.cannot("review", claim, "fewer than two assessors agreed")
            scheduled[claim] = 0
            result.recomputed["reviews"] += 1


def _defaulted(ledger: Ledger, event: Event) -> bool:
    return any(
        e.name == "ReviewDefaulted" and e.transaction == event.transaction for e in ledger.events
    )


def check_certificate_claims(
    ledger: Ledger, calldata: Calldata, p: Parameters, result: Result
) -> None:
    """Each paid certificate's own leaf, its place in the run, and that it was paid once."""
    products = {
        e.args["product"]: e.args["terms"] for e in ledger.named("ProductBook", "ProductRegistered")
    }
    by_place = {(r["batch"], r["index"]): r for r in ledger.rows("certificates").values()}
    once: Counter[tuple[int, int]] = Counter()
    paid = {e.transaction: e for e in ledger.named("ClaimsDesk", "CertificatesPaid")}
    for event in ledger.named("CertificateBook", "CertificatesClaimed"):
        result.on_chain["certificate settlements"] += 1
        batch = event.args["batch"]
        row = ledger.row("ledger_bordereaux", batch)
        terms = products[row["product"]]
        slot = event.args["runStart"]
        begun = slot * p.slot_length
        before = settled_before(event.time, terms, p)
        slots = concerned_slots(ledger, terms["peril"], row["risk"], before)
        lasting = [
            run
            for run in runs(slots, p.slot_length, terms["mergeGap"])
            if run.first_slot == slot and run.end - run.start > terms["waitingPeriod"]
        ]
        where = f"{batch} for the run at slot {slot}"
        result.expect("certificates", where, bool(lasting), True, "run pays")
        result.expect("certificates", where, row["posted_at"] <= begun, True, "posted before")
        amount = 0
        for index in event.args["indices"]:
            leaf = by_place.get((batch, index))
            if leaf is None:
                result.cannot("certificates", where, f"leaf {index} is unknown")
                continue
            inside = leaf["start"] + terms["coverageLag"] <= begun < leaf["start"] + terms["term"]
            result.expect("certificate", f"{batch}/{index}", inside, True, "run within its cover")
            once[batch, index] += 1
            result.expect("certificate", f"{batch}/{index}", once[batch, index], 1, "times paid")
            amount += leaf["units"] * terms["unit"]
        result.expect("certificates", where, event.args["amount"], amount, "payout")
        payment = paid.get(event.transaction)
        said = payment.args["amount"] if payment else None
        result.expect("certificates", where, said, amount, "amount paid")
        result.recomputed["certificate settlements"] += 1


CHECKS: tuple[Check, ...] = (
    check_scores,
    check_models,
    check_rates,
    check_premiums,
    check_bordereaux,
    check_incidents,
    check_claims,
    check_reviews,
    check_certificate_claims,
)


def check_all(ledger: Ledger, calldata: Calldata, parameters: Parameters) -> Result:
    """Every check; each kind of object must have been recomputed as often as it is on the chain."""
    result = Result()
    for check in CHECKS:
        check(ledger, calldata, parameters, result)
    for kind, count in result.on_chain.items():
        result.expect("count", kind, count, result.recomputed[kind], "objects")
    return result
