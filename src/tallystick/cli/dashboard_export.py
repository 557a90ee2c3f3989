"""`tallystick export dashboard`, and the closing of the days that it reads."""

from datetime import date
from enum import Enum
from typing import Annotated

import typer

from tallystick.cli.exports import AsFormat, Output, Safe, app, tell, write_file
from tallystick.cli.options import ProgramName, examples, find_program
from tallystick.cli.output import say
from tallystick.cli.runtime import run_in_context
from tallystick.core.dashboard import (
    ALL_FIGURES,
    FigureGroup,
    Frame,
    SpanFields,
    choose_dates,
)
from tallystick.core.errors import InvalidField, shown
from tallystick.core.validity import DAY_FIX, parse_day
from tallystick.services.closing import close_days
from tallystick.services.context import Context
from tallystick.services.export_kinds import DashboardWish

closing = typer.Typer()


class Figures(Enum):
    """The groups of columns, and all that the documented file has."""

    MEMBERS = "members"
    TOTALS = "totals"
    EARNED_AND_SPENT = "earned-and-spent"
    IMPORTS = "imports"
    ALL = "all"


Last = Annotated[
    Frame | None,
    typer.Option("--last", help="The days up to yesterday.", show_default="30-days"),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="DAY", help="The first day, with --to.")
]
To = Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day, with --from.")]
Groups = Annotated[
    list[Figures] | None,
    typer.Option(
        "--figures",
        metavar="<members|totals|earned-and-spent|imports|all>",
        help="Which columns; may be repeated.",
        show_default="all",
    ),
]
Subledger = Annotated[
    str | None,
    typer.Option("--subledger", metavar="NAME", help="Only this ledger; '' is the main ledger."),
]


@app.command(
    "dashboard",
    epilog=examples(
        "tallystick export dashboard --program Groceries --last 7-days",
        "tallystick export dashboard --program Groceries --from 2026-11-01 --to 2026-11-30 \\",
        "  --figures members --figures totals --output november.csv",
    ),
)
def dashboard(  # noqa: PLR0913 - each is an option
    ctx: typer.Context,
    *,
    program: ProgramName,
    last: Last = None,
    from_: From = None,
    to: To = None,
    figures: Groups = None,
    subledger: Subledger = None,
    format_: AsFormat = None,
    safe: Safe = False,
    output: Output = None,
) -> None:
    """Write the figures of each day that is over.

    Days are those of the program's time zone, at most 400. The totals are those of a day's last
    instant; imports are part of what was earned and spent manually, and --figures imports tells
    how much of it they are.
    """
    first_on, last_on = _read_day("--from", from_), _read_day("--to", to)
    groups = _groups(figures or [Figures.ALL])

    async def work(context: Context) -> None:
        found = await find_program(context, program)
        first, last_one = choose_dates(
            last,
            first_on,
            last_on,
            now=context.clock(),
            zone=found.settings.timezone,
            fields=SpanFields(frame="--last", first="--from", last="--to"),
        )
        wish = DashboardWish(first_on=first, last_on=last_one, groups=groups, subledger=subledger)
        await write_file(context, found, wish, format_=format_, safe=safe, output=output)

    run_in_context(ctx, work)
    tell(output)


def _read_day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    day = parse_day(text)
    if day is None:
        raise InvalidField(option, shown(text), DAY_FIX)
    return day


def _groups(chosen: list[Figures]) -> frozenset[FigureGroup]:
    """The groups of columns that stand behind the words."""
    named = frozenset(FigureGroup(each.value) for each in chosen if each is not Figures.ALL)
    return named | ALL_FIGURES if Figures.ALL in chosen else named


@closing.command("close-days", epilog=examples("tallystick close-days"))
def close(ctx: typer.Context) -> None:
    """Store the figures of all days that are over.

    The server does so by itself, some seconds after a day is over in a program's time zone; this
    is for who runs none, or cannot wait.
    """
    count = run_in_context(ctx, close_days)
    say(f"{count} days were closed." if count else "All days that are over are closed.")
