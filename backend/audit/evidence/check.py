"""Holds the members' signed words against their evidence; changes when a kind of word is added.

A score vector must follow from the flows that its bundle names, an observation from the bundle that
it names. The committee tolerates f members in fault, so up to f words without support are told as
remarks, with the member's name; more than f behind one report or epoch are a difference. Evidence
that is missing or altered is always a difference: the ledger could not be recomputed from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.audit.chain import AuditError
from backend.audit.checks import Calldata, Finding, Parameters, Result, observations_of, vectors_of
from backend.audit.evidence.scores import Models, Rescorer
from backend.audit.evidence.sensors import SensorChains, SensorGap
from backend.audit.evidence.stores import Stores
from backend.audit.ledger import Ledger
from backend.audit.rules import NO_SENSOR_DATA, lanes
from oracles.evidence import observation, score
from oracles.evidence.bundle import Bundle, EvidenceError

Progress = Callable[[str, int, int], None]
VectorKey = tuple[str, int, int, int]
"""Member, committee version, frame, first risk."""


@dataclass
class EvidenceReport:
    """What the evidence shows beside differences."""

    remarks: list[Finding] = field(default_factory=list)
    gaps: list[SensorGap] = field(default_factory=list)
    coverage: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Policy → frames in force with sensor data in the evidence, and frames in force."""
    sensor_batches: int = 0


@dataclass
class Evidence:
    """The evidence of one deployment, indexed."""

    stores: Stores
    rescorer: Rescorer
    vectors: dict[VectorKey, bytes] = field(default_factory=dict)

    @classmethod
    def open(
        cls, places: Sequence[Path | str], models: Models, p: Parameters, result: Result
    ) -> Evidence:
        """Reads every bundle's address; one whose bytes are not what its name says is a finding."""
        stores = Stores(places)
        found = cls(stores, Rescorer(stores, models))
        feed = p.addresses["RiskFeed"].lower()
        for name, bundle in stores.bundles():
            if isinstance(bundle, EvidenceError):
                result.findings.append(Finding("evidence", "0x" + name.hex(), bundle.reason))
                continue
            mine = (bundle.get("chain_id"), str(bundle.get("feed")).lower())
            if bundle.get("kind") == score.KIND and mine == (p.chain_id, feed):
                found.vectors.setdefault(_vector_key(bundle), name)
        return found

    def scores(self, key: VectorKey) -> dict[int, int]:
        """Scores of a member's vector as its evidence gives them. Raises EvidenceError."""
        if key not in self.vectors:
            raise EvidenceError("score", "no bundle of this vector is in the evidence")
        return self.rescorer.scores(self.stores.bundle(self.vectors[key]))


def _vector_key(bundle: Bundle) -> VectorKey:
    return (
        str(bundle["member"]).lower(),
        int(bundle["committee_version"]),
        int(bundle["frame"]),
        int(bundle["first_risk"]),
    )


@dataclass
class Unsupported:
    """Words of one report or epoch that evidence does not carry, by member."""

    tolerated: int
    words: dict[str, str] = field(default_factory=dict)

    def tell(self, kind: str, where: str, result: Result, report: EvidenceReport) -> None:
        causes = [f"member {member} {why}" for member, why in sorted(self.words.items())]
        if len(causes) > self.tolerated:
            result.findings += [Finding(kind, where, cause) for cause in causes]
        else:
            report.remarks += [Finding(kind, where, cause) for cause in causes]


def check_scores(
    evidence: Evidence,
    ledger: Ledger,
    calldata: Calldata,
    p: Parameters,
    result: Result,
    report: EvidenceReport,
    progress: Progress,
) -> None:
    """Each signed vector against the flows behind it."""
    events = ledger.named("RiskFeed", "ScoresReported")
    for done, event in enumerate(events, 1):
        progress("scores from evidence", done, len(events))
        signed = vectors_of(event, calldata, p)
        if signed is None:
            continue
        version, vectors = signed
        frame, first = event.args["frame"], event.args["firstRisk"]
        where = f"in frame {frame} from risk {first}"
        unsupported = Unsupported(p.committees[version].f if version in p.committees else 0)
        for member, scores in vectors:
            result.on_chain["score vectors from evidence"] += 1
            try:
                derived = evidence.scores((member, version, frame, first))
            except EvidenceError as error:
                result.cannot("score", f"of member {member} {where}", error.reason)
                continue
            result.recomputed["score vectors from evidence"] += 1
            wrong = [
                f"risk {first + lane}: {said}, not {derived.get(first + lane, NO_SENSOR_DATA)}"
                for lane, said in enumerate(lanes(scores))
                if said != derived.get(first + lane, NO_SENSOR_DATA)
            ]
            if wrong:
                unsupported.words[member] = f"signed scores that its flows do not give ({wrong[0]})"
        unsupported.tell("score", where, result, report)


