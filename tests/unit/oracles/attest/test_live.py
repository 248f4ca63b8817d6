"""Flows of a running recorder: what a frame gets, what is late, when silence is not idleness."""

from __future__ import annotations

import json
from pathlib import Path

from oracles.attest.live import FollowedLog, LiveFlows
from oracles.attest.sources import ProbeFile
from oracles.domain.flow import FlowBatch, Quarantine
from oracles.domain.incident import MICROS
from oracles.evidence.pseudonym import Pseudonyms
from oracles.sensor import Place, Sensor, Spool
from oracles.settings import MemberSettings, NetflowSettings, SensorSettings
from tests.support.member_table import FEED, SENSOR_KEY, START, flows_at, probe

FRAME = START // 60


class Recorder:
    """A feed in memory; ``broken`` makes it unreadable."""

    def __init__(self) -> None:
        self.waiting: list[FlowBatch] = []
        self.broken = False
        self.listened = 0

    def give(self, *seconds: float, refused: int = 0) -> None:
        flows = flows_at([round(s * MICROS) for s in seconds])
        quarantine = Quarantine().plus("bad_line", refused)
        self.waiting.append(FlowBatch(flows, quarantine, "", "zeek"))

    def listen(self) -> None:
        self.listened += 1

    def take(self) -> list[FlowBatch]:
        if self.broken:
            raise PermissionError
        taken, self.waiting = self.waiting, []
        return taken

    def close(self) -> None:
        self.broken = True


def live(recorder: Recorder, allowance_s: int = 2, silent_s: int = 300) -> LiveFlows:
    return LiveFlows(recorder, allowance_s, silent_s)


def sensor(folder: Path, flows: LiveFlows) -> Sensor:
    place, spool = Place(1337, FEED, 0, 60), Spool(folder / "sensor.sqlite")
    return Sensor(place, ("10.0.0.1",), SENSOR_KEY, flows, Pseudonyms(b"k" * 16), spool, since=0)


def headers(made: Sensor) -> list[tuple[int, int, int]]:
    """(frame, flows, late) of each batch."""
    found, at = [], 0
    while True:
        made.spool.taken("reader", at - 1)
        if (waiting := made.spool.next_for("reader")) is None:
            return found
        header = json.loads(waiting[1])["header"]
        found.append((header["frame"] - FRAME, header["flows"], header["late"]))
        at = waiting[0] + 1


def test_cut__recorder_is_behind__waits_for_the_allowance_and_no_longer(tmp_path: Path) -> None:
    recorder = Recorder()
    made = sensor(tmp_path, live(recorder))
    recorder.give(START + 10)
    assert made.cut(START + 61) == 0
    assert made.cut(START + 62) == 1
    assert headers(made) == [(0, 1, 0)]


def test_cut__recorder_is_ahead__does_not_wait(tmp_path: Path) -> None:
    recorder = Recorder()
    made = sensor(tmp_path, live(recorder, allowance_s=30))
    recorder.give(START + 10, START + 60.2)
    assert made.cut(START + 61) == 1
    assert headers(made) == [(0, 1, 0)]


def test_cut__record_comes_after_its_frame__joins_the_next_and_is_counted(tmp_path: Path) -> None:
    recorder = Recorder()
    made = sensor(tmp_path, live(recorder))
    recorder.give(START + 10)
    made.cut(START + 62)
    recorder.give(START + 59, START + 70)
    made.cut(START + 122)
    made.cut(START + 182)
    assert headers(made) == [(0, 1, 0), (1, 2, 1), (2, 0, 0)]


def test_cut__silent_recorder__no_batch_until_it_speaks_again(tmp_path: Path) -> None:
    recorder = Recorder()
    made = sensor(tmp_path, live(recorder, silent_s=100))
    assert made.cut(START + 70) == 0
    recorder.give(START + 65)
    assert made.cut(START + 122) == 1
    assert made.cut(START + 182) == 0
    assert made.behind(START + 250) == 2
    recorder.give(START + 251)
    assert made.cut(START + 252) == 2
    assert [frame for frame, _, _ in headers(made)] == [1, 2, 3]


