"""Files as Parquet, row group by row group; see `export_formats.py`.

Only that module asks for this one, and late, as the library needs memory once it is there.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from tallystick.core.exports import CellType, Column

_ROWS_A_GROUP = 65_536

_TYPES = {
    CellType.TEXT: pa.string(),
    CellType.WHOLE: pa.int64(),
    CellType.POINTS: pa.decimal128(20, 2),
    CellType.INSTANT: pa.timestamp("us", tz="UTC"),
    CellType.DAY: pa.date32(),
    CellType.FLAG: pa.bool_(),
}


def open_file(columns: Sequence[Column], _folder: Path) -> "ParquetFile":
    """A file with these columns."""
    return ParquetFile(columns)


class ParquetFile:
    """A Parquet file; what is empty in CSV is null, and an empty text in quotes is one."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._schema = pa.schema([(column.name, _TYPES[column.type]) for column in columns])
        self._read = csv.ReadOptions(use_threads=False, column_names=self._schema.names)
        self._parse = csv.ParseOptions(newlines_in_values=True)
        self._convert = csv.ConvertOptions(
            column_types=self._schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        self._out = _Drained()
        self._file = parquet.ParquetWriter(
            self._out, self._schema, compression="zstd", use_dictionary=True
        )
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def take(self, rows: bytes) -> bytes:
        """The next bytes of the file; a row group at a time."""
        if rows:
            self._keep(rows)
        if self._rows >= _ROWS_A_GROUP:
            self._write()
        return self._out.drain()

    def end(self) -> Iterator[bytes]:
        """The last rows, and where all of them are."""
        self._write()
        self._file.close()
        yield self._out.drain()

    def close(self) -> None:
        """Let the rows go."""
        self._waiting = []

    def _keep(self, rows: bytes) -> None:
        table = csv.read_csv(BytesIO(rows), self._read, self._parse, self._convert)
        self._waiting.append(table)
        self._rows += table.num_rows

    def _write(self) -> None:
        if self._waiting:
            self._file.write_table(pa.concat_tables(self._waiting), row_group_size=_ROWS_A_GROUP)
        self._waiting, self._rows = [], 0


class _Drained:
    """A file that is only written to; what was written is taken out of it piece by piece."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def drain(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
