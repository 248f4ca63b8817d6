"""Reading a chain: an endpoint that contradicts itself is refused, an interrupted audit resumes."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from backend.audit.chain import Calldata, Chain, EndpointContradictsItself, EndpointFailed
from backend.audit.run import Request, audit
from tests.support.made_ledger import ADDRESSES, Endpoint, Made


@pytest.fixture(scope="module")
def made() -> Made:
    found = Made(Random(11), commits=False)
    found.live(20)
    return found


class Fickle(Endpoint):
    """Answers as the ledger says until `change` says otherwise; counts what it was asked."""

    def __init__(self, made: Made, change: Any = None, most: int = 10**9) -> None:
        super().__init__(made)
        self.change, self.most, self.asked = change, most, 0

    def answer(self, method: str, params: list[Any]) -> Any:
        self.asked += 1
        if self.asked > self.most:
            raise KeyboardInterrupt
        found = super().answer(method, params)
        return self.change(self, method, params, found) if self.change else found


def audited(endpoint: Endpoint, memory: Path | None = None) -> int:
    request = Request("http://made", ADDRESSES, transport=endpoint, memory=memory)
    return audit(request).differences


def other_head(end: Fickle, method: str, params: list[Any], found: Any) -> Any:
    """The pinned block has another hash when it is asked for again."""
    last = len(end.made.blocks) - 1
    if method == "eth_getBlockByNumber" and params[0] == hex(last) and end.asked > 50:
        return found | {"hash": "0x" + "ff" * 32}
    return found


def other_block_of_logs(end: Fickle, method: str, params: list[Any], found: Any) -> Any:
    if method == "eth_getLogs":
        return [log | {"blockHash": "0x" + "ee" * 32} for log in found]
    return found


def other_block_of_calldata(end: Fickle, method: str, params: list[Any], found: Any) -> Any:
    if method == "eth_getTransactionByHash":
        return found | {"blockHash": "0x" + "dd" * 32}
    return found


@pytest.mark.parametrize(
    "change", [other_head, other_block_of_logs, other_block_of_calldata], ids=lambda f: f.__name__
)
def test_audit__endpoint_contradicts_itself__is_void(made: Made, change: Any) -> None:
    with pytest.raises(EndpointContradictsItself, match="the audit is void"):
        audited(Fickle(made, change))


def test_audit__transaction_with_logs_missing__is_refused(made: Made) -> None:
    def gone(end: Fickle, method: str, params: list[Any], found: Any) -> Any:
        return None if method == "eth_getTransactionByHash" else found

    with pytest.raises(EndpointFailed, match="whose logs it gave, is missing"):
        audited(Fickle(made, gone))


def test_logs__range_too_large_for_the_node__is_halved(made: Made) -> None:
    whole = list(Chain("http://made", transport=Fickle(made)).logs(list(ADDRESSES.values())))
    parts = list(Chain("http://made", transport=Limited(made)).logs(list(ADDRESSES.values())))
    assert whole == parts


class Limited(Endpoint):
    """Refuses logs of more than four blocks at once."""

    def _one(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["method"] == "eth_getLogs":
            asked = body["params"][0]
            if int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) >= 4:
                return {"id": body["id"], "error": {"message": "query exceeds the limit"}}
        return super()._one(body)


def test_audit__interrupted__resumes_without_asking_again(made: Made, tmp_path: Path) -> None:
    whole = Fickle(made)
    assert audited(whole) == 0
    stopped = Fickle(made, most=whole.asked - 10)
    with pytest.raises(KeyboardInterrupt):
        audited(stopped, tmp_path / "reading.sqlite")
    resumed = Fickle(made)
    assert audited(resumed, tmp_path / "reading.sqlite") == 0
    assert resumed.asked < whole.asked / 2


def test_audit__block_changed_since_the_interruption__is_void(made: Made, tmp_path: Path) -> None:
    stopped = Fickle(made, most=40)
    with pytest.raises(KeyboardInterrupt):
        audited(stopped, tmp_path / "reading.sqlite")

    def reorganised(end: Fickle, method: str, params: list[Any], found: Any) -> Any:
        if method == "eth_getBlockByNumber":
            return found | {"hash": "0x" + "cc" * 32}
        return found

    with pytest.raises(EndpointContradictsItself):
        audited(Fickle(made, reorganised), tmp_path / "reading.sqlite")


def test_audit__after_one_that_ended__begins_afresh(made: Made, tmp_path: Path) -> None:
    first, second = Fickle(made), Fickle(made)
    assert audited(first, tmp_path / "reading.sqlite") == 0
    assert audited(second, tmp_path / "reading.sqlite") == 0
    assert first.asked == second.asked


def test_calldata__after_the_audit_ended__is_still_read_from_what_is_kept(
    made: Made, tmp_path: Path
) -> None:
    endpoint = Fickle(made)
    found = audit(
        Request("http://made", ADDRESSES, transport=endpoint, memory=tmp_path / "reading.sqlite")
    )
    asked = endpoint.asked
    assert isinstance(found.calldata, Calldata)
    found.calldata.forget()
    assert all(found.leaves(batch) for (batch,) in found.ledger.rows("ledger_bordereaux"))
    assert endpoint.asked == asked
