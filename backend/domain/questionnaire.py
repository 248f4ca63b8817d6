"""The security questionnaire: versioned questions, and what answers mean for the decision.

A published version never changes, so that an answer can be judged again later by the words under
which it was given. Answers are an applicant's own word: none of them makes a decision milder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import DomainError, Missing
from .onboarding import Reason, Verdict

Answer = bool | int | str


class UnknownQuestionnaire(Missing):
    """No questionnaire has this version."""


class AnswersDoNotFit(DomainError):
    """A question without answer, an answer without question, or one of another form."""


@dataclass(frozen=True, slots=True)
class Concern:
    """What an answer means: the answers that raise it, its verdict, and what would change it."""

    answers: frozenset[Answer]
    verdict: Verdict
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `choices` are all answers that it takes, in the order in which they show."""

    name: str
    text: str
    choices: tuple[Answer, ...]
    concerns: tuple[Concern, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """All questions of one version."""

    version: int
    questions: tuple[Question, ...]


def _refer(detail: str, remedy: str, *answers: Answer) -> Concern:
    return Concern(frozenset(answers), Verdict.REFER, detail, remedy)


def _decline(detail: str, remedy: str, *answers: Answer) -> Concern:
    return Concern(frozenset(answers), Verdict.DECLINE, detail, remedy)


YES_NO = (True, False)

VERSION_1 = Questionnaire(
    1,
    (
        Question(
            "ddos_protection",
            "Who filters traffic before it reaches the service?",
            ("provider", "cdn", "own", "nobody"),
            (_refer("nobody filters traffic", "put a filtering provider in front", "nobody"),),
        ),
        Question(
            "admin_mfa",
            "Does every administrator's access need a second factor?",
            YES_NO,
            (_refer("an administrator gets in by a password alone", "require MFA", False),),
        ),
        Question(
            "offline_backups",
            "Is there a backup that nothing on the network can change, tried within a year?",
            YES_NO,
            (_refer("no tried offline backup", "make one and restore from it once", False),),
        ),
        Question(
            "patch_days",
            "Within how many days are critical updates of exposed services installed?",
            (7, 30, 90, 365),
            (
                _refer("critical updates wait up to 90 days", "patch within 30 days", 90),
                _decline("critical updates wait for months", "patch within 90 days", 365),
            ),
        ),
        Question(
            "incidents_3y",
            "How many outages by attack of more than an hour were there in three years?",
            ("none", "one", "several"),
            (_refer("several outages by attack", "an underwriter asks for reports", "several"),),
        ),
        Question(
            "demand_received",
            "Was there a demand for money, or a threat of an attack, in the last 30 days?",
            YES_NO,
            (_decline("an attack was announced", "apply 30 days after the last demand", True),),
        ),
    ),
)

VERSIONS = {1: VERSION_1}
NEWEST = VERSIONS[max(VERSIONS)]


def questionnaire(version: int) -> Questionnaire:
    """
    :raises UnknownQuestionnaire: no such version
    """
    if version not in VERSIONS:
        raise UnknownQuestionnaire(f"no questionnaire {version}", version=version)
    return VERSIONS[version]


def concerns(form: Questionnaire, answers: Mapping[str, Answer]) -> tuple[Reason, ...]:
    """Reasons to refer or decline, in the order of the questions.

    :raises AnswersDoNotFit: with the names of the questions
    """
    wrong = [q.name for q in form.questions if not _fits(q, answers.get(q.name))]
    wrong += sorted(answers.keys() - {q.name for q in form.questions})
    if wrong:
        raise AnswersDoNotFit(f"no fitting answer: {', '.join(wrong)}", questions=", ".join(wrong))
    return tuple(
        Reason(f"answer_{question.name}", concern.verdict, concern.detail, concern.remedy)
        for question in form.questions
        for concern in question.concerns
        if answers[question.name] in concern.answers
    )


def _fits(question: Question, answer: Answer | None) -> bool:
    """Whether the answer is one of the choices, of the same type: 1 does not stand for true."""
    return any(type(answer) is type(choice) and answer == choice for choice in question.choices)
