"""Endpoints that describe each type of problem: what the `type` of a problem refers to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from .problems import PROBLEMS, TYPE_BASE, Problem, responses_of
from .schemas import Body

router = APIRouter(prefix="/problems", tags=["problems"])


class ProblemType(Body):
    """`advice` says what a client does about it."""

    type: str
    status: int
    title: str
    advice: str


class ProblemTypes(Body):
    items: list[ProblemType]


def _type(kind: str) -> ProblemType:
    found = PROBLEMS[kind]
    return ProblemType(
        type=TYPE_BASE + kind, status=found.status, title=found.title, advice=found.advice
    )


@router.get("")
def list_problem_types() -> ProblemTypes:
    """Every type of problem that the API can answer with."""
    return ProblemTypes(items=[_type(kind) for kind in PROBLEMS])


@router.get("/{kind}", responses=responses_of("not-found", "invalid-request"))
def get_problem_type(kind: Annotated[str, Path(max_length=60)]) -> ProblemType:
    """One type of problem."""
    if kind not in PROBLEMS:
        raise Problem("not-found", f"no type of problem {kind}")
    return _type(kind)
