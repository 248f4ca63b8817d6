"""Where the remaining thresholds lie: pairs of recordings beside those that no network's day
reaches, in a network that does little else. It trains nothing and judges no score.
"""

from __future__ import annotations

import sys

from scripts.lab.dns import question
from scripts.lab.networks.common import (
    BEACON_LONG,
    BITS_FASTNETMON,
    PACKETS_FASTNETMON,
    REFLECTION_FASTNETMON,
    SWEEP_SLIPS,
    TUNNEL_DERIVED,
    Cast,
    counted,
    pair,
    serve,
    wait,
)
from scripts.lab.schedule import Habit, Job
from scripts.lab.services import settle, start_bulk, start_names
from scripts.lab.site import Attack, Band, Content, Site, Stage
from scripts.lab.tools import browse, fixed, ping, poll, reflect, repeated, stream, tunnel

_MIRRORS = ("mirror1", "mirror2", "mirror3", "mirror4")
_LARGE = 9_000  # bytes of a packet on the way of the stream that is large


def _serve(stage: Stage) -> None:
    for left, right in (("stresser", "edge"), ("edge", "core"), ("core", "target")):
        stage.bed.enlarge(left, right, _LARGE)
    serve(stage, web=("target", "c2"))
    start_bulk(stage.bed, "target", stage.at("target"))
    for host in ("c2", *_MIRRORS):
        start_names(stage.bed, host, stage.at(host))
    wait(stage, ("target", 80), ("target", 5201), ("c2", 80))
    settle()


def _content(stage: Stage) -> Content:
    site, at = stage.site, stage.at
    cast = Cast(stage)
    packet = stage.folder / "question"
    packet.write_bytes(question(7, "a-rather-long-name-to-ask-for.example.net"))
    ask = fixed(sys.executable, "-m", "scripts.lab.dns", "ask", at("mirror1"), "www.example.net")
    habits = [
        Habit(("people",), 40, browse(at("target"), (1, 4), site.pool("people"))),
        Habit(("asker1", "asker2", "sweeper1", "sweeper2"), 6, ask),
    ]
    jobs = [Job(("asker1", "asker2", "sweeper1", "sweeper2"), 5, poll(at("c2")), jitter=0.4)]

    def pinged(host: str, count: int) -> tuple[Attack, Band]:
        targets = site.pool("victims")[:count]
        attack = cast(3, 12, "scan", "threshold", host, ping(targets, 2), targets)
        return counted(attack, count, count)

    def asked(host: str, labels: int) -> tuple[Attack, Band]:
        command = tunnel(sys.executable, at("c2"), labels)
        attack = cast(3, 12, "exfiltration", "threshold", host, command, "c2", port=53)
        return attack, Band("packets", labels - 3, labels)

    def steady(host: str, times: int, pause: float) -> tuple[Attack, Band]:
        command = repeated(poll(at("c2"), "page1"), times, pause)
        seconds = times * pause + 4
        attack = cast(2, seconds, "beaconing", "threshold", host, command, "c2", port=80)
        return counted(attack, times, times)

    def streamed(packets: int, size: int, low: float, high: float) -> tuple[Attack, Band]:
        command = stream(at("target"), packets * size * 8, size, 12)
        attack = cast(3, 14, "udp_flood", "threshold", "stresser", command, "target", port=5201)
        return attack, Band("packets_per_s" if size < 1_000 else "bits_per_s", low, high)

    def mirrored(pause: int, low: float, high: float) -> tuple[Attack, Band]:
        commands = [reflect(at("target"), at(host), packet, pause, 12) for host in _MIRRORS]
        attack = cast(
            3, 12, "reflection_flood", "threshold", "stresser", commands, "target",
            sources=tuple(map(at, _MIRRORS)),
        )  # fmt: skip
        return attack, Band("flows_per_s", low, high)

    return Content(
        habits,
        jobs,
        [
            *pair(SWEEP_SLIPS, "ping_sweep", 20, pinged("sweeper1", 4), pinged("sweeper2", 6)),
            *pair(TUNNEL_DERIVED, "tunnelling", 20, asked("asker1", 95), asked("asker2", 105)),
            *pair(
                PACKETS_FASTNETMON,
                "packet_flood",
                25,
                streamed(18_600, 100, 17_000, 19_800),
                streamed(22_000, 100, 20_400, 24_000),
            ),
            *pair(
                BITS_FASTNETMON,
                "volume_flood",
                25,
                streamed(13_200, 8_900, 0.85e9, 0.99e9),
                streamed(15_500, 8_900, 1.01e9, 1.2e9),
            ),
            *pair(
                REFLECTION_FASTNETMON,
                "reflection",
                25,
                mirrored(1_250, 2_200, 3_450),
                mirrored(700, 3_700, 6_000),
            ),
            *pair(
                BEACON_LONG,
                "long_beaconing",
                345,
                steady("device1", 19, 17.0),
                steady("device2", 23, 14.5),
            ),
        ],
    )


SITE = Site(
    "limits",
    47,
    inside=("target", "asker1", "asker2", "sweeper1", "sweeper2", "device1", "device2"),
    outside=("people", "victims", "stresser", "c2", *_MIRRORS),
    pools={"people": 20, "victims": 10},
    serve=_serve,
    content=_content,
)
