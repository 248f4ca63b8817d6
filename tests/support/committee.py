"""An oracle committee for tests: keys made at run time, sorted as the chain wants them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from contracts.client.messages import (
    Domain,
    Message,
    Observation,
    ScoreVector,
    Suspicion,
    attested,
    digest,
    pack_scores,
)
from contracts.client.signatures import address_of, keccak256, sign

MemberTuple = tuple[str, bytes, bytes, bool]


@dataclass(frozen=True, slots=True)
class Signer:
    """One member: its key and account."""

    key: bytes
    address: str

    def sign(self, message: Message, domain: Domain) -> bytes:
        return sign(digest(message, domain), self.key)


def signer(label: str) -> Signer:
    """A key derived from a label: the same in each run, and worth nothing."""
    key = keccak256(f"flowcover test member {label}".encode())
    return Signer(key, address_of(key))


@dataclass(frozen=True, slots=True)
class Committee:
    """n signers in the order of their addresses; lane i is `signers[i]`."""

    signers: tuple[Signer, ...]
    f: int
    version: int = 1

    @classmethod
    def of(cls, n: int = 4, f: int = 1, label: str = "a", version: int = 1) -> Committee:
        made = [signer(f"{label}{i}") for i in range(n)]
        return cls(tuple(sorted(made, key=lambda s: int(s.address, 16))), f, version)

    def at_version(self, version: int) -> Committee:
        return replace(self, version=version)

    def members(self, blind: Iterable[int] = (), operators: str = "operator") -> list[MemberTuple]:
        """Arguments of `OracleCommittee.propose`: all independent, all but `blind` see attacks."""
        return [
            (s.address, _name(operators, i), _name("vantage", i), i not in blind)
            for i, s in enumerate(self.signers)
        ]

    def vectors(
        self,
        domain: Domain,
        frame: int,
        model_hash: bytes,
        scores: Mapping[int, Sequence[int]],
        first_risk: int = 0,
    ) -> list[tuple[bytes, bytes]]:
        """`RiskFeed.SignedVector`s: each lane's own scores, padded to whole groups."""
        result = []
        for lane in sorted(scores):
            packed = pack_scores(scores[lane])
            message = ScoreVector(self.version, frame, model_hash, first_risk, packed)
            result.append((packed, self.signers[lane].sign(message, domain)))
        return result

    def observations(
        self, domain: Domain, subject: int, epoch: int, masks: Mapping[int, tuple[int, int]]
    ) -> list[tuple[int, int, bytes, bytes, bytes]]:
        """`IncidentRegistry.SignedObservation`s: each lane's (lost mask, attack mask)."""
        result = []
        for lane in sorted(masks):
            lost, attacked = masks[lane]
            evidence = keccak256(f"evidence of lane {lane}".encode())
            message = Observation(self.version, subject, epoch, lost, attacked, evidence)
            result.append(attested(message, self.signers[lane].sign(message, domain)))
        return result

    def suspicions(
        self, domain: Domain, dependency: int, since: int, expires: int, lanes: Iterable[int]
    ) -> list[bytes]:
        """The lanes' signatures over one suspicion."""
        message = Suspicion(self.version, dependency, since, expires)
        return [self.signers[lane].sign(message, domain) for lane in sorted(lanes)]


def _name(kind: str, number: int) -> bytes:
    return keccak256(f"{kind} {number}".encode())
