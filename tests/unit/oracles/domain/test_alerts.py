"""Alerts: just below a threshold none, at it one a run."""

from __future__ import annotations

import pandas as pd

from oracles.domain.alerts import alerts
from oracles.domain.flow import build, concat

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
    assert alerts(logins(20, 16_000_000)) == []


def test_guessing__sessions_with_data__are_silent() -> None:
    assert alerts(logins(20, 1_000_000, size=50_000)) == []


def test_guessing__service_without_threshold__is_silent() -> None:
    assert alerts(logins(50, 1_000_000, service="http")) == []


def test_guessing__nine_attempts_on_any_port__is_one_alert() -> None:
    (alert,) = alerts(logins(9, 15_000_000))
    assert (alert.peril, alert.subject, alert.counterpart) == ("brute_force", SERVER, CLIENT)
    assert (alert.start_us, alert.end_us, alert.severity) == (0, 2 * MINUTE + 2_000_000, 9)
    assert alert.origin.technique == "T1110"


def test_guessing__two_runs_apart__are_two_alerts() -> None:
    late = logins(9, 1_000_000)
    both = pd.concat([late, late.assign(ts=late["ts"] + 600 * MINUTE)], ignore_index=True)
    assert [alert.severity for alert in alerts(both)] == [9, 9]


def test_guessing__thirty_in_half_an_hour__reaches_both_ssh_thresholds() -> None:
    assert alerts(logins(29, 59_000_000)) == []
    (slow,) = alerts(logins(30, 59_000_000))
    assert slow.origin.source.startswith("Zeek")
    assert len(alerts(logins(30, 1_000_000))) == 2


def test_alerts__about_other_hosts__are_left_out() -> None:
    assert alerts(logins(9, 15_000_000), hosts={CLIENT}) == []


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


def attempts(
    ports: list[int], hosts: list[str], apart_us: int = 1_000_000, **columns: object
) -> pd.DataFrame:
    """Connections to each port of each host that get no answer."""
    targets = [(host, port) for host in hosts for port in ports]
    given = {
        "ts": [n * apart_us for n in range(len(targets))],
        "duration_us": 0,
        "orig_h": CLIENT,
        "resp_h": [host for host, _ in targets],
        "orig_p": 40_000,
        "resp_p": [port for _, port in targets],
        "proto": "tcp",
        "orig_pkts": 1,
        "resp_pkts": 0,
        "conn_state": "S0",
    }
    return build(given | columns)


def hosts(count: int) -> list[str]:
    return [f"198.51.100.{n}" for n in range(1, count + 1)]


def test_scans__one_port_too_few__is_silent() -> None:
    assert alerts(attempts(list(range(1, 15)), [SERVER])) == []


def test_scans__ports_tried_again__count_once() -> None:
    again = attempts(list(range(1, 15)), [SERVER])
    assert alerts(concat([again, again.assign(ts=again["ts"] + 60_000_000)])) == []


def test_scans__slower_than_the_window__is_silent() -> None:
    assert alerts(attempts(list(range(1, 30)), [SERVER], apart_us=MINUTE)) == []


def test_scans__answered_connections__are_silent() -> None:
    many = list(range(1, 40))
    assert alerts(attempts(many, [SERVER], resp_pkts=3, conn_state="SF")) == []


def test_scans__answers_of_a_resolver__are_silent() -> None:
    answers = attempts(list(range(2_000, 2_040)), [SERVER], proto="udp", orig_p=53)
    assert alerts(answers) == []


def test_scans__fifteen_ports__is_one_vertical_scan_of_the_host() -> None:
    (alert,) = alerts(attempts(list(range(1, 16)), [SERVER]))
    assert (alert.peril, alert.subject, alert.counterpart) == ("vertical_scan", SERVER, CLIENT)
    assert (alert.severity, alert.unit) == (15, "ports")


def test_scans__port_on_one_host_too_few__is_silent() -> None:
    assert alerts(attempts([22], hosts(24))) == []


def test_scans__port_on_twenty_five_hosts__is_one_sweep_by_its_source() -> None:
    (alert,) = alerts(attempts([22], hosts(25)))
    assert (alert.peril, alert.subject, alert.severity) == ("horizontal_scan", CLIENT, 25)


def test_scans__pings_of_five_hosts__are_a_sweep_answered_or_not() -> None:
    pings = attempts([0], hosts(5), proto="icmp", resp_pkts=1, conn_state="OTH")
    (alert,) = alerts(pings)
    assert (alert.peril, alert.severity) == ("ping_sweep", 5)
    assert alerts(pings.iloc[:4]) == []


