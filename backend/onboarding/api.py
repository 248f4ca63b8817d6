"""Endpoints of questionnaires, answers and control challenges."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from sqlalchemy import select

from ..applicants.service import find_applicant, find_asset
from ..assessments.schemas import ReasonOut
from ..domain.questionnaire import VERSIONS, Questionnaire, concerns, questionnaire
from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared, declared_write
from ..http.schemas import Page
from ..http.writes import Write, writing
from . import service
from .schemas import (
    AnswersOut,
    ChallengeOut,
    NewAnswers,
    NewChallenge,
    QuestionnaireList,
    QuestionnaireOut,
    QuestionOut,
    VerifyChallenge,
)
from .tables import AnsweredQuestionnaire, ControlChallenge

router = APIRouter(tags=["onboarding"])


def _form(form: Questionnaire) -> QuestionnaireOut:
    questions = [
        QuestionOut(name=q.name, text=q.text, choices=list(q.choices)) for q in form.questions
    ]
    return QuestionnaireOut(version=form.version, questions=questions)


def _answers(row: AnsweredQuestionnaire) -> AnswersOut:
    found = concerns(questionnaire(row.version), row.answers)
    return AnswersOut(
        applicant=row.applicant_id,
        number=row.number,
        version=row.version,
        answers=row.answers,
        answered_at=row.answered_at,
        concerns=[
            ReasonOut(rule=r.rule, verdict=r.verdict.value, detail=r.detail, remedy=r.remedy)
            for r in found
        ],
    )


@router.get("/questionnaires", responses=declared())
def list_questionnaires(who: Reader) -> QuestionnaireList:
    """Every version of the security questionnaire, newest first."""
    return QuestionnaireList(items=[_form(VERSIONS[n]) for n in sorted(VERSIONS, reverse=True)])


@router.get("/questionnaires/{version}", responses=declared("not-found"))
def get_questionnaire(
    version: Annotated[int, Path(ge=1, le=2**31 - 1)], who: Reader
) -> QuestionnaireOut:
    """One version."""
    return _form(questionnaire(version))


@router.post(
    "/applicants/{applicant_id}/answers",
    status_code=201,
    response_model=AnswersOut,
    responses=declared_write("not-found"),
)
def create_answers(
    applicant_id: str,
    body: NewAnswers,
    write: Annotated[Write, Depends(writing("onboard", "answers.create"))],
) -> Response:
    """Answers a questionnaire; the newest answers count from the next block on."""
    row = service.answer(write, applicant_id, body)
    return write.answer(201, _answers(row), f"{row.applicant_id}#{row.number}")


@router.get("/applicants/{applicant_id}/answers", responses=declared("not-found", "invalid-cursor"))
def list_answers(
    applicant_id: str, at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[AnswersOut]:
    """An applicant's answers, newest first."""
    with at.database.read() as session:
        applicant = find_applicant(session, who, applicant_id)
        query = select(AnsweredQuestionnaire).where(
            AnsweredQuestionnaire.applicant_id == applicant.id
        )
        order = [AnsweredQuestionnaire.number]
        rows, following = page(session, query, order, cursor, limit, True)
    return Page(items=[_answers(row) for row in rows], next_cursor=following)


@router.post(
    "/assets/{asset_id}/control-challenges",
    status_code=201,
    response_model=ChallengeOut,
    responses=declared_write("not-found"),
)
def create_control_challenge(
    asset_id: str,
    body: NewChallenge,
    write: Annotated[Write, Depends(writing("onboard", "control_challenges.create"))],
) -> Response:
    """Opens a challenge that shows that the applicant controls the asset."""
    row = service.challenge(write, asset_id, body)
    write.session.flush()
    return write.answer(201, service.challenge_out(write.session, row), row.id)


@router.get(
    "/assets/{asset_id}/control-challenges", responses=declared("not-found", "invalid-cursor")
)
def list_control_challenges(
    asset_id: str, at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ChallengeOut]:
    """An asset's challenges."""
    with at.database.read() as session:
        asset = find_asset(session, who, asset_id)
        query = select(ControlChallenge).where(ControlChallenge.asset_id == asset.id)
        rows, following = page(session, query, [ControlChallenge.id], cursor, limit)
        items = [service.challenge_out(session, row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/control-challenges/{challenge_id}", responses=declared("not-found"))
def get_control_challenge(challenge_id: str, at: ServicesDep, who: Reader) -> ChallengeOut:
    """One challenge, with what to do and what the last look found."""
    with at.database.read() as session:
        row = service.find_challenge(session, who, challenge_id)
        return service.challenge_out(session, row)


@router.post(
    "/control-challenges/{challenge_id}:verify",
    status_code=202,
    response_model=ChallengeOut,
    responses=declared_write("not-found", "signature-invalid"),
)
def verify_control_challenge(
    challenge_id: str,
    body: VerifyChallenge,
    write: Annotated[Write, Depends(writing("onboard", "control_challenges.verify"))],
) -> Response:
    """Asks to look at the record or file, which a job does; judges a wallet's signature at once."""
    row = service.find_challenge(write.session, write.caller, challenge_id)
    service.verify(write, row, body)
    return write.answer(202, service.challenge_out(write.session, row), row.id)
