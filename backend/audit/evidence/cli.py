"""`flowcover evidence`: derives again what a member signed, and shows what it was derived from.

Exit codes: 0 it follows bit for bit, 1 it does not, 4 the evidence, the model or the key cannot be
read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from oracles.evidence.bundle import Bundle

UNREADABLE = 4
DIFFERS = 1
MOST_CANDIDATES = 1 << 18
SHOWN_FLOWS = 20
FLOW_COLUMNS = (
    "ts", "duration_us", "orig_h", "orig_p", "resp_h", "resp_p", "proto", "service", "conn_state",
    "orig_pkts", "resp_pkts", "orig_ip_bytes", "resp_ip_bytes",
)  # fmt: skip

app = typer.Typer(help="Evidence behind scores and incidents.", no_args_is_help=True)


@dataclass
class Names:
    """Addresses behind pseudonyms, as far as a key and candidate networks tell."""

    known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def under(cls, key: bytes, networks: list[str]) -> Names:
        """Raises ValueError: short key, no network, or too many candidates."""
        from oracles.evidence.pseudonym import Pseudonyms

        names = Pseudonyms(key)
        found = cls()
        for text in networks:
            network = ip_network(text, strict=False)
            if network.num_addresses > MOST_CANDIDATES:
                raise ValueError(f"{text} has more than {MOST_CANDIDATES:,} addresses")
            for address in network:
                found.known[names.host(str(address))] = str(address)
        return found

    def of(self, text: str) -> str:
        """The address of a pseudonym, with or without `[…]:port`; the pseudonym when unknown."""
        host, separator, port = text.rpartition("]:")
        if separator:
            return f"{self.of(host.removeprefix('['))}:{port}"
        return self.known.get(text, text)


@dataclass
class Replay:
    """What one bundle states, what follows from it, and what it follows from."""

    kind: str
    stated: dict[str, str]
    derived: dict[str, str]
    parts: list[tuple[str, list[dict[str, Any]]]]

    @property
    def agrees(self) -> bool:
        return self.stated == self.derived

    def as_object(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "stated": self.stated,
            "derived": self.derived,
            "agrees": self.agrees,
            "behind": dict(self.parts),
        }


@app.command()
def replay(
    name: Annotated[str, typer.Argument(metavar="HASH", help="Hash of the bundle.")],
    store: Annotated[
        list[str], typer.Option(help="Evidence: a folder or s3://bucket/prefix; may be repeated.")
    ],
    models: Annotated[
        Path | None, typer.Option(help="Model registry, instead of the shipped one.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="File with the pseudonym key: shows addresses.")
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="Where addresses are looked for under the key; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Derive a score or an observation again, bit for bit, and show the flows behind it."""
    from oracles.attest.keys import KeyFileError
    from oracles.evidence.bundle import EvidenceError

    try:
        names = _names(key, network)
        found = _replayed(bytes.fromhex(name.removeprefix("0x")), store, models, names)
    except (EvidenceError, KeyFileError, OSError, ValueError) as error:
        typer.echo(f"flowcover evidence: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    if as_json:
        print(json.dumps(found.as_object()))
    else:
        _show(found)
    raise typer.Exit(0 if found.agrees else DIFFERS)


def _names(key: Path | None, networks: list[str] | None) -> Names:
    from oracles.attest.keys import read_secret

    if key is None:
        return Names()
    return Names.under(read_secret(key).encode(), networks or ["10.0.0.0/16", "192.168.0.0/16"])


def _replayed(name: bytes, places: list[str], models: Path | None, names: Names) -> Replay:
    from backend.audit.evidence.scores import Models, Rescorer
    from backend.audit.evidence.stores import Stores
    from oracles.evidence import observation, score
    from oracles.evidence.bundle import EvidenceError

    stores = Stores(places)
    bundle = stores.bundle(name)
    match bundle.get("kind"):
        case score.KIND:
            return _score(bundle, Rescorer(stores, Models(models) if models else Models()), names)
        case observation.KIND:
            masks = observation.derive(bundle)
            return Replay(
                "observation",
                {mask: str(bundle.get(mask)) for mask in ("lost_mask", "attack_mask")},
                {"lost_mask": hex(masks.lost), "attack_mask": hex(masks.attack)},
                list(_slots(bundle, names)),
            )
        case other:
            raise EvidenceError(name.hex(), f"unknown kind {other!r}")


def _score(bundle: Bundle, rescorer: Any, names: Names) -> Replay:
    from oracles.attest.score import unpack_flows

    found = Replay("score", {}, {}, [])
    for stated in bundle["lanes"]:
        lane = rescorer.lane(bundle, stated)
        risk = f"risk {lane.risk}"
        found.stated[f"{risk} score"] = str(stated["score"])
        found.derived[f"{risk} score"] = str(lane.score)
        for feature in sorted(lane.features.keys() | stated["features"].keys()):
            found.stated[f"{risk} {feature}"] = str(stated["features"].get(feature))
            found.derived[f"{risk} {feature}"] = str(lane.features.get(feature))
        for text in stated["batches"]:
            batch = rescorer.stores.batch(bytes.fromhex(text.removeprefix("0x")))
            title = f"flows of frame {batch.header.frame}, batch {batch.header.sequence}"
            found.parts.append((title, _flows(unpack_flows(batch.payload), names)))
    return found


def _flows(flows: pd.DataFrame, names: Names) -> list[dict[str, Any]]:
    shown = flows[[column for column in FLOW_COLUMNS if column in flows.columns]]
    rows: list[dict[str, Any]] = json.loads(shown.astype(str).to_json(orient="records"))
    for row in rows:
        row["orig_h"], row["resp_h"] = names.of(row["orig_h"]), names.of(row["resp_h"])
    return rows


def _slots(bundle: Bundle, names: Names) -> Any:
    for item in bundle["slots"]:
        if item["lost"]:
            probes = [p | {"target": names.of(str(p["target"]))} for p in item["lost"]["probes"]]
            yield f"probes of lost slot {item['slot']}", probes
        for host in item["attack"]["hosts"] if item["attack"] else ():
            columns = ("seconds", "packets", "ip_bytes", "flows")
            rows = [
                dict(zip(columns, values, strict=True))
                for values in zip(*(host[column] for column in columns), strict=True)
            ]
            yield f"load of {names.of(str(host['host']))} around attacked slot {item['slot']}", rows


def _show(found: Replay) -> None:
    console = Console()
    for title, rows in found.parts:
        table = Table(title=f"{title} ({len(rows)})", title_justify="left")
        for column in rows[0] if rows else ():
            table.add_column(column)
        for row in rows[:SHOWN_FLOWS]:
            table.add_row(*(str(value) for value in row.values()))
        console.print(table)
        if len(rows) > SHOWN_FLOWS:
            console.print(f"… and {len(rows) - SHOWN_FLOWS} more; --json prints all")
    table = Table(title=f"{found.kind}: what follows", title_justify="left")
    for column in ("item", "stated", "derived"):
        table.add_column(column)
    for item in sorted(found.derived.keys() | found.stated.keys()):
        stated, derived = found.stated.get(item, "-"), found.derived.get(item, "-")
        if stated == derived == "0" and found.kind == "score":
            continue
        style = None if stated == derived else "bold red"
        table.add_row(item, stated, derived, style=style)
    console.print(table)
    print(f"{found.kind}: {'the same, bit for bit' if found.agrees else 'DIFFERS'}")
