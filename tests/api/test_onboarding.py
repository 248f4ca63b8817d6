"""Answers and proofs of control over HTTP, and what they do to the decision."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dpkt
import pytest

from backend.domain.control import VALID_SECONDS
from backend.http.examples import BODIES
from backend.jobs.control import run_control
from backend.onboarding.lookups import LookupFailed, Lookups, fetch_file, txt_records
from backend.settings import REQUIREMENTS
from contracts.client.signatures import personal_hash
from tests.support.api import APPLICANT, OTHER, Bench, kind_of
from tests.support.receiver import receiver

HOST = "203.0.113.10"
ANSWERS = BODIES["create_answers"]["answers"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An insurer without sandbox that requires everything."""
    made = Bench(tmp_path, require=REQUIREMENTS)
    made.services.sandbox = None
    yield made
    made.client.close()
    made.database.close()


@pytest.fixture
def key(bench: Bench) -> str:
    bench.product(1)
    return bench.platform()[1]


def asset(bench: Bench, key: str, host: str = HOST, protocol: str = "http") -> Any:
    """A registered, scored asset."""
    wish = {"name": "Example Ltd", "country": "DE", "industry": "retail"}
    applicant = bench.post("/applicants", wish | {"wallet": APPLICANT.address}, key).json()
    service = {"host": host, "port": 80, "protocol": protocol}
    body = {"name": "shop front", "hosts": [host], "service": service}
    made = bench.post(f"/applicants/{applicant['id']}/assets", body, key).json()
    bench.event(
        "RiskRegister", "RiskRegistered",
        risk=0, applicant=APPLICANT.address, assetHash=made["asset_hash"], baseScore=3_000,
    )  # fmt: skip
    bench.market.scores[0] = bench.market.scores.get(0) or score()
    return made


def score() -> Any:
    from backend.domain.units import Score
    from backend.market import BindingScore

    return BindingScore(Score(2_000), 7, "0x" + "3d" * 32)


def challenge(bench: Bench, key: str, asset_id: str, method: str, target: str | None) -> Any:
    body = {"method": method} | ({} if target is None else {"target": target})
    answer = bench.post(f"/assets/{asset_id}/control-challenges", body, key)
    assert answer.status_code == 201, answer.text
    return answer.json()


def verified(bench: Bench, key: str, made: Any, lookups: Lookups) -> Any:
    """The challenge after it was asked to be verified and the job has looked."""
    asked = bench.post(f"/control-challenges/{made['id']}:verify", {}, key)
    assert asked.status_code == 202, asked.text
    run_control(bench.services, lookups)
    return bench.get(f"/control-challenges/{made['id']}", key).json()


def rules(bench: Bench, key: str, asset_id: str) -> list[str]:
    return [r["rule"] for r in bench.get(f"/assets/{asset_id}/assessment", key).json()["reasons"]]


