"""Signed vectors and observations as members send them to each other; changes when their form does.

On the wire a message is a JSON object with ``kind`` and the fields of its EIP-712 struct; bytes
are 0x-hex, masks too, because 64 bits do not fit a JSON number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from contracts.client.messages import (
    Domain,
    FieldOutOfRange,
    Observation,
    ScoreVector,
    digest,
    unpack_scores,
)
from contracts.client.signatures import BadSignature, recover, sign
from oracles.domain.incident import SlotMasks
from oracles.domain.quorum import NO_SENSOR, TOP_SCORE, Signer

Word = ScoreVector | Observation

MOST_RISKS: Final = 256
"""Most risks that one vector scores."""


class MalformedMessage(ValueError):
    """A message that cannot be read, or a signature that is none; ``reason`` in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed message: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Domains:
    """The EIP-712 domains of the two contracts that read members' messages."""

    risk_feed: Domain
    incident_registry: Domain

    def of(self, word: Word) -> Domain:
        """The domain under which a message is signed."""
        match word:
            case ScoreVector():
                return self.risk_feed
            case Observation():
                return self.incident_registry
            case _:
                assert_never(word)


@dataclass(frozen=True)
class Signed:
    """A message, its signature, and who that signature says has signed."""

    word: Word
    signature: bytes
    signer: Signer


def masks_of(observation: Observation) -> SlotMasks:
    """An observation's masks as the domain knows them."""
    return SlotMasks(observation.lost_mask, observation.attack_mask)


def sign_word(word: Word, domains: Domains, key: bytes, signer: Signer) -> Signed:
    """The message signed with a member's key."""
    return Signed(word, sign(digest(word, domains.of(word)), key), signer)


def to_wire(signed: Signed) -> dict[str, Any]:
    """The JSON object of a signed message."""
    match signed.word:
        case ScoreVector() as vector:
            fields: dict[str, Any] = {
                "kind": "vector",
                "committee_version": vector.committee_version,
                "frame": vector.frame,
                "model_hash": "0x" + vector.model_hash.hex(),
                "first_risk_index": vector.first_risk_index,
                "scores": "0x" + vector.scores.hex(),
            }
        case Observation() as seen:
            fields = {
                "kind": "observation",
                "committee_version": seen.committee_version,
                "subject": hex(seen.subject),
                "epoch": seen.epoch,
                "lost_mask": hex(seen.lost_mask),
                "attack_mask": hex(seen.attack_mask),
                "evidence_hash": "0x" + seen.evidence_hash.hex(),
            }
        case _:
            assert_never(signed.word)
    return fields | {"signature": "0x" + signed.signature.hex()}


def from_wire(fields: object, domains: Domains) -> Signed:
    """Reads one JSON object and recovers its signer, who may still be nobody's member.

    Raises MalformedMessage.
    """
    word, signature = parse(fields)
    try:
        return Signed(word, signature, Signer(recover(digest(word, domains.of(word)), signature)))
    except (FieldOutOfRange, BadSignature) as error:
        raise MalformedMessage(str(error)) from error


def parse(fields: object) -> tuple[Word, bytes]:
    """A message and its signature, which is not looked at. Raises MalformedMessage."""
    if not isinstance(fields, Mapping):
        raise MalformedMessage("no object")
    try:
        return _word(fields), _hex(fields, "signature")
    except KeyError as error:
        raise MalformedMessage(f"no field {error.args[0]}") from error


def _word(fields: Mapping[str, Any]) -> Word:
    match fields["kind"]:
        case "vector":
            scores = _hex(fields, "scores")
            if not scores or len(scores) % 32 or len(scores) > 2 * MOST_RISKS:
                raise MalformedMessage(f"{len(scores)} bytes of scores")
            if any(TOP_SCORE < score != NO_SENSOR for score in unpack_scores(scores)):
                raise MalformedMessage("a score is out of range")
            return ScoreVector(
                committee_version=_count(fields, "committee_version"),
                frame=_count(fields, "frame"),
                model_hash=_hex(fields, "model_hash"),
                first_risk_index=_count(fields, "first_risk_index"),
                scores=scores,
            )
        case "observation":
            return Observation(
                committee_version=_count(fields, "committee_version"),
                subject=_word64(fields, "subject"),
                epoch=_count(fields, "epoch"),
                lost_mask=_word64(fields, "lost_mask"),
                attack_mask=_word64(fields, "attack_mask"),
                evidence_hash=_hex(fields, "evidence_hash"),
            )
        case _:
            raise MalformedMessage("unknown kind")


def _count(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    if type(value) is not int or value < 0:
        raise MalformedMessage(f"{name} is no count")
    return value


def _word64(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    try:
        number = int(value, 16)
    except (TypeError, ValueError):
        raise MalformedMessage(f"{name} is no hex number") from None
    if not 0 <= number < 1 << 64:
        raise MalformedMessage(f"{name} does not fit 64 bits")
    return number


def _hex(fields: Mapping[str, Any], name: str) -> bytes:
    value = fields[name]
    if not isinstance(value, str) or not value.startswith("0x"):
        raise MalformedMessage(f"{name} is no 0x-hex")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise MalformedMessage(f"{name} is no 0x-hex") from None
