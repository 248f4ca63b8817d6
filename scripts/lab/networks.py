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
FORGED = ("198.18.3.7", "198.18.90.2", "198.19.4.55", "198.19.77.13")
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
    _serve(stage, web=("shop", "stage", "cloud", "c2"), ssh=("shop", "stage"))
    _wait(stage, ("shop", 80), ("shop", 22), ("stage", 80), ("cloud", 80), ("c2", 80))


def _shop(stage: Stage) -> Content:
    site, at, key = stage.site, stage.at, stage.credentials.key
    shop, cloud, c2 = at("shop"), at("cloud"), at("c2")
    people, bots = site.pool("people"), site.pool("bots")
    cast = _Cast(stage)
    habits = [
        Habit(("people",), 80, browse(shop, sources=people), DAY),
        Habit(("people",), 12, browse(at("stage"), sources=people[:5]), OFFICE_HOURS),
        Habit(("desk",), 4, login(ACCOUNT, shop, key), OFFICE_HOURS),
        Habit(("desk",), 2, mistype(ACCOUNT, shop), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(("desk",), 6, browse(cloud), OFFICE_HOURS),
    ]
    jobs = [
        Job(("people",), 55, crowd(shop, (80, 320), 20, people), first=30, jitter=10),
        Job(("watch",), 5, poll(shop), jitter=0.3),
        Job(("watch",), 40, scan([shop, at("stage")], "22,80,443,8080", "-sT"), jitter=2),
        Job(("shop", "stage"), 6, poll(cloud, "page1"), jitter=0.5),
        Job(("shop",), 60, put(cloud, (2_000, 14_000)), first=25, jitter=5),
        Job(("stage",), 80, put(cloud, (500, 4_000)), jitter=5),
    ]

    def web(at_: float, requests: int, level: str) -> Attack:
        attack = crowd(shop, (requests, requests), 20, bots)
        return cast(at_, 12, "http_flood", level, "bots", attack, "shop", port=80, sources=bots)

    def words(at_: float, count: int, level: str, target: str = "shop") -> Attack:
        command = guess(f"ssh://{at(target)}", ACCOUNT, count, 0.6)
        return cast(at_, 30, "brute_force", level, "rogue", command, target, port=22)

    def beacon(at_: float, times: int, pause: float, level: str) -> Attack:
        command = repeated(poll(c2, "page1"), times, pause)
        return cast(at_, times * pause + 5, "beaconing", level, "stage", command, "c2")

    day = _day(
        [
            web(20, 90, "low"),
            cast(36, 20, "scan", "low", "rogue", scan([shop], "20-29,80", "-sT", 1), "shop"),
            words(60, 6, "low"),
            web(96, 240, "mid"),
            beacon(70, 6, 6, "low"),
            cast(112, 15, "exfiltration", "low", "shop", put(c2, (2_000, 3_000)), "c2"),
            cast(130, 15, "scan", "mid", "rogue", scan([shop], "1-100", "-sS", 10), "shop"),
            words(146, 20, "mid", "stage"),
            beacon(150, 16, 3, "mid"),
            cast(180, 25, "exfiltration", "high", "shop", put(c2, (9_000, 14_000)), "c2"),
            web(200, 700, "high"),
            cast(208, 22, "http_flood", "slow", "rogue", hold_open(shop, 120, 18), "shop", port=80),
            cast(232, 12, "scan", "high", "rogue", scan([shop], "1-600", "-sS", 60), "shop"),
            words(240, 40, "high"),
        ]
    )
    one = [bots[0]]

    def burst(count: int) -> Attack:
        attack = repeated(crowd(shop, (count, count), 8, one), 1, 0)
        return cast(3, 24, "http_flood", "threshold", "bots", attack, "shop", port=80, sources=one)

    def ports(count: int) -> Attack:
        listed = f"1000-{999 + count}"
        command = scan([shop], listed, "-sS", 5)
        return cast(3, 16, "scan", "threshold", "rogue", command, "shop")

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
                _flows(burst(480), 470, 499),
                _flows(burst(520), 510, 530),
            ),
            *_pair(
                SCAN_VERTICAL,
                "scan_vertical",
                20,
                _flows(ports(14), 14, 14),
                _flows(ports(16), 16, 16),
            ),
        ],
    )


# --- office -------------------------------------------------------------------------------------

