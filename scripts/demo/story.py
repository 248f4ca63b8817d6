"""The story of the demonstration, chapter by chapter: from packets to payout.

Chain time is the only clock. The recorded traffic is re-based so that its first packet falls on
chain second `base`; the chain's clock is then advanced past it in steps, and before each next step
every member has finished a cycle, so that no frame and no slot goes unseen.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_utils import keccak
from web3.exceptions import Web3Exception

from contracts.client.development import person
from contracts.client.messages import AssessorDecision, Domain, digest
from contracts.client.signatures import sign
from contracts.client.system import SystemParameters
from scripts.demo.api import Api
from scripts.demo.clock import ChainClock, Rpc
from scripts.demo.contracts import Step, deployed
from scripts.demo.oracles import FAULTY, Oracles, Recording
from scripts.demo.people import keep_key
from scripts.demo.processes import (
    ROOT,
    CallRefused,
    DemoFailed,
    Processes,
    claim_port,
    start_ganache,
)
from scripts.demo.products import (
    CERTIFICATE_TABLE,
    COIN,
    POLICY_TABLE,
    certificate_terms,
    packed_table,
    policy_terms,
    wording,
)
from scripts.demo.timeline import Timeline

RECORDINGS = ROOT / "oracles" / "recordings"
PARAMETERS = SystemParameters(
    frame_length=20,
    max_frame_age=60,
    slot_length=5,
    max_report_delay=60,
)
STEP = PARAMETERS.frame_length
FIRST_RISK = 0
SERVICE_PORT = 80
PATIENCE = 8.0
"""Seconds that a step waits for a report that some member still expects: with a member that fails
in its turn, the next one's turn comes 4 seconds later."""
CERTIFICATES = 1_000
SALE = 100
"""Certificates in one sale."""
EARLY_SALES = 4
"""Sold once there is a score; their cover has ended when the flood begins, at second 240."""
FIRST_ATTACK = 185
"""Second of the story before which no attack begins."""
LATER_SALES = (110, 130, 150)
"""Seconds of the recording at which the others are sold; guessing begins at 185."""
JUNIOR_CAPITAL = 2_000_000 * COIN
SENIOR_CAPITAL = 8_000_000 * COIN
ETHER = 10**18
SET_UP = 120
"""Chain seconds that funding and registering may take before the recording begins."""
STALE_QUOTE = {"ScoreFrameNotNewest", "RateBelowTable", "ModelMismatch", "RevertedOnChain"}


@dataclass(frozen=True, slots=True)
class Cover:
    """A streamed cover of the story: money in dollars, and who pays the premium."""

    name: str
    insured: int
    hourly: int
    payer: str

    @property
    def step(self) -> str:
        return f"bind {self.name}, {self.insured:,} insured"


COVERS = (
    Cover("corner shop", 20_000, 3_600, "platform"),
    Cover("web shop", 80_000, 14_400, "platform"),
    Cover("marketplace", 1_500_000, 900_000, "holder"),
)


@dataclass
class Options:
    folder: Path
    fault: str | None = None
    capture: str = "demo"
    chain_port: int = 0
    backend_port: int = 0