def test_cut__restart__what_was_sent_is_not_sent_again(tmp_path: Path) -> None:
    first = Recorder()
    made = sensor(tmp_path, live(first))
    first.give(START + 10, START + 61)
    made.cut(START + 62)
    made.spool.close()
    second = Recorder()
    made = sensor(tmp_path, live(second))
    second.give(START + 10, START + 61)  # the log is read from its beginning
    made.cut(START + 122)
    assert headers(made) == [(0, 1, 0), (1, 1, 0)]


def test_live_flows__unreadable_for_a_while__is_counted_and_goes_on(tmp_path: Path) -> None:
    recorder = Recorder()
    flows = live(recorder)
    recorder.give(START + 1, refused=3)
    recorder.broken = True
    assert flows.visible(0, START * MICROS).empty
    recorder.broken = False
    assert len(flows.visible(0, (START + 2) * MICROS)) == 1
    arrival = flows.arrival((START + 41) * MICROS)
    assert arrival.silent_s == 40
    assert arrival.quarantine.counts == {"bad_line": 3, "unreadable_source": 1}


def test_live_flows__more_than_fit__oldest_are_dropped_and_counted() -> None:
    recorder = Recorder()
    flows = LiveFlows(recorder, 2, 300, most=3)
    recorder.give(START, START + 1)
    recorder.give(START + 2, START + 3)
    seen = flows.visible(0, (START + 9) * MICROS)
    assert seen["ts"].tolist() == [(START + i) * MICROS for i in (1, 2, 3)]
    assert flows.arrival(0).quarantine.counts == {"overflow": 1}


def test_followed_log__zeek_log_is_rotated__nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    head = "#fields\tts\tid.orig_h\tid.resp_h\tproto\tduration\n"
    row = "{}\t192.0.2.7\t198.51.100.1\ttcp\t1.0\n"
    flows = LiveFlows(FollowedLog(path, "zeek"), 2, 300)
    path.write_text(head + row.format(START + 1))
    assert len(flows.visible(0, (START + 90) * MICROS)) == 1
    with path.open("a") as file:
        file.write(row.format(START + 2))
    path.rename(tmp_path / "conn.1.log")
    path.write_text(head + row.format(START + 3))
    assert len(flows.visible(0, (START + 90) * MICROS)) == 3
    flows.close()


def test_probe_file__rotated__old_end_and_new_beginning_are_read(tmp_path: Path) -> None:
    path = tmp_path / "probes.jsonl"
    probes = ProbeFile(path)
    late = (START + 100) * MICROS
    path.write_text(probe(START, ok=True).to_line() + "\n")
    assert len(probes.visible(0, late)) == 1
    with path.open("a") as file:
        file.write(probe(START + 1, ok=True).to_line() + "\n")
    path.rename(tmp_path / "probes.1")
    lines = [probe(START + i, ok=True).to_line() + "\n" for i in (2, 3, 4)]
    path.write_text("".join(lines))
    assert len(probes.visible(0, late)) == 5
    assert probes.arrival((START + 9) * MICROS).silent_s == 5


def test_settings__upstream_from_exporters__is_a_listener(tmp_path: Path) -> None:
    common = {
        "name": "m0", "rpc_url": "http://127.0.0.1:1", "deployment": "d.json", "data_dir": "d",
        "pseudonym_key_file": "p",
    }  # fmt: skip
    netflow = {"netflow_host": "127.0.0.1", "netflow_port": 0, "exporters": ["127.0.0.1"]}
    member = MemberSettings.model_validate(
        common
        | {"risks": "r.json", "vantage": "v", "probes": {"path": "p.jsonl"}, "upstream": netflow}
    )
    assert isinstance(member.upstream, NetflowSettings)
    followed = {"path": "conn.log", "follow": "zeek", "allowance_s": 5}
    sensed = SensorSettings.model_validate(
        common | {"risk": 0, "hosts": [], "members": [], "key_file": "k", "source": followed}
    )
    assert not isinstance(sensed.source, NetflowSettings)
    assert sensed.source.live() is not None
