"""The rules of premium, score, incident and payout, written a second time and plainly.

Nothing here is fast or clever: a premium is a sum over pieces of constant rate, an incident is a
list of seconds. Amounts are integer token units, rates 1e18 fixed point a year, times chain
seconds. Sources: docs/architecture.md, sections on settlement and premium.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eth_utils import keccak

YEAR = 31_536_000
ONE = 10**18
LANES = 16
SCORES_PER_LANE = 625
SLOTS_PER_EPOCH = 64
NO_SENSOR_DATA = 0xFFFF


def median(values: Sequence[int]) -> int:
    """The middle value; of an even number of values the upper middle one."""
    return sorted(values)[len(values) // 2]


def lanes(packed: bytes) -> list[int]:
    """Big-endian uint16 scores."""
    return [int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2)]


def as_score(lane: int) -> int:
    """What a vector's lane says: its low 14 bits, above 10,000 that there is no sensor data."""
    score = lane & 0x3FFF
    return score if score <= 10_000 else NO_SENSOR_DATA


def table_rate(table: int, unit: int, score: int) -> int:
    """Rate of a score: lane min(15, score / 625) of the table, in units of `unit`."""
    lane = min(LANES - 1, score // SCORES_PER_LANE)
    return (table >> 16 * lane & 0xFFFF) * unit


@dataclass(frozen=True)
class RateStep:
    """From `time` on, the rate is `rate`."""

    time: int
    rate: int


def accumulated(steps: Sequence[RateStep], start: int, end: int) -> int:
    """Sum of rate x seconds over [start, end); the steps are in order of time."""
    total = 0
    for step, following in pairwise([*steps, RateStep(max(end, steps[-1].time), 0)]):
        total += step.rate * max(0, min(end, following.time) - max(start, step.time))
    return total


def premium_up(sum_insured: int, rate_seconds: int) -> int:
    """Premium for rate x seconds (1e18 a year) on a sum insured, rounded up."""
    return -(-sum_insured * rate_seconds // (ONE * YEAR))


def exhausted_at(
    steps: Sequence[RateStep], loading: int, start: int, budget: int, until: int
) -> int | None:
    """First second, not after `until`, at which rate x seconds since `start` reach the budget."""
    used = 0
    for step, following in pairwise([*steps, RateStep(max(until, steps[-1].time), 0)]):
        begin, end = max(start, step.time), min(until, following.time)
        if end <= begin:
            continue
        rate = step.rate + loading
        if rate and used + rate * (end - begin) >= budget:
            return begin + -(-(budget - used) // rate)
        used += rate * (end - begin)
    return None


def set_slots(epoch: int, mask: int) -> list[int]:
    """Numbers of the slots that a mask of an epoch marks."""
    return [epoch * SLOTS_PER_EPOCH + bit for bit in range(SLOTS_PER_EPOCH) if mask >> bit & 1]


def quorum_slots(marks: Iterable[set[int]], needed: int) -> set[int]:
    """Slots that at least `needed` members marked."""
    counts: dict[int, int] = {}
    for slots in marks:
        for slot in slots:
            counts[slot] = counts.get(slot, 0) + 1
    return {slot for slot, count in counts.items() if count >= needed}


@dataclass(frozen=True)
class Run:
    """A maximal run of slots, gaps shorter than the merge gap closed: [start, end) seconds."""

    first_slot: int
    start: int
    end: int


def runs(slots: Iterable[int], slot_length: int, merge_gap: int) -> list[Run]:
    """Incidents: slots joined when the time between them is shorter than `merge_gap`."""
    found: list[Run] = []
    for slot in sorted(set(slots)):
        start, end = slot * slot_length, (slot + 1) * slot_length
        if found and start - found[-1].end < max(merge_gap, 1):
            found[-1] = Run(found[-1].first_slot, found[-1].start, end)
        else:
            found.append(Run(slot, start, end))
    return found


def seconds_due(run: Run, cover_end: int, waiting: int) -> int:
    """Payable seconds of a run: clipped at the end of cover, less the waiting period."""
    return max(0, min(run.end, cover_end) - run.start - waiting)


def payout_down(seconds: int, loss_per_hour: int) -> int:
    """Loss per hour times seconds, rounded down."""
    return seconds * loss_per_hour // 3600


def committed_root(records: bytes) -> bytes:
    """Root of a sum tree over packed 34-byte records: a record's hash counts its units; a node
    binds its level, and hash and sum of both children; a missing right child is zero."""
    width = 34
    leaves = [records[i : i + width] for i in range(0, len(records), width)]
    level = [(keccak(leaf), int.from_bytes(leaf[20:22], "big")) for leaf in leaves]
    height = 0
    while len(level) > 1:
        height += 1
        level += [(bytes(32), 0)] * (len(level) % 2)
        level = [
            (keccak(_sum_node(height, left, right)), left[1] + right[1])
            for left, right in zip(level[::2], level[1::2], strict=True)
        ]
    return level[0][0]


def _sum_node(height: int, left: tuple[bytes, int], right: tuple[bytes, int]) -> bytes:
    children = b"".join(hash_ + total.to_bytes(8, "big") for hash_, total in (left, right))
    return height.to_bytes(1, "big") + children


def posted_root(records: bytes) -> bytes:
    """Root over packed 24-byte records: four to a leaf, padded with zeros; a missing right child
    of a node counts as zero."""
    level = [keccak(records[i : i + 96].ljust(96, b"\0")) for i in range(0, len(records), 96)]
    while len(level) > 1:
        level += [bytes(32)] * (len(level) % 2)
        level = [keccak(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]
