"""Files as XLSX, row by row into a temporary file; see `export_formats.py`.

Text is written as text, whatever it begins with, so there is nothing that a spreadsheet would run.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xlsxwriter import Workbook

from tallystick.core.exports import CellType, Column
from tallystick.services.export_formats import csv_rows

ROWS_A_SHEET = 1_048_576  # what a spreadsheet takes, the header included
_DIGITS = 15  # what a spreadsheet keeps of a number
_FIRST_YEAR = 1900
_PIECE = 262_144

_FORMATS = {
    CellType.POINTS: "0.00",
    CellType.WHOLE: "0",
    CellType.INSTANT: "yyyy-mm-dd hh:mm:ss",
    CellType.DAY: "yyyy-mm-dd",
}


def open_file(
    columns: Sequence[Column], folder: Path, *, rows_a_sheet: int = ROWS_A_SHEET
) -> "XlsxFile":
    """A file with these columns; it lies in the folder until it is whole."""
    return XlsxFile(columns, folder, rows_a_sheet=rows_a_sheet)


class XlsxFile:
    """A workbook with a sheet for as many rows as a sheet can have, and then another one."""

    def __init__(self, columns: Sequence[Column], folder: Path, *, rows_a_sheet: int) -> None:
        self._columns = columns
        self._rows_a_sheet = rows_a_sheet
        self._folder = TemporaryDirectory(dir=folder, prefix="xlsx-")
        self._path = Path(self._folder.name) / "file.xlsx"
        options = {"constant_memory": True, "tmpdir": self._folder.name, "in_memory": False}
        self._book = Workbook(str(self._path), options)
        self._formats = {
            kind: self._book.add_format({"num_format": shown}) for kind, shown in _FORMATS.items()
        }
        self._new_sheet()

    def take(self, rows: bytes) -> bytes:
        """Nothing: the bytes are known when the file is whole."""
        for row in csv_rows(rows):
            if self._row == self._rows_a_sheet:
                self._new_sheet()
            for index, cell in enumerate(row):
                if cell:
                    self._writers[index](self._row, index, cell)
            self._row += 1
        return b""

    def end(self) -> Iterator[bytes]:
        """The file."""
        self._book.close()
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def close(self) -> None:
        """Remove what lies in the folder."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._folder.cleanup()

    def _new_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for index, column in enumerate(self._columns):
            self._sheet.write_string(0, index, column.name)
        self._row = 1
        self._writers = [self._writer(column.type) for column in self._columns]

    def _writer(self, kind: CellType) -> Callable[[int, int, str], Any]:
        """Writes a cell of that kind, as text where a spreadsheet would change it."""
        sheet, shown = self._sheet, self._formats.get(kind)
        if kind is CellType.TEXT:
            return sheet.write_string  # type: ignore[no-any-return]  # the library has no types
        if kind is CellType.FLAG:
            return lambda row, index, cell: sheet.write_boolean(row, index, cell == "true")

        def write(row: int, index: int, cell: str) -> None:
            value = _value(kind, cell)
            if value is None:
                sheet.write_string(row, index, cell)
            elif isinstance(value, Decimal):
                sheet.write_number(row, index, value, shown)
            else:
                sheet.write_datetime(row, index, value, shown)

        return write


def _value(kind: CellType, cell: str) -> Decimal | datetime | date | None:
    """The number or the time that a cell says, None if a spreadsheet cannot hold it."""
    if kind in {CellType.POINTS, CellType.WHOLE}:
        number = Decimal(cell)
        return number if len(number.as_tuple().digits) <= _DIGITS else None
    if kind is CellType.DAY:
        day = date.fromisoformat(cell)
        return day if day.year >= _FIRST_YEAR else None
    instant = datetime.fromisoformat(cell).astimezone(UTC).replace(tzinfo=None)
    return instant if instant.year >= _FIRST_YEAR else None
