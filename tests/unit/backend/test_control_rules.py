"""What counts as proof that an applicant controls an asset."""

from __future__ import annotations

import pytest

from backend.domain import control
from backend.domain.control import Method
from backend.domain.onboarding import Verdict

ASSET, OTHER = "0x" + "ab" * 32, "0x" + "cd" * 32


def test_shows__content_of_another_challenge_or_asset__does_not() -> None:
    expected = control.content("token-1", ASSET)
    assert not control.shows([control.content("token-2", ASSET)], expected)
    assert not control.shows([control.content("token-1", OTHER)], expected)
    assert not control.shows([], expected)
    assert not control.shows([expected + "x"], expected)


def test_shows__among_other_records_with_spaces__does() -> None:
    expected = control.content("token-1", ASSET)
    assert control.shows(["v=spf1 -all", f" {expected}\n"], expected)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.10", True),
        ("198.51.100.9", True),
        ("2001:db8::1", True),
        ("203.0.113.11", False),
        ("198.51.101.9", False),
        ("2001:db8::2", False),
    ],
)
def test_belongs__address__is_the_assets_or_not(address: str, expected: bool) -> None:
    hosts, cidrs = ["203.0.113.10", "2001:db8::1"], ["198.51.100.0/24"]
    assert control.belongs(address, hosts, cidrs) is expected


@pytest.mark.parametrize(
    ("proven", "rules"),
    [
        ([], ["control_unproven"]),
        ([Method.WALLET], ["control_by_wallet_only"]),
        ([Method.WALLET, Method.HTTP_FILE], []),
        ([Method.DNS_TXT], []),
    ],
)
def test_reasons__proven_methods__leave_open(proven: list[Method], rules: list[str]) -> None:
    found = control.reasons(proven)
    assert [reason.rule for reason in found] == rules
    assert all(reason.verdict is Verdict.REFER for reason in found)


def test_signed_text__another_wallet_asset_or_token__is_another_text() -> None:
    texts = {
        control.signed_text(token, asset, wallet)
        for token in ("a", "b")
        for asset in (ASSET, OTHER)
        for wallet in ("0x1", "0x2")
    }
    assert len(texts) == 8
