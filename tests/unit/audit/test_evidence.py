"""Evidence in the audit: stores, sensors' chains, and `flowcover evidence replay`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.audit.evidence.cli import Names
from backend.audit.evidence.scores import Models, NamedBatches, Rescorer
from backend.audit.evidence.sensors import SensorChains
from backend.audit.evidence.stores import Stores
from backend.cli import app
from oracles.attest.batches import GENESIS, Batch, BatchHeader, payload_hash, seal, to_wire
from oracles.attest.model import load_scorer
from oracles.attest.score import LaneScorer, pack_flows
from oracles.domain.incident import Epoch, LostRule, Slot
from oracles.domain.quorum import Frame
from oracles.evidence import score as score_evidence
from oracles.evidence.bundle import EvidenceError, EvidenceStore
from oracles.evidence.observation import Mark, Terms, Witness, build, lost_evidence
from oracles.evidence.pseudonym import Pseudonyms
from oracles.sensor import pseudonymous
from tests.support.member_table import SENSOR, SENSOR_KEY, SMALL_FLOOD, flows_at, probe

KEY = b"k" * 16
NAMES = Pseudonyms(KEY)
FEED = "0x" + "11" * 20
MEMBER = "0x" + "33" * 20
FRAME = 100


def batch_of(sequence: int, previous: bytes, flows: int = 3, frame: int | None = None) -> Batch:
    """A sensor's batch of a frame of 60 s."""
    frame = FRAME + sequence if frame is None else frame
    times = [frame * 60_000_000 + i for i in range(flows)]
    payload = pack_flows(pseudonymous(flows_at(times), NAMES))
    header = BatchHeader(
        1337, FEED, 0, frame, sequence, "0x" + previous.hex(), payload_hash(payload), flows, 0,
        (NAMES.host("10.0.0.1"),),
    )  # fmt: skip
    return seal(header, payload, SENSOR_KEY, SENSOR)


def chain_of(count: int) -> list[Batch]:
    """Batches that follow each other."""
    found: list[Batch] = []
    for sequence in range(count):
        found.append(batch_of(sequence, found[-1].header.hash() if found else GENESIS))
    return found


def score_bundle(folder: Path) -> bytes:
    """An honest bundle of one risk, and the batch that it names, in a folder."""
    store = EvidenceStore(folder)
    (batch,) = chain_of(1)
    name = batch.header.hash()
    store.keep_batch(name, to_wire(batch))
    scorer = load_scorer(None)
    held = NamedBatches({name: Stores([folder]).batch(name)})
    lane = LaneScorer(scorer, held, 60).lane(0, SENSOR, Frame(FRAME))
    return store.put(
        score_evidence.build(
            chain_id=1337, feed=FEED, committee_version=1, member=MEMBER, frame=FRAME,
            frame_length=60, model_hash=scorer.model_hash, first_risk=0, lanes=[lane.evidence()],
        )
    )  # fmt: skip


def changed(folder: Path, name: bytes, **fields: object) -> bytes:
    """The bundle with other fields in its first lane, under its new hash."""
    store = EvidenceStore(folder)
    bundle = json.loads(store.raw(name))
    bundle["lanes"][0] |= fields
    return store.put(bundle)


def test_scores__features_that_flows_do_not_give__are_refused(tmp_path: Path) -> None:
    name = score_bundle(tmp_path)
    features = json.loads(EvidenceStore(tmp_path).raw(name))["lanes"][0]["features"]
    forged = changed(
        tmp_path, name, features=features | {"in_peer_failed": features["in_peer_failed"] + 1}
    )
    stores = Stores([tmp_path])
    with pytest.raises(EvidenceError, match="features in_peer_failed do not follow"):
        Rescorer(stores, Models()).scores(stores.bundle(forged))


def test_scores__score_that_flows_do_not_give__is_refused(tmp_path: Path) -> None:
    forged = changed(tmp_path, score_bundle(tmp_path), score=9_999)
    stores = Stores([tmp_path])
    with pytest.raises(EvidenceError, match="states 9999"):
        Rescorer(stores, Models()).scores(stores.bundle(forged))


def test_scores__batch_missing__is_refused(tmp_path: Path) -> None:
    name = score_bundle(tmp_path)
    next(tmp_path.glob("batches/*/*.json")).unlink()
    stores = Stores([tmp_path])
    with pytest.raises(EvidenceError, match="batch is not in this store"):
        Rescorer(stores, Models()).scores(stores.bundle(name))


def test_scores__unregistered_model__is_refused(tmp_path: Path) -> None:
    name = score_bundle(tmp_path)
    stores = Stores([tmp_path])
    with pytest.raises(EvidenceError, match="model"):
        Rescorer(stores, Models(tmp_path)).scores(stores.bundle(name))


