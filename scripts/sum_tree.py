"""Root, totals and proofs of a committed bordereau from its leaf file, with a progress bar.

    python -m scripts.sum_tree LEAVES [--base SECOND --committed-at SECOND --prove 1,5,9]

A leaf file holds the records one after the other, 34 bytes each; its keccak-256 is what the
bordereau names. Anyone who has it can prove its certificates without the backend.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from contracts.client.certificates import BadIndices, BadRecord, pack_indices
from contracts.client.sum_tree import RECORD_BYTES, SumTree, build


def read(path: Path) -> SumTree:
    """The tree over a leaf file.

    :raises BadRecord: there are no records, or no whole ones
    :raises OSError: the file cannot be read
    """
    content = path.read_bytes()
    records = [content[at : at + RECORD_BYTES] for at in range(0, len(content), RECORD_BYTES)]
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("hashing", total=2 * len(records))
        return build(records, lambda done, total: bar.update(task, completed=done, total=total))


def told(tree: SumTree, chosen: argparse.Namespace) -> dict[str, object]:
    """What is printed: the commitment, and the proof of the chosen places if there are any.

    :raises BadIndices: see `SumTree.prove`
    """
    commitment = tree.commitment(chosen.base, chosen.committed_at)
    found: dict[str, object] = {
        "root": "0x" + commitment.root.hex(),
        "leaf_file_hash": "0x" + commitment.leaf_file_hash.hex(),
        "units": commitment.units,
        "size": commitment.size,
    }
    if chosen.prove:
        proof = tree.prove([int(place) for place in chosen.prove.split(",")], commitment)
        found["indices"] = "0x" + pack_indices(proof.indices).hex()
        found["leaves"] = "0x" + proof.leaves.hex()
        found["proof"] = ["0x" + word.hex() for word in proof.proof]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Prints JSON; exit code 2 and one line when the file or the places are wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("leaves", type=Path, help="leaf file")
    parser.add_argument("--base", type=int, default=0, help="second that start offsets count from")
    parser.add_argument("--committed-at", type=int, default=0, help="time of the block")
    parser.add_argument("--prove", default="", help="places of certificates, with commas")
    chosen = parser.parse_args(arguments)
    try:
        print(json.dumps(told(read(chosen.leaves), chosen), indent=2))
    except (BadRecord, BadIndices, OSError, ValueError) as error:
        print(f"sum_tree: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
