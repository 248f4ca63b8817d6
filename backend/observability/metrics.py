"""Prometheus metrics of the process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

JOB_SECONDS = Histogram(
    "flowcover_job_seconds", "Duration of a job's pass", ["job"], registry=REGISTRY
)
JOB_FAILURES = Counter(
    "flowcover_job_failures_total", "Passes that ended with an error", ["job", "error"],
    registry=REGISTRY,
)  # fmt: skip
INDEXED_BLOCK = Gauge("flowcover_indexed_block", "Newest block in the database", registry=REGISTRY)
REWOUND_BLOCKS = Counter(
    "flowcover_rewound_blocks_total", "Blocks taken back after a reorg", registry=REGISTRY
)
OUTBOX = Gauge(
    "flowcover_outbox_transactions", "Chain transactions by status", ["status"], registry=REGISTRY
)
NODE_CIRCUIT_OPEN = Gauge(
    "flowcover_node_circuit_open", "1 while the node is not asked because it does not answer",
    registry=REGISTRY,
)  # fmt: skip
RECONCILE_DIFFERENCES = Gauge(
    "flowcover_reconcile_differences", "Values on which database and contracts disagreed last",
    registry=REGISTRY,
)  # fmt: skip
PAY_BY_MISSED = Gauge(
    "flowcover_pay_by_missed", "First unreviewed payments that came after their pay-by time",
    registry=REGISTRY,
)  # fmt: skip
HEAD_LAG = Gauge(
    "flowcover_indexer_lag_blocks", "Blocks between the node's head and the database",
    registry=REGISTRY,
)  # fmt: skip
