"""The days that a dashboard shows, and what is known of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from tallystick.core.balances import Balance
from tallystick.core.errors import InvalidField
from tallystick.core.points import ZERO, Points
from tallystick.core.validity import (
    local_date,
    local_day_start,
    local_midnight,
    months_before,
    next_local_day,
    render_instant,
)

DAYS_MAX = 400  # a year and a month: enough for every frame people ask for, and a bound on the work


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of a program's time zone: its first instant, and its exclusive end."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """What all members of a program had at the end of a day, and what happened in its course.

    `members` had active or pending points in any ledger. `earned_manually` and `spent_manually`
    are everything that did not come from a session, files too, of which `..._by_imports` tell how
    much those were; what members came to owe is not spent. Source: decisions I-24 and I-25.
    """

    balance: Balance = field(default_factory=Balance)
    members: int = 0
    new_members: int = 0
    earned_manually: Points = ZERO
    earned_by_imports: Points = ZERO
    earned_by_sessions: Points = ZERO
    spent_manually: Points = ZERO
    spent_by_imports: Points = ZERO
    spent_by_sessions: Points = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a ledger held at an instant, and how many members had active or pending points in it."""

    active: Points
    pending: Points
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A ledger of a program; the main ledger has no name. holding: None if it is not known yet."""

    name: str
    holding: Holding | None


class FigureGroup(Enum):
    """What a dashboard file can have columns of, besides the date."""

    MEMBERS = "members"
    TOTALS = "totals"
    EARNED_AND_SPENT = "earned-and-spent"
    IMPORTS = "imports"  # how much of what was earned and spent manually came from files


ALL_FIGURES = frozenset(FigureGroup) - {FigureGroup.IMPORTS}


class Frame(Enum):
    """Days that end with yesterday."""

    LAST_7_DAYS = "7-days"
    LAST_30_DAYS = "30-days"
    LAST_3_MONTHS = "3-months"
    LAST_YEAR = "year"


_FRAME_DAYS = {Frame.LAST_7_DAYS: 7, Frame.LAST_30_DAYS: 30}
_FRAME_MONTHS = {Frame.LAST_3_MONTHS: 3, Frame.LAST_YEAR: 12}


def closed_days(from_at: datetime, to_at: datetime, *, now: datetime, zone: str) -> list[Day]:
    """The days that begin from `from_at` to `to_at`, both inclusive, and have ended by `now`.

    Errors: InvalidField if the range is turned round or has more than DAYS_MAX of them.
    """
    if to_at < from_at:
        fix = "write an instant that is not before rangeStart"
        raise InvalidField("rangeEnd", render_instant(to_at), fix)
    days: list[Day] = []
    starts_at = local_day_start(from_at, zone)
    if starts_at < from_at:
        starts_at = next_local_day(starts_at, zone)
    for day in days_since(starts_at, now=now, zone=zone):
        if day.starts_at > to_at:
            break
        if len(days) == DAYS_MAX:
            fix = f"ask for at most {DAYS_MAX} days at a time"
            raise InvalidField("rangeEnd", render_instant(to_at), fix)
        days.append(day)
    return days


def days_since(at: datetime, *, now: datetime, zone: str) -> Iterator[Day]:
    """The days from the one that contains `at` that have ended by `now`, in order."""
    starts_at = local_day_start(at, zone)
    while (ends_at := next_local_day(starts_at, zone)) <= now:
        yield Day(starts_at=starts_at, ends_at=ends_at)
        starts_at = ends_at


def days_before(day: Day, *, since: datetime | None, zone: str) -> list[Day]:
    """The days from the one that contains `since`, if anything, to the one before `day`."""
    return [] if since is None else list(days_since(since, now=day.starts_at, zone=zone))


def days_of_dates(  # noqa: PLR0913 - by name
    first_on: date,
    last_on: date,
    *,
    now: datetime,
    zone: str,
    first_field: str = "rangeStart",
    last_field: str = "rangeEnd",
) -> list[Day]:
    """The days from one date to another, both inclusive, that are over.

    Errors: InvalidField, of `last_field`, if the dates are turned round or there are more than
    DAYS_MAX of them.
    """
    if last_on < first_on:
        fix = f"write a day that is not before {first_field}"
        raise InvalidField(last_field, last_on.isoformat(), fix)
    if (last_on - first_on).days >= DAYS_MAX:
        fix = f"ask for at most {DAYS_MAX} days at a time"
        raise InvalidField(last_field, last_on.isoformat(), fix)
    return closed_days(
        local_midnight(first_on, zone), local_midnight(last_on, zone), now=now, zone=zone
    )


def frame_dates(frame: Frame, *, now: datetime, zone: str) -> tuple[date, date]:
    """The first and the last date of a frame: on 8 October the last 7 days are 1 to 7 October.

    Months and a year begin on today's day of the month that many months ago, or on that month's
    last. Source: domain section D and decision I-27.
    """
    today = local_date(now, zone)
    yesterday = local_date(last_closed_day(now=now, zone=zone).starts_at, zone)
    if frame in _FRAME_DAYS:
        return today - timedelta(days=_FRAME_DAYS[frame]), yesterday
    return months_before(today, _FRAME_MONTHS[frame]), yesterday


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanFields:
    """The names under which somebody was asked for days."""

    frame: str = "last"
    first: str = "rangeStart"
    last: str = "rangeEnd"


def choose_dates(  # noqa: PLR0913 - by name
    frame: Frame | None,
    first_on: date | None,
    last_on: date | None,
    *,
    now: datetime,
    zone: str,
    fields: SpanFields = SpanFields(),
) -> tuple[date, date]:
    """The first and the last day of a frame, of the last 30 days if nothing is given, or as given.

    Errors: InvalidField for a frame beside dates, one date alone, dates that are turned round or
    too far apart.
    """
    if first_on is None and last_on is None:
        return frame_dates(frame or Frame.LAST_30_DAYS, now=now, zone=zone)
    if frame is not None:
        fix = f"leave it out, or both {fields.first} and {fields.last}"
        raise InvalidField(fields.frame, f"{frame.value!r} beside a range", fix)
    if first_on is None or last_on is None:
        missing = fields.first if first_on is None else fields.last
        fix = f"write both {fields.first} and {fields.last}, or {fields.frame} alone"
        raise InvalidField(missing, "nothing", fix)
    days_of_dates(
        first_on, last_on, now=now, zone=zone, first_field=fields.first, last_field=fields.last
    )
    return first_on, last_on


def last_closed_day(*, now: datetime, zone: str) -> Day:
    """The day before the one that contains `now`."""
    ends_at = local_day_start(now, zone)
    return Day(starts_at=local_day_start(_just_before(ends_at), zone), ends_at=ends_at)


def _just_before(at: datetime) -> datetime:
    return at - timedelta(microseconds=1)
