"""Who a member is and how it departs from honesty; changes when a member gets another property."""

from __future__ import annotations

from dataclasses import dataclass

from oracles.attest.behaviour import Behaviour
from oracles.attest.hands import Hand
from oracles.attest.messages import Domains, Signed, Word
from oracles.domain.quorum import Signer


@dataclass(frozen=True)
class Identity:
    """Who signs for a member, where it stands, and its conduct."""

    hand: Hand
    vantage: str
    behaviour: Behaviour

    @property
    def signer(self) -> Signer:
        """The member's account."""
        return self.hand.signer

    def sign(self, word: Word, domains: Domains) -> Signed:
        """The message under the member's signature. Raises SignerError."""
        return Signed(word, self.hand.sign_word(word, domains.of(word)), self.signer)
