"""Answer body of incidents."""

from __future__ import annotations

from ..http.schemas import Body


class IncidentOut(Body):
    """A run of lost slots of a subject (a risk's index, or 2^32 + a dependency's).

    `closed`: no slot of it, nor one that could join it, can change any more.
    """

    subject: int
    run_start: int
    run_end: int
    lost_slots: int
    attacked_slots: int
    started_at: int
    ended_at: int
    closed: bool
