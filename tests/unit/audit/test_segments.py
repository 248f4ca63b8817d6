from backend.audit.ledger import Event, Ledger
from backend.audit.segments import Segment, at_second, cover_end, segments_of

POLICY = 7
START, END = 1_000, 9_000


def terms(sum_insured, loading=5):
    hourly = sum_insured // 10
    return {
        "sumInsured": sum_insured, "lossPerHour": hourly, "loading": loading, "dependencies": 3,
    }  # fmt: skip


def ledger_of(*events):
    """A ledger that holds nothing but (time, name, values) of one policy, bound first."""
    bound = (START, "PolicyBound", {"start": START, "end": END, **terms(100)})
    ledger = Ledger()
    for index, (time, name, values) in enumerate([bound, *events]):
        args = {"policy": POLICY, **values}
        ledger.take(Event("PolicyBook", name, args, 1, "0x", "0x", index, time))
    return ledger


def endorsed(time, at, sum_insured, digest=b"\1" * 32):
    return (time, "PolicyEndorsed", {"quoteDigest": digest, "at": at, **terms(sum_insured)})


def spans(ledger):
    return [(s.cover_start, s.start, s.end, s.sum_insured) for s in segments_of(ledger, POLICY)]


def test_segments__of_another_policy__are_none():
    assert segments_of(ledger_of(), POLICY + 1) == []


def test_segments__bound_only__is_one():
    assert segments_of(ledger_of(), POLICY) == [Segment(START, START, END, 100, 10, 5, 3)]


def test_segments__endorsed_by_quote__changes_at_its_second():
    ledger = ledger_of(endorsed(2_000, 3_000, 200))
    assert spans(ledger) == [(START, START, 3_000, 100), (START, 3_000, END, 200)]


def test_segments__reduced_by_the_holder__changes_at_once():
    ledger = ledger_of(endorsed(2_000, 2_000, 50, bytes(32)))
    assert spans(ledger) == [(START, START, 2_000, 100), (START, 2_000, END, 50)]


def test_segments__lapsed_before_an_endorsement__never_see_it():
    lapsed = (5_000, "PolicyLapsed", {"at": 2_500})
    again = (6_000, "PolicyToppedUp", {"newSegment": True})
    ledger = ledger_of(endorsed(2_000, 3_000, 200), lapsed, again)
    assert spans(ledger) == [(START, START, 2_500, 100), (6_000, 6_000, END, 100)]


def test_segments__lapse_found_after_an_endorsement_acted__ends_the_endorsed_cover():
    lapsed = (5_000, "PolicyLapsed", {"at": 4_000})
    ledger = ledger_of(endorsed(2_000, 3_000, 200), lapsed)
    assert spans(ledger) == [(START, START, 3_000, 100), (START, 3_000, 4_000, 200)]


def test_segments__cancelled_before_an_endorsement__end_without_it():
    cancelled = (2_500, "PolicyCancelled", {"end": 2_500})
    assert spans(ledger_of(endorsed(2_000, 3_000, 200), cancelled)) == [(START, START, 2_500, 100)]


def test_cover_end__follows_endorsements_and_stops_at_a_lapse():
    lapsed = (5_000, "PolicyLapsed", {"at": 4_000})
    again = (6_000, "PolicyToppedUp", {"newSegment": True})
    segments = segments_of(ledger_of(endorsed(2_000, 3_000, 200), lapsed, again), POLICY)
    first = at_second(segments, 1_500)
    assert first is not None
    assert cover_end(segments, first) == 4_000
    assert at_second(segments, 5_000) is None
    last = at_second(segments, 6_000)
    assert last is not None
    assert cover_end(segments, last) == END


def test_segments__money_ended_and_nobody_said_so__end_there():
    found = segments_of(ledger_of(endorsed(2_000, 3_000, 200)), POLICY, 2_500)
    assert [(s.start, s.end) for s in found] == [(START, 2_500)]
