"""Text logs to flow columns, shared by the log adapters; changes when lines, or a value that they
hold (a number, a time, an address), are read differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import MISSING, Quarantine, build, partition
from oracles.traffic.compressed import CORRUPT, TooLarge, open_bytes
from oracles.traffic.errors import MalformedLog

_UNREADABLE: Final = -2  # outside every column's valid range, so that partition refuses it
_LARGEST: Final = float(1 << 62)

Numbers = pd.Series  # of floats, or of texts to be read as such
Decode = Callable[[list[bytes]], tuple[pd.DataFrame, Quarantine]]


def read_lines(path: Path, decode: Decode) -> tuple[list[pd.DataFrame], Quarantine]:
    """What ``decode`` makes of a log's blocks of whole lines, and all that was refused.

    Counts truncated_file where the compression breaks off. Raises MalformedLog when the file
    expands too far, OSError on opening, and what ``decode`` raises.
    """
    tables: list[pd.DataFrame] = []
    quarantine = Quarantine()
    with open_bytes(path) as stream:
        try:
            for lines in filter(None, stream.line_blocks()):  # none: a piece of one long line
                table, refused = decode(lines)
                quarantine = quarantine.merge(refused)
                tables.append(table)
        except TooLarge as error:
            raise MalformedLog(path, str(error)) from error
        except CORRUPT:
            quarantine = quarantine.plus("truncated_file")
    return tables, quarantine


def integers(values: pd.Series, scale: int = 1) -> npt.NDArray[np.int64]:
    """Numbers times ``scale``, rounded; MISSING where empty, unreadable ones out of range."""
    numbers = pd.to_numeric(values, errors="coerce")
    empty = values.isna().to_numpy()
    scaled = numbers.to_numpy(dtype=np.float64, na_value=np.nan) * scale
    fits = np.isfinite(scaled) & (np.abs(scaled) < _LARGEST)
    rounded = np.rint(np.where(fits, scaled, 0)).astype(np.int64)
    return np.where(empty, MISSING, np.where(fits, rounded, _UNREADABLE))


def ports(values: pd.Series) -> npt.NDArray[np.int32]:
    """Port numbers; what does not fit 32 bits is out of range too."""
    return np.clip(integers(values), _UNREADABLE, 1 << 20).astype(np.int32)


def addresses(values: pd.Series) -> pd.Series:
    """Addresses in canonical text as categories; empty where unreadable."""
    column = values.fillna("").astype("str").astype("category")
    canonical = {text: _canonical(text) for text in column.cat.categories}
    return column.map(canonical).astype("str").astype("category")


def refuse_invalid(columns: Mapping[str, object]) -> tuple[pd.DataFrame, Quarantine]:
    """A flow table of the valid rows, and the counts of the others by reason."""
    return partition(build(columns))


def _canonical(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
