"""`tallystick import`: points from CSV files."""

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tallystick.cli.options import AsJson, ProgramName, examples, find_program
from tallystick.cli.output import exact, say, write_json, write_table
from tallystick.cli.runtime import run_in_context
from tallystick.core.errors import InvalidField, InvalidFile
from tallystick.core.formats.points import SAMPLE
from tallystick.services.context import Context
from tallystick.services.imports import ImportReport, import_points

app = typer.Typer(
    no_args_is_help=True,
    help="Import points.",
    epilog=examples("tallystick import points points.csv --program Groceries"),
)

_FILE = "\n".join(["\b", "A file:", *(f"  {line}" for line in SAMPLE.splitlines()), "", ""])


@app.command(
    "points",
    epilog=_FILE
    + examples(
        "tallystick import points points.csv --program Groceries",
        "tallystick import points baskets.csv.gz --program Groceries --json",
        "zstd -dc points.csv.zst | tallystick import points - --program Groceries",
    ),
)
def points(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The CSV, gzipped or not; - is stdin.")
    ],
    *,
    program: ProgramName,
    as_json: AsJson = False,
) -> None:
    """Add the points of a CSV file, all of its rows or none.

    Only customerprofileid and amount must be there; validityDuration, like 30D, may stand in
    place of expirydate. Members that are new are made. A file with problems is refused as a
    whole, and its problems are listed.
    """
    started = time.monotonic()
    name = "stdin" if file == "-" else file
    try:
        with _opened(file) as binary, _progress(binary) as progress:

            async def work(context: Context) -> ImportReport:
                found = await find_program(context, program)
                return await import_points(
                    context, found, binary, file_name=Path(name).name, progress=progress
                )

            report = run_in_context(ctx, work)
    except InvalidFile as refused:
        _list_problems(name, refused)
        raise typer.Exit(1) from refused
    _tell(report, seconds=round(time.monotonic() - started, 1), as_json=as_json)


def _tell(report: ImportReport, *, seconds: float, as_json: bool) -> None:
    summary = {
        "rows": report.row_count,
        "points": exact(report.amount),
        "new members": report.new_members,
        "subledgers": report.subledger_count,
        "seconds": seconds,
    }
    if as_json:
        names = {name.replace(" ", "_"): value for name, value in summary.items()}
        write_json({"import_id": report.import_id, "recorded_at": report.recorded_at, **names})
    else:
        write_table(list(summary.items()))


def _list_problems(name: str, refused: InvalidFile) -> None:
    for problem in refused.problems:
        where = f"{name}:{problem.line} {problem.column}".rstrip()
        say(f"{where}: found {problem.found}; {problem.fix}")
    if more := refused.count - len(refused.problems):
        say(f"... and {more} more")
    say(str(refused))


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            binary = stack.enter_context(Path(file).open("rb"))
        except OSError as error:
            found = f"{file!r}, which cannot be read ({error.strerror})"
            raise InvalidField("FILE", found, "write the path of a CSV file, or -") from error
        yield binary


@contextmanager
def _progress(binary: BinaryIO) -> Iterator[Callable[[int], None]]:
    """What to call with the bytes read so far; a bar on stderr if that is a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    size = _size(binary)
    with bar:
        task = bar.add_task("Reading", total=size)

        def tell(bytes_read: int) -> None:
            whole = size is not None and bytes_read >= size
            bar.update(task, completed=bytes_read, description="Entering" if whole else "Reading")

        yield tell


def _size(binary: BinaryIO) -> int | None:
    """The bytes of a file, None where they come from elsewhere and nobody knows."""
    try:
        status = os.fstat(binary.fileno())
    except OSError:  # it is not even a file of the system
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
