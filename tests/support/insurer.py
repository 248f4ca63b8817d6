"""A whole insurer on a local chain, and the backend with jobs that run when a test says so."""

from __future__ import annotations

import itertools
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from backend.app import create_app, create_services
from backend.jobs.scheduler import Job, Jobs
from backend.market import ChainMarket
from backend.settings import Secret, Settings
from contracts.client.calls import System
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.messages import Observation, ScoreVector, share_scores
from contracts.client.sender import KeySender
from contracts.client.system import SystemParameters
from contracts.client.terms import Form, Peril, ProductTerms, pack_table
from tests.support.asgi import Client
from tests.support.committee import Committee
from tests.support.engines import new_database
from tests.support.local_chain import ROOT, LocalChain

ADMIN = "admin-token-of-the-tests"
COIN = 10**6
MODEL = b"\x3d" * 32
WORDING = b"\x7e" * 32
TABLE = [10 + lane for lane in range(16)]
PARAMETERS = SystemParameters(max_frame_age=1_000, max_report_delay=300, withdrawal_delay=400)
POLICY, CERTIFICATE = 1, 2
INSTANT_LIMIT = 7_200 * COIN
"""Of the policies' product, for one incident on one risk; covers share it by their sums insured."""


class Insurer:
    """Everything that exists before a platform comes: `risk` is not registered yet."""

    def __init__(self, chain: LocalChain, folder: Path) -> None:
        self.chain = chain
        self.folder = folder
        deployer = KeySender(chain.web3, person("deployer").key)
        self.deployment = deploy(chain.web3, deployer, development_people(), PARAMETERS)
        self.deployment.write(folder / "deployment.json")
        self.system = System(chain.web3, self.deployment)
        self.committee = Committee.of(4, 1)
        self._found()

    # -- what the insurer's people do -------------------------------------------------------------

    def send(self, who: str, contract: str, function: str, *arguments: Any) -> None:
        sender = KeySender(self.chain.web3, person(who).key)
        sender.send(self.system.transaction(contract, function, *arguments))

    def _found(self) -> None:
        cell = self.deployment.contracts["Cell"]
        for lender, vault in (("lender_junior", "JuniorVault"), ("lender_senior", "SeniorVault")):
            address = person(lender).address
            self.send(lender, "StableCoin", "mint", address, 5_000_000 * COIN)
            self.send(
                lender, "StableCoin", "approve", self.deployment.contracts[vault], 5_000_000 * COIN
            )
            self.send(lender, vault, "requestDeposit", 5_000_000 * COIN, address, address)
        self.chain.pass_time(PARAMETERS.epoch_length)
        self.send("stranger", "Cell", "settleEpoch")
        self.send("product_admin", "ModelRegistry", "approve", WORDING, 1, "")
        self.send("product_admin", "ModelRegistry", "approve", MODEL, 0, "")
        terms = ProductTerms(
            Peril.SERVICE_ATTACK, Form.POLICY, cell, WORDING, hold_window=4,
            instant_limit=INSTANT_LIMIT, unreviewed_limit=1_000_000 * COIN,
        )  # fmt: skip
        certificate = replace(
            terms, form=Form.CERTIFICATE, term=7_200, instant_limit=1_000_000 * COIN
        )
        for product in (terms, certificate):
            self.send(
                "product_admin", "ProductBook", "register", product.as_struct(), pack_table(TABLE)
            )
        self.send(
            "committee_admin", "OracleCommittee", "propose",
            self.committee.members(blind=[3]), 1, bytes(32),
        )  # fmt: skip
        # The first frame that the committee may report begins after it came into force.
        self.chain.pass_time(PARAMETERS.frame_length)
        for name in ("platform", "underwriter", "holder"):
            self.send(name, "StableCoin", "mint", person(name).address, 2_000_000 * COIN)

    # -- what the committee does ------------------------------------------------------------------

    def report(self, score: int, risk: int = 0) -> None:
        """Three members report a score of the risk for the frame that has just closed."""
        self.chain.pass_time(PARAMETERS.frame_length)
        frame = self.chain.now() // PARAMETERS.frame_length - 1
        domain = self.deployment.domain(ScoreVector)
        lanes = {lane: [score] * (risk + 1) for lane in range(3)}
        vectors = self.committee.vectors(domain, frame, MODEL, lanes)
        self.send("stranger", "RiskFeed", "report", 1, frame, MODEL, 0, share_scores(vectors))

    def attack(self, slots: int, risk: int = 0) -> int:
        """The service is lost under attack for some slots from now on; the run's first slot."""
        length = PARAMETERS.slot_length
        first = self.chain.now() // length + 1
        self.chain.pass_time((slots + 2) * length)
        epochs: dict[int, int] = {}
        for slot in range(first, first + slots):
            epochs[slot // 64] = epochs.get(slot // 64, 0) | 1 << (slot % 64)
        domain = self.deployment.domain(Observation)
        for epoch, mask in epochs.items():
            masks = {lane: (mask, mask if lane < 3 else 0) for lane in range(4)}
            observations = self.committee.observations(domain, risk, epoch, masks)
            self.send("stranger", "IncidentRegistry", "attest", risk, epoch, observations)
        return first

    def close_slots(self) -> None:
        """Past report delay, hold window and merge gap: nothing can join the last run any more."""
        self.chain.pass_time(PARAMETERS.max_report_delay + 50)

    # -- the backend ------------------------------------------------------------------------------

    def settings(self, **changes: Any) -> Settings:
        wallets = self.folder / "wallets"
        wallets.mkdir(exist_ok=True)
        for name in ("platform", "claims_hold"):
            (wallets / f"{name}.key").write_text("0x" + person(name).key.hex())
        made = Settings(
            rpc_url=self.chain.url,
            admin_token=Secret(ADMIN),
            underwriter_key=Secret("0x" + person("underwriter").key.hex()),
            operator_key=Secret("0x" + person("relayer").key.hex()),
            commitment_key=Secret("commitments-of-the-tests"),
            deployment=self.folder / "deployment.json",
            database_url=new_database(self.folder),
            wallets_dir=wallets,
            jobs=False,
            finality_depth=2,
            post_age=60,
            leaf_dir=self.folder / "leaves",
            node_pause=0.0,
        )
        return replace(made, **changes)

    def environment(self, settings: Settings) -> dict[str, str]:
        """The settings as a process of its own reads them."""
        values = {f.name: getattr(settings, f.name) for f in fields(settings)}
        values["jobs"] = "on" if settings.jobs else "off"
        texts = {f"FLOWCOVER_{n.upper()}": str(v) for n, v in values.items() if v is not None}
        return os.environ | texts | {"PYTHONPATH": str(ROOT)}


class Backend:
    """The backend in this process: a client, and jobs that run when the test says so."""

    def __init__(self, insurer: Insurer, **changes: Any) -> None:
        self.insurer = insurer
        self.settings = insurer.settings(**changes)
        services = create_services(self.settings)
        # Each look at its clock is a second later, so it never takes an old head for the newest.
        clock = itertools.count().__next__
        market = ChainMarket(services.database, services.contracts, clock)
        self.services = replace(services, market=market)
        self.client = Client(create_app(self.settings, self.services))
        self.jobs = Jobs(self.services)
        self._keys = itertools.count(1)
        self.key = ADMIN

    def close(self) -> None:
        self.client.close()
        self.services.database.close()

    def get(self, path: str, key: str | None = None, **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        answer = self.client.get(f"/v1{path}", headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {
            "Authorization": f"Bearer {key or self.key}",
            "Idempotency-Key": f"key-{next(self._keys)}",
        }
        answer = self.client.post(f"/v1{path}", headers=headers, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def run(self, *names: str) -> None:
        """One pass of the named jobs, or of all; unlike the scheduler it lets errors through."""
        for job in self.jobs.all():
            if not names or job.name.split("-")[0] in names:
                self._run(job)

    def _run(self, job: Job) -> None:
        job.run()

    def settle_chain(self, passes: int = 4) -> None:
        """Sends what is queued, mines it to finality, and indexes it."""
        for _ in range(passes):
            self.run("outbox", "index")
            self.insurer.chain.pass_time(1)
        self.run("index")

    def onboard(self) -> tuple[str, int]:
        """A platform's id and a registered, scored risk; `key` is then the platform's."""
        wallet = person("platform").address
        made = self.post("/platforms", {"name": "Shop", "wallet": wallet})
        self.run("index")
        self.key = self.post(f"/platforms/{made['id']}/keys", {"label": "all"})["key"]
        wish = {"name": "Example Ltd", "country": "DE", "industry": "retail"}
        applicant = self.post("/applicants", wish | {"wallet": person("applicant").address})
        body = {
            "name": "shop front",
            "hosts": ["10.77.0.2"],
            "service": {"host": "10.77.0.2", "port": 80, "protocol": "http"},
        }
        asset = self.post(f"/applicants/{applicant['id']}/assets", body)
        self.settle_chain()
        risk = self.get(f"/assets/{asset['id']}")["risk"]
        self.insurer.report(2_000, risk)
        self.run("index")
        return made["id"], risk

    def quote(self, risk: int, insured: int, hourly: int) -> Any:
        return self.post(
            "/quotes",
            {
                "product": POLICY,
                "risk": risk,
                "holder": person("holder").address,
                "sum_insured": str(insured),
                "loss_per_hour": str(hourly),
                "term": 86_400,
            },
        )

    def accept(self, quote: Any, payer: str = "platform") -> Any:
        premium = max(int(quote["minimum_premium"]), 100 * COIN)
        return self.post(
            "/policies",
            {
                "quote": quote["quote"],
                "signature": quote["signature"],
                "premium": str(premium),
                "payer": payer,
            },
        )

    def series(self, platform: str, risk: int, serials: int = 1_000, pays: str = "platform") -> str:
        """A reserved series with float, bond and consent behind it."""
        self.post("/facility/deposits", {"amount": str(10_000 * COIN)})
        self.post("/facility/terms", {"product": CERTIFICATE, "premium_ceiling": str(COIN)})
        self.post("/bond-deposits", {"amount": str(500_000 * COIN)}, ADMIN)
        self.settle_chain()
        made = self.post(
            "/series",
            {
                "platform": platform,
                "product": CERTIFICATE,
                "risk": risk,
                "exposure": str(200_000 * COIN),
                "serials": serials,
                "pays": pays,
            },
            ADMIN,
        )
        self.settle_chain()
        return str(made["id"])
