"""What a balance is made of, and how it goes on from day to day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from tallystick.core.points import ZERO, Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The state of points at an instant; none of the five is ever below zero.

    All additions by then are pending + active + spent + expired; all deductions are spent +
    negative. `negative` is what is owed, and while it is above zero `active` is zero.
    """

    pending: Points = ZERO
    active: Points = ZERO
    spent: Points = ZERO
    expired: Points = ZERO
    negative: Points = ZERO


def total_of(balances: Iterable[Balance]) -> Balance:
    """All of them together."""
    total = Balance()
    for each in balances:
        total = Balance(
            pending=Points(total.pending + each.pending),
            active=Points(total.active + each.active),
            spent=Points(total.spent + each.spent),
            expired=Points(total.expired + each.expired),
            negative=Points(total.negative + each.negative),
        )
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChange:
    """What changes in a subledger from an instant until the end of a day, exclusive."""

    subledger: str
    ends_at: datetime
    activating: Points
    expiring: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedDay:
    """A day ahead: what will have become active and expired by its end, and what is left then.

    `activating` leaves out what debts take at the moment of activation, so that
    projected = active now + activating - expiring. `ends_at` is the day's exclusive end. Source:
    domain B3 and decision I-2.
    """

    day: date
    ends_at: datetime
    activating: Points
    expiring: Points
    projected: Points


class BalanceColumn(Enum):
    """The columns of the balances file, in the contract's words."""

    ACTIVE = "currentBalance"
    PENDING = "pendingBalance"
    EXPIRED = "expiredBalance"
    SPENT = "spentBalance"
    NEGATIVE = "negativeBalance"
