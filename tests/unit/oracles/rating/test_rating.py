"""From experience to rates: estimators on data made by known laws, and the rounding of money."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oracles.rating import experience, frequency, portfolio, severity, simulate, table
from oracles.rating.frequency import Mixing

TERMS = severity.Terms(waiting_s=3_600, limit_hours=10)
ASSUMPTIONS = table.Assumptions()


def hours(count: int = 5_000) -> np.ndarray:
    """Durations with a known mean share: exponential with a mean of two hours."""
    return np.random.default_rng(1).exponential(2.0, count)


def test_fit__service_without_an_outage__is_refused() -> None:
    with pytest.raises(ValueError, match="only services"):
        frequency.fit(np.array([0, 3]), 1.0)


def test_fit__counts_of_a_known_gamma__finds_it() -> None:
    source = np.random.default_rng(2)
    counts = source.poisson(source.gamma(20.0, 1 / 4.0, 4_000) * 3.0)
    found = frequency.fit(counts[counts > 0], 3.0)
    assert found.mean == pytest.approx(5.0, rel=0.03)
    assert found.shape == pytest.approx(20.0, rel=0.2)


def test_relativity__own_outages__raise_and_quiet_years_lower_it() -> None:
    mixing = Mixing(2.0, 2.0)
    assert mixing.relativity(0, 0.0) == 1.0
    assert mixing.relativity(0, 3.0) < 1.0 < mixing.relativity(3, 1.0)
    assert mixing.after(1_000, 1_000.0) == pytest.approx(1.0, rel=0.01)


def test_attack_share__more_incidents__is_surer() -> None:
    few, many = frequency.attack_share(4, 6), frequency.attack_share(400, 600)
    assert many[0] == pytest.approx(0.4, abs=0.01)
    assert many[1] < few[1]


def test_fit__too_few_durations__is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        severity.fit(hours(99))


def test_durations__known_law__pay_its_mean_share() -> None:
    model = severity.fit(hours())
    within = (np.exp(-0.5) - np.exp(-5.5)) * 2 / 10
    assert model.mean_share(TERMS) == pytest.approx(within, rel=0.05)
    assert model.observed[model.observed > model.threshold].size == pytest.approx(250, abs=5)


def test_terms__waiting_and_limit__bound_the_share() -> None:
    assert TERMS.share(np.array([0.5, 1.0, 6.0, 11.0, 500.0])).tolist() == [0, 0, 0.5, 1, 1]


def test_total__mean_and_tail__agree_with_simulation() -> None:
    mixing, shares = Mixing(2.0, 4.0), np.array([0.1, 0.4, 1.0])
    found = portfolio.total(50, mixing, 0.5, shares)
    assert found.mean == pytest.approx(50 * 0.5 * 0.5 * 0.5, rel=0.01)
    source = np.random.default_rng(3)
    rates = source.gamma(2.0, 1 / 4.0, (40_000, 50)) * 0.5
    counts = source.poisson(rates.sum(axis=1))
    totals = np.array([shares[source.integers(0, 3, n)].sum() for n in counts])
    worst = np.sort(totals)[-400:]
    assert found.tail_mean(0.99) == pytest.approx(worst.mean(), rel=0.03)
    assert found.value_at_risk(0.99) == pytest.approx(worst[0], abs=0.6)


def test_price__nothing_left_for_losses__is_refused() -> None:
    with pytest.raises(ValueError, match="whole premium"):
        table.price(0.01, 0.1, 0.1, table.Assumptions(expenses=0.9, profit=0.1))


def test_price__lanes__rise_and_average_to_the_loaded_rate() -> None:
    found = table.price(0.04, 0.05, 0.02, ASSUMPTIONS)
    assert len(found.lanes) == table.LANES
    assert all(a < b for a, b in zip(found.lanes, found.lanes[1:], strict=False))
    lane = (ASSUMPTIONS.usual * table.TOP_SCORE) / table.LANE_WIDTH - 0.5
    low = int(lane)
    between = found.lanes[low] + (lane - low) * (found.lanes[low + 1] - found.lanes[low])
    assert between / 10_000 == pytest.approx(found.loaded, rel=0.01)


def test_premium__odd_amounts__rounds_up() -> None:
    assert simulate.premium(np.zeros((1, 365), np.int64), (1,) * 16, insured=1).tolist() == [1]
    assert simulate.premium(np.zeros((1, 365), np.int64), (100,) * 16, insured=10_000) == 100


def test_due__odd_amounts__rounds_down_and_stops_at_the_limit() -> None:
    found = simulate.due(np.array([0.9, 1.0, 1.0003, 2.0, 99.0]), TERMS, insured=100)
    assert found.tolist() == [0, 0, 0, 10, 100]


def test_capped__one_day_of_junk__moves_a_month_by_a_bounded_amount() -> None:
    tariff = table.price(0.04, 0.05, 0.02, ASSUMPTIONS)
    quiet = np.full((1, 365), 400)
    griefed = quiet.copy()
    griefed[0, 100] = table.TOP_SCORE
    held = simulate.capped(griefed)
    assert held.max() == 400 + simulate.DAILY_CAP
    assert (held != quiet).sum() == 1
    before = int(simulate.premium(quiet, tariff.lanes)[0])
    after = int(simulate.premium(held, tariff.lanes)[0])
    assert before < after < before * 1.01


def test_collected__scores_that_rise_slowly__is_less_than_the_whole() -> None:
    tariff = table.price(0.04, 0.05, 0.02, ASSUMPTIONS)
    assert 0.8 < simulate.collected(tariff, ASSUMPTIONS, covers=200) < 1.0


def test_year__many_covers__lands_on_the_loss_ratio() -> None:
    durations, mixing = severity.fit(hours()), Mixing(4.0, 4.0)
    pure = mixing.mean * durations.mean_share(TERMS)
    flat = table.price(pure, 0.0, 0.0, ASSUMPTIONS)
    collected = simulate.collected(flat, ASSUMPTIONS)
    tariff = table.price(pure, 0.0, 0.0, ASSUMPTIONS, collected)
    years = [
        simulate.year(800, mixing, 1.0, durations, TERMS, tariff, ASSUMPTIONS, seed)
        for seed in range(8)
    ]
    ratio = sum(year.paid for year in years) / sum(year.premium for year in years)
    assert ratio == pytest.approx(tariff.loss_ratio, rel=0.06)


def test_load__overlapping_and_impossible_windows__are_cleaned(tmp_path: Path) -> None:
    outages, losses = tmp_path / "outages", tmp_path / "losses"
    outages.mkdir()
    losses.mkdir()
    (outages / "cloud_incidents_cua.csv").write_text(
        "vendor,service_name,location,event_start_time,event_end_time,file_year\n"
        "A,db,x,2020-01-01 00:00:00,2020-01-01 02:00:00,2020\n"
        "A,db,x,2020-02-01 00:00:00,2020-02-01 01:00:00,2020\n"
        "A,db,y,2019-02-01 05:00:00,2019-02-01 01:00:00,2019\n"
    )
    (outages / "github_incidents.csv").write_text(
        "incident_id,downtime_start,downtime_end,duration_minutes,source,title,impact\n"
        "1,2022-01-01T00:00:00Z,2022-01-01T02:00:00Z,120,u,t,major\n"
        "2,2022-01-01T01:00:00Z,2022-01-01T03:00:00Z,120,u,t,critical\n"
        "3,2022-07-01T00:00:00Z,2023-01-01T00:00:00Z,1,u,t,minor\n"
        "4,2023-01-01T00:00:00Z,2023-01-01T01:00:00Z,60,u,t,major\n"
    )
    (losses / "veris_incidents_vcdb.csv").write_text(
        "year,action\n2010,hacking;error\n2011,error\n2012,misuse\n2013,\n"
    )
    found = experience.load(tmp_path)
    assert (found.counts.tolist(), found.years) == ([2], 1.0)
    assert sorted(found.durations.tolist()) == [1.0, 1.0, 2.0, 3.0]
    assert (found.hostile, found.failures) == (1, 1)
    assert list(found.dropped.values()) == [1, 1]


def test_price_effect__score_falls_to_the_lowest_lane__saves_the_difference() -> None:
    lanes = table.shipped()["service_attack"]
    assert table.price_effect(9_999, 10_000)["service_attack"] == lanes[-1] - lanes[0]
    assert table.price_effect(600, 300) == dict.fromkeys(table.shipped(), 0)
    assert table.rate(lanes, 625) == lanes[1]
    assert table.rate(lanes, 10_000) == lanes[15]
