"""How a member departs from honesty, for drills; changes when a drill is added.

A member does what its behaviour says at four points: which scores it signs, which slots it signs,
what it tells whom, and what happens just before it sends a transaction. All but ``Honest`` are
named in a member's configuration and on its health page, so that no drill runs unnoticed.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

from contracts.client.messages import ScoreVector, pack_scores, unpack_scores
from oracles.attest.messages import Signed, Word
from oracles.domain.incident import SlotMasks
from oracles.domain.quorum import NO_SENSOR, TOP_SCORE

Sending = Literal["report", "attest"]
Sign = Callable[[Word], Signed]


class Gossip(Protocol):
    """The other members' letter boxes."""

    def offer(self, signed: Signed) -> None:
        """Sends an own message to all of them, again until each has it."""
        ...

    def offer_each(self, versions: Sequence[Signed]) -> None:
        """Sends the first version to the first of them, the second to the second, and so on in
        turn."""
        ...


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

    def voice(self, gossip: Gossip, sign: Sign) -> Gossip:
        """What it tells the others through."""
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

    def voice(self, gossip: Gossip, sign: Sign) -> Gossip:
        return gossip

    def before(self, sending: Sending) -> None:
        return None


def inverted(scores: Sequence[int]) -> tuple[int, ...]:
    """Each score on the other side of the middle; no sensor becomes the top."""
    return tuple(TOP_SCORE if s == NO_SENSOR else TOP_SCORE - s for s in scores)


@dataclass(frozen=True)
class Liar(Honest):
    """Wrong in every field, and first: scores inverted, every slot marked that is not lost or not
    attacked, and none that is."""

    name: str = "lie"
    eager: bool = True

    def scores(self, honest: Sequence[int]) -> tuple[int, ...]:
        return inverted(honest)

    def masks(self, honest: SlotMasks, markable: int) -> SlotMasks:
        return SlotMasks(markable & ~honest.lost, markable & ~honest.attack)


@dataclass(frozen=True)
class Constant(Honest):
    """Always the same score, and every slot marked or none."""

    score: int = TOP_SCORE
    marks: bool = True

    def scores(self, honest: Sequence[int]) -> tuple[int, ...]:
        return tuple(self.score for _ in honest)

    def masks(self, honest: SlotMasks, markable: int) -> SlotMasks:
        return SlotMasks(markable, markable) if self.marks else SlotMasks()


@dataclass(frozen=True)
class Dice(Honest):
    """Random scores and marks."""

    name: str = "lie-random"
    dice: random.Random = field(default_factory=lambda: random.Random(0))

    def scores(self, honest: Sequence[int]) -> tuple[int, ...]:
        return tuple(self.dice.randint(0, TOP_SCORE) for _ in honest)

    def masks(self, honest: SlotMasks, markable: int) -> SlotMasks:
        return SlotMasks(markable & self.dice.getrandbits(64), markable & self.dice.getrandbits(64))


@dataclass(frozen=True)
class TwoFaced:
    """Tells every second member inverted scores."""

    gossip: Gossip
    sign: Sign

    def offer(self, signed: Signed) -> None:
        if isinstance(signed.word, ScoreVector):
            scores = pack_scores(inverted(unpack_scores(signed.word.scores)))
            other = self.sign(replace(signed.word, scores=scores))
            self.offer_each([signed, other])
        else:
            self.gossip.offer(signed)

    def offer_each(self, versions: Sequence[Signed]) -> None:
        self.gossip.offer_each(versions)


@dataclass(frozen=True)
class Equivocator(Honest):
    """Signs two vectors of one frame and gives each to half of the others."""

    name: str = "equivocate"

    def voice(self, gossip: Gossip, sign: Sign) -> Gossip:
        return TwoFaced(gossip, sign)


@dataclass
class Replaying:
    """Sends the first word of each kind again in place of every later one."""

    gossip: Gossip
    first: dict[type[Word], Signed] = field(default_factory=dict)

    def offer(self, signed: Signed) -> None:
        self.gossip.offer(self.first.setdefault(type(signed.word), signed))

    def offer_each(self, versions: Sequence[Signed]) -> None:
        for signed in versions:
            self.offer(signed)


@dataclass(frozen=True)
class Replayer(Honest):
    """Gives the others its old words in place of the new."""

    name: str = "replay"

    def voice(self, gossip: Gossip, sign: Sign) -> Gossip:
        return Replaying(gossip)


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
    "lie-high": lambda: Constant("lie-high", score=TOP_SCORE, marks=True),
    "lie-low": lambda: Constant("lie-low", score=0, marks=False),
    "lie-random": Dice,
    "equivocate": Equivocator,
    "replay": Replayer,
    "crash": Crasher,
    "crash-on-report": lambda: Crasher(on="report"),
    "crash-on-attest": lambda: Crasher(on="attest"),
}
"""Name in a member's configuration → its behaviour."""
