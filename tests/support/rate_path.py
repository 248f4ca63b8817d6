"""A plain model of a premium index, second by second, beside the contract's closed form."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.cover import YEAR


@dataclass
class RatePath:
    """Table rates in force, in rate units a year, one for each second from `start` on.

    `first_index` is what the index shows at `start`, in index units.
    """

    rate_unit: int
    start: int
    first_index: int = 0
    rates: list[int] = field(default_factory=list)

    def hold(self, rate: int, until: int) -> None:
        """The rate held from the last known second to `until`."""
        self.rates += [rate] * (until - self.start - len(self.rates))

    def index_at(self, second: int) -> int:
        """Index units."""
        return self.first_index + self.growth(self.start, second, 0)

    def growth(self, begin: int, end: int, loading: int) -> int:
        """Rate units x seconds from `begin` to `end`."""
        return sum(self.rates[begin - self.start : end - self.start]) + loading * (end - begin)

    def consumed(
        self, begin: int, until: int, loading: int, sum_insured: int, funds: int
    ) -> tuple[int, int]:
        """(last second paid for, at most `until`; premium up to it), one second at a time."""
        most = funds * 10**18 * YEAR
        growth, second = 0, begin
        for rate in self.rates[begin - self.start : until - self.start]:
            step = (rate + loading) * self.rate_unit
            if sum_insured * (growth + step) > most:
                break
            growth += step
            second += 1
        return second, -(-sum_insured * growth // (10**18 * YEAR))
