"""Tests a member's environment before it runs; changes when there is more to test."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx

from contracts.client.messages import ScoreVector
from oracles.attest.hands import SignerError
from oracles.domain.quorum import frame_at
from oracles.quorum.identity import Identity
from oracles.quorum.web3_chain import Web3Chain
from oracles.quorum.wiring import (
    EXPECTED_ERRORS,
    LoadScorer,
    identity_of,
    lookout_of,
    open_chain,
)
from oracles.settings import MemberSettings, SettingsError, read_risks

LEAST_BALANCE = 10**16
"""Wei below which a member's account is called empty."""


def bind(settings: MemberSettings) -> socket.socket:
    """The socket to listen on. Raises OSError when the port is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.listen.host, settings.listen.port))
    except OSError as error:
        listening.close()
        where = f"{settings.listen.host}:{settings.listen.port}"
        raise OSError(f"cannot listen on {where}: {error.strerror}") from error
    return listening


def check(settings: MemberSettings, load_scorer: LoadScorer) -> int:
    """Tests the environment, one line a finding; 1 when something must be put right."""
    failures = 0
    for name, finding in findings(settings, load_scorer):
        good = finding is None
        failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}{'' if good else f': {finding}'}")
    return 1 if failures else 0


def findings(settings: MemberSettings, load_scorer: LoadScorer) -> Iterator[tuple[str, str | None]]:
    """What was tested, and what is wrong with it (None = nothing)."""
    identity, chain = None, None
    try:
        identity = identity_of(settings)
        yield "key", None if identity else "not set: a dry run signs nothing"
    except EXPECTED_ERRORS as error:
        yield "key", str(error)
    try:
        bind(settings).close()
        yield "port", None
    except OSError as error:
        yield "port", str(error)
    try:
        lookout = lookout_of(settings)
        yield (
            "sources",
            None
            if lookout.probes.quarantine.total == 0
            else (f"{lookout.probes.quarantine.total} unreadable probe records"),
        )
    except EXPECTED_ERRORS as error:
        yield "sources", str(error)
    try:
        chain = open_chain(settings)
        yield "node and deployment", None
    except EXPECTED_ERRORS as error:
        yield "node and deployment", str(error)
    try:
        read_risks(settings.risks)
        yield "insured assets", None
    except SettingsError as error:
        yield "insured assets", str(error)
    for peer in settings.peers:
        yield f"peer {peer}", _peer(peer)
    if chain is not None:
        yield from _chain_findings(settings, chain, identity, load_scorer)


def _signing(identity: Identity, chain: Web3Chain) -> str | None:
    """Asks for the signature of a vector of no committee, which is of no use to anybody."""
    try:
        identity.sign(ScoreVector(0, 0, bytes(32), 0, b""), chain.deployed.domains)
    except SignerError as error:
        return str(error)
    return None


def _peer(url: str) -> str | None:
    try:
        return None if httpx.get(f"{url}/health", timeout=3).is_success else "is not healthy"
    except httpx.HTTPError as error:
        return f"no answer ({type(error).__name__})"


def _chain_findings(
    settings: MemberSettings,
    chain: Web3Chain,
    identity: Identity | None,
    load_scorer: LoadScorer,
) -> Iterator[tuple[str, str | None]]:
    view = chain.view()
    terms = chain.deployed.terms
    committee = view.frame_committee(frame_at(view.now, terms.frame_length))
    if committee is None:
        yield "committee", "none is in force"
        return
    timing = settings.committee.timing_for(terms, len(committee.members))
    worst = timing.worst_attest_delay(len(committee.members))
    yield (
        "timing",
        (
            None
            if worst <= terms.max_report_delay
            else f"the last in line attests after {worst} s, a slot closes after "
            f"{terms.max_report_delay} s"
        ),
    )
    registered = chain.config_digest(committee.version)
    yield (
        "committee settings",
        (
            None
            if registered == settings.committee.digest()
            else f"digest 0x{settings.committee.digest().hex()}, registered 0x{registered.hex()}"
        ),
    )
    if identity is not None:
        yield "signing", _signing(identity, chain)
    model = load_scorer(settings.model).model_hash
    yield "model", chain.model_refusal(model, view.now)
    if identity is not None:
        seat = committee.seat(identity.signer)
        yield "seat", None if seat else f"{identity.signer} is not in {committee.version}"
        balance = chain.balance(identity.signer)
        yield "gas money", None if balance > LEAST_BALANCE else f"{balance} wei"
