"""A holder's wallet signs in over HTTP: what is refused, what it sees, and that it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.chain.keys import Signer
from backend.domain.sign_in import SECONDS
from backend.http.limits import Limits
from backend.http.tables import AuditRow
from backend.wallets.service import MAGIC, SESSION_SECONDS
from contracts.client.signatures import personal_hash
from tests.support.api import APPLICANT, HOLDER, OTHER, Bench, kind_of
from tests.support.fake_chain import FakeChain
from tests.support.world import World


def asked(bench: Bench, wallet: str = HOLDER.address) -> Any:
    return bench.get("/wallet-sessions/message", None, wallet=wallet).json()


def sent(bench: Bench, text: str, signer: Signer = HOLDER) -> Any:
    signature = "0x" + signer.sign_digest(personal_hash(text)).hex()
    return bench.post("/wallet-sessions", {"message": text, "signature": signature}, None)


class ContractWallet(FakeChain):
    """A chain on which every address says the same about every signature."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer

    def call(
        self, to: str, data: bytes, sender: str | None = None, block: int | None = None
    ) -> bytes:
        return self.answer


def test_sign_in__by_another_wallet__is_refused(bench: Bench) -> None:
    answer = sent(bench, asked(bench)["message"], OTHER)
    assert (answer.status_code, kind_of(answer)) == (422, "signature-invalid")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("127.0.0.1:8080 wants", "evil.example wants"), "domain"),
        (("Chain ID: 1337", "Chain ID: 1"), "chain_id"),
        (("URI: http://127.0.0.1:8080", "URI: http://evil.example"), "uri"),
        (("This costs nothing", "This costs all"), "form"),
    ],
)
def test_sign_in__message_changed_and_signed__is_refused(
    bench: Bench, change: tuple[str, str], rule: str
) -> None:
    answer = sent(bench, asked(bench)["message"].replace(*change))
    assert (answer.status_code, kind_of(answer)) == (422, "sign-in-refused")
    assert answer.json()["rule"] == rule


def test_sign_in__host_header_of_another_site__changes_nothing(bench: Bench) -> None:
    query = {"wallet": HOLDER.address}
    headers = {"Host": "evil.example"}
    found = bench.client.get("/v1/wallet-sessions/message", headers=headers, params=query).json()
    assert found["message"].startswith("127.0.0.1:8080 wants you")


def test_sign_in__nonce_that_was_never_given__is_refused(bench: Bench) -> None:
    made = asked(bench)
    forged = made["nonce"][:-1] + ("0" if made["nonce"][-1] != "0" else "1")
    answer = sent(bench, made["message"].replace(made["nonce"], forged))
    assert answer.json()["rule"] == "nonce"


def test_sign_in__message_too_old__is_refused(bench: Bench) -> None:
    made = asked(bench)
    bench.now += SECONDS
    assert sent(bench, made["message"]).json()["rule"] == "expired"


def test_sign_in__same_message_twice__is_refused(bench: Bench) -> None:
    made = asked(bench)
    assert sent(bench, made["message"]).status_code == 201
    assert sent(bench, made["message"]).json()["rule"] == "nonce_used"


@pytest.mark.parametrize(
    ("answer", "status"), [(b"", 422), (b"\xff" * 32, 422), (MAGIC + bytes(28), 201)]
)
def test_sign_in__contract_wallet__is_what_the_contract_says(
    bench: Bench, answer: bytes, status: int
) -> None:
    bench.contracts.node = ContractWallet(answer)
    wallet = "0x" + "11" * 20
    assert sent(bench, asked(bench, wallet)["message"]).status_code == status


def test_sign_in__many_from_one_address__is_429(bench: Bench) -> None:
    bench.services.limits = Limits(1, 2)
    query = {"wallet": HOLDER.address}
    answers = [bench.get("/wallet-sessions/message", None, **query) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_session__of_the_holder__sees_its_own_alone(world: World) -> None:
    bench, token = world.bench, world.wallet_token()
    policies = bench.get("/wallet/policies", token).json()["items"]
    assert [policy["holder"] for policy in policies] == [HOLDER.address]
    assert len(bench.get("/wallet/claims", token).json()["items"]) == 1
    stranger = sent(bench, asked(bench, APPLICANT.address)["message"], APPLICANT).json()["token"]
    for path in ("policies", "claims", "payouts"):
        assert bench.get(f"/wallet/{path}", stranger).json()["items"] == []


def test_session__after_its_time__is_401(world: World) -> None:
    token = world.wallet_token()
    world.bench.now += SESSION_SECONDS
    assert world.bench.get("/wallet", token).status_code == 401


def test_session__signed_out__is_401(world: World) -> None:
    token = world.wallet_token()
    assert world.bench.get("/wallet", token).json()["wallet"] == HOLDER.address
    assert world.bench.post("/wallet:signOut", None, token).status_code == 200
    assert world.bench.get("/wallet", token).status_code == 401


def test_session__opened_and_ended__leaves_rows_in_the_wallets_audit_chain(world: World) -> None:
    token = world.wallet_token()
    world.bench.post("/wallet:signOut", None, token)
    tenant = f"wallet:{HOLDER.address}"
    with world.bench.database.read() as session:
        rows = session.query(AuditRow).filter_by(tenant=tenant).order_by(AuditRow.number)
        actions = [row.action for row in rows]
    assert actions == ["wallet_sessions.create", "wallet_sessions.revoke"]


def test_page__public_url_set__names_it_whatever_host_is_asked(tmp_path: Path) -> None:
    bench = Bench(tmp_path, public_url="https://cover.example")
    bench.client.get("/app/sign-in")
    query = {"wallet": HOLDER.address}
    headers = {"Host": "evil.example"}
    made = bench.client.get("/app/sign-in/message", headers=headers, params=query).json()
    assert made["message"].startswith("cover.example wants you")
    assert "\nURI: https://cover.example/app/\n" in made["message"]
    bench.client.close()
    bench.database.close()
