"""Deploys flowcover to a development chain and writes `deployment.json`.

    python scripts/deploy.py --rpc http://127.0.0.1:8545 --out deployment.json

Roles go to the named accounts of Ganache's published mnemonic (contracts/client/development.py).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from contracts.client.artifacts import ArtifactMissing
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.errors import ChainError, typed
from contracts.client.node import connect
from contracts.client.sender import KeySender
from contracts.client.system import SystemParameters


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rpc", required=True, help="URL of the node")
    parser.add_argument("--out", type=Path, required=True, help="where to write deployment.json")
    for field in fields(SystemParameters):
        flag = "--" + field.name.replace("_", "-")
        parser.add_argument(flag, type=int, default=field.default, dest=field.name)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    parameters = SystemParameters(
        **{field.name: getattr(options, field.name) for field in fields(SystemParameters)}
    )
    web3 = connect(options.rpc)
    try:
        sender = KeySender(web3, person("deployer").key)
        deployment = deploy(web3, sender, development_people(), parameters)
    except (ChainError, ArtifactMissing) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"deploy: {typed(error)}", file=sys.stderr)
        return 1
    deployment.write(options.out)
    print(f"{len(deployment.contracts)} contracts on chain {deployment.chain_id}: {options.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
