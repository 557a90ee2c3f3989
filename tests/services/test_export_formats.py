"""The same rows in every format: exact, typed, harmless, and in little memory."""

import asyncio
import csv
import io
import json
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyarrow import parquet

from tallystick.core.exports import CellType, Column, FileFormat
from tallystick.services import export_xlsx
from tallystick.services.export_formats import end_of_rows, write_formatted
from tallystick.store.copying import Rows

COLUMNS = (
    Column("name"),
    Column("id", CellType.WHOLE),
    Column("points", CellType.POINTS),
    Column("at", CellType.INSTANT),
    Column("day", CellType.DAY),
    Column("flag", CellType.FLAG),
)
HOSTILE = [
    '<b onclick="x()">&amp;</b>',
    "\u0645\u0631\u062d\u0628\u0627 \u202eabc",
    "\U0001f600 a \u200d \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\ttab",
    'a "quoted", b',
    "two\nlines",
    "http://example.com",
    "007",
    "1e5",
]
AT = datetime(2026, 6, 15, 12, 0, 0, 123456, tzinfo=UTC)
INSTANT = "2026-06-15T12:00:00.123456Z"


def row(name: str | None, points: str = "1.50") -> list[str | None]:
    return [name, "9007199254740993", points, INSTANT, "2026-06-15", "true"]


def quoted(cell: str | None) -> str:
    """The cell as PostgreSQL writes it."""
    if cell is None or not set(cell) & set('",\r\n'):
        return cell or ""
    return '"' + cell.replace('"', '""') + '"'


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def written(
    rows: Sequence[list[str | None]],
    file_format: FileFormat,
    folder: Path,
    *,
    safe: bool = False,
    piece: int = 50,
) -> bytes:
    """The file of these rows, which come in pieces that end wherever they do."""
    text = io.StringIO(newline="")
    for cells in rows:
        if file_format is FileFormat.NDJSON:
            text.write(json.dumps({c.name: v for c, v in zip(COLUMNS, cells, strict=True)}) + "\n")
        else:
            text.write(",".join(quoted(cell) for cell in cells) + "\n")
    given, out = text.getvalue().encode(), bytearray()

    async def take(some: bytes) -> None:
        out.extend(some)

    async def copy(wanted: Rows) -> None:
        assert wanted.as_json == (file_format is FileFormat.NDJSON)
        for start in range(0, len(given), piece):
            await wanted.output(given[start : start + piece])

    await write_formatted(
        copy, columns=COLUMNS, file_format=file_format, safe=safe, folder=folder, output=take
    )
    return bytes(out)


def sheet_rows(file: bytes) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(file))
    found = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    book.close()
    return found


@pytest.mark.parametrize("name", HOSTILE)
async def test_text_is_the_same_in_every_format(name: str, tmp_path: Path) -> None:
    rows = [row(name)]
    as_csv = (await written(rows, FileFormat.CSV, tmp_path)).decode()
    assert next(csv.DictReader(io.StringIO(as_csv, newline="")))["name"] == name
    as_parquet = parquet.read_table(io.BytesIO(await written(rows, FileFormat.PARQUET, tmp_path)))
    assert as_parquet["name"].to_pylist() == [name]
    assert json.loads(await written(rows, FileFormat.NDJSON, tmp_path))["name"] == name
    assert sheet_rows(await written(rows, FileFormat.XLSX, tmp_path))[1][0] == name


