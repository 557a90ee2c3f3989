"""The kinds of files that can be taken out: what can be asked for, the columns, and the query.

A further kind is one more entry in KINDS. Its query comes in two shapes, see `store/copying.py`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from tallystick.core.accounts import ExportEntity
from tallystick.core.balances import BalanceColumn
from tallystick.core.dashboard import ALL_FIGURES, FigureGroup, days_of_dates
from tallystick.core.errors import NotFound
from tallystick.core.exports import CellType, Column, days_between
from tallystick.core.ids import HolderId, ImportId, IntegrationId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import NEVER, local_date, render_instant
from tallystick.services.dashboard import read_days
from tallystick.store import balances as balance_store
from tallystick.store import dashboard as dashboard_store
from tallystick.store import expiring as expiring_store
from tallystick.store import transactions as transaction_store
from tallystick.store.copying import Rows
from tallystick.store.db import Reader


class DateFormat(Enum):
    """How instants are written in a CSV file; always in UTC."""

    EXCEL = "excel"
    ISO8601 = "ISO8601"


_PATTERNS = {
    DateFormat.EXCEL: "YYYY-MM-DD HH24:MI:SS",
    DateFormat.ISO8601: 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"',
}

ALL_COLUMNS = frozenset(BalanceColumn)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancesWish:
    """The balances at `at`, the moment of the file if None, as known at `known_at`.

    Columns that are not wanted are empty, but the active points are always there; the negative
    balance is a column only if it is wanted. details: also what expires next and join dates.
    Source: decision I-10.
    """

    at: datetime | None = None
    known_at: datetime | None = None
    integration_id: IntegrationId | None = None
    columns: frozenset[BalanceColumn] = ALL_COLUMNS
    details: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWish:
    """The transactions in the order of recording; what is None or empty leaves nothing out.

    Both instants are inclusive.
    """

    integration_ids: tuple[IntegrationId, ...] = ()
    from_at: datetime | None = None
    to_at: datetime | None = None
    kind: Kind | None = None
    source: Source | None = None
    subledger: str | None = None
    import_id: ImportId | None = None
    date_format: DateFormat = DateFormat.EXCEL


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringWish:
    """What will expire and become active from one day to another of the program's time zone.

    Both are inclusive, and written as `days_between` takes them.
    """

    first: str
    last: str
    integration_id: IntegrationId | None = None
    subledger: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardWish:
    """The figures of the days from one date to another, both inclusive, as far as they are over.

    Dates are those of the program's time zone. subledger: only of this ledger.
    Source: domain section C13 and decision I-27.
    """

    first_on: date
    last_on: date
    groups: frozenset[FigureGroup] = ALL_FIGURES
    subledger: str | None = None


W = TypeVar("W")


async def _nothing(_reader: Reader, _program: Program, _wish: Any) -> None:
    pass


def _same(wish: W) -> W:
    return wish


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportKind(Generic[W]):
    """A kind of file.

    entity: what the contract calls it in the record of exports; filter_: what that says of a wish.
    copy: copies the rows, as known at the instant it is given. check: refuses a wish before
    anything is written. typed: the wish for a format that knows instants from text. parts: of the
    file's name, for a wish of that instant.
    """

    name: str
    entity: ExportEntity
    wish: type[W]
    columns: Callable[[W], tuple[Column, ...]]
    filter_: Callable[[W], Mapping[str, object]]
    copy: Callable[[Reader, Program, W, datetime, Rows], Awaitable[None]]
    parts: Callable[[W, datetime], tuple[str, ...]]
    check: Callable[[Reader, Program, W], Awaitable[None]] = _nothing
    typed: Callable[[W], W] = _same


def kind_of(wish: object) -> ExportKind[Any]:
    """The kind of file that a wish is about."""
    return next(kind for kind in KINDS.values() if isinstance(wish, kind.wish))


def _holder(program: Program, integration_id: IntegrationId | None) -> HolderId | None:
    if integration_id is None:
        return None
    return profile_holder(integration_id, program.environment)


async def _check_profiles(
    reader: Reader, program: Program, integration_ids: tuple[IntegrationId, ...]
) -> None:
    """Nothing, if all of them are there. Errors: NotFound, naming the first that is not."""
    for integration_id in integration_ids:
        holder_id = profile_holder(integration_id, program.environment)
        if not await transaction_store.has_holder(reader, holder_id):
            raise NotFound("customer profile", integration_id)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else render_instant(at)


# Balances


def _balance_columns(wish: BalancesWish) -> tuple[Column, ...]:
    details = wish.details
    points = [
        BalanceColumn.ACTIVE,
        BalanceColumn.PENDING,
        BalanceColumn.EXPIRED,
        BalanceColumn.SPENT,
        *([BalanceColumn.NEGATIVE] if details or BalanceColumn.NEGATIVE in wish.columns else []),
    ]
    more = (
        Column("nextExpiry", CellType.INSTANT),
        Column("nextExpiryPoints", CellType.POINTS),
        Column("joinDate", CellType.INSTANT),
    )
    return (
        Column("loyaltyProgramID", CellType.WHOLE),
        Column("loyaltySubledger"),
        Column("profileIntegrationID"),
        *(Column(column.value, CellType.POINTS) for column in points),
        Column("currentTier"),
        *(more if details else ()),
    )


def _balance_filter(wish: BalancesWish) -> Mapping[str, object]:
    return {
        "integrationId": wish.integration_id,
        "endDate": _instant(wish.at),
        "asKnownAt": _instant(wish.known_at),
        "balances": ",".join(c.value for c in BalanceColumn if c in wish.columns),
        "details": wish.details or None,
    }


async def _copy_balances(
    reader: Reader, program: Program, wish: BalancesWish, known_at: datetime, rows: Rows
) -> None:
    await balance_store.copy_balances(
        reader,
        program.id,
        at=known_at if wish.at is None else wish.at,
        known_at=min(known_at, wish.known_at or NEVER),
        holder_id=_holder(program, wish.integration_id),
        columns=wish.columns,
        details=wish.details,
        rows=rows,
    )


def _balance_parts(wish: BalancesWish, now: datetime) -> tuple[str, ...]:
    return "balances", f"{wish.at or now:%Y-%m-%dT%H%M%SZ}"


# Transactions

_LOG_COLUMNS = (
    Column("customerprofileid"),
    Column("customersessionid"),
    Column("rulesetid", CellType.WHOLE),
    Column("rulename"),
    Column("programid", CellType.WHOLE),
    Column("type"),
    Column("name"),
    Column("subledgerid"),
    Column("startdate"),
    Column("expirydate"),
    Column("id", CellType.WHOLE),
    Column("created", CellType.INSTANT),
    Column("amount", CellType.POINTS),
    Column("archived", CellType.FLAG),
    Column("campaignid", CellType.WHOLE),
    Column("flags"),
    Column("transactionuuid"),
    Column("validityduration"),
)


def _log_filter(wish: LogWish) -> Mapping[str, object]:
    of_one = len(wish.integration_ids) == 1
    return {
        "integrationId": wish.integration_ids[0] if of_one else None,
        "integrationIds": None if of_one else wish.integration_ids or None,
        "rangeStart": _instant(wish.from_at),
        "rangeEnd": _instant(wish.to_at),
        "type": wish.kind and wish.kind.name.lower(),
        "loyaltyTransactionType": wish.source and wish.source.name.lower(),
        "subledgerId": wish.subledger,
        "importId": wish.import_id,
        "dateFormat": wish.date_format.value,
    }


async def _copy_log(
    reader: Reader, program: Program, wish: LogWish, known_at: datetime, rows: Rows
) -> None:
    wanted = transaction_store.LogFilter(
        to_at=min(known_at, wish.to_at or NEVER),
        from_at=wish.from_at,
        holder_ids=tuple(
            profile_holder(each, program.environment) for each in wish.integration_ids
        ),
        kind=wish.kind,
        source=wish.source,
        subledger=wish.subledger,
        import_id=wish.import_id,
    )
    pattern = _PATTERNS[wish.date_format]
    await transaction_store.copy_transactions(
        reader, program.id, wanted=wanted, instant_pattern=pattern, rows=rows
    )


async def _check_log(reader: Reader, program: Program, wish: LogWish) -> None:
    await _check_profiles(reader, program, wish.integration_ids)


def _log_parts(wish: LogWish, now: datetime) -> tuple[str, ...]:
    of_one = wish.integration_ids if len(wish.integration_ids) == 1 else ()
    from_day = f"{wish.from_at.date()}-" if wish.from_at else ""
    return "transactions", *of_one, f"{from_day}to-{(wish.to_at or now).date()}"


# What expires

_EXPIRING_COLUMNS = (
    Column("loyaltyProgramID", CellType.WHOLE),
    Column("loyaltySubledger"),
    Column("profileIntegrationID"),
    Column("date", CellType.DAY),
    Column("expiringPoints", CellType.POINTS),
    Column("activatingPoints", CellType.POINTS),
)


def _expiring_filter(wish: ExpiringWish) -> Mapping[str, object]:
    return {
        "integrationId": wish.integration_id,
        "rangeStart": wish.first,
        "rangeEnd": wish.last,
        "subledgerId": wish.subledger,
    }


async def _copy_expiring(
    reader: Reader, program: Program, wish: ExpiringWish, known_at: datetime, rows: Rows
) -> None:
    await expiring_store.copy_expiring(
        reader,
        program.id,
        at=known_at,
        days=days_between(wish.first, wish.last, zone=program.settings.timezone),
        holder_id=_holder(program, wish.integration_id),
        subledger=wish.subledger,
        rows=rows,
    )


async def _check_expiring(_reader: Reader, program: Program, wish: ExpiringWish) -> None:
    days_between(wish.first, wish.last, zone=program.settings.timezone)


def _expiring_parts(wish: ExpiringWish, _now: datetime) -> tuple[str, ...]:
    return "expiring", f"{wish.first[:10]}-to-{wish.last[:10]}"


# The dashboard

_FIGURES = {
    FigureGroup.MEMBERS: (
        Column("newMembers", CellType.WHOLE),
        Column("totalMembers", CellType.WHOLE),
    ),
    FigureGroup.TOTALS: (
        Column("totalActivePoints", CellType.POINTS),
        Column("totalPendingPoints", CellType.POINTS),
        Column("totalExpiredPoints", CellType.POINTS),
    ),
    FigureGroup.EARNED_AND_SPENT: (
        Column("earnedPointsManual", CellType.POINTS),
        Column("earnedPointsRuleEngine", CellType.POINTS),
        Column("spentPointsManual", CellType.POINTS),
        Column("spentPointsRuleEngine", CellType.POINTS),
    ),
    FigureGroup.IMPORTS: (
        Column("earnedPointsImport", CellType.POINTS),
        Column("spentPointsImport", CellType.POINTS),
    ),
}


def _dashboard_columns(wish: DashboardWish) -> tuple[Column, ...]:
    wanted = [column for group in _FIGURES if group in wish.groups for column in _FIGURES[group]]
    return Column("date", CellType.DAY), *wanted


def _dashboard_filter(wish: DashboardWish) -> Mapping[str, object]:
    return {
        "subledgerId": wish.subledger,
        "rangeStart": wish.first_on.isoformat(),
        "rangeEnd": wish.last_on.isoformat(),
        "figures": ",".join(group.value for group in FigureGroup if group in wish.groups),
    }


async def _copy_dashboard(
    reader: Reader, program: Program, wish: DashboardWish, known_at: datetime, rows: Rows
) -> None:
    zone = program.settings.timezone
    days = days_of_dates(wish.first_on, wish.last_on, now=known_at, zone=zone)
    points = await read_days(reader, program, days, subledger=wish.subledger)
    dated = [(local_date(point.day.starts_at, zone), point.figures) for point in points]
    await dashboard_store.copy_dashboard(reader, dated, groups=wish.groups, rows=rows)


def _dashboard_parts(wish: DashboardWish, _now: datetime) -> tuple[str, ...]:
    return "dashboard", wish.subledger or "", f"{wish.first_on}-to-{wish.last_on}"


KINDS: dict[str, ExportKind[Any]] = {
    kind.name: kind
    for kind in (
        ExportKind(
            name="balances",
            entity="LoyaltyLedger",
            wish=BalancesWish,
            columns=_balance_columns,
            filter_=_balance_filter,
            copy=_copy_balances,
            parts=_balance_parts,
        ),
        ExportKind(
            name="transactions",
            entity="LoyaltyLedgerLog",
            wish=LogWish,
            columns=lambda _wish: _LOG_COLUMNS,
            filter_=_log_filter,
            copy=_copy_log,
            parts=_log_parts,
            check=_check_log,
            typed=lambda wish: replace(wish, date_format=DateFormat.ISO8601),
        ),
        ExportKind(
            name="expiring",
            entity="LoyaltyLedger",
            wish=ExpiringWish,
            columns=lambda _wish: _EXPIRING_COLUMNS,
            filter_=_expiring_filter,
            copy=_copy_expiring,
            parts=_expiring_parts,
            check=_check_expiring,
        ),
        ExportKind(
            name="dashboard",
            entity="LoyaltyLedger",
            wish=DashboardWish,
            columns=_dashboard_columns,
            filter_=_dashboard_filter,
            copy=_copy_dashboard,
            parts=_dashboard_parts,
        ),
    )
}
