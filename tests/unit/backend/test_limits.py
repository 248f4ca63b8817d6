"""Rates of requests."""

from __future__ import annotations

from backend.http.limits import Limits


def test_take__bucket_empty__is_refused_until_it_fills() -> None:
    limits = Limits(rate=2, burst=3)
    granted = [limits.take("a", 10.0).granted for _ in range(5)]
    assert granted == [True, True, True, False, False]
    assert limits.take("a", 10.4).granted is False
    assert limits.take("a", 10.5).granted is True


def test_take__another_key__has_its_own_bucket() -> None:
    limits = Limits(rate=1, burst=1)
    assert limits.take("a", 0.0).granted
    assert limits.take("b", 0.0).granted
    assert not limits.take("a", 0.0).granted


def test_take__long_pause__fills_no_further_than_the_burst() -> None:
    limits = Limits(rate=10, burst=2)
    limits.take("a", 0.0)
    assert [limits.take("a", 1_000.0).granted for _ in range(3)] == [True, True, False]


def test_headers__refused__say_when_to_come_again() -> None:
    limits = Limits(rate=1, burst=1)
    limits.take("a", 0.0)
    refused = limits.take("a", 0.0)
    assert refused.headers == [
        (b"ratelimit-limit", b"1"),
        (b"ratelimit-remaining", b"0"),
        (b"ratelimit-reset", b"1"),
    ]
