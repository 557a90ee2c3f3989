"""Figures of whole days: worked out from the books, stored, and read."""

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime
from itertools import pairwise

from tallystick.core.balances import Balance
from tallystick.core.dashboard import Day, DayFigures, FigureGroup, Holding, Ledger
from tallystick.core.ids import ProgramId, SubledgerId
from tallystick.core.points import Points
from tallystick.store.copying import Rows, copy_rows
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.pages import fetch_page
from tallystick.store.programs import find_subledgers
from tallystick.store.queries import load_queries

_SQL = load_queries("dashboard")

ALL_LEDGERS = SubledgerId(-1)  # stands where all ledgers together have a row

_GROUP = re.compile(r"  -- group: ([a-z-]+)\n(.*?)(?=  -- )", re.DOTALL)


async def find_ledger(
    reader: Reader, program_id: ProgramId, subledger: str | None
) -> SubledgerId | None:
    """The ledger of that name, all of them together for None; None if there is no such ledger."""
    if subledger is None:
        return ALL_LEDGERS
    found = await find_subledgers(reader, {(program_id, subledger)})
    return found.get((program_id, subledger))


async def stored_days(
    reader: Reader, program_id: ProgramId, days: Sequence[Day], *, ledger: SubledgerId | None
) -> list[DayFigures | None]:
    """The figures of days as far as they are known without reading the books, None elsewhere.

    ledger: None is one that is not there, and has nothing.
    """
    starts, ends = [day.starts_at for day in days], [day.ends_at for day in days]
    rows = await reader.fetch(_SQL["stored_days"], program_id, ledger, starts, ends)
    return [_figures(row) if row["is_known"] else None for row in rows]


async def ledgers_of_day(reader: Reader, program_id: ProgramId, day: Day) -> list[Ledger]:
    """All ledgers of a program, the main ledger first, with what is known of that day's end."""
    rows = await reader.fetch(_SQL["ledgers_of_day"], program_id, day.starts_at, day.ends_at)
    return [
        Ledger(name=row["name"], holding=_holding(row) if row["is_known"] else None) for row in rows
    ]


def _holding(row: Record) -> Holding:
    return Holding(
        active=Points(row["active"]), pending=Points(row["pending"]), members=row["members"]
    )


async def first_entry(reader: Reader, program_id: ProgramId) -> datetime | None:
    """When the first entry of a program was recorded."""
    first_at: datetime | None = await reader.fetchval(_SQL["first_entry"], program_id)
    return first_at


async def figures_of_days(
    reader: Reader,
    program_id: ProgramId,
    days: Sequence[Day],
    *,
    before: Sequence[Day],
    ledger: SubledgerId | None,
) -> list[DayFigures]:
    """The figures of days that follow one another, worked out from the books.

    before: the days from the program's first entry to the first of these.
    """
    if ledger is None or not days:
        return [DayFigures() for _ in days]
    values = program_id, ledger, _boundaries(days), _boundaries_before(before, days)
    return [_figures(row) for row in await fetch_page(reader, _SQL["figures_of_days"], *values)]


async def close_days(
    tx: Tx, program_id: ProgramId, days: Sequence[Day], *, before: Sequence[Day]
) -> None:
    """Work out the same in all ledgers and store it; the same again if the books are the same."""
    statement = await tx.prepare(_SQL["close_days"])
    await statement.fetch(program_id, None, _boundaries(days), _boundaries_before(before, days))


def _boundaries(days: Sequence[Day]) -> list[datetime]:
    """Where the first of the days begins, and where each of them ends."""
    assert all(day.ends_at == after.starts_at for day, after in pairwise(days))
    return [days[0].starts_at, *(day.ends_at for day in days)]


def _boundaries_before(before: Sequence[Day], days: Sequence[Day]) -> list[datetime]:
    return [*(day.starts_at for day in before), days[0].starts_at]


async def copy_dashboard(
    reader: Reader,
    days: Sequence[tuple[date, DayFigures]],
    *,
    groups: Collection[FigureGroup],
    rows: Rows,
) -> None:
    """Copy days and their figures; only the columns of the wanted groups."""
    wanted = {group.value for group in groups}
    queries = {
        name: _GROUP.sub(lambda found: found[2] * (found[1] in wanted), _SQL[name])
        for name in ("copy_dashboard", "copy_dashboard_json")
    }
    await copy_rows(reader, queries, "copy_dashboard", *_columns(days), rows=rows)


def _columns(days: Sequence[tuple[date, DayFigures]]) -> list[Sequence[date] | Sequence[int]]:
    """The arguments of the query."""
    figures = [each for _, each in days]
    return [
        [day for day, _ in days],
        [each.new_members for each in figures],
        [each.members for each in figures],
        [each.balance.active for each in figures],
        [each.balance.pending for each in figures],
        [each.balance.expired for each in figures],
        [each.earned_manually for each in figures],
        [each.earned_by_sessions for each in figures],
        [each.spent_manually for each in figures],
        [each.spent_by_sessions for each in figures],
        [each.earned_by_imports for each in figures],
        [each.spent_by_imports for each in figures],
    ]


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
        earned_by_imports=Points(row["earned_by_imports"]),
        earned_by_sessions=Points(row["earned_by_sessions"]),
        spent_manually=Points(row["spent_manually"]),
        spent_by_imports=Points(row["spent_by_imports"]),
        spent_by_sessions=Points(row["spent_by_sessions"]),
    )
