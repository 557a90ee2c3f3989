"""The figures of a program's days, for its dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.dashboard import Day, DayFigures, closed_days, last_closed_day
from tallystick.core.programs import Program
from tallystick.services.context import Context
from tallystick.store import dashboard as store


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
    return await _points(context, program, days, subledger)


async def yesterday(context: Context, program: Program) -> DayPoint:
    """The last day that is over, in the program's time zone."""
    day = last_closed_day(now=context.clock(), zone=program.settings.timezone)
    [point] = await _points(context, program, [day], None)
    return point


async def _points(
    context: Context, program: Program, days: Sequence[Day], subledger: str | None
) -> list[DayPoint]:
    async with context.database.reader() as reader:
        figures = await store.figures_of_days(reader, program.id, days, subledger=subledger)
    return [DayPoint(day=day, figures=each) for day, each in zip(days, figures, strict=True)]
