"""The life of an insured: Policy, Identify, Protect, Detect, Respond, Recover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .errors import IllegalMove
from .units import ChainTime


class Stage(StrEnum):
    POLICY = "policy"
    IDENTIFY = "identify"
    PROTECT = "protect"
    DETECT = "detect"
    RESPOND = "respond"
    RECOVER = "recover"


STEPS = {
    "product_registered": Stage.POLICY,
    "applicant_onboarded": Stage.POLICY,
    "risk_registered": Stage.IDENTIFY,
    "score_moved": Stage.IDENTIFY,
    "quote_accepted": Stage.PROTECT,
    "policy_bound": Stage.PROTECT,
    "policy_topped_up": Stage.PROTECT,
    "policy_endorsed": Stage.PROTECT,
    "rate_reset": Stage.PROTECT,
    "slots_attested": Stage.DETECT,
    "claim_scheduled": Stage.RESPOND,
    "assessor_decided": Stage.RESPOND,
    "claim_approved": Stage.RESPOND,
    "claim_refused": Stage.RESPOND,
    "claim_paid": Stage.RECOVER,
    "policy_cancelled": Stage.RECOVER,
    "policy_lapsed": Stage.RECOVER,
    "policy_finished": Stage.RECOVER,
    "policy_expired": Stage.RECOVER,
}
"""Stage that each kind of step belongs to."""

INFORMING = {"score_moved", "rate_reset"}
"""Steps that change what cover costs, not where the insured stands."""

MOVES = {
    "policy_topped_up": frozenset({"in_force", "lapsed"}),
    "policy_endorsed": frozenset({"in_force"}),
    "policy_cancelled": frozenset({"in_force"}),
}
"""What a holder may do to a policy of which status on the ledger."""


def require_move(status: str, step: str) -> None:
    """
    :raises IllegalMove: the policy's status does not let the holder do this
    """
    if status not in MOVES[step]:
        raise IllegalMove(status, step)


FOLLOWS = {
    Stage.POLICY: {Stage.POLICY},
    Stage.IDENTIFY: {Stage.POLICY, Stage.IDENTIFY},
    Stage.PROTECT: {Stage.IDENTIFY, Stage.PROTECT, Stage.DETECT, Stage.RESPOND, Stage.RECOVER},
    Stage.DETECT: {Stage.PROTECT, Stage.DETECT, Stage.RESPOND, Stage.RECOVER},
    Stage.RESPOND: {Stage.DETECT, Stage.RESPOND, Stage.RECOVER},
    Stage.RECOVER: {Stage.PROTECT, Stage.RESPOND, Stage.RECOVER, Stage.DETECT},
}
"""Stages from which each stage may be entered."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its chain time and transaction; the transaction is None for off-chain steps."""

    kind: str
    time: ChainTime
    transaction_hash: str | None
    block_number: int | None
    detail: str

    @property
    def stage(self) -> Stage:
        return STEPS[self.kind]


def advance(stage: Stage | None, step: Step) -> Stage:
    """The stage after a step; a moved score or a reset rate informs and leaves the stage as it is.

    :raises IllegalMove: the step's stage cannot follow
    """
    if stage is None:
        if step.stage is not Stage.POLICY:
            raise IllegalMove("nothing", step.kind)
        return Stage.POLICY
    if step.kind in INFORMING:
        return stage
    if stage not in FOLLOWS[step.stage]:
        raise IllegalMove(stage, step.kind)
    return step.stage


def stage_of(steps: Iterable[Step]) -> Stage | None:
    """The stage that the steps, in order, lead to; None before the first.

    :raises IllegalMove: a step does not follow from those before it
    """
    stage: Stage | None = None
    for step in steps:
        stage = advance(stage, step)
    return stage
