"""The model: identical integers everywhere, monotone, identified by its content."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from oracles.domain.binning import Bins, bins_for
from oracles.domain.calibration import Calibration, fit
from oracles.domain.drift import counts
from oracles.domain.features import FEATURES, HISTORICAL, NAMES
from oracles.domain.flow import MISSING
from oracles.model.artefact import Artefact, ModelError, load, save, shipped
from oracles.model.datasets import Source
from oracles.model.reasons import remedy
from oracles.model.scoring import Scorer, margins
from oracles.model.train import (
    PARAMETERS,
    Choice,
    TooFewNetworks,
    best_choice,
    grow,
    train,
    unseen_margins,
    weights,
)
from tests.support.units import labelled_units

TABLE = labelled_units(1)
BINS = bins_for(NAMES)
CHOICE = Choice(4, 60, published=False)
REFERENCE = counts(BINS, BINS.apply(TABLE))
STEPS = Calibration(tuple(range(-50_000, 50_000, 1_000)), tuple(range(0, 10_100, 100)))


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    return Artefact(BINS, grow(TABLE, BINS, CHOICE), STEPS)


def test_train__one_network_of_its_own__is_refused() -> None:
    source = Source("a", "path", "recordings", "benign/truth.json", "own", "here")
    with pytest.raises(TooFewNetworks, match="path"):
        train([source, source])


def test_load__folder_missing__raises_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load(tmp_path / "nothing")


def test_load__calibration_changed__raises_model_error(tmp_path: Path, artefact: Artefact) -> None:
    folder = save(artefact, {}, tmp_path, REFERENCE)
    steps = json.loads((folder / "calibration.json").read_text())
    steps["scores"][0] = 99
    (folder / "calibration.json").write_text(json.dumps(steps))
    with pytest.raises(ModelError, match="holds the model"):
        load(folder)


def test_load__feature_not_computed_here__raises_model_error(tmp_path: Path) -> None:
    other = bins_for([*NAMES[:-1], "in_moon_phase"])
    table = TABLE.rename(columns={NAMES[-1]: "in_moon_phase"})
    booster = xgb.train(
        PARAMETERS | {"max_depth": 1}, xgb.DMatrix(other.apply(table), label=table["label"]), 2
    )
    folder = save(Artefact(other, booster, STEPS), {}, tmp_path, REFERENCE)
    with pytest.raises(ModelError, match="in_moon_phase"):
        Scorer.load(folder)


@pytest.mark.parametrize(
    ("steps", "scores"),
    [((1,), (5,)), ((2, 1), (1, 2, 3)), ((1, 2), (3, 2, 1)), ((1,), (0, 10_001))],
)
def test_calibration__not_a_staircase__is_refused(
    steps: tuple[int, ...], scores: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"margins|scores"):
        Calibration(steps, scores)


def test_bins__missing_and_extremes__have_their_own_bin() -> None:
    bins = Bins(("x",), (1, 2, 4))
    table = pd.DataFrame({"x": [MISSING, 0, 1, 2, 3, 4, 10**9]})
    assert bins.apply(table).ravel().tolist() == [0, 1, 2, 3, 3, 4, 4]
    assert [bins.words("x", n) for n in range(5)] == ["unknown", "0", "1", "2 to 3", "4 or more"]


def test_bins__common_grid__fits_a_byte_and_ascends() -> None:
    edges = np.array(BINS.edges)
    assert len(edges) < 255
    assert (np.diff(edges) > 0).all()


def test_fit__shares_of_hostile_units__never_fall() -> None:
    draw = np.random.default_rng(3)
    margin = draw.integers(-50_000, 50_000, 3_000)
    hostile = draw.random(3_000) < 1 / (1 + np.exp(-margin / 10_000))
    steps = fit(margin, hostile, np.ones(3_000))
    scores = steps.apply(np.array([-40_000, 0, 40_000]))
    assert scores[0] < 1_000 < 3_500 < scores[1] < 6_500 < 9_000 < scores[2]


def test_fit__two_units__claims_no_certainty() -> None:
    steps = fit(np.array([-1, 1]), np.array([False, True]), np.ones(2))
    assert steps.apply(np.array([-1, 1])).tolist() == [3_333, 6_667]


def test_save__then_load__keeps_hash_and_scores(tmp_path: Path, artefact: Artefact) -> None:
    folder = save(artefact, {"a": 1}, tmp_path, REFERENCE)
    assert shipped(tmp_path) == folder
    scorer = Scorer.load(folder)
    assert scorer.model_hash == artefact.model_hash
    assert len(scorer.model_hash) == 32
    assert np.array_equal(scorer.score(TABLE), Scorer(artefact).score(TABLE))


def test_grow__any_threads_and_row_order__gives_the_same_hash(artefact: Artefact) -> None:
    shuffled = TABLE.sample(frac=1, random_state=7)
    for table, threads in ((TABLE, 2), (shuffled, 1)):
        again = Artefact(BINS, grow(table, BINS, CHOICE, threads=threads), STEPS)
        assert again.model_hash == artefact.model_hash


def test_score__any_threads_and_row_order__gives_identical_integers(artefact: Artefact) -> None:
    binned = BINS.apply(TABLE)
    expected = margins(artefact.booster, binned)
    order = np.random.default_rng(1).permutation(len(TABLE))
    for threads in (1, 2):
        artefact.booster.set_param({"nthread": threads})
        assert np.array_equal(margins(artefact.booster, binned[order]), expected[order])
        singles = [margins(artefact.booster, binned[n : n + 1])[0] for n in range(20)]
        assert singles == expected[:20].tolist()


def test_score__feature_missing__raises_key_error(artefact: Artefact) -> None:
    with pytest.raises(KeyError):
        Scorer(artefact).score(TABLE.drop(columns=NAMES[0]))


def test_score__no_units__is_empty(artefact: Artefact) -> None:
    assert Scorer(artefact).score(TABLE.iloc[:0]).tolist() == []
    assert Scorer(artefact).explain(TABLE.iloc[:0]) == []


def test_score__any_feature_raised__never_falls(artefact: Artefact) -> None:
    draw = np.random.default_rng(2)
    low = BINS.apply(TABLE.iloc[draw.integers(0, len(TABLE), 50_000)])
    known = low > 0
    raised = low + draw.integers(0, 30, low.shape).astype(np.uint8) * known
    high = np.minimum(raised, len(BINS.edges) + 1).astype(np.uint8)
    assert (margins(artefact.booster, high) >= margins(artefact.booster, low)).all()


def test_unseen_margins__labels_shuffled__know_nothing() -> None:
    table = labelled_units(5, 800)
    draw = np.random.default_rng(9)
    table["label"] = draw.permutation(table["label"].to_numpy())
    found = unseen_margins(table, BINS, CHOICE)
    hostile = table["label"].to_numpy() == 1
    pairs = found[hostile][:, None] - found[~hostile][None, :]
    assert abs((pairs > 0).mean() + (pairs == 0).mean() / 2 - 0.5) < 0.06


def test_weights__families_of_different_size__weigh_the_same_within_their_network() -> None:
    table = pd.DataFrame({"network": "a", "label": [0] * 2 + [1] * 4})
    weight = weights(table.assign(family=["benign"] * 2 + ["scan"] * 3 + ["flood"]))
    assert weight[2:5].sum() == pytest.approx(weight[5])
    assert weight[:2].sum() == pytest.approx(weight[2:].sum())


def test_weights__networks_of_different_size__weigh_the_same() -> None:
    table = pd.DataFrame({"network": ["a"] * 6 + ["b"] * 2, "label": [0] * 5 + [1] + [0, 1]})
    weight = weights(table.assign(family=np.where(table["label"] == 1, "scan", "benign")))
    assert weight.mean() == pytest.approx(1)
    assert weight[:5].sum() == pytest.approx(weight[5]) == pytest.approx(weight[6])


def test_grow__published_units_not_chosen__do_not_matter(artefact: Artefact) -> None:
    published = labelled_units(8).assign(own=False, network="public")
    both = pd.concat([TABLE, published], ignore_index=True)
    assert Artefact(BINS, grow(both, BINS, CHOICE), STEPS).model_hash == artefact.model_hash
    wider = Choice(CHOICE.depth, CHOICE.rounds, published=True)
    assert Artefact(BINS, grow(both, BINS, wider), STEPS).model_hash != artefact.model_hash


def test_best_choice__own_networks__are_judged_by_others_only() -> None:
    choice, unseen = best_choice(TABLE, BINS)
    hostile = TABLE["label"].to_numpy() == 1
    assert np.median(unseen[hostile]) > np.median(unseen[~hostile])
    assert np.array_equal(unseen, unseen_margins(TABLE, BINS, choice))


def test_explain__hostile_unit__names_what_raised_it(artefact: Artefact) -> None:
    quiet = pd.DataFrame([dict.fromkeys(NAMES, 0)])
    loud = quiet.assign(in_alike_logins=150, in_peer_failed=150)
    reasons = Scorer(artefact).explain(pd.concat([loud, quiet], ignore_index=True))
    assert {reason.feature for reason in reasons[0][:2]} == {"in_alike_logins", "in_peer_failed"}
    assert "150" in reasons[0][0].words
    assert reasons[0][0].score_effect > 0
    assert reasons[0][0].margin >= reasons[0][1].margin


def test_drift__only_what_moved__is_named(tmp_path: Path, artefact: Artefact) -> None:
    scorer = Scorer.load(save(artefact, {}, tmp_path, REFERENCE))
    assert scorer.drift(TABLE) == []
    assert scorer.drift(TABLE.iloc[:50].assign(in_beats=10**6)) == []
    (found,) = scorer.drift(TABLE.assign(in_beats=10**6))
    assert found.feature == "in_beats"
    assert found.index > 0.25


def test_load__reference_missing__raises_model_error(tmp_path: Path, artefact: Artefact) -> None:
    folder = save(artefact, {}, tmp_path, REFERENCE)
    (folder / "reference.json").unlink()
    with pytest.raises(ModelError, match="drift"):
        Scorer.load(folder)


def test_remedy__every_feature__has_control_function_and_mitigation() -> None:
    for feature in FEATURES:
        found = remedy(feature.name)
        assert found.control
        assert found.csf[:2] in {"GV", "ID", "PR", "DE", "RS", "RC"}
        assert found.mitigation.startswith("M1")
    with pytest.raises(KeyError):
        remedy("in_nothing")


def test_explain__unknown_feature__is_no_reason(artefact: Artefact) -> None:
    loud = TABLE[TABLE["label"] == 1].head(1).assign(**dict.fromkeys(HISTORICAL, MISSING))
    (reasons,) = Scorer(artefact).explain(loud, most=len(NAMES))
    assert reasons
    assert all(reason.value != MISSING for reason in reasons)
