"""An API behind a load balancer: clients, a polling partner, flash crowds; floods of all kinds."""

from __future__ import annotations

import sys

from scripts.lab.dns import question
from scripts.lab.networks.common import SYN_FASTNETMON, Cast, benign, day_of, routine, serve, wait
from scripts.lab.schedule import DAY, OFFICE_HOURS, ROUND_THE_CLOCK, Habit, Job
from scripts.lab.services import ACCOUNT, settle, start_balancer, start_names
from scripts.lab.site import Attack, Band, Content, Recording, Site, Stage
from scripts.lab.tools import (
    FORGED,
    browse,
    crowd,
    fixed,
    flood,
    hold_open,
    login,
    poll,
    put,
    reflect,
)


def _serve(stage: Stage) -> None:
    serve(stage, web=("app1", "app2", "docs", "cloud", "c2"), ssh=("app1", "docs"))
    start_balancer(
        stage.bed, "front", stage.at("front"), stage.folder, (stage.at("app1"), stage.at("app2"))
    )
    start_names(stage.bed, "names", stage.at("names"))
    wait(stage, ("front", 80), ("app1", 80), ("app2", 80), ("docs", 22), ("c2", 80))
    settle()


def _content(stage: Stage) -> Content:
    site, at = stage.site, stage.at
    front, docs, cloud, names = (at(n) for n in ("front", "docs", "cloud", "names"))
    clients, bots = site.pool("clients"), site.pool("bots")
    packet = stage.folder / "question"
    packet.write_bytes(question(7, "a-rather-long-name-to-ask-for.example.net"))
    clouds = stage.site.pool("cloud")
    cast = Cast(stage)
    ask = fixed(sys.executable, "-m", "scripts.lab.dns", "ask", names, "api.example.net")
    habits = [
        Habit(("clients",), 100, browse(front, (1, 2), clients, 0.1), DAY),
        Habit(("clients",), 50, browse(docs, (2, 6), clients), DAY),
        Habit(("partner",), 25, browse(front, (1, 6)), ROUND_THE_CLOCK),
        Habit(("front", "app1", "app2", "docs"), 12, ask, DAY),
        Habit(
            ("ops",), 3, login(ACCOUNT, at("app1"), stage.credentials.key, (10, 60)), OFFICE_HOURS
        ),
    ]
    jobs = [
        Job(("partner",), 2, poll(front, "page3"), jitter=0.1),
        Job(("clients",), 34, crowd(front, (20, 110), 8, clients, (2, 8)), jitter=12),
        Job(("clients",), 25, crowd(docs, (20, 140), 8, clients, (2, 9)), jitter=9),
        Job(("ops",), 4, poll(at("app1")), jitter=0.2),
        Job(("ops",), 4, poll(at("app2")), jitter=0.2),
        Job(("app1", "app2", "docs"), 5, poll(cloud, "page1"), jitter=0.4),
        Job(("app1", "app2", "docs"), 38, put(clouds, (1_000, 12_000)), jitter=8),
        *routine(
            stage,
            watch="ops",
            worker="partner",
            stale="partner",
            shell="docs",
            known=("front", "app1", "app2", "docs"),
            ports="22,75-85",
            roaming=("front", "app1", "app2", "docs", "ops"),
            clouds=clouds,
        ),
    ]

    def syn(when: float, seconds: float, pause: int, level: str, senders: int = 2) -> Attack:
        commands = [flood(front, 80, pause, seconds)] * senders
        return cast(
            when, seconds, "syn_flood", level, "rogue", commands, "front", port=80, sources=FORGED
        )

    def web(when: float, requests: int, level: str) -> Attack:
        share = requests // 5
        attack = crowd(front, (share, share), 8, bots, (5, 5))
        return cast(when, 14, "http_flood", level, "bots", attack, "front", port=80, sources=bots)

    def mirror(when: float, seconds: float, pause: int, level: str, victim: str) -> Attack:
        command = reflect(at(victim), names, packet, pause, seconds)
        return cast(
            when, seconds, "reflection_flood", level, "rogue", command, victim, sources=(names,)
        )

    day = day_of(
        [
            syn(20, 8, 40_000, "low"),
            cast.beacon(28, "ops", 8, 5, "low"),
            web(44, 90, "low"),
            mirror(62, 8, 40_000, "low", "front"),
            cast.ports(78, "rogue", "app1", "75-90", 1, "low"),
            cast.leak(84, "ops", 1_500, 4_000, "low"),
            syn(106, 8, 12_000, "mid"),
            cast.leak(112, "app2", 2_000, 6_000, "low"),
            web(124, 240, "mid"),
            cast.beacon(130, "app2", 18, 2.5, "mid"),
            mirror(150, 8, 10_000, "mid", "app1"),
            cast.leak(168, "app1", 4_000, 9_000, "mid"),
            cast.ports(182, "rogue", "ops", "1-200", 20, "high"),
            cast.beacon(196, "app1", 30, 1.8, "high"),
            web(206, 650, "high"),
            syn(222, 6, 2_000, "high"),
            cast.leak(226, "ops", 6_000, 14_000, "high"),
            cast(
                232, 20, "http_flood", "slow", "rogue", hold_open(front, 100, 16), "front", port=80
            ),
            mirror(255, 6, 2_500, "high", "app2"),
        ]
    )  # fmt: skip
    floods = [
        Recording(
            f"syn_flood_{name}",
            20,
            (syn(3, 12, pause, "threshold", 4),),
            SYN_FASTNETMON,
            band=band,
        )
        for name, pause, band in (
            ("below", 1_220, Band("flows_per_s", 2_800, 3_450)),
            ("above", 840, Band("flows_per_s", 3_540, 4_600)),
        )
    ]
    return Content(habits, jobs, [benign(), day, *floods])


SITE = Site(
    "api",
    43,
    inside=("front", "app1", "app2", "docs", "ops"),
    outside=("clients", "partner", "bots", "rogue", "names", "cloud", "c2"),
    pools={"clients": 40, "bots": 20, "cloud": 60},
    serve=_serve,
    content=_content,
)
