"""The audit's report for people, one HTML file that needs nothing else, and its JSON twin; changes
when the report shows more."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from backend.audit.balances import Balances, gifts
from backend.audit.bordereaux import Source, moment
from backend.audit.files import Written, write_bordereaux
from backend.audit.journal import (
    COMMISSIONS,
    FEES,
    RESERVE,
    TRANSIT,
    UNEARNED,
    trial_balance,
)
from backend.audit.run import Audit

COIN = 10**6
MOST_RISKS = 6
BLUE, ORANGE, GREEN = "#0b5cad", "#c2570c", "#2a7f3f"
LEGEND: dict[str, Any] = {
    "fontsize": 8,
    "frameon": False,
    "ncols": 3,
    "loc": "lower right",
    "bbox_to_anchor": (1, 0.98),
}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Reconciled:
    """One total of the bordereaux beside the journal's."""

    what: str
    bordereau: int
    journal: int

    @property
    def agrees(self) -> bool:
        return self.bordereau == self.journal


def reconcile(written: Written, balances: Balances) -> list[Reconciled]:
    """The bordereaux' totals beside what the journal booked."""
    premium, claims = written.totals["premium"], written.totals["claims"]
    journal = balances.journal
    allocated = (
        premium["Fees"]
        + premium["Net Premium to Junior Capital"]
        + premium["Net Premium to Senior Capital"]
    )
    unearned = (
        premium["Gross Premium Paid"]
        - premium["Premium Earned"]
        - premium["Coverholder Commission"]
        - premium["Return Premium"]
    )
    paid = journal.tokens_out["ClaimPaid"] + journal.tokens_out["ClaimsPaid"]
    return [
        Reconciled(
            "premium written (risk, premium)",
            written.totals["risk"]["Gross Written Premium"],
            premium["Gross Premium Paid"],
        ),
        Reconciled("premium earned", premium["Premium Earned"], journal.credits[TRANSIT]),
        Reconciled("premium allocated", allocated, journal.debits[TRANSIT]),
        Reconciled("premium unearned", unearned, journal.owed(UNEARNED)),
        Reconciled("commission", premium["Coverholder Commission"], journal.credits[COMMISSIONS]),
        Reconciled("fees", premium["Fees"], journal.credits[FEES]),
        Reconciled("claims paid", claims["Paid Indemnity"], paid),
        Reconciled("claims reserve", claims["Change of Reserve"], journal.owed(RESERVE)),
    ]


# -- plots -----------------------------------------------------------------------------------------


def _figure(title: str, unit: str) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.2, 3.1), layout="constrained")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_ylabel(unit)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e7eb")
    axes.tick_params(labelsize=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    return figure, axes


def _picture(figure: Any) -> str:
    from matplotlib import pyplot

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=140)
    pyplot.close(figure)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _dates(seconds: Sequence[int]) -> list[datetime]:
    return [datetime.fromtimestamp(second, UTC) for second in seconds]


def _date_axis(axes: Any) -> None:
    from matplotlib import dates

    locator: Any = dates.AutoDateLocator
    formatter: Any = dates.ConciseDateFormatter
    axes.xaxis.set_major_locator(locator())
    axes.xaxis.set_major_formatter(formatter(axes.xaxis.get_major_locator()))


def capital_plot(balances: Balances) -> str:
    """Junior and senior capital, and limits in force, over time."""
    figure, axes = _figure("Capital and limits in force", "million coins")
    times = _dates([point.time for point in balances.path])
    million = COIN * 10**6
    axes.stackplot(
        times,
        [point.junior / million for point in balances.path],
        [point.senior / million for point in balances.path],
        labels=("junior capital", "senior capital"),
        colors=("#9ec5e8", "#d7e7f5"),
        step="post",
    )
    axes.step(
        times,
        [point.locked / million for point in balances.path],
        where="post",
        color=ORANGE,
        label="limits in force",
    )
    axes.legend(**LEGEND)
    _date_axis(axes)
    return _picture(figure)


def money_plot(found: Audit) -> str:
    """Premium earned and claims paid, each summed up over time."""
    figure, axes = _figure("Premium earned and claims paid, cumulated", "coins")
    earned, paid = [(0, 0)], [(0, 0)]
    for event in found.ledger.events:
        if (event.contract, event.name) == ("Cell", "PremiumCollected"):
            earned.append((event.time, earned[-1][1] + event.args["amount"]))
        elif event.contract == "Cell" and event.name in ("ClaimPaid", "ClaimsPaid"):
            paid.append((event.time, paid[-1][1] + event.args["amount"]))
    for path, colour, label in ((earned, GREEN, "premium"), (paid, ORANGE, "claims")):
        if len(path) < 2:
            continue
        path = [*path[1:], (found.pin.timestamp, path[-1][1])]
        times = _dates([time for time, _ in path])
        axes.step(times, [v / COIN for _, v in path], where="post", color=colour, label=label)
        axes.annotate(
            f"{label} {path[-1][1] / COIN:,.2f}",
            (times[-1], path[-1][1] / COIN),
            ha="right",
            va="bottom",
            fontsize=8,
            color=colour,
        )
    axes.set_yscale("symlog", linthresh=1)
    _date_axis(axes)
    return _picture(figure)


