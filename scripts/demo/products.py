"""The demonstration's two products: short clocks, the same rules as any other product.

Money in token units of a coin with 6 decimals, durations in seconds, rates 1e18 a year.
"""

from __future__ import annotations

from typing import Any

import rfc8785

from contracts.client.signatures import keccak256

COIN = 1_000_000
BASIS_POINT = 10**14

# Lanes of 625 score points each, basis points of the sum insured a year; lane 0 first.
POLICY_TABLE = (200, 220, 245, 275, 310, 350, 400, 460, 530, 610, 700, 800, 910, 1030, 1160, 1300)
CERTIFICATE_TABLE = tuple(2 * lane for lane in POLICY_TABLE)


def packed_table(lanes: tuple[int, ...]) -> int:
    """16 uint16 lanes in one word, lane 0 lowest."""
    return sum(lane << 16 * i for i, lane in enumerate(lanes))


def wording(name: str, terms: dict[str, Any], table: tuple[int, ...]) -> tuple[bytes, bytes]:
    """Canonical JSON (RFC 8785) of a product's wording, and its keccak-256 hash."""
    text = rfc8785.dumps(
        {
            "name": name,
            "trigger": (
                "Loss of service observed from outside by a quorum of oracle members while the "
                "service is under attack"
            ),
            "lost_slot": "three or more probes in the slot and none of them answered",
            "attacked_slot": "3,500 flows/s, 20,000 packets/s or 1 Gbit/s to the host (FastNetMon)",
            "rates_in_basis_points": list(table),
            "terms": {key: str(value) for key, value in terms.items() if key != "termsHash"},
        }
    )
    return text, keccak256(text)


def policy_terms(cell: str) -> dict[str, Any]:
    """Streamed cover of one service against loss while under attack."""
    return {
        "peril": 0,
        "form": 0,
        "cell": cell,
        "waitingPeriod": 6,
        "coverageLag": 20,
        "mergeGap": 10,
        "holdWindow": 4,
        "challengeWindow": 10,
        "reviewWindow": 120,
        "claimWindow": 600,
        "noticePeriod": 3600,
        "term": 30 * 86_400,
        "increaseDelay": 60,
        "rateUnit": BASIS_POINT,
        "unit": COIN,
        "maxSumInsured": 2_000_000 * COIN,
        # An incident's, shared by the covers of the risk as their sums insured are to all of them.
        "instantLimit": 5_000 * COIN,
        "unreviewedLimit": 50_000 * COIN,
    }


def certificate_terms(cell: str) -> dict[str, Any]:
    """Cover of single transactions, sold by the thousand."""
    return policy_terms(cell) | {
        "form": 1,
        "coverageLag": 4,
        "term": 150,
        "maxSumInsured": 60_000 * COIN,
        "instantLimit": 2_000_000 * COIN,
    }
