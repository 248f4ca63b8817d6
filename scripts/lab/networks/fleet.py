"""A fleet of devices: readings over MQTT, polling, DNS, a camera uploading; devices taken over."""

from __future__ import annotations

import sys

from scripts.lab.networks.common import (
    BEACON_RITA,
    SCAN_HORIZONTAL,
    Cast,
    benign,
    counted,
    day_of,
    pair,
    routine,
    serve,
    wait,
    wrong_word,
)
from scripts.lab.schedule import DAY, OFFICE_HOURS, Habit, Job
from scripts.lab.services import ACCOUNT, settle, start_broker, start_names
from scripts.lab.site import Attack, Content, Site, Stage
from scripts.lab.tools import (
    browse,
    crowd,
    fixed,
    flood,
    login,
    mistype,
    poll,
    publish,
    put,
    repeated,
    scan,
)

_DEVICES = ("meter1", "meter2", "lock", "camera")


def _serve(stage: Stage) -> None:
    serve(stage, web=("hub", "camera", "store", "vendor", "c2"), ssh=("hub", "lock", "store"))
    start_broker(stage.bed, "hub", stage.at("hub"), stage.folder)
    start_broker(stage.bed, "c2", stage.at("c2"), stage.folder)
    start_names(stage.bed, "vendor", stage.at("vendor"))
    wait(stage, ("hub", 1883), ("hub", 22), ("camera", 80), ("vendor", 80), ("c2", 1883))
    settle()


def _content(stage: Stage) -> Content:
    site, at = stage.site, stage.at
    hub, vendor, c2 = at("hub"), at("vendor"), at("c2")
    victims = site.pool("victims")
    clouds = stage.site.pool("vendor")
    cast = Cast(stage)
    ask = fixed(sys.executable, "-m", "scripts.lab.dns", "ask", vendor, "time.example.net")
    store = at("store")
    owners = site.pool("owner")
    habits = [
        Habit(("owner",), 15, browse(at("camera"), sources=owners), DAY),
        Habit(("owner",), 30, browse(store, (2, 6), owners), DAY),
        Habit(("owner",), 10, publish(hub, (10, 60), "wish"), DAY),
        Habit(("service",), 2, login(ACCOUNT, hub, stage.credentials.key, (10, 60)), OFFICE_HOURS),
        Habit(("service",), 1, mistype(ACCOUNT, hub), OFFICE_HOURS, env=wrong_word(stage)),
        Habit(("lock",), 4, publish(hub, (20, 40), "door"), DAY),
    ]
    jobs = [
        Job(("meter1", "meter2"), 3, publish(hub, (90, 110)), jitter=0.1),
        Job(("lock", "camera"), 5, publish(hub, (30, 40), "alive"), jitter=0.2),
        Job(_DEVICES, 12, ask, jitter=0.5),
        Job((*_DEVICES, "store"), 5, poll(vendor, "page1"), jitter=0.3),
        Job(("camera",), 9, put(clouds, (300, 3_000)), jitter=3),
        Job(("camera",), 12, put(store, (500, 4_000)), jitter=3),
        Job(("hub", "store"), 34, put(clouds, (1_500, 16_000)), jitter=8),
        Job(("owner",), 28, crowd(store, (15, 90), 6, owners, (2, 7)), jitter=9),
        # a device that looks for its neighbours, and one that has lost its server
        Job(("meter1", "lock"), 55, scan(victims[40:58], "1883", "-sT", 6), jitter=9),
        Job(("store",), 40, crowd(victims[2], (40, 200), 10), jitter=9),
        *routine(
            stage,
            watch="hub",
            worker="service",
            stale="owner",
            shell="store",
            known=("store", *_DEVICES),
            ports="21-26,80,1880-1885",
            roaming=(*_DEVICES, "hub", "store"),
            clouds=clouds,
        ),
    ]

    def beacon(when: float, host: str, times: int, pause: float, level: str) -> Attack:
        command = repeated(publish(c2, (30, 40), "alive"), times, pause)
        return cast(when, times * pause + 4, "beaconing", level, host, command, "c2", port=1883)

    def spread(when: float, hosts: int, rate: float, level: str, host: str = "meter2") -> Attack:
        targets = victims[:hosts]
        command = scan(targets, "22", "-sT", rate)
        return cast(when, hosts / rate + 8, "scan", level, host, command, targets, port=22)

    def words(when: float, count: int, level: str) -> Attack:
        return cast.words(when, "rogue", f"ssh://{hub}", "hub", 22, count, 35, level)

    def join_flood(when: float, seconds: float, pause: int, level: str) -> Attack:
        """A device takes part in a flood and forges nothing."""
        command = flood(victims[0], 80, pause, seconds, (at("camera"),))
        return cast(when, seconds, "syn_flood", level, "camera", command, victims[:1], port=80)

    day = day_of(
        [
            beacon(15, "meter1", 6, 8, "low"),
            spread(35, 10, 1, "low"),
            words(64, 6, "low"),
            cast.leak(72, "camera", 1_000, 2_500, "low"),
            beacon(85, "lock", 14, 4, "mid"),
            cast.ports(104, "rogue", "hub", "20-60", 4, "mid"),
            spread(118, 30, 5, "mid"),
            cast.leak(140, "store", 3_000, 8_000, "mid"),
            words(150, 18, "mid"),
            join_flood(176, 8, 8_000, "mid"),
            beacon(186, "meter1", 30, 1.6, "high"),
            spread(196, 80, 14, "high"),
            cast.leak(216, "hub", 8_000, 18_000, "high"),
            cast.ports(228, "rogue", "store", "1-200", 20, "high"),
            join_flood(238, 6, 1_500, "high"),
            words(234, 36, "high"),
        ]
    )
    return Content(
        habits,
        jobs,
        [
            benign(),
            day,
            *pair(
                BEACON_RITA,
                "beaconing",
                30,
                counted(beacon(2, "lock", 3, 4, "threshold"), 3, 3),
                counted(beacon(2, "meter2", 6, 4, "threshold"), 4, 6),
            ),
            *pair(
                SCAN_HORIZONTAL,
                "scan_horizontal",
                20,
                counted(spread(3, 24, 5, "threshold", "meter1"), 24, 24),
                counted(spread(3, 26, 5, "threshold", "lock"), 26, 26),
            ),
        ],
    )


SITE = Site(
    "fleet",
    45,
    inside=("hub", "store", *_DEVICES),
    outside=("owner", "service", "vendor", "victims", "rogue", "c2"),
    pools={"owner": 30, "victims": 120, "vendor": 60},
    serve=_serve,
    content=_content,
)
