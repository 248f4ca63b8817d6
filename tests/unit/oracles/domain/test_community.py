"""Community ID against values published with its specification."""

from __future__ import annotations

from oracles.domain.community import community_ids
from oracles.domain.flow import build


def flow(proto: str, orig: tuple[str, int], resp: tuple[str, int]) -> list[str]:
    return community_ids(
        build(
            {
                "ts": [0],
                "proto": proto,
                "orig_h": orig[0],
                "orig_p": orig[1],
                "resp_h": resp[0],
                "resp_p": resp[1],
            }
        )
    )


def test_community_ids__other_protocols__are_empty() -> None:
    assert flow("icmp", ("192.0.2.1", 0), ("192.0.2.2", 0)) == [""]
    assert flow("47", ("192.0.2.1", 0), ("192.0.2.2", 0)) == [""]


def test_community_ids__published_tcp_flow__is_the_published_id_both_ways() -> None:
    one, other = ("128.232.110.120", 34855), ("66.35.250.204", 80)
    expected = ["1:LQU9qZlK+B5F3KDmev6m5PMibrg="]
    assert flow("tcp", one, other) == expected
    assert flow("tcp", other, one) == expected
