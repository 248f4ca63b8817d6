"""A deployment in which every example of the OpenAPI document has something to act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.assessments.reasons import Advised, Because, Saving
from backend.domain.products import RateTable
from backend.domain.units import Score, TokenUnits
from backend.facility.tables import SeriesSales
from backend.http.examples import BODIES
from backend.jobs.webhooks import run_webhooks
from backend.ledger.tables import LedgerScore
from contracts.client.messages import AssessorDecision, digest
from contracts.client.signatures import keccak256, personal_hash
from tests.support.api import ADMIN, ASSESSOR, DEPLOYMENT, HOLDER, PLATFORM, UNDERWRITER, Bench

SERIES = "0x" + "5e" * 32
CLAIM = f"0x{1 << 64 | 64:064x}"
INSURER_ONLY = {
    "create_platform", "list_platforms", "create_key", "list_keys", "revoke_key", "deposit_bond",
    "create_series", "answer_dispute", "list_hold_requests",
}  # fmt: skip


CELL: dict[tuple[str, str], Any] = {
    ("Cell", "solvency"): [10**13, 10**12],
    ("Cell", "tranche"): [10**12, 10**12],
    ("Cell", "assets"): 10**13,
    ("Cell", "locked"): 10**12,
    ("Cell", "free"): 9 * 10**12,
    ("Cell", "reserved"): 10**6,
    ("Cell", "fees"): 10**5,
    ("Cell", "utilisationBps"): 1_000,
}
COMMITTEE: dict[tuple[str, str], Any] = {
    ("OracleCommittee", "currentVersion"): 1,
    ("OracleCommittee", "termOf"): [0, 0, 0],
    ("OracleCommittee", "members"): [
        {"signer": HOLDER.address, "operator": "a", "vantage": "north", "seesAttacks": True},
        {"signer": ASSESSOR.address, "operator": "b", "vantage": "south", "seesAttacks": False},
    ],
}


class FakeAdvice:
    """Explains the newest score with one reason and one remedy."""

    def on(self, scores: Sequence[LedgerScore], table: RateTable, insured: int) -> Advised | None:
        if not scores:
            return None
        because = Because("many half-open connections", "half_open", 400)
        saving = Saving("filter", "PR.PS", "M1037", 900, table.rate(Score(900)), TokenUnits(10**6))
        rate = table.rate(Score(scores[-1].uncapped))
        return Advised(scores[-1], "0x" + "e7" * 32, rate, (because,), (saving,))


class World:
    """One platform with an asset, a policy, a certificate, a claim and a webhook."""

    def __init__(self, bench: Bench, hook: str) -> None:
        self.bench = bench
        bench.product(1)
        bench.product(2, form=1, term=7_200)
        self.platform, self.key = bench.platform()
        self.asset = bench.asset(self.key, score=2_000)
        self.applicant = bench.get("/applicants", self.key).json()["items"][0]["id"]
        keys = f"/platforms/{self.platform}/keys"
        self.api_key = bench.get(keys).json()["items"][0]["id"]
        self.spare_key = bench.post(keys, {"label": "spare"}).json()["id"]
        body: dict[str, Any] = {"method": "dns_txt", "target": "shop.example"}
        path = f"/assets/{self.asset}/control-challenges"
        self.challenge = bench.post(path, body, self.key).json()["id"]
        self._scores(6)
        body = {"frame": 6, "reason": "no traffic came from this host"}
        self.dispute = bench.post("/risks/0/disputes", body, self.key).json()["id"]
        self._scores(7)
        self._series()
        self._policy()
        self._incident()
        body = {"url": hook, "types": []}
        self.endpoint = bench.post("/webhook-endpoints", body, self.key).json()["id"]
        path = f"/webhook-endpoints/{self.endpoint}:ping"
        self.delivery = bench.post(path, None, self.key).json()["id"]
        run_webhooks(bench.services)
        bench.contracts.views |= {
            ("Facility", "floatOf"): [10**9, 10**6, 0],
            ("Facility", "seriesId"): SERIES,
            ("PolicyBook", "premiumAt"): [10, 20],
            ("PolicyBook", "cancelPreview"): [20, 10],
            ("PolicyBook", "endorse"): bench.market.time + 60,
            ("RateIndex", "rateOf"): 13 * 10**15,
            ("ExposureLedger", "room"): 10**12,
            **CELL,
            **COMMITTEE,
        }
        bench.services.advice = FakeAdvice()  # type: ignore[assignment]

    def _scores(self, frame: int) -> None:
        lanes = (2_000).to_bytes(2, "big") + b"\xff\xff" * 15
        self.bench.event(
            "RiskFeed", "ScoresReported", frame=frame, committeeVersion=1, firstRisk=0,
            modelHash="0x" + "3d" * 32, signerLanes=0, scores="0x" + lanes.hex(), uncapped="0x",
        )  # fmt: skip

    def _series(self) -> None:
        end = self.bench.market.time + 86_400
        terms = {"product": 2, "risk": 0, "premiumPerUnit": 500, "expiryBucket": end, "leafKind": 0}
        self.bench.event(
            "Facility", "ExposureReserved", series=SERIES, platform=PLATFORM.address,
            underwriter=UNDERWRITER.address, terms=terms, exposure=10**12, firstSerial=0,
            serials=1_000,
        )  # fmt: skip
        body = {**BODIES["cover"], "transaction_hash": "0x" + "aa" * 32}
        assert self.bench.post("/transactions:cover", body, self.key).status_code == 201
        with self.bench.database.read() as session:
            assert session.get_one(SeriesSales, SERIES).next_serial == 1
        self.bench.event(
            "CertificateBook", "BordereauPosted", batch=1, series=SERIES,
            platform=PLATFORM.address, product=2, risk=0, firstSerial=0, size=1,
            base=self.bench.market.time, exposure=50 * 10**6, premium=25_000, root="0x" + "99" * 32,
        )  # fmt: skip

    def _policy(self) -> None:
        self.quote = self.bench.post("/quotes", BODIES["create_quote"], self.key).json()
        bound = {"quote": self.quote["quote"], "signature": self.quote["signature"]}
        self.bench.post("/policies", bound | {"premium": "4000000"}, self.key)
        self.bench.event(
            "PolicyBook", "PolicyBound", policy=1, product=1, risk=0, holder=HOLDER.address,
            applicant=HOLDER.address, payer=PLATFORM.address, quoteDigest=self.quote["digest"],
            sumInsured=10**11, lossPerHour=10**9, rate=14 * 10**15, loading=10**15,
            premium=4 * 10**6, start=self.bench.market.time, end=self.bench.market.time + 86_400,
        )  # fmt: skip

    def _incident(self) -> None:
        self.bench.event(
            "IncidentRegistry", "SlotsAttested", subject=0, epoch=1, lostMask=7, attackMask=7
        )
        self.bench.event(
            "ClaimsDesk", "ClaimScheduled", claim=CLAIM, policy=1, amount=10**6,
            decideFrom=0, deadline=2**40 - 1,
        )  # fmt: skip

    @property
    def parameters(self) -> dict[str, str]:
        """Values that stand where the document has examples."""
        return {
            "platform_id": self.platform,
            "key_id": self.spare_key,
            "applicant_id": self.applicant,
            "asset_id": self.asset,
            "challenge_id": self.challenge,
            "dispute_id": self.dispute,
            "series_id": SERIES,
            "series": SERIES,
            "claim": CLAIM,
            "transaction_id": self.bench.transactions()[0].id,
            "endpoint_id": self.endpoint,
            "delivery_id": self.delivery,
        }

    @property
    def own(self) -> list[str]:
        """Ids of the platform's things, which no other platform may see."""
        return [value for name, value in self.parameters.items() if name != "series"]

    def signed_in(self) -> dict[str, str]:
        """A fresh message of the holder's wallet, signed."""
        made = self.bench.get("/wallet-sessions/message", None, wallet=HOLDER.address).json()
        signature = HOLDER.sign_digest(personal_hash(made["message"]))
        return {"message": made["message"], "signature": "0x" + signature.hex()}

    def wallet_token(self) -> str:
        """The token of a new session of the holder's wallet."""
        return str(self.bench.post("/wallet-sessions", self.signed_in(), None).json()["token"])

    def key_for(self, operation: dict[str, Any]) -> str | None:
        """A key that may do the operation."""
        name = operation["operationId"]
        if "security" not in operation:
            return None
        if "wallets" in operation["tags"]:
            return self.wallet_token()
        return ADMIN if name in INSURER_ONLY else self.key

    def body(self, operation: str, example: Any) -> Any:
        """The example with what only this deployment can know."""
        if operation == "create_wallet_session":
            return self.signed_in()
        if operation == "create_platform":
            return example | {"wallet": ASSESSOR.address}
        if operation == "create_series":
            return example | {"platform": self.platform}
        if operation == "create_endorsement":
            wish = BODIES["create_quote"] | {"sum_insured": "200000000000"}
            made = self.bench.post("/quotes", wish | {"holder": HOLDER.address}).json()
            return {"quote": made["quote"], "signature": made["signature"]}
        if operation == "create_policy":
            return example | {
                "quote": self.quote["quote"],
                "signature": self.quote["signature"],
            }
        if operation == "create_webhook_endpoint":
            return example | {"url": "http://127.0.0.1:9/hook"}
        if operation == "create_decision":
            reason = keccak256(example["reason"].encode())
            message = AssessorDecision(bytes.fromhex(CLAIM[2:]), True, reason, example["deadline"])
            hashed = digest(message, DEPLOYMENT.domain(message))
            return example | {"signature": "0x" + ASSESSOR.sign_digest(hashed).hex()}
        return example

    def request(self, path: str, method: str, operation: dict[str, Any], key: str | None) -> Any:
        """Sends an operation's example, with this deployment's values, under a key."""
        name = operation["operationId"]
        query = {}
        for parameter in operation.get("parameters", []):
            value = self.parameters.get(parameter["name"], parameter.get("example"))
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", str(value))
            elif parameter["in"] == "query" and parameter["required"]:
                query[parameter["name"]] = value
        body = None
        if "requestBody" in operation:
            example = operation["requestBody"]["content"]["application/json"]["example"]
            body = self.body(name, example)
        headers = {"Idempotency-Key": f"example-{name}-{key}"[:255]}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.bench.client.request(
            method.upper(), path, headers=headers, params=query, json=body
        )
