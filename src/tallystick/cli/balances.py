"""`tallystick balances`: what members have, had or will have."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Annotated

import typer

from tallystick.cli.options import (
    At,
    Format,
    KnownAt,
    Member,
    ProgramName,
    examples,
    find_member,
    find_program,
    read_instant,
)
from tallystick.cli.output import (
    JsonArray,
    Record,
    Sink,
    exact,
    sink,
    write_csv,
    write_json,
    write_json_array,
)
from tallystick.cli.runtime import run_in_context
from tallystick.core.balances import Balance, ProjectedDay
from tallystick.services.balances import program_totals, project_days
from tallystick.services.context import Context
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import BalancesWish

app = typer.Typer()

Totals = Annotated[bool, typer.Option("--totals", help="Only the sums over all of them.")]
Days = Annotated[
    int | None,
    typer.Option(metavar="COUNT", help="What each of the next days brings a --member, up to 31."),
]
AsFormat = Annotated[Format, typer.Option("--format", help="How to write it.")]

_STATES = tuple(field.name for field in fields(Balance))
_DAY_COLUMNS = ("subledger", "day", "activating", "expiring", "projected")

# The columns of the balances file that JSON gives too, and how it calls them.
_NAMES = {
    "profileIntegrationID": "member",
    "loyaltySubledger": "subledger",
    "pendingBalance": "pending",
    "currentBalance": "active",
    "spentBalance": "spent",
    "expiredBalance": "expired",
    "negativeBalance": "negative",
}


@app.command(
    "balances",
    epilog=examples(
        "tallystick balances --program Groceries --at 2026-12-01T00:00:00Z",
        "tallystick balances --program Groceries --totals --format json",
        "tallystick balances --program Groceries --member hh-0900 --days 7",
    ),
)
def balances(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    program: ProgramName,
    at: At = None,
    member: Member = None,
    totals: Totals = False,
    known_at: KnownAt = None,
    days: Days = None,
    format_: AsFormat = Format.CSV,
) -> None:
    """Print balances at any moment.

    There is a line per member and subledger; the name of the main ledger is empty. An
    INSTANT is written like 2026-12-01T00:00:00Z or 2026-12-01T01:00:00+01:00.
    """
    _check_wishes(totals=totals, member=member, days=days, known_at=known_at)
    at_given = read_instant("--at", at)
    known = read_instant("--known-at", known_at)
    as_json = format_ is Format.JSON

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        profile = await find_member(context, found, member)
        instant = context.clock() if at_given is None else at_given
        if totals:
            sums = await program_totals(context, found, at=instant, known_at=known)
            _print_totals(sums, as_json=as_json)
        elif profile is not None and days is not None:
            ahead = await project_days(context, found, profile, days=days, at=instant)
            _print_days(ahead, as_json=as_json)
        else:
            with _rows_as_json() if as_json else sink(None) as output:
                wish = BalancesWish(at=instant, known_at=known, integration_id=profile)
                await export_file(context, found, wish, output=output)

    run_in_context(ctx, work)


def _check_wishes(
    *, totals: bool, member: str | None, days: int | None, known_at: str | None
) -> None:
    if totals and member is not None:
        raise typer.BadParameter("they are over all members; omit --member", param_hint="--totals")
    if days is not None and member is None:
        raise typer.BadParameter("say whose with --member", param_hint="--days")
    if days is not None and known_at is not None:
        raise typer.BadParameter("days go on from what is known at --at", param_hint="--known-at")


def _print_totals(sums: Balance, *, as_json: bool) -> None:
    record = {state: exact(points) for state, points in asdict(sums).items()}
    if as_json:
        write_json(record)
    else:
        write_csv(_STATES, [record])


def _print_days(ahead: dict[str, list[ProjectedDay]], *, as_json: bool) -> None:
    records = [
        {
            "subledger": subledger,
            "day": day.day,
            "activating": exact(day.activating),
            "expiring": exact(day.expiring),
            "projected": exact(day.projected),
        }
        for subledger, days in ahead.items()
        for day in days
    ]
    if as_json:
        write_json_array(records)
    else:
        write_csv(_DAY_COLUMNS, records)


@contextmanager
def _rows_as_json() -> Iterator[Sink]:
    """Takes the balances file and writes its rows as JSON.

    PostgreSQL sends a COPY row by row, so that a piece of the file is some rows and never a half.
    The header comes with the first.
    """
    array = JsonArray()
    columns: list[str] = []

    async def take(piece: bytes) -> None:
        rows = csv.reader(io.StringIO(piece.decode(), newline=""), strict=True)
        if not columns:
            columns.extend(next(rows))
        array.add(_record(dict(zip(columns, row, strict=True))) for row in rows)

    yield take
    array.end()


def _record(row: dict[str, str]) -> Record:
    return {
        name: Decimal(row[column]) if name in _STATES else row[column]
        for column, name in _NAMES.items()
    }
