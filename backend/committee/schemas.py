"""Answer bodies of the committee's accountability."""

from __future__ import annotations

from ..http.schemas import Body


class MemberOut(Body):
    """One member of the committee in force and its record over the whole ledger.

    Of `rounds` score reports it signed `signed` and missed the rest; of the slots that it or the
    quorum found lost, it agreed on `agreed`, did not see `missed`, and saw `alone` by itself.
    `delay` is the median of seconds from a slot's end to its observation on chain, null without
    one. `deviation` is the farthest of `compared` own scores from the reported median, in points;
    scores are compared where this deployment holds the member's evidence.
    """

    lane: int
    signer: str
    operator: str
    vantage: str
    sees_attacks: bool
    suspended: bool
    rounds: int
    signed: int
    missed_rounds: int
    agreed: int
    missed: int
    alone: int
    agreement_bps: int | None
    delay: int | None
    compared: int
    deviation: int


class MemberList(Body):
    """Members in the order of their lanes."""

    items: list[MemberOut]
