"""Named stories played by the contracts and by the model: they agree to the token unit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.live import DOLLAR
from tests.support.local_chain import local_chain
from tests.support.mirror import Mirror


@pytest.fixture(scope="module")
def opened() -> Any:
    with local_chain() as chain:
        mirror = Mirror(chain.web3)
        yield mirror, [mirror.keep()]


@pytest.fixture
def mirror(opened: Any) -> Mirror:
    mirror, kept = opened
    kept[0] = mirror.back(kept[0])
    return mirror


@pytest.mark.parametrize("committed", [False, True])
def test_certificates__sold_brought_claimed_and_expired__agree(
    mirror: Mirror, committed: bool
) -> None:
    bucket = mirror.live.bucket(mirror.sale)
    number = mirror.reserve(2_000, 20, bucket)
    batch = mirror.bring(number, [100, 7, 1, 300], committed)
    mirror.live.wait(mirror.sale.coverage_lag + 10)
    run = mirror.outage(0, 6)
    mirror.live.wait_until(mirror.live.settle_time(run + 9, mirror.sale))
    assert mirror.settle_certificates(batch, run, [1, 3]) == 307 * DOLLAR
    assert mirror.settle_certificates(batch, run, [0, 1]) is None
    assert mirror.prove_omission(number, 4, 500)
    mirror.compare_all()
    mirror.live.wait(20_000)
    assert mirror.expire_batch(batch) == 101 * DOLLAR
    assert mirror.release_reservation(number) == (2_000 - 408 - 500) * DOLLAR
    mirror.compare_all()
