"""Endorsement and reduction against the real policy book: the preview is what happens."""

from __future__ import annotations

from typing import Any

from contracts.client.development import person
from tests.support.insurer import COIN, Backend, Insurer


def send(insurer: Insurer, accepted: Any) -> None:
    """The holder's wallet sends what was prepared."""
    for call in accepted["unsigned"]:
        insurer.chain.web3.eth.send_transaction(
            {"from": person("holder").address, "to": call["to"], "data": call["data"]}
        )


def test_endorsement__taken_up_by_the_holder__acts_when_the_preview_said(
    backend: Backend, insurer: Insurer
) -> None:
    _, risk = backend.onboard()
    made = backend.accept(backend.quote(risk, 10_000 * COIN, 3_600 * COIN))
    backend.settle_chain()
    number = backend.get(f"/policies/{made['id']}")["number"]
    wish = {"sum_insured": str(20_000 * COIN), "loss_per_hour": str(7_200 * COIN)}
    preview = backend.post(f"/policies/{number}/endorsement-preview", wish)
    body = {"quote": preview["quote"], "signature": preview["signature"]}
    send(insurer, backend.post(f"/policies/{number}/endorsements", body))
    backend.run("index")
    endorsed = backend.get(f"/policies/{number}")
    assert (endorsed["sum_insured"], endorsed["loss_per_hour"]) == (
        wish["sum_insured"],
        wish["loss_per_hour"],
    )
    event = backend.get("/events", name="PolicyEndorsed")["items"][0]
    waited = int(event["args"]["at"]) - event["time"]
    assert waited == preview["acts_at"] - preview["time"]
    before = insurer.system.read("PolicyBook", "coverAt", number, event["time"])
    assert before["sumInsured"] == 10_000 * COIN
    steps = backend.get(f"/policies/{number}/lifecycle")["steps"]
    assert steps[-1]["step"] == "policy_endorsed"

    insurer.chain.pass_time(waited + 1)
    half = {"sum_insured": str(5_000 * COIN), "loss_per_hour": str(1_800 * COIN)}
    send(insurer, backend.post(f"/policies/{number}/reductions", half))
    backend.run("index")
    now = insurer.chain.now()
    cover = insurer.system.read("PolicyBook", "coverAt", number, now)
    assert (cover["sumInsured"], cover["lossPerHour"]) == (5_000 * COIN, 1_800 * COIN)
