"""How much of a policy's time rests on evidence that can be replayed."""

from __future__ import annotations

from dataclasses import dataclass

BASIS = 10_000


@dataclass(frozen=True, slots=True)
class EvidenceCoverage:
    """Counts over the cover's time so far.

    Of `reports` that carried the risk, `scored` had data of its sensor; of `observations` of its
    service that members signed, the evidence of `held` is at hand and has the hash that is on
    chain.
    """

    reports: int
    scored: int
    observations: int
    held: int

    @property
    def scores_bps(self) -> int | None:
        """Share of reports with sensor data, rounded down; None without any report."""
        return None if self.reports == 0 else self.scored * BASIS // self.reports

    @property
    def observations_bps(self) -> int | None:
        """Share of observations whose evidence is at hand, rounded down; None without any."""
        return None if self.observations == 0 else self.held * BASIS // self.observations

    @property
    def coverage_bps(self) -> int | None:
        """The lower of the two: a chain of evidence is as good as its weakest part."""
        known = [bps for bps in (self.scores_bps, self.observations_bps) if bps is not None]
        return min(known, default=None)