def check_observations(
    evidence: Evidence,
    ledger: Ledger,
    calldata: Calldata,
    p: Parameters,
    result: Result,
    report: EvidenceReport,
    progress: Progress,
) -> None:
    """Each signed observation against the probes and counters in the bundle it names."""
    registry = p.addresses["IncidentRegistry"].lower()
    words: dict[tuple[int, int], Unsupported] = defaultdict(
        lambda: Unsupported(p.committees[max(p.committees)].f)
    )
    attested = observations_of(ledger, calldata, p)
    for done, seen in enumerate(attested, 1):
        progress("observations from evidence", done, len(attested))
        result.on_chain["observations from evidence"] += 1
        where = f"of member {seen.member} for subject {seen.subject} in epoch {seen.epoch}"
        try:
            bundle = evidence.stores.bundle(seen.evidence_hash)
            masks = observation.derive(bundle)
        except EvidenceError as error:
            result.cannot("observation", where, f"evidence 0x{error.name}: {error.reason}")
            continue
        result.recomputed["observations from evidence"] += 1
        stated = (
            bundle.get("chain_id"),
            str(bundle.get("registry")).lower(),
            bundle.get("committee_version"),
            str(bundle.get("member")).lower(),
            bundle.get("subject"),
            bundle.get("epoch"),
        )
        wanted = (p.chain_id, registry, seen.version, seen.member, hex(seen.subject), seen.epoch)
        unsupported = words[seen.subject, seen.epoch]
        if stated != wanted:
            unsupported.words[seen.member] = "names evidence that is of something else"
        elif (masks.lost, masks.attack) != (seen.lost, seen.attack):
            unsupported.words[seen.member] = (
                f"signed slots {seen.lost:#x}/{seen.attack:#x}, its evidence gives "
                f"{masks.lost:#x}/{masks.attack:#x}"
            )
    for (subject, epoch), unsupported in words.items():
        unsupported.tell("observation", f"of subject {subject} in epoch {epoch}", result, report)


def check_sensors(
    evidence: Evidence,
    ledger: Ledger,
    p: Parameters,
    until: int,
    result: Result,
    report: EvidenceReport,
) -> None:
    """Sensors' hash chains; gaps and coverage are told, a chain that contradicts itself differs."""
    chains = SensorChains()
    feed = p.addresses["RiskFeed"].lower()
    for name, batch in evidence.stores.batches():
        if isinstance(batch, EvidenceError):
            result.findings.append(Finding("sensor batch", "0x" + name.hex(), batch.reason))
        elif (batch.header.chain_id, batch.header.feed.lower()) == (p.chain_id, feed):
            chains.add(batch.header, batch.sensor)
            report.sensor_batches += 1
    chains.check_links()
    result.findings += [
        Finding("sensor chain", f"of risk {risk}", cause) for risk, cause in chains.broken
    ]
    report.gaps += chains.gaps()
    for (policy,), row in ledger.rows("ledger_policies").items():
        end = min(row["end"], until)
        report.coverage[policy] = chains.coverage(row["risk"], row["start"], end, p.frame_length)


def check_evidence(
    places: Sequence[Path | str],
    models: Path | None,
    ledger: Ledger,
    calldata: Calldata,
    p: Parameters,
    until: int,
    result: Result,
    progress: Progress,
) -> EvidenceReport:
    """Every signed word against its evidence.

    :param places: evidence folders or buckets of the members
    :param models: registry with a folder for each registered model; None takes the shipped one
    :param until: chain second of the pinned block
    :raises AuditError: a bucket cannot be reached
    """
    report = EvidenceReport()
    known = Models(models) if models else Models()
    try:
        evidence = Evidence.open(places, known, p, result)
    except EvidenceError as error:
        raise AuditError(str(error)) from error
    check_scores(evidence, ledger, calldata, p, result, report, progress)
    check_observations(evidence, ledger, calldata, p, result, report, progress)
    check_sensors(evidence, ledger, p, until, result, report)
    return report
