"""Reasons of a score and the premium that each remedy would save, from the registered model.

The one module of the backend that asks a model. Features come from the members' evidence of the
frame; the answer is given only if the model is the one that the score was reported with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..domain.pricing import premium_up
from ..domain.products import RateTable
from ..domain.units import YEAR, Rate, Score, TokenUnits
from ..evidence import Evidence
from ..ledger.tables import LedgerScore

if TYPE_CHECKING:
    from oracles.model.scoring import Scorer

MOST_REASONS = 8
FRAMES_BACK = 12


@dataclass(frozen=True, slots=True)
class Because:
    """One feature's part in a score."""

    words: str
    feature: str
    effect: int


@dataclass(frozen=True, slots=True)
class Saving:
    """A control, the score without what it removes, and premium a year with that score."""

    control: str
    framework: str
    mitigation: str
    score: int
    rate: Rate
    saves: TokenUnits


@dataclass(frozen=True, slots=True)
class Advised:
    """Reasons and remedies of one reported score, and the evidence that they rest on."""

    row: LedgerScore
    evidence: str
    rate: Rate
    because: tuple[Because, ...]
    savings: tuple[Saving, ...]


class Advice:
    """Explains scores with the model in the registry folder; it is loaded when first asked."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._lock = Lock()
        self._kept: dict[tuple[int, int, RateTable, int], Advised] = {}

    @cached_property
    def _model(self) -> Scorer:
        from oracles.model.scoring import Scorer

        return Scorer.load()

    def on(
        self, scores: Sequence[LedgerScore], table: RateTable, insured: TokenUnits
    ) -> Advised | None:
        """Advice on the newest score that evidence explains, None when there is none."""
        for row in list(reversed(scores))[:FRAMES_BACK]:
            key = (row.risk, row.frame, table, insured)
            with self._lock:
                if key not in self._kept:
                    made = self._advise(row, table, insured)
                    if made is None:
                        continue
                    self._kept = {key: made} if len(self._kept) > 1_000 else self._kept
                    self._kept[key] = made
                return self._kept[key]
        return None

    def _advise(self, row: LedgerScore, table: RateTable, insured: TokenUnits) -> Advised | None:
        if "0x" + self._model.model_hash.hex() != row.model_hash:
            return None
        for scored in self._evidence.scores_of(row.frame):
            bundle = self._evidence.bundle(scored.bundle) or {"lanes": []}
            for lane in bundle["lanes"]:
                fits = (lane["risk"], lane["score"]) == (row.risk, row.uncapped)
                if fits and lane["features"] and bundle["model_hash"] == row.model_hash:
                    return self._explained(row, scored.bundle, lane["features"], table, insured)
        return None

    def _explained(
        self,
        row: LedgerScore,
        evidence: str,
        features: dict[str, int],
        table: RateTable,
        insured: TokenUnits,
    ) -> Advised:
        reasons = self._model.explain(_frame([features]), most=len(features))[0]
        rate = table.rate(Score(row.uncapped))
        groups: dict[Any, list[str]] = defaultdict(list)
        for reason in reasons:
            groups[reason.remedy].append(reason.feature)
        without = [features | dict.fromkeys(names, 0) for names in groups.values()]
        better: list[int] = list(self._model.score(_frame(without))) if without else []
        savings: list[Saving] = []
        for remedy, found in zip(groups, better, strict=True):
            lower = table.rate(Score(int(found)))
            saves = premium_up(Rate(max(0, rate - lower)), insured, YEAR)
            savings.append(
                Saving(remedy.control, remedy.csf, remedy.mitigation, int(found), lower, saves)
            )
        return Advised(
            row=row,
            evidence=evidence,
            rate=rate,
            because=tuple(
                Because(r.words, r.feature, r.score_effect)
                for r in reasons[:MOST_REASONS]
                if r.score_effect > 0
            ),
            savings=tuple(
                sorted(
                    (saving for saving in savings if saving.score < row.uncapped),
                    key=lambda saving: (-saving.saves, saving.score),
                )
            ),
        )


def _frame(rows: list[dict[str, int]]) -> Any:
    import pandas as pd

    return pd.DataFrame(rows, dtype="int64")
