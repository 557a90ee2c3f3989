"""`tallystick import`: points and join dates from CSV files."""

import os
import stat
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tallystick.cli.options import AsJson, ProgramName, examples, find_program
from tallystick.cli.output import (
    exact,
    say,
    sink,
    write,
    write_json,
    write_json_array,
    write_table,
)
from tallystick.cli.runtime import run_in_context
from tallystick.core.errors import InvalidField, InvalidFile
from tallystick.core.formats import FORMATS
from tallystick.core.formats.points import SAMPLE
from tallystick.core.ids import ImportId
from tallystick.core.import_jobs import Finding, ImportJob
from tallystick.core.programs import Program
from tallystick.core.validity import render_instant
from tallystick.services import import_jobs as jobs
from tallystick.services.context import Context
from tallystick.services.import_work import work_on
from tallystick.services.imports import ImportReport, import_points
from tallystick.services.joining import import_join_dates
from tallystick.services.undo import UndoPreview


class FormatName(Enum):
    """The kinds of files that can be imported."""

    POINTS = "points"
    JOIN_DATES = "join-dates"


app = typer.Typer(
    no_args_is_help=True,
    help="Check, import and undo files of points and of join dates.",
    epilog=examples("tallystick import points points.csv --program Groceries"),
)

_FILE = "\n".join(["\b", "A file:", *(f"  {line}" for line in SAMPLE.splitlines()), "", ""])


GoodRowsOnly = Annotated[
    bool, typer.Option("--good-rows-only", help="Import the good rows of a file that has bad ones.")
]
File = Annotated[str, typer.Argument(metavar="FILE", help="The CSV, packed or not; - is stdin.")]
Kind = Annotated[
    FormatName, typer.Option("--format", help="What kind of file it is.", show_default=True)
]
Id = Annotated[int, typer.Argument(metavar="ID", help="The id of the import, see list.")]


@app.command(
    "check",
    epilog=examples(
        "tallystick import check points.csv --program Groceries",
        "tallystick import check dates.csv --format join-dates --program Groceries --json",
    ),
)
def check(
    ctx: typer.Context,
    file: File,
    *,
    program: ProgramName,
    format_: Kind = FormatName.POINTS,
    as_json: AsJson = False,
) -> None:
    """Say what an import of a file would find and change.

    Nothing is written to the ledger. The file is kept, so that its problems can be fetched with
    report. The exit code is 1 if there is any problem.
    """
    name = "stdin" if file == "-" else file

    async def work(context: Context) -> ImportJob:
        found = await find_program(context, program)
        with _opened(file) as binary:
            upload = jobs.keep_upload(context, binary, name=Path(name).name)
        job = await jobs.create_job(
            context, found, upload, format_name=format_.value, caller=None, state="checking"
        )
        return await _work(context, found, job)

    job = run_in_context(ctx, work)
    finding = jobs.finding_of(job)
    if finding is None:
        raise InvalidField("FILE", "a check that failed", job.failure or "try again")
    _tell_finding(job, finding, as_json=as_json)
    if finding.problem_count:
        raise typer.Exit(1)


async def _work(context: Context, program: Program, job: ImportJob) -> ImportJob:
    """Do what the job is queued for, with a bar if stderr is a terminal."""
    with _bar(job.file_bytes) as tell:
        return await work_on(
            context, program, job.import_id, watch=lambda tally: tell(tally.bytes_done)
        )


