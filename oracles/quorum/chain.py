"""What a member reads from the chain and how it writes to it, as ports; changes when a member
needs another fact or another transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from oracles.attest.messages import Domains, Signed
from oracles.domain.incident import Epoch, SlotMasks
from oracles.domain.quorum import ChainTerms, Committee, Frame, ScoreState, Signer


@dataclass(frozen=True)
class Deployed:
    """The one deployment a member works for. ``name`` tells it from every other."""

    name: str
    chain_id: int
    feed: str
    registry: str
    domains: Domains
    terms: ChainTerms


class ChainView(Protocol):
    """The chain as of one block; everything read from one view belongs together.

    All methods raise ``contracts.client.errors.ChainError`` when the node does not answer.
    """

    @property
    def number(self) -> int: ...

    @property
    def now(self) -> int:
        """The block's timestamp."""
        ...

    def frame_committee(self, frame: Frame) -> Committee | None:
        """The committee that may score a frame, None before the first."""
        ...

    def epoch_committee(self, epoch: Epoch) -> Committee | None:
        """The committee that may mark an epoch, None before the first."""
        ...

    def risk_count(self) -> int:
        """How many risks are registered; their indices are 0 up to that."""
        ...

    def score_states(self, first_risk: int, count: int) -> Sequence[ScoreState]:
        """Scores of ``count`` registered risks from ``first_risk`` on."""
        ...

    def lanes(self, subject: int, epoch: Epoch, committee: Committee) -> Mapping[Signer, SlotMasks]:
        """What each member has marked on chain."""
        ...


@dataclass(frozen=True)
class Delivered:
    """A transaction that was mined and did what it was for."""

    hash: bytes
    gas_used: int


@dataclass(frozen=True)
class Undelivered:
    """A transaction that was refused, or of which nothing has been heard; ``reason`` says which."""

    reason: str


class Desk(Protocol):
    """Sends transactions from the member's own account. ``work`` names what one is for, so that it
    is not sent twice; a refusal is a result, not an exception."""

    def report(
        self, work: str, frame: Frame, first_risk: int, vectors: Sequence[Signed]
    ) -> Delivered | Undelivered:
        """RiskFeed.report with vectors of one length, sorted by signer."""
        ...

    def attest(
        self, work: str, subject: int, epoch: Epoch, observations: Sequence[Signed]
    ) -> Delivered | Undelivered:
        """IncidentRegistry.attest with observations sorted by signer."""
        ...


class Chain(Protocol):
    """A node's view of the deployment."""

    @property
    def deployed(self) -> Deployed: ...

    def view(self) -> ChainView:
        """The chain as of its newest block."""
        ...
