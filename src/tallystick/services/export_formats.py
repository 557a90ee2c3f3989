"""Writes the rows of a query as a file of any format, as they come and in little memory.

CSV and JSON are passed through as PostgreSQL writes them. What has to be looked at or made into
something else is cut behind whole rows and worked on in a thread, block by block.
"""

import asyncio
import csv
import io
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar

from tallystick.core.exports import CellType, Column, FileFormat
from tallystick.store.copying import Rows
from tallystick.store.db import Sink

_BLOCK_BYTES = 262_144
_TO_BE_QUOTED = re.compile(r'[",\r\n]')
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")

# Imported when the first such file is written: a server that never needs them stays small.
_MODULES = {
    FileFormat.PARQUET: "tallystick.services.export_parquet",
    FileFormat.XLSX: "tallystick.services.export_xlsx",
}

T = TypeVar("T")


class Writing(Protocol):
    """A file on its way, made of blocks of whole rows; all of it runs in threads."""

    def take(self, rows: bytes) -> bytes:
        """The next bytes of the file, perhaps none yet."""

    def end(self) -> Iterator[bytes]:
        """The rest of the file."""

    def close(self) -> None:
        """Leave nothing behind, whether the file is whole or not."""


class Heard(Protocol):
    """Somebody who looks at the rows on their way, in a thread."""

    def hear(self, rows: bytes) -> None:
        """Look at a block of whole rows."""


Copy = Callable[[Rows], Awaitable[None]]


async def write_formatted(  # noqa: PLR0913 - by name
    copy: Copy,
    *,
    columns: Sequence[Column],
    file_format: FileFormat,
    safe: bool,
    folder: Path,
    output: Sink,
    heard: Heard | None = None,
) -> None:
    """Write what `copy` copies to `output`, in a file of that format.

    safe: make cells of a CSV harmless that a spreadsheet would run. folder: for files that have to
    be whole before their first byte is known.
    """
    as_json = file_format is FileFormat.NDJSON
    header = _csv_line(column.name for column in columns)
    if heard is None and (as_json or (file_format is FileFormat.CSV and not safe)):
        passed = _Passed(b"" if as_json else header, output)
        await copy(Rows(output=passed.take, as_json=as_json))
        await passed.end()
        return
    if file_format in _MODULES:
        await in_thread(import_module, _MODULES[file_format])
    with closing(_open(file_format, columns, header, folder, safe=safe)) as file:
        blocks = _Blocks(file, output, heard, quoted=not as_json)
        await copy(Rows(output=blocks.take, as_json=as_json))
        await blocks.end()


def _open(
    file_format: FileFormat, columns: Sequence[Column], header: bytes, folder: Path, *, safe: bool
) -> Writing:
    if file_format in _MODULES:
        made: Writing = import_module(_MODULES[file_format]).open_file(columns, folder)
        return made
    if file_format is FileFormat.NDJSON:
        return _AsItIs(b"")
    return SafeCsv(header, columns) if safe else _AsItIs(header)


async def in_thread(work: Callable[..., T], *values: object) -> T:
    """What `work` returns; who is cancelled meanwhile waits for its end all the same."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *values))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


class _Passed:
    """Bytes that are passed on behind a header, which comes with the first of them."""

    def __init__(self, header: bytes, output: Sink) -> None:
        self._header = header
        self._output = output

    async def take(self, piece: bytes) -> None:
        if self._header:
            piece, self._header = self._header + piece, b""
        await self._output(piece)

    async def end(self) -> None:
        if self._header:
            await self._output(self._header)


class _Blocks:
    """Bytes that are cut behind whole rows and worked on in a thread."""

    def __init__(self, file: Writing, output: Sink, heard: Heard | None, *, quoted: bool) -> None:
        self._file = file
        self._output = output
        self._heard = heard
        self._quoted = quoted
        self._pieces: list[bytes] = []
        self._size = 0

    async def take(self, piece: bytes) -> None:
        self._pieces.append(bytes(piece))
        self._size += len(piece)
        if self._size >= _BLOCK_BYTES:
            block = b"".join(self._pieces)
            end = end_of_rows(block, quoted=self._quoted)
            self._pieces, self._size = [block[end:]], len(block) - end
            await self._work_on(block[:end])

    async def end(self) -> None:
        await self._work_on(b"".join(self._pieces))
        rest = self._file.end()
        while (piece := await in_thread(next, rest, None)) is not None:
            await self._output(piece)

    async def _work_on(self, block: bytes) -> None:
        if made := await in_thread(self._worked, block):
            await self._output(made)

    def _worked(self, block: bytes) -> bytes:
        if self._heard is not None:
            self._heard.hear(block)
        return self._file.take(block)


def end_of_rows(block: bytes, *, quoted: bool) -> int:
    """Where the last whole row of a block ends; with quotes, a line may end within a cell."""
    end = block.rfind(b"\n") + 1
    while quoted and end and block.count(b'"', 0, end) % 2:
        end = block.rfind(b"\n", 0, end - 1) + 1
    return end


def csv_rows(block: bytes) -> Iterator[list[str]]:
    """The rows of a block of CSV."""
    return csv.reader(io.StringIO(block.decode(), newline=""), strict=True)


def _csv_line(cells: Iterable[str]) -> bytes:
    quoted = (
        '"' + cell.replace('"', '""') + '"' if _TO_BE_QUOTED.search(cell) else cell
        for cell in cells
    )
    return (",".join(quoted) + "\n").encode()


class _AsItIs:
    """Rows that are the file already, behind a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def take(self, rows: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + rows

    def end(self) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        pass


class SafeCsv(_AsItIs):
    """CSV for people: an apostrophe stands before text that a spreadsheet would run."""

    def __init__(self, header: bytes, columns: Sequence[Column]) -> None:
        super().__init__(header)
        self._texts = [i for i, column in enumerate(columns) if column.type is CellType.TEXT]

    def take(self, rows: bytes) -> bytes:
        """The rows with harmless cells."""
        lines = [_csv_line(self._harmless(row)) for row in csv_rows(rows)]
        return super().take(b"".join(lines))

    def _harmless(self, row: list[str]) -> list[str]:
        for index in self._texts:
            if row[index].startswith(_RUN_BY_SPREADSHEETS):
                row[index] = f"'{row[index]}"
        return row
