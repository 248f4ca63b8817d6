"""A whole insurer on a development chain, with a platform that can sell at once: `make sandbox`.

    python -m scripts.sandbox [--folder .demo-sandbox] [--port 8080]

Starts Ganache and the backend, deploys and funds everything, onboards one platform, and writes what
it needs to `<folder>/platform.json` (url, key, series, risk). The members' keys stay with the
backend, which stages scores and incidents for whoever asks (`/v1/sandbox/…`). Ends with Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

from backend.applicants.schemas import NewApplicant, NewAsset, Service
from backend.client import ApiError, Client, calls
from backend.facility.schemas import AgreedTerms, Deposit, NewSeries
from backend.platforms.schemas import NewKey, NewPlatform
from backend.sandbox.committee import ChainSandbox
from backend.sandbox.schemas import StageScore
from backend.transactions.schemas import TransactionOut
from contracts.client.calls import System
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.sender import KeySender
from contracts.client.signatures import address_of, keccak256
from contracts.client.system import SystemParameters
from contracts.client.terms import Form, Peril, ProductTerms, pack_table
from scripts.demo.processes import DemoFailed, Processes, claim_port, processes, start_ganache

COIN = 10**6
MODEL = keccak256(b"the sandbox's scores are staged")
WORDING = keccak256(b"the sandbox's wording")
TABLE = [10 + lane for lane in range(16)]
PARAMETERS = SystemParameters(max_frame_age=100_000, max_report_delay=120, withdrawal_delay=240)
POLICY, CERTIFICATE = 1, 2
SCORE = 2_000
CAPITAL, FLOAT, BOND = 5_000_000 * COIN, 10_000 * COIN, 500_000 * COIN
EXPOSURE, SERIALS = 200_000 * COIN, 10_000


class Founder:
    """Deploys, funds and appoints, as the people of the development chain."""

    def __init__(self, rpc_url: str, folder: Path) -> None:
        self.folder = folder
        web3 = Web3(HTTPProvider(rpc_url))
        self._senders: dict[str, KeySender] = {}
        self._web3 = web3
        self.deployment = deploy(web3, self._sender("deployer"), development_people(), PARAMETERS)
        self.deployment.write(folder / "deployment.json")
        self._system = System(web3, self.deployment)
        keys = [secrets.token_bytes(32) for _ in range(4)]
        stored = {"members": ["0x" + key.hex() for key in keys], "model_hash": "0x" + MODEL.hex()}
        (folder / "sandbox.json").write_text(json.dumps(stored))
        self._members = sorted(map(address_of, keys), key=lambda address: int(address, 16))
        self.sandbox = ChainSandbox(rpc_url, 30, self.deployment, folder / "sandbox.json")

    def _sender(self, who: str) -> KeySender:
        if who not in self._senders:
            self._senders[who] = KeySender(self._web3, person(who).key)
        return self._senders[who]

    def _send(self, who: str, contract: str, function: str, *arguments: Any) -> None:
        self._sender(who).send(self._system.transaction(contract, function, *arguments))

    def found(self) -> None:
        """Capital, products and a committee of four."""
        for lender, vault in (("lender_junior", "JuniorVault"), ("lender_senior", "SeniorVault")):
            address, spender = person(lender).address, self.deployment.contracts[vault]
            self._send(lender, "StableCoin", "mint", address, CAPITAL)
            self._send(lender, "StableCoin", "approve", spender, CAPITAL)
            self._send(lender, vault, "requestDeposit", CAPITAL, address, address)
        self.sandbox.advance(PARAMETERS.epoch_length)
        self._send("stranger", "Cell", "settleEpoch")
        self._send("product_admin", "ModelRegistry", "approve", MODEL, 0, "")
        self._send("product_admin", "ModelRegistry", "approve", WORDING, 1, "")
        policy = ProductTerms(
            Peril.SERVICE_ATTACK, Form.POLICY, self.deployment.contracts["Cell"], WORDING,
            waiting_period=6, coverage_lag=4, hold_window=4,
            instant_limit=1_000_000 * COIN, unreviewed_limit=1_000_000 * COIN,
        )  # fmt: skip
        certificate = replace(policy, form=Form.CERTIFICATE, term=7_200)
        for terms in (policy, certificate):
            arguments = (terms.as_struct(), pack_table(TABLE))
            self._send("product_admin", "ProductBook", "register", *arguments)
        members = [
            (address, keccak256(b"operator %d" % lane), keccak256(b"place %d" % lane), True)
            for lane, address in enumerate(self._members)
        ]
        self._send("committee_admin", "OracleCommittee", "propose", members, 1, bytes(32))
        for name in ("platform", "underwriter", "holder"):
            self._send(name, "StableCoin", "mint", person(name).address, 2_000_000 * COIN)
        for address in self._members:
            self._sender("deployer").send({"to": address, "value": Web3.to_wei(10, "ether")})
        self.sandbox.advance(PARAMETERS.frame_length)

    def environment(self, rpc_url: str, admin: str, port: int, finality: int) -> dict[str, str]:
        """Settings of the backend."""
        wallets = self.folder / "wallets"
        wallets.mkdir(exist_ok=True)
        (wallets / "platform.key").write_text("0x" + person("platform").key.hex())
        return {
            "FLOWCOVER_RPC_URL": rpc_url,
            "FLOWCOVER_DEPLOYMENT": str(self.folder / "deployment.json"),
            "FLOWCOVER_DATABASE_URL": f"sqlite:///{self.folder / 'flowcover.db'}",
            "FLOWCOVER_ADMIN_TOKEN": admin,
            "FLOWCOVER_UNDERWRITER_KEY": "0x" + person("underwriter").key.hex(),
            "FLOWCOVER_OPERATOR_KEY": "0x" + person("relayer").key.hex(),
            "FLOWCOVER_COMMITMENT_KEY": secrets.token_hex(16),
            "FLOWCOVER_WALLETS_DIR": str(wallets),
            "FLOWCOVER_SANDBOX": str(self.folder / "sandbox.json"),
            "FLOWCOVER_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "FLOWCOVER_PORT": str(port),
            "FLOWCOVER_FINALITY_DEPTH": str(finality),
            "FLOWCOVER_POST_AGE": "5",
        }


class Onboarding:
    """What an insurer and a platform do over the API before the first sale."""

    def __init__(self, url: str, admin: str, group: Processes) -> None:
        self._url = url
        self._group = group
        self._insurer = Client(url, admin)

    def settled(self, api: Client, transaction: TransactionOut) -> None:
        def final() -> bool:
            found = api(calls.get_transaction(transaction.id))
            if found.status == "failed":
                raise DemoFailed(f"{found.purpose} was refused: {found.error}")
            return found.status == "final"

        self._group.wait(transaction.purpose, final, 60)

    def run(self) -> dict[str, Any]:
        """Everything that the shop needs to know."""
        wish = NewPlatform(name="Corner Shop", wallet=person("platform").address)
        platform = self._insurer(calls.create_platform(wish))
        key = self._insurer(calls.create_key(platform.id, NewKey(label="checkout"))).key
        with Client(self._url, key) as api:
            risk = self._risk(api)
            api(calls.stage_score(StageScore(risk=risk, score=SCORE)))
            self._indexed(lambda: api(calls.get_score(risk)).score == SCORE, "the first score")
            for deposit in (
                api(calls.deposit_float(Deposit(amount=str(FLOAT)))),
                self._insurer(calls.deposit_bond(Deposit(amount=str(BOND)))),
            ):
                self.settled(self._insurer, deposit.transaction)
            terms = AgreedTerms(product=CERTIFICATE, premium_ceiling=str(COIN))
            self.settled(api, api(calls.agree_terms(terms)).transaction)
            series = NewSeries(
                platform=platform.id, product=CERTIFICATE, risk=risk, exposure=str(EXPOSURE),
                serials=SERIALS,
            )  # fmt: skip
            reserved = self._insurer(calls.create_series(series))
            self.settled(self._insurer, reserved.transaction)
            self._indexed(lambda: api(calls.get_series(reserved.id)).sold == 0, "the series")
        return {"url": self._url, "key": key, "series": reserved.id, "risk": risk}

    def _risk(self, api: Client) -> int:
        applicant = api(
            calls.create_applicant(
                NewApplicant(
                    name="Corner Shop Ltd",
                    country="DE",
                    industry="retail",
                    wallet=person("applicant").address,
                )
            )
        )
        service = Service(host="203.0.113.10", port=443, protocol="https")
        wish = NewAsset(name="shop front", hosts=["203.0.113.10"], service=service)
        asset = api(calls.create_asset(applicant.id, wish))
        self._indexed(lambda: api(calls.get_asset(asset.id)).risk is not None, "the risk")
        found = api(calls.get_asset(asset.id)).risk
        assert found is not None
        return found

    def _indexed(self, ready: Callable[[], bool], what: str) -> None:
        def known() -> bool:
            try:
                return ready()
            except ApiError as error:
                if error.status != 404:
                    raise
                return False

        self._group.wait(what, known, 60)


def start(group: Processes, folder: Path, port: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The sandbox's processes; what a platform needs to know, also in platform.json."""
    rpc_url = start_ganache(group, claim_port("chain", 0))
    say(f"a development chain at {rpc_url}")
    founder = Founder(rpc_url, folder)
    founder.found()
    say(f"{len(founder.deployment.contracts)} contracts, capital, two products, four members")
    admin = secrets.token_hex(16)
    (folder / "admin.token").write_text(admin)
    port = claim_port("api", port)
    environment = founder.environment(rpc_url, admin, port, finality=2)
    group.start("backend", [sys.executable, "-m", "backend", "serve"], environment=environment)
    url = f"http://127.0.0.1:{port}"
    group.wait_for_health("the backend", f"{url}/health")
    say(f"the backend at {url}")
    found = Onboarding(url, admin, group).run()
    (folder / "platform.json").write_text(json.dumps(found, indent=1) + "\n")
    say(f"a platform with a series to sell from: {folder / 'platform.json'}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(".demo-sandbox"))
    parser.add_argument("--port", type=int, default=8080, help="of the API; 0 takes a free one")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "flowcover.db").unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with processes(options.folder.resolve(), lambda: False) as group:
            start(
                group, options.folder.resolve(), options.port, lambda text: print(text, flush=True)
            )
            print("ready; Ctrl-C ends it", flush=True)
            while True:
                group.look()
                time.sleep(0.5)
    except DemoFailed as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
