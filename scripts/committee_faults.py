"""Drills a committee of real member processes through every fault and writes docs/committee.md.

    python -m scripts.committee_faults [--members 4 7] [--faults crash lie-high ...] [--no-write]

For each size, f members get one fault after the other for a few frames and are healed; meanwhile
the service that they watch is lost for some slots. After each fault the chain is asked what came of
it. Lines are kept in reports/, so that a part of the drills can be run again by itself; the page
shows the newest line of each. Exit code 1 when a line of this run is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from hexbytes import HexBytes

from contracts.client.artifacts import artifact
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.messages import Domain, ScoreVector, digest, unpack_scores
from contracts.client.sender import KeySender
from contracts.client.signatures import address_of, recover
from contracts.client.system import Deployment, SystemParameters
from oracles.attest.model import load_scorer
from scripts.committee.faults import Fault, WiredCommittee, faults
from scripts.committee.local_chain import ROOT, LocalChain, local_chain
from scripts.committee.traffic import LiveTraffic
from scripts.committee.wires import NODE, Wires, enter

PARAMETERS = SystemParameters(
    frame_length=10,
    max_frame_age=30,
    max_move_per_frame=1_000,
    slot_length=2,
    max_report_delay=600,
    withdrawal_delay=1_200,
)
FRAMES = 4
"""Frames under each fault."""
HEALED = 4
"""Frames after it, in which reports must come again."""
LOST_SLOTS = 3
"""Slots lost in each fault."""
SIZES = (4, 7)
"""Members of the committees of the matrix."""
PAGE = ROOT / "docs" / "committee.md"
KEPT = ROOT / "reports" / "committee-faults.json"


@dataclass(frozen=True)
class Line:
    """What one fault came to."""

    members: int
    fault: Fault
    faulty: int
    reported: int
    outside: int
    beyond: int
    twice: int
    reverted: int
    lost_right: bool
    lost_wrong: int
    recovery: int | None
    seconds: float

    @property
    def as_it_must_be(self) -> bool:
        """f faulty: honest scores, right slots, nothing sent twice, back within two frames. More:
        no progress, or none that marks a slot wrongly. In any case scores within their caps."""
        back = self.recovery is not None and self.recovery <= 2
        # one transaction lost in a race for each report, and one for the slots
        most_in_vain = self.reported + 1 if self.fault.races else 0
        if self.lost_wrong or self.twice or self.beyond:
            return False
        if self.reverted > most_in_vain or not back:
            return False
        if not self.fault.tolerated:
            return self.reported == 0 or not self.fault.stops
        return self.reported > 0 and self.outside == 0 and self.lost_right


def system(chain: LocalChain) -> Deployment:
    """All contracts, and the shipped model approved."""
    deployer = KeySender(chain.web3, person("deployer").key)
    deployed = deploy(chain.web3, deployer, development_people(), PARAMETERS)
    address = deployed.contracts["ModelRegistry"]
    registry = chain.web3.eth.contract(address=address, abi=artifact("ModelRegistry").abi)
    approval = registry.encode_abi("approve", args=[load_scorer(None).model_hash, 0, "shipped"])
    admin = KeySender(chain.web3, person("product_admin").key)
    admin.send({"to": address, "data": approval})
    return deployed


def reports(one: WiredCommittee, first_block: int) -> Iterator[tuple[int, list[int], int]]:
    """(frame, honest members' scores, agreed score) of each report since a block."""
    feed = one.contract("RiskFeed")
    domain = Domain("RiskFeed", one.deployment.chain_id, feed.address)
    honest = {address_of(one.keys[i]) for i in range(one.n) if i not in one.faulty}
    for log in feed.events.ScoresReported.get_logs(from_block=first_block):
        sent = one.chain.web3.eth.get_transaction(log["transactionHash"])
        _, call = feed.decode_function_input(sent["input"])
        scores, packed = [], b""
        for vector in call["vectors"]:
            packed = vector["scores"] or packed  # equal ones are sent once
            word = ScoreVector(
                call["committeeVersion"],
                call["frame"],
                call["modelHash"],
                call["firstRisk"],
                packed,
            )
            if recover(digest(word, domain), vector["signature"]) in honest:
                scores.append(unpack_scores(packed)[one.risk])
        agreed = log["args"]["uncapped"] or log["args"]["scores"]
        yield call["frame"], scores, unpack_scores(agreed)[one.risk]


def moves(one: WiredCommittee) -> list[tuple[int, int, int]]:
    """(block, frame, effective score of the risk) of every report, oldest first."""
    logs = one.contract("RiskFeed").events.ScoresReported.get_logs(from_block=0)
    return [
        (log["blockNumber"], log["args"]["frame"], unpack_scores(log["args"]["scores"])[one.risk])
        for log in logs
    ]


def beyond_caps(
    reported: list[tuple[int, int, int]], first_block: int, terms: SystemParameters
) -> int:
    """Reports since a block whose score is further from the one before than a frame allows."""
    return sum(
        block >= first_block and abs(score - last) > terms.max_move_per_frame
        for (_, _, last), (block, _, score) in pairwise(reported)
    )


def reverted(one: WiredCommittee, first_block: int) -> int:
    """Transactions of members without the fault that were mined in vain since a block; each is
    named on standard error. What a faulty member throws away is its own gas."""
    eth = one.chain.web3.eth
    members = {address_of(k): f"m{i}" for i, k in enumerate(one.keys) if i not in one.faulty}
    found = 0
    for number in range(first_block, eth.block_number + 1):
        for sent in eth.get_block(number)["transactions"]:
            receipt = eth.get_transaction_receipt(HexBytes(sent))  # type: ignore[arg-type]
            if receipt["from"] not in members or receipt["status"] == 1:
                continue
            found += 1
            call = eth.get_transaction(HexBytes(sent))  # type: ignore[arg-type]
            try:
                eth.call(
                    {"to": call["to"], "from": call["from"], "data": call["input"]}, number - 1
                )
                why = "nothing by itself"
            except Exception as error:  # the node's own words, whatever their type
                why = str(error)[:200]
            print(
                f"in vain: {members[receipt['from']]} to {call['to']}, block {number}, gas "
                f"{receipt['gasUsed']:,} of {call['gas']:,}: {why}",
                file=sys.stderr,
            )
    return found


def twice(frames: list[int]) -> int:
    """Frames that were reported more than once."""
    return sum(count > 1 for count in Counter(frames).values())


def drill(one: WiredCommittee, traffic: LiveTraffic, fault: Fault) -> Line:
    """Plays one fault and asks the chain what came of it."""
    started = time.monotonic()
    length = PARAMETERS.frame_length
    block = one.chain.web3.eth.block_number + 1
    fault.begin(one)
    begin = (one.chain.now() // length + 1) * length
    down = range(begin + length, begin + length + LOST_SLOTS * PARAMETERS.slot_length)
    traffic.lose(down)
    one.follow(traffic, begin + FRAMES * length)
    under = list(reports(one, block))
    fault.end(one)
    one.healed = True
    healed = one.chain.now() // length
    healed_block = one.chain.web3.eth.block_number + 1
    one.follow(traffic, (healed + HEALED + 1) * length)
    after = [frame for frame, _, _ in reports(one, healed_block) if frame >= healed]
    slots = set(range(down.start // PARAMETERS.slot_length, down.stop // PARAMETERS.slot_length))
    lost = one.lost_between(begin // PARAMETERS.slot_length)
    return Line(
        members=one.n,
        fault=fault,
        faulty=len(one.faulty),
        reported=len(under),
        outside=sum(not min(s) <= agreed <= max(s) for _, s, agreed in under if s),
        beyond=beyond_caps(moves(one), block, PARAMETERS),
        twice=twice([frame for frame, _, _ in reports(one, block)]),
        reverted=reverted(one, block),
        lost_right=slots <= lost,
        lost_wrong=len(lost - slots),
        recovery=min(after) - healed if after else None,
        seconds=time.monotonic() - started,
    )


def run(members: int, names: list[str] | None) -> Iterator[Line]:
    """All drills of a committee of one size."""
    folder = Path(tempfile.mkdtemp(prefix="flowcover-committee-"))
    traffic = LiveTraffic(members)
    with Wires(members) as wires, local_chain(host=NODE) as chain:
        one = WiredCommittee(chain, system(chain), folder, members, traffic, wires=wires)
        try:
            one.establish()
            one.prepare()
            one.start()
            one.chain.pass_time(max(0, one.base - one.chain.now()))
            one.follow(traffic, one.base + 2 * PARAMETERS.frame_length)
            for fault in faults(traffic):
                if names is None or fault.name in names:
                    one.choose(fault)
                    yield drill(one, traffic, fault)
        finally:
            one.end()
            shutil.rmtree(folder, ignore_errors=True)


HEADINGS = (
    "n", "faulty", "fault", "reports under it", "scores outside the honest range",
    "scores beyond their caps", "frames reported twice", "honest transactions in vain",
    "lost slots found", "slots lost wrongly", "frames until the next report", "as it must be",
)  # fmt: skip


def row(line: Line) -> list[str]:
    """One line of the table."""
    return [
        str(line.members),
        str(line.faulty),
        line.fault.name,
        str(line.reported),
        str(line.outside),
        str(line.beyond),
        str(line.twice),
        str(line.reverted),
        "yes" if line.lost_right else "no",
        str(line.lost_wrong),
        "-" if line.recovery is None else str(line.recovery),
        "yes" if line.as_it_must_be else "NO",
    ]


def table(lines: list[Line]) -> str:
    """The closing table in Markdown."""
    rows = [list(HEADINGS), ["---"] * len(HEADINGS), *(row(line) for line in lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


TEXT = """# Committee under fault

Written by `make committee-faults` (`python -m scripts.committee_faults`): real member processes, a
sensor, a local Ganache. Each fault lasts {frames} frames of {length} s, in which the watched
service is lost for {slots} slots; then it is healed.

{table}

- *scores outside the honest range*: reports whose median is not between the scores that honest
  members signed in it.
- *scores beyond their caps*: reports that moved the score that prices by more than the feed allows
  in a frame, {frame_cap:,} points here. A drill is too short for the cap of a day, to which
  `tests/contracts/RiskFeed/test_report_caps.py` holds the feed.
- *honest transactions in vain*: mined transactions of members without the fault that reverted, such
  as a second report of a frame. What a liar throws away is its own gas.
- *frames until the next report*: from healing; 0 is the frame in which the fault ended.
- With f + 1 members crashed nothing may be reported. With f + 1 lying, scores may be theirs within
  the feed's change caps, but no slot is lost that is not.
- *partition* parts the faulty members from the others and the sensor, while each side goes on
  talking to itself and to the chain; *cut off* takes their network away altogether. Every member
  lives in a network namespace, joined by bridges in one that has no way out.
- *slow* stops the faulty members' processes for two of three seconds; *skew* shifts the clock of
  their probes by three minutes.
- *lie* is wrong in every field, and first: it sends out of turn and attests its own word alone.
  Whoever has the turn may then come second, so one honest transaction in vain for each report is
  what such a member can cost the others; it changes nothing that is recorded.

The chain's clock goes on in real time between the drill's steps of two seconds; as long as faulty
members act, a step is two seconds of real time, so that they are no slower than their fault makes
them. On a machine so
busy that a step takes longer, turns and frames pass by themselves: members then send beside each
other, and reports come late. A line that is not as it must be is to be drilled again by itself
(`--faults`) on a machine that is not busy before anything is concluded from it.
Each line is that of the newest drill: one that was drilled again replaces the one before.

{drills} drills took {seconds:.0f} s, {median:.0f} s each at the median. {missing}
"""


def missing(lines: list[Line]) -> str:
    """What of the matrix has no line."""
    known = {(line.members, line.fault.name) for line in lines}
    names = [fault.name for fault in faults(LiveTraffic(0))]
    left = {n: [name for name in names if (n, name) not in known] for n in SIZES}
    said = [f"n = {n}: {', '.join(names)}" for n, names in left.items() if names]
    return f"**Without a result so far**: {'; '.join(said)}." if said else "Nothing is left out."


def page(lines: list[Line]) -> str:
    """The page for docs/."""
    seconds = [line.seconds for line in lines]
    return TEXT.format(
        frames=FRAMES,
        length=PARAMETERS.frame_length,
        frame_cap=PARAMETERS.max_move_per_frame,
        slots=LOST_SLOTS,
        table=table(lines),
        drills=len(lines),
        missing=missing(lines),
        seconds=sum(seconds),
        median=statistics.median(seconds),
    )


def kept(path: Path) -> list[Line]:
    """The lines of earlier runs; none when there are none."""
    known = {fault.name: fault for fault in faults(LiveTraffic(0))}
    entries = json.loads(path.read_text()) if path.exists() else []
    names = {field.name for field in fields(Line)}
    return [
        Line(**(entry | {"fault": known[entry["fault"]]}))
        for entry in entries
        if entry["fault"] in known and entry.keys() == names
    ]


def merged(old: list[Line], new: list[Line]) -> list[Line]:
    """The newest line of each size and fault, in the order of the matrix."""
    order = [fault.name for fault in faults(LiveTraffic(0))]
    newest = {(line.members, line.fault.name): line for line in (*old, *new)}
    return sorted(newest.values(), key=lambda x: (x.members, order.index(x.fault.name)))


def keep(lines: list[Line], path: Path) -> None:
    """Writes lines for later runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [
        {name: value for name, value in vars(line).items() if name != "fault"}
        | {"fault": line.fault.name}
        for line in lines
    ]
    path.write_text(json.dumps(entries, indent=1))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Drills a committee through every fault")
    parser.add_argument("--members", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--faults", nargs="+", help="only these")
    parser.add_argument("--no-write", action="store_true", help="leave docs/committee.md alone")
    options: Any = parser.parse_args(argv)
    code = enter("scripts.committee_faults", sys.argv[1:] if argv is None else argv)
    if code is not None:
        return code
    # the namespaces and processes of a drill that is ended end with it
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    lines: list[Line] = []
    for members in options.members:
        for line in run(members, options.faults):
            lines.append(line)
            print(f"| {' | '.join(row(line))} |", flush=True)
            keep(merged(kept(KEPT), [line]), KEPT)
    print(f"\n{table(lines)}")
    if lines and not options.no_write:
        PAGE.write_text(page(merged(kept(KEPT), lines)), encoding="utf-8")
    return 0 if lines and all(line.as_it_must_be for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
