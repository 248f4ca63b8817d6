"""Tables, plots and JSON objects of the command line; changes when what they show does."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")

import numpy as np
import numpy.typing as npt
import pandas as pd
import rfc8785
from eth_utils.crypto import keccak
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from oracles.domain.alert import Alert
from oracles.domain.drift import Drift
from oracles.domain.flow import COLUMNS, MISSING, FlowBatch, ends_us
from oracles.model.reasons import Reason
from oracles.rating.table import price_effect

ROWS_SHOWN: Final = 20
ASSETS_PLOTTED: Final = 10  # as many as there are colours
_BAND: Final = 625  # scores of one step of the rate tables


@dataclass(frozen=True)
class Scored:
    """Scores and reasons of units, in the order of their index (asset, frame)."""

    index: pd.Index[Any]
    scores: npt.NDArray[np.int64]
    reasons: list[list[Reason]]
    frame_length_s: int


def moment(micros: int) -> str:
    """A time in µs since 1970 as ISO 8601."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(timespec="milliseconds")


def flow_objects(flows: pd.DataFrame) -> list[dict[str, Any]]:
    """One object a flow, with the columns of the schema; what is unknown is null."""
    plain = flows[list(COLUMNS)].astype("object")
    unknown = plain.isin([MISSING, ""])
    rows = plain.mask(unknown, None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def score_objects(scored: Scored) -> list[dict[str, Any]]:
    """One object an asset-window."""
    return [
        {
            "asset": str(asset),
            "window_start": moment(int(frame) * scored.frame_length_s * 1_000_000),
            "score": int(score),
            "reasons": [
                {
                    "feature": reason.feature,
                    "words": reason.words,
                    "value": reason.value,
                    "score_effect": reason.score_effect,
                    "price_effect_bps": price_effect(int(score), reason.score_effect),
                    "control": reason.remedy.control,
                    "csf": reason.remedy.csf,
                    "mitigation": reason.remedy.mitigation,
                }
                for reason in reasons
            ],
        }
        for (asset, frame), score, reasons in zip(
            scored.index, scored.scores, scored.reasons, strict=True
        )
    ]


def alert_objects(found: Sequence[Alert], batch: FlowBatch) -> list[dict[str, Any]]:
    """One object an alert; its evidence names the file, the rows by hash, and the threshold."""
    return [
        {
            "peril": alert.peril,
            "payable": False,
            "subject": alert.subject,
            "start": moment(alert.start_us),
            "end": moment(alert.end_us),
            "severity": alert.severity,
            "technique": alert.origin.technique,
            "evidence": _evidence(alert, batch),
        }
        for alert in found
    ]


def _evidence(alert: Alert, batch: FlowBatch) -> dict[str, Any]:
    flows = batch.flows
    ends = ends_us(flows)
    subject = (flows["orig_h"] == alert.subject) | (flows["resp_h"] == alert.subject)
    other = (flows["orig_h"] == alert.counterpart) | (flows["resp_h"] == alert.counterpart)
    within = (flows["ts"] <= alert.end_us) & (ends >= alert.start_us)
    rows = flows[(subject & within & (other | (alert.counterpart == ""))).to_numpy(np.bool_)]
    return {
        "source_kind": batch.source_kind,
        "raw_sha256": batch.raw_sha256,
        "counterpart": alert.counterpart or None,
        "threshold": alert.origin.source,
        "unit": alert.unit,
        "veris": alert.origin.veris,
        "flows": len(rows),
        "packets": int(rows[["orig_pkts", "resp_pkts"]].clip(lower=0).to_numpy().sum()),
        "flows_hash": "0x" + keccak(rfc8785.dumps(flow_objects(rows))).hex(),
    }


def show_flows(batch: FlowBatch, console: Console) -> None:
    """The largest groups of flows, and what was refused."""
    flows = batch.flows
    table = Table(title=f"{len(flows):,} flows from {batch.source_kind}")
    for head in ("service", "protocol", "port", "flows", "packets", "IP bytes", "unanswered"):
        table.add_column(head, justify="left" if head in ("service", "protocol") else "right")
    keys = ["service", "proto", "resp_p"]
    counted = flows.assign(
        pkts=flows[["orig_pkts", "resp_pkts"]].clip(lower=0).sum(axis=1),
        size=flows[["orig_ip_bytes", "resp_ip_bytes"]].clip(lower=0).sum(axis=1),
        silent=flows["resp_pkts"] == 0,
    )
    grouped = counted.groupby(keys, observed=True).agg(
        n=("ts", "size"), pkts=("pkts", "sum"), size=("size", "sum"), silent=("silent", "sum")
    )
    for key, row in grouped.nlargest(ROWS_SHOWN, "n").iterrows():
        service, proto, port = key if isinstance(key, tuple) else ("", "", 0)
        figures = (f"{int(row[name]):,}" for name in ("n", "pkts", "size", "silent"))
        table.add_row(str(service) or "–", str(proto), str(port), *figures)
    console.print(table)
    if len(grouped) > ROWS_SHOWN:
        console.print(f"and {len(grouped) - ROWS_SHOWN:,} smaller groups")
    for reason, count in batch.quarantine.counts.items():
        console.print(f"refused: {count:,} × {reason}")


def show_scores(scored: Scored, model_hash: bytes, console: Console) -> None:
    """The highest units with their first reason, and each asset's range."""
    table = Table(title=f"{len(scored.scores):,} asset-windows, model 0x{model_hash.hex()[:16]}…")
    for head in ("asset", "window", "score", "main reason", "remedy", "bp a year"):
        right = head in ("score", "bp a year")
        whole = head in ("asset", "window")
        table.add_column(head, justify="right" if right else "left", no_wrap=whole)
    order = np.argsort(-scored.scores, kind="stable")[:ROWS_SHOWN]
    for row in sorted(int(position) for position in order):
        asset, frame = scored.index[row]
        first = scored.reasons[row][0] if scored.reasons[row] else None
        table.add_row(
            str(asset),
            moment(int(frame) * scored.frame_length_s * 1_000_000)[:19],
            str(int(scored.scores[row])),
            first.words if first else "–",
            first.remedy.control if first else "–",
            str(-_attack_price(int(scored.scores[row]), first)) if first else "–",
        )
    console.print(table)
    console.print(
        "bp a year: what the remedy takes off the rate of `service_attack`, in hundredths of a"
        " per cent of the sum insured, once the reason is gone"
    )
    by_asset = pd.Series(scored.scores, index=scored.index.get_level_values(0))
    for name, scores in by_asset.groupby(level=0, observed=True):
        low, high, median = int(scores.min()), int(scores.max()), int(scores.median())
        console.print(f"{name!s}: {low} to {high}, median {median}, {len(scores)} windows")


def show_drift(found: Sequence[Drift], console: Console) -> None:
    """One line where traffic has become other than what the model was trained on."""
    if found:
        worst = ", ".join(f"{one.feature} ({one.index:.2f})" for one in found[:3])
        console.print(
            f"drift: {len(found)} features are not distributed as in training, first {worst}"
        )


def _attack_price(score: int, reason: Reason) -> int:
    """Basis points of a year's cover of a service under attack that a reason costs."""
    return price_effect(score, reason.score_effect)["service_attack"]


def show_alerts(found: Sequence[Alert], console: Console) -> None:
    """All alerts."""
    if not found:
        console.print("no incident and no alert")
        return
    table = Table(title=f"{len(found)} alerts; none of them pays")
    for head in ("peril", "subject", "counterpart", "start", "seconds", "severity", "technique"):
        whole = head in ("peril", "subject", "start")
        table.add_column(head, justify="right" if head == "seconds" else "left", no_wrap=whole)
    for alert in found:
        table.add_row(
            alert.peril,
            alert.subject,
            alert.counterpart or "many",
            moment(alert.start_us)[:19],
            f"{(alert.end_us - alert.start_us) / 1e6:.1f}",
            f"{alert.severity:,} {alert.unit}",
            alert.origin.technique,
        )
    console.print(table)


def plot_flows(flows: pd.DataFrame) -> Figure:
    """Flows a second, answered and unanswered."""
    figure, axes = _figure("flows by the second in which they start")
    if len(flows):
        second = (flows["ts"].to_numpy() - flows["ts"].min()) // 1_000_000
        bins = min(int(second.max()) + 1, 600)
        silent = flows["resp_pkts"].to_numpy() == 0
        axes.hist(
            [second[~silent], second[silent]], bins=bins, stacked=True,
            label=["answered", "unanswered"], color=["#3a6ea5", "#c0392b"],
        )  # fmt: skip
        axes.legend()
    axes.set_xlabel("seconds since the first flow")
    axes.set_ylabel("flows")
    return figure


def plot_scores(scored: Scored) -> Figure:
    """The score over time of the assets that reach the highest ones, a colour each, above the steps
    of the rate tables."""
    figure, axes = _figure("score of each asset")
    frames = scored.index.get_level_values(1).to_numpy(np.int64)
    assets = scored.index.get_level_values(0)
    first = int(frames.min()) if len(frames) else 0
    peaks = pd.Series(scored.scores).groupby(np.asarray(assets, dtype=object)).max()
    for asset in peaks.sort_values(ascending=False, kind="stable").index[:ASSETS_PLOTTED]:
        rows = np.asarray(assets == asset)
        minutes = (frames[rows] - first) * scored.frame_length_s / 60
        axes.step(minutes, scored.scores[rows], where="post", label=str(asset))
    for step in range(0, 10_001, _BAND):
        axes.axhline(step, color="#dddddd", linewidth=0.5, zorder=0)
    axes.set_ylim(0, 10_000)
    axes.set_xlabel("minutes since the first window")
    axes.set_ylabel("score")
    if len(frames):
        figure.legend(loc="outside right upper", fontsize="small")
    if len(peaks) > ASSETS_PLOTTED:
        figure.suptitle(f"score of the {ASSETS_PLOTTED} highest of {len(peaks)} assets")
    return figure


def plot_alerts(found: Sequence[Alert]) -> Figure:
    """Alerts as bars over time, a line for each peril and subject."""
    figure, axes = _figure("alerts")
    names = sorted({f"{alert.peril} {alert.subject}" for alert in found})[:40]
    start = min((alert.start_us for alert in found), default=0)
    perils = sorted({alert.peril for alert in found})
    for alert in found:
        name = f"{alert.peril} {alert.subject}"
        if name in names:
            length = max((alert.end_us - alert.start_us) / 1e6, 0.5)
            axes.barh(
                names.index(name), length, left=(alert.start_us - start) / 1e6,
                color=f"C{perils.index(alert.peril) % 10}", edgecolor="white",
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("seconds since the first alert")
    return figure


def save(figure: Figure, path: Path) -> None:
    """Writes a plot as PNG, or as an HTML page that holds it. Raises OSError."""
    if path.suffix.lower() not in (".html", ".htm"):
        figure.savefig(path, format="png")
        return
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    title = html.escape(str(figure.get_suptitle()))
    path.write_text(
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        f"<img alt='{title}' src='data:image/png;base64,"
        f"{base64.b64encode(picture.getvalue()).decode()}'></html>\n"
    )


def _figure(title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(10, 5), dpi=110, layout="constrained")
    figure.suptitle(title)
    return figure, figure.subplots()