def _tell_finding(job: ImportJob, finding: Finding, *, as_json: bool) -> None:
    effects = finding.effects
    summary: dict[str, object] = {
        "good rows": finding.good_rows,
        "bad rows": finding.bad_rows,
        "points": exact(effects.amount),
        "active": exact(effects.active),
        "pending": exact(effects.pending),
        "expired": exact(effects.expired),
        "repaid": exact(effects.repaid),
        "members": effects.members,
        "new members": effects.new_members,
        "new subledgers": effects.new_subledgers,
    }
    if as_json:
        names = {name.replace(" ", "_"): value for name, value in summary.items()}
        columns = [{"found": name, "column": column} for name, column in finding.columns]
        lists = {"columns": columns, "problems": finding.problems, "warnings": finding.warnings}
        write_json({"import_id": job.import_id, **names, **lists, "same_file_as": finding.twins})
        return
    write_table([("import", job.import_id), *summary.items()])
    for group in finding.problems:
        where = f"{group.code} {group.column}".rstrip()
        found = f"found {group.example.found}; {group.example.fix}"
        say(f"{group.count}x {where}, {_lines(group.lines, group.count)}: {found}")
    for warned in finding.warnings:
        say(f"{warned.count}x {warned.code}, {_lines(warned.lines, warned.count)}: {warned.what}")
    for twin in finding.twins:
        say(f"a file of the same content was imported before: import {twin}")


def _lines(lines: list[int], count: int) -> str:
    more = ", ..." if count > len(lines) else ""
    return f"line {', '.join(map(str, lines))}{more}"


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
    file: File,
    *,
    program: ProgramName,
    good_rows_only: GoodRowsOnly = False,
    as_json: AsJson = False,
) -> None:
    """Add the points of a CSV file, all of its rows or none.

    Only customerprofileid and amount must be there; validityDuration, like 30D, may stand in
    place of expirydate. Members that are new are made. A file with problems is refused as a
    whole, and its problems are listed.
    """
    started = time.monotonic()
    report = _import(ctx, file, program, import_points, good_rows_only=good_rows_only)
    _tell(report, seconds=round(time.monotonic() - started, 1), as_json=as_json)


@app.command(
    "join-dates", epilog=examples("tallystick import join-dates dates.csv --program Groceries")
)
def join_dates(
    ctx: typer.Context,
    file: File,
    *,
    program: ProgramName,
    good_rows_only: GoodRowsOnly = False,
    as_json: AsJson = False,
) -> None:
    """Set the join dates of a CSV file, all of its rows or none.

    Its columns are customerprofileid and newjoindate; the profiles have to be there.
    """
    report = _import(ctx, file, program, import_join_dates, good_rows_only=good_rows_only)
    if as_json:
        told = {"import_id": report.import_id, "recorded_at": report.recorded_at}
        write_json({**told, "rows": report.row_count})
    else:
        write_table([("import", report.import_id), ("rows", report.row_count)])


Report = TypeVar("Report")


def _import(
    ctx: typer.Context,
    file: str,
    program: str,
    run: Callable[..., Awaitable[Report]],
    *,
    good_rows_only: bool,
) -> Report:
    """What `run` reports of the file; the problems of one that it refuses are listed."""
    name = "stdin" if file == "-" else file
    try:
        with _opened(file) as binary, _progress(binary) as progress:

            async def work(context: Context) -> Report:
                return await run(
                    context,
                    await find_program(context, program),
                    binary,
                    file_name=Path(name).name,
                    good_rows_only=good_rows_only,
                    progress=progress,
                )

            return run_in_context(ctx, work)
    except InvalidFile as refused:
        _list_problems(name, refused)
        raise typer.Exit(1) from refused


@app.command("list", epilog=examples("tallystick import list --program Groceries"))
def list_(ctx: typer.Context, *, program: ProgramName, as_json: AsJson = False) -> None:
    """Show the last thousand imports, the newest first."""

    async def work(context: Context) -> list[ImportJob]:
        found = await find_program(context, program)
        return (await jobs.list_jobs(context, found.id, page_size=1_000, skip=0)).jobs

    found = run_in_context(ctx, work)
    if as_json:
        write_json_array(map(_record, found))
    else:
        write_table([_LISTED, *map(_listed, found)])


@app.command("show", epilog=examples("tallystick import show 7 --program Groceries"))
def show(
    ctx: typer.Context, import_id: Id, *, program: ProgramName, as_json: AsJson = False
) -> None:
    """Show one import: which file came when, and what became of it."""
    job = _found(ctx, import_id, program)
    if as_json:
        write_json(_record(job))
    else:
        told = ((name, value) for name, value in _record(job).items() if value is not None)
        write_table([(name.replace("_", " "), value) for name, value in told])


