"""The figures of a program's days as a file."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from tallystick.core.dashboard import Day, FigureGroup, Frame, days_of_dates, frame_dates
from tallystick.core.errors import InvalidField
from tallystick.core.programs import Program
from tallystick.core.validity import local_date
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.services.dashboard import tell_days
from tallystick.services.exports import record_export
from tallystick.store import dashboard as store
from tallystick.store.db import Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days of a file: from one date to another, both inclusive, as far as they are over."""

    first_on: date
    last_on: date
    days: list[Day]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanFields:
    """The names under which somebody was asked for days."""

    frame: str
    first: str
    last: str


def choose_span(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    *,
    frame: Frame | None,
    first_on: date | None,
    last_on: date | None,
    fields: SpanFields,
) -> Span:
    """The days of a frame, of the last 30 days if nothing is given, or from one date to another.

    Errors: InvalidField for a frame beside dates, one date alone, dates that are turned round or
    too far apart.
    """
    now, zone = context.clock(), program.settings.timezone
    if first_on is None and last_on is None:
        first_on, last_on = frame_dates(frame or Frame.LAST_30_DAYS, now=now, zone=zone)
    elif frame is not None:
        fix = f"leave it out, or both {fields.first} and {fields.last}"
        raise InvalidField(fields.frame, f"{frame.value!r} beside a range", fix)
    if first_on is None or last_on is None:
        missing = fields.first if first_on is None else fields.last
        fix = f"write both {fields.first} and {fields.last}, or {fields.frame} alone"
        raise InvalidField(missing, "nothing", fix)
    days = days_of_dates(
        first_on,
        last_on,
        now=now,
        zone=zone,
        first_field=fields.first,
        last_field=fields.last,
    )
    return Span(first_on=first_on, last_on=last_on, days=days)


async def export_dashboard(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    span: Span,
    *,
    groups: Collection[FigureGroup],
    subledger: str | None = None,
    caller: Caller | None = None,
    output: Sink,
) -> None:
    """Write the days as CSV, a line a day with the columns of the groups; of all ledgers or one.

    Dates are those of the program's time zone. It is written down that `caller`, None for a
    command, took the file. Source: domain section C13 and decision I-27.
    """
    now, zone = context.clock(), program.settings.timezone
    filter_ = {
        "subledgerId": subledger,
        "rangeStart": span.first_on.isoformat(),
        "rangeEnd": span.last_on.isoformat(),
        "figures": ",".join(group.value for group in FigureGroup if group in groups),
    }
    await context.database.write(
        lambda tx: record_export(
            tx,
            caller,
            "LoyaltyLedger",
            program_id=program.id,
            filter_={name: value for name, value in filter_.items() if value is not None},
            now=now,
        )
    )
    points = await tell_days(context, program, span.days, subledger=subledger)
    days = [(local_date(point.day.starts_at, zone), point.figures) for point in points]
    async with context.database.copying() as reader:
        await store.copy_dashboard(reader, days, groups=groups, output=output)
