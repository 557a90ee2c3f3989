"""Weeks of points in the past, so that the pages of a program have figures to show."""

from dataclasses import dataclass
from datetime import timedelta

from api.harness import Api
from services.harness import NOW, change, import_rows, new_name
from tallystick.core.ids import IntegrationId
from tallystick.core.programs import Program
from tallystick.core.transactions import Source
from tallystick.core.validity import Duration
from tallystick.services.closing import close_days
from tallystick.services.postings import Posted


@dataclass(frozen=True, slots=True)
class Step:
    """So many days and hours before now a member, told by a number, earns or spends points."""

    days: int
    hours: int
    member: int
    points: str
    source: Source = Source.MANUAL
    subledger: str = ""
    start: Duration | None = None
    expiry: Duration | None = None


MEMBERS = 9


def _joined(day: int) -> int:
    """How many members there are so many days ago: one more every four days."""
    return min(MEMBERS, (44 - day) // 4 + 1)


STEPS = [
    *(
        Step(day, 3, day % _joined(day), f"{100 + day * 13 % 90}", Source.SESSION)
        for day in range(40, 0, -1)
        if day % 3
    ),
    *(
        Step(day, 1, day % _joined(day), f"-{20 + day % 11}", Source.SESSION)
        for day in range(33, 0, -4)
    ),
    Step(8, 2, 0, "750.50"),
    Step(7, 0, 0, "-80"),
    Step(9, 0, 3, "300", subledger="partner-air"),
    Step(5, 0, 4, "120", start=Duration(20, "D")),
    Step(25, 0, 1, "90", expiry=Duration(15, "D")),
    Step(8, 0, 2, "60", expiry=Duration(20, "D")),
    Step(0, 2, 1, "40", Source.SESSION),
]


async def fill_days(api: Api, program: Program) -> None:
    """Post what STEPS say, each at its instant; the clock is back at NOW then."""
    names = [IntegrationId(new_name("customer")) for _ in range(MEMBERS)]
    for number, name in enumerate(names):
        api.clock.now = NOW - timedelta(days=45 - 4 * number)
        await import_rows(api.context, program, f"{name},50")
    for step in sorted(STEPS, key=lambda step: (-step.days, -step.hours)):
        api.clock.now = NOW - timedelta(days=step.days, hours=step.hours)
        outcome = await change(
            api.context,
            program,
            names[step.member],
            step.points,
            source=step.source,
            session_id="session" if step.source is Source.SESSION else None,
            subledger=step.subledger,
            start=step.start,
            expiry=step.expiry,
        )
        assert isinstance(outcome, Posted), outcome
    api.clock.now = NOW
    await close_days(api.context)
