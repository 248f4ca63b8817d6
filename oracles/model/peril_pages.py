"""One page a peril, from the thresholds as they stand in code and the outcomes of the triggers;
changes when what a peril's page says does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from oracles.domain.thresholds import (
    BEACON,
    FLOOD,
    GUESSING,
    HTTP_FLOOD,
    SCANS,
    TUNNEL,
    UPLOAD,
)
from oracles.model import payable
from oracles.model.datasets import ROOT

if TYPE_CHECKING:
    from oracles.model.triggers import Outcome

FOLDER: Final = ROOT / "docs" / "perils"


@dataclass(frozen=True)
class Peril:
    """What a page says beside figures. ``names`` are the alerts' perils that it covers."""

    page: str
    title: str
    names: tuple[str, ...]
    definition: str
    subject: str
    severity: str
    thresholds: tuple[Any, ...]


PERILS: Final = (
    Peril(
        "brute-force",
        "Password guessing",
        ("brute_force",),
        "Many short, answered connections of one client to one server's login service, named "
        "by what was spoken and not by the port. A connection counts as an attempt when it "
        "stays below the size and length of a session in which work is done.",
        "the server; the counterpart is the client",
        "attempts in the run",
        GUESSING,
    ),
    Peril(
        "scan",
        "Scans and sweeps",
        ("vertical_scan", "horizontal_scan", "ping_sweep"),
        "One host that tries many ports of another, or one port of many hosts, without an "
        "answer; or that pings many hosts, answered or not. Answers of name, time and similar"
        " services whose questions were not seen are no attempts.",
        "the host scanned (ports), or the one that sweeps (hosts)",
        "distinct ports or hosts in the run",
        SCANS,
    ),
    Peril(
        "flood",
        "Floods",
        ("flood", "http_flood"),
        "Traffic towards one host above a rate, as the mean of five seconds, whatever it is "
        "made of: volume, packets, or new connections, reflected or direct; or web requests "
        "of one client above a number. A flood alone pays nothing: only service that is lost "
        "while it is attacked does (see service_attack).",
        "the host flooded; for requests, the counterpart is the client",
        "attacked seconds, or connections in the run",
        (FLOOD, HTTP_FLOOD),
    ),
    Peril(
        "beaconing",
        "Beaconing",
        ("beaconing",),
        "Answered connections of one pair to one service in steady intervals. What was there "
        "from the beginning of the observation has to be steadier and longer than what is "
        "new, because monitoring, polling and updates are steady too.",
        "the host that opens the connections; the counterpart is where they go",
        "score of intervals and sizes, of 1000",
        (BEACON,),
    ),
    Peril(
        "exfiltration",
        "Exfiltration and tunnelling",
        ("exfiltration", "tunnelling"),
        "More bytes from one host to one other, in one flow or in an hour, than the "
        "threshold, sent by the side that opened the connections and not received; or a name "
        "service used as a channel.",
        "the host that sends; the counterpart is where it goes",
        "bytes sent, or queries of the flow",
        (UPLOAD, TUNNEL),
    ),
)

PAYABLE: Final = (
    Peril(
        "service-attack",
        "Lost service under attack",
        ("service_attack",),
        "Slots in which a quorum of members lost the service by their own probes from outside, "
        "and f + 1 of them saw a flood towards it in the flows upstream of it. What the sensor "
        "at the insured reports plays no part, and a flood that the service withstands pays "
        "nothing.",
        "the risk",
        "seconds of the paying slots",
        (payable.TERMS.lost, FLOOD),
    ),
    Peril(
        "service-outage",
        "Service outage",
        ("service_outage",),
        "Slots in which a quorum of members lost the service by their own probes from outside, "
        "whatever the cause. A service that comes and goes within a slot is not lost in it.",
        "the risk",
        "seconds of the paying slots",
        (payable.TERMS.lost,),
    ),
    Peril(
        "dependency-outage",
        "Outage of a shared dependency",
        ("dependency_outage",),
        "Slots in which a quorum of members lost a dependency that the cover names and also the "
        "risk's own service. Either alone pays nothing: a dependency that the service can do "
        "without, or a service that fails while its dependency answers.",
        "the risk; the counterpart is the dependency, whose slots have a subject of their own "
        "(2^32 + its index)",
        "seconds of the paying slots",
        (payable.TERMS.lost,),
    ),
)

