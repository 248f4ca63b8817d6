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

    An attempt is a connection answered with payload, of at most ``most_bytes`` in each direction,
    that lasts at most ``longest_us``: a rejected login is over before a session's data flows.
    """

    origin: Origin
    service: str
    attempts: int
    window_us: int
    most_bytes: int
    longest_us: int


FLOOD: Final = FloodThreshold(
    Origin("FastNetMon default thresholds", "T1498", "hacking: DoS"),
    packets_per_s=20_000,
    bits_per_s=1_000_000_000,
    flows_per_s=3_500,
    mean_s=5,
)

_GUESS: Final = "T1110"
_BRUTE: Final = "hacking: Brute force"
GUESSING: Final = (
    GuessingThreshold(
        Origin("Slips: 9 SSH attempts; window of Zeek's ssh guessing policy", _GUESS, _BRUTE),
        "ssh", 9, 30 * MINUTE, 8_000, 30 * SECOND,
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
