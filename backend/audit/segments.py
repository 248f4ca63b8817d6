"""The history of a policy's cover as pieces of constant terms, from its events alone.

An endorsement by a quote acts at its second unless cover lapsed before; a holder's reduction acts
at once. A top-up after a lapse begins cover anew, with a new start for the coverage lag.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.audit.ledger import Event, Ledger, Row


@dataclass(frozen=True)
class Segment:
    """Cover on one set of terms in [start, end); `cover_start` is where its lag counts from."""

    cover_start: int
    start: int
    end: int
    sum_insured: int
    loss_per_hour: int
    loading: int
    dependencies: int
    """Up to four indices, 32 bits each."""


@dataclass
class _History:
    """Segments that ended, the one that runs (none after an end), and an endorsement that waits."""

    past: list[Segment]
    running: Segment | None = None
    waiting: tuple[int, Row] | None = None
    end: int = 0

    def bring(self, time: int) -> None:
        """Lets a waiting endorsement act if its second has come."""
        if self.waiting is None or self.waiting[0] > time:
            return
        at, terms = self.waiting
        self.waiting = None
        if self.running is not None and at < self.running.end:
            self.change(at, terms)

    def change(self, at: int, terms: Row) -> None:
        assert self.running is not None
        self.past.append(replace(self.running, end=at))
        self.running = replace(self.running, start=at, **_terms(terms))

    def stop(self, at: int) -> None:
        """Ends the running segment; what waited after that second never acts."""
        self.bring(at)
        self.waiting = None
        if self.running is not None:
            self.past.append(replace(self.running, end=at))
        self.running = None


def _terms(args: Row) -> Row:
    return {
        "sum_insured": args["sumInsured"],
        "loss_per_hour": args["lossPerHour"],
        "loading": args["loading"],
        "dependencies": args["dependencies"],
    }


def _follow(history: _History, event: Event) -> None:
    args = event.args
    match event.name:
        case "PolicyBound":
            history.end = args["end"]
            begun = args["start"]
            history.running = Segment(begun, begun, args["end"], **_terms(args))
        case "PolicyEndorsed":
            history.bring(event.time)
            if int.from_bytes(args["quoteDigest"], "big"):
                history.waiting = (args["at"], args)
            else:
                history.change(args["at"], args)
        case "PolicyLapsed":
            history.stop(args["at"])
        case "PolicyToppedUp" if args["newSegment"]:
            last = history.past[-1]
            now = event.time
            history.running = replace(last, cover_start=now, start=now, end=history.end)
        case "PolicyCancelled" | "PolicyFinished":
            history.stop(args["end"])


def segments_of(ledger: Ledger, policy: int, stop: int | None = None) -> list[Segment]:
    """A policy's segments in order of time; an endorsement that waits still acts at its second.

    :param stop: second at which its money ends, for one whose lapse nobody has put on the chain
    """
    history = _History([])
    for event in ledger.of_policy.get(policy, ()):
        _follow(history, event)
    if stop is not None and stop < history.end:
        history.stop(stop)
    history.bring(history.end)
    return [*history.past, *([history.running] if history.running else [])]


def at_second(segments: list[Segment], time: int) -> Segment | None:
    """The segment that holds a second."""
    return next((s for s in segments if s.start <= time < s.end), None)


def cover_end(segments: list[Segment], segment: Segment) -> int:
    """First second without cover after a segment: endorsements continue cover, a lapse ends it."""
    end = segment.end
    for following in segments:
        if following.start == end and following.cover_start == segment.cover_start:
            end = following.end
    return end
