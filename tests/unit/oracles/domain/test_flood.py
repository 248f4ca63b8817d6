"""Attacked slots: reached only by traffic at the threshold, whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oracles.domain.flood import attacked_slots, load
from oracles.domain.flow import build
from oracles.domain.thresholds import FLOOD

VICTIM = "198.51.100.1"
ORIGIN = 1_700_000_000_000_000


def stream(packets_per_s: int, seconds: int, start_s: int = 20, size: int = 60) -> pd.DataFrame:
    """One long flow of evenly spaced packets towards the victim."""
    packets = packets_per_s * seconds
    return build(
        {
            "ts": [ORIGIN + start_s * 1_000_000],
            "duration_us": [seconds * 1_000_000 - 1],
            "orig_h": ["192.0.2.7"],
            "resp_h": [VICTIM],
            "orig_pkts": [packets],
            "orig_ip_bytes": [packets * size],
            "resp_pkts": [0],
            "resp_ip_bytes": [0],
        }
    )


def test_attacked_slots__slot_below_a_second__is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        attacked_slots(stream(1, 1), {VICTIM}, 0, ORIGIN)


def test_attacked_slots__just_below_the_packet_rate__is_none() -> None:
    assert attacked_slots(stream(19_999, 30), {VICTIM}, 10, ORIGIN) == set()


def test_attacked_slots__at_the_packet_rate__starts_once_the_mean_is_full() -> None:
    assert attacked_slots(stream(20_000, 30), {VICTIM}, 10, ORIGIN) == {2, 3, 4}
    assert attacked_slots(stream(20_000, 4), {VICTIM}, 10, ORIGIN) == set()


def test_attacked_slots__at_the_bit_rate__is_attacked() -> None:
    assert attacked_slots(stream(10_000, 10, size=12_500), {VICTIM}, 10, ORIGIN) == {2}
    assert attacked_slots(stream(10_000, 10, size=12_400), {VICTIM}, 10, ORIGIN) == set()


@pytest.mark.parametrize(("count", "attacked"), [(3_500, {0}), (3_499, set())])
def test_attacked_slots__connection_rate__decides(count: int, attacked: set[int]) -> None:
    opened = np.repeat(np.arange(5), count) * 1_000_000 + ORIGIN
    flows = build(
        {
            "ts": opened,
            "orig_h": "192.0.2.7",
            "resp_h": VICTIM,
            "orig_pkts": 1,
            "orig_ip_bytes": 60,
        }
    )
    assert attacked_slots(flows, {VICTIM}, 10, ORIGIN) == attacked


def test_attacked_slots__another_host__is_not_attacked() -> None:
    assert attacked_slots(stream(50_000, 30), {"192.0.2.7"}, 10, ORIGIN) == set()


def test_attacked_slots__sampled_one_in_a_thousand__is_scaled_up() -> None:
    sampled = stream(20, 30).assign(sampling_rate=np.int32(1_000))
    assert attacked_slots(sampled, {VICTIM}, 10, ORIGIN) == {2, 3, 4}


def test_load__any_order_and_split__has_the_same_totals() -> None:
    flows = pd.concat([stream(n, n, start_s=n) for n in (3, 7, 11)], ignore_index=True)
    flows = flows.assign(orig_h=flows["orig_h"].astype("category"))
    forward, backward = load(flows, VICTIM, ORIGIN), load(flows[::-1], VICTIM, ORIGIN)
    assert forward.packets.tolist() == backward.packets.tolist()
    assert forward.packets.sum() == flows["orig_pkts"].sum()
    assert forward.bytes.sum() == flows["orig_ip_bytes"].sum()
    assert FLOOD.mean_s == 5
