"""Transactions, balances and what expires, as files of any format."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import Response

from tallystick.api.csv_stream import Sink, csv_name, csv_response
from tallystick.api.operations import Call, Nothing, integration_id_in
from tallystick.api.wire import Instant, instant_in
from tallystick.core.balances import BalanceColumn
from tallystick.core.errors import InvalidField, shown
from tallystick.core.exports import FileFormat, days_between
from tallystick.core.ids import ImportId
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import render_instant
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import BalancesWish, DateFormat, ExpiringWish, LogWish

FormatName = Literal["csv", "parquet", "xlsx", "ndjson"]
KNOWN_AT = "Tallystick-Known-At"
BESIDE_CSV = tuple(each.media_type for each in FileFormat if each is not FileFormat.CSV)

_COLUMNS = {column.value: column for column in BalanceColumn}
_UNASKED = frozenset(BalanceColumn) - {BalanceColumn.NEGATIVE}
_INTEGER_MAX = 2_147_483_647


class FileQuery(msgspec.Struct, kw_only=True):
    """How a file is written."""

    format: Annotated[FormatName, msgspec.Meta(description="What the file is written as.")] = "csv"
    safe: Annotated[
        bool,
        msgspec.Meta(
            description="Put an apostrophe before text in a CSV that a spreadsheet would run."
        ),
    ] = False


class LogQuery(FileQuery, kw_only=True):
    """From when to when, and how instants are written."""

    rangeStart: Instant
    rangeEnd: Instant
    dateFormat: Literal["excel", "ISO8601"] = "excel"


class ProgramLogQuery(FileQuery, kw_only=True):
    """Which transactions are wanted; what is left out leaves nothing out."""

    rangeStart: Instant | None = None
    rangeEnd: Instant | None = None
    dateFormat: Literal["excel", "ISO8601"] = "excel"
    type: Annotated[
        Literal["addition", "subtraction"] | None, msgspec.Meta(description="Only of this type.")
    ] = None
    loyaltyTransactionType: Literal["manual", "session", "import"] | None = None
    subledgerId: str | None = None
    importId: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=_INTEGER_MAX)] | None,
        msgspec.Meta(description="Only what this import added, by its id in the books."),
    ] = None
    integrationIds: Annotated[
        tuple[str, ...], msgspec.Meta(description="Only of these profiles; may be repeated.")
    ] = ()


class BalancesFileQuery(FileQuery, kw_only=True):
    """At which instant, and which columns have values."""

    endDate: Instant | None = None
    balances: str | None = None
    details: Annotated[
        bool,
        msgspec.Meta(description="Add the negative balance, what expires next, and the join date."),
    ] = False
    asKnownAt: Instant | None = None


Day = Annotated[
    str,
    msgspec.Meta(
        description="A day of the program's time zone, like 2026-01-15, or an instant in it."
    ),
]


class ExpiringQuery(FileQuery, kw_only=True):
    """From which day to which, both of them included."""

    rangeStart: Day
    rangeEnd: Day
    subledgerId: str | None = None


async def get_log(call: Call[LogQuery, Nothing]) -> Response:
    """The transactions of a member as a file, in the order in which they were recorded."""
    query = call.query
    program, integration_id = await call.profile_program(), call.integration_id()
    wish = LogWish(
        integration_ids=(integration_id,),
        from_at=instant_in(query.rangeStart, "rangeStart"),
        to_at=instant_in(query.rangeEnd, "rangeEnd"),
        date_format=DateFormat(query.dateFormat),
    )
    return await _answer(call, program, wish, _log_parts(wish, call.context.clock()))


async def get_file(call: Call[Any, Nothing]) -> Response:
    """The file of whatever kind the query asks for."""
    program = await call.profile_program()
    kind = next(kind for kind in KINDS.values() if isinstance(call.query, kind.query))
    wish = kind.wish(call.query, program)
    return await _answer(call, program, wish, kind.parts(wish, call.context.clock()))


async def get_program_log(call: Call[ProgramLogQuery, Nothing]) -> Response:
    """The transactions of all members as a file, in the order in which they were recorded.

    It has the columns of the log of one member.
    """
    return await get_file(call)


async def get_balances(call: Call[BalancesFileQuery, Nothing]) -> Response:
    """The balances of all members as a file, a line per member and ledger.

    At any instant, now if none is given. If `balances` lists columns, the others are empty; what is
    active is always there. The negative balance is a column only if it is listed, or `details` are
    asked for.
    """
    return await get_file(call)


async def get_expiring(call: Call[ExpiringQuery, Nothing]) -> Response:
    """What will expire and what will become active, as a file, a line per member, ledger and day.

    Points that are certain to expire if nothing is spent: what debts will take does not count. What
    has happened already is left out.
    """
    return await get_file(call)


async def _answer(
    call: Call[Any, Nothing], program: Program, wish: object, parts: tuple[str, ...]
) -> Response:
    file_format, headers = FileFormat(call.query.format), dict[str, str]()

    async def write(sink: Sink) -> None:
        await export_file(
            call.context,
            program,
            wish,
            caller=call.known_caller,
            file_format=file_format,
            safe=call.query.safe,
            output=sink,
            tell=lambda known_at: headers.update({KNOWN_AT: render_instant(known_at)}),
            seconds_max=call.context.limits.export_seconds_max,
        )

    return await csv_response(
        call,
        name_of(program, parts, file_format),
        write,
        media_type=file_format.media_type,
        more_headers=headers,
    )


def name_of(program: Program, parts: tuple[str, ...], file_format: FileFormat) -> str:
    """The name of a file about a program."""
    return csv_name(program.settings.name, *parts, suffix=file_format.value)


# The kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of file: the struct of its query, the wish that it makes, and the file's name.

    parts: of the name, from the wish and the instant at which it was asked for.
    """

    query: type[FileQuery]
    wish: Callable[[Any, Program], object]
    parts: Callable[[Any, datetime], tuple[str, ...]]


