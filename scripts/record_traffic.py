"""Records the traffic that the project ships: real tools between namespaces, nothing else.

    sudo .venv/bin/python scripts/record_traffic.py demo benign ...   (or: all)

Needs root for the namespaces. A recording that does not show what it is for is refused and leaves
the shipped one as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.lab.capture import pack  # noqa: E402
from scripts.lab.manifest import write_manifest  # noqa: E402
from scripts.lab.netns import LabError  # noqa: E402
from scripts.lab.path import PLANS, Plan, record, tool_versions  # noqa: E402

SHIPPED = ROOT / "oracles" / "recordings"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def make(plan: Plan, out: Path, tools: dict[str, str]) -> None:
    """Record into a scratch folder, pack, and put the whole recording in place at once."""
    with tempfile.TemporaryDirectory(prefix="flowcover-") as name:
        scratch = Path(name)
        scratch.chmod(0o711)
        files = record(plan, scratch, tools, say)
        packed = scratch / "packed"
        packed.mkdir()
        for file in files:
            if file.suffix == ".json":
                shutil.copy(file, packed)
            else:
                say(f"{plan.name}: packing {file.name}")
                pack(file, packed)
        target = out / plan.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(packed, target)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recordings", nargs="+", choices=(*PLANS, "all"), metavar="RECORDING")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args(argv)
    names = list(PLANS) if "all" in options.recordings else options.recordings
    try:
        if os.geteuid() != 0:
            raise LabError("namespaces need root: run it with sudo")
        tools = tool_versions()
        for name in names:
            make(PLANS[name], options.out, tools)
            write_manifest(options.out)
    except LabError as error:
        say(f"record_traffic: {error}")
        return 1
    except KeyboardInterrupt:
        say("record_traffic: stopped; the network is removed and nothing was changed")
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
