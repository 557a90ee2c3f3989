"""A table in a CSV file: from lines to records of cells.

What all imports share; what the cells mean is for each format to say. Nothing is guessed: whatever
is in doubt becomes a RowProblem of its line. Memory stays flat, whatever the file holds.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from operator import attrgetter, itemgetter
from typing import TextIO

from tallystick.core.errors import RowProblem, shown
from tallystick.core.formats.limits import FILE_LIMITS, FileLimits
from tallystick.core.formats.reading import QUOTES_FIX, Reading

REPORT_COLUMNS = ("line", "problem", "fix")  # ours, in a report; a file that is sent may have them

TEXT_FIX = "save the file as CSV UTF-8"
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ud800-\udfff]")

Record = tuple[int, tuple[str, ...]]  # the line on which it starts, its cells in column order
Batch = tuple[list[Record], list[RowProblem]]
Matched = tuple[str, str]  # a column as it is written, and as it is taken


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a file's columns in its own order and in small letters, and what is between."""

    names: list[str]
    delimiter: str


def read_table(
    text: TextIO, columns: Sequence[str], *, required: int, limits: FileLimits = FILE_LIMITS
) -> Iterator[Batch]:
    """The records below the header in batches, each with the problems of its part of the file.

    Shape: in file order, at most BATCH records at a time. Cells stand in the order of `columns`;
    those of a column that the file lacks are empty, the first `required` have to be there. The
    file's own columns have any order and case, with comma, semicolon or tab between. Rows without
    any text are left out, and so are the columns of a report. A header that has problems is the
    only batch.
    """
    reading = Reading(text, limits)
    line = reading.header()
    header = split_header(line, columns)
    problems = reading.take_problems() or _header_problems(line, header, columns, required, limits)
    if problems:
        yield [], problems
        return
    # One position past the cells of a row stands an empty one, for the columns that are absent.
    positions = {name: position for position, name in enumerate(header.names)}
    absent = len(header.names)
    pick = itemgetter(*(positions.get(column.lower(), absent) for column in columns))
    yield from _batches(reading, header, pick, limits.rows_max)


def _batches(
    reading: Reading, header: Header, pick: Callable[[list[str]], tuple[str, ...]], rows_max: int
) -> Iterator[Batch]:
    width = len(header.names)
    left = rows_max
    for rows in reading.batches(header.delimiter):
        records: list[Record] = []
        problems = reading.take_problems()
        for line, row in rows:
            if len(row) != width:
                problems += _shape_problems(line, row, width)
                continue
            row.append("")
            cells = pick(row)
            if any(cells):
                records.append((line, cells))
        left -= len(records)
        if left < 0:
            problems.append(_too_many_rows(records[left][0], rows_max))
            del records[left:]
        if records or problems:
            yield records, sorted(problems, key=attrgetter("line"))
        if left < 0:
            return


def match_header(text: TextIO, columns: Sequence[str], limits: FileLimits) -> list[Matched]:
    """The columns of a file as they are written, each with the column that it is taken for.

    Shape: in the order of the file; "" for one that is none of `columns`. Empty if the first line
    cannot be read.
    """
    line = Reading(text, limits).header()
    spelled = {column.lower(): column for column in columns}
    try:
        delimiter = split_header(line, columns).delimiter
        names = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        names = []
    return [
        (readable(name), spelled.get(name.strip().lower(), ""))
        for name in names[: limits.columns_max]
    ]


def readable(text: str) -> str:
    """The text with a mark in the place of each byte that is no character, and of controls."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


def split_header(line: str, columns: Sequence[str]) -> Header:
    """The header, split by the delimiter that yields most of the columns."""
    known = {column.lower() for column in columns}
    readings = [Header(_split(line, delimiter), delimiter) for delimiter in ",;\t"]
    return max(readings, key=lambda header: len(known.intersection(header.names)))


def _split(header: str, delimiter: str) -> list[str]:
    try:
        names = next(csv.reader([header], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [name.strip().lower() for name in names]


def _header_problems(
    line: str, header: Header, columns: Sequence[str], required: int, limits: FileLimits
) -> list[RowProblem]:
    names = header.names
    if not line.strip():
        fix = f"write the columns {','.join(columns)}"
        return [_problem(1, "no_header", "nothing", fix)]
    if _NO_TEXT.search(line):
        return [_problem(1, "not_text", shown(line.strip()), TEXT_FIX)]
    if not names:
        return [_problem(1, "broken_quotes", shown(line.strip()), QUOTES_FIX)]
    if len(names) > limits.columns_max:
        fix = f"write only these: {','.join(columns)}"
        return [_problem(1, "too_many_columns", f"{len(names)} columns", fix)]
    return [*_unknown_columns(names, columns), *_missing_columns(names, columns[:required])]


def _unknown_columns(names: list[str], columns: Sequence[str]) -> Iterator[RowProblem]:
    spelled = {column.lower(): column for column in (*columns, *REPORT_COLUMNS)}
    for position, name in enumerate(names):
        if name not in spelled:
            yield _problem(1, "unknown_column", shown(name), _rename(name, names, columns))
        elif name in names[:position]:
            fix = "leave one of them"
            yield _problem(1, "duplicate_column", "it twice", fix, spelled[name])


def _rename(name: str, names: list[str], columns: Sequence[str]) -> str:
    """The cure of a column that nobody knows: the nearest one, if that is not there already."""
    absent = {column.lower(): column for column in columns if column.lower() not in names}
    plain = re.sub(r"[\W_]", "", name[:100])
    near = get_close_matches(plain, absent, n=1)
    if near:
        return f"name it {absent[near[0]]}, or remove it"
    return f"write only these columns: {','.join(columns)}"


def _missing_columns(names: list[str], required: Sequence[str]) -> Iterator[RowProblem]:
    for column in required:
        if column.lower() not in names:
            fix = f"add a column named {column}"
            yield _problem(1, "missing_column", "no such column", fix, column)


def _shape_problems(line: int, row: list[str], width: int) -> list[RowProblem]:
    """What is wrong with the number of cells; nothing if the row is blank."""
    if not any(map(str.strip, row)):
        return []
    code = "too_few_cells" if len(row) < width else "too_many_cells"
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    fix = f"write {width}, as in the header; quote a cell that has a delimiter in it"
    return [_problem(line, code, cells, fix)]


def _too_many_rows(line: int, rows_max: int) -> RowProblem:
    found = f"more than {rows_max:,} rows"
    return _problem(line, "too_many_rows", found, "split the file at this line")


def _problem(line: int, code: str, found: str, fix: str, column: str = "") -> RowProblem:
    return RowProblem(line=line, column=column, code=code, found=found, fix=fix)
