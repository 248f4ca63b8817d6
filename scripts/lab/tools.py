"""Command lines of the tools that benign users and attackers of the laboratory share.

An attack that has a benign twin (guessing and logins, exfiltration and backup, beacon and polling)
uses the same tool, protocol, port and direction; only how often, how much and how regularly differ.
Each function returns a Command for the schedule. Sizes are in kB of 1,000 bytes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

from scripts.lab.schedule import Command

Sizes = tuple[int, int]
# where floods claim to come from (RFC 2544)
FORGED = tuple(f"198.18.{block}.{host}" for block in range(16) for host in (7, 44, 90, 201))

_CURL = ("curl", "-s", "-o", "/dev/null", "--connect-timeout", "3")
_SSH = (
    *("ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
    *("-o", "ConnectTimeout=5", "-o", "NumberOfPasswordPrompts=1"),
)


def _one(dice: random.Random, servers: str | Sequence[str]) -> str:
    """The server, or any of several addresses of one service."""
    return servers if isinstance(servers, str) else dice.choice(servers)


def _between(dice: random.Random, sizes: Sizes) -> int:
    """A size between two bounds, small ones more often (log-uniform)."""
    low, high = sizes
    return round(math.exp(dice.uniform(math.log(low), math.log(high))))


def either(*weighted: tuple[float, Command]) -> Command:
    """One of several commands, by weight."""
    weights = [weight for weight, _ in weighted]

    def command(dice: random.Random) -> Sequence[str]:
        return dice.choices([made for _, made in weighted], weights)[0](dice)

    return command


def fixed(*argv: str) -> Command:
    """Always the same command line."""
    return lambda dice: argv


def browse(
    server: str, pages: Sizes = (1, 3), sources: Sequence[str] = (), missing: float = 0.05
) -> Command:
    """A visit of some pages over one connection, from one of the host's ``sources``."""

    def command(dice: random.Random) -> Sequence[str]:
        bind = ("--interface", dice.choice(sources)) if sources else ()
        urls = [
            f"http://{server}/missing"
            if dice.random() < missing
            else f"http://{server}/page{min(int(dice.expovariate(0.2)), 23)}"
            for _ in range(dice.randint(*pages))
        ]
        return (*_CURL, *bind, "-m", "10", *urls)

    return command


def crowd(
    server: str, requests: Sizes, at_once: int, sources: Sequence[str] = (), clients: Sizes = (1, 1)
) -> Command:
    """Some clients of ``sources`` at the same time, each making many requests by ab over as many
    connections, then silence. ``requests`` is what one client makes."""

    def command(dice: random.Random) -> Sequence[str]:
        page = dice.randint(0, 6)
        runs = []
        for _ in range(dice.randint(*clients)):
            count = dice.randint(*requests)
            bind = f"-B {dice.choice(sources)}" if sources else ""
            load = f"-n {count} -c {min(at_once, count)}"
            runs.append(f"ab -q -r -s 5 {load} {bind} http://{server}/page{page}")
        return ("sh", "-c", " & ".join([*runs, "wait"]))

    return command


def poll(server: str | Sequence[str], path: str = "index.html") -> Command:
    """One small request: a health check, a poll for updates, or a beacon asking for orders."""

    def command(dice: random.Random) -> Sequence[str]:
        return (*_CURL, "-m", "5", f"http://{_one(dice, server)}/{path}")

    return command


def put(server: str | Sequence[str], sizes: Sizes, rate: str = "20M") -> Command:
    """An upload over HTTP: a backup, a report, or what a thief takes."""

    def command(dice: random.Random) -> Sequence[str]:
        size = _between(dice, sizes) * 1000
        target = f"http://{_one(dice, server)}/upload"
        return (
            *("sh", "-c"),
            f"head -c {size} /dev/zero | {' '.join(_CURL)} -m 40 --limit-rate {rate}"
            f" -H Expect: -T - {target}",
        )

    return command


def fetch(url: str, sources: Sequence[str] = ()) -> Command:
    """Anything that curl can fetch: mail over imap and pop3, files over ftp, bulk over http."""

    def command(dice: random.Random) -> Sequence[str]:
        bind = ("--interface", dice.choice(sources)) if sources else ()
        return (*_CURL, *bind, "-m", "15", url)

    return command


def login(account: str, server: str, key: Path, sizes: Sizes) -> Command:
    """A signed-in ssh session that prints some kB."""

    def command(dice: random.Random) -> Sequence[str]:
        work = f"head -c {_between(dice, sizes) * 1000} /dev/zero; sleep {dice.uniform(0.2, 3):.1f}"
        return (*_SSH, "-o", "BatchMode=yes", "-i", str(key), f"{account}@{server}", work)

    return command


def mistype(account: str, server: str) -> Command:
    """One refused password; the environment names the askpass program."""
    return fixed(*_SSH, "-o", "PubkeyAuthentication=no", f"{account}@{server}", "true")


def copy(account: str, server: str, key: Path, sizes: Sizes) -> Command:
    """A copy over ssh to a server: a backup, or what a thief takes."""

    def command(dice: random.Random) -> Sequence[str]:
        ssh = " ".join((*_SSH, "-o", "BatchMode=yes", "-i", str(key), f"{account}@{server}"))
        size = _between(dice, sizes) * 1000
        return ("sh", "-c", f"head -c {size} /dev/zero | {ssh} 'cat > /dev/null'")

    return command


