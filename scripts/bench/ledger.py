"""A large ledger on a Ganache of its own; the audit's time and memory over it (`make audit-bench`).

    python -m scripts.bench.ledger [--certificates 20000 200000] [--policies 2000] [--incidents 500]

One chain grows from size to size; after each the audit runs in a process of its own, and so does
the floor: reading the same logs and calldata, keeping nothing. Times are seconds of the process's
own work (user and system), which other work on the machine hardly changes, and wall seconds; memory
is the process's largest resident set.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from web3.types import TxParams

from backend.audit.chain import Calldata, Chain
from backend.audit.cli import addresses_of
from backend.audit.declarations import READ
from backend.audit.run import PROVED_BY_CALLDATA
from contracts.client.certificates import Record
from contracts.client.development import person
from contracts.client.sender import UnlockedSender
from contracts.client.signatures import keccak256
from contracts.client.terms import Form, Peril
from tests.support.live import DOLLAR, PARAMETERS, Live, Sent
from tests.support.local_chain import local_chain

ROOT = Path(__file__).resolve().parents[2]
RISKS = 16
BATCH = 5_000
SLOTS_OF_AN_INCIDENT = 4
CLAIMED_OF_A_BATCH = 100
AT_ONCE = 25
"""Policies that are bound together."""
GAS_OF_ONE = 1_200_000
SCORES_SERVE = 600
"""Seconds of the chain after which scores are reported again, so that no quote meets stale ones."""


@dataclass(frozen=True)
class Run:
    """One process over the chain: its own work and the time that passed, in seconds."""

    seconds: float
    wall: float
    megabytes: float
    said: str


@dataclass
class Book:
    """The system of the bench and what stands in it so far."""

    live: Live
    bar: Progress
    certificates: int = 0
    policies: int = 0
    incidents: int = 0
    reported: int = 0
    of_risk: dict[int, list[int]] = field(default_factory=dict)
    batches: list[tuple[int, int, Any]] = field(default_factory=list)

    def open(self) -> None:
        """Capital, two products, risks, their first scores, and a facility."""
        live = self.live
        live.fund(40_000_000 * DOLLAR, 160_000_000 * DOLLAR)
        limits = {"instant_limit": 10_000 * DOLLAR, "unreviewed_limit": 10_000_000 * DOLLAR}
        self.policy_terms = live.terms(
            Form.POLICY, Peril.SERVICE_OUTAGE, notice_period=60, claim_window=86_400, **limits
        )
        self.certificate_terms = live.terms(
            Form.CERTIFICATE, Peril.SERVICE_OUTAGE, term=86_400, claim_window=86_400, **limits
        )
        self.policy_product = live.product(self.policy_terms)
        self.certificate_product = live.product(self.certificate_terms)
        for _ in range(RISKS):
            live.risk()
        live.next_frame()
        live.report([3_000] * RISKS)
        live.facility(self.certificate_product, 1_000_000 * DOLLAR, 1_000_000 * DOLLAR)
        live.give("holder", 1_000_000 * DOLLAR, "PolicyBook")

    def grow(self, certificates: int, policies: int, incidents: int) -> None:
        """Adds covers, then incidents that are settled, up to these numbers."""
        self._report()
        self._sell(certificates)
        self._bind(policies)
        self.live.wait(self.policy_terms.coverage_lag)
        self._strike(incidents)

    def _report(self) -> None:
        self.live.next_frame()
        score = 3_000 + 700 * (self.incidents % 3)
        self.live.report([score] * RISKS)
        self.reported = self.live.now

    def _sell(self, wanted: int) -> None:
        live, task = self.live, self.bar.add_task("certificates", total=wanted)
        bucket = live.now + 3_600 + self.certificate_terms.term
        while self.certificates < wanted:
            risk = len(self.batches) % RISKS
            size = min(BATCH, wanted - self.certificates)
            series = live.series(self.certificate_product, risk, bucket + len(self.batches))
            live.reserve(series, size * DOLLAR, size)
            records = [
                Record(keccak256(f"buyer {self.certificates + n}".encode())[:20], 1, n * 60 // size)
                for n in range(size)
            ]
            sent, tree = live.post(series, records, live.now - 60)
            self.batches.append((risk, sent.one("BordereauPosted")["batch"], tree))
            self.certificates += size
            self.bar.update(task, completed=self.certificates)

    def _together(self, who: str, transactions: Sequence[TxParams]) -> list[Sent]:
        """Sends many of one person while nothing is mined, then mines them in few blocks."""
        sender = UnlockedSender(self.live.web3, person(who).address)
        self.live.rpc("miner_stop")
        posted = [sender.post({**each, "gas": GAS_OF_ONE}) for each in transactions]
        self.live.rpc("miner_start")
        return [self.live.decoded(sender.wait(each)) for each in posted]

    def _bind(self, wanted: int) -> None:
        live, task = self.live, self.bar.add_task("policies", total=wanted)
        while self.policies < wanted:
            if live.now - self.reported > SCORES_SERVE:
                self._report()
            offers = [
                live.quote(
                    self.policy_product, risk, self.policy_terms, sum_insured=1_000 * DOLLAR,
                    loss_per_hour=360 * DOLLAR, term=20 * 86_400,
                )
                for risk in range(RISKS)
            ]  # fmt: skip
            made = []
            for number in range(self.policies, min(self.policies + AT_ONCE, wanted)):
                live.salts += 1
                offer = replace(offers[number % RISKS], salt=live.salts.to_bytes(32, "big"))
                made.append(live.bind_transaction(offer, 20 * DOLLAR))
            for sent in self._together("holder", made):
                bound = sent.one("PolicyBound")
                self.of_risk.setdefault(bound["risk"], []).append(bound["policy"])
            self.policies += len(made)
            self.bar.update(task, completed=self.policies)

    def _strike(self, wanted: int) -> None:
        """Outages of all risks at once, each settled for one policy; certificates once."""
        live, task = self.live, self.bar.add_task("incidents", total=wanted)
        length = self.live.parameters.slot_length
        while self.incidents < wanted:
            first = live.slot(live.now) + 1
            if first % 64 > 64 - SLOTS_OF_AN_INCIDENT:
                first = (first // 64 + 1) * 64
            slots = range(first, first + SLOTS_OF_AN_INCIDENT)
            live.wait_until(slots.stop * length)
            struck = range(min(RISKS, wanted - self.incidents))
            self._together(
                "relayer", [t for risk in struck for t in live.attestations(risk, slots)]
            )
            live.wait_until(live.settle_time(slots.stop + 4, self.policy_terms))
            held = [self.of_risk[risk] for risk in struck]
            chosen = [policies[self.incidents // RISKS % len(policies)] for policies in held]
            desk = [live.transaction("ClaimsDesk", "settle", policy, first) for policy in chosen]
            self._together("relayer", desk)
            for risk in struck:
                self._settle_certificates(risk, first)
            self.incidents += len(struck)
            self.bar.update(task, completed=self.incidents)

    def _settle_certificates(self, risk: int, run: int) -> None:
        for of, batch, tree in [b for b in self.batches if b[0] == risk]:
            indices = range(min(CLAIMED_OF_A_BATCH, tree.size))
            self.live.settle_certificates(batch, run, tree, list(indices))
            self.batches.remove((of, batch, tree))


def read_only(url: str, deployment: Path) -> None:
    """The floor: every log and calldata that the audit reads, and nothing done with them."""
    addresses = addresses_of(deployment)
    names = {addresses[name].lower(): name for name in READ if name in addresses}
    chain = Chain(url)
    proved = []
    for log in chain.logs(list(names)):
        declaration = READ[names[log.address]].get(log.topics[0])
        if declaration is not None and declaration.name in PROVED_BY_CALLDATA:
            proved.append(log.transaction)
    calldata = Calldata(chain, proved)
    size = sum(len(calldata[name][2]) for name in calldata)
    print(f"{len(calldata):,} transactions with {size:,} bytes of calldata")


def timed(command: list[str]) -> Run:
    """Runs a command; raises SystemExit when it fails."""
    started = time.monotonic()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)}: {said[-2_000:]}")
    lines = said.strip().splitlines()
    work = usage.ru_utime + usage.ru_stime
    wall = time.monotonic() - started
    return Run(work, wall, usage.ru_maxrss / 1024, lines[-1] if lines else "")


def measured(url: str, deployment: Path, folder: Path) -> tuple[Run, Run, Run]:
    """Floor, audit, and audit with bordereaux and reports."""
    here = [sys.executable, "-m"]
    floor = timed([*here, "scripts.bench.ledger", "--floor", url, str(deployment)])
    common = [*here, "backend", "audit", "--rpc", url, "--deployment", str(deployment)]
    return floor, timed(common), timed([*common, "--out", str(folder)])


def figures(name: str, run: Run) -> dict[str, float]:
    return {f"{name}_s": run.seconds, f"{name}_wall_s": run.wall, f"{name}_mb": run.megabytes}


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="The audit over a growing ledger", title_justify="left")
    for column in ("certificates", "policies", "incidents", "objects", "floor", "audit", "peak",
                   "with files", "peak"):  # fmt: skip
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            *(f"{row[name]:,}" for name in ("certificates", "policies", "incidents", "objects")),
            f"{row['floor_s']:.1f} s",
            f"{row['audit_s']:.1f} s",
            f"{row['audit_mb']:.0f} MB",
            f"{row['files_s']:.1f} s",
            f"{row['files_mb']:.0f} MB",
        )
    Console().print(table)
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        print(
            f"from {first['certificates']:,} to {last['certificates']:,} certificates: "
            f"time x {last['audit_s'] / first['audit_s']:.1f}, "
            f"memory x {last['audit_mb'] / first['audit_mb']:.2f}; "
            f"the last audit takes {last['audit_s'] / last['floor_s']:.1f} times its floor"
        )


def bench(sizes: list[int], policies: int, incidents: int, report: Path | None) -> None:
    rows: list[dict[str, Any]] = []
    parameters = replace(PARAMETERS, max_report_delay=60)
    with (
        tempfile.TemporaryDirectory() as text,
        local_chain() as chain,
        Progress(disable=not sys.stderr.isatty()) as bar,
    ):
        folder = Path(text)
        book = Book(Live(chain.web3, parameters), bar)
        deployment = folder / "deployment.json"
        book.live.deployment.write(deployment)
        book.open()
        for size in sizes:
            share = size / sizes[-1]
            book.grow(size, round(policies * share), round(incidents * share))
            floor, plain, files = measured(chain.url, deployment, folder / str(size))
            objects = json.loads((folder / str(size) / "audit.json").read_text())["recomputed"]
            rows.append(
                {
                    "certificates": book.certificates, "policies": book.policies,
                    "incidents": book.incidents, "objects": sum(objects.values()),
                    **figures("floor", floor), **figures("audit", plain),
                    **figures("files", files),
                    "closing_line": plain.said,
                }
            )  # fmt: skip
            print(plain.said, flush=True)
    show(rows)
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(rows, indent=1) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts.bench.ledger")
    parser.add_argument("--certificates", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--policies", type=int, default=2_000)
    parser.add_argument("--incidents", type=int, default=500)
    parser.add_argument("--report", type=Path, default=ROOT / "reports" / "audit-bench.json")
    parser.add_argument("--floor", nargs=2, metavar=("URL", "DEPLOYMENT"), help="only read")
    options = parser.parse_args()
    if options.floor:
        read_only(options.floor[0], Path(options.floor[1]))
    else:
        sizes = sorted(options.certificates)
        bench(sizes, options.policies, options.incidents, options.report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
