"""The recorder's pure parts: what it refuses, what it measures, what its name server says."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path

import pytest

from oracles.traffic.probes import Micros, Probe
from scripts.lab.capture import join_captures, packet_times
from scripts.lab.dns import answer, question
from scripts.lab.netns import LabError
from scripts.lab.path import flood_commands
from scripts.lab.plans import PLANS, SLOT
from scripts.lab.verdict import lost_slot, measured_loss, whole_slots
from scripts.record_traffic import with_rate
from tests.support.captures import Packet, pcap_bytes

CAPTURE = pcap_bytes([Packet(second, ("10.0.0.1", 1), ("10.0.0.2", 2)) for second in (1.0, 2.5)])


@pytest.mark.parametrize("data", [b"", b"\0" * 24, CAPTURE[:-1], CAPTURE + b"\0" * 15])
def test_packet_times__not_a_whole_capture__is_refused(data: bytes) -> None:
    with pytest.raises(LabError):
        packet_times(data)


def test_packet_times__whole_capture__are_microseconds() -> None:
    assert packet_times(CAPTURE) == [1_000_000, 2_500_000]


def test_join_captures__two_parts__hold_all_packets(tmp_path: Path) -> None:
    parts = [tmp_path / "a", tmp_path / "b"]
    for part in parts:
        part.write_bytes(CAPTURE)
    join_captures(parts, tmp_path / "whole")
    assert packet_times((tmp_path / "whole").read_bytes()) == [1_000_000, 2_500_000] * 2


def seen(*outcomes: bool) -> list[Probe]:
    return [
        Probe(Micros(at), "out1", "h:1", "tcp", ok, 1 if ok else None, None if ok else "timeout")
        for at, ok in enumerate(outcomes)
    ]


@pytest.mark.parametrize(
    ("outcomes", "loss"),
    [
        ([], None),
        ([True] * 5, None),
        ([True, False, False, True], None),
        ([True, False, False, False, True, False, True], {"start": 1, "end": 4}),
        ([True, False, True, False, False, False], {"start": 3, "end": 5}),
        ([False] * 3, {"start": 0, "end": 2}),
    ],
)
def test_measured_loss__longest_failure__counts_from_three(
    outcomes: list[bool], loss: dict[str, int] | None
) -> None:
    assert measured_loss(seen(*outcomes), least=3) == loss


@pytest.mark.parametrize("asked", [b"", b"X" * 11, b"X" * 1200, question(7, "a.example")[:14]])
def test_answer__not_a_question__is_none(asked: bytes) -> None:
    assert answer(asked, ipaddress.IPv4Address("10.0.0.1")) is None


def test_answer__question__carries_the_address() -> None:
    asked = question(7, "www.example.net")
    said = answer(asked, ipaddress.IPv4Address("10.1.2.3"))
    assert said is not None
    assert struct.unpack_from("!2H", said) == (7, 0x8180)
    assert said.endswith(bytes([10, 1, 2, 3]))


@pytest.mark.parametrize("name", PLANS)
def test_plans__every_phase__is_whole_slots(name: str) -> None:
    assert all(phase.seconds % SLOT == 0 for phase in PLANS[name].phases)


@pytest.mark.parametrize("kind", ["syn_flood", "udp_flood"])
def test_flood_commands__any_kind__are_bounded_in_count(kind: str) -> None:
    for command in flood_commands(kind, 10, 1_000):  # type: ignore[arg-type]
        assert 0 < int(command[command.index("-c") + 1]) < 20_000
        assert "--flood" not in command


@pytest.mark.parametrize(
    ("outcomes", "lost"),
    [
        ([], False),
        ([False, False], False),
        ([False, True, False, False], False),
        ([False, False, False], True),
    ],
)
def test_lost_slot__few_or_good_probes__is_not_lost(outcomes: list[bool], lost: bool) -> None:
    assert lost_slot(seen(*outcomes), 0) is lost


def test_whole_slots__ragged_stretch__leaves_out_both_ends() -> None:
    assert list(whole_slots(1, 15_000_000)) == [5_000_000, 10_000_000]
    assert list(whole_slots(0, 4_999_999)) == []


@pytest.mark.parametrize("rate", [1_000.0, 3_000.0, 9_000.0])
@pytest.mark.parametrize("name", ["attack_below", "attack_above", "demo"])
def test_with_rate__flood_out_of_band__next_pause_aims_inside(name: str, rate: float) -> None:
    plan = PLANS[name]
    again = with_rate(plan, rate)
    low, high = plan.flood_band
    # the rate is in inverse proportion to the pause
    assert low < rate * plan.flood_pause_us / again.flood_pause_us < high
