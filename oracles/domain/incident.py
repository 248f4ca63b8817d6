"""When a slot is lost, and how marks of slots add up; changes when the rule for a lost slot does.

Everything is a function of what one member saw. Times are chain time: integer microseconds for
records, integer seconds for slots. A slot is [number * length, (number + 1) * length); an epoch is
64 slots, and bit i of a mask (lowest first) is the epoch's slot i.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NewType

Slot = NewType("Slot", int)
Epoch = NewType("Epoch", int)

EPOCH_SLOTS: Final = 64
MICROS: Final = 1_000_000


@dataclass(frozen=True, order=True)
class ProbeResult:
    """What counts of one probe: its start (µs of chain time) and whether it succeeded."""

    ts_us: int
    ok: bool


@dataclass(frozen=True)
class LostRule:
    """A slot is lost when it has at least ``min_probes`` probes and none of them succeeded.

    ``source`` cites where the count is published; both are terms of the product.
    """

    min_probes: int = 3
    source: str = (
        "Amazon Route 53 Developer Guide, health check failure threshold: 3 checks (default)"
    )

    def __post_init__(self) -> None:
        if self.min_probes < 1:
            raise ValueError("a slot without probes cannot be lost")

    def is_lost(self, probes: Sequence[ProbeResult]) -> bool:
        """Whether the probes of one slot say that the service was lost."""
        return len(probes) >= self.min_probes and not any(probe.ok for probe in probes)


@dataclass(frozen=True)
class SlotMasks:
    """Lost and attacked slots of one epoch."""

    lost: int = 0
    attack: int = 0

    def __or__(self, other: SlotMasks) -> SlotMasks:
        return SlotMasks(self.lost | other.lost, self.attack | other.attack)

    def __and__(self, slots: int) -> SlotMasks:
        return SlotMasks(self.lost & slots, self.attack & slots)

    def without(self, other: SlotMasks) -> SlotMasks:
        """The bits that ``other`` does not have."""
        return SlotMasks(self.lost & ~other.lost, self.attack & ~other.attack)

    def __bool__(self) -> bool:
        return bool(self.lost or self.attack)

    @property
    def either(self) -> int:
        """Slots marked in any of the two masks."""
        return self.lost | self.attack


def slot_at(time_s: int, slot_length: int) -> Slot:
    """The slot that holds a second of chain time."""
    return Slot(time_s // slot_length)


def epoch_of(slot: Slot) -> Epoch:
    """The epoch that holds a slot."""
    return Epoch(slot // EPOCH_SLOTS)


def slots_of(mask: int, epoch: Epoch) -> Iterator[Slot]:
    """The slots whose bits are set, lowest first."""
    return (Slot(epoch * EPOCH_SLOTS + bit) for bit in range(EPOCH_SLOTS) if mask >> bit & 1)


def mask_of(slots: Iterable[Slot], epoch: Epoch) -> int:
    """The bits of those of the slots that are of this epoch."""
    mask = 0
    for slot in slots:
        if epoch_of(slot) == epoch:
            mask |= 1 << slot % EPOCH_SLOTS
    return mask


@dataclass(frozen=True)
class SlotClock:
    """Which slots can be judged and marked. All in seconds of chain time.

    ``max_report_delay`` after its end a slot closes on chain; ``arrival`` after its end its
    probes have come in; ``margin`` before closing nobody tries to mark it any more.
    """

    slot_length: int
    max_report_delay: int
    arrival: int
    margin: int

    def open_slots(self, now: int) -> range:
        """Slots that have ended for good and can still be marked."""
        first = (now + self.margin - self.max_report_delay) // self.slot_length
        return range(max(first, 0), max((now - self.arrival) // self.slot_length, 0))

    def markable(self, epoch: Epoch, now: int) -> int:
        """Bits of the epoch's slots that the chain would take now and ``margin`` seconds on."""
        first = max((now + self.margin - self.max_report_delay) // self.slot_length, 0)
        return mask_of((Slot(s) for s in range(first, now // self.slot_length)), epoch)

    def end_of(self, slot: Slot) -> int:
        """First second after the slot."""
        return (slot + 1) * self.slot_length


def probes_by_slot(
    probes: Iterable[ProbeResult], slot_length: int
) -> dict[Slot, list[ProbeResult]]:
    """The probes, each under the slot in which it started, in order of time."""
    grouped: dict[Slot, list[ProbeResult]] = {}
    for probe in sorted(probes):
        grouped.setdefault(slot_at(probe.ts_us // MICROS, slot_length), []).append(probe)
    return grouped


def lost_slots(
    probes: Iterable[ProbeResult], slots: range, slot_length: int, rule: LostRule
) -> dict[Slot, list[ProbeResult]]:
    """Those of ``slots`` that were lost, each with the probes that say so."""
    grouped = probes_by_slot(probes, slot_length)
    return {s: p for s, p in sorted(grouped.items()) if s in slots and rule.is_lost(p)}


def votes(masks: Iterable[int]) -> Counter[int]:
    """How many of the masks have each bit."""
    return Counter(bit for mask in masks for bit in range(EPOCH_SLOTS) if mask >> bit & 1)


def quorum_masks(lanes: Iterable[SlotMasks], lost_quorum: int, attack_quorum: int) -> SlotMasks:
    """Slots that at least so many members marked, as IncidentRegistry counts them."""
    lanes = list(lanes)
    lost, attack = votes(lane.lost for lane in lanes), votes(lane.attack for lane in lanes)
    return SlotMasks(
        sum(1 << bit for bit, count in lost.items() if count >= lost_quorum),
        sum(1 << bit for bit, count in attack.items() if count >= attack_quorum),
    )
