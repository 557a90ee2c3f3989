"""What time alone will do to a program's points in the next 31 days."""

from dataclasses import dataclass
from datetime import datetime

from tallystick.core.members import DAYS_AHEAD
from tallystick.core.points import ZERO, Points
from tallystick.core.validity import end_of_days, next_local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the books said at `at` of what is ahead until `until`, exclusive, if nothing is done.

    Points that expire, and the end of the day on which the most do; points that become active, less
    what debts take of them; both with how many members that concerns. What is owed at `at`.
    """

    at: datetime
    until: datetime
    expiring: Points = ZERO
    expiring_members: int = 0
    largest: Points = ZERO
    largest_until: datetime | None = None
    activating: Points = ZERO
    activating_members: int = 0
    owed: Points = ZERO
    owing_members: int = 0


def ends_ahead(at: datetime, zone: str) -> list[datetime]:
    """The exclusive ends of the local day of `at` and of the 31 after it."""
    return [next_local_day(at, zone), *(end for _, end in end_of_days(at, zone, DAYS_AHEAD))]
