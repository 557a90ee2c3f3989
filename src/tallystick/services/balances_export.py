"""The balances of all members as a file."""

from collections.abc import Collection
from datetime import datetime

from tallystick.core.balances import BalanceColumn
from tallystick.core.ids import IntegrationId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.validity import NEVER, render_instant
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.services.exports import record_export
from tallystick.store import balances as store
from tallystick.store.db import Sink

ALL_COLUMNS = frozenset(BalanceColumn)


async def export_balances(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    *,
    caller: Caller | None = None,
    at: datetime | None = None,
    known_at: datetime | None = None,
    integration_id: IntegrationId | None = None,
    columns: Collection[BalanceColumn] = ALL_COLUMNS,
    output: Sink,
) -> None:
    """Write the balances at `at` (now if None) as CSV, a line per member and subledger, by member.

    Columns that are not wanted are empty, but the active points are always there; the negative
    balance is a column only if it is wanted. It is written down that `caller`, None for a command,
    took the file. Source: decision I-10.
    """
    now = context.clock()
    at = now if at is None else at
    holder_id = integration_id and profile_holder(integration_id, program.environment)
    filter_ = {
        "integrationId": integration_id,
        "endDate": render_instant(at),
        "balances": ",".join(column.value for column in BalanceColumn if column in columns),
    }
    await context.database.write(
        lambda tx: record_export(
            tx,
            caller,
            "LoyaltyLedger",
            program_id=program.id,
            filter_={name: value for name, value in filter_.items() if value is not None},
            now=now,
        )
    )
    async with context.database.copying() as reader:
        await store.copy_balances(
            reader,
            program.id,
            at=at,
            known_at=NEVER if known_at is None else known_at,
            holder_id=holder_id or None,
            columns=columns,
            output=output,
        )
