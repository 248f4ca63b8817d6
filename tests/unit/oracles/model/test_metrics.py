"""Figures of judgement on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oracles.model.datasets import STRATA
from oracles.model.metrics import (
    auc,
    calibration_error,
    equal_auc,
    false_alarms,
    interval,
    quiet_threshold,
    recall_by_family,
)


def units(
    label: list[int], stratum: list[str], source: str = "a", family: str = "scan"
) -> pd.DataFrame:
    """Units with flows of one protocol and direction each."""
    table = pd.DataFrame({"label": label, "source": source, "asset": "x", "seconds": 10})
    table["frame"] = range(len(label))
    table["family"] = np.where(table["label"] == 1, family, "benign")
    for proto, side in STRATA:
        here = np.array([name == f"{proto}_{side}" for name in stratum])
        table[f"all_{proto}_{side}"] = here.astype(int)
        table[f"bad_{proto}_{side}"] = (here & (table["label"] == 1)).astype(int)
    return table


def test_auc__one_class__is_not_a_number() -> None:
    assert np.isnan(auc(np.array([True, True]), np.array([1, 2])))


def test_auc__known_orders__are_exact() -> None:
    hostile = np.array([False, False, True, True])
    assert auc(hostile, np.array([1, 2, 3, 4])) == 1.0
    assert auc(hostile, np.array([4, 3, 2, 1])) == 0.0
    assert auc(hostile, np.array([1, 3, 2, 4])) == 0.75
    assert auc(hostile, np.zeros(4)) == 0.5


def test_equal_auc__protocol_gives_the_label_away__measures_nothing() -> None:
    table = units([1] * 20 + [0] * 20, ["tcp_in"] * 20 + ["udp_out"] * 20)
    assert equal_auc(table, np.arange(40)) == {}


def test_equal_auc__strata_of_different_size__weigh_the_same() -> None:
    table = units([1] * 20 + [0] * 20 + [1] * 5 + [0] * 5, ["tcp_in"] * 40 + ["udp_out"] * 10)
    score = np.concatenate([np.ones(20), np.zeros(20), np.zeros(5), np.ones(5)])
    assert equal_auc(table, score) == {"a": 0.5}


def test_calibration_error__known_gaps__are_exact() -> None:
    hostile = np.array([True, False, False, False])
    assert calibration_error(hostile, np.full(4, 0.25)) == pytest.approx(0)
    assert calibration_error(hostile, np.full(4, 0.95)) == pytest.approx(0.7)
    assert calibration_error(hostile, np.full(4, 0.25), balanced=True) == pytest.approx(0.25)


def test_interval__sources_that_agree__is_narrow() -> None:
    assert interval({"a": 0.9, "b": 0.9}) == (0.9, 0.9)
    low, high = interval({"a": 0.5, "b": 1.0})
    assert (low, high) == (0.5, 1.0)


def test_false_alarms__within_ten_minutes_of_one_asset__count_once() -> None:
    table = units([0] * 8_640, ["tcp_in"] * 8_640)
    alarmed = np.zeros(8_640, np.bool_)
    alarmed[[5, 6, 7, 60, 200]] = True
    assert false_alarms(table, alarmed) == (2, 1.0)


def test_false_alarms__hostile_unit__is_none() -> None:
    table = units([1, 0], ["tcp_in"] * 2)
    assert false_alarms(table, np.array([True, False]))[0] == 0


def test_quiet_threshold__one_a_day_is_allowed__is_the_second_highest() -> None:
    table = units([0] * 8_640, ["tcp_in"] * 8_640)
    margin = np.zeros(8_640, np.int64)
    margin[[100, 4_000]] = [70, 90]
    assert quiet_threshold(table, margin) == 70
    assert false_alarms(table, margin > 70) == (1, 1.0)


def test_recall_by_family__counts_hostile_units_only() -> None:
    table = units([1, 1, 0], ["tcp_in"] * 3)
    assert recall_by_family(table, np.array([True, False, True])) == {"scan": (1, 2)}
