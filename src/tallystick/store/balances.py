"""Balances: sums over lots and allocations at an instant."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from tallystick.core.balances import Balance, BalanceColumn, DayChange
from tallystick.core.ids import HolderId, ProgramId
from tallystick.core.points import Points
from tallystick.store.copying import Rows, copy_rows, slices
from tallystick.store.db import Reader, Record
from tallystick.store.queries import load_queries

_SQL = load_queries("balances")


async def holder_balances(
    reader: Reader,
    holder_id: HolderId,
    program_id: ProgramId,
    *,
    at: datetime,
    known_at: datetime,
) -> dict[str, Balance] | None:
    """Balances by subledger name, the main ledger's being ""; None if there is no such holder.

    Shape: only ledgers in which the holder has entries by `at` that were not taken back.
    """
    rows = await reader.fetch(_SQL["holder_balances"], at, known_at, holder_id, program_id)
    if not rows:
        return None
    balances = {row["subledger"]: balance_of(row) for row in rows if row["subledger"] is not None}
    return {name: balance for name, balance in balances.items() if balance != Balance()}


async def all_balances(
    reader: Reader, holder_id: HolderId, *, at: datetime
) -> dict[ProgramId, dict[str, Balance]]:
    """The balances by program and subledger name, as known at the same instant.

    Shape: only where the holder has entries by `at` that were not taken back.
    """
    found: defaultdict[ProgramId, dict[str, Balance]] = defaultdict(dict)
    for row in await reader.fetch(_SQL["all_balances"], at, at, holder_id):
        if (balance := balance_of(row)) != Balance():
            found[row["program_id"]][row["subledger"]] = balance
    return found


async def holder_days(
    reader: Reader,
    holder_id: HolderId,
    program_id: ProgramId,
    *,
    at: datetime,
    ends: Sequence[datetime],
) -> list[DayChange]:
    """What changes after `at` until each of the ends of days, by subledger name and day."""
    rows = await reader.fetch(_SQL["holder_days"], holder_id, program_id, at, list(ends))
    return [
        DayChange(
            subledger=row["subledger"],
            ends_at=row["ends_at"],
            activating=Points(row["activating"]),
            expiring=Points(row["expiring"]),
        )
        for row in rows
    ]


async def program_totals(
    reader: Reader, program_id: ProgramId, *, at: datetime, known_at: datetime
) -> Balance:
    """The sums over all members and subledgers."""
    row = await reader.fetchrow(_SQL["program_totals"], at, known_at, program_id)
    assert row is not None
    return balance_of(row)


async def copy_balances(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    *,
    at: datetime,
    known_at: datetime,
    holder_id: HolderId | None,
    columns: Collection[BalanceColumn],
    details: bool,
    rows: Rows,
) -> None:
    """Copy the balances file, a line per member and subledger, slice by slice and by member.

    Columns that are not wanted are empty, but the active points are always there, and the negative
    balance is a column only if it is wanted, or details are.
    """
    with_debts = BalanceColumn.NEGATIVE in columns
    name = "copy_balances_and_debts" if with_debts else "copy_balances"
    values = at, known_at, program_id
    names = [column.value for column in columns]
    for first, last in await slices(reader, holder_id):
        await copy_rows(
            reader,
            _SQL,
            "copy_balances_and_details" if details else name,
            *values,
            first,
            last,
            names,
            rows=rows,
        )


def balance_of(row: Record) -> Balance:
    """The five figures of a row."""
    return Balance(
        pending=Points(row["pending"]),
        active=Points(row["active"]),
        spent=Points(row["spent"]),
        expired=Points(row["expired"]),
        negative=Points(row["negative"]),
    )
