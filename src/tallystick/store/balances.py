"""Balances: sums over lots and allocations at an instant."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from tallystick.core.balances import Balance, BalanceColumn, DayChange
from tallystick.core.ids import HolderId, IntegrationId, ProgramId
from tallystick.core.members import Change, ComingChange, Member, MemberState
from tallystick.core.points import Points
from tallystick.core.profiles import name_of
from tallystick.core.validity import NEVER
from tallystick.store.copying import Rows, copy_rows, slices
from tallystick.store.db import Reader, Record
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries
from tallystick.store.transactions import brief_of

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
    found = await holder_timeline(reader, holder_id, program_id, instants=[at], known_at=known_at)
    return None if found is None else found[at]


async def holder_timeline(
    reader: Reader,
    holder_id: HolderId,
    program_id: ProgramId,
    *,
    instants: Sequence[datetime],
    known_at: datetime,
) -> dict[datetime, dict[str, Balance]] | None:
    """The same at each of the instants."""
    rows = await reader.fetch(
        _SQL["holder_balances"], sorted({*instants}), known_at, holder_id, program_id
    )
    if not rows:
        return None
    found: dict[datetime, dict[str, Balance]] = {at: {} for at in instants}
    for row in rows:
        balance = balance_of(row)
        if row["subledger"] is not None and balance != Balance():
            found[row["at"]][row["subledger"]] = balance
    return found


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


async def holder_changes(  # noqa: PLR0913 - by name
    reader: Reader,
    holder_id: HolderId,
    program_id: ProgramId,
    *,
    at: datetime,
    until: datetime,
    subledger: str | None,
) -> list[ComingChange]:
    """What becomes active and expires after `at` and before `until`, in order, lot by lot."""
    sql = _SQL["holder_changes"]
    rows = await reader.fetch(sql, holder_id, program_id, at, until, subledger)
    return [
        ComingChange(
            at=row["at"],
            change=change,
            points=Points(points),
            subledger=row["subledger"],
            transaction=None if row["transaction_id"] is None else brief_of(row),
        )
        for row in rows
        for change, points in (
            (Change.ACTIVATES, row["activating"]),
            (Change.EXPIRES, row["expiring"]),
        )
        if points
    ]


async def list_members(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    holder_ids: Sequence[HolderId],
    *,
    at: datetime,
    subledger: str | None,
    state: MemberState | None,
    at_most: int,
) -> list[Member]:
    """Those of the holders who are members of the program, in the same order."""
    rows = await fetch_page(
        reader,
        _SQL["list_members"],
        at,
        NEVER,
        program_id,
        subledger,
        list(holder_ids),
        state and state.value,
        at_most,
    )
    return [
        Member(
            integration_id=IntegrationId(row["integration_id"]),
            name=name_of(row["attributes"]),
            joined_at=row["joined_at"],
            balance=balance_of(row),
            next_expiry_at=row["next_expiry_at"],
            next_expiry=Points(row["next_expiry"]),
            last_at=row["last_at"],
        )
        for row in rows
    ]


async def count_members(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    holder_ids: Sequence[HolderId],
    *,
    at: datetime,
    subledger: str | None,
    state: MemberState | None,
) -> int:
    """How many of the holders are members of the program."""
    values = at, NEVER, program_id, subledger, list(holder_ids), state and state.value
    return int(await reader.fetchval(_SQL["count_members"], *values))


async def member_totals(
    reader: Reader, program_id: ProgramId, holder_ids: Sequence[HolderId], *, at: datetime
) -> tuple[int, Points]:
    """How many of the holders have active or pending points, and all that is active."""
    values = at, NEVER, program_id, None, list(holder_ids), None
    row = await reader.fetchrow(_SQL["member_totals"], *values)
    assert row is not None
    return row["members"], Points(row["active"])


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
