"""An office: desks browsing, file copies, logins, DNS, polling, backups; attackers inside."""

from __future__ import annotations

import sys

from scripts.lab.networks.common import (
    SCAN_HORIZONTAL,
    SSH_SLIPS,
    SSH_ZEEK,
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
from scripts.lab.schedule import OFFICE_HOURS, Habit, Job
from scripts.lab.services import ACCOUNT, settle, start_names
from scripts.lab.site import Attack, Band, Content, Site, Stage
from scripts.lab.tools import (
    browse,
    copy,
    crowd,
    fixed,
    login,
    mistype,
    poll,
    put,
    repeated,
    scan,
    tunnel,
)

_DESKS = ("desk1", "desk2", "desk3", "desk4")


def _serve(stage: Stage) -> None:
    serve(stage, web=("files", "intra", "web", "cloud", "c2"), ssh=("files", "intra", "desk1"))
    for host in ("files", "c2", "web"):
        start_names(stage.bed, host, stage.at(host))
    wait(stage, ("files", 80), ("files", 22), ("intra", 22), ("web", 80), ("c2", 80))
    settle()


def _content(stage: Stage) -> Content:
    at, key = stage.at, stage.credentials.key
    files, intra, cloud, c2 = at("files"), at("intra"), at("cloud"), at("c2")
    clouds = stage.site.pool("cloud")
    cast = Cast(stage)
    ask, ask_outside = (
        fixed(sys.executable, "-m", "scripts.lab.dns", "ask", server, "www.example.net")
        for server in (files, at("web"))
    )
    names = tunnel(sys.executable, at("web"), 30)  # long names of a content network
    habits = [
        Habit(_DESKS, 14, browse(at("web"), (1, 5)), OFFICE_HOURS),
        Habit(_DESKS, 7, browse(intra, (2, 6)), OFFICE_HOURS),
        Habit(_DESKS, 6, ask, OFFICE_HOURS),
        Habit(_DESKS, 4, ask_outside, OFFICE_HOURS),
        Habit(_DESKS, 0.6, names, OFFICE_HOURS),
        Habit(_DESKS[:2], 3, login(ACCOUNT, files, key, (10, 60)), OFFICE_HOURS),
        Habit(_DESKS[:3], 1.5, copy(ACCOUNT, files, key, (50, 3_000)), OFFICE_HOURS),
        Habit(_DESKS[:3], 1.5, mistype(ACCOUNT, files), OFFICE_HOURS, env=wrong_word(stage)),
        Habit(_DESKS, 2, put(clouds, (50, 6_000)), OFFICE_HOURS),
    ]
    jobs = [
        Job((*_DESKS, "intra"), 5, poll(cloud, "page1"), jitter=0.4),
        Job(_DESKS, 55, crowd(intra, (30, 160), 8), jitter=15),
        Job(("files", "intra"), 36, put(clouds, (1_500, 18_000)), jitter=8),
        Job(("watch",), 6, poll(files), jitter=0.3),
        *routine(
            stage,
            watch="watch",
            worker="desk1",
            stale="desk3",
            shell="intra",
            known=("files", "intra", *_DESKS),
            ports="21-29,80,443,445",
            roaming=(*_DESKS, "files", "intra"),
            clouds=clouds,
        ),
    ]
    neighbours = (*map(at, _DESKS), files, intra, *stage.site.nobody(60))

    def sweep(when: float, hosts: int, rate: float, level: str, host: str = "desk4") -> Attack:
        targets = neighbours[-hosts:]
        command = scan(targets, "22", "-sT", rate)
        seconds = hosts / rate + 8
        return cast(when, seconds, "scan", level, host, command, targets, port=22)

    def words(when: float, target: str, count: int, seconds: float, level: str) -> Attack:
        url = f"ssh://{at(target)}"
        return cast.words(when, "desk4", url, target, 22, count, seconds, level)

    def hidden(when: float, host: str, labels: int, level: str) -> Attack:
        command = tunnel(sys.executable, c2, labels)
        return cast(when, 20, "exfiltration", level, host, command, "c2", port=53)

    day = day_of(
        [
            cast.beacon(15, "desk2", 7, 8, "low"),
            sweep(30, 12, 1, "low"),
            cast.leak(55, "desk3", 1_000, 2_000, "low"),
            words(80, "files", 5, 15, "low"),
            hidden(100, "desk1", 60, "tunnel"),
            cast.beacon(105, "desk2", 14, 4, "mid"),
            cast.leak(125, "files", 4_000, 9_000, "mid"),
            sweep(150, 30, 5, "mid"),
            words(172, "intra", 16, 25, "mid"),
            cast.beacon(185, "desk3", 30, 1.8, "high"),
            hidden(196, "desk4", 200, "tunnel"),
            cast.leak(204, "files", 9_000, 18_000, "high"),
            sweep(222, 50, 12, "high", "desk1"),
            words(232, "files", 40, 35, "high"),
        ]
    )

    def refused(host: str, count: int, seconds: float) -> tuple[Attack, Band]:
        """By ssh itself: hydra opens a connection more for each burst."""
        command = repeated(mistype(ACCOUNT, files), count, 0.5)
        attack = cast(
            3, seconds, "brute_force", "threshold", host, command, "files",
            port=22, env=wrong_word(stage),
        )  # fmt: skip
        return counted(attack, count, count)

    return Content(
        habits,
        jobs,
        [
            benign(),
            day,
            *pair(
                SCAN_HORIZONTAL,
                "scan_horizontal",
                20,
                counted(sweep(3, 24, 5, "threshold", "guest1"), 24, 24),
                counted(sweep(3, 26, 5, "threshold", "guest2"), 26, 26),
            ),
            *pair(SSH_SLIPS, "ssh_slips", 25, refused("guest1", 8, 20), refused("guest2", 10, 20)),
            *pair(SSH_ZEEK, "ssh_zeek", 45, refused("guest3", 29, 40), refused("guest4", 31, 40)),
        ],
    )


SITE = Site(
    "office",
    42,
    inside=("files", "intra", *_DESKS, "watch"),
    outside=("web", "cloud", "c2", "guest1", "guest2", "guest3", "guest4"),
    pools={"cloud": 60},
    serve=_serve,
    content=_content,
)