def guess(url: str, account: str, words: int, pause: float, *, at_once: int = 4) -> Command:
    """``words`` wrong passwords by hydra in bursts, each over its own connection."""

    def command(dice: random.Random) -> Sequence[str]:
        bursts = [min(at_once, words - done) for done in range(0, words, at_once)]
        tries = "; ".join(
            f"printf 'guess{number}%s\\n' {' '.join(map(str, range(burst)))} > $d/w;"
            f" timeout 10 hydra -I -q -l {account} -P $d/w -t {burst} {url}; sleep {pause}"
            for number, burst in enumerate(bursts)
        )
        return ("sh", "-c", f"d=$(mktemp -d); cd $d; {tries}; rm -r $d")

    return command


def scan(targets: Sequence[str], ports: str, kind: str = "-sS", per_second: float = 20) -> Command:
    """A port scan by nmap at a bounded rate, one try a port, without host discovery."""
    return fixed(
        *("nmap", "-n", "-Pn", kind, "--max-retries", "0", "--host-timeout", "60s"),
        *("--max-rate", str(per_second), "-p", ports, *targets),
    )


def ping(targets: Sequence[str], per_second: float) -> Command:
    """One echo request to each target by nmap."""
    return fixed(
        *("nmap", "-n", "-sn", "-PE", "--disable-arp-ping", "--max-retries", "0"),
        *("--host-timeout", "20s", "--max-rate", str(per_second), *targets),
    )


def stream(target: str, bits_per_s: int, size: int, seconds: int) -> Command:
    """One stream of UDP datagrams of ``size`` bytes by iperf3; ``nice`` keeps the rate."""
    return fixed(
        *("nice", "-n", "-15", "iperf3", "-c", target, "-u", "-b", str(bits_per_s)),
        *("-l", str(size), "-t", str(seconds), "--connect-timeout", "2000"),
    )


def flood(
    target: str, port: int, pause_us: int, seconds: float, sources: Sequence[str] = FORGED
) -> Command:
    """A SYN flood by hping3 from one of ``sources``, ports rising from a random one: each packet is
    a flow. ``nice`` keeps the rate on a busy machine."""
    count = max(1, int(seconds * 1_000_000 / pause_us))

    def command(dice: random.Random) -> Sequence[str]:
        source, first = dice.choice(sources), dice.randrange(1024, 65536)
        return (
            *("nice", "-n", "-15", "hping3", "-q", "-S", "-p", str(port), "-a", source),
            *("-i", f"u{pause_us}", "-c", str(count), "-d", "120", "-s", str(first), target),
        )

    return command


def reflect(victim: str, reflector: str, question: Path, pause_us: int, seconds: float) -> Command:
    """Questions to a name server in the victim's name, whose answers flood the victim."""
    count = max(1, int(seconds * 1_000_000 / pause_us))
    return fixed(
        *(
            "nice",
            "-n",
            "-15",
            "hping3",
            "-q",
            "--udp",
            "-p",
            "53",
            "-a",
            victim,
            "-i",
            f"u{pause_us}",
            "-c",
        ),
        *(str(count), "-d", str(question.stat().st_size), "-E", str(question), reflector),
    )


def hold_open(server: str, connections: int, seconds: int) -> Command:
    """Connections held open by slowhttptest with hardly any data (slow headers)."""
    return fixed(
        *("slowhttptest", "-H", "-c", str(connections), "-r", "25", "-i", "4", "-l", str(seconds)),
        *("-x", "8", "-p", "3", "-u", f"http://{server}/"),
    )


def query(server: str, statements: Sequence[str]) -> Command:
    """One connection to PostgreSQL with one statement."""

    def command(dice: random.Random) -> Sequence[str]:
        address = f"host={server} user=clerk dbname=office connect_timeout=3"
        return ("psql", "-X", "-q", "-o", "/dev/null", "-c", dice.choice(statements), address)

    return command


def publish(broker: str, sizes: Sizes, topic: str = "reading") -> Command:
    """One MQTT connection with one message."""

    def command(dice: random.Random) -> Sequence[str]:
        size = dice.randint(*sizes)
        return ("mosquitto_pub", "-h", broker, "-t", topic, "-m", "x" * size)

    return command


def tunnel(python: str, server: str, labels: int) -> Command:
    """Questions with long random names, as a tunnel over DNS asks them."""
    return fixed(python, "-m", "scripts.lab.dns", "tunnel", server, str(labels))


def repeated(command: Command, times: int | Sizes, pause: float | tuple[float, float]) -> Command:
    """The same command some times in one shell, with equal pauses or with pauses between two."""
    low, high = (times, times) if isinstance(times, int) else times
    shortest, longest = pause if isinstance(pause, tuple) else (pause, pause)

    def made(dice: random.Random) -> Sequence[str]:
        again = "".join(
            f'; sleep {dice.uniform(shortest, longest):.2f}; "$@"'
            for _ in range(dice.randint(low, high) - 1)
        )
        return ("sh", "-c", f'"$@"{again}', "repeated", *command(dice))

    return made