_DESKS = ("desk1", "desk2", "desk3", "desk4")


def _office_serve(stage: Stage) -> None:
    _serve(stage, web=("files", "web", "cloud", "c2"), ssh=("files", "desk1", "desk2"))
    for host in ("files", "c2"):
        start_names(stage.bed, host, stage.at(host))
    _wait(stage, ("files", 80), ("files", 22), ("desk1", 22), ("web", 80), ("c2", 80))
    settle()


def _office(stage: Stage) -> Content:
    at, key = stage.at, stage.credentials.key
    files, cloud, c2 = at("files"), at("cloud"), at("c2")
    cast = _Cast(stage)
    ask = fixed(sys.executable, "-m", "scripts.lab.dns", "ask", files, "www.example.net")
    habits = [
        Habit(_DESKS, 12, browse(at("web"), (1, 5)), OFFICE_HOURS),
        Habit(_DESKS, 5, browse(files), OFFICE_HOURS),
        Habit(_DESKS, 6, ask, OFFICE_HOURS),
        Habit(("desk1", "desk2"), 3, login(ACCOUNT, files, key), OFFICE_HOURS),
        Habit(("desk2", "desk3"), 2, copy(ACCOUNT, files, key, (50, 3_000)), OFFICE_HOURS),
        Habit(_DESKS[:3], 1, mistype(ACCOUNT, files), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(_DESKS, 1, put(cloud, (50, 4_000)), OFFICE_HOURS),
    ]
    jobs = [
        Job(_DESKS, 8, poll(cloud, "page2"), jitter=0.4),
        Job(("files",), 70, put(cloud, (3_000, 16_000)), jitter=5),
        Job(("watch",), 45, scan([files, *map(at, _DESKS)], "22,80,445", "-sT"), jitter=3),
        Job(("watch",), 10, poll(files), jitter=0.3),
    ]
    neighbours = (*map(at, _DESKS), files, *stage.site.nobody(60))

    def beacon(when: float, host: str, times: int, pause: float, level: str) -> Attack:
        command = repeated(poll(c2, "page2"), times, pause)
        return cast(when, times * pause + 5, "beaconing", level, host, command, "c2", port=80)

    def sweep(when: float, hosts: int, rate: float, level: str, host: str = "desk4") -> Attack:
        targets = neighbours[-hosts:]
        command = scan(targets, "22", "-sT", rate)
        seconds = hosts / rate + 8
        return cast(when, seconds, "scan", level, host, command, targets, port=22)

    def words(when: float, count: int, seconds: float, level: str) -> Attack:
        command = guess(f"ssh://{files}", ACCOUNT, count, 0.5)
        return cast(when, seconds, "brute_force", level, "desk4", command, "files", port=22)

    def refused(count: int, seconds: float) -> tuple[Attack, Band]:
        """By ssh itself: hydra opens a connection more for each burst."""
        command = repeated(mistype(ACCOUNT, files), count, 0.5)
        attack = cast(
            3, seconds, "brute_force", "threshold", "desk4", command, "files",
            port=22, env=_mistyped(stage),
        )  # fmt: skip
        return _flows(attack, count, count)

    def leak(when: float, host: str, low: int, high: int, level: str) -> Attack:
        command = put(c2, (low, high))
        return cast(when, 20, "exfiltration", level, host, command, "c2", port=80)

    day = _day(
        [
            beacon(15, "desk2", 7, 8, "low"),
            sweep(30, 12, 1, "low"),
            leak(55, "desk3", 1_000, 2_000, "low"),
            words(80, 6, 15, "low"),
            cast(
                100, 20, "exfiltration", "tunnel", "desk1",
                tunnel(sys.executable, c2, 120), "c2", port=53,
            ),
            beacon(105, "desk2", 16, 4, "mid"),
            leak(125, "files", 5_000, 9_000, "mid"),
            sweep(150, 40, 5, "mid"),
            words(172, 20, 25, "mid"),
            beacon(185, "desk3", 40, 1.5, "high"),
            leak(200, "files", 14_000, 22_000, "high"),
            sweep(215, 64, 20, "high", "desk1"),
            words(230, 48, 35, "high"),
        ]
    )  # fmt: skip
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
                _flows(sweep(3, 24, 5, "threshold"), 24, 24),
                _flows(sweep(3, 26, 5, "threshold"), 26, 26),
            ),
            *_pair(SSH_SLIPS, "ssh_slips", 25, refused(8, 20), refused(10, 20)),
            *_pair(SSH_ZEEK, "ssh_zeek", 45, refused(29, 40), refused(31, 40)),
        ],
    )


