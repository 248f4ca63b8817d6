"""What may be paid without a person's review, replayed from the events: incident, year and day.

Pure: an instance is told the events of the chain in order and asked about each settlement at its
place among them. Amounts are token units, times chain seconds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

DAY = 86_400
PERIOD = 73 * DAY
PERIODS = 6
"""The newest period of a year's count and the five before it."""
GRAIN = 2**16
"""Token units in which a year's count rounds each payment up."""

OMISSION = 0
"""A certificate that no bordereau holds: its exposure is paid by the bond and booked no longer."""

Values = dict[str, Any]


@dataclass
class Allowances:
    """Sums insured by risk, and what was granted and paid without review so far.

    :param ceiling: most that a cell pays without review in one day
    """

    ceiling: int
    insured: Counter[int] = field(default_factory=Counter)
    _kept: dict[tuple[int, int], int] = field(default_factory=dict)
    _of_policy: dict[int, tuple[int, int]] = field(default_factory=dict)
    _of_series: dict[bytes, int] = field(default_factory=dict)
    _of_batch: dict[int, tuple[int, int]] = field(default_factory=dict)
    _years: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    _days: Counter[tuple[str, int]] = field(default_factory=Counter)
    _held: set[bytes] = field(default_factory=set)
    _paused_until: int = 0

    def take(self, name: str, a: Values) -> None:
        """Follows an event that changes sums insured, holds or pauses; ignores any other."""
        match name:
            case "PolicyBound":
                self._of_policy[a["policy"]] = (a["risk"], a["sumInsured"])
                self.insured[a["risk"]] += a["sumInsured"]
            case "PolicyEndorsed":
                risk, booked = self._of_policy[a["policy"]]
                most = max(booked, a["sumInsured"])
                self._of_policy[a["policy"]] = (risk, most)
                self.insured[risk] += most - booked
            case "PolicyExpired":
                risk, amount = self._of_policy[a["policy"]]
                self.insured[risk] -= amount
            case "ExposureReserved":
                self._of_series[a["series"]] = a["terms"]["risk"]
                self.insured[a["terms"]["risk"]] += a["exposure"]
            case "ReservationReleased":
                self.insured[self._of_series[a["series"]]] -= a["exposure"]
            case "WrongProven" if a["wrong"] == OMISSION:
                self.insured[self._of_series[a["series"]]] -= a["amount"]
            case "BordereauPosted" | "BordereauCommitted":
                self._of_batch[a["batch"]] = (a["risk"], a["exposure"])
            case "BordereauExpired":
                risk, amount = self._of_batch[a["batch"]]
                self.insured[risk] -= amount
            case "ClaimHeld":
                self._held.add(bytes(a["claim"]))
            case "DeskPaused":
                self._paused_until = a["until"]

    def held(self, claim: bytes) -> bool:
        return claim in self._held

    def share(self, limit: int, risk: int, run: int, sum_insured: int) -> int:
        """A cover's part of the instant limit: as its sum insured is to all on the risk."""
        insured = self._kept.get((risk, run), self.insured[risk])
        return limit if insured <= sum_insured else limit * sum_insured // insured

    def settled(self, risk: int, run: int, sum_insured: int) -> None:
        """The first of several covers fixes the sums insured for the run."""
        if (risk, run) not in self._kept and self.insured[risk] > sum_insured:
            self._kept[risk, run] = self.insured[risk]

    def yearly_room(self, applicant: str, limit: int, time: int) -> int:
        newest = time // PERIOD
        counts = self._years[applicant.lower()]
        spent = sum(counts[period] for period in range(newest - PERIODS + 1, newest + 1))
        return max(0, limit - spent * GRAIN)

    def count(self, applicant: str, amount: int, time: int) -> None:
        """An amount granted without review."""
        self._years[applicant.lower()][time // PERIOD] += -(-amount // GRAIN)

    def payable(self, cell: str, amount: int, time: int) -> int:
        """What of an amount granted now is paid now; nothing during a pause."""
        if time < self._paused_until:
            return 0
        return min(amount, self.ceiling - self._days[cell.lower(), time // DAY])

    def pay(self, cell: str, amount: int, time: int) -> None:
        """An amount that was paid without review."""
        self._days[cell.lower(), time // DAY] += amount
