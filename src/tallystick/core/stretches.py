"""What happened in days or weeks that follow one another, from the figures of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tallystick.core.dashboard import DayFigures
from tallystick.core.points import Points

DAYS_SHOWN = 120  # of more than so many days a chart shows weeks
_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One day, or some that follow one another: totals at its end, and what happened in it.

    first_on, last_on: both inclusive. Points are hundredths.
    """

    first_on: date
    last_on: date
    members: int
    active: Points
    pending: Points
    new_members: int
    expired: Points
    earned_by_sessions: Points
    earned_manually: Points
    spent_by_sessions: Points
    spent_manually: Points

    @property
    def earned(self) -> Points:
        """All that was earned in it."""
        return Points(self.earned_by_sessions + self.earned_manually)

    @property
    def spent(self) -> Points:
        """All that was spent in it."""
        return Points(self.spent_by_sessions + self.spent_manually)


def stretches(days: Sequence[tuple[date, DayFigures]], *, before: DayFigures) -> list[Stretch]:
    """The days, or weeks if they are more than DAYS_SHOWN; the first week may be a short one.

    before: the figures of the day before the first.
    """
    size = 1 if len(days) <= DAYS_SHOWN else _WEEK
    short = len(days) % size
    firsts = [0, *range(short, len(days), size)] if short else [*range(0, len(days), size)]
    lasts = [*firsts[1:], len(days)]
    ends = [before, *(days[last - 1][1] for last in lasts)]
    return [
        stretch(days[first:last], before=end)
        for first, last, end in zip(firsts, lasts, ends[:-1], strict=True)
    ]


def stretch(days: Sequence[tuple[date, DayFigures]], *, before: DayFigures) -> Stretch:
    """The days as one stretch; there is at least one. before: of the day before the first."""
    figures = [each for _, each in days]
    (first_on, _), (last_on, end) = days[0], days[-1]
    return Stretch(
        first_on=first_on,
        last_on=last_on,
        members=end.members,
        active=end.balance.active,
        pending=end.balance.pending,
        new_members=sum(each.new_members for each in figures),
        expired=Points(end.balance.expired - before.balance.expired),
        earned_by_sessions=Points(sum(each.earned_by_sessions for each in figures)),
        earned_manually=Points(sum(each.earned_manually for each in figures)),
        spent_by_sessions=Points(sum(each.spent_by_sessions for each in figures)),
        spent_manually=Points(sum(each.spent_manually for each in figures)),
    )