# --- API behind a load balancer -----------------------------------------------------------------


def _api_serve(stage: Stage) -> None:
    _serve(stage, web=("app1", "app2", "cloud", "c2"), ssh=("app1",))
    start_balancer(
        stage.bed, "front", stage.at("front"), stage.folder, (stage.at("app1"), stage.at("app2"))
    )
    start_names(stage.bed, "names", stage.at("names"))
    _wait(stage, ("front", 80), ("app1", 80), ("app2", 80), ("c2", 80))
    settle()


def _api(stage: Stage) -> Content:
    site, at = stage.site, stage.at
    front, cloud, c2, names = at("front"), at("cloud"), at("c2"), at("names")
    clients, bots = site.pool("clients"), site.pool("bots")
    packet = stage.folder / "question"
    packet.write_bytes(question(7, "a-rather-long-name-to-ask-for.example.net"))
    cast = _Cast(stage)
    ask = fixed(sys.executable, "-m", "scripts.lab.dns", "ask", names, "api.example.net")
    habits = [
        Habit(("clients",), 100, browse(front, (1, 2), clients, 0.1), DAY),
        Habit(("partner",), 25, browse(front, (1, 6)), ROUND_THE_CLOCK),
        Habit(("front", "app1", "app2"), 8, ask, DAY),
        Habit(("ops",), 3, login(ACCOUNT, at("app1"), stage.credentials.key), OFFICE_HOURS),
    ]
    jobs = [
        Job(("partner",), 2, poll(front, "page3"), jitter=0.1),
        Job(("clients",), 50, crowd(front, (100, 400), 25, clients), first=20, jitter=12),
        Job(("ops",), 4, poll(at("app1")), jitter=0.2),
        Job(("ops",), 4, poll(at("app2")), jitter=0.2),
        Job(("ops",), 50, scan([front, at("app1")], "22,80,8443", "-sT"), jitter=4),
        Job(("app1", "app2"), 7, poll(cloud, "page1"), jitter=0.5),
        Job(("app1",), 75, put(cloud, (1_000, 9_000)), jitter=5),
    ]

    def syn(when: float, seconds: float, pause: int, level: str, senders: int = 2) -> Attack:
        forged = FORGED[:senders]
        commands = flood(front, 80, forged, pause, seconds)
        return cast(
            when, seconds, "syn_flood", level, "rogue", commands, "front", port=80, sources=forged
        )

    def web(when: float, requests: int, level: str) -> Attack:
        attack = crowd(front, (requests, requests), 25, bots)
        return cast(when, 14, "http_flood", level, "bots", attack, "front", port=80, sources=bots)

    def mirror(when: float, seconds: float, pause: int, level: str) -> Attack:
        command = reflect(front, names, packet, pause, seconds)
        return cast(
            when, seconds, "reflection_flood", level, "rogue", command, "front", sources=(names,)
        )

    day = _day(
        [
            syn(20, 10, 20_000, "low"),
            web(42, 110, "low"),
            mirror(64, 10, 20_000, "low"),
            cast(82, 15, "scan", "low", "rogue", scan([front], "75-90", "-sT", 2), "front"),
            syn(104, 8, 4_000, "mid"),
            web(120, 300, "mid"),
            cast(
                136, 40, "beaconing", "mid", "app2",
                repeated(poll(c2, "page1"), 12, 2.5), "c2", port=80,
            ),
            mirror(148, 8, 4_000, "mid"),
            cast(164, 20, "exfiltration", "mid", "app1", put(c2, (4_000, 7_000)), "c2", port=80),
            cast(182, 14, "scan", "high", "rogue", scan([front], CLOSED, "-sS", 90), "front"),
            web(198, 900, "high"),
            syn(218, 6, 900, "high"),
            cast(
                228, 20, "http_flood", "slow", "rogue", hold_open(front, 150, 16), "front", port=80
            ),
            mirror(250, 6, 1_200, "high"),
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
            ("below", 1_120, Band("packets_per_s", 2_800, 3_400)),
            ("above", 900, Band("packets_per_s", 3_650, 4_600)),
        )
    ]
    return Content(habits, jobs, [*_benign(), day, *floods])


