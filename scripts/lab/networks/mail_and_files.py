"""A mail and file server: IMAP, POP3, FTP and ssh, guessed on beside real logins."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.lab.networks.common import (
    FTP_ZEEK,
    IMAP_ET,
    POP3_ET,
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
from scripts.lab.schedule import DAY, OFFICE_HOURS, Command, Habit, Job
from scripts.lab.services import ACCOUNT, start_files, start_mail
from scripts.lab.site import Attack, Content, Recording, Site, Stage
from scripts.lab.tools import browse, copy, either, fetch, login, mistype, poll, put, repeated

_PORTS = {"imap": 143, "pop3": 110, "ftp": 21, "ssh": 22}


def _serve(stage: Stage) -> None:
    serve(stage, web=("mail", "archive", "cloud", "c2"), ssh=("mail", "files", "archive"))
    for host in ("mail", "archive"):
        start_mail(stage.bed, host, stage.at(host), stage.credentials)
    for host in ("files", "archive"):
        start_files(stage.bed, host, stage.at(host), stage.credentials)
    wait(stage, ("mail", 143), ("mail", 110), ("files", 21), ("files", 22), ("c2", 80))


def _content(stage: Stage) -> Content:
    site, at, key = stage.site, stage.at, stage.credentials.key
    mail, files, cloud = at("mail"), at("files"), at("cloud")
    people = site.pool("people")
    good, wrong = (f"{ACCOUNT}:{word}@" for word in (stage.credentials.word, "mistyped"))
    clouds = stage.site.pool("cloud")
    cast = Cast(stage)

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
        Habit(("desk",), 1.5, mistype(ACCOUNT, files), OFFICE_HOURS, env=wrong_word(stage)),
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
        Job(("mail", "files", "archive", "desk"), 5, poll(cloud, "page1"), jitter=0.4),
        Job(("files", "archive", "mail"), 40, put(clouds, (1_500, 18_000)), jitter=8),
        *routine(
            stage,
            watch="watch",
            worker="desk",
            stale="people",
            shell="archive",
            known=("mail", "files", "archive"),
            ports="21-25,80,105-110,143",
            roaming=("mail", "files", "archive", "desk"),
            clouds=clouds,
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
        url, port = f"{kind}://{at(target)}", _PORTS[kind]
        return cast.words(when, host, url, target, port, count, seconds, level, pause=0.4)

    day = day_of(
        [
            words(20, "imap", "mail", 6, 15, "low"),
            cast.beacon(30, "desk", 7, 6, "low"),
            words(45, "ftp", "files", 6, 15, "low"),
            cast.ports(66, "rogue", "mail", "100-114", 1, "low"),
            cast.leak(84, "files", 1_500, 3_000, "low"),
            words(96, "pop3", "mail", 14, 25, "mid"),
            cast.beacon(110, "files", 14, 2.8, "mid"),
            words(128, "ssh", "files", 14, 20, "mid"),
            cast.leak(146, "mail", 4_000, 9_000, "mid"),
            cast.beacon(158, "mail", 20, 1.8, "high"),
            words(172, "imap", "mail", 40, 30, "high"),
            cast.ports(200, "rogue", "archive", "1-200", 20, "high"),
            cast.leak(212, "files", 8_000, 18_000, "high"),
            words(222, "ftp", "files", 30, 40, "high"),
            words(226, "pop3", "archive", 24, 35, "high"),
        ]
    )

    def guessing(threshold: str, kind: str, target: str, limit: int) -> list[Recording]:
        # hydra looks at a POP3 server once before each burst of four: a connection more
        looks = 5 / 4 if kind == "pop3" else 1
        below, above = (
            counted(
                words(3, kind, target, int(flows / looks), 46, "threshold", host),
                *((limit - 4, limit - 1) if flows < limit else (limit + 1, limit + 5)),
            )
            for host, flows in (("guest1", limit - 1), ("guest2", limit + 2))
        )
        return pair(threshold, f"{kind}_guessing", 50, below, above)

    return Content(
        habits,
        jobs,
        [
            benign(),
            day,
            *guessing(IMAP_ET, "imap", "mail", 30),
            *guessing(POP3_ET, "pop3", "mail", 30),
            *guessing(FTP_ZEEK, "ftp", "files", 20),
        ],
    )


SITE = Site(
    "mail_and_files",
    44,
    inside=("mail", "files", "archive", "desk", "watch"),
    outside=("people", "phones", "rogue", "cloud", "c2", "guest1", "guest2"),
    pools={"people": 30, "cloud": 60},
    serve=_serve,
    content=_content,
)
