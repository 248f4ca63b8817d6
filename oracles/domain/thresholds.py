"""Published thresholds of perils and alerts; changes when a product takes another threshold.

Each is a frozen value that names its source, its ATT&CK technique and its VERIS action, so that it
can be written into a product's terms as it stands. Times are in microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND


@dataclass(frozen=True)
class Origin:
    """Where a threshold comes from and what it is a sign of."""

    source: str
    technique: str  # ATT&CK
    veris: str  # VERIS action


@dataclass(frozen=True)
class FloodThreshold:
    """Traffic towards one host, as the mean of the last ``mean_s`` seconds; any one suffices."""

    origin: Origin
    packets_per_s: int
    bits_per_s: int
    flows_per_s: int
    mean_s: int


@dataclass(frozen=True)
class GuessingThreshold:
    """``attempts`` by one client on one server's ``service`` within ``window_us``.

    An attempt is an answered connection of at most ``most_bytes`` in each direction that lasts at
    most ``longest_us``: a rejected login is over before a session's data flows.
    """

    origin: Origin
    service: str
    attempts: int
    window_us: int
    most_bytes: int
    longest_us: int


FLOOD: Final = FloodThreshold(
    Origin("FastNetMon default thresholds", "T1498", "action.hacking.variety.DoS"),
    packets_per_s=20_000,
    bits_per_s=1_000_000_000,
    flows_per_s=3_500,
    mean_s=5,
)

_GUESS: Final = "T1110"
_BRUTE: Final = "action.hacking.variety.Brute force"
GUESSING: Final = (
    GuessingThreshold(
        Origin("Slips: 9 SSH attempts; Emerging Threats, SSH scan: in 120 s", _GUESS, _BRUTE),
        "ssh", 9, 2 * MINUTE, 8_000, 30 * SECOND,
    ),
    GuessingThreshold(
        Origin("Zeek: 30 failed SSH logins in 30 min", _GUESS, _BRUTE),
        "ssh", 30, 30 * MINUTE, 8_000, 30 * SECOND,
    ),
    GuessingThreshold(
        Origin("Zeek policy/protocols/ftp/detect-bruteforcing", _GUESS, _BRUTE),
        "ftp", 20, 15 * MINUTE, 4_000, 30 * SECOND,
    ),
    GuessingThreshold(
        Origin("Emerging Threats: IMAP brute force", _GUESS, _BRUTE),
        "imap", 30, MINUTE, 4_000, 30 * SECOND,
    ),
    GuessingThreshold(
        Origin("Emerging Threats: POP3 brute force", _GUESS, _BRUTE),
        "pop3", 30, 2 * MINUTE, 4_000, 30 * SECOND,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class SpreadThreshold:
    """``targets`` distinct ports of one host, or hosts on one port, that one host's connections
    failed at within ``window_us``; ``every`` counts answered attempts too."""

    origin: Origin
    peril: str
    targets: int
    window_us: int
    protocols: tuple[str, ...]
    every: bool = False


@dataclass(frozen=True)
class RequestThreshold:
    """``connections`` answered ones of one client to one server's ``service`` in ``window_us``."""

    origin: Origin
    service: str
    connections: int
    window_us: int


@dataclass(frozen=True)
class BeaconThreshold:
    """A rhythm of answered TCP connections of one pair to one service, intervals not below
    ``interval_us``.

    Of a pair that is new, because the opener was observed for ``settled_us`` before without it:
    ``new_connections`` whose intervals all lie within an eighth of their median. Of any other pair:
    ``connections`` over ``shortest_us`` whose score reaches ``score`` thousandths, the mean of how
    even the intervals and how equal the sizes are, each 1000 less a thousand times the median
    absolute deviation over the median.
    """

    origin: Origin
    new_connections: int
    settled_us: int
    connections: int
    shortest_us: int
    interval_us: int
    score: int


@dataclass(frozen=True)
class UploadThreshold:
    """``total_bytes`` from one host to one other within ``window_us``, or ``flow_bytes`` in one
    flow, sent by the side that opened it and not received."""

    origin: Origin
    total_bytes: int
    flow_bytes: int
    window_us: int


@dataclass(frozen=True)
class TunnelThreshold:
    """``queries`` packets or more sent to a name service in one flow."""

    origin: Origin
    queries: int


_SCAN: Final = "action.hacking.variety.Footprinting"
SCANS: Final = (
    SpreadThreshold(
        Origin("Zeek policy/misc/scan: port_scan_threshold", "T1046", _SCAN),
        "vertical_scan", 15, 5 * MINUTE, ("tcp", "udp"),
    ),
    SpreadThreshold(
        Origin("Zeek policy/misc/scan: addr_scan_threshold", "T1046", _SCAN),
        "horizontal_scan", 25, 5 * MINUTE, ("tcp", "udp"),
    ),
    SpreadThreshold(
        Origin("Slips network discovery: ping scan of 5 addresses", "T1018", _SCAN),
        "ping_sweep", 5, 5 * MINUTE, ("icmp",), every=True,
    ),
)  # fmt: skip
HTTP_FLOOD: Final = RequestThreshold(
    Origin("Emerging Threats: 500 HTTP requests in 60 s", "T1499", "action.hacking.variety.DoS"),
    service="http",
    connections=500,
    window_us=MINUTE,
)
BEACON: Final = BeaconThreshold(
    Origin(
        "RITA: at least 4 connections, scored by intervals and sizes",
        "T1071",
        "action.malware.variety.C2",
    ),
    new_connections=4,
    settled_us=2 * MINUTE,
    connections=20,
    shortest_us=5 * MINUTE,
    interval_us=SECOND,
    score=900,
)
UPLOAD: Final = UploadThreshold(
    Origin(
        "Slips: 500 MB to one address, 100 MB in one flow",
        "T1048",
        "action.malware.variety.Export data",
    ),
    total_bytes=500_000_000,
    flow_bytes=100_000_000,
    window_us=60 * MINUTE,
)
TUNNEL: Final = TunnelThreshold(
    Origin(
        "derived: a resolver's client asks one or two questions from one port",
        "T1071.004",
        "action.malware.variety.C2",
    ),
    queries=100,
)
