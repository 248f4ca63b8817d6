"""Every operation under /v1 with the wrong key: nothing of another tenant is read or changed."""

from __future__ import annotations

from typing import Any

import pytest

from backend.app import offline_document
from backend.http.tables import AuditRow
from tests.support.api import OTHER
from tests.support.world import INSURER_ONLY, World

EVERY = [
    (path, method, operation)
    for path, operations in offline_document()["paths"].items()
    for method, operation in operations.items()
    if path.startswith("/v1/")
]
OPERATIONS = [found for found in EVERY if "security" in found[2]]
"""Those that need a key: all but a wallet's sign-in."""

WALLETS = {o["operationId"] for _, _, o in OPERATIONS if "wallets" in o["tags"]}
"""Operations of a wallet's session."""

PUBLIC = {
    "list_product_templates", "get_product_template", "list_products", "get_product",
    "list_events", "list_incidents", "get_facility",
    "create_applicant", "create_webhook_endpoint", "deposit_float", "agree_terms",
    "move_clock", "get_audit_chain", "list_questionnaires", "get_questionnaire",
    "list_pools", "list_members",
}  # fmt: skip
"""Operations whose answer is public, or that act on the caller's own things alone."""


def test_operations__without_a_key_by_design__are_the_wallets_sign_in_alone() -> None:
    open_to_all = {o["operationId"] for _, _, o in EVERY if "security" not in o}
    assert open_to_all == {"get_sign_in_message", "create_wallet_session"}


def with_key(world: World, key: str | None) -> dict[str, Any]:
    """Status and body of each operation under the key."""
    return {
        operation["operationId"]: world.request(path, method, operation, key)
        for path, method, operation in OPERATIONS
    }


@pytest.mark.parametrize("key", [None, "fc_test_unknown", "nonsense"])
def test_operations__without_a_known_key__are_401(world: World, key: str | None) -> None:
    answers = with_key(world, key)
    assert {name for name, answer in answers.items() if answer.status_code != 401} == set()


def test_operations__with_a_live_key__are_403(world: World) -> None:
    answers = with_key(world, "fc_live_" + "x" * 32)
    assert {name for name, answer in answers.items() if answer.status_code != 403} == set()


def test_operations__with_a_revoked_key__are_401(world: World) -> None:
    world.bench.post(f"/platforms/{world.platform}/keys/{world.api_key}:revoke")
    answers = with_key(world, world.key)
    assert {name for name, answer in answers.items() if answer.status_code != 401} == set()


def test_operations__with_another_platforms_key__show_and_change_nothing(world: World) -> None:
    _, key = world.bench.platform("Other", OTHER.address)
    before = audit_rows(world)
    answers = with_key(world, key)
    for name, answer in answers.items():
        if name in INSURER_ONLY or name in WALLETS:
            assert answer.status_code == 403, name
        elif name in PUBLIC:
            assert answer.status_code < 300, name
        elif name.startswith("list_") and answer.status_code == 200:
            shown = [own for own in world.own if own in answer.text]
            assert shown == [], name
        else:
            assert answer.status_code == 404, (name, answer.text)
    assert audit_rows(world) == before


def test_operations__with_a_wallets_token__are_403_but_the_wallets_own(world: World) -> None:
    answers = with_key(world, world.wallet_token())
    assert {name for name, answer in answers.items() if answer.status_code != 403} == WALLETS


def audit_rows(world: World) -> int:
    """Writes of the first platform."""
    with world.bench.database.read() as session:
        return session.query(AuditRow).filter_by(tenant=world.platform).count()