def _log_wish(query: ProgramLogQuery, _program: Program) -> LogWish:
    return LogWish(
        integration_ids=tuple(map(integration_id_in, dict.fromkeys(query.integrationIds))),
        from_at=instant_in(query.rangeStart, "rangeStart"),
        to_at=instant_in(query.rangeEnd, "rangeEnd"),
        kind=None if query.type is None else Kind[query.type.upper()],
        source=None
        if query.loyaltyTransactionType is None
        else Source[query.loyaltyTransactionType.upper()],
        subledger=query.subledgerId,
        import_id=None if query.importId is None else ImportId(query.importId),
        date_format=DateFormat(query.dateFormat),
    )


def _log_parts(wish: LogWish, now: datetime) -> tuple[str, ...]:
    of_one = wish.integration_ids if len(wish.integration_ids) == 1 else ()
    from_day = f"{wish.from_at.date()}-" if wish.from_at else ""
    return "transactions", *of_one, f"{from_day}to-{(wish.to_at or now).date()}"


def _balances_wish(query: BalancesFileQuery, _program: Program) -> BalancesWish:
    return BalancesWish(
        at=instant_in(query.endDate, "endDate"),
        known_at=instant_in(query.asKnownAt, "asKnownAt"),
        columns=_columns(query.balances),
        details=query.details,
    )


def _balances_parts(wish: BalancesWish, now: datetime) -> tuple[str, ...]:
    return "balances", f"{wish.at or now:%Y-%m-%dT%H%M%SZ}"


def _expiring_wish(query: ExpiringQuery, program: Program) -> ExpiringWish:
    days_between(query.rangeStart, query.rangeEnd, zone=program.settings.timezone)
    return ExpiringWish(first=query.rangeStart, last=query.rangeEnd, subledger=query.subledgerId)


def _expiring_parts(wish: ExpiringWish, _now: datetime) -> tuple[str, ...]:
    return "expiring", f"{wish.first[:10]}-to-{wish.last[:10]}"


KINDS = {
    "balances": FileKind(query=BalancesFileQuery, wish=_balances_wish, parts=_balances_parts),
    "transactions": FileKind(query=ProgramLogQuery, wish=_log_wish, parts=_log_parts),
    "expiring": FileKind(query=ExpiringQuery, wish=_expiring_wish, parts=_expiring_parts),
}


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
