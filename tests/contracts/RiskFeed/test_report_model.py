"""Reports of many random scores against the rules written plainly: the short way, the long way and
both kinds of median must end in the same numbers."""

import random

import pytest

from tests.support import oracle

RISKS = 64
REGISTERED = 40
BASE = 4_000
NONE = 0xFFFF
DAY = 86_400


@pytest.fixture(scope="module")
def registered(register, accounts):
    """Class base scores for most of the risks; the others have none."""
    for number in range(REGISTERED):
        asset = number.to_bytes(32, "big")
        register.registerRisk(accounts[1], asset, BASE, {"from": accounts[0]})


class Model:
    """Score, median and morning's score of each risk, by the rules alone."""

    def __init__(self):
        self.score = [None] * RISKS
        self.median = [None] * RISKS
        self.morning, self.day = {}, None

    def report(self, day, vectors):
        if day != self.day:
            self.morning, self.day = dict(enumerate(self.score)), day
        for risk in range(RISKS):
            lanes = sorted(min(v[risk], 16_383) for v in vectors)
            self._move(risk, lanes[len(lanes) // 2])

    def _move(self, risk, median):
        last = self.score[risk]
        if median > 10_000:
            base = BASE if risk < REGISTERED else None
            known = [v for v in (last, self.median[risk], base) if v is not None]
            if not known:
                return
            median = max(known)
        moved = median
        if last is not None:
            moved = within(moved, last, oracle.PER_FRAME)
            morning = self.morning.get(risk)
            moved = within(moved, last if morning is None else morning, oracle.PER_DAY)
        self.score[risk], self.median[risk] = moved, median


def within(value, start, room):
    return max(min(value, start + room), start - room, 0)


def vector(source, around, spread):
    """Scores near those of `around`, now and then far off, without sensor data, or nonsense."""
    made = []
    for score in around:
        kind = source.random()
        if kind < 0.04:
            made.append(NONE)
        elif kind < 0.06:
            made.append(source.randint(10_001, 16_383))
        elif kind < 0.1:
            made.append(source.randint(0, 10_000))
        else:
            made.append(min(10_000, max(0, score + source.randint(-spread, spread))))
    return made


@pytest.mark.parametrize(("seed", "members"), [(1, 3), (2, 3), (3, 4)])
def test_report__random_scores__follow_the_rules(registered, reporter, feed, chain, seed, members):
    source = random.Random(seed)
    model = Model()
    around = [source.randint(0, 10_000) for _ in range(RISKS)]
    chain.mine(timestamp=(chain[-1].timestamp // DAY + 1) * DAY + oracle.FRAME)
    for step in range(7):
        if step == 4:
            chain.mine(timestamp=(chain[-1].timestamp // DAY + 1) * DAY + oracle.FRAME)
        frame = reporter.next_frame()
        spread = source.choice((5, 200, 1_500))
        signed = {lane: vector(source, around, spread) for lane in range(members)}
        sent = reporter.send(frame, reporter.vectors(frame, signed))
        model.report(frame * oracle.FRAME // DAY, list(signed.values()))
        effective, uncapped = oracle.reported(sent)
        assert list(effective) == [NONE if s is None else s for s in model.score]
        assert list(uncapped or effective) == [NONE if s is None else s for s in model.median]
    for risk in range(RISKS):
        if model.score[risk] is not None:
            assert tuple(feed.scoreOf(risk)) == (model.score[risk], model.median[risk], frame)