def to(address: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: [address]


def nothing(*_: str) -> Any:
    raise AssertionError("the network was asked")


def test_answers__not_given_where_required__refer(bench: Bench, key: str) -> None:
    made = asset(bench, key)
    assert rules(bench, key, made["id"]) == ["questionnaire_missing", "control_unproven"]
    wish = {"product": 1, "risk": 0, "sum_insured": "1000000", "loss_per_hour": "1000000"}
    refused = bench.post("/quotes", wish | {"term": 3_600}, key)
    assert kind_of(refused) == "onboarding-refused"


@pytest.mark.parametrize("answers", [{}, ANSWERS | {"admin_mfa": 1}, ANSWERS | {"colour": "red"}])
def test_answers__that_do_not_fit__are_409(bench: Bench, key: str, answers: Any) -> None:
    made = asset(bench, key)
    path = f"/applicants/{made['applicant']}/answers"
    answer = bench.post(path, {"version": 1, "answers": answers}, key)
    assert (answer.status_code, kind_of(answer)) == (409, "conflict")
    assert answer.json()["questions"]


def test_answers__of_an_unknown_version__are_404(bench: Bench, key: str) -> None:
    made = asset(bench, key)
    path = f"/applicants/{made['applicant']}/answers"
    assert bench.post(path, {"version": 9, "answers": ANSWERS}, key).status_code == 404


def test_answers__newer_ones__count_and_the_older_stay(bench: Bench, key: str) -> None:
    made = asset(bench, key)
    path = f"/applicants/{made['applicant']}/answers"
    bad = bench.post(path, {"version": 1, "answers": ANSWERS | {"admin_mfa": False}}, key).json()
    assert [reason["rule"] for reason in bad["concerns"]] == ["answer_admin_mfa"]
    assert rules(bench, key, made["id"]) == ["answer_admin_mfa", "control_unproven"]
    bench.post(path, {"version": 1, "answers": ANSWERS}, key)
    assert rules(bench, key, made["id"]) == ["control_unproven"]
    listed = bench.get(path, key).json()["items"]
    assert [row["number"] for row in listed] == [2, 1]


def test_answers__a_declining_one__declines(bench: Bench, key: str) -> None:
    made = asset(bench, key)
    path = f"/applicants/{made['applicant']}/answers"
    bench.post(path, {"version": 1, "answers": ANSWERS | {"demand_received": True}}, key)
    found = bench.get(f"/assets/{made['id']}/assessment", key).json()
    assert found["decision"] == "decline"


@pytest.mark.parametrize(
    ("method", "target", "protocol"),
    [
        ("dns_txt", None, "http"),
        ("dns_txt", HOST, "http"),
        ("http_file", HOST, "tcp"),
        ("wallet", "shop.example", "http"),
        ("http_file", "user@shop.example", "http"),
        ("http_file", "shop.example/path", "http"),
    ],
)
def test_challenge__target_that_does_not_fit__is_422(
    bench: Bench, key: str, method: str, target: str | None, protocol: str
) -> None:
    made = asset(bench, key, protocol=protocol)
    body = {"method": method, "target": target}
    answer = bench.post(f"/assets/{made['id']}/control-challenges", body, key)
    assert (answer.status_code, kind_of(answer)) == (422, "invalid-request")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1"])
def test_challenge__address_not_public__is_not_asked(bench: Bench, key: str, address: str) -> None:
    made = asset(bench, key, host=address)
    opened = challenge(bench, key, made["id"], "http_file", "shop.example")
    found = verified(bench, key, opened, Lookups(to(address), nothing, nothing))
    assert (found["status"], "not public" in found["detail"]) == ("pending", True)


def test_challenge__address_of_somebody_else__is_not_asked(bench: Bench, key: str) -> None:
    made = asset(bench, key, host="8.8.8.8")
    opened = challenge(bench, key, made["id"], "dns_txt", "shop.example")
    found = verified(bench, key, opened, Lookups(to("8.8.4.4"), nothing, nothing))
    assert (found["status"], "not one of the asset's" in found["detail"]) == ("pending", True)


def test_challenge__record_of_another_challenge__stays_pending(bench: Bench, key: str) -> None:
    made = asset(bench, key, host="8.8.8.8")
    first = challenge(bench, key, made["id"], "dns_txt", "shop.example")
    second = challenge(bench, key, made["id"], "dns_txt", "shop.example")
    content = first["instructions"]["content"]
    found = verified(bench, key, second, Lookups(to("8.8.8.8"), lambda _: [content], nothing))
    assert found["status"] == "pending"


def test_challenge__after_its_time__expires(bench: Bench, key: str) -> None:
    made = asset(bench, key, host="8.8.8.8")
    opened = challenge(bench, key, made["id"], "dns_txt", "shop.example")
    bench.now += VALID_SECONDS
    found = verified(bench, key, opened, Lookups(to("8.8.8.8"), nothing, nothing))
    assert found["status"] == "expired"


def test_challenge__record_found__proves_control(bench: Bench, key: str) -> None:
    made = asset(bench, key, host="8.8.8.8")
    opened = challenge(bench, key, made["id"], "dns_txt", "shop.example")
    records = {opened["instructions"]["place"]: [opened["instructions"]["content"]]}
    assert set(records) == {"_flowcover-challenge.shop.example"}
    found = verified(bench, key, opened, Lookups(to("8.8.8.8"), records.__getitem__, nothing))
    assert (found["status"], found["proven_at"]) == ("proven", int(bench.now))
    assert rules(bench, key, made["id"]) == ["questionnaire_missing"]


def test_challenge__file_found_at_the_assets_address__proves_control(
    bench: Bench, key: str
) -> None:
    made = asset(bench, key, host="8.8.8.8")
    opened = challenge(bench, key, made["id"], "http_file", "shop.example")
    asked: list[tuple[str, str]] = []

    def fetch(url: str, address: str) -> str:
        asked.append((url, address))
        return str(opened["instructions"]["content"])

    found = verified(bench, key, opened, Lookups(to("8.8.8.8"), nothing, fetch))
    assert found["status"] == "proven"
    assert asked == [(opened["instructions"]["place"], "8.8.8.8")]
    assert asked[0][0].startswith("http://shop.example:80/.well-known/flowcover/")


@pytest.mark.parametrize("signer", [None, OTHER])
def test_challenge__wallet_not_signing_itself__is_422(bench: Bench, key: str, signer: Any) -> None:
    made = asset(bench, key)
    opened = challenge(bench, key, made["id"], "wallet", None)
    hashed = personal_hash(opened["instructions"]["content"])
    body = {} if signer is None else {"signature": "0x" + signer.sign_digest(hashed).hex()}
    answer = bench.post(f"/control-challenges/{opened['id']}:verify", body, key)
    assert (answer.status_code, kind_of(answer)) == (422, "signature-invalid")


def test_challenge__wallet_signed__leaves_the_network_to_a_person(bench: Bench, key: str) -> None:
    made = asset(bench, key)
    opened = challenge(bench, key, made["id"], "wallet", None)
    hashed = personal_hash(opened["instructions"]["content"])
    body = {"signature": "0x" + APPLICANT.sign_digest(hashed).hex()}
    answer = bench.post(f"/control-challenges/{opened['id']}:verify", body, key)
    assert answer.json()["status"] == "proven"
    assert rules(bench, key, made["id"]) == ["questionnaire_missing", "control_by_wallet_only"]


def test_requirements__by_mode__are_all_of_them_in_live_mode_alone(bench: Bench) -> None:
    settings = replace(bench.settings, require=None)
    assert settings.required == frozenset()
    assert replace(settings, mode="live").required == REQUIREMENTS


def test_fetch__other_status_or_too_long__fails() -> None:
    with receiver() as shop:
        shop.answers = [302]
        shop.location = "http://127.0.0.1/"
        with pytest.raises(LookupFailed, match=r"302|501"):
            fetch_file(shop.url, "127.0.0.1")


def name_server(records: list[bytes], wrong_id: bool) -> Callable[[socket.socket], None]:
    def answer(server: socket.socket) -> None:
        data, client = server.recvfrom(512)
        asked = dpkt.dns.DNS(data)
        made = dpkt.dns.DNS(id=asked.id ^ wrong_id, qr=1, qd=asked.qd)
        made.an = [
            dpkt.dns.DNS.RR(
                name=asked.qd[0].name, type=dpkt.dns.DNS_TXT, rlen=len(text) + 1,
                rdata=bytes([len(text)]) + text,
            )
            for text in records
        ]  # fmt: skip
        server.sendto(bytes(made), client)

    return answer


@pytest.mark.parametrize("wrong_id", [False, True])
def test_txt_records__of_a_name_server__are_read_and_another_answer_is_refused(
    wrong_id: bool,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        answer = name_server([b"v=spf1 -all", b"flowcover-control=x"], wrong_id)
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        port = server.getsockname()[1]
        try:
            if wrong_id:
                with pytest.raises(LookupFailed):
                    txt_records("_flowcover-challenge.shop.example", ["127.0.0.1"], port)
            else:
                found = txt_records("_flowcover-challenge.shop.example", ["127.0.0.1"], port)
                assert found == ["v=spf1 -all", "flowcover-control=x"]
        finally:
            thread.join()
