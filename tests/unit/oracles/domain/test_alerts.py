"""Alerts: just below a threshold none, at it one a run."""

from __future__ import annotations

import pandas as pd

from oracles.domain.alerts import alerts
from oracles.domain.flow import build

CLIENT, SERVER = "192.0.2.7", "198.51.100.1"
MINUTE = 60_000_000


def logins(count: int, apart_us: int, service: str = "ssh", size: int = 2_000) -> pd.DataFrame:
    """Short answered connections to the service, evenly spaced."""
    return build(
        {
            "ts": [n * apart_us for n in range(count)],
            "duration_us": 2_000_000,
            "orig_h": CLIENT,
            "resp_h": SERVER,
            "resp_p": 902,
            "service": service,
            "orig_pkts": 12,
            "resp_pkts": 11,
            "orig_ip_bytes": size,
            "resp_ip_bytes": size,
        }
    )


def test_guessing__one_attempt_too_few__is_silent() -> None:
    assert alerts(logins(8, 1_000_000)) == []


def test_guessing__slower_than_the_window__is_silent() -> None:
    assert alerts(logins(20, 4 * MINUTE)) == []


def test_guessing__sessions_with_data__are_silent() -> None:
    assert alerts(logins(20, 1_000_000, size=50_000)) == []


def test_guessing__service_without_threshold__is_silent() -> None:
    assert alerts(logins(50, 1_000_000, service="http")) == []


def test_guessing__nine_attempts_on_any_port__is_one_alert() -> None:
    (alert,) = alerts(logins(9, MINUTE))
    assert (alert.peril, alert.subject, alert.counterpart) == ("brute_force", SERVER, CLIENT)
    assert (alert.start_us, alert.end_us, alert.severity) == (0, 8 * MINUTE + 2_000_000, 9)
    assert alert.technique == "T1110"


def test_guessing__two_runs_apart__are_two_alerts() -> None:
    late = logins(9, 1_000_000)
    both = pd.concat([late, late.assign(ts=late["ts"] + 600 * MINUTE)], ignore_index=True)
    assert [alert.severity for alert in alerts(both)] == [9, 9]


def test_alerts__about_other_hosts__are_left_out() -> None:
    assert alerts(logins(9, MINUTE), hosts={CLIENT}) == []


def test_floods__at_the_rate__is_one_alert_with_its_seconds() -> None:
    flows = build(
        {
            "ts": [0],
            "duration_us": [20_000_000 - 1],
            "orig_h": CLIENT,
            "resp_h": SERVER,
            "orig_pkts": 20_000 * 20,
            "orig_ip_bytes": 20_000 * 20 * 40,
        }
    )
    (alert,) = alerts(flows)
    assert (alert.peril, alert.subject) == ("flood", SERVER)
    assert (alert.start_us, alert.end_us, alert.severity) == (4_000_000, 20_000_000, 16)
