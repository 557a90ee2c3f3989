"""What is told of a program's members: in a list, and of each what is coming up."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from tallystick.core.balances import Balance
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.transactions import TransactionBrief
from tallystick.core.validity import end_of_days, local_date, local_day_start

DAYS_BACK = 30
DAYS_AHEAD = 31

_TICK = timedelta(microseconds=1)


class MemberState(Enum):
    """What members can be looked for by."""

    ACTIVE = "active"
    PENDING = "pending"
    BELOW_ZERO = "below-zero"
    NOTHING = "nothing"  # neither of the three


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member in a list.

    name: None if it is not known. joined_at: None without a join date. next_expiry: the points that
    expire at `next_expiry_at`, the next time any do, if nothing is spent. last_at: when a
    transaction that is shown was last recorded.
    """

    integration_id: IntegrationId
    name: str | None
    joined_at: datetime | None
    balance: Balance
    next_expiry_at: datetime | None
    next_expiry: Points
    last_at: datetime | None


class Change(Enum):
    """What time alone does to points."""

    ACTIVATES = "activates"
    EXPIRES = "expires"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingChange:
    """Points of one addition that become active, less what debts take of them, or that expire.

    transaction: the addition, None if it is not shown.
    """

    at: datetime
    change: Change
    points: Points
    subledger: str
    transaction: TransactionBrief | None


def timeline_instants(now: datetime, zone: str) -> list[tuple[date, datetime]]:
    """The local days from 30 before today to 31 after it, each with the instant that tells it.

    That is its last microsecond, so that what changes at midnight belongs to the next day; today's
    is now.
    """
    starts_at, back = local_day_start(now, zone), []
    for _ in range(DAYS_BACK):
        last_at = starts_at - _TICK
        back.append((local_date(last_at, zone), last_at))
        starts_at = local_day_start(last_at, zone)
    ahead = [(day, ends_at - _TICK) for day, ends_at in end_of_days(now, zone, DAYS_AHEAD)]
    return [*reversed(back), (local_date(now, zone), now), *ahead]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePoint:
    """A balance at `at`: the last microsecond of a local day, or now for today."""

    day: date
    at: datetime
    balance: Balance
