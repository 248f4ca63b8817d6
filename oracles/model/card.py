"""The model card as a page, written from the registry's ``card.json``; changes when what the page
says beside the figures does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "model-card.md"

_COLUMNS: Final = ("source", "units", "hostile", "auc", "median_benign", "median_hostile")

_TEXT: Final = """# Model card

Written by `python -m oracles.model.train` from the card in the registry.

| | |
|---|---|
| model hash | `{model_hash}` |
| judges | {unit} |
| says | {score} |
| does not say | how large a loss is, or that an incident happened: it prices and never pays |
| trees | XGBoost {xgboost}, {rounds} rounds of depth {depth}; no feature's rise lowers the score |
| trained on | `{data_hash}` (names and SHA-256 of the sources below) |
| features | {features} whole numbers (`oracles/domain/features.py`), blind to addresses and time |

## Trained on

Sources marked with * lie in a GPL-2.0 repository without a licence of their own for the data; a
person has to confirm them before the model is sold on. Sets that allow academic use only, or state
no licence, are never trained on.

{sources}

## On networks it has not seen

Each row is judged by a model that was grown without any source of the same network, and by the
calibration as shipped. A source with units of one kind only has no AUC.

{unseen}

Choices tried, by the mean area on networks left out:

{tried}

## Limits

- All networks it learned from were recorded by the same tools on one machine
  (`oracles/recordings/README.md`): a network left out is another mix of hosts, services and habits,
  not another world. [evaluation.md](evaluation.md) says how far that carries.
- It has not seen the demonstration's recording, but others of the same hosts.
- A window without history (the first three minutes of an asset, or after ten silent ones) is judged
  without what is new about it.
- Encrypted content, exploits in a single request and whatever leaves no trace in connection records
  are invisible to it.
- Labels of published sets are imperfect: late answers of benign servers are labelled hostile in
  ctu50-feel, and 14,260 flows without packets were left out of iot23 34-1.
- A network whose ordinary traffic resembles an attack (scanners, penetration tests, mass logins by
  automation) scores high until its own experience enters the price.
"""


def page(card: Mapping[str, Any]) -> str:
    """The page of a card."""
    return _TEXT.format(
        model_hash=card["model_hash"],
        data_hash=card["data_hash"],
        unit=card["unit"],
        score=card["score"],
        xgboost=card["versions"]["xgboost"],
        rounds=card["choice"]["rounds"],
        depth=card["choice"]["depth"],
        features=card["features"],
        sources=_table(
            ("source", "network", "licence", "cite", "file's SHA-256"),
            [
                (
                    s["name"] + ("*" if "confirmed" in s["licence"] else ""),
                    s["network"],
                    s["licence"],
                    s["cite"],
                    f"`{s['sha256'][:16]}…`",
                )
                for s in card["sources"]
            ],
        ),
        tried=_table(
            ("depth", "rounds", "published sets too", "area"),
            [(t["depth"], t["rounds"], t["published"], t["area"]) for t in card["tried"]],
        ),
        unseen=_table(
            ("source", "units", "hostile", "AUC", "median score benign", "median score hostile"),
            [tuple(row[name] for name in _COLUMNS) for row in card["unseen_networks"]],
        ),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join("–" if cell is None else str(cell) for cell in line) + " |"
        for line in lines
    )
