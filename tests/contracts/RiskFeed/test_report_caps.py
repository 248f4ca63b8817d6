"""The change caps of `report`, per frame and per day, and lanes without sensor data."""

import pytest

from contracts.client.messages import NO_SENSOR_DATA
from tests.support import oracle

DAY = 86_400


@pytest.fixture
def morning(chain, feed, reporter):
    """The second frame of a day; what follows in the test happens within that day."""
    chain.mine(timestamp=(chain[-1].timestamp // DAY + 1) * DAY + oracle.FRAME)


def tomorrow(chain):
    chain.mine(timestamp=(chain[-1].timestamp // DAY + 1) * DAY + oracle.FRAME)


def scores(feed, risk=0):
    score, uncapped, _ = feed.scoreOf(risk)
    return score, uncapped


def test_frame_cap__first_score_of_a_risk__is_free(morning, reporter, feed):
    reporter.report([9_000])
    assert scores(feed) == (9_000, 9_000)


@pytest.mark.parametrize(("target", "reached"), [(9_000, 6_000), (1_000, 4_000), (5_500, 5_500)])
def test_frame_cap__larger_move__is_cut(morning, reporter, feed, target, reached):
    reporter.report([5_000, 5_000])
    transaction = reporter.report([target, 5_000])
    assert scores(feed) == (reached, target)
    assert scores(feed, 1) == (5_000, 5_000)
    effective, uncapped = oracle.reported(transaction)
    assert effective[:2] == (reached, 5_000)
    assert uncapped[:2] == (() if target == reached else (target, 5_000))


def test_frame_cap__next_frames__go_on_from_the_capped_score(morning, reporter, feed):
    reporter.report([5_000])
    reporter.report([6_800])
    reporter.report([6_800])
    assert scores(feed) == (6_800, 6_800)


def test_frame_cap__near_both_ends__does_not_wrap(morning, reporter, feed):
    reporter.report([200, 9_900])
    reporter.report([0, 10_000])
    assert (scores(feed), scores(feed, 1)) == ((0, 0), (10_000, 10_000))


@pytest.mark.parametrize(("target", "reached"), [(10_000, 7_500), (0, 2_500)])
def test_day_cap__many_frames_in_one_day__stop_at_the_days_cap(
    morning, reporter, feed, chain, target, reached
):
    reporter.report([5_000])
    tomorrow(chain)
    for _ in range(4):
        reporter.report([target])
    assert scores(feed) == (reached, target)
    assert feed.bindingScore(0)[0] == target


def test_day_cap__next_day__begins_where_the_last_one_ended(morning, reporter, feed, chain):
    reporter.report([5_000])
    for _ in range(2):
        tomorrow(chain)
        for _ in range(4):
            reporter.report([10_000])
    assert scores(feed) == (10_000, 10_000)
    tomorrow(chain)
    for _ in range(4):
        reporter.report([0])
    assert scores(feed) == (7_500, 0)


def test_day_cap__there_and_back__is_measured_from_the_morning(morning, reporter, feed, chain):
    reporter.report([5_000])
    tomorrow(chain)
    for target in (6_000, 7_000, 7_500, 6_500, 5_500, 4_500, 3_500, 2_500, 2_000):
        reporter.report([target])
    assert scores(feed) == (2_500, 2_000)


def test_day_cap__risk_first_scored_today__has_the_frame_cap_alone(morning, reporter, feed, chain):
    reporter.report([1_000] * 16)
    tomorrow(chain)
    reporter.report([1_000] * 16)
    for target in (1_000, 2_000, 3_000, 4_000, 5_000):
        reporter.report([target] * 16, first_risk=16)
    assert scores(feed, 16) == (5_000, 5_000)


def test_day_cap__late_frame_of_yesterday__counts_from_todays_morning(
    morning, reporter, feed, chain
):
    reporter.report([5_000] * 32)
    frame = reporter.next_frame()
    late = reporter.vectors(frame, dict.fromkeys(range(3), [4_000] * 16), first_risk=16)
    tomorrow(chain)
    reporter.report([6_000] * 16)
    reporter.send(frame, late, first_risk=16)
    assert scores(feed, 16) == (4_000, 4_000)
    for _ in range(3):
        reporter.report([1_000] * 16, first_risk=16)
    assert scores(feed, 16) == (2_500, 1_000)


def test_missing_sensor__unregistered_risk__stays_without_a_score(morning, reporter):
    transaction = reporter.report([3_000])
    assert oracle.reported(transaction)[0] == (3_000, *[NO_SENSOR_DATA] * 15)


def test_missing_sensor__no_score_yet__takes_the_class_base(
    morning, reporter, feed, register, accounts
):
    register.registerRisk(accounts[3], b"\x01" * 32, 4_200, {"from": accounts[0]})
    reporter.report([NO_SENSOR_DATA])
    assert scores(feed) == (4_200, 4_200)


@pytest.mark.parametrize(("last", "moved_to"), [(7_000, 7_000), (3_500, 4_200), (1_000, 2_000)])
def test_missing_sensor__known_score__moves_to_the_larger_of_last_and_base(
    morning, reporter, feed, register, accounts, last, moved_to
):
    register.registerRisk(accounts[3], b"\x01" * 32, 4_200, {"from": accounts[0]})
    reporter.report([last])
    reporter.report([NO_SENSOR_DATA])
    assert scores(feed) == (moved_to, max(last, 4_200))


def test_missing_sensor__while_a_cap_holds_the_score_down__still_climbs(
    morning, reporter, feed, register, accounts
):
    """Switching the sensor off after a rise must not freeze the price at the capped score."""
    register.registerRisk(accounts[3], b"\x01" * 32, 100, {"from": accounts[0]})
    reporter.report([3_000])
    reporter.report([9_000])
    reporter.report([NO_SENSOR_DATA])
    assert scores(feed) == (5_000, 9_000)


def test_missing_sensor__while_a_cap_holds_the_score_up__stays_up(
    morning, reporter, feed, register, accounts
):
    register.registerRisk(accounts[3], b"\x01" * 32, 100, {"from": accounts[0]})
    reporter.report([9_000])
    reporter.report([1_000])
    reporter.report([NO_SENSOR_DATA])
    assert scores(feed) == (8_000, 8_000)


def test_missing_sensor__one_member_without_data__leaves_the_median_to_the_others(
    morning, reporter, feed
):
    frame = reporter.next_frame()
    own = {0: [NO_SENSOR_DATA], 1: [3_000], 2: [2_000]}
    reporter.send(frame, reporter.vectors(frame, own))
    assert scores(feed) == (3_000, 3_000)
