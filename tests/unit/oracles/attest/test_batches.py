"""A sensor's chain of batches, at the sensor and at a member."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from oracles.attest.batches import (
    GENESIS,
    Batch,
    ChainEnd,
    Gap,
    MalformedBatch,
    follow,
    from_wire,
    to_wire,
)
from oracles.attest.live import RecordedFrames
from oracles.attest.score import pack_flows, unpack_flows
from oracles.attest.sources import LIVE, FlowTable
from oracles.domain.incident import MICROS
from oracles.evidence.pseudonym import Pseudonyms
from oracles.quorum.inbox import Admission, Inbox
from oracles.quorum.store import Store
from oracles.sensor import Place, Sensor, Spool
from tests.support.member_table import (
    DOMAINS,
    FEED,
    SENSOR,
    SENSOR_KEY,
    START,
    batch_of,
    flows_at,
)

FRAME = START // 60
NAMES = Pseudonyms(b"k" * 16)


def sensor(folder: Path, flows: pd.DataFrame) -> Sensor:
    spool = Spool(folder / "sensor.sqlite")
    place = Place(1337, FEED, 0, 60)
    table = RecordedFrames(FlowTable(flows, LIVE))
    return Sensor(place, ("10.0.0.1",), SENSOR_KEY, table, NAMES, spool, since=START - 120)


def inbox(folder: Path) -> Inbox:
    box = Inbox(Store(folder / "m.sqlite", "fake"), DOMAINS, 1337, FEED, lambda *_: None)
    box.admission = Admission(sensors={0: SENSOR})
    return box


def waiting(spool: Spool) -> Batch:
    found = spool.next_for("member")
    assert found is not None
    import json

    return from_wire(json.loads(found[1]))


def test_from_wire__payload_changed__is_refused() -> None:
    batch = batch_of(FRAME, 0, flows_at([1]))
    forged = to_wire(batch) | {"payload": to_wire(batch_of(FRAME, 0, flows_at([2])))["payload"]}
    with pytest.raises(MalformedBatch, match="another hash"):
        from_wire(forged)


def test_from_wire__header_changed__is_another_sensors() -> None:
    wire = to_wire(batch_of(FRAME, 0, flows_at([1])))
    wire["header"]["frame"] += 1
    assert from_wire(wire).sensor != SENSOR


@pytest.mark.parametrize(
    "wire", [None, {}, {"header": {}}, {"header": {"risk": 0}, "payload": "", "signature": ""}]
)
def test_from_wire__not_a_batch__is_refused(wire: object) -> None:
    with pytest.raises(MalformedBatch):
        from_wire(wire)


def test_follow__next_number_with_another_predecessor__is_refused() -> None:
    header = batch_of(FRAME, 5, flows_at([]), previous=b"\x01" * 32).header
    with pytest.raises(MalformedBatch, match="predecessor"):
        follow(ChainEnd(4, b"\x02" * 32), header)


def test_follow__number_skipped__is_a_gap() -> None:
    header = batch_of(FRAME, 7, flows_at([])).header
    assert follow(ChainEnd(4, GENESIS), header) == Gap(5, 6)


def test_inbox__forged_withheld_and_replayed_batches__are_seen(tmp_path: Path) -> None:
    box = inbox(tmp_path)
    first = batch_of(FRAME, 0, flows_at([1]))
    third = batch_of(FRAME + 2, 2, flows_at([3]), previous=b"\x07" * 32)
    assert box.take_batch(to_wire(first)).outcome == "accepted"
    assert box.take_batch(to_wire(first)).outcome == "known"
    wrong = batch_of(FRAME + 1, 1, flows_at([2]))
    assert box.take_batch(to_wire(wrong)).outcome == "broken_chain"
    assert box.take_batch(to_wire(third)).expects == 3
    assert box._store.gaps(0) == [Gap(1, 1)]
    other_risk = batch_of(FRAME, 0, flows_at([1]), risk=1)
    assert box.take_batch(to_wire(other_risk)).outcome == "unknown_sensor"


def test_unpack_flows__not_parquet__is_refused() -> None:
    with pytest.raises(MalformedBatch):
        unpack_flows(b"PAR1 or not")


def test_unpack_flows__packed__same_flows() -> None:
    flows = flows_at([5, 6])
    assert unpack_flows(pack_flows(flows))["ts"].tolist() == [5, 6]


def test_sensor__frames_without_traffic__have_empty_batches(tmp_path: Path) -> None:
    one = sensor(tmp_path, flows_at([(START + 61) * MICROS]))
    assert one.cut(START + 60) == 3
    assert one.cut(START + 60) == 0
    assert one.cut(START + 180) == 2
    sequence, frame, _ = one.spool.end()
    assert (sequence, frame) == (4, FRAME + 2)


def test_sensor__batch__holds_the_frames_flows_under_pseudonyms(tmp_path: Path) -> None:
    one = sensor(tmp_path, flows_at([(START + t) * MICROS for t in (1, 2, 61)]))
    one.cut(START + 60)
    one.spool.taken("member", 1)
    batch = waiting(one.spool)
    flows = unpack_flows(batch.payload)
    assert batch.header.frame == FRAME
    assert batch.header.flows == len(flows) == 2
    assert set(flows["resp_h"]) == {NAMES.host("10.0.0.1")} == set(batch.header.hosts)
    assert b"10.0.0.1" not in batch.payload


def test_sensor__restart__goes_on_with_the_chain(tmp_path: Path) -> None:
    flows = flows_at([])
    one = sensor(tmp_path, flows)
    one.cut(START + 60)
    _, _, end = one.spool.end()
    one.spool.close()
    again = sensor(tmp_path, flows)
    again.cut(START + 120)
    again.spool.taken("member", 2)
    assert waiting(again.spool).header.previous == "0x" + end.hex()


def test_sensor__chain__is_followed_by_a_member_without_gap(tmp_path: Path) -> None:
    one, box = sensor(tmp_path, flows_at([START * MICROS])), inbox(tmp_path)
    one.cut(START + 60)
    while (found := one.spool.next_for("member")) is not None:
        assert box.take_batch(to_wire(waiting(one.spool))).outcome == "accepted"
        one.spool.taken("member", found[0])
    assert box._store.gaps(0) == []
