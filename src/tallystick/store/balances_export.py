"""Writes the balances file."""

from collections.abc import Collection
from datetime import datetime

from tallystick.core.balances import BalanceColumn
from tallystick.core.ids import HolderId, ProgramId
from tallystick.store.balances import Sink
from tallystick.store.db import Reader
from tallystick.store.queries import load_queries

_SQL = load_queries("balances_export")


async def copy_balances(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    *,
    at: datetime,
    known_at: datetime,
    holder_id: HolderId | None,
    columns: Collection[BalanceColumn],
    output: Sink,
) -> None:
    """Write the balances file as CSV with its header, a line per member and subledger.

    Columns that are not wanted are empty, but the active points are always there, and the negative
    balance is a column only if it is wanted.
    """
    with_debts = BalanceColumn.NEGATIVE in columns
    await reader.copy_from_query(
        _SQL["copy_balances_and_debts"] if with_debts else _SQL["copy_balances"],
        program_id,
        at,
        known_at,
        holder_id,
        [column.value for column in columns],
        output=output,
        format="csv",
        header=True,
    )