@dataclass
class Story:
    """What the chapters share."""

    options: Options
    group: Processes
    timeline: Timeline
    truth: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    payable: bool = False

    # -- chapters ----------------------------------------------------------------------------------

    def play(self) -> None:
        self.chain_and_contracts()
        self.capital_and_products()
        self.members_and_backend()
        self.onboarding()
        self.reservation()
        self.benign_traffic()
        self.early_sale()
        self.cover()
        self.later_sale()
        self.brute_force()
        self.flood()
        self.settlement()

    def chain_and_contracts(self) -> None:
        self.timeline.chapter("A local chain and the contracts")
        port = claim_port("chain", self.options.chain_port)
        self.rpc = Rpc(start_ganache(self.group, port))
        self.clock = ChainClock(self.rpc, self.timeline)
        self.timeline.note(f"Ganache mines two blocks a second at {self.rpc.url}")
        self.system = deployed(self.rpc, self.timeline, PARAMETERS)
        self.deployment_path = self.options.folder / "deployment.json"
        self.system.deployment.write(self.deployment_path)
        self.timeline.note(f"{len(self.system.deployment.contracts)} contracts deployed")
        self._make_oracles()
        self._start_backend()
        self._start_oracles()

    def capital_and_products(self) -> None:
        """Three rounds of calls, each of independent ones; a later round needs the earlier."""
        self.timeline.chapter("Capital, products, the risk model and the committee")
        capital, products = self._capital(), self._products()
        self.system.send_all(
            [*capital[0], *products[0], self._model(), *self._coins(), *self._gas_money()]
        )
        self.system.send_all([*capital[1], *products[1], self._committee()])
        self.clock.advance(self.system.read("Cell", "epochLength"), "to the first collection epoch")
        settle = self.system.step(
            person("stranger").key, "epoch settled, capital at work", "Cell", "settleEpoch"
        )
        agree = self.system.step(
            person("platform").key, "platform agrees to a ceiling of 5 units", "Facility",
            "agreeTerms", person("underwriter").address, self.certificate_product, 5,
        )  # fmt: skip
        self.system.send_all([settle, agree])
        self.report["capital_before"] = self.system.read("Cell", "assets")
        self.timeline.note(f"capital {money(self.report['capital_before'])}, junior first to lose")

    def members_and_backend(self) -> None:
        self.timeline.chapter("Four members, a sensor and the backend, each a process")
        if self.options.fault:
            faulty = self.oracles.faulty
            (self.options.folder / "faulty.json").write_text(json.dumps(faulty) + "\n")
            self.timeline.note(f"drill: member {FAULTY} will {self.options.fault}")
        self.oracles.wait()
        self.group.wait_for_health("the backend", f"{self.backend_url}/health")
        self.timeline.note(
            f"4 members at 4 vantage points, 3 of them with an upstream view; backend at "
            f"{self.backend_url}"
        )

    def onboarding(self) -> None:
        self.timeline.chapter("A platform and an insured are onboarded")
        platform = person("platform")
        made = self.admin.post("/v1/platforms", {"name": "Demo shop", "wallet": platform.address})
        self.platform_id = made["id"]
        key = self.admin.post(f"/v1/platforms/{self.platform_id}/keys", {"label": "checkout"})
        self.api = Api(self.backend_url, key["key"], self.group)
        applicant = self.api.post(
            "/v1/applicants",
            {
                "name": "Example Ltd",
                "country": "DE",
                "industry": "retail",
                "wallet": person("applicant").address,
            },
        )
        asset = self.api.post(
            f"/v1/applicants/{applicant['id']}/assets",
            {
                "name": "shop front",
                "hosts": self.hosts,
                "cidrs": [],
                "service": {"host": self.hosts[0], "port": SERVICE_PORT, "protocol": "http"},
            },
        )
        entry = self.api.settled(asset)
        self.show("register the insured's risk", entry)
        self.risk = self.wait_for(
            "the asset's risk index",
            lambda: self.api.get(f"/v1/assets/{asset['id']}").get("risk"),
        )
        self.asset_id = asset["id"]
        if self.risk != FIRST_RISK:
            raise DemoFailed(f"the first risk of a new chain has index {self.risk}")
        self.timeline.note(f"risk {self.risk}: {self.target}, seen by a sensor and four probes")

    def reservation(self) -> None:
        self.timeline.chapter("What certificates may use is reserved before the first sale")
        bond = self.admin.post("/v1/bond-deposits", {"amount": str(200_000 * COIN)})
        premium_float = self.api.post("/v1/facility/deposits", {"amount": str(5_000 * COIN)})
        self.show("underwriter's bond", self.admin.settled(bond))
        self.show("platform's premium float", self.api.settled(premium_float))
        self.wait_for("the committee's first report", self._reported)
        series = self.admin.post(
            "/v1/series",
            {
                "platform": self.platform_id,
                "product": self.certificate_product,
                "risk": self.risk,
                "exposure": str(100_000 * COIN),
                "serials": CERTIFICATES,
            },
        )
        self.show("exposure and serials reserved", self.admin.settled(series))
        self.series = series["id"]

    def benign_traffic(self) -> None:
        self.timeline.chapter("Benign traffic gives a score")
        self.clock.advance_to(self.zero, "to the first packet of the recording")
        self._play(STEP, "benign traffic")
        self.oracles.insure(self.risk, self.target, self.hosts)
        self._play_until(60, "", until=self._scored)
        self.wait_indexed()
        found = self.api.get(f"/v1/risks/{self.risk}/score")
        self.timeline.note(f"score {found['score']} of 10,000 in frame {found['frame']}")
        self.report["score_before"] = found["score"]

    def early_sale(self) -> None:
        self.timeline.chapter("The first checkouts sell certificates")
        for sale in range(EARLY_SALES):
            self._sell(sale)

    def cover(self) -> None:
        self.timeline.chapter("Quotes are signed and streamed policies bound")
        self._bind_all()
        self.wait_for(
            "the bound policies",
            lambda: len(self.api.items("/v1/policies")) == len(COVERS),
        )
        rate = self.system.read("RateIndex", "rateOf", self.policy_product, self.risk)
        self.report["premium_rate_before"] = rate
        self.timeline.note(f"premium rate {percent(rate)} of the sum insured a year")

    def later_sale(self) -> None:
        self.timeline.chapter(f"More checkouts; {CERTIFICATES:,} certificates are posted")
        moments = sorted(LATER_SALES * ((CERTIFICATES // SALE - EARLY_SALES) // len(LATER_SALES)))
        for sale, moment in enumerate(moments, start=EARLY_SALES):
            self._play_until(moment, "")
            self._sell(sale)
        answer = self.api.post("/v1/bordereaux", {"series": self.series})
        self.show(f"bordereau of {CERTIFICATES:,} certificates posted", self.api.settled(answer))

    def brute_force(self) -> None:
        phase = self._phase("brute_force")
        title = "Brute force raises the score, and the premium rate resets"
        self.timeline.chapter(title if phase else "More benign traffic")
        end = self._offset(phase["end"]) if phase else FIRST_ATTACK
        self._play_until(end, "guessing at the ssh login" if phase else "")
        self._show_rates()
        paid = sum(int(p["amount"]) for p in self.api.items("/v1/payouts"))
        self.report["brute_force_paid"] = paid
        self.timeline.note(f"paid for it: {money(paid)}")

    def flood(self) -> None:
        phase = self._phase("flood")
        self.timeline.chapter(
            "A flood takes the service down; the quorum attests it from outside"
            if phase
            else "The rest of the recording"
        )
        self._play_until(self._offset(self.truth["phases"][-1]["end"]), "to the last packet")
        self.last_packet_read = time.monotonic()
        self._show_attestations()

    def settlement(self) -> None:
        self.timeline.chapter("Claims settle by themselves")
        wait = PARAMETERS.max_report_delay + 4 + 2 * PARAMETERS.slot_length + 2
        self.clock.advance(wait, "until the slots are closed and the hold window is over")
        if self.payable:
            self.wait_for("the first payout", lambda: self.api.items("/v1/payouts"), seconds=60)
            took = time.monotonic() - self.last_packet_read
            self.report["seconds_trigger_to_payout"] = round(took, 3)
            self.wait_for("settled claims", self._settled, seconds=90)
        else:
            self._idle_cycles()
            self.report["seconds_trigger_to_payout"] = 0
        for payout in self.api.items("/v1/payouts"):
            self.system.show(
                f"{money(int(payout['amount']))} to {payout['cover']} {payout['number']}"
                + (f" ({payout['count']} paid)" if payout["count"] > 1 else ""),
                payout["transaction_hash"],
            )
        if self.payable:
            self._assess()

    # -- parts of the chapters ---------------------------------------------------------------

    def _capital(self) -> tuple[list[Step], list[Step]]:
        """Lenders get coins and allow the vaults to take them; then they ask for shares."""
        first, second = [], []
        for tranche, amount in (("junior", JUNIOR_CAPITAL), ("senior", SENIOR_CAPITAL)):
            lender = person(f"lender_{tranche}")
            vault = self.system.read("Cell", tranche)
            who = f"{tranche} lender"
            first += [
                self.system.step(
                    lender.key, f"{who}: coins", "StableCoin", "mint", lender.address, amount
                ),
                self.system.step(
                    lender.key, f"{who}: allowance", "StableCoin", "approve", vault, amount
                ),
            ]
            second.append(
                self.system.step_at(
                    lender.key, f"{who}: {money(amount)} requested", vault, "CapitalVault",
                    "requestDeposit", amount, lender.address, lender.address,
                )
            )  # fmt: skip
        return first, second

    def _products(self) -> tuple[list[Step], list[Step]]:
        """Wordings are approved; then the products that carry their hashes are registered."""
        cell = self.system.deployment.contracts["Cell"]
        admin = person("product_admin").key
        wordings, products = [], []
        for name, terms, table in (
            ("service attack, streamed", policy_terms(cell), POLICY_TABLE),
            ("service attack, per transaction", certificate_terms(cell), CERTIFICATE_TABLE),
        ):
            text, terms_hash = wording(name, terms, table)
            (self.options.folder / f"terms-{terms_hash.hex()[:12]}.json").write_bytes(text)
            wordings.append(
                self.system.step(
                    admin, f"wording of {name}", "ModelRegistry", "approve", terms_hash, 1, ""
                )
            )
            values = tuple((terms | {"termsHash": terms_hash}).values())
            packed = packed_table(table)
            products.append(
                self.system.step(
                    admin, f"product: {name}", "ProductBook", "register", values, packed
                )
            )
        self.policy_product, self.certificate_product = 1, 2
        return wordings, products

    def _model(self) -> Step:
        hash_ = bytes.fromhex(model_hash(self.model).removeprefix("0x"))
        admin = person("product_admin").key
        return self.system.step(
            admin, "risk model approved", "ModelRegistry", "approve", hash_, 0, ""
        )

    def _committee(self) -> Step:
        return self.system.step(
            person("committee_admin").key, "committee of 4, f = 1", "OracleCommittee", "propose",
            self.oracles.committee(), 1, self.oracles.config_digest(self.member_settings[0]),
        )  # fmt: skip

    def _coins(self) -> list[Step]:
        """Coins for those who pay premiums and bonds."""
        return [
            self.system.step(
                who.key, f"{who.name}: coins", "StableCoin", "mint", who.address, 1_000_000 * COIN
            )
            for who in (person(name) for name in ("platform", "holder", "underwriter"))
        ]

    def _gas_money(self) -> list[Step]:
        """Ether for the members' gas."""
        payer = person("deployer").key
        return [
            Step(payer, f"ether for member {i}", key.address, "0x", 10 * ETHER)
            for i, key in enumerate(self.oracles.keys, start=1)
        ]

    def _make_oracles(self) -> None:
        """The committee's keys, before anything that must know them starts."""
        self.model = model_folder()
        self.oracles = Oracles(
            self.group,
            self.options.folder,
            self.rpc.url,
            self.deployment_path,
            self.model,
            self.options.fault,
        )
        self.oracles.make_keys()

    def _start_oracles(self) -> None:
        folder = RECORDINGS / self.options.capture
        truth_path = folder / "truth.json"
        if not truth_path.exists():
            raise DemoFailed(f"there is no recording {self.options.capture} in {RECORDINGS}")
        self.truth = json.loads(truth_path.read_text())
        # The story begins on a slot, a frame and an epoch edge, ahead of the set-up's end. A short
        # recording begins later, so that cover is in force when its attack comes.
        span = 64 * PARAMETERS.slot_length
        self.zero = ((self.clock.now() + SET_UP) // span + 1) * span
        start = self.truth["phases"][0]["start"]
        attacks = [(attack["start"] - start) // 1_000_000 for attack in self.truth["attacks"]]
        silence = max(0, FIRST_ATTACK - min(attacks, default=FIRST_ATTACK))
        self.recording = Recording(folder, start, self.zero + silence // STEP * STEP)
        host = self.truth["hosts"]["svc"]["address"]
        self.target, self.hosts = f"{host}:{SERVICE_PORT}", [host]
        self.member_settings = self.oracles.settings(self.recording, self.target)
        self.oracles.start(self.member_settings)
        self.oracles.start_sensor(self.recording, FIRST_RISK, self.hosts)

    def _start_backend(self) -> None:
        folder = self.options.folder
        wallets = folder / "wallets"
        keep_key(wallets, "platform", person("platform").key)
        token = secrets.token_urlsafe(24)
        files = {
            "FLOWCOVER_ADMIN_TOKEN": token,
            "FLOWCOVER_UNDERWRITER_KEY": "0x" + person("underwriter").key.hex(),
            "FLOWCOVER_OPERATOR_KEY": "0x" + person("relayer").key.hex(),
            "FLOWCOVER_COMMITMENT_KEY": secrets.token_hex(32),
        }
        port = claim_port("backend", self.options.backend_port)
        self.database_url = f"sqlite:///{(folder / 'backend.db').resolve()}"
        environment = {
            "FLOWCOVER_DATABASE_URL": self.database_url,
            "FLOWCOVER_RPC_URL": self.rpc.url,
            "FLOWCOVER_DEPLOYMENT": str(self.deployment_path),
            "FLOWCOVER_WALLETS_DIR": str(wallets),
            "FLOWCOVER_PORT": str(port),
            "FLOWCOVER_JOB_SECONDS": "0.5",
            "FLOWCOVER_RPC_TIMEOUT": "5",
            "FLOWCOVER_FINALITY_DEPTH": "1",
            "FLOWCOVER_POST_SIZE": str(10 * CERTIFICATES),
            "FLOWCOVER_POST_AGE": "3600",
            "FLOWCOVER_COMMIT_FROM": str(CERTIFICATES + 200),
            "FLOWCOVER_LEAF_DIR": str(folder / "leaves"),
            "FLOWCOVER_SANDBOX": str(self._sandbox()),
            "FLOWCOVER_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "FLOWCOVER_EVIDENCE_DIRS": os.pathsep.join(
                str(folder / "oracles" / f"member-{number}" / "evidence") for number in range(1, 5)
            ),
            "FLOWCOVER_AUDIT_REPORT": str(folder / "audit.json"),
        }
        for name, value in files.items():
            path = keep_secret(folder / "keys" / f"{name.lower()}.secret", value)
            environment[f"{name}_FILE"] = str(path)
        command = [sys.executable, "-m", "backend", "serve"]
        self.group.start("backend", command, environment=environment)
        self.backend_url = f"http://127.0.0.1:{port}"
        self.admin = Api(self.backend_url, token, self.group)

    def _sandbox(self) -> Path:
        """What the backend needs to stage incidents after the story: the members' keys."""
        stored = {
            "members": ["0x" + key.key.hex() for key in self.oracles.keys],
            "model_hash": model_hash(self.model),
            "sender": "0x" + person("stranger").key.hex(),
        }
        path = self.options.folder / "keys" / "sandbox.json"
        return keep_secret(path, json.dumps(stored))

    def _bind_all(self) -> None:
        """Asks for quotes and binds them together; asks again for what a moved score refused."""
        wanted = list(COVERS)
        for tries_left in range(4, -1, -1):
            asked = [(cover, self._quote(cover.insured, cover.hourly)) for cover in wanted]
            answers = [(cover, self._accept(cover, quote)) for cover, quote in asked]
            wanted = []
            for cover, answer in answers:
                try:
                    self._bound(cover, answer)
                except CallRefused as refusal:
                    if refusal.error not in STALE_QUOTE or not tries_left:
                        raise
                    self.timeline.note(f"{cover.step}: the score moved meanwhile, quoting again")
                    wanted.append(cover)
            if not wanted:
                return
            self.wait_indexed()

    def _accept(self, cover: Cover, quote: Any) -> Any:
        body = {
            "quote": quote["quote"],
            "signature": quote["signature"],
            "premium": str(max(int(quote["minimum_premium"]), 60 * COIN)),
            "payer": cover.payer,
        }
        return self.api.post("/v1/policies", body)

    def _bound(self, cover: Cover, answer: Any) -> None:
        """Waits for the platform's bind, or has the holder's own wallet sign what the API prepared:
        an allowance, then the bind."""
        if cover.payer == "platform":
            self.show(cover.step, self.api.settled(answer))
            return
        holder = person("holder").key
        allowance, bind = answer["unsigned"]
        for text, call in (("allowance", allowance), (cover.step, bind)):
            self.system.send_all(
                [Step(holder, f"holder's wallet: {text}", call["to"], call["data"])]
            )

    def _quote(self, insured: int, hourly: int) -> Any:
        return self.api.post(
            "/v1/quotes",
            {
                "product": self.policy_product,
                "risk": self.risk,
                "holder": person("holder").address,
                "sum_insured": str(insured * COIN),
                "loss_per_hour": str(hourly * COIN),
                "dependencies": [],
                "term": 7 * 86_400,
            },
        )

    def _sell(self, sale: int) -> None:
        transactions = [
            {
                "holder": person("holder").address,
                "transaction_hash": "0x" + keccak(text=f"order {sale}/{i}").hex(),
                "sum_insured": str((20 + (7 * i + 3 * sale) % 60) * COIN),
            }
            for i in range(SALE)
        ]
        answer = self.api.post(
            "/v1/transactions:coverBatch", {"series": self.series, "transactions": transactions}
        )
        self.timeline.note(
            f"{len(answer['certificates'])} certificates signed, from serial "
            f"{answer['first_serial']}"
        )

    def _assess(self) -> None:
        self.timeline.chapter("What exceeds the instant limit goes to two assessors")
        referrals = self.api.items("/v1/referrals")
        for referral in referrals:
            claim = referral["id"]
            self.timeline.note(
                f"claim {claim[:18]}… on policy {referral['policy']}: "
                f"{money(int(referral['scheduled']))} scheduled"
            )
            self.clock.advance_to(int(referral["decide_from"]) + 1, "past the challenge window")
            until = int(referral["decide_until"])
            assessors = ("assessor_a", "assessor_b")
            decided = [(who, self._decide(claim, who, until)) for who in assessors]
            for who, answer in decided:
                self.show(f"{who.replace('_', ' ')} approves", self.api.settled(answer))
        self.wait_for(
            "the reviewed payouts",
            lambda: (
                sum(1 for p in self.api.items("/v1/payouts") if p["reviewed"]) == len(referrals)
            ),
        )

    def _decide(self, claim: str, who: str, until: int) -> Any:
        assessor = person(who)
        deadline = min(until, self.clock.now() + 60)
        reason = keccak(text="scheduled amount follows from the attested slots")
        message = AssessorDecision(bytes.fromhex(claim[2:]), True, reason, deadline)
        domain: Domain = self.system.deployment.domain(message)
        body = {
            "approve": True,
            "reason_hash": "0x" + reason.hex(),
            "deadline": deadline,
            "signature": "0x" + sign(digest(message, domain), assessor.key).hex(),
        }
        return self.api.post(f"/v1/referrals/{claim}/decisions", body)

    # -- traffic and time -------------------------------------------------------------------

    def _phase(self, name: str) -> dict[str, Any] | None:
        return next((p for p in self.truth["phases"] if p["name"] == name), None)

    def _offset(self, moment_us: int) -> int:
        """Seconds of the story at a moment of the recording, rounded up."""
        seconds = int(-(-(moment_us - self.recording.start_us) // 1_000_000))
        return self.recording.base - self.zero + seconds

    def _play(self, seconds: int, why: str = "") -> None:
        """Advances the chain's clock and waits until every member has caught up."""
        now = self.clock.advance(seconds, why)
        begun = time.monotonic()

        def caught_up() -> bool:
            patient = time.monotonic() < begun + PATIENCE
            return self.oracles.caught_up(now, patient)

        self.group.wait("the members to catch up", caught_up, 60, 0.1)

    def _play_until(self, offset: int, why: str, until: Any = None) -> bool:
        """Plays to `offset` seconds of the story in steps; stops early when `until` holds."""
        end = self.zero + offset
        first = True
        while self.clock.now() < end:
            self._play(min(STEP, end - self.clock.now()), why if first else "")
            first = False
            if until is not None and until():
                return True
        return False

    def _reported(self) -> bool:
        """Whether any score is on chain, the class base too: only then can something be sold."""
        try:
            self.system.read("RiskFeed", "scoreOf", self.risk)
        except Web3Exception:  # NoScore
            return False
        return True

    def _scored(self) -> bool:
        """Whether a score from sensor data is on chain; without any it stands at the class base."""
        try:
            _, median, _ = self.system.read("RiskFeed", "scoreOf", self.risk)
        except Web3Exception:  # NoScore, until the first report
            return False
        _, base, _ = self.system.read("RiskRegister", "riskOf", self.risk)
        return bool(median != base)

    def _idle_cycles(self) -> None:
        for _ in range(3):
            self._play(STEP)

    def _settled(self) -> bool:
        """Whether everything that the backend began to settle is final."""
        claims = self.api.items("/v1/claims")
        covers = {p["cover"] for p in self.api.items("/v1/payouts")}
        open_ = [
            entry
            for entry in self.admin.items("/v1/chain-transactions")
            if entry["status"] not in ("final", "failed")
        ]
        return len(claims) >= len(COVERS) and "certificates" in covers and not open_

    # -- what is shown ----------------------------------------------------------------------

    def show(self, step: str, entry: dict[str, Any]) -> None:
        self.system.show(step, entry["hash"])

    def _rates(self) -> list[dict[str, Any]]:
        found = self.api.items(f"/v1/risks/{self.risk}/rates")
        return [rate for rate in found if int(rate["product"]) == self.policy_product]

    def _highest_rate(self, before_block: int) -> int:
        """The highest rate that was reached before a block."""
        resets = [rate for rate in self._rates() if rate["block_number"] < before_block]
        before: int = self.report["premium_rate_before"]
        return max([before, *(int(rate["rate_after"]) for rate in resets)])

    def _show_rates(self) -> None:
        self.wait_indexed()
        for rate in reversed(self._rates()):
            change = f"{percent(int(rate['rate_before']))} → {percent(int(rate['rate_after']))}"
            self.system.show(f"premium rate {change} a year", rate["transaction_hash"])

    def _show_attestations(self) -> None:
        self.wait_indexed()
        attested = [e for e in self.admin.items("/v1/events") if e["name"] == "SlotsAttested"]
        first_lost = min(
            (e["block_number"] for e in attested if int(e["args"]["lostMask"])),
            default=sys.maxsize,
        )
        self.report["premium_rate_after"] = self._highest_rate(first_lost)
        for event in attested:
            lost, attacked = (int(event["args"][mask]) for mask in ("lostMask", "attackMask"))
            self.payable |= bool(lost & attacked)
            self.system.show(
                f"{lost.bit_count()} lost, {attacked.bit_count()} attacked slots attested",
                event["transaction_hash"],
            )
        if not self.payable:
            self.timeline.note("no slot was both lost and under attack: no incident to pay")
        if not self.payable and self.options.capture == Options.capture:
            raise DemoFailed("the recording holds an incident that the committee did not attest")

    def wait_indexed(self) -> None:
        """Until the backend has read what is the chain's head now."""
        head = int(self.rpc.call("eth_blockNumber"), 16)

        def read() -> bool:
            return int(self.api.get("/ready").get("indexed_block", -1)) >= head

        self.wait_for("the indexer", read)

    def wait_for(self, what: str, value: Any, seconds: float = 60) -> Any:
        """The first value that is neither None nor False nor empty."""
        found: list[Any] = []

        def ready() -> bool:
            result = value()
            if result is None or result is False or result == []:
                return False
            found.append(result)
            return True

        self.group.wait(what, ready, seconds, 0.2)
        return found[0]


def percent(rate: int) -> str:
    """A rate of 1e18 a year in percent."""
    return f"{rate / 10**16:.2f} %"


def money(amount: int) -> str:
    """Token units of a coin with 6 decimals in dollars."""
    return f"{amount / COIN:,.2f} USD"


def keep_secret(path: Path, value: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(value + "\n")
    return path


def model_folder() -> Path:
    """The registered model that ships."""
    registry = ROOT / "oracles" / "model" / "registry"
    return registry / (registry / "CURRENT").read_text().strip()


def model_hash(folder: Path) -> str:
    """The hash of a registered model, 0x-hex."""
    found: str = json.loads((folder / "card.json").read_text())["model_hash"]
    return found
