"""The ports of ``chain`` over a JSON-RPC node; changes when a contract's functions do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.contract import Contract
from web3.types import BlockData

from contracts.client.artifacts import artifact
from contracts.client.errors import ContractReverted, typed
from contracts.client.messages import Observation, ScoreVector, attested, share_scores
from contracts.client.system import Deployment
from oracles.attest.messages import Domains, Signed
from oracles.domain.incident import Epoch, SlotMasks
from oracles.domain.quorum import (
    ChainTerms,
    Committee,
    Frame,
    Member,
    ScoreState,
    Signer,
)
from oracles.quorum.chain import ChainView, Delivered, Deployed, Undelivered
from oracles.quorum.transactions import Account

MODEL_KIND: Final = 0
"""IModelRegistry.Kind.Model"""

MOST_VERSIONS: Final = 1_024
"""Frames and epochs whose committee is remembered."""

P = ParamSpec("P")
R = TypeVar("R")


class WrongChain(Exception):
    """The node serves another chain than the deployment's."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(f"the node's chain has genesis {found}, the deployment {wanted}")
        self.found, self.wanted = found, wanted


def asks_node(method: Callable[P, R]) -> Callable[P, R]:
    """Whatever a request raises comes out as a ChainError."""

    @wraps(method)
    def asking(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except WrongChain:
            raise
        except Exception as error:
            raise typed(error) from error

    return asking


@dataclass
class Web3Chain:
    """A node's view of one deployment."""

    web3: Web3
    deployment: Deployment
    deployed: Deployed = field(init=False)
    versions: dict[tuple[str, int], int] = field(default_factory=dict)
    _contracts: dict[str, Contract] = field(default_factory=dict)
    _fixed: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_genesis()
        self.deployed = self._deployed()

    @asks_node
    def _check_genesis(self) -> None:
        block = self.web3.eth.get_block(0)
        genesis = "0x" + bytes(block["hash"]).hex()
        if genesis != self.deployment.genesis_hash:
            raise WrongChain(genesis, self.deployment.genesis_hash)

    @asks_node
    def _deployed(self) -> Deployed:
        feed, registry = self.contract("RiskFeed"), self.contract("IncidentRegistry")
        return Deployed(
            name=f"{self.deployment.genesis_hash} {feed.address}",
            chain_id=self.deployment.chain_id,
            feed=str(feed.address),
            registry=str(registry.address),
            domains=Domains(
                self.deployment.domain(ScoreVector), self.deployment.domain(Observation)
            ),
            terms=ChainTerms(
                frame_length=feed.functions.frameLength().call(),
                max_frame_age=feed.functions.maxFrameAge().call(),
                slot_length=registry.functions.slotLength().call(),
                max_report_delay=registry.functions.maxReportDelay().call(),
            ),
        )

    def contract(self, name: str) -> Contract:
        """A contract of the deployment."""
        if name not in self._contracts:
            address = self.deployment.contracts[name]
            self._contracts[name] = self.web3.eth.contract(address=address, abi=artifact(name).abi)
        return self._contracts[name]

    def fixed(self, contract: str, function: str, *arguments: object) -> Any:
        """What a contract says that never changes; asked once."""
        key = (contract, function, *arguments)
        if key not in self._fixed:
            self._fixed[key] = self.contract(contract).functions[function](*arguments).call()
        return self._fixed[key]

    @asks_node
    def config_digest(self, version: int) -> bytes:
        """The digest of the settings that a committee's members run with."""
        committee = self.contract("OracleCommittee")
        return bytes(committee.functions.configDigestOf(version).call())

    @asks_node
    def balance(self, account: str) -> int:
        """An account's money for gas, in wei."""
        return int(self.web3.eth.get_balance(to_checksum_address(account)))

    def model_refusal(self, model_hash: bytes, now: int) -> str | None:
        """Why the registry refuses a model at a time, None when it does not."""
        registry = self.contract("ModelRegistry")
        try:
            registry.functions.requireUsable(model_hash, MODEL_KIND, now).call()
        except Exception as error:
            return str(typed(error))
        return None

    @asks_node
    def newest(self) -> int:
        """Number of the newest block: all that a member asks for while nothing happens."""
        return int(self.web3.eth.block_number)

    @asks_node
    def view(self) -> ChainView:
        """The chain as of its newest block."""
        return Web3View(self, self.web3.eth.get_block("latest"))


class Web3View:
    """The chain as of one block."""

    def __init__(self, chain: Web3Chain, block: BlockData) -> None:
        self._chain = chain
        self.number = int(block["number"])
        self.now = int(block["timestamp"])
        self._read: dict[tuple[object, ...], Any] = {}

    def _call(self, contract: str, function: str, *arguments: object) -> Any:
        key = (contract, function, *arguments)
        if key not in self._read:
            bound = self._chain.contract(contract).functions[function](*arguments)
            self._read[key] = bound.call(block_identifier=self.number)
        return self._read[key]

    @asks_node
    def frame_committee(self, frame: Frame) -> Committee | None:
        """See ChainView."""
        start = frame * self._chain.deployed.terms.frame_length
        version = self._version(("frame", frame), "OracleCommittee", "versionAt", start)
        return self._committee(version) if version else None

    @asks_node
    def epoch_committee(self, epoch: Epoch) -> Committee | None:
        """See ChainView."""
        try:
            version = self._version(("epoch", epoch), "IncidentRegistry", "committeeOf", epoch)
            return self._committee(version)
        except Exception as error:
            refusal = typed(error)
            if isinstance(refusal, ContractReverted) and refusal.name == "NoCommittee":
                return None
            raise refusal from error

    def _version(self, of: tuple[str, int], contract: str, function: str, argument: int) -> int:
        """The committee's version for a frame or an epoch that has begun: once there is one, it
        stays, so it is asked once."""
        versions = self._chain.versions
        if not versions.get(of):
            while len(versions) >= MOST_VERSIONS:
                del versions[next(iter(versions))]
            versions[of] = self._call(contract, function, argument)
        return versions[of]

    def _committee(self, version: int) -> Committee:
        suspended = self._call("OracleCommittee", "termOf", version)[2]
        members = self._chain.fixed("OracleCommittee", "members", version)
        thresholds = self._chain.fixed("OracleCommittee", "thresholds", version)
        return Committee(
            version=version,
            members=tuple(
                Member(Signer(signer), sees_attacks, bool(suspended >> lane & 1))
                for lane, (signer, _operator, _vantage, sees_attacks) in enumerate(members)
            ),
            vector_quorum=thresholds[2],
            lost_quorum=thresholds[3],
            attack_quorum=thresholds[4],
        )

    @asks_node
    def risk_count(self) -> int:
        """See ChainView."""
        return int(self._call("RiskRegister", "riskCount"))

    @asks_node
    def score_states(self, first_risk: int, count: int) -> Sequence[ScoreState]:
        """See ChainView."""
        return [self._score_state(risk) for risk in range(first_risk, first_risk + count)]

    def _score_state(self, risk: int) -> ScoreState:
        base = int(self._chain.fixed("RiskRegister", "riskOf", risk)[1])
        try:
            score, uncapped, frame = self._call("RiskFeed", "scoreOf", risk)
        except Exception as error:
            refusal = typed(error)
            if isinstance(refusal, ContractReverted) and refusal.name == "NoScore":
                return ScoreState(base, base, None, base)
            raise refusal from error
        return ScoreState(score, uncapped, Frame(frame), base)

    @asks_node
    def lanes(self, subject: int, epoch: Epoch, committee: Committee) -> Mapping[Signer, SlotMasks]:
        """See ChainView."""
        return {
            member.signer: SlotMasks(
                *self._call("IncidentRegistry", "marksOf", subject, epoch, lane)
            )
            for lane, member in enumerate(committee.members)
        }


@dataclass(frozen=True)
class Web3Desk:
    """Writes reports and observations with a member's account."""

    chain: Web3Chain
    account: Account

    def report(
        self, work: str, frame: Frame, first_risk: int, vectors: Sequence[Signed]
    ) -> Delivered | Undelivered:
        """See Desk."""
        words = [_vector(signed) for signed in vectors]
        data = self.chain.contract("RiskFeed").encode_abi(
            "report",
            args=[
                words[0].committee_version,
                frame,
                words[0].model_hash,
                first_risk,
                share_scores(
                    [(w.scores, s.signature) for w, s in zip(words, vectors, strict=True)]
                ),
            ],
        )
        return self.account.deliver(work, self.chain.deployed.feed, data)

    def attest(
        self, work: str, subject: int, epoch: Epoch, observations: Sequence[Signed]
    ) -> Delivered | Undelivered:
        """See Desk."""
        data = self.chain.contract("IncidentRegistry").encode_abi(
            "attest",
            args=[subject, epoch, [attested(_observation(o), o.signature) for o in observations]],
        )
        return self.account.deliver(work, self.chain.deployed.registry, data)


def _vector(signed: Signed) -> ScoreVector:
    assert isinstance(signed.word, ScoreVector)
    return signed.word


def _observation(signed: Signed) -> Observation:
    assert isinstance(signed.word, Observation)
    return signed.word
