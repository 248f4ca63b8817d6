"""A web shop: shoppers and flash crowds, staff over ssh, health checks, polling, backups."""

from __future__ import annotations

from scripts.lab.networks.common import (
    HTTP_ET,
    SCAN_VERTICAL,
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
from scripts.lab.services import ACCOUNT
from scripts.lab.site import Attack, Content, Site, Stage
from scripts.lab.tools import browse, crowd, hold_open, login, mistype, poll, put, scan


def _serve(stage: Stage) -> None:
    serve(stage, web=("shop", "images", "stage", "cloud", "c2"), ssh=("shop", "images", "stage"))
    wait(stage, ("shop", 80), ("shop", 22), ("images", 80), ("stage", 80), ("c2", 80))


def _content(stage: Stage) -> Content:
    site, at, key = stage.site, stage.at, stage.credentials.key
    shop, images, cloud = at("shop"), at("images"), at("cloud")
    people, bots = site.pool("people"), site.pool("bots")
    clouds = stage.site.pool("cloud")
    cast = Cast(stage)
    habits = [
        Habit(("people",), 80, browse(shop, sources=people), DAY),
        Habit(("people",), 60, browse(images, (2, 6), people), DAY),
        Habit(("people",), 12, browse(at("stage"), sources=people[:5]), OFFICE_HOURS),
        Habit(("desk",), 4, login(ACCOUNT, shop, key, (10, 60)), OFFICE_HOURS),
        Habit(("desk",), 2, mistype(ACCOUNT, shop), OFFICE_HOURS, env=wrong_word(stage)),
        Habit(("desk",), 10, browse(cloud), OFFICE_HOURS),
    ]
    jobs = [
        Job(("people",), 38, crowd(shop, (15, 90), 6, people, (2, 8)), jitter=14),
        Job(("people",), 27, crowd(images, (20, 120), 6, people, (2, 9)), jitter=9),
        Job(("watch",), 5, poll(shop), jitter=0.3),
        Job(("shop", "stage", "images", "desk"), 5, poll(cloud, "page1"), jitter=0.4),
        Job(("shop", "images"), 34, put(clouds, (1_500, 16_000)), jitter=8),
        Job(("stage", "desk"), 45, put(clouds, (500, 8_000)), jitter=8),
        *routine(
            stage,
            watch="watch",
            worker="desk",
            stale="people",
            shell="images",
            known=("shop", "images", "stage"),
            ports="20-30,80,443",
            roaming=("shop", "images", "stage", "desk"),
            clouds=clouds,
        ),
    ]

    def web(at_: float, requests: int, level: str, target: str = "shop") -> Attack:
        share = requests // 5
        attack = crowd(at(target), (share, share), 6, bots, (5, 5))
        return cast(at_, 12, "http_flood", level, "bots", attack, target, port=80, sources=bots)

    def words(when: float, target: str, count: int, level: str) -> Attack:
        return cast.words(when, "rogue", f"ssh://{at(target)}", target, 22, count, 30, level)

    day = day_of(
        [
            web(20, 80, "low"),
            cast.ports(36, "rogue", "stage", "20-30", 1, "low"),
            cast.beacon(44, "desk", 7, 6, "low"),
            words(60, "shop", 6, "low"),
            cast.leak(84, "stage", 1_500, 3_000, "low"),
            web(96, 220, "mid"),
            cast.beacon(104, "stage", 14, 3, "mid"),
            cast.leak(116, "desk", 2_000, 5_000, "mid"),
            cast.ports(130, "rogue", "shop", "1-60", 6, "mid"),
            words(146, "stage", 16, "mid"),
            cast.beacon(160, "shop", 10, 4, "mid"),
            cast.leak(184, "shop", 6_000, 14_000, "high"),
            web(200, 600, "high", "images"),
            cast(212, 22, "http_flood", "slow", "rogue", hold_open(shop, 90, 18), "shop", port=80),
            cast.ports(236, "rogue", "stage", "1-240", 24, "high"),
            words(238, "shop", 40, "high"),
        ]
    )

    def burst(host: str, count: int) -> Attack:
        command = crowd(shop, (count, count), 8)
        return cast(3, 24, "http_flood", "threshold", host, command, "shop", port=80)

    def ports(host: str, count: int) -> Attack:
        command = scan([shop], f"1000-{999 + count}", "-sS", 5)
        return cast(3, 16, "scan", "threshold", host, command, "shop")

    return Content(
        habits,
        jobs,
        [
            benign(),
            day,
            *pair(
                HTTP_ET,
                "http_flood",
                30,
                counted(burst("guest1", 480), 470, 499),
                counted(burst("guest2", 520), 510, 530),
            ),
            *pair(
                SCAN_VERTICAL,
                "scan_vertical",
                20,
                counted(ports("guest1", 14), 14, 14),
                counted(ports("guest2", 16), 16, 16),
            ),
        ],
    )


SITE = Site(
    "web_shop",
    41,
    inside=("shop", "images", "stage", "desk", "watch"),
    outside=("people", "bots", "rogue", "cloud", "c2", "guest1", "guest2"),
    pools={"people": 60, "bots": 20, "cloud": 60},
    serve=_serve,
    content=_content,
)
