"""Bodies of questionnaires, answers and control challenges."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..assessments.schemas import ReasonOut
from ..http.schemas import Body, SignatureText

AnswerValue = Annotated[
    StrictBool | StrictInt | Annotated[StrictStr, Field(max_length=40)],
    Field(description="one of the question's choices"),
]


class QuestionOut(Body):
    """`choices` are all answers that it takes."""

    name: str
    text: str
    choices: list[AnswerValue]


class QuestionnaireOut(Body):
    version: int
    questions: list[QuestionOut]


class QuestionnaireList(Body):
    """Newest first."""

    items: list[QuestionnaireOut]


class NewAnswers(Body):
    """An answer to every question of the version."""

    version: int = Field(ge=1, le=2**31 - 1)
    answers: dict[Annotated[str, Field(pattern="^[a-z0-9_]{1,40}$")], AnswerValue] = Field(
        max_length=100
    )


class AnswersOut(Body):
    """`number` counts an applicant's answers; the newest count. `concerns` is what they raise."""

    applicant: str
    number: int
    version: int
    answers: dict[str, AnswerValue]
    answered_at: int
    concerns: list[ReasonOut]


class NewChallenge(Body):
    """`target`: the name or address that leads to the asset; for a wallet it is left out."""

    method: Literal["dns_txt", "http_file", "wallet"]
    target: str | None = Field(
        default=None, max_length=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$"
    )


class Instructions(Body):
    """What to do: put `content` at `place` (a record's name, a URL), or sign it."""

    place: str
    content: str


class ChallengeOut(Body):
    """`detail` is what the last look found."""

    id: str
    asset: str
    method: Literal["dns_txt", "http_file", "wallet"]
    target: str
    status: Literal["pending", "checking", "proven", "expired"]
    detail: str
    instructions: Instructions
    created_at: int
    expires_at: int
    proven_at: int | None


class VerifyChallenge(Body):
    """`signature`: for a wallet alone, over the challenge's content by `personal_sign`."""

    signature: SignatureText | None = None
