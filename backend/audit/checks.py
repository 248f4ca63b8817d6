"""Recomputes what the events say: scores, rates, premiums, bordereaux, incidents and payouts.

Pure: takes the ledger, the calldata behind its events and the contracts' parameters; gives findings
and how many objects of each kind were recomputed. An object that cannot be recomputed is a finding,
never a silent gap.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak

from backend.audit.allowances import Allowances
from backend.audit.declarations import ATTEST, POST, REPORT
from backend.audit.ledger import (
    IS_BORDEREAU,
    Event,
    Ledger,
    Row,
    certificate,
    cover_of,
    hexed,
    leaf_width,
    places,
    resets,
    was_waiting,
)
from backend.audit.rules import (
    NO_SENSOR_DATA,
    SLOTS_PER_EPOCH,
    RateStep,
    accumulated,
    as_score,
    committed_root,
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
from backend.audit.segments import Segment, at_second, cover_end, segments_of

DAY = 86_400
SERVICE_ATTACK, SERVICE_OUTAGE, DEPENDENCY_OUTAGE = 0, 1, 2
DEPENDENCIES = 1 << 32
"""A dependency's slots are marked under this plus its index."""


@dataclass(frozen=True)
class Committee:
    """Members of one version in lane order, and the faults it tolerates."""

    signers: tuple[str, ...]
    f: int
    sees_attacks: frozenset[str] = frozenset()
    active_from: int = 0
    active_until: int = 2**40
    suspended: Mapping[str, int] = field(default_factory=dict)
    """Member → second from which its signature no longer counts."""

    def in_force(self, time: int) -> bool:
        return self.active_from <= time < self.active_until

    def barred(self, signers: Iterable[str], time: int) -> list[str]:
        """Those of the signers that were suspended at a moment."""
        return [signer for signer in signers if self.suspended.get(signer, 2**40) <= time]

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
    daily_instant_ceiling: int
    now: int = 0
    """Chain second of the pinned block."""
    premium_views: Mapping[int, int] = field(default_factory=dict)
    """Policy → premium earned at that second, as the contract's view says; unsettled ones only."""
    leaf_files: Mapping[str, bytes] = field(default_factory=dict)
    """Files with the leaves of committed bordereaux, by their keccak-256 in hex."""


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

    def close(self) -> None:
        """Each kind of object must have been recomputed as often as it is on the chain."""
        for kind, count in self.on_chain.items():
            self.expect("count", kind, count, self.recomputed[kind], "objects")

    def cannot(self, kind: str, subject: str, why: str) -> None:
        self.findings.append(Finding(kind, subject, f"cannot be recomputed: {why}"))


Calldata = Mapping[str, tuple[str, str, bytes]]
Progress = Callable[[str, int, int], None]
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


def typed_domain(parameters: Parameters, contract: str) -> Row:
    """EIP-712 domain of one of the contracts."""
    return {
        "name": f"flowcover {contract}",
        "version": "1",
        "chainId": parameters.chain_id,
        "verifyingContract": parameters.addresses[contract],
    }


def hashed(typed: SignableMessage) -> bytes:
    """Digest of an EIP-712 message."""
    return keccak(b"\x19" + typed.version + typed.header + typed.body)


def signer_of(
    parameters: Parameters, contract: str, kind: str, members: list[Row], message: Row, sig: bytes
) -> str:
    """Address that signed an EIP-712 message for one of the contracts."""
    typed = encode_typed_data(typed_domain(parameters, contract), {kind: members}, message)
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
        vectors = [[as_score(lane) for lane in lanes(scores)] for scores in _scores_of(call)]
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


def _scores_of(call: Row) -> list[bytes]:
    """Packed scores of each vector of a report; an empty one repeats the one before it."""
    found: list[bytes] = []
    for vector in call["vectors"]:
        found.append(vector["scores"] or (found[-1] if found else b""))
    return found


def _vectors_of(call: Row, p: Parameters) -> list[tuple[str, bytes]]:
    """Signer and packed scores of each vector of a report."""
    found = []
    for vector, scores in zip(call["vectors"], _scores_of(call), strict=True):
        message = {
            "committeeVersion": call["committeeVersion"],
            "frame": call["frame"],
            "modelHash": call["modelHash"],
            "firstRiskIndex": call["firstRisk"],
            "scores": scores,
        }
        signer = signer_of(p, "RiskFeed", "ScoreVector", SCORE_VECTOR, message, vector["signature"])
        found.append((signer, scores))
    return found


