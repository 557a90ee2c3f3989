"""The days that a dashboard shows, and what is known of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallystick.core.balances import Balance
from tallystick.core.errors import InvalidField
from tallystick.core.points import Points
from tallystick.core.validity import local_day_start, next_local_day, render_instant

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
    are everything that did not come from a session, files too; what members came to owe is not
    spent. Source: decisions I-24 and I-25.
    """

    balance: Balance
    members: int
    new_members: int
    earned_manually: Points
    earned_by_sessions: Points
    spent_manually: Points
    spent_by_sessions: Points


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
    while starts_at <= to_at and (ends_at := next_local_day(starts_at, zone)) <= now:
        if len(days) == DAYS_MAX:
            fix = f"ask for at most {DAYS_MAX} days at a time"
            raise InvalidField("rangeEnd", render_instant(to_at), fix)
        days.append(Day(starts_at=starts_at, ends_at=ends_at))
        starts_at = ends_at
    return days


def last_closed_day(*, now: datetime, zone: str) -> Day:
    """The day before the one that contains `now`."""
    ends_at = local_day_start(now, zone)
    return Day(starts_at=local_day_start(_just_before(ends_at), zone), ends_at=ends_at)


def _just_before(at: datetime) -> datetime:
    return at - timedelta(microseconds=1)
