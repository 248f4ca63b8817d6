"""What a settlement reads of a policy: the same cover as everybody's, or nothing."""

import pytest

from tests.support.cover import LOADING, SUM, TABLE, premium_of, quote_args

DAY = 86_400
NOTICE = premium_of((TABLE[15] + LOADING) * 3_600)


@pytest.fixture
def words(book, n):
    """The words of the first policy at a second, checked against its cover unless they are none."""

    def _words(time):
        found = tuple(int(word) for word in book.packedCoverOf(n(1), time))
        if found == (0, 0, 0):
            return None
        cover = book.coverAt(n(1), time)
        parties = int(str(cover["holder"]), 16) | cover["product"] << 160 | cover["risk"] << 176
        parties |= cover["start"] << 208 | cover["inForce"] << 240
        amounts = cover["sumInsured"] | cover["lossPerHour"] << 56 | cover["end"] << 112
        assert found == (parties, amounts, cover["dependencies"])
        return cover

    return _words


def test_cover_words__unknown_policy__are_none(words):
    assert words(0) is None


def test_cover_words__endorsement_waits__are_none_and_then_those_of_the_new_segment(
    n, bind, book, words, underwriter, chain, people
):
    start = bind(premium=20_000_000).timestamp
    quote = underwriter.quote(sum_insured=SUM * 2, loss_per_hour=SUM // 5)
    signed = (quote_args(quote), underwriter.sign(quote))
    at = book.endorse(n(1), *signed, {"from": people.alice}).events["PolicyEndorsed"]["at"]
    assert words(start) is None
    chain.mine(timestamp=at + 10)
    book.touch(n(1), {"from": people.bob})
    assert words(at - 1) is None
    assert words(at)["sumInsured"] == 2 * SUM
    assert words(at)["start"] == start


def test_cover_words__funds_that_may_not_have_lasted__are_none(n, bind, book, words, chain, people):
    start = bind(premium=NOTICE).timestamp
    assert words(start)["inForce"]
    chain.mine(timestamp=start + 3_700)
    assert words(start) is None
    chain.mine(timestamp=start + 3 * DAY)
    book.touch(n(1), {"from": people.bob})
    assert words(start) is None


def test_cover_words__until_it_is_released__are_its_cover(n, bind, book, words, chain, people):
    start = bind(premium=100_000_000).timestamp
    for time in (start - 1, start, start + 30 * DAY - 1, start + 30 * DAY):
        assert words(time)["inForce"] == (start <= time < start + 30 * DAY)
    chain.mine(timestamp=start + DAY)
    book.touch(n(1), {"from": people.bob})
    assert words(start)["inForce"]
    chain.mine(timestamp=start + 30 * DAY)
    book.finish([n(1)], {"from": people.bob})
    assert words(start)["inForce"]
    chain.mine(timestamp=start + 60 * DAY)
    book.expire([n(1)], {"from": people.bob})
    assert not words(start)["inForce"]


def test_cover_words__dependencies__are_the_third(n, bind, words, neighbours, people):
    neighbours.setDependencyCount(2, {"from": people.admin})
    start = bind(dependencies=1 | 2 << 32).timestamp
    assert words(start)["dependencies"] == 1 | 2 << 32
