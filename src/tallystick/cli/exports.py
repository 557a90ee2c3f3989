"""`tallystick export`: files out of the books, in any format."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import FileSizeColumn, Progress, TextColumn, TransferSpeedColumn

from tallystick.cli.options import (
    At,
    KnownAt,
    Member,
    ProgramName,
    examples,
    find_member,
    find_program,
    read_instant,
)
from tallystick.cli.output import Sink, say, sink
from tallystick.cli.runtime import run_in_context
from tallystick.core.errors import InvalidField, shown
from tallystick.core.exports import FileFormat
from tallystick.core.ids import ImportId, IntegrationId
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, Source
from tallystick.services.context import Context
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import BalancesWish, DateFormat, ExpiringWish, LogWish

app = typer.Typer(
    no_args_is_help=True,
    help="Export transactions, balances, what expires and the dashboard.",
    epilog=examples("tallystick export transactions --program Groceries > transactions.csv"),
)

After = Annotated[
    str | None, typer.Option(metavar="INSTANT", help="Only what was recorded then or later.")
]
Before = Annotated[
    str | None, typer.Option(metavar="INSTANT", help="Only what was recorded then or earlier.")
]
Dates = Annotated[
    DateFormat, typer.Option("--date-format", help="How instants are written in CSV.")
]
Members = Annotated[
    list[str] | None,
    typer.Option(
        "--member", metavar="ID", help="Only the customer profile of this id; repeatable."
    ),
]
Type = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Only addition or subtraction.")
]
From = Annotated[
    str | None, typer.Option("--source", metavar="SOURCE", help="Only manual, session or import.")
]
Subledger = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only this subledger; '' is the main ledger.")
]
OfImport = Annotated[
    int | None, typer.Option("--import", metavar="ID", help="Only what this import added.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The file to make; it appears once it is whole.", show_default="stdout"
    ),
]
AsFormat = Annotated[
    FileFormat | None,
    typer.Option(
        "--format", help="How to write it.", show_default="by the end of --output, else csv"
    ),
]
Safe = Annotated[
    bool, typer.Option("--safe", help="In CSV, disarm text that a spreadsheet would run.")
]
FirstDay = Annotated[
    str, typer.Option("--from", metavar="DAY", help="The first day, like 2026-12-01.")
]
LastDay = Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, itself included.")]


@app.command(
    "transactions",
    epilog=examples(
        "tallystick export transactions --program Groceries > transactions.csv",
        "tallystick export transactions --program Groceries --member hh-0900 \\",
        "  --after 2026-11-01T00:00:00Z --date-format ISO8601 --output november.csv",
        "tallystick export transactions --program Groceries --source import \\",
        "  --output imported.parquet",
    ),
)
def transactions(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    program: ProgramName,
    member: Members = None,
    after: After = None,
    before: Before = None,
    type_: Type = None,
    source: From = None,
    subledger: Subledger = None,
    import_: OfImport = None,
    date_format: Dates = DateFormat.EXCEL,
    format_: AsFormat = None,
    safe: Safe = False,
    output: Output = None,
) -> None:
    """Write the transaction log, in the order of recording.

    Its 18 columns are those of the API. Instants are UTC.
    """
    wish = LogWish(
        integration_ids=tuple(map(IntegrationId, member or ())),
        from_at=read_instant("--after", after),
        to_at=read_instant("--before", before),
        kind=_named(Kind, "--type", type_),
        source=_named(Source, "--source", source),
        subledger=subledger,
        import_id=None if import_ is None else ImportId(import_),
        date_format=date_format,
    )

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        await write_file(context, found, wish, format_=format_, safe=safe, output=output)

    run_in_context(ctx, work)
    tell(output)


@app.command(
    "balances",
    epilog=examples(
        "tallystick export balances --program Groceries --at 2026-12-01T00:00:00Z \\",
        "  --output balances.csv",
        "tallystick export balances --program Groceries --details --output balances.xlsx",
    ),
)
def balances(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    program: ProgramName,
    at: At = None,
    member: Member = None,
    known_at: KnownAt = None,
    details: Annotated[
        bool, typer.Option("--details", help="Add what expires next, and the join date.")
    ] = False,
    format_: AsFormat = None,
    safe: Safe = False,
    output: Output = None,
) -> None:
    """Write the balances at any moment, by member and subledger."""
    at_given, known = read_instant("--at", at), read_instant("--known-at", known_at)

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        profile = await find_member(context, found, member)
        wish = BalancesWish(at=at_given, known_at=known, integration_id=profile, details=details)
        await write_file(context, found, wish, format_=format_, safe=safe, output=output)

    run_in_context(ctx, work)
    tell(output)


@app.command(
    "expiring",
    epilog=examples(
        "tallystick export expiring --program Groceries --from 2026-12-01 --to 2026-12-31 \\",
        "  --output december.csv",
    ),
)
def expiring(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    program: ProgramName,
    from_: FirstDay,
    to: LastDay,
    member: Member = None,
    subledger: Subledger = None,
    format_: AsFormat = None,
    safe: Safe = False,
    output: Output = None,
) -> None:
    """Write what will expire and become active, day by day.

    There is a line per member, subledger and day on which anything changes. Days are those of the
    program's time zone. What debts will take of points does not count.
    """

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        profile = await find_member(context, found, member)
        wish = ExpiringWish(first=from_, last=to, integration_id=profile, subledger=subledger)
        with _as_options({"rangeStart": "--from", "rangeEnd": "--to"}):
            await write_file(context, found, wish, format_=format_, safe=safe, output=output)

    run_in_context(ctx, work)
    tell(output)


@contextmanager
def _as_options(names: Mapping[str, str]) -> Iterator[None]:
    """Refusals name the options that were given, not the parameters of the API."""
    try:
        yield
    except InvalidField as error:
        error.field = names.get(error.field, error.field)
        raise


async def write_file(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    wish: object,
    *,
    format_: FileFormat | None,
    safe: bool,
    output: Path | None,
) -> None:
    """Write the file that is wished for, with a count of rows and bytes on a terminal."""
    file_format = format_ or _format_of(output)
    with sink(output) as file, _watched(file) as (take, counted):
        await export_file(
            context,
            program,
            wish,
            file_format=file_format,
            safe=safe,
            output=take,
            heard=counted,
        )


class _Counted:
    """How many rows and bytes there were so far, shown on a terminal."""

    def __init__(self, file: Sink, bar: Progress) -> None:
        self._file = file
        self._bar = bar
        self._task = bar.add_task("", total=None, rows="0")
        self._rows = 0

    def hear(self, rows: bytes) -> None:
        """Count a block of rows; a line that goes on within a cell counts as one more."""
        self._rows += rows.count(b"\n")

    async def take(self, piece: bytes) -> None:
        """Write the next bytes."""
        await self._file(piece)
        self._bar.update(self._task, advance=len(piece), rows=f"{self._rows:,}")


def _terminal() -> Console:
    return Console(stderr=True)


@contextmanager
def _watched(file: Sink) -> Iterator[tuple[Sink, _Counted | None]]:
    """The sink, and who counts the rows for a terminal; nobody does where there is none."""
    console = _terminal()
    if not console.is_terminal:
        yield file, None
        return
    columns = TextColumn("{task.fields[rows]} rows"), FileSizeColumn(), TransferSpeedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        counted = _Counted(file, bar)
        yield counted.take, counted


def _format_of(output: Path | None) -> FileFormat:
    """The format that the end of a file's name stands for; CSV if it stands for none."""
    ends = {f".{each.value}": each for each in FileFormat}
    return ends.get("" if output is None else output.suffix.lower(), FileFormat.CSV)


E = TypeVar("E", Kind, Source)


def _named(kind: type[E], option: str, text: str | None) -> E | None:
    if text is None:
        return None
    names = {each.name.lower(): each for each in kind}
    if text not in names:
        raise InvalidField(option, shown(text), f"write {', '.join(names)}")
    return names[text]


def tell(output: Path | None) -> None:
    """Say that the file is there, if one was asked for."""
    if output is not None:
        say(f"The file {str(output)!r} is whole.")
