"""How a member departs from honesty, for drills; changes when a drill is added.

A member does what its behaviour says at three points: which scores it signs, which slots it
signs, and what happens just before it sends a transaction. All but ``Honest`` are named in a
member's configuration and in its health page, so that no drill runs unnoticed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from oracles.domain.incident import SlotMasks
from oracles.domain.quorum import NO_SENSOR, TOP_SCORE

Sending = Literal["report", "attest"]


class Behaviour(Protocol):
    """What a member does with its own words."""

    @property
    def name(self) -> str: ...

    @property
    def eager(self) -> bool:
        """Whether it sends at once, out of turn, and attests its own word alone."""
        ...

    def scores(self, honest: Sequence[int]) -> tuple[int, ...]:
        """The scores it signs instead of the honest ones."""
        ...

    def masks(self, honest: SlotMasks, markable: int) -> SlotMasks:
        """The masks it signs instead; ``markable`` are the slots that the chain would take."""
        ...

    def before(self, sending: Sending) -> None:
        """Called while it holds the turn, just before it sends."""
        ...


@dataclass(frozen=True)
class Honest:
    """Signs what it sees."""

    name: str = "honest"
    eager: bool = False

    def scores(self, honest: Sequence[int]) -> tuple[int, ...]:
        return tuple(honest)

    def masks(self, honest: SlotMasks, markable: int) -> SlotMasks:
        return honest

    def before(self, sending: Sending) -> None:
        return None


@dataclass(frozen=True)
class Liar(Honest):
    """Wrong in every field, and first: scores inverted, every slot marked that is not lost or not
    attacked, and none that is."""

    name: str = "lie"
    eager: bool = True

    def scores(self, honest: Sequence[int]) -> tuple[int, ...]:
        return tuple(TOP_SCORE if s == NO_SENSOR else TOP_SCORE - s for s in honest)

    def masks(self, honest: SlotMasks, markable: int) -> SlotMasks:
        return SlotMasks(markable & ~honest.lost, markable & ~honest.attack)


def kill_self() -> None:
    """Ends this process as a power cut would: no handler, no farewell."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Crasher(Honest):
    """Honest until it is about to send what ``on`` says (None: anything); then it dies holding its
    turn."""

    name: str = "crash"
    on: Sending | None = None
    die: Callable[[], None] = field(default=kill_self)

    def before(self, sending: Sending) -> None:
        if self.on in (None, sending):
            self.die()


BEHAVIOURS: Final[Mapping[str, Callable[[], Behaviour]]] = {
    "honest": Honest,
    "lie": Liar,
    "crash": Crasher,
    "crash-on-report": lambda: Crasher(on="report"),
    "crash-on-attest": lambda: Crasher(on="attest"),
}
"""Name in a member's configuration → its behaviour."""
