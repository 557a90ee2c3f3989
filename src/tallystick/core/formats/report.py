"""A person's own rows with what is wrong with them, ready to be mended and sent again."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TextIO

from tallystick.core.errors import RowProblem
from tallystick.core.formats.format import Format
from tallystick.core.formats.limits import FILE_LIMITS, FileLimits
from tallystick.core.formats.opening import ESCAPE
from tallystick.core.formats.reading import Reading
from tallystick.core.formats.table import REPORT_COLUMNS, split_header

_MARK = "\ufeff"  # with it, spreadsheets read UTF-8


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedRow:
    """A row as it was sent: the line it starts on, its cells, and what is wrong with it."""

    line: int
    cells: list[str]
    problems: list[RowProblem]


def write_report(
    text: TextIO,
    problems: Iterable[RowProblem],
    kind: Format[Any],
    *,
    all_rows: bool = False,
    limits: FileLimits = FILE_LIMITS,
) -> Iterator[bytes]:
    """The CSV of the rows that have problems, or of all rows, behind line, problem and fix.

    `text` is the file, opened once more; `problems` are in the order of their lines. Header, cells
    and delimiter are the person's own and stay as they are, also cells that a spreadsheet would
    take for a formula: what is sent again must be what was sent. What could not be split into cells
    is one cell, so that it cannot pass for a row. The columns of an earlier report are left out.
    All rows are written if the header has a problem, as to mend that may be all there is to do.
    Shape: UTF-8 with a mark, a piece for a batch of rows, in constant memory.
    """
    reading = Reading(text, limits)
    line = reading.header()
    header = split_header(line, [column.name for column in kind.columns])
    names = next(csv.reader([line], delimiter=header.delimiter), [])
    waiting = _Waiting(problems)
    sheet = _Sheet(header.delimiter, header.names)
    sheet.add(REPORT_COLUMNS, names)
    if of_header := waiting.take(before=2):
        all_rows = True
        sheet.add_bare(of_header)
    yield _MARK.encode()
    for rows in _marked(reading, header.delimiter, waiting):
        for row in rows:
            _add_record(sheet, row, all_rows=all_rows)
        yield sheet.take()
    while last := waiting.take_line():
        sheet.add_bare(last)
    yield sheet.take()


def _add_record(sheet: "_Sheet", row: MarkedRow, *, all_rows: bool) -> None:
    if row.problems and not row.cells:
        sheet.add_bare(row.problems)
    elif row.problems:
        sheet.add(_told(row.line, row.problems), row.cells)
    elif all_rows and any(row.cells):
        sheet.add((str(row.line), "", ""), row.cells)


def read_marked(
    text: TextIO,
    problems: Iterable[RowProblem],
    kind: Format[Any],
    *,
    limits: FileLimits = FILE_LIMITS,
) -> tuple[list[str], Iterator[MarkedRow]]:
    """The columns of a file as a reader may be shown them, and its rows that say anything.

    Cells stand in the order of the columns, also those of a row that has too few or too many.
    What could not be split into cells is one cell. The columns of an earlier report are left out.
    """
    reading = Reading(text, limits)
    line = reading.header()
    header = split_header(line, [column.name for column in kind.columns])
    names = next(csv.reader([line], delimiter=header.delimiter), [])
    own = _own_places(header.names)
    waiting = _Waiting(problems)
    waiting.take(before=2)
    rows = chain.from_iterable(_marked(reading, header.delimiter, waiting))
    return _of_own(names, own, len(names)), (
        MarkedRow(line=row.line, cells=_of_own(row.cells, own, len(names)), problems=row.problems)
        for row in rows
        if row.problems or any(row.cells)
    )


def _own_places(names: list[str]) -> list[int]:
    """Where the columns stand that are none of an earlier report."""
    return [place for place, name in enumerate(names) if name not in REPORT_COLUMNS]


def _of_own(cells: list[str], own: list[int], width: int) -> list[str]:
    """The cells at these places, and those beyond the last column."""
    return [*(cells[place] for place in own if place < len(cells)), *cells[width:]]


def _marked(reading: Reading, delimiter: str, waiting: "_Waiting") -> Iterator[list[MarkedRow]]:
    """All records below the header with their problems, batch by batch."""
    start, cells = 2, list[str]()
    for batch in reading.batches(delimiter):
        rows = []
        for following, row in batch:
            # A problem may stand on any line of its record, so that has to be over first.
            problems = waiting.take(before=following)
            rows.append(MarkedRow(line=start, cells=cells, problems=problems))
            start, cells = following, row or _unsplit(reading.refused.get(following, ""))
        yield rows
    problems = waiting.take(before=reading.next_line)
    yield [MarkedRow(line=start, cells=cells, problems=problems)]


def _unsplit(written: str) -> list[str]:
    text = written.rstrip("\r\n")
    return [text] if text else []


def _told(line: int, problems: list[RowProblem]) -> tuple[str, str, str]:
    """The line and what is said of it; which column each is about, where it is about one."""
    columns = [f"{problem.column}: " if problem.column else "" for problem in problems]
    found = [f"{c}found {p.found}" for c, p in zip(columns, problems, strict=True)]
    fixes = [f"{c}{p.fix}" for c, p in zip(columns, problems, strict=True)]
    return str(line), "; ".join(found), "; ".join(fixes)


class _Sheet:
    """The rows that were written and not taken yet."""

    def __init__(self, delimiter: str, names: list[str]) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, delimiter=delimiter, lineterminator="\n")
        # The library leaves a carriage return bare where lines end without one.
        self._quoting = csv.writer(
            self._text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
        )
        self._width = len(names)
        self._own = _own_places(names)

    def add(self, told: Iterable[str], cells: list[str]) -> None:
        """Write a row, without its cells of an earlier report."""
        row = [*told, *_of_own(cells, self._own, self._width)]
        writer = self._quoting if any("\r" in cell for cell in row) else self._writer
        writer.writerow(row)

    def add_bare(self, problems: list[RowProblem]) -> None:
        """Write what is wrong where there is no row; sent again, it reads as a blank one."""
        told = _told(problems[0].line, problems)
        self._writer.writerow([*told, *[""] * len(self._own)])

    def take(self) -> bytes:
        """What was written since the last time."""
        written = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return written.encode("utf-8", ESCAPE)


class _Waiting:
    """Problems in the order of their lines, until their record comes by."""

    def __init__(self, problems: Iterable[RowProblem]) -> None:
        self._problems = iter(problems)
        self._next = next(self._problems, None)

    def take(self, *, before: int) -> list[RowProblem]:
        """The problems of the lines before that one."""
        taken = []
        while self._next is not None and self._next.line < before:
            taken.append(self._next)
            self._next = next(self._problems, None)
        return taken

    def take_line(self) -> list[RowProblem]:
        """The problems of the next line that has any."""
        return self.take(before=self._next.line + 1) if self._next else []
