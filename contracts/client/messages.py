"""The EIP-712 messages that members, underwriters and assessors sign, and their digests.

A message is a frozen dataclass whose fields, in order, are the members of its Solidity struct in
snake case; each field's type names its Solidity type. Digests are packed by hand (about 10
microseconds).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, get_type_hints

from .signatures import compact, keccak256

Uint8 = Annotated[int, "uint8"]
Uint16 = Annotated[int, "uint16"]
Uint32 = Annotated[int, "uint32"]
Uint40 = Annotated[int, "uint40"]
Uint64 = Annotated[int, "uint64"]
Uint128 = Annotated[int, "uint128"]
Bool = Annotated[bool, "bool"]
Bytes32 = Annotated[bytes, "bytes32"]
DynamicBytes = Annotated[bytes, "bytes"]
Address = Annotated[str, "address"]

NO_SENSOR_DATA = 0xFFFF
"""Lane of a risk whose sensor sent nothing."""

DEPENDENCY_SUBJECTS = 2**32
"""A dependency's slots are marked under this plus its index; a risk's under its index."""


class FieldOutOfRange(ValueError):
    """A message field does not fit its Solidity type."""

    def __init__(self, field: str, solidity_type: str, value: object) -> None:
        super().__init__(f"{field} does not fit {solidity_type}: {value!r}")
        self.field, self.solidity_type, self.value = field, solidity_type, value


class Message:
    """Base of all signed messages; `contract` is the one that verifies it."""

    __slots__ = ()
    contract: ClassVar[str]


@dataclass(frozen=True, slots=True)
class ScoreVector(Message):
    """One member's scores of `len(scores) / 2` risks from `first_risk_index` on, in one frame."""

    contract: ClassVar[str] = "RiskFeed"
    committee_version: Uint32
    frame: Uint32
    model_hash: Bytes32
    first_risk_index: Uint32
    scores: DynamicBytes


@dataclass(frozen=True, slots=True)
class Observation(Message):
    """One member's marks of the 64 slots of an epoch of one subject; bit 0 is the first slot."""

    contract: ClassVar[str] = "IncidentRegistry"
    committee_version: Uint32
    subject: Uint64
    epoch: Uint32
    lost_mask: Uint64
    attack_mask: Uint64
    evidence_hash: Bytes32


@dataclass(frozen=True, slots=True)
class Suspicion(Message):
    """One member's suspicion of a dependency, from chain second `since`, void after `expires`."""

    contract: ClassVar[str] = "IncidentRegistry"
    committee_version: Uint32
    dependency: Uint32
    since: Uint40
    expires: Uint40


@dataclass(frozen=True, slots=True)
class Quote(Message):
    """An underwriter's offer of streamed cover. Money in token units, rates 1e18 a year."""

    contract: ClassVar[str] = "PolicyBook"
    product: Uint16
    risk_index: Uint32
    applicant: Address
    holder: Address
    sum_insured: Uint128
    loss_per_hour: Uint128
    dependencies: Uint128
    rate: Uint64
    rate_ceiling: Uint64
    min_premium: Uint128
    score_frame: Uint32
    model_hash: Bytes32
    terms_hash: Bytes32
    term: Uint40
    salt: Bytes32
    deadline: Uint40


@dataclass(frozen=True, slots=True)
class Certificate(Message):
    """Per-transaction cover sold under a platform's facility. Money in token units.

    It names its series, because serials are contiguous per series only.
    """

    contract: ClassVar[str] = "CertificateBook"
    series: Bytes32
    platform: Address
    product: Uint16
    risk_index: Uint32
    holder: Address
    payee: Address
    transaction_hash: Bytes32
    sum_insured: Uint128
    premium: Uint128
    start: Uint40
    end: Uint40
    score_frame: Uint32
    terms_hash: Bytes32
    serial: Uint32
    commit_by: Uint40
    salt: Bytes32


@dataclass(frozen=True, slots=True)
class BordereauHeader(Message):
    """An underwriter's word for a batch of certificates. Money in token units.

    `rate` is the premium of one unit, `base` the second that start offsets count from, `leaf_kind`
    the series' `LeafKind`, and `leaf_file_hash` zero for a posted batch.
    """

    contract: ClassVar[str] = "CertificateBook"
    platform: Address
    product: Uint16
    risk_index: Uint32
    expiry_bucket: Uint32
    rate: Uint64
    first_serial: Uint32
    size: Uint32
    base: Uint40
    exposure: Uint128
    premium: Uint128
    leaf_kind: Uint8
    root: Bytes32
    leaf_file_hash: Bytes32


@dataclass(frozen=True, slots=True)
class AssessorDecision(Message):
    """One assessor's word on the scheduled amount of a claim, void after `deadline`."""

    contract: ClassVar[str] = "AssessorPanel"
    claim: Bytes32
    approve: Bool
    reason_hash: Bytes32
    deadline: Uint40


@dataclass(frozen=True, slots=True)
class AppealDecision(Message):
    """The appeal committee's word on a challenge."""

    contract: ClassVar[str] = "AppealBoard"
    claim: Bytes32
    upheld: Bool
    reason_hash: Bytes32


MESSAGES: tuple[type[Message], ...] = (
    ScoreVector,
    Observation,
    Suspicion,
    Quote,
    Certificate,
    BordereauHeader,
    AssessorDecision,
    AppealDecision,
)


@dataclass(frozen=True, slots=True)
class Domain:
    """EIP-712 domain of one deployed contract; name is "flowcover <contract>", version "1"."""

    contract: str
    chain_id: int
    verifying_contract: str

    @property
    def name(self) -> str:
        return f"flowcover {self.contract}"


DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
DOMAIN_VERSION = "1"


@cache
def separator(domain: Domain) -> bytes:
    """The domain separator, 32 bytes."""
    return keccak256(
        keccak256(DOMAIN_TYPE.encode())
        + keccak256(domain.name.encode())
        + keccak256(DOMAIN_VERSION.encode())
        + domain.chain_id.to_bytes(32, "big")
        + _address_word(domain.verifying_contract)
    )


@lru_cache(maxsize=4096)
def _address_word(value: str) -> bytes:
    raw = bytes.fromhex(value.removeprefix("0x"))
    if len(raw) != 20:
        raise ValueError(value)
    return bytes(12) + raw


def _bytes32_word(value: bytes) -> bytes:
    if len(value) != 32:
        raise ValueError(value)
    return value


def _uint_word(bits: int) -> Callable[[int], bytes]:
    def word(value: int) -> bytes:
        if value >> bits:
            raise ValueError(value)
        return value.to_bytes(32, "big")

    return word


def _word_of(solidity_type: str) -> Callable[[Any], bytes]:
    match solidity_type:
        case "address":
            return _address_word
        case "bytes32":
            return _bytes32_word
        case "bytes":
            return keccak256
        case "bool":
            return _uint_word(1)
        case _:
            return _uint_word(int(solidity_type.removeprefix("uint")))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def members(kind: type[Message]) -> tuple[tuple[str, str], ...]:
    """(snake case name, Solidity type) of each struct member, in order."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple((n, hints[n].__metadata__[0]) for n in kind.__annotations__ if n != "contract")


def type_string(kind: type[Message]) -> str:
    """The EIP-712 type of a message, such as `Suspicion(uint32 committeeVersion,...)`."""
    return f"{kind.__name__}({','.join(f'{t} {_camel(n)}' for n, t in members(kind))})"


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a message is packed: its type's hash, all its fields at once, and a word of each."""

    type_hash: bytes
    values: Callable[[Message], tuple[Any, ...]]
    words: tuple[Callable[[Any], bytes], ...]

    @classmethod
    def of(cls, kind: type[Message]) -> _Plan:
        fields = members(kind)
        return cls(
            keccak256(type_string(kind).encode()),
            attrgetter(*(name for name, _ in fields)),
            tuple(_word_of(typed) for _, typed in fields),
        )


_PLANS = {kind: _Plan.of(kind) for kind in MESSAGES}


def struct_hash(message: Message) -> bytes:
    """EIP-712 hashStruct, 32 bytes.

    :raises FieldOutOfRange: a field does not fit its Solidity type
    """
    plan = _PLANS[type(message)]
    words = [plan.type_hash]
    values = plan.values(message)
    try:
        for word, value in zip(plan.words, values, strict=True):
            words.append(word(value))
    except (ValueError, OverflowError) as error:
        place = len(words) - 1
        raise FieldOutOfRange(*members(type(message))[place], values[place]) from error
    return keccak256(b"".join(words))


def digest(message: Message, domain: Domain) -> bytes:
    """What is signed: 32 bytes.

    :raises FieldOutOfRange: a field does not fit its Solidity type
    :raises ValueError: the domain is of another contract than the one that verifies the message
    """
    if domain.contract != message.contract:
        raise ValueError(f"{type(message).__name__} is verified by {message.contract}")
    return keccak256(b"\x19\x01" + separator(domain) + struct_hash(message))


def typed_data(message: Message, domain: Domain) -> dict[str, Any]:
    """The message as JSON of `eth_signTypedData_v4`; numbers are decimal strings, bytes hex."""
    kind = type(message)
    return {
        "types": {
            "EIP712Domain": [
                {"name": name, "type": typed}
                for typed, name in (part.split() for part in DOMAIN_TYPE[13:-1].split(","))
            ],
            kind.__name__: [{"name": _camel(n), "type": typed} for n, typed in members(kind)],
        },
        "primaryType": kind.__name__,
        "domain": {
            "name": domain.name,
            "version": DOMAIN_VERSION,
            "chainId": domain.chain_id,
            "verifyingContract": domain.verifying_contract,
        },
        "message": {_camel(n): _json_value(getattr(message, n)) for n, _ in members(kind)},
    }


def _json_value(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def pack_scores(scores: Sequence[int]) -> bytes:
    """Scores as big-endian uint16 lanes, padded with NO_SENSOR_DATA to whole groups of 16 risks."""
    padded = [*scores, *[NO_SENSOR_DATA] * (-len(scores) % 16)]
    return b"".join(score.to_bytes(2, "big") for score in padded)


def unpack_scores(packed: bytes) -> tuple[int, ...]:
    """The lanes of `pack_scores`."""
    return tuple(int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2))


def attested(said: Observation, signature: bytes) -> tuple[int, int, bytes, bytes, bytes]:
    """An `IncidentRegistry.SignedObservation` of a signature of 65 bytes.

    :raises BadSignature: not 65 bytes, or v not 27 or 28
    """
    return (said.lost_mask, said.attack_mask, said.evidence_hash, *compact(signature))


def share_scores(vectors: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """`RiskFeed.SignedVector`s as they are sent: scores equal to those before them are left out.

    Members who saw the same traffic agree bit for bit, so a report mostly carries one vector.

    :param vectors: packed scores and signature of each member, by strictly increasing signer
    """
    before = [b"", *(scores for scores, _ in vectors)]
    return [
        (b"" if scores == previous else scores, signature)
        for previous, (scores, signature) in zip(before, vectors, strict=False)
    ]


def dependency_subject(dependency: int) -> int:
    """The subject under which a dependency's slots are marked."""
    return DEPENDENCY_SUBJECTS + dependency