@app.command(
    "report",
    epilog=examples("tallystick import report 7 --program Groceries > mend.csv"),
)
def report(ctx: typer.Context, import_id: Id, *, program: ProgramName) -> None:
    """Write the bad rows of a file that was checked, as CSV.

    They have line, problem and fix in front. Mend them and import the file: the three columns are
    left alone.
    """

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        job = await jobs.get_job(context, found.id, ImportId(import_id))
        jobs.check_checked(context, job)
        with sink(None) as output:
            await jobs.write_problems(context, job, output)

    run_in_context(ctx, work)


@app.command("undo", epilog=examples("tallystick import undo 7 --program Groceries --yes"))
def undo(  # noqa: PLR0913 - one per option
    ctx: typer.Context,
    import_id: Id,
    *,
    program: ProgramName,
    below_zero: Annotated[
        bool, typer.Option("--below-zero", help="Let members owe what they have spent already.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it, and not only say what it does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what an undo would take back and, with --yes, do it."""

    async def work(context: Context) -> UndoPreview:
        found = await find_program(context, program)
        preview = await jobs.preview_job_undo(context, found, ImportId(import_id))
        if yes:
            job = await jobs.start_undo(
                context, None, found, ImportId(import_id), below_zero=below_zero
            )
            done = await _work(context, found, job)
            if done.state != "undone":
                raise InvalidField("ID", "an undo that failed", done.failure or "try again")
        return preview

    preview = run_in_context(ctx, work)
    summary: dict[str, object] = {
        "rows": preview.row_count,
        "members": preview.member_count,
        "active": exact(preview.active),
        "pending": exact(preview.pending),
        "expired": exact(preview.expired),
        "repaid": exact(preview.repaid),
        "spent": exact(preview.spent),
    }
    if below_zero:
        summary |= {"owing": preview.below_zero_count, "owed": exact(preview.below_zero)}
    if as_json:
        write_json({"undone": yes, **summary})
        return
    write_table(list(summary.items()))
    say(f"Import {import_id} is undone." if yes else "Nothing was written; --yes undoes it.")


@app.command("sample", epilog=examples("tallystick import sample points > points.csv"))
def sample(
    format_: Annotated[FormatName, typer.Argument(metavar="FORMAT", help="points or join-dates.")],
) -> None:
    """Write a small file of a format, to begin with."""
    write(FORMATS[format_.value].sample.encode())


_LISTED = ("id", "created", "format", "state", "rows", "file")


def _listed(job: ImportJob) -> tuple[object, ...]:
    rows = "" if job.row_count is None else job.row_count
    created = render_instant(job.created_at)
    return job.import_id, created, job.format, job.state, rows, job.file_name


def _found(ctx: typer.Context, import_id: int, program: str) -> ImportJob:
    async def work(context: Context) -> ImportJob:
        found = await find_program(context, program)
        return await jobs.get_job(context, found.id, ImportId(import_id))

    return run_in_context(ctx, work)


def _record(job: ImportJob) -> dict[str, object]:
    return {
        "import_id": job.import_id,
        "format": job.format,
        "state": job.state,
        "file_name": job.file_name,
        "file_size": job.file_bytes,
        "sha256": job.file_digest.hex(),
        "file_kept": job.file_kept,
        "created": render_instant(job.created_at),
        "user_id": job.user_id,
        "rows": job.row_count,
        "points": None if job.amount is None else exact(job.amount),
        "problems": job.problem_count,
        "failure": job.failure,
    }


def _tell(report: ImportReport, *, seconds: float, as_json: bool) -> None:
    summary: dict[str, object] = {
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
        write_table([("import", report.import_id), *summary.items()])


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


def _progress(binary: BinaryIO) -> AbstractContextManager[Callable[[int], None]]:
    return _bar(_size(binary))


@contextmanager
def _bar(size: int | None) -> Iterator[Callable[[int], None]]:
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
