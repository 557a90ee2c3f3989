"""Transactions and balances as CSV files."""

from typing import Literal

import msgspec
from starlette.responses import Response

from tallystick.api.csv_stream import Sink, csv_name, csv_response
from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import Instant, instant_in
from tallystick.core.balances import BalanceColumn
from tallystick.core.errors import InvalidField, shown
from tallystick.services.balances_export import export_balances
from tallystick.services.transactions import DateFormat, export_transactions

_COLUMNS = {column.value: column for column in BalanceColumn}
_UNASKED = frozenset(BalanceColumn) - {BalanceColumn.NEGATIVE}


class LogQuery(msgspec.Struct):
    """From when to when, and how instants are written."""

    rangeStart: Instant
    rangeEnd: Instant
    dateFormat: Literal["excel", "ISO8601"] = "excel"


class BalancesFileQuery(msgspec.Struct):
    """At which instant, and which columns have values."""

    endDate: Instant | None = None
    balances: str | None = None


async def get_log(call: Call[LogQuery, Nothing]) -> Response:
    """The transactions of a member as a CSV file, in the order in which they were recorded."""
    query = call.query
    from_at = instant_in(query.rangeStart, "rangeStart")
    to_at = instant_in(query.rangeEnd, "rangeEnd")
    assert from_at is not None
    assert to_at is not None
    program, integration_id = await call.profile_program(), call.integration_id()

    async def write(sink: Sink) -> None:
        await export_transactions(
            call.context,
            program,
            caller=call.known_caller,
            integration_id=integration_id,
            from_at=from_at,
            to_at=to_at,
            date_format=DateFormat(query.dateFormat),
            output=sink,
        )

    days = f"{from_at.date()}-to-{to_at.date()}"
    name = csv_name(program.settings.name, "transactions", integration_id, days)
    return await csv_response(call, name, write)


async def get_balances(call: Call[BalancesFileQuery, Nothing]) -> Response:
    """The balances of all members as a CSV file, a line per member and ledger, by member.

    At any instant, now if none is given. If `balances` lists columns, the others are empty; what is
    active is always there. The negative balance is a column only if it is listed.
    """
    columns = _columns(call.query.balances)
    at = instant_in(call.query.endDate, "endDate") or call.context.clock()
    program = await call.profile_program()

    async def write(sink: Sink) -> None:
        await export_balances(
            call.context,
            program,
            caller=call.known_caller,
            at=at,
            columns=columns,
            output=sink,
        )

    name = csv_name(program.settings.name, "balances", f"{at:%Y-%m-%dT%H%M%SZ}")
    return await csv_response(call, name, write)


def _columns(text: str | None) -> frozenset[BalanceColumn]:
    """The columns that are listed. Errors: InvalidField. Source: decision I-10."""
    if text is None:
        return _UNASKED
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in _COLUMNS:
            fix = f"write some of {', '.join(_COLUMNS)}, with commas between them"
            raise InvalidField("balances", shown(name), fix)
    return frozenset(_COLUMNS[name] for name in names)
