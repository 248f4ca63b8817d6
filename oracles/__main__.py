"""``python -m oracles check|run|digest --config member.json``, as the command ``oracles``."""

from oracles.node import main

raise SystemExit(main())
