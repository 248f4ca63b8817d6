"""The cycle of a running member; changes when a round is added to it."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from contracts.client.errors import ChainError
from oracles.attest.behaviour import Honest
from oracles.attest.hands import OwnKey, SignerError
from oracles.attest.observe import Lookout
from oracles.attest.score import LaneScorer, Scorer
from oracles.domain.incident import Epoch, Slot, epoch_of, slot_at
from oracles.domain.quorum import Committee, Frame, frame_at
from oracles.evidence.bundle import EvidenceError, EvidenceStore
from oracles.evidence.observation import Terms
from oracles.quorum.attest_round import AttestRound
from oracles.quorum.chain import ChainView
from oracles.quorum.health import Health
from oracles.quorum.identity import Identity
from oracles.quorum.inbox import Admission, Inbox
from oracles.quorum.peers import Peers
from oracles.quorum.score_round import ScoreRound
from oracles.quorum.store import Store
from oracles.quorum.transactions import Account, Fees, Web3Node
from oracles.quorum.web3_chain import Web3Chain, Web3Desk
from oracles.settings import MemberSettings, RisksFile, SettingsError, read_risks


class Risks:
    """The file of insured assets, read again when it changed."""

    def __init__(self, path: Path, logger: logging.Logger) -> None:
        self._path = path
        self._logger = logger
        self._stamp = 0
        self._risks = RisksFile()

    def current(self) -> RisksFile:
        """The newest readable content; empty before there is one."""
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return self._risks
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._risks = read_risks(self._path)
            except SettingsError as error:
                self._logger.error(str(error))
        return self._risks


@dataclass
class Member:
    """The parts of a running member. ``identity`` is None in a dry run."""

    settings: MemberSettings
    identity: Identity | None
    chain: Web3Chain
    store: Store
    evidence: EvidenceStore
    health: Health
    inbox: Inbox
    peers: Peers
    lookout: Lookout
    scorer: Scorer
    risks: Risks
    logger: logging.Logger
    news: threading.Event
    _rounds: tuple[int, ScoreRound, AttestRound] | None = None
    _said: dict[str, str] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Cycles at each new block and each message until ``stop`` is set."""
        view: ChainView | None = None
        while not stop.is_set():
            self.lookout.poll()
            try:
                waiting = self._rounds is not None and self._rounds[1].in_grace
                newest = self.chain.newest()
                is_new = view is None or view.number != newest
                if is_new or waiting or self.news.is_set():
                    self.news.clear()
                    if view is None or is_new:
                        view = self.chain.view()
                    self.cycle(view)
            except (ChainError, EvidenceError, SignerError, sqlite3.Error) as error:
                view = None
                self.health.failed(error)
                self._say("member", f"cycle given up: {type(error).__name__}: {error}", view=None)
                stop.wait(1.0)
            # a message wakes it, so that a round does not wait for the next look at the chain
            self.news.wait(self.settings.poll_ms / 1000)

    def cycle(self, view: ChainView) -> None:
        """One round of everything at one block."""
        heard = self.health.heard()
        risks = self.risks.current()
        committee = self._committee(view)
        if committee is None:
            sentences = [("member", "no committee is in force")]
        else:
            scores, attests = self._rounds_for(committee)
            self._admit(view, risks, attests)
            step = self._round if self.identity else self._dry_run
            sentences = list(step(view, risks, scores, attests))
            self._forget(view, scores, attests)
        for case, sentence in sentences:
            self._say(case, sentence, view)
        self.health.cycled(view.number, view.now, heard, [sentence for _, sentence in sentences])

    def _committee(self, view: ChainView) -> Committee | None:
        """The committee of the current frame, or of the current epoch before it has one."""
        terms = self.chain.deployed.terms
        epoch = epoch_of(slot_at(view.now, terms.slot_length))
        return view.frame_committee(frame_at(view.now, terms.frame_length)) or view.epoch_committee(
            epoch
        )

    def _rounds_for(self, committee: Committee) -> tuple[ScoreRound, AttestRound]:
        if self._rounds is None or self._rounds[0] != len(committee.members):
            self._rounds = (len(committee.members), *self._new_rounds(len(committee.members)))
        return self._rounds[1:]

    def _new_rounds(self, members: int) -> tuple[ScoreRound, AttestRound]:
        terms = self.chain.deployed.terms
        committee = self.settings.committee
        timing = committee.timing_for(terms, members)
        me = self.identity or nobody(self.settings)
        node = Web3Node(self.chain.web3, me.hand, self.chain.deployed.chain_id)
        desk = Web3Desk(self.chain, Account(node, self.store, Fees()))
        domains = self.chain.deployed.domains
        gossip = me.behaviour.voice(self.peers, lambda word: me.sign(word, domains))
        shared = (me, self.chain, desk, self.store, self.evidence, gossip)
        rules = Terms(terms.slot_length, committee.lost_rule, committee.flood_rule)
        lanes = LaneScorer(self.scorer, self.store, terms.frame_length)
        return (
            ScoreRound(*shared, lanes, timing, time.monotonic, self.health.compared),
            AttestRound(*shared, self.lookout, rules, timing, self.health.compared),
        )

    def _admit(self, view: ChainView, risks: RisksFile, attests: AttestRound) -> None:
        terms = self.chain.deployed.terms
        frame = frame_at(view.now, terms.frame_length)
        slots = attests.clock.open_slots(view.now)
        first, last = epoch_of(Slot(slots.start)), epoch_of(Slot(slots.stop))
        committees = [view.epoch_committee(Epoch(e)) for e in range(first, last + 1)]
        committees += [view.frame_committee(Frame(f)) for f in (frame - 1, frame)]
        self.inbox.admission = Admission(
            committees={c.version: c for c in committees if c is not None},
            frames=range(frame - 3, frame + 3),
            epochs=range(first, last + 2),
            subjects={subject.number for subject in risks.subjects()},
            sensors={sensor.risk: sensor.sensor for sensor in risks.sensors()},
            now=view.now,
            frame_length=terms.frame_length,
            slot_length=terms.slot_length,
        )

    def _round(
        self, view: ChainView, risks: RisksFile, scores: ScoreRound, attests: AttestRound
    ) -> Iterator[tuple[str, str]]:
        yield "scores", scores.cycle(view, risks.sensors())
        for subject in risks.subjects():
            yield f"subject {subject.number}", attests.cycle(view, subject)

    def _dry_run(
        self, view: ChainView, risks: RisksFile, scores: ScoreRound, attests: AttestRound
    ) -> Iterator[tuple[str, str]]:
        frame = Frame(frame_at(view.now, self.chain.deployed.terms.frame_length) - 1)
        for sensor in risks.sensors():
            lane = scores.lanes.lane(sensor.risk, sensor.sensor, frame)
            yield f"risk {sensor.risk}", f"dry run: frame {frame} would score {lane.score}"
        slots = attests.clock.open_slots(view.now)
        for subject in risks.subjects():
            marks = self.lookout.marks(subject, slots, view.now, attests.terms)
            lost = [mark.slot for mark in marks if mark.lost]
            yield f"subject {subject.number}", f"dry run: would mark {len(lost)} lost slots"

    def _forget(self, view: ChainView, scores: ScoreRound, attests: AttestRound) -> None:
        frame = frame_at(view.now, self.chain.deployed.terms.frame_length)
        slot = Slot(max(attests.clock.open_slots(view.now).start - 1, 0))
        self.store.forget(
            batch=Frame(frame - scores.lanes.back() - 4),
            frame=Frame(frame - 64),
            slot=slot,
            epoch=Epoch(epoch_of(slot) - 1),
        )

    def _say(self, case: str, sentence: str, view: ChainView | None) -> None:
        """Logs a sentence unless it is what this case said last."""
        if self._said.get(case) == sentence:
            return
        self._said[case] = sentence
        place = {"block": view.number, "chain_time": view.now} if view else {}
        self.logger.info(sentence, extra={"fields": {"case_id": case, **place}})


def nobody(settings: MemberSettings) -> Identity:
    """An identity without a seat, for a dry run."""
    return Identity(OwnKey((1).to_bytes(32, "big")), settings.vantage, Honest())
