"""The EIP-4361 message: read strictly, refused for each rule that it breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.sign_in import SECONDS, SKEW, Expected, SignIn, read, refusal, written

NOW = 1_700_000_000
HERE = Expected("cover.example", "https://cover.example", 1337)
GOOD = SignIn(
    "cover.example", "0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1", "https://cover.example/v1", 1,
    1337, "abcdefgh12345678", "2023-11-14T22:13:20Z", "2023-11-14T22:23:20Z",
)  # fmt: skip
TEXT = written(GOOD)


def test_read__of_what_was_written__is_the_same() -> None:
    assert read(TEXT) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT + "\n",
        TEXT + "\nRequest ID: 1",
        " " + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("This costs nothing", "This costs all"),
        TEXT.replace("Nonce: abcdefgh12345678", "Nonce: short"),
        TEXT.replace("Z\nExp", "+02:00\nExp"),
        TEXT.replace("URI:", "Not Before: 2023-11-14T22:13:20Z\nURI:"),
        TEXT.replace("0x90F8", "0x90G8"),
        TEXT.replace("Chain ID: 1337", "Chain ID: 1337\nChain ID: 1"),
        TEXT.replace("\nExpiration Time: 2023-11-14T22:23:20Z", ""),
    ],
)
def test_read__of_another_form__is_none(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"version": 2}, "version"),
        ({"domain": "evil.example"}, "domain"),
        ({"domain": "cover.example:443"}, "domain"),
        ({"uri": "https://evil.example/v1"}, "uri"),
        ({"uri": "https://cover.example.evil.example"}, "uri"),
        ({"uri": "http://cover.example/v1"}, "uri"),
        ({"chain_id": 1}, "chain_id"),
    ],
)
def test_refusal__member_of_another_place__names_the_rule(
    change: dict[str, object], rule: str
) -> None:
    message = replace(GOOD, **change)  # type: ignore[arg-type]
    assert refusal(message, HERE, NOW, NOW + SECONDS, NOW) == rule


@pytest.mark.parametrize(
    ("issued", "expires", "rule"),
    [
        (NOW + SKEW + 1, NOW + SECONDS, "issued_later"),
        (NOW - SECONDS, NOW, "expired"),
        (NOW, NOW + SECONDS + 1, "lives_too_long"),
        (NOW + SKEW, NOW + SKEW, "lives_too_long"),
        (NOW, NOW + SECONDS, None),
        (NOW + SKEW, NOW + SKEW + SECONDS, None),
        (NOW - SECONDS + 1, NOW + 1, None),
    ],
)
def test_refusal__times__are_bounded(issued: int, expires: int, rule: str | None) -> None:
    assert refusal(GOOD, HERE, issued, expires, NOW) == rule