def score_plot(found: Audit) -> str:
    """Effective scores over time, of the risks that were scored most often."""
    figure, axes = _figure("Scores on the chain", "score, higher is riskier")
    by_risk: dict[int, list[tuple[int, int]]] = {}
    for row in found.ledger.rows("ledger_scores").values():
        by_risk.setdefault(row["risk"], []).append((row["reported_at"], row["score"]))
    busiest = sorted(by_risk.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_RISKS]
    for risk, points in busiest:
        points = [*sorted(points), (found.pin.timestamp, sorted(points)[-1][1])]
        times = _dates([time for time, _ in points])
        axes.step(times, [score for _, score in points], where="post", label=f"risk {risk}")
    axes.set_ylim(0, 10_400)
    if busiest:
        axes.legend(**LEGEND)
        _date_axis(axes)
    return _picture(figure)


def incident_plot(found: Audit) -> str:
    """Lost and attacked slots over time, one line a subject."""
    from matplotlib.patches import Patch

    assert found.parameters is not None
    figure, axes = _figure("Slots that a quorum marked", "subject")
    axes.grid(visible=False)
    subjects = sorted({subject for subject, _ in found.ledger.rows("ledger_masks")})
    length = found.parameters.slot_length
    for (subject, epoch), row in found.ledger.rows("ledger_masks").items():
        at = subjects.index(subject)
        for bit in range(64):
            start, width = _dates([(epoch * 64 + bit) * length, (epoch * 64 + bit + 1) * length])
            for mask, height, colour in ((row["lost"], 0.2, ORANGE), (row["attacked"], -0.2, BLUE)):
                if mask >> bit & 1:
                    axes.barh(at + height, width - start, 0.32, left=start, color=colour)
    axes.set_yticks(range(len(subjects)), [str(subject) for subject in subjects])
    axes.set_ylim(-0.6, max(len(subjects), 1) - 0.4)
    if subjects:
        named = [Patch(color=ORANGE, label="lost"), Patch(color=BLUE, label="attacked")]
        axes.legend(handles=named, **LEGEND)
        _date_axis(axes)
    return _picture(figure)


# -- files -----------------------------------------------------------------------------------------


def as_object(found: Audit) -> dict[str, Any]:
    """The result for a program."""
    stored, seen = found.comparison, found.evidence
    return {
        "block": {
            "number": found.pin.number,
            "hash": found.pin.hash,
            "timestamp": found.pin.timestamp,
            "chain_id": found.pin.chain_id,
            "genesis": found.pin.genesis,
        },
        "recomputed": dict(found.result.recomputed),
        "on_chain": dict(found.result.on_chain),
        "findings": [str(finding) for finding in found.result.findings],
        "remarks": [str(remark) for remark in seen.remarks] if seen else [],
        "sensor_gaps": [str(gap) for gap in seen.gaps] if seen else [],
        "evidence_coverage": {
            str(policy): {"frames_with_data": shown, "frames": frames}
            for policy, (shown, frames) in (seen.coverage if seen else {}).items()
        },
        "journal": [
            {"account": account, "debits": debits, "credits": credits, "balance": balance}
            for account, debits, credits, balance in (
                trial_balance(found.balances.journal) if found.balances else []
            )
        ],
        "checkpoints": found.balances.checkpoints if found.balances else 0,
        "database_rows": stored.rows if stored else None,
        "database_differences": [str(d) for d in stored.differences] if stored else [],
        "differences": found.differences,
    }


def coins(amount: int) -> str:
    """Token units in coins, to the last unit."""
    sign, amount = ("−" if amount < 0 else ""), abs(amount)
    return f"{sign}{amount // COIN:,}.{amount % COIN:06d}"


def write_report(found: Audit, folder: Path, progress: Progress) -> Written:
    """Bordereaux, workbook, `audit.json` and `audit.html` in a folder.

    A total of the bordereaux that is not the journal's becomes a finding.
    """
    assert found.parameters is not None and found.balances is not None
    source = Source(found.ledger, found.parameters, found.calldata, "coin units, 6 decimals")
    written = write_bordereaux(source, folder, progress)
    totals = reconcile(written, found.balances)
    for total in totals:
        found.result.expect("bordereau", total.what, total.bordereau, total.journal, "total")
    progress("report", 0, 1)
    result = as_object(found) | {
        "bordereaux": {
            name: {"rows": written.rows[name], "totals": sums}
            for name, sums in written.totals.items()
        }
    }
    (folder / "audit.json").write_text(json.dumps(result, indent=1) + "\n")
    environment = Environment(
        loader=PackageLoader("backend.audit"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"coins": coins, "moment": moment}
    page = environment.get_template("audit.html").render(
        found=found,
        totals=totals,
        written=written,
        balance=trial_balance(found.balances.journal),
        gifts=gifts(found.balances.journal),
        plots=[
            ("Capital", capital_plot(found.balances)),
            ("Premium and claims", money_plot(found)),
            ("Scores", score_plot(found)),
            ("Incidents", incident_plot(found)),
        ],
        database=found.comparison.differences if found.comparison else [],
    )
    (folder / "audit.html").write_text(page)
    return written
