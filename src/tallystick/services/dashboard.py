"""The figures of a program's days, for its dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.dashboard import (
    Day,
    DayFigures,
    closed_days,
    days_before,
    last_closed_day,
)
from tallystick.core.ids import SubledgerId
from tallystick.core.programs import Program
from tallystick.services.context import Context
from tallystick.store import dashboard as store
from tallystick.store.db import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPoint:
    """A day and its figures."""

    day: Day
    figures: DayFigures


async def dashboard(
    context: Context,
    program: Program,
    *,
    from_at: datetime,
    to_at: datetime,
    subledger: str | None = None,
) -> list[DayPoint]:
    """The days that begin in the range, both ends inclusive, and are over; of all ledgers or one.

    Days are those of the program's time zone. Errors: InvalidField for a range that is turned
    round or too long.
    """
    zone = program.settings.timezone
    days = closed_days(from_at, to_at, now=context.clock(), zone=zone)
    return await tell_days(context, program, days, subledger=subledger)


async def yesterday(context: Context, program: Program) -> DayPoint:
    """The last day that is over, in the program's time zone."""
    day = last_closed_day(now=context.clock(), zone=program.settings.timezone)
    [point] = await tell_days(context, program, [day])
    return point


async def tell_days(
    context: Context, program: Program, days: Sequence[Day], *, subledger: str | None = None
) -> list[DayPoint]:
    """Days that follow one another with their figures, as the books say at one moment."""
    async with context.database.snapshot() as reader:
        return await read_days(reader, program, days, subledger=subledger)


async def read_days(
    reader: Reader, program: Program, days: Sequence[Day], *, subledger: str | None = None
) -> list[DayPoint]:
    """Days that follow one another with their figures, as the reader's snapshot has them.

    Those that are stored are read; from the first to the last of the others they are worked out.
    """
    ledger = await store.find_ledger(reader, program.id, subledger)
    known = await store.stored_days(reader, program.id, days, ledger=ledger)
    found = [each for each in known if each is not None]
    if len(found) < len(days):
        unknown = [place for place, each in enumerate(known) if each is None]
        first, last = unknown[0], unknown[-1] + 1
        worked_out = await _work_out(reader, program, days[first:last], ledger)
        tail = [each for each in known[last:] if each is not None]
        found = [*found[:first], *worked_out, *tail]
    return [DayPoint(day=day, figures=each) for day, each in zip(days, found, strict=True)]


async def _work_out(
    reader: Reader, program: Program, days: Sequence[Day], ledger: SubledgerId | None
) -> list[DayFigures]:
    first_at = await store.first_entry(reader, program.id)
    before = days_before(days[0], since=first_at, zone=program.settings.timezone)
    return await store.figures_of_days(reader, program.id, days, before=before, ledger=ledger)