_PAYABLE_TEXT: Final = """# {title}

Payable. Written by `python -m oracles.model.triggers`.

**Definition.** {definition}

**Subject:** {subject}. **Severity:** {severity}; it never scales what is paid. Times are the start
of the first slot and the end of the last.

## Thresholds

Each is a term of the product, with its published source.

{thresholds}
- **Probes**: HTTP every half second with a deadline of one second in the recordings; a slot lasts
  {slot} s in them and 10 s by default
- **Quorum** (`contracts/oracle/OracleCommittee.sol`): ⌊(n + f) / 2⌋ + 1 members for a lost slot,
  f + 1 for an attacked one; vantage points of one operator count once

## What is paid

Gaps below the product's `mergeGap` are closed, a run that begins before cover + `coverageLag` pays
nothing, the run is clipped at the cover's end, and `waitingPeriod` is taken off. Due = ⌊seconds ×
`lossPerHour` / 3600⌋ token units, at most the limit (`contracts/claims/`).

## Evidence

Each member's observation names a bundle of kind `observation`: `member`, `vantage`, `registry`,
`chain_id`, `committee_version`, `subject`, `epoch`, `slot_length`, `lost_rule`, `flood_rule`, and
for each marked slot `lost` (every probe: `ts`, `vantage`, `target`, `kind`, `ok`, `latency_us`,
`error`) and `attack` (of each flooded host and second: `packets`, `ip_bytes`, `flows`), with the
masks that follow. `flowcover evidence replay HASH --store DIR` derives the masks anew, bit for bit.
Addresses are pseudonyms. ATT&CK: {techniques}. VERIS: {veris}.

## Confusion table

Recordings of the path (`oracles/recordings/README.md`), judged by what four members at their
vantage points attest by the shipped rules.

| | pays | pays nothing |
| --- | --- | --- |
| must pay | {hits} | {misses} |
| must not pay | {false} | {quiet} |

{recordings}
"""

_TEXT: Final = """# {title}

Priced and reported, never paid. Written by `python -m oracles.model.triggers`.

**Definition.** {definition}

**Subject:** {subject}. **Severity:** {severity}. Times are the first and last connection's.

## Thresholds

Each is a term of the product that uses it, with its published source. Windows slide; they are not
aligned to frames.

{thresholds}

## Evidence

`source_kind` and `raw_sha256` of what was read, `counterpart`, `threshold` (its source), `flows`
and `packets` of the run, and `flows_hash`: keccak-256 over the RFC 8785 JSON of the run's flow
records, so that anyone with the file derives the same. ATT&CK: {techniques}. VERIS: {veris}.

## Confusion table

Captures of `oracles/model/triggers.toml` that speak of this peril, and those that must raise
nothing.

| | fired | silent |
| --- | --- | --- |
| must fire | {hits} | {misses} |
| must not fire | {false} | {quiet} |
"""


def write(outcomes: Sequence[Outcome]) -> None:
    """Writes the page of every peril."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for peril in PERILS:
        (FOLDER / f"{peril.page}.md").write_text(page(peril, outcomes))
    for peril in PAYABLE:
        (FOLDER / f"{peril.page}.md").write_text(payable_page(peril, outcomes))


def payable_page(peril: Peril, outcomes: Sequence[Outcome]) -> str:
    """The page of one payable peril."""
    (name,) = peril.names
    origin = payable.ORIGINS[name]
    own = [outcome for outcome in outcomes if outcome.entry.peril == name]
    lines = [
        f"- `{o.entry.file}`: "
        + (f"{sum(run.severity for run in o.found)} s" if o.found else "nothing")
        for o in own
    ]
    return _PAYABLE_TEXT.format(
        title=peril.title,
        definition=peril.definition,
        subject=peril.subject,
        severity=peril.severity,
        thresholds="\n".join(f"- {_terms(threshold)}" for threshold in peril.thresholds),
        slot=payable.SLOT_S,
        techniques=origin.technique or "none, an outage names no adversary",
        veris=origin.veris,
        recordings="\n".join(lines),
        **confusion(peril, own),
    )


def page(peril: Peril, outcomes: Sequence[Outcome]) -> str:
    """The page of one peril."""
    origins = [threshold.origin for threshold in peril.thresholds]
    counts = confusion(peril, outcomes)
    return _TEXT.format(
        title=peril.title,
        definition=peril.definition,
        subject=peril.subject,
        severity=peril.severity,
        thresholds="\n".join(f"- {_terms(threshold)}" for threshold in peril.thresholds),
        techniques=", ".join(sorted({origin.technique for origin in origins})),
        veris=", ".join(sorted({origin.veris for origin in origins})),
        **counts,
    )


def confusion(peril: Peril, outcomes: Sequence[Outcome]) -> Mapping[str, int]:
    """How many captures of each kind fired an alert of the peril, and how many did not."""
    counts = {"hits": 0, "misses": 0, "false": 0, "quiet": 0}
    for outcome in outcomes:
        if outcome.entry.peril and outcome.entry.peril not in peril.names:
            continue
        fired = any(alert.peril in peril.names for alert in outcome.found)
        if outcome.entry.must:
            counts["hits" if fired else "misses"] += 1
        else:
            counts["false" if fired else "quiet"] += 1
    return counts


def _terms(threshold: Any) -> str:
    """A threshold's source and its fields, times in seconds."""
    source = threshold.origin.source if hasattr(threshold, "origin") else threshold.source
    parts = []
    for field in fields(threshold):
        value = getattr(threshold, field.name)
        if is_dataclass(value) or field.name == "source":
            continue
        if field.name.endswith("_us"):
            parts.append(f"`{field.name[:-3]}` {value / 1_000_000:g} s")
        elif isinstance(value, tuple):
            parts.append(f"`{field.name}` {', '.join(map(str, value))}")
        else:
            shown = (
                f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
            )
            parts.append(f"`{field.name}` {shown}")
    return f"**{source}**: " + ", ".join(parts)