def vectors_of(
    event: Event, calldata: Calldata, p: Parameters
) -> tuple[int, list[tuple[str, bytes]]] | None:
    """Committee version, signers and packed scores of a report; None when it cannot be read."""
    try:
        call = REPORT.decode_call(calldata[event.transaction][2])
    except (ValueError, KeyError):
        return None
    return call["committeeVersion"], _vectors_of(call, p)


def _check_vectors(event: Event, call: Row, p: Parameters, result: Result) -> None:
    args = event.args
    committee = p.committees.get(call["committeeVersion"])
    if committee is None:
        result.cannot("score report", event.place, "its committee is unknown")
        return
    signers = [signer for signer, _ in _vectors_of(call, p)]
    start = call["frame"] * p.frame_length
    result.expect(
        "score report", event.place, committee.in_force(start), True, "committee in force"
    )
    closed = start + p.frame_length <= event.time
    result.expect("score report", event.place, closed, True, "frame closed before its report")
    barred = committee.barred(signers, event.time)
    result.expect("score report", event.place, barred, [], "suspended signers")
    strangers = [s for s in signers if s not in committee.signers]
    result.expect("score report", event.place, strangers, [], "signers outside the committee")
    result.expect("score report", event.place, len(set(signers)), len(signers), "distinct signers")
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
    rates: dict[tuple[int, int], int] = {}
    reported: Event | None = None
    for event in ledger.events:
        args = event.args
        if reported is not None and event.transaction != reported.transaction:
            _check_moved(reported, rates, scores, tables, result)
            reported = None
        if event.name == "ScoresReported":
            reported = event
        if event.name == "ScoresReported":
            for lane, score in enumerate(lanes(args["scores"])):
                scores[args["firstRisk"] + lane] = score
        elif event.contract == "RateIndex" and event.name in ("IndexStarted", "RateReset"):
            table, unit = tables[args["product"]]
            for risk, said in rates_set(ledger, event):
                result.on_chain["rates"] += 1
                where = f"of product {args['product']} and risk {risk}, {event.place}"
                if risk not in scores:
                    result.cannot("rate", where, "the risk has no score")
                    continue
                rates[args["product"], risk] = said
                result.expect("rate", where, said, table_rate(table, unit, scores[risk]), "rate")
                result.recomputed["rates"] += 1
        elif event.contract == "RateIndex" and event.name == "IndexStopped":
            rates.pop((args["product"], args["risk"]), None)


def _check_moved(
    reported: Event,
    rates: Mapping[tuple[int, int], int],
    scores: Mapping[int, int],
    tables: Mapping[int, tuple[int, int]],
    result: Result,
) -> None:
    """A report moves every running rate whose score changed its tier, in its own transaction."""
    for (product, risk), rate in rates.items():
        if risk in scores:
            due = table_rate(*tables[product], scores[risk])
            where = f"of product {product} and risk {risk} after frame {reported.args['frame']}"
            result.expect("rate", where, rate, due, "rate")


# -- premiums --------------------------------------------------------------------------------------


def rate_paths(ledger: Ledger) -> dict[tuple[int, int], list[RateStep]]:
    """Rates of each index by time, by product and risk."""
    paths: dict[tuple[int, int], list[RateStep]] = defaultdict(list)
    for event in ledger.events:
        if event.contract == "RateIndex" and event.name in ("IndexStarted", "RateReset"):
            for risk, rate in rates_set(ledger, event):
                paths[event.args["product"], risk].append(RateStep(event.time, rate))
    return paths


