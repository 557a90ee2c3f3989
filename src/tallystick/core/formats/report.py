"""A person's own rows with what is wrong with them, ready to be mended and sent again."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TextIO

from tallystick.core.errors import RowProblem
from tallystick.core.formats.format import Format
from tallystick.core.formats.limits import FILE_LIMITS, FileLimits
from tallystick.core.formats.opening import ESCAPE
from tallystick.core.formats.reading import Reading
from tallystick.core.formats.table import REPORT_COLUMNS, split_header

_Marked = tuple[int, list[str], list[RowProblem]]  # line, cells, problems

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
    lines = None if all_rows else ()
    for rows in _marked(reading, header.delimiter, waiting, lines=lines):
        for row in rows:
            _add_record(sheet, *row, all_rows=all_rows)
        yield sheet.take()
    while last := waiting.take_line():
        sheet.add_bare(last)
    yield sheet.take()


def _add_record(
    sheet: "_Sheet", line: int, cells: list[str], problems: list[RowProblem], *, all_rows: bool
) -> None:
    if problems and not cells:
        sheet.add_bare(problems)
    elif problems:
        sheet.add(_told(line, problems), cells)
    elif all_rows and any(cells):
        sheet.add((str(line), "", ""), cells)


def read_marked(  # noqa: PLR0913 - by name
    text: TextIO,
    problems: Iterable[RowProblem],
    kind: Format[Any],
    *,
    after: int = 0,
    lines: Collection[int] | None = None,
    limits: FileLimits = FILE_LIMITS,
) -> tuple[list[str], Iterator[MarkedRow]]:
    """The columns of a file, and its rows below a line that say anything.

    lines: where rows matter besides those that have problems; others may be missing then, which
    makes a large file a matter of a moment. None for all rows.
    Cells stand in the order of the columns, those too many at the end. What could not be split into
    cells is one cell. The columns of an earlier report are left out.
    """
    reading = Reading(text, limits)
    line = reading.header()
    header = split_header(line, [column.name for column in kind.columns])
    names = next(csv.reader([line], delimiter=header.delimiter), [])
    own = _own_places(header.names)
    waiting = _Waiting(problems)
    waiting.take(before=2)
    batches = _marked(reading, header.delimiter, waiting, after=after, lines=lines)
    return _of_own(names, own, len(names)), (
        MarkedRow(line=start, cells=_of_own(cells, own, len(names)), problems=found)
        for start, cells, found in chain.from_iterable(batches)
        if start > after and (found or any(cells))
    )


def _own_places(names: list[str]) -> list[int]:
    """Where the columns stand that are none of an earlier report."""
    return [place for place, name in enumerate(names) if name not in REPORT_COLUMNS]


def _of_own(cells: list[str], own: list[int], width: int) -> list[str]:
    """The cells at these places, and those beyond the last column."""
    return [*(cells[place] for place in own if place < len(cells)), *cells[width:]]


def _marked(
    reading: Reading,
    delimiter: str,
    waiting: "_Waiting",
    *,
    after: int = 0,
    lines: Collection[int] | None = None,
) -> Iterator[list[_Marked]]:
    """The records below the header with their problems, batch by batch.

    Batches that end before a line, or in which nothing matters, are gone past; of `lines` see
    `read_marked`.
    """
    start, cells, done = 2, list[str](), 1
    for batch in reading.batches(delimiter):
        first, last = done + 1, reading.last_line
        done = last
        if last <= after or (lines is not None and not _matters(first, last, lines, waiting)):
            yield [(start, cells, waiting.take(before=first))]
            start, cells = first, []
            continue
        rows = []
        for following, row in batch:
            # A problem may stand on any line of its record, so that has to be over first.
            rows.append((start, cells, waiting.take(before=following)))
            start, cells = following, row or _unsplit(reading.refused.get(following, ""))
        yield rows
    yield [(start, cells, waiting.take(before=reading.next_line))]


def _matters(first: int, last: int, lines: Collection[int], waiting: "_Waiting") -> bool:
    problem = waiting.next_line
    return (problem is not None and problem <= last) or any(first <= each <= last for each in lines)


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

    @property
    def next_line(self) -> int | None:
        """The line of the next problem, None if there is none."""
        return self._next.line if self._next else None

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
