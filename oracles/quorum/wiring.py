"""Puts a member together from its settings; changes when a part of a member is added."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from eth_utils.address import to_checksum_address

from contracts.client.artifacts import ArtifactMissing
from contracts.client.errors import ChainError
from contracts.client.node import connect
from contracts.client.system import Deployment
from oracles.attest.behaviour import BEHAVIOURS
from oracles.attest.hands import ExternalSigner, Hand, OwnKey, SignerError
from oracles.attest.keys import KeyFileError, read_key, read_secret
from oracles.attest.live import LiveFlows
from oracles.attest.observe import Lookout
from oracles.attest.score import Scorer
from oracles.attest.sources import FlowCache, FlowTable, ProbeFile
from oracles.domain.quorum import Signer
from oracles.evidence.bundle import EvidenceStore
from oracles.evidence.pseudonym import Pseudonyms
from oracles.logs import json_logger
from oracles.model.artefact import ModelError
from oracles.quorum.health import Health
from oracles.quorum.identity import Identity
from oracles.quorum.inbox import Inbox
from oracles.quorum.member import Member, Risks
from oracles.quorum.peers import HttpPost, Peers
from oracles.quorum.store import OtherChain, Store
from oracles.quorum.web3_chain import Web3Chain, WrongChain
from oracles.settings import (
    FlowSettings,
    MemberSettings,
    NetflowSettings,
    SettingsError,
    SourceSettings,
)
from oracles.traffic.errors import SourceError

LoadScorer = Callable[[Path | None], Scorer]

EXPECTED_ERRORS = (
    ArtifactMissing,
    ChainError,
    KeyFileError,
    ModelError,
    OSError,
    OtherChain,
    SettingsError,
    SignerError,
    SourceError,
    WrongChain,
    sqlite3.Error,
    ValueError,
)
"""What ends a start with one line instead of a trace."""


def identity_of(settings: MemberSettings) -> Identity | None:
    """Who signs for the member, and its conduct; None when nobody does. Raises KeyFileError,
    ValueError."""
    if settings.behaviour not in BEHAVIOURS:
        raise ValueError(f"behaviour {settings.behaviour} is none of {', '.join(BEHAVIOURS)}")
    hand = _hand(settings)
    if hand is None:
        return None
    return Identity(hand, settings.vantage, BEHAVIOURS[settings.behaviour]())


def _hand(settings: MemberSettings) -> Hand | None:
    external = settings.external_signer
    if external and settings.key_file:
        raise ValueError("key_file and external_signer are both set")
    if external:
        return ExternalSigner(external.url, Signer(to_checksum_address(external.address)))
    if settings.key_file is None:
        return None
    password_file = settings.keystore_password_file
    return OwnKey(
        read_key(settings.key_file, read_secret(password_file) if password_file else None)
    )


def lookout_of(settings: MemberSettings) -> Lookout:
    """The member's outside view. Raises SourceError, OSError, KeyFileError."""
    names = Pseudonyms(read_secret(settings.pseudonym_key_file).encode())
    probes = ProbeFile(settings.probes.path, settings.probes.rebase)
    upstream = _upstream(settings, settings.upstream) if settings.upstream else None
    return Lookout(probes, upstream, names)


def _upstream(settings: MemberSettings, source: FlowSettings) -> FlowTable | LiveFlows:
    if isinstance(source, NetflowSettings):
        return source.live()
    return source.live() or _recorded(settings, source)


def _recorded(settings: MemberSettings, source: SourceSettings) -> FlowTable:
    cache = FlowCache(settings.data_dir / "flows")
    flows = cache.exported(source.path, settings.upstream_export_s, source.rebase)
    return FlowTable(flows, source.rebase)


def open_chain(settings: MemberSettings) -> Web3Chain:
    """The deployment at the node. Raises ChainError, WrongChain, OSError."""
    web3 = connect(settings.rpc_url)
    return Web3Chain(web3, Deployment.read(settings.deployment))


def build(settings: MemberSettings, load_scorer: LoadScorer) -> tuple[Member, HttpPost]:
    """A member that is ready to run. Raises EXPECTED_ERRORS."""
    identity = identity_of(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    chain = open_chain(settings)
    domains = chain.deployed.domains
    store = Store(settings.data_dir / "member.sqlite", chain.deployed.name)
    signer = identity.signer if identity else ""
    health = Health(settings.name, signer, settings.behaviour if identity else "dry run")
    news = threading.Event()

    def count(kind: str, who: str, outcome: str) -> None:
        health.count(kind, who, outcome)
        if outcome == "accepted":
            news.set()

    logger = json_logger(settings.name)
    post = HttpPost()
    peers = Peers(settings.peers, post, health.posted)
    health.undelivered = peers.waiting
    member = Member(
        settings=settings,
        identity=identity,
        chain=chain,
        store=store,
        evidence=EvidenceStore(settings.evidence or settings.data_dir / "evidence"),
        health=health,
        inbox=Inbox(
            store, domains, chain.deployed.chain_id, chain.deployed.feed, count, health.late
        ),
        peers=peers,
        lookout=lookout_of(settings),
        scorer=load_scorer(settings.model),
        risks=Risks(settings.risks, logger),
        logger=logger,
        news=news,
    )
    return member, post
