"""The laboratory's six networks: what they serve, who uses them, and what is done to them.

Each attack stands beside a benign twin of the same protocol, port and direction: guessing beside
logins and mistyped passwords, floods beside flash crowds, beacons beside polling, exfiltration
beside backups, scans beside monitoring. Recordings named ``*_below`` and ``*_above`` lie on either
side of a published threshold; its source is in their ``threshold``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from scripts.lab.dns import question
from scripts.lab.schedule import DAY, OFFICE_HOURS, ROUND_THE_CLOCK, Command, Habit, Job
from scripts.lab.services import (
    ACCOUNT,
    settle,
    start_balancer,
    start_broker,
    start_database,
    start_files,
    start_mail,
    start_names,
    start_ssh,
    start_web,
)
from scripts.lab.site import Attack, Band, Content, Recording, Site, Stage
from scripts.lab.tools import (
    FORGED,
    browse,
    copy,
    crowd,
    either,
    fetch,
    fixed,
    flood,
    guess,
    hold_open,
    login,
    mistype,
    poll,
    publish,
    put,
    query,
    reflect,
    repeated,
    scan,
    tunnel,
)

BENIGN_SECONDS, DAY_SECONDS = 120, 270
CLOSED = "1000-1999"

SCAN_VERTICAL = "Zeek scan: 15 failed ports of one host in 5 minutes"
SCAN_HORIZONTAL = "Zeek scan: 25 hosts on one port in 5 minutes"
SSH_SLIPS = "Slips: 9 ssh attempts"
SSH_ZEEK = "Zeek: 30 failed ssh logins in 30 minutes"
FTP_ZEEK = "Zeek: 20 failed ftp logins in 15 minutes"
IMAP_ET = "Emerging Threats: 30 IMAP logins in 60 seconds"
POP3_ET = "Emerging Threats: 30 POP3 logins in 120 seconds"
HTTP_ET = "Emerging Threats: 500 HTTP requests in 60 seconds"
SYN_FASTNETMON = "FastNetMon: 3,500 flows/s towards one host, mean of 5 seconds"
BEACON_RITA = "RITA: at least 4 connections of one pair"
FLOW_SLIPS = "Slips: 100 MB in one flow"
PAIR_SLIPS = "Slips: 500 MB to one address"


def _serve(stage: Stage, *, web: Sequence[str] = (), ssh: Sequence[str] = ()) -> None:
    for host in web:
        start_web(stage.bed, host, stage.at(host), stage.folder, stage.root)
    for host in ssh:
        start_ssh(stage.bed, host, stage.at(host), stage.credentials)


def _wait(stage: Stage, *services: tuple[str, int]) -> None:
    for host, port in services:
        stage.bed.wait_for_port("core", stage.at(host), port, patience=20)


def _mistyped(stage: Stage) -> dict[str, str]:
    return {"SSH_ASKPASS": str(stage.credentials.mistyped), "SSH_ASKPASS_REQUIRE": "force"}


def _routine(
    stage: Stage,
    *,
    watch: str,
    worker: str,
    stale: str,
    shell: str,
    known: Sequence[str],
    ports: str,
) -> list[Job]:
    """Honest work that looks like an attack and stays below every threshold: an inventory of ports
    and of addresses by ``watch``, a roll-out over many short ssh sessions by ``worker``, and
    ``stale`` trying an old password."""
    at = stage.at
    targets = [at(host) for host in known]
    around = [*targets, *stage.site.nobody(14)]
    rollout = login(ACCOUNT, at(shell), stage.credentials.key, (10, 40))
    return [
        Job((watch,), 30, scan(targets, ports, "-sS", 30), jitter=6),
        Job((watch,), 65, scan(around, "22", "-sT", 8), jitter=9),
        Job((worker,), 42, repeated(rollout, (5, 14), 0.4), jitter=8, limit=30),
        Job(
            (stale,),
            100,
            repeated(mistype(ACCOUNT, at(shell)), (3, 7), 0.8),
            jitter=30,
            limit=25,
            env=_mistyped(stage),
        ),
    ]


def _benign() -> list[Recording]:
    return [Recording("benign", BENIGN_SECONDS, rhythm=True)]


def _day(attacks: Sequence[Attack]) -> Recording:
    return Recording("day", DAY_SECONDS, attacks, rhythm=True)


def _pair(threshold: str, name: str, seconds: int, *sides: tuple[Attack, Band]) -> list[Recording]:
    """Two short recordings, the first just below a threshold and the second just above."""
    return [
        Recording(f"{name}_{side}", seconds, (attack,), threshold, band=band)
        for side, (attack, band) in zip(("below", "above"), sides, strict=True)
    ]


def _flows(attack: Attack, low: int, high: int) -> tuple[Attack, Band]:
    return attack, Band("flows", low, high)


class _Cast:
    """Builds attacks of one network: who, on whom, for how long."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __call__(
        self,
        at: float,
        seconds: float,
        family: str,
        intensity: str,
        host: str,
        commands: Command | Sequence[Command],
        target: str | Sequence[str],
        *,
        port: int | None = None,
        sources: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Attack:
        """``target`` is a host's name or a list of addresses; so are the sources by default."""
        return Attack(
            at=at,
            seconds=seconds,
            family=family,
            intensity=intensity,
            host=host,
            commands=(commands,) if callable(commands) else tuple(commands),
            sources=tuple(sources) if sources else (self._stage.at(host),),
            targets=(self._stage.at(target),) if isinstance(target, str) else tuple(target),
            port=port,
            env=env or {},
        )


