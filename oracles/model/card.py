"""The model card as a page, written from the registry's ``card.json``; changes when what the page
says beside the figures does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "model-card.md"

_TEXT: Final = """# Model card

Written by `python -m oracles.model.train` from the card in the registry.

| | |
|---|---|
| model hash | `{model_hash}` |
| judges | {unit} |
| says | {score} |
| does not say | how large a loss is, or that an incident happened: it prices and never pays |
| trees | XGBoost {xgboost}, {rounds} rounds of depth {depth}; no feature's rise lowers the score |
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

## Limits

- It was chosen and calibrated on few networks: read the areas above as what they are, one or two
  networks left out. The laboratory recording of its list (`lab/web_shop.parquet`) is not in the
  repository, so this model cannot be rebuilt from a checkout; `make train` says so and leaves the
  registry as it is. It has not seen the demonstration's recording, but the benign one it has.
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
        unseen=_table(
            ("source", "units", "hostile", "AUC", "median score benign", "median score hostile"),
            [tuple(row.values()) for row in card["unseen_networks"]],
        ),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join("–" if cell is None else str(cell) for cell in line) + " |"
        for line in lines
    )