@dataclass
class Stream:
    """The current segment of a policy: what was paid in for it and what it has consumed."""

    steps: list[RateStep]
    sum_insured: int
    loading: int
    start: int
    end: int
    funds: int
    collected: int = 0
    settled: bool = False
    endorsed: Row | None = None
    """An endorsement by quote that has not acted."""

    def premium(self, until: int) -> int:
        """Premium of the segment up to a second, rounded up."""
        if until <= self.start:
            return 0
        grown = accumulated(self.steps, self.start, until)
        return premium_up(self.sum_insured, grown + self.loading * (until - self.start))

    def earned(self, now: int) -> int:
        """What the segment consumed by a second: less than its whole premium once it lapsed."""
        until = min(now, self.end)
        if self.acts_by(until) and self.premium(self.acts_at) <= self.funds:
            return self.premium(self.acts_at) + self.turned().earned(now)
        return self.premium(self.stops(until))

    def stops(self, now: int) -> int:
        """The second up to which it is paid, not after `now`."""
        until = min(now, self.end)
        if self.acts_by(until) and self.premium(self.acts_at) <= self.funds:
            return self.turned().stops(now)
        if self.premium(until) <= self.funds:
            return until
        low, high = self.start, until
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.premium(middle) <= self.funds else (low, middle)
        return low

    @property
    def acts_at(self) -> int:
        assert self.endorsed is not None
        at: int = self.endorsed["at"]
        return at

    def acts_by(self, time: int) -> bool:
        """Whether a waiting endorsement acts by a second, if the funds last until then."""
        return self.endorsed is not None and self.acts_at <= time

    def turned(self) -> Stream:
        """The segment that the endorsement begins; it takes over what is left of the money."""
        assert self.endorsed is not None
        spent = self.premium(self.acts_at)
        return Stream(
            self.steps,
            self.endorsed["sumInsured"],
            self.endorsed["loading"],
            self.acts_at,
            self.end,
            self.funds - spent,
            self.collected - spent,
        )


REACHES = {"PremiumEarned": "until", "PolicyLapsed": "at", "PolicyCancelled": "end"} | {
    "PolicyFinished": "end"
}
"""Event → its field that says up to which second the policy has been brought."""


def streams_of(ledger: Ledger, result: Result) -> dict[int, tuple[int, Stream]]:
    """Folds the policies' events; each booking of premium, lapse and refund is compared.

    :return: policy → premium of its earlier segments, and its current one
    """
    paths = rate_paths(ledger)
    found: dict[int, tuple[int, Stream]] = {}
    for event in ledger.events:
        if event.contract != "PolicyBook" or "policy" not in event.args:
            continue
        a, policy = event.args, event.args["policy"]
        where = f"of policy {policy}"
        if event.name == "PolicyBound":
            steps = paths.get((a["product"], a["risk"]), [])
            if not steps:
                result.cannot("premium", where, "its rate index never started")
                continue
            stream = Stream(
                steps, a["sumInsured"], a["loading"], a["start"], a["end"], a["premium"]
            )
            found[policy] = (0, stream)
        if policy not in found:
            continue
        past, stream = found[policy]
        if event.name in REACHES and stream.acts_by(a[REACHES[event.name]]):
            past, stream = past + stream.premium(stream.acts_at), stream.turned()
            found[policy] = (past, stream)
        match event.name:
            case "PremiumEarned":
                stream.collected += a["amount"]
                due = stream.premium(a["until"])
                what = f"earned until {a['until']}"
                result.expect("premium", where, stream.collected, due, what)
            case "PolicyLapsed":
                paid_for = stream.premium(a["at"]) <= stream.funds < stream.premium(a["at"] + 1)
                what = f"lapse at the second {a['at']} in which its funds end"
                result.expect("premium", where, paid_for, True, what)
                stream.endorsed = None
            case "PolicyEndorsed":
                stream.endorsed = a
                if not int.from_bytes(a["quoteDigest"], "big"):
                    found[policy] = (past + stream.premium(a["at"]), stream.turned())
            case "PolicyToppedUp" if a["newSegment"]:
                left = stream.funds - stream.collected
                found[policy] = (
                    past + stream.collected,
                    Stream(
                        stream.steps,
                        stream.sum_insured,
                        stream.loading,
                        event.time,
                        stream.end,
                        left + a["amount"],
                    ),
                )
            case "PolicyToppedUp":
                stream.funds += a["amount"]
            case "PolicyCancelled" | "PolicyFinished":
                due = 0 if stream.settled else stream.funds - stream.collected
                result.expect("premium", where, a["refund"], due, "refund")
                stream.settled = True
                stream.end = a["end"]
    return found