def test_scores__honest_bundle__follows_from_its_flows(tmp_path: Path) -> None:
    name = score_bundle(tmp_path)
    stores = Stores([tmp_path])
    bundle = stores.bundle(name)
    derived = Rescorer(stores, Models()).scores(bundle)
    assert derived == {0: bundle["lanes"][0]["score"]}


def test_stores__file_changed__second_folder_still_has_it(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        name = EvidenceStore(tmp_path / folder).put({"kind": "x"})
    next((tmp_path / "a").glob("*/*.json")).write_text('{"kind":"y"}')
    with pytest.raises(EvidenceError, match="another hash"):
        Stores([tmp_path / "a"]).bundle(name)
    assert Stores([tmp_path / "a", tmp_path / "b"]).bundle(name) == {"kind": "x"}


def test_stores__batch_under_another_name__is_refused(tmp_path: Path) -> None:
    first, second = chain_of(2)
    EvidenceStore(tmp_path).keep_batch(first.header.hash(), to_wire(second))
    with pytest.raises(EvidenceError, match="header has another hash"):
        Stores([tmp_path]).batch(first.header.hash())


def chains(*batches: Batch) -> SensorChains:
    found = SensorChains()
    for batch in batches:
        found.add(batch.header, batch.sensor)
    found.check_links()
    return found


def test_sensors__batch_left_out__is_a_gap_that_is_listed() -> None:
    found = chains(*(b for b in chain_of(5) if b.header.sequence not in (0, 2, 3)))
    assert [(gap.first, gap.last) for gap in found.gaps()] == [(0, 0), (2, 3)]
    assert found.broken == []


def test_sensors__batch_that_names_another_predecessor__breaks_the_chain() -> None:
    first, _ = chain_of(2)
    found = chains(first, batch_of(1, b"\x01" * 32))
    assert ["batch 1 does not follow batch 0" in cause for _, cause in found.broken] == [True]


def test_sensors__two_batches_of_one_number__break_the_chain() -> None:
    (first,) = chain_of(1)
    found = chains(first, replace(batch_of(0, GENESIS, flows=4)))
    assert ["two batches of number 0" in cause for _, cause in found.broken] == [True]


def test_coverage__frames_without_batch__are_counted() -> None:
    found = chains(*(b for b in chain_of(5) if b.header.sequence != 2))
    assert found.coverage(0, FRAME * 60, (FRAME + 5) * 60, 60) == (4, 5)
    assert found.coverage(0, FRAME * 60 + 1, (FRAME + 5) * 60 - 1, 60) == (2, 3)


def test_names__key_and_network__resolve_a_pseudonym() -> None:
    names = Names.under(KEY, ["10.0.0.0/29"])
    assert names.of(NAMES.host("10.0.0.1")) == "10.0.0.1"
    assert names.of(NAMES.target("10.0.0.1:80")) == "10.0.0.1:80"
    assert names.of(NAMES.host("10.1.0.1")) == NAMES.host("10.1.0.1")


def test_names__network_too_large__is_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        Names.under(KEY, ["10.0.0.0/8"])


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["evidence", "replay", *arguments])
    return done.exit_code, done.output


def test_replay__unknown_hash__exits_4_with_one_line(tmp_path: Path) -> None:
    code, said = run("0x" + "00" * 32, "--store", str(tmp_path))
    assert code == 4
    assert "not in this store" in said


def test_replay__score__shows_flows_with_addresses_under_the_key(tmp_path: Path) -> None:
    name = score_bundle(tmp_path / "store")
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text(KEY.decode())
    code, said = run(
        name.hex(), "--store", str(tmp_path / "store"), "--key", str(tmp_path / "key"),
        "--network", "10.0.0.0/29", "--network", "10.9.9.0/24", "--json",
    )  # fmt: skip
    found = json.loads(said)
    assert (code, found["agrees"]) == (0, True)
    (flows,) = found["behind"].values()
    assert [(f["orig_h"], f["resp_h"]) for f in flows] == [("10.9.9.9", "10.0.0.1")] * 3


def test_replay__mask_that_does_not_follow__exits_1(tmp_path: Path) -> None:
    terms = Terms(10, LostRule(), SMALL_FLOOD)
    mark = Mark(Slot(64), lost_evidence([probe(640 + i, ok=False) for i in range(4)], NAMES), None)
    witness = Witness(1337, "0x" + "22" * 20, 1, MEMBER, "out1")
    bundle = build(witness, 0, Epoch(1), terms, [mark])
    honest = EvidenceStore(tmp_path).put(bundle)
    forged = EvidenceStore(tmp_path).put(bundle | {"lost_mask": "0x3"})
    assert run(honest.hex(), "--store", str(tmp_path))[0] == 0
    code, said = run(forged.hex(), "--store", str(tmp_path))
    assert code == 1
    assert "observation: DIFFERS" in said
