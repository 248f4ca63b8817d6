"""An application over a temporary database, a market and contracts that say what a test wants."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from backend.app import create_app
from backend.chain.faults import Faults
from backend.chain.keys import Keyring, Signer, TransactionSigner
from backend.chain.node import Block
from backend.chain.tables import ChainTransaction, IndexedBlock, LedgerEvent
from backend.domain.products import Product
from backend.domain.units import Score
from backend.http.context import Services
from backend.ledger.projection import RULES, LedgerProjector
from backend.ledger.tables import LedgerProduct, LedgerRisk
from backend.market import BindingScore, UnknownProduct, UnknownRisk, product_of
from backend.sandbox.committee import Outage
from backend.settings import Secret, Settings
from backend.storage.database import Database
from contracts.client.calls import call_data
from contracts.client.errors import ContractReverted
from contracts.client.events import Event
from contracts.client.messages import keccak256
from contracts.client.system import CONTRACTS, Deployment, SystemParameters
from tests.support.asgi import Client
from tests.support.engines import new_database
from tests.support.fake_chain import FakeChain

ADMIN = "admin-token-of-the-tests"
UNDERWRITER, OPERATOR, PLATFORM, OTHER, APPLICANT, HOLDER, ASSESSOR = (
    Signer(bytes([number]) * 32) for number in range(1, 8)
)
TERMS_HASH = "0x" + "7e" * 32
MODEL_HASH = "0x" + "3d" * 32
TABLE_WORD = sum((10 + lane) << (16 * lane) for lane in range(16))
TERMS = {
    "peril": 0, "form": 0, "cell": "0x" + "00" * 19 + "ce", "waitingPeriod": 60,
    "coverageLag": 60, "mergeGap": 30, "holdWindow": 10, "challengeWindow": 10,
    "reviewWindow": 60, "claimWindow": 600, "noticePeriod": 3600, "term": 86_400,
    "increaseDelay": 60, "rateUnit": 10**15, "unit": 10**6, "maxSumInsured": 10**12,
    "instantLimit": 10**9, "unreviewedLimit": 10**10, "termsHash": TERMS_HASH,
}  # fmt: skip


def address(name: str) -> ChecksumAddress:
    """A stable address for a name."""
    return to_checksum_address(keccak256(name.encode())[-20:])


DEPLOYMENT = Deployment(
    1337, "0x" + "0a" * 32, 1, {name: address(name) for name in CONTRACTS}, SystemParameters()
)


class FakeMarket:
    """Products and risks of the database; time and scores of the test."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.time = 1_700_000_000
        self.number = 100
        self.is_known = False
        self.scores: dict[int, BindingScore] = {}
        self.refusal = ContractReverted("NoScore", {"risk": 0})

    def head(self) -> Block:
        return Block(self.number, f"0x{self.number:064x}", "0x" + "02" * 32, self.time, 10**9)

    def known_head(self) -> Block | None:
        return self.head() if self.is_known else None

    def product(self, number: int) -> Product:
        with self._database.read() as session:
            row = session.get(LedgerProduct, number)
        if row is None:
            raise UnknownProduct(f"no product {number}", product=number)
        return product_of(row)

    def applicant_of(self, risk: int) -> str:
        with self._database.read() as session:
            row = session.get(LedgerRisk, risk)
        if row is None:
            raise UnknownRisk(f"no risk {risk}", risk=risk)
        return row.applicant

    def binding_score(self, risk: int) -> BindingScore:
        if risk not in self.scores:
            raise self.refusal
        return self.scores[risk]


