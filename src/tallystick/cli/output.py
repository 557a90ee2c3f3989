"""Where commands write: data to stdout or a file, as UTF-8 whatever the locale, talk to stderr."""

import csv
import errno
import io
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import msgspec
import typer

from tallystick.core.errors import InvalidField
from tallystick.core.points import render_points

Record = Mapping[str, object]
Sink = Callable[[bytes], Coroutine[None, None, None]]

_JSON = msgspec.json.Encoder(decimal_format="number")


class OutputClosed(Exception):  # noqa: N818 - the reader has seen enough, nothing went wrong
    """Whoever read our stdout has gone away, as `head` does."""


def say(text: str) -> None:
    """Tell a person something."""
    typer.echo(text, err=True)


def write(piece: bytes) -> None:
    """Write data to stdout. Errors: OutputClosed; InvalidField if it cannot take more."""
    with _stdout_errors():
        sys.stdout.buffer.write(piece)


def flush() -> None:
    """Make sure that all data is out. Errors: as those of `write`."""
    with _stdout_errors():
        sys.stdout.flush()


def write_line(text: object) -> None:
    """Write `text` and end the line."""
    write(f"{text}\n".encode())


def write_json(record: object) -> None:
    """Write JSON on one line; Decimals are numbers, with the digits they have."""
    write(_JSON.encode(record) + b"\n")


class JsonArray:
    """A JSON array that is written as its records come, one a line."""

    def __init__(self) -> None:
        self._opening = b"[\n"

    def add(self, records: Iterable[Record]) -> None:
        """Write the next records."""
        if lines := [_JSON.encode(record) for record in records]:
            write(self._opening + b",\n".join(lines))
            self._opening = b",\n"

    def end(self) -> None:
        """Close the array."""
        write(b"\n]\n" if self._opening == b",\n" else b"[]\n")


def write_json_array(records: Iterable[Record]) -> None:
    """Write records as a JSON array, one a line."""
    array = JsonArray()
    array.add(records)
    array.end()


def write_csv(names: Sequence[str], records: Iterable[Record]) -> None:
    """Write records as CSV with a header."""
    text = io.StringIO(newline="")
    rows = csv.DictWriter(text, names, lineterminator="\n")
    rows.writeheader()
    rows.writerows(records)
    write(text.getvalue().encode())


def write_table(rows: Sequence[Sequence[object]]) -> None:
    """Write rows of cells for people, in columns as wide as they need to be."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        write_line("  ".join(padded).rstrip())


def exact(points: int) -> Decimal:
    """Points as the number with two decimals that is written for them."""
    return Decimal(render_points(points))


@contextmanager
def sink(path: Path | None) -> Iterator[Sink]:
    """Takes the bytes of a file, for stdout or for `path`, where it appears once it is whole.

    Errors: InvalidField if it cannot be written.
    """
    if path is None:
        yield _to_stdout
        return
    with closing(_WholeFile(path)) as file:
        yield file.take
        file.finish()


async def _to_stdout(piece: bytes) -> None:
    write(piece)


class _WholeFile:
    """A file under another name beside its own, until it is finished."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._target = path.resolve()
        self._partial = self._target.with_name(f".{self._target.name}.{os.getpid()}.partial")
        with self._errors():
            if self._target.exists() and not self._target.is_file():
                raise OSError(errno.EINVAL, "it is not a file")
            self._file = self._partial.open("wb")

    async def take(self, piece: bytes) -> None:
        with self._errors():
            self._file.write(piece)

    def finish(self) -> None:
        """Give the file its name, once the disk has it."""
        with self._errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._partial.rename(self._target)

    def close(self) -> None:
        """Leave nothing behind if it was not finished."""
        with suppress(OSError):  # of bytes that nobody wants any more
            self._file.close()
        self._partial.unlink(missing_ok=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            found = f"{str(self._path)!r}, which cannot be written ({error.strerror})"
            raise InvalidField("--output", found, "write the path of a file to make") from error


@contextmanager
def _stdout_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # What is still unwritten goes nowhere, so that the interpreter does not trip over it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise OutputClosed from error
        found = f"an output that cannot be written ({error.strerror})"
        raise InvalidField("stdout", found, "send it where it can") from error
