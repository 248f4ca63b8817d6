"""An external signer over HTTP: what it may sign, how it answers, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from backend.app import create_services
from backend.chain.faults import Faults
from backend.chain.keys import Call, Fees, Signer
from backend.chain.outbox import FINAL, Intent, Outbox, OutboxRules, enqueue
from backend.chain.remote_signer import RemoteSigner
from backend.chain.tables import ChainTransaction
from backend.settings import Secret, Settings, SettingsError, load
from backend.storage.database import Database
from contracts.client.errors import NodeRefused, NodeUnavailable
from tests.support.api import DEPLOYMENT, OTHER
from tests.support.engines import new_database
from tests.support.fake_chain import FakeChain
from tests.support.loopback import QuietHandler, serving

KEY = b"\x2a" * 32
ADDRESS = Signer(KEY).address
TO, STRANGER = (to_checksum_address("0x" + digits * 20) for digits in ("c0", "ee"))
CALL = Call(TO, b"\x01\x02", 0, 50_000)
FEES = Fees(3 * 10**9, 10**9)
Answer = Callable[[dict[str, Any]], Any]


def signed(asked: dict[str, Any], **changes: Any) -> str:
    """The raw transaction that was asked for, signed, with some fields changed."""
    fields = {name: value for name, value in asked.items() if name != "from"}
    fields["to"] = to_checksum_address(fields["to"])
    key = changes.pop("key", KEY)
    return "0x" + Account.sign_transaction(fields | changes, key).raw_transaction.hex()


@contextmanager
def signer(answer: Answer, status: int = 200) -> Iterator[RemoteSigner]:
    """A signer on loopback whose answer to a transaction is a function."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert asked["method"] == "eth_signTransaction"
            body = json.dumps({"jsonrpc": "2.0", "id": asked["id"]} | answer(asked["params"][0]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

    with serving(Handler) as url:
        yield RemoteSigner(url, ADDRESS)


def sign(made: RemoteSigner) -> Any:
    return made.sign_transaction(CALL, 7, FEES, 1337)


def raw(**changes: Any) -> Answer:
    return lambda asked: {"result": signed(asked, **changes)}


@pytest.mark.parametrize(
    "changes",
    [
        {"to": STRANGER},
        {"data": "0x03"},
        {"value": 1},
        {"nonce": 8},
        {"chainId": 1},
        {"gas": 60_000},
        {"maxFeePerGas": 4 * 10**9},
        {"maxPriorityFeePerGas": 2 * 10**9},
        {"accessList": [{"address": STRANGER, "storageKeys": []}]},
        {"key": b"\x2b" * 32},
    ],
)
def test_sign__signer_signed_something_else__is_refused(changes: dict[str, Any]) -> None:
    with signer(raw(**changes)) as made, pytest.raises(NodeRefused, match="another transaction"):
        sign(made)


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"code": -32000, "message": "Request denied"}},
        {"result": None},
        {"result": {"tx": {}}},
        {"result": "0xzz"},
        {"result": "0x02"},
    ],
)
def test_sign__signer_denies_or_answers_no_transaction__is_refused(answer: Any) -> None:
    with signer(lambda _: answer) as made, pytest.raises(NodeRefused):
        sign(made)


def test_sign__signer_gone_or_failing__is_unavailable() -> None:
    with signer(raw(), status=500) as made, pytest.raises(NodeUnavailable):
        sign(made)
    with pytest.raises(NodeUnavailable):
        sign(made)


def clef(asked: dict[str, Any]) -> Any:
    return {"result": {"raw": signed(asked), "tx": {}}}


@pytest.mark.parametrize("answer", [raw(), clef])
def test_sign__raw_as_web3signer_or_in_an_object_as_clef__is_the_local_keys_bytes(
    answer: Answer,
) -> None:
    with signer(answer) as made:
        assert sign(made) == Signer(KEY).sign_transaction(CALL, 7, FEES, 1337)


def test_outbox__external_signer_away_for_a_while__sends_once_when_it_is_back(
    tmp_path: Path,
) -> None:
    database, chain = Database(new_database(tmp_path)), FakeChain()
    intent = Intent("k", ADDRESS, "Facility", "depositFloat", CALL.to, b"\x09", "case")
    with database.write() as session:
        enqueue(session, intent, 0)

    def outbox(made: RemoteSigner) -> Outbox:
        rules = OutboxRules(0, 30, 10**12)
        return Outbox(database, chain, made, rules, lambda: 0.0, Faults(None, None))

    with signer(raw()) as made:
        pass
    with pytest.raises(NodeUnavailable):
        outbox(made).run_once()
    with signer(raw()) as made:
        outbox(made).run_once()
        chain.mine()
        outbox(made).run_once()
    assert chain.sent_data() == [b"\x09"]
    with database.read() as session:
        assert session.query(ChainTransaction).one().status == FINAL
    database.close()


ENVIRONMENT = {
    "FLOWCOVER_RPC_URL": "http://127.0.0.1:1",
    "FLOWCOVER_ADMIN_TOKEN": "t" * 16,
    "FLOWCOVER_UNDERWRITER_KEY": "0x" + "01" * 32,
    "FLOWCOVER_COMMITMENT_KEY": "c" * 16,
}


def test_settings__operator_of_an_external_signer__need_its_address_and_no_key() -> None:
    with pytest.raises(SettingsError, match="OPERATOR_KEY"):
        load(ENVIRONMENT)
    remote = ENVIRONMENT | {"FLOWCOVER_OPERATOR_ADDRESS": ADDRESS}
    with pytest.raises(SettingsError, match="SIGNER_URL"):
        load(remote)
    found = load(remote | {"FLOWCOVER_SIGNER_URL": "http://127.0.0.1:2"})
    assert (found.operator_address, found.operator_key) == (ADDRESS, "")


def test_services__external_signers_wallets__are_custodied(tmp_path: Path) -> None:
    DEPLOYMENT.write(tmp_path / "deployment.json")
    settings = Settings(
        rpc_url="http://127.0.0.1:1",
        admin_token=Secret("t" * 16),
        underwriter_key=Secret("0x" + "01" * 32),
        operator_key=Secret(""),
        commitment_key=Secret("c" * 16),
        deployment=tmp_path / "deployment.json",
        database_url=f"sqlite:///{tmp_path / 'x.db'}",
    )
    settings = replace(
        settings,
        signer_url="http://127.0.0.1:2",
        signer_wallets=OTHER.address,
        operator_address=ADDRESS,
    )
    services = create_services(settings)
    assert services.keyring.operator.address == ADDRESS
    assert isinstance(services.keyring.signer(OTHER.address), RemoteSigner)
    services.database.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "cover.example"),
        ("PUBLIC_URL", "https://cover.example/path"),
        ("SIGNER_WALLETS", "0x12"),
        ("REQUIRE", "questionnaire,blood"),
    ],
)
def test_settings__that_do_not_parse__are_named(name: str, value: str) -> None:
    environment = ENVIRONMENT | {"FLOWCOVER_OPERATOR_KEY": "0x" + "02" * 32}
    with pytest.raises(SettingsError, match=name):
        load(environment | {f"FLOWCOVER_{name}": value})


def test_settings__empty_texts__are_as_if_not_given() -> None:
    environment = ENVIRONMENT | {"FLOWCOVER_OPERATOR_KEY": "0x" + "02" * 32}
    empty = {"FLOWCOVER_PUBLIC_URL": "", "FLOWCOVER_SIGNER_WALLETS": ""}
    assert load(environment | empty) == load(environment)
