"""Figures of whole days, worked out from the books."""

from collections.abc import Sequence

from tallystick.core.balances import Balance
from tallystick.core.dashboard import Day, DayFigures
from tallystick.core.ids import ProgramId
from tallystick.core.points import Points
from tallystick.store.db import Reader, Record
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries

_SQL = load_queries("dashboard")


async def figures_of_days(
    reader: Reader, program_id: ProgramId, days: Sequence[Day], *, subledger: str | None = None
) -> list[DayFigures]:
    """The figures of days that follow one another, of one subledger or of all."""
    if not days:
        return []
    boundaries = [days[0].starts_at, *(day.ends_at for day in days)]
    rows = await fetch_page(reader, _SQL["figures_of_days"], program_id, subledger, boundaries)
    return [_figures(row) for row in rows]


def _figures(row: Record) -> DayFigures:
    return DayFigures(
        balance=Balance(
            pending=Points(row["pending"]),
            active=Points(row["active"]),
            spent=Points(row["spent"]),
            expired=Points(row["expired"]),
            negative=Points(row["negative"]),
        ),
        members=row["members"],
        new_members=row["new_members"],
        earned_manually=Points(row["earned_manually"]),
        earned_by_sessions=Points(row["earned_by_sessions"]),
        spent_manually=Points(row["spent_manually"]),
        spent_by_sessions=Points(row["spent_by_sessions"]),
    )