# --- web shop -----------------------------------------------------------------------------------


def _shop_serve(stage: Stage) -> None:
    _serve(stage, web=("shop", "images", "stage", "cloud", "c2"), ssh=("shop", "images", "stage"))
    _wait(stage, ("shop", 80), ("shop", 22), ("images", 80), ("stage", 80), ("c2", 80))


def _shop(stage: Stage) -> Content:
    site, at, key = stage.site, stage.at, stage.credentials.key
    shop, images, cloud, c2 = at("shop"), at("images"), at("cloud"), at("c2")
    people, bots = site.pool("people"), site.pool("bots")
    cast = _Cast(stage)
    habits = [
        Habit(("people",), 80, browse(shop, sources=people), DAY),
        Habit(("people",), 60, browse(images, (2, 6), people), DAY),
        Habit(("people",), 12, browse(at("stage"), sources=people[:5]), OFFICE_HOURS),
        Habit(("desk",), 4, login(ACCOUNT, shop, key, (10, 60)), OFFICE_HOURS),
        Habit(("desk",), 2, mistype(ACCOUNT, shop), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(("desk",), 10, browse(cloud), OFFICE_HOURS),
    ]
    jobs = [
        Job(("people",), 38, crowd(shop, (15, 90), 6, people, (2, 8)), jitter=14),
        Job(("people",), 27, crowd(images, (20, 120), 6, people, (2, 9)), jitter=9),
        Job(("watch",), 5, poll(shop), jitter=0.3),
        Job(("shop", "stage", "images", "desk"), 5, poll(cloud, "page1"), jitter=0.4),
        Job(("shop", "images"), 34, put(cloud, (1_500, 16_000)), jitter=8),
        Job(("stage", "desk"), 45, put(cloud, (500, 8_000)), jitter=8),
        *_routine(
            stage,
            watch="watch",
            worker="desk",
            stale="people",
            shell="images",
            known=("shop", "images", "stage"),
            ports="20-30,80,443",
        ),
    ]

    def web(at_: float, requests: int, level: str, target: str = "shop") -> Attack:
        share = requests // 5
        attack = crowd(at(target), (share, share), 6, bots, (5, 5))
        return cast(at_, 12, "http_flood", level, "bots", attack, target, port=80, sources=bots)

    def words(at_: float, count: int, level: str, target: str = "shop") -> Attack:
        command = guess(f"ssh://{at(target)}", ACCOUNT, count, 0.8)
        return cast(at_, 30, "brute_force", level, "rogue", command, target, port=22)

    def beacon(at_: float, host: str, times: int, pause: float, level: str) -> Attack:
        command = repeated(poll(c2, "page1"), times, pause)
        return cast(at_, times * pause + 5, "beaconing", level, host, command, "c2")

    def ports_of(at_: float, target: str, ports: str, rate: float, level: str) -> Attack:
        command = scan([at(target)], ports, "-sS", rate)
        return cast(at_, 20, "scan", level, "rogue", command, target)

    def leak(at_: float, host: str, low: int, high: int, level: str) -> Attack:
        return cast(at_, 20, "exfiltration", level, host, put(c2, (low, high)), "c2")

    day = _day(
        [
            web(20, 80, "low"),
            ports_of(36, "stage", "20-30", 1, "low"),
            beacon(44, "desk", 7, 6, "low"),
            words(60, 6, "low"),
            leak(84, "stage", 1_500, 3_000, "low"),
            web(96, 220, "mid"),
            beacon(104, "stage", 14, 3, "mid"),
            leak(116, "desk", 2_000, 5_000, "mid"),
            ports_of(130, "shop", "1-60", 6, "mid"),
            words(146, 16, "mid", "stage"),
            beacon(160, "shop", 10, 4, "mid"),
            leak(184, "shop", 6_000, 14_000, "high"),
            web(200, 600, "high", "images"),
            cast(212, 22, "http_flood", "slow", "rogue", hold_open(shop, 90, 18), "shop", port=80),
            ports_of(236, "stage", "1-240", 24, "high"),
            words(238, 40, "high"),
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
            *_benign(),
            day,
            *_pair(
                HTTP_ET,
                "http_flood",
                30,
                _flows(burst("guest1", 480), 470, 499),
                _flows(burst("guest2", 520), 510, 530),
            ),
            *_pair(
                SCAN_VERTICAL,
                "scan_vertical",
                20,
                _flows(ports("guest1", 14), 14, 14),
                _flows(ports("guest2", 16), 16, 16),
            ),
        ],
    )


# --- office -------------------------------------------------------------------------------------

_DESKS = ("desk1", "desk2", "desk3", "desk4")


def _office_serve(stage: Stage) -> None:
    _serve(stage, web=("files", "intra", "web", "cloud", "c2"), ssh=("files", "intra", "desk1"))
    for host in ("files", "c2", "web"):
        start_names(stage.bed, host, stage.at(host))
    _wait(stage, ("files", 80), ("files", 22), ("intra", 22), ("web", 80), ("c2", 80))
    settle()


def _office(stage: Stage) -> Content:
    at, key = stage.at, stage.credentials.key
    files, intra, cloud, c2 = at("files"), at("intra"), at("cloud"), at("c2")
    cast = _Cast(stage)
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
        Habit(_DESKS[:3], 1.5, mistype(ACCOUNT, files), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(_DESKS, 2, put(cloud, (50, 6_000)), OFFICE_HOURS),
    ]
    jobs = [
        Job((*_DESKS, "intra"), 5, poll(cloud, "page2"), jitter=0.4),
        Job(_DESKS, 55, crowd(intra, (30, 160), 8), jitter=15),
        Job(("files", "intra"), 36, put(cloud, (1_500, 18_000)), jitter=8),
        Job(("watch",), 6, poll(files), jitter=0.3),
        *_routine(
            stage,
            watch="watch",
            worker="desk1",
            stale="desk3",
            shell="intra",
            known=("files", "intra", *_DESKS),
            ports="21-29,80,443,445",
        ),
    ]
    neighbours = (*map(at, _DESKS), files, intra, *stage.site.nobody(60))

    def beacon(when: float, host: str, times: int, pause: float, level: str) -> Attack:
        command = repeated(poll(c2, "page2"), times, pause)
        return cast(when, times * pause + 5, "beaconing", level, host, command, "c2", port=80)

    def sweep(when: float, hosts: int, rate: float, level: str, host: str = "desk4") -> Attack:
        targets = neighbours[-hosts:]
        command = scan(targets, "22", "-sT", rate)
        seconds = hosts / rate + 8
        return cast(when, seconds, "scan", level, host, command, targets, port=22)

    def words(when: float, count: int, seconds: float, level: str, target: str) -> Attack:
        command = guess(f"ssh://{at(target)}", ACCOUNT, count, 0.8)
        return cast(when, seconds, "brute_force", level, "desk4", command, target, port=22)

    def leak(when: float, host: str, low: int, high: int, level: str) -> Attack:
        command = put(c2, (low, high))
        return cast(when, 20, "exfiltration", level, host, command, "c2", port=80)

    def hidden(when: float, host: str, labels: int, level: str) -> Attack:
        command = tunnel(sys.executable, c2, labels)
        return cast(when, 20, "exfiltration", level, host, command, "c2", port=53)

    day = _day(
        [
            beacon(15, "desk2", 7, 8, "low"),
            sweep(30, 12, 1, "low"),
            leak(55, "desk3", 1_000, 2_000, "low"),
            words(80, 5, 15, "low", "files"),
            hidden(100, "desk1", 60, "tunnel"),
            beacon(105, "desk2", 14, 4, "mid"),
            leak(125, "files", 4_000, 9_000, "mid"),
            sweep(150, 30, 5, "mid"),
            words(172, 16, 25, "mid", "intra"),
            beacon(185, "desk3", 30, 1.8, "high"),
            hidden(196, "desk4", 200, "tunnel"),
            leak(204, "files", 9_000, 18_000, "high"),
            sweep(222, 50, 12, "high", "desk1"),
            words(232, 40, 35, "high", "files"),
        ]
    )

    def refused(host: str, count: int, seconds: float) -> tuple[Attack, Band]:
        """By ssh itself: hydra opens a connection more for each burst."""
        command = repeated(mistype(ACCOUNT, files), count, 0.5)
        attack = cast(
            3, seconds, "brute_force", "threshold", host, command, "files",
            port=22, env=_mistyped(stage),
        )  # fmt: skip
        return _flows(attack, count, count)

    return Content(
        habits,
        jobs,
        [
            *_benign(),
            day,
            *_pair(
                SCAN_HORIZONTAL,
                "scan_horizontal",
                20,
                _flows(sweep(3, 24, 5, "threshold", "guest1"), 24, 24),
                _flows(sweep(3, 26, 5, "threshold", "guest2"), 26, 26),
            ),
            *_pair(SSH_SLIPS, "ssh_slips", 25, refused("guest1", 8, 20), refused("guest2", 10, 20)),
            *_pair(SSH_ZEEK, "ssh_zeek", 45, refused("guest3", 29, 40), refused("guest4", 31, 40)),
        ],
    )


# --- API behind a load balancer -----------------------------------------------------------------


def _api_serve(stage: Stage) -> None:
    _serve(stage, web=("app1", "app2", "docs", "cloud", "c2"), ssh=("app1", "docs"))
    start_balancer(
        stage.bed, "front", stage.at("front"), stage.folder, (stage.at("app1"), stage.at("app2"))
    )
    start_names(stage.bed, "names", stage.at("names"))
    _wait(stage, ("front", 80), ("app1", 80), ("app2", 80), ("docs", 22), ("c2", 80))
    settle()


def _api(stage: Stage) -> Content:
    site, at = stage.site, stage.at
    front, docs, cloud, c2, names = (at(n) for n in ("front", "docs", "cloud", "c2", "names"))
    clients, bots = site.pool("clients"), site.pool("bots")
    packet = stage.folder / "question"
    packet.write_bytes(question(7, "a-rather-long-name-to-ask-for.example.net"))
    cast = _Cast(stage)
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
        Job(("app1", "app2", "docs"), 38, put(cloud, (1_000, 12_000)), jitter=8),
        *_routine(
            stage,
            watch="ops",
            worker="partner",
            stale="partner",
            shell="docs",
            known=("front", "app1", "app2", "docs"),
            ports="22,75-85",
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

    def beacon(when: float, host: str, times: int, pause: float, level: str) -> Attack:
        command = repeated(poll(c2, "page1"), times, pause)
        return cast(when, times * pause + 5, "beaconing", level, host, command, "c2", port=80)

    def leak(when: float, host: str, low: int, high: int, level: str) -> Attack:
        return cast(when, 20, "exfiltration", level, host, put(c2, (low, high)), "c2", port=80)

    def ports_of(when: float, target: str, ports: str, rate: float, level: str) -> Attack:
        command = scan([at(target)], ports, "-sS", rate)
        return cast(when, 20, "scan", level, "rogue", command, target)

    day = _day(
        [
            syn(20, 10, 40_000, "low"),
            web(40, 90, "low"),
            mirror(60, 10, 40_000, "low", "front"),
            ports_of(80, "front", "75-90", 1, "low"),
            beacon(90, "docs", 7, 5, "low"),
            syn(106, 8, 12_000, "mid"),
            leak(112, "app2", 2_000, 5_000, "low"),
            web(124, 240, "mid"),
            beacon(136, "app2", 12, 2.5, "mid"),
            mirror(150, 8, 10_000, "mid", "app1"),
            leak(166, "app1", 4_000, 9_000, "mid"),
            ports_of(182, "docs", "1-200", 20, "high"),
            web(204, 650, "high"),
            syn(220, 6, 2_000, "high"),
            cast(
                228, 20, "http_flood", "slow", "rogue", hold_open(front, 100, 16), "front", port=80
            ),
            mirror(250, 6, 2_500, "high", "front"),
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
            ("below", 1_120, Band("flows_per_s", 2_800, 3_450)),
            ("above", 900, Band("flows_per_s", 3_550, 4_600)),
        )
    ]
    return Content(habits, jobs, [*_benign(), day, *floods])


# --- mail and file server -----------------------------------------------------------------------


def _mail_serve(stage: Stage) -> None:
    _serve(stage, web=("mail", "archive", "cloud", "c2"), ssh=("mail", "files", "archive"))
    for host in ("mail", "archive"):
        start_mail(stage.bed, host, stage.at(host), stage.credentials)
    for host in ("files", "archive"):
        start_files(stage.bed, host, stage.at(host), stage.credentials)
    _wait(stage, ("mail", 143), ("mail", 110), ("files", 21), ("files", 22), ("c2", 80))


def _mail(stage: Stage) -> Content:
    site, at, key = stage.site, stage.at, stage.credentials.key
    mail, files, cloud, c2 = at("mail"), at("files"), at("cloud"), at("c2")
    people = site.pool("people")
    good, wrong = (f"{ACCOUNT}:{word}@" for word in (stage.credentials.word, "mistyped"))
    cast = _Cast(stage)

    def inbox(login_: str, sources: Sequence[str] = (), server: str = mail) -> Command:
        return either(
            (5, fetch(f"imap://{login_}{server}/INBOX", sources)),
            (3, fetch(f"imap://{login_}{server}/INBOX;UID=3", sources)),
            (3, fetch(f"pop3://{login_}{server}/5", sources)),
            (1, fetch(f"pop3://{login_}{server}/", sources)),
        )

    archive = at("archive")
    habits = [
        Habit(("people",), 60, inbox(good, people), OFFICE_HOURS),
        Habit(("people",), 50, inbox(good, people, archive), OFFICE_HOURS),
        Habit(("people",), 6, inbox(wrong, people), OFFICE_HOURS),
        Habit(("people",), 20, browse(mail, sources=people), OFFICE_HOURS),
        Habit(("people",), 9, fetch(f"ftp://{good}{files}/report", people), DAY),
        Habit(("people",), 9, fetch(f"ftp://{good}{archive}/report", people), DAY),
        Habit(("people",), 3, fetch(f"ftp://{wrong}{files}/report", people), DAY),
        Habit(("desk",), 8, inbox(good), OFFICE_HOURS),
        Habit(("desk",), 3, login(ACCOUNT, files, key, (10, 60)), OFFICE_HOURS),
        Habit(("desk",), 1.5, mistype(ACCOUNT, files), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(("desk",), 2, copy(ACCOUNT, files, key, (100, 4_000)), OFFICE_HOURS),
    ]
    # a telephone with an old password, again and again
    stubborn = repeated(fetch(f"imap://{wrong}{archive}/INBOX"), (3, 6), 0.5)
    syncing = repeated(fetch(f"imap://{good}{archive}/INBOX"), (4, 8), 0.4)
    jobs = [
        Job(("phones",), 4, fetch(f"imap://{good}{mail}/INBOX"), jitter=0.3),
        Job(("phones",), 60, stubborn, jitter=10, limit=30),
        Job(("phones",), 40, syncing, jitter=10, limit=30),
        Job(("phones",), 100, repeated(fetch(f"ftp://{wrong}{archive}/report"), (2, 5), 0.4),
            jitter=10, limit=30),
        Job(("desk",), 10, fetch(f"pop3://{good}{mail}/"), jitter=0.3),
        Job(("mail", "files", "archive", "desk"), 5, poll(cloud, "page2"), jitter=0.4),
        Job(("files", "archive", "mail"), 40, put(cloud, (1_500, 18_000)), jitter=8),
        *_routine(
            stage,
            watch="watch",
            worker="desk",
            stale="people",
            shell="archive",
            known=("mail", "files", "archive"),
            ports="21-25,80,105-110,143",
        ),
    ]  # fmt: skip

    def words(
        when: float,
        kind: str,
        target: str,
        count: int,
        seconds: float,
        level: str,
        host: str = "rogue",
    ) -> Attack:
        port = {"imap": 143, "pop3": 110, "ftp": 21, "ssh": 22}[kind]
        command = guess(f"{kind}://{at(target)}", ACCOUNT, count, 0.4)
        return cast(when, seconds, "brute_force", level, host, command, target, port=port)

    def beacon(when: float, host: str, times: int, pause: float, level: str) -> Attack:
        command = repeated(poll(c2, "page2"), times, pause)
        return cast(when, times * pause + 5, "beaconing", level, host, command, "c2", port=80)

    def leak(when: float, host: str, low: int, high: int, level: str) -> Attack:
        return cast(when, 20, "exfiltration", level, host, put(c2, (low, high)), "c2", port=80)

    def ports_of(when: float, target: str, ports: str, rate: float, level: str) -> Attack:
        command = scan([at(target)], ports, "-sS", rate)
        return cast(when, 20, "scan", level, "rogue", command, target)

    day = _day(
        [
            words(20, "imap", "mail", 6, 15, "low"),
            beacon(30, "desk", 7, 6, "low"),
            words(45, "ftp", "files", 6, 15, "low"),
            ports_of(66, "mail", "100-114", 1, "low"),
            leak(84, "files", 1_500, 3_000, "low"),
            words(96, "pop3", "mail", 14, 25, "mid"),
            beacon(110, "files", 14, 2.8, "mid"),
            words(128, "ssh", "files", 14, 20, "mid"),
            leak(146, "mail", 4_000, 9_000, "mid"),
            beacon(158, "mail", 20, 1.8, "high"),
            words(172, "imap", "mail", 40, 30, "high"),
            ports_of(200, "archive", "1-200", 20, "high"),
            leak(212, "files", 8_000, 18_000, "high"),
            words(222, "ftp", "files", 30, 40, "high"),
            words(226, "pop3", "archive", 24, 35, "high"),
        ]
    )

    def pair(threshold: str, kind: str, target: str, seconds: int, limit: int) -> list[Recording]:
        below, above = (
            _flows(words(3, kind, target, count, seconds - 4, "threshold", host), count, count)
            for host, count in (("guest1", limit - 1), ("guest2", limit + 1))
        )
        return _pair(threshold, f"{kind}_guessing", seconds, below, above)

    return Content(
        habits,
        jobs,
        [
            *_benign(),
            day,
            *pair(IMAP_ET, "imap", "mail", 40, 30),
            *pair(POP3_ET, "pop3", "mail", 40, 30),
            *pair(FTP_ZEEK, "ftp", "files", 40, 20),
        ],
    )


# --- fleet of devices ---------------------------------------------------------------------------

_DEVICES = ("meter1", "meter2", "lock", "camera")


def _fleet_serve(stage: Stage) -> None:
    _serve(stage, web=("hub", "camera", "store", "vendor", "c2"), ssh=("hub", "lock", "store"))
    start_broker(stage.bed, "hub", stage.at("hub"), stage.folder)
    start_broker(stage.bed, "c2", stage.at("c2"), stage.folder)
    start_names(stage.bed, "vendor", stage.at("vendor"))
    _wait(stage, ("hub", 1883), ("hub", 22), ("camera", 80), ("vendor", 80), ("c2", 1883))
    settle()


def _fleet(stage: Stage) -> Content:
    site, at = stage.site, stage.at
    hub, vendor, c2 = at("hub"), at("vendor"), at("c2")
    victims = site.pool("victims")
    cast = _Cast(stage)
    ask = fixed(sys.executable, "-m", "scripts.lab.dns", "ask", vendor, "time.example.net")
    store = at("store")
    owners = site.pool("owner")
    habits = [
        Habit(("owner",), 15, browse(at("camera"), sources=owners), DAY),
        Habit(("owner",), 30, browse(store, (2, 6), owners), DAY),
        Habit(("owner",), 10, publish(hub, (10, 60), "wish"), DAY),
        Habit(("service",), 2, login(ACCOUNT, hub, stage.credentials.key, (10, 60)), OFFICE_HOURS),
        Habit(("service",), 1, mistype(ACCOUNT, hub), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(("lock",), 4, publish(hub, (20, 40), "door"), DAY),
    ]
    jobs = [
        Job(("meter1", "meter2"), 3, publish(hub, (90, 110)), jitter=0.1),
        Job(("lock", "camera"), 5, publish(hub, (30, 40), "alive"), jitter=0.2),
        Job(_DEVICES, 12, ask, jitter=0.5),
        Job((*_DEVICES, "store"), 5, poll(vendor, "page1"), jitter=0.3),
        Job(("camera",), 9, put(vendor, (300, 3_000)), jitter=3),
        Job(("camera",), 12, put(store, (500, 4_000)), jitter=3),
        Job(("hub", "store"), 34, put(vendor, (1_500, 16_000)), jitter=8),
        Job(("owner",), 28, crowd(store, (15, 90), 6, owners, (2, 7)), jitter=9),
        # a device that looks for its neighbours, and one that has lost its server
        Job(("meter1", "lock"), 55, scan(victims[40:58], "1883", "-sT", 6), jitter=9),
        Job(("store",), 40, crowd(victims[2], (40, 200), 10), jitter=9),
        *_routine(
            stage,
            watch="hub",
            worker="service",
            stale="owner",
            shell="store",
            known=("store", *_DEVICES),
            ports="21-26,80,1880-1885",
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
        command = guess(f"ssh://{hub}", ACCOUNT, count, 0.5)
        return cast(when, 35, "brute_force", level, "rogue", command, "hub", port=22)

    def join_flood(when: float, seconds: float, pause: int, level: str) -> Attack:
        """A device takes part in a flood and forges nothing."""
        command = flood(victims[0], 80, pause, seconds, (at("camera"),))
        return cast(when, seconds, "syn_flood", level, "camera", command, victims[:1], port=80)

    def leak(when: float, host: str, low: int, high: int, level: str) -> Attack:
        return cast(when, 20, "exfiltration", level, host, put(c2, (low, high)), "c2", port=80)

    def ports_of(when: float, target: str, ports: str, rate: float, level: str) -> Attack:
        command = scan([at(target)], ports, "-sS", rate)
        return cast(when, 20, "scan", level, "rogue", command, target)

    day = _day(
        [
            beacon(15, "meter1", 6, 8, "low"),
            spread(35, 10, 1, "low"),
            words(64, 6, "low"),
            leak(72, "camera", 1_000, 2_500, "low"),
            beacon(85, "lock", 14, 4, "mid"),
            ports_of(104, "hub", "20-60", 4, "mid"),
            spread(118, 30, 5, "mid"),
            leak(140, "store", 3_000, 8_000, "mid"),
            words(150, 18, "mid"),
            join_flood(176, 8, 8_000, "mid"),
            beacon(186, "meter1", 30, 1.6, "high"),
            spread(196, 80, 14, "high"),
            leak(216, "hub", 8_000, 18_000, "high"),
            ports_of(228, "store", "1-200", 20, "high"),
            join_flood(238, 6, 1_500, "high"),
            words(234, 36, "high"),
        ]
    )
    return Content(
        habits,
        jobs,
        [
            *_benign(),
            day,
            *_pair(
                BEACON_RITA,
                "beaconing",
                30,
                _flows(beacon(2, "lock", 3, 4, "threshold"), 3, 3),
                _flows(beacon(2, "meter2", 6, 4, "threshold"), 4, 6),
            ),
            *_pair(
                SCAN_HORIZONTAL,
                "scan_horizontal",
                20,
                _flows(spread(3, 24, 5, "threshold", "meter1"), 24, 24),
                _flows(spread(3, 26, 5, "threshold", "lock"), 26, 26),
            ),
        ],
    )


# --- database-heavy back office -----------------------------------------------------------------

_ORDER = (
    "select count(*) from orders where n % 7 = 3",
    "select * from orders where n between 100 and 180",
    "select max(n) from orders",
    "select * from orders limit 900",
)
_EVERYTHING = ("select * from orders",)
_SINKS = ("sink1", "sink2", "sink3", "sink4")


def _back_serve(stage: Stage) -> None:
    _serve(stage, web=("app", "cloud", "c2", *_SINKS), ssh=("base", "app", "ledger"))
    for host in ("base", "ledger"):
        start_database(stage.bed, host, stage.at(host), stage.folder, stage.credentials.word)
    _wait(stage, ("base", 5432), ("ledger", 5432), ("base", 22), ("app", 80), ("c2", 80))


def _back(stage: Stage) -> Content:
    at, key = stage.at, stage.credentials.key
    base, ledger, app, cloud, c2 = (at(n) for n in ("base", "ledger", "app", "cloud", "c2"))
    everyone = (base, ledger, app, at("batch"), at("clerk"), *stage.site.nobody(60))
    cast = _Cast(stage)

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
        Job(("base", "ledger"), 34, put(cloud, (3_000, 30_000), "40M"), jitter=8),
        Job(("app", "batch", "clerk"), 45, put(cloud, (500, 8_000)), jitter=8),
        Job(("base", "ledger", "app", "batch", "clerk"), 5, poll(cloud, "page1"), jitter=0.4),
        *_routine(
            stage,
            watch="watch",
            worker="batch",
            stale="clerk",
            shell="ledger",
            known=("base", "ledger", "app", "batch"),
            ports="21-26,80,5430-5435",
        ),
    ]

    def words(when: float, count: int, level: str) -> Attack:
        command = guess(f"postgres://{base}/office", "admin", count, 0.6)
        return cast(when, 30, "brute_force", level, "rogue", command, "base", port=5432)

    def leak(when: float, host: str, low: int, high: int, level: str) -> Attack:
        command = put(c2, (low, high), "40M")
        return cast(when, 22, "exfiltration", level, host, command, "c2", port=80)

    def theft(when: float, times: int, level: str) -> Attack:
        command = repeated(query(base, _EVERYTHING), times, 1.0)
        return cast(when, 20, "exfiltration", level, "rogue", command, "base", port=5432)

    def sweep(when: float, hosts: int, rate: float, level: str) -> Attack:
        targets = everyone[-hosts:]
        command = scan(targets, "5432", "-sT", rate)
        return cast(when, hosts / rate + 8, "scan", level, "clerk", command, targets, port=5432)

    def beacon(when: float, host: str, times: int, pause: float, level: str) -> Attack:
        command = repeated(poll(c2, "page1"), times, pause)
        return cast(when, times * pause + 5, "beaconing", level, host, command, "c2", port=80)

    day = _day(
        [
            words(20, 6, "low"),
            beacon(36, "clerk", 7, 6, "low"),
            sweep(50, 12, 1, "low"),
            leak(75, "app", 1_500, 4_000, "low"),
            beacon(96, "app", 8, 5, "low"),
            words(112, 16, "mid"),
            theft(142, 2, "mid"),
            sweep(156, 30, 6, "mid"),
            leak(176, "base", 6_000, 14_000, "mid"),
            beacon(190, "batch", 26, 1.8, "high"),
            words(205, 40, "high"),
            sweep(222, 50, 12, "high"),
            theft(238, 4, "high"),
            leak(246, "base", 15_000, 30_000, "high"),
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
            *_benign(),
            day,
            *_pair(
                FLOW_SLIPS,
                "exfiltration_flow",
                30,
                whole("sink1", 94, 1, 90, 99.9),
                whole("sink2", 108, 1, 101, 120),
            ),
            *_pair(
                PAIR_SLIPS,
                "exfiltration_pair",
                80,
                whole("sink3", 470, 6, 450, 499.9),
                whole("sink4", 540, 6, 501, 600),
            ),
        ],
    )


SITES = {
    site.name: site
    for site in (
        Site(
            "web_shop", 41, ("shop", "images", "stage", "desk", "watch"),
            ("people", "bots", "rogue", "cloud", "c2", "guest1", "guest2"),
            {"people": 60, "bots": 20}, _shop_serve, _shop,
        ),
        Site(
            "office", 42, ("files", "intra", *_DESKS, "watch"),
            ("web", "cloud", "c2", "guest1", "guest2", "guest3", "guest4"), {},
            _office_serve, _office,
        ),
        Site(
            "api", 43, ("front", "app1", "app2", "docs", "ops"),
            ("clients", "partner", "bots", "rogue", "names", "cloud", "c2"),
            {"clients": 40, "bots": 20}, _api_serve, _api,
        ),
        Site(
            "mail_and_files", 44, ("mail", "files", "archive", "desk", "watch"),
            ("people", "phones", "rogue", "cloud", "c2", "guest1", "guest2"),
            {"people": 30}, _mail_serve, _mail,
        ),
        Site(
            "fleet", 45, ("hub", "store", *_DEVICES),
            ("owner", "service", "vendor", "victims", "rogue", "c2"),
            {"owner": 30, "victims": 120}, _fleet_serve, _fleet,
        ),
        Site(
            "back_office", 46, ("base", "ledger", "app", "batch", "clerk", "watch"),
            ("cloud", "c2", "rogue", *_SINKS), {}, _back_serve, _back,
        ),
    )
}  # fmt: skip
