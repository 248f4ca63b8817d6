"""What the networks of the laboratory have in common: thresholds, servers, routine, and the cast
that builds attacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.lab.schedule import Command, Job
from scripts.lab.services import ACCOUNT, start_ssh, start_web
from scripts.lab.site import Attack, Band, Recording, Stage
from scripts.lab.tools import guess, login, mistype, poll, put, repeated, scan

BENIGN_SECONDS, DAY_SECONDS = 120, 270

SCAN_VERTICAL = "Zeek scan: 15 failed ports of one host in 5 minutes"
SCAN_HORIZONTAL = "Zeek scan: 25 hosts on one port in 5 minutes"
SSH_SLIPS = "Slips: 9 ssh attempts"
SSH_ZEEK = "Zeek: 30 failed ssh logins in 30 minutes"
FTP_ZEEK = "Zeek: 20 failed ftp logins in 15 minutes"
IMAP_ET = "Emerging Threats: 30 IMAP logins in 60 seconds"
POP3_ET = "Emerging Threats: 30 POP3 logins in 120 seconds"
HTTP_ET = "Emerging Threats: 500 HTTP requests in 60 seconds"
SYN_FASTNETMON = "FastNetMon: 3,500 flows/s towards one host, mean of 5 seconds"
PACKETS_FASTNETMON = "FastNetMon: 20,000 packets/s towards one host, mean of 5 seconds"
BITS_FASTNETMON = "FastNetMon: 1 Gbit/s towards one host, mean of 5 seconds"
REFLECTION_FASTNETMON = f"{SYN_FASTNETMON}, here of answers from name servers"
SWEEP_SLIPS = "Slips: 5 addresses pinged"
TUNNEL_DERIVED = "derived: 100 questions over one port"
BEACON_LONG = "RITA, of what was always there: 20 connections over 5 minutes"
BEACON_RITA = "RITA: at least 4 connections of one pair"
FLOW_SLIPS = "Slips: 100 MB in one flow"
PAIR_SLIPS = "Slips: 500 MB to one address"


def serve(stage: Stage, *, web: Sequence[str] = (), ssh: Sequence[str] = ()) -> None:
    """Start web servers and shells on hosts; a web server uses all addresses of its host."""
    for host in web:
        start_web(stage.bed, host, "*", stage.folder, stage.root)
    for host in ssh:
        start_ssh(stage.bed, host, stage.at(host), stage.credentials)


def wait(stage: Stage, *services: tuple[str, int]) -> None:
    """Wait until services answer."""
    for host, port in services:
        stage.bed.wait_for_port("core", stage.at(host), port, patience=20)


def wrong_word(stage: Stage) -> dict[str, str]:
    """The environment in which ssh is given a mistyped password."""
    return {"SSH_ASKPASS": str(stage.credentials.mistyped), "SSH_ASKPASS_REQUIRE": "force"}


def routine(
    stage: Stage,
    *,
    watch: str,
    worker: str,
    stale: str,
    shell: str,
    known: Sequence[str],
    ports: str,
    roaming: tuple[str, ...],
    clouds: Sequence[str],
) -> list[Job]:
    """Honest work that looks like an attack and stays below every threshold: an inventory of ports
    and of addresses by ``watch``, a roll-out over many short ssh sessions by ``worker``, ``stale``
    trying an old password, ``roaming`` hosts at ever new addresses of a content network."""
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
            repeated(mistype(ACCOUNT, at(shell)), (2, 4), 0.8),
            jitter=30,
            limit=25,
            env=wrong_word(stage),
        ),
        Job(roaming, 17, poll(clouds, "page4"), jitter=12),
        Job(roaming, 55, repeated(poll(clouds, "page1"), (4, 9), (0.5, 6.0)), jitter=25, limit=50),
    ]


def benign() -> Recording:
    """A day without attacks."""
    return Recording("benign", BENIGN_SECONDS, rhythm=True)


def day_of(attacks: Sequence[Attack]) -> Recording:
    """A day with these attacks in it."""
    return Recording("day", DAY_SECONDS, attacks, rhythm=True)


def pair(threshold: str, name: str, seconds: int, *sides: tuple[Attack, Band]) -> list[Recording]:
    """Two short recordings, the first just below a threshold and the second just above."""
    return [
        Recording(f"{name}_{side}", seconds, (attack,), threshold, band=band)
        for side, (attack, band) in zip(("below", "above"), sides, strict=True)
    ]


def counted(attack: Attack, low: int, high: int) -> tuple[Attack, Band]:
    """An attack that must make so many flows."""
    return attack, Band("flows", low, high)


class Cast:
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

    def beacon(self, at: float, host: str, times: int, pause: float, level: str) -> Attack:
        """``host`` asks c2 for orders, as others ask for updates."""
        command = repeated(poll(self._stage.at("c2"), "page1"), times, pause)
        return self(at, times * pause + 5, "beaconing", level, host, command, "c2", port=80)

    def leak(
        self, at: float, host: str, low: int, high: int, level: str, rate: str = "20M"
    ) -> Attack:
        """``host`` uploads some kB to c2, as others upload backups."""
        command = put(self._stage.at("c2"), (low, high), rate)
        return self(at, 22, "exfiltration", level, host, command, "c2", port=80)

    def ports(
        self, at: float, host: str, target: str, ports: str, rate: float, level: str
    ) -> Attack:
        """``host`` tries ports of ``target``, as an inventory does."""
        command = scan([self._stage.at(target)], ports, "-sS", rate)
        return self(at, 20, "scan", level, host, command, target)

    def words(
        self,
        at: float,
        host: str,
        url: str,
        target: str,
        port: int,
        count: int,
        seconds: float,
        level: str,
        *,
        account: str = ACCOUNT,
        pause: float = 0.8,
    ) -> Attack:
        """``host`` guesses passwords of an account of ``target``."""
        command = guess(url, account, count, pause)
        return self(at, seconds, "brute_force", level, host, command, target, port=port)
