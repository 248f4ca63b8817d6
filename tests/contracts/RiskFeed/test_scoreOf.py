from contracts.client.messages import NO_SENSOR_DATA
from tests.support.reverts import reverts_with


def test_score_of__group_never_reported__is_refused(feed):
    with reverts_with("NoScore", 40):
        feed.scoreOf(40)


def test_score_of__lane_never_scored__is_refused(feed, reporter):
    reporter.report([3_000, NO_SENSOR_DATA, 4_000])
    with reverts_with("NoScore", 1):
        feed.scoreOf(1)


def test_score_of__reported_lanes__are_in_order_of_risk(feed, reporter):
    scores = [100 * i for i in range(32)]
    frame = reporter.report(scores, first_risk=32).events["ScoresReported"]["frame"]
    assert [tuple(feed.scoreOf(32 + i)) for i in range(32)] == [(s, s, frame) for s in scores]
