"""The protocol of evaluation: what is eligible, what judges what, and what is called reached."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from oracles.domain.binning import bins_for
from oracles.domain.features import NAMES
from oracles.model.controls import Lowered, raised_features
from oracles.model.datasets import Source
from oracles.model.evaluate import SCORERS, SEEDS, Evaluation, Judged, eligibility, joined, judge
from oracles.model.evaluation_page import by_network, levels, page
from oracles.model.train import Choice, grow
from tests.support.units import labelled_units

SOURCE = Source("capture", "elsewhere", "data", "none.csv.xz", "own", "here")
BINS = bins_for(NAMES)


def unit_table(scores: np.ndarray, hostile: np.ndarray) -> pd.DataFrame:
    """Units that differ in one feature alone."""
    table = labelled_units(3, len(scores)).assign(label=hostile.astype(np.int64))
    table[list(NAMES)] = 0
    bad = [name for name in table.columns if name.startswith("bad_")]
    table[bad] = np.repeat(hostile.astype(np.int64)[:, None], len(bad), axis=1)
    return table.assign(**{NAMES[0]: scores})


@pytest.fixture(scope="module")
def judged() -> tuple[Judged, Judged]:
    """Two networks, each judged by the other three."""
    table = labelled_units(1)
    parts = []
    for network in ("a", "b"):
        inside = table["network"] == network
        parts.append(judge(table[~inside], table[inside], BINS)[0])
    return parts[0], parts[1]


def test_eligibility__too_few_units_of_a_class__is_named() -> None:
    hostile = np.arange(200) < 12
    found = eligibility(SOURCE, unit_table(np.zeros(200, np.int64), hostile))
    assert (found.hostile, found.benign) == (12, 188)
    assert "fewer than 30" in found.problem


@pytest.mark.parametrize("sign", [1, -1])
def test_eligibility__one_feature_tells__in_either_direction__is_named(sign: int) -> None:
    hostile = np.arange(200) < 100
    found = eligibility(SOURCE, unit_table(50 + sign * 40 * hostile, hostile))
    assert found.easiest_rule == NAMES[0]
    assert "one rule alone" in found.problem


def test_eligibility__both_classes_and_no_easy_rule__may_be_judged_by() -> None:
    draw = np.random.default_rng(1)
    hostile = draw.random(400) < 0.5
    found = eligibility(SOURCE, unit_table(draw.integers(0, 99, 400), hostile))
    assert found.problem == ""
    assert found.easiest_auc < 0.9


def test_judge__every_scorer_and_seed__scores_every_unit(judged: tuple[Judged, Judged]) -> None:
    whole = joined(judged)
    assert set(whole.by_scorer) == set(SCORERS)
    assert set(whole.by_seed) == set(SEEDS)
    assert all(len(scores) == len(whole.units) for scores in whole.by_scorer.values())
    assert ((whole.probability >= 0) & (whole.probability <= 1)).all()


def test_judge__held_out_labels__change_no_score(judged: tuple[Judged, Judged]) -> None:
    table = labelled_units(1)
    inside = table["network"] == "a"
    held = table[inside].assign(label=1 - table["label"])
    again, _ = judge(table[~inside], held, BINS)
    for scorer in SCORERS:
        assert np.array_equal(again.by_scorer[scorer], judged[0].by_scorer[scorer])
    assert np.array_equal(again.alarmed, judged[0].alarmed)


def test_levels__what_is_not_measurable__is_not_reached(judged: tuple[Judged, Judged]) -> None:
    whole = joined(judged)
    whole.units["source"] = whole.units["network"]
    chosen = {"a": "depth 3", "b": "depth 4"}
    raised = Lowered(9, 0, 0)
    found = Evaluation(
        whole, None, None, whole, [], chosen, ([0.5], [0.6]), [("x", True)], raised, [("x", raised)]
    )
    shown = {what: (value, reached) for what, _, value, reached in levels(found)}
    assert shown["eligible published captures, mean of sources"] == ("none eligible", False)
    mean = float(np.mean(list(by_network(whole, "model").values())))
    area = "area at equal protocol and direction, mean of networks left out"
    assert shown[area] == (f"{mean:.3f}", mean >= 0.9)
    assert "No published capture here is eligible" in page(found)


def test_raised_features__constrained_trees__never_fall_but_others_do() -> None:
    table = labelled_units(1)
    choice = Choice(3, 40, published=False)
    assert raised_features(grow(table, BINS, choice), BINS, table, 50_000).lowered == 0
    data = xgb.DMatrix(BINS.apply(table), label=1 - table["label"].to_numpy())
    free = xgb.train({"objective": "binary:logistic", "max_depth": 3, "seed": 1}, data, 40)
    assert raised_features(free, BINS, table, 50_000).lowered > 0