def check_premiums(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Premium of each policy, segment by segment, and never more than was paid."""
    streams = streams_of(ledger, result)
    for (policy,), row in ledger.rows("ledger_policies").items():
        result.on_chain["policies"] += 1
        if policy not in streams:
            continue
        past, stream = streams[policy]
        where = f"of policy {policy}"
        said = row["premium_earned"]
        result.expect("premium", where, said, past + stream.collected, "earned in all")
        total = row["premium_earned"] + row["refunded"]
        result.expect("premium", where, total <= row["premium_paid"], True, "sum within paid")
        if policy in p.premium_views:
            now = past + stream.earned(p.now)
            result.expect("premium", where, p.premium_views[policy], now, f"earned by {p.now}")
        result.recomputed["policies"] += 1


# -- certificates ----------------------------------------------------------------------------------


def leaves_of(row: Row, calldata: Calldata, files: Mapping[str, bytes]) -> bytes:
    """Packed records of a bordereau: from its calldata, or from the leaf file of a committed one.

    :raises ValueError: they are not there, or no whole records
    """
    name = row["leaf_file_hash"]
    if name is not None:
        leaves = files.get(name)
        if leaves is None:
            raise ValueError(f"its leaf file {name} is missing")
    else:
        try:
            leaves = POST.decode_call(calldata[row["transaction_hash"]][2])["leaves"]
        except (ValueError, KeyError) as error:
            raise ValueError("its leaves are not in the calldata") from error
    if not leaves or len(leaves) % leaf_width(row):
        raise ValueError("its leaves are no whole records")
    return bytes(leaves)


def check_bordereaux(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Root, exposure, premium and contiguous serials of each bordereau, from its leaves."""
    units = {
        e.args["product"]: e.args["terms"]["unit"]
        for e in ledger.named("ProductBook", "ProductRegistered")
    }
    following: dict[str, int] = {}
    for (batch,), row in ledger.rows("ledger_bordereaux").items():
        result.on_chain["bordereaux"] += 1
        result.on_chain["certificates"] += row["size"]
        subject = str(batch)
        expected = following.get(row["series"], row["first_serial"])
        result.expect("bordereau", subject, row["first_serial"], expected, "first serial")
        following[row["series"]] = row["first_serial"] + row["size"]
        try:
            leaves = leaves_of(row, calldata, p.leaf_files)
        except ValueError as error:
            result.cannot("bordereau", subject, str(error))
            continue
        width = leaf_width(row)
        insured = sum(
            int.from_bytes(leaves[i + 20 : i + 22], "big") for i in range(0, len(leaves), width)
        )
        root = posted_root(leaves) if row["leaf_file_hash"] is None else committed_root(leaves)
        premium = insured * ledger.row("ledger_series", row["series"])["premium_per_unit"]
        for what, computed in (
            ("size", len(leaves) // width),
            ("exposure", insured * units[row["product"]]),
            ("premium", premium),
            ("root", hexed(root)),
        ):
            result.expect("bordereau", subject, row[what], computed, what)
        result.recomputed["bordereaux"] += 1
        result.recomputed["certificates"] += row["size"]


# -- incidents -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attested:
    """One signed observation as it stands in calldata."""

    version: int
    member: str
    subject: int
    epoch: int
    lost: int
    attack: int
    evidence_hash: bytes


def observations_of(ledger: Ledger, calldata: Calldata, p: Parameters) -> list[Attested]:
    """Every observation of every readable attestation, in chain order."""
    found: list[Attested] = []
    for transaction in dict.fromkeys(
        event.transaction for event in ledger.named("IncidentRegistry", "ObservationsRecorded")
    ):
        try:
            call = ATTEST.decode_call(calldata[transaction][2])
        except (ValueError, KeyError):
            continue
        found += _signed_by_one_committee(call, p)
    return found


def _signed_by_one_committee(call: Row, p: Parameters) -> list[Attested]:
    """The call's observations under the newest committee that all its signers are of; else none."""
    for version, committee in sorted(p.committees.items(), reverse=True):
        signed = _marks_of(call, version, p)
        if all(seen.member in committee.signers for seen in signed):
            return signed
    return []


def check_incidents(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Lost and attacked slots of each epoch from the signed masks, and what is told of those."""
    lost: dict[tuple[int, int], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    attacked: dict[tuple[int, int], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    versions: dict[tuple[int, int], int] = {}
    for event in ledger.named("IncidentRegistry", "ObservationsRecorded"):
        result.on_chain["observations"] += len(event.args["records"])
        try:
            call = ATTEST.decode_call(calldata[event.transaction][2])
        except (ValueError, KeyError):
            result.cannot("observation", event.place, "it is not in the calldata")
            continue
        signed = _signed_by_one_committee(call, p)
        if not signed:
            result.cannot("observation", event.place, "a signer is in no committee")
            continue
        key = (call["subject"], call["epoch"])
        _check_open(event, signed, lost, attacked, p, result)
        fresh = []
        for seen in signed:
            versions[key] = seen.version
            own = (lost[key][seen.member], attacked[key][seen.member])
            before = sum(map(len, own))
            own[0].update(set_slots(seen.epoch, seen.lost))
            own[1].update(set_slots(seen.epoch, seen.attack))
            if sum(map(len, own)) > before:
                fresh.append((seen.member, seen.lost, seen.attack, hexed(seen.evidence_hash)))
        told = [
            (r["member"], r["lostMask"], r["attackMask"], hexed(r["evidenceHash"]))
            for r in event.args["records"]
        ]
        result.expect("observation", event.place, told, fresh, "observations told")
        result.recomputed["observations"] += len(fresh)
    for (subject, epoch), row in ledger.rows("ledger_masks").items():
        result.on_chain["epochs"] += 1
        where = f"of subject {subject} in epoch {epoch}"
        if (subject, epoch) not in versions:
            result.cannot("incident", where, "no observation of it can be read")
            continue
        committee = p.committees[versions[subject, epoch]]
        for name, marks, needed in (
            ("lost", lost, committee.lost_quorum),
            ("attacked", attacked, committee.f + 1),
        ):
            slots = quorum_slots(marks[subject, epoch].values(), needed)
            mask = sum(1 << slot % SLOTS_PER_EPOCH for slot in slots)
            result.expect("incident", where, row[name], mask, f"mask of {name} slots")
        result.recomputed["epochs"] += 1


def _check_open(
    event: Event,
    signed: list[Attested],
    lost: Mapping[tuple[int, int], Mapping[str, set[int]]],
    attacked: Mapping[tuple[int, int], Mapping[str, set[int]]],
    p: Parameters,
    result: Result,
) -> None:
    """A slot is marked after its end and before it closes; an attack by members that can see it."""
    signers = [seen.member for seen in signed]
    result.expect("observation", event.place, len(set(signers)), len(signers), "distinct signers")
    barred = p.committees[signed[0].version].barred(signers, event.time)
    result.expect("observation", event.place, barred, [], "suspended signers")
    ended = event.time // p.slot_length
    closed = (event.time - p.max_report_delay) // p.slot_length
    for seen in signed:
        where = f"of member {seen.member} for subject {seen.subject} in epoch {seen.epoch}"
        for known, mask in ((lost, seen.lost), (attacked, seen.attack)):
            before = known.get((seen.subject, seen.epoch), {}).get(seen.member, set())
            fresh = set(set_slots(seen.epoch, mask)) - before
            outside = sorted(slot for slot in fresh if not closed <= slot < ended)
            result.expect("observation", where, outside, [], "slots marked while not open")
        blind = seen.attack and seen.member not in p.committees[seen.version].sees_attacks
        result.expect("observation", where, bool(blind), False, "attack marked without seeing any")


def _expanded(r: bytes, vs: bytes) -> bytes:
    """The 65 bytes r, s, v of a compact signature (ERC-2098)."""
    return r + bytes([vs[0] & 0x7F]) + vs[1:] + bytes([27 + (vs[0] >> 7)])


def _marks_of(call: Row, version: int, p: Parameters) -> list[Attested]:
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
        signature = _expanded(o["r"], o["vs"])
        signer = signer_of(p, "IncidentRegistry", "Observation", OBSERVATION, message, signature)
        found.append(
            Attested(
                version,
                signer,
                call["subject"],
                call["epoch"],
                o["lostMask"],
                o["attackMask"],
                o["evidenceHash"],
            )
        )
    return found


# -- claims ----------------------------------------------------------------------------------------


def concerned_slots(
    ledger: Ledger, peril: int, risk: int, before: int, dependencies: int = 0
) -> list[int]:
    """Slots below `before` that concern a cover of the risk.

    :param dependencies: of a cover against their outages: up to four indices, 32 bits each
    """
    slots: list[int] = []
    for epoch in ledger.epochs.get(risk, ()):
        row = ledger.row("ledger_masks", risk, epoch)
        if epoch * SLOTS_PER_EPOCH < before:
            mask = row["lost"]
            if peril == SERVICE_ATTACK:
                mask &= row["attacked"]
            elif peril != SERVICE_OUTAGE:
                mask &= _shared(ledger, dependencies, epoch)
            slots += [s for s in set_slots(epoch, mask) if s < before]
    return slots


def _shared(ledger: Ledger, dependencies: int, epoch: int) -> int:
    """Slots of an epoch in which any of the dependencies was lost."""
    lost = 0
    while dependencies:
        subject = DEPENDENCIES + (dependencies & 0xFFFFFFFF)
        row = ledger.rows("ledger_masks").get((subject, epoch))
        lost |= row["lost"] if row is not None else 0
        dependencies >>= 32
    return lost


def settled_before(time: int, terms: Row, p: Parameters) -> int:
    """First slot that could not be settled yet at `time`."""
    settled: int = (time - terms["holdWindow"] - p.max_report_delay) // p.slot_length
    return settled


@dataclass
class Grants:
    """Each settlement of the desk, in chain order, with the allowances as they stood then."""

    ledger: Ledger
    parameters: Parameters
    allowances: Allowances = field(init=False)
    booked: Counter[bytes] = field(default_factory=Counter)
    routed: Counter[bytes] = field(default_factory=Counter)
    committed: Counter[int] = field(default_factory=Counter)
    refused: set[bytes] = field(default_factory=set)
    streams: dict[int, tuple[int, Stream]] = field(init=False)

    def __post_init__(self) -> None:
        self.streams = streams_of(self.ledger, Result())
        self.allowances = Allowances(self.parameters.daily_instant_ceiling)

    def __iter__(self) -> Iterator[tuple[bytes, list[Event]]]:
        """Claims with the events that granted something; a settlement is one transaction's."""
        groups: dict[tuple[str, bytes], list[Event]] = defaultdict(list)
        for event in self.ledger.events:
            if event.name in GRANTING and event.contract == "ClaimsDesk":
                groups[event.transaction, self._claim(event)].append(event)
        for event in self.ledger.events:
            a = event.args
            self.allowances.take(event.name, a)
            if event.contract != "ClaimsDesk":
                continue
            if event.name == "ClaimRefused":
                self.committed[cover_of(a["claim"])[1]] -= a["amount"]
                self.refused.add(a["claim"])
            elif event.name == "ClaimPaid" and was_waiting(event):
                self.allowances.pay(self._cell(a["claim"]), a["amount"], event.time)
            elif event.name in GRANTING:
                found = groups.pop((event.transaction, self._claim(event)), None)
                if found and not all(e.name == "ClaimPaid" and e.args["reviewed"] for e in found):
                    yield self._claim(event), found

    @staticmethod
    def _claim(event: Event) -> bytes:
        """The claim; for a bordereau, that of all its certificates on the run."""
        if event.name == "CertificatesPaid":
            number: int = IS_BORDEREAU | event.args["batch"] << 64 | event.args["runStart"]
            return number.to_bytes(32, "big")
        claim: bytes = event.args["claim"]
        return (int.from_bytes(claim, "big") & ALL_CERTIFICATES).to_bytes(32, "big")

    def _cell(self, claim: bytes) -> str:
        kind, number, _ = cover_of(claim)
        table = "ledger_policies" if kind == "policy" else "ledger_bordereaux"
        product = self.ledger.row(table, number)["product"]
        return str(terms_by_product(self.ledger)[product]["cell"])

    def grant(
        self, claim: bytes, events: list[Event], instant: int, applicant: str, where: str,
        result: Result,
    ) -> int:  # fmt: skip
        """Compares the parts of a settlement and books them.

        :param instant: what may be granted without review
        :param applicant: whose year it counts in; empty when it counts in none
        :return: what was granted, token units
        """
        sums: Counter[str] = Counter()
        for event in events:
            sums[event.name] += event.args["amount"]
        scheduled, delayed = sums["ClaimScheduled"], sums["PaymentDelayed"]
        paid, time = sums["ClaimPaid"] + sums["CertificatesPaid"], events[0].time
        result.expect("claim", where, paid + delayed, instant, f"granted without review at {time}")
        payable = self.allowances.payable(self._cell(claim), instant, time)
        result.expect("claim", where, paid, payable, f"paid within the day's ceiling at {time}")
        self.booked[claim] += paid + delayed + scheduled
        self.routed[claim] += scheduled
        self.committed[cover_of(claim)[1]] += paid + delayed + scheduled
        self.allowances.pay(self._cell(claim), paid, time)
        if applicant:
            self.allowances.count(applicant, paid + delayed, time)
        return paid + delayed + scheduled


GRANTING = ("ClaimPaid", "PaymentDelayed", "ClaimScheduled", "CertificatesPaid")
ALL_CERTIFICATES = (1 << 129) - 1


def terms_by_product(ledger: Ledger) -> dict[int, Row]:
    return {
        e.args["product"]: e.args["terms"] for e in ledger.named("ProductBook", "ProductRegistered")
    }


def check_claims(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """What every settlement granted, against the due formula and the allowances of that moment."""
    products = terms_by_product(ledger)
    grants = Grants(ledger, p)
    for claim, events in grants:
        result.on_chain["settlements"] += 1
        if cover_of(claim)[0] == "policy":
            _check_policy_claim(grants, claim, events, products, result)
        else:
            _check_bordereau_claim(grants, claim, events, products, result)


def _check_policy_claim(
    grants: Grants, claim: bytes, events: list[Event], products: dict[int, Row], result: Result
) -> None:
    ledger, p = grants.ledger, grants.parameters
    _, number, slot = cover_of(claim)
    where, time = hexed(claim), events[0].time
    policy = ledger.row("ledger_policies", number)
    terms = products[policy["product"]]
    stream = grants.streams.get(number)
    segments = segments_of(ledger, number, stream[1].stops(p.now) if stream else None)
    cover = at_second(segments, slot * p.slot_length)
    dependencies = cover.dependencies if cover else 0
    before = settled_before(time, terms, p)
    slots = concerned_slots(ledger, terms["peril"], policy["risk"], before, dependencies)
    found = [r for r in runs(slots, p.slot_length, terms["mergeGap"]) if r.first_slot == slot]
    if not found:
        result.cannot("claim", where, f"slot {slot} begins no run of lost slots")
        return
    (run,) = found
    if claim in grants.refused:
        result.cannot("claim", where, "more is granted of a claim that was refused before")
    covered = cover is not None and cover.cover_start + terms["coverageLag"] <= run.start
    result.expect("claim", where, covered, True, "run begins within cover")
    if cover is None:
        return
    seconds = seconds_due(run, cover_end(segments, cover), terms["waitingPeriod"])
    booked = grants.booked[claim]
    left = max(0, cover.sum_insured - grants.committed[number])
    due = min(payout_down(seconds, cover.loss_per_hour), booked + left)
    instant = due - booked
    share = grants.allowances.share(terms["instantLimit"], policy["risk"], slot, cover.sum_insured)
    instant = max(0, min(instant, share - (booked - grants.routed[claim])))
    counted = terms["peril"] != DEPENDENCY_OUTAGE
    if counted:
        limit = terms["unreviewedLimit"]
        room = grants.allowances.yearly_room(policy["applicant"], limit, time)
        if room < instant:
            limit += _earned_by(ledger, segments, policy, time)
            room = grants.allowances.yearly_room(policy["applicant"], limit, time)
            instant = min(instant, room)
    if grants.allowances.held(claim):
        instant = 0
    else:
        grants.allowances.settled(policy["risk"], slot, cover.sum_insured)
    applicant = policy["applicant"] if counted else ""
    added = grants.grant(claim, events, instant, applicant, where, result)
    scheduled = any(e.name == "ClaimScheduled" for e in events)
    expected = due if scheduled else booked + instant
    result.expect("claim", where, booked + added, expected, f"granted at {time}")
    result.recomputed["settlements"] += 1


def _earned_by(ledger: Ledger, segments: list[Segment], policy: Row, time: int) -> int:
    """Premium that a policy consumed by a second, each segment's rounded up."""
    steps = rate_paths(ledger)[policy["product"], policy["risk"]]
    earned = 0
    for segment in segments:
        if (until := min(time, segment.end)) > segment.start:
            grown = accumulated(steps, segment.start, until)
            grown += segment.loading * (until - segment.start)
            earned += premium_up(segment.sum_insured, grown)
    return int(min(earned, policy["premium_paid"]))


def _check_bordereau_claim(
    grants: Grants, claim: bytes, events: list[Event], products: dict[int, Row], result: Result
) -> None:
    ledger = grants.ledger
    _, number, slot = cover_of(claim)
    where, time = f"{number} for the run at slot {slot}", events[0].time
    batch = ledger.row("ledger_bordereaux", number)
    terms = products[batch["product"]]
    due = sum(
        e.args["amount"]
        for e in ledger.named("CertificateBook", "CertificatesClaimed")
        if e.transaction == events[0].transaction and e.args["batch"] == number
    )
    share = grants.allowances.share(terms["instantLimit"], batch["risk"], slot, batch["exposure"])
    share -= grants.booked[claim] - grants.routed[claim]
    room = grants.allowances.yearly_room(batch["platform"], terms["unreviewedLimit"], time)
    instant = 0
    if not grants.allowances.held(claim):
        instant = max(0, min(due, share, room))
        grants.allowances.settled(batch["risk"], slot, batch["exposure"])
    granted = grants.grant(claim, events, instant, batch["platform"], where, result)
    result.expect("certificates", where, granted, due, "granted in all")
    result.recomputed["settlements"] += 1


def check_reviews(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """A reviewed amount was scheduled before; two assessors, silence or an appeal decided."""
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
            if votes < 2 and not _decided_otherwise(ledger, event):
                result.cannot("review", claim, "fewer than two assessors agreed")
            scheduled[claim] = 0
            result.recomputed["reviews"] += 1


def _decided_otherwise(ledger: Ledger, event: Event) -> bool:
    """By silence, or by an appeal that upheld a challenge, in the same transaction."""
    name = "ReviewDefaulted" if event.name == "ClaimApproved" else "ChallengeUpheld"
    contract = "ClaimsDesk" if event.name == "ClaimApproved" else "AppealBoard"
    return any(e.transaction == event.transaction for e in ledger.named(contract, name))


def check_certificate_claims(
    ledger: Ledger, calldata: Calldata, p: Parameters, result: Result
) -> None:
    """Each paid certificate's own leaf, its place in the run, and that it was paid once."""
    products = terms_by_product(ledger)
    once: Counter[tuple[int, int]] = Counter()
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
        try:
            leaves = leaves_of(row, calldata, p.leaf_files)
        except ValueError as error:
            result.cannot("certificates", where, str(error))
            continue
        for index in places(event.args["indices"]):
            if index >= row["size"] or index >= len(leaves) // leaf_width(row):
                result.cannot("certificates", where, f"leaf {index} is unknown")
                continue
            leaf = certificate(row, leaves, index)
            inside = leaf["start"] + terms["coverageLag"] <= begun < leaf["start"] + terms["term"]
            result.expect("certificate", f"{batch}/{index}", inside, True, "run within its cover")
            once[batch, index] += 1
            result.expect("certificate", f"{batch}/{index}", once[batch, index], 1, "times paid")
            amount += leaf["units"] * terms["unit"]
        result.expect("certificates", where, event.args["amount"], amount, "payout")
        result.recomputed["certificate settlements"] += 1


def check_payments(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """What the desk says was paid in a transaction is what the cell paid in it."""
    said: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for name in ("ClaimPaid", "CertificatesPaid"):
        for event in ledger.named("ClaimsDesk", name):
            said[event.transaction] += event.args["amount"]
    for name in ("ClaimPaid", "ClaimsPaid"):
        for event in ledger.named("Cell", name):
            paid[event.transaction] += event.args["amount"]
    for transaction in sorted(said.keys() | paid.keys()):
        where = f"in transaction {transaction}"
        result.expect("payment", where, paid[transaction], said[transaction], "paid by the cell")


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
    check_payments,
)


def check_all(
    ledger: Ledger, calldata: Calldata, parameters: Parameters, result: Result, progress: Progress
) -> None:
    """Every check that chain and calldata suffice for."""
    for done, check in enumerate(CHECKS):
        progress(check.__name__.removeprefix("check_").replace("_", " "), done, len(CHECKS))
        try:
            check(ledger, calldata, parameters, result)
        except (KeyError, IndexError, ValueError) as error:
            result.cannot(
                check.__name__.removeprefix("check_"), "as a whole", f"no {error} on chain"
            )
    for event in ledger.orphans:
        result.cannot(event.name, f"at {event.place}", "how its object came to be is not on chain")
