import pytest

from tests.support.reverts import reverts_with

ZERO = "0x" + "00" * 20


@pytest.mark.parametrize(
    ("field", "numbers"), [(b"slotLength", (0, 600)), (b"maxReportDelay", (10, 0))]
)
def test_constructor__meaningless_number__is_refused(IncidentRegistry, accounts, field, numbers):
    with reverts_with("BadConfig", field.ljust(32, b"\0")):
        IncidentRegistry.deploy(ZERO, ZERO, *numbers, {"from": accounts[0]})


def test_constructor__numbers__are_readable(registry):
    assert (registry.slotLength(), registry.maxReportDelay()) == (10, 600)
