"""Incidents from masks: slots across epochs, gaps, and attacked slots."""

from __future__ import annotations

from backend.domain.incidents import Incident, Masks, attacked_slots, incidents_of, lost_slots
from backend.domain.liability import Run


def test_incidents_of__no_lost_slot__is_empty() -> None:
    assert incidents_of({3: Masks(0, 0b111)}, 2, 30) == []


def test_incidents_of__run_over_an_epochs_end__is_one() -> None:
    masks = {1: Masks(1 << 63, 0), 2: Masks(0b11, 0b10)}
    assert incidents_of(masks, 2, 0) == [Incident(Run(127, 129), 3, 1)]


def test_incidents_of__gap_shorter_than_the_merge_gap__is_closed() -> None:
    masks = {0: Masks(0b1001, 0)}
    assert incidents_of(masks, 2, 5) == [Incident(Run(0, 3), 2, 0)]
    assert incidents_of(masks, 2, 4) == [Incident(Run(0, 0), 1, 0), Incident(Run(3, 3), 1, 0)]


def test_attacked_slots__attacked_but_not_lost__do_not_count() -> None:
    masks = {0: Masks(0b0110, 0b0011)}
    assert lost_slots(masks) == [1, 2]
    assert attacked_slots(masks) == [1]
