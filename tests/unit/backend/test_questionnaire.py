"""Which answers refer or decline, and which do not fit their questions."""

from __future__ import annotations

import pytest

from backend.domain.onboarding import Verdict
from backend.domain.questionnaire import (
    NEWEST,
    VERSIONS,
    Answer,
    AnswersDoNotFit,
    UnknownQuestionnaire,
    concerns,
    questionnaire,
)

GOOD: dict[str, Answer] = {
    "ddos_protection": "provider",
    "admin_mfa": True,
    "offline_backups": True,
    "patch_days": 7,
    "incidents_3y": "none",
    "demand_received": False,
}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"patch_days": True}, "patch_days"),
        ({"admin_mfa": 1}, "admin_mfa"),
        ({"admin_mfa": "yes"}, "admin_mfa"),
        ({"ddos_protection": "somebody"}, "ddos_protection"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_concerns__answer_of_another_form__does_not_fit(
    change: dict[str, Answer], named: str
) -> None:
    with pytest.raises(AnswersDoNotFit, match=named):
        concerns(NEWEST, GOOD | change)


@pytest.mark.parametrize("question", GOOD)
def test_concerns__answer_missing__does_not_fit(question: str) -> None:
    with pytest.raises(AnswersDoNotFit, match=question):
        concerns(NEWEST, {name: value for name, value in GOOD.items() if name != question})


def test_questionnaire__unknown_version__is_missing() -> None:
    with pytest.raises(UnknownQuestionnaire):
        questionnaire(99)


@pytest.mark.parametrize(
    ("change", "rule", "verdict"),
    [
        ({"ddos_protection": "nobody"}, "answer_ddos_protection", Verdict.REFER),
        ({"admin_mfa": False}, "answer_admin_mfa", Verdict.REFER),
        ({"offline_backups": False}, "answer_offline_backups", Verdict.REFER),
        ({"patch_days": 90}, "answer_patch_days", Verdict.REFER),
        ({"patch_days": 365}, "answer_patch_days", Verdict.DECLINE),
        ({"incidents_3y": "several"}, "answer_incidents_3y", Verdict.REFER),
        ({"demand_received": True}, "answer_demand_received", Verdict.DECLINE),
    ],
)
def test_concerns__bad_answer__is_one_reason_with_a_remedy(
    change: dict[str, Answer], rule: str, verdict: Verdict
) -> None:
    (reason,) = concerns(NEWEST, GOOD | change)
    assert (reason.rule, reason.verdict) == (rule, verdict)
    assert reason.remedy


def test_concerns__good_answers__are_none() -> None:
    assert concerns(NEWEST, GOOD) == ()


def test_versions__each__has_questions_with_choices_that_every_concern_names() -> None:
    for form in VERSIONS.values():
        for question in form.questions:
            for concern in question.concerns:
                assert concern.answers <= set(question.choices)
