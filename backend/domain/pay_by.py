"""The pay-by clock: until when what is due without review is to be paid."""

from __future__ import annotations


def pay_by(
    run_start: int,
    slot_length: int,
    waiting_period: int,
    report_delay: int,
    hold_window: int,
    pay_seconds: int,
) -> int:
    """Chain second by which the first payment for a run is promised.

    A run first owes something in the slot in which its waiting period ends; that slot closes after
    the report delay, and settles after the hold window; then the insurer has `pay_seconds`.

    :param run_start: first slot of the run
    """
    owing_slot = (run_start * slot_length + waiting_period) // slot_length
    return (owing_slot + 1) * slot_length + report_delay + hold_window + pay_seconds