async def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    file = await written([row(name) for name in HOSTILE], FileFormat.XLSX, tmp_path)
    book = openpyxl.load_workbook(io.BytesIO(file))
    cells = [cell for line in book.worksheets[0].iter_rows() for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert {cell.data_type for cell in book.worksheets[0]["A"]} == {"inlineStr"} or {"s"}
    book.close()


@pytest.mark.parametrize(
    ("name", "harmless"),
    [(n, n if n[0] not in "=+-@\t\r" else f"'{n}") for n in [*HOSTILE, "\rreturn", "plain"]],
)
async def test_a_safe_csv_disarms_what_a_spreadsheet_would_run(
    name: str, harmless: str, tmp_path: Path
) -> None:
    file = await written([row(name, "-1.50")], FileFormat.CSV, tmp_path, safe=True)
    found = next(csv.DictReader(io.StringIO(file.decode(), newline="")))
    assert (found["name"], found["points"]) == (harmless, "-1.50")


async def test_cells_are_typed(tmp_path: Path) -> None:
    nothing: list[str | None] = [None] * 6
    rows = [row("a", "999999999999.99"), nothing]
    table = parquet.read_table(io.BytesIO(await written(rows, FileFormat.PARQUET, tmp_path)))
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds == {
        "name": "string",
        "id": "int64",
        "points": "decimal128(20, 2)",
        "at": "timestamp[us, tz=UTC]",
        "day": "date32[day]",
        "flag": "bool",
    }
    first, empty = table.to_pylist()
    assert first["points"] == Decimal("999999999999.99")
    assert (first["id"], first["at"]) == (9007199254740993, AT)
    assert (first["day"], first["flag"]) == (date(2026, 6, 15), True)
    assert set(empty.values()) == {None}


async def test_numbers_and_times_of_a_workbook_are_what_they_are(tmp_path: Path) -> None:
    file = await written([row("a", "1.50"), row("b", "-0.01")], FileFormat.XLSX, tmp_path)
    head, first, second = sheet_rows(file)
    assert head == tuple(column.name for column in COLUMNS)
    assert first[1] == "9007199254740993"  # as text: a spreadsheet would change its last digit
    assert (first[2], second[2]) == (1.5, -0.01)
    assert first[3] == datetime(2026, 6, 15, 12, 0, 0, 123000)  # noqa: DTZ001 - workbooks have none
    assert first[4] == datetime(2026, 6, 15)  # noqa: DTZ001 - the same
    assert first[5] is True
    book = openpyxl.load_workbook(io.BytesIO(file))
    assert book.worksheets[0]["C2"].number_format == "0.00"
    book.close()


async def test_an_empty_text_is_no_missing_one_in_parquet(tmp_path: Path) -> None:
    async def copy(wanted: Rows) -> None:
        await wanted.output(b'"",1,,,,\n,2,,,,\n')

    out = bytearray()

    async def take(piece: bytes) -> None:
        out.extend(piece)

    await write_formatted(
        copy,
        columns=COLUMNS,
        file_format=FileFormat.PARQUET,
        safe=False,
        folder=tmp_path,
        output=take,
    )
    assert parquet.read_table(io.BytesIO(out))["name"].to_pylist() == ["", None]


@pytest.mark.parametrize("file_format", FileFormat)
async def test_a_file_without_rows_is_whole(file_format: FileFormat, tmp_path: Path) -> None:
    file = await written([], file_format, tmp_path)
    if file_format is FileFormat.CSV:
        assert file == b"name,id,points,at,day,flag\n"
    elif file_format is FileFormat.NDJSON:
        assert file == b""
    elif file_format is FileFormat.PARQUET:
        assert parquet.read_table(io.BytesIO(file)).num_rows == 0
    else:
        assert sheet_rows(file) == [tuple(column.name for column in COLUMNS)]
    assert left_in(tmp_path) == []


def test_a_further_sheet_begins_where_one_is_full(tmp_path: Path) -> None:
    file = export_xlsx.open_file(COLUMNS[:1], tmp_path, rows_a_sheet=3)
    file.take(b"a\nb\nc\nd\ne\n")
    content = b"".join(file.end())
    file.close()
    book = openpyxl.load_workbook(io.BytesIO(content))
    found = [[cell.value for cell in sheet["A"]] for sheet in book.worksheets]
    book.close()
    assert found == [["name", "a", "b"], ["name", "c", "d"], ["name", "e"]]


@pytest.mark.parametrize(
    ("block", "end"),
    [
        (b"", 0),
        (b"a,b", 0),
        (b"a\nb\n", 4),
        (b"a\nb", 2),
        (b'a\n"b\nc', 2),
        (b'a\n"b\nc"\nd', 8),
        (b'"b\nc', 0),
        (b'"a""\n"\nb', 7),
    ],
)
def test_a_block_ends_behind_a_whole_row(block: bytes, end: int) -> None:
    assert end_of_rows(block, quoted=True) == end


@pytest.mark.parametrize("file_format", FileFormat)
async def test_a_long_file_needs_no_more_memory_than_a_short_one(
    file_format: FileFormat, tmp_path: Path
) -> None:
    line = b'{"name": "some name", "id": 1}\n'
    if file_format is not FileFormat.NDJSON:
        line = b"some name,1,1.50,2026-06-15T12:00:00.123456Z,2026-06-15,true\n"

    async def copy(wanted: Rows) -> None:
        for _ in range(60):
            await wanted.output(line * 1_000)

    async def drop(_piece: bytes) -> None:
        pass

    async def write() -> None:
        await write_formatted(
            copy,
            columns=COLUMNS,
            file_format=file_format,
            safe=True,
            folder=tmp_path,
            output=drop,
        )

    await write()  # what is imported stays
    tracemalloc.start()
    await write()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("file_format", FileFormat)
async def test_who_breaks_off_leaves_nothing_behind(
    file_format: FileFormat, tmp_path: Path
) -> None:
    async def copy(wanted: Rows) -> None:
        await wanted.output(b"a,1,1.50,,,\n" * 50_000)
        await asyncio.Event().wait()

    async def drop(_piece: bytes) -> None:
        pass

    writing = asyncio.create_task(
        write_formatted(
            copy,
            columns=COLUMNS,
            file_format=file_format,
            safe=True,
            folder=tmp_path,
            output=drop,
        )
    )
    await asyncio.wait({writing}, timeout=0.2)
    writing.cancel()
    await asyncio.wait({writing})
    assert left_in(tmp_path) == []
