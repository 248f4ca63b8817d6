"""The audit and the naive model agree on ledgers made up at random, to the token unit."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.audit.run import Audit, Request, audit
from tests.support.made_ledger import ADDRESSES, Endpoint, Made


def audited(made: Made) -> Audit:
    with TemporaryDirectory() as text:
        for name, content in made.leaf_files.items():
            (Path(text) / name).write_bytes(content)
        request = Request("http://made", ADDRESSES, leaves=Path(text), transport=Endpoint(made))
        return audit(request)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 60), peril=st.sampled_from((0, 1, 2)))
def test_audit__ledger_made_at_random__agrees_with_the_naive_model(
    seed: int, steps: int, peril: int
) -> None:
    made = Made(Random(seed), peril=peril)
    made.live(steps)
    found = audited(made)
    assert [str(finding) for finding in found.result.findings] == []
    assert found.balances is not None and found.balances.checkpoints >= 1
    earned = {
        key[0]: row["premium_earned"] for key, row in found.ledger.rows("ledger_policies").items()
    }
    assert earned == {i: policy.moved for i, policy in enumerate(made.policies, 1)}
    assert found.balances.journal.owed("junior capital") == made.junior


@pytest.mark.parametrize("peril", [0, 1, 2])
def test_audit__long_life__reaches_every_kind_of_object(peril: int) -> None:
    made = Made(Random(7), peril=peril)
    made.live(260)
    found = audited(made)
    assert [str(finding) for finding in found.result.findings] == []
    kinds = {kind for kind, count in found.result.recomputed.items() if count}
    assert {"policies", "settlements", "reviews", "certificate settlements", "rates"} <= kinds
    events = {log["_event"][1] for log in made.logs}
    assert {"PolicyLapsed", "PolicyEndorsed"} <= events
    assert any(
        log["_arguments"]["newSegment"] for log in made.logs if log["_event"][1] == "PolicyToppedUp"
    )
