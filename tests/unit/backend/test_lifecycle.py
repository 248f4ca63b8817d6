"""The stages of an insured's life and which step may follow which."""

from __future__ import annotations

import pytest

from backend.domain.errors import IllegalMove
from backend.domain.lifecycle import STEPS, Stage, Step, stage_of
from backend.domain.units import ChainTime

LIFE = [
    ("product_registered", Stage.POLICY),
    ("applicant_onboarded", Stage.POLICY),
    ("risk_registered", Stage.IDENTIFY),
    ("score_moved", Stage.IDENTIFY),
    ("quote_accepted", Stage.PROTECT),
    ("policy_bound", Stage.PROTECT),
    ("rate_reset", Stage.PROTECT),
    ("slots_attested", Stage.DETECT),
    ("claim_scheduled", Stage.RESPOND),
    ("claim_paid", Stage.RECOVER),
    ("rate_reset", Stage.RECOVER),
    ("slots_attested", Stage.DETECT),
]


def steps(*kinds: str) -> list[Step]:
    return [Step(kind, ChainTime(0), None, None, "") for kind in kinds]


@pytest.mark.parametrize(
    "kinds",
    [
        ("policy_bound",),
        ("product_registered", "policy_bound"),
        ("product_registered", "risk_registered", "slots_attested"),
        ("product_registered", "risk_registered", "policy_bound", "claim_scheduled"),
        ("product_registered", "risk_registered", "product_registered"),
    ],
)
def test_stage_of__step_out_of_order__is_an_illegal_move(kinds: tuple[str, ...]) -> None:
    with pytest.raises(IllegalMove):
        stage_of(steps(*kinds))


def test_stage_of__whole_life__passes_every_stage() -> None:
    kinds = [kind for kind, _ in LIFE]
    reached = [stage_of(steps(*kinds[: n + 1])) for n in range(len(kinds))]
    assert reached == [stage for _, stage in LIFE]


def test_stage_of__no_step__is_none() -> None:
    assert stage_of([]) is None


def test_steps__every_stage__has_one() -> None:
    assert set(STEPS.values()) == set(Stage)
