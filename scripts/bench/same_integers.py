"""The scores of one recording by every way to them, which must be the same integers; changes when a
way is added.

The way begins with the packets of a shipped capture: metered here, or read from the connection log
that Zeek would have written of them, or from Parquet; in the order of the file or shuffled; whole
or an asset at a time, as workers of a cluster have it; by one thread or two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from oracles.domain.features import features
from oracles.domain.flow import MISSING
from oracles.domain.window import own_hosts
from oracles.model.artefact import load, shipped
from oracles.model.scoring import Scorer
from oracles.traffic.sources import open_source

FRAME_S = 10
_FIELDS = (
    "ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration",
    "conn_state", "orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes",
)  # fmt: skip


def zeek_log(flows: pd.DataFrame) -> str:
    """The flows as Zeek's ``conn.log``."""
    lines = ["#separator \\x09", "#fields\t" + "\t".join(_FIELDS)]
    for row in flows.itertuples():
        known = row.duration_us != MISSING
        cells = (
            _seconds(row.ts), row.orig_h, row.orig_p, row.resp_h, row.resp_p, row.proto,
            row.service or "-", _seconds(row.duration_us) if known else "-", row.conn_state or "-",
            row.orig_pkts, row.orig_ip_bytes, row.resp_pkts, row.resp_ip_bytes,
        )  # fmt: skip
        lines.append("\t".join(map(str, cells)))
    return "\n".join(lines) + "\n"


def _seconds(value: object) -> str:
    micros = int(str(value))
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def ways(capture: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Each way's name, and a hash of the features and scores of all windows that it gave."""
    packets = open_source(capture).flows
    assets = own_hosts(packets)
    log, table = folder / "conn.log", folder / "flows.parquet"
    log.write_text(zeek_log(packets))
    packets.to_parquet(table)
    for name, path in (("packets", capture), ("connection log", log), ("Parquet", table)):
        yield name, _hash(open_source(path).flows, assets)
    shuffled = packets.sample(frac=1, random_state=1).reset_index(drop=True)
    yield "rows shuffled", _hash(shuffled, assets)
    yield "an asset at a time", _hash(packets, assets, apart=True)
    yield "two threads", _hash(packets, assets, threads=2)


def _hash(
    flows: pd.DataFrame, assets: dict[str, list[str]], apart: bool = False, threads: int = 1
) -> str:
    artefact = load(shipped())
    artefact.booster.set_param({"nthread": threads})
    parts = [{name: hosts} for name, hosts in assets.items()] if apart else [assets]
    table = pd.concat([features(flows, part, FRAME_S, 0) for part in parts]).sort_index()
    scores = Scorer(artefact).score(table)
    digest = hashlib.sha256()
    digest.update(repr(list(table.index)).encode())
    digest.update(np.ascontiguousarray(table.to_numpy(np.int64)).tobytes())
    digest.update(scores.astype(np.int64).tobytes())
    return f"{digest.hexdigest()[:16]} ({len(table)} windows)"
