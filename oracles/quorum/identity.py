"""Who a member is and how it departs from honesty; changes when a member gets another property."""

from __future__ import annotations

from dataclasses import dataclass

from oracles.attest.behaviour import Behaviour
from oracles.attest.messages import Domains, Signed, Word, sign_word
from oracles.domain.quorum import Signer


@dataclass(frozen=True)
class Identity:
    """A member's key and conduct."""

    signer: Signer
    key: bytes
    vantage: str
    behaviour: Behaviour

    def sign(self, word: Word, domains: Domains) -> Signed:
        """The message under the member's signature."""
        return sign_word(word, domains, self.key, self.signer)
