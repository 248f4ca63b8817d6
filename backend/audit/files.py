"""Writes the bordereaux in one pass as CSV, Parquet and one workbook; changes when a format does.

Few rows are held at a time. In the workbook money stays in token units, shown in coins by the
number format, so that a round trip through a spreadsheet loses nothing.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill

from backend.audit.bordereaux import BORDEREAUX, Bordereau, Column, Source

ROWS_AT_ONCE = 5_000
ROWS_OF_A_SHEET = 1_000_000
COINS = "#,##0.00,,"
"""Number format that shows token units of a coin with 6 decimals in coins."""

Progress = Callable[[str, int, int], None]


@dataclass
class Written:
    """Rows and sums of each bordereau."""

    rows: Counter[str] = field(default_factory=Counter)
    totals: dict[str, dict[str, int]] = field(default_factory=dict)


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """Arrow types: text and times as strings, numbers and money as 64-bit integers."""
    return pa.schema(
        [(c.name, pa.int64() if c.kind in ("number", "money") else pa.string()) for c in columns]
    )


class Sheets:
    """A workbook that is written row by row; a full sheet is continued on the next."""

    def __init__(self) -> None:
        self.book = Workbook(write_only=True)
        self._bold = Font(bold=True, color="FFFFFF")
        self._fill = PatternFill("solid", fgColor="1F3A5F")

    def begin(self, name: str, titles: Sequence[str]) -> Any:
        """A new sheet with a frozen line of titles."""
        sheet = self.book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for at, title in enumerate(titles):
            sheet.column_dimensions[_letters(at)].width = min(max(len(title) + 2, 14), 44)
        cells = [WriteOnlyCell(sheet, value=title) for title in titles]
        for cell in cells:
            cell.font, cell.fill = self._bold, self._fill
        sheet.append(cells)
        return sheet

    def line(self, sheet: Any, columns: Sequence[Column], values: Sequence[Any]) -> None:
        """One row."""
        cells = []
        for column, value in zip(columns, values, strict=True):
            if column.kind == "money":
                cell = WriteOnlyCell(sheet, value=value)
                cell.number_format = COINS
                cells.append(cell)
            else:
                cells.append(value)
        sheet.append(cells)


def _letters(at: int) -> str:
    first, second = divmod(at, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)


def write_bordereau(
    bordereau: Bordereau, source: Source, folder: Path, sheets: Sheets, written: Written,
    progress: Progress,
) -> None:  # fmt: skip
    """One bordereau to its CSV, its Parquet file and its sheet."""
    names = [column.name for column in bordereau.columns]
    money = [i for i, column in enumerate(bordereau.columns) if column.kind == "money"]
    schema = schema_of(bordereau.columns)
    totals = [0] * len(names)
    part: list[tuple[Any, ...]] = []
    sheet = sheets.begin(bordereau.name, names)
    with (
        (folder / f"{bordereau.name}.csv").open("w", newline="") as text,
        pq.ParquetWriter(folder / f"{bordereau.name}.parquet", schema) as parquet,
    ):
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(names)

        def flush() -> None:
            series = zip(*part, strict=True)
            arrays = [pa.array(values, schema.field(i).type) for i, values in enumerate(series)]
            parquet.write_table(pa.Table.from_arrays(arrays, schema=schema))
            part.clear()

        for count, row in enumerate(bordereau.rows(source), 1):
            lines.writerow(row)
            if count % ROWS_OF_A_SHEET == 0:
                sheet = sheets.begin(f"{bordereau.name} {count // ROWS_OF_A_SHEET + 1}", names)
            sheets.line(sheet, bordereau.columns, row)
            part.append(row)
            for i in money:
                totals[i] += row[i]
            written.rows[bordereau.name] = count
            if len(part) == ROWS_AT_ONCE:
                flush()
                progress(f"{bordereau.name} bordereau", count, count + 1)
        if part:
            flush()
    written.totals[bordereau.name] = {names[i]: totals[i] for i in money}


def write_bordereaux(source: Source, folder: Path, progress: Progress) -> Written:
    """All three, and the workbook `bordereaux.xlsx` with a sheet of totals."""
    folder.mkdir(parents=True, exist_ok=True)
    sheets, written = Sheets(), Written()
    for bordereau in BORDEREAUX:
        write_bordereau(bordereau, source, folder, sheets, written, progress)
    columns = (Column("Bordereau", "text"), Column("Column", "text"), Column("Total", "money"))
    sheet = sheets.begin("totals", [column.name for column in columns])
    for name, sums in written.totals.items():
        for column, total in sums.items():
            sheets.line(sheet, columns, (name, column, total))
    progress("workbook", 0, 1)
    sheets.book.save(folder / "bordereaux.xlsx")
    return written