def polls(gaps_s: list[float], sizes: list[int]) -> pd.DataFrame:
    """Answered connections of one pair with the given gaps and sizes."""
    starts = [0.0]
    for gap in gaps_s:
        starts.append(starts[-1] + gap)
    return build(
        {
            "ts": [round(start * 1_000_000) for start in starts],
            "duration_us": 200_000,
            "orig_h": CLIENT,
            "resp_h": SERVER,
            "resp_p": 443,
            "proto": "tcp",
            "service": "ssl",
            "orig_pkts": 9,
            "resp_pkts": 9,
            "orig_ip_bytes": (sizes * len(starts))[: len(starts)],
            "resp_ip_bytes": 3_000,
            "conn_state": "SF",
        }
    )


def test_beacons__too_few_or_too_short__are_silent() -> None:
    assert alerts(polls([30.0] * 18, [1_500])) == []
    assert alerts(polls([2.0] * 60, [1_500])) == []


def test_beacons__uneven_gaps__are_silent() -> None:
    assert alerts(polls([5.0, 60.0, 12.0, 33.0] * 10, [1_500, 90_000])) == []


def test_beacons__unanswered_retries__are_silent() -> None:
    retries = polls([30.0] * 30, [1_500]).assign(resp_pkts=0, resp_ip_bytes=0)
    assert [alert.peril for alert in alerts(retries)] == []


def test_beacons__even_gaps_and_sizes__is_one_alert() -> None:
    (alert,) = alerts(polls([30.0, 30.4, 29.8] * 8, [1_500, 1_520]))
    assert (alert.peril, alert.subject, alert.counterpart) == ("beaconing", CLIENT, SERVER)
    assert 950 <= alert.severity <= 1_000


def test_tunnels__one_query_too_few__is_silent() -> None:
    query = {"service": ["dns"], "proto": "udp", "orig_h": CLIENT, "resp_h": SERVER}
    assert alerts(build({"ts": [0], "orig_pkts": 99, "resp_pkts": 99, **query})) == []
    (alert,) = alerts(build({"ts": [0], "orig_pkts": 100, "resp_pkts": 99, **query}))
    assert (alert.peril, alert.severity) == ("tunnelling", 100)


def transfer(sizes: list[int], apart_us: int = MINUTE, answer: int = 0) -> pd.DataFrame:
    return build(
        {
            "ts": [n * apart_us for n in range(len(sizes))],
            "duration_us": 1_000_000,
            "orig_h": CLIENT,
            "resp_h": SERVER,
            "orig_pkts": 1,
            "resp_pkts": 1,
            "orig_ip_bytes": sizes,
            "resp_ip_bytes": answer,
        }
    )


def test_uploads__just_below_either_threshold__is_silent() -> None:
    assert alerts(transfer([99_999_999] * 5)) == []
    assert alerts(transfer([90_000_000] * 20, apart_us=20 * MINUTE)) == []


def test_uploads__more_received_than_sent__is_silent() -> None:
    assert alerts(transfer([200_000_000], answer=300_000_000)) == []


def test_uploads__one_large_flow_or_many__is_one_alert() -> None:
    (one,) = alerts(transfer([100_000_000]))
    assert (one.peril, one.subject, one.severity) == ("exfiltration", CLIENT, 100_000_000)
    (many,) = alerts(transfer([90_000_000] * 6))
    assert (many.start_us, many.severity) == (0, 540_000_000)


def test_beacons__pair_new_after_two_minutes__fires_at_four_in_step() -> None:
    earlier = attempts([80], hosts(2)[1:]).assign(resp_pkts=1)
    four = polls([4.0, 4.1, 3.9], [900]).assign(ts=lambda t: t["ts"] + 200_000_000)
    three = four.iloc[:3]
    assert alerts(concat([earlier, three])) == []
    (alert,) = alerts(concat([earlier, four]))
    assert (alert.peril, alert.start_us) == ("beaconing", 200_000_000)
    known = concat([earlier, four.iloc[:1].assign(ts=0), four])
    assert alerts(known) == []


def test_request_floods__one_connection_too_few__is_silent() -> None:
    many = logins(499, 100_000, service="http")
    assert alerts(many) == []
    (alert,) = alerts(logins(500, 100_000, service="http"))
    assert (alert.peril, alert.subject, alert.severity) == ("http_flood", SERVER, 500)
    assert alerts(logins(520, 130_000, service="http")) == []
