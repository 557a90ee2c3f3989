"""The figures of a program's dashboard, day by day."""

from decimal import Decimal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import instant_in
from tallystick.core.points import decimal_of
from tallystick.core.programs import Program
from tallystick.core.validity import render_local_instant
from tallystick.edges.transactions import Instant
from tallystick.services.dashboard import DayPoint, dashboard, yesterday


class DashboardQuery(msgspec.Struct):
    """Which days, and of which ledger."""

    rangeStart: Instant
    rangeEnd: Instant
    subledgerId: str | None = None


class OriginsBody(msgspec.Struct):
    """Points by where they came from: sessions are what the contract calls the rule engine."""

    createdManually: Decimal
    createdViaRuleEngine: Decimal


class DayBody(msgspec.Struct):
    """A day: totals at its end, and what happened in its course."""

    date: Instant
    totalActivePoints: Decimal
    totalPendingPoints: Decimal
    totalSpentPoints: Decimal
    totalExpiredPoints: Decimal
    totalNegativePoints: Decimal
    totalMembers: int
    newMembers: int
    spentPoints: OriginsBody
    earnedPoints: OriginsBody


class DashboardBody(msgspec.Struct):
    """The days in their order."""

    totalResultSize: int
    data: list[DayBody]


async def get_dashboard(call: Call[DashboardQuery, Nothing]) -> DashboardBody:
    """The figures of each day that begins from `rangeStart` to `rangeEnd` and is over.

    Days are those of the program's time zone, and `date` is when one begins. At most 400 at a time.
    """
    query = call.query
    program = await call.profile_program()
    from_at = instant_in(query.rangeStart, "rangeStart")
    to_at = instant_in(query.rangeEnd, "rangeEnd")
    assert from_at is not None
    assert to_at is not None
    points = await dashboard(
        call.context, program, from_at=from_at, to_at=to_at, subledger=query.subledgerId
    )
    return DashboardBody(
        totalResultSize=len(points), data=[_day_body(program, point) for point in points]
    )


async def get_statistics(call: Call[Nothing, Nothing]) -> DayBody:
    """The figures of yesterday in the program's time zone. Deprecated: ask for the dashboard."""
    program = await call.profile_program()
    return _day_body(program, await yesterday(call.context, program))


def _day_body(program: Program, point: DayPoint) -> DayBody:
    figures = point.figures
    balance = figures.balance
    return DayBody(
        date=render_local_instant(point.day.starts_at, program.settings.timezone),
        totalActivePoints=decimal_of(balance.active),
        totalPendingPoints=decimal_of(balance.pending),
        totalSpentPoints=decimal_of(balance.spent),
        totalExpiredPoints=decimal_of(balance.expired),
        totalNegativePoints=decimal_of(balance.negative),
        totalMembers=figures.members,
        newMembers=figures.new_members,
        spentPoints=OriginsBody(
            createdManually=decimal_of(figures.spent_manually),
            createdViaRuleEngine=decimal_of(figures.spent_by_sessions),
        ),
        earnedPoints=OriginsBody(
            createdManually=decimal_of(figures.earned_manually),
            createdViaRuleEngine=decimal_of(figures.earned_by_sessions),
        ),
    )
