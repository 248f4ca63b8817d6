"""What pages and reports ask the contracts, at most once a block however many people look."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from contracts.client.deployment import ROLES

if TYPE_CHECKING:
    from .http.context import Services


@dataclass(frozen=True, slots=True)
class Tranche:
    name: str
    capital: int
    value: int


@dataclass(frozen=True, slots=True)
class Solvency:
    """A cell's capital: `held` and `owed` count tokens; the rest is capital. Token units."""

    assets: int
    locked: int
    free: int
    reserved: int
    fees: int
    held: int
    owed: int
    tranches: tuple[Tranche, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What is booked on one key of a dimension, and its cap."""

    dimension: str
    key: str
    booked: int
    cap: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the committee in force."""

    lane: int
    signer: str
    operator: str
    vantage: str
    sees_attacks: bool
    suspended: bool


DIMENSIONS = {"dependency": 0, "risk": 1, "product": 2, "cell": 3}
JUNIOR_AND_SENIOR = ("junior", "senior")


class Reads:
    """Views of the deployment's contracts, kept for one block."""

    def __init__(self, at: Services) -> None:
        self._at = at
        self._block = ""
        self._kept: dict[tuple[Any, ...], Any] = {}
        self._lock = Lock()

    def view(self, contract: str, function: str, *arguments: Any) -> Any:
        """
        :raises ChainError: the node does not answer, or the contract refuses
        """
        key = (contract, function, *arguments)
        head = self._at.market.head().hash
        with self._lock:
            if head != self._block:
                self._block, self._kept = head, {}
            if key in self._kept:
                return self._kept[key]
        found = self._at.contracts.view(contract, function, *arguments)
        with self._lock:
            if head == self._block:
                self._kept[key] = found
        return found

    def now(self) -> int:
        """Time of the latest block."""
        return self._at.market.head().timestamp

    def solvency(self) -> Solvency:
        held, owed = self.view("Cell", "solvency")
        tranches = []
        for number, name in enumerate(JUNIOR_AND_SENIOR):
            capital, value = self.view("Cell", "tranche", number)
            tranches.append(Tranche(name, capital, value))
        return Solvency(
            assets=self.view("Cell", "assets"),
            locked=self.view("Cell", "locked"),
            free=self.view("Cell", "free"),
            reserved=self.view("Cell", "reserved"),
            fees=self.view("Cell", "fees"),
            held=held,
            owed=owed,
            tranches=tuple(tranches),
        )

    def line(self, dimension: str, key: int, shown: str) -> Line:
        booked, cap = self.view("ExposureLedger", "booked", DIMENSIONS[dimension], key)
        return Line(dimension, shown, booked, cap)

    def members(self) -> list[Member]:
        version = self.view("OracleCommittee", "currentVersion")
        if version == 0:
            return []
        rows = self.view("OracleCommittee", "members", version)
        _, _, suspended = self.view("OracleCommittee", "termOf", version)
        return [
            Member(
                lane,
                row["signer"],
                row["operator"],
                row["vantage"],
                row["seesAttacks"],
                bool(suspended >> lane & 1),
            )
            for lane, row in enumerate(rows)
        ]

    def is_assessor(self, wallet: str) -> bool:
        member, _ = self.view("Authority", "hasRole", ROLES["ASSESSOR"], wallet)
        return bool(member)
