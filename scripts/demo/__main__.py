"""`make demo`: from packets to payout on a local chain, then the ledger recomputed.

    python -m scripts.demo [--keep] [--fault crash|lie] [--capture demo|benign|...]

Exit code 0 when the story ended as it should and no ledger row differs; 1 with one line otherwise.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from backend.audit.chain import AuditError
from backend.audit.report import as_object
from backend.audit.run import Audit, Request, audit
from scripts import check_demo
from scripts.demo.clock import Rpc
from scripts.demo.processes import ROOT, DemoFailed, processes
from scripts.demo.story import Options, Story, money, percent
from scripts.demo.timeline import Timeline, write_report


def receipts_of(rpc: Rpc) -> list[dict[str, Any]]:
    """Receipts of every transaction on the chain, in order."""
    head = int(rpc.call("eth_blockNumber"), 16)
    found = []
    for number in range(head + 1):
        block = rpc.call("eth_getBlockByNumber", hex(number), False)
        found += [rpc.call("eth_getTransactionReceipt", t) for t in block["transactions"]]
    return found


def recompute(story: Story, keep: bool) -> Audit:
    """The ledger from chain events alone, compared with the backend's database."""
    story.timeline.chapter("The ledger is recomputed from chain events")
    if not keep:
        story.group.end("member")
    story.wait_indexed()
    addresses = dict(story.system.deployment.contracts)
    evidence = sorted((story.options.folder / "oracles").glob("member-*/evidence"))
    found = audit(
        Request(
            url=story.rpc.url,
            addresses=addresses,
            evidence=evidence,
            models=story.model.parent,
            database=story.database_url,
        )
    )
    keep_ledger(story.options.folder / "ledger.json", found)
    report = json.dumps(as_object(found)) + "\n"
    (story.options.folder / "audit.json").write_text(report)
    assert found.comparison is not None
    counted = ", ".join(f"{n:,} {kind}" for kind, n in sorted(found.result.recomputed.items()))
    story.timeline.note(f"recomputed: {counted}")
    story.timeline.note(f"{found.comparison.rows:,} database rows compared")
    for finding in [*found.result.findings, *found.comparison.differences]:
        story.timeline.note(f"[red]{finding}[/red]")
    return found


def keep_running(story: Story, pids: list[int]) -> None:
    """Writes what still runs, for whoever goes on with it: processes, addresses."""
    running = {
        "pids": pids,
        "backend": story.backend_url,
        "chain": story.rpc.url,
        "platform": story.platform_id,
    }
    (story.options.folder / "running.json").write_text(json.dumps(running) + "\n")


def keep_ledger(path: Path, found: Audit) -> None:
    """Writes the recomputed ledger's rows, each with its key, for a later comparison."""
    tables = {
        table: [{**row, "__key": list(key)} for key, row in rows.items()]
        for table, rows in found.ledger.tables.items()
    }
    path.write_text(json.dumps(tables) + "\n")


def close(story: Story, found: Audit) -> dict[str, Any]:
    """The report: what receipts say, what the ledger comparison found, and the timings."""
    receipts = receipts_of(story.rpc)
    path = story.options.folder / "receipts.jsonl"
    path.write_text("".join(json.dumps(receipt) + "\n" for receipt in receipts))
    derived = check_demo.derive(receipts)
    del derived["transactions"]
    assert found.comparison is not None
    earned = sum(row["premium_earned"] for row in found.ledger.rows("ledger_policies").values())
    written = sum(row["premium"] for row in found.ledger.rows("ledger_bordereaux").values())
    return {
        **derived,
        **story.report,
        "premium_earned": earned + written,
        "capital_after": story.system.read("Cell", "assets"),
        "ledger_rows_compared": found.comparison.rows,
        "ledger_differences": found.differences,
        "audited_block": {"number": found.pin.number, "hash": found.pin.hash},
        "transactions": story.timeline.transactions,
    }


def closing_rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    rates = f"{percent(report['premium_rate_before'])} → {percent(report['premium_rate_after'])}"
    return [
        ("policies bound", f"{report['policies_bound']}"),
        ("certificates posted", f"{report['certificates_posted']:,}"),
        ("premium rate a year, before → after brute force", rates),
        ("paid for brute force", money(report["brute_force_paid"])),
        ("members that attested each lost slot, at least", f"{report['incident_quorum']}"),
        ("claims settled without a person", f"{report['claims_auto_settled']:,}"),
        ("claims referred to two assessors", f"{report['claims_referred']}"),
        ("premium earned", money(report["premium_earned"])),
        ("claims paid", money(report["claims_paid"])),
        ("capital before", money(report["capital_before"])),
        ("capital after", money(report["capital_after"])),
        ("last packet to first payout", f"{report['seconds_trigger_to_payout']:.1f} s"),
        ("ledger rows compared", f"{report['ledger_rows_compared']:,}"),
        ("differences found", f"{report['ledger_differences']}"),
    ]


def run(options: Options, keep: bool, report_path: Path) -> int:
    console = Console(highlight=False)
    timeline = Timeline(console)
    finished = False
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    with processes(options.folder, lambda: keep and finished) as group:
        story = Story(options, group, timeline)
        story.play()
        found = recompute(story, keep)
        report = close(story, found)
        write_report(report_path, report)
        timeline.closing_table(closing_rows(report))
        timeline.note(found.closing_line())
        timeline.note(f"report: {report_path}; check it with `python -m scripts.check_demo`")
        finished = True
        if keep:
            keep_running(story, [child.process.pid for child in group.children])
            pids = " ".join(str(child.process.pid) for child in group.children)
            console.print(f"\nStill running until you end them (kill {pids}):")
            console.print(f"  pages    {story.backend_url}/app/")
            for name, page in (("insurer", "insurer"), ("covers", "covers"), ("proof", "proof")):
                console.print(f"  {name:<8} {story.backend_url}/app/{page}")
            token = story.options.folder / "keys" / "flowcover_admin_token.secret"
            console.print(f"  sign in with the token in {token}")
            console.print(f"  backend  {story.backend_url}/docs\n  chain    {story.rpc.url}")
            for i, url in enumerate(story.oracles.urls, start=1):
                console.print(f"  member {i} {url}/health")
    return 1 if found.differences else 0


def interrupted(*_: Any) -> None:
    raise DemoFailed("interrupted")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description="From packets to payout.")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    parser.add_argument("--fault", choices=("crash", "lie"), help="what one member does wrong")
    parser.add_argument("--capture", default="demo", help="which recording is replayed")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="keys, logs, database")
    parser.add_argument("--report", type=Path, default=ROOT / "demo-report.json")
    parser.add_argument("--chain-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--backend-port", type=int, default=0, help="0 takes a free one")
    chosen = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupted)
    options = Options(
        chosen.folder.resolve(),
        chosen.fault,
        chosen.capture,
        chosen.chain_port,
        chosen.backend_port,
    )
    try:
        return run(options, chosen.keep, chosen.report)
    except (DemoFailed, AuditError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
