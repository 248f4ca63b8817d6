"""Evidence on the command line; changes when its commands do.

    python -m oracles.evidence replay HASH --store DIR [--model DIR]
    python -m oracles.evidence name ADDRESS --key-file FILE

``replay`` exits with 0 when what was signed follows from the bundle, bit for bit, and with 1 when
not. ``name`` prints an address's pseudonym, for an auditor who was given the key.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from oracles.attest.keys import KeyFileError, read_secret
from oracles.attest.model import load_scorer
from oracles.evidence.bundle import EvidenceError, EvidenceStore
from oracles.evidence.pseudonym import Pseudonyms
from oracles.evidence.replay import Rescore, replay
from oracles.model.artefact import ModelError


def _rescore(model: Path | None, wanted: str) -> Rescore:
    scorer = load_scorer(model)
    found = "0x" + scorer.model_hash.hex()
    if found != wanted:
        raise EvidenceError(wanted, f"needs that model; the one given is {found}")
    return scorer.rescore


def _replay(name: str, store: str, model: Path | None) -> int:
    bundle = EvidenceStore(store).get(bytes.fromhex(name.removeprefix("0x")))
    result = replay(bundle, lambda wanted: _rescore(model, wanted))
    for item, derived in result.derived.items():
        stated = result.stated.get(item)
        print(f"{item}: {derived}" if stated == derived else f"{item}: {derived}, not {stated}")
    print(f"{result.kind}: {'the same, bit for bit' if result.agrees else 'DIFFERS'}")
    return 0 if result.agrees else 1


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="oracles.evidence")
    commands = parser.add_subparsers(dest="command", required=True)
    again = commands.add_parser("replay", help="derive again what was signed")
    again.add_argument("hash")
    again.add_argument("--store", required=True, help="folder or s3://bucket/prefix")
    again.add_argument("--model", type=Path, help="folder of the model, for scores")
    name = commands.add_parser("name", help="an address's pseudonym")
    name.add_argument("address")
    name.add_argument("--key-file", type=Path, required=True)
    options = parser.parse_args(argv)
    try:
        if options.command == "name":
            print(Pseudonyms(read_secret(options.key_file).encode()).host(options.address))
            return 0
        return _replay(options.hash, options.store, options.model)
    except (EvidenceError, KeyFileError, ModelError, OSError, ValueError) as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
