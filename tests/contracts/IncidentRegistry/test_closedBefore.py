import pytest

from tests.support import oracle


@pytest.mark.parametrize(
    ("time", "slot"),
    [(0, 0), (599, 0), (600, 0), (609, 0), (610, 1), (619, 1), (620, 2), (1_000_600, 100_000)],
)
def test_closed_before__time__is_the_first_slot_that_may_change(registry, time, slot):
    """Slot i ends at 10 (i + 1) and closes 600 s later."""
    assert registry.closedBefore(time) == slot
    assert (slot + 1) * oracle.SLOT + oracle.MAX_REPORT_DELAY > time