class FakeSandbox:
    """A development chain on which staging does nothing but move the market's clock."""

    def __init__(self, market: FakeMarket) -> None:
        self._market = market

    def advance(self, seconds: int) -> int:
        self._market.time += seconds
        return self._market.time

    def report(self, scores: dict[int, int], risk: int) -> tuple[int, str]:
        self._market.scores[risk] = BindingScore(Score(scores[risk]), 8, MODEL_HASH)
        return 8, "0x" + "5c" * 32

    def outage(self, subject: int, seconds: int, attacked: bool) -> Outage:
        return Outage(100, 100 + seconds // 2 - 1, ("0x" + "0a" * 32,))


@dataclass
class FakeContracts:
    """Views by (contract, function): a value, or a function of the arguments."""

    deployment: Deployment = DEPLOYMENT
    views: dict[tuple[str, str], Any] = field(default_factory=dict)
    node: Any = field(default_factory=FakeChain)

    def address(self, contract: str) -> str:
        return self.deployment.contracts[contract]

    def data(self, contract: str, function: str, *arguments: Any) -> bytes:
        return call_data(CONTRACTS[contract], function, *arguments)

    def view(
        self,
        contract: str,
        function: str,
        *arguments: Any,
        sender: str | None = None,
        block: int | None = None,
    ) -> Any:
        value = self.views[contract, function]
        if isinstance(value, ContractReverted):
            raise value
        return value(*arguments) if callable(value) else value


class Bench:
    """The application with a client for each of its callers."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.settings = Settings(
            rpc_url="http://127.0.0.1:1",
            admin_token=Secret(ADMIN),
            underwriter_key=Secret("0x" + "01" * 32),
            operator_key=Secret("0x" + "02" * 32),
            commitment_key=Secret("commitments-of-the-tests"),
            database_url=new_database(folder),
            jobs=False,
            **changes,
        )
        self.database = Database(self.settings.database_url)
        self.market = FakeMarket(self.database)
        self.contracts = FakeContracts()
        wallets: dict[str, TransactionSigner] = {one.address: one for one in (PLATFORM, OTHER)}
        self.now = float(int(time.time()))
        self.services = Services(
            settings=self.settings,
            database=self.database,
            contracts=self.contracts,  # type: ignore[arg-type]
            market=self.market,
            keyring=Keyring(UNDERWRITER, OPERATOR, wallets),
            faults=Faults(None, None),
            sandbox=FakeSandbox(self.market),
            clock=lambda: self.now,
        )
        self.client = Client(create_app(self.settings, self.services))
        self._keys = itertools.count(1)
        self._logs = itertools.count(0)
        self.projector = LedgerProjector()

    # -- requests ---------------------------------------------------------------------------------

    def get(self, path: str, key: str | None = ADMIN, **query: Any) -> Any:
        return self.client.get(f"/v1{path}", headers=self._headers(key), params=query)

    def post(
        self, path: str, body: Any = None, key: str | None = ADMIN, once: str | None = None
    ) -> Any:
        headers = self._headers(key) | {"Idempotency-Key": once or f"key-{next(self._keys)}"}
        return self.client.post(f"/v1{path}", headers=headers, json=body)

    def _headers(self, key: str | None) -> dict[str, str]:
        return {} if key is None else {"Authorization": f"Bearer {key}"}

    # -- what has happened before -----------------------------------------------------------------

    def platform(self, name: str = "Shop", wallet: str = PLATFORM.address) -> tuple[str, str]:
        """A platform and its key."""
        made = self.post("/platforms", {"name": name, "wallet": wallet}).json()
        key = self.post(f"/platforms/{made['id']}/keys", {"label": "all"}).json()["key"]
        return made["id"], key

    def event(self, contract: str, name: str, **values: Any) -> LedgerEvent:
        """Puts an event on the ledger as the indexer does."""
        number = next(self._logs)
        block_hash = "0x" + f"{number:064x}"
        subject = self.projector.subject(
            Event(
                contract, name, values, address(contract), 100 + number, block_hash, block_hash, 0
            )
        )
        assert (contract, name) in RULES
        row = LedgerEvent(
            block_hash=block_hash,
            log_index=0,
            block_number=100 + number,
            timestamp=self.market.time,
            transaction_hash="0x" + f"{number:063x}f",
            contract=contract,
            name=name,
            subject=subject,
            args=values,
        )
        with self.database.write() as session:
            session.add(
                IndexedBlock(
                    number=100 + number,
                    hash=block_hash,
                    parent_hash="0x",
                    timestamp=self.market.time,
                )
            )
            session.add(row)
            session.flush()
            self.projector.apply(session, row)
        return row

    def product(self, number: int = 1, **terms: Any) -> None:
        self.event(
            "ProductBook", "ProductRegistered",
            product=number, termsHash=TERMS_HASH, terms=TERMS | terms, table=TABLE_WORD,
        )  # fmt: skip

    def asset(self, key: str, risk: int = 0, score: int | None = 2_000) -> str:
        """An applicant's asset with a risk index and a score; its id."""
        wish = {"name": "Example Ltd", "country": "DE", "industry": "retail"}
        applicant = self.post("/applicants", wish | {"wallet": APPLICANT.address}, key).json()
        body = {
            "name": "shop front",
            "hosts": [f"10.0.0.{risk + 1}"],
            "service": {"host": f"10.0.0.{risk + 1}", "port": 80, "protocol": "http"},
        }
        made = self.post(f"/applicants/{applicant['id']}/assets", body, key).json()
        self.event(
            "RiskRegister", "RiskRegistered",
            risk=risk, applicant=APPLICANT.address, assetHash=made["asset_hash"], baseScore=3_000,
        )  # fmt: skip
        if score is not None:
            self.market.scores[risk] = BindingScore(score, 7, MODEL_HASH)  # type: ignore[arg-type]
        return str(made["id"])

    def transactions(self) -> list[ChainTransaction]:
        with self.database.read() as session:
            return list(session.query(ChainTransaction).order_by(ChainTransaction.seq))


def kind_of(answer: Any) -> str:
    """The last part of a problem's type."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"]).rsplit("/", 1)[1]
