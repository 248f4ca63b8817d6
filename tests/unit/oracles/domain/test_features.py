"""Features: what they count, and what must not change them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oracles.domain.features import FEW, NAMES, features, totals
from oracles.domain.flow import MISSING, build, concat
from oracles.domain.window import Frames

ASSETS = {"shop": ["198.51.100.0/24"], "office": ["203.0.113.9"]}
ORIGIN = 1_700_000_000_000_000
SECOND = 1_000_000


def connections(
    at_s: list[float],
    client: str = "192.0.2.7",
    server: str = "198.51.100.1",
    service: str = "http",
    port: int = 80,
    size: int = 900,
    state: str = "SF",
    lasts_s: float = 0.5,
) -> pd.DataFrame:
    """Connections that start at the given seconds after ORIGIN."""
    answered = 0 if state == "S0" else 5
    return build(
        {
            "ts": [ORIGIN + round(at * SECOND) for at in at_s],
            "duration_us": round(lasts_s * SECOND),
            "orig_h": client,
            "resp_h": server,
            "orig_p": 40_000,
            "resp_p": port,
            "proto": "tcp",
            "service": service,
            "orig_ip_bytes": size,
            "resp_ip_bytes": size * 2 if answered else 0,
            "orig_pkts": 6,
            "resp_pkts": answered,
            "conn_state": state,
        }
    )


def mixture(seed: int, count: int = 600, seconds: int = 1500) -> pd.DataFrame:
    """Random traffic of and between both assets and some outsiders."""
    draw = np.random.default_rng(seed)
    hosts = np.array(
        ["198.51.100.1", "198.51.100.2", "203.0.113.9", *(f"192.0.2.{n}" for n in range(9))]
    )
    answered = draw.integers(-1, 9, count)
    return build(
        {
            "ts": ORIGIN + draw.integers(0, seconds * SECOND, count),
            "duration_us": draw.integers(-1, 40 * SECOND, count),
            "orig_h": draw.choice(hosts, count),
            "resp_h": draw.choice(hosts, count),
            "orig_p": draw.integers(1024, 1100, count),
            "resp_p": draw.choice([22, 80, 443], count),
            "proto": draw.choice(["tcp", "udp"], count),
            "service": draw.choice(["ssh", "http", "dns", ""], count),
            "orig_ip_bytes": draw.integers(40, 9000, count),
            "resp_ip_bytes": np.maximum(answered, 0) * 300,
            "orig_pkts": draw.integers(1, 9, count),
            "resp_pkts": answered,
            "conn_state": draw.choice(["SF", "S0", "REJ", ""], count),
        }
    )


def test_features__bad_frame_length__is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        features(connections([1]), ASSETS, 0, ORIGIN)


def test_features__bad_address_block__is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        features(connections([1]), {"x": ["nowhere"]}, 60, ORIGIN)


def test_features__no_flow_of_an_asset__has_no_unit() -> None:
    table = features(connections([1], server="192.0.2.99"), ASSETS, 60, ORIGIN)
    assert table.shape == (0, len(NAMES))


def test_features__wanted_frames__have_a_row_for_every_asset() -> None:
    table = features(connections([1], state="S0"), ASSETS, 10, ORIGIN, frames=[5, 0])
    assert list(table.index) == [("shop", 0), ("shop", 5), ("office", 0), ("office", 5)]
    assert list(table["in_peer_failed"]) == [1, 1, 0, 0]


def test_features__connection_joins_the_frame_in_which_it_ends() -> None:
    table = features(connections([50], lasts_s=20), ASSETS, 60, ORIGIN)
    assert list(table.index) == [("shop", 1)]


def test_features__short_frames__look_back_over_a_minute() -> None:
    flows = concat([connections([1, 2], state="S0"), connections([95], state="S0")])
    table = features(flows, ASSETS, 10, ORIGIN).loc["shop"]
    assert list(table.index) == [0, 1, 2, 3, 4, 5, 9]
    assert list(table["in_peer_failed"]) == [2, 2, 2, 2, 2, 2, 1]


def test_features__internal_connection__counts_on_both_sides() -> None:
    inside = connections([1], client="203.0.113.9", state="S0")
    table = features(inside, ASSETS, 60, ORIGIN)
    assert table.loc[("shop", 0), "in_peer_failed"] == 1
    assert table.loc[("office", 0), "out_peer_failed"] == 1
    assert table.loc[("office", 0), "in_peer_failed"] == 0


def test_totals__values_of_flows__are_summed_by_direction_and_window() -> None:
    flows = concat([connections([1, 2]), connections([3], client="203.0.113.9")])
    table = totals(flows, ASSETS, 60, ORIGIN, {"n": np.array([1, 2, 4])})
    assert table.loc[("shop", 0)].tolist() == [7, 0]
    assert table.loc[("office", 0)].tolist() == [0, 4]


def test_features__logins__are_counted_by_client_service_and_size() -> None:
    flows = concat(
        [
            connections([1, 2, 3], service="ssh", port=902),
            connections([4], service="ssh", port=902, size=2_000),
            connections([5], service="ssh", port=902, client="192.0.2.8"),
            connections([6], service="ssh", port=902, size=50_000),
        ]
    )
    row = features(flows, ASSETS, 60, ORIGIN).loc[("shop", 0)]
    assert (row["in_logins"], row["in_alike_logins"]) == (4, 3)


def test_features__scan_and_sweep__are_counted_by_source() -> None:
    ports = [connections([1], port=p, state="S0", service="") for p in range(1, 21)]
    hosts = [
        connections([2], client="203.0.113.9", server=f"192.0.2.{n}", port=445, state="S0")
        for n in range(1, 31)
    ]
    table = features(concat([*ports, *hosts]), ASSETS, 60, ORIGIN)
    shop, office = table.loc[("shop", 0)], table.loc[("office", 0)]
    assert (shop["in_peer_ports"], shop["in_peer_failed"]) == (20, 20)
    assert office["out_port_hosts"] == 30
    assert office["out_failed_share"] == 30 * 1000 // (30 + FEW)


def test_features__shares__are_drawn_towards_nothing_for_few() -> None:
    one = features(connections([1], state="S0"), ASSETS, 60, ORIGIN).loc[("shop", 0)]
    many = features(connections([1.0] * 995, state="S0"), ASSETS, 60, ORIGIN).loc[("shop", 0)]
    assert (one["in_failed_share"], many["in_failed_share"]) == (1000 // 6, 995)
    assert one["in_sent_share"] == 0


def test_features__questions_in_one_flow__are_counted_by_their_packets() -> None:
    asked = connections([1, 2], service="dns", port=53).assign(orig_pkts=np.array([7, 90]))
    row = features(asked, ASSETS, 60, ORIGIN).loc[("shop", 0)]
    assert row["in_queries"] == 90


def test_features__steady_rhythm__beats_from_the_fourth_on() -> None:
    steady = features(connections([0, 20, 40, 60, 80]), ASSETS, 60, ORIGIN).loc["shop"]
    assert list(steady["in_beats"]) == [0, 2]
    uneven = features(connections([0, 20, 45, 59, 80]), ASSETS, 60, ORIGIN).loc["shop"]
    assert list(uneven["in_beats"]) == [0, 0]


def test_features__newcomer__is_young_once_the_asset_is_settled() -> None:
    regular = connections([float(s) for s in range(0, 400, 20)])
    stranger = connections([10, 310, 311, 390], client="192.0.2.99", state="S0")
    table = features(concat([regular, stranger]), ASSETS, 60, ORIGIN).loc["shop"]
    assert list(table["in_young_failed"]) == [*[MISSING] * 3, 0, 0, 0, 0]
    newcomer = connections([310, 311, 390, 405], client="192.0.2.98", state="S0")
    table = features(concat([regular, newcomer]), ASSETS, 60, ORIGIN).loc["shop"]
    assert list(table["in_young_failed"][-3:]) == [0, 2, 1]
    assert list(table["in_young_share"][-3:]) == [0, 2 * 1000 // 10, 1000 // 9]


def test_features__surge__compares_with_the_usual_rate() -> None:
    usual = connections([n * 10.0 for n in range(60)])
    burst = connections([600 + n * 0.5 for n in range(60)])
    table = features(concat([usual, burst]), ASSETS, 60, ORIGIN).loc["shop"]
    assert table["in_surge"].iloc[9] == 100
    assert table["in_surge"].iloc[10] == 1000
    assert (table["in_surge"].iloc[:2] == MISSING).all()


@pytest.mark.parametrize("length", [7, 10, 60, 100])
def test_features__only_the_lookback_kept__are_the_same(length: int) -> None:
    flows = mixture(1)
    table = features(flows, ASSETS, length, ORIGIN)
    clock = Frames(length, ORIGIN)
    ends = flows["ts"].to_numpy() + np.maximum(flows["duration_us"].to_numpy(), 0)
    frames = table.index.get_level_values("frame").unique()
    for frame in frames[:: max(1, len(frames) // 12)]:
        stop = int(clock.start_us(np.array([frame + 1]))[0])
        kept = flows[(ends < stop) & (ends >= stop - clock.lookback_s * SECOND)]
        one = features(kept, ASSETS, length, ORIGIN, frames=[int(frame)])
        expected = table[table.index.get_level_values("frame") == frame]
        assert one.loc[expected.index].equals(expected)


@pytest.mark.parametrize("length", [10, 60])
def test_features__later_flows__change_nothing_before(length: int) -> None:
    flows = mixture(2)
    ends = flows["ts"].to_numpy() + np.maximum(flows["duration_us"].to_numpy(), 0)
    early = flows[ends < ORIGIN + 900 * SECOND]
    whole = features(flows, ASSETS, length, ORIGIN)
    part = features(early, ASSETS, length, ORIGIN)
    assert part.equals(whole.loc[part.index])


def test_features__rows_shuffled__are_the_same() -> None:
    flows = mixture(3)
    shuffled = flows.sample(frac=1, random_state=1)
    assert features(shuffled, ASSETS, 10, ORIGIN).equals(features(flows, ASSETS, 10, ORIGIN))


def test_features__addresses_renumbered_and_time_shifted__are_the_same() -> None:
    flows = mixture(4)
    shift = 86_400 * SECOND
    renumbered = flows.assign(
        ts=flows["ts"] + shift,
        **{
            name: flows[name].astype("str").str.replace("192.0.2.", "100.64.7.").astype("category")
            for name in ("orig_h", "resp_h")
        },
    )
    moved = features(renumbered, ASSETS, 60, ORIGIN + shift)
    assert moved.equals(features(flows, ASSETS, 60, ORIGIN))


def test_features__more_hostile_traffic__lowers_no_count() -> None:
    quiet = mixture(5)
    hostile = concat(
        [quiet, connections([700 + n * 0.3 for n in range(100)], client="192.0.2.200", state="S0")]
    )
    before = features(quiet, ASSETS, 60, ORIGIN).loc["shop"]
    after = features(hostile, ASSETS, 60, ORIGIN).loc["shop"].loc[before.index]
    counts = [name for name in NAMES if not name.endswith(("surge", "share"))]
    frames = slice(11, 13)
    assert (after[counts].iloc[frames] >= before[counts].iloc[frames]).all(axis=None)
    assert after["in_peer_failed"].max() >= 60
