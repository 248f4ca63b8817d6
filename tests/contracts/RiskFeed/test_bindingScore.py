from tests.support import oracle
from tests.support.reverts import reverts_with


def test_binding_score__no_score__is_refused(feed):
    with reverts_with("NoScore", 0):
        feed.bindingScore(0)


def test_binding_score__last_frame_too_old__is_refused(feed, reporter, chain):
    frame = reporter.report([3_000]).events["ScoresReported"]["frame"]
    chain.mine(timestamp=(frame + oracle.MAX_FRAME_AGE + 1) * oracle.FRAME)
    with reverts_with("StaleScore", 0, frame, frame + oracle.MAX_FRAME_AGE + 1):
        feed.bindingScore(0)


def test_binding_score__last_second_of_the_last_allowed_frame__is_given(feed, reporter, chain):
    frame = reporter.report([3_000]).events["ScoresReported"]["frame"]
    chain.mine(timestamp=(frame + oracle.MAX_FRAME_AGE + 1) * oracle.FRAME - 1)
    assert tuple(feed.bindingScore(0)) == (3_000, frame, "0x" + oracle.MODEL.hex())


def test_binding_score__capped_move__is_the_uncapped_median(feed, reporter):
    reporter.report([3_000])
    reporter.report([9_000])
    assert feed.bindingScore(0)[0] == 9_000
    assert feed.scoreOf(0)[0] == 4_000


def test_binding_score__model_of_the_groups_last_report__is_given(feed, reporter):
    reporter.report([3_000] * 32)
    reporter.report([3_000] * 16, first_risk=16, model=oracle.OTHER_MODEL)
    assert feed.bindingScore(15)[2] == "0x" + oracle.MODEL.hex()
    assert feed.bindingScore(16)[2] == "0x" + oracle.OTHER_MODEL.hex()
