"""A table in a CSV file: from bytes to characters, from lines to records of cells.

What all imports share; what the cells mean is for each format to say. Nothing is guessed: whatever
is in doubt becomes a RowProblem of its line. Memory stays flat, whatever the file holds.
"""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from operator import attrgetter, itemgetter
from typing import BinaryIO, TextIO, cast

from tallystick.core.errors import InvalidFile, RowProblem, shown

BATCH = 1_000  # records; with more, the garbage collector costs as much as the checks
LENGTH_MAX = 10_000  # characters of a line, and of a record that spans several

TEXT_FIX = "save the file as CSV UTF-8"
_QUOTES_FIX = 'quote a cell that has quotes or line breaks and double its quotes, like "a ""b"" c"'
_DAMAGE_FIX = "compress the file again, or send it as it is"
_LENGTH_FIX = f"write at most {LENGTH_MAX} characters"

_BUFFER = 65_536  # bytes
_GZIP = b"\x1f\x8b"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ud800-\udfff]")

Record = tuple[int, tuple[str, ...]]  # the line on which it starts, its cells in column order
Batch = tuple[list[Record], list[RowProblem]]


def open_text(binary: BinaryIO) -> TextIO:
    """The characters of a CSV file: plain or gzipped, UTF-8 or, with its byte order mark, UTF-16.

    Bytes that are no characters become lone surrogates, for the reader to find in their cell.
    Closing the text closes `binary`.
    Errors: InvalidFile if the file begins like gzip, but is not.
    """
    plain = _buffered(binary)
    try:
        if plain.peek(2)[:2] == _GZIP:
            plain = _buffered(cast("BinaryIO", gzip.GzipFile(fileobj=plain)))
        encoding = "utf-16" if plain.peek(2)[:2] in _UTF_16 else "utf-8-sig"
    except _DAMAGE as error:
        raise InvalidFile((_damaged(1),), 1) from error
    return io.TextIOWrapper(plain, encoding, errors=_ESCAPE, newline="")


def _buffered(binary: BinaryIO) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", binary), _BUFFER)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Does what surrogateescape does, also for UTF-16."""
    assert isinstance(error, UnicodeDecodeError)
    lost = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in lost), error.end


_ESCAPE = "tallystick-escape"
codecs.register_error(_ESCAPE, _escape)


def read_table(text: TextIO, columns: Sequence[str], *, required: int) -> Iterator[Batch]:
    """The records below the header in batches, each with the problems of its part of the file.

    Shape: in file order, at most BATCH records at a time. Cells stand in the order of `columns`;
    those of a column that the file lacks are empty, the first `required` have to be there. The
    file's own columns have any order and case, with comma, semicolon or tab between. Rows without
    any text are left out. A header that has problems is the only batch.
    """
    too_long: list[int] = []
    lines = _lines(text, too_long)
    try:
        header = next(lines, "")
    except _DAMAGE:
        yield [], [_damaged(1)]
        return
    names, delimiter = _header_names(header, columns)
    problems = _long_lines(too_long) or _header_problems(header, names, columns, required)
    if problems:
        yield [], problems
        return
    # One position past the cells of a row stands an empty one, for the columns that are absent.
    positions = {name: position for position, name in enumerate(names)}
    pick = itemgetter(*(positions.get(column.lower(), len(names)) for column in columns))
    yield from _batches(lines, delimiter, len(names), pick, too_long)


def _batches(
    lines: Iterator[str],
    delimiter: str,
    width: int,
    pick: Callable[[list[str]], tuple[str, ...]],
    too_long: list[int],
) -> Iterator[Batch]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 2  # on which the next record starts
    while True:
        first = line
        records: list[Record] = []
        problems: list[RowProblem] = []
        try:
            for row in islice(reader, BATCH):
                start, line = line, reader.line_num + 2
                if len(row) != width or (line - start > 1 and sum(map(len, row)) > LENGTH_MAX):
                    problems += _shape_problems(start, row, width)
                    continue
                row.append("")
                cells = pick(row)
                if any(cells):
                    records.append((start, cells))
        except csv.Error:
            problems.append(_problem(line, "broken_quotes", "quotes without a pair", _QUOTES_FIX))
            line = reader.line_num + 2
        except _DAMAGE:
            problems.append(_damaged(reader.line_num + 2))
        problems += _long_lines(too_long)
        if records or problems:
            yield records, sorted(problems, key=attrgetter("line"))
        if line == first:
            return


