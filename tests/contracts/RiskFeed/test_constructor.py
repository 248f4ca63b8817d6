import pytest

from tests.support.reverts import reverts_with

ZERO = "0x" + "00" * 20


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        (b"frameLength", (0, 30, 1_000, 2_500)),
        (b"maxFrameAge", (60, 0, 1_000, 2_500)),
        (b"maxMovePerFrame", (60, 30, 0, 2_500)),
        (b"maxMovePerFrame", (60, 30, 2_501, 2_500)),
        (b"maxMovePerDay", (60, 30, 1_000, 10_001)),
    ],
)
def test_constructor__meaningless_number__is_refused(RiskFeed, accounts, field, numbers):
    with reverts_with("BadConfig", field.ljust(32, b"\0")):
        RiskFeed.deploy(ZERO, ZERO, ZERO, ZERO, *numbers, {"from": accounts[0]})


def test_constructor__numbers__are_readable(feed):
    assert feed.frameLength() == 60
    assert feed.maxFrameAge() == 30
    assert tuple(feed.changeCaps()) == (1_000, 2_500)
    assert feed.frameAt(119) == 1
    assert feed.frameAt(120) == 2
