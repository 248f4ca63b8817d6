"""What a page's form changes, written as the API writes: one transaction, its audit row with it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from ..http.context import Caller, Services
from ..http.writes import Intake, Write
from ..observability.logs import case_id


@contextmanager
def writing(at: Services, caller: Caller, action: str, wish: str) -> Iterator[Write]:
    """An open write; nothing is kept unless its `answer` is reached.

    :param wish: what the form asked for, of which the audit row keeps the hash
    """
    intake = Intake(
        caller=caller,
        action=action,
        case_id=case_id.get(),
        now=int(at.clock()),
        key=f"page-{secrets.token_hex(16)}",
        fingerprint="0x" + hashlib.sha256(wish.encode()).hexdigest(),
    )
    with at.database.open_write() as session:
        yield Write(session, at, intake)
