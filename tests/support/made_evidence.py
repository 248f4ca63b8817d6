"""Evidence for a made ledger: what four members would have kept, in a folder each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

from backend.audit.evidence.scores import NamedBatches
from oracles.attest.batches import (
    GENESIS,
    BatchHeader,
    from_wire,
    payload_hash,
    seal,
    to_wire,
)
from oracles.attest.model import ModelScorer
from oracles.attest.score import LaneScorer, pack_flows
from oracles.domain.binning import bins_for
from oracles.domain.calibration import Calibration
from oracles.domain.features import NAMES as NAMES_OF_FEATURES
from oracles.domain.incident import Epoch, LostRule, Slot
from oracles.domain.quorum import Frame
from oracles.evidence import score as score_evidence
from oracles.evidence.bundle import EvidenceStore
from oracles.evidence.observation import Mark, Terms, Witness, build, lost_evidence
from oracles.evidence.pseudonym import Pseudonyms
from oracles.model.artefact import Artefact, save
from oracles.model.scoring import margins
from oracles.sensor import pseudonymous
from tests.support.made_ledger import (
    ADDRESSES,
    CHAIN_ID,
    FRAME,
    MEMBERS,
    NOBODY,
    SLOT,
    Made,
    person,
)
from tests.support.member_table import SENSOR, SENSOR_KEY, SMALL_FLOOD, flows_at, probe

NAMES = Pseudonyms(b"k" * 16)
TERMS = Terms(SLOT, LostRule(), SMALL_FLOOD)


QUIET, BUSY = 90, 9_500


def small_model(registry: Path) -> Path:
    """A model of two scores, by the failed connections, registered in a folder of its own."""
    bins = bins_for(NAMES_OF_FEATURES)
    conns = np.array([0, 2, 4, 8, 64, 128, 512, 1024])
    table = pd.DataFrame(0, index=range(len(conns)), columns=list(NAMES_OF_FEATURES), dtype="int64")
    table["in_peer_failed"] = conns
    data = xgb.DMatrix(bins.apply(table), label=(conns > 32).astype(int), missing=0)
    settings = {"max_depth": 1, "objective": "binary:logistic", "nthread": 1}
    booster = xgb.train(settings, data, 4)
    low, high = (int(m) for m in margins(booster, bins.apply(table))[[0, -1]])
    calibration = Calibration(((low + high) // 2,), (QUIET, BUSY))
    return save(Artefact(bins, booster, calibration), {}, registry)


@dataclass
class MadeEvidence:
    """The members' folders under one root, and the sensor's chain."""

    root: Path
    scorer: ModelScorer
    previous: bytes = GENESIS
    sequence: int = 0

    @property
    def folders(self) -> list[Path]:
        return [self.root / name.replace(" ", "-") for name in MEMBERS]

    def store(self, name: str) -> EvidenceStore:
        return EvidenceStore(self.root / name.replace(" ", "-"))

    def report(self, made: Made, flows: int) -> None:
        """A frame in which the sensor saw so many flows, scored by all members from them."""
        frame = made.now // FRAME - 1
        name = self._batch(frame, flows)
        source = NamedBatches({name: from_wire(self.store(MEMBERS[0]).batch(name))})
        lane = LaneScorer(self.scorer, source, FRAME).lane(0, SENSOR, Frame(frame))
        for member in MEMBERS:
            self.store(member).put(
                score_evidence.build(
                    chain_id=CHAIN_ID, feed=ADDRESSES["RiskFeed"], committee_version=1,
                    member=person(member), frame=frame, frame_length=FRAME,
                    model_hash=self.scorer.model_hash, first_risk=0, lanes=[lane.evidence()],
                )
            )  # fmt: skip
        made.report([[lane.score, NOBODY, NOBODY]] * len(MEMBERS))

    def _batch(self, frame: int, flows: int) -> bytes:
        times = [frame * FRAME * 1_000_000 + i for i in range(flows)]
        payload = pack_flows(pseudonymous(flows_at(times), NAMES))
        header = BatchHeader(
            CHAIN_ID, ADDRESSES["RiskFeed"], 0, frame, self.sequence, "0x" + self.previous.hex(),
            payload_hash(payload), flows, 0, (NAMES.host("10.0.0.1"),),
        )  # fmt: skip
        batch = seal(header, payload, SENSOR_KEY, SENSOR)
        self.previous, self.sequence = header.hash(), self.sequence + 1
        for member in MEMBERS:
            self.store(member).keep_batch(header.hash(), to_wire(batch))
        return header.hash()

    def observe(self, member: str, risk: int, epoch: int, slots: set[int]) -> bytes:
        """The bundle of one member's marks: failed probes, and floods where it can see them."""
        marks = [
            Mark(
                Slot(slot),
                lost_evidence([probe(slot * SLOT + i, ok=False) for i in range(4)], NAMES),
                self._flood(slot) if MEMBERS.index(member) < 3 else None,
            )
            for slot in slots
        ]
        witness = Witness(
            CHAIN_ID, ADDRESSES["IncidentRegistry"], 1, person(member), member.replace(" ", "-")
        )
        return self.store(member).put(build(witness, risk, Epoch(epoch), TERMS, marks))

    def _flood(self, slot: int) -> dict[str, object]:
        seconds = list(range(slot * SLOT - SMALL_FLOOD.mean_s + 1, (slot + 1) * SLOT))
        return {
            "hosts": [
                {
                    "host": NAMES.host("10.0.0.1"), "seconds": seconds,
                    "packets": [900] * len(seconds), "ip_bytes": [54_000] * len(seconds),
                    "flows": [900] * len(seconds),
                }
            ]
        }  # fmt: skip
