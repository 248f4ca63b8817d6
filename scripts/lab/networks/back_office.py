"""A back office around two databases: queries, exports, backups; guessing, theft, sweeps."""

from __future__ import annotations

from scripts.lab.networks.common import (
    FLOW_SLIPS,
    PAIR_SLIPS,
    Cast,
    benign,
    day_of,
    pair,
    routine,
    serve,
    wait,
)
from scripts.lab.schedule import DAY, OFFICE_HOURS, Command, Habit, Job
from scripts.lab.services import ACCOUNT, start_database
from scripts.lab.site import Attack, Band, Content, Site, Stage
from scripts.lab.tools import browse, copy, fixed, login, poll, put, query, repeated, scan

_ORDER = (
    "select count(*) from orders where n % 7 = 3",
    "select * from orders where n between 100 and 180",
    "select max(n) from orders",
    "select * from orders limit 900",
)
_EVERYTHING = ("select * from orders",)
_SINKS = ("sink1", "sink2", "sink3", "sink4")


def _serve(stage: Stage) -> None:
    serve(stage, web=("app", "cloud", "c2", *_SINKS), ssh=("base", "app", "ledger"))
    for host in ("base", "ledger"):
        start_database(stage.bed, host, stage.at(host), stage.folder, stage.credentials.word)
    wait(stage, ("base", 5432), ("ledger", 5432), ("base", 22), ("app", 80), ("c2", 80))


def _content(stage: Stage) -> Content:
    at, key = stage.at, stage.credentials.key
    base, ledger, app, cloud = (at(n) for n in ("base", "ledger", "app", "cloud"))
    everyone = (base, ledger, app, at("batch"), at("clerk"), *stage.site.nobody(60))
    clouds = stage.site.pool("cloud")
    cast = Cast(stage)

    def wrong(server: str) -> Command:
        return fixed(
            "psql", "-X", "-w", "-c", "select 1", f"host={server} user=admin dbname=office"
        )

    old = {"PGPASSWORD": "mistyped"}
    habits = [
        Habit(("app",), 50, query(base, _ORDER), DAY),
        Habit(("app",), 40, query(ledger, _ORDER), DAY),
        Habit(("clerk",), 15, query(base, _ORDER), OFFICE_HOURS),
        Habit(("clerk", "batch"), 2, wrong(base), OFFICE_HOURS, env=old),
        Habit(("clerk",), 20, browse(app), OFFICE_HOURS),
        Habit(("clerk",), 2, login(ACCOUNT, base, key, (10, 60)), OFFICE_HOURS),
        Habit(("batch",), 2, copy(ACCOUNT, base, key, (200, 6_000)), OFFICE_HOURS),
    ]
    jobs = [
        Job(("app",), 3, query(base, _ORDER[2:3]), jitter=0.2),
        Job(("batch",), 24, query(base, _EVERYTHING), jitter=5),
        Job(("clerk",), 32, repeated(query(ledger, _EVERYTHING), (1, 4), 0.8), jitter=8),
        Job(("batch",), 40, repeated(wrong(ledger), (4, 12), 0.4), jitter=9, env=old),
        Job(("app",), 30, repeated(query(ledger, _ORDER), (20, 60), 0.05), jitter=9),
        Job(("base", "ledger"), 34, put(clouds, (3_000, 30_000), "40M"), jitter=8),
        Job(("app", "batch", "clerk"), 45, put(clouds, (500, 8_000)), jitter=8),
        Job(("base", "ledger", "app", "batch", "clerk"), 5, poll(cloud, "page1"), jitter=0.4),
        *routine(
            stage,
            watch="watch",
            worker="batch",
            stale="clerk",
            shell="ledger",
            known=("base", "ledger", "app", "batch"),
            ports="21-26,80,5430-5435",
            roaming=("base", "ledger", "app", "batch", "clerk"),
            clouds=clouds,
        ),
    ]

    def words(when: float, count: int, level: str) -> Attack:
        url = f"postgres://{base}/office"
        return cast.words(
            when, "rogue", url, "base", 5432, count, 30, level, account="admin", pause=0.6
        )

    def theft(when: float, times: int, level: str) -> Attack:
        command = repeated(query(base, _EVERYTHING), times, 1.0)
        return cast(when, 20, "exfiltration", level, "rogue", command, "base", port=5432)

    def sweep(when: float, hosts: int, rate: float, level: str) -> Attack:
        targets = everyone[-hosts:]
        command = scan(targets, "5432", "-sT", rate)
        return cast(when, hosts / rate + 8, "scan", level, "clerk", command, targets, port=5432)

    day = day_of(
        [
            words(20, 6, "low"),
            cast.beacon(36, "clerk", 7, 6, "low"),
            sweep(50, 12, 1, "low"),
            cast.leak(75, "app", 1_500, 4_000, "low", "40M"),
            cast.beacon(96, "app", 8, 5, "low"),
            words(112, 16, "mid"),
            theft(142, 2, "mid"),
            sweep(156, 30, 6, "mid"),
            cast.leak(176, "base", 6_000, 14_000, "mid", "40M"),
            cast.beacon(190, "batch", 26, 1.8, "high"),
            words(205, 40, "high"),
            sweep(222, 50, 12, "high"),
            theft(238, 4, "high"),
            cast.leak(246, "base", 15_000, 30_000, "high", "40M"),
        ]
    )

    def whole(
        sink: str, megabytes: float, times: int, low: float, high: float
    ) -> tuple[Attack, Band]:
        size = round(megabytes * 1000 / times)
        command = repeated(put(at(sink), (size, size), "60M"), times, 0.5)
        seconds = 70 if times > 1 else 24
        attack = cast(2, seconds, "exfiltration", "threshold", "base", command, sink)
        return attack, Band("ip_bytes", low * 1e6, high * 1e6)

    return Content(
        habits,
        jobs,
        [
            benign(),
            day,
            *pair(
                FLOW_SLIPS,
                "exfiltration_flow",
                30,
                whole("sink1", 94, 1, 90, 99.9),
                whole("sink2", 108, 1, 101, 120),
            ),
            *pair(
                PAIR_SLIPS,
                "exfiltration_pair",
                80,
                whole("sink3", 470, 6, 450, 499.9),
                whole("sink4", 540, 6, 501, 600),
            ),
        ],
    )


SITE = Site(
    "back_office",
    46,
    inside=("base", "ledger", "app", "batch", "clerk", "watch"),
    outside=("cloud", "c2", "rogue", *_SINKS),
    pools={"cloud": 60},
    serve=_serve,
    content=_content,
)
