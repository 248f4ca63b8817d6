"""Zeek's connection states from what each side sent; changes when a state's rule does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import CONN_STATES

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sides:
    """For each flow, its protocol and the TCP flags that a side showed at least once."""

    tcp: Bools
    udp: Bools
    asked: Bools  # originator: SYN without ACK
    agreed: Bools  # responder: SYN with ACK
    orig_fin: Bools
    resp_fin: Bools
    orig_rst: Bools
    resp_rst: Bools
    silent: Bools  # the responder sent no packet


def conn_states(of: Sides) -> pd.Categorical[str]:
    """The state of each flow; OTH for what is neither TCP nor UDP."""
    rules = (
        (of.udp & of.silent, "S0"),
        (of.udp, "SF"),
        (~of.tcp, "OTH"),
        (of.resp_rst & of.asked & ~of.agreed, "REJ"),
        (of.resp_rst & ~of.asked, "RSTRH"),
        (of.resp_rst, "RSTR"),
        (of.orig_rst & ~of.agreed, "RSTOS0"),
        (of.orig_rst, "RSTO"),
        (of.orig_fin & of.resp_fin, "SF"),
        (of.orig_fin & ~of.agreed, "SH"),
        (of.orig_fin, "S2"),
        (of.resp_fin & ~of.asked, "SHR"),
        (of.resp_fin, "S3"),
        (of.asked & of.silent, "S0"),
        (of.asked & of.agreed, "S1"),
    )
    codes = np.select(
        [rows for rows, _ in rules],
        [CONN_STATES.index(name) for _, name in rules],
        default=CONN_STATES.index("OTH"),
    )
    return category(codes, CONN_STATES)


def category(codes: npt.NDArray[np.integer], names: Sequence[str]) -> pd.Categorical[str]:
    """Codes as a categorical over exactly the names that occur, in order."""
    occurs = np.bincount(codes, minlength=len(names)) > 0
    dense = np.cumsum(occurs) - 1
    used = [name for name, is_used in zip(names, occurs, strict=True) if is_used]
    return pd.Categorical.from_codes(dense[codes], categories=pd.Index(used, dtype="str"))
