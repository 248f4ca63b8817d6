"""The shipped model behind a member's scores."""

from __future__ import annotations

import pytest

from oracles.attest.model import load_scorer
from oracles.attest.score import pack_flows, unpack_flows
from oracles.domain.incident import MICROS
from oracles.domain.quorum import TOP_SCORE
from tests.support.member_table import START, flows_at

FRAME = START // 60


def test_model_scorer__batch_in_another_order_and_packed__same_score_and_features() -> None:
    scorer = load_scorer(None)
    flows = flows_at([(START + t) * MICROS for t in range(50)])
    mixed = unpack_flows(pack_flows(flows.sample(frac=1.0, random_state=1)))
    scored = scorer.score(flows, ["10.0.0.1"], FRAME, 60)
    assert scorer.score(mixed, ["10.0.0.1"], FRAME, 60) == scored
    assert 0 <= scored.score <= TOP_SCORE
    assert scored.features["in_peer_failed"] == 50


def test_model_scorer__features_of_a_bundle__give_the_score_again() -> None:
    scorer = load_scorer(None)
    flows = flows_at([(START + t) * MICROS for t in range(50)])
    scored = scorer.score(flows, ["10.0.0.1"], FRAME, 60)
    assert scorer.rescore(scored.features) == scored.score


def test_model_scorer__silent_asset__has_a_score() -> None:
    scorer = load_scorer(None)
    assert 0 <= scorer.score(flows_at([]), ["10.0.0.1"], FRAME, 60).score <= TOP_SCORE


def test_model_scorer__feature_missing__is_refused() -> None:
    with pytest.raises(KeyError):
        load_scorer(None).rescore({"in_peer_failed": 1})
