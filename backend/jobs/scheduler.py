"""Runs the jobs at intervals in this process, each only while it leads."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from contracts.client.errors import ChainError

from ..chain.indexer import Indexer
from ..chain.outbox import GWEI, Outbox, OutboxRules
from ..http.context import Services
from ..ledger.projection import LedgerProjector
from ..observability.logs import case_id
from ..observability.metrics import INDEXED_BLOCK, JOB_FAILURES, JOB_SECONDS, REWOUND_BLOCKS
from ..observability.traces import job_span
from .control import run_control
from .expiry import run_expiry
from .leader import Leadership
from .posting import run_posting
from .reconcile import run_reconcile
from .screen import run_screen
from .settlement import run_settlement
from .webhooks import run_webhooks

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A name (also the leader lock's), one pass, and after how many intervals it runs again."""

    name: str
    run: Callable[[], object]
    every: int = 1


class Jobs:
    """The jobs of one process."""

    def __init__(self, at: Services) -> None:
        self._at = at
        self._leadership = Leadership(at.database, at.settings.lock_dir)
        self._scheduler: BackgroundScheduler | None = None
        self._indexer = create_indexer(at)

    def all(self) -> list[Job]:
        at = self._at
        senders = [
            Job(f"outbox-{address[2:10].lower()}", create_outbox(at, address).run_once)
            for address in at.keyring.addresses()
        ]
        return [
            Job("index", self._index),
            *senders,
            Job("post", lambda: run_posting(at)),
            Job("screen", lambda: run_screen(at)),
            Job("settle", lambda: run_settlement(at)),
            Job("webhooks", lambda: run_webhooks(at)),
            Job("control", lambda: run_control(at)),
            Job("expire", lambda: run_expiry(at), every=5),
            Job("reconcile", lambda: run_reconcile(at), every=60),
        ]

    def check(self) -> None:
        """Binds an empty database to the node's chain.

        :raises WrongChain: the database or the deployment is of another one
        """
        self._indexer.check_chain()

    def start(self) -> None:
        """Checks the chain, then starts.

        :raises WrongChain: it is another one
        """
        self.check()
        jobs = self.all()
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(len(jobs))},
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        )
        for job in jobs:
            seconds = self._at.settings.job_seconds * job.every
            scheduler.add_job(self.run, "interval", [job], seconds=seconds, id=job.name)
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """Lets running passes end."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None

    def run(self, job: Job) -> None:
        """One pass, if no other process is in it; errors are logged and counted."""
        case = f"job_{job.name}_{secrets.token_hex(6)}"
        token = case_id.set(case)
        started = time.monotonic()
        try:
            with self._leadership.hold(job.name) as leads:
                if leads:
                    with job_span(self._at.traces, job.name, case):
                        job.run()
        except ChainError as error:
            JOB_FAILURES.labels(job.name, type(error).__name__).inc()
            log.warning("%s: %s", job.name, error)
        except Exception as error:
            JOB_FAILURES.labels(job.name, type(error).__name__).inc()
            log.exception("%s failed", job.name)
        finally:
            JOB_SECONDS.labels(job.name).observe(time.monotonic() - started)
            case_id.reset(token)

    def _index(self) -> None:
        progress = self._indexer.run_once()
        INDEXED_BLOCK.set(progress.block)
        REWOUND_BLOCKS.inc(progress.rewound)


def create_indexer(at: Services) -> Indexer:
    return Indexer(
        at.database,
        at.contracts.node,
        at.contracts.deployment,
        LedgerProjector(),
        at.settings.reorg_depth,
        at.faults,
    )


def create_outbox(at: Services, sender: str) -> Outbox:
    signer = at.keyring.signer(sender)
    if signer is None:
        raise LookupError(sender)
    settings = at.settings
    rules = OutboxRules(
        settings.finality_depth, settings.bump_seconds, settings.max_fee_gwei * GWEI
    )
    return Outbox(at.database, at.contracts.node, signer, rules, at.clock, at.faults)
