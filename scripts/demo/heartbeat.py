"""Mines a block each second on a development chain: an idle Ganache mines nothing.

    python -m scripts.demo.heartbeat RPC_URL

Ends when the chain does.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request


def mine(url: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []}
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    url = sys.argv[1]
    following = time.monotonic()
    while True:
        try:
            mine(url)
        except OSError as error:
            print(f"heartbeat: the chain at {url} does not answer: {error}", file=sys.stderr)
            return 1
        following = max(following + 1, time.monotonic())
        time.sleep(following - time.monotonic())


if __name__ == "__main__":
    raise SystemExit(main())
