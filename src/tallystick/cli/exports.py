"""`tallystick export`: the contract's CSV files."""

from pathlib import Path
from typing import Annotated

import typer

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
from tallystick.cli.output import say, sink
from tallystick.cli.runtime import run_in_context
from tallystick.services.balances_export import export_balances
from tallystick.services.context import Context
from tallystick.services.transactions import DateFormat, export_transactions

app = typer.Typer(
    no_args_is_help=True,
    help="Export transactions, balances and the dashboard as CSV.",
    epilog=examples("tallystick export transactions --program Groceries > transactions.csv"),
)

After = Annotated[
    str | None, typer.Option(metavar="INSTANT", help="Only what was recorded then or later.")
]
Before = Annotated[
    str | None, typer.Option(metavar="INSTANT", help="Only what was recorded then or earlier.")
]
Dates = Annotated[DateFormat, typer.Option("--date-format", help="How instants are written.")]
Output = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The file to make; it appears once it is whole.", show_default="stdout"
    ),
]


@app.command(
    "transactions",
    epilog=examples(
        "tallystick export transactions --program Groceries > transactions.csv",
        "tallystick export transactions --program Groceries --member hh-0900 \\",
        "  --after 2026-11-01T00:00:00Z --date-format ISO8601 --output november.csv",
    ),
)
def transactions(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    program: ProgramName,
    member: Member = None,
    after: After = None,
    before: Before = None,
    date_format: Dates = DateFormat.EXCEL,
    output: Output = None,
) -> None:
    """Write the transaction log.

    Its 18 columns are those of the API; it is ordered by member and by recording. Instants are
    UTC.
    """
    from_at, to_at = read_instant("--after", after), read_instant("--before", before)

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        profile = await find_member(context, found, member)
        with sink(output) as file:
            await export_transactions(
                context,
                found,
                integration_id=profile,
                from_at=from_at,
                to_at=to_at,
                date_format=date_format,
                output=file,
            )

    run_in_context(ctx, work)
    _tell(output)


@app.command(
    "balances",
    epilog=examples(
        "tallystick export balances --program Groceries --at 2026-12-01T00:00:00Z \\",
        "  --output balances.csv",
    ),
)
def balances(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    program: ProgramName,
    at: At = None,
    member: Member = None,
    known_at: KnownAt = None,
    output: Output = None,
) -> None:
    """Write the balances at any moment, by member."""
    at_given, known = read_instant("--at", at), read_instant("--known-at", known_at)

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        profile = await find_member(context, found, member)
        instant = context.clock() if at_given is None else at_given
        with sink(output) as file:
            await export_balances(
                context, found, at=instant, known_at=known, integration_id=profile, output=file
            )

    run_in_context(ctx, work)
    _tell(output)


def _tell(output: Path | None) -> None:
    if output is not None:
        say(f"The file {str(output)!r} is whole.")