def _lines(text: TextIO, too_long: list[int]) -> Iterator[str]:
    """The physical lines; one that is too long reads as empty and is noted in `too_long`."""
    for number in count(1):
        line = text.readline(LENGTH_MAX)
        if len(line) == LENGTH_MAX and line[-1] != "\n":
            too_long.append(number)
            while line and line[-1] != "\n":
                line = text.readline(LENGTH_MAX)
            line = "\n"
        if not line:
            return
        yield line


def _header_names(header: str, columns: Sequence[str]) -> tuple[list[str], str]:
    """The names in small letters, split by the delimiter that yields most of the columns."""
    known = {column.lower() for column in columns}
    readings = [(_split(header, delimiter), delimiter) for delimiter in ",;\t"]
    return max(readings, key=lambda reading: len(known.intersection(reading[0])))


def _split(header: str, delimiter: str) -> list[str]:
    try:
        names = next(csv.reader([header], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [name.strip().lower() for name in names]


def _header_problems(
    header: str, names: list[str], columns: Sequence[str], required: int
) -> list[RowProblem]:
    if not header.strip():
        return [_problem(1, "no_header", "nothing", f"write the columns {','.join(columns)}")]
    if _NO_TEXT.search(header):
        return [_problem(1, "not_text", shown(header.strip()), TEXT_FIX)]
    if not names:
        return [_problem(1, "broken_quotes", shown(header.strip()), _QUOTES_FIX)]
    return [*_unknown_columns(names, columns), *_missing_columns(names, columns[:required])]


def _unknown_columns(names: list[str], columns: Sequence[str]) -> Iterator[RowProblem]:
    spelled = {column.lower(): column for column in columns}
    for position, name in enumerate(names):
        if name not in spelled:
            fix = f"write only these columns: {','.join(columns)}"
            yield _problem(1, "unknown_column", shown(name), fix)
        elif name in names[:position]:
            yield _problem(1, "duplicate_column", "it twice", "leave one of them", spelled[name])


def _missing_columns(names: list[str], required: Sequence[str]) -> Iterator[RowProblem]:
    for column in required:
        if column.lower() not in names:
            fix = f"add a column named {column}"
            yield _problem(1, "missing_column", "no such column", fix, column)


def _shape_problems(line: int, row: list[str], width: int) -> list[RowProblem]:
    """What is wrong with the number of cells or else their size; nothing if the row is blank."""
    if not any(map(str.strip, row)):
        return []
    if len(row) == width:
        size = sum(map(len, row))
        return [_problem(line, "too_long", f"{size} characters", _LENGTH_FIX)]
    code = "too_few_cells" if len(row) < width else "too_many_cells"
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    fix = f"write {width}, as in the header; quote a cell that has a delimiter in it"
    return [_problem(line, code, cells, fix)]


def _long_lines(too_long: list[int]) -> list[RowProblem]:
    """The problems of the lines that were noted; forgets them."""
    found = f"a line of more than {LENGTH_MAX} characters"
    problems = [_problem(line, "too_long", found, _LENGTH_FIX) for line in too_long]
    too_long.clear()
    return problems


def _damaged(line: int) -> RowProblem:
    return _problem(line, "damaged_gzip", "a compressed file that breaks off here", _DAMAGE_FIX)


def _problem(line: int, code: str, found: str, fix: str, column: str = "") -> RowProblem:
    return RowProblem(line=line, column=column, code=code, found=found, fix=fix)
