"""Transactions, balances, what expires and the dashboard, as files of any format."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import Response

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import instant_in
from tallystick.core.balances import BalanceColumn
from tallystick.core.dashboard import ALL_FIGURES, FigureGroup, Frame, choose_dates
from tallystick.core.errors import InvalidField, shown
from tallystick.core.exports import FileFormat, days_between
from tallystick.core.ids import ImportId
from tallystick.core.programs import Program
from tallystick.core.texts import integration_id_in
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import DAY_FIX, parse_day, render_instant
from tallystick.edges.downloads import Sink, file_response
from tallystick.edges.export_files import export_name
from tallystick.edges.transactions import Instant
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import (
    BalancesWish,
    DashboardWish,
    DateFormat,
    ExpiringWish,
    LogWish,
)

FormatName = Literal["csv", "parquet", "xlsx", "ndjson"]
KNOWN_AT = "Tallystick-Known-At"
BESIDE_CSV = tuple(each.media_type for each in FileFormat if each is not FileFormat.CSV)

_COLUMNS = {column.value: column for column in BalanceColumn}
_UNASKED = frozenset(BalanceColumn) - {BalanceColumn.NEGATIVE}
_GROUPS = {group.value: group for group in FigureGroup}
_ALL = "all"
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
        msgspec.Meta(description="Only what this import added."),
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


LocalDay = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]


class DashboardFileQuery(FileQuery, kw_only=True):
    """Which days, of which ledger, and which columns."""

    last: Literal["7-days", "30-days", "3-months", "year"] | None = None
    rangeStart: LocalDay | None = None
    rangeEnd: LocalDay | None = None
    figures: str = _ALL
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
    return await _answer(call, program, wish)


async def get_file(call: Call[Any, Nothing]) -> Response:
    """The file of whatever kind the query asks for."""
    program = await call.profile_program()
    kind = next(kind for kind in KINDS.values() if isinstance(call.query, kind.query))
    return await _answer(call, program, kind.wish(call.query, program, call.context.clock()))


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


async def get_dashboard(call: Call[DashboardFileQuery, Nothing]) -> Response:
    """The figures of a program's days as a file, a line a day, by date.

    Days are those of the program's time zone, and only those that are over; at most 400. `figures`
    lists groups of columns: `members`, `totals`, `earned-and-spent`, `imports`, or `all` for the
    first three.
    """
    return await get_file(call)


async def _answer(call: Call[Any, Nothing], program: Program, wish: object) -> Response:
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

    return await file_response(
        call.context,
        call.request,
        export_name(program, wish, file_format, call.context.clock()),
        write,
        media_type=file_format.media_type,
        more_headers=headers,
    )


# The kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of file: the struct of its query, and the wish that it makes.

    wish: made from the query, for the program, at the instant at which it is asked for.
    """

    query: type[FileQuery]
    wish: Callable[[Any, Program, datetime], object]


def _log_wish(query: ProgramLogQuery, _program: Program, _now: datetime) -> LogWish:
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


def _balances_wish(query: BalancesFileQuery, _program: Program, _now: datetime) -> BalancesWish:
    return BalancesWish(
        at=instant_in(query.endDate, "endDate"),
        known_at=instant_in(query.asKnownAt, "asKnownAt"),
        columns=_columns(query.balances),
        details=query.details,
    )


def _expiring_wish(query: ExpiringQuery, program: Program, _now: datetime) -> ExpiringWish:
    days_between(query.rangeStart, query.rangeEnd, zone=program.settings.timezone)
    return ExpiringWish(first=query.rangeStart, last=query.rangeEnd, subledger=query.subledgerId)


def _dashboard_wish(query: DashboardFileQuery, program: Program, now: datetime) -> DashboardWish:
    first_on, last_on = choose_dates(
        query.last and Frame(query.last),
        _day("rangeStart", query.rangeStart),
        _day("rangeEnd", query.rangeEnd),
        now=now,
        zone=program.settings.timezone,
    )
    groups = _groups(query.figures)
    return DashboardWish(
        first_on=first_on, last_on=last_on, groups=groups, subledger=query.subledgerId
    )


def _day(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    day = parse_day(text)
    if day is None:
        raise InvalidField(name, shown(text), DAY_FIX)
    return day


def _groups(text: str) -> frozenset[FigureGroup]:
    """The groups that are listed. Errors: InvalidField."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name != _ALL and name not in _GROUPS:
            fix = f"write some of {', '.join([*_GROUPS, _ALL])}, with commas between them"
            raise InvalidField("figures", shown(name), fix)
    chosen = frozenset(_GROUPS[name] for name in names if name != _ALL)
    return chosen | ALL_FIGURES if _ALL in names else chosen


KINDS = {
    "balances": FileKind(query=BalancesFileQuery, wish=_balances_wish),
    "transactions": FileKind(query=ProgramLogQuery, wish=_log_wish),
    "expiring": FileKind(query=ExpiringQuery, wish=_expiring_wish),
    "dashboard": FileKind(query=DashboardFileQuery, wish=_dashboard_wish),
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
