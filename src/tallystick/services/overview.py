"""What the first pages of a dashboard tell: of all programs a little, of one its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tallystick.core.dashboard import (
    Day,
    Frame,
    days_of_dates,
    frame_dates,
)
from tallystick.core.outlook import Outlook
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.validity import local_date, local_day_start
from tallystick.services.context import Context
from tallystick.services.dashboard import DayPoint, read_days
from tallystick.services.outlook import read_outlook
from tallystick.store import balances as balance_store
from tallystick.store import dashboard as store
from tallystick.store.db import Reader
from tallystick.store.transactions import FEW_ENTRIES, first_holders, is_long_log

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCard:
    """A program with how many members have active or pending points, and what is active, at `at`.

    Of a program with few entries that is now, else the end of yesterday there, None where that day
    is not closed yet. trend: what was active at the ends of the last 30 days, None likewise.
    """

    program: Program
    at: datetime
    members: int | None
    active: Points | None
    trend: list[Points | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The figures of days in order, of the days before them, and what is ahead.

    before: as many days, and one more in front, from whose totals changes are counted.
    Today, if it was asked for, ends now; it is left out where there are too many entries to work it
    out at once. outlook: None as long as it was never worked out.
    """

    days: list[DayPoint]
    before: list[DayPoint]
    leaves_out_today: bool
    outlook: Outlook | None


async def program_cards(context: Context, programs: Sequence[Program]) -> list[ProgramCard]:
    """A card for each of the programs, in their order, from what is stored."""
    now = context.clock()
    async with context.database.snapshot() as reader:
        return [await _card(reader, program, now) for program in programs]


async def _card(reader: Reader, program: Program, now: datetime) -> ProgramCard:
    zone = program.settings.timezone
    days = days_of_dates(*frame_dates(Frame.LAST_30_DAYS, now=now, zone=zone), now=now, zone=zone)
    known = await store.stored_days(reader, program.id, days, ledger=store.ALL_LEDGERS)
    trend = [None if figures is None else figures.balance.active for figures in known]
    last, at = known[-1], days[-1].ends_at
    members, active = (None, None) if last is None else (last.members, last.balance.active)
    holder_ids = await first_holders(reader, program.id, at_most=FEW_ENTRIES)
    if holder_ids is not None:
        at = now
        members, active = await balance_store.member_totals(reader, program.id, holder_ids, at=at)
    return ProgramCard(program=program, at=at, members=members, active=active, trend=trend)


async def overview(
    context: Context,
    program: Program,
    *,
    first_on: date,
    last_on: date,
    subledger: str | None = None,
) -> Overview:
    """The figures from one local date to another, both inclusive, in one ledger or in all.

    Days that are over are read where they are stored. Errors: InvalidField if the dates are turned
    round or too far apart.
    """
    now, zone = context.clock(), program.settings.timezone
    days = days_of_dates(first_on, last_on, now=now, zone=zone)
    wants_today = first_on <= local_date(now, zone) <= last_on
    async with context.database.snapshot() as reader:
        leaves_out = wants_today and await is_long_log(reader)
        if wants_today and not leaves_out:
            days.append(Day(starts_at=local_day_start(now, zone), ends_at=now + _TICK))
        before = _days_before(first_on, len(days), now=now, zone=zone)
        if before:
            earlier = local_date(before[0].starts_at, zone)
            before = [*_days_before(earlier, 1, now=now, zone=zone), *before]
        points = await read_days(reader, program, [*before, *days], subledger=subledger)
        outlook = await read_outlook(reader, program, subledger=subledger, now=now)
    return Overview(
        days=points[len(before) :],
        before=points[: len(before)],
        leaves_out_today=leaves_out,
        outlook=outlook,
    )


def _days_before(first_on: date, count: int, *, now: datetime, zone: str) -> list[Day]:
    if not count:
        return []
    since, until = first_on - timedelta(days=count), first_on - timedelta(days=1)
    return days_of_dates(since, until, now=now, zone=zone)