# --- mail and file server -----------------------------------------------------------------------


def _mail_serve(stage: Stage) -> None:
    _serve(stage, web=("mail", "cloud", "c2"), ssh=("mail", "files"))
    start_mail(stage.bed, "mail", stage.at("mail"), stage.credentials)
    start_files(stage.bed, "files", stage.at("files"), stage.credentials)
    _wait(stage, ("mail", 143), ("mail", 110), ("files", 21), ("files", 22), ("c2", 80))


def _mail(stage: Stage) -> Content:
    site, at, key = stage.site, stage.at, stage.credentials.key
    mail, files, cloud, c2 = at("mail"), at("files"), at("cloud"), at("c2")
    people = site.pool("people")
    good, wrong = (f"{ACCOUNT}:{word}@" for word in (stage.credentials.word, "mistyped"))
    cast = _Cast(stage)

    def inbox(login_: str, sources: Sequence[str] = ()) -> Command:
        return either(
            (5, fetch(f"imap://{login_}{mail}/INBOX", sources)),
            (3, fetch(f"imap://{login_}{mail}/INBOX;UID=3", sources)),
            (3, fetch(f"pop3://{login_}{mail}/5", sources)),
            (1, fetch(f"pop3://{login_}{mail}/", sources)),
        )

    habits = [
        Habit(("people",), 60, inbox(good, people), OFFICE_HOURS),
        Habit(("people",), 5, inbox(wrong, people), OFFICE_HOURS),
        Habit(("people",), 20, browse(mail, sources=people), OFFICE_HOURS),
        Habit(("people",), 9, fetch(f"ftp://{good}{files}/report", people), DAY),
        Habit(("people",), 2, fetch(f"ftp://{wrong}{files}/report", people), DAY),
        Habit(("desk",), 8, inbox(good), OFFICE_HOURS),
        Habit(("desk",), 3, login(ACCOUNT, files, key), OFFICE_HOURS),
        Habit(("desk",), 1.5, mistype(ACCOUNT, files), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(("desk",), 2, copy(ACCOUNT, files, key, (100, 4_000)), OFFICE_HOURS),
    ]
    jobs = [
        Job(("phones",), 4, fetch(f"imap://{good}{mail}/INBOX"), jitter=0.3),
        Job(("desk",), 6, fetch(f"pop3://{good}{mail}/"), jitter=0.3),
        Job(("mail", "files"), 9, poll(cloud, "page2"), jitter=0.5),
        Job(("files",), 70, put(cloud, (3_000, 16_000)), jitter=5),
        Job(("watch",), 40, scan([mail, files], "21,22,25,80,110,143", "-sT"), jitter=4),
    ]

    def words(
        when: float, kind: str, target: str, count: int, seconds: float, level: str
    ) -> Attack:
        port = {"imap": 143, "pop3": 110, "ftp": 21, "ssh": 22}[kind]
        command = guess(f"{kind}://{at(target)}", ACCOUNT, count, 0.4)
        return cast(when, seconds, "brute_force", level, "rogue", command, target, port=port)

    day = _day(
        [
            words(20, "imap", "mail", 6, 15, "low"),
            words(45, "ftp", "files", 6, 15, "low"),
            cast(70, 20, "scan", "low", "rogue", scan([mail], "20-30,110,143", "-sT", 1), "mail"),
            words(96, "pop3", "mail", 16, 25, "mid"),
            cast(
                110, 45, "beaconing", "mid", "files",
                repeated(poll(c2, "page2"), 14, 2.8), "c2", port=80,
            ),
            words(126, "ssh", "files", 16, 20, "mid"),
            cast(150, 20, "exfiltration", "mid", "mail", put(c2, (4_000, 8_000)), "c2", port=80),
            words(172, "imap", "mail", 48, 30, "high"),
            cast(
                204, 14, "scan", "high", "rogue", scan([mail, files], "1-300", "-sS", 60),
                (mail, files),
            ),
            cast(
                214, 25, "exfiltration", "high", "files", put(c2, (14_000, 24_000)), "c2", port=80
            ),
            words(222, "ftp", "files", 36, 40, "high"),
        ]
    )  # fmt: skip

    def pair(threshold: str, kind: str, target: str, seconds: int, limit: int) -> list[Recording]:
        below, above = (
            _flows(words(3, kind, target, count, seconds - 4, "threshold"), count, count)
            for count in (limit - 1, limit + 1)
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
    _serve(stage, web=("hub", "camera", "vendor", "c2"), ssh=("hub", "lock"))
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
    habits = [
        Habit(("owner",), 15, browse(at("camera"), sources=site.pool("owner")), DAY),
        Habit(("owner",), 10, publish(hub, (10, 60), "wish"), DAY),
        Habit(("service",), 2, login(ACCOUNT, hub, stage.credentials.key), OFFICE_HOURS),
        Habit(("service",), 1, mistype(ACCOUNT, hub), OFFICE_HOURS, env=_mistyped(stage)),
        Habit(("lock",), 4, publish(hub, (20, 40), "door"), DAY),
    ]
    jobs = [
        Job(("meter1", "meter2"), 3, publish(hub, (90, 110)), jitter=0.1),
        Job(("lock", "camera"), 6, publish(hub, (30, 40), "alive"), jitter=0.2),
        Job(_DEVICES, 12, ask, jitter=0.5),
        Job(_DEVICES, 10, poll(vendor, "page1"), jitter=0.3),
        Job(("camera",), 14, put(vendor, (300, 1_500)), jitter=3),
        Job(("hub",), 60, put(vendor, (1_000, 6_000)), jitter=5),
        Job(("hub",), 35, scan([at(name) for name in _DEVICES], "22,80,1883", "-sT"), jitter=3),
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
        command = flood(victims[0], 80, (at("camera"),), pause, seconds)
        return cast(when, seconds, "syn_flood", level, "camera", command, victims[:1], port=80)

    day = _day(
        [
            beacon(15, "meter1", 5, 10, "low"),
            spread(35, 10, 1, "low"),
            words(64, 6, "low"),
            beacon(85, "lock", 14, 4, "mid"),
            join_flood(104, 8, 25_000, "low"),
            spread(118, 40, 5, "mid"),
            cast(
                140, 20, "exfiltration", "low", "camera", put(c2, (1_500, 3_000)), "c2", port=80
            ),
            words(150, 20, "mid"),
            join_flood(176, 8, 3_000, "mid"),
            beacon(186, "meter1", 35, 1.5, "high"),
            spread(196, 110, 20, "high"),
            cast(
                216, 25, "exfiltration", "high", "hub", put(c2, (10_000, 18_000)), "c2", port=80
            ),
            join_flood(236, 6, 1_000, "high"),
        ]
    )  # fmt: skip
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
                _flows(spread(3, 26, 5, "threshold"), 26, 26),
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


def _back_serve(stage: Stage) -> None:
    _serve(stage, web=("app", "cloud", "c2"), ssh=("base", "app"))
    start_database(stage.bed, "base", stage.at("base"), stage.folder, stage.credentials.word)
    _wait(stage, ("base", 5432), ("base", 22), ("app", 80), ("cloud", 80), ("c2", 80))


def _back(stage: Stage) -> Content:
    at, key = stage.at, stage.credentials.key
    base, app, cloud, c2 = at("base"), at("app"), at("cloud"), at("c2")
    everyone = (base, app, at("batch"), at("clerk"), *stage.site.nobody(60))
    cast = _Cast(stage)
    wrong = fixed("psql", "-X", "-w", "-c", "select 1", f"host={base} user=admin dbname=office")
    habits = [
        Habit(("app",), 60, query(base, _ORDER), DAY),
        Habit(("clerk",), 15, query(base, _ORDER), OFFICE_HOURS),
        Habit(("clerk", "batch"), 1.5, wrong, OFFICE_HOURS, env={"PGPASSWORD": "mistyped"}),
        Habit(("clerk",), 20, browse(app), OFFICE_HOURS),
        Habit(("clerk",), 2, login(ACCOUNT, base, key), OFFICE_HOURS),
        Habit(("batch",), 2, copy(ACCOUNT, base, key, (200, 6_000)), OFFICE_HOURS),
    ]
    jobs = [
        Job(("app",), 3, query(base, _ORDER[2:3]), jitter=0.2),
        Job(("batch",), 35, query(base, _EVERYTHING), jitter=4),
        Job(("base",), 60, put(cloud, (4_000, 26_000)), first=20, jitter=5),
        Job(("base", "app", "batch"), 8, poll(cloud, "page1"), jitter=0.4),
        Job(("watch",), 40, scan([base, app, at("batch")], "22,80,5432", "-sT"), jitter=4),
    ]

    def words(when: float, count: int, level: str, host: str = "clerk") -> Attack:
        command = guess(f"postgres://{base}/office", "admin", count, 0.4)
        return cast(when, 30, "brute_force", level, host, command, "base", port=5432)

    def leak(when: float, seconds: float, low: int, high: int, level: str) -> Attack:
        command = put(c2, (low, high), "60M")
        return cast(when, seconds, "exfiltration", level, "base", command, "c2", port=80)

    def theft(when: float, times: int, level: str) -> Attack:
        command = repeated(query(base, _EVERYTHING), times, 1.0)
        return cast(when, 20, "exfiltration", level, "rogue", command, "base", port=5432)

    def sweep(when: float, hosts: int, rate: float, level: str) -> Attack:
        targets = everyone[-hosts:]
        command = scan(targets, "5432", "-sT", rate)
        return cast(when, hosts / rate + 8, "scan", level, "batch", command, targets, port=5432)

    day = _day(
        [
            words(20, 6, "low", "rogue"),
            sweep(50, 12, 1, "low"),
            leak(75, 20, 2_000, 4_000, "low"),
            cast(
                96, 45, "beaconing", "low", "app",
                repeated(poll(c2, "page1"), 6, 7), "c2", port=80,
            ),
            words(112, 20, "mid", "rogue"),
            theft(142, 2, "mid"),
            sweep(160, 50, 6, "mid"),
            leak(176, 25, 10_000, 20_000, "mid"),
            cast(
                190, 50, "beaconing", "high", "batch",
                repeated(poll(c2, "page1"), 30, 1.5), "c2", port=80,
            ),
            words(205, 48, "high", "rogue"),
            theft(238, 6, "high"),
            leak(244, 20, 40_000, 60_000, "high"),
        ]
    )  # fmt: skip

    def whole(megabytes: float, times: int, low: float, high: float) -> tuple[Attack, Band]:
        size = round(megabytes * 1000 / times)
        command = repeated(put(c2, (size, size), "60M"), times, 0.5)
        seconds = 70 if times > 1 else 24
        attack = cast(2, seconds, "exfiltration", "threshold", "base", command, "c2")
        return attack, Band("ip_bytes", low * 1e6, high * 1e6)

    return Content(
        habits,
        jobs,
        [
            *_benign(),
            day,
            *_pair(
                FLOW_SLIPS, "exfiltration_flow", 30, whole(94, 1, 90, 99.9), whole(108, 1, 101, 120)
            ),
            *_pair(
                PAIR_SLIPS,
                "exfiltration_pair",
                80,
                whole(470, 6, 450, 499.9),
                whole(540, 6, 501, 600),
            ),
        ],
    )


SITES = {
    site.name: site
    for site in (
        Site(
            "web_shop", 41, ("shop", "stage", "desk", "watch"),
            ("people", "bots", "rogue", "cloud", "c2"),
            {"people": 60, "bots": 20}, _shop_serve, _shop,
        ),
        Site(
            "office", 42, ("files", *_DESKS, "watch"), ("web", "cloud", "c2"), {},
            _office_serve, _office,
        ),
        Site(
            "api", 43, ("front", "app1", "app2", "ops"),
            ("clients", "partner", "bots", "rogue", "names", "cloud", "c2"),
            {"clients": 40, "bots": 20}, _api_serve, _api,
        ),
        Site(
            "mail_and_files", 44, ("mail", "files", "desk", "watch"),
            ("people", "phones", "rogue", "cloud", "c2"), {"people": 30}, _mail_serve, _mail,
        ),
        Site(
            "fleet", 45, ("hub", *_DEVICES),
            ("owner", "service", "vendor", "victims", "rogue", "c2"),
            {"owner": 6, "victims": 120}, _fleet_serve, _fleet,
        ),
        Site(
            "back_office", 46, ("base", "app", "batch", "clerk", "watch"),
            ("cloud", "c2", "rogue"), {}, _back_serve, _back,
        ),
    )
}  # fmt: skip
